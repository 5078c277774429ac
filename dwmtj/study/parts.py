"""A study in parts: each is measured by itself, wherever, and is a labelled file of its own."""

import threading
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from compact_model.support.arrays import FloatArray
from compact_model.support.validation import ConvergenceError, InputError

from .description import Study
from .measures import MEASURES
from .quantities import si_unit
from .sampling import Batch

# numba's simplest threading layer ends a process in which two threads start kernels at once.
_ONE_PART_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, eq=False)
class Part:
    """Some samples of one point, and all that it takes to measure them anywhere.

    number: of the part, from 0.  measure: by name.  where: the point in words.
    """

    number: int
    measure: str
    batch: Batch
    where: str

    @property
    def name(self) -> str:
        """Of its file."""
        return f"part_{self.number:07d}"

    @property
    def samples(self) -> slice:
        """Numbers of its samples at its point."""
        return slice(self.batch.first, self.batch.first + self.batch.count)

    def first_samples(self, count: int) -> "Part":
        """The same with fewer samples."""
        return replace(self, batch=replace(self.batch, count=count))


def parts_of(study: Study) -> list[Part]:
    """All parts of a study, point by point."""
    size = study.part_size
    places = [(point, first) for point in study.points for first in range(0, study.samples, size)]
    return [
        Part(
            number,
            study.measure,
            Batch(point, study.spread, study.seed, first, min(size, study.samples - first)),
            study.words(point.index),
        )
        for number, (point, first) in enumerate(places)
    ]


def measure_part(part: Part) -> dict[str, FloatArray]:
    """The values of a part by the results' names, each of shape (samples,).

    Raises InputError with the point that it is about, and ConvergenceError where a value is not a number.
    """
    with _ONE_PART_AT_A_TIME:
        try:
            values = MEASURES[part.measure].run(replace(part.batch))  # a copy: what it draws is not kept with the part
        except InputError as error:
            raise InputError(f"{part.where}{error}") from None
    for name, found in values.items():
        if np.isnan(found).any():
            worst = part.batch.first + int(np.isnan(found).argmax())
            raise ConvergenceError(f"{part.where}{name} of sample {worst} is not a number")
    return values


def labelled(study: Study, part: Part, values: dict[str, FloatArray]) -> xr.Dataset:
    """A part as it is stored: its values along `sample`, and the point as scalar coordinates."""
    found = {
        item.name: (("sample",), values[item.name], {"long_name": item.help, "units": si_unit(item)})
        for item in study.kind.results
    }
    numbers = np.arange(part.samples.start, part.samples.stop)
    coordinates = {
        name: ((), value, {"units": si_unit(study.quantities[name])})
        for name, value in study.combinations[part.batch.point.index].items()
    }
    return xr.Dataset(found, coords={"sample": ("sample", numbers), **coordinates}, attrs=study.identity())


def values_of(study: Study, part: Part, stored: xr.Dataset) -> dict[str, FloatArray] | None:
    """The values of a stored part; None where they are not those of this part, and it must be measured again."""
    names = [item.name for item in study.kind.results]
    if any(stored.attrs.get(name) != text for name, text in study.identity().items()):
        return None
    if any(name not in stored for name in names):
        return None
    if not np.array_equal(stored.sample.values, np.arange(part.samples.start, part.samples.stop)):
        return None
    swept = study.combinations[part.batch.point.index]
    if any(name not in stored.coords or stored[name].item() != value for name, value in swept.items()):
        return None
    values = {name: stored[name].values for name in names}
    return None if any(np.isnan(found).any() for found in values.values()) else values
