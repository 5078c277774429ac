"""A crossbar as a circuit for ngspice: of plain resistors, or of domain-wall junctions that can be written."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from PySpice.Spice.Netlist import Circuit

from compact_model.support import validation
from compact_model.support.validation import InputError
from crossbar.cells import Resistors, Selected
from crossbar.crossbar import Crossbar
from crossbar.in_time.drive import ArrayDrive
from crossbar.network.graph import Node, merged, to_networkx
from crossbar.network.linear_network import check_connected
from crossbar.schemes import Bias

from ..circuit_simulation import circuit_text
from . import text, units
from .sources import waveform_value
from .subcircuit import DomainWallJunction

_MOST_CELLS = 65_536  # ngspice itself needs minutes from a quarter of that on


def array_circuit(
    array: Crossbar,
    bias: Bias,
    *,
    junction: DomainWallJunction | Sequence[DomainWallJunction] | None = None,
    position: ArrayLike | None = None,
    angle: ArrayLike | None = None,
    net_field: float = 0.0,
    drive: ArrayDrive | None = None,
    duration: float = 1e-6,
    title: str = "a crossbar",
) -> Circuit:
    """The array with its wires and sources, as a PySpice circuit.

    Nodes are w<i>_<j> and b<i>_<j> at the cells; what no resistance separates is one node, which has the name of one of
    them.  Sources are Vw<i>_<end> and Vb<j>_<end> ('start', 'stop'); floating lines have none.
    junction, position: devices X<i>_<j> in place of the array's resistors, one kind or one each, row by row, with their
        walls at positions in m, shape (word lines, bit lines); angle: rad, of that shape, None: at rest; net_field: H_z
        on them, T.  Open cells stay open.
    The lines' capacitances are there as capacitors.
    drive, duration: the lines' voltages over time, for so many s, in place of the bias's.
    Raises InputError, also for more than 65536 cells.
    """
    words, bits = validation.instance("array", array, Crossbar).shape
    validation.instance("bias", bias, Bias)
    if words * bits > _MOST_CELLS:
        raise InputError(f"array: expected at most {_MOST_CELLS} cells for a netlist, got {words * bits}")
    if junction is not None and isinstance(array.cells, Selected):
        raise InputError("array: expected cells without selectors for a netlist of junctions, got Selected ones")
    if drive is not None and drive.shape != (words, bits):
        raise InputError(f"drive: expected one for an array of {(words, bits)}, got one for {drive.shape}")
    network = array.network(bias.floating_word_lines, bias.floating_bit_lines)
    check_connected(network)
    if junction is None and not (array.cells is None or isinstance(array.cells, Resistors)):
        raise InputError(
            "array: expected resistances, or a junction with its positions, got cells with laws of their own, which a "
            "netlist of resistors does not have"
        )
    if np.isinf(network.conductance).any() and junction is not None:
        raise InputError("array: expected finite resistances for a netlist of junctions, got a shorted cell")
    where = None
    kinds = [junction] if isinstance(junction, DomainWallJunction) else list(junction or ())
    if junction is not None and len(kinds) not in (1, words * bits):
        raise InputError(f"junction: expected one, or one for each of {words * bits} cells, got {len(kinds)}")
    if junction is not None:
        if position is None:
            raise InputError("position: expected the walls' positions with a junction, got none")
        where = validation.array("position", position, ("word_line", "bit_line"))
        if where.shape != (words, bits):
            raise InputError(f"position: expected shape {(words, bits)}, got {where.shape}")
    graph, became = merged(to_networkx(network))
    circuit = Circuit(title)
    for first, second, data in graph.edges(data=True):
        names = _name(first), _name(second)
        if data["kind"] == "device" and junction is not None and where is not None:
            i, j = data["word_line"], data["bit_line"]
            ends = _name(became["word", i, j]), _name(became["bit", i, j])  # an edge has no direction, a device has
            kind = kinds[(i * bits + j) % len(kinds)]
            values = {"x0": units.in_nanometres(where[i, j]), "hz": net_field}
            if angle is not None:
                values["phi0"] = float(np.asarray(angle)[i, j])
            kind.connect(circuit, f"{i}_{j}", *ends, **values)
            continue
        label = f"{_name(first)}_{_name(second)}_{len(circuit._elements)}"
        _resistor(circuit, label, *names, data["resistance"])
    _capacitors(circuit, array, became)
    voltages = {"word": bias.word_line_voltage, "bit": bias.bit_line_voltage}
    held: dict[str, float] = {}
    for node in became:
        kind, line, end = node
        if "source" not in kind:
            continue
        name, volts = _name(became[node]), float(voltages[kind.split()[0]][line])
        if held.get(name, volts) != volts:
            raise InputError(
                f"bias: expected one voltage for lines that are joined without resistance, got two at {name}"
            )
        if name not in held:
            value = text.real("voltage", volts)
            if drive is not None:
                value = waveform_value(drive.line_voltage(kind.split()[0], line), 0.0, duration)
            circuit.V(f"{kind[0]}{line}_{end}", name, circuit.gnd, value)
        held[name] = volts
    return circuit


def array_netlist(array: Crossbar, bias: Bias, **options: Any) -> str:
    """The same as text with an operating point, which `ngspice -b` runs as it stands; options as in array_circuit."""
    return f"{circuit_text(array_circuit(array, bias, **options))}\n.op\n.end\n"


def _name(node: Node) -> str:
    kind, first, second = node
    return f"s{kind[0]}{first}_{second}" if "source" in kind else f"{kind[0]}{first}_{second}"


def _capacitors(circuit: Circuit, array: Crossbar, became: dict[Node, Node]) -> None:
    """The lines' capacitances to ground, those of nodes that are one added up."""
    total: dict[str, float] = {}
    for node, merged_into in became.items():
        kind, first, second = node
        if kind in ("word", "bit"):
            each = array.word_line_capacitance if kind == "word" else array.bit_line_capacitance
            farad = float(np.asarray(each)[first if kind == "word" else second])
            total[_name(merged_into)] = total.get(_name(merged_into), 0.0) + farad
    for name, farad in total.items():
        if farad > 0.0:
            circuit.C(name, name, circuit.gnd, text.real("capacitance", farad))


def _resistor(circuit: Circuit, label: str, first: str, second: str, ohms: float) -> None:
    circuit.R(label, first, second, text.real("resistance", ohms))
