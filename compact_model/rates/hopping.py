"""A track as a set of places between which its wall hops: the rate of leaving each, and the destinations.

Where every place holds the wall, both follow from the network of orbits.  Where the drive turns the wall at some
places, removes their minimum, or leaves walls on their way for long, the rates of the remaining places still come from
that network, and destinations are found by integrating a few walls until they settle.  A wall is counted at its
destination from its arrival, but leaves only once it has settled, because the rates are those of settled walls.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..device.parameters import DeviceParameters
from ..drive import DRIVES, Drive
from ..support.arrays import FloatArray
from ..support.threads import run_both
from ..track.landscape import Landscape
from ..track.resting import resting_push
from .densities import junction_bias
from .driven_track import (
    DrivenTrack,
    check_angles,
    check_temperature,
    cooling,
    driven_track,
    field_like,
    lowest_barrier,
    within_reach,
)
from .escapes import HELD, leaving_rates, mean_network
from .flights import Arrivals, Start, arrivals, at_rest, departures, fly, settling_time
from .orbits import Captures, Site
from .potentials import Minimum, Scales, track_minima

FIELD = "field"
"""A sweep of the external field, beside those of `drive.DRIVES`."""
_COLDEST = 1.0  # K, at which the places of a track without a temperature are found
_WALLS = 32
_HALF_A_WALL = 0.5  # counted as leaving a place to which all followed walls returned
_CERTAIN = 5.0  # times the actual rate, so that a Markov chain takes a deterministic step almost surely
_MOST_ON_THE_WAY = 0.1  # of the time; the orbits count a wall at the place it left until it is caught elsewhere
_TURNED = 0.25 * np.pi  # rad, towards the end, at which the angle resists most; a wall held there has passed it
_LEAST_SETTLING = 0.1  # of the settling time, kept for a wall that has just arrived


class Hops(NamedTuple):
    """A Markov chain under one drive.

    Its states are the places: the start of the track, its sites, its end.  Those of a `HoppingTrack` follow a second
    time, for a wall that has arrived and not settled yet.
    """

    rate: FloatArray
    """Rate of leaving for another state, 1/s, shape (states,)."""
    shares: FloatArray
    """Shares of the walls leaving each state that go to each other one, shape (states, states)."""
    position: FloatArray
    """Where the wall rests in each state, m, shape (states,)."""

    def between_places(self, count: int) -> FloatArray:
        """Rates from the places of settled walls to all places, 1/s, shape (count, count); falling back on the
        diagonal.

        count: number of places.  An arriving wall counts as settled, because settling is short beside what
        follows.
        """
        shares = self.shares[:count].reshape(count, -1, count).sum(axis=1)
        return np.asarray(self.rate[:count, np.newaxis] * shares)


class _Place(NamedTuple):
    """A place that remains under the drive."""

    number: int
    site: Site | None
    """None: the wall turns there without end."""
    cooling: float


class HoppingTrack:
    """One device with its track, at one temperature."""

    def __init__(
        self,
        parameters: DeviceParameters,
        landscape: Landscape,
        *,
        drive: str,
        external_field: float,
        temperature: float,
        draw: np.random.Generator,
    ) -> None:
        """drive: 'current', 'voltage' or 'field'; external_field: T, not read where it is swept."""
        check_angles(parameters, landscape)
        if temperature > 0.0:
            check_temperature(parameters, temperature)
        self._parameters, self._landscape = parameters, landscape
        self._drive, self._external_field = drive, external_field
        self._temperature, self._draw = temperature, draw
        self._scales = Scales.of(parameters, max(temperature, _COLDEST))
        self.settling_time = settling_time(parameters, landscape)
        places = track_minima(
            parameters, landscape, self._scales, lambda position: resting_push(parameters, landscape, position)
        )
        length, end = self._scales.length, parameters.track_length
        tops = [(each.place - each.below.coordinate[-1], each.place + each.above.coordinate[-1]) for each in places]
        inner = [0.5 * (before[1] + after[0]) for before, after in pairwise(tops)]
        outer = [tops[0][0], *inner, tops[-1][1]] if tops else [0.5 * end / length]
        self.limits = length * np.array(outer)
        """Boundaries between neighbouring places, m."""
        self.rest = np.array([0.0, *(each.place * length for each in places), end])
        """Positions of the places without a drive, m."""
        self._walls = _WALLS if temperature > 0.0 else 1

    @property
    def count(self) -> int:
        """Number of places."""
        return int(self.rest.size)

    def place_of(self, position: float) -> int:
        """The place that a position in m belongs to."""
        return int(np.searchsorted(self.limits, position))

    def at(self, value: float) -> Hops:
        """The chain under a drive of this value, A, V or T."""
        external = value if self._drive == FIELD else self._external_field
        net = external + self._parameters.stray_field
        kind, amount = ("current", 0.0) if self._drive == FIELD else (self._drive, value)
        bias = junction_bias(self._parameters, kind, amount)
        track = driven_track(self._parameters, self._landscape, self._scales, net, bias)
        position = self.rest.copy()
        places = []
        if track is not None:
            cold = cooling(self._parameters, track, self._scales, bias)
            captures = self._captures(track, cold) if self._every_place_holds(track, cold) else None
            if captures is not None and captures.on_the_way.max() <= _MOST_ON_THE_WAY:
                position[1:-1] = [place.place * self._scales.length for place in track.places]
                return self._by_orbits(captures, position)
            for row in self._owners(track):
                number = self._nearest(track.places[row])
                position[number] = track.places[row].place * self._scales.length
                places.append(_Place(number, track.sites[row], float(cold[row])))
        ends = net + field_like(self._parameters, bias.density(self.rest[[0, -1]]))
        turned = {0: -_TURNED if ends[0] < 0.0 else 0.0, self.count - 1: _TURNED if ends[1] > 0.0 else 0.0}
        return self._by_flights(places, position, turned, DRIVES[kind].of(amount), external)

    def _nearest(self, place: Minimum) -> int:
        return 1 + int(np.argmin(np.abs(self.rest[1:-1] - place.place * self._scales.length)))

    def _owners(self, track: DrivenTrack) -> list[int]:
        """Rows of the track's minima that stand for its places; where the drive splits a minimum, the nearer part."""
        distance = [abs(place.place * self._scales.length - self.rest[self._nearest(place)]) for place in track.places]
        chosen: dict[int, int] = {}
        for row in np.argsort(distance).tolist():
            chosen.setdefault(self._nearest(track.places[row]), row)
        return list(chosen.values())

    def _holds(self, site: Site | None, cold: float) -> bool:
        return site is not None and cold * lowest_barrier(site) >= HELD

    def _every_place_holds(self, track: DrivenTrack, cold: FloatArray) -> bool:
        owner = [self._nearest(place) for place in track.places]
        if self._temperature == 0.0 or owner != list(range(1, self.count - 1)):
            return False
        return all(map(self._holds, track.sites, cold.tolist())) and within_reach(track.held)

    def _leaving_rates(self, pairs: list[tuple[Site, float]], *, touches: bool = True) -> tuple[FloatArray, FloatArray]:
        """Rates to the left and right, 1/s, of sites, each with its cooling; touches: as of `OrbitNetwork`."""
        left, right = np.zeros(len(pairs)), np.zeros(len(pairs))
        for number, (site, cold) in enumerate(pairs):
            below, above = leaving_rates([site.scaled(cold)], self._scales.cooled(cold), touches=touches)
            left[number], right[number] = below[0], above[0]
        return left, right

    def _captures(self, track: DrivenTrack, cold: FloatArray) -> Captures:
        """Of walls that leave each site at the rate that belongs to its own cooling."""
        network = mean_network(track, cold, self._scales)
        if (cold == 1.0).all():
            return network.captures()
        pairs = list(zip(track.held, cold.tolist(), strict=True))
        captures, (now, before) = run_both(network.captures, lambda: (self._leaving_rates(pairs), network.leaving()))
        return captures.leaving_at(now[0] + now[1], before[0] + before[1])

    def _by_orbits(self, captures: Captures, position: FloatArray) -> Hops:
        generator = np.zeros((self.count, self.count))
        generator[1:-1], generator[[0, -1]] = captures.caught, captures.returning
        # These rates include the settling time, so only walls that arrived under another drive still settle.
        nobody = np.zeros((self.count, self.count))
        settling = np.full(self.count, self.settling_time)
        return self._with_arrivals(generator.sum(axis=1), generator, nobody, position, settling)

    def _by_flights(
        self, places: list[_Place], position: FloatArray, turned: dict[int, float], drive: Drive, external: float
    ) -> Hops:
        count = self.count
        rate = np.zeros(count)
        held = np.zeros(count, dtype=np.bool_)
        starts = []
        if self._temperature > 0.0:
            keeping = [
                (place.number, place.site, place.cooling)
                for place in places
                if place.site is not None and self._holds(place.site, place.cooling)
            ]
            # Walls that fly on have the energy to pass their barrier: those that only touch it are back at once.
            left, right = self._leaving_rates([(site, cold) for _, site, cold in keeping], touches=False)
            for (number, site, cold), total in zip(keeping, (left + right).tolist(), strict=True):
                held[number], rate[number] = True, total
                if total > 0.0:
                    starts.append((number, departures(site, self._scales.length, cold, self._walls, self._draw)))
        else:
            held[[place.number for place in places if place.site is not None]] = True
        for number in np.flatnonzero(~held).tolist():
            where = float(position[number])
            starts.append(
                (number, at_rest(self._parameters, self._landscape, where, turned.get(number, 0.0), self._walls))
            )
        arrived = self._arrivals(starts, drive, external)
        shares = np.zeros((count, count))
        for index, (number, _) in enumerate(starts):
            own = slice(index * self._walls, (index + 1) * self._walls)
            ends, delay = arrived.place[own], arrived.delay[own]
            shares[number] = np.bincount(ends, minlength=count) / self._walls
            gone = ends != number
            if held[number]:
                rate[number] = 1.0 / (1.0 / rate[number] + delay.mean())
                if not gone.any():
                    shares[number, [number - 1, number + 1]] = 0.5 * _HALF_A_WALL / self._walls
            else:
                waited = np.where(gone, delay, self.settling_time).sum()
                rate[number] = gone.sum() / waited * (_CERTAIN if self._temperature == 0.0 else 1.0)
                shares[number, number] = 0.0
        waits = held & (self._temperature > 0.0)
        moved = arrived.place[arrived.delay > 0.0]
        delays = np.bincount(moved, weights=arrived.delay[arrived.delay > 0.0], minlength=count)
        settling = self.settling_time - delays / np.maximum(np.bincount(moved, minlength=count), 1)
        settling = np.where(waits, np.maximum(settling, _LEAST_SETTLING * self.settling_time), 0.0)
        return self._with_arrivals(rate, shares * ~waits, shares * waits, position, settling)

    def _arrivals(self, starts: list[tuple[int, list[Start]]], drive: Drive, external: float) -> Arrivals:
        if not starts:
            return Arrivals(np.zeros(0, dtype=np.int64), np.zeros(0))
        positions = fly(
            self._parameters,
            self._landscape,
            [start for _, own in starts for start in own],
            drive,
            external_field=external,
            temperature=self._temperature,
            duration=self.settling_time,
            seed=self._draw,
        )
        began = np.repeat([number for number, _ in starts], self._walls)
        return arrivals(positions, began, self.limits, self.rest, self.settling_time)

    def _with_arrivals(
        self, rate: FloatArray, settled: FloatArray, arriving: FloatArray, position: FloatArray, settling: FloatArray
    ) -> Hops:
        """The chain with the given shares of leaving walls that settle at once and that still have to settle.

        settling: time to settle at each place, s; 0 where a wall leaves again like any other.
        """
        leaving = np.concatenate([settled, arriving], axis=1)
        settles = np.concatenate([np.eye(self.count), np.zeros((self.count, self.count))], axis=1)
        waits = settling > 0.0
        shares = np.concatenate([leaving, np.where(waits[:, np.newaxis], settles, leaving)])
        rates = np.concatenate([rate, np.where(waits, 1.0 / np.where(waits, settling, 1.0), rate)])
        return Hops(rates, _normalised(shares), np.concatenate([position, position]))


def _normalised(rows: FloatArray) -> FloatArray:
    total = rows.sum(axis=1, keepdims=True)
    result: FloatArray = np.divide(rows, total, out=np.zeros_like(rows), where=total > 0.0)
    return result
