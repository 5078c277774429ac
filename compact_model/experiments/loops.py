"""Resistance against current or voltage in a slow sweep, and the levels that it shows (the paper's Fig. 1)."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from ..device.junction import resistance
from ..device.parameters import DeviceParameters
from ..drive import DRIVES
from ..support import validation
from ..support.arrays import FloatArray
from ..support.provenance import inherited
from ..support.random import Seed
from ..track.landscape import Landscape
from .sweeps import resistance_sweep

LEVEL_RESOLUTION = 0.5
"""Resistances closer than this are one level, Ohm: a third of the mean distance of 20 levels of the paper's device."""


def sweep_values(amplitude: float, points: int, cycles: int) -> FloatArray:
    """0, +amplitude, -amplitude, 0 in equal steps, with a number of points in each cycle."""
    quarter = np.linspace(0.0, 1.0, points // 4 + 1)[1:]
    cycle = np.concatenate([quarter, 1.0 - quarter, -quarter, quarter - 1.0])
    return np.concatenate([[0.0], np.tile(amplitude * cycle, cycles)])


def resistance_loop(
    parameters: DeviceParameters | Sequence[DeviceParameters],
    landscape: Landscape | Sequence[Landscape],
    *,
    amplitude: float,
    drive: str = "current",
    points: int = 260,
    dwell: float | None = None,
    ramp_rate: float | None = None,
    cycles: int = 1,
    samples: int = 10,
    external_field: float | None = None,
    temperature: float = 0.0,
    initial_position: ArrayLike | str | None = "AP",
    step: float = 20e-12,
    method: str | None = None,
    seed: Seed = 0,
    progress: bool = False,
) -> xr.Dataset:
    """R against a dc current or voltage that is swept from 0 to +amplitude, -amplitude and back to 0, several cycles.

    amplitude: A or V, depending on drive ('current' or 'voltage'); points: per cycle, a multiple of 4; dwell: time at
    each point, s, None: 20 ns.  ramp_rate, instead of dwell: the rate of the sweep as a current density (current over
    the junction's area, or voltage over RA_P), A/(m2 s).
    samples, external_field, temperature, initial_position, step, method, seed, progress: as in `resistance_sweep`,
    which simulates a slow sweep by escape rates; the attribute 'method' says which method was used.

    Returns a Dataset with dimensions (device, point): resistance (Ohm, at the bias), remanent_resistance (Ohm, of the
    same state at zero bias), position (m); and current (A) or voltage (V), and cycle, along point.
    """
    validation.choice("drive", drive, tuple(DRIVES))
    top = validation.positive("amplitude", amplitude)
    per_cycle = validation.whole("points", points, 8)
    if per_cycle % 4:
        raise validation.InputError(f"points: expected a multiple of 4, got {per_cycle}")
    rounds = validation.whole("cycles", cycles, 1)
    result = resistance_sweep(
        parameters,
        landscape,
        sweep_values(top, per_cycle, rounds),
        drive=drive,
        dwell=_dwell(parameters, drive, 4.0 * top / per_cycle, dwell, ramp_rate),
        samples=samples,
        external_field=external_field,
        temperature=temperature,
        initial_position=initial_position,
        step=step,
        method=method,
        seed=seed,
        progress=progress,
    )
    cycle = np.concatenate([[0], np.repeat(np.arange(rounds), per_cycle)])
    return result.assign_coords(cycle=("point", cycle)).assign_attrs(experiment="resistance_loop")


def _dwell(
    parameters: DeviceParameters | Sequence[DeviceParameters],
    drive: str,
    rise: float,
    dwell: float | None,
    ramp_rate: float | None,
) -> float:
    """The time at each point, s, for a drive that rises by this much from one point to the next."""
    if ramp_rate is None:
        return 20e-9 if dwell is None else validation.positive("dwell", dwell)
    rate = validation.positive("ramp_rate", ramp_rate)
    if dwell is not None:
        raise validation.InputError(
            f"ramp_rate: expected only one of ramp_rate and dwell, got both, {rate:g} and {dwell:g}"
        )
    first = validation.several("parameters", parameters, DeviceParameters)[0]
    return rise / (first.junction_area if drive == "current" else first.resistance_area_product) / rate


def count_levels(
    loop: xr.Dataset,
    parameters: DeviceParameters,
    *,
    resolution: float = LEVEL_RESOLUTION,
    least_points: int = 4,
) -> xr.Dataset:
    """The number of intermediate resistance levels of each device in a `resistance_loop`.

    A plateau is a run of at least least_points consecutive readings whose zero-bias resistance stays within resolution
    (Ohm) of the first.  The plateaus of all branches and cycles are sorted by their mean; a gap wider than resolution
    starts a new level (single linkage).  The uniform states and the two ends of the track do not count.

    Returns a Dataset: levels (device), the number over all cycles; branch_levels (device, branch), the number that one
    monotonic branch of the sweep shows; and level_resistance (device, level) in Ohm, padded with nan where a device has
    fewer levels than others.
    """
    validation.instance("parameters", parameters, DeviceParameters)
    if validation.instance("loop", loop, xr.Dataset).attrs.get("experiment") != "resistance_loop":
        raise validation.InputError(
            f"loop: expected a result of resistance_loop, got one of {loop.attrs.get('experiment')!r}"
        )
    width = validation.positive("resolution", resolution)
    least = validation.whole("least_points", least_points, 2)
    ends = resistance(parameters, [0.0, parameters.track_length])
    lowest, highest = ends.min() + width, ends.max() - width
    values = loop[loop.attrs["drive"]].values
    branch = np.concatenate([[0], np.cumsum(np.diff(np.sign(np.diff(values)), prepend=1.0) != 0.0)])
    found: list[FloatArray] = []
    per_branch = []
    for trace in loop.remanent_resistance.values:
        means, where = _plateaus(trace, branch, width, least)
        inside = (means > lowest) & (means < highest)
        means, where = means[inside], where[inside]
        found.append(clusters(means, width))
        per_branch.append([clusters(means[where == number], width).size for number in range(branch[-1] + 1)])
    most = max((levels.size for levels in found), default=0)
    padded = np.array([np.pad(levels, (0, most - levels.size), constant_values=np.nan) for levels in found])
    return xr.Dataset(
        {
            "levels": (("device",), [levels.size for levels in found], {"long_name": "intermediate levels"}),
            "branch_levels": (("device", "branch"), per_branch, {"long_name": "intermediate levels in one branch"}),
            "level_resistance": (("device", "level"), padded, {"long_name": "resistance of a level", "units": "Ohm"}),
        },
        attrs={"experiment": "levels", "resolution": width, "least_points": least, **inherited(loop)},
    )


def _plateaus(
    trace: FloatArray, branch: NDArray[np.int64], width: float, least: int
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Mean resistance and branch of every plateau of a trace."""
    means, branches = [], []
    begin = 0
    for end in range(1, trace.size + 1):
        if end == trace.size or abs(trace[end] - trace[begin]) > width or branch[end] != branch[begin]:
            if end - begin >= least:
                means.append(trace[begin:end].mean())
                branches.append(branch[begin])
            begin = end
    return np.array(means), np.array(branches, dtype=np.int64)


def clusters(values: FloatArray, gap: float) -> FloatArray:
    """Means of the groups into which gaps wider than `gap` divide a sorted list."""
    if values.size == 0:
        return values
    ordered = np.sort(values)
    return np.array([group.mean() for group in np.split(ordered, np.flatnonzero(np.diff(ordered) > gap) + 1)])
