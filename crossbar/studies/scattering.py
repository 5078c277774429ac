"""What variation leaves of an array's read margin and write window."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from compact_model.device.parameters import DeviceParameters
from compact_model.support.validation import InputError

from ..crossbar import Crossbar
from ..schemes import bias
from ..wires import Wires, wires_or_ideal
from .margins import Reading, cell_margin


def scattered_array(
    devices: Sequence[DeviceParameters],
    background: NDArray[np.bool_],
    *,
    reading: Reading | None = None,
    write_scheme: str = "V/2",
    wires: Wires | None = None,
) -> dict[str, float]:
    """Read margin and write window of one array, at the cell that is farthest from driver and sense node.

    devices: one for each cell, row by row.  background: (lines, lines), True where the other devices have their low
    resistance, such as `worst_pattern` finds.  reading: None: `Reading()`.  wires: None: ideal ones.

    Returns read_margin: of that cell, between its own two end states.  write_voltage: what must be applied so that this
    cell gets the highest threshold_voltage of all devices, V.  disturb_voltage: the lowest applied voltage at which
    another device gets its own, while that cell is written, V (inf: none gets any).  write_window: disturb_voltage over
    write_voltage, less 1: above 0, one voltage writes every cell and moves no other.  Resistances are those at zero
    bias; written are walls at the P end, where an array draws the most current.  Raises InputError.
    """
    shape = np.shape(background)
    if len(shape) != 2 or shape[0] != shape[1] or len(devices) != shape[0] * shape[1]:
        raise InputError(f"background: expected one value for each of the {len(devices)} devices, got shape {shape}")
    lines = shape[0]
    low = np.array([device.parallel_resistance for device in devices]).reshape(shape)
    high = np.array([device.antiparallel_resistance for device in devices]).reshape(shape)
    threshold = np.array([device.threshold_voltage for device in devices]).reshape(shape)
    far = (0, lines - 1)
    read = cell_margin(
        np.where(background, low, high),
        low_resistance=float(low[far]),
        high_resistance=float(high[far]),
        word_line=far[0],
        bit_line=far[1],
        reading=Reading() if reading is None else reading,
        wires=wires,
    )
    held = bias(write_scheme, (lines, lines), 1.0, word_line=far[0], bit_line=far[1])
    array = Crossbar(resistance=low, **wires_or_ideal(wires).keywords())
    share = np.abs(array.solve(**held.arguments()).device_voltage.values[0])
    write = float(threshold.max() / share[far])
    share[far] = 0.0
    felt = share > 0.0
    disturb = float((threshold[felt] / share[felt]).min(initial=np.inf))
    return {
        "read_margin": read,
        "write_window": disturb / write - 1.0,
        "write_voltage": write,
        "disturb_voltage": disturb,
    }
