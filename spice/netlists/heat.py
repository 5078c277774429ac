"""Joule heating as text: a thermal resistance and a heat capacity on a node of their own, whose volts are kelvins.

The laws are those of `compact_model.kernels.heating`.  In a device that heats up, temperature-dependent expressions
replace the corresponding parameters in all other text.
"""

import re
from dataclasses import dataclass

from compact_model.device import heating
from compact_model.device.parameters import PARAMETERS, DeviceParameters
from compact_model.kernels.heating import LEAST
from compact_model.kernels.terms import TERMS

from .text import real

DERIVED = (
    ("bloch_part", "(tref/tcurie)*sqrt(tref/tcurie)", "(T_0/T_C)^(3/2)"),
    ("bloch", "bloch_part/(1.0-bloch_part)", "of Bloch's law"),
    ("cooling_rate", "1.0/tauth", "1/ns"),
)
"""The derived quantities of a device that heats up, as in `equations.derived_parameters`."""


@dataclass(frozen=True)
class Heat:
    """A language's expressions for the rise (K), and for M_s and the TMR relative to the device's own temperature."""

    rise: str
    moment: str
    warm: str

    @property
    def moment_text(self) -> str:
        """M_s relative to the cold device, by Bloch's law."""
        warmer = f"(1.0+{self.rise}/tref)"
        return f"max(1.0-bloch*({warmer}*sqrt(abs{warmer})-1.0),{real('least', LEAST)})"

    @property
    def warm_text(self) -> str:
        """The TMR relative to the cold device."""
        return f"max(1.0+tmrt*{self.rise},{real('least', LEAST)})"

    @property
    def torque_factor(self) -> str:
        """The torques relative to the cold device, including the polarisation if it follows the TMR."""
        tmr = f"tmr*{self.warm}"
        by_tmr = f"sqrt({self.warm}*(2.0+{tmr})/(2.0+tmr))*(1.0+tmr)/(1.0+{tmr})"
        return f"(pol>0.0 ? 1.0 : {by_tmr})/{self.moment}"

    def rate(self, voltage: str, conductance: str) -> str:
        """d(rise)/dt, K/ns."""
        return f"cooling_rate*(rth*{voltage}*{voltage}*{conductance}-{self.rise})"

    def applied(self, expression: str) -> str:
        """An expression of the cold device, with its parameters replaced by those of the warm one."""
        for name, value in self._warm_parameters.items():
            expression = re.sub(rf"\b{name}\b", value, expression)
        return expression

    @property
    def _warm_parameters(self) -> dict[str, str]:
        netlist = {row.name: row.netlist for row in PARAMETERS}
        powers = {
            netlist[name]: power
            for term in TERMS
            for name, power in zip(term.switches, term.powers_of_magnetisation.values(), strict=False)
        }
        found = {"hc": f"(hc*{self.moment})", "quadratic_rate": f"(quadratic_rate/{self.moment})"}
        found |= {name: f"({name}{'*' if power > 0 else '/'}{self.moment})" for name, power in powers.items()}
        return found | {
            "conductance_drop": f"(conductance_drop*{self.warm})",
            "bias_scale": f"(vh*vh*(1.0+tmr*{self.warm}))",
        }

    def anisotropy(self, field: str) -> str:
        """H_K of the warm wall."""
        return f"({self.moment}*{field}+hkt*{self.rise})"


def heat_of(parameters: DeviceParameters, rise: str, moment: str, warm: str) -> Heat | None:
    """The heat of a device, in a language's notation; None if it does not heat up."""
    return Heat(rise, moment, warm) if heating.is_on(parameters) else None
