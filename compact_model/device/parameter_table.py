"""One row for each parameter of a device, from which checks, options, netlists and tables are derived."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from enum import Enum
from typing import Any, get_type_hints

from ..constants import AMPERE_PER_SQUARE_CENTIMETRE, NANOMETRE, NANOSECOND, OERSTED
from ..support import validation
from ..support.model_range import warn_outside


@dataclass(frozen=True)
class Unit:
    """A unit in which a parameter is given somewhere: its spelling, and its size in SI."""

    name: str
    scale: float


@dataclass(frozen=True)
class Dimension:
    """The units of a kind of quantity: in SI, at the command line and in files of parameters, and in netlists."""

    si: str
    edge: Unit
    netlist: Unit


def _dimension(si: str, edge: Unit | None = None, netlist: Unit | None = None) -> Dimension:
    """A dimension whose units are all the SI one unless given; an empty unit denotes a plain number."""
    return Dimension(si, edge or Unit(si, 1.0), netlist or Unit(si, 1.0))


_NANOMETRES = Unit("nm", NANOMETRE)
_SQUARE_NANOMETRES = Unit("nm2", NANOMETRE**2)
LENGTH = _dimension("m", _NANOMETRES, _NANOMETRES)
AREA = _dimension("m2", _SQUARE_NANOMETRES, _SQUARE_NANOMETRES)
FIELD = _dimension("T", Unit("Oe", OERSTED))
FIELD_PER_VOLT = _dimension("T/V", Unit("Oe/V", OERSTED))
FIELD_PER_SQUARE_VOLT = _dimension("T/V2", Unit("Oe/V2", OERSTED))
MAGNETISATION = _dimension("A/m")
RESISTANCE = _dimension("Ohm")
VOLTAGE = _dimension("V")
TEMPERATURE = _dimension("K")
TIME = _dimension("s", Unit("ns", NANOSECOND), Unit("ns", NANOSECOND))
KELVIN_PER_WATT = _dimension("K/W", Unit("K/mW", 1e3))
FIELD_PER_KELVIN = _dimension("T/K", Unit("Oe/K", OERSTED))
SHARE_PER_KELVIN = _dimension("1/K", Unit("%/K", 0.01))
ENERGY_PER_AREA = _dimension("J/m2", Unit("mJ/m2", 1e-3))
CURRENT_DENSITY = _dimension("A/m2", Unit("A/cm2", AMPERE_PER_SQUARE_CENTIMETRE))
TURNING_PER_FIELD = _dimension("rad/(s T)")
NUMBER = _dimension("")
RATIO = _dimension("", Unit("%", 0.01))
SHARE_PER_VOLT = _dimension("1/V", Unit("%/V", 0.01))


@dataclass(frozen=True)
class Range:
    """The values that a parameter may take."""

    words: str
    check: Callable[[str, Any], Any]
    """Takes the parameter's name and a value; returns the value to store, or raises InputError."""
    choices: tuple[str, ...] = ()


def one_of(*choices: str) -> Range:
    """One of several words."""
    return Range(" or ".join(choices), lambda name, value: validation.choice(name, value, choices), choices)


def _positive_or_infinite(name: str, value: Any) -> float:
    return float("inf") if isinstance(value, float) and value == float("inf") else validation.positive(name, value)


def _share_or_none(name: str, value: Any) -> float | None:
    return None if value is None else validation.between(name, validation.positive(name, value), 0.0, 1.0)


POSITIVE = Range("above 0", validation.positive)
NON_NEGATIVE = Range("0 or above", validation.non_negative)
ANY = Range("any", validation.number)
POSITIVE_OR_INFINITE = Range("above 0, or inf", _positive_or_infinite)
SHARE_OR_NONE = Range("above 0, up to 1, or None", _share_or_none)


class Spread(Enum):
    """How a parameter varies from device to device, and the unit of its standard deviation."""

    RELATIVE = "of the mean, log-normal"
    IN_ITS_UNIT = "in its unit, normal"
    NONE = "the same in every device"


@dataclass(frozen=True)
class Parameter:
    """One parameter of a device."""

    symbol: str
    meaning: str
    dimension: Dimension
    range: Range
    spread: Spread
    _: KW_ONLY
    is_size: bool = False
    """Whether the junction's area depends on it, so that the barrier stays the same when it changes."""
    netlist: str = ""
    """Its name in netlists; empty if netlists omit it or have it in another form."""
    note: str = ""
    """A note for readers of a netlist in addition to the meaning."""
    limits: tuple[float, float] | None = None
    """The smallest and largest size other than 0 for which the model is meant; None: any."""
    name: str = ""
    default: Any = None
    required: bool = False

    @property
    def in_words(self) -> str:
        """Meaning and symbol."""
        return f"{self.meaning}, {self.symbol}"

    @property
    def summary(self) -> str:
        """Unit, meaning, symbol and default, as in a docstring."""
        unit = f"{self.dimension.si}, " if self.dimension.si else ""
        default = "" if self.required else f"; {_shown(self.default)} unless given"
        return f"{self.name}: {unit}{self.in_words}{default}."


def warn_of_range(row: Parameter, value: Any) -> None:
    """A `ModelRangeWarning` for a value outside the limits of its row."""
    if row.limits is None or not isinstance(value, float) or row.limits[0] <= abs(value) <= row.limits[1]:
        return
    if math.isfinite(value):
        edge = row.dimension.edge
        warn_outside(row.name, value, row.limits, row.dimension.si, edge.name, edge.scale)


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else repr(value)


def rows_of(kind: type[Any]) -> tuple[Parameter, ...]:
    """The rows of a dataclass whose fields are declared as Annotated[type, Parameter(...)], in order.

    The annotations become the plain types, and the docstring gets a line for each field, shown by `help` and the
    documentation.
    """
    declared = get_type_hints(kind, include_extras=True)
    rows = []
    for field in dataclasses.fields(kind):
        (row,) = (item for item in declared[field.name].__metadata__ if isinstance(item, Parameter))
        required = field.default is dataclasses.MISSING
        default = None if required else field.default
        rows.append(dataclasses.replace(row, name=field.name, default=default, required=required))
    plain = get_type_hints(kind)
    kind.__annotations__ = {name: plain[name] for name in kind.__annotations__}
    initialiser: Any = kind.__dict__["__init__"]
    initialiser.__annotations__ = get_type_hints(initialiser)
    listed = "\n".join(f"    {row.summary}" for row in rows)
    kind.__doc__ = f"{(kind.__doc__ or '').rstrip()}\n\n{listed}\n    "
    return tuple(rows)
