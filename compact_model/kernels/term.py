"""What a term of the equation of motion consists of: everything that any part of the model has to know of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

Statics = Callable[..., Any]


class Limits(NamedTuple):
    """The largest absolute values that anything takes in a run; arrays of shape (devices,), or numbers."""

    devices: Any  # tables.Device, or added_terms.DeviceWithTerms where terms are on
    density: Any  # A/m2
    voltage: Any  # V, across the junction
    net_field: float  # T
    pinning: float  # T
    pinning_slope: float  # T/m
    anisotropy: float  # T
    anisotropy_slope: float  # T/m


@dataclass(frozen=True, kw_only=True)
class Term:
    """A contribution to a (along z, what pushes the wall along) and b (about the angle) of Eq. 1, both in tesla.

    A term that is always there has kernels with arguments of their own, which `equations.py` calls.  Those of a term
    that `switches` turn on are all of the form f(device, position, voltage, angle, anisotropy_slope) -> T, with a
    device that holds what `coefficients` gives, and dH_K/dx in T/m.  None stands for no contribution.
    """

    name: str
    switches: tuple[str, ...]
    """Fields of DeviceParameters; the term is on where one of them is not 0.  Empty: it is always there."""
    coefficients: dict[str, Callable[[Any], float]]
    """What its kernels read of a device beside `tables.Device`: names, and their values from DeviceParameters."""
    along_z: Callable[..., Any] | None
    about_angle: Callable[..., Any] | None
    relative_width: Callable[..., Any] | None
    """f(device, voltage): Delta over its value at 0 V.  The thermal fields follow it, as they must."""
    along_text: str
    """gamma times the contribution, rad/ns, as ngspice and Verilog-A read it; see `spice.netlists.equations`."""
    about_text: str
    width_text: str
    bound: Callable[[Limits], Any]
    """The largest absolute values of both contributions together, T: what the control of the steps relies on."""
    energy: Statics
    """f(parameters, position, angle, voltage, anisotropy) -> E / (2 M_s Delta W t) in T, whose derivative by the angle
    is b.

    Written so that it also takes complex angles."""
    reads: tuple[str, ...] = ()
    """Fields and properties of DeviceParameters that the energy reads beside the switches."""
    reads_slope: bool = False
    """Whether its kernels read the slope of H_K, which is not looked up for devices without such a term."""
    share_along: Callable[[Any], float] | None = None
    """f(parameters) -> the share of the force along the track that belongs to an H_K that varies there, -Delta times
    the derivative of the energy by x, that the term applies; None: nothing of it."""
    powers_of_magnetisation: dict[str, int] = field(default_factory=dict)
    """The power of M_s, 1 or -1, with which some of the coefficients change where the junction heats up."""
    push: Statics
    """f(parameters, density) -> (a, b) in T of a steady current density in A/m2, whatever the angle."""
    per_volt: Callable[[Limits], Any]
    """How much of b + alpha a an error of the junction's voltage makes, T/V: arrays control their steps by it."""
    refuse: Callable[[Limits], str]
    """What is wrong where the limits are beyond the term's own range, in words; empty: nothing."""

    def is_on(self, parameters: Any) -> bool:
        """Whether a device has the term."""
        return not self.switches or any(getattr(parameters, name) != 0.0 for name in self.switches)


def no_energy(parameters: Any, position: Any, angle: Any, voltage: Any, anisotropy: Any) -> Any:
    """Of a term that does not depend on the angle."""
    return np.zeros_like(angle)


def no_push(parameters: Any, density: Any) -> tuple[Any, Any]:
    """Of a term that does not depend on the current alone."""
    return np.zeros_like(density), np.zeros_like(density)


def not_by_voltage(limits: Limits) -> float:
    """Of a term that does not depend on the voltage."""
    return 0.0


def nothing_wrong(limits: Limits) -> str:
    """Of a term that holds everywhere."""
    return ""
