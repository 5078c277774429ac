"""How well a cell can be told apart, and how large an array may be.

The reading: the selected word line at the read voltage, the selected bit line over a load R_pu to ground.  With R_eff
the resistance that the load sees, the voltage margin is R_pu/(R_pu + R_eff,L) - R_pu/(R_pu + R_eff,H), R_pu = R_L
unless given; the current margin is (I_L - I_H)/I_L into a sense node at 0 V.  Both for the worst cell, the one farthest
from driver and sense node, and for the worst of the patterns in the other cells.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.progress import Progress
from compact_model.support.provenance import provenance
from compact_model.support.validation import InputError

from ..crossbar import Crossbar
from ..schemes import SCHEMES, bias
from ..wires import Wires, wires_or_ideal

Mask = NDArray[np.bool_]

KINDS = ("voltage", "current")
SEARCHED = 6
"""Lines of the arrays in which `read_margin` and `largest_array` search the worst background cell by cell."""
_MOST_SEARCHED = 256  # cells up to which the worst pattern is searched cell by cell


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a cell is read, and by which margin two of its states are told apart.

    scheme: of the other lines, one of SCHEMES.  kind: 'current' or 'voltage', the margin.  pull_up: R_pu, the load of
    the voltage margin, Ohm; None: R_L.
    """

    scheme: str = "grounded"
    kind: str = "current"
    pull_up: float | None = None

    def __post_init__(self) -> None:
        validation.choice("scheme", self.scheme, SCHEMES)
        validation.choice("kind", self.kind, KINDS)
        if self.pull_up is not None:
            validation.positive("pull_up", self.pull_up)

    def load(self, low_resistance: float) -> float:
        """Between the selected bit line and ground, Ohm."""
        if self.kind == "current":
            return 0.0
        return low_resistance if self.pull_up is None else self.pull_up


def patterns(shape: tuple[int, int], word_line: int, bit_line: int) -> dict[str, Mask]:
    """Backgrounds by name, True where a device has the low resistance; the selected cell is set by who reads it."""
    words, bits = shape
    rows, columns = np.indices(shape)
    on_row, on_column = rows == word_line, columns == bit_line
    return {
        "all low": np.ones((words, bits), dtype=bool),
        "all high": np.zeros((words, bits), dtype=bool),
        "selected lines high": ~(on_row | on_column),
        "selected lines low": on_row | on_column,
        "selected word line high": ~on_row,
        "selected bit line high": ~on_column,
        "selected word line low": on_row,
        "selected bit line low": on_column,
        "checkerboard": (rows + columns) % 2 == 0,
    }


def cell_margin(
    background: FloatArray,
    *,
    low_resistance: float,
    high_resistance: float,
    word_line: int,
    bit_line: int,
    reading: Reading,
    wires: Wires | None = None,
) -> float:
    """The margin between two resistances of one cell (Ohm), before one background.

    background: (word lines, bit lines), Ohm, of the other cells; what stands for the cell itself has no meaning.
    wires: None: ideal ones.  Where they leave no current that is a number, the margin is 0.
    """
    low, high = _pair(low_resistance, high_resistance)
    load = validation.instance("reading", reading, Reading).load(low)
    ohms = np.array(background, dtype=np.float64)
    sense = np.zeros(ohms.shape[1])
    sense[bit_line] = load
    loaded = replace(wires_or_ideal(wires), sense_resistance=sense)
    held = bias(reading.scheme, (ohms.shape[0], ohms.shape[1]), 1.0, word_line=word_line, bit_line=bit_line)
    currents = []
    for value in (low, high):
        ohms[word_line, bit_line] = value
        solution = Crossbar(resistance=ohms, **loaded.keywords()).solve(**held.arguments())
        currents.append(float(solution.bit_line_current[0, bit_line]))
    if reading.kind == "voltage":
        return load * (currents[0] - currents[1])
    return (currents[0] - currents[1]) / currents[0] if currents[0] else 0.0


def read_margin(
    sizes: Sequence[int],
    *,
    low_resistance: float,
    high_resistance: float,
    schemes: Sequence[str] = SCHEMES,
    pull_up: float | None = None,
    wires: Wires | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Voltage and current margins of square arrays, at the worst cell and before the worst background.

    sizes: lines of each kind.  low_resistance, high_resistance: R_L and R_H of a device, Ohm; pull_up: R_pu, Ohm, None:
    R_L; wires: None: ideal ones.
    The background is the worst of `patterns`, and in arrays of up to SEARCHED lines that of a search cell by cell.
    Returns a Dataset over (scheme, size): voltage_margin, current_margin, and voltage_pattern, current_pattern, the
    names of the worst backgrounds.  Raises InputError.
    """
    lines = [validation.whole("sizes", size, 1) for size in validation.listed("sizes", sizes)]
    schemes = validation.different("schemes", schemes, SCHEMES)
    _pair(low_resistance, high_resistance)
    lines_between = wires_or_ideal(wires)
    found = {f"{kind}_margin": np.empty((len(schemes), len(lines))) for kind in KINDS}
    names = {f"{kind}_pattern": np.empty((len(schemes), len(lines)), dtype=object) for kind in KINDS}
    bar = Progress(progress, "read margins")
    with bar.bar(len(schemes) * len(lines) * len(KINDS), "case") as advance:
        for row, scheme in enumerate(schemes):
            for column, size in enumerate(lines):
                for kind in KINDS:
                    value, name, _ = worst_pattern(
                        size,
                        low_resistance=low_resistance,
                        high_resistance=high_resistance,
                        reading=Reading(scheme=scheme, kind=kind, pull_up=pull_up),
                        wires=lines_between,
                        search=size <= SEARCHED,
                    )
                    found[f"{kind}_margin"][row, column] = value
                    names[f"{kind}_pattern"][row, column] = name
                    advance(1)
    dims = ("scheme", "size")
    return xr.Dataset(
        {
            **{name: (dims, values, {"long_name": name.replace("_", " ")}) for name, values in found.items()},
            **{name: (dims, values.astype(str)) for name, values in names.items()},
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
) -> tuple[float, str, Mask]:
    """The lowest margin of the worst cell over backgrounds, the name of the background, and the background itself.

    search: go on from the worst of `patterns` by changing single cells as long as that lowers the margin; the name is
    then 'searched' where it did.  For arrays of at most 256 cells.
    """
    lines = validation.whole("size", size, 1)
    shape, cell = (lines, lines), _worst_cell(lines)
    margin_of = _margins(shape, low_resistance, high_resistance, reading, wires)
    values = {name: margin_of(pattern) for name, pattern in patterns(shape, *cell).items()}
    name = min(values, key=lambda each: values[each])
    pattern, lowest = patterns(shape, *cell)[name].copy(), values[name]
    if not search:
        return lowest, name, pattern
    if lines * lines > _MOST_SEARCHED:
        raise InputError(f"size: expected at most {_MOST_SEARCHED} cells to search, got {lines * lines}")
    improved = True
    while improved:
        improved = False
        for place in np.ndindex(*shape):
            if place == cell:
                continue
            pattern[place] = not pattern[place]
            value = margin_of(pattern)
            if value < lowest - 1e-12:
                lowest, name, improved = value, "searched", True
            else:
                pattern[place] = not pattern[place]
    return lowest, name, pattern


def largest_array(
    *,
    low_resistance: float,
    high_resistance: float,
    reading: Reading,
    criterion: float = 0.1,
    largest: int = 256,
    wires: Wires | None = None,
) -> int:
    """The most lines of a square array whose margin is at least `criterion`; 0 where no size has it.

    A driver's resistance may let the margin rise before it falls: see `largest_size`.  criterion: 1e-6 to 1.
    """
    rule = validation.between("criterion", criterion, 1e-6, 1.0)
    limit = validation.whole("largest", largest, 1)

    def enough(size: int) -> bool:
        if size <= SEARCHED:
            found = worst_pattern(
                size, low_resistance=low_resistance, high_resistance=high_resistance, reading=reading, wires=wires
            )
            return found[0] >= rule
        shape = (size, size)
        margin_of = _margins(shape, low_resistance, high_resistance, reading, wires)
        # One bad pattern decides: the others need not be solved.
        return all(margin_of(each) >= rule for each in patterns(shape, *_worst_cell(size)).values())

    return largest_size(enough, limit)


def largest_size(enough: Callable[[int], bool], largest: int) -> int:
    """The most lines, up to `largest`, with which an array is good enough; 0 where no size is.

    What is enough need not be so for all smaller arrays: sizes are tried downwards in steps of a half or a third, and
    the first that is enough is followed upwards to where that ends.
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
    largest: int = 256,
    progress: bool = False,
) -> xr.Dataset:
    """The largest array against TMR, wires and scheme.

    tmr: ratios (0.95 for 95 %); wire_resistance: Ohm per segment of both kinds of lines.
    Returns a Dataset over (scheme, wire_resistance, tmr): largest_array (lines; `largest` means: at least that).
    """
    validation.positive("low_resistance", low_resistance)
    schemes = validation.different("schemes", schemes, SCHEMES)
    ratios, segments = validation.numbers("tmr", tmr), validation.numbers("wire_resistance", wire_resistance)
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
                wires=Wires.equal(segment, driver_resistance=driver_resistance),
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
            **provenance({"low_resistance": low_resistance, "driver_resistance": driver_resistance}),
        },
    )


def _worst_cell(lines: int) -> tuple[int, int]:
    """The cell farthest from the driver on the left and the sense node below."""
    return 0, lines - 1


def _margins(
    shape: tuple[int, int], low: float, high: float, reading: Reading, wires: Wires | None
) -> Callable[[Mask], float]:
    """The margin of the worst cell before a pattern of low (True) and high resistances, those of the cell itself."""
    low, high = _pair(low, high)
    word_line, bit_line = _worst_cell(shape[1])

    def margin_of(pattern: Mask) -> float:
        return cell_margin(
            np.where(pattern, low, high),
            low_resistance=low,
            high_resistance=high,
            word_line=word_line,
            bit_line=bit_line,
            reading=reading,
            wires=wires,
        )

    return margin_of


def _pair(low: float, high: float) -> tuple[float, float]:
    first, second = validation.positive("low_resistance", low), validation.positive("high_resistance", high)
    if second < first:
        raise InputError(f"high_resistance: expected at least the low one, {first:g} Ohm, got {second:g}")
    return first, second
