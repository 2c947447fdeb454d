"""Numbers of identity papers that look right, check right and belong to nobody.

Both numbers carry a region whose first two digits are 10. No province has that code (GB/T 2260
starts at 11), so no such number was ever issued, while the check digits are computed as
GB 11643 (resident identity) and GB 32100 / GB 11714 (organisations) say.
"""

from datetime import date

from cli.demo.dice import Dice

_ID_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
_ORGANISATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2]
_CREDIT_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]


def region(prefecture: int) -> str:
    """Six digits of a region that does not exist, one per prefecture."""
    return f"10{prefecture:02d}01"


def resident_number(region_code: str, born: date, order: int) -> str:
    """A resident identity number; `order` is odd for men and even for women."""
    body = f"{region_code}{born:%Y%m%d}{order:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, _ID_WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def credit_code(region_code: str, dice: Dice) -> str:
    """A unified social credit code of an enterprise."""
    serial = "MA" + "".join(dice.pick(_CREDIT_LETTERS) for _ in range(6))
    total = sum(
        int(letter, 36) * weight
        for letter, weight in zip(serial, _ORGANISATION_WEIGHTS, strict=True)
    )
    body = f"91{region_code}{serial}" + "0123456789X"[-total % 11]
    total = sum(
        _CREDIT_LETTERS.index(letter) * weight
        for letter, weight in zip(body, _CREDIT_WEIGHTS, strict=True)
    )
    return body + _CREDIT_LETTERS[-total % 31]
