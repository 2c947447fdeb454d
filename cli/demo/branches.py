"""The invented institution: one provincial union, its prefecture branches and their managers.

The province of Qinglan and its twelve prefectures exist on no map.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cli.demo.dice import Dice
from cli.demo.names import person_name

PROVINCE = "清岚省"
UNION_CODE = "1000"

# prefecture, relationship managers, weight by number of customers
_PREFECTURES = [
    ("岚州", 6, 22),
    ("青渡", 4, 12),
    ("云泊", 4, 11),
    ("鹤浦", 4, 10),
    ("望川", 3, 8),
    ("澄远", 3, 7),
    ("溪宁", 3, 7),
    ("汀阳", 3, 6),
    ("宁渡", 3, 5),
    ("碧川", 3, 5),
    ("桐岭", 2, 4),
    ("雁湖", 2, 3),
]
_LEFT = {"M1005", "M1012", "M1021", "M1030"}


@dataclass(frozen=True, slots=True)
class Branch:
    """A unit of the two-level organisation; `parent_code` is empty for the union."""

    code: str
    name: str
    parent_code: str
    prefecture: str
    weight: int


@dataclass(frozen=True, slots=True)
class Manager:
    """A relationship manager of one prefecture branch; inactive ones have left."""

    number: str
    name: str
    branch_code: str
    active: bool


def union() -> Branch:
    """The provincial union, which has no customers of its own."""
    return Branch(UNION_CODE, f"{PROVINCE}农村信用社联合社", "", "", 0)


def prefecture_branches() -> list[Branch]:
    """The branches under the union, the provincial capital's first."""
    return [
        Branch(f"{1001 + index}", f"{prefecture}支行", UNION_CODE, prefecture, weight)
        for index, (prefecture, _, weight) in enumerate(_PREFECTURES)
    ]


def managers(branches: Sequence[Branch]) -> list[Manager]:
    """All managers, numbered through the branches in their order."""
    dice = Dice("managers")
    staff: list[Manager] = []
    for branch, (_, size, _) in zip(branches, _PREFECTURES, strict=True):
        for _ in range(size):
            number = f"M{1001 + len(staff)}"
            name, _ = person_name(dice, dice.between(1972, 1999), female=dice.chance(0.5))
            staff.append(Manager(number, name, branch.code, number not in _LEFT))
    return staff
