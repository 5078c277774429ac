"""The lines of an array with transistors: source lines and bit lines, and rows whose gates open for a write."""

import sys
from dataclasses import replace

import numpy as np

from compact_model.drive import trapezoid
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.provenance import digest

from ..cells import Cells
from ..network.solution import NetworkSolution
from ..schemes import Bias
from ..transistors.array import TransistorCrossbar, into_sources, out_of_bits
from ..transistors.bias import TransistorBias
from ..transistors.lines import TransistorNetwork, source_power
from .capacitance import LineCharges
from .drive import ArrayDrive
from .energy import Flows, PowerBudget


class TransistorLines:
    """See `array_lines.ArrayLines`."""

    weakens_reading = True

    def __init__(self, array: TransistorCrossbar) -> None:
        self.array = array
        self.source_line_count = array.source_line_count
        self.charging = self._charges()
        self._network = array.network  # of the run

    def identity(self) -> dict[str, str]:
        """Texts by name that identify these lines."""
        with np.printoptions(threshold=sys.maxsize, floatmode="unique"):
            return {"wires and transistors": digest(repr(self.array.description()))}

    def solve_at_once(
        self, cells: Cells, held: Bias, start: NetworkSolution | None = None, *, tolerance: float
    ) -> NetworkSolution:
        """The network under a bias, at zero time; see `ArrayLines`."""
        bias = validation.instance("held", held, TransistorBias)
        return self.array.find(
            cells,
            *bias.line_voltages(),
            tolerance=tolerance,
            start=start,
            network=self._network_under(bias),
        )[0]

    def hold(self, held: Bias) -> None:
        """Prepare for a run with the floating lines of this bias."""
        self._network = self._network_under(validation.instance("held", held, TransistorBias))

    def _network_under(self, held: TransistorBias) -> TransistorNetwork:
        assert held.floating_source_lines is not None
        return self.array.network_with(held.floating_source_lines, held.floating_bit_lines)

    def solve(
        self,
        cells: Cells,
        volts: tuple[FloatArray, ...],
        *,
        tolerance: float,
        start: NetworkSolution | None,
        target: float | None,
    ) -> tuple[FloatArray, Flows]:
        """The devices' voltages, and those of the network with all currents."""
        gates, bits, sources = volts
        charges = None
        if self.charging:
            step = self.charging.held() if target is None else self.charging.step(target)
            shape = self.array.shape
            shunts = np.stack([np.broadcast_to(step.word_shunt, shape), np.broadcast_to(step.bit_shunt, shape)])
            charges = shunts, np.stack([step.word_current, step.bit_current])
        found, state, _ = self.array.find(
            cells, gates, bits, sources, tolerance=tolerance, start=start, charges=charges, network=self._network
        )
        charging = None
        if charges is not None:
            charging = charges[0] * np.stack([found.word_voltage[0], found.bit_voltage[0]]) - charges[1]
        return cells.on_device(state.between - found.bit_voltage[0]), Flows(found, volts, charging)

    def power(self, flows: Flows) -> PowerBudget:
        """All powers; the delivered power that is neither used by cells nor stored is dissipated in lines and
        transistors."""
        found = flows.found
        _, bits, sources = flows.volts
        delivered = source_power(found, sources, bits)
        taken = float(((found.word_voltage - found.bit_voltage)[0] * found.device_current[0]).sum())
        stored = 0.0
        if flows.charging is not None:
            stored = float((np.stack([found.word_voltage[0], found.bit_voltage[0]]) * flows.charging).sum())
        return PowerBudget(delivered, taken, delivered - taken - stored)

    def at_rest(self) -> Bias:
        """All lines at 0 V, including the gates."""
        words, bits = self.array.shape
        return TransistorBias.of(np.zeros(words), np.zeros(self.source_line_count), np.zeros(bits))

    def _charges(self) -> LineCharges | None:
        """The charges of source lines and bit lines with a capacitance, at 0 V; gates have none."""
        array = self.array
        source, bit = np.asarray(array.source_line_capacitance), np.asarray(array.bit_line_capacitance)
        if not (source.any() or bit.any()):
            return None
        lines = (array.network.source_lines, array.network.bit_lines)
        ohms = np.concatenate([each for kind in lines for each in (kind.segment.ravel(), kind.start, kind.stop)])
        conductance = array.cells.zero_bias_conductance()
        largest = 2.0 / float(ohms[ohms > 0.0].min(initial=1e100))
        largest += float(conductance[np.isfinite(conductance)].max(initial=0.0))
        of_sources = source[np.newaxis] if array.source_lines == "bit_line" else source[:, np.newaxis]
        charges = LineCharges(of_sources, bit[np.newaxis], largest)
        charges.begin(np.zeros(array.shape), np.zeros(array.shape))
        return charges

    def line_currents(self, found: NetworkSolution) -> dict[str, FloatArray]:
        """Currents into word lines (none) and source lines and out of bit lines, A."""
        return {
            "word_line_current": np.zeros(self.array.shape[0]),
            "source_line_current": into_sources(found),
            "bit_line_current": out_of_bits(found),
        }

    def row_drive(self, held: Bias, scheme: str, voltages: FloatArray, widths: FloatArray, edge: float) -> ArrayDrive:
        """The row's gates are open throughout, slopes included; each cell has its voltage for its own width.

        After a cell's time, both its lines are at one potential.
        """
        bias = validation.instance("held", held, TransistorBias)
        sources, bits = bias.source_line_voltage, bias.bit_line_voltage
        distinct = np.unique(widths[widths > 0.0]).tolist()
        if self.array.source_lines == "bit_line":
            parts = [
                (np.where(widths == each, sources, 0.0), np.where(widths == each, bits, 0.0), each) for each in distinct
            ]
        else:  # the row's source line is on for the longest width, and cells return to its potential
            parked = np.full(bits.size, sources.max())
            parts = [(sources, parked, distinct[-1])]
            parts += [(np.zeros_like(sources), np.where(widths == each, bits - parked, 0.0), each) for each in distinct]
        gates, _ = bias.parted()
        closed = np.zeros_like(bias.word_line_voltage)
        lines = [
            (TransistorBias.of(closed, of_sources, of_bits), trapezoid(width=width, edge=edge))
            for of_sources, of_bits, width in parts
        ]
        return ArrayDrive(((gates, trapezoid(width=distinct[-1] + 2.0 * edge, edge=0.0)), *lines))

    def raised(self, held: Bias, word_line: int, wanted: FloatArray, missing: FloatArray) -> Bias:
        """The row's bias, with the cells' missing voltages added to the higher of each cell's two lines; no line below
        0 V."""
        bias = validation.instance("held", held, TransistorBias)
        sources, bits = bias.source_line_voltage, bias.bit_line_voltage
        if self.array.source_lines == "bit_line":
            upward = wanted > 0.0
            return replace(
                bias,
                source_line_voltage=np.where(upward, np.maximum(sources + missing, 0.0), sources),
                bit_line_voltage=np.where(upward, bits, np.maximum(bits - missing, 0.0)),
            )
        lift = float(missing[wanted > 0.0].max(initial=-sources.max())) if (wanted > 0.0).any() else 0.0
        higher = sources.copy()
        higher[word_line] += lift
        return replace(bias, source_line_voltage=higher, bit_line_voltage=np.maximum(bits + lift - missing, 0.0))
