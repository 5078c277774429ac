"""A study from the plan to the labelled result, part by part, through a store that survives what happens."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from compact_model.support.arrays import FloatArray
from compact_model.support.progress import Progress
from compact_model.support.provenance import provenance
from compact_model.support.store import Store
from compact_model.support.validation import instance
from dwmtj.options.device import Quantity

from . import plot  # noqa: F401 (registers how a study draws itself)
from .description import Study
from .parts import Part, labelled, parts_of, values_of
from .plan import Plan, pilots, result_bytes
from .pools import Pool, open_pool
from .quantities import si_unit

QUANTILES = {"q05": 0.05, "median": 0.5, "q95": 0.95}


def unheard(plan: Plan) -> None:
    """Nobody asked for the plan."""


def run_study(
    study: Study,
    *,
    store: str | Path | None = None,
    scheduler: str | None = None,
    workers: int = 0,
    progress: bool = False,
    announce: Callable[[Plan], object] = unheard,
) -> xr.Dataset:
    """Measure what is missing of a study, and return all of it.

    store: a folder that keeps each part, a labelled NetCDF file, as soon as it is known; the same call goes on from
        there.  None: nothing is kept.
    scheduler: address of a Dask scheduler; workers: that many Dask workers of this machine instead, one thread each
        (in a script: under `if __name__ == "__main__"`); neither: the threads of this process.  All give the same
        numbers.
    announce: called with the plan before the first part starts, twice: at once, and with its cost, which is measured
        on some samples for a second or two (or as long as single samples take).

    Returns a Dataset over the swept quantities and `sample`: the measure's results; over the swept quantities alone:
    of each result the mean and the standard deviation (over the finite values), median, q05, q95 (of all), finite (the
    share), as `threshold_mean` and so on, and what the measure has besides.  Where no sample is finite the mean and the
    standard deviation are inf; that of a single one is 0.
    Raises InputError, StoreError (a full disk), SchedulerError; what was measured before is in the store.
    """
    return _Run(study, store, progress).result(scheduler, workers, announce)


def plan_study(
    study: Study,
    *,
    store: str | Path | None = None,
    scheduler: str | None = None,
    workers: int = 0,
    announce: Callable[[Plan], object] = unheard,
) -> Plan:
    """What a study, or what is missing of it in the store, will take; announce: as in `run_study`."""
    run = _Run(study, store, False)
    with open_pool(scheduler, workers) as pool:
        return run.plan(pool, announce)


class _Run:
    def __init__(self, study: Study, store: str | Path | None, progress: bool) -> None:
        self._study = instance("study", study, Study)
        self._store = Store(store, study.identity())
        self._progress = progress
        size = (study.number_of_points, study.samples)
        self._values = {item.name: np.empty(size) for item in study.kind.results}
        self._parts = parts_of(study)
        self._missing = [part for part in self._parts if not self._load(part)]

    def _load(self, part: Part) -> bool:
        stored = self._store.load(part.name)
        values = None if stored is None else values_of(self._study, part, stored)
        if values is None:
            return False
        self._place(part, values)
        return True

    def _place(self, part: Part, values: Mapping[str, FloatArray]) -> None:
        for name, found in values.items():
            self._values[name][part.batch.point.index, part.samples] = found

    def plan(self, pool: Pool, announce: Callable[[Plan], object]) -> Plan:
        """The plan, announced before and after some samples were measured for it."""
        study = self._study
        plan = Plan(
            points=study.number_of_points,
            samples_per_point=study.samples,
            parts=len(self._parts),
            samples_per_part=study.part_size,
            known_parts=len(self._parts) - len(self._missing),
            missing_samples=sum(part.batch.count for part in self._missing),
            bytes_of_result=result_bytes(study),
            at_once=pool.at_once,
            where=pool.where,
        )
        announce(plan)
        if self._missing:
            plan = replace(plan, cost=pool.cost(pilots(self._missing)))
            announce(plan)
        return plan

    def result(self, scheduler: str | None, workers: int, announce: Callable[[Plan], object]) -> xr.Dataset:
        if self._missing:
            with open_pool(scheduler, workers) as pool:
                plan = self.plan(pool, announce)
                done = plan.samples - plan.missing_samples
                with Progress(self._progress, "study").bar(plan.samples, "sample", done) as advance:
                    for part, values in pool.measure(self._missing):
                        self._store.save(part.name, labelled(self._study, part, values))
                        self._place(part, values)
                        advance(part.batch.count)
        return label_study(self._study, self._values)


def label_study(study: Study, values: Mapping[str, FloatArray]) -> xr.Dataset:
    """The Dataset of a study, from values of shape (points, samples)."""
    grid = tuple(study.sweep)
    found: dict[str, Any] = {}
    for item in study.kind.results:
        each = values[item.name]
        found[item.name] = ((*grid, "sample"), each.reshape(*study.shape, study.samples), _attributes(item))
        for name, statistic in statistics(each).items():
            of = _attributes(item) if name != "finite" else {"long_name": f"share of finite values of {item.help}"}
            found[f"{item.name}_{name}"] = (grid, statistic.reshape(study.shape), of)
    if study.kind.summarise is not None:
        rows = [
            study.kind.summarise({name: each[point.index] for name, each in values.items()}, point.settings)
            for point in study.points
        ]
        for item in study.kind.extras:
            column = np.array([row[item.name] for row in rows])
            found[item.name] = (grid, column.reshape(study.shape), _attributes(item))
    coordinates: dict[str, Any] = {"sample": np.arange(study.samples)}
    for name, swept in study.sweep.items():
        coordinates[name] = ((name,), list(swept), _attributes(study.quantities[name]))
    attributes = study.identity() | {"experiment": "study", "description": study.description}
    return xr.Dataset(found, coords=coordinates, attrs=attributes | provenance([study.points[0].device], []))


def statistics(values: FloatArray) -> dict[str, FloatArray]:
    """Of values of shape (points, samples), some of which may be inf: see `run_study`."""
    finite = np.isfinite(values)
    count = finite.sum(axis=1)
    some = np.maximum(count, 1)
    kept = np.where(finite, values, 0.0)
    mean = kept.sum(axis=1) / some
    deviation = np.sqrt(
        (np.where(finite, values - mean[:, np.newaxis], 0.0) ** 2).sum(axis=1) / np.maximum(some - 1, 1)
    )
    # The next lower order statistic: interpolating between a number and inf would give no number.
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
