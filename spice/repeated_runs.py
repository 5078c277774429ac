"""Monte Carlo runs of a netlist, each with its own random numbers, and the labelled results of its `.meas` lines."""

import os
import re
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from compact_model.support import validation
from compact_model.support.provenance import provenance
from compact_model.support.random import Seed, generator, recorded
from compact_model.support.validation import InputError

from . import plots  # noqa: F401 (registers how the result draws itself)
from .ngspice import installation
from .ngspice.asked import Asked, asked
from .ngspice.guard import check_netlist
from .ngspice.plot import Plot, SimulatorError
from .ngspice.run import run_folder, run_netlist

RUN_PARAMETER = "mc_run"
"""A parameter of the deck: the number of the run, starting from 1."""
_OWN_RUN = re.compile(rf"^[ \t]*\.param[ \t]+{RUN_PARAMETER}[ \t]*=.*$", re.IGNORECASE | re.MULTILINE)
_OWN_SEED = re.compile(r"^[ \t]*\.opt\w*\b.*\bseed(info)?\b.*$", re.IGNORECASE | re.MULTILINE)
_END = re.compile(r"^[ \t]*\.end[ \t]*$", re.IGNORECASE | re.MULTILINE)
_MOST_RUNS = 1_000_000
_LARGEST_SEED = 2**31 - 1


def monte_carlo(
    netlist: str,
    runs: int,
    *,
    seed: Seed,
    workers: int | None = None,
    time_limit: float | None = None,
    folder: Path | None = None,
) -> xr.Dataset:
    """Run a complete netlist many times by `ngspice -b`; returns the results of its `.meas` lines in each run.

    netlist: text from its title to `.end`, such as one with `.lib corners.lib mc`; its random numbers (agauss, gauss,
    aunif, ...) are drawn anew in each run.  The parameter `mc_run` is the number of the run, from 1 on: with
    `seed={1000*mc_run+3}` on an instance, its thermal fields differ between runs.
    seed: from which the seeds of the runs are derived; the same seed gives the same results with any number of workers.
    workers: number of simultaneous processes; None: one for each core.
    time_limit: s, for one run; folder: to which included paths are relative.

    Returns a Dataset of dimension `run` with one variable for each `.meas`, NaN if ngspice reports that one failed in a
    run, and `run_seed`, the value of `.options seed=`.  If two analyses have a `.meas` of the same name, the variables
    are named after both, as in 'tran_x_end'.  Raises InputError for a netlist without measurements, or with an
    `.options seed` of its own, and SimulatorError, with the number and seed of the run, if one fails; its `partial` is
    the Dataset of the previous runs, or None.
    """
    validation.instance("netlist", netlist, str)
    count = validation.whole("runs", runs, 1, _MOST_RUNS)
    processes = _cores() if workers is None else validation.whole("workers", workers, 1, 1024)
    where = run_folder(folder)
    questions = asked(check_netlist(netlist, folder=where)[1:])
    if not questions.measures:
        raise InputError("netlist: expected .meas lines, got none: a Monte Carlo run would have no results")
    own = _OWN_SEED.search(netlist)
    if own:
        raise InputError(f"netlist: expected no seed of its own, as each run has one, got {own.group(0).strip()!r}")
    if _END.search(netlist) is None:
        netlist = f"{netlist.rstrip()}\n.end\n"
    origin = recorded(seed)
    seeds = generator(seed).integers(1, _LARGEST_SEED, count)

    def one(index: int) -> list[Plot]:
        text = _of_run(netlist, index + 1, int(seeds[index]))
        return run_netlist(text, backend="process", time_limit=time_limit, folder=where)

    with ThreadPoolExecutor(processes) as pool:
        futures = [pool.submit(one, index) for index in range(count)]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    done = _until_failure(futures)
    result = _labelled(questions, [future.result() for future in futures[:done]], seeds[:done]) if done else None
    if done < count:
        error = futures[done].exception()
        if not isinstance(error, SimulatorError):
            raise error or InputError(f"run {done + 1}: expected an end, got none")
        raise SimulatorError(f"run {done + 1} (.options seed={seeds[done]}): {error}", result) from None
    assert result is not None
    result.attrs.update(provenance({"netlist": netlist}, seed=origin))
    return result


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _of_run(netlist: str, number: int, seed: int) -> str:
    line = f".param {RUN_PARAMETER}={number}"
    netlist, replaced = _OWN_RUN.subn(line, netlist)
    added = f".options seed={seed}\n" + ("" if replaced else f"{line}\n")
    return _END.sub(lambda match: added + match.group(0), netlist, count=1)


def _until_failure(futures: list["Future[list[Plot]]"]) -> int:
    """The number of runs that succeeded before the first failure."""
    for index, future in enumerate(futures):
        if future.cancelled() or future.exception() is not None:
            return index
    return len(futures)


def _labelled(questions: Asked, answers: list[list[Plot]], seeds: NDArray[np.int64]) -> xr.Dataset:
    names = [name for found in questions.measures.values() for name in found]
    result = xr.Dataset(coords={"run": np.arange(1, len(answers) + 1)})
    for analysis, found in questions.measures.items():
        for name in found:
            label = name if names.count(name) == 1 else f"{analysis}_{name}"
            values = [
                next((plot.measures[name] for plot in answer if plot.analysis == analysis and plot.measures), np.nan)
                for answer in answers
            ]
            result[label] = ("run", np.array(values), {"long_name": f".meas {analysis} {name}"})
    result["run_seed"] = ("run", seeds, {"long_name": "seed of a run"})
    result.attrs.update(experiment="netlist_monte_carlo", ngspice_version=str(installation.version()))
    return result
