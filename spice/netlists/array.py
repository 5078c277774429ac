"""A crossbar as a circuit for ngspice: of plain resistors, or of devices that move."""

from typing import TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike
from PySpice.Spice.Netlist import Circuit

from compact_model.support import validation
from compact_model.support.options import named_options
from compact_model.support.validation import InputError
from crossbar.cells import Cells, Resistors
from crossbar.crossbar import Crossbar
from crossbar.in_time.drive import ArrayDrive
from crossbar.in_time.dynamics import FixedDevice, MovingCells
from crossbar.line_drive import LineCurrents, OtherDrives, WordLineCurrents
from crossbar.network.connected import check_connected
from crossbar.network.graph import Node, merged, to_networkx
from crossbar.schemes import Bias
from crossbar.series import Selected
from crossbar.transistors.array import TransistorCrossbar

from ..circuit_simulation import circuit_text
from . import text
from .devices import CellWriter, FixedWriter, cell_writer
from .sources import waveform_value
from .transistor_array import transistor_circuit

_MOST_CELLS = 65_536  # ngspice itself needs minutes from a quarter of this on


def array_circuit(
    array: Crossbar | TransistorCrossbar,
    bias: Bias,
    *,
    drive: ArrayDrive | None = None,
    duration: float = 1e-6,
    title: str = "a crossbar",
    word_line_current: WordLineCurrents | None = None,
    word_line_stop_voltage: ArrayLike | None = None,
    bit_line_start_voltage: ArrayLike | None = None,
) -> Circuit:
    """The array with its wires and sources, as a PySpice circuit.

    Nodes are w<i>_<j> and b<i>_<j> at the cells; what no resistance separates is one node, which has the name of one of
    them.  Sources are Vw<i>_<end> and Vb<j>_<end> ('start', 'stop'); floating lines have none.
    Of a `TransistorCrossbar` with its `TransistorBias` see `transistor_array`.
    Devices that move (`DomainWalls`, `Memristors`, ...) are elements X<i>_<j> that start in their present state, with
    nodes of their own for it (of walls <i>_<j>_x and <i>_<j>_phi); other cells are resistors, and open ones stay open.
    Of devices with faults, those that keep a resistance are resistors R<i>_<j>, those that keep their wall are sources
    B<i>_<j> with the junction's law, and open ones are left out; sources hold the nodes of their states.
    The lines' capacitances are there as capacitors.
    drive, duration: the lines' voltages over time, for so many s, in place of the bias's.
    word_line_current, word_line_stop_voltage, bit_line_start_voltage: as in `Crossbar.solve`, beside the bias and
        without a drive; current sources are Iw<i>, each behind all that lies between it and its line.
    Raises InputError, also for more than 65536 cells.
    """
    others: OtherDrives = {
        "word_line_current": word_line_current,
        "word_line_stop_voltage": word_line_stop_voltage,
        "bit_line_start_voltage": bit_line_start_voltage,
    }
    given = [name for name, values in others.items() if values is not None]
    if given and isinstance(array, TransistorCrossbar):
        raise InputError(f"{given[0]}: expected none for an array with transistors, got one")
    if given and drive is not None:
        raise InputError(f"{given[0]}: expected none with a drive, got one")
    if isinstance(array, TransistorCrossbar):
        return transistor_circuit(array, bias, drive, duration, title, placed_cells(array.cells))
    words, bits = validation.instance("array", array, Crossbar).shape
    validation.instance("bias", bias, Bias)
    if words * bits > _MOST_CELLS:
        raise InputError(f"array: expected at most {_MOST_CELLS} cells for a netlist, got {words * bits}")
    if drive is not None and drive.shape != (words, bits):
        raise InputError(f"drive: expected one for an array of {(words, bits)}, got one for {drive.shape}")
    driven = array.driven(**bias.arguments(), **others)
    network, sources = driven.network, driven.sources
    if sources.inputs != 1:
        raise InputError(f"word_line_current: expected those of one input for a netlist, got {sources.inputs}")
    check_connected(network)
    placed = placed_cells(array.cells)
    graph, became = merged(to_networkx(network))
    circuit = Circuit(title)
    missing = set(range(len(placed)))

    def place(index: int) -> None:
        i, j = divmod(index, bits)
        ends = _name(became["word", i, j]), _name(became["bit", i, j])  # an edge has no direction, but a device has
        writer, values = placed[index]
        writer.connect(circuit, f"{i}_{j}", *ends, values)
        missing.remove(index)

    for first, second, data in graph.edges(data=True):
        names = _name(first), _name(second)
        if data["kind"] == "device" and placed:
            place(data["word_line"] * bits + data["bit_line"])
            continue
        label = f"{_name(first)}_{_name(second)}_{len(circuit._elements)}"
        _resistor(circuit, label, *names, data["resistance"])
    for index in sorted(missing):  # open cells
        place(index)
    _capacitors(circuit, array, became)
    held: dict[str, float] = {}
    for node in became:
        kind, line, end = node
        if "source" not in kind:
            continue
        name, volts = _name(became[node]), float(getattr(sources, f"{kind.split()[0]}_{end}")[line, 0])
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
    if driven.currents is not None:
        _current_sources(circuit, driven.currents, became, bits)
    return circuit


def _current_sources(circuit: Circuit, currents: LineCurrents, became: dict[Node, Node], bits: int) -> None:
    """The current sources of word lines, each behind the resistance to its line's first node."""
    for line in np.flatnonzero(currents.current[0]).tolist():
        node = _name(became["word", line, bits - 1 if currents.at_stop else 0])
        behind = f"sw{line}_{'stop' if currents.at_stop else 'start'}" if currents.series[line] > 0.0 else node
        if behind != node:
            _resistor(circuit, behind, behind, node, float(currents.series[line]))
        circuit.I(f"w{line}", circuit.gnd, behind, text.real("current", float(currents.current[0, line])))


class ArrayCircuitOptions(TypedDict, total=False):
    """The options of `array_netlist`, which are those of `array_circuit`."""

    drive: ArrayDrive | None
    duration: float
    title: str
    word_line_current: WordLineCurrents | None
    word_line_stop_voltage: ArrayLike | None
    bit_line_start_voltage: ArrayLike | None


@named_options(array_circuit)
def array_netlist(array: Crossbar | TransistorCrossbar, bias: Bias, **options: Unpack[ArrayCircuitOptions]) -> str:
    """The same as text with an operating point, which `ngspice -b` runs without changes; options as in
    `array_circuit`."""
    return f"{circuit_text(array_circuit(array, bias, **options))}\n.op\n.end\n"


def placed_cells(cells: Cells | None) -> list[tuple[CellWriter, dict[str, float]]]:
    """The writer of each cell's device, row by row, and the values of its instance; none for plain resistors."""
    if cells is None or isinstance(cells, Resistors):
        return []
    if isinstance(cells, Selected):
        raise InputError("array: expected cells without selectors for a netlist, got Selected ones")
    if not isinstance(cells, MovingCells):
        raise InputError(
            "array: expected resistances, or devices that move, such as DomainWalls, got cells with laws of their own, "
            f"{type(cells).__name__}, which netlists do not support"
        )
    elements = cells.netlist()
    sound = [each.model.sound if isinstance(each.model, FixedDevice) else each.model for each in elements]
    models = {id(each): each for each in sound}
    writers = {
        key: cell_writer(model, "dwmtj" if len(models) == 1 else f"dwmtj{number}")
        for number, (key, model) in enumerate(models.items())
    }
    placed: list[tuple[CellWriter, dict[str, float]]] = []
    for model, element in zip(sound, elements, strict=True):
        writer = writers[id(model)]
        if isinstance(element.model, FixedDevice):
            writer = FixedWriter(writer, element.model)
        placed.append((writer, dict(element.values)))
    return placed


def array_writers(array: Crossbar | TransistorCrossbar) -> list[CellWriter]:
    """The writers of an array's devices, row by row, which know the nodes with their states."""
    return [writer for writer, _ in placed_cells(array.cells)]


def _name(node: Node) -> str:
    kind, first, second = node
    return f"s{kind[0]}{first}_{second}" if "source" in kind else f"{kind[0]}{first}_{second}"


def _capacitors(circuit: Circuit, array: Crossbar, became: dict[Node, Node]) -> None:
    """The lines' capacitances to ground, summed over nodes that are connected."""
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
