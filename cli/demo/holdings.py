"""What a customer owns: the accounts a story's wealth is spread over.

The first holding is the demand deposit that everyday money passes through; the others have a
weight, their share of the rest. Holdings that open later than the story's first month wait for it.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

from cli.demo.customers import ORGANISATION, Customer
from cli.demo.dice import Dice
from cli.demo.period import FIRST_DAY

# product class, code in the account number, weight for small savers, for VIPs, for organisations
_PRODUCTS = [
    ("TERM_DEPOSIT", "02", 42, 30, 45),
    ("STRUCTURED_DEPOSIT", "03", 0, 10, 20),
    ("CERTIFICATE_BOND", "04", 4, 5, 0),
    ("SAVINGS_BOND", "05", 5, 6, 0),
    ("TREASURY_BOND", "06", 2, 4, 4),
    ("WEALTH_PRODUCT", "07", 14, 24, 15),
    ("FUND", "08", 9, 12, 4),
    ("GOLD", "09", 4, 6, 0),
    ("INSURANCE", "10", 12, 9, 2),
    ("SETTLEMENT_FUNDS", "11", 4, 7, 2),
    ("DEMAND_DEPOSIT", "01", 6, 4, 14),
]
_CODES = {product: code for product, code, *_ in _PRODUCTS}
_CURRENCIES = [("USD", 60), ("HKD", 24), ("EUR", 16)]
_OLDEST_YEARS = {"DEMAND_DEPOSIT": 17, "INSURANCE": 9, "FUND": 7, "GOLD": 6, "SETTLEMENT_FUNDS": 6}

# product class, month of opening, currency
_EXAMPLE = [
    ("DEMAND_DEPOSIT", 0, "CNY"),
    ("TERM_DEPOSIT", 0, "CNY"),
    ("WEALTH_PRODUCT", 2, "CNY"),
    ("SAVINGS_BOND", 4, "CNY"),
    ("FUND", 4, "CNY"),
    ("TERM_DEPOSIT", 6, "USD"),
    ("GOLD", 7, "CNY"),
    ("INSURANCE", 7, "CNY"),
    ("WEALTH_PRODUCT", 14, "CNY"),
]


@dataclass(slots=True)
class Holding:
    """One account with its share of the wealth and, once written, its life in the books.

    `opens` is the month of the period in which it is opened, 0 for accounts older than the period.
    `points` are its change points: day number to balance in hundredths of its own currency.
    """

    number: str
    product: str
    currency: str
    weight: int
    opens: int
    term: int
    phase: int
    opened_on: date | None = None
    closed_on: date | None = None
    points: dict[int, int] = field(default_factory=dict)

    @property
    def everyday(self) -> bool:
        """Whether this is the demand deposit that everyday money passes through."""
        return self.product == "DEMAND_DEPOSIT" and self.number.endswith("001")

    @property
    def counted(self) -> bool:
        """Whether the balance belongs to the story's wealth; insurance comes on top of it."""
        return self.product != "INSURANCE"


def holdings_of(customer: Customer) -> list[Holding]:
    """The accounts of a customer, none for a prospect."""
    story = customer.story
    joined = next((month for month, level in enumerate(story.levels) if level), None)
    if joined is None:
        return []
    dice = Dice(f"holdings {customer.number}")
    if story.name == "on the line":
        return [_holding(dice, customer, "CERTIFICATE_BOND", 0, joined)]
    if story.name == "example":
        return _of_example(dice, customer)
    held = [_holding(dice, customer, "DEMAND_DEPOSIT", 0, joined)]
    for _ in range(_how_many(dice, customer)):
        product = _product(dice, customer)
        opens = _opening_month(dice, story.levels, joined)
        holding = _holding(dice, customer, product, len(held), opens)
        if product == "DEMAND_DEPOSIT" or (product == "TERM_DEPOSIT" and dice.chance(0.1)):
            holding.currency = dice.weighted(_CURRENCIES)
        held.append(holding)
    return held


def _of_example(dice: Dice, customer: Customer) -> list[Holding]:
    """A holding of nearly every class, bought as the wealth grew."""
    held = []
    for order, (product, opens, currency) in enumerate(_EXAMPLE):
        holding = _holding(dice, customer, product, order, opens)
        holding.currency = currency
        held.append(holding)
    return held


def _how_many(dice: Dice, customer: Customer) -> int:
    """Accounts beside the everyday one."""
    tier = customer.story.tier
    if tier:
        return dice.between(2, 3 + (tier + 1) // 2)
    if max(customer.story.levels) < 6_000:
        return dice.weighted([(0, 7), (1, 3)])
    return dice.weighted([(0, 25), (1, 38), (2, 24), (3, 10), (4, 3)])


def _product(dice: Dice, customer: Customer) -> str:
    column = 4 if customer.kind == ORGANISATION else 3 if customer.story.tier else 2
    weights = [(str(row[0]), int(row[column])) for row in _PRODUCTS]
    return dice.weighted(weights)


def _opening_month(dice: Dice, levels: tuple[int, ...], joined: int) -> int:
    """The month of a rise in wealth, now and then another one, else from the start."""
    last = len(levels) - 1
    rises = [m for m in range(joined + 1, last) if 0 < levels[m - 1] * 1.4 < levels[m]]
    if rises and dice.chance(0.5):
        return dice.pick(rises)
    living = sum(1 for level in levels if level)
    if living > 2 and dice.chance(0.12):
        return joined + dice.between(1, living - 1)
    return joined


def _holding(dice: Dice, customer: Customer, product: str, order: int, opens: int) -> Holding:
    serial = int(customer.number[1:])
    number = f"8{serial}{_CODES[product]}{order + 1:03d}"
    term = dice.weighted([(3, 2), (6, 3), (12, 5), (24, 2)])
    holding = Holding(number, product, "CNY", dice.between(1, 5), opens, term, dice.below(24))
    if opens == 0:
        years = _OLDEST_YEARS.get(product, 2)
        holding.opened_on = FIRST_DAY - timedelta(days=dice.between(10, years * 365))
    return holding
