"""The only way in which names, numbers and remarks enter a generated netlist, so that nothing else can."""

import re
from collections.abc import Collection, Iterable

from compact_model.support.validation import InputError, nearest, number, shown

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_NODE = re.compile(r"[A-Za-z0-9_]+\Z")
_EXPRESSION = re.compile(r"\{[A-Za-z0-9_.+\-*/^(), ]+\}\Z")
_LONGEST_NAME = 64
_LONGEST_LINE = 110
# ngspice gives these another meaning in an expression.
RESERVED = frozenset(
    {"time", "temper", "hertz", "gnd", "v", "i", "pi", "e", "c", "kelvin", "echarge", "boltz", "planck"}
)
INTERNAL = "dwmtj_"
"""Prefix of node names inside a sub-circuit."""
INFINITY = 1e30
"""Replaces an infinite value; its square is still a double."""


def identifier(name: str, value: object) -> str:
    """A plain identifier: a letter or _, then letters, digits and _.

    Raises InputError, so that a label can never carry a second line, a command or an expression into a netlist.
    """
    if not isinstance(value, str) or not _IDENTIFIER.match(value) or len(value) > _LONGEST_NAME:
        raise InputError(
            f"{name}: expected a plain identifier (a letter or _, then letters, digits and _, at most "
            f"{_LONGEST_NAME} in all), got {shown(value)}"
        )
    if value.lower() in RESERVED:
        raise InputError(f"{name}: expected a name without a special meaning in ngspice, got {value!r}")
    return value


def node(name: str, value: object) -> str:
    """A node: an identifier or a whole number, as in '0', '12' or 'out'."""
    text = str(value)
    if isinstance(value, bool) or not _NODE.match(text) or len(text) > _LONGEST_NAME:
        raise InputError(f"{name}: expected a node's name (letters, digits and _), got {shown(value)}")
    if text.lower() == "time":
        raise InputError(f"{name}: expected a name without a special meaning in ngspice, got {text!r}")
    return text


def real(name: str, value: object) -> str:
    """A number with all the digits of the double.

    Text is refused, because ngspice would interpret '1k', '2meg' or an expression.
    """
    return repr(number(name, value))


def is_braced(value: object) -> bool:
    """Whether a value is an expression in braces, as in netlists."""
    return isinstance(value, str) and value[:1] == "{" and value[-1:] == "}"


def expression(name: str, value: object) -> str:
    """An expression in braces, of names, numbers and arithmetic only."""
    if not is_braced(value) or not _EXPRESSION.match(str(value)):
        raise InputError(f"{name}: expected an expression of parameters in braces, got {shown(value)}")
    return str(value)


def remark(text: str) -> str:
    """One line of printable text for a comment or a title; control characters and runs of blanks become one blank."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def known(name: str, given: str, choices: Collection[str]) -> str:
    """A name from a list, in lower case as ngspice reads it."""
    if given.lower() not in choices:
        raise InputError(
            f"{name}: expected one of {', '.join(choices)}, got {shown(given)}{nearest(given.lower(), choices)}"
        )
    return given.lower()


def folded(line: str) -> str:
    """A long netlist line split at blanks, each further line starting with '+'."""
    rows: list[str] = []
    row = ""
    for word in line.split(" "):
        if row and len(row) + 1 + len(word) > _LONGEST_LINE:
            rows.append(row)
            row = "+ " + word
        else:
            row = f"{row} {word}" if row else word
    return "\n".join([*rows, row])


def columns(rows: Iterable[tuple[str, ...]], prefix: str) -> list[str]:
    """Rows of a table in a comment, in aligned columns; the last column is not padded."""
    listed = [tuple(remark(cell) for cell in row) for row in rows]
    widths = [max(len(row[i]) for row in listed) for i in range(len(listed[0]) - 1)]
    return [
        (prefix + "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])).rstrip()
        for row in listed
    ]
