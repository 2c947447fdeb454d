"""Names as they are searched for: in Chinese, in pinyin with or without tones, or by initials.

A customer 单伟 is found by 单, 伟, "shanwei", "Shàn Wěi", "danwei" (what whoever does not know the
surname types) and "sw". For that, a name is stored with its readings: ways to write it in plain
letters. A needle is folded in the same way; whether it is in the name or in a reading is then a
matter of plain text.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import prod

MOST_READINGS = 8
"""A name of many characters that can be read in several ways has no more readings than these."""

_RUN = re.compile("[0-9A-Za-z]+")

Pinyin = Callable[[str], Sequence[str]]
"""Each character of a text in pinyin, without tone, with v for ü; others as they are."""

_OTHERWISE = {
    "阿": "a e", "柏": "bai bo", "秘": "bi mi", "卜": "bu", "谌": "chen shen",
    "郗": "chi xi", "种": "chong zhong", "褚": "chu zhu", "都": "du dou", "不": "fou",
    "盖": "ge gai", "葛": "ge", "句": "gou ju", "行": "hang xing", "黑": "he hei",
    "和": "he huo", "纪": "ji", "贾": "jia gu", "伽": "jia qie ga", "强": "jiang",
    "车": "ju", "角": "jue jiao", "卡": "ka qia", "会": "kuai", "六": "liu lu",
    "缪": "miao mou", "牟": "mou mu", "娜": "na nuo", "那": "na", "佴": "nai er",
    "粘": "nian zhan", "区": "ou qu", "朴": "piao pu", "繁": "po fan", "俟": "qi si",
    "茜": "qian xi", "覃": "qin tan", "仇": "qiu chou", "单": "shan dan chan",
    "召": "shao zhao", "折": "she zhe", "沈": "shen chen", "莘": "shen xin",
    "盛": "sheng cheng", "晟": "sheng cheng", "石": "shi", "宿": "su xiu",
    "澹": "tan dan", "提": "ti di", "万": "wan mo", "隗": "wei kui", "厦": "xia sha",
    "洗": "xian xi", "解": "xie jie", "俞": "yu shu", "尉": "yu wei", "乐": "yue le",
    "员": "yun yuan", "藏": "zang cang", "臧": "zang", "曾": "zeng ceng", "查": "zha cha",
    "翟": "zhai di", "祭": "zhai ji", "长": "zhang chang", "朝": "zhao chao",
    "重": "zhong chong", "传": "zhuan",
}  # fmt: skip
"""Characters of names that are read in several ways, as surnames above all."""


def folded(text: str) -> str:
    """A text without case, tones, accents, spaces and punctuation; full-width letters are plain."""
    plain = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", "".join(filter(str.isalnum, plain)))


def reading(name: str, pinyin: Pinyin) -> str:
    """What is stored beside a name: the name, and a line with each of its readings."""
    plain = folded(name)
    words = {plain: None}
    if not plain.isascii():
        for syllables in _readings(list(map(_alternatives, plain, pinyin(plain)))):
            words["".join(syllables)] = None
            words["".join(syllable[:1] for syllable in syllables)] = None
    words.pop(name.lower(), None)
    return name + "\n" + "\n".join(f" {word}" for word in words if word)


def _alternatives(character: str, usual: str) -> list[str]:
    found = [usual, *_OTHERWISE.get(character, "").split()]
    for syllable in tuple(found):
        if syllable.startswith(("lv", "nv")):  # 吕 is written Lv, Lu and, in passports, Lyu
            found += [syllable.replace("v", "u"), syllable.replace("v", "yu")]
    return list(dict.fromkeys(found))


def _readings(characters: Sequence[list[str]]) -> Iterator[Sequence[str]]:
    """All readings if they are few, else the usual one and those that differ in one character."""
    if prod(map(len, characters)) <= MOST_READINGS:
        yield from product(*characters)
        return
    usual = [syllables[0] for syllables in characters]
    yield usual
    left = MOST_READINGS - 1
    for place, syllables in enumerate(characters):
        for syllable in syllables[1 : 1 + left]:
            yield [*usual[:place], syllable, *usual[place + 1 :]]
            left -= 1


def terms(needle: str, *, begins: bool = False) -> list[str]:
    """What whatever contains the needle is indexed by; `begins`: at the beginning of a word.

    That is three ASCII letters or digits in a row, two spaces being before a word, and each other
    character that has no case and no parts. Too short a needle has no terms, which says nothing.
    """
    found = [c for c in needle if unicodedata.category(c) == "Lo" and _is_whole(c)]
    for run in _RUN.findall(needle):
        letters = f"  {run.lower()}" if begins else run.lower()
        found += [letters[place : place + 3] for place in range(len(letters) - 2)]
    return list(dict.fromkeys(found))


def name_terms(part: str) -> list[str]:
    """What a name that contains the part is indexed by: too short a part by its letters."""
    return terms(part) or list(dict.fromkeys("".join(_RUN.findall(part)).lower()))


def _is_whole(character: str) -> bool:
    return unicodedata.normalize("NFKD", character) == character
