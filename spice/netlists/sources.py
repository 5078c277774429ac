"""Drives as sources of a netlist."""

import itertools

import numpy as np

from compact_model.device.parameters import DeviceParameters
from compact_model.drive import Drive, PiecewiseLinear, Sine, Waveform
from compact_model.kernels.tables import COEFFICIENTS, LEFT, MIDDLE, RIGHT
from compact_model.support import validation
from compact_model.support.validation import InputError
from compact_model.track.piecewise import polynomial_rows

from .text import node, real

JUMP = 2e-15
"""Duration of a jump of the drive in a netlist, s: negligible for a wall, but two points for ngspice."""
_POINTS_PER_CURVE = 128
_MOST_POINTS = 1_000_000


def source_letter(drive: Drive) -> str:
    """'V' for a voltage source, 'I' for a current source."""
    return "V" if validation.instance("drive", drive, Drive).quantity == "voltage" else "I"


def source_value(drive: Drive, parameters: DeviceParameters, start: float, stop: float) -> str:
    """The value of a SPICE source over start to stop (s): a constant, a SIN or a PWL.

    Raises InputError for a current density that would not be the J in the torques of the device in the netlist.
    """
    scale = 1.0
    validation.instance("parameters", parameters, DeviceParameters)
    begin, end = validation.number("start", start), validation.number("stop", stop)
    if begin >= end:
        raise InputError(f"stop: expected a time after the start, {begin:g} s, got {end:g} s")
    if validation.instance("drive", drive, Drive).quantity == "current density":
        if parameters.torque_density != "current":
            raise InputError(
                "drive: expected a Current or a Voltage, or torque_density='current' in the parameters, got a "
                "CurrentDensity: a netlist's junction has terminals only, and its torques follow the voltage"
            )
        scale = parameters.junction_area
    return waveform_value(drive.waveform, begin, end, scale)


def waveform_value(waveform: Waveform, start: float, stop: float, scale: float = 1.0) -> str:
    """A waveform times a factor, as the value of a SPICE source."""
    if isinstance(waveform, Sine):
        return (
            f"SIN({real('offset', scale * waveform.offset)} {real('amplitude', scale * waveform.amplitude)} "
            f"{real('frequency', waveform.frequency)})"
        )
    if isinstance(waveform, PiecewiseLinear) and len(set(waveform.values)) == 1:
        return real("value", scale * waveform.values[0])
    times, values = corners(waveform, start, stop)
    words = " ".join(f"{real('time', t)} {real('value', scale * v)}" for t, v in zip(times, values, strict=True))
    return f"PWL({words})"


def corners(waveform: Waveform, start: float, stop: float) -> tuple[list[float], list[float]]:
    """Points of a piecewise linear waveform: exact for straight lines, to 1e-4 of a feature for curves."""
    rows = polynomial_rows(
        (waveform, waveform), waveform.edges(start, stop), waveform.knots(start, stop), (start, stop)
    )
    times: list[float] = []
    values: list[float] = []
    scale = max(float(np.abs(rows[:, COEFFICIENTS]).max()), 1e-300)
    for row in rows:
        polynomial = np.polynomial.Polynomial(row[COEFFICIENTS::2])
        curved = bool(np.abs(row[COEFFICIENTS + 4 :: 2]).max(initial=0.0) > 1e-12 * scale)
        u = np.linspace(-1.0, 1.0, _POINTS_PER_CURVE + 1 if curved else 2)
        here = (row[MIDDLE] + 0.5 * (row[RIGHT] - row[LEFT]) * u).tolist()
        found = polynomial(u).tolist()
        if values and abs(found[0] - values[-1]) <= 1e-9 * scale:
            here, found = here[1:], found[1:]
        elif values:
            times[-1] -= JUMP  # the later value holds at the time of the jump, as in `drive.PiecewiseLinear`
        times += here
        values += found
    last = float(waveform(stop))
    if abs(last - values[-1]) > 1e-9 * scale:  # a jump at the very end
        times[-1] -= JUMP
        times.append(stop)
        values.append(last)
    if any(later <= earlier for earlier, later in itertools.pairwise(times)):
        raise InputError(f"drive: expected points of the waveform at least {2.0 * JUMP:g} s apart, got closer ones")
    if len(times) > _MOST_POINTS:
        raise InputError(f"drive: expected at most {_MOST_POINTS} points in a netlist, got {len(times)}")
    return times, values


def source_line(
    label: str, plus: str, minus: str, drive: Drive, parameters: DeviceParameters, start: float, stop: float
) -> str:
    """A source element that drives a positive current, or holds a positive voltage, from plus to minus outside it."""
    letter = source_letter(drive)
    # A SPICE current source drives its current through itself, from its first node to its second.
    first, second = (plus, minus) if letter == "V" else (minus, plus)
    value = source_value(drive, parameters, start, stop)
    return f"{letter}{node('label', label)} {node('plus', first)} {node('minus', second)} {value}"
