"""Rest positions of a wall on its track without a drive, and the section of the track that leads to each of them."""

import itertools
from collections.abc import Sequence

import numpy as np

from ..device.equilibrium import angle_energy, field_along, rest_angles, share_along
from ..device.parameters import DeviceParameters
from ..support import validation
from ..support.arrays import FloatArray
from .landscape import Landscape

_SAMPLES = 20_001
_FLAT = 1e-9  # of the largest energy: difference below which energies count as equal to that of a barrier's top


def resting_places(parameters: DeviceParameters, landscape: Landscape, net_field: float = 0.0) -> FloatArray:
    """Rest positions of a wall (m, increasing), including the two ends of the track, which hold a wall driven there.

    At all others the field changes from pushing a wall forwards to pushing it back.  net_field: T, in addition to the
    pinning field.
    """
    position, field = _fields(parameters, landscape, net_field)
    rows = np.flatnonzero((field[:-1] > 0.0) & (field[1:] <= 0.0))
    # Linear between two samples, which is accurate enough for a position.
    crossing = position[rows] + (position[1] - position[0]) * field[rows] / (field[rows] - field[rows + 1])
    return np.concatenate([[0.0], crossing, [parameters.track_length]])


def resting_angles(
    parameters: Sequence[DeviceParameters], landscapes: Sequence[Landscape], position: FloatArray
) -> FloatArray:
    """Rest angles phi in rad of walls at positions in m, shape (walls,), without a current.

    parameters, landscapes: one for all walls, or one for each.
    """
    if len(parameters) == len(landscapes) == 1:
        anisotropy = landscapes[0].anisotropy_field(position, parameters[0])
    else:
        pairs = zip(itertools.cycle(landscapes), itertools.cycle(parameters), position.tolist(), strict=False)
        anisotropy = np.array([float(track.anisotropy_field(x, device)) for track, device, x in pairs])
    return rest_angles(parameters, anisotropy)


def resting_push(parameters: DeviceParameters, landscape: Landscape, position: FloatArray) -> FloatArray:
    """The force of an H_K that varies along the track on walls at rest at positions in m, T, any shape."""
    slope = landscape.anisotropy_slope(position)
    if share_along(parameters) == 0.0 or not slope.any():
        return np.zeros_like(slope)
    angle = rest_angles([parameters], landscape.anisotropy_field(position, parameters).ravel())
    return field_along(parameters, angle.reshape(slope.shape), slope)


def wall_energy(
    parameters: DeviceParameters, landscape: Landscape, position: FloatArray, net_field: float = 0.0
) -> FloatArray:
    """Energy of a wall at rest at positions in m, relative to the start of the track, J.

    Where H_K varies along the track, the energy of the wall's angle is included to the extent that the device has its
    force.
    """
    zeeman: FloatArray = parameters.energy_per_field_length * net_field * position
    energy = landscape.energy(position, parameters) - zeeman
    share = share_along(parameters)
    if share == 0.0 or landscape.anisotropy is None:
        return energy
    field = landscape.anisotropy_field(np.append(0.0, position), parameters)
    of_angle = angle_energy(parameters, rest_angles([parameters], field), anisotropy=field)
    scale = share * parameters.energy_per_field_length * parameters.wall_width
    result: FloatArray = energy + scale * (of_angle[1:] - of_angle[0])
    return result


def dividing_points(parameters: DeviceParameters, landscape: Landscape, net_field: float = 0.0) -> FloatArray:
    """Between each two neighbouring `resting_places`, the position from which a wall may move either way, m.

    It is the top of the barrier between them, or the middle of a flat top; next to an end of the track, a flat section
    belongs to the end.
    """
    places = resting_places(parameters, landscape, net_field)
    position, _ = _fields(parameters, landscape, net_field)
    energy = wall_energy(parameters, landscape, position, net_field)
    level = _FLAT * float(np.ptp(energy))
    points = np.empty(places.size - 1)
    for index in range(points.size):
        between = (position >= places[index]) & (position <= places[index + 1])
        top = position[between][energy[between] >= energy[between].max() - level]
        first, last = index == 0, index == points.size - 1
        points[index] = top[-1] if first and not last else top[0] if last and not first else 0.5 * (top[0] + top[-1])
    return points


def _fields(parameters: DeviceParameters, landscape: Landscape, net_field: float) -> tuple[FloatArray, FloatArray]:
    validation.instance("parameters", parameters, DeviceParameters)
    position = np.linspace(0.0, parameters.track_length, _SAMPLES)
    field = validation.instance("landscape", landscape, Landscape).pinning_field(position)
    field = field + resting_push(parameters, landscape, position)
    return position, field + validation.number("net_field", net_field)
