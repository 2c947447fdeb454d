"""Names of the companies, farms, shops and public bodies among the customers."""

from cli.demo.dice import Dice

_TRADE_NAMES = [
    "恒盛", "绿源", "金穗", "鼎信", "瑞丰", "华岳", "宏达", "永兴", "联创", "泰和",
    "顺达", "福临", "山水", "云禾", "春晖", "德诚", "聚鑫", "盛世", "同济", "长青",
    "锦绣", "天成", "广源", "祥云", "嘉禾", "新望", "康泰", "远航", "明德", "汇通",
]  # fmt: skip
_LINES = [
    ("建材有限公司", 8),
    ("商贸有限公司", 14),
    ("农业开发有限公司", 10),
    ("种植专业合作社", 16),
    ("养殖专业合作社", 12),
    ("物流有限公司", 6),
    ("食品有限公司", 8),
    ("茶业有限公司", 7),
    ("机械制造有限公司", 5),
    ("建筑工程有限公司", 6),
    ("餐饮管理有限公司", 4),
    ("医药有限公司", 4),
    ("酒店有限公司", 3),
    ("中药材有限公司", 5),
]


def organisation_name(dice: Dice, prefecture: str, taken: set[str]) -> str:
    """A name not yet taken in the register; it is added to `taken`."""
    while True:
        name = prefecture + dice.pick(_TRADE_NAMES) + dice.weighted(_LINES)
        if name not in taken:
            taken.add(name)
            return name
