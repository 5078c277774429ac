"""Checks of the data columns given to a fit."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..device.parameters import DeviceParameters
from ..support import validation
from ..support.arrays import FloatArray
from ..support.validation import InputError, shaped

LARGEST = 1e50
"""Larger than any measured value; neither its inverse nor its square overflows or vanishes."""
FINEST = 1e-15
"""Standard deviations are at least this share of the largest measured value, and at most its inverse."""

ROUNDING = 1e-9
"""Share of the track's length by which a position may lie beyond its ends."""


def column(data: Mapping[str, Any], name: str, positive: bool = False) -> FloatArray:
    """A column of finite numbers up to LARGEST, and at least its inverse if they must be above 0."""
    if name not in validation.instance("data", data, Mapping):
        raise InputError(f"data: expected {name!r}, got {', '.join(map(repr, data)) or 'nothing'}")
    values = validation.numbers(name, data[name])
    if positive and (values <= 0.0).any():
        raise InputError(f"{name}: expected numbers above 0, got {values.min():g} at index {int(np.argmin(values))}")
    if (np.abs(values) > LARGEST).any() or (positive and (values < 1.0 / LARGEST).any()):
        expected = f"from {1.0 / LARGEST:g} to {LARGEST:g}" if positive else f"of at most {LARGEST:g}"
        raise InputError(f"{name}: expected numbers {expected}, got {values.min():g} to {values.max():g}")
    return values


def on_track(name: str, positions: FloatArray, parameters: DeviceParameters) -> FloatArray:
    """Positions from 0 to the track's length, m; an end in nm need not equal the track's exactly after conversion to
    m."""
    length = parameters.track_length
    rounding = ROUNDING * length
    if ((positions < -rounding) | (positions > length + rounding)).any():
        raise InputError(
            f"{name}: expected from 0 to the track's {length:g} m, got {positions.min():g} to {positions.max():g} m"
        )
    return np.clip(positions, 0.0, length)


def one_of(data: Mapping[str, Any], choices: tuple[str, str], otherwise: str = "") -> str:
    """The one of two columns that the data contain."""
    validation.instance("data", data, Mapping)
    given = [name for name in choices if name in data]
    if len(given) != 1:
        expected = " or ".join(map(repr, choices)) + otherwise
        raise InputError(f"data: expected one of {expected}, got {'both' if given else 'neither'}")
    return given[0]


def same_length(data: Mapping[str, Any], measured: str) -> int:
    """The number of points; InputError if columns differ in length."""
    count = shaped(measured, data[measured]).size
    for name, values in data.items():
        column = " ".join(str(name).split())
        found = shaped(column, values).size
        if found != count:
            raise InputError(f"{' '.join(str(name).split())}: expected {count} values, as {measured} has, got {found}")
    return count


def deviation_of(data: Mapping[str, Any], measured: str) -> FloatArray | None:
    """The standard deviations of the measured values, if the data contain any."""
    if "standard_deviation" not in data:
        return None
    deviation = column(data, "standard_deviation", positive=True)
    largest = float(np.abs(column(data, measured)).max())
    if largest > 0.0 and ((deviation < FINEST * largest) | (deviation > largest / FINEST)).any():
        raise InputError(
            f"standard_deviation: expected from {FINEST * largest:g} to {largest / FINEST:g}, next to the largest "
            f"{measured} of {largest:g}, got {deviation.min():g} to {deviation.max():g}"
        )
    return deviation
