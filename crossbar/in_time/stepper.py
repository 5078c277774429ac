"""The lines' voltages during one run of an array: prediction, correction, and the intervals between solutions."""

import functools
import itertools
from dataclasses import dataclass, field, replace

import numpy as np

from compact_model.support.arrays import FloatArray
from compact_model.support.validation import ConvergenceError

from ..cells import Cells
from ..network.solution import NetworkSolution
from .array_lines import ArrayLines
from .drive import ArrayDrive
from .dynamics import MovingCells
from .energy import EnergyBudget, Flows, PowerBudget

Record = dict[str, FloatArray]

_SHORTEST = 1e-18  # s: shorter intervals mean that the charges do not settle
_SHARE_AT_A_JUMP = 1e-3  # of the tolerance, for each interval while lines are charged
_DISCHARGED = 1e-9  # of the largest voltage, the drive's or the initial one on the lines
_FIRST_INTERVAL = 20e-12  # after a jump of the voltages
_LONGEST_INTERVAL = 2e-9
_ROUNDED = 1.0 + 1e-6  # an interval that reaches the end of a part of the drive but for round-off is not halved
_SHARE_OF_A_GUESS = 0.1  # of the error that a predicted voltage may have
_ROUGHEST = 1e-4  # tolerance of the currents of a prediction, relative, in the norm
_PAST_SOLUTIONS = 2  # before the last one, used to predict the next
_SAME_VOLTAGE = 1e-12  # of the largest
_PAST = 3  # solutions before the last one through which a curve is drawn
_FEWEST = 3  # points before the new one required for an error estimate of a curve
_NOISE = 2.0  # times the network's tolerance: voltages closer than this are equal

Point = tuple[float, FloatArray]


@dataclass
class Tally:
    """Totals of all runs: energy, solutions of the network, and the intervals between them."""

    energy: EnergyBudget = field(default_factory=EnergyBudget)
    solutions: int = 0
    intervals: int = 0


@dataclass(frozen=True)
class Coupling:
    """An array's lines and the devices between them.

    cells: the array's, which contain `devices`.
    tolerance: of a device's first state in a run, in its unit; current_tolerance: of the network's currents, relative,
    in the norm.
    """

    lines: ArrayLines
    cells: Cells
    devices: MovingCells
    tolerance: float
    current_tolerance: float


class LineVoltages:
    """The voltages during one run, and the intervals between solutions of the network."""

    def __init__(self, coupling: Coupling, drive: ArrayDrive, duration: float, tally: Tally) -> None:
        self.coupling, self.drive, self.tally = coupling, drive, tally
        self.lines, self.devices, self.charging = coupling.lines, coupling.devices, coupling.lines.charging
        self.lines_at = functools.lru_cache(maxsize=8)(drive.voltages)  # an interval asks for the same times repeatedly
        self.tolerance_rate = coupling.tolerance / duration
        self.voltage = np.zeros(drive.shape)  # across the devices
        self.slope = np.zeros(drive.shape)  # of these over time, V/s
        self.flows: Flows | None = None  # of the last solution
        self.power = PowerBudget()
        # A charged line cannot jump: the effect of an interval this short is below the share of the tolerance.
        self.share = _SHARE_AT_A_JUMP * coupling.tolerance if self.charging else 0.0
        self.first_interval = _FIRST_INTERVAL
        self.largest = drive.largest_voltage()
        if self.charging:
            self.largest = max(self.largest, self._on_lines())
            extremes = (np.full(drive.shape, sign * self.largest) for sign in (1.0, -1.0))
            pull = max(self.devices.sensitivity(each) for each in extremes)
            self.first_interval = min(_FIRST_INTERVAL, self.share / (pull * self.largest + 1e-300))
        self.interval = self.first_interval if self.charging else _LONGEST_INTERVAL
        self.driven = self.at_sources = np.empty(0)  # the lines' voltages, at the end of the last interval and now
        self.fresh = False  # after a jump or a kink of the drive, when the slope is meaningless
        self.curved = self.devices.follows_curves and not (self.charging or self.devices.random)
        self.past: list[Point] = []  # earlier times and voltages, on the same smooth part of the drive
        self.past_solutions: list[tuple[float, NetworkSolution]] = []  # and earlier solutions

    @property
    def found(self) -> NetworkSolution | None:
        """The last solution of the network."""
        return None if self.flows is None else self.flows.found

    def solve(
        self,
        time: float,
        target: float | None = None,
        start: NetworkSolution | None = None,
        tolerance: float | None = None,
    ) -> tuple[FloatArray, Flows]:
        """The devices' voltages with their present states, and those of the network with all currents.

        time: at which the lines have their voltages; target: the end of a step of the charges, None: they stay.
        start: a nearby solution; None: the last one.
        """
        volts = self.lines_at(time)
        self.at_sources = np.concatenate(volts)
        self.tally.solutions += 1
        return self.lines.solve(
            self.coupling.cells,
            volts,
            tolerance=self.coupling.current_tolerance if tolerance is None else tolerance,
            start=self.found if start is None else start,
            target=target,
        )

    def settle(self, time: float, at_edge: bool = True) -> None:
        """Solve at a time, after a possible jump or kink of the drive."""
        if self.charging and not at_edge and self.found is not None:
            return  # the charges continue smoothly
        driven = np.concatenate(self.lines_at(time))
        before = self.voltage
        # At a kink, or between two records, the lines continue from the voltages just before.
        if self.charging or self.flows is None or not self._as_before(driven):
            self.voltage, self.flows = self.solve(time)
            self.power = self.lines.power(self.flows)
            self.driven = driven
        if self.charging:
            self.charging.restart(time, self.flows.found)
            self.slope = np.zeros_like(self.voltage)
            self.interval = self.first_interval
            return
        self.fresh |= at_edge
        if at_edge:
            self.past, self.past_solutions = [], []
        if np.abs(self.voltage - before).max() > 1e-6 * np.abs(self.voltage).max():
            self.interval = min(self.interval, self.first_interval)

    def advance(self, begin: float, end: float) -> None:
        """From one mark to the next, in intervals whose error is measured."""
        time, zero = begin, self.drive.is_zero(begin, end)
        while time < end:
            if zero and self._discharged():
                self.devices.rest(end - time)
                return
            left = end - time
            if left <= _ROUNDED * self.interval:
                length = left
            else:
                length = 0.5 * left if left < 2.0 * self.interval else self.interval
            # At the end, the drive's value is the one before the jump.
            target = end if length == left else time + length
            at = float(np.nextafter(end, begin)) if target == end else target
            if not self._try(time, target, at):
                if length < _SHORTEST:
                    raise ConvergenceError(f"array: the voltages did not converge at {time:g} s")
                continue
            time = target

    def _discharged(self) -> bool:
        """Whether the voltages have become negligible; they are then set to zero."""
        if not self.charging:
            return True
        if self._on_lines() > _DISCHARGED * self.largest:
            return False
        _, word, bit = self.charging.nodes[-1]
        self.charging.begin(np.zeros_like(word), np.zeros_like(bit))
        self.voltage = np.zeros_like(self.voltage)
        return True

    def _on_lines(self) -> float:
        """The largest voltage of a node, V."""
        assert self.charging is not None
        _, word, bit = self.charging.nodes[-1]
        return max(float(np.abs(word).max()), float(np.abs(bit).max()))

    def _try(self, time: float, target: float, at: float) -> bool:
        """One interval: predict, integrate, solve, correct; False if it must be shorter."""
        devices, charging = self.devices, self.charging
        length = target - time
        before = devices.save()
        expected: NetworkSolution | None = None
        drive_missing = 0.0
        restarted = charging is not None and not self.slope.any()
        if self.fresh and not charging:
            drive_missing = self._curvature(time, target)
            # The lines' contribution is known; only that of the devices is not.
            if self._as_before(np.concatenate(self.lines_at(at))):
                expected, self.slope = self.found, np.zeros_like(self.voltage)
            else:
                ahead, flows = self.solve(at, tolerance=self._of_a_guess())
                expected = flows.found
                self.slope = (ahead - self.voltage) / length
        elif not charging:
            expected = self._expected(time, target)
        points = [*self.past, (time, self.voltage)] if self.curved else []
        curved = len(points) >= _FEWEST
        guess = extrapolated(points, target) if curved else self.voltage + length * self.slope
        error = pull = np.inf
        for attempt in range(3):
            if attempt:
                devices.restore(before)
            if curved:
                curve, missed = curve_through([*points, (target, guess)])
                devices.follow(length, curve)
            else:
                devices.advance(length, self.voltage, guess)
            voltage, flows = self.solve(at, target, expected)
            found = flows.found
            pull = max(devices.sensitivity(voltage), devices.sensitivity(self.voltage))
            error = pull * float(np.abs(voltage - guess).max()) * 0.5 * length
            if error <= 0.5 * self.tolerance_rate * length:
                break
            guess, expected = voltage, found
        slope = (voltage - self.voltage) / length
        order, missing = 2, 0.0
        if curved:
            order, missing = len(points), float(np.abs(missed).max())
        elif not restarted:
            # The error of a straight line for a curve; right after a jump the previous slope is meaningless.
            missing = float(np.abs(slope - self.slope).max()) * length / 12.0 + drive_missing
        error += pull * missing * length
        if charging:
            error += pull * charging.error(target, found) * length
        # The network's own tolerance of a voltage does not shrink with the interval.
        noise = pull * _NOISE * self.coupling.current_tolerance * float(np.abs(voltage).max())
        allowed = (self.tolerance_rate + noise) * length + self.share
        fastest = 2.0 if charging else 3.0  # the formula of second order is stable up to 2.4
        factor = min(fastest, max(0.2, 0.9 * (allowed / error) ** (1.0 / order))) if error > 0.0 else fastest
        least = 2.0 * _SHORTEST if charging else max(2.0 * _SHORTEST, devices.shortest_interval)
        self.interval = min(_LONGEST_INTERVAL, max(length * factor, least))
        if error > allowed and (length > devices.shortest_interval or charging):
            devices.restore(before)
            return False
        assert self.flows is not None
        energy, power = self.tally.energy, self.lines.power(flows)
        energy.add_interval(self.power, power, self.lines.power(flows - self.flows), length)
        self.past = [*self.past, (time, self.voltage)][-_PAST:]
        self.past_solutions = [*self.past_solutions, (time, self.flows.found)][-_PAST_SOLUTIONS:]
        self.voltage, self.slope, self.flows, self.power = voltage, slope, flows, power
        self.driven = self.at_sources
        self.fresh = False
        if charging:
            charging.accept(target, found)
            energy.charges = charging.stored()
        self.tally.intervals += 1
        return True

    def _as_before(self, driven: FloatArray) -> bool:
        """Whether these are the lines' voltages at the last solution."""
        return bool(np.abs(driven - self.driven).max() <= _SAME_VOLTAGE * self.largest)

    def _curvature(self, time: float, target: float) -> float:
        """Mean difference, V, between the drive and a straight line over an interval, for a parabola."""
        ends = self.lines_at(time), self.lines_at(float(np.nextafter(target, time)))
        middle = self.lines_at(0.5 * (time + target))
        between = zip(*ends, middle, strict=True)
        return 2.0 / 3.0 * sum(float(np.abs(0.5 * (one + other) - half).max()) for one, other, half in between)

    def _of_a_guess(self) -> float:
        """Tolerance of the currents, relative, in the norm, for voltages that will be corrected."""
        enough = _SHARE_OF_A_GUESS * self.tolerance_rate
        pull = self.devices.sensitivity(self.voltage) * self.largest
        rough = _ROUGHEST if enough >= _ROUGHEST * pull else enough / pull
        return max(rough, self.coupling.current_tolerance)

    def _expected(self, time: float, target: float) -> NetworkSolution | None:
        """The last solution with node voltages extrapolated from earlier ones; Newton's method starts from them."""
        last = self.found
        if not self.past_solutions or last is None:
            return last
        points = [*self.past_solutions, (time, last)]
        word = extrapolated([(when, found.word_voltage) for when, found in points], target)
        bit = extrapolated([(when, found.bit_voltage) for when, found in points], target)
        return replace(last, word_voltage=word, bit_voltage=bit)

    def record(self) -> Record:
        """The present states and currents."""
        found = self.found
        assert found is not None
        return {
            **self.devices.values(),
            "device_voltage": self.voltage.copy(),
            "device_current": found.device_current[0].copy(),
            **self.lines.line_currents(found),
            "source_power": np.array(self.power.sources),
        }


def extrapolated(points: list[Point], time: float) -> FloatArray:
    """The polynomial through all points (time, values) at another time, by Lagrange's formula."""
    result = np.zeros_like(points[0][1])
    for index, (own, values) in enumerate(points):
        others = [other for place, (other, _) in enumerate(points) if place != index]
        result += float(np.prod([(time - other) / (own - other) for other in others])) * values
    return result


def curve_through(points: list[Point]) -> tuple[FloatArray, FloatArray]:
    """The polynomial through points (time, values), between the last two of them.

    Returns its coefficients, in the form of `MovingCells.follow`, and the error of its mean without the first point,
    which is larger than the actual one.
    """
    begin, end = points[-2][0], points[-1][0]
    places = [(2.0 * time - begin - end) / (end - begin) for time, _ in points[::-1]]
    differences = [values for _, values in points[::-1]]
    product = np.ones(1)  # (u - u_0) (u - u_1) ..., lowest power first
    coefficients = np.zeros((len(points), *differences[0].shape))
    for order in range(len(points)):
        term = np.multiply.outer(product, differences[0])
        coefficients[: order + 1] += term
        product = np.convolve(product, [-places[order], 1.0])
        differences = [
            (high - low) / (places[first + order + 1] - places[first])
            for first, (low, high) in enumerate(itertools.pairwise(differences))
        ]
    powers = np.arange(len(points))
    return coefficients, np.tensordot(np.where(powers % 2, 0.0, 1.0 / (powers + 1.0)), term, axes=1)
