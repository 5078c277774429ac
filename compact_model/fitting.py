"""A device's parameters from measured data, with their uncertainties: thresholds against field, R against V or I.

Weighted least squares by scipy in the logarithms of the parameters, from the best of many starts; errors from
the Jacobian at the minimum (Bevington and Robinson 2003, chapters 8 and 11).
"""

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from . import validation
from .experiments.thresholds import static_current_threshold
from .measured import STATES
from .parameters import DeviceParameters
from .resistance import antiparallel_share, conductance, voltage_at_current
from .results import provenance
from .validation import ConvergenceError, InputError

Array = NDArray[np.float64]
Model = Callable[[DeviceParameters], Array]

UNITS = {
    "anisotropy_field": "T",
    "spin_polarisation": "",
    "field_like_ratio": "",
    "saturation_magnetisation": "A/m",
    "thickness": "m",
    "parallel_resistance": "Ohm",
    "tmr": "",
    "tmr_half_voltage": "V",
}
"""What may be free in a fit, with its SI unit."""
THRESHOLD_PARAMETERS = tuple(UNITS)[:5]
RESISTANCE_PARAMETERS = tuple(UNITS)[5:]

_EXPONENTS = {
    "anisotropy_field": (1.0, 0.0),
    "spin_polarisation": (-1.0, -1.0),
    "field_like_ratio": (0.0, -1.0),
    "saturation_magnetisation": (1.0, 1.0),
    "thickness": (1.0, 1.0),
}
"""The powers with which plateau and slope of the static threshold go with each parameter."""

WIDEST_RATIO = 1e6
"""A fit looks for each parameter within this ratio of where it starts."""
START_RATIO, START_STEPS = 4.0, 2
"""The grid of starts: so many factors of this to either side for each parameter, then closer around the best."""
ZOOMS = 4
LEAST_SENSITIVITY = 1e-6
"""The data do not determine a direction of ln(parameters) that changes ln(curve) by less than this."""
CURVE_POINTS = 201


@dataclass(frozen=True, eq=False)
class FitResult:
    """What a fit has found; numbers in SI, in the order of `free`."""

    free: tuple[str, ...]
    values: tuple[float, ...]
    standard_errors: tuple[float, ...]
    correlation: Array
    """Correlation matrix of the values, shape (free, free)."""
    reduced_chi_square: float | None
    """Chi-square over degrees of freedom; None without standard deviations: the errors then follow from the scatter."""
    scatter: float
    """Weighted rms distance of data and curve over the degrees of freedom, in the data's unit."""
    degrees_of_freedom: int
    parameters: DeviceParameters
    """The device with the fitted values."""
    dataset: xr.Dataset
    """Data and curve; draws itself by `dataset.dwmtj.plot()`."""

    def table(self) -> str:
        """One line for each parameter, its error and its unit, and what the fit is worth."""
        width = max(map(len, self.free))
        lines = [
            f"{name:<{width}}  {value:.6g} +- {error:.2g} {UNITS[name]}".rstrip()
            for name, value, error in zip(self.free, self.values, self.standard_errors, strict=True)
        ]
        return "\n".join([*lines, *self.remarks()])

    def remarks(self) -> list[str]:
        """Correlations, and the reduced chi-square or the scatter, as lines of text."""
        pairs = itertools.combinations(range(len(self.free)), 2)
        lines = [f"correlation of {self.free[i]} and {self.free[j]}: {self.correlation[i, j]:.3f}" for i, j in pairs]
        freedom = f"{self.degrees_of_freedom} degrees of freedom"
        if self.reduced_chi_square is None:
            unit = self.dataset.model.attrs["units"]
            return [*lines, f"scatter of the data: {self.scatter:.3g} {unit}, from {freedom}"]
        return [*lines, f"reduced chi-square: {self.reduced_chi_square:.3f}, {freedom}"]


def fit_threshold(
    parameters: DeviceParameters,
    data: Mapping[str, Any],
    free: Sequence[str] = ("anisotropy_field", "spin_polarisation"),
    *,
    torques: str = "both",
) -> FitResult:
    """Fit thresholds against Delta_H (the paper's Fig. 3) by the static limit, `static_current_threshold`.

    data: `offset`, Delta_H in T, and `threshold`, the J in the torques in A/m2, and perhaps `standard_deviation` of the
    threshold, A/m2; one-dimensional, in any order, all above 0; `read_measured` gives it.  parameters: where the fit
    starts, and what is not free.  free: out of THRESHOLD_PARAMETERS.  The plateau is |H_K| / (2 P) and the slope
    1 / (zeta P), in units of 2 e M_s t / hbar, so that no data determine more than two of them, and the sign of H_K
    stays as it was.  The thresholds must be those of slow ramps at a low temperature: the paper's, 1e4 A/cm2/ns,
    overshoots the static plateau by 4 % at H_K = 100 Oe and by 16 % at 30 Oe, and so does then the fitted H_K.

    Raises InputError for data or names that it cannot use, ConvergenceError that names what the data do not determine.
    """
    validation.instance("parameters", parameters, DeviceParameters)
    validation.instance("data", data, Mapping)
    offset = _column(data, "offset", positive=True)
    threshold = _column(data, "threshold", positive=True)
    if parameters.field_like_quadratic != 0.0:
        raise InputError(f"field_like_quadratic: expected 0 in a static limit, got {parameters.field_like_quadratic:g}")
    if torques == "field-like" and parameters.field_like_ratio == 0.0 and "field_like_ratio" not in free:
        raise InputError("field_like_ratio: expected a number above 0 with torques 'field-like', got 0")
    names = _names(free, THRESHOLD_PARAMETERS)
    starts = {"anisotropy_field": parameters.anisotropy_field or 3e-3, "field_like_ratio": 0.3}
    if parameters.anisotropy_field == 0.0 and "anisotropy_field" not in names and torques != "field-like":
        raise InputError("anisotropy_field: expected another value than 0 where it is not free, got 0")

    def model(each: DeviceParameters) -> Array:
        return static_current_threshold(each, offset, torques)

    def kinks(begin: Array) -> list[Array]:
        """ln(parameters) for each split of the points into slope and plateau; at both ends one of them only."""
        device = parameters.replace(**dict(zip(names, begin.tolist(), strict=True)))
        order = np.argsort(offset)
        x, y = offset[order], threshold[order]
        weight = np.ones_like(y)
        if "standard_deviation" in data:
            weight = _column(data, "standard_deviation", positive=True)[order] ** -2.0 * y.max() ** 2
        first = y.size if torques == "field-like" else 0
        last = 0 if torques == "slonczewski" or device.field_like_ratio == 0.0 else y.size
        found = []
        for split in range(first, last + 1):
            here, beyond = slice(None, split), slice(split, None)
            exponents, ratios = [], []
            slope = np.average(y[here] / x[here], weights=(weight * x**2)[here]) if split > 0 else 0.0
            plateau = np.average(y[beyond], weights=weight[beyond]) if split < y.size else 4.0 * slope * x[-1]
            if split == 0:
                slope = 4.0 * plateau / x[0]
            if torques != "field-like":
                exponents.append([_EXPONENTS[name][0] for name in names])
                ratios.append(plateau / device.walker_current_density)
            if last > 0:
                exponents.append([_EXPONENTS[name][1] for name in names])
                ratios.append(slope * device.field_like_ratio * device.torque_per_current_density)
            found.append(np.log(np.abs(begin)) + np.linalg.pinv(np.array(exponents)) @ np.log(ratios))
        return found

    fit = _fit(parameters, names, starts, model, "threshold", data, kinks)
    curve = np.linspace(0.0, 1.05 * offset.max(), CURVE_POINTS)
    dataset = _dataset("threshold", fit, "threshold J_th", "A/m2", threshold, data)
    dataset["offset"] = ("point", offset, {"long_name": "offset field Delta_H = H_c - H_z", "units": "T"})
    dataset["curve_offset"] = ("along_curve", curve, dataset.offset.attrs)
    dataset["curve"] = (
        ("along_curve",),
        static_current_threshold(fit.parameters, curve, torques),
        dataset.model.attrs,
    )
    return _result(fit, dataset.assign_attrs(torques=torques))


def fit_resistance(
    parameters: DeviceParameters,
    data: Mapping[str, Any],
    free: Sequence[str] = RESISTANCE_PARAMETERS,
    *,
    state: str | None = None,
) -> FitResult:
    """Fit R against V or I at a known state of the wall by `conductance`: R_P, TMR_0, V_h.

    data: `resistance` in Ohm, against `voltage` in V or `current` in A, and perhaps `standard_deviation` of the
    resistance in Ohm; and for each point its `state`, 'P' or 'AP' all over the junction (the branches of an R-V or R-I
    loop), or the wall's `position` in m; one-dimensional; `read_measured` gives it.  state: 'P' or 'AP' for data with
    neither.  parameters: where the fit starts, and what is not free.  free: out of RESISTANCE_PARAMETERS.

    Raises InputError for data or names that it cannot use, ConvergenceError that names what the data do not determine.
    """
    validation.instance("parameters", parameters, DeviceParameters)
    validation.instance("data", data, Mapping)
    ohms = _column(data, "resistance", positive=True)
    drive = _one_of(data, ("voltage", "current"), "")
    bias = _column(data, drive)
    share = _shares(parameters, data, state, ohms.size)
    names = _names(free, RESISTANCE_PARAMETERS)

    def model(each: DeviceParameters, at: Array = bias, shares: Array = share) -> Array:
        volts = at if drive == "voltage" else voltage_at_current(each, shares, at)
        return 1.0 / conductance(each, shares, volts)

    volts = bias if drive == "voltage" else bias * ohms
    starts = {
        "parallel_resistance": float(ohms.min()),
        "tmr_half_voltage": float(np.abs(volts).max()) or 1.0,
    }
    fit = _fit(parameters, names, starts, model, "resistance", data)
    curve = np.linspace(bias.min(), bias.max(), CURVE_POINTS)
    shares = np.unique(share)
    dataset = _dataset("resistance", fit, "resistance R", "Ohm", ohms, data)
    attributes = {"voltage": ("voltage V", "V"), "current": ("current I", "A")}[drive]
    dataset[drive] = ("point", bias, dict(zip(("long_name", "units"), attributes, strict=True)))
    dataset["share"] = ("point", share, {"long_name": "antiparallel share f", "units": ""})
    dataset[f"curve_{drive}"] = ("along_curve", curve, dataset[drive].attrs)
    dataset["curve_share"] = ("branch", shares, dataset.share.attrs)
    dataset["curve"] = (
        ("branch", "along_curve"),
        model(fit.parameters, *np.broadcast_arrays(curve, shares[:, np.newaxis])),
        dataset.model.attrs,
    )
    return _result(fit, dataset.assign_attrs(drive=drive))


def _shares(parameters: DeviceParameters, data: Mapping[str, Any], state: str | None, count: int) -> Array:
    """The antiparallel share f of each point."""
    if state is not None:
        validation.choice("state", state, STATES)
        for name in ("state", "position"):
            if name in data:
                raise InputError(f"state: expected either the argument or data {name!r}, got both")
        return np.full(count, float(state == "AP"))
    if _one_of(data, ("state", "position"), ", or the argument state") == "position":
        position = _column(data, "position")
        if ((position < 0.0) | (position > parameters.track_length)).any():
            raise InputError(
                f"position: expected from 0 to the track's {parameters.track_length:g} m, got {position.min():g} to "
                f"{position.max():g} m"
            )
        return antiparallel_share(parameters, position)
    words = [validation.choice("state", str(word), STATES) for word in np.atleast_1d(data["state"])]
    return np.array([float(word == "AP") for word in words])


def _one_of(data: Mapping[str, Any], choices: tuple[str, str], otherwise: str) -> str:
    """The one of two columns that the data have."""
    given = [name for name in choices if name in data]
    if len(given) != 1:
        expected = " or ".join(map(repr, choices)) + otherwise
        raise InputError(f"data: expected one of {expected}, got {'both' if given else 'neither'}")
    return given[0]


def _column(data: Mapping[str, Any], name: str, positive: bool = False) -> Array:
    if name not in data:
        raise InputError(f"data: expected {name!r}, got {', '.join(map(repr, data)) or 'nothing'}")
    values = validation.numbers(name, data[name])
    if positive and (values <= 0.0).any():
        raise InputError(f"{name}: expected numbers above 0, got {values.min():g} at index {int(np.argmin(values))}")
    return values


def _names(free: Sequence[str], choices: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the free parameters, checked."""
    if not isinstance(free, Iterable) or (isinstance(free, np.ndarray) and free.ndim != 1):
        raise InputError(f"free: expected names of parameters, got {validation.shown(free)}")
    names = (free,) if isinstance(free, str) else tuple(free)
    if not names:
        raise InputError(f"free: expected at least one of {', '.join(choices)}, got none")
    for name in names:
        validation.choice("free", name, choices)
        if names.count(name) > 1:
            raise InputError(f"free: expected each parameter once, got {name!r} {names.count(name)} times")
    return names


@dataclass(frozen=True)
class _Minimum:
    """Where the sum of squares is least."""

    parameters: DeviceParameters
    names: tuple[str, ...]
    values: Array
    errors: Array
    correlation: Array
    model: Array
    chi_square: float
    """In units of the standard deviations, or of the data's unit squared where there are none."""
    freedom: int
    weighted: bool
    typical_deviation: float


def _fit(
    parameters: DeviceParameters,
    names: tuple[str, ...],
    starts: dict[str, float],
    model: Model,
    measured: str,
    data: Mapping[str, Any],
    candidates: Callable[[Array], list[Array]] | None = None,
) -> _Minimum:
    """Least squares over the free parameters; starts: where to begin instead of the parameters' own 0 or infinity.

    candidates: from the parameters at the beginning to better starts, in logarithms; None: a grid.
    """
    from scipy.optimize import least_squares

    target = _column(data, measured)
    weighted = "standard_deviation" in data
    deviation = _column(data, "standard_deviation", positive=True) if weighted else np.ones_like(target)
    for name, values in data.items():
        if np.size(values) != target.size:
            raise InputError(f"{name}: expected {target.size} values, as {measured} has, got {np.size(values)}")
    freedom = target.size - len(names)
    if freedom < 1:
        raise InputError(
            f"data: expected at least {len(names) + 1} points for {len(names)} free parameters "
            f"({', '.join(names)}), got {target.size}"
        )
    begin = np.array([_start(parameters, name, starts) for name in names])
    limits = math.log(WIDEST_RATIO)
    lower = np.log(np.abs(begin)) - limits
    upper = np.log(np.abs(begin)) + limits
    upper[[name == "spin_polarisation" for name in names]] = 0.0
    scale = deviation if weighted else np.full_like(target, np.abs(target).max())

    def device(logarithms: Array) -> DeviceParameters:
        values = np.copysign(np.exp(logarithms), begin)
        return parameters.replace(**dict(zip(names, values.tolist(), strict=True)))

    def distance(logarithms: Array) -> Array:
        return (model(device(logarithms)) - target) / scale

    def square(logarithms: Array) -> float:
        return float(np.sum(distance(logarithms) ** 2))

    def around(centre: Array, step: float, count: int) -> list[Array]:
        """Points of a grid about a centre, the best one first."""
        moves = itertools.product(step * np.arange(-count, count + 1), repeat=len(names))
        return sorted((np.clip(centre + move, lower, upper - 1e-3) for move in moves), key=square)

    if candidates is not None:
        found_starts = [np.clip(each, lower, upper - 1e-3) for each in candidates(begin)]
        nearest = [*sorted(found_starts, key=square)[:2], found_starts[0], found_starts[-1]]
    else:
        closest = around(np.log(np.abs(begin)), math.log(START_RATIO), START_STEPS)[0]
        for zoom in range(1, ZOOMS + 1):
            closest = around(closest, math.log(START_RATIO) / 2.0**zoom, 1)[0]
        nearest = [closest]
    tolerances = {"ftol": 1e-14, "xtol": 1e-14, "gtol": 1e-14}
    runs = [
        least_squares(distance, start, bounds=(lower, upper), jac="3-point", x_scale="jac", max_nfev=500, **tolerances)
        for start in nearest
    ]
    best = min(runs, key=lambda run: float(run.cost))
    if best.status == 0:
        raise ConvergenceError(
            "the fit has not settled after 500 steps; fix a parameter, or start nearer to the values"
        )
    found = model(device(best.x))
    # A parameter is not determined either where another minimum, as good within one standard error, does not know it.
    rounding = 1e-20 * float(np.sum((target / scale) ** 2))
    slack = (1.0 if weighted else 2.0 * best.cost / freedom) + rounding
    for run in runs:
        if 2.0 * (run.cost - best.cost) <= slack:
            curve = np.abs(model(device(run.x)))
            _refuse_blind(names, run.jac * (scale / curve)[:, np.newaxis] / math.sqrt(target.size))
    for name, value, highest, lowest in zip(names, best.x, upper, lower, strict=True):
        if min(highest - value, value - lowest) < 1e-6:
            raise ConvergenceError(
                f"{name}: the fit ran to the end of its range, {math.exp(value):g} {UNITS[name]}".rstrip()
                + "; leave it, or another one, fixed"
            )
    chi_square = float(np.sum(distance(best.x) ** 2))
    inverse = np.linalg.inv(best.jac.T @ best.jac)
    lengths = np.copysign(np.sqrt(np.diag(inverse)), begin)
    deviations = np.abs(lengths) * (1.0 if weighted else math.sqrt(chi_square / freedom))
    vague = [name for name, relative in zip(names, deviations, strict=True) if not relative < 1.0]
    if vague:
        raise ConvergenceError(
            f"{', '.join(vague)}: not determined by the data, the standard error is above the value; leave fewer free"
        )
    return _Minimum(
        parameters=device(best.x),
        names=names,
        values=np.copysign(np.exp(best.x), begin),
        errors=np.exp(best.x) * deviations,
        correlation=inverse / np.outer(lengths, lengths),
        model=found,
        chi_square=chi_square if weighted else chi_square * float(scale[0]) ** 2,
        freedom=freedom,
        weighted=weighted,
        typical_deviation=math.sqrt(target.size / float(np.sum(deviation**-2.0))),
    )


def _start(parameters: DeviceParameters, name: str, starts: dict[str, float]) -> float:
    """Where the fit begins for one parameter: its own value, if that is neither 0 nor infinite."""
    value = parameters.polarisation if name == "spin_polarisation" else float(getattr(parameters, name))
    if name == "parallel_resistance":
        return starts[name]
    return value if math.isfinite(value) and value != 0.0 else starts[name]


def _refuse_blind(names: tuple[str, ...], sensitivity: Array) -> None:
    """ConvergenceError that names the parameters which the curve does not depend on, alone or together.

    sensitivity: d ln(model) / d ln(parameter) over the root of the number of points, shape (points, free).
    """
    _, sizes, directions = np.linalg.svd(sensitivity, full_matrices=False)
    blind = directions[sizes < LEAST_SENSITIVITY]
    if blind.size:
        involved = [name for name, part in zip(names, np.abs(blind).max(axis=0), strict=True) if part > 0.05]
        together = "" if len(involved) == len(blind) else " together"
        raise ConvergenceError(
            f"{', '.join(involved)}: not determined{together} by these data, which tell {len(names) - len(blind)} "
            f"combination(s) of the {len(names)} free parameters; leave fewer free"
        )


def _dataset(kind: str, fit: _Minimum, long_name: str, unit: str, target: Array, data: Mapping[str, Any]) -> xr.Dataset:
    """What the Datasets of all fits have: data, curve at the data, provenance."""
    dataset = xr.Dataset(
        {
            kind: ("point", target, {"long_name": f"measured {long_name}", "units": unit}),
            "model": ("point", fit.model, {"long_name": f"fitted {long_name}", "units": unit}),
        },
        attrs={"experiment": f"fit_{kind}", **provenance([fit.parameters])},
    )
    if fit.weighted:
        deviation = _column(data, "standard_deviation")
        dataset["standard_deviation"] = ("point", deviation, {"long_name": "standard deviation", "units": unit})
    return dataset


def _result(fit: _Minimum, dataset: xr.Dataset) -> FitResult:
    reduced = fit.chi_square / fit.freedom
    dataset = dataset.assign_attrs(
        free=", ".join(fit.names),
        values=fit.values,
        standard_errors=fit.errors,
        correlation=fit.correlation.ravel(),
        degrees_of_freedom=fit.freedom,
    )
    if fit.weighted:
        dataset.attrs["reduced_chi_square"] = reduced
    return FitResult(
        free=fit.names,
        values=tuple(fit.values.tolist()),
        standard_errors=tuple(fit.errors.tolist()),
        correlation=fit.correlation,
        reduced_chi_square=reduced if fit.weighted else None,
        scatter=math.sqrt(reduced) * fit.typical_deviation,
        degrees_of_freedom=fit.freedom,
        parameters=fit.parameters,
        dataset=dataset,
    )
