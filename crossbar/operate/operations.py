"""Writing a cell, a row or a whole array through its word lines and bit lines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.progress import Progress
from compact_model.support.provenance import digest
from compact_model.support.validation import ConvergenceError, InputError

from ..in_time.drive import ArrayDrive
from ..in_time.energy import EnergyBudget
from ..in_time.simulation import ArraySimulation, check_records, label_records, recorded
from ..network.solution import NetworkSolution
from ..schemes import SCHEMES, Bias, line_number

_CELLS = ("word_line", "bit_line")
_COMPENSATION_ROUNDS = 60
_COMPENSATION_TOLERANCE = 1e-4  # of the voltage that the cells should get
_TOLERANCE_OF_A_ROUND = 1e-6  # of the currents, relative, in the norm
_LARGEST_GAIN = 1.5  # beyond 2, what reaches its cells in full would oscillate
_LARGEST_COMPENSATION = 5.0  # times that voltage: beyond, nearly all of it drops across the wires


@dataclass(frozen=True, kw_only=True)
class WriteAccess:
    """How cells are reached for writing.

    scheme: one of SCHEMES, the bias of the unselected lines.  In an array with transistors, those of the row are on
        from the first edge to the last and all others are off, whatever the scheme.
    edge: s, rise time of the lines' voltages before a pulse and fall time after it.  settle: s, time at 0 V after it.
    A wall rings for about 1/(alpha gamma H_K), hundreds of ns in the paper's device, when its voltage jumps, and pulses
    during that time can pump it out of its site; slow edges leave it at rest.
    compensate: raise the lines' voltages by the voltage drop of the wires, so that each selected cell gets the
    requested voltage with its wall at its position before the pulse.
    """

    scheme: str = "V/2"
    edge: float = 0.0
    settle: float = 300e-9
    compensate: bool = False

    def __post_init__(self) -> None:
        validation.choice("scheme", self.scheme, SCHEMES)
        validation.non_negative("edge", self.edge)
        validation.non_negative("settle", self.settle)
        validation.flag("compensate", self.compensate)


HALF_SELECT = WriteAccess()


def write(
    simulation: ArraySimulation,
    voltages: ArrayLike,
    width: ArrayLike,
    *,
    word_line: int | None = None,
    bit_line: int | Sequence[int] | None = None,
    access: WriteAccess = HALF_SELECT,
    after_row: Callable[[int], object] = lambda row: None,
) -> EnergyBudget:
    """Apply one pulse to each cell, row by row, each followed by a rest; returns the energy, J.

    voltages, V: a number, for `bit_line` of `word_line` (a number, several numbers, or None: the whole row); shape (bit
    lines,), for the cells of `word_line`, of one sign; or shape (word lines, bit lines), for all cells, in each row
    first the positive ones.  0: the cell is not written.
    width: s, one or (bit lines,): duration of the pulse for each cell of a row; after it the cell is no longer
    selected.
    after_row: called with the number of each row.
    """
    rows = _rows_to_write(simulation, voltages, word_line, bit_line)
    spent = EnergyBudget()
    for row, signs in rows:
        for volts in signs:
            spent.add(_write_row(simulation, row, volts, width, access))
        after_row(row)
    return spent


def _rows_to_write(
    simulation: ArraySimulation, voltages: ArrayLike, word_line: int | None, bit_line: int | Sequence[int] | None
) -> list[tuple[int, list[FloatArray]]]:
    """Numbers of rows, and voltages (V, (bit lines,)) of the pulses on each, in sequence."""
    words, bits = validation.instance("simulation", simulation, ArraySimulation).shape
    volts = validation.array("voltages", voltages, ("bit_line",) if np.ndim(voltages) == 1 else _CELLS)
    if volts.shape not in ((), (bits,), (words, bits)):
        raise validation.wrong_shape(
            "voltages", volts.shape, {}, {"bit lines": bits}, {"word lines": words, "bit lines": bits}
        )
    if volts.ndim == 2:
        if word_line is not None or bit_line is not None:
            raise InputError("word_line, bit_line: expected none with voltages for all cells, got one")
        return [(row, [np.maximum(volts[row], 0.0), np.minimum(volts[row], 0.0)]) for row in range(words)]
    if word_line is None:
        raise InputError("word_line: expected a line's number with voltages for one row, got None")
    row = line_number("word_line", word_line, words)
    if volts.ndim == 1:
        if bit_line is not None:
            raise InputError("bit_line: expected none with voltages for each bit line, got one")
        return [(row, [volts])]
    given = range(bits) if bit_line is None else bit_line if isinstance(bit_line, Sequence | np.ndarray) else [bit_line]
    chosen = [line_number("bit_line", line, bits) for line in given]
    if len(set(chosen)) < len(chosen):
        raise InputError(f"bit_line: expected every line once, got {chosen}")
    own = np.zeros(bits)
    own[chosen] = float(volts)
    return [(row, [own])]


def _write_row(
    simulation: ArraySimulation, word_line: int, voltages: FloatArray, width: ArrayLike, access: WriteAccess
) -> EnergyBudget:
    """One pulse on several cells of a row; then rest."""
    drive, duration = row_drive(simulation, word_line, voltages, width, access)
    if drive is None:
        return EnergyBudget()
    before = replace(simulation.energy)
    simulation.apply(drive, duration)
    if access.settle > 0.0:
        simulation.rest(access.settle)
    return simulation.energy.since(before)


def row_drive(
    simulation: ArraySimulation, word_line: int, voltages: ArrayLike, width: ArrayLike, access: WriteAccess
) -> tuple[ArrayDrive | None, float]:
    """The drive that `write` applies to a row, and its duration in s; None if no cell is selected."""
    validation.instance("simulation", simulation, ArraySimulation)
    validation.instance("access", access, WriteAccess)
    volts = validation.array("voltages", voltages, ("bit_line",))
    bits = simulation.shape[1]
    wide = validation.array("width", width, ("bit_line",))
    if wide.shape not in ((), (bits,)) or not (wide > 0.0).all():
        least = f", {wide.min():g} s" if wide.size else ""
        axes = f"(bit lines,) = ({bits},)"
        raise InputError(f"width: expected one above 0 s, or shape {axes}, got shape {wide.shape}{least}")
    held = simulation.array.row_bias(access.scheme, word_line, volts)
    if not volts.any():
        return None, 0.0
    if access.compensate:
        held = compensated(simulation, held, word_line, volts)
    widths = np.where(volts != 0.0, np.broadcast_to(wide, (bits,)), 0.0)
    drive = simulation.lines.row_drive(held, access.scheme, volts, widths, access.edge)
    return drive, float(widths.max()) + 2.0 * access.edge


def compensated(simulation: ArraySimulation, held: Bias, word_line: int, voltages: ArrayLike) -> Bias:
    """The same bias with the selected lines' voltages raised until all selected cells have their voltages
    simultaneously.

    voltages: V, shape (bit lines,), on the cells of the selected word line; 0: not selected.
    Raises ConvergenceError if the wires would require several times the voltage.
    """
    wanted = validation.array("voltages", voltages, ("bit_line",))
    chosen = wanted != 0.0
    largest = float(np.abs(wanted).max())
    found: NetworkSolution | None = None
    before, gain = np.zeros_like(wanted), 1.0
    for _ in range(_COMPENSATION_ROUNDS):
        found = simulation.solve_at_once(held, found, tolerance=_TOLERANCE_OF_A_ROUND)
        across = (found.word_voltage - found.bit_voltage)[0, word_line]
        missing = np.where(chosen, wanted - across, 0.0)
        if np.abs(missing).max() <= _COMPENSATION_TOLERANCE * largest:
            return held
        if before.any():
            # Part of what the lines were given last drops across the wires again, and as much will of the next.
            arrived = float(((before - missing) * before).sum() / (before**2).sum()) / gain
            gain = 1.0 / min(max(arrived, 1.0 / _LARGEST_GAIN), 1.0)
        held = simulation.lines.raised(held, word_line, wanted, gain * missing)
        before = missing
        if held.largest_voltage > 2.0 * _LARGEST_COMPENSATION * largest:
            break
    worst = int(np.argmax(np.abs(missing)))
    raise ConvergenceError(
        f"compensate: the wires leave the cell ({word_line}, {worst}) {across[worst]:.3g} V of {wanted[worst]:.3g} V "
        "whatever the lines' voltages; write fewer cells at once, or without compensation"
    )


def cell_voltages(simulation: ArraySimulation, held: Bias) -> FloatArray:
    """Voltages of all cells under a bias with the present states, V, shape (word lines, bit lines)."""
    found = simulation.solve_at_once(held)
    result: FloatArray = (found.word_voltage - found.bit_voltage)[0]
    return result


def record_writing(
    simulation: ArraySimulation,
    voltages: ArrayLike,
    width: float,
    access: WriteAccess = HALF_SELECT,
    *,
    records: int = 24,
    store: str | Path | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """`write` all cells and record each pulse and each rest; the result has the form of that of `simulate_array`.

    store: a folder in which the records of each pulse are saved as they are produced; repeating the call resumes from
    there.
    """
    validation.instance("simulation", simulation, ArraySimulation)
    volts = validation.array("voltages", voltages, _CELLS)
    if volts.shape != simulation.shape:
        words, bits = simulation.shape
        raise validation.wrong_shape("voltages", volts.shape, {"word lines": words, "bit lines": bits})
    count, on = validation.whole("records", records, 1), validation.positive("width", width)
    rows = np.flatnonzero(volts.any(axis=1)).tolist()
    if not rows:
        raise InputError("voltages: expected one that is not 0, got none")
    kept = simulation.keep_in(store, writing=digest(volts, repr((on, access, count))))
    ways = [(row, way) for row in rows for way in (1.0, -1.0) if (way * volts[row] > 0.0).any()]
    check_records(simulation, 2 * count * len(ways))
    parts = []
    with Progress(progress, "writing").bar(len(ways), "pulse") as advance:
        for number, (row, way) in enumerate(ways):
            name = f"pulse_{number:06d}"
            part = kept.load(name)
            if part is None:
                chosen = np.where(way * volts[row] > 0.0, volts[row], 0.0)
                part = _record_pulse(simulation, row, chosen, width, access, count, first=number == 0)
                kept.save(name, xr.merge([part, simulation.state()], combine_attrs="drop_conflicts"))
            else:
                simulation.restore(part)
            parts.append(part[[name for name in recorded(simulation.devices.states) if name in part]])
            advance(1)
    whole = xr.concat(parts, "time", combine_attrs="drop")
    return whole.assign_attrs(experiment="array_in_time", **simulation.attributes())


def _record_pulse(
    simulation: ArraySimulation, row: int, volts: FloatArray, width: float, access: WriteAccess, count: int, first: bool
) -> xr.Dataset:
    """One pulse on a row, and the rest after it."""
    drive, duration = row_drive(simulation, row, volts, width, access)
    assert drive is not None
    begin = simulation.time
    times = np.linspace(0.0, duration, count + 1)
    if access.settle > 0.0:
        times = np.concatenate([times, duration + np.linspace(0.0, access.settle, count + 1)[1:]])
    found = list(simulation.run(drive, times))
    skipped = 0 if first else 1  # the end of the previous pulse
    return label_records(found[skipped:], begin + times[skipped:], simulation.devices.states)
