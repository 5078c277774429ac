"""Measured data from text files whose columns carry their units: `Delta_H (Oe), J_th (A/cm2), sigma (A/cm2)`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..support import units, validation
from ..support.validation import InputError, choice, nearest, shown
from .data_files import DECIMALS, DataTable, Heading, decimal_mark, number, read_table

# The units that messages name; others of the same dimension are accepted as well.
FIELD = ("Oe", "T", "mT")
CURRENT_DENSITY = ("A/cm2", "MA/cm2", "A/m2")
VOLTAGE = ("V", "mV")
CURRENT = ("A", "mA", "uA")
RESISTANCE = ("Ohm", "kOhm", "MOhm")
LENGTH = ("m", "um", "nm")
TIME = ("s", "us", "ns", "ps")
STATES = ("P", "AP")


@dataclass(frozen=True)
class Column:
    """One column that a file may have: its name in Python, its units, and its permitted values."""

    name: str
    units: tuple[str, ...]
    """The usual units; empty: a word."""
    required: bool = False
    positive: bool = False
    words: tuple[str, ...] = ()
    """The permitted words; empty: any."""

    def factor(self, unit: str) -> float:
        """Factor to SI units; raises ValueError for a unit of another quantity."""
        factor, dimension = units.parse(unit)
        if dimension != units.parse(self.units[0])[1]:
            raise ValueError(unit)
        return factor

    def read(self, text: str, decimal: str) -> Any:
        """Convert a value from the text of the file; raises ValueError with what was expected."""
        if not self.units:
            if not text or (self.words and text not in self.words):
                raise ValueError(" or ".join(self.words) or "a name")
            return text
        value = number(text, decimal)
        if not abs(value) <= validation.LARGEST:
            raise ValueError("a finite number")
        if self.positive and value <= 0.0:
            raise ValueError("a number above 0")
        return value


class MeasuredData(dict[str, NDArray[Any]]):
    """Arrays in SI units by their Python names, and the parts of the file that were left out."""

    ignored: tuple[str, ...] = ()
    """Headings of the columns that were left out, as in the file."""


_DRIVE = {"V": Column("voltage", VOLTAGE), "I": Column("current", CURRENT)}
_RESPONSE = {
    "R": Column("resistance", RESISTANCE, positive=True),
    "x": Column("position", LENGTH),
    "sigma": Column("standard_deviation", RESISTANCE, positive=True),
}
KINDS: dict[str, dict[str, Column]] = {
    "threshold": {
        "Delta_H": Column("offset", FIELD, positive=True),
        "H": Column("field", FIELD),
        "J_th": Column("threshold", CURRENT_DENSITY, positive=True),
        "I_th": Column("threshold_current", CURRENT, positive=True),
        "sigma": Column("standard_deviation", CURRENT_DENSITY, positive=True),
    },
    "resistance": {
        "V": Column("voltage", VOLTAGE),
        "I": Column("current", CURRENT),
        "R": Column("resistance", RESISTANCE, required=True, positive=True),
        "sigma": Column("standard_deviation", RESISTANCE, positive=True),
        "state": Column("state", (), words=STATES),
        "x": Column("position", LENGTH),
    },
    "pulses": {
        "train": Column("train", ()),
        **_DRIVE,
        "width": Column("width", TIME, required=True, positive=True),
        "period": Column("period", TIME, required=True, positive=True),
        **_RESPONSE,
        "R_0": Column("initial_resistance", RESISTANCE, positive=True),
        "x_0": Column("initial_position", LENGTH),
    },
    "trace": {"train": Column("train", ()), "t": Column("time", TIME, required=True), **_DRIVE, **_RESPONSE},
}
"""The columns of each kind of file, by their names in the header."""
NEEDED = {
    "threshold": (("Delta_H", "H"), ("J_th", "I_th")),
    "resistance": (("V", "I"),),
    "pulses": (("V", "I"), ("R", "x")),
    "trace": (("V", "I"), ("R", "x")),
}
"""Columns of which a file has exactly one."""
EXCLUSIVE = {"resistance": (("state", "x"),), "pulses": (("R_0", "x_0"),)}
"""Columns of which a file has at most one."""


def read_measured(
    path: str | Path,
    kind: str,
    *,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    skip: int = 0,
    decimal: str | None = None,
) -> MeasuredData:
    """Read a text file of measured data into arrays in SI units; `data_files.read_table` lists the layouts it accepts.

    kind: 'threshold', columns Delta_H or H, and J_th or I_th; 'resistance', columns V or I, and R, optionally with
    `state` (P or AP) or the wall's position x; 'pulses', a row for each pulse, columns V or I, width, period, and R or
    x after the pulse, optionally with `train` (the name of the train) and R_0 or x_0 before the train; 'trace', columns
    t, V or I, and R or x, optionally with `train`.  All may have sigma, the standard deviation of J_th, I_th, R or x,
    in a unit of that quantity.
    columns: the name of a column in the file, by the name used here: {'J_th': 'Jc'}. units: the unit of a column
    without one in its heading, by the name used here.  skip: number of lines to skip at the beginning.  decimal: '.' or
    ','; None: detected from the numbers.

    The arrays have their Python names.  Other columns are left out and listed in `ignored`, unless one looks like a
    misspelt name.  Raises an InputError that names file, line and column; a file is read as a whole or not at all.
    """
    choice("kind", kind, tuple(KINDS))
    if not isinstance(path, str | Path) or "\0" in str(path):
        raise InputError(f"path: expected the name of a file, got {shown(path)}")
    known = KINDS[kind]
    called = _named("columns", columns, known)
    unit_of = _named("units", units, known)
    if decimal is not None:
        choice("decimal", decimal, DECIMALS)
    table = read_table(Path(path), validation.whole("skip", skip, 0))
    if not table.headings:
        raise InputError(f"{path}: expected a header with the columns {_listed(known)}, got an empty file")
    where = f"{path}, line {table.line}"
    places = _places(where, table.headings, known, called)
    labels = list(places)
    for label, column in known.items():
        if column.required and label not in places:
            raise InputError(f"{where}: expected a column {label!r}, got {', '.join(_labels(table))}")
    for pair in NEEDED.get(kind, ()) + EXCLUSIVE.get(kind, ()):
        given = [label for label in pair if label in places]
        if len(given) == 2 or (not given and pair in NEEDED.get(kind, ())):
            raise InputError(
                f"{where}: expected a column {pair[0]!r} or {pair[1]!r}, got "
                f"{'both' if given else ', '.join(_labels(table))}"
            )
    if "I_th" in places:
        known = known | {"sigma": replace(known["sigma"], units=CURRENT)}
    if ("R", "x") in NEEDED.get(kind, ()) and "x" in places and "R" not in places:
        known = known | {"sigma": replace(known["sigma"], units=LENGTH)}
    factors = {
        label: _factor(where, label, known[label], table.headings[place].unit, unit_of.get(label))
        for label, place in places.items()
    }
    rows = [
        (line, cells) for line, cells in table.even_rows(Path(path)) if any(cells[place] for place in places.values())
    ]
    if not rows:
        raise InputError(f"{path}: expected lines of data under the header, got none")
    mark = decimal or _decimal(path, [cells[places[each]] for _, cells in rows for each in labels if known[each].units])
    values: dict[str, list[Any]] = {known[label].name: [] for label in labels}
    for line, cells in rows:
        for label, place in places.items():
            column, cell = known[label], cells[place]
            try:
                value = column.read(cell, mark)
            except ValueError as expected:
                got = repr(cell) if cell else "nothing"
                raise InputError(f"{path}, line {line}, column {label!r}: expected {expected}, got {got}") from None
            values[column.name].append(value * factors[label] if column.units else value)
    result = MeasuredData({name: np.array(each) for name, each in values.items()})
    others = (heading.text for place, heading in enumerate(table.headings) if place not in places.values())
    result.ignored = tuple(text for text in others if text)
    return result


def _named(name: str, given: Mapping[str, str] | None, known: Mapping[str, Column]) -> dict[str, str]:
    """The values given for some of the known columns."""
    pairs = {} if given is None else dict(validation.instance(name, given, Mapping))
    for label, text in pairs.items():
        if label not in known:
            raise InputError(
                f"{name}: expected names out of {', '.join(known)}, got {shown(label)}{nearest(str(label), known)}"
            )
        if not isinstance(text, str):
            raise InputError(f"{name}: expected text for {label!r}, got {shown(text)}")
    return pairs


def _labels(table: DataTable) -> list[str]:
    return [heading.label for heading in table.headings]


def _places(
    where: str, headings: list[Heading], known: Mapping[str, Column], called: Mapping[str, str]
) -> dict[str, int]:
    """The file's column for each known one."""
    ours = {theirs: label for label, theirs in called.items()}
    places: dict[str, int] = {}
    strange = []
    for place, heading in enumerate(headings):
        label = ours.get(heading.label) or ours.get(heading.text)
        if label is None and heading.label in known and heading.label not in called:
            label = heading.label
        if label is None:
            strange.append(heading)
        elif label in places:
            raise InputError(f"{where}: expected each column once, got {label!r} twice")
        else:
            places[label] = place
    for label, theirs in called.items():
        if label not in places:
            got = ", ".join(heading.text for heading in headings)
            raise InputError(f"{where}: expected a column {theirs!r} for {label!r}, got {got}")
    absent = [label for label in known if label not in places]
    for heading in strange:
        close = nearest(heading.label, absent)
        unclosed = re.search(r"[(\[][^)\]]*$", heading.text)
        if close or unclosed:
            raise InputError(f"{where}: expected the columns {_listed(known)}, got {heading.text!r}{close}")
    return places


def _factor(where: str, label: str, column: Column, unit: str | None, given: str | None) -> float:
    """A factor to SI, from the unit of the heading or the given one."""
    if not column.units:
        if unit or given:
            raise InputError(f"{where}, column {label!r}: expected no unit, got {unit or given!r}")
        return 1.0
    choices = ", ".join(column.units)
    found: list[float] = []
    for text in (unit, given):
        if not text:
            continue
        try:
            found.append(column.factor(text))
        except ValueError:
            raise InputError(f"{where}, column {label!r}: expected a unit of {choices}, got {text!r}") from None
    if not found:
        raise InputError(f"{where}, column {label!r}: expected a unit in parentheses, one of {choices}, got none")
    if found[-1] != found[0]:
        raise InputError(f"{where}, column {label!r}: expected the unit of its heading, {unit!r}, got {given!r}")
    return found[0]


def _decimal(path: str | Path, cells: list[str]) -> str:
    try:
        return decimal_mark(cells)
    except ValueError as expected:
        raise InputError(f"{path}: expected {expected}") from None


def _listed(columns: Mapping[str, Column]) -> str:
    return ", ".join(f"{label} ({each.units[0]})" if each.units else label for label, each in columns.items())
