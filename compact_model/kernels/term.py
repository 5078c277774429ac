"""A term of the equation of motion: everything that any part of the model needs to know about it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

Statics = Callable[..., Any]


class Limits(NamedTuple):
    """The largest absolute values of each quantity in a run; arrays of shape (devices,), or numbers."""

    devices: Any  # tables.Device, or added_terms.DeviceWithTerms if optional terms are on
    density: Any  # A/m2
    voltage: Any  # V, across the junction
    net_field: float  # T
    pinning: float  # T
    pinning_slope: float  # T/m
    anisotropy: float  # T
    anisotropy_slope: float  # T/m


@dataclass(frozen=True, kw_only=True)
class Term:
    """A contribution to a (along z, which pushes the wall along the track) and b (about the angle) of Eq. 1, in tesla.

    A term that is always on has kernels with their own arguments, which `equations.py` calls.  The kernels of an
    optional term, which its `switches` turn on, all have the form
    f(device, position, voltage, angle, anisotropy_slope) -> T, where the device contains the `coefficients` and
    dH_K/dx is in T/m.  None means no contribution.
    """

    name: str
    switches: tuple[str, ...]
    """Fields of DeviceParameters; the term is on if any of them is not 0.  Empty: the term is always on."""
    coefficients: dict[str, Callable[[Any], float]]
    """The fields that its kernels read in addition to `tables.Device`: name -> value from DeviceParameters."""
    along_z: Callable[..., Any] | None
    about_angle: Callable[..., Any] | None
    relative_width: Callable[..., Any] | None
    """f(device, voltage): Delta relative to its value at 0 V.  The thermal fields are scaled accordingly."""
    along_text: str
    """gamma times the contribution, rad/ns, in the syntax of ngspice and Verilog-A; see `spice.netlists.equations`."""
    about_text: str
    width_text: str
    bound: Callable[[Limits], Any]
    """The sum of the largest absolute values of both contributions, T, which the step control relies on."""
    energy: Statics
    """f(parameters, position, angle, voltage, anisotropy) -> E / (2 M_s Delta W t) in T; its derivative with respect to
    the angle is b.

    It must also accept complex angles."""
    reads: tuple[str, ...] = ()
    """Fields and properties of DeviceParameters that the energy reads in addition to the switches."""
    reads_slope: bool = False
    """Whether its kernels read the slope of H_K, which is not evaluated for devices without such a term."""
    share_along: Callable[[Any], float] | None = None
    """f(parameters) -> the fraction that the term applies of the force due to an H_K that varies along the track,
    which is -Delta times the derivative of the energy with respect to x; None: none of it."""
    powers_of_magnetisation: dict[str, int] = field(default_factory=dict)
    """The power of M_s, 1 or -1, to which each of these coefficients is proportional when the junction heats up."""
    push: Statics
    """f(parameters, density) -> (a, b) in T due to a steady current density in A/m2, independent of the angle."""
    per_volt: Callable[[Limits], Any]
    """The error of b + alpha a per error of the junction's voltage, T/V, by which arrays control their steps."""
    refuse: Callable[[Limits], str]
    """The message if the limits exceed the range of the term; empty if they do not."""

    def is_on(self, parameters: Any) -> bool:
        """Whether a device has the term."""
        return not self.switches or any(getattr(parameters, name) != 0.0 for name in self.switches)


def no_energy(parameters: Any, position: Any, angle: Any, voltage: Any, anisotropy: Any) -> Any:
    """For a term that does not depend on the angle."""
    return np.zeros_like(angle)


def no_push(parameters: Any, density: Any) -> tuple[Any, Any]:
    """For a term without a push that depends on the current alone."""
    return np.zeros_like(density), np.zeros_like(density)


def not_by_voltage(limits: Limits) -> float:
    """For a term that does not depend on the voltage."""
    return 0.0


def nothing_wrong(limits: Limits) -> str:
    """For a term that is valid everywhere."""
    return ""
