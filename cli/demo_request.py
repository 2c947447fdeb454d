"""A decision that waits for a second person, for whoever tries the demo data out."""

from cli.greeting import DEMO_MANAGER
from domain.actors import Actor, Channel, Role
from repository.acts.special_vip import SPECIAL_VIP
from repository.approvals import Asked, ask
from repository.database import Connection
from repository.statements import sql

_REASON = "chairs the village council; the family's savings are with a cousin"


async def leave_request(connection: Connection) -> None:
    """The demo manager asks for special VIP for the first of the portfolio who holds nothing."""
    found = await connection.fetchrow(sql("demo_candidate"), DEMO_MANAGER)
    if found is None:
        raise LookupError(f"nobody in the portfolio of {DEMO_MANAGER} could be granted special VIP")
    manager = Actor(Role.MANAGER, DEMO_MANAGER, found["manager_id"], Channel.WEB)
    asked = Asked(
        {"customer": found["number"], "from": None}, found["number"], _REASON, found["id"]
    )
    await ask(connection, SPECIAL_VIP, asked, manager)
