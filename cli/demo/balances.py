"""End-of-day balances: how a story's wealth moves through the accounts, day by day.

Only change points are written. Each month the savings are adjusted when the wealth moved much
(or the everyday account would run dry or overflow), otherwise they live by their own nature: term
deposits roll with interest, funds and gold are marked to market. What is left passes through the
everyday account: up on pay day, down towards the month's end.
"""

from cli.demo.customers import ORGANISATION, Customer
from cli.demo.dice import Dice
from cli.demo.holdings import Holding, holdings_of
from cli.demo.period import DAYS, MONTHS, date_of, weekday_before
from cli.demo.rates import Rates
from cli.demo.yields import revalued

_WHOLE_YUAN = {
    "TERM_DEPOSIT",
    "STRUCTURED_DEPOSIT",
    "CERTIFICATE_BOND",
    "SAVINGS_BOND",
    "TREASURY_BOND",
    "WEALTH_PRODUCT",
}

# money can be added later; a bond is bought once and redeemed as a whole
_FLEXIBLE = {
    "TERM_DEPOSIT",
    "STRUCTURED_DEPOSIT",
    "WEALTH_PRODUCT",
    "FUND",
    "GOLD",
    "SETTLEMENT_FUNDS",
    "DEMAND_DEPOSIT",
}


def write_balances(customer: Customer, rates: Rates) -> list[Holding]:
    """The customer's accounts with their whole life in the books."""
    holdings = holdings_of(customer)
    if holdings:
        passbook = Passbook(customer, holdings, rates)
        for month, level in enumerate(customer.story.levels):
            passbook.write(month, level * 100 + passbook.dice.below(100) if level else 0)
    return [holding for holding in holdings if holding.opened_on]


class Passbook:
    """One customer's accounts while they are being written, month by month.

    `held` is the present balance of each open account in CNY cents, whatever its currency.
    """

    def __init__(self, customer: Customer, holdings: list[Holding], rates: Rates) -> None:
        self.dice = Dice(f"balances {customer.number}")
        self.held: dict[str, int] = {}
        self._exact = customer.story.exact
        self._rates = rates
        self._unopened = holdings
        self._savings: list[Holding] = []
        self._everyday: Holding | None = None
        least = 0.12 if customer.story.tier else 0.3
        self._everyday_share = least + 0.2 * self.dice.unit()
        self._before = 0
        organisation = customer.kind == ORGANISATION
        pay = self.dice.between(400, 3_000) if organisation else self.dice.between(28, 160)
        self._pay = pay * 10_000 * (1 + customer.story.tier)
        self._pay_day = self.dice.between(4, 14)
        self._activity = 0.35 + 0.6 * self.dice.unit()
        self._dresses_quarter = self.dice.chance(0.3 if organisation else 0.03)
        self._dressed = False
        self._overdraws = organisation and not customer.story.tier and self.dice.chance(0.2)

    def write(self, month: int, wealth: int) -> None:
        """One month in which the wealth is `wealth` cents, from its first to its last day."""
        before, self._before = self._before, wealth
        first, days = MONTHS[month]
        day = first + (self._moving_day(before, wealth, days) if month else 0)
        if not wealth:
            self._close(self._open_accounts(), day)
            return
        opened = self._open(month, day, wealth)
        adjusts = bool(before) and self._out_of_balance(wealth)
        if adjusts:
            older = [holding for holding in self._savings if holding not in opened]
            self._adjust(wealth, day, older)
        elif not opened:
            self._live_on(month)
        if self._everyday:
            rest = wealth - self._saved()
            moved = adjusts or opened or abs(wealth - before) * 8 > before
            moved_on = day if moved else None
            self._pass_through(self._everyday, rest, month, moved_on)

    def put(self, holding: Holding, day: int, cents: int) -> None:
        """Set a balance, given in CNY, at the close of a day; days past the period never come."""
        if day < DAYS and self.held.get(holding.number) != cents:
            self.held[holding.number] = cents
            holding.points[day] = self._rates.to_foreign(cents, holding.currency, day)

    def _moving_day(self, before: int, wealth: int, days: int) -> int:
        """Offset of the day on which money moves; sharp falls of exact stories come at once."""
        if self._exact:
            return 0 if wealth * 3 < before else self.dice.below(2)
        return self.dice.below(min(days, 25))

    def _open_accounts(self) -> list[Holding]:
        return [*self._savings, *([self._everyday] if self._everyday else [])]

    def _open(self, month: int, day: int, wealth: int) -> list[Holding]:
        """Open the accounts that are due and put their share in."""
        due = [holding for holding in self._unopened if holding.opens <= month]
        self._unopened = [holding for holding in self._unopened if holding.opens > month]
        for holding in due:
            holding.opened_on = holding.opened_on or date_of(day)
            self.held[holding.number] = 0
            if holding.everyday:
                self._everyday = holding
            else:
                self._savings.append(holding)
        for holding in due:
            if not holding.everyday:
                self.put(holding, day, self._share(holding, wealth))
        return due

    def _share(self, holding: Holding, wealth: int) -> int:
        """The part of the wealth that belongs into a savings account, in round figures."""
        if not holding.counted:
            return self.dice.between(5, 60) * 100_000
        weights = sum(other.weight for other in self._savings if other.counted)
        share = wealth if self._everyday is None else wealth * (1 - self._everyday_share)
        return _rounded(holding.product, int(share * holding.weight / weights))

    def _saved(self) -> int:
        return sum(self.held[holding.number] for holding in self._savings if holding.counted)

    def _out_of_balance(self, wealth: int) -> bool:
        """Whether the everyday account would be left with too little or far too much."""
        rest = wealth - self._saved()
        if self._everyday is None:
            return False
        full = rest > wealth * (self._everyday_share + 0.25) and rest > 2_000_000
        return rest * 25 < wealth or (full and any(h.product in _FLEXIBLE for h in self._savings))

    def _adjust(self, wealth: int, day: int, older: list[Holding]) -> None:
        """Move money into one or two savings accounts, or out of as many as it takes."""
        surplus = int(wealth * (1 - self._everyday_share)) - self._saved()
        if surplus > 0:
            fillable = [holding for holding in self._savings if holding.product in _FLEXIBLE]
            filled = self.dice.mixed(fillable)[: self.dice.between(1, 2)]
            for holding in filled:
                added = _rounded(holding.product, surplus // len(filled))
                self.put(holding, day, self.held[holding.number] + added)
            return
        for holding in self.dice.mixed(older):
            held = self.held[holding.number]
            if surplus < 0 and holding.counted:
                left = max(0, _rounded(holding.product, held + surplus))
                if holding.product not in _FLEXIBLE or left * 8 < held:
                    left = 0
                surplus += held - left
                self.put(holding, day, left)
                if not left and (holding.product not in _FLEXIBLE or self.dice.chance(0.6)):
                    self._close([holding], day)

    def _close(self, holdings: list[Holding], day: int) -> None:
        for holding in holdings:
            self.put(holding, day, 0)
            holding.closed_on = date_of(day)
            del self.held[holding.number]
            if holding is self._everyday:
                self._everyday = None
            else:
                self._savings.remove(holding)

    def _live_on(self, month: int) -> None:
        """A month in which the savings are left alone."""
        first, days = MONTHS[month]
        for holding in self._savings:
            cents = self.held[holding.number]
            for offset, marked in revalued(self.dice, holding, cents, month):
                if offset < days:
                    self.put(holding, weekday_before(first + offset), marked)

    def _pass_through(self, account: Holding, rest: int, month: int, moved_on: int | None) -> None:
        """Pay day and spending around `rest`, the month's mean of the everyday account."""
        first, days = MONTHS[month]
        most = min(self._pay, max(rest, 0) * 3 // 10, self._before // 12)
        swing = int(most * (0.6 + 0.4 * self.dice.unit()))
        pay_day = weekday_before(first + self._pay_day)
        spent_on = first + self.dice.between(18, 26)
        strayed = abs(rest - self.held[account.number]) * 20 > self._before
        if moved_on is not None:
            self.put(account, moved_on, rest)
            strayed = False
        elif self._dressed:
            self.put(account, first + 1, rest)
        self._dressed = False
        after = first - 1 if moved_on is None else moved_on
        if pay_day > after and (strayed or self.dice.chance(self._activity)):
            self.put(account, pay_day, rest + swing)
        if spent_on > after and self.dice.chance(self._activity):
            overdrawn = self._overdraws and self.dice.chance(0.15)
            left = -swing if overdrawn else rest - swing // 2
            self.put(account, spent_on, left)
        if self._dresses_quarter and month % 3 == 1 and days > 27:
            self.put(account, first + days - 1, rest + self._before // 8)
            self._dressed = True


def _rounded(product: str, cents: int) -> int:
    if product not in _WHOLE_YUAN:
        return cents
    step = 1_000_000 if cents >= 5_000_000 else 100_000 if cents >= 500_000 else 10_000
    return cents // step * step
