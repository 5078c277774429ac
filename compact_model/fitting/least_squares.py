"""Weighted least squares by scipy, with errors, and the names of parameters that the data do not determine.

The errors follow from the Jacobian at the minimum (Bevington and Robinson 2003, chapters 8 and 11).
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..support.arrays import FloatArray
from ..support.validation import ConvergenceError, InputError
from .unknowns import UNITS, Unknowns

WIDEST_RATIO = 1e6
"""A fit searches each parameter within this ratio of its start."""
START_RATIO, START_STEPS = 4.0, 2
"""The grid of starts: this many factors to either side for each parameter, then finer around the best."""
ZOOMS = 4
LEAST_SENSITIVITY = 1e-6
"""The data do not determine a direction of the coordinates that changes ln(curve) by less than this."""


LEAST_PROBABILITY = 1e-4
"""Data with standard deviations contradict the model if so large a chi-square is less probable than this."""


_JUMP = 3.0  # times the slope on one side of a point: a steeper one on the other side is a jump


class _NoCurve(Exception):
    """The model has no curve near the point reached by a fit."""


@dataclass(frozen=True, eq=False)
class Problem:
    """The model's curves and the data to fit.

    curves: from sets of values in SI, shape (sets, free), to the curve of each at the data, shape (sets, points); nan
    where there is none.  target: the data; deviation: their standard deviations, None: unknown and equal.
    difference: the step in a coordinate, to either side, for the curve's derivative; jumps: the curve may have a jump
    within that step, which is not part of its slope.
    """

    unknowns: Unknowns
    curves: Callable[[FloatArray], FloatArray]
    target: FloatArray
    deviation: FloatArray | None
    difference: float = 6e-6
    least_sensitivity: float = LEAST_SENSITIVITY
    tolerance: float = 1e-14
    most_steps: int = 500
    jumps: bool = False
    _latest: dict[bytes, FloatArray] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        names = self.unknowns.names
        if self.freedom < 1:
            raise InputError(
                f"data: expected at least {len(names) + 1} points for {len(names)} free parameters "
                f"({', '.join(names)}), got {self.target.size}"
            )

    @property
    def freedom(self) -> int:
        """Degrees of freedom."""
        return self.target.size - len(self.unknowns.names)

    @property
    def scale(self) -> FloatArray:
        """The scale of distances between data and curve."""
        return np.full_like(self.target, np.abs(self.target).max()) if self.deviation is None else self.deviation

    def curve(self, coordinates: FloatArray) -> FloatArray:
        """The curve of one set of coordinates, shape (points,); the latest one is kept, since the checks of a start
        and of an end, and slopes beside jumps, ask for it again."""
        key = coordinates.tobytes()
        curve = self._latest.get(key)
        if curve is None:
            curve = self.curves(self.unknowns.values(coordinates[np.newaxis]))[0]
            self._latest.clear()
            self._latest[key] = curve
        return curve

    def distance(self, coordinates: FloatArray) -> FloatArray:
        """Distances of the data from one curve, in units of that scale."""
        return (self.curve(coordinates) - self.target) / self.scale

    def squares(self, coordinates: FloatArray) -> FloatArray:
        """Sums of squares of sets of coordinates, shape (sets, free) to (sets,); infinite where there is no curve."""
        curves = self.curves(self.unknowns.values(coordinates))
        sums = np.sum(((curves - self.target) / self.scale) ** 2, axis=1)
        return np.where(np.isfinite(sums), sums, np.inf)

    def jacobian(self, coordinates: FloatArray) -> FloatArray:
        """Derivatives of the distances, shape (points, free)."""
        steps = self.difference * np.eye(coordinates.size)
        ends = np.concatenate([coordinates + steps, coordinates - steps])
        ends = np.clip(ends, self.unknowns.lower, self.unknowns.upper)
        above, below = np.split(self.curves(self.unknowns.values(ends)), 2)
        up, down = (np.diagonal(side - coordinates)[:, np.newaxis] for side in np.split(ends, 2))
        slopes = (above - below) / (up - down)
        if self.jumps:
            here = self.curve(coordinates)
            # At a bound, the slope to the other side.
            rising = np.divide(above - here, up, out=slopes.copy(), where=up != 0.0)
            falling = np.divide(below - here, down, out=slopes.copy(), where=down != 0.0)
            slopes = np.where(np.abs(rising) > _JUMP * np.abs(falling), falling, slopes)
            slopes = np.where(np.abs(falling) > _JUMP * np.abs(rising), rising, slopes)
        if not np.isfinite(slopes).all():
            raise _NoCurve
        result: FloatArray = (slopes / self.scale).T
        return result

    def zoom(self) -> list[FloatArray]:
        """One start: the best point of a grid around the fit's start, and of finer grids around each best point."""

        def around(centre: FloatArray, step: float, count: int) -> FloatArray:
            moves = itertools.product(step * np.arange(-count, count + 1), repeat=centre.size)
            points = np.array([self.unknowns.inside(centre + move) for move in moves])
            best: FloatArray = points[int(np.argmin(self.squares(points)))]
            return best

        closest = around(self.unknowns.origin, math.log(START_RATIO), START_STEPS)
        for zoom in range(1, ZOOMS + 1):
            closest = around(closest, math.log(START_RATIO) / 2.0**zoom, 1)
        return [closest]


@dataclass(frozen=True, eq=False)
class Minimum:
    """The minimum of the sum of squares; values in SI."""

    names: tuple[str, ...]
    values: FloatArray
    errors: FloatArray
    correlation: FloatArray
    curve: FloatArray
    chi_square: float
    """In units of the standard deviations, or of the data's unit squared if there are none."""
    freedom: int
    weighted: bool
    described: bool
    """False if the distances far exceed the standard deviations: the errors are then scaled to the distances."""
    unit: float
    """The rise of the sum of squares, in the problem's scale, one standard error away."""
    typical_deviation: float
    coordinates: FloatArray
    jacobian: FloatArray


def minimise(problem: Problem, starts: Sequence[FloatArray]) -> Minimum:
    """The best of the minima to which the starts (coordinates) lead.

    Raises ConvergenceError that names the parameters that the data do not determine.
    """
    from scipy.optimize import least_squares
    from scipy.stats import chi2

    unknowns, names, freedom = problem.unknowns, problem.unknowns.names, problem.freedom
    lower, upper, scale = unknowns.lower, unknowns.upper, problem.scale
    weighted = problem.deviation is not None
    tolerances = {"ftol": problem.tolerance, "xtol": problem.tolerance, "gtol": problem.tolerance}
    runs = []
    for start in (start for start in starts if np.isfinite(problem.distance(start)).all()):
        try:
            run = least_squares(
                problem.distance,
                start,
                jac=problem.jacobian,
                bounds=(lower, upper),
                x_scale="jac",
                max_nfev=problem.most_steps,
                **tolerances,
            )
        except _NoCurve:
            continue
        runs.append(run)
    if not runs:
        raise ConvergenceError(
            "the model gives no curve near the starting point of the fit; start closer to the expected values"
        )
    best = min(runs, key=lambda run: float(run.cost))
    if best.status == 0:
        raise ConvergenceError(
            f"the fit has not converged after {problem.most_steps} steps; fix a parameter, or start closer to the "
            "expected values"
        )
    # A parameter is also undetermined if another minimum, as good within one standard error, does not determine it.
    described = not weighted or float(chi2.sf(2.0 * best.cost, freedom)) >= LEAST_PROBABILITY
    unit = 1.0 if weighted and described else 2.0 * float(best.cost) / freedom
    rounding = 1e-20 * float(np.sum((problem.target / scale) ** 2))
    slack = unit + rounding
    for run in runs:
        if 2.0 * (run.cost - best.cost) <= slack:
            curve = np.abs(problem.curve(run.x))
            # Where the curve is 0, a wall at the start of its track, a relative change has no meaning.
            relative = np.divide(scale, curve, out=np.zeros_like(curve), where=curve > 0.0)
            sensitivity = run.jac * relative[:, np.newaxis] / math.sqrt(problem.target.size)
            _refuse_blind(names, sensitivity, problem.least_sensitivity)
    for name, value, coordinate, highest, lowest in zip(
        names, unknowns.values(best.x), best.x, upper, lower, strict=True
    ):
        if min(highest - coordinate, coordinate - lowest) < 1e-6:
            raise ConvergenceError(
                f"{name}: the fit ran to the end of its range, {abs(value):g} {UNITS[name]}".rstrip()
                + "; leave it, or another one, fixed"
            )
    chi_square = float(np.sum(problem.distance(best.x) ** 2))
    inverse = np.linalg.inv(best.jac.T @ best.jac)
    slopes = unknowns.slopes(best.x)
    lengths = np.sqrt(np.diag(inverse))
    deviations = lengths * math.sqrt(unit)
    vague = [
        name
        for name, relative, counts in zip(names, deviations, unknowns.logarithmic, strict=True)
        if counts and not relative < 1.0
    ]
    if vague:
        raise ConvergenceError(
            f"{', '.join(vague)}: not determined by the data, the standard error is above the value; "
            "free fewer parameters"
        )
    signed = np.copysign(lengths, slopes)
    deviation = np.ones_like(problem.target) if problem.deviation is None else problem.deviation
    return Minimum(
        names=names,
        values=unknowns.values(best.x),
        errors=np.abs(slopes) * deviations,
        correlation=inverse / np.outer(signed, signed),
        curve=problem.curve(best.x),
        chi_square=chi_square if weighted else chi_square * float(scale[0]) ** 2,
        freedom=freedom,
        weighted=weighted,
        described=described,
        unit=unit,
        typical_deviation=math.sqrt(problem.target.size / float(np.sum(deviation**-2.0))),
        coordinates=best.x,
        jacobian=best.jac,
    )


def _refuse_blind(names: tuple[str, ...], sensitivity: FloatArray, least: float) -> None:
    """ConvergenceError that names the parameters on which the curve does not depend, alone or in combination.

    sensitivity: d ln(model) / d coordinate over the root of the number of points, shape (points, free).
    """
    _, sizes, directions = np.linalg.svd(sensitivity, full_matrices=False)
    blind = directions[sizes < least]
    if blind.size:
        involved = [name for name, part in zip(names, np.abs(blind).max(axis=0), strict=True) if part > 0.05]
        together = "" if len(involved) == len(blind) else " together"
        raise ConvergenceError(
            f"{', '.join(involved)}: not determined{together} by these data, which determine only "
            f"{len(names) - len(blind)} combination(s) of the {len(names)} free parameters; free fewer parameters"
        )
