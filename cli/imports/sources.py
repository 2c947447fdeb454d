"""Where rows come from: a file, compressed or not, or standard input; always as a stream.

A source is read in blocks of whole lines. Blocks are cut at the same places whatever the file
system or the compression delivers at a time. Nothing is ever held but one block and one line.
"""

import os
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cli.imports.stopped import ImportStopped

BLOCK = 1024 * 1024
"""Bytes of a block at the most, uncompressed."""

LONGEST_LINE = 65_536
"""Characters of a line at the most."""

_KEPT_OF_LINE = 4 * LONGEST_LINE + 1
"""Bytes kept of a line that is too long: still too many characters, whatever they are."""

_PIECE = 256 * 1024
_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31


class SourceEnds(Exception):
    """The source ends where it should not; the message says how."""


class Source:
    """An opened source. `name` is what messages call it."""

    def __init__(self, stream: BinaryIO, name: str, *, compressed: bool) -> None:
        """Take a stream of bytes; `compressed` tells what its name promises."""
        self.name = name
        self.read = 0
        self._stream = stream
        self._compressed = compressed

    @property
    def size(self) -> int | None:
        """Bytes there are to read, before decompression; None where nobody knows."""
        try:
            status = os.fstat(self._stream.fileno())
        except OSError:
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def blocks(self) -> Iterator[bytes]:
        """Blocks of whole lines, each with its line end; the file's last line may have none.

        Raises SourceEnds when the compression is cut off or damaged, after the last whole line
        before that place.
        """
        held = bytearray()
        end: SourceEnds | None = None
        try:
            for piece in self._bounded_lines():
                held += piece
                while len(held) >= BLOCK:
                    cut = (held.rfind(b"\n", 0, BLOCK) + 1) or (held.find(b"\n") + 1) or len(held)
                    yield bytes(held[:cut])
                    del held[:cut]
        except SourceEnds as error:
            end = error
        if held:
            yield bytes(held)
        if end is not None:
            raise end

    def _bounded_lines(self) -> Iterator[bytes]:
        """The bytes, without what is too much of a line; a piece ends where a line does."""
        rest, overflowing = b"", False
        for piece in self._plain():
            start = 0
            if overflowing:
                start = piece.find(b"\n")
                if start < 0:
                    continue
                overflowing = False
            data = rest + piece[start:]
            cut = data.rfind(b"\n") + 1
            if cut:
                yield data[:cut]
            rest = data[cut:]
            if len(rest) > _KEPT_OF_LINE:
                rest, overflowing = rest[:_KEPT_OF_LINE], True
        if rest:
            yield rest

    def _pieces(self) -> Iterator[bytes]:
        while piece := self._stream.read(_PIECE):
            self.read += len(piece)
            yield piece

    def _plain(self) -> Iterator[bytes]:
        pieces = self._pieces()
        start = b""
        for piece in pieces:
            start += piece
            if len(start) >= len(_GZIP):
                break
        if start.startswith(_GZIP):
            yield from self._decompressed(start, pieces)
        elif self._compressed and start:
            raise ImportStopped(f"{self.name} is not compressed with gzip, as its name says")
        else:
            yield start
            yield from pieces

    def _decompressed(self, start: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
        member = zlib.decompressobj(_GZIP_WINDOW)
        piece = start
        try:
            while True:
                data = member.decompress(piece, _PIECE)
                yield data
                piece = member.unconsumed_tail
                if member.eof:
                    piece = member.unused_data.lstrip(b"\0")
                    while not piece:
                        if not (piece := next(pieces, b"")):
                            return
                        piece = piece.lstrip(b"\0")
                    member = zlib.decompressobj(_GZIP_WINDOW)
                elif not piece and len(data) < _PIECE and not (piece := next(pieces, b"")):
                    break
        except zlib.error as error:
            raise SourceEnds(f"the compressed file is damaged ({error})") from None
        raise SourceEnds("the compressed file is cut off")


@contextmanager
def open_source(file: str) -> Iterator[Source]:
    """Open a file by name, or standard input for `-`."""
    if file == "-":
        yield Source(_raw(sys.stdin.buffer), "standard input", compressed=False)
        return
    path = Path(file)
    try:
        if path.is_dir():
            raise ImportStopped(f"{file} is a folder, not a file")
        with path.open("rb", buffering=0) as stream:
            yield Source(stream, file, compressed=path.suffix == ".gz")
    except FileNotFoundError as error:
        if error.filename != str(path):
            raise
        raise ImportStopped(f"there is no file {file}") from None
    except PermissionError as error:
        if error.filename != str(path):
            raise
        raise ImportStopped(f"{file} may not be read: {error.strerror}") from None


def _raw(stream: BinaryIO) -> BinaryIO:
    """The stream below the buffer, so that what has come through a pipe is seen at once."""
    return getattr(stream, "raw", stream)


def rejected_file(file: str) -> Path:
    """Where the rejected rows of a file go: beside it, for standard input in this folder."""
    return Path("stdin.rejected.csv" if file == "-" else f"{file}.rejected.csv")
