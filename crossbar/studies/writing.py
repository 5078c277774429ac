"""Voltages on the cells of an array while one of them is written, and the power."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from compact_model.device.parameters import DeviceParameters
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.provenance import provenance
from compact_model.support.validation import InputError

from ..cells import Junctions
from ..crossbar import Crossbar
from ..faults.faults import farthest_sound, faults_of
from ..schemes import SCHEMES, bias
from ..wires import Wires, wires_or_ideal
from .margins import largest_size


def half_select(
    parameters: DeviceParameters,
    sizes: Sequence[int],
    *,
    write_voltage: float | None = None,
    position: float | None = None,
    schemes: Sequence[str] = SCHEMES,
    wires: Wires | None = None,
) -> xr.Dataset:
    """Voltages on the selected cell and on all others in square arrays, for each scheme, at the start of a pulse.

    write_voltage: V, on the selected word line; None: 1.5 times the device's threshold_voltage.
    position: m, of all walls; None: the P end, which has the lowest resistance and is the heaviest load.
    wires: None: ideal ones.  The selected cell is the farthest one, of the sound ones if the wires have faults; faulty
    cells cannot be disturbed.
    Devices follow their bias-dependent TMR.

    Returns a Dataset over (scheme, size): selected_voltage (V), delivered_share (of write_voltage), worst_voltage (V,
    the largest |V| on any other cell), disturb_margin (1 - worst/threshold: below 0 another wall may move),
    write_margin (selected/threshold - 1: below 0 the selected wall stays), power (W); attribute threshold_voltage.
    """
    validation.instance("parameters", parameters, DeviceParameters)
    threshold = parameters.threshold_voltage
    volts = 1.5 * threshold if write_voltage is None else validation.number("write_voltage", write_voltage)
    if volts == 0.0:
        raise InputError("write_voltage: expected a voltage other than 0, got 0")
    where = parameters.track_length if position is None else validation.number("position", position)
    lines_between = wires_or_ideal(wires)
    lines = validation.sizes("sizes", sizes)
    chosen = validation.different("schemes", schemes, SCHEMES)
    shape = (len(chosen), len(lines))
    names = ("selected_voltage", "worst_voltage", "power")
    found = {name: np.zeros(shape) for name in names}
    for row, scheme in enumerate(chosen):
        for column, size in enumerate(lines):
            array = Crossbar(
                cells=Junctions(parameters, np.broadcast_to(where, (size, size))), **lines_between.keywords()
            )
            chosen_cell, sound = _selection(array)
            held = bias(scheme, (size, size), volts, word_line=chosen_cell[0], bit_line=chosen_cell[1])
            solution = array.solve(**held.arguments())
            across = solution.device_voltage.values[0]
            found["selected_voltage"][row, column] = across[chosen_cell]
            others = np.where(sound, np.abs(across), 0.0)
            others[chosen_cell] = 0.0
            found["worst_voltage"][row, column] = others.max()
            found["power"][row, column] = float(solution.power[0])
    selected, worst = found["selected_voltage"], found["worst_voltage"]
    dims = ("scheme", "size")
    return xr.Dataset(
        {
            "selected_voltage": (dims, selected, {"long_name": "voltage on the selected cell", "units": "V"}),
            "delivered_share": (dims, selected / volts, {"long_name": "share of the write voltage on the cell"}),
            "worst_voltage": (dims, worst, {"long_name": "largest voltage on another cell", "units": "V"}),
            "disturb_margin": (dims, 1.0 - worst / threshold, {"long_name": "disturb margin"}),
            "write_margin": (dims, np.abs(selected) / threshold - 1.0, {"long_name": "write margin"}),
            "power": (dims, found["power"], {"long_name": "power of the sources", "units": "W"}),
        },
        coords={"scheme": chosen, "size": ("size", lines, {"long_name": "word lines and bit lines"})},
        attrs={
            "experiment": "half_select",
            "threshold_voltage": threshold,
            "write_voltage": volts,
            **provenance([parameters], array={"position": where, **lines_between.keywords()}),
        },
    )


def _selection(array: Crossbar) -> tuple[tuple[int, int], NDArray[np.bool_]]:
    """The farthest sound cell, or the farthest one if none is sound, and which cells are sound."""
    faults = faults_of(array.faults, array.shape)
    sound = np.ones(array.shape, dtype=bool) if faults is None else ~faults.cells(array.shape)
    return farthest_sound(faults, array.shape) or (0, array.shape[1] - 1), sound


def applied_voltage(
    parameters: DeviceParameters, size: int, *, scheme: str, write_voltage: float, wires: Wires | None = None
) -> float:
    """Voltage on the selected line of a square array, V, with which every cell gets the write voltage.

    The farthest cell gets the lowest voltage, with all walls at the P end: low resistances load the wires most, and the
    voltage on the cell is then proportional to the applied voltage.  wires: as in `half_select`.
    """
    cells = Junctions(parameters, np.full((size, size), parameters.track_length))
    array = Crossbar(cells=cells, **wires_or_ideal(wires).keywords())
    word_line, bit_line = _selection(array)[0]
    held = bias(scheme, (size, size), write_voltage, word_line=word_line, bit_line=bit_line)
    delivered = float(array.solve(**held.arguments()).device_voltage[0, word_line, bit_line]) / write_voltage
    return write_voltage / delivered if delivered > 0.0 else np.inf


def worst_disturbance(
    parameters: DeviceParameters,
    size: int,
    *,
    scheme: str,
    applied: float,
    enough: float = np.inf,
    wires: Wires | None = None,
) -> float:
    """The largest |V| on any cell but the selected one, over selected cells and states of all cells, V.

    applied: V on the selected line.  enough: V at which the search may end.  wires: as in `half_select`.
    The selected cells tried are the corners and the middle.  The worst states, with each wall at one or the other end
    of its track, are found by a search.  The voltage on the most disturbed cell rises or falls with every other
    resistance, in a direction given by Tellegen's theorem: by the sign of the product of that resistance's voltage and
    of its response to a change of that cell.  All states are set accordingly until the voltage does not rise any more.
    Exhaustive searches of 3 x 3 arrays find the same voltage, or less than 1 % more.
    """
    lines_between = wires_or_ideal(wires).keywords()
    ends = {False: 0.0, True: parameters.track_length}
    middle, last = size // 2, size - 1
    _, sound = _selection(Crossbar(cells=Junctions(parameters, np.zeros((size, size))), **lines_between))

    def voltages(low: NDArray[np.bool_], held: dict[str, Any]) -> FloatArray:
        cells = Junctions(parameters, np.where(low, ends[True], ends[False]))
        found = Crossbar(cells=cells, **lines_between).find(**held)
        return np.asarray(found.word_voltage[0] - found.bit_voltage[0])

    worst = 0.0
    for selected in {(0, 0), (0, last), (last, 0), (last, last), (middle, middle)}:
        held = bias(scheme, (size, size), applied, word_line=selected[0], bit_line=selected[1]).arguments()
        low = np.zeros((size, size), dtype=bool)
        reached = 0.0
        while worst <= enough:
            across = voltages(low, held)
            others = np.where(sound, np.abs(across), 0.0)
            others[selected] = 0.0
            victim = np.unravel_index(int(others.argmax()), others.shape)
            if others[victim] <= reached * (1.0 + 1e-9):
                break
            reached = float(others[victim])
            worst = max(worst, reached)
            switched = low.copy()
            switched[victim] = not low[victim]
            gained = voltages(switched, held) - across
            low = across * (-gained if low[victim] else gained) > 0.0
            low[victim] = False  # the voltage on a cell is largest if its own resistance is high
    return worst


def can_be_written(
    parameters: DeviceParameters,
    size: int,
    *,
    scheme: str,
    write_voltage: float,
    disturb_voltage: float,
    breakdown_voltage: float,
    wires: Wires | None = None,
) -> bool:
    """Whether one applied voltage writes every cell of a square array, one at a time, and disturbs no other.

    Every selected cell must get at least write_voltage (`applied_voltage`), no other cell more than disturb_voltage
    (`worst_disturbance`), and none more than breakdown_voltage, V, by the device's non-linear law at the start of a
    pulse.  wires: as in `half_select`.
    """
    applied = applied_voltage(parameters, size, scheme=scheme, write_voltage=write_voltage, wires=wires)
    if applied > breakdown_voltage:  # no cell has more than the applied voltage
        return False
    enough = disturb_voltage
    return worst_disturbance(parameters, size, scheme=scheme, applied=applied, enough=enough, wires=wires) <= enough


def largest_written_array(
    parameters: DeviceParameters,
    *,
    scheme: str,
    write_voltage: float,
    disturb_voltage: float,
    breakdown_voltage: float = 1.0,
    largest: int = 256,
    wires: Wires | None = None,
) -> int:
    """The largest number of lines of a square array that `can_be_written`; 0 if not even one cell can.

    write_voltage, disturb_voltage: V, as from `compact_model.write_window`; an infinite write voltage is never reached.
    wires: None: ideal ones.  Raises InputError.
    """
    validation.instance("parameters", parameters, DeviceParameters)
    validation.choice("scheme", scheme, SCHEMES)
    limit = validation.whole("largest", largest, 1)
    if isinstance(write_voltage, float) and write_voltage == np.inf:
        return 0
    window = {
        "write_voltage": validation.positive("write_voltage", write_voltage),
        "disturb_voltage": validation.non_negative("disturb_voltage", disturb_voltage),
        "breakdown_voltage": validation.positive("breakdown_voltage", breakdown_voltage),
    }
    return largest_size(lambda size: can_be_written(parameters, size, scheme=scheme, **window, wires=wires), limit)
