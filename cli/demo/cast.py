"""How many customers live which story: a pyramid of tiers over a broad base."""

from collections.abc import Callable, Iterator

from cli.demo import stories
from cli.demo.dice import Dice
from cli.demo.specials import SPECIALS
from cli.demo.stories import Story

CUSTOMERS = 2000

# customers in each tier, T1 first
_BY_TIER: list[tuple[Callable[[Dice, int], Story], list[int]]] = [
    (stories.steady, [128, 62, 32, 15, 8]),
    (stories.newcomer, [40, 17, 7, 2, 0]),
    (stories.climber, [0, 26, 15, 8, 4]),
    (stories.dipped, [14, 12, 8, 4, 1]),
    (stories.wavering, [0, 6, 4, 1, 0]),
    (stories.slid, [0, 14, 10, 6, 2]),
    (stories.comeback, [0, 0, 5, 2, 1]),
    (stories.returned, [10, 4, 2, 0, 0]),
    (stories.ended, [2, 2, 1, 0, 0]),
]
# months below the own tier at the end: customers in each tier
_WATCHED = {
    1: [0, 10, 6, 3, 2],
    2: [0, 7, 5, 3, 1],
}
# months below the entry line at the end: customers in each tier
_FADING = {
    1: [12, 2, 1, 0, 0],
    2: [9, 1, 1, 0, 0],
    3: [7, 3, 1, 0, 0],
    4: [6, 2, 1, 1, 0],
    5: [6, 2, 0, 0, 0],
    6: [8, 3, 1, 1, 0],
    7: [7, 2, 1, 0, 0],
    8: [4, 1, 0, 0, 0],
    10: [7, 2, 1, 0, 0],
    12: [7, 3, 1, 1, 0],
    14: [6, 1, 0, 0, 0],
}
_PROSPECTS, _DEPARTED, _ON_THE_LINE = 60, 18, 2


def cast() -> list[Story]:
    """One story for each customer, in an order that mixes them."""
    told = list(_members())
    dice = Dice("bystanders")
    told += [stories.prospect() for _ in range(_PROSPECTS)]
    told += [stories.on_the_line() for _ in range(_ON_THE_LINE)]
    told += [stories.departed(dice) for _ in range(_DEPARTED)]
    told += [stories.ordinary(dice) for _ in range(CUSTOMERS - len(told))]
    return Dice("cast").mixed(told)


def _members() -> Iterator[Story]:
    """Everybody who is a VIP at some time."""
    dice = Dice("members")
    yield stories.example()
    for special in SPECIALS:
        yield special.story(dice)
    for tell, sizes in _BY_TIER:
        for tier, size in enumerate(sizes, start=1):
            yield from (tell(dice, tier) for _ in range(size))
    for tell_months, by_months in ((stories.watched, _WATCHED), (stories.fading, _FADING)):
        for months, sizes in by_months.items():
            for tier, size in enumerate(sizes, start=1):
                yield from (tell_months(dice, tier, months) for _ in range(size))
