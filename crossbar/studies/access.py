"""Reading a cell through its transistor: the basis of the margins of 1T1R arrays."""

from dataclasses import dataclass

import numpy as np

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError

from ..cells import Resistors
from ..transistors.array import SOURCE_LINES, TransistorCrossbar
from ..transistors.law import MosTransistor
from ..wires import Wires


@dataclass(frozen=True, kw_only=True)
class TransistorAccess:
    """The transistors of an array whose cells are read, and at which voltages.

    transistor: one law for all cells.  gate_voltage: V, of the selected row; all others are cut off.  read_voltage: V,
    between the source line and the sense node of the selected cell; the columns that are not selected have 0 V across
    their cells.  source_lines: 'bit_line' or 'word_line', what they run beside, as in `TransistorCrossbar`.
    """

    transistor: MosTransistor
    gate_voltage: float
    read_voltage: float
    source_lines: str = "bit_line"

    def __post_init__(self) -> None:
        validation.instance("transistor", self.transistor, MosTransistor)
        validation.positive("gate_voltage", self.gate_voltage)
        validation.positive("read_voltage", self.read_voltage)
        validation.choice("source_lines", self.source_lines, SOURCE_LINES)

    def share(self, ohms: FloatArray, word_line: int, bit_line: int, wires: Wires) -> float:
        """The current out of the selected bit line divided by the read voltage, S.

        ohms: (word lines, bit lines), of the devices.  wires: what they say about word lines applies to source lines.
        """
        if np.ndim(wires.word_line_resistance) > 1:
            raise InputError("wires: expected one word_line_resistance per line in an array with transistors, got more")
        if (ohms <= 0.0).any():
            raise InputError("background: expected resistances above 0 Ohm in an array with transistors, got 0")
        array = TransistorCrossbar(
            cells=Resistors(1.0 / ohms),
            transistor=self.transistor,
            gate_voltage=self.gate_voltage,
            source_lines=self.source_lines,
            source_line_resistance=wires.word_line_resistance,
            bit_line_resistance=wires.bit_line_resistance,
            driver_resistance=wires.driver_resistance,
            sense_resistance=wires.sense_resistance,
            stop_driver_resistance=wires.stop_driver_resistance,
            start_sense_resistance=wires.start_sense_resistance,
            source_line_ends=wires.word_line_ends,
            bit_line_ends=wires.bit_line_ends,
            faults=wires.faults,
        )
        volts = np.zeros(ohms.shape[1])
        volts[bit_line] = self.read_voltage
        held = array.row_bias("grounded", word_line, volts)
        found = array.solve(**held.arguments())
        return float(found.bit_line_current[0, bit_line]) / self.read_voltage
