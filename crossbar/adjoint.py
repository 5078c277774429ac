"""Derivatives of read currents with respect to cells and inputs, exact, from one additional solution.

A network of resistors is reciprocal.  The change of a weighted sum of bit-line currents by a small current in parallel
with a cell equals the voltage across that cell when the weights are applied as voltages to the ends of the bit lines,
with the word lines at 0 V.
"""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError

from .cells import Resistors
from .crossbar import Crossbar
from .line_drive import Lines, WordLineCurrents
from .network.newton import solve_nonlinear
from .network.solve import check_tolerance, solve_network

_WORD_ENDS = ("word_start_current", "word_stop_current")
_BY_VOLTAGE = "derivative by the voltage of the word line's source"


def read_gradient(
    array: Crossbar,
    word_line_voltage: ArrayLike | None,
    weight: ArrayLike,
    bit_line_voltage: ArrayLike = 0.0,
    *,
    word_line_current: WordLineCurrents | None = None,
    word_line_stop_voltage: ArrayLike | None = None,
    bit_line_start_voltage: ArrayLike | None = None,
    floating_word_lines: Lines = (),
    floating_bit_lines: Lines = (),
    tolerance: float = 1e-10,
) -> xr.Dataset:
    """The derivatives of L, the sum of weight times bit-line current over all bit lines and inputs.

    word_line_voltage: V, shape (word lines, inputs); it, bit_line_voltage and the other arguments as in
        `Crossbar.solve`.
    weight: shape (inputs, bit lines), a number for each current (out of the array): dL/dI of a loss.

    Returns a Dataset: bit_line_current (input, bit_line; A); voltage_gradient (input, word_line; dL/dV of the word
    line's source, A times the weight's unit; with a voltage of its own at the other end also stop_voltage_gradient);
    with current sources current_gradient (input, word_line; dL/dI of a current into the word line); sensitivity (input,
    word_line, bit_line), the change of L for each additional ampere through the cell at the same voltage, and
    device_voltage (V) of the same shape; and conductance_gradient (word_line, bit_line; dL/dG), the sum
    over the inputs of their product.  Wires, drivers and floating lines are included.  For cells with a non-linear
    current-voltage law, the network is linearised around its solution.  The derivative with respect to a parameter
    p is then the sum over the inputs of sensitivity times dI/dp; conductance_gradient is for a conductance in
    parallel.  It takes twice the time of a solution, without finite differences.  Raises InputError and
    ConvergenceError.
    """
    words, bits = validation.instance("array", array, Crossbar).shape
    check_tolerance(tolerance)
    driven = array.driven(
        word_line_voltage,
        bit_line_voltage,
        word_line_current=word_line_current,
        word_line_stop_voltage=word_line_stop_voltage,
        bit_line_start_voltage=bit_line_start_voltage,
        floating_word_lines=floating_word_lines,
        floating_bit_lines=floating_bit_lines,
    )
    network, sources = driven.network, driven.sources
    weights = validation.array("weight", weight, ("input", "bit_line"))
    if weights.shape != (sources.inputs, bits):
        raise InputError(f"weight: expected shape (inputs, bit lines) = {(sources.inputs, bits)}, got {weights.shape}")
    adjoint = array.sources(np.zeros((words, sources.inputs)), weights.T)
    if array.cells is None or isinstance(array.cells, Resistors):
        found = solve_network(network, sources, tolerance=tolerance)
        turned = solve_network(network, adjoint, tolerance=tolerance)
        pairs = [(found, turned)]
    else:
        pairs = []
        for index in range(sources.inputs):
            one, _ = solve_nonlinear(network, array.cells, sources.input(index), tolerance=tolerance)
            _, slope = array.cells.current_and_slope((one.word_voltage - one.bit_voltage)[0])
            tangent = network.replace(conductance=slope)
            pairs.append((one, solve_network(tangent, adjoint.input(index), tolerance=tolerance)))
    voltage = np.concatenate([one.word_voltage - one.bit_voltage for one, _ in pairs])
    # A current in parallel with the cell leaves its word line and enters its bit line.
    sensitivity = np.concatenate([other.bit_voltage - other.word_voltage for _, other in pairs])
    current = np.concatenate([-(one.bit_start_current + one.bit_stop_current) for one, _ in pairs])
    back = [np.concatenate([-getattr(other, name) for _, other in pairs]) for name in _WORD_ENDS]
    gradients = {"voltage_gradient": (("input", "word_line"), back[0] + back[1], _units(_BY_VOLTAGE, "A"))}
    if word_line_stop_voltage is not None:
        gradients["voltage_gradient"] = (("input", "word_line"), back[0], _units(_BY_VOLTAGE, "A"))
        gradients["stop_voltage_gradient"] = (("input", "word_line"), back[1], _units(f"{_BY_VOLTAGE}'s stop", "A"))
    if driven.currents is not None:
        at = -1 if driven.currents.at_stop else 0
        by_current = np.concatenate([other.word_voltage[:, :, at] for _, other in pairs])
        long_name = "derivative by a current into the word line"
        gradients["current_gradient"] = (("input", "word_line"), by_current, _units(long_name, "1"))
    cells = ("input", "word_line", "bit_line")
    return xr.Dataset(
        {
            "bit_line_current": (("input", "bit_line"), current, _units("current out of the bit line", "A")),
            **gradients,
            "sensitivity": (cells, sensitivity, _units("gain for a current through the cell", "1")),
            "device_voltage": (cells, voltage, _units("voltage across the device", "V")),
            "conductance_gradient": (
                cells[1:],
                gradient_of(sensitivity, voltage),
                _units("derivative by the cell's conductance", "V"),
            ),
        },
        attrs={"experiment": "read_gradient", **array.origin()},
    )


def gradient_of(sensitivity: FloatArray, voltage: FloatArray) -> FloatArray:
    """Summed over the inputs, (word lines, bit lines)."""
    result: FloatArray = np.einsum("nij,nij->ij", sensitivity, voltage)
    return result


def _units(long_name: str, units: str) -> dict[str, Any]:
    return {"long_name": long_name, "units": units}
