"""Device parameters from trains of pulses and the state that each pulse leaves behind."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..device.junction import position_for_resistance, resistance
from ..device.parameters import DeviceParameters, applied_field
from ..drive import PiecewiseLinear
from ..experiments.pulse_trains import READ_SHARE, READINGS
from ..simulation import simulate_ensemble
from ..support import validation
from ..support.arrays import FloatArray
from ..support.model_range import unquestioned
from ..support.random import Seed, recorded
from ..support.validation import InputError
from ..track.landscape import Landscape
from .columns import column, on_track
from .result import FitResult, fit_dataset, fit_result
from .simulated import Measured, Situation, check_work, fit_simulated

_OUTSIDE = 0.05  # of R: largest deviation, through noise, of the first resistance from the range of the track


@unquestioned
def fit_pulses(
    parameters: DeviceParameters,
    landscape: Landscape,
    data: Mapping[str, Any],
    free: Sequence[str] = ("spin_polarisation", "external_field"),
    *,
    external_field: float | None = None,
    torques: str = "both",
    starts: int | None = None,
    seed: Seed = 0,
) -> FitResult:
    """Fit the states that trains of rectangular pulses leave behind, by simulating the same trains at T = 0.

    data: one row for each pulse, in order, as returned by `read_measured`.  Required: `voltage` (V) or `current` (A);
    `width` and `period` (from the start of a pulse to that of the next) in s; `resistance` (Ohm, at zero bias) or
    `position` (m) after the pulse, as the mean over the last quarter of the period, as in `pulse_train`.  Optional: its
    `standard_deviation`; `train`, the name of the train of each row (the rows of a train are adjacent);
    `initial_resistance` or `initial_position` of the train, the same in all of its rows.  Without an initial value, a
    wall starts at rest in the first site.
    parameters, landscape: the start of the fit, and the values of everything that is not free; R_P and TMR_0 are best
    fitted by `fit_resistance` first.  free: names from SIMULATED_PARAMETERS.  external_field: T; None: cancels the
    stray field.
    starts: number of points of a Sobol sequence, within a factor of 3 of the parameters, that are tried; None: 64,
    doubled for each free parameter; at most a number that takes some minutes.  The best four are followed.  seed: of
    the sequence.

    On a track without pinning, a wall that is at rest again has moved by Delta gamma zeta / alpha times the integral of
    the Slonczewski field, and by the contribution of H_z.  This determines one combination of P, zeta, alpha and Delta,
    and the field.  If the wall comes to rest in a site before it is read, the data only show the position of that site,
    and nothing but jumps from site to site depends on the parameters.  Such data do not determine the parameters, and
    the fit says so.  Reads while the wall rings do determine them.

    Raises InputError for unusable data or names, and ConvergenceError that names the parameters that the data do not
    determine.
    """
    validation.instance("parameters", parameters, DeviceParameters)
    validation.instance("landscape", landscape, Landscape)
    field = applied_field(parameters, external_field)
    situation = Situation(parameters, landscape, field)
    measured = Measured.of(data, parameters)
    heights = column(data, measured.drive)
    widths = column(data, "width", positive=True)
    periods = column(data, "period", positive=True)
    long = widths >= (1.0 - READ_SHARE) * periods
    if long.any():
        index = int(np.argmax(long))
        raise InputError(
            f"width: expected less than {1.0 - READ_SHARE:g} of the period {periods[index]:g} s, got {widths[index]:g} "
            f"s at index {index}"
        )
    initial = _initial(data, parameters, measured)
    turning = check_work(situation, np.append(widths, periods), np.append(heights, 0.0 * heights), measured.kind)
    shares = 1.0 - READ_SHARE * (np.arange(READINGS)[::-1] + 0.5) / READINGS

    def respond(situations: list[Situation]) -> FloatArray:
        parts = []
        for rows, first in zip(measured.trains, initial, strict=True):
            begin = np.concatenate([[0.0], np.cumsum(periods[rows])])[:-1]
            pulse = np.column_stack([begin, begin, begin + widths[rows], begin + widths[rows]]).ravel()
            values = (heights[rows, np.newaxis] * np.array([0.0, 1.0, 1.0, 0.0])).ravel()
            drive = measured.kind(PiecewiseLinear(tuple(pulse.tolist()), tuple(values.tolist())))
            if first is None:
                where: Any = [each.rest(measured.kind.of(0.0), 0.0) for each in situations]
            else:
                where = first
            run = simulate_ensemble(
                [each.parameters for each in situations],
                [each.landscape for each in situations],
                drive,
                np.concatenate([[0.0], (begin[:, np.newaxis] + periods[rows, np.newaxis] * shares).ravel()]),
                external_field=[each.external_field for each in situations],
                initial_position=where,
                torques=torques,
            )
            positions = run.position.values[:, 1:]
            if measured.response == "resistance":
                positions = np.array(
                    [resistance(each.parameters, row) for each, row in zip(situations, positions, strict=True)]
                )
            parts.append(positions.reshape(len(situations), begin.size, READINGS).mean(axis=2))
        return np.concatenate(parts, axis=1)

    origin = recorded(seed)
    states = READINGS * heights.size
    fit, found, notes = fit_simulated(situation, measured, free, respond, turning, states, starts, seed)
    dataset = fit_dataset(
        "pulses", measured.response, fit, found.parameters, measured.quantity, data, (found.landscape,), origin
    )
    number = np.concatenate([np.arange(1, rows.stop - rows.start + 1) for rows in measured.trains])
    train = np.repeat(np.arange(len(measured.trains)), [rows.stop - rows.start for rows in measured.trains])
    dataset["pulse"] = ("point", number, {"long_name": "number of the pulse in its train"})
    dataset["train"] = ("point", train, {"long_name": "number of the train"})
    dataset["amplitude"] = ("point", heights, {"long_name": measured.drive, "units": measured.kind.unit})
    dataset["width"] = ("point", widths, {"long_name": "width of the pulse", "units": "s"})
    dataset["period"] = ("point", periods, {"long_name": "from its start to that of the next", "units": "s"})
    dataset = dataset.assign_attrs(
        response=measured.response, drive=measured.drive, torques=torques, external_field=found.external_field
    )
    return fit_result(fit, found.parameters, dataset, found.landscape, notes)


def _initial(data: Mapping[str, Any], parameters: DeviceParameters, measured: Measured) -> list[float | None]:
    """The position at the start of each train, m; None: at rest in the first site."""
    given = [name for name in ("initial_resistance", "initial_position") if name in data]
    if len(given) == 2:
        raise InputError("data: expected one of 'initial_resistance' or 'initial_position' at most, got both")
    if not given:
        return [None] * len(measured.trains)
    values = column(data, given[0])
    for rows in measured.trains:
        if (values[rows] != values[rows.start]).any():
            raise InputError(
                f"{given[0]}: expected the same value in all rows of a train, got {values[rows].min():g} and "
                f"{values[rows].max():g}"
            )
    firsts = np.array([values[rows.start] for rows in measured.trains])
    if given[0] == "initial_position":
        return list(on_track("initial_position", firsts, parameters).tolist())
    lowest, highest = resistance(parameters, [parameters.track_length, 0.0])
    if ((firsts < (1.0 - _OUTSIDE) * lowest) | (firsts > (1.0 + _OUTSIDE) * highest)).any():
        raise InputError(
            f"initial_resistance: expected from {lowest:g} to {highest:g} Ohm, the wall at the ends of the track, got "
            f"{firsts.min():g} to {firsts.max():g}"
        )
    return list(position_for_resistance(parameters, firsts).tolist())
