"""Figures of all processes of an installation: counted in shared memory, told by any of them.

Every figure is one number at a fixed place of a block of memory. A process that was started alone
has a block of its own; those that were started together have one slot each in a file that has no
name any more and goes with them. Counting is adding to a number in memory, so nothing is lost when
a process is killed, and its successor, which takes over its slot, goes on with what it counted.
Whichever process is asked adds up all slots.
"""

import mmap
import os
import tempfile
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Cells = memoryview[float]
else:
    Cells = memoryview

VARIABLE = "TERRACE_METERS"
"""Tells a child where to count: descriptor of the file, its slot, and how many slots there are."""

_LARGEST = 1024  # numbers of a slot


class Metric:
    """A figure, or one for each combination of its labels' values, all known beforehand."""

    def __init__(
        self, kind: str, name: str, told: str, labels: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        """`kind` is counter or gauge, `name` the whole name, `told` what it is."""
        self.kind, self.name, self.told = kind, name, told
        self.labels = dict(labels or {})
        self._at = METERS.reserve(self, self._size())

    def _size(self) -> int:
        size = 1
        for values in self.labels.values():
            size *= len(values)
        return size

    def at(self, *values: str) -> int:
        """The place of a combination; a value that is not foreseen counts as the last one."""
        place = 0
        for known, value in zip(self.labels.values(), values, strict=True):
            index = known.index(value) if value in known else len(known) - 1
            place = place * len(known) + index
        return self._at + place

    def samples(self, totals: Sequence[float]) -> Iterator[str]:
        """The lines of the figure."""
        for number, values in enumerate(product(*self.labels.values())):
            shown = _labels(dict(zip(self.labels, values, strict=True)))
            yield f"{self.name}{shown} {_number(totals[self._at + number])}"


class Histogram(Metric):
    """How long things took, in seconds, by buckets, for each value of one label."""

    def __init__(
        self, name: str, told: str, bounds: Sequence[float], label: str, values: Sequence[str]
    ) -> None:
        """`bounds` are the upper ends of the buckets, in order."""
        self._bounds = tuple(bounds)
        super().__init__("histogram", name, told, {label: values})

    def _size(self) -> int:
        return super()._size() * (len(self._bounds) + 2)  # the buckets, all others, the sum

    def place(self, value: str) -> int:
        """Where the buckets of a label's value begin."""
        return self._at + (self.at(value) - self._at) * (len(self._bounds) + 2)

    def took(self, place: int, seconds: float) -> None:
        """Count one that took so long."""
        cells = METERS.cells
        cells[place + bisect_left(self._bounds, seconds)] += 1
        cells[place + len(self._bounds) + 1] += seconds

    def samples(self, totals: Sequence[float]) -> Iterator[str]:
        """The lines of the figure."""
        [(label, values)] = self.labels.items()
        for value in values:
            at, count = self.place(value), 0.0
            for number, bound in enumerate([*self._bounds, None]):
                count += totals[at + number]
                shown = _labels({label: value, "le": "+Inf" if bound is None else f"{bound:g}"})
                yield f"{self.name}_bucket{shown} {_number(count)}"
            named = _labels({label: value})
            yield f"{self.name}_sum{named} {totals[at + len(self._bounds) + 1]!r}"
            yield f"{self.name}_count{named} {_number(count)}"


class Meters:
    """The numbers of this process, and those of the processes it was started with."""

    def __init__(self) -> None:
        """Numbers of its own, until it is told of others."""
        self._metrics: list[Metric] = []
        self._used = 0
        self.cells: Cells = memoryview(bytearray(8 * _LARGEST)).cast("d")
        self._slots: list[Cells] = [self.cells]

    def reserve(self, metric: Metric, size: int) -> int:
        """Room for a figure; all are made when their modules are, so it is the same everywhere."""
        at = self._used
        self._used += size
        if self._used > _LARGEST:
            raise ValueError("there are more figures than a slot has room for")
        self._metrics.append(metric)
        return at

    def join(self, given: str) -> None:
        """Count in a slot that a parent has made; `given` is the value of VARIABLE.

        Counters go on from where a process that had the slot before ended; gauges begin anew.
        """
        descriptor, own, slots = (int(part) for part in given.split(":"))
        self._slots = _mapped(descriptor, slots)
        os.close(descriptor)
        self.cells = self._slots[own]
        self.forget(self.cells)

    def forget(self, cells: Cells) -> None:
        """Set what is a state, and no count, to nothing."""
        for metric in self._metrics:
            if metric.kind == "gauge":
                for at in range(metric._at, metric._at + metric._size()):
                    cells[at] = 0.0

    def told(self) -> str:
        """All figures in the text format of Prometheus, added up over the processes."""
        totals = [sum(numbers) for numbers in zip(*self._slots, strict=True)]
        lines: list[str] = []
        for metric in self._metrics:
            lines += [
                f"# HELP {metric.name} {metric.told}",
                f"# TYPE {metric.name} {metric.kind}",
                *metric.samples(totals),
            ]
        return "\n".join(lines) + "\n"


METERS = Meters()
"""The figures of this process."""


@dataclass(frozen=True, slots=True)
class Slots:
    """The slots of processes that one parent starts: what it passes on, and clears up after."""

    descriptor: int
    cells: list[Cells]

    @classmethod
    def new(cls, number: int) -> "Slots":
        """So many slots, in a file that only open descriptors lead to."""
        with tempfile.TemporaryFile() as file:
            file.truncate(8 * _LARGEST * number)
            descriptor = os.dup(file.fileno())
        return cls(descriptor, _mapped(descriptor, number))

    def given(self, slot: int) -> str:
        """What VARIABLE says to the child of a slot."""
        return f"{self.descriptor}:{slot}:{len(self.cells)}"

    def vacate(self, slot: int) -> None:
        """The process of a slot has ended: its states are none, what it counted stays."""
        METERS.forget(self.cells[slot])


def state(name: str, told: str, labels: Mapping[str, str], value: float | None) -> list[str]:
    """The line of a figure that is looked up when it is asked for, its heading first."""
    if value is None:
        return []
    return [
        f"# HELP {name} {told}",
        f"# TYPE {name} gauge",
        f"{name}{_labels(labels)} {_number(value)}",
    ]


def _mapped(descriptor: int, slots: int) -> list[Cells]:
    whole = memoryview(mmap.mmap(descriptor, 8 * _LARGEST * slots)).cast("d")
    return [whole[_LARGEST * slot : _LARGEST * (slot + 1)] for slot in range(slots)]


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{n}="{v}"' for n, v in labels.items()) + "}" if labels else ""


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
