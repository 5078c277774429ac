"""The lines of an array without transistors: wires, their charges, and rows between half-selected lines."""

import sys
from dataclasses import replace

import numpy as np

from compact_model.drive import trapezoid
from compact_model.support.arrays import FloatArray
from compact_model.support.provenance import digest

from ..cells import Cells
from ..crossbar import Crossbar
from ..kernels.power import bit_line_heat, word_line_heat
from ..network.linear_network import Network, Sources
from ..network.newton import Tangents, solve_nonlinear
from ..network.solution import NetworkSolution
from ..schemes import Bias, unselected_bit_line_voltage
from ..series import Selected
from .capacitance import LineCharges
from .drive import ArrayDrive
from .energy import Flows, PowerBudget

_ENDS = ("word_start", "word_stop", "bit_start", "bit_stop")


class PassiveLines:
    """See `array_lines.ArrayLines`."""

    source_line_count = 0

    def __init__(self, array: Crossbar) -> None:
        self.array = array
        self.weakens_reading = isinstance(array.cells, Selected)
        self.charging = self._charges()
        self._solver: tuple[bytes, Tangents] | None = None  # only one, because it holds arrays of the size of the array

    def identity(self) -> dict[str, str]:
        """Texts by name that identify these lines."""
        network = self.array.network()
        bridges = [each for each in (network.word_bridge, network.bit_bridge) if each is not None]
        cells = self.array.cells
        with np.printoptions(threshold=sys.maxsize, floatmode="unique"):  # all of a selector's arrays, in full
            selector = repr(cells.selector) if isinstance(cells, Selected) else "none"
        return {
            "selector": selector if len(selector) < 200 else digest(selector),
            "wires": digest(*(getattr(network, name) for name in ("word_segment", "bit_segment", *_ENDS)), *bridges),
            "capacitances": digest(
                np.asarray(self.array.word_line_capacitance), np.asarray(self.array.bit_line_capacitance)
            ),
        }

    def solve_at_once(
        self, cells: Cells, held: Bias, start: NetworkSolution | None = None, *, tolerance: float
    ) -> NetworkSolution:
        """The network under a bias, at zero time and without charging currents; see `ArrayLines`."""
        tangents = self._tangents(held)
        sources = self.array.sources(held.word_line_voltage, held.bit_line_voltage)
        return solve_nonlinear(tangents.network, cells, sources, tolerance=tolerance, start=start, tangents=tangents)[0]

    def hold(self, held: Bias) -> None:
        """Prepare for a run with the floating lines of this bias."""
        self._tangents(held)

    def solve(
        self,
        cells: Cells,
        volts: tuple[FloatArray, ...],
        *,
        tolerance: float,
        start: NetworkSolution | None,
        target: float | None,
    ) -> tuple[FloatArray, Flows]:
        """The devices' voltages, and those of the network with all currents, with the lines prepared by `hold`."""
        assert self._solver is not None
        tangents = self._solver[1]
        word, bit = (each[:, np.newaxis] for each in volts)  # already checked by the drive
        driven = Sources(word_start=word, word_stop=word, bit_start=bit, bit_stop=bit)
        if self.charging:
            step = self.charging.held() if target is None else self.charging.step(target)
            tangents.set_shunts(step.word_shunt[:, 0], step.bit_shunt[0])
            charged = step.word_current[np.newaxis], step.bit_current[np.newaxis]
            driven = replace(driven, word_current=charged[0], bit_current=charged[1])
        found, _ = solve_nonlinear(tangents.network, cells, driven, tolerance=tolerance, start=start, tangents=tangents)
        charging = None
        if self.charging:
            charging = np.stack(
                [
                    step.word_shunt * found.word_voltage[0] - step.word_current,
                    step.bit_shunt * found.bit_voltage[0] - step.bit_current,
                ]
            )
        return cells.on_device((found.word_voltage - found.bit_voltage)[0]), Flows(found, volts, charging)

    def power(self, flows: Flows) -> PowerBudget:
        """All powers, in the wires with the lines prepared by `hold`."""
        assert self._solver is not None
        found = flows.found
        word, bit = flows.volts
        through_words = found.word_start_current[0] + found.word_stop_current[0]
        through_bits = found.bit_start_current[0] + found.bit_stop_current[0]
        across = (found.word_voltage - found.bit_voltage)[0]
        return PowerBudget(
            float((through_words * word).sum() + (through_bits * bit).sum()),
            float((across * found.device_current[0]).sum()),
            _line_power(self._solver[1].network, flows),
        )

    def at_rest(self) -> Bias:
        """All lines at 0 V."""
        words, bits = self.array.shape
        return Bias.zero(np.zeros(words, dtype=bool), np.zeros(bits, dtype=bool))

    def line_currents(self, found: NetworkSolution) -> dict[str, FloatArray]:
        """Currents into word lines and out of bit lines, A."""
        return {
            "word_line_current": (found.word_start_current + found.word_stop_current)[0],
            "bit_line_current": -(found.bit_start_current + found.bit_stop_current)[0],
        }

    def row_drive(self, held: Bias, scheme: str, voltages: FloatArray, widths: FloatArray, edge: float) -> ArrayDrive:
        """The row's bias in which each selected bit line goes to its unselected voltage after its own width."""
        longest = float(widths.max())
        distinct = np.unique(widths[widths > 0.0])
        if distinct.size == 1:
            return ArrayDrive.pulse(held, longest, edge)
        parked = unselected_bit_line_voltage(scheme, voltages)
        if parked is None:  # a floating line cannot be switched off halfway, so it follows the word line
            parked = float(held.word_line_voltage[~held.floating_word_lines][0])
        parts = [(replace(held, bit_line_voltage=np.where(voltages == 0.0, held.bit_line_voltage, parked)), longest)]
        for width in distinct.tolist():
            part = np.where(widths == width, held.bit_line_voltage - parked, 0.0)
            parts.append(
                (replace(held, word_line_voltage=np.zeros_like(held.word_line_voltage), bit_line_voltage=part), width)
            )
        return ArrayDrive(tuple((each, trapezoid(width=width, edge=edge)) for each, width in parts))

    def raised(self, held: Bias, word_line: int, wanted: FloatArray, missing: FloatArray) -> Bias:
        """The row's bias, increased by the voltages that its cells lack."""
        chosen = wanted != 0.0
        # The word line supplies half of the largest one, so that no other cell of a bit line bears all of it.
        common = 0.5 * float(missing[chosen].mean())
        word = held.word_line_voltage.copy()
        word[word_line] += common
        bit = held.bit_line_voltage - np.where(chosen, missing - common, 0.0)
        return replace(held, word_line_voltage=word, bit_line_voltage=bit)

    def _tangents(self, held: Bias) -> Tangents:
        """The solver of the wires with this bias's floating lines, without shunts; kept for the next run."""
        floating = held.floating_word_lines, held.floating_bit_lines
        key = b"".join(each.tobytes() for each in floating)
        if self._solver is None or self._solver[0] != key:
            self._solver = None
            self._solver = key, Tangents(self.array.network(*floating), None, False, many=True)
        tangents = self._solver[1]
        if tangents.small is not None:
            tangents.small.forget()
        if self.charging:
            words, bits = self.array.shape
            tangents.set_shunts(np.zeros(words), np.zeros(bits))
        return tangents

    def _charges(self) -> LineCharges | None:
        """The charges of lines with a capacitance, at 0 V."""
        array = self.array
        if not (np.any(array.word_line_capacitance) or np.any(array.bit_line_capacitance)):
            return None
        network = array.network()
        names = ("word_segment", "bit_segment", *_ENDS)
        resistances = np.concatenate([getattr(network, name).ravel() for name in names])
        largest = 2.0 / float(resistances[resistances > 0.0].min(initial=1e100))
        charges = LineCharges(
            np.asarray(array.word_line_capacitance)[:, np.newaxis],
            np.asarray(array.bit_line_capacitance)[np.newaxis],
            largest + float(network.conductance.max()),
        )
        charges.begin(np.zeros(array.shape), np.zeros(array.shape))
        return charges


def _conducting(segment: FloatArray) -> FloatArray:
    """The segments, Ohm, with 0 in place of broken ones, which carry no current."""
    return np.where(np.isinf(segment), 0.0, segment)


def _line_power(network: Network, flows: Flows) -> float:
    """Power dissipated in the wires and at their ends, W."""
    found = flows.found
    leaving = entering = found.device_current[0]
    if flows.charging is not None:
        leaving, entering = leaving + flows.charging[0], entering - flows.charging[1]
    heat = 0.0
    if network.bridged:
        over_words, over_bits = network.through_bridges(found.word_voltage, found.bit_voltage)
        heat = float((over_words * found.word_voltage).sum() + (over_bits * found.bit_voltage).sum())
        leaving, entering = leaving + over_words[0], entering - over_bits[0]
    word_segment, bit_segment = network.word_segment, network.bit_segment
    if word_segment.ndim == 2:
        inside = found.word_start_current[0][:, np.newaxis] - np.cumsum(leaving, axis=1)[:, :-1]
        heat += float((_conducting(word_segment) * inside**2).sum())
        word_segment = np.zeros(network.shape[0])
    if bit_segment.ndim == 2:
        inside = found.bit_start_current[0] + np.cumsum(entering, axis=0)[:-1]
        heat += float((_conducting(bit_segment) * inside**2).sum())
        bit_segment = np.zeros(network.shape[1])
    return heat + float(
        word_line_heat(
            leaving,
            word_segment,
            network.word_start,
            network.word_stop,
            found.word_start_current[0],
            found.word_stop_current[0],
        )
        + bit_line_heat(
            entering,
            bit_segment,
            network.bit_start,
            network.bit_stop,
            found.bit_start_current[0],
            found.bit_stop_current[0],
        )
    )
