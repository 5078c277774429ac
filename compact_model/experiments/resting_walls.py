"""The effect of a drive on walls at rest: the shares that move from each rest position of a track to every other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..checks import boltzmann_angles
from ..constants import BOLTZMANN_CONSTANT
from ..device import heating
from ..device.junction import resistance
from ..device.parameters import DeviceParameters, applied_field
from ..drive import Drive
from ..simulation import simulate_ensemble
from ..support import validation
from ..support.arrays import FloatArray
from ..support.progress import Progress
from ..support.provenance import digest, provenance
from ..support.random import Seed, generator, recorded
from ..support.store import Store
from ..support.validation import ConvergenceError, InputError
from ..track.landscape import Landscape
from ..track.resting import dividing_points, resting_places, wall_energy

STEP = 20e-12  # s, of Heun's method
_START_POINTS = 20_001
_MOST_UNSETTLED = 0.01


@dataclass(frozen=True)
class Event:
    """A drive that begins and ends at zero voltage, and how long it is followed, rest included, s."""

    drive: Drive
    duration: float


def devices_and_tracks(
    parameters: DeviceParameters | Sequence[DeviceParameters], landscapes: Landscape | Sequence[Landscape]
) -> tuple[list[DeviceParameters], list[Landscape]]:
    """The arguments as lists; InputError unless there is one device, or one for each track."""
    tracks = validation.several("landscapes", landscapes, Landscape)
    devices = validation.several("parameters", parameters, DeviceParameters)
    if len(devices) not in (1, len(tracks)):
        raise InputError(f"parameters: expected one set, or one for each of {len(tracks)} tracks, got {len(devices)}")
    return devices, tracks


def transition_table(
    devices: Sequence[DeviceParameters],
    tracks: Sequence[Landscape],
    events: Sequence[Event],
    axis: str,
    *,
    settle: float,
    temperature: float,
    samples: int,
    external_field: float | None,
    seed: Seed,
    identity: Mapping[str, str],
    store: str | Path | None,
    progress: bool,
    title: str,
) -> xr.Dataset:
    """Shares of the walls that each event moves from each rest position of each track to each other one.

    All arguments are checked.  axis: the name of the events' dimension.  settle: s, the rest in each event's duration.
    identity: distinguishes this table from others in the store, in addition to the devices, the tracks and the seed.

    Returns a Dataset: probability (track, axis, state, final_state), position and conductance (track, state),
    voltage_scale (track), unsettled (track, axis), as in `pulse_table`, with the same attributes.
    Raises ConvergenceError if more than 1 % of the walls are still moving to a site at the end.
    """
    heating.refuse(devices, "tables of pulses and spikes")
    origin, draw = recorded(seed), generator(seed)
    streams = draw.integers(0, 2**63, (len(tracks), len(events)))
    if store is not None:
        identity = {**identity, "devices": digest(repr(list(devices))), "landscapes": digest(repr(list(tracks)))}
    kept = Store(store, {**identity, "seed": digest(streams.astype(np.float64))})
    parts = []
    with Progress(progress, title).bar(len(tracks) * len(events), "pulse") as advance:
        for index, track in enumerate(tracks):
            device = devices[index % len(devices)]
            name = f"track_{index:06d}"
            part = kept.load(name)
            if part is None:
                field = applied_field(device, external_field)
                walls = RestingWalls(device, track, field, temperature, samples)
                rows = []
                for event, stream in zip(events, streams[index].tolist(), strict=True):
                    rows.append(walls.after(event, stream))
                    advance(1)
                part = walls.label(rows, axis)
                kept.save(name, part)
            else:
                advance(len(events))
            parts.append(part)
    whole = xr.concat(parts, "track", join="outer", data_vars="all", fill_value={"probability": 0.0})
    unsettled = float(whole.unsettled.mean())
    if unsettled > _MOST_UNSETTLED:
        raise ConvergenceError(
            f"settle: {100.0 * unsettled:.3g} % of the walls had not settled into a site after {settle:g} s; settle "
            "longer, or use deeper sites without gaps between them"
        )
    applied = [applied_field(device, external_field) for device in devices]
    products = [devices[index % len(devices)].resistance_area_product for index in range(len(tracks))]
    return whole.assign(voltage_scale=("track", products, {"long_name": "RA_P", "units": "Ohm m2"})).assign_attrs(
        settle=settle,
        temperature=temperature,
        samples=samples,
        external_field=applied if len(set(applied)) > 1 else applied[0],
        unsettled_share=unsettled,
        leaving_states=2,  # the ends of a track, which walls leave by themselves
        **provenance(devices, tracks, seed=origin),
    )


class RestingWalls:
    """The walls of one track: where they start, in thermal equilibrium, and where a drive leaves them."""

    def __init__(
        self, device: DeviceParameters, track: Landscape, external_field: float, temperature: float, samples: int
    ) -> None:
        self.device, self.track, self.samples = device, track, samples
        self.external_field, self.temperature = external_field, temperature
        self.net_field = external_field + device.stray_field
        self.places = resting_places(device, track, self.net_field)
        self.divides = dividing_points(device, track, self.net_field)
        self.thermal = BOLTZMANN_CONSTANT * temperature
        self._equilibrium: dict[int, tuple[FloatArray, FloatArray]] = {}

    def after(self, event: Event, stream: int) -> tuple[FloatArray, float]:
        """Shares by (state, final state) after an event, and the share of walls between two sites."""
        draw = np.random.default_rng(stream)
        states = self.places.size
        run = simulate_ensemble(
            self.device,
            self.track,
            event.drive,
            [0.0, event.duration],
            initial_position=np.concatenate([self.positions(state, draw) for state in range(states)]),
            initial_angle=np.concatenate([self.angles(state, draw) for state in range(states)]),
            external_field=self.external_field,
            temperature=self.temperature,
            step=STEP,
            seed=draw,
        )
        found = run.position.values[:, -1]
        final = np.searchsorted(self.divides, found).reshape(states, self.samples)
        counts = np.stack([np.bincount(row, minlength=states) for row in final])
        return counts / self.samples, float(self.between_sites(found).mean())

    def positions(self, state: int, draw: np.random.Generator) -> FloatArray:
        """Positions of walls at a place, in equilibrium in a site and exactly there at an end, m, shape (samples,)."""
        if state in (0, self.places.size - 1):
            return np.full(self.samples, self.places[state])
        if state not in self._equilibrium:
            inside = np.linspace(self.divides[state - 1], self.divides[state], _START_POINTS)
            energy = wall_energy(self.device, self.track, inside, self.net_field)
            self._equilibrium[state] = inside, np.cumsum(np.exp((energy.min() - energy) / self.thermal))
        inside, weight = self._equilibrium[state]
        result: FloatArray = inside[np.searchsorted(weight, draw.random(self.samples) * weight[-1])]
        return result

    def angles(self, state: int, draw: np.random.Generator) -> FloatArray:
        """Angles of walls at a place, in equilibrium without a current, rad, shape (samples,)."""
        anisotropy = float(self.track.anisotropy_field(self.places[state], self.device))
        device = self.device.replace(anisotropy_field=anisotropy)
        return boltzmann_angles(device, self.temperature, self.samples, draw)

    def between_sites(self, position: FloatArray) -> NDArray[np.bool_]:
        """Which walls are within k_B T of the lower barrier of their site; an end has none."""
        state = np.searchsorted(self.divides, position)
        inner = (state > 0) & (state < self.places.size - 1)
        tops = wall_energy(self.device, self.track, self.divides, self.net_field)
        lower = np.minimum(tops[np.maximum(state - 1, 0)], tops[np.minimum(state, tops.size - 1)])
        energy = wall_energy(self.device, self.track, position, self.net_field)
        result: NDArray[np.bool_] = inner & (energy > lower - self.thermal)
        return result

    def label(self, rows: list[tuple[FloatArray, float]], axis: str) -> xr.Dataset:
        """The results of `after` for each event along the axis, as a Dataset."""
        states = np.arange(self.places.size)
        return xr.Dataset(
            {
                "probability": (
                    (axis, "state", "final_state"),
                    np.array([row[0] for row in rows]),
                    {"long_name": "probability of the state after a pulse"},
                ),
                "position": (("state",), self.places, {"long_name": "wall position x", "units": "m"}),
                "conductance": (
                    ("state",),
                    1.0 / resistance(self.device, self.places),
                    {"long_name": "conductance at zero bias", "units": "S"},
                ),
                "unsettled": (
                    (axis,),
                    np.array([row[1] for row in rows]),
                    {"long_name": "share of walls between two sites"},
                ),
            },
            coords={"state": states, "final_state": states},
        )
