"""A world in which every row tells whose it is: its texts and amounts are nobody else's.

Two branches, three managers with portfolios and one without, customers of each, one of nobody, and
everything that can happen to a customer.
"""

from dataclasses import dataclass, field
from typing import Any

from cli.session import OPERATOR
from domain.actors import Actor, Grant, Role, Scope
from domain.months import Month
from domain.policy import parse_policy
from repository.api_keys import create_key
from repository.previews import request_preview
from repository.reading.tables import Visibility
from repository.revocations import shut_out_bearer, shut_out_token
from schema import identifiers
from schema.declarations import node_types
from tests.deciding import granted
from tests.house import House
from workers.preview import carry_out_previews

CUSTOMERS = {  # by number: branch, manager
    "CUST-NORTH-ONE": (2, 1),
    "CUST-NORTH-TWO": (2, 1),
    "CUST-NORTH-SIB": (2, 2),
    "CUST-NORTH-NIL": (2, 0),
    "CUST-SOUTH-ONE": (3, 3),
    "CUST-SOUTH-TWO": (3, 3),
}
ACTORS: list[tuple[Role, str, dict[str, Any]]] = [
    (Role.HQ, "office", {}),
    (Role.RISK, "union", {}),
    (Role.RISK, "north", {"branch": "B-NORTH"}),
    (Role.AUDITOR, "auditor", {}),
    (Role.BRANCH, "B-NORTH", {}),
    (Role.BRANCH, "U-UNION", {}),
    (Role.MANAGER, "MGR-NORTH-ONE", {}),
    (Role.MANAGER, "MGR-NORTH-IDLE", {}),
    (Role.MANAGER, "MGR-SOUTH-ONE", {}),
    (Role.CUSTOMER, "CUST-NORTH-ONE", {}),
    (Role.CUSTOMER, "CUST-SOUTH-TWO", {}),
    (Role.INTEGRATOR, "feeds", {"grants": frozenset({Grant.FEEDS})}),
    (Role.INTEGRATOR, "mart", {"grants": frozenset({Grant.READ_PERSONAL})}),
    (Role.ADMINISTRATOR, "admin", {}),
]
EVERYTHING = Actor(Role.AUDITOR, "the test itself", 0)

PEOPLE = """
    insert into terrace.branch (code, name) values ('U-UNION', 'The union');
    insert into terrace.branch (code, name, parent_id)
        values ('B-NORTH', 'The north', 1), ('B-SOUTH', 'The south', 1);
    insert into terrace.manager (number, name, branch_id) values
        ('MGR-NORTH-ONE', 'Ann of the north', 2), ('MGR-NORTH-SIB', 'Sid of the north', 2),
        ('MGR-SOUTH-ONE', 'Sue of the south', 3), ('MGR-NORTH-IDLE', 'Ida of the north', 2);
"""
CUSTOMER = """
    insert into terrace.customer (number, name, kind, status, phone, email, id_document,
        birth_date, address, branch_id, manager_id)
    values ($1, 'Name of ' || $1, 'INDIVIDUAL', 'CURRENT', $2, $1 || '@mail.example', 'DOC' || $1,
        '1990-01-01', 'Address of ' || $1, $3, $4)
    returning id"""
ACCOUNT = """
    insert into terrace.account (customer_id, manager_id, branch_id, number, product_class,
        currency, opened_on)
    values ($1, $2, $3, 'ACC-' || $4, 'DEMAND_DEPOSIT', 'CNY', '2024-01-01')"""
TIERS = [{"code": "X1", "name": "Otherwise", "threshold": "700000.00"}]
SIGNAL = """mutation ($c: ID!, $f: String!) { raiseRiskSignal(input: {customer: $c,
    code: "OUTFLOW", severity: RED, facts: $f}) { errors { code } } }"""


@dataclass(frozen=True)
class Owned:
    """A row with an identifier, and whose it is."""

    kind: str
    id: str
    visibility: Visibility
    customer: int | None
    manager: int | None
    branch: int | None


@dataclass
class World:
    """The rows there are, and whom each text belongs to."""

    rows: list[Owned] = field(default_factory=list)
    texts: dict[str, set[str]] = field(default_factory=dict)
    """By identifier of a row, the texts that nothing else has."""

    def visible(self, actor: Actor, row: Owned) -> bool:
        """Whether the actor may see a row; said here a second time, and in other words."""
        if row.visibility is Visibility.REFERENCE:
            return True
        if row.visibility is Visibility.AUDIT:
            return actor.role is Role.AUDITOR
        if row.visibility is Visibility.CONFIGURATION:
            return actor.role in (Role.AUDITOR, Role.ADMINISTRATOR)
        if actor.scope in (Scope.ALL, Scope.AUDIT):
            return True
        if row.visibility is Visibility.UNION:
            return False
        if actor.role is Role.INTEGRATOR and actor.grants != {Grant.FEEDS}:
            return row.visibility is not Visibility.STAFF
        if actor.role is Role.CUSTOMER:
            if row.visibility is Visibility.DIRECTORY:
                return row.manager == self.manager_of[actor.scope_id]
            staff = row.visibility in (Visibility.INTERNAL, Visibility.STAFF)
            return not staff and row.customer == actor.scope_id
        if actor.role is Role.MANAGER:
            return row.manager == actor.scope_id
        return actor.scope is Scope.BRANCH and row.branch == actor.scope_id

    manager_of: dict[int, int] = field(default_factory=dict)


async def populate(house: House) -> World:
    """Fill a house and note whose everything is."""
    world = World()
    async with house.database.unit() as connection:
        await connection.execute(PEOPLE)
        for place, (number, (branch, manager)) in enumerate(CUSTOMERS.items()):
            key = await connection.fetchval(
                CUSTOMER, number, f"13912{3471 + place}00", branch, manager
            )
            await connection.execute(ACCOUNT, key, manager, branch, number)
            world.manager_of[key] = manager
    for month, last in (("2025-01", 31), ("2025-02", 28)):
        for place, number in enumerate(CUSTOMERS):
            amount = f"{(place + 3) * 173_251 + last * 1_013}.{17 + place}"
            await house.record((f"ACC-{number}", f"{month}-01", amount))
        await house.close(month)
    for place, number in enumerate(CUSTOMERS):
        late = f"{(place + 5) * 287_419}.{31 + place}"
        await house.record((f"ACC-{number}", "2025-02-11", late))
    await house.work()
    for key, number in enumerate(CUSTOMERS, 1):
        customer = {"c": identifiers.encode("Customer", key)}
        await house.data(SIGNAL, customer | {"f": f"Facts of {number}"})
        assert await granted(house, customer["c"], reason=f"Reason of {number}") == []
    await create_key(house.database, "KEY-OF-CORE", [Grant.FEEDS], 30, OPERATOR)
    await shut_out_bearer(house.database, Role.HQ, "SHUT-OUT", None, "Left in anger", OPERATOR)
    await shut_out_token(house.database, "TOKEN-SHUT-OUT", "Leaked in a log", OPERATOR)
    policy = parse_policy({"effective": "2025-01", "tiers": TIERS, "watch_months": 1}, 0)
    months = Month.parse("2025-01"), Month.parse("2025-02")
    await request_preview(house.database, policy, *months, OPERATOR)
    await carry_out_previews(house.database, days=30)
    await house.work()
    world.rows = await _rows(house)
    return world


async def _rows(house: House) -> list[Owned]:
    """Every row that has an identifier, read as an auditor, who sees all."""
    found = []
    async with house.database.reading(Scope.AUDIT) as connection:
        for kind, declared in node_types().items():
            table = declared.table
            own = {"customer": "customer_id", "manager": "manager_id", "branch": "branch_id"}
            name = table.name.removeprefix("terrace.")
            if name in own:
                own[name] = "id"
            for row in await connection.fetch(f"select * from {table.name}"):
                owner = {of: row.get(column) for of, column in own.items()}
                key = identifiers.encode(kind, *(row[column] for column in table.key))
                found.append(Owned(kind, key, table.visibility, **owner))
    assert {row.kind for row in found} == set(node_types()), "a type of which there is no row"
    return found
