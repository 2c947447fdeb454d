"""Searching customers: what a search box finds, in conditions that indexes can answer.

`search_key` and the indexes are those of migration 0011. A search asks twice: the index by the
needle's terms, which tells who may have it, and the key by a pattern, which tells who has it.
A needle is folded to letters and digits, so no letter of it has a meaning in a pattern.
"""

import strawberry

from domain.field_classes import FieldClass
from domain.names import folded, name_terms, terms
from repository.reading.conditions import Both, Compare, Condition, Operator
from repository.reading.expressions import Expression, text
from repository.reading.parameters import Derived, InvalidArgument, Source
from schema.filters import optional

LONGEST_NEEDLE = 100
_MASK_SHOWS = 4  # digits at the end of a telephone number
_BEGINNING = 2  # so few Latin letters are looked for where words begin
_LAST = chr(0x10FFFF)

_KEY = Expression("{t}.search_key", field_class=FieldClass.PERSONAL)
_TERMS = Expression(
    "terrace.search_terms({t}.search_key)", cast="text[]", field_class=FieldClass.PERSONAL
)
_NUMBER = text("number")
_PHONE_END = Expression("reverse(terrace.phone_tail({t}.phone))", field_class=FieldClass.PERSONAL)


@strawberry.input(description="Conditions on a telephone number.")
class PhoneFilter:
    """Filter for telephone numbers: by no more of them than a masked one shows."""

    ends_with: str | None = optional(
        "Ends with these 1 to 4 digits, of those that are shown masked."
    )


def matches_search(source: Source) -> Condition:
    """What was typed into a search box is found in name, reading, number or end of the phone."""
    needle = Derived(source, _needle)
    return Both(
        (
            # Where no index can be used, as among alternatives, the cheap one is asked first.
            Compare(_KEY, Operator.LIKE, Derived(needle, _in_words)),
            Compare(_TERMS, Operator.HAS_ALL, Derived(needle, _terms_in_words)),
        )
    )


def name_has(source: Source) -> Condition:
    """What follows from `contains` and `startsWith`: a customer is indexed by its terms."""
    return Compare(_TERMS, Operator.HAS_ALL, Derived(source, name_terms))


def number_starts(source: Source) -> Condition:
    """What follows from `startsWith`: the number is in a range."""
    return _begins(_NUMBER, source)


def phone_ends(source: Source) -> Condition:
    """The shown end of the number ends with the digits; raises InvalidArgument for others."""
    return _begins(_PHONE_END, Derived(source, _shown_digits_reversed))


def _begins(value: Expression, needle: Source) -> Condition:
    return Both(
        (
            Compare(value, Operator.NOT_BEFORE_IN_BYTES, needle),
            Compare(value, Operator.BEFORE_IN_BYTES, Derived(needle, _beyond)),
        )
    )


def _needle(given: str) -> str:
    needle = folded(given)
    if not needle:
        raise InvalidArgument("a search needs at least one letter or digit")
    if len(given.strip()) > LONGEST_NEEDLE:
        raise InvalidArgument(f"a search takes at most {LONGEST_NEEDLE} letters")
    return needle


def _shown_digits_reversed(given: str) -> str:
    if not (given.isascii() and given.isdigit()) or len(given) > _MASK_SHOWS:
        raise InvalidArgument(
            f"the end of a telephone number is given as 1 to {_MASK_SHOWS} digits: "
            "a masked number shows no more"
        )
    return given[::-1]


def _in_words(needle: str) -> str:
    return f"% {needle}%" if _is_short(needle) else f"%{needle}%"


def _terms_in_words(needle: str) -> list[str]:
    return terms(needle, begins=_is_short(needle))


def _is_short(needle: str) -> bool:
    return len(needle) <= _BEGINNING and needle.isascii()


def _beyond(beginning: str) -> str:
    """The first text in the order of bytes that comes after all of this beginning."""
    kept = beginning.rstrip(_LAST)
    if not kept:
        return beginning + _LAST
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if following == 0xD800 else following)
