"""Whether the errors of a fit by simulations are reliable: its curve has jumps and bends where a static law is
smooth."""

import numpy as np

from ..support.validation import ConvergenceError
from .least_squares import Minimum, Problem

_SHORTEST = 1e-3
# Rises of chi-square: beyond the first or its inverse errors are rough, beyond the second meaningless.
_LEAST_RISE, _NOTHING = 0.5, 0.1


def rough_errors(problem: Problem, fit: Minimum, advice: str) -> tuple[str, ...]:
    """Notes if the errors are rough: one standard error away, chi-square should rise by 1.

    Raises ConvergenceError if it hardly rises or rises by far more, because the response is constant there or jumps.
    advice: what to do then.
    """
    normal = fit.jacobian.T @ fit.jacobian
    stiffness, axes = np.linalg.eigh(normal)
    least = float(problem.squares(fit.coordinates[np.newaxis])[0])
    # Without noise a standard error is below the resolution of a simulation.
    lengths = np.maximum(np.sqrt(fit.unit / stiffness), _SHORTEST)
    steps = (axes * lengths).T
    steps = np.concatenate([steps, -steps])
    # Within the parameters' range; chi-square rises with the square of the distance.
    room = np.where(steps > 0.0, problem.unknowns.upper, problem.unknowns.lower) - fit.coordinates
    shares = np.minimum(1.0, np.min(room / steps, axis=1, where=steps != 0.0, initial=1.0))
    points = fit.coordinates + shares[:, np.newaxis] * steps
    rises = ((problem.squares(points) - least) / shares**2).reshape(2, -1) / (stiffness * lengths**2)
    notes = []
    for pair, axis in zip(rises.T, axes.T, strict=True):
        name = fit.names[int(np.argmax(np.abs(axis)))]
        lowest, highest = float(pair.min()), float(pair.max())
        if lowest < _NOTHING or highest > 1.0 / _NOTHING:
            misfit = "" if fit.described else f" after scaling by {fit.unit:.3g}: the model does not describe the data"
            raise ConvergenceError(
                f"{name}: not determined by these data: the simulated response jumps or bends with it "
                f"(one standard error away chi-square rises by {lowest:.2g} to {highest:.2g} instead of "
                f"1{misfit}); {advice}"
            )
        if lowest < _LEAST_RISE or highest > 1.0 / _LEAST_RISE:
            notes.append(
                f"{name}: one standard error away chi-square rises by {lowest:.2g} to {highest:.2g} instead of 1; take "
                "its error as a rough one"
            )
    return tuple(notes)
