"""What the cells of an array feel while one of them is written, and what that costs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from compact_model import validation
from compact_model.parameters import DeviceParameters
from compact_model.validation import InputError

from ..bias import SCHEMES, bias
from ..cells import Junctions
from ..crossbar import Crossbar, device_voltage


def threshold_voltage(parameters: DeviceParameters) -> float:
    """|V| across a junction from which the Slonczewski torque frees a wall from any well: J_W RA_P, V.

    Below the Walker current density |H_K|/2 the wall stays in its well (statically); this is the device's own selector.
    """
    return parameters.walker_current_density * parameters.resistance_area_product


def half_select(
    parameters: DeviceParameters,
    sizes: Sequence[int],
    *,
    write_voltage: float | None = None,
    position: float | None = None,
    schemes: Sequence[str] = SCHEMES,
    **wires: Any,
) -> xr.Dataset:
    """Voltages on the selected cell and on all others of square arrays, under each scheme, at zero time.

    write_voltage: V, on the selected word line; None: 1.5 times `threshold_voltage`.
    position: m, of all walls; None: the P end, the lowest resistance and so the heaviest load.
    wires: word_line_resistance and the other arguments of `Crossbar`.  The selected cell is the farthest one.
    Devices follow their bias-dependent TMR.

    Returns a Dataset over (scheme, size): selected_voltage (V), delivered_share (of write_voltage), worst_voltage (V,
    the largest |V| on any other cell), disturb_margin (1 - worst/threshold: below 0 another wall may move),
    write_margin (selected/threshold - 1: below 0 the selected wall stays), power (W); attribute threshold_voltage.
    """
    validation.instance("parameters", parameters, DeviceParameters)
    threshold = threshold_voltage(parameters)
    volts = 1.5 * threshold if write_voltage is None else validation.number("write_voltage", write_voltage)
    if volts == 0.0:
        raise InputError("write_voltage: expected a voltage other than 0")
    where = parameters.track_length if position is None else validation.number("position", position)
    lines = [validation.whole("sizes", size, 1) for size in sizes]
    shape = (len(schemes), len(lines))
    names = ("selected_voltage", "worst_voltage", "power")
    found = {name: np.zeros(shape) for name in names}
    for row, scheme in enumerate(schemes):
        for column, size in enumerate(lines):
            array = Crossbar(cells=Junctions(parameters, np.full((size, size), where)), **wires)
            held = bias(scheme, (size, size), volts, word_line=0, bit_line=size - 1)
            solution = array.solve(**held.arguments())
            across = device_voltage(solution).values[0]
            found["selected_voltage"][row, column] = across[0, -1]
            others = np.abs(across)
            others[0, -1] = 0.0
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
        coords={"scheme": list(schemes), "size": ("size", lines, {"long_name": "word lines and bit lines"})},
        attrs={"experiment": "half_select", "threshold_voltage": threshold, "write_voltage": volts},
    )
