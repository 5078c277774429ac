"""Values with a unit where a netlist has plain numbers in its own units: converted, or refused by name.

A length in nm below a tenth of a picometre is refused: `x0=550n` or `length=1u` were meant in metres.
"""

import re
from collections.abc import Iterable, Mapping

from PySpice.Unit.Unit import UnitValue

from compact_model.constants import NANOMETRE, NANOSECOND
from compact_model.support.validation import InputError, number

from .quantities import NetlistParameter
from .text import real

_KELVIN_AT_ZERO_CELSIUS = 273.15
# Unit of the netlist: PySpice's unit, SI units per unit, and the value below which it must have been meant in SI units.
_SI = {
    "nm": ("m", NANOMETRE, 1e-4),
    "nm2": ("m²", NANOMETRE**2, 1e-4),
    "ns": ("s", NANOSECOND, 1e-6),
}
_PYSPICE = {"T": "T", "K": "K", "Ohm": "Ω", "V": "V", "rad": "rad"}


def plain(name: str, value: object, unit: str) -> object:
    """A value of PySpice as a number in the netlist's unit; anything else unchanged.

    Raises InputError for another unit, and for a plain number that must have been meant in SI units.
    """
    own, scale, least = _SI.get(unit, (_PYSPICE.get(unit, ""), 1.0, 0.0))
    if isinstance(value, UnitValue):
        given = value.unit.unit_suffix
        if given == "°C" and unit == "K":
            return float(value) + _KELVIN_AT_ZERO_CELSIUS
        if given != own:
            raise InputError(f"{name}: expected a plain number{_in(unit)}, got {value}")
        return float(f"{float(value) / scale:.15g}")
    if least and isinstance(value, int | float) and 0.0 < value < least:
        raise InputError(
            f"{name}: expected a plain number{_in(unit)}, got {value:g}, which only {own} can mean; write "
            f"{value / scale:.6g}"
        )
    return value


def _in(unit: str) -> str:
    return f" in {unit}" if unit else " without a unit"


def in_nanometres(position: float) -> float:
    """A wall's position (m) in nm; a negligible one is the track's end."""
    length = number("position", position) / NANOMETRE
    return 0.0 if abs(length) < _SI["nm"][2] else length


def checked(quantities: Iterable[NetlistParameter]) -> dict[str, tuple[str, str]]:
    """The parameters that a deck may give with a suffix, for the languages without Python: name, and the name and
    expression of the value in the netlist's unit."""
    found = {}
    for each in quantities:
        if each.unit in _SI:
            _, scale, least = _SI[each.unit]
            larger = real("scale", float(f"{1.0 / scale:.15g}"))
            inside = f"({each.name}<{real('least', least)} ? {larger}*{each.name} : {each.name})"
            found[each.name] = (f"{each.name}_{each.unit}", f"({each.name}>0.0 ? {inside} : {each.name})")
    return found


def with_checked(expression: str, inside: Mapping[str, str]) -> str:
    """An expression with the parameters replaced by their internal names, whose values are checked."""
    for name, plain in inside.items():
        expression = re.sub(rf"\b{name}\b", plain, expression)
    return expression
