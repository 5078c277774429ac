"""What one pulse does to a wall, as probabilities from every resting place to every other one: a Markov chain.

Such a table is drawn from the equation of motion once and then stands for it where millions of pulses are needed.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from ..checks import boltzmann_angles
from ..constants import BOLTZMANN_CONSTANT
from ..device.junction import resistance
from ..device.parameters import DeviceParameters, applied_field
from ..drive import PiecewiseLinear, Voltage, trapezoid
from ..simulation import simulate_ensemble
from ..support import validation
from ..support.arrays import FloatArray
from ..support.progress import Progress
from ..support.provenance import digest, provenance, release
from ..support.random import Seed, generator, recorded
from ..support.store import Store
from ..support.validation import ConvergenceError, InputError
from ..track.landscape import Landscape
from ..track.resting import dividing_points, resting_places, wall_energy

_STEP = 20e-12  # s, of Heun's method
_START_POINTS = 20_001
_MOST_UNSETTLED = 0.01


def pulse_table(
    parameters: DeviceParameters | Sequence[DeviceParameters],
    landscapes: Landscape | Sequence[Landscape],
    voltages: ArrayLike,
    *,
    width: float,
    edge: float = 0.0,
    settle: float = 200e-9,
    temperature: float = 300.0,
    samples: int = 128,
    external_field: float | None = None,
    seed: Seed = 0,
    store: str | Path | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """The share of walls that one pulse brings from each resting place of a track to each other one.

    parameters: of all tracks, or one set each.  landscapes: the tracks.  voltages: V, rising, of the pulses' tops;
    width, edge: s, of the top and of each of the two slopes.  settle: s at 0 V after it.  temperature: K, above 0.
    samples: walls in each place under each voltage: a share p has a standard error of sqrt(p (1 - p) / samples), and
    what happens in less than one of so many pulses is missing.  external_field: T, None: what cancels the stray field.
    store: a folder that keeps the tracks as they are done; the same call goes on from there.

    The places are those of `resting_places`.  In a site the walls start in thermal equilibrium, at an end exactly
    there; the angle is in equilibrium too.  That is what makes one pulse independent of the one before; a wall that
    still rings when the next pulse comes is not covered, so `settle` must be long enough.

    Returns a Dataset: probability (track, voltage, state, final_state), which adds up to 1 over final_state; position
    (m) and conductance (S, at zero bias) of the states (track, state), NaN where a track has fewer states than
    another; voltage_scale (track; Ohm m2), RA_P: what moves a wall is V over it; unsettled (track, voltage), the
    share of walls found within k_B T of the top of a barrier after settling.
    Raises InputError, and ConvergenceError where that is more than 1 % on average.
    """
    tracks = validation.several("landscapes", landscapes, Landscape)
    devices = validation.several("parameters", parameters, DeviceParameters)
    if len(devices) not in (1, len(tracks)):
        raise InputError(f"parameters: expected one set, or one for each of {len(tracks)} tracks, got {len(devices)}")
    volts = validation.increasing("voltages", voltages)
    walls = validation.whole("samples", samples, 1)
    on, slope = validation.positive("width", width), validation.non_negative("edge", edge)
    rest, kelvin = validation.positive("settle", settle), validation.positive("temperature", temperature)
    own_field = None if external_field is None else validation.number("external_field", external_field)
    origin, draw = recorded(seed), generator(seed)
    streams = draw.integers(0, 2**63, (len(tracks), volts.size))
    conditions = repr((on, slope, rest, kelvin, walls, own_field))
    identity = {"version": release(), "pulses": digest(volts, conditions), "seed": digest(streams.astype(np.float64))}
    if store is not None:
        identity |= {"devices": digest(repr(devices)), "landscapes": digest(repr(tracks))}
    kept = Store(store, identity)
    parts = []
    with Progress(progress, "pulse table").bar(len(tracks) * volts.size, "pulse") as advance:
        for index, track in enumerate(tracks):
            device = devices[index % len(devices)]
            name = f"track_{index:06d}"
            part = kept.load(name)
            if part is None:
                field = applied_field(device, own_field)
                chain = _Chain(device, track, field, kelvin, walls)
                rows = []
                for voltage, stream in zip(volts.tolist(), streams[index].tolist(), strict=True):
                    rows.append(chain.after(_pulse(voltage, on, slope), on + 2.0 * slope + rest, stream))
                    advance(1)
                part = chain.label(rows)
                kept.save(name, part)
            else:
                advance(volts.size)
            parts.append(part)
    whole = xr.concat(parts, "track", join="outer", data_vars="all", fill_value={"probability": 0.0})
    unsettled = float(whole.unsettled.mean())
    if unsettled > _MOST_UNSETTLED:
        raise ConvergenceError(
            f"settle: {100.0 * unsettled:.3g} % of the walls had not settled into a site after {rest:g} s; rest for "
            "longer, or take deeper sites without gaps between them"
        )
    applied = [applied_field(device, own_field) for device in devices]
    products = [devices[index % len(devices)].resistance_area_product for index in range(len(tracks))]
    return (
        whole.assign(voltage_scale=("track", products, {"long_name": "RA_P", "units": "Ohm m2"}))
        .assign_coords(voltage=("voltage", volts, {"long_name": "voltage of the pulse", "units": "V"}))
        .assign_attrs(
            experiment="pulse_table",
            width=on,
            edge=slope,
            settle=rest,
            temperature=kelvin,
            samples=walls,
            external_field=applied if len(set(applied)) > 1 else applied[0],
            unsettled_share=unsettled,
            leaving_states=2,  # the ends of a track, which a wall leaves by itself
            **provenance(devices, tracks, seed=origin),
        )
    )


def _pulse(voltage: float, width: float, edge: float) -> Voltage:
    shape = trapezoid(width=width, edge=edge)
    return Voltage(PiecewiseLinear(shape.times, tuple(voltage * value for value in shape.values)))


class _Chain:
    """One track: where its walls start, and where they are found."""

    def __init__(
        self, device: DeviceParameters, track: Landscape, external_field: float, temperature: float, samples: int
    ) -> None:
        self.device, self.track, self.samples = device, track, samples
        self.external_field, self.temperature = external_field, temperature
        self.net_field = external_field + device.stray_field
        self.places = resting_places(device, track, self.net_field)
        self.divides = dividing_points(device, track, self.net_field)
        self.thermal = BOLTZMANN_CONSTANT * temperature

    def after(self, drive: Voltage, duration: float, stream: int) -> tuple[FloatArray, float]:
        """Shares of (state, final state) after the drive, and the share of walls between two sites."""
        draw = np.random.default_rng(stream)
        states = self.places.size
        run = simulate_ensemble(
            self.device,
            self.track,
            drive,
            [0.0, duration],
            initial_position=np.concatenate([self._positions(state, draw) for state in range(states)]),
            initial_angle=np.concatenate([self._angles(state, draw) for state in range(states)]),
            external_field=self.external_field,
            temperature=self.temperature,
            step=_STEP,
            seed=draw,
        )
        found = run.position.values[:, -1]
        final = np.searchsorted(self.divides, found).reshape(states, self.samples)
        counts = np.stack([np.bincount(row, minlength=states) for row in final])
        return counts / self.samples, float(self._between_sites(found).mean())

    def _positions(self, state: int, draw: np.random.Generator) -> FloatArray:
        if state in (0, self.places.size - 1):
            return np.full(self.samples, self.places[state])
        inside = np.linspace(self.divides[state - 1], self.divides[state], _START_POINTS)
        energy = wall_energy(self.device, self.track, inside, self.net_field)
        weight = np.cumsum(np.exp((energy.min() - energy) / self.thermal))
        result: FloatArray = inside[np.searchsorted(weight, draw.random(self.samples) * weight[-1])]
        return result

    def _angles(self, state: int, draw: np.random.Generator) -> FloatArray:
        anisotropy = float(self.track.anisotropy_field(self.places[state], self.device))
        device = self.device.replace(anisotropy_field=anisotropy)
        return boltzmann_angles(device, self.temperature, self.samples, draw)

    def _between_sites(self, position: FloatArray) -> NDArray[np.bool_]:
        """Which walls are within k_B T of the lower barrier of their site; an end has none."""
        state = np.searchsorted(self.divides, position)
        inner = (state > 0) & (state < self.places.size - 1)
        tops = wall_energy(self.device, self.track, self.divides, self.net_field)
        lower = np.minimum(tops[np.maximum(state - 1, 0)], tops[np.minimum(state, tops.size - 1)])
        energy = wall_energy(self.device, self.track, position, self.net_field)
        result: NDArray[np.bool_] = inner & (energy > lower - self.thermal)
        return result

    def label(self, rows: list[tuple[FloatArray, float]]) -> xr.Dataset:
        states = np.arange(self.places.size)
        return xr.Dataset(
            {
                "probability": (
                    ("voltage", "state", "final_state"),
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
                    ("voltage",),
                    np.array([row[1] for row in rows]),
                    {"long_name": "share of walls between two sites"},
                ),
            },
            coords={"state": states, "final_state": states},
        )
