"""One device: from the values of its page to its track, a pulse, an R-I loop, and the text that reproduces them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from compact_model.constants import (
    BOLTZMANN_CONSTANT,
    MILLIAMPERE,
    NANOMETRE,
    NANOSECOND,
    OERSTED,
    PICOSECOND,
)
from compact_model.device.parameters import DeviceParameters
from compact_model.device.published import lequeux2016
from compact_model.drive import Voltage, pulses
from compact_model.experiments.loops import resistance_loop
from compact_model.methods import REFERENCE_STEP
from compact_model.simulation import simulate
from compact_model.support.arrays import FloatArray
from compact_model.track.landscape import Landscape
from compact_model.track.random_sites import random_track

from .controls import Control, Values, complete, in_si, literal

POINTS = 401
"""Number of recorded times of the pulse."""
LOOP_POINTS = 120
LOOP_DWELL = 10.0
"""ns at each current of the loop."""
_LONGEST_LOOP_STEP = 50
_LOOP_ANGLE = 0.1  # rad, largest turn of the wall by any field in one step of the loop
_PLACES = 801  # at which the landscape is drawn

CONTROLS = (
    Control(
        "coercive_field", "depinning field of a site", "Oe", OERSTED, default=15, at_most=1e4 * OERSTED,
        label="H_c", group="Track", high=150, increment=1,
    ),
    Control(
        "half_width", "half width of a site", "nm", NANOMETRE, default=100,
        label="x_c", group="Track", low=5, high=250, increment=1, aliases=("kind",),
    ),
    Control(
        "sites", "pinning sites on the track", whole=True, default=1, at_most=100,
        label="Sites", group="Track", low=1, high=25, increment=1, aliases=("count",),
    ),
    Control(
        "coercive_field_spread", "relative scatter of H_c from site to site", default=0,
        label="Scatter of H_c", group="Track", high=0.5, increment=0.01,
    ),
    Control(
        "anisotropy_field", "anisotropy field that turns the wall", "Oe", OERSTED, default=30,
        at_least=-1e4 * OERSTED, at_most=1e4 * OERSTED, label="H_K", group="Track", low=-150, high=150, increment=1,
    ),
    Control(
        "track_width", "width of the track; the resistance follows the area", "nm", NANOMETRE, default=100,
        label="Width W", group="Track", low=40, high=200, increment=1,
    ),
    Control(
        "net_field", "field along the track, stray field included", "Oe", OERSTED, default=0,
        at_least=-1e4 * OERSTED, at_most=1e4 * OERSTED, label="Field H_z", group="Drive", low=-60, high=60,
        increment=0.5,
    ),
    Control(
        "voltage", "voltage of the pulse", "V", default=0.12, at_least=-5, at_most=5,
        label="Pulse", group="Drive", low=-0.6, high=0.6, increment=0.005,
        aliases=("voltage on the barrier",),
    ),
    Control(
        "pulse_width", "length of the pulse", "ns", NANOSECOND, default=10, at_most=2e3 * NANOSECOND,
        label="Pulse length", group="Drive", low=0.5, high=50, increment=0.5, aliases=("width", "period"),
    ),
    Control(
        "duration", "simulated time", "ns", NANOSECOND, default=100, at_most=2e3 * NANOSECOND,
        label="Time shown", group="Drive", low=10, high=500, increment=5, aliases=("times",),
    ),
    Control(
        "loop_amplitude", "largest current of the loop", "mA", MILLIAMPERE, default=4, at_most=50 * MILLIAMPERE,
        label="Loop to", group="Drive", low=0.5, high=10, increment=0.1, aliases=("amplitude",),
    ),
    Control(
        "temperature", "temperature of the thermal fields", "K", default=0, at_most=1e4,
        label="Temperature", group="Temperature and noise", high=400, increment=5,
    ),
    Control(
        "seed", "seed of the sites and of the thermal fields", whole=True, default=0, at_most=1e9,
        label="Seed", group="Temperature and noise", high=50, increment=1,
    ),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class DevicePicture:
    """The contents of the page of one device.

    pulse: from `simulate`; loop: from `resistance_loop`.  places: m, along the track; energy: of the wall there in the
    sites and the field, J, 0 at its lowest.
    """

    parameters: DeviceParameters
    landscape: Landscape
    net_field: float
    pulse: xr.Dataset
    loop: xr.Dataset
    places: FloatArray
    energy: FloatArray

    def energy_at(self, position: FloatArray) -> FloatArray:
        """Energy of the wall at positions in m, J, relative to the zero of `energy`."""
        return wall_energy(self.parameters, self.landscape, self.net_field, position) - self._zero

    @property
    def _zero(self) -> float:
        energy = wall_energy(self.parameters, self.landscape, self.net_field, self.places)
        return float(energy.min())

    def numbers(self) -> dict[str, float]:
        """The page's headline, by names that end in the unit."""
        position, resistance = self.pulse.position.values, self.pulse.resistance.values
        well = self.landscape.wells[0]
        return {
            "position_nm": float(position[-1]) / NANOMETRE,
            "displacement_nm": float(position[-1] - position[0]) / NANOMETRE,
            "angle_rad": float(self.pulse.angle.values[-1]),
            "resistance_Ohm": float(resistance[-1]),
            "well_depth_kT_at_300_K": float(well.depth(self.parameters)) / (BOLTZMANN_CONSTANT * 300.0),
            "loop_lowest_Ohm": float(self.loop.remanent_resistance.min()),
            "loop_highest_Ohm": float(self.loop.remanent_resistance.max()),
        }


def wall_energy(
    parameters: DeviceParameters, landscape: Landscape, net_field: float, position: FloatArray
) -> FloatArray:
    """Energy of the wall at positions in m under a field along the track in T, in the sites and the field, J."""
    pinning = landscape.energy(position, parameters)
    return pinning - parameters.energy_per_field_length * net_field * position


def picture(values: Values) -> DevicePicture:
    """The contents of the page for these values, in the displayed units.

    Raises InputError, in the package's own words, and ConvergenceError.
    """
    si = in_si(CONTROLS, values)
    device = _device(si)
    track = _track(device, si)
    common: dict[str, Any] = {
        "external_field": si["net_field"] - device.stray_field,
        "temperature": si["temperature"],
        "seed": int(np.random.default_rng([si["seed"], 0]).integers(0, 2**63)),
    }
    pulse = simulate(
        device,
        track,
        Voltage(pulses([si["voltage"]], width=si["pulse_width"], period=si["pulse_width"])),
        np.linspace(0.0, si["duration"], POINTS),
        **common,
    )
    loop = resistance_loop(
        device,
        track,
        amplitude=si["loop_amplitude"],
        points=LOOP_POINTS,
        dwell=LOOP_DWELL * NANOSECOND,
        step=loop_step(values) * PICOSECOND,
        **common,
    )
    places = np.linspace(0.0, device.track_length, _PLACES)
    energy = wall_energy(device, track, si["net_field"], places)
    return DevicePicture(device, track, si["net_field"], pulse, loop, places, energy - energy.min())


def loop_step(values: Values) -> int:
    """Time step of the loop above 0 K, ps: 50, or less down to 5 if all fields together turn the wall faster."""
    si = in_si(CONTROLS, values)
    device = _device(si)
    torque = device.torque_per_current_density * si["loop_amplitude"] / device.junction_area
    field = abs(si["anisotropy_field"]) + abs(si["net_field"]) + si["coercive_field"] + torque
    turning = _LOOP_ANGLE / (device.gyromagnetic_ratio * field) / PICOSECOND
    return int(max(REFERENCE_STEP / PICOSECOND, min(_LONGEST_LOOP_STEP, turning)))


def _device(si: Values) -> DeviceParameters:
    return lequeux2016().replace(anisotropy_field=si["anisotropy_field"]).resized(track_width=si["track_width"])


def _track(device: DeviceParameters, si: Values) -> Landscape:
    """One site in the middle, or several, drawn in the same way as by a study."""
    return random_track(
        device,
        si["sites"],
        seed=np.random.default_rng([si["seed"], 0, 0]),
        coercive_field=si["coercive_field"],
        coercive_field_spread=si["coercive_field_spread"],
        half_width=si["half_width"],
        half_width_spread=0.0,
        anisotropy_spread=0.0,
        position_jitter=_jitter(si["sites"]),
    )


def _jitter(sites: int) -> float:
    """Jitter of the sites' positions, as in a study: a single site is in the middle."""
    return 0.5 if sites > 1 else 0.0


def python_lines(values: Values) -> str:
    """A script that computes `pulse` and `loop` as on the page."""
    text = {name: literal(value) for name, value in complete(CONTROLS, values).items()}
    return f"""\
import numpy as np
from compact_model import Voltage, lequeux2016, pulses, random_track, resistance_loop, simulate
from compact_model.constants import MILLIAMPERE, NANOMETRE, NANOSECOND, OERSTED, PICOSECOND

device = lequeux2016().replace(anisotropy_field={text["anisotropy_field"]} * OERSTED)
device = device.resized(track_width={text["track_width"]} * NANOMETRE)
track = random_track(
    device,
    {text["sites"]},
    seed=np.random.default_rng([{text["seed"]}, 0, 0]),
    coercive_field={text["coercive_field"]} * OERSTED,
    coercive_field_spread={text["coercive_field_spread"]},
    half_width={text["half_width"]} * NANOMETRE,
    half_width_spread=0.0,
    anisotropy_spread=0.0,
    position_jitter={_jitter(values["sites"])},
)
conditions = dict(
    external_field={text["net_field"]} * OERSTED - device.stray_field,
    temperature={text["temperature"]},
    seed=int(np.random.default_rng([{text["seed"]}, 0]).integers(0, 2**63)),
)
width = {text["pulse_width"]} * NANOSECOND
drive = Voltage(pulses([{text["voltage"]}], width=width, period=width))
times = np.linspace(0.0, {text["duration"]} * NANOSECOND, {POINTS})
pulse = simulate(device, track, drive, times, **conditions)
loop = resistance_loop(
    device,
    track,
    amplitude={text["loop_amplitude"]} * MILLIAMPERE,
    points={LOOP_POINTS},
    dwell={literal(LOOP_DWELL)} * NANOSECOND,
    step={loop_step(complete(CONTROLS, values))} * PICOSECOND,
    **conditions,
)
print(pulse.position[-1].item(), pulse.resistance[-1].item())
"""


def study_file(values: Values) -> str:
    """A study of the wall's position after the pulse; more samples and longer lists make it larger."""
    units = {item.name: item.unit for item in CONTROLS}
    given = complete(CONTROLS, values)

    def entry(name: str, value: str | None = None) -> str:
        line = f"{name} = {literal(given[name]) if value is None else value}"
        return f"{line:<40}# {units[name]}" if units.get(name) else line

    lines = ["[study]", 'measure = "pulse"', "samples = 1", entry("seed"), "", "[sweep]"]
    if given["sites"] > 1 or given["temperature"] > 0.0:
        lines.insert(0, "# A study draws sites and thermal fields of its own: a sample is not the page's.")
    lines += [entry("track_width", f"[{literal(given['track_width'])}]")]
    lines += ["", "[device]", entry("anisotropy_field"), "", "[landscape]"]
    lines += [entry(name) for name in ("coercive_field", "half_width", "sites", "coercive_field_spread")]
    lines += ["", "[pulse]"]
    lines += [entry(name) for name in ("voltage", "pulse_width", "duration", "net_field", "temperature")]
    lines += [f"points = {POINTS}"]
    return "\n".join(lines) + "\n"
