"""What must be in the books: a model of the whole write path in plain Python.

It knows the accepted updates in the order of their acceptance, grants and closes, and adds up day
by day. It imports nothing of the product: what both have wrong, they have wrong independently.

A backdated update is a correction; when several come for one customer before the next close, it
depends on the workers' pace whether they are looked at one by one or together, and that may decide
between applied and held for review. `outcomes` then gives every history that is possible.
"""

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction

from tests.faults.judging import Grant, State, close, days_of, following, kind_of, shown, worth

COMPONENTS = ("DEPOSITS", "INVESTMENTS", "SETTLEMENT_FUNDS")
COMPONENT = {
    "DEMAND_DEPOSIT": "DEPOSITS",
    "TERM_DEPOSIT": "DEPOSITS",
    "STRUCTURED_DEPOSIT": "DEPOSITS",
    "CERTIFICATE_BOND": "INVESTMENTS",
    "SAVINGS_BOND": "INVESTMENTS",
    "TREASURY_BOND": "INVESTMENTS",
    "WEALTH_PRODUCT": "INVESTMENTS",
    "FUND": "INVESTMENTS",
    "GOLD": "INVESTMENTS",
    "SETTLEMENT_FUNDS": "SETTLEMENT_FUNDS",
}
"""Classes that count; insurance does not."""
MOST_ATOMS = 4
"""Late arrivals of one customer before one close whose every order is thought through."""

Sums = tuple[Fraction, Fraction, Fraction]


@dataclass(frozen=True)
class Account:
    number: str
    customer: str
    product_class: str
    currency: str
    opened: date
    closed: date | None = None


@dataclass(frozen=True)
class Update:
    """An accepted update. `counts_in` is the month that was open when it took effect; those with
    one `atom` take effect together."""

    update_id: str
    customer: str
    account: str
    day: date
    cents: int
    counts_in: date
    atom: str


@dataclass(frozen=True)
class Change:
    """A published change of tier or status."""

    kind: str
    effective: date
    before: tuple[str, str | None]
    after: tuple[str, str | None]
    rule: str


@dataclass(frozen=True)
class History:
    """One possible history of a customer."""

    figures: tuple[tuple[date, Sums], ...] = ()
    standings: tuple[tuple[date, State, str], ...] = ()
    changes: tuple[Change, ...] = ()
    replay: State | None = None
    pending: date | None = None
    applied: date | None = None

    def standing(self, month: date) -> State:
        found = [state for of, state, _ in self.standings if of <= month]
        return found[-1] if found else State()


@dataclass
class Model:
    """The institution: who holds what, what was accepted, which months were closed."""

    accounts: dict[str, Account]
    rates: dict[str, list[tuple[date, Fraction]]]
    updates: list[Update] = field(default_factory=list)
    grants: dict[str, list[Grant]] = field(default_factory=dict)
    closed: list[date] = field(default_factory=list)
    business_date: date | None = None

    def balances(self) -> dict[tuple[str, date], int]:
        """What the ledger says of each account and day: the update accepted last."""
        return {(u.account, u.day): u.cents for u in self.updates}

    def by_customer(self) -> dict[str, list[Update]]:
        found: dict[str, list[Update]] = defaultdict(list)
        for update in self.updates:
            found[update.customer].append(update)
        return found

    def accounts_of(self) -> dict[str, list[Account]]:
        found: dict[str, list[Account]] = defaultdict(list)
        for account in self.accounts.values():
            found[account.customer].append(account)
        return found

    def figure(self, holdings: Sequence[Account], ledger: "Ledger", month: date, days: int) -> Sums:
        """The sums of a customer's end-of-day balances over the first days of a month."""
        sums = dict.fromkeys(COMPONENTS, Fraction(0))
        for account in holdings:
            component = COMPONENT.get(account.product_class)
            if component is None:
                continue
            for offset in range(days):
                day = month + timedelta(offset)
                if day < account.opened or (account.closed is not None and day > account.closed):
                    continue
                cents = ledger.at(account.number, day)
                if cents:
                    sums[component] += Fraction(cents, 100) * self.rate(account.currency, day)
        return tuple(sums[name] for name in COMPONENTS)  # type: ignore[return-value]

    def rate(self, currency: str, day: date) -> Fraction:
        if currency == "CNY":
            return Fraction(1)
        published = self.rates[currency]
        return published[bisect_right(published, (day, Fraction(10**9))) - 1][1]

    def outcomes(
        self, customer: str, updates: Sequence[Update], holdings: Sequence[Account]
    ) -> set[History] | None:
        """Every history the customer can have had; None if they are too many to think through."""
        worlds = {History()}
        grants = tuple(self.grants.get(customer, ()))
        places = {id(update): place for place, update in enumerate(updates)}
        past: list[Update] = []
        for month in [*self.closed, following(self.closed[-1])] if self.closed else []:
            before_first = month == self.closed[0]
            new = [u for u in updates if u.counts_in == month]
            late: dict[str, list[Update]] = defaultdict(list)
            for update in new:
                if update.day < month and not before_first:
                    late[update.atom].append(update)
            if len(late) > MOST_ATOMS:
                return None
            branches: set[History] = set()
            for order in _orders(sorted(late)):
                seen: set[str] = set()
                reached = worlds
                for step in order:
                    seen |= set(step)
                    known = [*past, *(u for u in new if u.atom in seen or u.atom not in late)]
                    if len(late) > 1:
                        known.sort(key=lambda update: places[id(update)])
                    ledger = Ledger(known)
                    reached = {self._correct(w, holdings, ledger, month, grants) for w in reached}
                branches |= reached
            past += new
            worlds = {self._granted(world, month, grants) for world in branches}
            if month in self.closed:
                ledger = Ledger(past)
                figure = self.figure(holdings, ledger, month, days_of(month))
                worlds = {self._closed(world, month, figure, grants) for world in worlds}
        return worlds

    def _granted(self, world: History, month: date, grants: tuple[Grant, ...]) -> History:
        """Grants whose day came in the open month show on whoever is no member."""
        last = following(month) - timedelta(1)
        if month not in self.closed and self.business_date is not None:
            last = min(last, max(self.business_date, month))
        for grant in grants:
            before = world.standing(month)
            if not month <= grant.starts <= last or before.member or before.status == "SPECIAL":
                continue
            after = State("SPECIAL", since=month)
            kept = tuple(s for s in world.standings if s[0] != month)
            change = Change(
                "SPECIAL_GRANTED", month, _seen(before), _seen(after), "SPECIAL_GRANTED"
            )
            world = replace(
                world,
                standings=(*kept, (month, after, "SPECIAL_GRANTED")),
                changes=(*world.changes, change),
            )
        return world

    def _closed(
        self, world: History, month: date, sums: Sums, grants: tuple[Grant, ...]
    ) -> History:
        published = world.standing(month)
        judged_from = world.replay or published
        after, rule = close(judged_from, month, sum(sums, Fraction(0)) / days_of(month), grants)
        kind = kind_of(published, judged_from, after, rule)
        changes = world.changes
        if kind is not None:
            change = Change(kind, following(month), _seen(published), _seen(after), rule)
            changes = (*changes, change)
        return replace(
            world,
            figures=(*world.figures, (month, sums)),
            standings=(*world.standings, (following(month), after, rule)),
            changes=changes,
            replay=None,
        )

    def _correct(
        self,
        world: History,
        holdings: Sequence[Account],
        ledger: "Ledger",
        open_month: date,
        grants: tuple[Grant, ...],
    ) -> History:
        """What a recompute makes of a customer with backdated updates while a month is open."""
        stored = dict(world.figures)
        now = {m: self.figure(holdings, ledger, m, days_of(m)) for m in stored}
        deviating = [m for m in stored if stored[m] != now[m]]
        if not deviating:
            return replace(world, pending=None)
        first = min(deviating)
        start = first if world.applied is None else min(first, world.applied)
        state = world.standing(start)
        for month in stored:
            if month >= start:
                figure = sum(now[month], Fraction(0)) / days_of(month)
                state, _ = close(state, month, figure, grants)
        governing = world.replay or world.standing(open_month)
        if worth(governing) > worth(state):
            return replace(world, pending=first)
        return replace(
            world,
            figures=tuple(now.items()),
            pending=None,
            applied=first if world.applied is None else min(first, world.applied),
            replay=world.replay if state == governing else state,
        )


class Ledger:
    """End-of-day balances of updates given in the order of their acceptance."""

    def __init__(self, updates: Sequence[Update]) -> None:
        self._cents: dict[tuple[str, date], int] = {}
        self._days: dict[str, list[date]] = defaultdict(list)
        for update in updates:
            key = (update.account, update.day)
            if key not in self._cents:
                insort(self._days[update.account], update.day)
            self._cents[key] = update.cents

    def at(self, account: str, day: date) -> int:
        """The balance at the close of a day, 0 before the first one."""
        days = self._days.get(account, [])
        place = bisect_right(days, day)
        return self._cents[account, days[place - 1]] if place else 0


def total_shown(sums: Sums, days: int) -> str:
    """A month's AUM as it is shown."""
    return shown(sum(sums, Fraction(0)) / days)


def _seen(state: State) -> tuple[str, str | None]:
    return state.status, state.tier


def _orders(atoms: Sequence[str]) -> Iterator[list[tuple[str, ...]]]:
    """Every way to see all atoms in one or more steps, each of one or more."""
    if not atoms:
        yield []
        return
    for mask in range(1, 2 ** len(atoms)):
        step = tuple(atom for place, atom in enumerate(atoms) if mask >> place & 1)
        rest = [atom for atom in atoms if atom not in step]
        for further in _orders(rest):
            yield [step, *further]
