"""H_K, P or zeta from measured thresholds against the offset field (the paper's Fig. 3)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..constants import AMPERE_PER_SQUARE_CENTIMETRE, NANOSECOND
from ..device.junction import antiparallel_share, voltage_at_current
from ..device.parameters import DeviceParameters
from ..device.published import COERCIVE_FIELD, WELL_HALF_WIDTH
from ..experiments.thresholds import current_threshold, static_current_threshold
from ..support import validation
from ..support.arrays import FloatArray
from ..support.model_range import unquestioned
from ..support.validation import ConvergenceError, InputError
from ..track.landscape import check_well_fits, single_well
from ..track.wells import ParabolicWell, Well
from .columns import column, deviation_of, one_of, same_length
from .least_squares import WIDEST_RATIO, Problem, minimise
from .result import FitResult, fit_dataset, fit_result
from .roughness import rough_errors
from .unknowns import DEPINNING_FIELD, THRESHOLD_PARAMETERS, Unknowns, free_names

CURVE_POINTS = 201
LONGEST_RAMP = 100e-6
"""The longest ramp, to the highest measured threshold, that a fit simulates, s."""
_RAMP_RATIO = 30.0  # within which a fit by simulated ramps searches
_DEPINNING_FIELDS = 24  # tried at first
_RAMP_HIGHEST = 4.0  # times the highest measured threshold: latest end of its ramps

_EXPONENTS = {
    "anisotropy_field": (1.0, 0.0),
    "spin_polarisation": (-1.0, -1.0),
    "field_like_ratio": (0.0, -1.0),
    "saturation_magnetisation": (1.0, 1.0),
    "thickness": (1.0, 1.0),
}
"""The powers of each parameter in the plateau and the slope of the static threshold."""


@unquestioned
def fit_threshold(
    parameters: DeviceParameters,
    data: Mapping[str, Any],
    free: Sequence[str] = ("anisotropy_field", "spin_polarisation"),
    *,
    torques: str = "both",
    ramp_rate: float | None = None,
    coercive_field: float = COERCIVE_FIELD,
    half_width: float = WELL_HALF_WIDTH,
    kind: type[Well] = ParabolicWell,
) -> FitResult:
    """Fit thresholds against Delta_H (the paper's Fig. 3) by their static limit, or by simulated ramps.

    data: as returned by `read_measured`; one-dimensional, in any order, all values above 0: `offset`, Delta_H in T;
    `threshold`, the J in the torques in A/m2; optionally the `standard_deviation` of the threshold, A/m2.  Instead of
    the offset it may have `field`, the H along the track in T: the depinning field H_d in Delta_H = H_d - H is then
    free as well, because an error of it is multiplied many times over in H_K.  Instead of the threshold it may have
    `threshold_current`, A (and its standard deviation in A), which `current_density_of` converts to J.
    parameters: the start of the fit, and the values of everything that is not free.  free: names from
    THRESHOLD_PARAMETERS.  The plateau is |H_K| / (2 P) and the slope 1 / (zeta P), in units of 2 e M_s t / hbar, so
    that no data determine more than two of them; the sign of H_K is kept.
    ramp_rate: of the measurement, A/(m2 s); None: thresholds of slow ramps, `static_current_threshold`.  The paper's
    ramp, 1e4 A/cm2/ns, overshoots the static plateau by 4 % at H_K = 100 Oe and by 16 % at 30 Oe, and a static fit
    overestimates H_K by as much.  If the rate is given, `current_threshold` simulates each ramp at T = 0, out of a well
    with coercive_field (T), half_width (m) and kind, on which the overshoot depends.  Such thresholds jump by up to a
    quarter where the wall leaves an oscillation earlier or later; a note says so if this affects the errors.

    Raises InputError for unusable data or names, and ConvergenceError that names the parameters that the data do not
    determine.
    """
    validation.instance("parameters", parameters, DeviceParameters)
    against = one_of(data, ("offset", "field"))
    offset = column(data, against, positive=against == "offset")
    data = dict(data)
    if one_of(data, ("threshold", "threshold_current")) == "threshold_current":
        current = column(data, "threshold_current", positive=True)
        same_length(data, "threshold_current")
        data["threshold"] = current_density_of(parameters, current)
        del data["threshold_current"]
        if "standard_deviation" in data:
            deviations = column(data, "standard_deviation", positive=True)
            data["standard_deviation"] = deviations * data["threshold"] / current
    threshold = column(data, "threshold", positive=True)
    if parameters.field_like_quadratic != 0.0:
        raise InputError(f"field_like_quadratic: expected 0 in a static limit, got {parameters.field_like_quadratic:g}")
    if torques == "field-like" and parameters.field_like_ratio == 0.0 and "field_like_ratio" not in free:
        raise InputError("field_like_ratio: expected a number above 0 with torques 'field-like', got 0")
    names = free_names(free, THRESHOLD_PARAMETERS)
    shifted = against == "field"
    if shifted:
        if ramp_rate is not None:
            raise InputError("field: expected data 'offset' where ramps are simulated, got 'field'")
        names = (*names, DEPINNING_FIELD)
    if parameters.anisotropy_field == 0.0 and "anisotropy_field" not in names and torques != "field-like":
        raise InputError("anisotropy_field: expected a value other than 0 for a fixed parameter, got 0")
    deviation = deviation_of(data, "threshold")
    same_length(data, "threshold")
    if ramp_rate is not None:
        validation.positive("ramp_rate", ramp_rate)
        check_well_fits(
            parameters,
            single_well(parameters, coercive_field=coercive_field, half_width=half_width, kind=kind).wells[0],
        )
        if offset.max() >= 2.0 * coercive_field:
            raise InputError(
                f"offset: expected below 2 H_c = {2.0 * coercive_field:g} T, where the field alone does not free the "
                f"wall, got {offset.max():g} T"
            )
        if threshold.max() > ramp_rate * LONGEST_RAMP:
            raise InputError(
                f"ramp_rate: expected at least {_rate(threshold.max() / LONGEST_RAMP)}, with which a ramp takes "
                f"{LONGEST_RAMP:g} s, got {_rate(ramp_rate)}; slower ones are in the static limit"
            )

    def device(values: FloatArray) -> DeviceParameters:
        found = dict(zip(names, values.tolist(), strict=True))
        found.pop(DEPINNING_FIELD, None)
        return parameters.replace(**found)

    def offsets(values: FloatArray, at: FloatArray = offset) -> FloatArray:
        """Delta_H at the data, or at other fields, from the depinning field if that is free."""
        return values[-1] - at if shifted else at

    def model(each: DeviceParameters, at: FloatArray) -> FloatArray:
        if ramp_rate is None:
            return static_current_threshold(each, at, torques)
        limit = float(static_current_threshold(each, at, torques).max())
        try:
            run = current_threshold(
                each,
                at,
                coercive_field=coercive_field,
                half_width=half_width,
                kind=kind,
                torques=torques,
                ramp_rate=ramp_rate,
                method="adaptive",
                largest_density=min(3.0 * limit, _RAMP_HIGHEST * float(threshold.max())),
            )
        except ConvergenceError:
            return np.full_like(at, np.nan)  # too far from the data to find a threshold
        thresholds: FloatArray = run.threshold.values[:, 0]
        return thresholds

    def starts() -> list[FloatArray]:
        """Coordinates to start from, with depinning fields above all of the data if that is free."""
        if not shifted:
            return kinks(offset)
        span = float(np.ptp(offset)) or abs(float(offset[0]))
        found = []
        for depinning_field in offset.max() + span * np.geomspace(0.003, 3.0, _DEPINNING_FIELDS):
            for each in kinks(depinning_field - offset):
                each[-1] = unknowns.scaled(np.append(unknowns.begin[:-1], depinning_field))[-1]
                found.append(each)
        return found

    def kinks(offset: FloatArray) -> list[FloatArray]:
        """Coordinates for each split of the points into slope and plateau; at both ends only one of them."""
        begin = device(unknowns.begin)
        order = np.argsort(offset)
        x, y = offset[order], threshold[order]
        weight = np.ones_like(y) if deviation is None else deviation[order] ** -2.0 * y.max() ** 2
        first = y.size if torques == "field-like" else 0
        last = 0 if torques == "slonczewski" or begin.field_like_ratio == 0.0 else y.size
        found = []
        for split in range(first, last + 1):
            here, beyond = slice(None, split), slice(split, None)
            exponents, ratios = [], []
            slope = np.average(y[here] / x[here], weights=(weight * x**2)[here]) if split > 0 else 0.0
            plateau = np.average(y[beyond], weights=weight[beyond]) if split < y.size else 4.0 * slope * x[-1]
            if split == 0:
                slope = 4.0 * plateau / x[0]
            if torques != "field-like":
                exponents.append([_EXPONENTS.get(name, (0.0, 0.0))[0] for name in names])
                ratios.append(plateau / begin.walker_current_density)
            if last > 0:
                exponents.append([_EXPONENTS.get(name, (0.0, 0.0))[1] for name in names])
                ratios.append(slope * begin.field_like_ratio * begin.torque_per_current_density)
            found.append(unknowns.inside(unknowns.origin + np.linalg.pinv(np.array(exponents)) @ np.log(ratios)))
        return found

    begins = {
        "anisotropy_field": parameters.anisotropy_field or 3e-3,
        "field_like_ratio": parameters.field_like_ratio or 0.3,
        "spin_polarisation": parameters.polarisation,
        DEPINNING_FIELD: float(offset.max()),
    }
    unknowns = Unknowns(
        names,
        np.array([begins[name] if name in begins else getattr(parameters, name) for name in names]),
        WIDEST_RATIO if ramp_rate is None else _RAMP_RATIO,
    )
    problem = Problem(
        unknowns,
        lambda sets: np.array([model(device(values), offsets(values)) for values in sets]),
        threshold,
        deviation,
    )
    if ramp_rate is not None:
        # The wall leaves one oscillation earlier or later, so thresholds jump every few per cent of a parameter.
        problem = replace(problem, difference=1e-4, least_sensitivity=1e-4, tolerance=1e-6, most_steps=60, jumps=True)
    splits = starts()
    order = np.argsort(problem.squares(np.array(splits)), kind="stable")
    chosen = dict.fromkeys([*order[:2].tolist(), 0, len(splits) - 1])  # each once
    fit = minimise(problem, [splits[index] for index in chosen])
    fitted = device(fit.values)
    dataset = fit_dataset("threshold", "threshold", fit, fitted, ("threshold J_th", "A/m2"), data)
    depinning_offset = offsets(fit.values)
    dataset["offset"] = ("point", depinning_offset, {"long_name": "offset field Delta_H = H_c - H_z", "units": "T"})
    if ramp_rate is None:
        curve = np.linspace(0.0, 1.05 * max(float(depinning_offset.max()), 0.0), CURVE_POINTS)
    else:
        curve = np.linspace(0.5 * offset.min(), offset.max(), CURVE_POINTS)
        dataset = dataset.assign_attrs(
            ramp_rate=ramp_rate, coercive_field=coercive_field, half_width=half_width, well=kind.__name__
        )
    dataset["curve_offset"] = ("along_curve", curve, dataset.offset.attrs)
    dataset["curve"] = (("along_curve",), model(fitted, curve), dataset.model.attrs)
    notes = () if ramp_rate is None else rough_errors(problem, fit, "leave fewer free, or fit the static limit")
    return fit_result(fit, fitted, dataset.assign_attrs(torques=torques), notes=notes)


def current_density_of(parameters: DeviceParameters, current: ArrayLike) -> FloatArray:
    """The J of the torques, A/m2, at a current through the junction (A) with the wall in the middle of the track.

    I / A if torque_density is 'current', A including the pad; else V / RA_P, with the voltage of the junction.
    """
    amperes = validation.array("current", current)
    if parameters.torque_density == "current":
        return amperes / parameters.junction_area
    share = np.full_like(amperes, antiparallel_share(parameters, 0.5 * parameters.track_length))
    return voltage_at_current(parameters, share, amperes) / parameters.resistance_area_product


def _rate(value: float) -> str:
    """A ramp's rate in SI and in the units of the field."""
    return f"{value:.3g} A/(m2 s) ({value * NANOSECOND / AMPERE_PER_SQUARE_CENTIMETRE:.3g} A/cm2/ns)"
