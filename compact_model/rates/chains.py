"""A wall during a slow sweep: a Markov chain over the places of its track, with rates that follow the drive."""

from bisect import bisect_right
from collections.abc import Callable

import numpy as np

from ..support.arrays import FloatArray, IntArray
from .hopping import HoppingTrack, Hops

_FIRST_VALUES = 33  # values of the drive at which rates are computed, at first and at most
_MOST_VALUES = 49
_STEP = 2.0  # largest change of a rate's logarithm between two values
_NEVER = 1e-6  # hops in the whole sweep below which a rate counts as 0
_RARE = 1e3  # times _NEVER: no further values are spent on rates below this
_AT_ONCE = 10.0  # hops in a dwell above which a rate counts as infinite
_TERMS = 20  # of a series with at most one hop on average; 1 / 20! is negligible beside 1


def most_values(values: FloatArray) -> int:
    """The largest number of drive values at which a sweep computes rates."""
    distinct = int(np.unique(values).size)
    return distinct if distinct <= _FIRST_VALUES else min(distinct, _MOST_VALUES)


class HoppingTable:
    """The rates of a track over a range of its drive, computed once and interpolated."""

    def __init__(
        self, track: HoppingTrack, values: FloatArray, dwell: float, advance: Callable[[int], object] = int
    ) -> None:
        """values: the sweep's, A, V or T; dwell: time at each, s; advance: called for every value computed."""
        wanted = np.unique(values)
        self._inner = slice(1, track.count - 1)
        self._least = _NEVER / (dwell * values.size)
        self._often = _AT_ONCE / dwell
        grid = wanted if wanted.size <= _FIRST_VALUES else np.linspace(wanted[0], wanted[-1], _FIRST_VALUES)
        found: dict[float, Hops] = {}
        for value in grid.tolist():
            found[value] = track.at(value)
            advance(1)
        while wanted.size > _FIRST_VALUES and len(found) < _MOST_VALUES:
            value = self._worst_gap(found, float(np.diff(wanted).min()))
            if value is None:
                break
            found[value] = track.at(value)
            advance(1)
        self._values = np.array(sorted(found))
        ordered = [found[each] for each in self._values.tolist()]
        self._logarithm = np.log(np.maximum([hops.rate for hops in ordered], self._least))
        self._shares = np.array([hops.shares for hops in ordered])
        self._position = np.array([hops.position for hops in ordered])

    def _worst_gap(self, found: dict[float, Hops], smallest: float) -> float | None:
        """The interval between two values in which a rate that matters changes most."""
        values = np.array(sorted(found))
        rates = np.clip([found[each].rate[self._inner] for each in values.tolist()], _RARE * self._least, self._often)
        apart = np.abs(np.diff(np.log(rates), axis=0)).max(axis=1, initial=0.0)
        apart[np.diff(values) <= 1.01 * smallest] = 0.0
        worst = int(np.argmax(apart))
        return float(0.5 * (values[worst] + values[worst + 1])) if apart[worst] > _STEP else None

    def at(self, value: float) -> Hops:
        """Interpolates rates exponentially, and shares and positions linearly."""
        above = int(np.clip(np.searchsorted(self._values, value), 1, max(1, self._values.size - 1)))
        if self._values.size == 1:
            return Hops(np.exp(self._logarithm[0]), self._shares[0], self._position[0])
        below = above - 1
        part = (value - self._values[below]) / (self._values[above] - self._values[below])
        weights = np.array([1.0 - part, part])

        def between(rows: FloatArray) -> FloatArray:
            result: FloatArray = np.tensordot(weights, rows[below : above + 1], axes=1)
            return result

        rate = np.exp(between(self._logarithm))
        shares = between(self._shares)
        total = shares.sum(axis=1, keepdims=True)  # 0 where no wall ever leaves a place
        shares = np.divide(shares, total, out=np.zeros_like(shares), where=total > 0.0)
        rate = np.where((total[:, 0] > 0.0) & (rate > self._least), rate, 0.0)
        return Hops(rate, shares, between(self._position))


def transition_probabilities(hops: Hops, time: float) -> FloatArray:
    """Probabilities of being in each place after a time (s), shape (places, places), one row per starting place.

    exp(Q t) of the rates Q by uniformisation (Grassmann 1977, doi 10.1016/0305-0548(77)90007-7) over a time short
    enough for a few terms, squared until it reaches t.  Nothing is subtracted, so rates of any ratio and times of any
    length keep their digits.
    """
    fastest = float(hops.rate.max())
    count = hops.rate.size
    if fastest * time == 0.0:
        return np.eye(count)
    doublings = max(0, int(np.ceil(np.log2(fastest * time))))
    hop = hops.rate[:, np.newaxis] / fastest * hops.shares
    hop[np.diag_indices(count)] = 1.0 - hops.rate / fastest
    mean = fastest * time / 2.0**doublings
    term = result = np.exp(-mean) * np.eye(count)
    for number in range(1, _TERMS):
        term = term @ hop * (mean / number)
        result = result + term
    for _ in range(doublings):
        result = result @ result
        result /= result.sum(axis=1, keepdims=True)
    probability: FloatArray = result / result.sum(axis=1, keepdims=True)
    return probability


def _transitions(hops: Hops, time: float, multiples: tuple[int, ...]) -> list[FloatArray]:
    """Cumulative probabilities of being in each place after multiples of a time (s), by starting place."""
    once = transition_probabilities(hops, time)
    cumulative = [np.cumsum(np.linalg.matrix_power(once, multiple), axis=1) for multiple in multiples]
    for each in cumulative:
        each[:, -1] = 1.0
    return cumulative


def walk(
    table: HoppingTable,
    values: FloatArray,
    start: IntArray,
    *,
    dwell: float,
    readings: int,
    draw: np.random.Generator,
) -> FloatArray:
    """Positions (m) of walls at each reading of a staircase, shape (walls, values, readings).

    start: initial places; readings: number of moments in the second half of each dwell.
    """
    # From the middle of one part of the second half to the middle of the next, and from the last one to the end.
    unit, to_first, between, to_the_end = 0.25 * dwell / readings, 2 * readings + 1, 2, 1
    steps = {}
    for value in np.unique(values).tolist():
        hops = table.at(value)
        steps[value] = (*_transitions(hops, unit, (to_first, between, to_the_end)), hops.position.tolist())
    positions = np.empty((start.size, values.size, readings))
    for wall, begin in enumerate(start.tolist()):
        place = begin
        dice = draw.random((values.size, readings + 1)).tolist()
        for index, value in enumerate(values.tolist()):
            first, following, last, where = steps[value]
            throws = dice[index]
            for reading in range(readings):
                place = bisect_right((following if reading else first)[place], throws[reading])
                positions[wall, index, reading] = where[place]
            place = bisect_right(last[place], throws[-1])
    return positions
