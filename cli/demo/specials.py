"""Special VIPs: people of importance below the entry line, and how each grant came out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from cli.demo.dice import Dice
from cli.demo.facts import Grant, Revocation
from cli.demo.stories import Story, path, within


@dataclass(frozen=True, slots=True)
class Special:
    """One special VIP's case.

    `rises` is the month of the period (0 the first) from which the customer is above the entry
    line, `fades` the one from which it no longer is; neither means always below.
    """

    key: str
    reason: str
    starts: tuple[date, ...]
    revoked: tuple[date, str] | None = None
    rises: int | None = None
    fades: int | None = None

    def story(self, dice: Dice) -> Story:
        """The wealth that belongs to the case."""
        name, low = f"special {self.key}", within(dice, 0)
        if self.rises is not None:
            rise = (self.rises, low, low), (0, within(dice, 1), within(dice, 1))
            return Story(name, 1, path(dice, *rise), exact=True)
        if self.fades is not None:
            fade = (self.fades, within(dice, 1), within(dice, 1)), (0, low, low)
            return Story(name, 1, path(dice, *fade), exact=True)
        return Story(name, 0, path(dice, (0, low, low)))


SPECIALS = [
    Special(
        "expired and removed",
        "省人大代表,茶叶种植带头人,带动周边三个乡镇的社员存款",
        (date(2025, 6, 1),),
    ),
    Special("expired in summer", "退休老领导,在当地商会有广泛影响", (date(2025, 7, 15),)),
    Special(
        "expired and back",
        "知名企业家家属,预计拆迁补偿款转入我行",
        (date(2025, 8, 20),),
        rises=16,
    ),
    Special("expired two months ago", "州医院院长,代发工资业务关键联系人", (date(2025, 9, 5),)),
    Special("expired last month", "中学校长,校园一卡通项目牵头人", (date(2025, 10, 10),)),
    Special(
        "earned the tier",
        "返乡创业青年代表,企业处于成长期",
        (date(2025, 6, 10),),
        rises=8,
    ),
    Special(
        "renewed",
        "非遗传承人,本行形象代言合作对象",
        (date(2025, 6, 1), date(2026, 5, 20)),
    ),
    Special(
        "revoked",
        "合作社联合会理事,承诺归集会员资金",
        (date(2025, 11, 12),),
        revoked=(date(2026, 4, 15), "承诺归集的资金已转至他行,不再符合特殊贵宾条件"),
    ),
    Special("current since spring", "州政协委员,乡村振兴项目联络人", (date(2026, 3, 16),)),
    Special("current since autumn", "龙头企业财务负责人,对公结算关键人", (date(2026, 9, 8),)),
    Special(
        "kept by grant",
        "多年老客户,大额资金用于子女购房,预计一年内回流",
        (date(2026, 5, 20),),
        fades=10,
    ),
]


def grants(numbers: Iterable[tuple[str, str]]) -> list[Grant]:
    """The grants in order of their start, for `(story name, customer number)` pairs."""
    of_story = dict(numbers)
    given = [
        Grant(of_story[f"special {special.key}"], start, special.reason)
        for special in SPECIALS
        for start in special.starts
    ]
    return sorted(given, key=lambda grant: (grant.start, grant.customer_number))


def revocations(numbers: Iterable[tuple[str, str]]) -> list[Revocation]:
    """The grants taken back, for `(story name, customer number)` pairs."""
    of_story = dict(numbers)
    return [
        Revocation(of_story[f"special {special.key}"], *special.revoked)
        for special in SPECIALS
        if special.revoked
    ]
