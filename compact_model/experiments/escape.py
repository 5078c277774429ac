"""Retention: thermal escape of the wall from its well, at zero and at read current."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from .. import constants
from ..device.parameters import DeviceParameters, applied_field
from ..drive import Current
from ..methods import RETENTION_STEP
from ..simulation import simulate_ensemble
from ..support import validation
from ..support.arrays import FloatArray
from ..support.provenance import provenance
from ..support.random import Seed, recorded
from ..track.landscape import Landscape, check_well_fits


def escape_times(
    parameters: DeviceParameters | Sequence[DeviceParameters],
    landscape: Landscape | Sequence[Landscape],
    *,
    duration: float,
    temperature: float = 300.0,
    current: float = 0.0,
    external_field: float | None = None,
    devices: int | None = None,
    step: float = RETENTION_STEP,
    seed: Seed = 0,
    device_numbers: ArrayLike | None = None,
    progress: bool = False,
) -> FloatArray:
    """Time at which the wall of each device leaves its first well, s; inf where it stays for the whole duration (s).

    parameters, landscape: one for all devices, or one each.  The other arguments are those of `retention`.
    """
    models = [parameters] if isinstance(parameters, DeviceParameters) else list(parameters)
    tracks = [landscape] if isinstance(landscape, Landscape) else list(landscape)
    count = max(len(models), len(tracks)) if devices is None else validation.whole("devices", devices, 1)
    wells = [tracks[index % len(tracks)].wells[0] for index in range(count)]
    for index in range(max(len(models), len(tracks))):
        check_well_fits(models[index % len(models)], wells[index])
    window = validation.positive("duration", duration)
    run = simulate_ensemble(
        models,
        tracks,
        Current.of(current),
        [0.0, window],
        devices=count,
        initial_position=[well.centre for well in wells],
        external_field=external_field,
        temperature=validation.positive("temperature", temperature),
        step=step,
        stop_below=[well.centre - well.half_width for well in wells],
        stop_above=[well.centre + well.half_width for well in wells],
        seed=seed,
        device_numbers=device_numbers,
        progress=progress,
    )
    return np.asarray(run.passage_time.values)


def mean_escape_time(times: ArrayLike, duration: float) -> tuple[float, float, float]:
    """Maximum-likelihood mean of an exponential distribution, s, and its 95 % interval, from censored times (inf:
    stayed).

    If no wall escapes, the first two are the 95 % lower bound and the upper end is inf.
    """
    from scipy.stats import chi2

    escape = np.asarray(times, dtype=np.float64)
    escapes = int(np.isfinite(escape).sum())
    exposure = float(np.minimum(escape, duration).sum())
    lower = 2.0 * exposure / float(chi2.ppf(0.975 if escapes else 0.95, 2 * escapes + 2))
    upper = 2.0 * exposure / float(chi2.ppf(0.025, 2 * escapes)) if escapes else np.inf
    return (exposure / escapes if escapes else lower), lower, upper


def retention(
    parameters: DeviceParameters,
    landscape: Landscape,
    *,
    duration: float,
    temperature: float = 300.0,
    current: float = 0.0,
    external_field: float | None = None,
    devices: int = 64,
    step: float = RETENTION_STEP,
    seed: Seed = 0,
    progress: bool = False,
) -> xr.Dataset:
    """Escape of many walls from the landscape's first well within a simulated duration (s).

    temperature: K; current: A, 0 or a read current; external_field: T, None: cancels the stray field.
    A wall starts at rest in the centre of the well and has escaped when |x - x_0| > x_c.  Walls that stay are treated
    as censored observations.

    Returns a Dataset: escape_time (device) in s, inf where the wall stayed; mean_escape_time, the maximum-likelihood
    estimate for an exponential distribution (total time over number of escapes), with its 95 % interval
    lower_escape_time to upper_escape_time; well_depth and angle_barrier in k_B T. If no wall escapes, the mean and the
    lower end are the 95 % lower bound, and the upper end is inf.  Retention is a result of the model and of its
    assumptions (one rigid wall, this well).
    """
    well = validation.instance("landscape", landscape, Landscape).wells[0]
    validation.instance("parameters", parameters, DeviceParameters)
    window = validation.positive("duration", duration)
    kelvin = validation.positive("temperature", temperature)
    count = validation.whole("devices", devices, 1)
    origin = recorded(seed)
    escape = escape_times(
        parameters,
        landscape,
        duration=window,
        temperature=kelvin,
        current=current,
        external_field=external_field,
        devices=count,
        step=step,
        seed=seed,
        progress=progress,
    )
    escapes = int(np.isfinite(escape).sum())
    mean, lower, upper = mean_escape_time(escape, window)
    thermal = constants.BOLTZMANN_CONSTANT * kelvin
    seconds = {"units": "s"}
    return xr.Dataset(
        {
            "escape_time": (("device",), escape, {"long_name": "escape time", **seconds}),
            "mean_escape_time": ((), mean, {"long_name": "mean escape time", **seconds}),
            "lower_escape_time": ((), lower, {"long_name": "lower end of the 95 % interval", **seconds}),
            "upper_escape_time": ((), upper, {"long_name": "upper end of the 95 % interval", **seconds}),
            "escapes": ((), escapes, {"long_name": "number of escapes"}),
            "well_depth": ((), well.depth(parameters) / thermal, {"long_name": "well depth", "units": "k_B T"}),
            "angle_barrier": ((), parameters.angle_barrier / thermal, {"long_name": "angle barrier", "units": "k_B T"}),
        },
        coords={"device": np.arange(count)},
        attrs={
            "experiment": "retention",
            "duration": window,
            "temperature": kelvin,
            "current": current,
            "external_field": applied_field(parameters, external_field),
            "step": step,
            **provenance([parameters], [landscape], seed=origin),
        },
    )
