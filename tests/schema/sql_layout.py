"""SQL set out for reading: nothing but its line breaks and blanks is changed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""\s+|E?'(?:[^']|'')*'|"[^"]*"|[A-Za-z_][\w.]*|\$\d+|::|[(),]|[^\s\w'"(),]+|\w+"""
)
_WIDTH = 96
_BEGINS_A_LINE = re.compile(
    r"(select|from|where|order|having|limit|and|or|case|when|else|end|join|left|group)\Z", re.I
)


@dataclass
class _Group:
    """What stands in a pair of parentheses."""

    members: list["_Piece"] = field(default_factory=list)


@dataclass
class _Piece:
    """A token or group, and whether a blank stands before it."""

    what: str | _Group
    apart: bool


def tokens(sql: str) -> list[str]:
    """The statement without its blanks; a quoted text is one token and keeps its own."""
    found = _TOKEN.findall(sql)
    assert "".join(found) == sql, "a letter that the layout does not know"
    return [token for token in found if not token.isspace()]


def laid_out(sql: str) -> str:
    """The statement with a line for each clause and member, as far as a line does not hold all."""
    found = _TOKEN.findall(sql)
    lines = list(_lines(_grouped(iter(found)), 0))
    return "\n".join(line.rstrip() for line in lines)


def _grouped(found: Iterator[str]) -> _Group:
    group, apart = _Group(), False
    for token in found:
        if token.isspace():
            apart = True
            continue
        if token == ")":
            break
        group.members.append(_Piece(_grouped(found) if token == "(" else token, apart))
        apart = False
    return group


def _flat(pieces: list[_Piece]) -> str:
    parts = []
    for place, piece in enumerate(pieces):
        what = piece.what if isinstance(piece.what, str) else f"({_flat(piece.what.members)})"
        parts.append(" " + what if piece.apart and place else what)
    return "".join(parts)


def _segments(group: _Group) -> Iterator[list[_Piece]]:
    """The members in lines: a comma ends one, a keyword of a clause begins one."""
    line: list[_Piece] = []
    following: list[_Piece | None] = [*group.members[1:], None]
    for piece, after in zip(group.members, following, strict=True):
        called = after is not None and isinstance(after.what, _Group) and not after.apart
        keyword = isinstance(piece.what, str) and _BEGINS_A_LINE.match(piece.what)
        if keyword and not called and line:
            yield line
            line = []
        line.append(piece)
        if piece.what == ",":
            yield line
            line = []
    if line:
        yield line


def _lines(group: _Group, depth: int) -> Iterator[str]:
    margin = "  " * depth
    for segment in _segments(group):
        flat = _flat(segment)
        if len(margin) + len(flat) <= _WIDTH:
            yield margin + flat
            continue
        line: list[_Piece] = []
        for piece in segment:
            if isinstance(piece.what, str) or len(_flat([piece])) <= _WIDTH // 2:
                line.append(piece)
                continue
            blank = " " if piece.apart and line else ""
            yield margin + _flat(line) + blank + "("
            yield from _lines(piece.what, depth + 1)
            line = [_Piece(")", False)]
        yield margin + _flat(line)
