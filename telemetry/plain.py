"""Texts of others, fit for a line of a log or of a terminal.

A text that somebody sent may hold a line break and go on as a line of its own, or a sequence that
a terminal obeys: to clear, to retitle, to show what follows from right to left. So where such a
text is shown, its control characters are spelled out.
"""

import re

_CONTROLS = (
    "\x00-\x1f\x7f-\x9f"  # C0, DEL and C1; a terminal may take C1 for the start of a sequence
    "\u2028\u2029"  # line and paragraph separator
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what changes the direction of writing
    "\ud800-\udfff"  # halves of a pair, which no encoding takes
)
_IN_A_LINE = re.compile(f"[{_CONTROLS}]")
_IN_LINES = re.compile(f"(?![\n\t])[{_CONTROLS}]")


def in_a_line(text: str) -> str:
    """The text with every control character spelled out, line breaks included."""
    return text if text.isprintable() else _IN_A_LINE.sub(_spelled, text)


def in_lines(text: str) -> str:
    """The text with every control character spelled out but line breaks and tabs."""
    return text if text.isprintable() else _IN_LINES.sub(_spelled, text)


def in_json(encoded: str) -> str:
    r"""A JSON text with control characters that JSON lets stand as they are written `\u....`."""
    return encoded if encoded.isprintable() else _IN_A_LINE.sub(_escaped, encoded)


def _spelled(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
