"""From the swept values of a point to its device, its track and its settings, in any process."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compact_model.device.variation import SIZES
from compact_model.support.arrays import IntArray
from compact_model.support.validation import InputError
from dwmtj.options.device import LANDSCAPE_DEFAULTS, WELLS, Quantity, check_law

from .measures.measure import Measure
from .quantities import DEVICE_TABLE, in_unit
from .sampling import BASES, Point

_LANDSCAPE_DEFAULTS = {name: value for name, value in LANDSCAPE_DEFAULTS.items() if name != "track_seed"} | {
    "half_width_share": None,
    "edge_roughness": 0.0,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Recipe:
    """The common settings of all points, SI: the fixed values, and the quantities that can be swept."""

    measure: Measure
    device: Mapping[str, Any]
    landscape: Mapping[str, Any]
    settings: Mapping[str, Any]
    quantities: Mapping[str, Quantity]

    def point(self, key: int, swept: Mapping[str, Any]) -> Point:
        """The point at these swept values.  Raises InputError that names them."""
        own = dict(self.device)
        base = BASES[own.pop("base", "lequeux2016")]()
        from_width = own.pop("anisotropy_from_width", "given")
        names = {item.name for item in DEVICE_TABLE}
        moved = {name: value for name, value in swept.items() if name in names}
        from_width = moved.pop("anisotropy_from_width", from_width)
        try:
            check_law(from_width, own.keys() | moved.keys())
            device = base.replace(**own)
            sizes = {name: moved.pop(name) for name in SIZES if name in moved and "parallel_resistance" not in moved}
            device = device.resized(**sizes).replace(**moved) if sizes else device.replace(**moved)
            device = device.with_anisotropy_from_width(from_width)
        except InputError as error:
            raise InputError(f"{self.words(swept)}{error}") from None
        numbers = _chosen(_LANDSCAPE_DEFAULTS, self.landscape, swept)
        numbers["kind"] = WELLS[numbers.pop("well")]
        numbers["roughness_by"] = "micromagnetics" if from_width == "given" else from_width
        return Point(key, self.words(swept), device, numbers, self.settings_at(swept))

    def settings_at(self, swept: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of the measure at these swept values."""
        return _chosen({item.name: item.default for item in self.measure.settings}, self.settings, swept)

    def words(self, swept: Mapping[str, Any]) -> str:
        """Swept values for a message, in the units of the command line."""
        parts = [f"{name} = {in_unit(self.quantities[name], value)}" for name, value in swept.items()]
        return f"at {', '.join(parts)}: " if parts else ""


def _chosen(defaults: Mapping[str, Any], given: Mapping[str, Any], swept: Mapping[str, Any]) -> dict[str, Any]:
    here = {name: value for name, value in swept.items() if name in defaults}
    return dict(defaults) | dict(given) | here


def keys_of(combinations: Sequence[Mapping[str, Any]]) -> IntArray:
    """The number of each point, from its swept values alone, so its draws do not depend on the others.

    It is 63 bits of a checksum.  Drawn points with equal values have different numbers.
    """
    keys = np.empty(len(combinations), dtype=np.int64)
    before: Counter[str] = Counter()
    names = sorted(combinations[0]) if combinations else []
    for place, swept in enumerate(combinations):
        values = [float(value) if type(value) is int else value for value in map(swept.__getitem__, names)]
        text = repr((names, values))
        repeat = before[text]
        before[text] += 1
        checksum = hashlib.sha256(f"{text}{repeat or ''}".encode()).digest()
        keys[place] = int.from_bytes(checksum[:8], "big") >> 1
    return keys
