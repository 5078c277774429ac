"""A device as one of the pulsed devices of IBM's aihwkit, with the residual of the fit.

Rasch et al. 2021 (doi 10.1109/AICAS51828.2021.9458494) describe that simulator; its weights go from -1 to 1 here.
"""

import math
from dataclasses import dataclass

import numpy as np

from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError

from ..learning.pulsed_device import PulsedDevice
from .modules import header, listed
from .stepping import update_statistics

_MOST_NODES = 8


@dataclass(frozen=True, kw_only=True)
class AihwkitDevice:
    """A pulsed device of aihwkit: the name of its class, its parameters by name, and how well it fits.

    residual: root-mean-square difference between the mean steps of the model and of the table, over both directions and
    all states of all tracks, divided by dw_min.  noise: the part of it that is explained by the number of samples in
    the table, divided by dw_min.  residuals: the residual of each class that was tried.
    """

    model: str
    parameters: dict[str, float | list[float]]
    residual: float
    noise: float
    residuals: dict[str, float]


def aihwkit_device(device: PulsedDevice) -> AihwkitDevice:
    """Fit one of aihwkit's pulsed devices to a device: with constant, linear or piecewise linear steps.

    The class with the best Bayesian information criterion of the mean steps is chosen, so that more parameters must be
    justified by the samples.  The variation of a step from pulse to pulse is `dw_min_std`.  The variation of its mean
    from track to track, minus the part explained by the samples, is `dw_min_dtod`.  The bounds are the outermost states
    at which a device stays.  Raises InputError, also for a device that pulses do not move in both directions.
    """
    found = update_statistics(device)
    step, inside = found.step.values, found.inside.values
    weight = np.broadcast_to(found.weight.values, step.shape)
    samples = max(int(found.attrs["samples"]), 1)
    upper, lower = weight[1][inside[1]].max(), weight[0][inside[0]].min()
    values = [sign * step[way][inside[way]] for way, sign in ((0, 1.0), (1, -1.0))]
    means = [float(each.mean()) + 0.0 for each in values]  # no -0
    if min(means) <= 0.0:
        raise InputError(
            "device: expected pulses that move it up and down, as aihwkit's devices do, got mean steps of "
            f"{means[0]:g} up and {means[1]:g} down, of a weight from -1 to 1"
        )
    places = [weight[way][inside[way]] for way in (0, 1)]
    variance = [found.deviation.values[way][inside[way]] ** 2 for way in (0, 1)]
    noise = math.sqrt(float(np.concatenate(variance).mean()) / samples) if found.attrs["samples"] else 0.0
    fits = {}
    for name, basis in _bases(places, lower, upper).items():
        coefficients = [np.linalg.lstsq(each, one, rcond=None)[0] for each, one in zip(basis, values, strict=True)]
        if name == "LinearStepDevice" and min(float(each[0]) for each in coefficients) <= 0.0:
            continue  # its steps are multiples of the one at a weight of 0
        rest = np.concatenate([one - each @ c for each, one, c in zip(basis, values, coefficients, strict=True)])
        size, terms = rest.size, sum(c.size for c in coefficients)
        # Residuals at round-off level are equivalent.
        square = float((rest**2).mean()) + (1e-6 * float(np.concatenate(values).mean())) ** 2
        fits[name] = (coefficients, math.sqrt(square), size * math.log(square) + terms * math.log(size))
    best = min(fits, key=lambda name: fits[name][2])
    parameters = _parameters(best, fits[best][0], lower, upper)
    smallest = float(parameters["dw_min"])  # type: ignore[arg-type]  # a list is another parameter's
    signed = step * np.array([1.0, -1.0])[:, np.newaxis, np.newaxis]
    tracks = np.array([signed[:, each][inside[:, each]].mean() for each in range(step.shape[1])])
    among = float(tracks.var(ddof=1)) if tracks.size > 1 else 0.0
    per_track = float(inside.sum()) / step.shape[1]
    parameters |= {
        "dw_min_std": float(np.sqrt(np.concatenate(variance).mean())) / smallest,
        "dw_min_dtod": math.sqrt(max(among - noise**2 / per_track, 0.0)) / smallest,
        "up_down_dtod": 0.0,
        "w_max_dtod": 0.0,
        "w_min_dtod": 0.0,
    }
    if best == "LinearStepDevice":
        parameters |= {"gamma_up_dtod": 0.0, "gamma_down_dtod": 0.0}
    return AihwkitDevice(
        model=best,
        parameters=parameters,
        residual=fits[best][1] / smallest,
        noise=noise / smallest,
        residuals={name: fit[1] / smallest for name, fit in fits.items()},
    )


def aihwkit_module(device: PulsedDevice) -> str:
    """A Python module with `device()`, for aihwkit, and `rpu_config()`, whose weights are single devices."""
    found = aihwkit_device(device)
    body = f'''MODEL = "{found.model}"
PARAMETERS = {listed(found.parameters)}
RESIDUAL = {found.residual:.4g}  # of mean steps, root mean square over dw_min
NOISE = {found.noise:.4g}  # what of it the samples of the table explain
RESIDUALS = {listed(found.residuals)}


def device():
    """One device, whose weight goes from -1 (lowest conductance) to 1 (highest)."""
    from aihwkit.simulator.configs import devices

    return getattr(devices, MODEL)(**PARAMETERS)


def rpu_config():
    """An array whose pulses come one for each sample, as `dwmtj learn supervised` sends them, and exact reading."""
    from aihwkit.simulator.configs import SingleRPUConfig
    from aihwkit.simulator.parameters import IOParameters, UpdateParameters

    update = UpdateParameters(desired_bl=1, fixed_bl=True, update_bl_management=False, update_management=False)
    perfect = {{"forward": IOParameters(is_perfect=True), "backward": IOParameters(is_perfect=True)}}
    return SingleRPUConfig(device=device(), update=update, **perfect)
'''
    return header(device, "aihwkit (tried with 1.1.0)") + body


def _bases(places: list[FloatArray], lower: float, upper: float) -> dict[str, list[FloatArray]]:
    """For each class and direction, the design matrix of its coefficients, (points, coefficients)."""
    ones = [np.ones((each.size, 1)) for each in places]
    straight = [np.column_stack([np.ones(each.size), each]) for each in places]
    found = {"ConstantStepDevice": ones, "LinearStepDevice": straight}
    distinct = min(np.unique(np.round(each, 9)).size for each in places)
    count = min(_MOST_NODES, distinct // 2)
    if count >= 3:
        place = [(each - lower) / (upper - lower) * (count - 1) for each in places]
        nodes = np.arange(count)
        found["PiecewiseStepDevice"] = [np.maximum(1.0 - np.abs(each[:, np.newaxis] - nodes), 0.0) for each in place]
    return found


def _parameters(
    model: str, coefficients: list[FloatArray], lower: float, upper: float
) -> dict[str, float | list[float]]:
    """Parameters of the mean step: aihwkit takes `dw_min` for the larger of the two directions, up_down for the
    other."""
    bounds: dict[str, float | list[float]] = {"w_min": float(lower), "w_max": float(upper)}
    if model == "PiecewiseStepDevice":
        mean = float(np.concatenate(coefficients).mean())
        nodes: dict[str, float | list[float]] = {
            name: np.maximum(each / mean, 0.0).tolist()
            for name, each in zip(("piecewise_up", "piecewise_down"), coefficients, strict=True)
        }
        return {"dw_min": mean, "up_down": 0.0, **bounds, **nodes}
    up, down = (float(each[0]) for each in coefficients)
    largest = max(up, down)
    found: dict[str, float | list[float]] = {"dw_min": largest, "up_down": (up - down) / largest, **bounds}
    if model == "LinearStepDevice":
        # The step is (1 - gamma w / bound) times the one at w = 0; a negative gamma lets it grow towards the bound.
        rising, falling = (float(each[1]) for each in coefficients)
        found |= {
            "gamma_up": -rising * upper / up,
            "gamma_down": -falling * lower / down,
            "allow_increasing": True,
            "mult_noise": False,
        }
    return found
