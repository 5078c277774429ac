"""Walls that ring down in their sites under a steady drive: whole periods at once, from a table for each site.

A ringing wall passes its rest position upwards once per period.  In two dimensions a single number then describes its
state: the deviation of its angle from the rest angle.  The deviation one period later, and the time until then, are
functions of that number alone, and they hold as long as the drive does not change.  Where the model is smooth within
reach, they are stored as Chebyshev polynomials, fitted to orbits that the adaptive method integrates with a tolerance
far below that of a run.  Polynomials for several periods follow from them.  A wall is integrated up to its first
passage, carried over whole periods by the polynomials, and integrated again over the remaining time, less than a
period.

A site is found when a wall comes to rest in it.  A table costs as much as integrating a few ring-downs, and is made
after that many.  It is a function of the rest position alone, so the motion of a wall does not depend on when its table
was made.
"""

from dataclasses import dataclass
from typing import Self, cast

import numpy as np
from numpy.typing import NDArray

from .adaptive_run import advance_adaptive
from .ensemble import Ensemble
from .kernels.adaptive import FIRST_STEP
from .kernels.fixed_step import WallState
from .kernels.right_hand_side import fill_rates
from .kernels.ringing import lead_over_periods
from .kernels.tables import REGION_LEFT, REGION_RIGHT, PiecewiseTable, find_pieces
from .support.arrays import FloatArray
from .support.threads import run_shares, threads

_FEWEST_PERIODS = 8.0  # that a drive lasts for a table to pay
_MOST_IN_VAIN = 6  # ring-downs in a site before its table is made
_TERMS = 16  # of a polynomial
_LEVELS = (8, 1)  # numbers of periods that one polynomial covers
_REACHES = (0.8, 0.4, 0.2, 0.1)  # rad: largest deviation of the angle, the first that works
_DECAY_FIT, _PERIOD_FIT = 1e-9, 3e-10  # bounds of the last terms: absolute, and relative to the period
_ORBIT_TOLERANCE = 1e-11  # rad, and wall widths, per step
_NEWTON_STEPS = 12
_DIFFERENCE = 1e-5  # rad, and wall widths, for the derivatives of the rates
_AT_REST = 1e-10  # rad, and wall widths: bound of Newton's last step
_SAME_SITE = 1e-3  # rad, and wall widths
_FIRST_SHARE = 0.1  # of a period: first trial step of the adaptive method
_SHARE_BEFORE = 0.08  # of a period: walls that oscillate no sine must not pass before they are expected
_NEAR = 2.0  # wall widths: a wall farther away is hardly in the site
_SITES_AT_ONCE = 256
_SIDE_BY_SIDE_FROM = 32  # walls with hundreds of steps to take, which otherwise leave most lanes idle

Mask = NDArray[np.bool_]
Indices = NDArray[np.int64]


@dataclass
class Sites:
    """The sites in which walls last came to rest under one steady drive, each of shape (devices,).

    position, angle: of the wall at rest, m and rad.  visits: how often in a row it came to rest there; 0: no site is
    known.  The rest follows from these when needed, and is NaN until then.
    period: s, of a small oscillation.  upwards: +1 or -1, the sign of the angle's deviation where the wall passes its
    rest position upwards.  reach: rad, the largest deviation that the table covers; 0: there is no table.
    table: (devices, levels, terms, 2), Chebyshev coefficients of ln(deviation after / before) and of the time, s.
    """

    position: FloatArray
    angle: FloatArray
    visits: FloatArray
    period: FloatArray
    upwards: FloatArray
    reach: FloatArray
    table: FloatArray

    @classmethod
    def at(cls, position: FloatArray, angle: FloatArray, visits: FloatArray) -> Self:
        """A copy of these sites without the derived quantities."""
        count = position.size
        table = np.zeros((count, len(_LEVELS), _TERMS, 2))
        period, upwards, reach = np.full((3, count), np.nan)
        return cls(position.copy(), angle.copy(), visits.copy(), period, upwards, reach, table)

    @classmethod
    def unknown(cls, count: int) -> Self:
        """Unknown sites for a number of walls."""
        return cls.at(*np.zeros((3, count)))

    def enter(self, position: FloatArray, angle: FloatArray, visits: FloatArray) -> None:
        """Other sites; those that are not new keep all that is known of them."""
        new = (position != self.position) | (angle != self.angle)
        self.position[:], self.angle[:], self.visits[:] = position, angle, visits
        for derived in (self.period, self.upwards, self.reach):
            derived[new] = np.nan


def ring_down(ensemble: Ensemble, state: WallState, duration: float, sites: Sites, *, tolerance: float) -> None:
    """The walls a number of seconds later, like `adaptive_run.advance_adaptive`, under a steady drive.

    No device heats up.  state: advanced in place; its stops and times are ignored.  sites: of these walls under this
    drive, updated.  tolerance: of a step.  Raises ConvergenceError like that function.
    """
    count = ensemble.count
    left = np.full(count, duration)
    _look_around(ensemble, sites)
    near = (sites.visits >= _MOST_IN_VAIN) & (_FEWEST_PERIODS * sites.period <= duration) & (sites.reach != 0.0)
    near &= np.abs(state.position - sites.position) < _NEAR * ensemble.devices.wall_width
    strayed = ~near
    if near.any():
        step = np.where(near, _FIRST_SHARE * sites.period, FIRST_STEP)
        _approach(ensemble, sites, state, left, near, tolerance, step.copy())
        above = near & (left > 0.0) & (state.position > sites.position)
        _run(ensemble, state, left, above, tolerance, step.copy(), lower_stop=sites.position)
        passed = _run(ensemble, state, left, near & (left > 0.0), tolerance, step.copy(), upper_stop=sites.position)
        _make_tables(ensemble, sites, np.flatnonzero(passed & np.isnan(sites.reach)))
        led = _lead(sites, state, left, np.flatnonzero(passed & (sites.reach > 0.0)))
        ringing = np.zeros(count, dtype=bool)
        ringing[led] = True
        strayed = ~ringing
        _run(ensemble, state, left, ringing & (left > 0.0), tolerance, step, side_by_side=True)
    if strayed.any():
        moving = strayed & (left > 0.0)
        together = int(moving.sum()) >= _SIDE_BY_SIDE_FROM
        _run(ensemble, state, left, moving, tolerance, np.full(count, FIRST_STEP), side_by_side=together)
        _find_sites(ensemble, state, duration, sites, np.flatnonzero(strayed))


def _approach(
    ensemble: Ensemble,
    sites: Sites,
    state: WallState,
    left: FloatArray,
    chosen: Mask,
    tolerance: float,
    step: FloatArray,
) -> None:
    """Advance some walls until shortly before they pass their rest positions upwards, by the phase that they would have
    if they oscillated as sines; the passage itself is located afterwards, wherever they are."""
    speed = _rates(ensemble, state.position, state.angle)[0]
    with np.errstate(invalid="ignore"):  # walls without a site
        beside = 2.0 * np.pi / sites.period * (state.position - sites.position) / ensemble.devices.wall_width
        missing = np.remainder(-np.arctan2(beside, speed) / (2.0 * np.pi), 1.0)
        ahead = np.minimum(np.maximum(missing - _SHARE_BEFORE, 0.0) * sites.period, left)
    moving: Mask = chosen & (ahead > 0.0)
    left[moving] -= ahead[moving]
    _run(ensemble, state, ahead, moving, tolerance, step, side_by_side=True)


def _run(
    ensemble: Ensemble,
    state: WallState,
    left: FloatArray,
    chosen: Mask,
    tolerance: float,
    step: FloatArray,
    *,
    lower_stop: FloatArray | float = -np.inf,
    upper_stop: FloatArray | float = np.inf,
    side_by_side: bool = False,
) -> Mask:
    """Advance some walls over their remaining time, or up to a stop; returns which ones reached a stop."""
    if not chosen.any():
        return chosen
    end = float(left[chosen].max())
    ahead = WallState(
        state.position,
        state.angle,
        np.where(chosen, end - left, np.inf),
        np.where(chosen, lower_stop, -np.inf),
        np.where(chosen, upper_stop, np.inf),
        np.full(left.size, np.inf),
        *np.zeros((2, left.size)),
    )
    advance_adaptive(ensemble, ahead, end, tolerance=tolerance, step=step, side_by_side=side_by_side)
    passed: Mask = chosen & np.isfinite(ahead.passage_time)
    left[chosen] = 0.0
    left[passed] = end - ahead.passage_time[passed]
    return passed


def _part(ensemble: Ensemble, index: Indices) -> Ensemble:
    """Some of the walls, with repetition allowed."""
    if np.array_equal(index, np.arange(ensemble.count)):
        return ensemble
    devices = type(ensemble.devices)(*(values[index] for values in ensemble.devices))
    return Ensemble(devices, ensemble.mode, _rows_of(ensemble.landscape, index), _rows_of(ensemble.drive, index))


def _rows_of(table: PiecewiseTable, index: Indices) -> PiecewiseTable:
    if table.offsets.size == 2:
        return table
    begin, sizes = table.offsets[index], np.diff(table.offsets)[index]
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    rows = table.rows[np.repeat(begin - offsets[:-1], sizes) + np.arange(offsets[-1])]
    return PiecewiseTable(rows, offsets)


def _rates(ensemble: Ensemble, position: FloatArray, angle: FloatArray) -> FloatArray:
    """Velocity in wall widths and angular velocity in rad, per second, (2, devices)."""
    rates = np.empty((2, ensemble.count))
    run_shares(
        fill_rates,
        threads() if ensemble.count > _SITES_AT_ONCE else 1,
        ensemble.devices,
        ensemble.mode,
        ensemble.landscape,
        ensemble.drive,
        position,
        angle,
        *rates,
    )
    rates[0] /= ensemble.devices.wall_width
    return rates


def _derivatives(ensemble: Ensemble, position: FloatArray, angle: FloatArray) -> FloatArray:
    """Derivatives of the rates by position, in wall widths, and by angle: (2, 2, devices), rates first, 1/s."""
    across = _DIFFERENCE * ensemble.devices.wall_width
    along = _rates(ensemble, position + across, angle) - _rates(ensemble, position - across, angle)
    about = _rates(ensemble, position, angle + _DIFFERENCE) - _rates(ensemble, position, angle - _DIFFERENCE)
    return np.stack([along, about], axis=1) / (2.0 * _DIFFERENCE)


def _small_motion(by: FloatArray) -> FloatArray:
    """The period, s, of a small oscillation with these derivatives; inf if it is overdamped or nearly so."""
    trace, determinant = by[0, 0] + by[1, 1], by[0, 0] * by[1, 1] - by[0, 1] * by[1, 0]
    rings = (trace < 0.0) & (determinant > 0.3 * trace**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        period: FloatArray = np.where(rings, 2.0 * np.pi / np.sqrt(determinant - 0.25 * trace**2), np.inf)
    return period


def _look_around(ensemble: Ensemble, sites: Sites) -> None:
    """The small oscillation in new sites."""
    new = np.flatnonzero((sites.visits > 0.0) & np.isnan(sites.period))
    if new.size:
        by = _derivatives(_part(ensemble, new), sites.position[new], sites.angle[new])
        sites.period[new], sites.upwards[new] = _small_motion(by), np.sign(by[0, 1])


def _find_sites(ensemble: Ensemble, state: WallState, duration: float, sites: Sites, index: Indices) -> None:
    """Count the visits of walls that have come to rest, and find their rest positions by Newton's method."""
    part = _part(ensemble, index)
    with np.errstate(invalid="ignore"):  # fields that overflow
        near = _FEWEST_PERIODS * _small_motion(_derivatives(part, state.position[index], state.angle[index]))
    index = index[near <= duration]  # a table would not pay for the others
    if not index.size:
        return
    part = _part(ensemble, index)
    width = part.devices.wall_width
    position, angle = state.position[index], state.angle[index]
    last = np.full(index.size, np.inf)
    with np.errstate(all="ignore"):  # failures are detected below
        for _ in range(_NEWTON_STEPS):
            rates, by = _rates(part, position, angle), _derivatives(part, position, angle)
            determinant = by[0, 0] * by[1, 1] - by[0, 1] * by[1, 0]
            along = (by[0, 1] * rates[1] - by[1, 1] * rates[0]) / determinant
            about = (by[1, 0] * rates[0] - by[0, 0] * rates[1]) / determinant
            last = np.hypot(along, about)
            limited = np.minimum(1.0, 1.0 / last)
            position = np.clip(position + limited * along * width, 0.0, part.devices.track_length)
            angle = angle + limited * about
            if (last <= _AT_REST).all():
                break
        good = last <= _AT_REST
        good &= np.hypot((position - state.position[index]) / width, angle - state.angle[index]) < 1.0
        turned = np.remainder(angle - sites.angle[index] + np.pi, 2.0 * np.pi) - np.pi
        same = np.hypot((position - sites.position[index]) / width, turned) < _SAME_SITE
    same &= good & (sites.visits[index] > 0.0)
    sites.visits[index] = np.where(same, sites.visits[index] + 1.0, np.where(good, 1.0, 0.0))
    other = index[~same]
    sites.position[other], sites.angle[other] = np.where(good, position, 0.0)[~same], np.where(good, angle, 0.0)[~same]
    for derived in (sites.period, sites.upwards, sites.reach):
        derived[other] = np.nan


def _make_tables(ensemble: Ensemble, sites: Sites, index: Indices) -> None:
    """Make the tables of some sites."""
    for first in range(0, index.size, _SITES_AT_ONCE):
        missing = index[first : first + _SITES_AT_ONCE]
        sites.reach[missing] = 0.0
        for reach in _REACHES:
            if missing.size:
                good, table = _tables(ensemble, sites, missing, reach)
                sites.reach[missing[good]] = reach
                sites.table[missing[good]] = table[..., good].transpose(3, 0, 1, 2)
                missing = missing[~good]


_NODES = np.cos(np.pi * (np.arange(_TERMS) + 0.5) / _TERMS)
_TO_COEFFICIENTS = (2.0 / _TERMS) * np.cos(np.pi * np.outer(np.arange(_TERMS), np.arange(_TERMS) + 0.5) / _TERMS)
_TO_COEFFICIENTS[0] *= 0.5


def _tables(ensemble: Ensemble, sites: Sites, index: Indices, reach: float) -> tuple[Mask, FloatArray]:
    """Tables up to one deviation of the angle, and the sites for which they are accurate."""
    before = np.repeat(0.5 * reach * (1.0 + _NODES)[:, np.newaxis], index.size, axis=1)
    after, time = _orbits(ensemble, sites, index, before)
    with np.errstate(invalid="ignore", divide="ignore"):
        good = np.asarray(((after > 0.0) & (after < before)).all(axis=0))
        single = np.stack([np.log(after / before), time], axis=1)
    single = np.where(good, single, 0.0)
    one = np.tensordot(_TO_COEFFICIENTS, single, axes=1)
    fit = np.array([_DECAY_FIT, _PERIOD_FIT])[:, np.newaxis] * np.stack([np.ones(index.size), sites.period[index]])
    levels = []
    for periods in _LEVELS:
        here, total = before.copy(), np.zeros_like(single)
        for _ in range(periods):
            each = _polynomial(one, 2.0 * here[:, np.newaxis] / reach - 1.0)
            total += each
            here *= np.exp(each[:, 0])
        levels.append(np.tensordot(_TO_COEFFICIENTS, total, axes=1))
        good &= (np.abs(levels[-1][-2:]).max(axis=0) <= periods * fit).all(axis=0)
    return good, np.stack(levels)


def _orbits(ensemble: Ensemble, sites: Sites, index: Indices, before: FloatArray) -> tuple[FloatArray, FloatArray]:
    """One period each from deviations of the angle (orbits, sites): the deviation after it, and its time, s.

    NaN where a wall leaves the region in which its track is smooth, or does not return.
    """
    every = np.tile(index, len(before))
    part = _part(ensemble, every)
    rest, turned, upwards = sites.position[every], sites.angle[every], sites.upwards[every]
    first = part.landscape.offsets[:-1] if part.landscape.offsets.size > 2 else 0
    rows = part.landscape.rows[first + find_pieces(part.landscape, rest, np.zeros(rest.size, dtype=np.int64))]
    state = WallState(
        rest.copy(), turned + upwards * before.ravel(), *np.empty((4, rest.size)), *np.zeros((2, rest.size))
    )
    time = np.zeros(rest.size)
    stays = np.ones(rest.size, dtype=bool)
    longest = 2.0 * sites.period[every]
    step = _FIRST_SHARE * sites.period[every]
    for lower, upper in ((rest, rows[:, REGION_RIGHT]), (rows[:, REGION_LEFT], rest)):
        left = longest.copy()
        passed = _run(part, state, left, stays, _ORBIT_TOLERANCE, step, lower_stop=lower, upper_stop=upper)
        stays = passed & (state.position == rest)
        time += longest - left
    difference = upwards * (state.angle - turned)
    shape = before.shape
    return np.where(stays, difference, np.nan).reshape(shape), np.where(stays, time, np.nan).reshape(shape)


def _polynomial(coefficients: FloatArray, place: FloatArray) -> FloatArray:
    """Chebyshev polynomials (terms, 2, devices) at points (points, 1, devices) from -1 to 1, by Clenshaw's recurrence.

    Returns their values, (points, 2, devices).
    """
    twice = 2.0 * place
    last = before = np.zeros((len(place), *coefficients.shape[1:]))
    for term in coefficients[:0:-1]:
        last, before = term + twice * last - before, last
    return cast(FloatArray, coefficients[0] + place * last - before)


def _lead(sites: Sites, state: WallState, left: FloatArray, index: Indices) -> Indices:
    """Carry walls that pass their rest position upwards over as many periods as fit; returns which ones a table
    covers."""
    turn = sites.upwards[index] * (state.angle[index] - sites.angle[index])
    difference = np.remainder(turn + np.pi, 2.0 * np.pi) - np.pi
    held = (difference > 0.0) & (difference <= sites.reach[index])
    index, after = index[held], difference[held]
    time = left[index]
    shares = threads() if index.size > _SITES_AT_ONCE else 1
    run_shares(lead_over_periods, shares, sites.table, index, sites.reach[index], after, time)
    state.angle[index] += sites.upwards[index] * (after - difference[held])
    left[index] = time
    return index
