"""The numbers of a study with their units: those of a device and its track, and those of a measure."""

import math
from dataclasses import dataclass
from typing import Any

from compact_model.constants import NANOMETRE
from compact_model.validation import InputError, choice, number, whole
from dwmtj.device_options import DEVICE, LANDSCAPE, Quantity

# What a unit at the edge becomes inside and in files.
_SI = {
    "nm": "m",
    "nm2": "m2",
    "ns": "s",
    "us": "s",
    "ps": "s",
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
    """A quantity of a measure, with its default in SI and the least value that makes sense."""

    default: Any = None
    at_least: float = -math.inf
    above: float = -math.inf

    def check(self, value: Any) -> None:
        """Raise InputError for a value, SI, that is too low."""
        if self.choices:
            choice(self.name, value, self.choices)
        elif self.whole:
            whole(self.name, value, max(0, int(self.at_least)))
        elif not self.at_least <= number(self.name, value) or value <= self.above:
            bound = f"above {self.above / self.scale:g}" if value <= self.above else f"at least {self.at_least:g}"
            raise InputError(f"{self.name}: expected {bound} {self.unit}".rstrip() + f", got {value / self.scale:g}")


def si_unit(item: Quantity) -> str:
    """The unit of a quantity in SI, where its value is once `read` has multiplied it by the scale."""
    return _SI.get(item.unit, item.unit)


DEVICES = ("lequeux2016", "notched")

DEVICE_TABLE = (
    Quantity("base", "the device that the other keys change", choices=DEVICES),
    *DEVICE,
)

# The seed of a track follows from that of the study.
LANDSCAPE_TABLE = (
    *(item for item in LANDSCAPE if item.name != "track_seed"),
    Quantity("half_width_share", "x_c over the pitch of the sites, instead of half_width"),
    Quantity("edge_roughness", "standard deviation of the track's width from site to site", "nm", NANOMETRE),
)
