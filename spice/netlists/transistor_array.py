"""A 1T1R array as a circuit for ngspice, with a level 1 MOSFET in every cell."""

import numpy as np
from PySpice.Spice.Netlist import Circuit

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError
from crossbar.in_time.drive import ArrayDrive
from crossbar.transistors.array import TransistorCrossbar
from crossbar.transistors.bias import TransistorBias
from crossbar.transistors.lines import Lines

from . import text
from .devices import CellWriter
from .sources import waveform_value

_MOST_CELLS = 65_536
_MODEL = {
    "vto": "threshold_voltage",
    "kp": "transconductance",
    "gamma": "body_effect",
    "phi": "surface_potential",
    "lambda": "channel_length_modulation",
}
"""SPICE's names of the parameters that all transistors of a model share."""


def transistor_circuit(
    array: TransistorCrossbar,
    bias: object,
    drive: ArrayDrive | None,
    duration: float,
    title: str,
    placed: list[tuple[CellWriter, dict[str, float]]],
) -> Circuit:
    """See `array.array_circuit`.  Nodes are g<i> (gates), s<i>_<j>, m<i>_<j> (between transistor and device) and
    b<i>_<j> at the cells, where a line without resistance is one node, that of its first cell.

    Sources are Vg<i>, Vs<k>_<end> and Vb<j>_<end>; floating lines have none.  Transistors are M<i>_<j>, devices as in
    `array_circuit`.
    """
    words, bits = array.shape
    held = validation.instance("bias", bias, TransistorBias)
    if words * bits > _MOST_CELLS:
        raise InputError(f"array: expected at most {_MOST_CELLS} cells for a netlist, got {words * bits}")
    if drive is not None and drive.shape != (words, bits):
        raise InputError(f"drive: expected one for an array of {(words, bits)}, got one for {drive.shape}")
    assert held.floating_source_lines is not None
    network = array.network_with(held.floating_source_lines, held.floating_bit_lines)
    circuit = Circuit(title)

    def source(name: str, node: str, side: str, line: int, volts: float) -> None:
        value = text.real("voltage", volts)
        if drive is not None:
            value = waveform_value(drive.line_voltage(side, line), 0.0, duration)
        circuit.V(name, node, circuit.gnd, value)

    for i in range(words):
        source(f"g{i}", f"g{i}", "word", i, float(held.word_line_voltage[i]))
    nodes = {}
    capacitance = {"source": array.source_line_capacitance, "bit": array.bit_line_capacitance}
    for side, lines, volts in (
        ("source", network.source_lines, held.source_line_voltage),
        ("bit", network.bit_lines, held.bit_line_voltage),
    ):
        nodes[side] = _line_names(side[0], lines, array.shape)
        named = nodes[side].ravel()[lines.cells()]
        for line, along in enumerate(named):
            farad = float(np.asarray(capacitance[side])[line])
            for node, count in zip(*np.unique(along, return_counts=True), strict=True):
                if farad > 0.0:
                    circuit.C(str(node), str(node), circuit.gnd, text.real("capacitance", farad * float(count)))
            for place, ohms in enumerate(lines.segments[line].tolist()):
                if 0.0 < ohms < np.inf:
                    _resistor(circuit, f"{side[0]}{line}_{place}", along[place], along[place + 1], ohms)
            for end, node, ohms in (("start", along[0], lines.start[line]), ("stop", along[-1], lines.stop[line])):
                if np.isfinite(ohms):
                    name = f"{side[0]}{line}_{end}"
                    behind = node if ohms == 0.0 else f"v{name}"
                    if ohms > 0.0:
                        _resistor(circuit, name, behind, node, ohms)
                    source(name, behind, side, line, float(volts[line]))
    for side, bridges in (("source", network.source_bridges), ("bit", network.bit_bridges)):
        if bridges is not None:
            names = nodes[side].ravel()
            contacts = zip(bridges.one.tolist(), bridges.other.tolist(), bridges.conductance.tolist(), strict=True)
            for one, other, siemens in contacts:
                i, j = divmod(one, bits)
                _resistor(circuit, f"{side[0]}short{i}_{j}", names[one], names[other], 1.0 / siemens)
    _cells(circuit, array, nodes["source"], nodes["bit"], placed)
    return circuit


def _line_names(letter: str, lines: Lines, shape: tuple[int, int]) -> "np.ndarray[tuple[int, ...], np.dtype[np.str_]]":
    """The name of the node of each cell, (word lines, bit lines)."""
    places = np.array([f"{letter}{i}_{j}" for i in range(shape[0]) for j in range(shape[1])])
    by_number = np.empty_like(places)
    by_number[lines.node.ravel()] = places
    return by_number[lines.groups()][lines.node]


def _cells(
    circuit: Circuit,
    array: TransistorCrossbar,
    source: "np.ndarray[tuple[int, ...], np.dtype[np.str_]]",
    bit: "np.ndarray[tuple[int, ...], np.dtype[np.str_]]",
    placed: list[tuple[CellWriter, dict[str, float]]],
) -> None:
    words, bits = array.shape
    law = array.transistor
    of_cell: dict[str, FloatArray] = {
        name: np.broadcast_to(np.asarray(getattr(law, name)), array.shape)
        for name in (*_MODEL.values(), "width", "length", "off_resistance")
    }
    models: dict[tuple[float, ...], str] = {}
    always_on = array.stuck_on_gates
    if always_on.any():
        circuit.V("gon", "gon", circuit.gnd, text.real("voltage", array.gate_voltage))
    conductance = array.cells.zero_bias_conductance()
    for i in range(words):
        for j in range(bits):
            key = tuple(float(of_cell[name][i, j]) for name in _MODEL.values())
            if key not in models:
                models[key] = f"access{len(models)}"
                values = {name: text.real(name, value) for name, value in zip(_MODEL, key, strict=True)}
                circuit.model(models[key], "NMOS", level=1, **values)
            middle = f"m{i}_{j}"
            circuit.M(
                f"{i}_{j}",
                source[i, j],
                "gon" if always_on[i, j] else f"g{i}",
                middle,
                circuit.gnd,
                model=models[key],
                width=text.real("width", float(of_cell["width"][i, j])),
                length=text.real("length", float(of_cell["length"][i, j])),
            )
            if np.isfinite(of_cell["off_resistance"][i, j]):
                _resistor(circuit, f"off{i}_{j}", source[i, j], middle, of_cell["off_resistance"][i, j])
            if placed:
                writer, initial = placed[i * bits + j]
                writer.connect(circuit, f"{i}_{j}", middle, bit[i, j], initial)
            elif np.isinf(conductance[i, j]):
                circuit.V(f"d{i}_{j}", middle, bit[i, j], 0.0)  # without a resistance
            elif conductance[i, j] > 0.0:
                _resistor(circuit, f"d{i}_{j}", middle, bit[i, j], 1.0 / conductance[i, j])


def _resistor(circuit: Circuit, label: str, first: str, second: str, ohms: float) -> None:
    circuit.R(label, str(first), str(second), text.real("resistance", float(ohms)))
