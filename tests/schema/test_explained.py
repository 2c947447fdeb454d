"""What PostgreSQL does for the golden documents: by the walls, and by an index."""

import re

from domain.actors import Scope
from repository.reading.statement import Walls
from tests.house import House
from tests.schema.explained import LARGE, SCOPED, Scan, scans
from tests.schema.golden import people_of_all_kinds, statements

OF_THE_POLICY = re.compile(r"c(_\d+)?")
"""The managers' policy itself looks up the customer's manager; no predicate of ours is there."""

OF_THE_VIEW = re.compile(r"o(_\d+)?")
"""The view of figures asks whether the customer of a row already seen has one of the open month."""

READS_ALL = {
    ("customers", "customer"): "totalCount of the union counts every customer",
    ("events", "tier_change"): "totalCount of the union counts every change",
    ("corrections", "correction"): "totalCount of the union counts every correction",
    ("signals", "risk_signal"): "totalCount of the union counts every signal",
    ("filters", "customer"): "alternatives over a name's middle and over standings: no index",
    ("risk_signal_changed", "risk_signal"): "a join read whole as long as there are few signals",
}
"""What no index bounds, and why; for nobody but the union is anything read whole."""


def exempt(scan: Scan) -> bool:
    """Whether the scan is part of a policy or view, which the first wall does not write."""
    if scan.table == "customer" and OF_THE_POLICY.fullmatch(scan.alias):
        return scan.by_setting
    if scan.table == "aum" and OF_THE_VIEW.fullmatch(scan.alias):
        return ".customer_id = " in scan.keys
    return False


async def test_the_actors_parameter_is_on_every_scan_of_somebodys_rows(house: House) -> None:
    await people_of_all_kinds(house)
    seen = 0
    for name, by_scope in (await statements(house)).items():
        for scope, statement in by_scope.items():
            if scope is Scope.ALL:
                continue
            async with house.database.reading(scope) as connection:
                found = await scans(connection, statement)
            for scan in found:
                if scan.table in SCOPED and not exempt(scan):
                    assert scan.by_parameter, f"{name} of {scope}: {scan}"
                    seen += 1
    assert seen > 100


async def test_without_the_predicate_the_policy_is_on_every_scan(house: House) -> None:
    await people_of_all_kinds(house)
    seen = 0
    for name, by_scope in (await statements(house, Walls(predicate=False))).items():
        for scope, statement in by_scope.items():
            if scope is Scope.ALL:
                continue
            async with house.database.reading(scope) as connection:
                found = await scans(connection, statement)
            for scan in found:
                if scan.table in SCOPED:
                    assert scan.by_setting, f"{name} of {scope}: {scan}"
                    assert not scan.by_parameter, f"{name} of {scope}: {scan}"
                    seen += 1
    assert seen > 100


async def test_every_scan_of_a_large_table_is_bounded_by_an_index(house: House) -> None:
    await people_of_all_kinds(house)
    whole: dict[tuple[str, str], list[str]] = {}
    for name, by_scope in (await statements(house)).items():
        for scope, statement in by_scope.items():
            async with house.database.reading(scope) as connection:
                found = await scans(connection, statement, seqscan=False)
            for scan in found:
                if scan.table in LARGE:
                    assert scan.kind != "Seq Scan", f"{name} of {scope}: {scan}"
                if scan.table in LARGE and scan.whole:
                    assert scope is Scope.ALL, f"{name} of {scope}: {scan}"
                    whole.setdefault((name, scan.table), []).append(f"{scope}: {scan}")
    assert set(whole) == set(READS_ALL), whole
