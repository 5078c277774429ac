"""Running a study from the plan to the labelled result, part by part, through a store that survives interruptions."""

import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from compact_model.support.arrays import FloatArray, IntArray
from compact_model.support.progress import Progress
from compact_model.support.provenance import provenance
from compact_model.support.store import Store, write_netcdf
from compact_model.support.validation import InputError, instance, listed, shown
from dwmtj.options.device import Quantity

from . import plot  # noqa: F401 (registers how a study draws itself)
from .description import Study
from .designs import GRID
from .measures.own import located
from .parts import KEY, Part, Parts, labelled
from .plan import Plan, pilots, result_bytes
from .pools import Pool, open_pool
from .quantities import si_unit

QUANTILES = {"q05": 0.05, "median": 0.5, "q95": 0.95}


def unheard(plan: Plan) -> None:
    """Used without a request for the plan."""


def run_study(
    study: Study,
    *,
    store: str | Path | None = None,
    scheduler: str | None = None,
    workers: int = 0,
    merge: Iterable[str | Path] = (),
    progress: bool = False,
    announce: Callable[[Plan], object] = unheard,
) -> xr.Dataset:
    """Measure the missing samples of a study, and return all of them.

    store: a folder that keeps each part, a labelled NetCDF file, as soon as it is finished; repeating the call resumes
        from there, also for the same study with other samples or points.  None: nothing is kept.
    merge: stores of the same study from elsewhere, whose parts are first copied into this one.
    scheduler: address of a Dask scheduler; workers: number of Dask workers of this machine instead, with one thread
        each (in a script: under `if __name__ == "__main__"`); neither: the threads of this process.  All give the same
        numbers.
    announce: called with the plan before the first part starts, twice: at once, and then with its cost, which is
        measured on some samples for a second or two (or as long as single samples take).

    Returns a Dataset.  Over the swept quantities and `sample`: the measure's results.  Over the swept quantities alone,
    for each result, with names such as `threshold_mean`: mean and standard deviation (of the finite values), median,
    q05, q95 (of all values), finite (the share of finite values), and the further variables of the measure.  If no
    sample is finite, the mean and the standard deviation are inf; the standard deviation of a single sample is 0.
    Drawn points are along `point`.  The attribute notes has remarks for the reader, one per line.
    Raises InputError, StoreError (such as a full disk), SchedulerError; everything that was measured before is in the
    store.
    """
    return _Run(study, store, merge, progress).result(scheduler, workers, announce)


def plan_study(
    study: Study,
    *,
    store: str | Path | None = None,
    scheduler: str | None = None,
    workers: int = 0,
    merge: Iterable[str | Path] = (),
    announce: Callable[[Plan], object] = unheard,
) -> Plan:
    """The plan of a study, or of its part that is missing in the store; merge, announce: as in `run_study`."""
    run = _Run(study, store, merge, False)
    with open_pool(scheduler, workers) as pool:
        return run.plan(pool, announce)


class _Run:
    def __init__(self, study: Study, store: str | Path | None, merge: Iterable[str | Path], progress: bool) -> None:
        self._study = instance("study", study, Study)
        self._store = Store(store, study.identity())
        self._progress = progress
        others = [] if isinstance(merge, list | tuple) and not merge else listed("merge", merge)
        for other in [opened(study, each) for each in others]:  # all are opened before the first is copied
            if store is None:
                raise InputError("merge: expected a store to copy parts into, got none")
            self._store.adopt(other)
        size = (study.number_of_points, study.samples)
        self._values = {item.name: np.full(size, np.nan) for item in study.kind.results}
        for name in self._store.names:
            stored = self._store.load_arrays(name)
            if stored is not None:
                self._place_stored(stored)
        known = np.ones(size, dtype=bool)
        for values in self._values.values():
            known &= ~np.isnan(values)
        self._missing = Parts(study, np.flatnonzero(~known))
        self._missing_samples = int(known.size - known.sum())

    def _place_stored(self, stored: Mapping[str, Any]) -> None:
        """The samples of a stored part that belong to the study; a store may have more points and samples."""
        order = self._sorted
        keys = self._study.keys[order]
        rows = np.minimum(np.searchsorted(keys, stored[KEY]), keys.size - 1)
        mine = (keys[rows] == stored[KEY]) & (stored["sample"] < self._study.samples)
        for name, values in self._values.items():
            values[order[rows[mine]], stored["sample"][mine]] = stored[name][mine]

    @cached_property
    def _sorted(self) -> IntArray:
        return np.argsort(self._study.keys)

    def _place(self, part: Part, values: Mapping[str, FloatArray]) -> None:
        for name, found in values.items():
            self._values[name][part.points[part.place], part.samples] = found

    def plan(self, pool: Pool, announce: Callable[[Plan], object]) -> Plan:
        """The plan, announced before and after some samples were measured for it."""
        study = self._study
        plan = Plan(
            points=study.number_of_points,
            samples_per_point=study.samples,
            parts=len(self._missing),
            samples_per_part=study.part_size,
            missing_samples=self._missing_samples,
            bytes_of_result=result_bytes(study),
            at_once=pool.at_once,
            where=pool.where,
            seconds_per_part=self._storing(),
        )
        announce(plan)
        if self._missing:
            plan = replace(plan, cost=pool.cost(pilots(self._missing)))
            announce(plan)
        return plan

    def _storing(self) -> float:
        """The time of a part besides its measurement, s: for assembling and writing it."""
        if not self._missing or self._store.folder is None:
            return 0.0
        begun = time.perf_counter()
        part = self._missing[0]
        zeros = {item.name: np.zeros(part.count) for item in self._study.kind.results}
        with tempfile.TemporaryDirectory(dir=self._store.folder, prefix=".plan-") as folder:
            write_netcdf(labelled(self._study, part, zeros), Path(folder) / "part.nc")
        return time.perf_counter() - begun

    def result(self, scheduler: str | None, workers: int, announce: Callable[[Plan], object]) -> xr.Dataset:
        if self._missing:
            with open_pool(scheduler, workers) as pool:
                if announce is not unheard:  # a plan takes seconds to measure its cost
                    self.plan(pool, announce)
                samples = self._study.number_of_points * self._study.samples
                done = samples - self._missing_samples
                with Progress(self._progress, "study").bar(samples, "sample", done) as advance:
                    for part, values in pool.measure(self._missing):
                        self._store.save(part.name, labelled(self._study, part, values))
                        self._place(part, values)
                        advance(part.count)
        return label_study(self._study, self._values)


def opened(study: Study, folder: str | Path) -> Store:
    """An existing store of the same study.  Raises InputError if there is none, or it is of another study."""
    path = Path(folder) if isinstance(folder, str | Path) and "\0" not in str(folder) else None
    if path is None or not path.is_dir():
        raise InputError(f"merge: expected the folder of a study's store, got {shown(str(folder))}")
    if not any(path.glob("[!.]*.nc")):
        raise InputError(f"merge: expected a store with parts of this study, got none in {path}")
    try:
        return Store(path, study.identity())
    except InputError as error:
        raise InputError(f"merge: {str(error).removeprefix('store: ').partition('; give another')[0]}") from None


def label_study(study: Study, values: Mapping[str, FloatArray]) -> xr.Dataset:
    """The Dataset of a study, from values of shape (points, samples)."""
    grid = study.dimensions
    found: dict[str, Any] = {}
    for item in study.kind.results:
        each = values[item.name]
        found[item.name] = ((*grid, "sample"), each.reshape(*study.shape, study.samples), _attributes(item))
        for name, statistic in statistics(each).items():
            of = _attributes(item) if name != "finite" else {"long_name": f"share of finite values of {item.help}"}
            found[f"{item.name}_{name}"] = (grid, statistic.reshape(study.shape), of)
    if study.kind.summarise is not None:
        rows = [
            _summary(study, index, {name: each[index] for name, each in values.items()})
            for index in range(study.number_of_points)
        ]
        for item in study.kind.extras:
            column = np.array([row[item.name] for row in rows])
            found[item.name] = (grid, column.reshape(study.shape), _attributes(item))
    coordinates: dict[str, Any] = {"sample": np.arange(study.samples)}
    for name, swept in study.sweep.items():
        drawn = study.design != GRID
        along = [combination[name] for combination in study.combinations] if drawn else list(swept)
        coordinates[name] = (("point",) if drawn else (name,), along, _attributes(study.quantities[name]))
    attributes: dict[str, Any] = study.identity() | {"experiment": "study", "description": study.description}
    attributes |= {"design": study.design, "samples": study.samples}
    result = xr.Dataset(found, coords=coordinates, attrs=attributes | provenance([study.point(0).device], []))
    notes = [] if study.kind.notes is None else study.kind.notes(result)
    return result.assign_attrs(notes="\n".join(notes))


def _summary(study: Study, index: int, values: Mapping[str, FloatArray]) -> Mapping[str, float]:
    assert study.kind.summarise is not None
    settings = study.recipe.settings_at(study.combinations[index])
    with located(study.kind):
        return study.kind.summarise(values, settings)


def statistics(values: FloatArray) -> dict[str, FloatArray]:
    """Statistics of values of shape (points, samples), some of which may be inf: see `run_study`."""
    finite = np.isfinite(values)
    count = finite.sum(axis=1)
    some = np.maximum(count, 1)
    kept = np.where(finite, values, 0.0)
    mean = kept.sum(axis=1) / some
    deviation = np.sqrt(
        (np.where(finite, values - mean[:, np.newaxis], 0.0) ** 2).sum(axis=1) / np.maximum(some - 1, 1)
    )
    # The mean of equal values is rounded, and they would scatter around it.
    deviation = np.where(np.ptp(kept, axis=1) + (count < values.shape[1]) == 0.0, 0.0, deviation)
    # The next lower order statistic: interpolating between a number and inf would not give a number.
    quantiles = {name: np.quantile(values, share, axis=1, method="lower") for name, share in QUANTILES.items()}
    return {
        "mean": np.where(count > 0, mean, np.inf),
        "std": np.where(count > 0, deviation, np.inf),
        **quantiles,
        "finite": count / values.shape[1],
    }


def _attributes(item: Quantity) -> dict[str, str]:
    unit = si_unit(item)
    return {"long_name": item.help} | ({"units": unit} if unit else {})
