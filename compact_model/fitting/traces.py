"""Device parameters from R(t) or x(t) during and after a pulse, as an oscilloscope records them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..device.parameters import DeviceParameters, applied_field
from ..drive import Drive, PiecewiseLinear
from ..simulation import simulate_ensemble
from ..support import validation
from ..support.arrays import FloatArray
from ..support.model_range import unquestioned
from ..support.random import Seed, recorded
from ..support.validation import InputError
from ..track.landscape import Landscape
from .columns import column
from .result import FitResult, fit_dataset, fit_result
from .simulated import Measured, Situation, check_work, fit_simulated


@unquestioned
def fit_trace(
    parameters: DeviceParameters,
    landscape: Landscape,
    data: Mapping[str, Any],
    free: Sequence[str] = ("anisotropy_field", "damping", "spin_polarisation"),
    *,
    external_field: float | None = None,
    torques: str = "both",
    starts: int | None = None,
    seed: Seed = 0,
) -> FitResult:
    """Fit R(t) or x(t) during and after a pulse by simulating the same drive at T = 0.

    data: `time` in s, increasing; `voltage` in V or `current` in A at these times, linear between them; `resistance`
    (Ohm, at that bias) or `position` (m); optionally its `standard_deviation`; optionally `train`, the name of the
    trace of each row (the rows of a trace are adjacent).  Every trace starts at rest in the first site, under its first
    voltage or current.  The other arguments are those of `fit_pulses`.

    In a parabolic site the wall rings with gamma sqrt(H_K Delta H_c / x_c) and loses its energy with alpha gamma (H_K +
    Delta H_c / x_c).  A trace of several periods therefore determines H_K and alpha if the site is known.  As long as
    the wall stays within the site, only the ratio of H_c and x_c matters.

    Raises InputError for unusable data or names, and ConvergenceError that names the parameters that the data do not
    determine.
    """
    validation.instance("parameters", parameters, DeviceParameters)
    validation.instance("landscape", landscape, Landscape)
    field = applied_field(parameters, external_field)
    situation = Situation(parameters, landscape, field)
    measured = Measured.of(data, parameters)
    times, values = column(data, "time"), column(data, measured.drive)
    for rows in measured.trains:
        validation.increasing("time", times[rows])
        if rows.stop - rows.start < 2:
            raise InputError("time: expected at least two times in each trace, got one")
    spans = np.concatenate([np.diff(times[rows]) for rows in measured.trains])
    largest = np.concatenate([np.maximum(*_neighbours(np.abs(values[rows]))) for rows in measured.trains])
    turning = check_work(situation, spans, largest, measured.kind)
    drives = [measured.kind(_corners(times[rows], values[rows])) for rows in measured.trains]

    def respond(situations: list[Situation]) -> FloatArray:
        return np.concatenate(
            [_one(situations, drive, times[rows]) for rows, drive in zip(measured.trains, drives, strict=True)], axis=1
        )

    def _one(situations: list[Situation], drive: Drive, when: FloatArray) -> FloatArray:
        run = simulate_ensemble(
            [each.parameters for each in situations],
            [each.landscape for each in situations],
            drive,
            when,
            external_field=[each.external_field for each in situations],
            initial_position=[each.rest(drive, when[0]) for each in situations],
            torques=torques,
        )
        found: FloatArray = run[measured.response].values
        return found

    origin = recorded(seed)
    fit, found, notes = fit_simulated(situation, measured, free, respond, turning, times.size, starts, seed)
    dataset = fit_dataset(
        "trace", measured.response, fit, found.parameters, measured.quantity, data, (found.landscape,), origin
    )
    train = np.repeat(np.arange(len(measured.trains)), [rows.stop - rows.start for rows in measured.trains])
    dataset["time"] = ("point", times, {"long_name": "time", "units": "s"})
    dataset["train"] = ("point", train, {"long_name": "number of the trace"})
    dataset[measured.drive] = ("point", values, {"long_name": measured.drive, "units": measured.kind.unit})
    dataset = dataset.assign_attrs(
        response=measured.response, drive=measured.drive, torques=torques, external_field=found.external_field
    )
    return fit_result(fit, found.parameters, dataset, found.landscape, notes)


def _neighbours(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    return values[:-1], values[1:]


def _corners(times: FloatArray, values: FloatArray) -> PiecewiseLinear:
    """A piecewise linear waveform through all points, without those on the line between their neighbours."""
    before, after = np.diff(values)[:-1] / np.diff(times)[:-1], np.diff(values)[1:] / np.diff(times)[1:]
    kept = np.concatenate([[True], before != after, [True]])
    return PiecewiseLinear(tuple(times[kept].tolist()), tuple(values[kept].tolist()))
