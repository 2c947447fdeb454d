"""terrace policy"""

from typing import Any

import click

from cli.json_file import read_json
from cli.session import OPERATOR, on_database, read_settings
from domain.policy import policy_document
from repository.acts.tier_policy import TIER_POLICY
from repository.approvals import Asked, ask
from repository.calendar import add_policy, weigh_policy
from repository.database import Database
from repository.statements import sql

_BY_COMMAND = "terrace policy"


@click.command("policy")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
def command(file: str) -> None:
    """Publish a version of the tier policy, or ask for it.

    As long as no month was closed the policy is published at once: nobody has been judged by any.
    After that the command asks for it, and somebody else decides (giveApproval).

    FILE (or - for standard input) is a JSON object: `effective` (the first month it governs, not
    closed yet), `tiers` (lowest first: code, name, threshold), and what differs from the default:
    watch_months, exit_months, retention_months, demote_to, floor, special_expiry_retention,
    divisor, counted_classes. Publishing the same policy again changes nothing.

    \b
    Example:
      {"effective": "2026-01",
       "tiers": [{"code": "T1", "name": "Gold", "threshold": "200000.00"},
                 {"code": "T2", "name": "Platinum", "threshold": "500000.00"}]}
    """
    settings = read_settings()
    document = read_json(file)
    if not isinstance(document, dict):
        raise click.UsageError(f"{file}: expected a JSON object")

    click.echo(on_database(settings, lambda database: _publish(database, document)))


async def _publish(database: Database, document: dict[str, Any]) -> str:
    """Publish the policy or ask for it; what to say of that."""
    async with database.unit() as connection:
        weighed = await weigh_policy(connection, document)
        policy, known = weighed.policy, weighed.known
        if known is not None:
            said = f"policy version {known.version} is this policy already"
            return f"{said}, effective {known.effective}"
        if not await connection.fetchval(sql("was_ever_closed")):
            await add_policy(connection, weighed, OPERATOR)
            return f"policy version {policy.version} published, effective {policy.effective}"
        asked = Asked({"policy": policy_document(policy)}, str(policy.effective), _BY_COMMAND)
        key = await ask(connection, TIER_POLICY, asked, OPERATOR)
        return (
            f"approval {key} waits for somebody else to allow the policy, "
            f"effective {policy.effective}"
        )
