"""The parameters of the netlist's device: names, units, defaults, and the fields of DeviceParameters behind them."""

import math
from dataclasses import dataclass

import numpy as np

from compact_model.constants import NANOMETRE, NANOSECOND
from compact_model.device import heating
from compact_model.device.parameters import PARAMETERS, DeviceParameters
from compact_model.kernels.terms import TERMS
from compact_model.track.landscape import Landscape
from compact_model.track.resting import resting_angles

from .text import INFINITY
from .track import Track

NOISE_SAMPLE = 0.05 * NANOSECOND
"""Distance between the thermal fields' samples, s: 20 GHz, far above the wall's own frequencies (below 1 GHz)."""


@dataclass(frozen=True)
class NetlistParameter:
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


INSTANCE = ("x0", "phi0", "rise0", "hz", "uniform", "temperature", "ambient", "seed")


def in_unit(value: float, scale: float) -> float:
    """An SI value in a unit, without the rounding error of the division in the sixteenth digit: 100 nm are 100."""
    if value == math.inf:
        return INFINITY
    return value if scale == 1.0 else float(f"{value / scale:.15g}")


def initial_state(parameters: DeviceParameters, landscape: Landscape) -> tuple[float, float]:
    """The default position of a wall, the first site's centre (m), and its rest angle there (rad)."""
    position = landscape.wells[0].centre
    return position, float(resting_angles([parameters], [landscape], np.array([position]))[0])


def quantities(
    parameters: DeviceParameters, landscape: Landscape, track: Track, nucleation: bool = False
) -> tuple[NetlistParameter, ...]:
    """All parameters of a device's sub-circuit, in the order in which they are written."""
    position, angle = initial_state(parameters, landscape)
    off = {name for term in TERMS if not term.is_on(parameters) for name in term.switches}
    found = [
        NetlistParameter(
            "x0", in_unit(position, NANOMETRE), "nm", "where the wall is at t = 0, from 0 (AP) to length (P)"
        ),
        NetlistParameter("phi0", angle, "rad", "angle of the wall at t = 0"),
        NetlistParameter("hz", 0.0, "T", "net field: external plus stray; by default the two cancel"),
        NetlistParameter("temperature", 0.0, "K", "of the thermal fields; 0: off"),
        NetlistParameter("ambient", 0.0, "", "1: the circuit's own temperature (.temp) is added to temperature"),
        NetlistParameter("seed", 0.0, "", "of the thermal fields; give every instance its own"),
    ]
    if heating.is_on(parameters):
        found.insert(2, NetlistParameter("rise0", 0.0, "K", "rise of the temperature at t = 0"))
    else:
        off |= {heating.SWITCH, *heating.SETTINGS}
    if nucleation:
        meaning = "1: uniformly antiparallel at t = 0, -1: parallel, until a wall forms at that end; 0: it is there"
        forming = "J that forms the wall, J > 0 in the antiparallel state and J < 0 in the parallel one"
        density = parameters.nucleation_current_density
        found += [
            NetlistParameter("uniform", 0.0, "", meaning),
            NetlistParameter("jn", density, "A/m2", forming, "nucleation_current_density"),
        ]
    for row in PARAMETERS:
        if not row.netlist or row.name in off:
            continue
        unit = row.dimension.netlist
        value, notes = getattr(parameters, row.name), [row.in_words, row.note]
        if row.name == "anisotropy_field":
            value = track.anisotropy_field
            notes.append("" if track.anisotropy is None else "its mean along the track")
        default = 0.0 if value is None else in_unit(value, unit.scale)
        meaning = "; ".join(note for note in notes if note)
        found.append(NetlistParameter(row.netlist, default, unit.name, meaning, row.name, unit.scale))
    strongest = "" if track.centre is not None else " of the strongest; the others scale with it"
    found.append(NetlistParameter("hc", track.coercive_field, "T", f"depinning field of the site{strongest}"))
    if track.centre is not None and track.half_width is not None:
        found.append(NetlistParameter("xc", in_unit(track.half_width, NANOMETRE), "nm", "half width of the site"))
        found.append(NetlistParameter("xs", in_unit(track.centre, NANOMETRE), "nm", "centre of the site"))
    found.append(
        NetlistParameter("ts", in_unit(NOISE_SAMPLE, NANOSECOND), "ns", "distance of the thermal fields' samples")
    )
    return tuple(found)
