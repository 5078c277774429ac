"""The parameters of one device."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Self

from .. import constants
from ..support import validation
from ..support.validation import InputError
from .polarisation import julliere_polarisation, slonczewski_polarisation

TORQUE_DENSITIES = ("voltage", "current")


@dataclass(frozen=True, kw_only=True)
class DeviceParameters:
    """Geometry, magnetism and transport of one domain-wall magnetic tunnel junction, in SI.

    Fields are given as flux densities mu_0 H in tesla (1 Oe = 1e-4 T).  Raises InputError for a value that is
    negative, zero, infinite or not a number where the model cannot bear it.

    The wall's position x runs from 0 to track_length; the P domain lies below x, the AP domain above, so that a
    positive current, and a positive field, move the wall towards the P state.
    """

    track_length: float
    """L, m."""
    track_width: float
    """W, m."""
    thickness: float
    """t, thickness of the free layer, m."""
    saturation_magnetisation: float
    """M_s, A/m."""
    damping: float
    """alpha, Gilbert damping, no unit."""
    wall_width: float
    """Delta, width parameter of the wall's profile sech(x / Delta), m."""
    anisotropy_field: float
    """H_K, the wall's in-plane anisotropy field, T; positive: at rest at phi = 0, negative: at phi = pi/2.

    A landscape may replace it by a profile along the track."""
    parallel_resistance: float
    """R_P of the whole junction, Ohm."""
    tmr: float
    """TMR_0 = (R_AP - R_P) / R_P at zero bias, a ratio (0.95 for 95 %)."""

    tmr_half_voltage: float = math.inf
    """V_h, V: TMR(V) = TMR_0 / (1 + (V/V_h)^2); infinity turns the bias dependence off."""
    spin_polarisation: float | None = None
    """P in the torques, no unit; None: from tmr by Julliere, and Slonczewski and Sun."""
    field_like_ratio: float = 0.3
    """zeta = sigma_FLT / sigma_ST, no unit (Kubota et al. 2008, doi 10.1038/nphys784)."""
    field_like_quadratic: float = 0.0
    """c_2, T/V2: sigma_FLT = zeta sigma_ST + c_2 V^2, with V = J RA_P."""
    torque_density: str = "voltage"
    """The J in the torques: 'voltage', J = V / RA_P, or 'current', J = I / A (the paper's).

    A torque is set by the voltage across the barrier, whatever domain lies under it (Slonczewski and Sun 2007, doi
    10.1016/j.jmmm.2006.10.507), so J = V / RA_P.  At a given current I / A is smaller by R_P / R(x, V): by up to
    1 + TMR where most of the junction is antiparallel, and not at all where it is parallel."""
    stray_field: float = 0.0
    """Field of the synthetic antiferromagnet on the free layer, T; the net field H_z is external plus stray field."""
    nucleation_pad_area: float = 0.0
    """Area of the nucleation pad, m2.  Once there is a wall in the track, the pad is in the P state."""
    nucleation_current_density: float = 0.0
    """J from which a uniform device forms a wall, A/m2.  See `simulate`."""
    gyromagnetic_ratio: float = constants.ELECTRON_GYROMAGNETIC_RATIO
    """gamma, rad/(s T)."""

    def __post_init__(self) -> None:
        for name in (
            "track_length",
            "track_width",
            "thickness",
            "saturation_magnetisation",
            "wall_width",
            "parallel_resistance",
            "tmr",
            "gyromagnetic_ratio",
        ):
            self._set(name, validation.positive(name, getattr(self, name)))
        for name in ("damping", "nucleation_pad_area", "nucleation_current_density", "field_like_ratio"):
            self._set(name, validation.non_negative(name, getattr(self, name)))
        for name in ("anisotropy_field", "field_like_quadratic", "stray_field"):
            self._set(name, validation.number(name, getattr(self, name)))
        if self.tmr_half_voltage != math.inf:
            self._set("tmr_half_voltage", validation.positive("tmr_half_voltage", self.tmr_half_voltage))
        if self.spin_polarisation is not None:
            polarisation = validation.positive("spin_polarisation", self.spin_polarisation)
            validation.between("spin_polarisation", polarisation, 0.0, 1.0)
            self._set("spin_polarisation", polarisation)
        validation.choice("torque_density", self.torque_density, TORQUE_DENSITIES)
        self._check_range()

    def _check_range(self) -> None:
        """Raise InputError where the values are so large or small that what follows from them is 0 or infinite."""
        try:
            derived = {
                "track_length, track_width and parallel_resistance": self.resistance_area_product**2,
                "saturation_magnetisation and thickness": self.torque_per_current_density,
                "wall_width and damping": self.thermal_field_per_root_time(1.0) + self.wall_width / self.track_length,
                "tmr and tmr_half_voltage": self.antiparallel_resistance + 1.0 / self.tmr_half_voltage,
                "gyromagnetic_ratio and damping": self.gyromagnetic_ratio**2 / (1.0 + self.damping**2),
            }
        except (OverflowError, ZeroDivisionError):
            derived = {"the parameters": math.inf}
        for names, value in derived.items():
            if not 0.0 < value < math.inf:
                raise InputError(f"{names}: expected values of a real device in SI units, got some out of all range")

    def _set(self, name: str, value: float) -> None:
        object.__setattr__(self, name, value)  # the one way to store a converted value in a frozen dataclass

    def replace(self, **changes: Any) -> Self:
        """A copy with other values for some fields; an unknown name raises InputError with the nearest known one."""
        known = [field.name for field in dataclasses.fields(self)]
        for name in changes:
            if name not in known:
                raise InputError(
                    f"{name}: expected a field of DeviceParameters, got no such name{validation.nearest(name, known)}"
                )
        return dataclasses.replace(self, **changes)

    def resized(
        self,
        *,
        track_length: float | None = None,
        track_width: float | None = None,
        nucleation_pad_area: float | None = None,
        resistance_area_product: float | None = None,
    ) -> Self:
        """A copy of another size (m, m2) with the same barrier, or with one of another RA_P (Ohm m2); R_P follows.

        The pad keeps its area unless another one is given; H_K stays, see `with_anisotropy_from_width`; so do
        thickness, M_s, damping, TMR and its half voltage, also at another RA_P.
        """
        sizes = {"track_length": track_length, "track_width": track_width, "nucleation_pad_area": nucleation_pad_area}
        other = self.replace(**{name: value for name, value in sizes.items() if value is not None})
        barrier = self.resistance_area_product
        if resistance_area_product is not None:
            barrier = validation.positive("resistance_area_product", resistance_area_product)
        return other.replace(parallel_resistance=barrier / other.junction_area)

    def with_anisotropy_from_width(self) -> Self:
        """A copy whose anisotropy_field is the one that the track's width gives, by the demagnetising integral."""
        from .anisotropy import demagnetising_anisotropy_field

        field = demagnetising_anisotropy_field(
            track_width=self.track_width,
            thickness=self.thickness,
            wall_width=self.wall_width,
            saturation_magnetisation=self.saturation_magnetisation,
        )
        return self.replace(anisotropy_field=field)

    @property
    def junction_area(self) -> float:
        """A, area of the track and the pad, m2."""
        return self.track_length * self.track_width + self.nucleation_pad_area

    @property
    def resistance_area_product(self) -> float:
        """RA_P in the parallel state, Ohm m2."""
        return self.parallel_resistance * self.junction_area

    @property
    def antiparallel_resistance(self) -> float:
        """R_AP at zero bias, Ohm."""
        return self.parallel_resistance * (1.0 + self.tmr)

    @property
    def polarisation(self) -> float:
        """P in the torques, given or derived from tmr."""
        if self.spin_polarisation is not None:
            return self.spin_polarisation
        return slonczewski_polarisation(julliere_polarisation(self.tmr))

    @property
    def torque_per_current_density(self) -> float:
        """sigma_ST / J = hbar P / (2 e M_s t), T m2/A.

        The paper's J P g mu_B / (2 e M_s) has the dimension of a velocity: it lacks the thickness of the layer over
        which the torque acts (and gamma), and its mu_B is the Bohr magneton, not a permeability.
        """
        return (
            constants.REDUCED_PLANCK_CONSTANT
            * self.polarisation
            / (2.0 * constants.ELEMENTARY_CHARGE * self.saturation_magnetisation * self.thickness)
        )

    @property
    def walker_current_density(self) -> float:
        """J above which the Slonczewski torque alone turns the wall without end, |H_K| / (2 sigma_ST / J), A/m2."""
        return 0.5 * abs(self.anisotropy_field) / self.torque_per_current_density

    @property
    def walker_current(self) -> float:
        """The current I of the Walker density in the parallel state, A."""
        return self.walker_current_density * self.junction_area

    @property
    def threshold_voltage(self) -> float:
        """|V| across the junction from which the Slonczewski torque frees a wall from any well: J_W RA_P, V.

        The static threshold: below the Walker current density J_W the wall stays in its well, which is the device's own
        selector.  It holds for slow edges, at 0 K, without a net field, for the Slonczewski torque alone.  Where J in
        the torques is I / A (torque_density 'current') it is that of a wall at the P end; elsewhere R(x) / R_P times as
        much is needed.
        """
        return self.walker_current_density * self.resistance_area_product

    @property
    def walker_field(self) -> float:
        """H_z above which a field alone turns the wall without end, alpha |H_K| / 2, T."""
        return 0.5 * self.damping * abs(self.anisotropy_field)

    @property
    def energy_per_field_length(self) -> float:
        """2 M_s W t, J/(T m): the work of a field H_z on the wall over a distance x is 2 M_s W t H_z x."""
        return 2.0 * self.saturation_magnetisation * self.track_width * self.thickness

    @property
    def angle_barrier(self) -> float:
        """Energy between the two rest angles of the wall, M_s Delta W t |H_K|, J."""
        return 0.5 * self.energy_per_field_length * self.wall_width * abs(self.anisotropy_field)

    def thermal_field_per_root_time(self, temperature: float) -> float:
        """sqrt(alpha k_B T / (gamma M_s Delta W t)), T sqrt(s): the rms thermal field is this over sqrt(dt).

        Two independent white fields of this strength, one in each equation: the macrospin formula for the volume
        2 Delta W t, which meets the fluctuation-dissipation theorem.
        """
        kelvin = validation.non_negative("temperature", temperature)
        volume = self.wall_width * self.track_width * self.thickness
        return math.sqrt(
            self.damping
            * constants.BOLTZMANN_CONSTANT
            * kelvin
            / (self.gyromagnetic_ratio * self.saturation_magnetisation * volume)
        )


def applied_field(parameters: DeviceParameters, external_field: float | None) -> float:
    """The external field on a device, T; None: the one that cancels its stray field."""
    return -parameters.stray_field if external_field is None else validation.number("external_field", external_field)
