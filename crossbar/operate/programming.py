"""Program and verify: pulse, read and decide, until every cell has reached its conductance or used up its pulses."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.memory import check_memory
from compact_model.support.progress import Progress
from compact_model.support.provenance import digest
from compact_model.support.validation import InputError

from ..cells import StatefulCells, table
from ..in_time.energy import EnergyBudget
from ..in_time.simulation import ArraySimulation
from .operations import HALF_SELECT, WriteAccess
from .operations import write as write_cells
from .reading import GROUNDED_READ, ReadAccess, correction, plain_reading, quiet, row_reading

_OUTSIDE = 1e-9  # of the range: round-off of a target at its end


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The sequence of pulses for a cell until its reading is close enough to the target.

    voltages: V, absolute values, one for each attempt; widths: s, one for all or one for each.  When the error of a
    cell changes its sign, the sequence starts again with the first pulse, in the other polarity; it also starts again
    after the last pulse.
    most_pulses: for any cell in one pass.
    conductance_step: S, approximate change by the first pulse; a cell that is several steps from its target gets a
    pulse of that many times the width, up to `longest` times.  None: all cells get the same width.
    """

    voltages: Sequence[float]
    widths: Sequence[float] | float
    most_pulses: int = 40
    conductance_step: float | None = None
    longest: float = 8.0

    def __post_init__(self) -> None:
        volts = validation.numbers("voltages", self.voltages)
        widths = validation.numbers("widths", self.widths)
        if not (volts > 0.0).all() or not (widths > 0.0).all():
            raise InputError(
                "voltages: expected sizes above 0 V and widths above 0 s, as the polarity follows the error, got others"
            )
        if widths.size not in (1, volts.size):
            raise InputError(f"widths: expected one, or one for each of {volts.size} voltages, got {widths.size}")
        object.__setattr__(self, "voltages", tuple(volts.tolist()))
        object.__setattr__(self, "widths", tuple(np.broadcast_to(widths, volts.shape).tolist()))
        validation.whole("most_pulses", self.most_pulses, 1)
        if self.conductance_step is not None:
            validation.positive("conductance_step", self.conductance_step)
        validation.between("longest", self.longest, 1.0, 1e6)

    def pulse(self, attempt: NDArray[np.int64], error: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Voltage (V) and width (s) of attempts, counted from 0, for cells at this distance from their target (S)."""
        index = attempt % len(self.voltages)
        volts, widths = np.asarray(self.voltages)[index], np.asarray(self.widths)[index]
        if self.conductance_step is not None:
            # Whole multiples: the row's pulse has as many edges as there are different widths.
            widths = widths * np.clip(np.floor(np.abs(error) / self.conductance_step), 1.0, np.floor(self.longest))
        return volts, widths


def even_levels(devices: StatefulCells, count: int) -> FloatArray:
    """`count` conductances, S, increasing and evenly spaced over the common range of these devices, ends included."""
    levels = validation.whole("count", count, 2)
    low, high = validation.instance("devices", devices, StatefulCells).conductance_range()
    bottom, top = float(low.max()), float(high.min())
    if bottom >= top:
        raise InputError(
            f"devices: expected a range of conductance that all reach, got {bottom:.3g} S as the highest lower end and "
            f"{top:.3g} S as the lowest upper end"
        )
    return np.linspace(bottom, top, levels)


@dataclass
class _Progress:
    """The state of programming of every cell, shape (word lines, bit lines)."""

    pulses: NDArray[np.int64]
    read: FloatArray  # S, corrected, at the last reading; NaN before
    reached: NDArray[np.bool_]
    verified: FloatArray  # S, actual, when its row was finished
    energy: EnergyBudget = field(default_factory=EnergyBudget)


def program(
    simulation: ArraySimulation,
    target: ArrayLike,
    schedule: Schedule,
    *,
    tolerance: float,
    write: WriteAccess = HALF_SELECT,
    read: ReadAccess = GROUNDED_READ,
    passes: int = 1,
    history: bool = False,
    store: str | Path | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Bring every cell's conductance to its target, row by row; all cells of a row that need a pulse share it.

    target: S, at zero bias, shape (word lines, bit lines); NaN: the cell is not programmed.
    tolerance: S, for a reading, as obtained by `read` with the same access.
    passes: number of passes over all rows; from the second on, cells that were disturbed by writing other rows are
    corrected.
    history: also record the conductances after each row, for an animation.
    store: a folder in which each finished row is saved; repeating the call resumes from there, with identical results.

    Returns a Dataset over (word_line, bit_line): target, conductance (true, at the end), reading (the last one),
    error (conductance - target), reached (by the readings, when its row was finished), pulses, verified (true
    conductance when its row was finished), disturbance (conductance - verified) and initial_conductance, all S; with
    `history` also conductance_after_row (row, word_line, bit_line).  Attributes: energy_of_sources (J) and
    energy_per_pulse (J) of the writing, duration (s, on the array's own clock), total_pulses, unreached.
    Raises InputError for targets outside the range of a cell, and for a read voltage at which the selectors do not
    conduct.  A cell that the schedule does not bring to its target is marked in `reached`, as is one behind a broken
    line, which gets no pulses; the others are still programmed.
    """
    validation.instance("simulation", simulation, ArraySimulation)
    validation.instance("schedule", schedule, Schedule)
    validation.instance("write", write, WriteAccess)
    validation.instance("read", read, ReadAccess)
    wanted = _targets(simulation, target)
    near = validation.positive("tolerance", tolerance)
    rounds = validation.whole("passes", passes, 1)
    _check_reading(simulation, read, near)
    initial = simulation.conductance()
    kept = simulation.keep_in(
        store,
        target=digest(wanted),
        schedule=repr(schedule),
        tolerance=repr(near),
        passes=repr(rounds),
        write=repr(write),
        read=repr(read),
    )
    known = _Progress(
        np.zeros(wanted.shape, dtype=np.int64),
        np.full(wanted.shape, np.nan),
        np.isnan(wanted),
        initial.copy(),
    )
    begin, words = simulation.time, wanted.shape[0]
    if history:
        check_memory("history", 16.0 * rounds * words * wanted.size)
    frames = [initial]
    with Progress(progress, "programming").bar(rounds * words, "row") as advance:
        for number in range(rounds * words):
            name = f"pass_{number // words:02d}_row_{number % words:05d}"
            earlier = kept.load(name)
            if earlier is not None:
                _restore(simulation, known, earlier)
            else:
                row = number % words
                _program_row(simulation, known, row, wanted[row], schedule, near, write, read)
                kept.save(name, _part(simulation, known))
            if history:
                frames.append(simulation.conductance())
            advance(1)
    result = _label(simulation, known, wanted, initial, simulation.time - begin).assign_attrs(
        tolerance_of_readings=near
    )
    if history:
        attributes = {"long_name": "conductance", "units": "S"}
        result["conductance_after_row"] = (("row", "word_line", "bit_line"), np.array(frames), attributes)
    return result


def _check_reading(simulation: ArraySimulation, read: ReadAccess, near: float) -> None:
    """InputError if selectors, or transistors, leave too little of the read voltage for a meaningful reading."""
    if not simulation.lines.weakens_reading:
        return
    least, ends = np.inf, [simulation.at_share(share) for share in (0.0, 1.0)]
    for row in range(simulation.shape[0]):
        low, high = (plain_reading(each, row, quiet(read)) for each in ends)
        least = min(least, float(((high - low) / correction(simulation, row, read)).min()))
    if least < 2.0 * near:
        raise InputError(
            f"read: expected a voltage at which a reading tells the ends of the devices' range apart, by more than "
            f"{2.0 * near:.3g} S, got {read.voltage:g} V, of which selectors and transistors leave {least:.3g} S"
        )


def _targets(simulation: ArraySimulation, target: ArrayLike) -> FloatArray:
    given = validation.shaped("target", target, ("word_line", "bit_line"))
    words, bits = simulation.shape
    if given.shape != (words, bits):
        raise validation.wrong_shape("target", given.shape, {"word lines": words, "bit lines": bits})
    if given.dtype.kind not in "iuf":
        raise InputError(f"target: expected conductances, got {validation.shown(target)}")
    wanted = given.astype(np.float64)
    named = ~np.isnan(wanted)
    table("target", np.where(named, wanted, 0.0))
    low, high = simulation.devices.conductance_range()
    slack = _OUTSIDE * (high - low)
    wrong = named & ~((wanted >= low - slack) & (wanted <= high + slack))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise InputError(
            f"target: expected conductances that the devices have, got {wanted[row, column]:.4g} S at "
            f"({row}, {column}), whose range is {low[row, column]:.4g} to {high[row, column]:.4g} S "
            f"({int(wrong.sum())} cells in all)"
        )
    return wanted


def _program_row(
    simulation: ArraySimulation,
    known: _Progress,
    row: int,
    wanted: FloatArray,
    schedule: Schedule,
    near: float,
    write: WriteAccess,
    read: ReadAccess,
) -> None:
    """Pulse and read one row until all its cells are close enough or have had all their pulses."""
    bits = wanted.size
    attempt = np.zeros(bits, dtype=np.int64)
    pulses = np.zeros(bits, dtype=np.int64)
    polarity = np.zeros(bits)
    chosen, connected = ~np.isnan(wanted), simulation.array.connected[row]
    while True:
        reading = row_reading(simulation, row, read)
        error = np.where(chosen, reading - wanted, 0.0)
        needs = (np.abs(error) > near) & connected  # what is behind a break can be neither read nor written
        if not (needs & (pulses < schedule.most_pulses)).any():
            break
        needs &= pulses < schedule.most_pulses
        sign = np.where(needs, -simulation.devices.polarity * np.sign(error), 0.0)
        attempt[needs & (sign != polarity)] = 0
        polarity = np.where(needs, sign, polarity)
        volts, widths = schedule.pulse(attempt, error)
        for way in (1.0, -1.0):
            part = np.where(sign == way, way * volts, 0.0)
            if part.any():
                known.energy.add(write_cells(simulation, part, widths, word_line=row, access=write))
        attempt[needs] += 1
        pulses[needs] += 1
    known.pulses[row] += pulses
    known.read[row] = reading
    known.reached[row] = (~needs & connected) | ~chosen
    known.verified[row] = simulation.conductance()[row]


_PART = ("pulses", "read", "reached", "verified")


def _part(simulation: ArraySimulation, known: _Progress) -> xr.Dataset:
    """All data that the following rows need."""
    state = simulation.state()
    for name in _PART:
        state[name] = (("word_line", "bit_line"), getattr(known, name).astype(np.float64))
    return state.assign_attrs(spent=list(astuple(known.energy)))


def _restore(simulation: ArraySimulation, known: _Progress, part: xr.Dataset) -> None:
    simulation.restore(part)
    for name in _PART:
        values = getattr(known, name)
        values[:] = part[name].values.astype(values.dtype)
    known.energy = EnergyBudget(*(float(value) for value in part.attrs["spent"]))


def _label(
    simulation: ArraySimulation, known: _Progress, wanted: FloatArray, initial: FloatArray, duration: float
) -> xr.Dataset:
    final = simulation.conductance()
    cells = ("word_line", "bit_line")
    siemens: dict[str, Any] = {"units": "S"}
    total = int(known.pulses.sum())
    return xr.Dataset(
        {
            "target": (cells, wanted, {"long_name": "target", **siemens}),
            "conductance": (cells, final, {"long_name": "conductance at the end", **siemens}),
            "initial_conductance": (cells, initial, {"long_name": "conductance at the start", **siemens}),
            "reading": (cells, known.read, {"long_name": "last reading", **siemens}),
            "verified": (cells, known.verified, {"long_name": "conductance at its row's end", **siemens}),
            "error": (cells, final - wanted, {"long_name": "conductance less target", **siemens}),
            "disturbance": (
                cells,
                final - known.verified,
                {"long_name": "moved since its row's end", **siemens},
            ),
            "pulses": (cells, known.pulses, {"long_name": "pulses"}),
            "reached": (cells, known.reached, {"long_name": "verified within the tolerance"}),
        },
        attrs={
            "experiment": "programming",
            **simulation.attributes(),
            "energy_of_sources": known.energy.sources,
            "energy_in_devices": known.energy.devices,
            "energy_in_lines": known.energy.lines,
            "energy_per_pulse": known.energy.sources / total if total else 0.0,
            "duration": duration,
            "total_pulses": total,
            "unreached": int((~known.reached).sum()),
        },
    )
