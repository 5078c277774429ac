"""Common parts of the fits that simulate the wall: device and track parameters, many starts, limits on the work."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..constants import OERSTED
from ..device.junction import antiparallel_share
from ..device.parameters import DeviceParameters
from ..drive import DRIVES, Drive, Voltage
from ..ensemble import device_arrays, largest_turning
from ..experiments.thresholds import rest_position
from ..kernels.term import Limits
from ..results import electrical_state
from ..support import validation
from ..support.arrays import FloatArray
from ..support.random import Seed, generator
from ..support.validation import ConvergenceError, InputError
from ..track.landscape import Landscape
from .columns import column, deviation_of, on_track, one_of, same_length
from .least_squares import Minimum, Problem, minimise
from .roughness import rough_errors
from .unknowns import SIMULATED_PARAMETERS, TRACK_PARAMETERS, Unknowns, free_names

WIDEST_RATIO = 10.0
START_RATIO = 3.0
"""The starts lie within this ratio of the parameters, and the fit stays within WIDEST_RATIO."""
_STARTS = 64  # doubled for each free parameter
_MOST_STARTS = 1024
_KEPT_STARTS = 4
_REST_ROUNDS = 4
_MOST_STEPS = 60
_STATES_PER_CALL = 1_000_000
MOST_TURNING = 3e5
"""Angle, rad, by which the fields of one simulation may turn the wall: 0.1 to 0.3 s of one thread."""
MOST_POINTS = 100_000
MOST_WORK = 4e8
"""The same for all starts, with each recorded state counted as 1 rad and each simulation as _WORK_OF_NONE: some
minutes."""
_WORK_OF_NONE = 1e3
_DIFFERENCE = 1e-4
_ADVICE = "read while the wall moves, leave fewer free, or fit its thresholds"


@dataclass(frozen=True, eq=False)
class Situation:
    """A device on a track in a field: the input of a simulation besides drive and times."""

    parameters: DeviceParameters
    landscape: Landscape
    external_field: float

    @property
    def net_field(self) -> float:
        """H_z, T."""
        return self.external_field + self.parameters.stray_field

    def value(self, name: str) -> float:
        """One of SIMULATED_PARAMETERS."""
        if name == "external_field":
            return self.external_field
        if name in TRACK_PARAMETERS:
            return float(getattr(self.landscape.wells[0], name))
        return self.parameters.polarisation if name == "spin_polarisation" else float(getattr(self.parameters, name))

    def replace(self, names: tuple[str, ...], values: FloatArray) -> "Situation":
        """The same with some values changed; the sites of a track change in proportion."""
        changes = dict(zip(names, values.tolist(), strict=True))
        field = changes.pop("external_field", self.external_field)
        ratios = {name: changes.pop(name) / self.value(name) for name in TRACK_PARAMETERS if name in changes}
        landscape = self.landscape
        if ratios:
            wells = tuple(
                dataclasses.replace(well, **{name: ratio * getattr(well, name) for name, ratio in ratios.items()})
                for well in landscape.wells
            )
            landscape = dataclasses.replace(landscape, wells=wells)
        return Situation(self.parameters.replace(**changes), landscape, field)

    def rest(self, drive: Drive, time: float) -> float:
        """Rest position in the first site under the field and the field-like torque of the initial drive, m."""
        where = self.landscape.wells[0].centre
        ratio = self.parameters.field_like_ratio * self.parameters.torque_per_current_density
        for _ in range(_REST_ROUNDS):  # the torque at a given current depends slightly on the resistance
            share = antiparallel_share(self.parameters, where)
            voltage, _, density = electrical_state(self.parameters, drive, np.array(time), share)
            quadratic = self.parameters.field_like_quadratic * float(voltage) ** 2
            field = self.net_field + ratio * float(density) + quadratic
            where = self._held(field)
            if density == 0.0:
                break
        return where

    def _held(self, field: float) -> float:
        """Rest position in the first site under a net field that includes the torques, T; m."""
        if field == 0.0:
            return self.landscape.wells[0].centre
        try:
            return rest_position(self.landscape, field, self.parameters)
        except InputError:
            raise InputError(
                "external_field: expected one under which the first site holds the wall at the start, got a net field "
                f"of {field:.4g} T ({field / OERSTED:.4g} Oe) with the stray field and the torques"
            ) from None


@dataclass(frozen=True, eq=False)
class Measured:
    """The checked columns that all these fits have."""

    data: Mapping[str, Any]
    drive: str
    """'voltage' or 'current'."""
    response: str
    """'resistance' or 'position'."""
    trains: tuple[slice, ...]
    """The rows of each train."""

    @classmethod
    def of(cls, data: Mapping[str, Any], parameters: DeviceParameters) -> "Measured":
        """Raises InputError for data with missing, superfluous or impossible columns or values."""
        drive = one_of(data, ("voltage", "current"))
        response = one_of(data, ("resistance", "position"))
        values = column(data, response, positive=response == "resistance")
        count = same_length(data, response)
        if count > MOST_POINTS:
            raise InputError(f"data: expected at most {MOST_POINTS} points, got {count}; leave some out")
        if response == "position":
            data = {**data, "position": on_track("position", values, parameters)}
        return cls(data, drive, response, _trains(data, count))

    @property
    def kind(self) -> type[Drive]:
        """Class of the drive."""
        return DRIVES[self.drive]

    @property
    def quantity(self) -> tuple[str, str]:
        """Long name and unit of the measured quantity."""
        return {"resistance": ("resistance R", "Ohm"), "position": ("wall position x", "m")}[self.response]


def _trains(data: Mapping[str, Any], count: int) -> tuple[slice, ...]:
    if "train" not in data:
        return (slice(0, count),)
    names = np.array([str(name) for name in np.atleast_1d(data["train"])])
    begins = [0, *(np.flatnonzero(names[1:] != names[:-1]) + 1).tolist()]
    if len(begins) > len(set(names)):
        again = next(str(name) for index, name in enumerate(names[begins]) if name in names[begins][:index])
        raise InputError(f"train: expected the rows of a train together, got {again!r} in two places")
    return tuple(slice(begin, end) for begin, end in zip(begins, [*begins[1:], count], strict=True))


def check_work(situation: Situation, spans: FloatArray, drives: FloatArray, kind: type[Drive]) -> float:
    """The angle, rad, by which the fields could turn the wall in one simulation; InputError if it would take long.

    spans: lengths of parts of the time, s; drives: the largest drive in each, V or A.
    """
    device, landscape = situation.parameters, situation.landscape
    volts = np.abs(drives) if kind is DRIVES["voltage"] else np.abs(drives) * device.antiparallel_resistance
    limits = Limits(
        devices=device_arrays([device], Voltage.of(0.0), "both", np.zeros(1), 1),
        density=volts / device.resistance_area_product,
        voltage=volts,
        net_field=abs(situation.net_field),
        pinning=max(well.coercive_field for well in landscape.wells),
        pinning_slope=max(well.coercive_field / well.half_width for well in landscape.wells),
        anisotropy=abs(device.anisotropy_field)
        if landscape.anisotropy is None
        else float(np.abs(landscape.anisotropy.anisotropy_fields).max()),
        anisotropy_slope=0.0 if landscape.anisotropy is None else landscape.anisotropy.steepest,
    )
    turning = float(np.sum(largest_turning(limits) * spans))
    if turning > MOST_TURNING:
        raise InputError(
            f"data: expected at most {MOST_TURNING:g} rad by which the fields could turn the wall in all, got "
            f"{turning:.3g} rad in {spans.sum():.3g} s; give shorter periods or fewer trains"
        )
    return turning


def _number_of_starts(starts: int | None, free: int, work: float) -> int:
    """The number of starts to try, given the work of each; InputError for more than MOST_WORK."""
    if starts is None:
        return min(_STARTS << free, _MOST_STARTS)
    most = max(_MOST_STARTS, int(MOST_WORK / work))
    count = validation.whole("starts", starts, 1)
    if count > most:
        raise InputError(f"starts: expected at most {most} with these data, some minutes of simulations, got {count}")
    return count


def fit_simulated(
    situation: Situation,
    measured: Measured,
    free: Sequence[str],
    respond: Callable[[list[Situation]], FloatArray],
    turning: float,
    states: int,
    starts: int | None,
    seed: Seed,
) -> tuple[Minimum, Situation, tuple[str, ...]]:
    """The fit, the situation with its values, and notes.

    respond: the curves of situations at the data, shape (situations, points); turning: from `check_work`, for one;
    states: number of recorded states.
    """
    from scipy.stats import qmc

    names = free_names(free, SIMULATED_PARAMETERS)
    for name in names:
        if name != "external_field" and situation.value(name) == 0.0:
            raise InputError(f"{name}: expected a starting value other than 0 for a free parameter, got 0")
    target = column(measured.data, measured.response)
    count = _number_of_starts(starts, len(names), turning + states + _WORK_OF_NONE)
    per_call = max(1, _STATES_PER_CALL // states)

    respond([situation])  # a failure here is an error; further away it only marks the end of the range

    def curves(sets: FloatArray) -> FloatArray:
        every = [situation.replace(names, values) for values in sets]
        return np.concatenate([_respond(respond, every[i : i + per_call]) for i in range(0, len(every), per_call)])

    unknowns = Unknowns(names, np.array([situation.value(name) for name in names]), WIDEST_RATIO)
    problem = Problem(
        unknowns,
        curves,
        target,
        deviation_of(measured.data, measured.response),
        difference=_DIFFERENCE,
        least_sensitivity=1e-5,
        tolerance=1e-6,
        most_steps=_MOST_STEPS,
    )
    spread = qmc.Sobol(len(names), rng=generator(seed)).random(1 << (count - 1).bit_length())[: count - 1]
    points = unknowns.origin + np.log(START_RATIO) * (2.0 * spread - 1.0)
    points = unknowns.inside(np.concatenate([unknowns.origin[np.newaxis], points]))
    order = np.argsort(problem.squares(points), kind="stable")[:_KEPT_STARTS]
    fit = minimise(problem, [points[index] for index in order])
    return fit, situation.replace(names, fit.values), rough_errors(problem, fit, _ADVICE)


def _respond(respond: Callable[[list[Situation]], FloatArray], situations: list[Situation]) -> FloatArray:
    """Curves, with nan for a situation that cannot be simulated."""
    try:
        return respond(situations)
    except (ConvergenceError, InputError):
        if len(situations) == 1:
            return np.full((1, 1), np.nan)
    rows = [_respond(respond, [each]) for each in situations]
    points = max(row.shape[1] for row in rows)
    return np.concatenate([np.broadcast_to(row, (1, points)) for row in rows])
