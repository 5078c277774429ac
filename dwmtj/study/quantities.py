"""The numbers of a study with their units: those of a device and its track, and those of a measure."""

import math
from dataclasses import dataclass
from typing import Any

from compact_model.constants import NANOMETRE, NANOSECOND
from compact_model.support.validation import InputError, choice, number, whole
from dwmtj.options.device import DEVICE, LANDSCAPE, Quantity

from .sampling import BASES

# The SI unit of a unit on the command line, for quantities that do not state it.
_SI = {
    "nm": "m",
    "nm2": "m2",
    "ns": "s",
    "Oe": "T",
    "Oe/V2": "T/V2",
    "mA": "A",
    "A/cm2": "A/m2",
    "A/cm2/ns": "A/(m2 s)",
    "%": "",
    "pJ": "J",
    "mV": "V",
}


@dataclass(frozen=True)
class Setting(Quantity):
    """A quantity specific to a study: its default and its valid range, in SI."""

    default: Any = None
    at_least: float = -math.inf
    above: float = -math.inf
    at_most: float = math.inf


def step_setting(default: float) -> Setting:
    """The longest time step of a measure, s; above a nanosecond no wall is followed."""
    return Setting("step", "longest time step", "ns", NANOSECOND, above=0.0, at_most=NANOSECOND, default=default)


def check_value(item: Quantity, value: Any) -> None:
    """Raise InputError for a value, SI, of another type than the quantity's, or out of its range."""
    if item.choices:
        choice(item.name, value, item.choices)
        return
    found = whole(item.name, value, 0) if item.whole else number(item.name, value)
    if not isinstance(item, Setting):
        return
    for bad, words, bound in (
        (found < item.at_least, "at least", item.at_least),
        (found <= item.above, "above", item.above),
        (found > item.at_most, "at most", item.at_most),
    ):
        if bad:
            raise InputError(f"{item.name}: expected {words} {in_unit(item, bound)}, got {value / item.scale:g}")


def in_unit(item: Quantity, value: Any) -> str:
    """A value, SI, as text with the unit of the command line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    return f"{value / item.scale:g} {item.unit}".rstrip()


def si_unit(item: Quantity) -> str:
    """The unit of a quantity in SI, for its value after `read` has multiplied it by the scale."""
    return _SI.get(item.unit, item.unit) if item.si is None else item.si


DEVICE_TABLE = (
    Quantity("base", "the device that the other keys change", choices=tuple(BASES)),
    *DEVICE,
)

# The seed of a track follows from that of the study.
LANDSCAPE_TABLE = (
    *(item for item in LANDSCAPE if item.name not in ("sites", "track_seed")),
    Setting("sites", "number of sites; with more than one they are drawn at random", whole=True, at_least=1),
    Setting("half_width_share", "x_c over the pitch of the sites, instead of half_width", above=0.0, at_most=0.5),
    Setting(
        "edge_roughness", "standard deviation of the track's width from site to site", "nm", NANOMETRE, at_least=0.0
    ),
)
