"""The parameters of the netlist's device: names, units, defaults, and the fields of DeviceParameters they come from."""

import math
from dataclasses import dataclass

from compact_model.constants import NANOMETRE, NANOSECOND
from compact_model.device.parameters import DeviceParameters
from compact_model.track.landscape import Landscape

from .text import INFINITY
from .track import Track

NOISE_SAMPLE = 0.05 * NANOSECOND
"""Distance of the thermal fields' samples, s: 20 GHz, far above the wall's own frequencies (below 1 GHz)."""


@dataclass(frozen=True)
class Quantity:
    """One parameter of the sub-circuit."""

    name: str
    value: float
    """The default, in `unit`."""
    unit: str
    meaning: str
    field: str | None = None
    """The field of DeviceParameters that it sets; None: it belongs to the instance or to the landscape."""
    scale: float = 1.0
    """SI units per unit."""


INSTANCE = ("x0", "phi0", "hz", "temperature", "ambient", "seed")

# name, field of DeviceParameters, unit in the netlist, SI per unit, meaning
_DEVICE = (
    ("length", "track_length", "nm", NANOMETRE, "length of the track, L"),
    ("width", "track_width", "nm", NANOMETRE, "width of the track, W"),
    ("thickness", "thickness", "nm", NANOMETRE, "thickness of the free layer, t"),
    ("pad", "nucleation_pad_area", "nm2", NANOMETRE**2, "area of the nucleation pad"),
    ("ms", "saturation_magnetisation", "A/m", 1.0, "saturation magnetisation, M_s"),
    ("alpha", "damping", "", 1.0, "Gilbert damping"),
    ("gamma", "gyromagnetic_ratio", "rad/(s T)", 1.0, "gyromagnetic ratio"),
    ("delta", "wall_width", "nm", NANOMETRE, "width parameter of the wall"),
    ("rp", "parallel_resistance", "Ohm", 1.0, "resistance in the parallel state, R_P"),
    ("tmr", "tmr", "", 1.0, "TMR at zero bias, a ratio: 0.95 is 95 %"),
    ("vh", "tmr_half_voltage", "V", 1.0, "TMR(V) = tmr/(1 + (V/vh)^2); 1e30: no bias dependence"),
    ("pol", "spin_polarisation", "", 1.0, "polarisation P in the torques; 0: follows tmr by Julliere and Slonczewski"),
    ("zeta", "field_like_ratio", "", 1.0, "field-like over Slonczewski torque"),
    ("c2", "field_like_quadratic", "T/V2", 1.0, "part of the field-like torque that goes with V^2"),
)


def in_unit(value: float, scale: float) -> float:
    """An SI value in a unit; what the division rounded in the sixteenth digit is undone: 100 nm are 100."""
    if value == math.inf:
        return INFINITY
    return value if scale == 1.0 else float(f"{value / scale:.15g}")


def initial_state(parameters: DeviceParameters, landscape: Landscape) -> tuple[float, float]:
    """Where a wall is unless told otherwise: the first site's centre (m), and at rest there (rad)."""
    position = landscape.wells[0].centre
    anisotropy = float(landscape.anisotropy_field(position, parameters))
    return position, 1.5707963267948966 if anisotropy < 0.0 else 0.0


def quantities(parameters: DeviceParameters, landscape: Landscape, track: Track) -> tuple[Quantity, ...]:
    """All parameters of the sub-circuit of a device, in the order in which they are written."""
    position, angle = initial_state(parameters, landscape)
    found = [
        Quantity("x0", in_unit(position, NANOMETRE), "nm", "position of the wall at t = 0, from 0 (AP) to length (P)"),
        Quantity("phi0", angle, "rad", "angle of the wall at t = 0"),
        Quantity("hz", parameters.stray_field, "T", "net field: external plus stray; the default is the stray field"),
        Quantity("temperature", 0.0, "K", "of the thermal fields; 0: off"),
        Quantity("ambient", 0.0, "", "1: the circuit's own temperature (.temp) is added to temperature"),
        Quantity("seed", 0.0, "", "of the thermal fields; give every instance its own"),
    ]
    for name, field, unit, scale, meaning in _DEVICE:
        value = getattr(parameters, field)
        found.append(Quantity(name, 0.0 if value is None else in_unit(value, scale), unit, meaning, field, scale))
    mean = "" if track.anisotropy is None else ", its mean along the track"
    rest = "; where negative, the wall rests at phi0 = pi/2"
    found.append(
        Quantity(
            "hk", track.anisotropy_field, "T", f"anisotropy field of the wall, H_K{mean}{rest}", "anisotropy_field"
        )
    )
    strongest = "" if track.centre is not None else " of the strongest; the others scale with it"
    found.append(Quantity("hc", track.coercive_field, "T", f"depinning field of the site{strongest}"))
    if track.centre is not None and track.half_width is not None:
        found.append(Quantity("xc", in_unit(track.half_width, NANOMETRE), "nm", "half width of the site"))
        found.append(Quantity("xs", in_unit(track.centre, NANOMETRE), "nm", "centre of the site"))
    found.append(Quantity("ts", in_unit(NOISE_SAMPLE, NANOSECOND), "ns", "distance of the thermal fields' samples"))
    return tuple(found)
