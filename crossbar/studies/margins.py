"""Read margins of arrays, and the largest array that can be read.

The margins of `one_cell`, for the worst cell, which is often but not always the one farthest from driver and sense
node, and for the worst of the patterns in the other cells.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import xarray as xr

from compact_model.support import validation
from compact_model.support.memory import check_memory
from compact_model.support.progress import Progress
from compact_model.support.provenance import provenance
from compact_model.support.validation import InputError

from ..cells import BYTES_PER_CELL
from ..faults.faults import FaultRates, Faults, farthest_sound
from ..schemes import MARGINS, SCHEMES
from ..wires import Wires, wires_or_ideal
from .access import TransistorAccess
from .backgrounds import Mask, patterns
from .one_cell import Cell, CellReader, Reading, faults_met

_LINES = ("word_line", "bit_line")
SEARCHED = 6
"""Lines of the arrays in which `read_margin` and `largest_array` search the worst background cell by cell."""
_CARRIED_ON = 3  # patterns, the worst for the farthest cell, with which other cells are tried
_MOST_SEARCHED = 256  # cells up to which the worst pattern is searched cell by cell


class WorstCase(NamedTuple):
    """The lowest margin found, and its cell and background."""

    margin: float
    pattern: str
    """Name of the background."""
    background: Mask
    """True where a device has the low resistance."""
    word_line: int
    bit_line: int


def read_margin(
    sizes: Sequence[int],
    *,
    low_resistance: float,
    high_resistance: float,
    schemes: Sequence[str] | None = None,
    pull_up: float | None = None,
    access: TransistorAccess | None = None,
    wires: Wires | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Voltage and current margins of square arrays, for the worst cell and the worst background.

    sizes: numbers of lines of each kind.  low_resistance, high_resistance: R_L and R_H of a device, Ohm; pull_up: R_pu,
    Ohm, None: R_L; wires: None: ideal ones.  schemes: None: all SCHEMES; with access, the transistors of a 1T1R array,
    'grounded' alone, since the unselected rows are cut off.
    Cell and background are those of `worst_pattern`, which in arrays of up to SEARCHED lines continues from the worst
    of `patterns` by changing single cells.  With faults (`Wires.faults`) the margins are those of the sound cells, 0
    where there are none.
    Returns a Dataset over (scheme, size): voltage_margin, current_margin, and for each, as voltage_pattern,
    voltage_word_line and so on, the name of the worst background and the lines of the worst cell.  Raises InputError.
    """
    lines = validation.sizes("sizes", sizes)
    if access is not None and schemes not in (None, ["grounded"], ("grounded",)):
        raise InputError(f"schemes: expected 'grounded' alone with access, got {validation.shown(schemes)}")
    default = SCHEMES if access is None else ("grounded",)
    schemes = validation.different("schemes", default if schemes is None else schemes, SCHEMES)
    _pair(low_resistance, high_resistance)
    lines_between = wires_or_ideal(wires)
    found = {f"{kind}_margin": np.empty((len(schemes), len(lines))) for kind in MARGINS}
    names = {f"{kind}_pattern": np.empty((len(schemes), len(lines)), dtype=object) for kind in MARGINS}
    cells = {f"{kind}_{line}": np.empty((len(schemes), len(lines)), dtype=int) for kind in MARGINS for line in _LINES}
    bar = Progress(progress, "read margins")
    with bar.bar(len(schemes) * len(lines) * len(MARGINS), "case") as advance:
        for row, scheme in enumerate(schemes):
            for column, size in enumerate(lines):
                for kind in MARGINS:
                    worst = worst_pattern(
                        size,
                        low_resistance=low_resistance,
                        high_resistance=high_resistance,
                        reading=Reading(scheme=scheme, kind=kind, pull_up=pull_up, access=access),
                        wires=lines_between,
                        search=size <= SEARCHED,
                    )
                    found[f"{kind}_margin"][row, column] = worst.margin
                    names[f"{kind}_pattern"][row, column] = worst.pattern
                    for line in _LINES:
                        cells[f"{kind}_{line}"][row, column] = getattr(worst, line)
                    advance(1)
    dims = ("scheme", "size")
    return xr.Dataset(
        {
            **{name: (dims, values, {"long_name": name.replace("_", " ")}) for name, values in found.items()},
            **{name: (dims, values.astype(str)) for name, values in names.items()},
            **{name: (dims, values, {"long_name": f"{name} of the worst cell"}) for name, values in cells.items()},
        },
        coords={"scheme": list(schemes), "size": ("size", lines, {"long_name": "word lines and bit lines"})},
        attrs={
            "experiment": "read_margin",
            "low_resistance": low_resistance,
            "high_resistance": high_resistance,
            **provenance(
                {"low_resistance": low_resistance, "high_resistance": high_resistance, "pull_up": pull_up},
                array=lines_between.keywords(),
            ),
        },
    )


def worst_pattern(
    size: int,
    *,
    low_resistance: float,
    high_resistance: float,
    reading: Reading,
    wires: Wires | None = None,
    search: bool = True,
) -> WorstCase:
    """The lowest margin over the cells of a square array and the backgrounds in the other cells, with its position.

    The farthest cell is tried with each of `patterns`, and other cells with the three patterns that are worst for it:
    every cell in arrays of up to SEARCHED lines; in larger ones the corners, the middles of the edges and the centre,
    and then the neighbourhood of the worst of these with decreasing distance.
    search: continue from the worst pattern by changing single cells of the background as long as that lowers the
    margin; if it did, the pattern is 'searched'.  For arrays of at most 256 cells.  Raises InputError.
    """
    lines = validation.whole("size", size, 1)
    if search and lines * lines > _MOST_SEARCHED:
        raise InputError(f"size: expected at most {_MOST_SEARCHED} cells to search, got {lines * lines}")
    margins = _Margins(lines, low_resistance, high_resistance, reading, wires)
    worst = margins.worst_by_name()
    return margins.searched(worst) if search else worst


def largest_array(
    *,
    low_resistance: float,
    high_resistance: float,
    reading: Reading,
    criterion: float = 0.1,
    largest: int = 256,
    wires: Wires | None = None,
) -> int:
    """The largest number of lines of a square array whose margin is at least `criterion`; 0 if there is none.

    With a driver resistance the margin may rise before it falls: see `largest_size`.  criterion: 1e-6 to 1.
    """
    rule = validation.between("criterion", criterion, 1e-6, 1.0)
    limit = validation.whole("largest", largest, 1)

    def enough(size: int) -> bool:
        margins = _Margins(size, low_resistance, high_resistance, reading, wires)
        # A single bad case decides, so the others need not be solved.
        if not all(value >= rule for value in margins.at_farthest()):
            return False
        worst = margins.worst_by_name()
        return worst.margin >= rule and (size > SEARCHED or margins.searched(worst).margin >= rule)

    return largest_size(enough, limit)


def largest_size(enough: Callable[[int], bool], largest: int) -> int:
    """The largest number of lines, up to `largest`, with which an array meets a condition; 0 if there is none.

    Smaller arrays need not meet the condition as well.  Sizes are therefore tried downwards in steps of a half or a
    third, and the first that meets it is followed upwards to the limit.
    """
    tried = sorted({size for power in range(31) for size in (2**power, 3 * 2**power) if size < largest} | {largest})
    place = next((place for place in reversed(range(len(tried))) if enough(tried[place])), None)
    if place is None:
        return 0
    good, bad = tried[place], [*tried, largest + 1][place + 1]
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if enough(middle) else (good, middle)
    return good


def reach(
    tmr: Sequence[float],
    wire_resistance: Sequence[float],
    *,
    low_resistance: float,
    schemes: Sequence[str] = SCHEMES,
    kind: str = "voltage",
    criterion: float = 0.1,
    driver_resistance: float = 0.0,
    faults: Faults | FaultRates | None = None,
    largest: int = 256,
    progress: bool = False,
) -> xr.Dataset:
    """The largest array against TMR, wires and scheme.

    tmr: ratios (0.95 for 95 %); wire_resistance: Ohm per segment of both kinds of lines.  faults: of the arrays.
    Returns a Dataset over (scheme, wire_resistance, tmr): largest_array (lines; `largest` means: at least that).
    """
    validation.positive("low_resistance", low_resistance)
    schemes = validation.different("schemes", schemes, SCHEMES)
    ratios, segments = validation.distinct("tmr", tmr), validation.distinct("wire_resistance", wire_resistance)
    found = np.zeros((len(schemes), segments.size, ratios.size), dtype=int)
    with Progress(progress, "largest arrays").bar(found.size, "case") as advance:
        for place in np.ndindex(*found.shape):
            scheme, segment, ratio = schemes[place[0]], float(segments[place[1]]), float(ratios[place[2]])
            found[place] = largest_array(
                low_resistance=low_resistance,
                high_resistance=low_resistance * (1.0 + ratio),
                reading=Reading(scheme=scheme, kind=kind),
                criterion=criterion,
                largest=largest,
                wires=Wires.equal(segment, driver_resistance=driver_resistance, faults=faults),
            )
            advance(1)
    return xr.Dataset(
        {"largest_array": (("scheme", "wire_resistance", "tmr"), found, {"long_name": "lines of the largest array"})},
        coords={
            "scheme": list(schemes),
            "wire_resistance": ("wire_resistance", segments, {"long_name": "segment resistance", "units": "Ohm"}),
            "tmr": ("tmr", ratios, {"long_name": "TMR"}),
        },
        attrs={
            "experiment": "reach",
            "criterion": criterion,
            "kind": kind,
            "largest": largest,
            **provenance({"low_resistance": low_resistance, "driver_resistance": driver_resistance, "faults": faults}),
        },
    )


class _Margins:
    """The margins of the cells of a square array, each solved once."""

    def __init__(self, lines: int, low: float, high: float, reading: Reading, wires: Wires | None) -> None:
        self.low, self.high = _pair(low, high)
        check_memory("the array", BYTES_PER_CELL * float(lines) ** 2)
        given = wires_or_ideal(wires)
        validation.instance("reading", reading, Reading)
        faults = faults_met(given, (lines, lines), reading)  # drawn once, not for every margin
        self.lines, self.reading, self.wires = lines, reading, replace(given, faults=faults)
        self._farthest = farthest_sound(faults, (lines, lines))
        self._faulty = set() if faults is None else set(map(tuple, np.argwhere(faults.cells((lines, lines))).tolist()))
        self._known: dict[tuple[Cell, str], float] = {}
        self._reader: tuple[Cell, CellReader] | None = None  # the last: one takes several times the array's memory

    def of(self, cell: Cell, name: str) -> float:
        """Margin of a cell with one of `patterns`; inf for a faulty cell, which is not read."""
        if cell in self._faulty:
            return np.inf
        if (cell, name) not in self._known:
            self._known[cell, name] = self.before(cell, patterns((self.lines, self.lines), *cell)[name])
        return self._known[cell, name]

    def before(self, cell: Cell, background: Mask) -> float:
        """Margin of a cell with any background."""
        ohms = np.where(background, self.low, self.high)
        if self._reader is None or self._reader[0] != cell:
            self._reader = cell, CellReader(ohms, cell, self.low, self.high, self.reading, self.wires)
        return self._reader[1].margin(ohms)

    def at_farthest(self) -> Iterator[float]:
        """Margins of the cell farthest from driver and sense node, which is usually the worst, with each pattern."""
        cell = self._farthest
        return (0.0 if cell is None else self.of(cell, name) for name in patterns((1, 1), 0, 0))

    def worst_by_name(self) -> WorstCase:
        """The worst of the named patterns."""
        if self._farthest is None:
            nothing = np.zeros((self.lines, self.lines), dtype=bool)
            return WorstCase(0.0, "no sound cell", nothing, 0, self.lines - 1)
        last = self.lines - 1
        ranking = dict(zip(patterns((1, 1), 0, 0), self.at_farthest(), strict=True))
        names = sorted(ranking, key=lambda each: ranking[each])[:_CARRIED_ON]
        some = range(self.lines) if self.lines <= SEARCHED else (0, last // 2, last)
        places = {self._farthest, *((i, j) for i in some for j in some)}
        cases = [(place, name) for place in sorted(places) for name in names]
        cell, name = min(cases, key=lambda case: self.of(*case))
        stride = 1 if self.lines <= SEARCHED else (self.lines + 3) // 4
        while True:
            around = [
                (i, j)
                for i in (cell[0] - stride, cell[0], cell[0] + stride)
                for j in (cell[1] - stride, cell[1], cell[1] + stride)
                if 0 <= i < self.lines and 0 <= j < self.lines
            ]
            nearby = min(around, key=lambda each: self.of(each, name))
            if self.of(nearby, name) < self.of(cell, name):
                cell = nearby
            elif stride > 1:
                stride = (stride + 1) // 2
            else:
                break
        return WorstCase(self.of(cell, name), name, patterns((self.lines, self.lines), *cell)[name].copy(), *cell)

    def searched(self, worst: WorstCase) -> WorstCase:
        """The margin after a search by single changes of the background."""
        cell, pattern = (worst.word_line, worst.bit_line), worst.background.copy()
        lowest, name, improved = worst.margin, worst.pattern, True
        while improved:
            improved = False
            for place in np.ndindex(*pattern.shape):
                if place == cell or place in self._faulty:
                    continue
                pattern[place] = not pattern[place]
                value = self.before(cell, pattern)
                if value < lowest - 1e-12:
                    lowest, name, improved = value, "searched", True
                else:
                    pattern[place] = not pattern[place]
        return WorstCase(lowest, name, pattern, *cell)


def _pair(low: float, high: float) -> tuple[float, float]:
    first, second = validation.positive("low_resistance", low), validation.positive("high_resistance", high)
    if second < first:
        raise InputError(f"high_resistance: expected at least the low one, {first:g} Ohm, got {second:g}")
    return first, second
