"""Names as they are searched for: how a text is folded, read and taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.names import MOST_READINGS, folded, reading, terms

USUAL = {"张": "zhang", "伟": "wei", "单": "dan", "吕": "lv", "布": "bu", "阿": "a", "重": "zhong"}


def pinyin(text: str) -> list[str]:
    return [USUAL.get(character, character) for character in text]


def words(name: str) -> list[str]:
    first, _, rest = reading(name, pinyin).partition("\n")
    assert first == name
    assert all(word.startswith(" ") for word in rest.split("\n") if word)
    return rest.split()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Zhang Wei", "zhangwei"),
        ("zhāng wěi", "zhangwei"),
        ("LǙ", "lu"),
        ("Xī'ān", "xian"),
        ("O'Brien-Smith", "obriensmith"),
        ("ＺＨＡＮＧ　１２", "zhang12"),
        ("阿卜杜拉·买买提", "阿卜杜拉买买提"),
        ("Straße", "strasse"),
        ("%_\\", ""),
        (" \t\n", ""),
    ],
)
def test_case_tones_spaces_and_punctuation_do_not_matter(text: str, plain: str) -> None:
    assert folded(text) == plain


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("张伟", ["zhangwei", "zw"]),
        ("吕布", ["lvbu", "lb", "lubu", "lyubu"]),
        ("单伟", ["danwei", "dw", "shanwei", "sw", "chanwei", "cw"]),
        ("张·伟", ["张伟", "zhangwei", "zw"]),
        ("Anna Smith", ["annasmith"]),
        ("José", ["jose"]),
        ("A张", ["azhang", "az"]),
        ("anna", []),
        ("", []),
    ],
)
def test_a_name_is_written_in_every_way_it_is_read(name: str, expected: list[str]) -> None:
    assert words(name) == expected


def test_a_long_name_of_many_readings_has_the_usual_one_and_a_few_more() -> None:
    name = "单阿重" * 6
    found = [word for word in words(name) if len(word) > len(name)]
    assert found[0] == "danazhong" * 6
    assert 1 < len(found) <= MOST_READINGS


@pytest.mark.parametrize(
    ("needle", "begins", "expected"),
    [
        ("张", False, ["张"]),
        ("张伟", False, ["张", "伟"]),
        ("zhang", False, ["zha", "han", "ang"]),
        ("ZHA", False, ["zha"]),
        ("zw", False, []),
        ("zw", True, ["  z", " zw"]),
        ("z", True, ["  z"]),
        ("o'brien", False, ["bri", "rie", "ien"]),
        ("é", False, []),
    ],
)
def test_what_a_needle_is_looked_up_by(needle: str, begins: bool, expected: list[str]) -> None:
    assert terms(needle, begins=begins) == expected


@given(st.text(), st.text(), st.text())
def test_what_contains_a_needle_has_all_of_its_terms(before: str, needle: str, after: str) -> None:
    assert set(terms(needle)) <= set(terms(before + needle + after))


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)
