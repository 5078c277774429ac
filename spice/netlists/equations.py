"""The model's equations as text for both ngspice and Verilog-A, with placeholders where the two differ.

Voltages of the state nodes are x in nm and phi in rad; the time is in ns, so a rate in nm/ns or rad/ns is a current in
A into a capacitor of 1 nF.  All fields are written as rates gamma H in rad/ns: volts and amperes of order one, for
which a simulator's absolute tolerances are made; in tesla they would cost a digit of the position.
"""

from dataclasses import dataclass

from compact_model import constants
from compact_model.device.parameters import DeviceParameters
from compact_model.kernels.terms import TERMS

from .heat import Heat
from .text import real
from .track import Track, expression

# Outside the track the wall is driven back at this many nm/ns per nm: it stays within 0.01 nm of the end.
_END_STIFFNESS = 1e4

# Scramble a counter into a phase.  acos(cos()) folds a large argument evenly onto 0 to pi; a sine alone would give the
# normal deviates a mean of 0.006.  It is written pi/2 - asin(cos()), because the Verilog-A compiler openvaf-r replaces
# acos(cos(u)) by u.  The same on every machine to 1e-6 of a turn. ngspice keeps ten digits of a literal, so these have
# no more.
_SCRAMBLE_COUNTER = "1.732050808"
_SCRAMBLE_SEED = "2.645751311"
_SCRAMBLE_INNER = "8191.713"
_SCRAMBLE_OUTER = "9973.137"


def derived_parameters(torque_density: str) -> tuple[tuple[str, str, str], ...]:
    """Name, expression and meaning of the quantities that depend on the parameters alone."""
    half_flux = 0.5 * constants.REDUCED_PLANCK_CONSTANT / constants.ELEMENTARY_CHARGE
    per_density = f"{real('hbar/2e', half_flux)}*polarisation/(ms*thickness*1.0e-9)"
    per_drive = "(rp*area)" if torque_density == "voltage" else "area"
    boltzmann = real("k_B", constants.BOLTZMANN_CONSTANT)
    return (
        ("area", "(length*width+pad)*1.0e-18", "of the junction, m2"),
        ("conductance_p", "1.0/rp", "1/R_P, S"),
        ("conductance_drop", "width*1.0e-18/area*tmr*vh*vh/rp", "S V2/nm"),
        ("bias_scale", "(1.0+tmr)*vh*vh", "V2"),
        ("julliere", "sqrt(tmr/(2.0+tmr))", "P_J of the TMR"),
        ("polarisation", "(pol>0.0 ? pol : julliere/(1.0+julliere*julliere))", "P"),
        ("rate", "gamma*1.0e-9", "rad/(ns T)"),
        (
            "torque_rate",
            f"rate*{per_density}/{per_drive}",
            "gamma sigma_ST per " + ("volt" if torque_density == "voltage" else "ampere") + ", rad/ns",
        ),
        (
            "quadratic_rate",
            "rate*c2" + ("" if torque_density == "voltage" else "*rp*rp"),
            "gamma c2 V^2, with V = J RA_P",
        ),
        ("angle_rate", "1.0/(1.0+alpha*alpha)", "of Eq. 1"),
        ("position_rate", "delta/(1.0+alpha*alpha)", "of Eq. 1, nm"),
        (
            "thermal_rate",
            f"rate*sqrt(alpha*{boltzmann}/(gamma*ms*width*thickness*delta*1.0e-27*ts*1.0e-9))",
            "gamma times the rms thermal field of a sample at 1 K, rad/ns",
        ),
    )


NUCLEATION = (
    ("start", "(uniform>0.0 ? 0.0 : (uniform<0.0 ? length : x0))", "where the wall forms, or is, nm"),
    (
        "uniform_pad",
        "(uniform>0.0 ? pad/width : 0.0)",
        "the antiparallel pad of a device without a wall, nm of track",
    ),
)
"""The same for a device that forms its wall, as in `derived_parameters`."""


def junction_conductance(voltage: str, wall: str = "", heat: Heat | None = None) -> str:
    """G(x, V), S, with TMR/(1 + TMR + (V/vh)^2) as TMR vh^2/((1 + TMR) vh^2 + V^2): one division.

    wall: for a device that may be uniform, a factor that is 1 with a wall in it and 0 without.
    """
    uniform = f"+(1.0-{wall})*uniform_pad" if wall else ""
    cold = f"(conductance_p-conductance_drop*(length-V(x){uniform})/(bias_scale+{voltage}*{voltage}))"
    return heat.applied(cold) if heat else cold


def torque_drive(torque_density: str, voltage: str, conductance: str) -> str:
    """The quantity that determines J: the voltage, or the current, of the junction."""
    return voltage if torque_density == "voltage" else f"({voltage}*{conductance})"


FORMING_TIME = 0.5e-12
"""Response time, s, of the latch of a device that forms its wall; it switches after 4.6 of them."""
FORMED = 0.99
"""The value from which the latch holds itself.  A simulator repeats a rejected step from the state at that step's end:
with a lower value, and steps of 20 ps, it would find a wall there that never formed."""


def has_wall(latch: str) -> str:
    """1 with a wall in the track, 0 in a uniform device; latch: the voltage of the latch's node."""
    return f"(uniform==0.0 || {latch}>{real('formed', FORMED)} ? 1.0 : 0.0)"


def latch_target(torque_density: str, drive: str, latch: str) -> str:
    """The target of the latch: 1 if there is a wall, or if J reaches jn, which forms one."""
    per_drive = "(rp*area)" if torque_density == "voltage" else "area"
    formed = real("formed", FORMED)
    return f"(uniform==0.0 || {latch}>{formed} || uniform*{drive}>=jn*{per_drive} ? 1.0 : 0.0)"


@dataclass(frozen=True)
class Fields:
    """a and b of Eq. 1 of a device, as text.

    torque: gamma sigma_ST in rad/ns; drive: the quantity that determines J, V or A; voltage: of the junction, V;
    thermal: the two thermal fields, rad/ns; pinning: the pinning field over its largest value, and rise: see
    `anisotropy_rise`, if the language has nodes for them; net_field: T; heat: of a device that heats up; all in the
    notation of the language.
    """

    parameters: DeviceParameters
    track: Track
    torque: str
    drive: str
    voltage: str
    thermal: tuple[str, ...]
    pinning: str = ""
    net_field: str = "hz"
    rise: str = ""
    heat: Heat | None = None

    @property
    def along_track(self) -> str:
        """a: gamma (H_z + sigma_FLT + H_pin + b_1), rad/ns, with the contributions of further terms."""
        return self._sum("along_text")

    @property
    def about_angle(self) -> str:
        """b: gamma (sigma_ST + H_K sin(2 phi)/2 + b_2), rad/ns, with the contributions of further terms."""
        return self._sum("about_text")

    @property
    def width(self) -> str:
        """Delta over its value at 0 V; empty: it is constant."""
        texts = self._texts("width_text")
        return "*".join(f"({text.format(voltage=self.voltage)})" for text in texts)

    @property
    def pinning_shape(self) -> str:
        """The pinning field over its largest value."""
        return expression(self.track.pinning, "V(x)" if self.track.centre is None else "((V(x)-xs)/xc)")

    @property
    def anisotropy_rise(self) -> str:
        """gamma Delta dH_K/dx, rad/ns; empty if H_K is constant, or the device has no term that reads it."""
        slope = self.track.anisotropy_slope
        if slope is None or not any(term.reads_slope and term.is_on(self.parameters) for term in TERMS):
            return ""
        return f"rate*delta*{expression(slope, 'V(x)')}"

    def _texts(self, part: str) -> list[str]:
        """The contribution to a part of each term that the device has."""
        texts = (getattr(term, part) for term in TERMS if term.is_on(self.parameters))
        return [text for text in texts if text]

    def _sum(self, part: str) -> str:
        profile, rise = self.track.anisotropy, self.anisotropy_rise
        anisotropy = "hk" if profile is None else f"(hk+{expression(profile, 'V(x)')})"
        # On a wall of another width, white fields have the strength that its fluctuations require.
        thermal = [f"{field}/sqrt({self.width})" if self.width else field for field in self.thermal]
        words = {
            "torque": self.torque,
            "drive": self.drive,
            "net_field": self.net_field,
            "voltage": self.voltage,
            "angle": "V(phi)",
            "position": "V(x)",
            "width": self.width or "1.0",
            "pinning": self.pinning or self.pinning_shape,
            "anisotropy": self.heat.anisotropy(anisotropy) if self.heat else anisotropy,
            "anisotropy_rise": (self.rise or rise) if rise else "0.0",
            "thermal_z": thermal[0],
            "thermal_angle": thermal[1],
        }
        total = " + ".join(text.format(**words) for text in self._texts(part))
        return self.heat.applied(total) if self.heat else total


def position_rate(along: str, about: str, width: str = "") -> str:
    """dx/dt of Eq. 1, nm/ns, with the track's ends; width: see `Fields.width`."""
    rate = f"position_rate*{width}" if width else "position_rate"
    stiffness = real("stiffness", _END_STIFFNESS)
    ends = f"(V(x)<0.0 ? -{stiffness}*V(x) : (V(x)>length ? {stiffness}*(length-V(x)) : 0.0))"
    return f"{rate}*({about}+alpha*{along}) + {ends}"


def angle_rate(along: str, about: str) -> str:
    """dphi/dt of Eq. 1, rad/ns."""
    return f"angle_rate*({along}-alpha*{about})"


NOISE_FUNCTIONS = (
    (
        "dw_phase",
        ("n", "stream", "seed"),
        f"{_SCRAMBLE_OUTER}*(1.570796327-asin(cos({_SCRAMBLE_INNER}"
        f"*sin({_SCRAMBLE_COUNTER}*(n)+{_SCRAMBLE_SEED}*(seed)+(stream)))))",
        "phase of sample n: uniform on a circle",
    ),
    (
        "dw_normal",
        ("n", "stream", "seed"),
        "sqrt(-2.0*ln((1.570796327-asin(cos(dw_phase(n,stream,seed)))+1.0e-9)/3.141592656))"
        "*cos(dw_phase(n,(stream)+1.3,seed))",
        "a standard normal deviate (Box and Muller); the arc cosine of its cosine is uniform on 0 to pi",
    ),
    (
        "dw_thermal",
        ("t", "stream", "seed"),
        "(floor(t)+1.0-(t))*dw_normal(floor(t),stream,seed)+((t)-floor(t))*dw_normal(floor(t)+1.0,stream,seed)",
        "straight lines between the samples, t counted in samples: a simulator needs no breakpoints",
    ),
)
"""Name, arguments, expression and meaning of the functions that make the thermal fields."""


def thermal_field(time: str, ambient: str, channel: int, heat: Heat | None = None) -> str:
    """A thermal field in rad/ns: a normal deviate every ts ns, interpolated linearly.

    time: in ns; ambient: the circuit's temperature, K, weighted by the parameter `ambient`.
    Over times longer than ts its integral has the variance of white noise.  It is a function of time and seed, so the
    same run gives the same field, in every simulator.
    """
    stream = real("stream", 0.7 + 2.6 * channel)
    kelvin = f"sqrt(temperature+ambient*{ambient})"
    if heat:
        kelvin = f"sqrt((temperature+ambient*{ambient}+{heat.rise})/{heat.moment})"
    return f"(temperature+ambient>0.0 ? thermal_rate*{kelvin}*(dw_thermal({time}/ts,{stream},seed)) : 0.0)"
