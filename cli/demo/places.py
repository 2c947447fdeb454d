"""Addresses in the invented province."""

from cli.demo.branches import PROVINCE
from cli.demo.dice import Dice

_STREETS = [
    "临江路", "人民路", "建设街", "文昌街", "迎宾大道", "茶马巷",
    "东风路", "学府路", "青年路", "环城南路", "民族路", "团结街",
]  # fmt: skip
_ESTATES = [
    "锦绣家园", "滨江花园", "翠湖小区", "书香苑", "金色阳光",
    "幸福里", "云岭新村", "桂花园", "丽景城",
]  # fmt: skip
_TOWNSHIPS = ["石桥镇", "大营镇", "南山乡", "清水镇", "龙塘乡", "柳树镇", "白沙乡", "永安镇"]


def home_address(dice: Dice, prefecture: str) -> str:
    """A flat in town or a house in a village."""
    if dice.chance(0.3):
        house = f"{dice.between(1, 12)}组{dice.between(1, 90)}号"
        return f"{PROVINCE}{prefecture}市{dice.pick(_TOWNSHIPS)}{house}"
    street = business_address(dice, prefecture)
    flat = f"{dice.between(1, 17)}0{dice.between(1, 4)}室"
    home = f"{dice.between(1, 18)}栋{dice.between(1, 4)}单元{flat}"
    return street + dice.pick(_ESTATES) + home


def business_address(dice: Dice, prefecture: str) -> str:
    """A house number in a street."""
    return f"{PROVINCE}{prefecture}市{dice.pick(_STREETS)}{dice.between(1, 299)}号"
