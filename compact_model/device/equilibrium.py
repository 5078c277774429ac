"""Rest angles of a wall, their stability, and the torque that turns the wall over, from its energy.

The energy E(phi) of the wall is 2 M_s Delta W t times `angle_energy`, a field in tesla whose derivative with respect to
the angle is b of Eq. 1 without its torques.  With the two-fold anisotropy alone all of this has closed forms, which are
then used.
"""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..kernels.term import Term, no_energy, not_by_voltage
from ..kernels.terms import TERMS
from ..support.arrays import FloatArray
from .parameters import DeviceParameters

_GRID = 2.0 * np.pi * (np.arange(720) - 359) / 720  # half a degree; includes 0 and the quarter turns
_IMAGINARY_STEP = 1e-30  # a complex-step derivative has no cancellation
_DIFFERENCE = 1e-6  # rad, of the derivative's own derivative
_NEWTON_STEPS = 6
_SAME = 1e-9  # of the energy's range: rest angles this close in energy are equivalent
_ROWS_AT_A_TIME = 2000
_DENSITIES = 400
_SEARCHED = 100.0  # times the density that the anisotropy at 0 V alone requires


def added(parameters: Sequence[DeviceParameters]) -> list[Term]:
    """The terms with an energy of the angle, in addition to the permanent ones, that at least one device has."""
    return [
        term
        for term in TERMS
        if term.switches and term.energy is not no_energy and any(term.is_on(each) for each in parameters)
    ]


def angle_energy(
    parameters: Any, angle: Any, *, voltage: Any = 0.0, anisotropy: Any = None, position: Any = None
) -> Any:
    """E / (2 M_s Delta W t) in T at angles in rad, under a voltage in V.

    anisotropy: H_K in T, None: the device's; position: of the wall, m, None: the middle of the track.
    """
    field = parameters.anisotropy_field if anisotropy is None else anisotropy
    where = 0.5 * parameters.track_length if position is None else position
    terms = [term for term in TERMS if term.energy is not no_energy]
    if isinstance(parameters, DeviceParameters):  # not columns of them
        terms = [term for term in terms if term.is_on(parameters)]
    nothing = np.zeros(np.broadcast_shapes(*map(np.shape, (where, angle, voltage, field))))
    return sum((term.energy(parameters, where, angle, voltage, field) for term in terms), nothing)


def angle_field(
    parameters: Any, angle: Any, *, voltage: Any = 0.0, anisotropy: Any = None, position: Any = None
) -> Any:
    """The field that turns the wall's angle, torques aside, T: the derivative of `angle_energy`."""
    ahead = np.asarray(angle) + 1j * _IMAGINARY_STEP
    energy = angle_energy(parameters, ahead, voltage=voltage, anisotropy=anisotropy, position=position)
    return energy.imag / _IMAGINARY_STEP


def share_along(parameters: DeviceParameters) -> float:
    """The factor of an H_K gradient in the force along the track, from the energy of the wall."""
    return sum(term.share_along(parameters) for term in TERMS if term.share_along is not None)


def field_along(parameters: DeviceParameters, angle: FloatArray, slope: FloatArray) -> FloatArray:
    """The force on walls along the track, T, at angles in rad where H_K rises by slope (T/m), without a voltage."""
    by_field = angle_energy(parameters, angle, anisotropy=1.0) - angle_energy(parameters, angle, anisotropy=0.0)
    result: FloatArray = -share_along(parameters) * parameters.wall_width * slope * by_field
    return result


def angle_stiffness(parameters: DeviceParameters, angle: float) -> float:
    """The second derivative of `angle_energy`, T per rad; |H_K| at rest if there is only the two-fold anisotropy."""
    beside = angle_field(parameters, np.array([angle - _DIFFERENCE, angle + _DIFFERENCE]))
    return float(beside[1] - beside[0]) / (2.0 * _DIFFERENCE)


def rest_angles(parameters: Sequence[DeviceParameters], anisotropy: FloatArray) -> FloatArray:
    """phi in rad at which walls rest without a current: the lowest energy, and of equal ones the least turned.

    parameters: one for all, or one each; anisotropy: H_K at each wall, T, shape (walls,).
    """
    if not added(parameters):
        return np.where(anisotropy < 0.0, 0.5 * np.pi, 0.0)
    result = np.empty(anisotropy.size)
    names = sorted({name for term in TERMS for name in (*term.switches, *term.reads)} | {"track_length"})
    columns = {name: np.array([getattr(each, name) for each in parameters]) for name in names}
    for start in range(0, anisotropy.size, _ROWS_AT_A_TIME):
        rows = slice(start, start + _ROWS_AT_A_TIME)
        own = {name: values if values.size == 1 else values[rows] for name, values in columns.items()}
        devices = SimpleNamespace(**{name: values[:, np.newaxis] for name, values in own.items()})
        result[rows] = _least_turned(devices, anisotropy[rows, np.newaxis])
    return result


def rest_angle(parameters: DeviceParameters, anisotropy: float | None = None) -> float:
    """The result of `rest_angles` for a single wall; anisotropy: H_K in T, None: the device's."""
    field = parameters.anisotropy_field if anisotropy is None else anisotropy
    return float(rest_angles([parameters], np.array([field]))[0])


def _least_turned(devices: SimpleNamespace, anisotropy: FloatArray) -> FloatArray:
    """Rest angles of devices whose parameters, H_K included, are columns."""
    energy = angle_energy(devices, _GRID, anisotropy=anisotropy)
    lowest = energy.min(axis=1, keepdims=True)
    as_low = energy <= lowest + _SAME * np.ptp(energy, axis=1, keepdims=True)
    turned = np.abs(_GRID) + 1e-6 * (_GRID < 0.0)
    start = _GRID[np.argmin(np.where(as_low, turned, np.inf), axis=1)][:, np.newaxis]
    angle = start.copy()
    spacing = _GRID[1] - _GRID[0]
    for _ in range(_NEWTON_STEPS):
        slope, ahead = (
            angle_field(devices, angle + difference, anisotropy=anisotropy) for difference in (0.0, _DIFFERENCE)
        )
        stiffness = (ahead - slope) / _DIFFERENCE
        step = np.divide(slope, stiffness, out=np.zeros_like(angle), where=stiffness > 0.0)
        angle = np.clip(angle - step, start - spacing, start + spacing)
    result: FloatArray = angle[:, 0]
    return result


def angle_barrier(parameters: DeviceParameters) -> float:
    """The barrier from the rest angle to the lower neighbouring maximum, J."""
    scale = parameters.energy_per_field_length * parameters.wall_width
    if not added([parameters]):
        return 0.5 * scale * abs(parameters.anisotropy_field)
    rest = rest_angle(parameters)
    turn = np.linspace(0.0, 2.0 * np.pi, 7201)
    tops = []
    for direction in (1.0, -1.0):
        energy = angle_energy(parameters, rest + direction * turn)
        falling = np.flatnonzero(np.diff(energy) < 0.0)
        tops.append(energy[falling[0]] - energy[0] if falling.size else 0.0)
    return float(scale * max(min(tops), 0.0))


def largest_turn(
    parameters: DeviceParameters, voltage: ArrayLike = 0.0, *, sign: float = 1.0, position: float | None = None
) -> FloatArray:
    """The largest value of sign times `angle_field` over all angles, T, at voltages in V, any shape.

    position: of the wall, m, None: the middle of the track.
    With sign = -1 it is the largest Slonczewski torque under which the wall still finds an angle to rest at.
    """
    volts = np.asarray(voltage, dtype=np.float64)
    if not added([parameters]):
        return np.full(volts.shape, 0.5 * abs(parameters.anisotropy_field))
    column = volts.reshape(-1, 1)
    angle, spacing = _GRID[np.newaxis, :], _GRID[1] - _GRID[0]
    for _ in range(5):
        field = sign * angle_field(parameters, angle, voltage=column, position=position)
        best = field.argmax(axis=1)[:, np.newaxis]
        angle = np.take_along_axis(np.broadcast_to(angle, field.shape), best, axis=1)
        angle = angle + spacing * np.linspace(-1.0, 1.0, 21)
        spacing *= 0.1
    result: FloatArray = field.max(axis=1).reshape(volts.shape)
    return result


def turning_density(parameters: DeviceParameters, share: float = 0.0) -> float:
    """The lowest J > 0, A/m2, whose Slonczewski torque leaves the wall no angle to rest at; inf: there is none.

    share: f, 0 to 1, of the junction that is antiparallel, up to that of a wall at the track's start.  It counts where
    the energy depends on the voltage, which is that of a junction that carries J times its area.
    """
    from .junction import voltage_at_current

    per_density = parameters.torque_per_current_density
    alone = float(largest_turn(parameters, sign=-1.0)) / per_density
    if not added([parameters]):
        return alone
    scale = alone if alone > 0.0 else 1.0
    position = parameters.track_length - share * parameters.junction_area / parameters.track_width
    if all(term.per_volt is not_by_voltage for term in added([parameters])):
        return float(largest_turn(parameters, sign=-1.0, position=position)) / per_density

    def excess(density: FloatArray) -> FloatArray:
        volts = voltage_at_current(parameters, np.full(density.shape, share), density * parameters.junction_area)
        result: FloatArray = per_density * density - largest_turn(parameters, volts, sign=-1.0, position=position)
        return result

    densities = scale * np.concatenate(
        [np.linspace(0.0, 3.0, _DENSITIES), np.geomspace(3.0, _SEARCHED, _DENSITIES)[1:]]
    )
    free = np.flatnonzero(excess(densities) >= 0.0)
    if free.size == 0:
        return np.inf
    if free[0] == 0:
        return 0.0
    from scipy.optimize import brentq

    low, high = densities[free[0] - 1], densities[free[0]]
    return float(brentq(lambda density: float(excess(np.array([density]))[0]), low, high, rtol=1e-13))
