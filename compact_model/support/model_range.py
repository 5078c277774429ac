"""A warning if a value lies outside the model's range of validity, with the likely mistake of units."""

import functools
import math
import warnings
from collections.abc import Callable
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

from ..constants import OERSTED
from . import validation
from .validation import InputError

STRONGEST_FIELD = 0.5
"""T: 5000 Oe, at which the domains themselves would long have reversed."""
LARGEST_VOLTAGE = 1.0
"""V: approximate breakdown voltage of a barrier."""
HIGHEST_TEMPERATURE = 700.0
"""K: M_s, TMR and H_K are constants here, whatever the temperature."""


_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")
_UNQUESTIONED = ContextVar("_UNQUESTIONED", default=False)


class ModelRangeWarning(UserWarning):
    """A result depends on a value outside the range of validity in the model card; it is computed nevertheless."""


def written(value: float, unit: str) -> str:
    """A number with its unit."""
    return f"{value:.6g} {unit}".rstrip()


def warn_outside(
    name: str, value: float, limits: tuple[float, float], unit: str, edge_unit: str = "", edge_scale: float = 1.0
) -> None:
    """Warn, once for each place and text, if |value| is neither 0 nor within the limits.

    name: of the argument.  limits: smallest and largest size, in the unit.  edge_unit, edge_scale: the field's usual
    unit and its size in `unit`: a value that fits in it, or whose number fits, was probably meant in it.
    """
    size = abs(value)
    low, high = limits
    if _UNQUESTIONED.get() or size == 0.0 or low <= size <= high or math.isnan(size):
        return
    meant = f"at least {written(low, unit)}" if size < low else f"at most {written(high, unit)}"
    slip = ""
    if edge_scale != 1.0:
        if low <= size * edge_scale <= high:
            slip = f"; did you mean {written(value, edge_unit)} = {written(value * edge_scale, unit)}?"
        elif low <= size / edge_scale <= high:
            slip = f"; did you mean {written(value, unit)} = {written(value / edge_scale, unit)}?"
    warnings.warn(
        f"{name}: the model is meant for {meant}, got {written(value, unit)}{slip}", ModelRangeWarning, stacklevel=3
    )


def warn_of_field(name: str, value: float) -> None:
    """The same for a magnetic flux density, T."""
    warn_outside(name, value, (0.0, STRONGEST_FIELD), "T", "Oe", OERSTED)


def warn_of_voltage(largest: float) -> None:
    """The same for the largest voltage on a barrier, V."""
    slip = ("mV", 1e-3) if largest >= 20.0 else ("", 1.0)
    warn_outside("voltage on the barrier", largest, (0.0, LARGEST_VOLTAGE), "V", *slip)


def warn_of_temperature(kelvin: float) -> None:
    """The same for a temperature above 0 K."""
    warn_outside("temperature", kelvin, (1.0, HIGHEST_TEMPERATURE), "K")


def relative_spread(name: str, value: float, at_most: float = 10.0) -> float:
    """A checked relative standard deviation; warns above 1, because 5 was probably meant as 5 %."""
    size = validation.number(name, value)
    if size < 0.0 or size > at_most:
        slip = f"; {size:g} % is {0.01 * size:g}" if at_most < size <= 100.0 else ""
        raise InputError(f"{name}: expected a number from 0 to {at_most:g}, got {size:g}{slip}")
    warn_outside(name, size, (0.0, 1.0), "", "%", 0.01)
    return size


def spread_from_percent(name: str, percent: float) -> float:
    """A standard deviation in % as a fraction; warns below 0.1 %, because 0.05 was probably meant as 5 %."""
    warn_outside(name, percent, (0.1, math.inf), "%", "", 100.0)
    return 0.01 * percent


def unquestioned(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """No warnings within a search, or a check against an analytic limit, which use values beyond real devices."""

    @functools.wraps(function)
    def quietly(*arguments: _Parameters.args, **options: _Parameters.kwargs) -> _Result:
        before = _UNQUESTIONED.set(True)
        try:
            return function(*arguments, **options)
        finally:
            _UNQUESTIONED.reset(before)

    return quietly
