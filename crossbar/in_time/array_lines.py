"""The lines of an array over time: solved around devices that move, and driven row by row.

This is the only difference between arrays without and with transistors in `in_time` and `operate`.
"""

from typing import Protocol

from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError

from ..cells import Cells
from ..crossbar import Crossbar
from ..network.solution import NetworkSolution
from ..schemes import Bias
from ..transistors.array import TransistorCrossbar
from .capacitance import LineCharges
from .drive import ArrayDrive
from .energy import Flows, PowerBudget
from .passive_lines import PassiveLines
from .transistor_lines import TransistorLines


class ArrayLines(Protocol):
    """The interface to an array's lines for `ArraySimulation` and its operations."""

    charging: LineCharges | None
    """The charges on the lines; None if they have no capacitance."""
    source_line_count: int
    """The number of source lines that a drive must name."""
    weakens_reading: bool
    """Whether a device in series may leave only a small part of a read voltage."""

    def identity(self) -> dict[str, str]:
        """Texts by name that identify these lines for `compact_model.support.store.Store`."""

    def solve_at_once(
        self, cells: Cells, held: Bias, start: NetworkSolution | None = None, *, tolerance: float
    ) -> NetworkSolution:
        """The network under a bias, at zero time and without charging currents.

        start: a nearby solution.  tolerance: of the currents, relative, in the norm.
        """

    def hold(self, held: Bias) -> None:
        """Prepare for a run with the floating lines of this bias."""

    def solve(
        self,
        cells: Cells,
        volts: tuple[FloatArray, ...],
        *,
        tolerance: float,
        start: NetworkSolution | None,
        target: float | None,
    ) -> tuple[FloatArray, Flows]:
        """The devices' voltages (V, shape (word lines, bit lines)), and those of the network with all currents.

        volts: V, of the word lines, the bit lines and, if there are any, the source lines.
        tolerance: of the currents, relative, in the norm.  start: a nearby solution.  target: s, the end of a step of
        the charges; None: they stay.
        """

    def power(self, flows: Flows) -> PowerBudget:
        """All powers, each a quadratic form of the flows."""

    def at_rest(self) -> Bias:
        """All lines at 0 V."""

    def line_currents(self, found: NetworkSolution) -> dict[str, FloatArray]:
        """Currents into word lines and source lines and out of bit lines, A, by their names in a record."""

    def row_drive(self, held: Bias, scheme: str, voltages: FloatArray, widths: FloatArray, edge: float) -> ArrayDrive:
        """A row's bias over time: each cell has its voltage for its own width.

        voltages: V, shape (bit lines,), 0: not selected; widths: s, of the same shape; edge: duration of the slopes, s.
        """

    def raised(self, held: Bias, word_line: int, wanted: FloatArray, missing: FloatArray) -> Bias:
        """The row's bias, increased by the voltages that its cells lack.

        wanted: V, shape (bit lines,), of the cells, 0: not selected; missing: the voltages they lack, V.
        """


def lines_of(array: Crossbar | TransistorCrossbar) -> ArrayLines:
    """The lines of an array; InputError for anything else."""
    if isinstance(array, Crossbar):
        return PassiveLines(array)
    if isinstance(array, TransistorCrossbar):
        return TransistorLines(array)
    raise InputError(f"array: expected a Crossbar or a TransistorCrossbar, got {type(array).__name__}")
