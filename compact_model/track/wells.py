"""Pinning sites.  A new kind is one small class: its field, the positions where the field jumps, and its range."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from ..device.parameters import DeviceParameters
from ..support import validation
from ..support.arrays import FloatArray, gauss_legendre


@dataclass(frozen=True, kw_only=True)
class Well(ABC):
    """One pinning site, with the paper's two parameters for its strength."""

    centre: float
    """x_0, m."""
    coercive_field: float
    """H_c, the field that frees the wall from the site, T; 0: no pinning."""
    half_width: float
    """x_c, m; its meaning depends on the kind of well."""

    def __post_init__(self) -> None:
        validation.non_negative("centre", self.centre)
        validation.non_negative("coercive_field", self.coercive_field)
        validation.positive("half_width", self.half_width)

    @abstractmethod
    def pinning_field(self, position: FloatArray) -> FloatArray:
        """H_pin(x) in T at positions in m, any shape: positive below the centre, negative above."""

    @property
    @abstractmethod
    def edges(self) -> tuple[float, ...]:
        """Positions in m at which the field or its slope jumps."""

    @property
    @abstractmethod
    def reach(self) -> float:
        """Distance from the centre beyond which the field is negligible (below 1e-12 of H_c), m."""

    @property
    def knots(self) -> tuple[float, ...]:
        """Further positions, m, at which the field is divided into pieces, so that nothing narrow is missed."""
        return (self.centre - self.reach, self.centre, self.centre + self.reach)

    def depth(self, parameters: DeviceParameters) -> float:
        """Energy needed to leave the well, 2 M_s W t times the integral of |H_pin| on one side, J."""
        nodes, weights = gauss_legendre(200)
        offsets = 0.5 * self.reach * (nodes + 1.0)
        integral = -0.5 * self.reach * float(weights @ self.pinning_field(self.centre + offsets))
        return parameters.energy_per_field_length * integral


@dataclass(frozen=True, kw_only=True)
class ParabolicWell(Well):
    """The paper's truncated parabola: H_pin = -H_c (x - x_0)/x_c inside |x - x_0| < x_c, 0 outside.

    Its depth is M_s W t H_c x_c.  The field jumps by H_c at the edges x_0 +- x_c.
    """

    def pinning_field(self, position: FloatArray) -> FloatArray:
        offset = (position - self.centre) / self.half_width
        return np.where(np.abs(offset) < 1.0, -self.coercive_field * offset, 0.0)

    @property
    def edges(self) -> tuple[float, ...]:
        return (self.centre - self.half_width, self.centre + self.half_width)

    @property
    def reach(self) -> float:
        return self.half_width

    @property
    def knots(self) -> tuple[float, ...]:
        return ()  # one straight line from edge to edge: a wall that rings in it stays on one piece


@dataclass(frozen=True, kw_only=True)
class GaussianWell(Well):
    """A smooth well: H_pin = -sqrt(e) H_c u exp(-u^2/2), u = (x - x_0)/s, with s = x_c / (2 sqrt(e)).

    Its strongest field is H_c, at u = 1; its depth is that of the parabola with the same H_c and x_c.
    """

    def pinning_field(self, position: FloatArray) -> FloatArray:
        u = (position - self.centre) / self._scale
        result: FloatArray = -math.sqrt(math.e) * self.coercive_field * u * np.exp(-0.5 * u**2)
        return result

    @property
    def _scale(self) -> float:
        return self.half_width / (2.0 * math.sqrt(math.e))

    @property
    def edges(self) -> tuple[float, ...]:
        return ()

    @property
    def reach(self) -> float:
        return 8.0 * self._scale
