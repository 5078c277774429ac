"""The wall as a system with one degree of freedom: the potentials of its position and of its angle, in k_B T.

With xi = x / Delta and H = U(xi) + V(phi) the equations of the model read

    d(xi, phi)/dt = Gamma [(dV/dphi, -dU/dxi) - alpha (dU/dxi, dV/dphi)] + noise

with Gamma = gamma k_B T / [(1 + alpha^2) E_0] and E_0 = 2 M_s Delta W t.  Fields along z and the field-like torque tilt
U.  The Slonczewski torque tilts V and so has a potential too, which changes by pi sigma_ST E_0 with each half turn.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .. import constants
from ..device.equilibrium import angle_energy
from ..device.parameters import DeviceParameters
from ..support.arrays import FloatArray
from ..track.landscape import Landscape

_ALONG = 20_001  # samples of the track, plus the same number in each well
_PER_WELL = 2_001
_PER_PERIOD = 8_001
_LARGEST_EXPONENT = 600.0
LEAST_BARRIER = 0.5  # k_B T: a shallower dip is no site


@dataclass(frozen=True)
class Side:
    """One side of a minimum, from the minimum to the top of the barrier; the energy rises along it."""

    coordinate: FloatArray
    """Distance from the minimum, in xi or in rad."""
    energy: FloatArray
    """k_B T."""

    @property
    def top(self) -> float:
        """Energy of the barrier's top, k_B T."""
        return float(self.energy[-1])

    def in_bins(self, edges: FloatArray) -> tuple[FloatArray, FloatArray]:
        """For each bin of energy: the length of the side in it, and the integral of the force over the energy."""
        # Where the energy does not rise, the whole stretch belongs to one bin.
        rising = self.energy + 1e-12 * np.arange(self.energy.size)
        steps, lengths = np.diff(self.energy), np.diff(self.coordinate)
        force = np.divide(steps, lengths, out=np.zeros_like(steps), where=lengths > 0.0)
        length = np.interp(edges, rising, self.coordinate)
        work = np.interp(edges, rising, np.concatenate([[0.0], np.cumsum(force * steps)]))
        return np.diff(length), np.diff(work)

    def slope(self, energy: FloatArray) -> FloatArray:
        """The slope of the side where it reaches an energy (k_B T), any shape."""
        steps, lengths = np.diff(self.energy), np.diff(self.coordinate)
        slopes = np.divide(steps, lengths, out=np.zeros_like(steps), where=lengths > 0.0)
        rising = self.energy + 1e-12 * np.arange(self.energy.size)
        return np.interp(energy, 0.5 * (rising[1:] + rising[:-1]), slopes)

    def stiffness(self) -> float:
        """The stiffness of the parabola that reaches the same height at the same distance, slightly above the
        minimum."""
        height = min(0.5 * (self.top - float(self.energy[0])), 1.0)
        rising = self.energy - self.energy[0] + 1e-12 * np.arange(self.energy.size)
        return 2.0 * height / float(np.interp(height, rising, self.coordinate)) ** 2

    def scaled(self, factor: float) -> "Side":
        """The same with all energies multiplied by a factor."""
        return Side(self.coordinate, factor * self.energy)

    def return_time(self, push: float) -> float:
        """How long the end of the track holds a wall that arrives with its angle on this side of the minimum.

        The wall stays until its angle has diffused back to the minimum.  push: the force that turns the angle away from
        it, over the damping, k_B T per rad.  The mean over a flux in equilibrium that arrives at all angles is

            int_0 exp(-push s) int_s exp(push z - energy(z)) dz ds,    s and z distances from the minimum

        in units of 1 / (alpha Gamma), at most exp(600).  Without a push it is int s exp(-energy) ds.
        """
        lengths = np.diff(self.coordinate)
        middle = 0.5 * (self.coordinate[1:] + self.coordinate[:-1])
        inner = push * middle - 0.5 * (self.energy[1:] + self.energy[:-1]) + np.log(lengths)
        beyond = np.append(np.logaddexp.accumulate(inner[::-1])[::-1][1:], -np.inf)
        inner = np.logaddexp(beyond, inner - np.log(2.0))
        return float(lengths @ np.exp(np.minimum(inner - push * middle, _LARGEST_EXPONENT)))


@dataclass(frozen=True)
class Minimum:
    """A minimum of a potential with its two sides."""

    place: float
    """xi or rad."""
    energy: float
    """k_B T."""
    below: Side
    """Towards lower x or phi."""
    above: Side
    """Towards higher x or phi."""

    def scaled(self, factor: float) -> "Minimum":
        """The same with all energies multiplied by a factor."""
        return Minimum(self.place, factor * self.energy, self.below.scaled(factor), self.above.scaled(factor))

    def weight(self) -> float:
        """int exp(-energy) over both sides."""
        return sum(float(np.trapezoid(np.exp(-side.energy), side.coordinate)) for side in (self.below, self.above))


@dataclass(frozen=True)
class Scales:
    """The scales of the dimensionless equations."""

    energy: float
    """E_0 / (k_B T), 1/T."""
    rate: float
    """Gamma, 1/s."""
    length: float
    """Delta, m."""
    damping: float
    """alpha."""

    def cooled(self, factor: float) -> "Scales":
        """Those of a wall with this many times the energy loss to the same heat bath, which is colder by that
        factor."""
        return Scales(self.energy * factor, self.rate / factor, self.length, self.damping * factor)

    @classmethod
    def of(cls, parameters: DeviceParameters, temperature: float) -> "Scales":
        """For a device at a temperature in K."""
        thermal = constants.BOLTZMANN_CONSTANT * temperature
        per_field = parameters.energy_per_field_length * parameters.wall_width / thermal
        rate = parameters.gyromagnetic_ratio / (1.0 + parameters.damping**2) / per_field
        return cls(per_field, rate, parameters.wall_width, parameters.damping)


def track_minima(
    parameters: DeviceParameters,
    landscape: Landscape,
    scales: Scales,
    push: Callable[[FloatArray], FloatArray],
    least: float = LEAST_BARRIER,
) -> list[Minimum]:
    """The sites of a track, from its start to its end.

    push: the field along z without the pinning, T, at positions in m; least: the barrier of the shallowest site, k_B
    T.
    """
    length = parameters.track_length
    places = [np.linspace(0.0, length, _ALONG)]
    for well in landscape.wells:
        reach = np.linspace(-well.reach, well.reach, _PER_WELL)
        places.append(well.centre + reach)
        for edge in well.edges:
            places.append(np.array([edge - 1e-9 * well.reach, edge, edge + 1e-9 * well.reach]))
    position = np.unique(np.clip(np.concatenate(places), 0.0, length))
    middle = 0.5 * (position[1:] + position[:-1])
    force = landscape.pinning_field(middle) + push(middle)
    energy = np.concatenate([[0.0], -np.cumsum(force * np.diff(position))]) * scales.energy / scales.length
    return minima(position / scales.length, energy, least)


class Beyond(NamedTuple):
    """The stretch between the outermost site's barrier and the end of the track, where no well pins the wall."""

    weight: float
    """int exp(U_top - U) dxi over it."""
    at_end: float
    """exp(U_top - U) at the end itself."""
    push: float
    """The force towards the end over the damping, k_B T per wall width: it turns the angle of a wall held there."""


def stretches_beyond(
    parameters: DeviceParameters, scales: Scales, fields: tuple[float, float], first: Minimum, last: Minimum
) -> tuple[Beyond, Beyond]:
    """The stretches before the first site's barrier and after the last one's; fields: along z without the pinning,
    T."""
    length = parameters.track_length / scales.length
    results = []
    for extent, outward in (
        (first.place - first.below.coordinate[-1], fields[0] * scales.energy),
        (length - last.place - last.above.coordinate[-1], -fields[1] * scales.energy),
    ):
        distance = np.linspace(0.0, max(extent, 0.0), _PER_WELL)
        factor = np.exp(np.minimum(-outward * distance, 600.0))
        weight = float(np.trapezoid(factor, distance))
        results.append(Beyond(weight, float(factor[-1]), -outward / scales.damping))
    return results[0], results[1]


def angle_minima(
    parameters: DeviceParameters,
    anisotropy_field: float,
    slonczewski: float,
    voltage: float,
    scales: Scales,
    position: float | None = None,
) -> tuple[list[Minimum], float]:
    """The rest angles within one period of the angle's energy, and the rise of V from one period to the next.

    anisotropy_field: H_K at the wall, T; slonczewski: sigma_ST, T; voltage: across the barrier, V; position: of the
    wall, m, None for the middle of the track.  There are none from the Walker threshold on.
    """

    def of_angle(angle: FloatArray) -> FloatArray:
        energy = angle_energy(parameters, angle, voltage=voltage, anisotropy=anisotropy_field, position=position)
        return np.asarray(energy + 0.0 * angle)

    turn = np.linspace(0.0, 2.0 * np.pi, 41)
    half_turn = np.abs(of_angle(turn + np.pi) - of_angle(turn)).max() <= 1e-9 * np.ptp(of_angle(turn))
    period = np.pi if half_turn else 2.0 * np.pi
    drop = scales.energy * slonczewski * period
    # Three periods, starting at a maximum.
    angle = np.linspace(-1.5 * period, 1.5 * period, 3 * _PER_PERIOD)
    energy = scales.energy * (of_angle(angle) + slonczewski * angle)
    found = minima(angle, energy, 0.0)
    inside = [minimum for minimum in found if -0.5 * period + 1e-6 < minimum.place <= 0.5 * period + 1e-6]
    return inside, drop


def minima(coordinate: FloatArray, energy: FloatArray, least: float) -> list[Minimum]:
    """The minima of sampled energies between two barriers, each deeper than `least`, in order of position.

    The ends of the samples count as barriers where the energy rises towards them, never as minima.  A side ends where
    the top of its barrier begins, which may be flat.
    """
    turns = _turning_points(energy, least)
    result = []
    for before, bottom, after in zip(turns[:-2], turns[1:-1], turns[2:], strict=True):
        lowest = (bottom[0] + bottom[1]) // 2
        if energy[lowest] >= energy[before[1]] or energy[lowest] >= energy[after[0]]:
            continue
        down = np.arange(lowest, before[1] - 1, -1)
        up = np.arange(lowest, after[0] + 1)
        result.append(
            Minimum(
                float(coordinate[lowest]),
                float(energy[lowest]),
                Side(coordinate[lowest] - coordinate[down], np.maximum.accumulate(energy[down])),
                Side(coordinate[up] - coordinate[lowest], np.maximum.accumulate(energy[up])),
            )
        )
    return result


def _turning_points(energy: FloatArray, least: float) -> list[tuple[int, int]]:
    """First and last row of each stretch at which the energy turns, with the two ends; dips below `least` are left
    out."""
    slack = 1e-9 * max(1.0, float(np.ptp(energy)))
    threshold = max(least, slack)
    steps = np.flatnonzero(np.diff(energy) != 0.0)
    turning = steps[1:][np.diff(np.sign(np.diff(energy)[steps])) != 0.0]
    rows = [0, *turning.tolist(), energy.size - 1]
    found: list[int] = []
    high = low = 0
    direction = 0
    for row in rows:
        high = row if energy[row] > energy[high] else high
        low = row if energy[row] < energy[low] else low
        if direction >= 0 and energy[row] < energy[high] - threshold:
            found.append(high)
            direction, low = -1, row
        elif direction <= 0 and energy[row] > energy[low] + threshold:
            found.append(low)
            direction, high = 1, row
    found.append(high if direction > 0 else low)
    return [_flat_about(energy, row, slack) for row in found]


def _flat_about(energy: FloatArray, row: int, slack: float) -> tuple[int, int]:
    apart = np.abs(energy - energy[row]) > slack
    before, after = np.flatnonzero(apart[:row]), np.flatnonzero(apart[row:])
    first = int(before[-1]) + 1 if before.size else 0
    last = row + int(after[0]) - 1 if after.size else energy.size - 1
    return first, last
