"""Checks of the columns of data that a fit is given."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import validation
from ..validation import InputError, shaped

Array = NDArray[np.float64]


def column(data: Mapping[str, Any], name: str, positive: bool = False) -> Array:
    """A column of finite numbers, above 0 where asked."""
    if name not in validation.instance("data", data, Mapping):
        raise InputError(f"data: expected {name!r}, got {', '.join(map(repr, data)) or 'nothing'}")
    values = validation.numbers(name, data[name])
    if positive and (values <= 0.0).any():
        raise InputError(f"{name}: expected numbers above 0, got {values.min():g} at index {int(np.argmin(values))}")
    return values


def one_of(data: Mapping[str, Any], choices: tuple[str, str], otherwise: str = "") -> str:
    """The one of two columns that the data have."""
    validation.instance("data", data, Mapping)
    given = [name for name in choices if name in data]
    if len(given) != 1:
        expected = " or ".join(map(repr, choices)) + otherwise
        raise InputError(f"data: expected one of {expected}, got {'both' if given else 'neither'}")
    return given[0]


def same_length(data: Mapping[str, Any], measured: str) -> int:
    """How many points there are; InputError where columns differ in length."""
    count = shaped(measured, data[measured]).size
    for name, values in data.items():
        column = " ".join(str(name).split())
        found = shaped(column, values).size
        if found != count:
            raise InputError(f"{' '.join(str(name).split())}: expected {count} values, as {measured} has, got {found}")
    return count


def deviation_of(data: Mapping[str, Any]) -> Array | None:
    """The standard deviations, where the data have some."""
    return column(data, "standard_deviation", positive=True) if "standard_deviation" in data else None
