"""Relaxed walls in a stripe: free, held at an angle, and turned from Bloch to Neel."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from scipy.optimize import least_squares

from ..constants import NANOMETRE
from ..support import validation
from ..support.arrays import FloatArray
from ..support.progress import Progress
from ..support.provenance import provenance
from ..support.validation import ConvergenceError, InputError
from . import plots  # noqa: F401 (registers how walls draw themselves)
from .relax import Relaxed, mean_angle, relax, turned
from .stripe import Stripe, StripeEnergy

TOLERANCE = 1e-6
"""Largest field perpendicular to a spin of a relaxed wall, T: 0.01 Oe, far below the 10 Oe by which walls differ."""
MOST_STEPS = 20_000
_STILL_UP = 0.05
"""Largest in-plane component of a unit spin in the last cells of the window; above it, the wall does not fit."""

_LEAST_CELLS = 1.5
"""Least number of cells in a wall's Delta: in larger cells it can collapse between two of them."""

_UNITS = {
    "energy": ("energy above the uniform stripe", "J"),
    "torque_field": ("sigma_ST that holds the wall", "T"),
    "wall_width": ("Delta by a tanh along the centre line", "m"),
    "torque_width": ("half the integral of sin^2 theta", "m"),
    "mean_angle": ("angle of the spins from Bloch, mean", "rad"),
    "centre_angle": ("angle of the spins from Bloch, at the centre", "rad"),
    "moment_angle": ("angle of the in-plane moment from Bloch", "rad"),
    "tilt": ("tilt of the wall's line across the stripe", "rad"),
    "residual": ("largest field across a spin that is left", "T"),
    "iterations": ("steps of the relaxation", "1"),
}


def relax_wall(
    stripe: Stripe, angle: float | None = None, *, tolerance: float = TOLERANCE, most_steps: int = MOST_STEPS
) -> xr.Dataset:
    """Relax a wall in a stripe: its spins, energy, width, angles and tilt.

    angle: phi at which the wall is held, rad: 0 is a Bloch wall, pi/2 a Neel wall; None: free, starting at 45 degrees.
    A Slonczewski torque holds the wall (see `turn_wall`).  tolerance: largest remaining field perpendicular to a spin,
    T. Returns a Dataset with magnetisation (component, along, across) and, in SI, energy (above the stripe without a
    wall) and its terms; torque_field, the sigma_ST that holds the wall; wall_width, Delta of the tanh that best fits
    m_z along the centre line (the width in the paper); torque_width, half the integral of sin^2 theta along the stripe,
    averaged over its width (the same for a tanh); centre_angle, mean_angle and moment_angle, from Bloch towards Neel,
    of the spins at the centre, of all spins weighted by sin^2 theta, and of the wall's total moment in the plane; tilt;
    residual; iterations.
    Raises ConvergenceError for a wall that does not come to rest, or that does not fit in the window.
    """
    validation.instance("stripe", stripe, Stripe)
    held = None if angle is None else validation.between("angle", angle, -2.0 * np.pi, 2.0 * np.pi)
    energy = StripeEnergy(stripe)
    start = _start(stripe, np.pi / 4.0 if held is None else held)
    found = _at_rest(energy, start, held, tolerance, most_steps)
    terms = energy.terms(found.state)
    numbers = _describe(energy, found)
    result = xr.Dataset(
        {
            "magnetisation": (("component", "along", "across"), found.state, {"long_name": "m", "units": "1"}),
            "energy_term": (("term",), list(terms.values()), {"long_name": "energy by terms", "units": "J"}),
            **{name: ((), value, _attributes(name)) for name, value in numbers.items()},
        },
        coords={
            "component": ["x", "y", "z"],
            "along": ("along", stripe.along, {"long_name": "position along the stripe", "units": "m"}),
            "across": ("across", stripe.across, {"long_name": "position across the stripe", "units": "m"}),
            "term": list(terms),
        },
        attrs={"experiment": "relax_wall", "angle": "free" if held is None else held, **provenance([stripe])},
    )
    return result


def turn_wall(
    stripe: Stripe,
    angles: ArrayLike | None = None,
    *,
    tolerance: float = TOLERANCE,
    most_steps: int = MOST_STEPS,
    progress: bool = False,
) -> xr.Dataset:
    """Hold a wall at a series of angles: its energy E(phi), and the torque that is needed to turn it.

    angles: increasing, rad; by default every 5 degrees from Bloch to Neel, or over a full turn if there is a DMI.
    The wall is held by the torque that turns it in the device, the Slonczewski torque.  It is a field sigma m x z in
    every cell, with sigma such that the mean angle (weighted by sin^2 theta) stays.  torque_field(angle) is therefore
    the sigma_ST at which the wall is at rest at this angle, with all its spins, its width and its tilt.  Its maximum is
    the threshold: under a larger torque the wall precesses, whatever site it is in.
    Returns a Dataset with the results of `relax_wall` over `angle`; threshold, T, and threshold_angle, from a parabola
    through the largest three values; and the parameters of the compact model's rigid wall, anisotropy_field H_K and
    fourth_order_anisotropy_field H_4, T. These are fitted to its equation of motion at rest,

        sigma_ST = -(H_K sin 2 phi + H_4 sin 4 phi)/2     [+ H_D cos phi, dmi_field, where there is a DMI],

    by least squares, and then scaled so that the fit has the true threshold; fit_error is the rms residual, T. If Bloch
    and Neel are among the angles, energy_anisotropy_field is (E_Neel - E_Bloch)/(M_s Delta W t), T, with Delta =
    wall_width at the lowest energy.  It would be H_K if the wall kept its width while it turned.
    """
    validation.instance("stripe", stripe, Stripe)
    if angles is None:
        angles = np.radians(np.arange(0.0, 360.0 if stripe.interfacial_dmi else 91.0, 5.0))
    every = validation.increasing("angles", angles)
    validation.between("angles", every[0], -2.0 * np.pi, 2.0 * np.pi)
    validation.between("angles", every[-1], -2.0 * np.pi, 2.0 * np.pi)
    if every.size < 4:
        raise InputError(f"angles: expected at least 4 for a fit, got {every.size}")
    energy = StripeEnergy(stripe)
    state = _start(stripe, float(every[0]))
    rows = []
    with Progress(progress, "turning").bar(every.size, "angles") as advance:
        for angle in every.tolist():
            found = _at_rest(energy, turned(state, angle - mean_angle(state)), angle, tolerance, most_steps)
            state = found.state
            rows.append(_describe(energy, found))
            advance(1)
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    fields = compact_fields(stripe, every, columns)
    return xr.Dataset(
        {
            **{name: (("angle",), values, _attributes(name)) for name, values in columns.items()},
            **{name: ((), value, {"long_name": text, "units": unit}) for name, (value, text, unit) in fields.items()},
        },
        coords={"angle": ("angle", every, {"long_name": "phi, mean angle from Bloch", "units": "rad"})},
        attrs={"experiment": "turn_wall", **provenance([stripe])},
    )


def _attributes(name: str) -> dict[str, str]:
    long_name, unit = _UNITS[name]
    return {"long_name": long_name, "units": unit}


def _start(stripe: Stripe, angle: float) -> FloatArray:
    """A straight wall in the middle of the window, with the width for a film of this small thickness."""
    shape = stripe.cells
    u = np.broadcast_to(stripe.along[:, np.newaxis] / min(15.0 * NANOMETRE, stripe.window / 12.0), shape)
    in_plane = 1.0 / np.cosh(u)
    return np.stack([-np.sin(angle) * in_plane, np.cos(angle) * in_plane, -np.tanh(u)])


def _at_rest(
    energy: StripeEnergy, start: FloatArray, angle: float | None, tolerance: float, most_steps: int
) -> Relaxed:
    smallest = 1e-9  # T: close to the rounding error of the fields
    tolerance = validation.between("tolerance", tolerance, smallest, 1.0)
    most = validation.whole("most_steps", most_steps, 1)
    with np.errstate(over="ignore", invalid="ignore"):  # of impossible films; `relax` refuses the result
        found = relax(start, energy.field, stiffest=energy.stiffest, angle=angle, tolerance=tolerance, most=most)
    stripe = energy.stripe
    width = _torque_width(stripe, found.state)
    if width < _LEAST_CELLS * stripe.cell_edge:
        raise ConvergenceError(
            f"micromagnetics: the wall shrank to {width / NANOMETRE:.2g} nm, which cells of "
            f"{stripe.cell_edge / NANOMETRE:.3g} nm do not show (a residual field of {found.residual:.2g} T); try "
            f"smaller cells"
        )
    ends = np.hypot(found.state[0], found.state[1])[[0, -1]]
    if float(ends.max()) > _STILL_UP:
        raise ConvergenceError(
            f"micromagnetics: the wall leaves the window of {stripe.window / NANOMETRE:g} nm, whose last spins "
            f"have {ends.max():.2g} of their length in the plane (a residual field of {found.residual:.2g} T); try a "
            f"longer window, or a film that is magnetised across itself: uniaxial_anisotropy above "
            f"mu_0 M_s^2 / 2"
        )
    return found


def _describe(energy: StripeEnergy, found: Relaxed) -> dict[str, float]:
    stripe, (x, y, z) = energy.stripe, found.state
    middle = slice((stripe.cells[1] - 1) // 2, stripe.cells[1] // 2 + 1)
    line = z[:, middle].mean(axis=1)
    centre, width = _tanh_fit(stripe.along, line)
    at_centre = [float(np.interp(centre, stripe.along, each[:, middle].mean(axis=1))) for each in (x, y)]
    crossings = [float(np.interp(0.0, -z[:, row], stripe.along)) for row in range(stripe.cells[1])]
    return {
        "energy": sum(energy.terms(found.state).values()),
        "torque_field": found.torque_field,
        "wall_width": width,
        "torque_width": _torque_width(stripe, found.state),
        "mean_angle": mean_angle(found.state),
        "centre_angle": float(np.arctan2(-at_centre[0], at_centre[1])),
        "moment_angle": float(np.arctan2(-x.sum(), y.sum())),
        "tilt": float(np.arctan(np.polyfit(stripe.across, crossings, 1)[0])),
        "residual": found.residual,
        "iterations": float(found.iterations),
    }


def _torque_width(stripe: Stripe, m: FloatArray) -> float:
    return 0.5 * stripe.cell_edge * float((m[0] ** 2 + m[1] ** 2).sum()) / stripe.cells[1]


def _tanh_fit(along: FloatArray, line: FloatArray) -> tuple[float, float]:
    """Centre and Delta, m, of the -tanh((x - centre) / Delta) that best fits m_z along a line."""

    def misfit(place: FloatArray) -> FloatArray:
        result: FloatArray = line + np.tanh((along / NANOMETRE - place[0]) / place[1])
        return result

    centre, width = least_squares(misfit, [0.0, 15.0]).x
    return float(centre) * NANOMETRE, abs(float(width)) * NANOMETRE


def compact_fields(
    stripe: Stripe, angles: FloatArray, columns: Mapping[str, FloatArray]
) -> dict[str, tuple[float, str, str]]:
    """Parameters of the compact model from a turned wall (see `turn_wall`): value, long name and unit of each.

    columns: torque_field, energy and wall_width at the angles.
    """
    torque, energy = columns["torque_field"], columns["energy"]
    shapes = [-0.5 * np.sin(2.0 * angles), -0.5 * np.sin(4.0 * angles)]
    if stripe.interfacial_dmi:
        shapes.append(np.cos(angles))
    basis = np.stack(shapes, axis=1)
    at, largest = _peak(angles, np.abs(torque))
    fields = np.linalg.lstsq(basis, torque, rcond=None)[0]
    fields *= largest / _peak(angles, np.abs(basis @ fields))[1]
    left = float(np.sqrt(np.mean((basis @ fields - torque) ** 2)))
    neel, bloch = (np.flatnonzero(np.abs(angles - angle) < 1e-9) for angle in (0.5 * np.pi, 0.0))
    scale = stripe.saturation_magnetisation * stripe.track_width * stripe.thickness
    scale *= columns["wall_width"][np.argmin(energy)]
    found = {
        "anisotropy_field": (float(fields[0]), "two-fold anisotropy field H_K", "T"),
        "fourth_order_anisotropy_field": (float(fields[1]), "four-fold anisotropy field H_4", "T"),
        "fit_error": (left, "rms of the torque field less its fit", "T"),
        "threshold": (largest, "largest sigma_ST that a wall at rest can bear", "T"),
        "threshold_angle": (at, "angle of the threshold", "rad"),
    }
    if neel.size and bloch.size:
        difference = float(energy[neel[0]] - energy[bloch[0]]) / scale
        found["energy_anisotropy_field"] = (difference, "(E_Neel - E_Bloch)/(M_s Delta W t)", "T")
    if stripe.interfacial_dmi:
        found["dmi_field"] = (float(fields[2]), "DMI field H_D", "T")
    return found


def _peak(places: FloatArray, values: FloatArray) -> tuple[float, float]:
    """Position and height of the maximum, from the parabola through the largest value and its neighbours."""
    top = int(np.argmax(values))
    if not 0 < top < values.size - 1:
        return float(places[top]), float(values[top])
    near = slice(top - 1, top + 2)
    a, b, c = np.polyfit(places[near] - places[top], values[near], 2)
    if a >= 0.0:
        return float(places[top]), float(values[top])
    return float(places[top] - b / (2.0 * a)), float(c - b**2 / (4.0 * a))
