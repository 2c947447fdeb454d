"""Search of customers: by name in Chinese and pinyin, by number, by the end of the telephone."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from cli.embedded import Addresses
from domain.actors import Actor, Role, Scope
from domain.names import name_terms
from repository.loading import load
from repository.readings import read_names
from tests.house import House, new_house

LOADED = [
    ("N-0001", "张伟", "13812345678"),
    ("N-0002", "张伟明", "13812340000"),
    ("N-0003", "章薇", None),
    ("N-0004", "曾国强", "555-1234"),
    ("N-0005", "单雄信", None),
    ("N-0006", "吕布", None),
    ("N-0007", "阿卜杜拉·买买提", None),
    ("N-0008", "Anna Maria Smith", "1385678"),
    ("N-0009", "José O'Brien", None),
    ("N-0010", "100% Cotton_Wool \\ Co", None),
    ("N-0011", "重庆农村商业银行", None),
]
FOUND = [
    ("张", "1 2"),
    ("伟", "1 2"),
    ("张伟", "1 2"),
    ("伟明", "2"),
    ("张明", ""),
    ("zhang", "1 2 3"),
    ("zhangwei", "1 2 3"),
    ("Zhang Wei", "1 2 3"),
    ("ZHĀNG WĚI", "1 2 3"),
    ("angwei", "1 2 3"),
    ("zw", "1 2 3"),
    ("zwm", "2"),
    ("z", "1 2 3 4 11"),
    ("zeng", "4"),
    ("ceng guo qiang", "4"),
    ("shan", "5 11"),
    ("danxiongxin", "5"),
    ("sxx", "5"),
    ("lü bu", "6"),
    ("lvbu", "6"),
    ("LYU BU", "6"),
    ("阿卜杜拉买买提", "7"),
    ("阿卜杜拉·买买提", "7"),
    ("abudula maimaiti", "7"),
    ("maria smith", "8"),
    ("NAMARIA", "8"),
    ("smi", "8"),
    ("sm", "8"),
    ("mi", ""),
    ("jose", "9"),
    ("José", "9"),
    ("o'brien", "9"),
    ("obrien", "9"),
    ("chongqing", "11"),
    ("yinhang", "11"),
    ("cqncsyyh", "11"),
    ("商业银行", "11"),
    ("N-0010", "10"),
    ("n0010", "10"),
    ("0011", "11"),
    ("5678", "1"),
    ("12345678", ""),
    ("13812345678", ""),
    ("1234", ""),
]
HOSTILE = [
    "100%",
    "%",
    "_",
    "\\",
    "'; drop table terrace.customer; --",
    "\U0010ffff",
    "张%",
    "%%%%",
]


async def found(house: House, where: object, **who: Any) -> str:
    answer = await house.data(
        """query ($w: CustomerFilter) { customers(first: 100, where: $w) {
            totalCount nodes { number } } }""",
        {"w": where},
        **who,
    )
    nodes = answer["customers"]["nodes"]
    assert answer["customers"]["totalCount"] == len(nodes)
    return " ".join(node["number"].removeprefix("N-").lstrip("0") for node in nodes)


async def refusal(house: House, where: object) -> str:
    answer = await house.ask(
        "query ($w: CustomerFilter) { customers(first: 1, where: $w) { totalCount } }", {"w": where}
    )
    return answer["errors"][0]["extensions"]["code"]


async def load_customers(house: House, rows: list[tuple[str, str, str | None]]) -> None:
    loaded = await load(
        house.database,
        "customers",
        [
            (line, number, name, "INDIVIDUAL", "B1", "M1", phone, None, None, None, None)
            for line, (number, name, phone) in enumerate(rows, 2)
        ],
        actor=Actor(Role.HQ, "test", 0, "test"),
        source="customers.csv",
        future_days=1,
    )
    assert loaded.rejections == []


@pytest.fixture(scope="module")
async def stocked(addresses: Addresses) -> AsyncIterator[House]:
    """Customers of M1 as a file brought them."""
    async with new_house(addresses) as house:
        await house.people(0)
        await load_customers(house, LOADED)
        yield house


@pytest.mark.parametrize(("needle", "expected"), FOUND)
async def test_what_a_search_box_finds(stocked: House, needle: str, expected: str) -> None:
    assert await found(stocked, {"search": needle}) == expected


@pytest.mark.parametrize("needle", ["", "  ", "%", "_", "\\", "·", "'", "x" * 101])
async def test_a_needle_without_letters_or_too_long_is_refused(stocked: House, needle: str) -> None:
    assert await refusal(stocked, {"search": needle}) == "BAD_USER_INPUT"


async def test_a_null_is_no_condition_and_a_search_is_one_among_others(stocked: House) -> None:
    assert len((await found(stocked, {"search": None})).split()) == len(LOADED)
    assert await found(stocked, {"search": "zhang", "name": {"startsWith": "章"}}) == "3"
    assert await found(stocked, {"or": [{"search": "吕"}, {"search": "smith"}]}) == "6 8"
    assert await found(stocked, {"search": "张", "not": {"search": "zwm"}}) == "1"


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        ({"contains": "伟"}, "1 2"),
        ({"contains": "zhang"}, ""),
        ({"contains": "MARIA S"}, "8"),
        ({"contains": "ia"}, "8"),
        ({"contains": "IA"}, "8"),
        ({"contains": "B"}, "9"),
        ({"contains": "É O'"}, "9"),
        ({"contains": "0%"}, "10"),
        ({"contains": "n_w"}, "10"),
        ({"contains": "n w"}, ""),
        ({"contains": "\\"}, "10"),
        ({"contains": "·"}, "7"),
        ({"startsWith": "张伟"}, "1 2"),
        ({"startsWith": "Anna M"}, "8"),
        ({"startsWith": "anna"}, ""),
        ({"startsWith": "Maria"}, ""),
        ({"startsWith": "100% C"}, "10"),
        ({"startsWith": "100_"}, ""),
        ({"endsWith": "Smith"}, "8"),
        ({"eq": "张伟"}, "1"),
        ({"in": ["张伟", "吕布"]}, "1 6"),
    ],
)
async def test_the_name_itself(stocked: House, tests: object, expected: str) -> None:
    assert await found(stocked, {"name": tests}) == expected


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        ({"startsWith": "N-000"}, "1 2 3 4 5 6 7 8 9"),
        ({"startsWith": "N-001"}, "10 11"),
        ({"startsWith": "n-001"}, ""),
        ({"startsWith": "N_001"}, ""),
        ({"startsWith": "N%"}, ""),
        ({"startsWith": "\U0010ffff"}, ""),
        ({"startsWith": "N-0001\ud7ff"}, ""),
        ({"contains": "n-0001"}, "1"),
        ({"eq": "N-0001"}, "1"),
    ],
)
async def test_the_number(stocked: House, tests: object, expected: str) -> None:
    assert await found(stocked, {"number": tests}) == expected


@pytest.mark.parametrize(
    ("digits", "expected"),
    [("5678", "1"), ("678", "1"), ("8", "1"), ("0000", "2"), ("1234", ""), ("34", "")],
)
async def test_the_end_of_a_telephone_number_as_far_as_it_is_shown(
    stocked: House, digits: str, expected: str
) -> None:
    # 555-1234 shows its last digit, 1385678 none: the rest must not be found out by trying.
    assert await found(stocked, {"phone": {"endsWith": digits}}) == expected


async def test_no_search_tells_more_of_a_telephone_number_than_its_mask(stocked: House) -> None:
    shown = await stocked.data('{ customer(by: {number: "N-0004"}) { phone } }')
    assert shown["customer"]["phone"] == "555****4"
    assert await found(stocked, {"phone": {"endsWith": "4"}}) == "4"
    for digits in ("45678", "12345678", "", "x", "５", "5%", "____"):
        assert await refusal(stocked, {"phone": {"endsWith": digits}}) == "BAD_USER_INPUT"
    assert len((await found(stocked, {"phone": {"endsWith": None}})).split()) == len(LOADED)


@pytest.mark.parametrize("needle", HOSTILE)
async def test_letters_with_a_meaning_elsewhere_have_none_in_a_needle(
    stocked: House, needle: str
) -> None:
    for member in ("contains", "startsWith", "endsWith"):
        numbers = await found(stocked, {"name": {member: needle}})
        names = {number: name for number, name, _ in LOADED}
        for number in numbers.split():
            assert needle in names[f"N-{number.zfill(4)}"]
    assert await found(stocked, {"name": {"contains": needle}}) in ("", "10")


@pytest.mark.parametrize("needle", ["a\0b", "\ud800"])
async def test_what_cannot_be_stored_is_refused(stocked: House, needle: str) -> None:
    for where in ({"name": {"contains": needle}}, {"number": {"startsWith": needle}}):
        assert await refusal(stocked, where) == "BAD_USER_INPUT"


async def test_a_search_never_leaves_the_callers_scope(house: House) -> None:
    await house.people(0)
    await load_customers(house, [("N-1", "张伟", "13812345678")])
    for where in (
        {"search": "张伟"},
        {"search": "zw"},
        {"search": "N-1"},
        {"search": "5678"},
        {"name": {"contains": "张"}},
        {"number": {"startsWith": "N"}},
        {"phone": {"endsWith": "5678"}},
        {"not": {"search": "smith"}},
    ):
        for role, subject in (
            ("hq", "x"),
            ("branch", "B1"),
            ("manager", "M1"),
            ("customer", "N-1"),
        ):
            assert await found(house, where, role=role, subject=subject) == "1", (where, role)
        for role, subject in (("branch", "B2"), ("manager", "M2"), ("manager", "M3")):
            assert await found(house, where, role=role, subject=subject) == "", (where, subject)
    portfolio = """query { managers(first: 9) { nodes { number
        customers(first: 9, where: {search: "zhangwei"}) { nodes { number } } } } }"""
    assert [
        len(manager["customers"]["nodes"])
        for manager in (await house.data(portfolio))["managers"]["nodes"]
    ] == [1, 0, 0]


# Whoever writes a name


async def test_a_row_written_without_a_reading_is_found_by_its_own_letters(house: House) -> None:
    await house.people(1)
    await house.fetch("update terrace.customer set name = '张 伟', number = 'N-1'")
    assert await found(house, {"search": "张伟"}) == "1"
    assert await found(house, {"search": "zhangwei"}) == ""
    await house.fetch("update terrace.customer set name = 'José Smith'")
    assert await found(house, {"search": "jose"}) == "1"
    assert await found(house, {"search": "JOSÉ SM"}) == "1"


async def test_a_changed_name_is_not_found_by_the_reading_of_the_former_one(house: House) -> None:
    await house.people(0)
    await load_customers(house, [("N-1", "张伟", None)])
    await house.fetch("update terrace.customer set name = '王芳'")
    assert await found(house, {"search": "zhangwei"}) == ""
    assert await found(house, {"search": "王芳"}) == "1"
    assert await read_names(house.database) == 1
    assert await found(house, {"search": "wangfang"}) == "1"
    await load_customers(house, [("N-1", "李静", None)])
    assert await found(house, {"search": "lijing"}) == "1"
    assert await found(house, {"search": "wangfang"}) == ""


async def test_missing_readings_are_made_up_for_in_batches_and_once(house: House) -> None:
    await house.people(7)
    await house.fetch("update terrace.customer set name = '张伟' || id")
    await load_customers(house, [("N-9", "张伟9", None)])
    assert await found(house, {"search": "zhangwei"}) == "9"
    assert await read_names(house.database, batch=3) == 7
    assert len((await found(house, {"search": "zhangwei"})).split()) == 8
    assert await read_names(house.database, batch=3) == 0


async def test_every_part_of_a_name_has_no_terms_but_the_customers(house: House) -> None:
    # Whoever has a text in the name must have its terms, or the index would hide them.
    odd = [
        "ΑΣ Σας",
        "İstanbul Iı",
        "々木〆",
        "ｶﾞｷﾞ",
        "각간",
        "ﬁn ﬀ",
        "\u212aelvin Å",
        "a\u0301b",
        "½ª",
    ]
    odd += ["a\tb  c\nd", "Ёлка", "عبدالله", "𠮷野家", "A张b伟c", "tel. 12–34/5"]
    await house.people(0)
    await house.fetch(
        """insert into terrace.customer (number, name, kind, branch_id)
        select 'C' || place, name, 'INDIVIDUAL', 2
        from unnest($1::text[]) with ordinality given(name, place)""",
        [name for _, name, _ in LOADED] + odd,
    )
    rows = await house.fetch(
        "select name, terrace.search_terms(search_key) as known from terrace.customer"
    )
    assert len(rows) == len(LOADED) + len(odd)
    for name, known in rows:
        for start in range(len(name)):
            for end in range(start + 1, len(name) + 1):
                assert set(name_terms(name[start:end])) <= set(known), (name, name[start:end])


# Indexes


@pytest.fixture(scope="module")
async def many(addresses: Addresses) -> AsyncIterator[House]:
    """50,000 customers, every thousandth of them an 张伟 of M1."""
    async with new_house(addresses) as house:
        await house.people(0)
        await house.fetch("""
            insert into terrace.customer (number, name, reading, kind, branch_id, manager_id, phone)
            select 'N' || lpad(i::text, 6, '0'), name, name || E'\\n ' || pinyin,
                'INDIVIDUAL', 2, 1, '138' || lpad((i * 7919)::text, 8, '0')
            from (select i, case when i % 1000 = 0 then '张伟' else '客户' || i end as name,
                case when i % 1000 = 0 then 'zhangwei' else 'kehu' || i end as pinyin
                from generate_series(1, 50000) i) made""")
        await house.fetch("analyze terrace.customer")
        yield house


async def plan_of(house: House, where: object) -> str:
    """The plan of the very statement that answers a page, made for all values of its parameters."""
    prepared = house.engine.prepare(
        """query ($w: CustomerFilter) { customers(first: 50, where: $w) {
            nodes { number } pageInfo { hasNextPage } } }""",
        None,
    )
    actor = await house.actor("hq")
    coerced, _ = prepared.variables.read({"w": where})
    planner = house.engine.planner
    plan = planner.query(prepared, planner.compiler(prepared, coerced), actor.sight)
    sql, count = plan.statement.sql, len(plan.statement.parameters.sources)
    async with house.database.reading(Scope.ALL) as connection:
        assert await connection.fetchval("show plan_cache_mode") == "force_generic_plan"
        await connection.execute(f"prepare searched as {sql}")
        rows = await connection.fetch(f"explain execute searched ({', '.join(['null'] * count)})")
        await connection.execute("deallocate searched")
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize(
    ("where", "index"),
    [
        ({"search": "张"}, "customer_search"),
        ({"search": "zhangwei"}, "customer_search"),
        ({"name": {"contains": "张伟"}}, "customer_search"),
        ({"name": {"startsWith": "张"}}, "customer_search"),
        ({"number": {"startsWith": "N0001"}}, "customer_by_number_prefix"),
        ({"phone": {"endsWith": "1234"}}, "customer_by_phone_tail"),
    ],
)
async def test_the_unions_searches_go_by_an_index(many: House, where: object, index: str) -> None:
    plan = await plan_of(many, where)
    assert index in plan, plan
    assert "Seq Scan on customer" not in plan, plan


@pytest.mark.parametrize("needle", ["张", "伟", "张伟", "zw", "zhang", "zhangwei"])
async def test_few_are_found_among_many(many: House, needle: str) -> None:
    expected = 0 if needle == "zw" else 50
    assert len((await found(many, {"search": needle})).split()) == expected
