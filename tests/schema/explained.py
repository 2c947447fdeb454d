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
        "correction",
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

_LEADING = """select c.relname, a.attname::text from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_attribute a on a.attrelid = i.indexrelid and a.attnum = 1
    where c.relnamespace = 'terrace'::regnamespace"""
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
    an index is searched by, if its first column is one of them: without that, it is read whole.
    `limited`: rows come in order, and a LIMIT takes the first.
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
        leading = dict(await connection.fetch(_LEADING))
    found = orjson.loads(answer) if isinstance(answer, str) else answer
    return list(_Reading(leading, _computed(found[0]["Plan"])).scans(found[0]["Plan"]))


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


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads one plan: `leading` is each index's first column, `computed` what InitPlans do."""

    leading: Mapping[str, str]
    computed: Mapping[str, str]

    def scans(
        self, node: Mapping[str, Any], gates: tuple[str, ...] = (), limited: bool = False
    ) -> Iterator[Scan]:
        kind = node["Node Type"]
        if _GATE in node:
            gates = (*gates, node[_GATE])
        limited = kind == "Limit" or (limited and kind in _TAKES_NO_MORE and "Filter" not in node)
        if "Relation Name" in node:
            keys = " and ".join(self.keys(node))
            asked = _in_full(_asked(node), gates, self.computed)
            yield Scan(kind, node["Relation Name"], node["Alias"], asked, keys, limited)
        for part in node.get("Plans", ()):
            if part.get("Parent Relationship") in ("SubPlan", "InitPlan"):
                yield from self.scans(part)
            else:
                yield from self.scans(part, gates, limited)

    def keys(self, node: Mapping[str, Any]) -> Iterator[str]:
        condition = node.get("Index Cond", "")
        first = self.leading.get(node.get("Index Name", ""))
        if first and re.search(rf"\b{first}\b", condition):
            yield condition
        for part in node.get("Plans", ()):
            if part["Node Type"].startswith("Bitmap"):
                yield from self.keys(part)
