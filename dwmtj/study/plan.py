"""The cost of a study before it starts: parts, memory, and time, measured on some of its samples."""

import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass

from .description import Study
from .parts import Part, measure_part

_ENOUGH = 0.5  # s, least duration of a measurement from which the time of a sample is derived
_POINTS = 3
_TRACED_SAMPLES = 16  # tracing makes a measurement several times slower
_BYTES_PER_VALUE = 8


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The cost of samples: s and bytes for each, in addition to the package itself, and the number measured."""

    seconds_per_sample: float
    bytes_per_sample: float
    samples: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The remaining work of a study and, once some samples have been measured, its cost.

    parts: the missing ones.  cost: None before it has been measured.  at_once: parts that are measured simultaneously;
    where: on which workers.  seconds_per_part: for assembling a part and writing it, which one process does for all.
    """

    points: int
    samples_per_point: int
    parts: int
    samples_per_part: int
    missing_samples: int
    bytes_of_result: float
    at_once: int
    where: str
    seconds_per_part: float
    cost: Cost | None = None

    @property
    def samples(self) -> int:
        """Total number of samples, measured or missing."""
        return self.points * self.samples_per_point

    @property
    def seconds(self) -> float | None:
        """Estimated time for the missing samples, s; None before it has been measured."""
        if self.cost is None:
            return None
        return self.missing_samples * self.cost.seconds_per_sample / self.at_once + self.parts * self.seconds_per_part

    @property
    def bytes_per_part(self) -> float | None:
        """Memory of a part while it is measured; None before it has been measured."""
        return None if self.cost is None else self.cost.bytes_per_sample * self.samples_per_part

    def extent(self) -> str:
        """The work to be done, in one line."""
        there = self.samples - self.missing_samples
        known = f"; {there} samples are there already" if there else ""
        return (
            f"plan: {self.points} points x {self.samples_per_point} samples = {self.samples} samples in {self.parts} "
            f"parts of up to {self.samples_per_part}, on {self.where}{known}"
        )

    def demand(self) -> str:
        """Its memory and time, in two lines; empty before they have been measured."""
        if self.cost is None or self.seconds is None or self.bytes_per_part is None:
            return ""
        part = f"{_size(self.bytes_per_part)} for each part that is measured, " if self.bytes_per_part else ""
        left, each = duration(self.seconds), 1e3 * self.cost.seconds_per_sample
        storing = f"; {1e3 * self.seconds_per_part:.2g} ms a part to keep it" if self.seconds_per_part else ""
        return (
            f"memory: {part}{_size(self.bytes_of_result)} for the result\n"
            f"time: about {left} for the {self.missing_samples} samples left ({each:.3g} ms a sample, measured on "
            f"{self.cost.samples}{storing})"
        )


def pilots(parts: Sequence[Part]) -> list[Part]:
    """Up to three parts from all over the grid."""
    count = min(_POINTS, len(parts))
    return [parts[(2 * index + 1) * len(parts) // (2 * count)] for index in range(count)]


def measured_cost(parts: list[Part]) -> Cost:
    """The cost of a sample, from samples of each of these parts.

    Increasing numbers of samples are measured for each part, until that takes half a second; a first result thus comes
    soon, and includes the gain of measuring many samples side by side.  They are not kept.
    """
    measure_part(parts[0].first_samples(1))  # loads and, if necessary, compiles everything that the measure needs
    each, room, total = 0.0, 0.0, 0
    for part in parts:
        size = 1
        while True:
            begun = time.perf_counter()
            measure_part(part.first_samples(size))
            took = time.perf_counter() - begun
            if took > _ENOUGH or size == part.count:
                break
            size = min(4 * size, part.count)
        each += took / size / len(parts)
        total += size
        traced = min(size, _TRACED_SAMPLES)
        if took * traced / size < _ENOUGH:
            room = max(room, _traced(part.first_samples(traced)) / traced)
    if room == 0.0:  # all were slow, perhaps beside other work; the memory is measured nevertheless
        traced = max(1, min(size, _TRACED_SAMPLES, int(2.0 * _ENOUGH / each)))
        room = _traced(parts[-1].first_samples(traced)) / traced
    return Cost(seconds_per_sample=each, bytes_per_sample=room, samples=total)


def _traced(part: Part) -> float:
    tracemalloc.start()
    try:
        measure_part(part)
        return float(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def result_bytes(study: Study) -> float:
    """Of all values of a study."""
    return float(_BYTES_PER_VALUE * len(study.kind.results) * study.number_of_points * study.samples)


def duration(seconds: float) -> str:
    """A time for a reader: two units at most."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.3g} GiB"
