"""The parameters of one device."""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self

from .. import constants
from ..support import validation
from ..support.model_range import STRONGEST_FIELD, warn_of_field
from ..support.validation import InputError
from .parameter_table import (
    ANY,
    AREA,
    CURRENT_DENSITY,
    ENERGY_PER_AREA,
    FIELD,
    FIELD_PER_KELVIN,
    FIELD_PER_SQUARE_VOLT,
    FIELD_PER_VOLT,
    KELVIN_PER_WATT,
    LENGTH,
    MAGNETISATION,
    NON_NEGATIVE,
    NUMBER,
    POSITIVE,
    POSITIVE_OR_INFINITE,
    RATIO,
    RESISTANCE,
    SHARE_OR_NONE,
    SHARE_PER_KELVIN,
    SHARE_PER_VOLT,
    TEMPERATURE,
    TIME,
    TURNING_PER_FIELD,
    VOLTAGE,
    Parameter,
    Spread,
    one_of,
    rows_of,
    warn_of_range,
)
from .polarisation import julliere_polarisation, slonczewski_polarisation
from .width_laws import AnisotropyLaw, anisotropy_by_width


@dataclass(frozen=True, kw_only=True)
class DeviceParameters:
    """Geometry, magnetism and transport of one domain-wall magnetic tunnel junction, in SI units.

    Fields are given as flux densities mu_0 H in tesla (1 Oe = 1e-4 T).  Raises InputError for a value that is not a
    finite number, or that is negative or zero where the model does not allow it.

    The wall's position x runs from 0 to track_length; the P domain lies below x, the AP domain above, so that a
    positive current, and a positive field, move the wall towards the P state.
    """

    track_length: Annotated[
        float,
        Parameter(
            "L",
            "length of the track",
            LENGTH,
            POSITIVE,
            Spread.RELATIVE,
            is_size=True,
            netlist="length",
            limits=(10e-9, 1e-3),
        ),
    ]
    track_width: Annotated[
        float,
        Parameter(
            "W",
            "width of the track",
            LENGTH,
            POSITIVE,
            Spread.RELATIVE,
            is_size=True,
            netlist="width",
            limits=(5e-9, 10e-6),
        ),
    ]
    thickness: Annotated[
        float,
        Parameter(
            "t",
            "thickness of the free layer",
            LENGTH,
            POSITIVE,
            Spread.RELATIVE,
            netlist="thickness",
            limits=(0.2e-9, 50e-9),
        ),
    ]
    saturation_magnetisation: Annotated[
        float,
        Parameter(
            "M_s", "saturation magnetisation", MAGNETISATION, POSITIVE, Spread.RELATIVE, netlist="ms", limits=(1e4, 3e6)
        ),
    ]
    damping: Annotated[
        float,
        Parameter(
            "alpha", "Gilbert damping", NUMBER, NON_NEGATIVE, Spread.RELATIVE, netlist="alpha", limits=(0.0, 1.0)
        ),
    ]
    wall_width: Annotated[
        float,
        Parameter(
            "Delta",
            "width parameter of the wall's profile sech(x / Delta)",
            LENGTH,
            POSITIVE,
            Spread.RELATIVE,
            netlist="delta",
            limits=(1e-9, 1e-6),
        ),
    ]
    anisotropy_field: Annotated[
        float,
        Parameter(
            "H_K",
            "anisotropy field of the wall (at rest at phi = 0 where positive, at pi/2 where negative)",
            FIELD,
            ANY,
            Spread.IN_ITS_UNIT,
            netlist="hk",
            limits=(0.0, STRONGEST_FIELD),
        ),
    ]
    """H_K of the two-fold anisotropy in the plane, T.  A landscape may replace it by a profile along the track."""
    parallel_resistance: Annotated[
        float,
        Parameter(
            "R_P",
            "resistance of the whole junction in the parallel state",
            RESISTANCE,
            POSITIVE,
            Spread.RELATIVE,
            netlist="rp",
            limits=(1e-3, 1e9),
        ),
    ]
    tmr: Annotated[
        float,
        Parameter(
            "TMR_0",
            "tunnel magnetoresistance (R_AP - R_P) / R_P at zero bias",
            RATIO,
            POSITIVE,
            Spread.RELATIVE,
            netlist="tmr",
            note="a ratio: 0.95 is 95 %",
            limits=(0.01, 20.0),
        ),
    ]

    tmr_half_voltage: Annotated[
        float,
        Parameter(
            "V_h",
            "voltage at which the TMR has fallen to half",
            VOLTAGE,
            POSITIVE_OR_INFINITE,
            Spread.NONE,
            netlist="vh",
            note="1e30: no bias dependence",
        ),
    ] = math.inf
    """V_h, V: TMR(V) = TMR_0 / (1 + (V/V_h)^2); infinity turns the bias dependence off."""
    spin_polarisation: Annotated[
        float | None,
        Parameter(
            "P",
            "spin polarisation in the torques",
            NUMBER,
            SHARE_OR_NONE,
            Spread.NONE,
            netlist="pol",
            note="0: follows tmr by Julliere and Slonczewski",
        ),
    ] = None
    """P in the torques, no unit; None: from tmr by Julliere, and Slonczewski and Sun."""
    field_like_ratio: Annotated[
        float,
        Parameter("zeta", "field-like over Slonczewski torque", NUMBER, NON_NEGATIVE, Spread.RELATIVE, netlist="zeta"),
    ] = 0.3
    """zeta = sigma_FLT / sigma_ST, no unit (Kubota et al. 2008, doi 10.1038/nphys784)."""
    field_like_quadratic: Annotated[
        float,
        Parameter(
            "c_2",
            "part of the field-like torque proportional to V^2",
            FIELD_PER_SQUARE_VOLT,
            ANY,
            Spread.IN_ITS_UNIT,
            netlist="c2",
        ),
    ] = 0.0
    """c_2, T/V2: sigma_FLT = zeta sigma_ST + c_2 V^2, with V = J RA_P."""
    torque_density: Annotated[
        str,
        Parameter(
            "J", "current density in the torques: V / RA_P or I / A", NUMBER, one_of("voltage", "current"), Spread.NONE
        ),
    ] = "voltage"
    """The J in the torques: 'voltage', J = V / RA_P, or 'current', J = I / A (the paper's).

    A torque is set by the voltage across the barrier, whatever domain lies under it (Slonczewski and Sun 2007, doi
    10.1016/j.jmmm.2006.10.507), so J = V / RA_P.  At a given current I / A is smaller by R_P / R(x, V): by up to
    1 + TMR where most of the junction is antiparallel, and not at all where it is parallel."""
    stray_field: Annotated[
        float,
        Parameter(
            "H_stray",
            "field of the synthetic antiferromagnet on the free layer",
            FIELD,
            ANY,
            Spread.IN_ITS_UNIT,
            limits=(0.0, STRONGEST_FIELD),
        ),
    ] = 0.0
    """T; the net field H_z is external plus stray field."""
    nucleation_pad_area: Annotated[
        float,
        Parameter(
            "A_pad",
            "area of the nucleation pad",
            AREA,
            NON_NEGATIVE,
            Spread.RELATIVE,
            is_size=True,
            netlist="pad",
            limits=(1e-18, 1e-9),
        ),
    ] = 0.0
    """m2.  Once there is a wall in the track, the pad is in the P state."""
    nucleation_current_density: Annotated[
        float,
        Parameter(
            "J_nuc",
            "current density at which a uniform device forms a wall",
            CURRENT_DENSITY,
            NON_NEGATIVE,
            Spread.RELATIVE,
            limits=(1e6, 1e14),
        ),
    ] = 0.0
    """A/m2.  See `simulate`."""
    gyromagnetic_ratio: Annotated[
        float,
        Parameter(
            "gamma",
            "gyromagnetic ratio",
            TURNING_PER_FIELD,
            POSITIVE,
            Spread.NONE,
            netlist="gamma",
            limits=(1e10, 1e12),
        ),
    ] = constants.ELECTRON_GYROMAGNETIC_RATIO
    fourth_order_anisotropy_field: Annotated[
        float,
        Parameter(
            "H_4",
            "fourth-order anisotropy field of the wall",
            FIELD,
            ANY,
            Spread.IN_ITS_UNIT,
            netlist="h4",
            limits=(0.0, STRONGEST_FIELD),
        ),
    ] = 0.0
    """T: the wall has the energy M_s Delta W t H_4 (1 - cos 4 phi) / 4 on top of M_s Delta W t H_K sin^2 phi.

    It adds H_4 sin(4 phi) / 2 to b, as H_K adds H_K sin(2 phi) / 2.  Positive: phi = 0 and pi/2 are both deeper;
    negative: the wall rests between Bloch and Neel, at 45 degrees by H_4 alone.  A wall that adapts its profile, its
    tilt and its width to phi has such a term, which does not vanish where H_K does."""
    anisotropy_field_per_volt: Annotated[
        float,
        Parameter(
            "xi_H",
            "change of the wall's anisotropy field with the junction's voltage",
            FIELD_PER_VOLT,
            ANY,
            Spread.IN_ITS_UNIT,
            netlist="hkv",
        ),
    ] = 0.0
    """T/V: H_K(V) = H_K + xi_H V, V positive as the current is (voltage-controlled magnetic anisotropy).

    It is the whole derivative of H_K, with what the wall's width does to its demagnetising field.  For the effect see
    the review of Nozaki et al. 2019, doi 10.3390/mi10050327."""
    perpendicular_anisotropy_per_volt: Annotated[
        float,
        Parameter(
            "xi_K",
            "relative change of the effective perpendicular anisotropy with the junction's voltage",
            SHARE_PER_VOLT,
            ANY,
            Spread.IN_ITS_UNIT,
            netlist="kv",
            note="|kv V| has to stay below 1",
        ),
    ] = 0.0
    """1/V: K_eff(V) = K_eff (1 + xi_K V), so that the wall's width is Delta(V) = Delta / sqrt(1 + xi_K V).

    xi_K = (dK_u/dV) / K_eff, with K_eff = A / Delta^2, whatever makes it: dK_u/dV = xi / (t_barrier t) of a film with
    the coefficient xi (30 to 100 fJ/(V m) in CoFeB on MgO, Nozaki et al. 2019, doi 10.3390/mi10050327).  To first
    order d ln Delta/dV = -xi_K / 2.  This is all that K_u does in a model of one rigid wall: the wall's own energy
    changes everywhere on the track alike and pushes it nowhere.  Velocity and thermal fields follow Delta(V), the wells
    stay as they are.  A drive whose |xi_K V| reaches 1 is refused."""
    in_plane_field_x: Annotated[
        float,
        Parameter(
            "H_x",
            "field along the track on the wall's moment",
            FIELD,
            ANY,
            Spread.IN_ITS_UNIT,
            netlist="hx",
            limits=(0.0, STRONGEST_FIELD),
        ),
    ] = 0.0
    """T; positive towards larger x.

    The wall's moment is (-sin phi, cos phi, 0), with z along the P state's magnetisation and y = z x x: a positive H_x
    adds (pi/2) H_x cos phi to b and favours phi = -pi/2, a Neel wall (Thiaville and Nakatani 2006,
    doi 10.1007/10938171_5).  The domains' own tilt, of the order of the field over the perpendicular anisotropy field,
    is left out."""
    in_plane_field_y: Annotated[
        float,
        Parameter(
            "H_y",
            "field across the track on the wall's moment",
            FIELD,
            ANY,
            Spread.IN_ITS_UNIT,
            netlist="hy",
            limits=(0.0, STRONGEST_FIELD),
        ),
    ] = 0.0
    """T; it adds (pi/2) H_y sin phi to b: a positive one favours phi = 0, a Bloch wall.  See in_plane_field_x."""
    interfacial_dmi: Annotated[
        float,
        Parameter(
            "D",
            "interfacial Dzyaloshinskii-Moriya interaction",
            ENERGY_PER_AREA,
            ANY,
            Spread.IN_ITS_UNIT,
            netlist="dmi",
            limits=(0.0, 1e-2),
        ),
    ] = 0.0
    """J/m2, of the energy density D (m_z div m - m grad m_z), with z along the P state's magnetisation.

    The wall has the energy -pi D W t sin phi: a field D/(M_s Delta) along the track, against it for D > 0, that adds
    -(pi/2) D/(M_s Delta) cos phi to b and favours phi = pi/2, a Neel wall (Thiaville et al. 2012,
    doi 10.1209/0295-5075/100/57002).  It follows the width that the voltage gives the wall.  In a device whose P state
    is magnetised the other way, D has the other sign."""
    oersted_field_ratio: Annotated[
        float,
        Parameter(
            "k_Oe",
            "Oersted field of the track's current on the wall, over that of the bare track",
            NUMBER,
            ANY,
            Spread.IN_ITS_UNIT,
            netlist="oersted",
            note="1 or -1: all of it, with the P state's magnetisation along or against a positive current",
            limits=(0.0, 10.0),
        ),
    ] = 0.0
    """A number: 0, no Oersted field; 1, that of the current in the track where the P state's magnetisation points along
    a positive current, -1 where it points against it; less, where the leads bring a part of it back.

    It lies across the track and adds (pi/2) H_Oe sin phi to b, as in_plane_field_y does, with

        H_Oe = k_Oe mu_0 W V / (2 pi RA_P) [g(x/W) - g((L - x)/W) / (1 + TMR(V))],
        g(r) = [ln(1 + r^2) - r^2 ln(1 + 1/r^2)]/2 + 2 r atan(1/r):

    the law of Biot and Savart for endless currents along z, V/RA_P in the parallel domain and V/[RA_P (1 + TMR(V))] in
    the antiparallel one, averaged over the track's width at the wall.  The pad's current, whose place is no
    parameter, and the force of the field's gradient, below 1 Oe, are left out."""
    anisotropy_gradient_force: Annotated[
        float,
        Parameter(
            "k_K",
            "force along the track of an anisotropy field that varies there, over that of its energy",
            NUMBER,
            ANY,
            Spread.IN_ITS_UNIT,
            netlist="hkforce",
            note="1: the energy is conserved; 0: as in the paper",
            limits=(0.0, 1.0),
        ),
    ] = 0.0
    """A number: 0, as in the paper, whose H_K is the same everywhere; 1, what the energy of the wall asks for.

    The wall's energy M_s Delta W t H_K(x) sin^2 phi turns the angle and, where H_K changes along the track, pushes the
    wall as well: it adds -(k_K/2) Delta dH_K/dx sin^2 phi to a.  Only with 1 does a wall without damping and drive keep
    its energy.  The force needs a track with a profile of H_K (`Landscape.anisotropy`) and follows the width that the
    voltage gives the wall.  H_4 and xi_H are the same everywhere on a track, and so exert none."""
    thermal_resistance: Annotated[
        float,
        Parameter(
            "R_th",
            "thermal resistance of the junction, which heats it by its power V I",
            KELVIN_PER_WATT,
            NON_NEGATIVE,
            Spread.RELATIVE,
            netlist="rth",
            limits=(1.0, 1e8),
        ),
    ] = 0.0
    """K/W; 0: no Joule heating.

    The rise of temperature T' follows dT'/dt = (R_th V I - T') / tau_th: one thermal resistance and one heat capacity,
    the first term of the solution for a pillar (You, Ha and Lee 2009, doi 10.48550/arXiv.0906.2248), and the thermal
    node of compact models.  It starts at 0 and acts by laws that are 1 at T' = 0.

    M_s falls by Bloch's law, m = [1 - ((T_0 + T')/T_C)^(3/2)] / [1 - (T_0/T_C)^(3/2)].  The fields of the wall's own
    charges and of the sites (H_K, H_4, H_pin) go with m; what acts on a smaller moment (the torques, c_2 V^2 and the
    field of the DMI) goes with 1/m.  H_K changes further by h_K T'.  The TMR at zero bias changes by 1 + c_TMR T', and
    the spin polarisation with it where that follows the TMR.  The thermal fields change by sqrt((1 + T'/T)/m), with the
    temperature T of the simulation; at T = 0 there are none, whatever the rise.

    Damping, wall width, Oersted and in-plane fields, what the voltage does to the anisotropies, and the stray field
    stay as they are.  Static solutions of arrays, the functions of the junction alone (`resistance`,
    `voltage_at_current`, ...) and the properties of a device (`walker_current_density`, ...) are those without the
    rise, at T_0.  `static_current_threshold`, escape rates under a current, tables of pulses and of spikes and uniform
    initial states refuse a device that heats up, and a run in which T_0 + T' reaches T_C ends in an error."""
    thermal_time_constant: Annotated[
        float,
        Parameter(
            "tau_th",
            "time constant of the junction's temperature",
            TIME,
            POSITIVE,
            Spread.RELATIVE,
            netlist="tauth",
            limits=(1e-11, 1e-3),
        ),
    ] = 10e-9
    """s; see thermal_resistance."""
    reference_temperature: Annotated[
        float,
        Parameter(
            "T_0",
            "the device's own temperature, at which its other parameters hold",
            TEMPERATURE,
            POSITIVE,
            Spread.NONE,
            netlist="tref",
            limits=(1.0, 1000.0),
        ),
    ] = 300.0
    """K, from which Joule heating warms the junction; the temperature of a simulation is that of its thermal fields."""
    curie_temperature: Annotated[
        float,
        Parameter(
            "T_C",
            "Curie temperature in Bloch's law of M_s",
            TEMPERATURE,
            POSITIVE,
            Spread.RELATIVE,
            netlist="tcurie",
            limits=(300.0, 1500.0),
        ),
    ] = 1000.0
    """K, an assumption for a thin film of CoFeB; see thermal_resistance."""
    anisotropy_field_per_kelvin: Annotated[
        float,
        Parameter(
            "h_K",
            "change of the wall's anisotropy field with the rise of temperature, beside that by M_s",
            FIELD_PER_KELVIN,
            ANY,
            Spread.IN_ITS_UNIT,
            netlist="hkt",
        ),
    ] = 0.0
    """T/K: H_K(T') = m H_K + h_K T', wherever on the track.

    m H_K is the law of a wall that keeps its width.  Where K_u, which goes with a higher power of M_s (Callen and
    Callen; Ibrahim et al. 2020, doi 10.48550/arXiv.2011.02220), changes the wall's shape, H_K changes further; h_K is
    what a micromagnetic relaxation of the heated film gives."""
    tmr_per_kelvin: Annotated[
        float,
        Parameter(
            "c_TMR",
            "relative change of the TMR with the rise of temperature",
            SHARE_PER_KELVIN,
            ANY,
            Spread.IN_ITS_UNIT,
            netlist="tmrt",
        ),
    ] = -1e-3
    """1/K, an assumption; see thermal_resistance.

    A perpendicular junction with 1.5 nm of CoFeB has a TMR of 280 % at 20 K and of 180 % at 300 K (Skowronski et al.
    2017, doi 10.48550/arXiv.1701.06411), on average -2e-3 of the latter per kelvin."""

    def __post_init__(self) -> None:
        self._check(PARAMETERS)

    def _check(self, rows: Sequence[Parameter]) -> None:
        """Check the values of some parameters, and those that depend on several."""
        for row in rows:
            object.__setattr__(self, row.name, row.range.check(row.name, getattr(self, row.name)))
        for row in _LIMITED:
            warn_of_range(row, getattr(self, row.name))
        self._check_range()
        if not self.reference_temperature < self.curie_temperature:
            raise InputError(
                f"curie_temperature: expected more than the reference temperature of {self.reference_temperature:g} K, "
                f"got {self.curie_temperature:g} K"
            )

    def _check_range(self) -> None:
        """Raise InputError for values so large or small that a derived one is 0 or infinite."""
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
                raise InputError(f"{names}: expected values of a real device in SI units, got values far out of range")

    def replace(self, **changes: Any) -> Self:
        """A copy with some parameters changed; an unknown name raises InputError with the nearest known one."""
        known = [row.name for row in PARAMETERS]
        for name in changes:
            if name not in known:
                raise InputError(
                    f"{name}: expected a field of DeviceParameters, got no such name{validation.nearest(name, known)}"
                )
        other = copy.copy(self)
        for name, value in changes.items():
            object.__setattr__(other, name, value)
        other._check([row for row in PARAMETERS if row.name in changes])  # fits do this a million times
        return other

    def resized(
        self,
        *,
        track_length: float | None = None,
        track_width: float | None = None,
        nucleation_pad_area: float | None = None,
        resistance_area_product: float | None = None,
    ) -> Self:
        """A copy with another size (m, m2) and the same barrier, or with another RA_P (Ohm m2); R_P follows.

        The pad keeps its area unless another one is given.  H_K does not change (see `with_anisotropy_from_width`), nor
        do thickness, M_s, damping, TMR and its half voltage, even at another RA_P.
        """
        sizes = {"track_length": track_length, "track_width": track_width, "nucleation_pad_area": nucleation_pad_area}
        other = self.replace(**{name: value for name, value in sizes.items() if value is not None})
        barrier = self.resistance_area_product
        if resistance_area_product is not None:
            barrier = validation.positive("resistance_area_product", resistance_area_product)
        return other.replace(parallel_resistance=barrier / other.junction_area)

    def with_anisotropy_from_width(self, by: AnisotropyLaw = "micromagnetics") -> Self:
        """A copy with the shape anisotropy that follows from the width of the track.

        by: "micromagnetics" takes wall_width, anisotropy_field and fourth_order_anisotropy_field from
            `micromagnetic_wall`, a table for the paper's film (2.2 nm, 1.05e6 A/m) from 60 to 130 nm; any other film or
            width raises InputError.  "rigid-wall" takes anisotropy_field from `demagnetising_anisotropy_field` with
            this wall_width, a quick estimate for any film.  For the paper's film, that H_K is 146 Oe (60 nm) to 28 Oe
            (130 nm) below the table's, and the threshold |H_K|/2 is between 1.5 times (60 nm) and a seventh (130 nm) of
            that of the relaxed wall.  "given" leaves the device unchanged.
        """
        return self.replace(**anisotropy_by_width(self, by))

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

        The paper's J P g mu_B / (2 e M_s) has the dimension of a velocity: the thickness of the layer on which the
        torque acts is missing (and gamma), and its mu_B is the Bohr magneton, not a permeability.
        """
        return (
            constants.REDUCED_PLANCK_CONSTANT
            * self.polarisation
            / (2.0 * constants.ELEMENTARY_CHARGE * self.saturation_magnetisation * self.thickness)
        )

    @property
    def walker_current_density(self) -> float:
        """J above which the wall precesses under the Slonczewski torque alone, A/m2.

        It is |H_K| / (2 sigma_ST / J).  With further terms in the wall's energy, it is the lowest J > 0 at which the
        wall has no rest angle in the parallel state; inf where the effect of the voltage compensates for the torque.
        """
        from .equilibrium import turning_density

        return turning_density(self)

    @property
    def walker_current(self) -> float:
        """The current I of the Walker density in the parallel state, A."""
        return self.walker_current_density * self.junction_area

    @property
    def threshold_voltage(self) -> float:
        """|V| across the junction above which the Slonczewski torque frees a wall from any well: J_W RA_P, V.

        This is the static threshold: below the Walker current density J_W the wall stays in its well, so that the
        device acts as its own selector.  It holds for slow edges, at 0 K, without a net field, and for the Slonczewski
        torque alone.  Where J in the torques is I / A (torque_density 'current'), it applies to a wall at the P end; at
        other positions R(x) / R_P times this voltage is needed.
        """
        return self.walker_current_density * self.resistance_area_product

    @property
    def walker_field(self) -> float:
        """H_z > 0 above which the wall precesses under a field alone, T: alpha |H_K| / 2, or from the full energy."""
        from .equilibrium import largest_turn

        return self.damping * float(largest_turn(self))

    @property
    def energy_per_field_length(self) -> float:
        """2 M_s W t, J/(T m): the work of a field H_z on the wall over a distance x is 2 M_s W t H_z x."""
        return 2.0 * self.saturation_magnetisation * self.track_width * self.thickness

    @property
    def oersted_field_per_volt(self) -> float:
        """k_Oe mu_0 W / (2 pi RA_P), T/V: the factor of g(r) in the field of oersted_field_ratio."""
        per_width = constants.VACUUM_PERMEABILITY / (2.0 * math.pi) / self.resistance_area_product
        return self.oersted_field_ratio * per_width * self.track_width

    @property
    def angle_barrier(self) -> float:
        """The lower energy barrier against rotation from the rest angle, J; with H_K alone M_s Delta W t |H_K|."""
        from .equilibrium import angle_barrier

        return angle_barrier(self)

    def thermal_field_per_root_time(self, temperature: float) -> float:
        """sqrt(alpha k_B T / (gamma M_s Delta W t)), T sqrt(s): the rms thermal field is this over sqrt(dt).

        There are two independent white fields of this strength, one in each equation.  This is the macrospin formula
        for the volume 2 Delta W t, which satisfies the fluctuation-dissipation theorem.
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
    """The external field on a device, T; None: the field that cancels its stray field."""
    if external_field is None:
        return -parameters.stray_field
    field = validation.number("external_field", external_field)
    warn_of_field("external_field", field)
    return field


PARAMETERS = rows_of(DeviceParameters)
"""The rows of all parameters, in the order of the fields."""
_LIMITED = tuple(row for row in PARAMETERS if row.limits is not None)
