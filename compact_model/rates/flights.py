"""Walls that have just left their place, integrated until they have lost their excess energy."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..device.equilibrium import largest_turn, rest_angle
from ..device.parameters import DeviceParameters
from ..drive import Drive
from ..simulation import simulate_ensemble
from ..support.arrays import FloatArray, IntArray
from ..support.validation import InputError
from ..track.landscape import Landscape
from .driven_track import barriers, turns
from .orbits import Site

LONGEST_STEP = 50e-12
"""Of the stochastic Heun method here, s."""
_SHORTEST_STEP = 1e-12  # s
_RELAXATIONS = 5.0  # relaxation times of the wall's energy, 1 / (alpha gamma H_K)
_SHORTEST, _LONGEST = 0.2e-6, 50e-6  # s
_BEYOND = 0.05  # rad, past the top of the angle's barrier
_SPARE = 0.5  # k_B T: mean energy of a weakly damped wall above the top of a barrier
_SLIGHTLY = 1e-3  # wall widths, past the top of a barrier along the track
_LOOKS = 32  # samples of each wall on its way
_JUDGED = 13  # of these in a row, two relaxation times of five: a wall is where it spends most of them


class Start(NamedTuple):
    """The state of a wall as it leaves."""

    position: float
    """m."""
    angle: float
    """rad."""


def settling_time(parameters: DeviceParameters, landscape: Landscape) -> float:
    """How long a wall is followed before it counts as at rest again, s; inf: without damping it never does."""
    if parameters.damping == 0.0:
        return np.inf
    profile = landscape.anisotropy
    fields = (parameters.anisotropy_field,) if profile is None else profile.anisotropy_fields
    # The mean H_K, since a single site's may happen to vanish, or the bound from all terms of the angle's energy.
    stiffness = max(float(np.mean(np.abs(fields))), 2.0 * float(largest_turn(parameters)), 1e-6)
    relaxation = 1.0 / (parameters.damping * parameters.gyromagnetic_ratio * stiffness)
    return float(np.clip(_RELAXATIONS * relaxation, _SHORTEST, _LONGEST))


def departures(site: Site, length: float, cooling: float, walls: int, draw: np.random.Generator) -> list[Start]:
    """States of walls leaving a site that holds them; length: Delta, m.

    Walls cross the tops to the left and right with little energy to spare.  Where the torque keeps turning a wall that
    has passed the angle's barrier, walls cross that one too, and gain much more afterwards.  Each way out is weighted
    by its Boltzmann factor.  cooling: how much colder than its surroundings the wall is.
    """
    along, about = site.along, site.cells[0]
    ways = cooling * np.array(barriers(site))
    if not turns(site):
        ways[2] = np.inf
    likely = np.exp(ways.min() - ways)
    # Spread evenly over all ways and energies, because a few walls represent all.
    chosen = np.searchsorted(np.cumsum(likely / likely.sum())[:-1], _evenly(walls, draw)).tolist()
    drawn = -_SPARE * np.log1p(-draw.permutation(_evenly(walls, draw)))
    spare = np.minimum(drawn / cooling, about.above.top - about.energy).tolist()
    starts = []
    for way, energy in zip(chosen, spare, strict=True):
        if way == 2:
            top = about.place - about.below.coordinate[-1] - _BEYOND
            if site.drop < 0.0:
                top = about.place + about.above.coordinate[-1] + _BEYOND
            starts.append(Start(along.place * length, float(top)))
            continue
        along_side, about_side, sign = (along.above, about.above, 1.0) if way == 1 else (along.below, about.below, -1.0)
        rising = about_side.energy + 1e-12 * np.arange(about_side.energy.size)
        turned = float(np.interp(about.energy + energy, rising, about_side.coordinate))
        place = along.place + sign * (along_side.coordinate[-1] + _SLIGHTLY)
        starts.append(Start(place * length, about.place + sign * turned))
    return starts


def _evenly(count: int, draw: np.random.Generator) -> FloatArray:
    """Rising numbers between 0 and 1, one in each of the given number of equal parts."""
    return (np.arange(count) + draw.random(count)) / count


def at_rest(
    parameters: DeviceParameters, landscape: Landscape, position: float, turned: float, walls: int
) -> list[Start]:
    """States of walls at places where nothing holds them; turned: from the rest angle, rad."""
    angle = turned + rest_angle(parameters, float(landscape.anisotropy_field(np.array(position), parameters)))
    return [Start(position, angle)] * walls


def fly(
    parameters: DeviceParameters,
    landscape: Landscape,
    starts: Sequence[Start],
    drive: Drive,
    *,
    external_field: float,
    temperature: float,
    duration: float,
    seed: np.random.Generator,
) -> FloatArray:
    """Positions of walls on their way, from the start until a duration (s) later, m, shape (walls, moments)."""
    step = LONGEST_STEP
    while True:
        try:
            run = simulate_ensemble(
                parameters,
                landscape,
                drive,
                np.linspace(0.0, duration, _LOOKS + 1),
                devices=len(starts),
                initial_position=np.clip([start.position for start in starts], 0.0, parameters.track_length),
                initial_angle=[start.angle for start in starts],
                external_field=external_field,
                temperature=temperature,
                method="heun",
                step=step,
                seed=seed,
            )
        except InputError:
            # Only the simulation knows how fast these fields can turn the angle, and it refuses a step that is too
            # long.
            step *= 0.5
            if step < _SHORTEST_STEP:
                raise
        else:
            return np.asarray(run.position.values)


class Arrivals(NamedTuple):
    """Where walls end, and when they arrive."""

    place: IntArray
    """Shape (walls,)."""
    delay: FloatArray
    """Between the start and a jump to where the wall ends that leaves its mean position as it is, s, shape (walls,);
    0 for a wall that ends where it began."""


def arrivals(positions: FloatArray, began: IntArray, limits: FloatArray, rest: FloatArray, duration: float) -> Arrivals:
    """From positions at evenly spaced moments, as returned by `fly`.

    A wall that a field holds at an end of the track keeps swinging past the edge of the outermost site and back without
    being caught there.  Its place is therefore the median over a number of moments, not that of a single one.

    began: the places that the walls leave, shape (walls,); limits: boundaries of the places, and rest: rest positions,
    m.
    """
    place = np.searchsorted(limits, positions)
    half = _JUDGED // 2
    place[:, half:-half] = np.median(sliding_window_view(place, _JUDGED, axis=1), axis=2)
    place[:, -half:] = place[:, -half - 1, np.newaxis]
    end = place[:, -1]
    missing = np.abs(rest[place] - rest[end, np.newaxis])
    missing[:, 0] = np.abs(rest[began] - rest[end])
    area = np.trapezoid(missing, dx=duration / (positions.shape[1] - 1), axis=1)
    delay = np.divide(area, missing[:, 0], out=np.zeros(end.size), where=missing[:, 0] > 0.0)
    return Arrivals(end, np.minimum(delay, duration))
