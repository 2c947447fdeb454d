"""Life stories: how much wealth a customer keeps here, month by month.

A story is a row of monthly levels in yuan (`period.MONTHS` long, the open month last) that the
accounts then follow within a few per cent. Levels keep that distance from every tier's threshold,
so a story comes out as told under the default tier policy. `tier` is the highest rank reached, 0
for customers who never come near the entry line.
"""

from dataclasses import dataclass

from cli.demo.dice import Dice
from cli.demo.period import MONTHS, OPEN_MONTH

LENGTH = len(MONTHS)

# rank -> yuan from, to; rank 0 is below the entry line
_BANDS = [
    (20_000, 150_000),
    (218_000, 455_000),
    (545_000, 905_000),
    (1_090_000, 2_700_000),
    (3_270_000, 8_900_000),
    (10_900_000, 34_000_000),
]


@dataclass(frozen=True, slots=True)
class Story:
    """A customer's wealth through the period.

    `exact` stories move their money on the first days of a month, so that the month's average
    already shows the new level; the others move it on any day.
    """

    name: str
    tier: int
    levels: tuple[int, ...]
    exact: bool = False


def within(dice: Dice, tier: int) -> int:
    """A level inside a tier's band, more often near its lower end."""
    low, high = _BANDS[tier]
    chance = dice.unit()
    return low + int((high - low) * chance * chance)


def path(dice: Dice, *stretches: tuple[int, int, int]) -> tuple[int, ...]:
    """Levels from stretches `(months, from, to)`; the last one lasts until the period's end."""
    levels: list[int] = []
    for index, (months, start, end) in enumerate(stretches):
        count = LENGTH - len(levels) if index == len(stretches) - 1 else months
        for step in range(count):
            level = start + (end - start) * step // max(count - 1, 1)
            levels.append(int(level * (0.985 + 0.03 * dice.unit())))
    return tuple(levels)


def ordinary(dice: Dice) -> Story:
    """Below the entry line all the time; some open their first account in mid-period."""
    chance = dice.unit()
    high = dice.weighted([(8_000, 30), (40_000, 35), (110_000, 25), (165_000, 10)])
    level = 400 + int((high - 400) * chance)
    joined = dice.between(1, 17) if dice.chance(0.12) else 0
    end = min(int(level * (0.7 + 0.6 * dice.unit())), 168_000)
    return Story("ordinary", 0, path(dice, (joined, 0, 0), (0, level, end)))


def departed(dice: Dice) -> Story:
    """An ordinary customer who closes every account and goes to another bank."""
    return Story(
        "departed", 0, path(dice, (dice.between(3, 15), within(dice, 0), 9_000), (0, 0, 0))
    )


def prospect() -> Story:
    """Known to the institution, but without an account so far."""
    return Story("prospect", 0, (0,) * LENGTH)


def on_the_line() -> Story:
    """Exactly at the entry line, which is not above it: never enters."""
    return Story("on the line", 0, (200_000,) * LENGTH, exact=True)


def steady(dice: Dice, tier: int) -> Story:
    """In one tier from the first month to the last."""
    return Story("steady", tier, path(dice, (LENGTH, within(dice, tier), within(dice, tier))))


def newcomer(dice: Dice, tier: int) -> Story:
    """Brings money in during the period, as an ordinary customer or an altogether new one."""
    before = within(dice, 0) if dice.chance(0.6) else 0
    entry = (dice.between(1, 16), before, before)
    return Story("newcomer", tier, path(dice, entry, (0, within(dice, tier), within(dice, tier))))


def climber(dice: Dice, tier: int) -> Story:
    """Starts in a lower tier and is upgraded, sometimes over two steps, to `tier`."""
    low = max(1, tier - dice.between(1, 2))
    start = (dice.between(3, 8), within(dice, low), within(dice, low))
    middle = (dice.between(2, 6), within(dice, tier - 1), within(dice, tier - 1))
    return Story(
        "climber", tier, path(dice, start, middle, (0, within(dice, tier), within(dice, tier)))
    )


def dipped(dice: Dice, tier: int) -> Story:
    """Falls below the own tier for a month or two and makes it good: the watch is cleared."""
    level, low = within(dice, tier), within(dice, tier - 1)
    dip = (dice.between(1, 2), low, low)
    return Story(
        "dipped", tier, path(dice, (dice.between(2, 14), level, level), dip, (0, level, level))
    )


def wavering(dice: Dice, tier: int) -> Story:
    """Below the own tier every third and fourth month: always watched again, never downgraded."""
    level, low = within(dice, tier), within(dice, tier - 1)
    waves = [stretch for _ in range(LENGTH // 4) for stretch in ((2, level, level), (2, low, low))]
    return Story("wavering", tier, path(dice, *waves, (0, level, level)), exact=True)


def slid(dice: Dice, tier: int) -> Story:
    """Lost part of the money for good and was downgraded after three months of watch."""
    lower = max(1, tier - dice.weighted([(1, 3), (2, 1)]))
    before = (dice.between(2, 12), within(dice, tier), within(dice, tier))
    return Story("slid", tier, path(dice, before, (0, within(dice, lower), within(dice, lower))))


def comeback(dice: Dice, tier: int) -> Story:
    """Below the own tier, and in mid-watch above it: upgraded to `tier` at once."""
    own, low = within(dice, tier - 1), within(dice, tier - 2)
    start, dip = (dice.between(2, 11), own, own), (2, low, low)
    levels = path(dice, start, dip, (0, within(dice, tier), within(dice, tier)))
    return Story("comeback", tier, levels, exact=True)


def watched(dice: Dice, tier: int, months: int) -> Story:
    """Below the own tier, though above the entry line, in the last `months` closed months."""
    low = within(dice, tier - 1)
    before = (OPEN_MONTH - months, within(dice, tier), within(dice, tier))
    return Story("watched", tier, path(dice, before, (0, low, low)), exact=True)


def fading(dice: Dice, tier: int, months: int) -> Story:
    """Below the entry line in the last `months` closed months.

    Up to five: still a member, watched. Six or seven: exited, unrated. Eight and more: removed.
    """
    rest = within(dice, 0)
    before = (OPEN_MONTH - months, within(dice, tier), within(dice, tier))
    return Story("fading", tier, path(dice, before, (0, rest, rest // 2)), exact=True)


def returned(dice: Dice, tier: int) -> Story:
    """Exited, and came back above the entry line: while still in retention, or after removal."""
    rest = within(dice, 0)
    before = (dice.between(2, 9), within(dice, tier), within(dice, tier))
    absence = (dice.weighted([(6, 4), (7, 4), (9, 1)]), rest, rest)
    again = (0, within(dice, 1), within(dice, 1))
    return Story("returned", tier, path(dice, before, absence, again), exact=True)


def ended(dice: Dice, tier: int) -> Story:
    """Accounts settled and closed; the relation is then terminated (`endings`)."""
    until = (dice.between(6, 15), within(dice, tier), within(dice, tier))
    return Story("ended", tier, path(dice, until, (0, 0, 0)))


def example() -> Story:
    """The customer to look at first: entry, upgrades, watch, recovery, downgrade, return, watch."""
    thousands = [86, 95, 240, 262, 610, 645, 820, 1250, 1310, 900]
    thousands += [1150, 850, 780, 700, 1180, 1225, 1205, 930, 940]
    return Story("example", 3, tuple(1000 * level for level in thousands), exact=True)
