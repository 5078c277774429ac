"""Ramps of a field or a current at laboratory rates: when the wall leaves, from its escape rates.

The wall leaves during a ramp with the probability 1 - exp(-int k dt), where k is the rate of `escape_rates` under the
instantaneous drive.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from ..device.equilibrium import angle_stiffness, rest_angle
from ..device.parameters import DeviceParameters
from ..support.arrays import FloatArray
from ..support.validation import InputError
from ..track.landscape import Landscape
from .escapes import LARGEST_DAMPING, SiteRate, leaving_rate

LONGEST_SIMULATED = 20e-6
"""s: a ramp that takes longer is followed by rates, a shorter one by the equation of motion."""
LEAST_BARRIER = 1.0
"""k_B T, at the median of a ramp: where most walls leave over less, rates say nothing of when."""
LEAST_RELAXATIONS = 4.0
"""Relaxation times of a wall's energy before a quarter of the walls has left: on a faster ramp the first walls have not
had the time to gain the energy that the rates assume, and leave later."""
_FIRST_DRIVES = 9  # values of the drive at which the rate is computed, at first and at most
_MOST_DRIVES = 48
_STEP = 0.7  # largest change of the rate's logarithm between two of them
_CERTAIN = 700.0  # hazard beyond which no wall is left
_FINE = 4001
_SLOWEST = 1e-300  # 1/s


@dataclass(frozen=True)
class Departure:
    """When a wall leaves its site on a ramp of a drive (a field in T, or a current density in A/m2)."""

    drive: FloatArray
    """Rising, from 0 to where nothing holds the wall any more."""
    hazard: FloatArray
    """int k dt up to there."""
    barrier: FloatArray
    """The lowest barrier there, k_B T; inf at 0 K."""
    ramp_rate: float
    """Of the drive, per s."""
    relaxation_time: float
    """In which the energy of a wall in the site relaxes, s; 0 at 0 K."""
    damping: float
    """alpha of walls with thermal fields; 0 at 0 K."""

    def at(self, share: FloatArray) -> FloatArray:
        """The drive up to which this share of the walls has left, any shape."""
        wanted = -np.log1p(-np.asarray(share, dtype=np.float64))
        return np.interp(wanted, self.hazard, self.drive)

    @property
    def median_barrier(self) -> float:
        """The lowest barrier at the median, k_B T; below LEAST_BARRIER the ramp is too fast for rates."""
        return float(np.interp(self.at(np.array(0.5)), self.drive, self.barrier))

    @property
    def relaxations(self) -> float:
        """The time until a quarter of the walls has left, in relaxation times."""
        time = float(self.at(np.array(0.25))) / self.ramp_rate
        return time / self.relaxation_time if self.relaxation_time > 0.0 else np.inf

    @property
    def valid(self) -> bool:
        """Whether the walls leave where the rates are valid, and not before the rates have become established."""
        moving_freely = self.damping <= LARGEST_DAMPING
        return moving_freely and self.median_barrier >= LEAST_BARRIER and self.relaxations >= LEAST_RELAXATIONS


def _relaxation_time(parameters: DeviceParameters, landscape: Landscape, temperature: float) -> float:
    """1/(alpha gamma H), with the stiffness H of the angle in the landscape's first well, s; 0 at 0 K."""
    if temperature == 0.0:
        return 0.0
    field = float(landscape.anisotropy_field(np.array(landscape.wells[0].centre), parameters))
    device = parameters.replace(anisotropy_field=field)
    rate = device.damping * device.gyromagnetic_ratio * angle_stiffness(device, rest_angle(device))
    return 1.0 / rate if rate > 0.0 else np.inf


def _damping(parameters: DeviceParameters, temperature: float) -> float:
    """alpha of walls with thermal fields, 0 at 0 K."""
    return parameters.damping if temperature > 0.0 else 0.0


def departure(
    rate_at: Callable[[float], SiteRate | None],
    limit: float,
    ramp_rate: float,
    relaxation_time: float,
    damping: float,
) -> Departure:
    """Escape on a ramp from 0 at ramp_rate (per s).

    rate_at: the site's rate under a drive, None where no site holds the wall.  limit: the drive that frees the wall at
    0 K.  relaxation_time: of the wall's energy in the site, s.  damping: alpha of walls with thermal fields, 0 at 0 K.
    """
    found: dict[float, SiteRate] = {}
    first = limit * (1.0 - np.linspace(1.0, 0.0, _FIRST_DRIVES)[:-1] ** 1.5)
    for drive in first.tolist() if damping <= LARGEST_DAMPING else ():  # the rates of others are not valid anyway
        rate = rate_at(drive)
        if rate is not None:
            found[drive] = rate
    fine = np.linspace(0.0, limit, _FINE)
    if not found:
        certain = np.linspace(0.0, _CERTAIN, _FINE)
        return Departure(fine, certain, np.zeros(_FINE), ramp_rate, relaxation_time, damping)
    for _ in range(_MOST_DRIVES - _FIRST_DRIVES):
        drive = _worst_gap(found, ramp_rate)
        rate = None if drive is None else rate_at(drive)
        if drive is None or rate is None:
            break
        found[drive] = rate
    known = np.array(sorted(found))
    logarithm = np.log(np.maximum([found[each].total for each in known.tolist()], _SLOWEST))
    barriers = np.array([found[each].barrier for each in known.tolist()])
    if known.size > 1:
        values = PchipInterpolator(known, logarithm)(np.minimum(fine, known[-1]))
        barrier = np.interp(fine, np.append(known, limit), np.append(barriers, 0.0))
    else:
        values, barrier = np.full(_FINE, logarithm[0]), np.full(_FINE, barriers[0])
    # The rate is exponential between two values, where it may rise by decades.
    steps = np.diff(values)
    mean = np.exp(values[:-1]) * np.where(np.abs(steps) > 1e-6, np.expm1(steps) / np.where(steps == 0, 1, steps), 1.0)
    hazard = np.concatenate([[0.0], np.cumsum(mean * np.diff(fine) / ramp_rate)])
    hazard[-1] = max(hazard[-1], _CERTAIN)  # walls still there are freed at the limit
    return Departure(fine, hazard, barrier, ramp_rate, relaxation_time, damping)


def _worst_gap(found: dict[float, SiteRate], ramp_rate: float) -> float | None:
    """The best drive for one more rate: among the drives at which walls leave, between the two most different rates."""
    drives = np.array(sorted(found))
    rates = np.maximum([found[each].total for each in drives.tolist()], _SLOWEST)
    width = np.diff(drives)
    most = np.maximum(rates[1:], rates[:-1]) * width / ramp_rate
    least = np.minimum(rates[1:], rates[:-1]) * width / ramp_rate
    before = np.concatenate([[0.0], np.cumsum(least)[:-1]])
    apart = np.where((most > 1e-3) & (before < 10.0), np.abs(np.diff(np.log(rates))), 0.0)
    if not apart.size or apart.max() < _STEP:
        return None
    worst = int(np.argmax(apart))
    return float(0.5 * (drives[worst] + drives[worst + 1]))


def field_departure(
    parameters: DeviceParameters,
    landscape: Landscape,
    *,
    ramp_rate: float,
    temperature: float,
    density: float = 0.0,
    pushed: float = 0.0,
    limit: float,
) -> Departure:
    """Escape from the first well, on a ramp of the net field H_z (T/s) under a constant J (A/m2).

    pushed: a field in addition to the ramp, T.
    """
    alone = Landscape(landscape.wells[:1], landscape.anisotropy)

    def rate_at(field: float) -> SiteRate | None:
        return leaving_rate(parameters, alone, net_field=field + pushed, density=density, temperature=temperature)

    relaxation_time = _relaxation_time(parameters, landscape, temperature)
    return departure(rate_at, limit, ramp_rate, relaxation_time, _damping(parameters, temperature))


def current_departure(
    parameters: DeviceParameters,
    landscape: Landscape,
    *,
    net_field: float,
    ramp_rate: float,
    temperature: float,
    torques: str,
    limit: float,
) -> Departure:
    """Escape from the first well, on a ramp of J (A/m2/s) at a constant net field H_z (T)."""
    alone = Landscape(landscape.wells[:1], landscape.anisotropy)
    model = parameters
    if torques == "slonczewski":
        model = parameters.replace(field_like_ratio=0.0, field_like_quadratic=0.0)

    def rate_at(density: float) -> SiteRate | None:
        field, turning = net_field, density
        if torques == "field-like":
            field += parameters.field_like_ratio * parameters.torque_per_current_density * density
            field += parameters.field_like_quadratic * (density * parameters.resistance_area_product) ** 2
            turning = 0.0
        return leaving_rate(model, alone, net_field=field, density=turning, temperature=temperature)

    relaxation_time = _relaxation_time(parameters, landscape, temperature)
    return departure(rate_at, limit, ramp_rate, relaxation_time, _damping(parameters, temperature))


def check_valid(found: Departure, what: str, *, unless: bool = False) -> None:
    """Raise InputError where rates do not follow a ramp, unless the ramp can be followed in another way."""
    if not unless and not found.valid:
        raise InputError(
            f"method: expected 'rates' for a ramp {not_by_rates(found, what)}; simulate it (method 'heun'), or ramp "
            f"more slowly"
        )


def not_by_rates(found: Departure, what: str) -> str:
    """For a message: what the ramp should be, and what it is; what: the quantity whose median is named."""
    if found.damping > LARGEST_DAMPING:
        return f"of walls with a damping of at most {LARGEST_DAMPING:g}, got {found.damping:g}"
    if found.median_barrier < LEAST_BARRIER:
        return (
            f"on which walls leave over {LEAST_BARRIER:g} k_B T or more, got {found.median_barrier:.2g} k_B T at the "
            f"median {what}"
        )
    return (
        f"on which a quarter of the walls leaves after {LEAST_RELAXATIONS:g} or more times the "
        f"{found.relaxation_time:.2g} s in which a wall's energy relaxes, got {found.relaxations:.2g} times {what}"
    )
