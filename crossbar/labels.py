"""The results of `Crossbar.solve` as Datasets with names and units, and back."""

from typing import Any

import numpy as np
import xarray as xr

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.labelled import labelled
from compact_model.support.validation import InputError

from .line_drive import LineCurrents
from .network.linear_network import Sources
from .network.solution import NetworkSolution

_CELL_AXES = ("input", "word_line", "bit_line")
_VARIABLES = {
    "device_current": (_CELL_AXES, "device current", "A"),
    "device_voltage": (_CELL_AXES, "voltage across the device", "V"),
    "word_line_voltage": (_CELL_AXES, "voltage of the word line at the cell", "V"),
    "bit_line_voltage": (_CELL_AXES, "voltage of the bit line at the cell", "V"),
    "bit_line_current": (("input", "bit_line"), "current out of the bit line", "A"),
    "word_line_current": (("input", "word_line"), "current into the word line", "A"),
    "power": (("input",), "power of the sources", "W"),
    "word_line_start_current": (("input", "word_line"), "current into the start of the word line", "A"),
    "word_line_stop_current": (("input", "word_line"), "current into the stop of the word line", "A"),
    "bit_line_start_current": (("input", "bit_line"), "current out of the start of the bit line", "A"),
    "bit_line_stop_current": (("input", "bit_line"), "current out of the stop of the bit line", "A"),
    "word_line_source_voltage": (("input", "word_line"), "voltage of the word line's source", "V"),
}


def label_solution(
    found: NetworkSolution,
    sources: Sources,
    *,
    currents: LineCurrents | None = None,
    both_ends: tuple[bool, bool] = (False, False),
    **attributes: Any,
) -> xr.Dataset:
    """The Dataset of `Crossbar.solve`, with more attributes.

    currents: of current sources at word lines; both_ends: of the word lines and of the bit lines, whether both ends are
    connected.
    """
    values = {
        "device_current": found.device_current,
        "device_voltage": found.word_voltage - found.bit_voltage,
        "word_line_voltage": found.word_voltage,
        "bit_line_voltage": found.bit_voltage,
        "bit_line_current": -(found.bit_start_current + found.bit_stop_current),
        "word_line_current": found.word_start_current + found.word_stop_current,
        "power": source_power(found, sources),
    }
    if both_ends[0]:
        values["word_line_start_current"] = found.word_start_current
        values["word_line_stop_current"] = found.word_stop_current
    if both_ends[1]:
        values["bit_line_start_current"] = -found.bit_start_current
        values["bit_line_stop_current"] = -found.bit_stop_current
    if currents is not None:
        node = found.word_voltage[:, :, -1 if currents.at_stop else 0]
        driving = (sources.word_stop if currents.at_stop else sources.word_start).T
        behind = node + np.where(currents.held, 0.0, currents.series) * currents.current
        values["word_line_source_voltage"] = np.where(currents.held, driving, behind)
        values["word_line_current"] = values["word_line_current"] + currents.current
        # It includes the current that sources feed into nodes; this is their loss on the way there.
        values["power"] = values["power"] + (currents.series * currents.current**2).sum(axis=1)
    attrs = {
        "experiment": "crossbar",
        "method": found.method,
        "reason": found.reason,
        "iterations": found.iterations,
        "residual": found.residual,
        **attributes,
    }
    return labelled(values, _VARIABLES, attrs)


def source_power(found: NetworkSolution, sources: Sources) -> FloatArray:
    """Power delivered by the sources, including those that feed nodes, W, shape (inputs,)."""
    power = np.zeros(sources.inputs)
    for current, voltage in (
        (found.word_start_current, sources.word_start),
        (found.word_stop_current, sources.word_stop),
        (found.bit_start_current, sources.bit_start),
        (found.bit_stop_current, sources.bit_stop),
    ):
        power += np.add.reduce(current * voltage.T, axis=1)
    for fed, voltage in ((sources.word_current, found.word_voltage), (sources.bit_current, found.bit_voltage)):
        if fed is not None:
            power += (fed * voltage).sum(axis=(1, 2))
    return power


def as_solution(start: xr.Dataset) -> NetworkSolution:
    """A Dataset of `Crossbar.solve` as a start for the solvers; the currents at the ends are unknown."""
    validation.instance("start", start, xr.Dataset)
    try:
        word, bit, current = (
            start[name].values for name in ("word_line_voltage", "bit_line_voltage", "device_current")
        )
    except KeyError:
        raise InputError("start: expected a result of solve, got a Dataset without its voltages and currents") from None
    if word.ndim != 3 or bit.shape != word.shape:
        raise InputError(f"start: expected voltages of shape (inputs, word lines, bit lines), got {word.shape}")
    lines = np.zeros((word.shape[0], word.shape[1])), np.zeros((word.shape[0], word.shape[2]))
    return NetworkSolution(
        word_voltage=word,
        bit_voltage=bit,
        device_current=current,
        word_start_current=lines[0],
        word_stop_current=lines[0],
        bit_start_current=lines[1],
        bit_stop_current=lines[1],
        method="",
        iterations=0,
        residual=0.0,
        converged=True,
        reason="",
    )
