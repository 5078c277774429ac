"""Constructs that ngspice accepts but interprets otherwise than a designer means: refused by name."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from compact_model.support.validation import InputError

from ..netlists.text import INTERNAL, remark

_GLOBAL = re.compile(r"\s*\.\s*global\b(.*)", re.IGNORECASE)
_MULTIPLIER = re.compile(r"\bm=(\S+)", re.IGNORECASE)


@dataclass(frozen=True)
class _Instance:
    """An X or N line: its label, its definition, the cell that contains it, and its m, if any."""

    label: str
    kind: str
    cell: str
    multiplier: str | None


def check_pitfalls(lines: Iterable[str]) -> None:
    """Raise InputError for a `.global` of a junction's internal nodes, and for multipliers that ngspice would lose."""
    plain = [re.sub(r"\s*=\s*", "=", re.split(r";|\s\$", line)[0]).strip() for line in lines]
    for line in plain:
        match = _GLOBAL.match(line)
        inside = [word for word in match.group(1).split() if word.lower().startswith(INTERNAL)] if match else []
        if inside:
            raise InputError(
                f"netlist: expected a .global without a junction's internal nodes, got {remark(inside[0])!r}, which "
                "would join the walls of all junctions; leave it out"
            )
    _check_multipliers([line for line in plain if line and line[0] != "*"])


def _check_multipliers(lines: list[str]) -> None:
    """Unless a cell declares its m, the m replaces those of the X inside, at any depth, and does not reach an N."""
    headings = [line.lower() for line in lines if re.match(r"\.subckt\s+\S", line, re.IGNORECASE)]
    declare = {line.split()[1] for line in headings if _MULTIPLIER.search(line)}
    instances, holding = _instances(lines)
    multiplied = {each.kind: each for each in instances if each.multiplier is not None and each.kind not in declare}
    pending = list(multiplied)
    while pending:
        cell = pending.pop()
        if cell in holding:
            raise InputError(
                f"netlist: expected no .subckt inside cell {cell!r}, which has an m on "
                f"{remark(multiplied[cell].label)} that ngspice would lose there; define it outside the cell"
            )
        for each in instances:
            if each.cell != cell:
                continue
            is_module = each.label[0].lower() == "n"
            if is_module or each.multiplier not in (None, "1"):
                outer = multiplied[cell]
                own = f"m={each.multiplier}" if each.multiplier is not None else "no m"
                raise InputError(
                    f"netlist: expected one m for {remark(each.label)} in cell {cell!r}, got {own} there and an m on "
                    f"{remark(outer.label)}, which ngspice would "
                    f"{'not hand on' if is_module else 'take in its place'}; declare m=1 at the .subckt and write "
                    f"m={{{each.multiplier or 1}*m}} inside"
                )
            if each.kind not in multiplied and each.kind not in declare:
                multiplied[each.kind] = multiplied[cell]
                pending.append(each.kind)


def _instances(lines: list[str]) -> tuple[list[_Instance], set[str]]:
    """All X and N lines, and the cells with definitions of their own."""
    found, holding = [], set()
    cells = [""]
    for line in lines:
        words = line.lower().split()
        if words[0] == ".subckt" and len(words) > 1:
            holding.add(cells[-1])
            cells.append(words[1])
        elif words[0].startswith(".ends"):
            cells = cells[:-1] or [""]
        elif words[0][0] in "xn" and len(words) > 1:
            names = [word for word in words[1:] if "=" not in word and word != "params:"]
            match = _MULTIPLIER.search(line)
            if names:
                found.append(_Instance(line.split()[0], names[-1], cells[-1], match.group(1) if match else None))
    return found, holding - {""}
