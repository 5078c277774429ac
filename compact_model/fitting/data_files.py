"""Text files in the layouts of instruments and spreadsheets, read as headings and rows of cells."""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from ..support.validation import InputError

_NUMBER = re.compile(r"[-+]?(\d+[.,]?\d*|[.,]\d+)([eEdD][-+]?\d+)?")
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?P<mark>[,.' \u00a0\u202f])\d{3}((?P=mark)\d{3})*([.,]\d*)?")
_HEADINGS_LABEL, _UNITS_LABEL = "long name", "units"  # Origin's labels of rows above the data
_BLANKS = " \u00a0\u202f\v\f"
_WORKBOOK = b"PK\x03\x04"
DECIMALS = (".", ",")


@dataclass(frozen=True)
class Heading:
    """The name of a column, and its unit if it has one."""

    label: str
    unit: str | None
    text: str
    """As written in the file."""


@dataclass(frozen=True)
class DataTable:
    """The text of a file, before interpretation."""

    line: int
    """Line number of the headings."""
    headings: list[Heading]
    rows: list[tuple[int, list[str]]]
    """Line number and cells."""

    def even_rows(self, path: Path) -> list[tuple[int, list[str]]]:
        """The rows, each with as many cells as there are headings; InputError for others."""
        return _even(path, len(self.headings), self.rows)


def read_table(path: Path, skip: int = 0) -> DataTable:
    """The table in a file, without headings and rows where it is empty; InputError that names file and line.

    Read are UTF-8, UTF-16, Latin-1 and Windows-1252; commas, semicolons, tabs or spaces between values; comment lines
    that begin with # or %, the last of which may hold the headings; sections [Header] and [Data]; units in parentheses
    or brackets, behind a slash, or in a row of their own; rows of remarks under them, as Origin writes them.
    skip: lines to leave out at the beginning.
    """
    lines = _lines(path, skip)
    comment: tuple[int, str] | None = None
    rows: list[tuple[int, str]] = []
    for number, line in lines:
        if line.lstrip()[0] not in "#%":
            rows.append((number, line))
        elif not rows and line.strip("#%\t "):
            comment = number, line.lstrip("#%\t ")
    if not rows:
        return DataTable(0, [], [])
    delimiter = _delimiter(rows[0][1])
    first = _cells(path, *rows[0], delimiter)
    if all(_NUMBER.fullmatch(cell) for cell in first if cell):
        if comment is None:
            raise InputError(f"{path}, line {rows[0][0]}: expected a line of headings above the data, got numbers")
        top, text = comment
        cells = _cells(path, top, text, _delimiter(text)) if _delimiter(text) else _split_headings(text)
    else:
        (top, text), rows = rows[0], rows[1:]
        cells = _split_headings(text) if delimiter is None else first
    body = [(number, _cells(path, number, row, delimiter)) for number, row in rows]
    units: list[str] | None = None
    labelled = _row_label(cells) == _HEADINGS_LABEL
    if labelled:
        units = next((row[1:] for _, row in body if _row_label(row) == _UNITS_LABEL), None)
        cells = cells[1:]
        body = [(number, row[1:]) for number, row in body if not row[0] or _NUMBER.fullmatch(row[0])]
    while cells and not cells[-1]:
        cells = cells[:-1]
    headings = [_heading(cell) for cell in cells]
    above = rows[0][1] if rows and not labelled and not _has_numbers(body[0][1]) else None
    if above is not None and not any(heading.unit for heading in headings):
        units = _unit_cells(above, len(headings)) if delimiter is None else body[0][1]
        body = body[1:]
        while body and not _has_numbers(body[0][1]):
            body = body[1:]
    if units is not None:
        units = units + [""] * (len(headings) - len(units))
        headings = [
            Heading(each.label, each.unit or unit.strip("()[] ") or None, each.text)
            for each, unit in zip(headings, units, strict=False)
        ]
    return DataTable(top, headings, body)


def decimal_mark(cells: list[str]) -> str:
    """The decimal mark of numbers; ValueError with what was expected if it cannot be determined.

    A comma or point is the mark unless every number that contains it could have it as a thousands separator.
    """
    found = [mark for mark in DECIMALS if any(mark in cell for cell in cells)]
    if len(found) == 2:
        raise ValueError("numbers with one decimal mark and no thousands separator, got both points and commas")
    for mark in found:
        marked = [cell for cell in cells if mark in cell]
        if all(_THOUSANDS.fullmatch(cell) for cell in marked):
            raise ValueError(
                "a decimal mark that can be told from a thousands separator: name it, decimal ',' or '.', got numbers "
                f"like {marked[0]!r}"
            )
    return found[0] if found else "."


def number(text: str, decimal: str) -> float:
    """A number in a cell; ValueError with what was expected."""
    if _NUMBER.fullmatch(text) and DECIMALS[decimal == "."] not in text:
        return float(text.replace(",", ".").lower().replace("d", "e"))
    if _THOUSANDS.fullmatch(text):
        raise ValueError(f"a number without a thousands separator, with the decimal mark {decimal!r}")
    if text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        raise ValueError("a finite number")
    raise ValueError("a number")


def _lines(path: Path, skip: int) -> list[tuple[int, str]]:
    """Line number and text of each non-empty line of the data's section; tabs at its ends bound empty cells."""
    content = path.read_bytes()
    if content.startswith(_WORKBOOK):
        raise InputError(f"{path}: expected text, got a workbook; save its sheet as CSV")
    lines = [(place, line.strip(_BLANKS)) for place, line in enumerate(_text(path, content).splitlines(), 1)][skip:]
    sections = {
        line.strip().lower(): index
        for index, (_, line) in enumerate(lines)
        if re.fullmatch(r"\[[\w ]+\]", line.strip())
    }
    if "[data]" in sections:
        lines = lines[sections["[data]"] + 1 :]
    elif "[header]" in sections:
        raise InputError(f"{path}: expected a section [Data] after [Header], got none")
    if lines and re.fullmatch(r"sep=.", lines[0][1], re.IGNORECASE):
        lines = lines[1:]  # a directive to Excel
    return [(place, line) for place, line in lines if line.strip(";,\t ")]


def _text(path: Path, content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:2]:
        encodings = ["utf-16" if content[:1] in b"\xff\xfe" else "utf-16-be" if content[:1] == b"\0" else "utf-16-le"]
    else:
        encodings = ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in encodings:
        try:
            text = content.decode(encoding).lstrip("\ufeff").replace("\N{MINUS SIGN}", "-")
        except UnicodeDecodeError:
            continue
        if not re.search("[\x00-\x08\x0e-\x1f\x7f-\x9f]", text):
            return text
    raise InputError(f"{path}: expected text in UTF-8, UTF-16 or Latin-1, got other bytes")


def _delimiter(line: str) -> str | None:
    """The separator of the values of a line; None: spaces."""
    outside = re.sub(r"\([^()]*\)|\[[^\[\]]*\]", "", line)
    return next((mark for mark in (";", "\t", ",") if mark in outside), None)


def _cells(path: Path, line: int, text: str, delimiter: str | None) -> list[str]:
    if delimiter is None:
        return text.split()
    try:
        cells = next(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True, skipinitialspace=True))
    except csv.Error as error:
        raise InputError(f"{path}, line {line}: expected values with {delimiter!r} between, got {error}") from None
    return [cell.strip() for cell in cells]


def _split_headings(text: str) -> list[str]:
    """Headings separated by spaces: by wide ones if there are any, else by those not followed by a bracket or slash."""
    if re.search(r"\s{2,}", text):
        return re.split(r"\s{2,}", text)
    found = re.findall(r"[^\s()\[\]/]+(?:\s*(?:\([^()]*\)|\[[^\[\]]*\])|\s+/\s+\S+)?", text)
    return found if "".join(found).replace(" ", "") == text.replace(" ", "") else [text]


def _unit_cells(text: str, count: int) -> list[str]:
    """The units of this many headings, separated by spaces; if units contain spaces, two between them."""
    ways = (_split_headings(text), text.split())
    return next((cells for cells in ways if len(cells) == count), ways[0])


def _row_label(cells: list[str]) -> str:
    return cells[0].strip(":").lower() if cells else ""


def _heading(cell: str) -> Heading:
    match = re.fullmatch(r"(?P<label>[^()\[\]]*?)\s*[(\[]\s*(?P<unit>[^()\[\]]*?)\s*[)\]]", cell)
    if match is None:
        match = re.fullmatch(r"(?P<label>[^()\[\]/]*?)\s*/\s*(?P<unit>[^()\[\]]+)", cell)
    return Heading(match["label"].rstrip(" /"), match["unit"], cell) if match else Heading(cell, None, cell)


def _has_numbers(cells: list[str]) -> bool:
    return any(_NUMBER.fullmatch(cell) for cell in cells)


def _even(path: Path, count: int, body: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """Rows of as many cells as there are headings; empty cells at the end are ignored."""
    rows = []
    for line, cells in body:
        kept = cells[:count] + [cell for cell in cells[count:] if cell]
        if len(kept) != count:
            comma = " (decimal commas need another mark between the values)" if len(kept) == 2 * count else ""
            raise InputError(f"{path}, line {line}: expected {count} values, as in the header, got {len(kept)}{comma}")
        rows.append((line, kept))
    return rows
