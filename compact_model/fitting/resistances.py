"""R_P, TMR_0 and V_h from R against V or I at known states of the wall."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..device import heating
from ..device.junction import antiparallel_share
from ..device.parameters import DeviceParameters
from ..support import validation
from ..support.arrays import FloatArray
from ..support.model_range import LARGEST_VOLTAGE, unquestioned
from ..support.validation import InputError
from .branches import BETWEEN, loop_states
from .columns import column, deviation_of, on_track, one_of, same_length
from .least_squares import WIDEST_RATIO, Problem, minimise
from .measured import STATES
from .measured_junction import MeasuredJunction, measured_resistances
from .result import FitResult, fit_dataset, fit_result
from .unknowns import JUNCTION_PARAMETERS, RESISTANCE_PARAMETERS, Unknowns, free_names

CURVE_POINTS = 201
_HALF_VOLTAGES = 0.02, 20.0  # V, of tunnel barriers; beyond them a unit was mistaken


@unquestioned
def fit_resistance(
    parameters: DeviceParameters,
    data: Mapping[str, Any],
    free: Sequence[str] = JUNCTION_PARAMETERS,
    *,
    state: str | None = None,
    series_resistance: float = 0.0,
) -> FitResult:
    """Fit R against V or I by `conductance`: R_P, TMR_0, V_h.

    data: as returned by `read_measured`; one-dimensional: `resistance` in Ohm against `voltage` in V or `current` in A;
    optionally its `standard_deviation` in Ohm; and for each point its `state`, 'P' or 'AP' in the whole junction (the
    branches of an R-V or R-I loop), or the wall's `position` in m.  state: 'P' or 'AP' for all points.
    Data with none of these are a loop in the order measured, whose points are sorted by `loop_states`: the lowest and
    the highest curve with many points are taken for P and AP, and the points between them are left out.  Levels that
    are closer to a state than about the noise are not distinguished from it, whatever smaller errors the points have:
    of 342 simulated loops at 300 K with 0.4 Ohm of noise, 95 % give R_P within 0.4 % and TMR_0 within 1.4 %.  A loop
    whose wall stops before P gives too large an R_P, and one that only reached a wall at x = 0, where the pad stays
    parallel, too small a TMR_0; notes say by how much.
    parameters: the start of the fit, and the values of everything that is not free.  free: names from
    RESISTANCE_PARAMETERS: besides R_P, TMR_0 and V_h those of `MeasuredJunction`, which are negative_half_voltage (V_h
    at V < 0), parallel_curvature (c in G_P(V) = (1 + c V^2)/R_P, at known states) and series_resistance.
    series_resistance: of leads and contacts, Ohm, which contributes to the measured R and takes part of the voltage;
    the start of the fit if it is free.  If it is left out, it is counted in R_P and makes the TMR too small.  R at the
    states P and AP alone cannot distinguish it from R_P; to be free, it needs other positions of the wall.  A branch of
    a loop is refused if R_P, TMR_0 and V_h describe less than half of its points.

    Raises InputError for unusable data or names, and ConvergenceError that names the parameters that the data do not
    determine.
    """
    heating.refuse(validation.instance("parameters", parameters, DeviceParameters), "a fit of resistances")
    ohms = column(data, "resistance", positive=True)
    drive = one_of(data, ("voltage", "current"))
    bias = column(data, drive)
    same_length(data, "resistance")
    between = np.zeros(ohms.size, dtype=bool)
    sorting = ""
    if state is None and not {"state", "position"} & data.keys():
        states = loop_states(bias if drive == "voltage" else bias * ohms, ohms, deviation_of(data, "resistance"))
        between = states == BETWEEN
        sorting = (
            f"{(states == 'P').sum()} of {ohms.size} points taken for P, {(states == 'AP').sum()} for AP, "
            f"{between.sum()} between them left out"
        )
        left_out = bias[between], ohms[between]
        data = {name: np.asarray(values)[~between] for name, values in {**data, "state": states}.items()}
        bias, ohms = bias[~between], ohms[~between]
    share = _shares(parameters, data, state, ohms.size)
    names = free_names(free, RESISTANCE_PARAMETERS)

    leads = validation.non_negative("series_resistance", series_resistance)

    def junction(values: FloatArray) -> MeasuredJunction:
        found = {"series_resistance": leads} | dict(zip(names, values.tolist(), strict=True))
        own = {name: found.pop(name) for name in JUNCTION_PARAMETERS if name in found}
        return MeasuredJunction(device=parameters.replace(**own), **found)

    fixed = {
        "series_resistance": leads,
        "parallel_curvature": 0.0,
        **{name: getattr(parameters, name) for name in JUNCTION_PARAMETERS},
    }

    def curves(sets: FloatArray) -> FloatArray:
        """The searches of a fit ask for hundreds of junctions at once."""
        values = {name: np.full(len(sets), value) for name, value in fixed.items()}
        return measured_resistances(values | dict(zip(names, sets.T, strict=True)), share, drive, bias)

    volts = bias if drive == "voltage" else bias * ohms
    half_voltage = parameters.tmr_half_voltage
    starts = {
        "parallel_resistance": max(float(ohms.min()) - leads, 0.1 * float(ohms.min())),
        "tmr": parameters.tmr,
        "tmr_half_voltage": half_voltage if math.isfinite(half_voltage) else float(np.abs(volts).max()) or 1.0,
        "parallel_curvature": 0.0,
        "series_resistance": leads,
    }
    starts["negative_half_voltage"] = starts["tmr_half_voltage"]
    problem = Problem(
        Unknowns(names, np.array([starts[name] for name in names]), WIDEST_RATIO),
        curves,
        ohms,
        deviation_of(data, "resistance"),
    )
    fit = minimise(problem, problem.zoom())
    measured = junction(fit.values)
    fitted = measured.device
    curve = np.linspace(bias.min(), bias.max(), CURVE_POINTS)
    shares = np.unique(share)
    dataset = fit_dataset("resistance", "resistance", fit, fitted, ("resistance R", "Ohm"), data)
    attributes = {"voltage": ("voltage V", "V"), "current": ("current I", "A")}[drive]
    dataset[drive] = ("point", bias, dict(zip(("long_name", "units"), attributes, strict=True)))
    dataset["share"] = ("point", share, {"long_name": "antiparallel share f", "units": ""})
    dataset[f"curve_{drive}"] = ("along_curve", curve, dataset[drive].attrs)
    dataset["curve_share"] = ("branch", shares, dataset.share.attrs)
    dataset["curve"] = (
        ("branch", "along_curve"),
        measured.resistance(*_over(shares, curve, drive)),
        dataset.model.attrs,
    )
    if between.any():
        dataset[f"left_out_{drive}"] = ("point_left_out", left_out[0], dataset[drive].attrs)
        dataset["left_out"] = ("point_left_out", left_out[1], dataset.resistance.attrs)
    notes = (sorting, _other_ap(fitted, names), *_other_p(fitted, names)) if sorting else ()
    leads = measured.series_resistance
    across = (bias if drive == "voltage" else bias * ohms) * (1.0 - leads / ohms)
    return fit_result(
        fit,
        fitted,
        dataset.assign_attrs(drive=drive, series_resistance=leads),
        notes=(*notes, *_doubts(float(np.abs(across).max()), fitted, names)),
    )


def _doubts(largest: float, fitted: DeviceParameters, free: tuple[str, ...]) -> list[str]:
    """What no barrier bears or does: the unit of a drive was probably another one.

    largest: V, across the junction.
    """
    notes = []
    if largest > LARGEST_VOLTAGE:
        notes.append(
            f"up to {largest:.3g} V lie across the junction, and barriers break down at about {LARGEST_VOLTAGE:g} V; "
            "check the units of V, I and R"
        )
    half_voltage = fitted.tmr_half_voltage
    if "tmr_half_voltage" in free and not _HALF_VOLTAGES[0] <= half_voltage <= _HALF_VOLTAGES[1]:
        notes.append(
            f"V_h is {half_voltage:.3g} V, and barriers have {_HALF_VOLTAGES[0]:g} to {_HALF_VOLTAGES[1]:g} V; check "
            "the units of V, I and R"
        )
    return notes


def _over(shares: FloatArray, curve: FloatArray, drive: str) -> tuple[FloatArray, str, FloatArray]:
    """A curve at each of the shares, for `MeasuredJunction.resistance`."""
    along, at = np.broadcast_arrays(shares[:, np.newaxis], curve)
    return along, drive, at


_SHORT = 0.02  # share of the junction that stays antiparallel


def _other_p(fitted: DeviceParameters, free: tuple[str, ...]) -> list[str]:
    """A note on a fit that took the lowest level for P: what R_P is if the wall stopped shortly before it.

    R(f, 0) = R_P / (1 - f TMR_0 / (1 + TMR_0)); a loop at its noise cannot distinguish a small f from 0.
    """
    if "parallel_resistance" not in free:
        return []
    found = fitted.parallel_resistance
    ohms = found * (1.0 - _SHORT) / (1.0 - _SHORT / (1.0 + fitted.tmr))
    return [
        f"P was taken for the lowest level: if {100.0 * _SHORT:g} % of the junction stayed antiparallel there, R_P is "
        f"{ohms:.4g} Ohm instead of {found:.4g} Ohm"
    ]


def _other_ap(fitted: DeviceParameters, free: tuple[str, ...]) -> str:
    """A note on a fit that took a state for AP of the whole junction that may be a wall at x = 0, f < 1.

    R(f, V) / R_P - 1 = f TMR_0 / (1 + (1 - f) TMR_0 + (V / V_h)^2) has the form of a TMR with a V_h, so a loop cannot
    distinguish the two.
    """
    share = float(antiparallel_share(fitted, 0.0))
    note = f"AP was taken for all of the junction; a wall at x = 0 has the antiparallel share {share:.3g}"
    if "tmr" not in free:
        return note
    left = share - (1.0 - share) * fitted.tmr
    if left <= 0.0:
        return f"{note}, too little for a TMR of {100.0 * fitted.tmr:.4g} %"
    tmr = fitted.tmr / left
    half_voltage = fitted.tmr_half_voltage / math.sqrt(1.0 + (1.0 - share) * tmr)
    bias = f" and V_h is {half_voltage:.4g} V instead of {fitted.tmr_half_voltage:.4g} V"
    return (
        f"{note}: if the loop only came that far, the TMR is {100.0 * tmr:.4g} % instead of {100.0 * fitted.tmr:.4g} %"
        f"{bias if 'tmr_half_voltage' in free else ''}; then give the position x of each point"
    )


def _shares(parameters: DeviceParameters, data: Mapping[str, Any], state: str | None, count: int) -> FloatArray:
    """The antiparallel share f of each point."""
    if state is not None:
        validation.choice("state", state, STATES)
        for name in ("state", "position"):
            if name in data:
                raise InputError(f"state: expected either the argument or data {name!r}, got both")
        return np.full(count, float(state == "AP"))
    if one_of(data, ("state", "position")) == "position":
        position = on_track("position", column(data, "position"), parameters)
        return antiparallel_share(parameters, position)
    words = [validation.choice("state", str(word), STATES) for word in np.atleast_1d(data["state"])]
    return np.array([float(word == "AP") for word in words])
