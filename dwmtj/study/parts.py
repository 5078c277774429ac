"""A study in parts: each is measured by itself, wherever, and is a labelled file of its own."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from compact_model.validation import ConvergenceError, InputError

from .description import Study
from .quantities import si_unit
from .sampling import Batch

Array = NDArray[np.float64]

# numba's simplest threading layer ends a process in which two threads start kernels at once.
_ONE_PART_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Part:
    """Samples `first` to `first + count` of one point; number: of the part, from 0."""

    number: int
    point: int
    first: int
    count: int

    @property
    def name(self) -> str:
        """Of its file."""
        return f"part_{self.number:07d}"


def parts_of(study: Study) -> Iterator[Part]:
    """All parts of a study, point by point."""
    size = study.samples_per_part or study.kind.samples_per_part
    number = 0
    for point in range(study.number_of_points):
        for first in range(0, study.samples, size):
            yield Part(number, point, first, min(size, study.samples - first))
            number += 1


def measure_part(study: Study, part: Part) -> tuple[dict[str, Array], float]:
    """The values of a part by the results' names, each of shape (samples,), and the seconds that it took.

    Raises ConvergenceError where a value is not a number.
    """
    batch = Batch(study.points[part.point], study.spread, study.seed, part.first, part.count)
    with _ONE_PART_AT_A_TIME:
        begun = time.perf_counter()
        try:
            values = study.kind.run(batch)
        except InputError as error:
            raise InputError(f"{study.words(part.point)}{error}") from None
        took = time.perf_counter() - begun
    for name, found in values.items():
        if np.isnan(found).any():
            worst = part.first + int(np.isnan(found).argmax())
            raise ConvergenceError(f"{study.words(part.point)}{name} of sample {worst} is not a number")
    return values, took


def labelled(study: Study, part: Part, values: dict[str, Array]) -> xr.Dataset:
    """A part as it is stored: its values along `sample`, and the point as scalar coordinates."""
    found = {
        item.name: (("sample",), values[item.name], {"long_name": item.help, "units": si_unit(item)})
        for item in study.kind.results
    }
    numbers = np.arange(part.first, part.first + part.count)
    coordinates = {
        name: ((), value, {"units": si_unit(study.quantities[name])})
        for name, value in study.combinations[part.point].items()
    }
    return xr.Dataset(found, coords={"sample": ("sample", numbers), **coordinates}, attrs=study.identity())
