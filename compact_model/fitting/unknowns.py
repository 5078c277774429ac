"""The free parameters of a fit, and the coordinates in which they are varied."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..support import validation
from ..support.arrays import FloatArray
from ..support.validation import InputError

UNITS = {
    "anisotropy_field": "T",
    "spin_polarisation": "",
    "field_like_ratio": "",
    "saturation_magnetisation": "A/m",
    "thickness": "m",
    "damping": "",
    "wall_width": "m",
    "parallel_resistance": "Ohm",
    "tmr": "",
    "tmr_half_voltage": "V",
    "negative_half_voltage": "V",
    "parallel_curvature": "1/V2",
    "series_resistance": "Ohm",
    "coercive_field": "T",
    "half_width": "m",
    "external_field": "T",
    "depinning_field": "T",
}
"""Parameters that may be free in a fit, with their SI units."""

THRESHOLD_PARAMETERS = (
    "anisotropy_field",
    "spin_polarisation",
    "field_like_ratio",
    "saturation_magnetisation",
    "thickness",
)
DEPINNING_FIELD = "depinning_field"
"""H_d in Delta_H = H_d - H: free if thresholds are given against H."""
JUNCTION_PARAMETERS = ("parallel_resistance", "tmr", "tmr_half_voltage")
MEASUREMENT_PARAMETERS = ("negative_half_voltage", "parallel_curvature", "series_resistance")
"""The additional parameters of a measured junction; see `MeasuredJunction`."""
RESISTANCE_PARAMETERS = (*JUNCTION_PARAMETERS, *MEASUREMENT_PARAMETERS)
DEVICE_PARAMETERS = ("anisotropy_field", "spin_polarisation", "field_like_ratio", "damping", "wall_width")
TRACK_PARAMETERS = ("coercive_field", "half_width")
SIMULATED_PARAMETERS = (*DEVICE_PARAMETERS, *TRACK_PARAMETERS, "external_field")
"""Parameters that may be free if the wall is simulated; H_c and x_c are the first site's, others change in
proportion."""

# A parameter that may be 0 or change its sign has a scale instead of a logarithm.
_SCALES = {"external_field": 1e-3, "depinning_field": 1e-3, "parallel_curvature": 1.0, "series_resistance": 1.0}
_LARGEST = {"spin_polarisation": 1.0}


def free_names(free: Sequence[str], choices: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the free parameters, checked."""
    if not isinstance(free, Iterable) or (isinstance(free, np.ndarray) and free.ndim != 1):
        raise InputError(f"free: expected names of parameters, got {validation.shown(free)}")
    names = (free,) if isinstance(free, str) else tuple(free)
    if not names:
        raise InputError(f"free: expected at least one of {', '.join(choices)}, got none")
    for name in names:
        validation.choice("free", name, choices)
        if names.count(name) > 1:
            raise InputError(f"free: expected each parameter once, got {name!r} {names.count(name)} times")
    return names


@dataclass(frozen=True)
class Unknowns:
    """The free parameters in the coordinates of the fit: logarithms, with the sign of the start.

    names: from UNITS; begin: the start of the fit, in SI; widest: the ratio within which it searches.
    """

    names: tuple[str, ...]
    begin: FloatArray
    widest: float

    @property
    def logarithmic(self) -> NDArray[np.bool_]:
        """Which of the coordinates are logarithms, shape (free,)."""
        return np.array([name not in _SCALES for name in self.names])

    @property
    def origin(self) -> FloatArray:
        """The coordinates of `begin`."""
        return np.array(
            [
                value / _SCALES[name] if name in _SCALES else math.log(abs(value))
                for name, value in zip(self.names, self.begin.tolist(), strict=True)
            ]
        )

    def scaled(self, values: FloatArray) -> FloatArray:
        """Coordinates of values in SI, both of shape (free,)."""
        return Unknowns(self.names, values, self.widest).origin

    @property
    def lower(self) -> FloatArray:
        """The smallest coordinates."""
        return self.origin - self._room

    @property
    def upper(self) -> FloatArray:
        """The largest coordinates."""
        most = [math.log(_LARGEST.get(name, math.inf)) for name in self.names]
        return np.minimum(self.origin + self._room, most)

    @property
    def _room(self) -> FloatArray:
        return np.where(self.logarithmic, math.log(self.widest), self.widest)

    def inside(self, coordinates: FloatArray) -> FloatArray:
        """The nearest coordinates from which a search may start."""
        return np.clip(coordinates, self.lower, self.upper - 1e-3)

    def values(self, coordinates: FloatArray) -> FloatArray:
        """Values in SI of coordinates, both of shape (..., free)."""
        scales = np.array([_SCALES.get(name, 1.0) for name in self.names])
        exponential = np.copysign(np.exp(np.where(self.logarithmic, coordinates, 0.0)), self.begin)
        return np.where(self.logarithmic, exponential, scales * coordinates)

    def slopes(self, coordinates: FloatArray) -> FloatArray:
        """Derivatives of the values by the coordinates, shape (free,)."""
        scales = np.array([_SCALES.get(name, 1.0) for name in self.names])
        return np.where(self.logarithmic, self.values(coordinates), scales)
