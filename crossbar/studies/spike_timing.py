"""Spike-timing-dependent plasticity in an array: the selected synapse and all others."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from compact_model.experiments.spike_timing import LONGEST_DELAY, spike_coordinates
from compact_model.experiments.spikes import Spike
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.progress import Progress
from compact_model.support.validation import InputError

from ..crossbar import Crossbar
from ..in_time.drive import ArrayDrive
from ..in_time.simulation import ArraySimulation
from .disturbing import SELECTIONS, selection


def array_spike_timing(
    arrays: Crossbar | Sequence[Crossbar],
    delays: ArrayLike,
    spike: Spike,
    *,
    word_line: int = 0,
    bit_line: int = -1,
    settle: float = 200e-9,
    tolerance: float | None = None,
    current_tolerance: float = 1e-9,
    progress: bool = False,
) -> xr.Dataset:
    """The change of every weight of an array by one spike on a word line and one on a bit line, against their delay.

    arrays: an array of devices that move, or several of one shape as repeats, which differ in their devices, initial
    states or the seed of their thermal fields.  Each has the same initial state and the same random numbers at every
    delay.  delays: s, increasing, of either sign: the time from the spike on the word line to the spike on the bit
    line.  All other neurons hold their lines at 0 V. word_line, bit_line: of the two neurons, from -1 backwards; (0,
    -1) is the cell that is farthest from both.  settle: s at 0 V after both spikes.  tolerance, current_tolerance: as
    in `ArraySimulation`.

    The weight is the conductance at zero bias, scaled to the device's own range, from 0 to 1.  Returns a Dataset:
    weight_change (repeat, delay, word_line, bit_line); largest_voltage, of the same shape, V, the largest across the
    device at a kink of the spikes; selection (word_line, bit_line), one of `SELECTIONS`.
    Raises InputError and ConvergenceError.
    """
    lots = validation.several("arrays", arrays, Crossbar)
    shape = lots[0].shape
    if any(each.shape != shape for each in lots):
        raise InputError(f"arrays: expected ones of one shape, got {', '.join(str(each.shape) for each in lots)}")
    when = validation.increasing("delays", delays)
    if max(abs(when[0]), abs(when[-1])) > LONGEST_DELAY:
        raise InputError(f"delays: expected at most {LONGEST_DELAY:g} s either way, got {when[0]:g} to {when[-1]:g} s")
    validation.instance("spike", spike, Spike)
    row, column = _line("word_line", word_line, shape[0]), _line("bit_line", bit_line, shape[1])
    rest = validation.positive("settle", settle)
    changes, peaks = np.empty((2, len(lots), when.size, *shape))
    last: ArraySimulation | None = None
    with Progress(progress, "spike timing").bar(len(lots) * when.size, "delay") as advance:
        for repeat, array in enumerate(lots):
            for number, delay in enumerate(when.tolist()):
                last = ArraySimulation(array, tolerance=tolerance, current_tolerance=current_tolerance)
                changes[repeat, number], peaks[repeat, number] = _pair(last, spike, delay, row, column, rest)
                advance(1)
    assert last is not None
    cells = ("repeat", "delay", "word_line", "bit_line")
    coordinates = spike_coordinates([spike])
    return xr.Dataset(
        {
            "weight_change": (cells, changes, {"long_name": "change of the weight"}),
            "largest_voltage": (cells, peaks, {"long_name": "largest voltage across the device", "units": "V"}),
            "selection": (("word_line", "bit_line"), selection(shape, row, column)),
        },
        coords={
            "delay": ("delay", when, {"long_name": "delay of the spike at the bit line", "units": "s"}),
            **{name: ((), values[0], labels) for name, (_, values, labels) in coordinates.items()},
        },
        attrs={"experiment": "array_spike_timing", "settle": rest, **last.origin()},
    )


def _line(name: str, number: int, lines: int) -> int:
    """Number of a line, counted from 0."""
    found = validation.whole(name, number, -lines)
    if found >= lines:
        raise InputError(f"{name}: expected a number from {-lines} to {lines - 1}, got {found}")
    return found % lines


def _pair(
    simulation: ArraySimulation, spike: Spike, delay: float, word_line: int, bit_line: int, settle: float
) -> tuple[FloatArray, FloatArray]:
    """Changes of the weights by two spikes, and the largest voltages across the cells, V, (word lines, bit lines)."""
    before, after = spike.starts(delay)
    drive = ArrayDrive.of_lines(
        simulation.shape,
        word_lines={word_line: spike.waveform.delayed(before)},
        bit_lines={bit_line: spike.waveform.delayed(after)},
    )
    end = spike.duration + abs(delay)
    times = [0.0, *drive.edges(0.0, end), end, end + settle]
    start = simulation.conductance()
    peak = np.zeros(simulation.shape)
    for record in simulation.run(drive, np.unique(times)):
        np.maximum(peak, np.abs(record["device_voltage"]), out=peak)
    low, high = simulation.devices.conductance_range()
    return (simulation.conductance() - start) / (high - low), peak


def by_selection(result: xr.Dataset, name: str) -> dict[str, xr.DataArray]:
    """A variable for the cells of each kind present, along (repeat, delay, cell)."""
    cells = result[name].stack(cell=("word_line", "bit_line"))
    kind = result.selection.stack(cell=("word_line", "bit_line"))
    return {each: cells.isel(cell=np.flatnonzero(kind == each)) for each in SELECTIONS if bool((kind == each).any())}
