"""Measured data from CSV files whose columns carry their units: `Delta_H (Oe), J_th (A/cm2), sigma (A/cm2)`."""

import csv
import io
import math
import re
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..constants import AMPERE_PER_SQUARE_CENTIMETRE, MILLIAMPERE, NANOMETRE, NANOSECOND, OERSTED, PICOSECOND
from ..support.validation import InputError, choice, nearest, shown

FIELD = {"Oe": OERSTED, "T": 1.0, "mT": 1e-3}
CURRENT_DENSITY = {
    "A/cm2": AMPERE_PER_SQUARE_CENTIMETRE,
    "kA/cm2": 1e3 * AMPERE_PER_SQUARE_CENTIMETRE,
    "MA/cm2": 1e6 * AMPERE_PER_SQUARE_CENTIMETRE,
    "1e6 A/cm2": 1e6 * AMPERE_PER_SQUARE_CENTIMETRE,
    "A/m2": 1.0,
}
VOLTAGE = {"V": 1.0, "mV": 1e-3}
CURRENT = {"A": 1.0, "mA": MILLIAMPERE, "uA": 1e-6}
RESISTANCE = {"Ohm": 1.0, "kOhm": 1e3, "MOhm": 1e6}
LENGTH = {"m": 1.0, "um": 1e-6, "nm": NANOMETRE}
TIME = {"s": 1.0, "us": 1e-6, "ns": NANOSECOND, "ps": PICOSECOND}
STATES = ("P", "AP")

_OTHER_SPELLINGS = {"^2": "2", "\N{GREEK CAPITAL LETTER OMEGA}": "Ohm", "\N{GREEK SMALL LETTER MU}": "u"}


@dataclass(frozen=True)
class Column:
    """One column that a file may have: what it is called in Python, its units, and the values it bears."""

    name: str
    units: dict[str, float]
    """Factors to SI; empty: a word."""
    required: bool = False
    positive: bool = False
    words: tuple[str, ...] = ()
    """What a word may be; empty: anything."""

    def read(self, text: str) -> Any:
        """A value as it stands in the file; raises ValueError with what was expected."""
        if not self.units:
            if not text or (self.words and text not in self.words):
                raise ValueError(" or ".join(self.words) or "a name")
            return text
        try:
            value = math.nan if "_" in text else float(text)
        except ValueError:
            comma = re.fullmatch(r"[-+]?\d*,\d+([eE][-+]?\d+)?", text)
            raise ValueError("a number with a decimal point instead of the comma" if comma else "a number") from None
        if not math.isfinite(value):
            raise ValueError("a finite number")
        if self.positive and value <= 0.0:
            raise ValueError("a number above 0")
        return value


_DRIVE = {"V": Column("voltage", VOLTAGE), "I": Column("current", CURRENT)}
_RESPONSE = {
    "R": Column("resistance", RESISTANCE, positive=True),
    "x": Column("position", LENGTH),
    "sigma": Column("standard_deviation", RESISTANCE, positive=True),
}
KINDS: dict[str, dict[str, Column]] = {
    "threshold": {
        "Delta_H": Column("offset", FIELD, required=True, positive=True),
        "J_th": Column("threshold", CURRENT_DENSITY, required=True, positive=True),
        "sigma": Column("standard_deviation", CURRENT_DENSITY, positive=True),
    },
    "resistance": {
        "V": Column("voltage", VOLTAGE),
        "I": Column("current", CURRENT),
        "R": Column("resistance", RESISTANCE, required=True, positive=True),
        "sigma": Column("standard_deviation", RESISTANCE, positive=True),
        "state": Column("state", {}, words=STATES),
        "x": Column("position", LENGTH),
    },
    "pulses": {
        "train": Column("train", {}),
        **_DRIVE,
        "width": Column("width", TIME, required=True, positive=True),
        "period": Column("period", TIME, required=True, positive=True),
        **_RESPONSE,
        "R_0": Column("initial_resistance", RESISTANCE, positive=True),
        "x_0": Column("initial_position", LENGTH),
    },
    "trace": {"train": Column("train", {}), "t": Column("time", TIME, required=True), **_DRIVE, **_RESPONSE},
}
"""The columns of each kind of file, by their names in the header."""
NEEDED = {"resistance": (("V", "I"),), "pulses": (("V", "I"), ("R", "x")), "trace": (("V", "I"), ("R", "x"))}
"""Columns of which a file has exactly one."""
EXCLUSIVE = {"resistance": (("state", "x"),), "pulses": (("R_0", "x_0"),)}
"""Columns of which a file has one at most."""


def read_measured(path: str | Path, kind: str) -> dict[str, NDArray[Any]]:
    """Read a CSV file (commas, semicolons or tabs; decimal points; # starts a comment line) into arrays in SI.

    kind: 'threshold', columns Delta_H and J_th; 'resistance', columns V or I, and R, perhaps with `state` (P or AP) or
    the wall's position x; 'pulses', a row for each pulse, columns V or I, width, period, and R or x after the pulse,
    perhaps with `train` (the name of the row's train) and R_0 or x_0 before the train; 'trace', columns t, V or I, and
    R or x, perhaps with `train`.  All may have sigma, the standard deviation of J_th, of R or of x, in a unit of these.
    The arrays bear their Python names.  Every column of numbers needs its unit in parentheses.  Raises InputError that
    names file, line and column; a file is read whole or not at all.
    """
    choice("kind", kind, tuple(KINDS))
    if not isinstance(path, str | Path) or "\0" in str(path):
        raise InputError(f"path: expected the name of a file, got {shown(path)}")
    rows = _rows(Path(path))
    if not rows:
        raise InputError(f"{path}: expected a header with the columns {_listed(KINDS[kind])}, got an empty file")
    (number, header), body = rows[0], rows[1:]
    columns = _columns(kind, header)
    found: list[tuple[str, Column, float]] = []
    for cell in header:
        label, column, factor = _heading(f"{path}, line {number}", cell, columns)
        if any(column is other for _, other, _ in found):
            raise InputError(f"{path}, line {number}: expected each column once, got {label!r} twice")
        found.append((label, column, factor))
    for label, column in columns.items():
        if column.required and not any(column is other for _, other, _ in found):
            raise InputError(
                f"{path}, line {number}: expected a column {label!r}, got {', '.join(name for name, _, _ in found)}"
            )
    labels = [label for label, _, _ in found]
    for pair in NEEDED.get(kind, ()) + EXCLUSIVE.get(kind, ()):
        given = [label for label in pair if label in labels]
        if len(given) == 2 or (not given and pair in NEEDED.get(kind, ())):
            raise InputError(
                f"{path}, line {number}: expected a column {pair[0]!r} or {pair[1]!r}, got "
                f"{'both' if given else ', '.join(labels)}"
            )
    if not body:
        raise InputError(f"{path}: expected lines of data under the header, got none")
    values: dict[str, list[Any]] = {column.name: [] for _, column, _ in found}
    for line, cells in body:
        if len(cells) != len(found):
            raise InputError(f"{path}, line {line}: expected {len(found)} values, as in the header, got {len(cells)}")
        for cell, (label, column, factor) in zip(cells, found, strict=True):
            try:
                value = column.read(cell)
            except ValueError as expected:
                got = repr(cell) if cell else "nothing"
                raise InputError(f"{path}, line {line}, column {label!r}: expected {expected}, got {got}") from None
            values[column.name].append(value * factor if column.units else value)
    return {name: np.array(each) for name, each in values.items()}


def _columns(kind: str, header: list[str]) -> dict[str, Column]:
    """The columns of a kind of file; sigma is a length where the header has x for the response."""
    columns = KINDS[kind]
    labels = {re.split(r"\s*[(\[]", cell)[0] for cell in header}
    if ("R", "x") in NEEDED.get(kind, ()) and "x" in labels and "R" not in labels:
        return columns | {"sigma": replace(columns["sigma"], units=LENGTH)}
    return columns


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Line number and stripped cells of each line that is neither empty nor a comment."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: expected text in UTF-8, got other bytes") from None
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines:
        return []
    delimiter = next((mark for mark in (";", "\t") if mark in lines[0][1]), ",")
    rows = []
    for number, line in lines:
        try:
            cells = next(csv.reader(io.StringIO(line), delimiter=delimiter, strict=True))
        except csv.Error as error:
            raise InputError(
                f"{path}, line {number}: expected values with {delimiter!r} between, got {error}"
            ) from None
        rows.append((number, [cell.strip() for cell in cells]))
    return rows


def _heading(where: str, cell: str, columns: dict[str, Column]) -> tuple[str, Column, float]:
    """Name, column and factor to SI of one cell of the header."""
    match = re.fullmatch(r"(?P<label>[^()\[\]]*?)\s*(?:[(\[]\s*(?P<unit>[^()\[\]]*?)\s*[)\]])?", cell)
    label = match["label"] if match else cell
    if match is None or label not in columns:
        raise InputError(f"{where}: expected the columns {_listed(columns)}, got {cell!r}{nearest(label, columns)}")
    column, unit = columns[label], match["unit"]
    if not column.units:
        if unit is not None:
            raise InputError(f"{where}, column {label!r}: expected no unit, got {unit!r}")
        return label, column, 1.0
    choices = ", ".join(column.units)
    if not unit:
        raise InputError(f"{where}, column {label!r}: expected a unit in parentheses, one of {choices}, got none")
    unit = unicodedata.normalize("NFKC", unit)  # raised two, micro sign and ohm sign to the plain characters
    for spelling, plain in _OTHER_SPELLINGS.items():
        unit = unit.replace(spelling, plain)
    if unit not in column.units:
        raise InputError(f"{where}, column {label!r}: expected a unit of {choices}, got {unit!r}")
    return label, column, column.units[unit]


def _listed(columns: dict[str, Column]) -> str:
    return ", ".join(f"{label} ({next(iter(each.units))})" if each.units else label for label, each in columns.items())
