"""A track as a few places between which its wall hops: at which rate it leaves each, and where it goes, under a drive.

Where every place holds the wall, both follow from the network of orbits.  Where the drive turns the wall at some of
them, or leaves no minimum there, the rates of the others still do, and where walls go is found by integrating some.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..device.parameters import DeviceParameters
from ..drive import DRIVES, Drive
from ..support.arrays import FloatArray, IntArray
from ..track.landscape import Landscape
from ..track.resting import resting_push
from .densities import junction_bias
from .driven_track import (
    DrivenTrack,
    check_angles,
    check_temperature,
    cooling,
    driven_track,
    lowest_barrier,
    within_reach,
)
from .escapes import HELD, escapes_of_mean, leaving_rates
from .flights import at_rest, counts, departures, fly, settling_time
from .orbits import Site
from .potentials import Minimum, Scales, track_minima

FIELD = "field"
"""A sweep of the external field, beside those of `drive.DRIVES`."""
_COLDEST = 1.0  # K, at which the places of a track are looked for where it has no temperature
_WALLS = 32
_HALF_A_WALL = 0.5  # leaves a place for which all that were followed fell back
_RELAXATIONS = 5.0  # in a settling time


class Hops(NamedTuple):
    """Of all places under one drive: the start of the track, its sites, its end."""

    rate: FloatArray
    """Of leaving for another place, 1/s, shape (places,)."""
    shares: FloatArray
    """Of the walls that leave each place, where they go, shape (places, places)."""
    position: FloatArray
    """Where the wall rests in each place, m, shape (places,)."""

    def generator(self) -> FloatArray:
        """Of the Markov chain, 1/s: row by row what leaves a place."""
        result = self.rate[:, np.newaxis] * self.shares
        result[np.diag_indices_from(result)] = -self.rate
        return result


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
            check_temperature(temperature)
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
        """Between each two neighbouring places, m."""
        self.rest = np.array([0.0, *(each.place * length for each in places), end])
        """The places without a drive, m."""
        self._walls = _WALLS if temperature > 0.0 else 1

    @property
    def count(self) -> int:
        """Number of places."""
        return int(self.rest.size)

    def place_of(self, position: float) -> int:
        """The place that a position in m belongs to."""
        return int(np.searchsorted(self.limits, position))

    def at(self, value: float) -> Hops:
        """Under a drive of this value, A, V or T."""
        external = value if self._drive == FIELD else self._external_field
        net = external + self._parameters.stray_field
        kind, amount = ("current", 0.0) if self._drive == FIELD else (self._drive, value)
        bias = junction_bias(self._parameters, kind, amount)
        track = driven_track(self._parameters, self._landscape, self._scales, net, bias)
        owner = np.array([] if track is None else [self._nearest(place) for place in track.places], dtype=np.int64)
        position = self.rest.copy()
        if track is not None:
            position[owner] = [place.place * self._scales.length for place in track.places]
        cold = np.ones(owner.size) if track is None else cooling(self._parameters, track, self._scales, bias)
        if track is not None and self._every_place_holds(track, owner, cold):
            rate, shares = self._by_orbits(track, cold)
        else:
            rate, shares = self._by_flights(track, owner, cold, position, DRIVES[kind].of(amount), external)
        return Hops(rate, shares, position)

    def _nearest(self, place: Minimum) -> int:
        return 1 + int(np.argmin(np.abs(self.rest[1:-1] - place.place * self._scales.length)))

    def _holds(self, site: Site | None, cold: float) -> bool:
        return site is not None and cold * lowest_barrier(site) >= HELD

    def _every_place_holds(self, track: DrivenTrack, owner: IntArray, cold: FloatArray) -> bool:
        if self._temperature == 0.0 or not np.array_equal(owner, np.arange(1, self.count - 1)):
            return False
        return all(map(self._holds, track.sites, cold.tolist())) and within_reach(track.held)

    def _leaving_rates(self, pairs: list[tuple[Site, float]]) -> tuple[FloatArray, FloatArray]:
        """To the left and right, 1/s, of sites with the cooling of each."""
        left, right = np.zeros(len(pairs)), np.zeros(len(pairs))
        for number, (site, cold) in enumerate(pairs):
            below, above = leaving_rates([site.scaled(cold)], self._scales.cooled(cold))
            left[number], right[number] = below[0], above[0]
        return left, right

    def _by_orbits(self, track: DrivenTrack, cold: FloatArray) -> tuple[FloatArray, FloatArray]:
        escapes = escapes_of_mean(track, cold, self._scales, destinations=True)
        if (cold != 1.0).any():
            escapes = escapes.leaving_at(*self._leaving_rates(list(zip(track.held, cold.tolist(), strict=True))))
        generator = np.zeros((self.count, self.count))
        generator[1:-1], generator[[0, -1]] = escapes.caught, escapes.returning
        return generator.sum(axis=1), _normalised(generator)

    def _by_flights(
        self,
        track: DrivenTrack | None,
        owner: IntArray,
        cold: FloatArray,
        position: FloatArray,
        drive: Drive,
        external: float,
    ) -> tuple[FloatArray, FloatArray]:
        states = self.count
        rate = np.zeros(states)
        held = np.zeros(states, dtype=np.bool_)
        starts = []
        if track is not None and self._temperature > 0.0:
            pairs = [
                (place, site, factor)
                for place, site, factor in zip(owner.tolist(), track.sites, cold.tolist(), strict=True)
                if site is not None and self._holds(site, factor)
            ]
            left, right = self._leaving_rates([(site, factor) for _, site, factor in pairs])
            for (place, site, factor), total in zip(pairs, (left + right).tolist(), strict=True):
                held[place], rate[place] = True, total
                if total > 0.0:
                    launch = departures(site, self._scales.length, factor, self._walls, self._draw)
                    starts.append((place, launch))
        elif track is not None:
            held[owner[[site is not None for site in track.sites]]] = True
        for place in np.flatnonzero(~held).tolist():
            where = float(position[place])
            starts.append((place, at_rest(self._parameters, self._landscape, where, self._walls)))
        launched = [start for _, own in starts for start in own]
        if not launched:
            return rate, np.zeros((states, states))
        found = fly(
            self._parameters,
            self._landscape,
            launched,
            drive,
            external_field=external,
            temperature=self._temperature,
            duration=self.settling_time,
            seed=self._draw,
        )
        owners = np.repeat([place for place, _ in starts], self._walls)
        arrived = counts(found, self.limits, owners, states) / self._walls
        for place, shares in enumerate(arrived):
            if held[place] and rate[place] > 0.0:
                shares[place] = min(shares[place], 1.0 - _HALF_A_WALL / self._walls)
                if shares.sum() - shares[place] == 0.0:  # all fell back: the rest goes to the neighbours
                    shares[[place - 1, place + 1]] = 1.0
                # A hop takes the time until it begins and the one that it was followed for; some end where they began.
                rate[place] = (1.0 - shares[place]) / (1.0 / rate[place] + self.settling_time)
            elif not held[place]:
                rate[place] = (1.0 - shares[place]) / self.settling_time
                if self._temperature == 0.0:
                    rate[place] *= _RELAXATIONS  # all are gone for certain by then
        np.fill_diagonal(arrived, 0.0)
        return rate, _normalised(arrived)


def _normalised(rows: FloatArray) -> FloatArray:
    total = rows.sum(axis=1, keepdims=True)
    result: FloatArray = np.divide(rows, total, out=np.zeros_like(rows), where=total > 0.0)
    return result
