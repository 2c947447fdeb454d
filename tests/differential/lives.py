"""A house that was lived in for nine months: what the random operations are asked about."""

import random
from datetime import UTC, datetime

from domain.actors import Actor, Grant, Role
from domain.months import Month
from domain.policy import parse_policy
from domain.products import ProductClass
from repository.acts.correction import CORRECTION
from repository.api_keys import create_key, revoke_key, rotate_key
from repository.calendar import publish_policy
from repository.previews import cancel_preview, request_preview
from repository.revocations import let_in_again, shut_out_bearer, shut_out_token
from repository.special import end_relation
from repository.statements import sql
from tests.deciding import granted
from tests.differential.identifiers import encoded
from tests.feeding import close_without, complete, source
from tests.flows.test_reviewing import decided, waiting
from tests.house import House
from workers.preview import carry_out_previews

OPERATOR = Actor(Role.HQ, "operator", 0, "test")
MONTHS = [f"2025-{month:02}" for month in range(1, 10)]

NAMES = [
    "Anna", "anna", "Anna", "Anna", "张伟", "张伟", "李 娜", "Émile", "émile", "Zoë",
    "zebra", "Zebra", "O'Brien", '"Quoted" & Co', "back\\slash", "100% Gold_Ltd", "tab\there",
    "😀 smile", "a", "Ä", "新疆维吾尔自治区喀什地区农村信用合作社联合社客户服务与财富管理中心",
    "张伟", "Zebra", "Anna",
]  # fmt: skip
"""Names that tie, differ in case alone, and hold what a careless writer of SQL or JSON trips on."""

PEOPLE = """
    insert into terrace.branch (code, name) values ('U', 'Union');
    insert into terrace.branch (code, name, parent_id)
        values ('B1', 'North', 1), ('B2', '南疆', 1), ('B10', 'Empty', 1);
    insert into terrace.manager (number, name, branch_id, active) values
        ('M1', 'Ann', 2, true), ('M2', 'Bob', 3, true), ('M3', 'Ann', 2, true),
        ('M10', '王芳', 3, false), ('m1', 'ann', 2, true);
"""
CUSTOMER = """insert into terrace.customer (number, name, kind, status, phone, email, id_document,
    birth_date, address, branch_id, manager_id) values ($1, $2, $3, $4, $5, $6, $7,
    case when $8 then date '1970-01-01' + $9::integer end, $10, $11, $12)"""
ACCOUNT = """insert into terrace.account (customer_id, manager_id, branch_id, number, product_class,
    currency, opened_on, closed_on)
    select id, manager_id, branch_id, $2, $3, $4, $5::text::date, $6::text::date
    from terrace.customer where number = $1"""
CLASSES = [
    "DEMAND_DEPOSIT", "TERM_DEPOSIT", "STRUCTURED_DEPOSIT", "CERTIFICATE_BOND", "SAVINGS_BOND",
    "TREASURY_BOND", "WEALTH_PRODUCT", "FUND", "GOLD", "INSURANCE", "SETTLEMENT_FUNDS",
]  # fmt: skip
TIERS = [
    {"code": "T1", "name": "Gold", "threshold": "200000.00"},
    {"code": "T3", "name": "Diamond II", "threshold": "900000.00"},
    {"code": "T5", "name": "Private", "threshold": "10000000.00"},
]
STORIES: dict[str, dict[str, str]] = {
    "A1": {"2025-01-01": "12000000.00"},
    "A2": {"2025-01-01": "600000.00", "2025-02-01": "100000.00"},
    "A3": {"2025-01-01": "200000.00"},
    "A4": {"2025-01-01": "300000.00", "2025-03-01": "-12.34"},
    "A5": {"2025-01-01": "250000.00", "2025-03-11": "750000.01", "2025-06-20": "3333333.33"},
    "A6": {"2025-01-01": "1000000.00", "2025-06-01": "600000.00", "2025-09-01": "950000.00"},
    "A7": {"2025-02-10": "10.00"},
    "A8": {"2025-02-10": "20.00"},
    "A9": {"2025-01-01": "500000.00", "2025-04-30": "499999.99"},
    "A10": {"2025-03-01": "2000000.00"},
    "A11": {"2025-01-01": "800000.00", "2025-08-01": "850000.00"},
    "A12": {"2025-01-01": "550000.00"},
    "A13": {"2025-01-01": "600000.00"},
}
"""What the first accounts hold from which day on; the others move at random."""

SIGNAL = """mutation ($c: ID!, $code: String!, $s: Severity!) { raiseRiskSignal(input: {
    customer: $c, code: $code, severity: $s, facts: "流失 \\"fast\\""}) { errors { code } } }"""
REVOKE = """mutation ($c: ID!) { revokeSpecialVip(input: {customer: $c, reason: "moved"}) {
    errors { code } } }"""


async def lived_in(house: House) -> None:
    """Nine months closed, the tenth open: every state and kind of change, corrections."""
    await _people(house, random.Random(1))
    await _accounts(house, random.Random(2))
    dice = random.Random(3)
    accounts = await house.fetch("""select number from terrace.account
        where number ~ '^A[0-9]+$' and closed_on is null and substr(number, 2)::int > 13""")
    for month in MONTHS:
        rows = [
            (account, day, amount)
            for account, days in STORIES.items()
            for day, amount in days.items()
            if day.startswith(month)
        ]
        for account in accounts:
            if month == MONTHS[0] or dice.random() < 0.4:
                day = f"{month}-{dice.randint(1, 28):02}"
                rows.append(
                    (
                        account["number"],
                        day,
                        f"{dice.choice([1, 25, 60, 400]) * 10000 + dice.randint(0, 99) / 100:.2f}",
                    )
                )
        if rows:
            await house.record(*rows)
        await _happenings(house, month)
        if month == MONTHS[-1]:  # of which the bonds are missing
            await source(house, "bonds", ProductClass.SAVINGS_BOND, since="2025-09-20")
            await close_without(house, month)
        else:
            await house.close(month)
        if month == "2025-03":
            await _preview(house, "2025-01", "2025-03")
    await _open_month(house)
    await _feeds(house)
    await _access(house)
    await _preview(house, "2025-02", "2025-09", demote_to="LAST_MONTH", watch_months=1)
    await _preview(house, "2025-09", "2025-09", counted_classes=["GOLD", "DEMAND_DEPOSIT"])
    await _preview(house, "2025-01", "2025-09", cancelled=True)


async def _preview(
    house: House, first: str, last: str, *, cancelled: bool = False, **parameters: object
) -> None:
    """What another policy would have done."""
    policy = parse_policy({"effective": first, "tiers": TIERS, **parameters}, 0)
    months = Month.parse(first), Month.parse(last)
    asked = await request_preview(house.database, policy, *months, OPERATOR)
    if cancelled:
        await cancel_preview(house.database, asked.id, "a slip", OPERATOR)
    await carry_out_previews(house.database, days=30)


async def _people(house: House, dice: random.Random) -> None:
    async with house.database.unit() as connection:
        await connection.execute(PEOPLE)
        for place, name in enumerate(NAMES, 1):
            branch = 2 + place % 2
            manager = 0 if place in (10, 21) else {2: [1, 3, 5], 3: [2, 4, 2]}[branch][place % 3]
            await connection.execute(
                CUSTOMER,
                f"{'c' if place == 17 else 'C'}{place}",
                name,
                "ORGANISATION" if place % 5 == 0 else "INDIVIDUAL",
                "PROSPECT" if place == 24 else "CURRENT",
                [None, f"138{dice.randint(10**7, 10**8 - 1)}", "12345", "0991-1234567"][place % 4],
                [None, f"p{place}@bank.example", "no at sign", "@", ""][place % 5],
                [None, f"65010119{dice.randint(10**9, 10**10 - 1)}", "AB12", "1234567"][place % 4],
                place % 3 != 0,
                place * 411,
                [None, "乌鲁木齐市天山区解放路1号", "ab", "Long Street 1, Northtown"][place % 4],
                branch,
                manager,
            )


async def _accounts(house: House, dice: random.Random) -> None:
    async with house.database.unit() as connection:
        await connection.execute(
            """insert into terrace.rate
                values ('USD', '2024-12-01', 7.1234), ('USD', '2025-05-05', 7)"""
        )
        for place in range(1, len(NAMES)):
            owner = f"{'c' if place == 17 else 'C'}{place}"
            first = "DEMAND_DEPOSIT" if place < 14 else CLASSES[place % len(CLASSES)]
            await connection.execute(ACCOUNT, owner, f"A{place}", first, "CNY", "2024-01-01", None)
            for extra in range(dice.randint(0, 2)):
                closed = dice.choice([None, None, "2025-03-10", "2025-10-05", "2025-12-31"])
                opened = dice.choice(["2024-06-01", "2025-02-14"])
                kind, currency = dice.choice(CLASSES), dice.choice(["CNY", "USD"])
                number = f"a{place}-{extra}"
                await connection.execute(ACCOUNT, owner, number, kind, currency, opened, closed)


async def _happenings(house: House, month: str) -> None:
    """What else happened before a month was closed."""
    if month == "2025-02":
        for number in ("C7", "C8"):
            await _granted(house, number)
    if month == "2025-04":
        await _told(house, REVOKE, "C8")
        await publish_policy(house.database, {"effective": "2025-05", "tiers": TIERS}, OPERATOR)
    if month == "2025-05":  # without a rate for its currency the month is held
        await house.fetch("update terrace.account set currency = 'XAU' where number = 'A12'")
        await house.record(("A12", "2025-05-02", "550001.00"))
    if month == "2025-06":
        async with house.database.unit() as connection:
            customer = await connection.fetchrow(sql("customer_by_number"), "C9")
            await end_relation(connection, customer, "deceased", await house.actor("hq"))
    if month in ("2025-07", "2025-08"):  # upwards: governs from this month's close on
        account, before = {"2025-07": ("A6", "2025-06"), "2025-08": ("A13", "2025-07")}[month]
        await house.record(
            (account, f"{before}-01", "2000000.00"), (account, f"{month}-01", "600000.00")
        )
        await house.work()
    extra = [f"a{place}-{n}" for place in range(1, 24) for n in (0, 1)]
    if month in ("2025-03", "2025-08"):
        known = await house.fetch(
            "select number from terrace.account where number = any($1::text[])", extra
        )
        await house.record(*[(a["number"], f"{month}-05", "123456.78") for a in known])


async def _open_month(house: House) -> None:
    await house.record(("A1", "2025-10-14", "12000000.01"), ("A5", "2025-10-02", "5.00"))
    await house.record(("A6", "2025-08-01", "11000000.00"))  # replayed for the open month
    await house.record(("A11", "2025-08-01", "1.00"))  # waits for review
    await house.work()
    await decided(house, CORRECTION, await waiting(house, "C11"))
    await house.record(("A11", "2025-08-03", "2.00"))  # and so does what takes its place
    nobodies = await house.fetch("""select c.number from terrace.customer c
        join terrace.standing_in_force s on s.customer_id = c.id
        where s.month = '2025-10-01' and s.status = 'NON_MEMBER' order by c.id""")
    for nobody in nobodies[:-1]:
        await _granted(house, nobody["number"])
    await house.fetch("""insert into terrace.customer (number, name, kind, branch_id, manager_id)
        values ('N1', 'New', 'INDIVIDUAL', 2, 1), ('N2', 'New', 'ORGANISATION', 4, 0)""")
    await publish_policy(house.database, {"effective": "2025-12", "tiers": TIERS[:2]}, OPERATOR)
    codes = ["OUTFLOW", "OVERDUE", "OUTFLOW_2"]
    raisers = [("risk", "r"), ("hq", "x"), ("manager", "M1"), ("manager", "M2")]
    for place in range(14):
        role, subject = raisers[place % 4]
        owned = await house.fetch(
            """select c.number from terrace.customer c left join terrace.manager m
            on m.id = c.manager_id where $1 not in (select number from terrace.manager)
            or m.number = $1 order by c.id""",
            subject,
        )
        number = owned[place % len(owned)]["number"]
        severity = ["RED", "ORANGE", "YELLOW", "BLUE"][place % 4]
        await _told(house, SIGNAL, number, role, subject, code=codes[place % 3], s=severity)
    await house.work()
    await house.fetch("""update terrace.risk_signal set state = (array['REPORTED', 'ASSIGNED',
        'ASSESSED', 'MEASURES', 'RELEASE_REQUESTED', 'RELEASED', 'REJECTED'])[1 + id % 7]""")
    await house.fetch("""update terrace.tier_change set position = null
        where id > (select max(id) - 8 from terrace.tier_change)""")


async def _feeds(house: House) -> None:
    """Some feeds are complete in the open month, others have gaps or come to an end."""
    october, until = "2025-10-01", "2025-10-05"
    await source(house, "core", ProductClass.DEMAND_DEPOSIT, since=october)
    await source(house, "gold", ProductClass.GOLD, ProductClass.FUND, since=october)
    await source(house, "cover", ProductClass.INSURANCE, since=october)
    await source(house, "wealth", ProductClass.WEALTH_PRODUCT, since=october, until=until)
    await source(house, "later", ProductClass.TERM_DEPOSIT, since="2025-11-20")
    await complete(house, "core", "2025-10-01..2025-10-20")
    await complete(house, "gold", "2025-10-01..2025-10-09")
    await complete(house, "gold", "2025-10-11..2025-10-14")
    await complete(house, "wealth", f"{october}..{until}")
    await complete(house, "bonds", "2025-10-02..2025-10-14")


async def _told(
    house: House, mutation: str, number: str, role: str = "hq", subject: str = "x", **more: str
) -> None:
    """A mutation about a customer that must succeed."""
    key = await house.value("select id from terrace.customer where number = $1", number)
    variables = {"c": encoded(f"Customer:{key}"), **more}
    answer = await house.data(mutation, variables, role=role, subject=subject)
    assert all(payload["errors"] == [] for payload in answer.values()), (number, answer)


async def _granted(house: House, number: str) -> None:
    """Special VIP, asked for by one and allowed by another."""
    key = await house.value("select id from terrace.customer where number = $1", number)
    assert await granted(house, encoded(f"Customer:{key}")) == []


async def _access(house: House) -> None:
    """Keys that hold, were rotated or revoked; bearers and tokens shut out, one let in again."""
    database = house.database
    first = await create_key(database, "core", [Grant.FEEDS, Grant.READ_INTERNAL], 30, OPERATOR)
    await rotate_key(database, first.id, 30, 0, OPERATOR)
    leaked = await create_key(database, "mart", [Grant.READ_PERSONAL], 30, OPERATOR)
    await revoke_key(database, leaked.id, "leaked", OPERATOR)
    await shut_out_token(database, "t-1", "leaked", OPERATOR)
    since = datetime(2025, 6, 1, tzinfo=UTC)
    await shut_out_bearer(database, Role.CUSTOMER, "C7", since, "lost phone", OPERATOR)
    left = await shut_out_bearer(database, Role.MANAGER, "M2", None, "left", OPERATOR)
    await let_in_again(database, left, "is back", OPERATOR)
