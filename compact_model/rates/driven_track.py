"""A track under a constant drive: where it holds the wall, and the barriers that the wall crosses to leave."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..device import heating
from ..device.equilibrium import added, angle_energy, angle_field, field_along, share_along
from ..device.junction import antiparallel_share, voltage_at_current
from ..device.parameters import DeviceParameters
from ..drive import CurrentDensity
from ..ensemble import device_arrays
from ..kernels.tables import device_at
from ..kernels.terms import TERMS
from ..support import validation
from ..support.arrays import FloatArray
from ..support.validation import InputError
from ..track.landscape import Landscape
from .orbits import Site
from .potentials import Beyond, Minimum, Scales, Side, angle_minima, stretches_beyond, track_minima

LEAST_TEMPERATURE = 1.0
"""K."""
_TURN = np.linspace(0.0, 2.0 * np.pi, 721)
_FAR_ABOVE = 10.0  # times the largest slope of the angle's energy: no rest angle is looked for beyond this
_ROWS_AT_A_TIME = 2000
_TURNS = 0.5  # k_B T gained in half a turn above which a turning wall does not stop again at once
_DEEPEST = 600.0  # k_B T: the escape time of a deeper site overflows a float64


class Bias(NamedTuple):
    """The junction's effect on a wall at rest, as functions of its position (m), of any shape."""

    density: Callable[[FloatArray], FloatArray]
    """J in the torques, A/m2."""
    voltage: Callable[[FloatArray], FloatArray]
    """V."""


def constant_density(parameters: DeviceParameters, density: float) -> Bias:
    """The same J (A/m2) everywhere; the voltage is that of a junction carrying J times its area."""

    def voltage(position: FloatArray) -> FloatArray:
        share = antiparallel_share(parameters, position)
        return voltage_at_current(parameters, share, density * parameters.junction_area)

    return Bias(lambda position: np.full(np.shape(position), density), voltage)


class DrivenTrack(NamedTuple):
    """The places that hold the wall, from the track's start to its end, in wall widths and k_B T."""

    places: list[Minimum]
    sites: list[Site | None]
    """The same with their rest angles; None: the current turns the wall there without end."""
    gaps: list[float]
    """The flat stretches between neighbours."""
    beyond: tuple[Beyond, Beyond]

    @property
    def held(self) -> list[Site]:
        """The sites that hold the wall."""
        return [site for site in self.sites if site is not None]


def field_like(parameters: DeviceParameters, density: FloatArray) -> FloatArray:
    """sigma_FLT, T, of a J in A/m2."""
    voltage = density * parameters.resistance_area_product
    linear = parameters.field_like_ratio * parameters.torque_per_current_density * density
    return np.asarray(linear + parameters.field_like_quadratic * voltage**2)


def anisotropy_push(parameters: DeviceParameters, landscape: Landscape, position: FloatArray, bias: Bias) -> FloatArray:
    """The force on a wall from an H_K that varies along the track, T, at positions in m, shape (positions,).

    The angle follows the wall: it rests under the local torque, or turns evenly where nothing holds it.
    """
    push = np.zeros(position.size)
    if share_along(parameters) == 0.0:
        return push
    slope = landscape.anisotropy_slope(position)
    sloped = np.flatnonzero(slope)
    for start in range(0, sloped.size, _ROWS_AT_A_TIME):
        rows = sloped[start : start + _ROWS_AT_A_TIME]
        push[rows] = _push_at(parameters, landscape, position[rows], slope[rows], bias)
    return push


def _push_at(
    parameters: DeviceParameters, landscape: Landscape, position: FloatArray, slope: FloatArray, bias: Bias
) -> FloatArray:
    anisotropy = landscape.anisotropy_field(position, parameters)
    torque = parameters.torque_per_current_density * bias.density(position)
    if not added([parameters]):
        with np.errstate(divide="ignore", invalid="ignore"):
            turned = np.where(np.abs(2.0 * torque) < np.abs(anisotropy), 2.0 * torque / anisotropy, 1.0)
        cosine = np.sign(anisotropy) * np.sqrt(1.0 - turned**2)
        return field_along(parameters, 0.5 * np.arccos(np.clip(cosine, -1.0, 1.0)), slope)
    here = {
        "voltage": bias.voltage(position)[:, np.newaxis],
        "anisotropy": anisotropy[:, np.newaxis],
        "position": position[:, np.newaxis],
    }
    field = angle_field(parameters, _TURN, **here) + torque[:, np.newaxis]
    resting = (field[:, :-1] <= 0.0) & (field[:, 1:] > 0.0)
    energy = np.where(resting, angle_energy(parameters, _TURN, **here)[:, :-1], np.inf)
    lowest = energy.argmin(axis=1)
    rows = np.arange(position.size)
    before, after = field[rows, lowest], field[rows, lowest + 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        angle = _TURN[lowest] - (_TURN[1] - _TURN[0]) * before / (after - before)
    # Averaged over a whole turn, the force is the one at an eighth of a turn.
    return field_along(parameters, np.where(resting.any(axis=1), angle, 0.25 * np.pi), slope)


def driven_track(
    parameters: DeviceParameters, landscape: Landscape, scales: Scales, net_field: float, bias: Bias
) -> DrivenTrack | None:
    """Under a net field H_z (T) and a bias; None if no place holds the wall in this field."""

    def push(position: FloatArray) -> FloatArray:
        field = net_field + field_like(parameters, bias.density(position))
        return field + anisotropy_push(parameters, landscape, position, bias)

    where = np.array([0.0, parameters.track_length])
    ends = net_field + field_like(parameters, bias.density(where))
    steepest = 0.0 if landscape.anisotropy is None else landscape.anisotropy.steepest
    most = abs(float(field_along(parameters, np.array(0.5 * np.pi), np.array(steepest))))
    if float(np.abs(ends).min()) >= sum(well.coercive_field for well in landscape.wells) + most:
        return None
    places = track_minima(parameters, landscape, scales, push)
    if not places:
        return None
    where = np.array([each.place for each in places]) * scales.length
    anisotropy = landscape.anisotropy_field(where, parameters)
    turning = parameters.torque_per_current_density * bias.density(where)
    sites = [
        _site(parameters, place, field, torque, voltage, scales)
        for place, field, torque, voltage in zip(
            places, anisotropy.tolist(), turning.tolist(), bias.voltage(where).tolist(), strict=True
        )
    ]
    gaps = [
        max(0.0, after.place - after.below.coordinate[-1] - before.place - before.above.coordinate[-1])
        for before, after in pairwise(places)
    ]
    beyond = stretches_beyond(parameters, scales, (float(ends[0]), float(ends[1])), places[0], places[-1])
    return DrivenTrack(places, sites, gaps, beyond)


def _site(
    parameters: DeviceParameters, place: Minimum, anisotropy: float, torque: float, voltage: float, scales: Scales
) -> Site | None:
    where = place.place * scales.length
    field = angle_field(parameters, _TURN, voltage=voltage, anisotropy=anisotropy, position=where)
    steepest = float(np.abs(field).max())
    if abs(torque) > _FAR_ABOVE * steepest:
        return None
    cells, drop = angle_minima(parameters, anisotropy, torque, voltage, scales, where)
    if not cells:
        return None
    level = min(cell.energy for cell in cells)
    return Site(place, [_lowered(cell, level) for cell in cells], drop)


def _lowered(cell: Minimum, level: float) -> Minimum:
    below = Side(cell.below.coordinate, cell.below.energy - level)
    above = Side(cell.above.coordinate, cell.above.energy - level)
    return Minimum(cell.place, cell.energy - level, below, above)


def cooling(parameters: DeviceParameters, track: DrivenTrack, scales: Scales, bias: Bias) -> FloatArray:
    """Ratio of a wall's total energy loss to that of the damping alone, about each place, shape (places,).

    Where the torque falls along the track, as it does under a current source whose voltage follows the resistance, it
    removes energy at a rate E_0 sigma_ST' in addition to the alpha (U'' + V'') of the damping.  A positive current
    cools the wall and a negative one heats it; where no net loss is left, the wall oscillates by itself.
    """
    length = scales.length
    result = np.ones(len(track.sites))
    for number, site in enumerate(track.sites):
        if site is None:
            continue
        about = site.along.place * length + np.array([-length, length])
        torque = scales.energy * parameters.torque_per_current_density * bias.density(about)
        sides = (site.along.below, site.along.above), (site.cells[0].below, site.cells[0].above)
        stiffness = sum(0.5 * (below.stiffness() + above.stiffness()) for below, above in sides)
        result[number] -= 0.5 * (torque[1] - torque[0]) / (scales.damping * stiffness)
    return result


def strongest_anisotropy(parameters: DeviceParameters, landscape: Landscape) -> tuple[float, float]:
    """The H_K of the track at which a wall's angle is hardest to turn, T, and the torque that turns it, T."""
    profile = landscape.anisotropy
    fields = (parameters.anisotropy_field,) if profile is None else profile.anisotropy_fields
    steepest = [float(np.abs(angle_field(parameters, _TURN, anisotropy=each)).max()) for each in fields]
    hardest = int(np.argmax(steepest))
    return fields[hardest], steepest[hardest]


def check_angles(parameters: DeviceParameters, landscape: Landscape) -> None:
    """Raise InputError for a wall without an anisotropy that gives its angle a rest position."""
    if strongest_anisotropy(parameters, landscape)[1] == 0.0:
        raise InputError("anisotropy_field: expected a field other than 0, got 0: the wall has no rest angle")


def check_temperature(parameters: DeviceParameters, temperature: float) -> float:
    """A temperature at which rates exist, K; without damping a wall has no thermal fields at any temperature."""
    kelvin = validation.positive("temperature", temperature)
    if parameters.damping == 0.0:
        raise InputError("damping: expected a number above 0 for rates of escape, got 0")
    if kelvin < LEAST_TEMPERATURE:
        raise InputError(f"temperature: expected at least {LEAST_TEMPERATURE:g} K for rates, got {kelvin:g} K")
    return kelvin


def check_width(parameters: DeviceParameters, driven: bool) -> None:
    """Raise InputError for a device whose walls change width under a current, or which the current heats."""
    if driven:
        heating.refuse(parameters, "escape rates under a current")
    device = device_at(device_arrays([parameters], CurrentDensity.of(0.0), "both", np.zeros(1), 1), 0)
    for term in TERMS:
        if not driven or term.relative_width is None or not term.is_on(parameters):
            continue
        width: Any = term.relative_width  # a jitted function, which also runs as plain Python
        if width.py_func(device, 0.1) != 1.0:
            on = " and ".join(f"{name} = {getattr(parameters, name):g}" for name in term.switches)
            raise InputError(f"parameters: expected walls that keep their width under a current, got {on}")


def barriers(site: Site) -> tuple[float, float, float]:
    """Barriers to the left, to the right, and of the angle in the direction of the torque, k_B T."""
    along, about = site.along, site.cells[0]
    turning = about.below if site.drop >= 0.0 else about.above
    return along.below.top - along.energy, along.above.top - along.energy, turning.top - about.energy


def turns(site: Site) -> bool:
    """Whether a wall that the torque has turned over the angle's barrier continues to turn."""
    return abs(site.drop) > _TURNS


def lowest_barrier(site: Site) -> float:
    """The lowest barrier that leads out of a site, k_B T; the angle's counts only if a torque then keeps turning the
    wall."""
    left, right, angle = barriers(site)
    return min(left, right, angle) if turns(site) else min(left, right)


def within_reach(sites: list[Site]) -> bool:
    """Whether there is a site whose rate a float64 can hold."""
    return min(map(lowest_barrier, sites)) < _DEEPEST
