"""What PostgreSQL would do for a statement: every scan of its plan, and by what it is bounded.

The plans are generic ones, as readers' connections make them, so no value is needed. Works on any
connection: in tests with sequential scans disabled on little data, on much data as it is.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

LARGE = frozenset(
    {
        "customer",
        "account",
        "aum",
        "standing",
        "replayed_standing",
        "tier_change",
        "risk_signal",
        "risk_signal_event",
        "special_grant",
    }
)
"""The tables that grow with the customers."""

SCOPED = LARGE | {"manager"}
"""The tables with rows that are not for everyone."""

_CONDITIONS = ("Index Cond", "Filter", "Recheck Cond", "Join Filter", "Hash Cond", "Merge Cond")
_GATE = "One-Time Filter"
_TAKES_NO_MORE = frozenset({"Limit", "Result", "Subquery Scan", "Index Scan", "Index Only Scan"})
"""What reads no more rows than are asked of it, where it has no filter."""
_INIT_PLAN = re.compile(r"InitPlan (\d+)")
_SETTING = "current_setting('app.id'"


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan of a table: how it is done, and what is asked of its rows.

    `conditions` are in full: with what the InitPlans compute that they compare with, and with the
    gates, which compare once what the scan is then searched by. `keys` are those among them that
    an index is searched by. `limited`: rows come in order, and a LIMIT takes the first.
    """

    kind: str
    table: str
    alias: str
    conditions: str
    keys: str
    limited: bool

    @property
    def by_parameter(self) -> bool:
        """Whether the actor's parameter is compared, as the first wall has it."""
        return re.search(r"\$1(?!\d)", self.conditions) is not None

    @property
    def by_setting(self) -> bool:
        """Whether the actor's setting is compared, as the second wall has it."""
        return _SETTING in self.conditions

    @property
    def whole(self) -> bool:
        """Whether it reads all rows of the table: nothing is looked up, and no limit ends it."""
        return not self.keys and not self.limited

    def __str__(self) -> str:
        """The scan in a line, for messages."""
        return f"{self.kind} on {self.table} {self.alias}: {self.conditions or 'no condition'}"


async def scans(connection: Any, statement: str, *, seqscan: bool = True) -> list[Scan]:
    """The scans of a statement's generic plan, as the connection's role would run it.

    Without `seqscan`, whatever an index can answer is answered by one, however little data.
    """
    places = max(map(int, re.findall(r"\$(\d+)", statement)), default=0)
    nothing = ", ".join(["null"] * places)
    async with connection.transaction():
        await connection.execute(
            "set local plan_cache_mode = force_generic_plan;"
            f"set local enable_seqscan = {'on' if seqscan else 'off'};"
            f"prepare explained as {statement}"
        )
        answer = await connection.fetchval(
            f"explain (verbose, costs off, format json) execute explained({nothing})"
        )
        await connection.execute("deallocate explained")
    found = orjson.loads(answer) if isinstance(answer, str) else answer
    plan = found[0]["Plan"]
    return list(_scans(plan, _computed(plan)))


async def whole_scans(
    connection: Any,
    statements: Mapping[str, str],
    tables: Iterable[str] = LARGE,
    *,
    seqscan: bool = True,
) -> dict[str, list[Scan]]:
    """The scans of large tables that no index bounds, by the name of the statement."""
    tables = frozenset(tables)
    found = {}
    for name, statement in statements.items():
        whole = [
            scan
            for scan in await scans(connection, statement, seqscan=seqscan)
            if scan.table in tables and scan.whole
        ]
        if whole:
            found[name] = whole
    return found


def _below(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _below(part)


def _computed(plan: Mapping[str, Any]) -> dict[str, str]:
    """What each InitPlan computes and by which conditions, by its number."""
    texts = {}
    for node in _below(plan):
        named = _INIT_PLAN.fullmatch(node.get("Subplan Name", ""))
        if named:
            texts[named[1]] = " ".join(
                text
                for inner in _below(node)
                for text in (*inner.get("Output", ()), _asked(inner), inner.get(_GATE, ""))
            )
    return texts


def _asked(node: Mapping[str, Any]) -> str:
    return " and ".join(node[name] for name in _CONDITIONS if name in node)


def _keys(node: Mapping[str, Any]) -> Iterator[str]:
    if "Index Cond" in node:
        yield node["Index Cond"]
    for part in node.get("Plans", ()):
        if part["Node Type"].startswith("Bitmap"):
            yield from _keys(part)


def _in_full(text: str, gates: Sequence[str], computed: Mapping[str, str]) -> str:
    """The conditions with the gates on what they compare, and what the InitPlans compute."""
    texts, waiting = [text], list(gates)
    found = True
    while found:
        joined = "; ".join(texts)
        found = [gate for gate in waiting if any(side in joined for side in _sides(gate))]
        texts += found
        waiting = [gate for gate in waiting if gate not in found]
    seen: list[str] = []
    unread = list(texts)
    while unread:
        for number in _INIT_PLAN.findall(unread.pop()):
            if number not in seen:
                seen.append(number)
                unread.append(computed.get(number, ""))
    return "; ".join([*texts, *(f"InitPlan {number}: {computed[number]}" for number in seen)])


def _sides(gate: str) -> list[str]:
    """The two sides of each equality in a gate."""
    equalities = gate.removeprefix("(").removesuffix(")").split(" AND ")
    return [side.strip("()") for one in equalities for side in one.split(" = ")]


def _scans(
    node: Mapping[str, Any],
    computed: Mapping[str, str],
    gates: tuple[str, ...] = (),
    limited: bool = False,
) -> Iterator[Scan]:
    if _GATE in node:
        gates = (*gates, node[_GATE])
    limited = node["Node Type"] == "Limit" or (
        limited and node["Node Type"] in _TAKES_NO_MORE and "Filter" not in node
    )
    if "Relation Name" in node:
        keys = " and ".join(_keys(node))
        asked = _in_full(_asked(node) or keys, gates, computed)
        yield Scan(node["Node Type"], node["Relation Name"], node["Alias"], asked, keys, limited)
    for part in node.get("Plans", ()):
        if part.get("Parent Relationship") in ("SubPlan", "InitPlan"):
            yield from _scans(part, computed)
        else:
            yield from _scans(part, computed, gates, limited)
