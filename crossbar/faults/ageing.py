"""Ageing of an array: its walls hop over their barriers at the rates of the escape theory."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from compact_model.device.parameters import DeviceParameters
from compact_model.rates.chains import transition_probabilities
from compact_model.rates.hopping import HoppingTrack
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.progress import Progress
from compact_model.support.random import Seed, generator
from compact_model.support.validation import InputError
from compact_model.track.landscape import Landscape

from ..crossbar import Crossbar
from ..in_time.domain_walls import DomainWalls
from ..transistors.array import TransistorCrossbar
from .stuck_cells import StuckCells

Array = TypeVar("Array", Crossbar, TransistorCrossbar)


def age(array: Array, duration: float, *, temperature: float = 300.0, seed: Seed = 0, progress: bool = False) -> Array:
    """The array after a time without a voltage, in which walls leave their sites at random.

    array: with `DomainWalls` as cells, alone or behind selectors or transistors; it is not changed.  For an
        ArraySimulation in its present state, give `simulation.array.with_cells(simulation.cells)`.
    duration: s, of any length: a year takes no longer to compute than a microsecond.  temperature: K; at 0 nothing
        moves.
    seed: of the hops.

    Each wall is a Markov chain over the rest positions of its track, the sites and the two ends.  The rates of leaving
    a site, of being caught elsewhere and of returning from an end are those of `compact_model.escape_rates`, in the
    field of its DomainWalls.  Its final position is drawn from exp(rates times duration), and the wall rests there.
    One set of rates is computed for each kind of device, track and field: about a second for a track of twenty sites.
    Faulty cells do not change.

    Raises InputError for cells that are not domain walls, and outside the range of the theory.
    """
    length = validation.non_negative("duration", duration)
    return at_ages(array, [length], temperature=temperature, seed=seed, progress=progress)[0]


def at_ages(
    array: Array, ages: Sequence[float], *, temperature: float, seed: Seed, progress: bool = False
) -> list[Array]:
    """One array at several ages, s, increasing: the result of `age` for each, with the rates computed once."""
    if not isinstance(array, Crossbar | TransistorCrossbar):
        raise InputError(f"array: expected Crossbar or TransistorCrossbar, got {type(array).__name__}")
    kelvin = validation.non_negative("temperature", temperature)
    draw = generator(seed)
    devices = None if array.cells is None else array.cells.devices
    walls = devices.sound if isinstance(devices, StuckCells) else devices
    if array.cells is None or not isinstance(walls, DomainWalls) or devices is None:
        got = "resistances" if devices is None else type(devices).__name__
        raise InputError(f"array: expected one with DomainWalls as cells, got {got}")
    if max(ages) == 0.0 or kelvin == 0.0:
        return [array.with_cells(array.cells) for _ in ages]
    return [
        array.with_cells(array.cells.with_devices(devices.at(position)))  # type: ignore[attr-defined]
        for position in _aged(walls, ages, kelvin, draw, progress)
    ]


def retention_ages(retention: ArrayLike) -> list[float]:
    """Times without a voltage, s, at least 0 and increasing; InputError for others."""
    times = validation.increasing("retention", retention)
    if times[0] < 0.0:
        raise InputError(f"retention: expected times of at least 0 s, got {times[0]:g} s")
    ages: list[float] = times.tolist()
    return ages


class AgeingTrack:
    """The places of one kind of device with its track, between which walls hop without a voltage."""

    def __init__(
        self,
        parameters: DeviceParameters,
        landscape: Landscape,
        *,
        external_field: float,
        temperature: float,
        draw: np.random.Generator,
    ) -> None:
        """external_field: T; temperature: K, at 0 nothing moves."""
        self._chain = HoppingTrack(
            parameters,
            landscape,
            drive="voltage",
            external_field=external_field,
            temperature=temperature,
            draw=draw,
        )
        self._hops = self._chain.at(0.0)
        self._temperature, self._draw = temperature, draw

    @property
    def rest(self) -> FloatArray:
        """Where walls rest, m: at the start of the track, in its sites, at its end."""
        return self._hops.position[: self._chain.count]

    def place_of(self, position: float) -> int:
        """The place to which a position, m, belongs, as an index of `rest`."""
        return self._chain.place_of(position)

    def at_ages(self, start: FloatArray, ages: Sequence[float]) -> FloatArray:
        """Positions of walls at increasing ages, s; start: m, (walls,); returns m, (ages, walls)."""
        result = np.tile(start, (len(ages), 1))
        before, passed = start, 0.0
        for present, age in zip(result, ages, strict=True):
            if age == passed or self._temperature == 0.0:
                present[:] = before  # where they were, not at rest in their sites
                continue
            cumulative = np.cumsum(transition_probabilities(self._hops, age - passed), axis=1)
            places, chance = np.searchsorted(self._chain.limits, before), self._draw.random(start.size)
            for place in np.unique(places).tolist():
                own, row = places == place, cumulative[place]
                present[own] = self._hops.position[np.searchsorted(row, chance[own] * row[-1], side="right")]
            before, passed = present, age
        return result


def _aged(
    walls: DomainWalls, ages: Sequence[float], kelvin: float, draw: np.random.Generator, progress: bool
) -> FloatArray:
    """Positions at the ages, m, shape (ages, word lines, bit lines)."""
    position = walls.position.ravel()
    kinds, tracks, field = walls.parameters, walls.landscapes, walls.net_field.ravel()
    cells: dict[tuple[int, int, float], list[int]] = {}
    for number in range(position.size):
        # Devices that share a set of parameters and a track have the same rates.
        own = id(kinds[number % len(kinds)]), id(tracks[number % len(tracks)])
        cells.setdefault((*own, float(field[number])), []).append(number)
    result = np.empty((len(ages), position.size))
    with Progress(progress, "ageing").bar(len(cells), "track") as advance:
        for (*_, net_field), members in cells.items():
            parameters, track = kinds[members[0] % len(kinds)], tracks[members[0] % len(tracks)]
            external = net_field - parameters.stray_field
            ageing = AgeingTrack(parameters, track, external_field=external, temperature=kelvin, draw=draw)
            result[:, members] = ageing.at_ages(position[members], ages)
            advance(1)
    return result.reshape(len(ages), *walls.shape)
