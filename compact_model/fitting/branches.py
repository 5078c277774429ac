"""Sorts the points of a measured R-V or R-I loop into the P branch, the AP branch and points between them.

For a trial V_h, (R/R_P - 1) (1 + (V/V_h)^2) equals TMR_0 on the AP branch and is less below it, so the branch is the
highest value on which many points agree.  Of a list, the V_h is chosen with which the levels of all resting walls
depend least on the bias; then the two branches and the curves through them are determined in turn, until no point
changes its branch.
"""

import math

import numpy as np
from numpy.typing import NDArray

from ..support.arrays import FloatArray
from ..support.validation import InputError
from .measured import STATES

BETWEEN = ""
"""The name of a point in neither state."""
LEAST_POINTS = 4
"""The smallest number of points of a branch."""
LEAST_RUN = 3
"""Fewer neighbours than this on a branch are a passage through it, not the state."""
_WIDTH = 3.0  # standard deviations within which a point belongs to a branch
_COARSE = 0.005  # of R: least width before the curves are known
_BEYOND = 0.01  # share of the points that may lie beyond a branch: outliers
_HALF_VOLTAGES = np.append(np.geomspace(0.2, 30.0, 200), np.inf)  # in units of the largest voltage
_JUMP = 0.01  # of R: smallest jump
_MOST_CANDIDATES = 300
_CHUNK = 8  # neighbours whose mean is compared
_FINEST = 1e-3  # the same without any noise
_MOST_ROUNDS = 30
_SIGNIFICANT = 4.0  # standard errors of a slope
_LEAST_KEPT = 0.5  # of the points of the stretches in which a branch lies


def noise_of(values: FloatArray) -> float:
    """Standard deviation of the noise on a trace that is smooth except for jumps, from its second differences."""
    if values.size < LEAST_RUN:
        return 0.0
    return float(np.median(np.abs(np.diff(values, 2)))) / (0.6745 * math.sqrt(6.0))


def loop_states(voltage: FloatArray, ohms: FloatArray, deviation: FloatArray | None = None) -> NDArray[np.str_]:
    """'P', 'AP' or BETWEEN for each point of a loop, in the order measured.

    voltage: V, ohms: Ohm, deviation: their standard deviations, Ohm; None: from the points' distances to neighbours.
    The lowest and the highest curve on which many points lie are taken for P and AP.  In a loop that does not reach one
    of the states, another takes its place, and the data often give no sign of it.  Raises InputError if there are no
    two such curves, and where the points contradict them.
    """
    scale = float(ohms.mean())  # powers of a resistance or a voltage may overflow
    sigma = (np.full_like(ohms, noise_of(ohms)) if deviation is None else deviation) / scale
    ohms = ohms / scale
    voltage = voltage / (float(np.abs(voltage).max()) or 1.0)
    coarse = np.maximum(_WIDTH * sigma, _COARSE * ohms)
    parallel = float(ohms[_extreme(-ohms, coarse)].mean())
    half_voltages = _HALF_VOLTAGES if voltage.any() else np.array([np.inf])
    stretch = _stretches(ohms, sigma)
    noise = np.maximum(sigma, _FINEST * ohms)
    least, upper = math.inf, np.zeros(ohms.size, dtype=bool)
    for half_voltage in half_voltages:
        fall = 1.0 + (voltage / half_voltage) ** 2
        lift = fall / parallel
        members = _extreme((ohms - parallel) * lift, coarse * lift)
        tmr = ((ohms - parallel) * lift)[members].mean() / fall
        roughness = _roughness(ohms / parallel, noise / parallel, tmr, stretch)
        if roughness <= least:  # among equals the largest V_h
            least, upper = roughness, members
    lower = np.abs(ohms - parallel) <= coarse
    upper &= ~lower
    for _ in range(_MOST_ROUNDS):
        _check(lower, upper)
        parallel, curve = _curves(voltage, ohms, sigma, lower, upper)
        width = np.maximum(_WIDTH * sigma, _FINEST * ohms)
        before = lower, upper
        lower = _alike(_runs(np.abs(ohms - parallel) <= width), (parallel - ohms) / width)
        upper = _alike(_runs((np.abs(ohms - curve) <= width) & ~lower), (ohms - curve) / width)
        if (lower == before[0]).all() and (upper == before[1]).all():
            break
    _check(lower, upper)
    _check_kept(stretch, lower, upper)
    _check_ends(parallel - ohms > width, ohms - curve > width)
    _check_bias(voltage, ohms, noise, lower)
    return np.where(lower, STATES[0], np.where(upper, STATES[1], BETWEEN))


def _extreme(values: FloatArray, width: FloatArray) -> NDArray[np.bool_]:
    """The points within a width of the value on which most agree, among values that only a few points exceed."""
    few = math.floor(_BEYOND * values.size)
    candidates = np.sort(values)[:: -max(1, values.size // _MOST_CANDIDATES)]
    apart = values - candidates[:, np.newaxis]
    beyond = (apart > width).sum(axis=1)
    members = np.abs(apart) <= width
    counts = np.where(beyond <= few, members.sum(axis=1), 0)
    best: NDArray[np.bool_] = members[int(np.argmax(counts))]
    return best


def _roughness(ratio: FloatArray, sigma: FloatArray, tmr: FloatArray, stretch: NDArray[np.int64]) -> float:
    """How much a wall moves within the jump-free stretches, in squares of the noise, if this is the TMR at each point.

    ratio: R / R_P, with its standard deviation.  A wall that rests keeps its share f whatever the bias.  A point counts
    as _WIDTH standard deviations at most: walls also move.
    """
    if tmr.min() <= 0.0:
        return math.inf
    share = (1.0 - 1.0 / ratio) * (1.0 + 1.0 / tmr)
    width = sigma / ratio**2 * (1.0 + 1.0 / tmr)
    weights = width**-2.0
    mean = np.bincount(stretch, weights * share) / np.bincount(stretch, weights)
    return float((np.minimum(np.abs(share - mean[stretch]) / width, _WIDTH) ** 2).sum())


def _stretches(ohms: FloatArray, sigma: FloatArray) -> NDArray[np.int64]:
    """The number of the jump-free stretch of each point; a jump is one of the mean of three points."""
    means = np.convolve(ohms, np.full(LEAST_RUN, 1.0 / LEAST_RUN), "valid")
    change = np.abs(means[LEAST_RUN:] - means[:-LEAST_RUN])
    middle = slice(LEAST_RUN, ohms.size - LEAST_RUN + 1)
    least = np.maximum(4.0 * math.sqrt(2.0 / LEAST_RUN) * sigma, _JUMP * ohms)[middle]
    jumps = np.zeros(ohms.size, dtype=np.int64)
    jumps[middle] = change > least
    return np.cumsum(jumps)


def _curves(
    voltage: FloatArray, ohms: FloatArray, sigma: FloatArray, lower: NDArray[np.bool_], upper: NDArray[np.bool_]
) -> tuple[float, FloatArray]:
    """R_P, and the AP curve at all points, R_P (1 + TMR(V)), through the points of the two branches."""
    weight = np.maximum(sigma, 1e-9 * ohms) ** -2.0
    parallel = float(np.average(ohms[lower], weights=weight[lower]))
    # 1 / (R - R_P) is linear in V^2.
    excess = (ohms - parallel)[upper]
    squares = voltage[upper] ** 2
    weights = weight[upper] * excess**4
    middle, mean = np.average(squares, weights=weights), np.average(1.0 / excess, weights=weights)
    spread = np.average((squares - middle) ** 2, weights=weights)
    slope = np.average((squares - middle) / excess, weights=weights) / spread if spread > 0.0 else 0.0
    slope = max(float(slope), 0.0)
    # If the fitted line becomes 0 or less, R - R_P has no maximum at V = 0: no bias dependence then.
    origin = mean - slope * middle
    if origin <= 0.0:
        slope, origin = 0.0, mean
    return parallel, parallel + 1.0 / (origin + slope * voltage**2)


def _runs(members: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Members with enough neighbours, without a gap, to be a state; the others are turned off."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], members, [False]]).astype(np.int8)))
    kept = np.zeros_like(members)
    for begin, end in edges.reshape(-1, 2):
        kept[begin:end] = end - begin >= LEAST_RUN
    return kept


def _alike(members: NDArray[np.bool_], beyond: FloatArray) -> NDArray[np.bool_]:
    """The members, except neighbours whose mean shows that they are a level next to the state.

    beyond: how far each point lies beyond the branch, in widths.  From the outermost neighbours inwards, they belong to
    the same state as long as their mean agrees with that of all further out.
    """
    where = np.flatnonzero(members)
    breaks = np.flatnonzero(np.diff(where) > 1) + 1
    chunks = [
        chunk
        for run in np.split(where, breaks)
        for chunk in np.array_split(run, max(1, run.size // _CHUNK))
        if chunk.size
    ]
    kept = np.zeros_like(members)
    count, total = 0, 0.0
    for chunk in sorted(chunks, key=lambda each: float(beyond[each].mean()), reverse=True):
        if count and total / count - beyond[chunk].mean() > math.sqrt(1.0 / chunk.size + 1.0 / count):
            break
        kept[chunk] = True
        count, total = count + chunk.size, total + float(beyond[chunk].sum())
    return kept


def _check_kept(stretch: NDArray[np.int64], lower: NDArray[np.bool_], upper: NDArray[np.bool_]) -> None:
    """Refuse branches that contain only part of the jump-free stretches in which they lie.

    A branch that bends where its curve does not, for instance because R_P falls with the bias, would be kept only where
    the two happen to meet, with small errors and far from the truth.
    """
    sizes = np.bincount(stretch)
    for name, members in zip(STATES, (lower, upper), strict=True):
        inside = np.bincount(stretch, members)
        around = int(sizes[inside >= LEAST_RUN].sum())
        if members.sum() < _LEAST_KEPT * around:
            raise InputError(
                f"data: expected a loop whose {name} branch follows R_P, TMR_0 and V_h, got one of which "
                f"{int(members.sum())} of {around} points do; give the state of each point"
            )


def _check_ends(below: NDArray[np.bool_], above: NDArray[np.bool_]) -> None:
    """Refuse states beyond which the wall rests in another one."""
    for name, members, beyond in zip(STATES, (below, above), ("below", "above"), strict=True):
        count = int(_runs(members).sum())
        if count:
            raise InputError(
                f"data: expected a loop that stays in P and in AP, got {count} points together {beyond} what would be "
                f"its {name} branch; give the state of each point"
            )


def _check_bias(voltage: FloatArray, ohms: FloatArray, sigma: FloatArray, lower: NDArray[np.bool_]) -> None:
    """Refuse a P branch that changes with the bias, as a level of a loop that does not reach P does.

    Of a wall that is still within the junction, a share f antiparallel, R falls with V^2 as f TMR(V) does.
    """
    squares, values = voltage[lower] ** 2, ohms[lower]
    weights = sigma[lower] ** -2.0
    apart = squares - np.average(squares, weights=weights)
    information = float((weights * apart**2).sum())
    slope = float((weights * apart * values).sum())
    if slope**2 > _SIGNIFICANT**2 * information:
        change = 100.0 * slope / information * float(np.ptp(squares)) / float(np.average(values, weights=weights))
        raise InputError(
            f"data: expected a loop whose P branch has the same R at every bias, got one that changes by {change:.2g} "
            "%, as where the wall does not reach P; give the state of each point"
        )


def _check(lower: NDArray[np.bool_], upper: NDArray[np.bool_]) -> None:
    for name, members in zip(STATES, (lower, upper), strict=True):
        if members.sum() < LEAST_POINTS:
            raise InputError(
                f"data: expected a loop with at least {LEAST_POINTS} points in the {name} state, got {members.sum()}; "
                "give the state of each point"
            )
