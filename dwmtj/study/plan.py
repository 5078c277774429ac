"""What a study will take, before it starts: parts, memory, and the time as measured on some of the parts."""

import tracemalloc
from dataclasses import dataclass

from .description import Study
from .parts import Part, measure_part, parts_of

_PROBED_SAMPLES = 16
_BYTES_PER_VALUE = 8


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How many parts and samples there are, how many of them are known already, and what they take.

    bytes_per_part: that a part needs at most while it is measured, on top of the package itself.
    bytes_of_result: of the whole result in memory.  seconds_per_sample: None where nothing was measured.
    """

    points: int
    samples_per_point: int
    parts: int
    samples_per_part: int
    known_parts: int
    missing_samples: int
    measured_parts: int
    bytes_per_part: float
    bytes_of_result: float
    seconds_per_sample: float | None
    at_once: int
    where: str

    @property
    def samples(self) -> int:
        """In all."""
        return self.points * self.samples_per_point

    @property
    def seconds(self) -> float | None:
        """That the missing samples will take; None where nothing was measured."""
        if self.seconds_per_sample is None:
            return None
        return self.missing_samples * self.seconds_per_sample / self.at_once

    def text(self) -> str:
        """The plan as three lines."""
        lines = [
            f"plan: {self.points} points x {self.samples_per_point} samples = {self.samples} samples in {self.parts} "
            f"parts of up to {self.samples_per_part}, on {self.where}"
            + (f"; {self.known_parts} parts are there already" if self.known_parts else ""),
            f"memory: {_size(self.bytes_per_part)} for each part that is measured, {_size(self.bytes_of_result)} for "
            "the result",
        ]
        if self.seconds is not None and self.seconds_per_sample is not None:
            lines.append(
                f"time: about {duration(self.seconds)} for the {self.missing_samples} samples left "
                f"({1e3 * self.seconds_per_sample:.3g} ms a sample, measured on {self.measured_parts} parts)"
            )
        return "\n".join(lines)


def pilots(missing: list[Part], most: int) -> list[Part]:
    """Up to so many parts from all over the grid: points may differ in what they take."""
    count = min(most, len(missing))
    return [missing[(2 * index + 1) * len(missing) // (2 * count)] for index in range(count)]


def bytes_per_sample(study: Study) -> float:
    """The most memory that the measuring of a few samples of the last point needs at once, per sample.

    It also loads, and where necessary compiles, what the measure needs, so that the parts measured after it are not
    slowed by that.
    """
    count = min(_PROBED_SAMPLES, study.samples, study.samples_per_part or study.kind.samples_per_part)
    probe = Part(0, study.number_of_points - 1, 0, count)
    measure_part(study, probe)
    tracemalloc.start()
    try:
        measure_part(study, probe)
        return tracemalloc.get_traced_memory()[1] / count
    finally:
        tracemalloc.stop()


def result_bytes(study: Study) -> float:
    """Of all values of a study."""
    return float(_BYTES_PER_VALUE * len(study.kind.results) * study.number_of_points * study.samples)


def number_of_parts(study: Study) -> int:
    """Of a whole study."""
    return sum(1 for _ in parts_of(study))


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
