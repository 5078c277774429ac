"""The read margin and write window of an array with variation."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from compact_model.device.parameters import DeviceParameters
from compact_model.support.validation import InputError

from ..crossbar import Crossbar
from ..faults.faults import farthest_sound, faults_of
from ..schemes import bias, line_number
from ..wires import Wires, wires_or_ideal
from .one_cell import Reading, cell_margin


def scattered_array(
    devices: Sequence[DeviceParameters],
    background: NDArray[np.bool_],
    *,
    cell: tuple[int, int] | None = None,
    reading: Reading | None = None,
    write_scheme: str = "V/2",
    wires: Wires | None = None,
) -> dict[str, float]:
    """Read margin of one cell of an array, and write window at the cell farthest from driver and sense node.

    devices: one for each cell, row by row.  background: (lines, lines), True where the other devices have their low
    resistance, such as `worst_pattern` finds.  cell: word line and bit line of the cell that is read, such as
    `worst_pattern` finds; None: the farthest one.  reading: None: `Reading()`.  wires: None: ideal ones.

    Returns read_margin: of that cell, between its own two end states.  write_voltage: what must be applied so that this
    cell gets the highest threshold_voltage of all devices, V.  disturb_voltage: the lowest applied voltage at which
    another device gets its own, while that cell is written, V (inf: none gets any).  write_window: disturb_voltage over
    write_voltage, less 1: above 0, one voltage writes every cell and moves no other.  Resistances are those at zero
    bias; written are walls at the P end, where an array draws the most current.  Faulty cells (`Wires.faults`) are
    neither written nor disturbed; without a sound cell the window is -1.  Raises InputError.
    """
    shape = np.shape(background)
    if len(shape) != 2 or shape[0] != shape[1] or len(devices) != shape[0] * shape[1]:
        raise InputError(f"background: expected one value for each of the {len(devices)} devices, got shape {shape}")
    lines = shape[0]
    low = np.array([device.parallel_resistance for device in devices]).reshape(shape)
    high = np.array([device.antiparallel_resistance for device in devices]).reshape(shape)
    threshold = np.array([device.threshold_voltage for device in devices]).reshape(shape)
    between = wires_or_ideal(wires).between(low, high)
    faults = faults_of(between.faults, (lines, lines))
    sound = np.ones(shape, dtype=bool) if faults is None else ~faults.cells((lines, lines))
    far = farthest_sound(faults, (lines, lines)) or (0, lines - 1)
    read_cell = far if cell is None else (line_number("cell", cell[0], lines), line_number("cell", cell[1], lines))
    read = cell_margin(
        np.where(background, low, high),
        low_resistance=float(low[read_cell]),
        high_resistance=float(high[read_cell]),
        word_line=read_cell[0],
        bit_line=read_cell[1],
        reading=Reading() if reading is None else reading,
        wires=between,
    )
    held = bias(write_scheme, (lines, lines), 1.0, word_line=far[0], bit_line=far[1])
    array = Crossbar(resistance=low, **between.keywords())
    share = np.abs(array.solve(**held.arguments()).device_voltage.values[0])
    write = float(threshold[sound].max() / share[far]) if sound.any() else np.inf
    share[far] = 0.0
    felt = (share > 0.0) & sound
    disturb = float((threshold[felt] / share[felt]).min(initial=np.inf))
    return {
        "read_margin": read,
        "write_window": disturb / write - 1.0 if sound.any() else -1.0,
        "write_voltage": write,
        "disturb_voltage": disturb,
    }
