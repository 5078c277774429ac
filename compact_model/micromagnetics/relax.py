"""Relaxation of a state of unit vectors towards equilibrium, free or held at an angle by a spin torque."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..support.arrays import FloatArray
from ..support.validation import ConvergenceError


@dataclass(frozen=True)
class Relaxed:
    """A relaxed state."""

    state: FloatArray
    """m, shape (3, cells along, cells across)."""
    torque_field: float
    """sigma_ST of the torque that holds the state, T; 0 if it is free."""
    residual: float
    """The largest remaining field perpendicular to m in any cell, T."""
    iterations: int


def mean_angle(m: FloatArray) -> float:
    """phi of the wall, rad, from Bloch (along +y) towards -x: the mean over its spins, weighted by sin^2 theta."""
    x, y = m[0], m[1]
    weight = np.hypot(x, y)
    return float(np.arctan2(-(weight * x).sum(), (weight * y).sum()))


def turned(m: FloatArray, angle: float) -> FloatArray:
    """The state with every spin turned about the film normal, rad."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack([cosine * m[0] - sine * m[1], sine * m[0] + cosine * m[1], m[2]])


def relax(
    state: FloatArray,
    field: Callable[[FloatArray], FloatArray],
    *,
    stiffest: float,
    angle: float | None = None,
    tolerance: float,
    most: int,
) -> Relaxed:
    """Relax a state by steepest descent with Barzilai-Borwein steps.

    field: of the energy, T.  stiffest: an upper bound of the curvature of the energy, T.  tolerance: largest residual,
    T.  angle: hold the wall there (`mean_angle`, rad).  It is held by the torque that turns a wall in the device,
    Slonczewski's: the field sigma m x z in every cell, with sigma chosen in every step so that no work remains along a
    common turn of all spins.  Each held state is therefore one that a current holds at rest, and sigma is its field.
    The steps need no line search (Barzilai and Borwein 1988, doi 10.1093/imanum/8.1.141); on spins: Exl et al. 2014,
    doi 10.1063/1.4862839.  Raises ConvergenceError, with the residual, after `most` steps.
    """
    m, step, residual = state, 1.0 / stiffest, np.inf
    before: tuple[FloatArray, FloatArray] | None = None
    for iteration in range(most):
        force, sigma = _force(m, field(m), held=angle is not None)
        residual = float(np.sqrt((force**2).sum(axis=0).max()))
        if residual < tolerance:
            return Relaxed(m, sigma, residual, iteration)
        if not np.isfinite(residual):
            break
        if before is not None:
            moved, changed = m - before[0], before[1] - force
            product = abs(float((moved * changed).sum()))
            if product > 0.0:
                long, short = float((moved**2).sum()) / product, product / float((changed**2).sum())
                step = min(max(long if iteration % 2 else short, 0.1 / stiffest), 1e6 / stiffest)
        before = (m, force)
        m = m + step * force
        m /= np.sqrt((m**2).sum(axis=0))
        if angle is not None:
            m = turned(m, angle - mean_angle(m))
    raise ConvergenceError(
        f"micromagnetics: the wall did not come to rest in {most} steps, a field of {residual:.2g} T is left where "
        f"{tolerance:.2g} T were asked for; try more steps, smaller cells, or a larger tolerance"
    )


def _force(m: FloatArray, field: FloatArray, *, held: bool) -> tuple[FloatArray, float]:
    """The field that moves the spins, perpendicular to m, without its common turn if the angle is held; and sigma."""
    force = field - (field * m).sum(axis=0) * m
    if not held:
        return force, 0.0
    turn = np.stack([m[1], -m[0], np.zeros_like(m[2])])  # m x z
    sigma = -float((turn * force).sum() / (turn**2).sum())
    return force + sigma * turn, sigma
