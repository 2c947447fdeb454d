"""Warning signals: what managers saw and reported, and how far risk control has got with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cli.demo.customers import ORGANISATION, Customer
from cli.demo.dice import Dice
from cli.demo.facts import Signal
from cli.demo.period import BUSINESS_DATE, DAYS, MONTH_NAMES, MONTHS, date_of, weekday_before

RED, ORANGE, YELLOW, BLUE = "RED", "ORANGE", "YELLOW", "BLUE"

_ABOUT_MONEY = 24
_OBSERVED = 34


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """An entry of the catalogue: what it is, how grave, and what a manager would write."""

    code: str
    severities: tuple[tuple[str, int], ...]
    facts: tuple[str, ...]


_OF_PEOPLE = [
    CatalogueEntry(
        "OVERDUE_STEP",
        ((ORANGE, 2), (YELLOW, 3)),
        (
            "按揭贷款本期逾期 12 天,电话提醒后承诺月底前归还",
            "经营性贷款利息逾期 35 天,还款账户余额不足",
        ),
    ),
    CatalogueEntry(
        "EXTERNAL_DEFAULT",
        ((RED, 2), (ORANGE, 3)),
        ("征信报告显示在他行信用卡逾期两期", "被列为他行不良贷款的保证人"),
    ),
    CatalogueEntry(
        "CONTACT_LOST",
        ((ORANGE, 1), (YELLOW, 2)),
        ("连续三次电话未接,登记住址已搬离", "手机号停机,家属表示外出务工未归"),
    ),
    CatalogueEntry(
        "INCOME_LOSS",
        ((YELLOW, 3), (BLUE, 2)),
        ("所在企业停产,代发工资已中断两个月", "种植户遭遇冰雹,预计减产四成"),
    ),
    CatalogueEntry(
        "UNUSUAL_TRANSFERS",
        ((YELLOW, 2), (BLUE, 3)),
        ("一周内多笔整数转出至同一他行账户,客户称为借款", "夜间频繁小额转账,已提示反诈风险"),
    ),
]
_OF_ORGANISATIONS = [
    CatalogueEntry(
        "LITIGATION",
        ((RED, 2), (ORANGE, 3)),
        ("因买卖合同纠纷被起诉,标的 186 万元,基本户被冻结", "新增被执行人信息一条,金额 42 万元"),
    ),
    CatalogueEntry(
        "BUSINESS_DOWNTURN",
        ((ORANGE, 2), (YELLOW, 3)),
        ("现场走访发现两条生产线停一条,库存积压明显", "结算流水较上季度下降约四成"),
    ),
    CatalogueEntry(
        "TAX_ARREARS",
        ((ORANGE, 2), (YELLOW, 2)),
        ("纳税信用等级由 B 降为 C,欠缴增值税",),
    ),
    CatalogueEntry(
        "GUARANTOR_TROUBLE",
        ((RED, 1), (ORANGE, 2), (YELLOW, 1)),
        ("保证人企业法定代表人变更且失联", "联保小组内另一成员贷款已逾期 60 天"),
    ),
    CatalogueEntry(
        "COLLATERAL_DAMAGE",
        ((ORANGE, 1), (YELLOW, 2)),
        ("抵押厂房部分受暴雨损坏,已报保险", "抵押设备被擅自出租,未告知我行"),
    ),
]
_USES = ["资金转往他行理财", "用于购房首付", "子女留学用款", "客户称投资实体", "原因待核实"]
_USES_OF_MUCH = ["资金转往他行私人银行", "客户称用于企业股权投资", "偿还企业借款", "原因待核实"]
_RECENT, _RUNNING = 25, 110  # days since the report
_RECENT_STATES = [("REPORTED", 5), ("ASSIGNED", 4), ("ASSESSED", 2), ("REJECTED", 1)]
_RUNNING_STATES = [("ASSESSED", 2), ("MEASURES", 5), ("RELEASE_REQUESTED", 3), ("REJECTED", 2)]
_OLD_STATES = [("RELEASED", 7), ("REJECTED", 3), ("MEASURES", 1), ("RELEASE_REQUESTED", 1)]


def signals(customers: Sequence[Customer]) -> list[Signal]:
    """All signals in order of their report."""
    dice = Dice("signals")
    example = next(customer for customer in customers if customer.story.name == "example")
    losers = [c for c in customers if c is not example and c.story.tier and _falls(c)]
    raised = [_outflow(dice, customer) for customer in dice.mixed(losers)[:_ABOUT_MONEY]]
    borrowers = [c for c in customers if c.story.name in ("ordinary", "steady")]
    organisations = [c for c in borrowers if c.kind == ORGANISATION]
    people = [c for c in borrowers if c.kind != ORGANISATION]
    raised += [_observed(dice, dice.pick(organisations)) for _ in range(_OBSERVED // 2)]
    raised += [_observed(dice, dice.pick(people)) for _ in range(_OBSERVED - _OBSERVED // 2)]
    raised += _of_example(example)
    return sorted(raised, key=lambda signal: (signal.reported_on, signal.customer_number))


def _falls(customer: Customer) -> list[int]:
    """The months in which a third of the wealth or more left, but not all of it."""
    levels = customer.story.levels
    return [m for m in range(1, len(levels) - 1) if 0 < levels[m] * 3 < levels[m - 1] * 2]


def _outflow(dice: Dice, customer: Customer) -> Signal:
    """What the manager reports in the first days after a month of falling wealth."""
    month = _falls(customer)[-1]
    before, after = (level // 10_000 for level in customer.story.levels[month - 1 : month + 1])
    severe = after * 3 < before
    code = "BALANCE_OUTFLOW" if severe else "AUM_DECLINE"
    facts = f"{MONTH_NAMES[month]} 资产余额由约 {before} 万元降至约 {after} 万元,"
    facts += dice.pick(_USES_OF_MUCH if before - after > 200 else _USES)
    severity = dice.weighted([(ORANGE, 3), (YELLOW, 1)] if severe else [(YELLOW, 2), (BLUE, 3)])
    day = weekday_before(MONTHS[month + 1][0] + dice.between(3, 8))
    return _signal(dice, customer, CatalogueEntry(code, ((severity, 1),), (facts,)), day)


def _observed(dice: Dice, customer: Customer) -> Signal:
    """Something seen on a visit or in a report, more often of late."""
    warning = dice.pick(_OF_ORGANISATIONS if customer.kind == ORGANISATION else _OF_PEOPLE)
    chance = dice.unit()
    day = weekday_before(DAYS - 1 - int((DAYS - 100) * chance * chance))
    return _signal(dice, customer, warning, day)


def _signal(dice: Dice, customer: Customer, warning: CatalogueEntry, day: int) -> Signal:
    age = DAYS - 1 - day
    states = _RECENT_STATES if age < _RECENT else _RUNNING_STATES if age < _RUNNING else _OLD_STATES
    return Signal(
        customer_number=customer.number,
        code=warning.code,
        severity=dice.weighted(warning.severities),
        facts=dice.pick(warning.facts),
        state=dice.weighted(states),
        reporter_number=customer.manager_number,
        reported_on=date_of(day),
    )


def _of_example(customer: Customer) -> list[Signal]:
    """The two signals of the example customer: one long settled, one of last week."""
    earlier = "2026-04 至 06 月日均资产连续低于 100 万元,资金用于扩大茶园,已制定回流计划"
    latest = "2026-10 月日均资产由约 124 万元降至约 94 万元,一笔大额活期转出,用途待核实"
    old: date = BUSINESS_DATE - timedelta(days=125)
    new: date = BUSINESS_DATE - timedelta(days=5)
    number, reporter = customer.number, customer.manager_number
    return [
        Signal(number, "AUM_DECLINE", YELLOW, earlier, "RELEASED", reporter, old),
        Signal(number, "AUM_DECLINE", YELLOW, latest, "REPORTED", reporter, new),
    ]
