"""The lines of an array as time sees them: solved around devices that move, and driven row by row.

Arrays without and with transistors differ here and nowhere else in `in_time` and `operate`.
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
    """What `ArraySimulation` and the operations on it need of an array's lines."""

    charging: LineCharges | None
    """The charges on the lines; None where they have no capacitance."""
    source_line_count: int
    """How many source lines a drive must name."""
    weakens_reading: bool
    """Whether something in series with the devices may leave little of a read voltage."""

    def identity(self) -> dict[str, str]:
        """What tells these lines from others, as text by name, for `compact_model.support.store.Store`."""

    def solve_at_once(self, cells: Cells, held: Bias) -> NetworkSolution:
        """The network under a bias, in no time; charges do not count."""

    def hold(self, held: Bias) -> None:
        """Prepare for a run in which the lines float that float in this bias."""

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

        volts: V, of the word lines, the bit lines and, where there are any, the source lines.
        tolerance: of the currents, relative, in the norm.  start: a solution near by.  target: s, the end of a step of
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

        voltages: V, shape (bit lines,), 0: not selected; widths: s, of the same shape; edge: s, of the slopes.
        """

    def raised(self, held: Bias, word_line: int, wanted: FloatArray, missing: FloatArray) -> Bias:
        """The row's bias with what its cells lack added.

        wanted: V, shape (bit lines,), of the cells, 0: not selected; missing: V, of them.
        """


def lines_of(array: Crossbar | TransistorCrossbar) -> ArrayLines:
    """The lines of an array; InputError for anything that is no array."""
    if isinstance(array, Crossbar):
        return PassiveLines(array)
    if isinstance(array, TransistorCrossbar):
        return TransistorLines(array)
    raise InputError(f"array: expected a Crossbar or a TransistorCrossbar, got {type(array).__name__}")
