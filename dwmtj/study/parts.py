"""The parts of a study: samples of one point or of several that are measured and stored together."""

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, overload

import numpy as np
import xarray as xr

from compact_model.support.arrays import FloatArray, IntArray
from compact_model.support.validation import ConvergenceError, InputError

from .description import Study
from .measures.own import located
from .points import Recipe
from .quantities import si_unit
from .sampling import Batch, Point

ROW = "row"
"""The dimension of a stored part: its samples, whatever their points."""
KEY = "point_key"
"""The variable of a stored part with the keys of the samples' points."""

# numba's simplest threading layer ends a process in which two threads start kernels at once.
_ONE_PART_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, eq=False)
class Part:
    """Some samples, with everything needed to measure them anywhere.

    points: the points that they belong to, by number in the study.  swept: the values there, and keys: their keys.
    place: for each sample the index of its point in these three.  samples: the samples' numbers at their points.
    """

    recipe: Recipe
    seed: int
    spreads: Mapping[str, float]
    points: IntArray
    swept: Sequence[Mapping[str, Any]]
    keys: IntArray
    place: IntArray
    samples: IntArray

    @property
    def name(self) -> str:
        """Name of its file: of exactly these samples, so that parts of several stores can be in one folder."""
        rows = np.stack([self.keys[self.place], self.samples]).tobytes()
        return f"part_{hashlib.sha256(rows).hexdigest()[:16]}"

    @property
    def count(self) -> int:
        """Number of samples."""
        return self.samples.size

    def first_samples(self, count: int) -> "Part":
        """The same part with fewer samples."""
        return replace(self, place=self.place[:count], samples=self.samples[:count])

    def batches(self) -> Iterator[tuple[slice, Batch]]:
        """The samples in groups with equal settings, with their positions in the part."""
        points: dict[int, Point] = {}
        for place in np.unique(self.place).tolist():
            points[place] = self.recipe.point(int(self.keys[place]), self.swept[place])
        begin = 0
        for _, group in groupby(self.place.tolist(), lambda place: _hashable(points[place].settings)):
            rows = list(group)
            here = slice(begin, begin + len(rows))
            yield here, Batch([points[place] for place in rows], self.samples[here], self.spreads, self.seed)
            begin = here.stop


def _hashable(settings: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(settings.values())


class Parts(Sequence[Part]):
    """The missing samples of a study, in parts.

    missing: numbers of the samples, point by point: point times samples per point, plus the number at the point.
    """

    def __init__(self, study: Study, missing: IntArray) -> None:
        self._study = study
        self._missing = missing

    def __len__(self) -> int:
        return -(-self._missing.size // self._study.part_size)

    @overload
    def __getitem__(self, number: int) -> Part: ...
    @overload
    def __getitem__(self, number: slice) -> list[Part]: ...
    def __getitem__(self, number: int | slice) -> Part | list[Part]:
        if isinstance(number, slice):
            return [self[index] for index in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise IndexError(number)
        study, size = self._study, self._study.part_size
        points, samples = np.divmod(self._missing[number * size : (number + 1) * size], study.samples)
        here, place = np.unique(points, return_inverse=True)
        return Part(
            recipe=study.recipe,
            seed=study.seed,
            spreads=study.spread,
            points=here,
            swept=[study.combinations[index] for index in here.tolist()],
            keys=study.keys[here],
            place=place,
            samples=samples,
        )


def measure_part(part: Part) -> dict[str, FloatArray]:
    """The values of a part by the results' names, each of shape (samples,).

    Raises InputError that names the point, and ConvergenceError for a value that is not a number.
    """
    measure = part.recipe.measure
    found = {item.name: np.empty(part.count) for item in measure.results}
    with _ONE_PART_AT_A_TIME:
        for rows, batch in part.batches():
            try:
                with located(measure):
                    values = measure.run(batch)
            except InputError as error:
                several = len({point.key for point in batch.points}) > 1
                where = "" if several or str(error).startswith("at ") else batch.points[0].where
                raise InputError(f"{where}{error}") from None
            for name, here in found.items():
                here[rows] = _checked(measure.file or measure.name, name, values, batch)
                if np.isnan(here[rows]).any():
                    worst = int(np.isnan(here[rows]).argmax())
                    raise ConvergenceError(
                        f"{batch.points[worst].where}{name} of sample {batch.numbers[worst]} is not a number"
                    )
    return found


def _checked(measure: str, name: str, values: Any, batch: Batch) -> FloatArray:
    wanted = f"{measure}: expected run to give a number {name} for each of {len(batch.points)} samples"
    if not isinstance(values, Mapping) or name not in values:
        raise InputError(f"{wanted}, got none")
    try:
        found = np.asarray(values[name], dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{wanted}, got {type(values[name]).__name__}") from None
    if found.shape != (len(batch.points),):
        raise InputError(f"{wanted}, got an array of shape {found.shape}")
    return found


def labelled(study: Study, part: Part, values: Mapping[str, FloatArray]) -> xr.Dataset:
    """A part in its stored form: along `row` its values, and as coordinates the sample's number and the swept
    values."""
    found = {
        item.name: ((ROW,), values[item.name], {"long_name": item.help, "units": si_unit(item)})
        for item in study.kind.results
    }
    coordinates: dict[str, Any] = {
        "sample": ((ROW,), part.samples),
        KEY: ((ROW,), part.keys[part.place], {"long_name": "number of the point, from its swept values"}),
    }
    for name in study.sweep:
        each = np.array([swept[name] for swept in part.swept])[part.place]
        coordinates[name] = ((ROW,), each, {"units": si_unit(study.quantities[name])})
    return xr.Dataset(found, coords=coordinates, attrs={"measure": study.measure, "seed": study.seed})
