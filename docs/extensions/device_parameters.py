"""A directive that lists the parameters of a device, with their units at each of the edges, from the code."""

import re
from collections.abc import Iterable

from docutils import nodes
from sources import ROOT
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from compact_model import lequeux2016
from compact_model.device.parameter_table import Parameter, Unit
from compact_model.device.parameters import PARAMETERS

_GREEK = re.compile(r"^(alpha|gamma|zeta|Delta|xi)$")
_HEADER = (
    "symbol",
    "name in code",
    "meaning",
    "unit",
    "range",
    "default",
    "the paper's device",
    "netlist",
    "command line",
)


class DeviceParameterTable(SphinxDirective):
    """One row for each parameter."""

    def run(self) -> list[nodes.Node]:
        """The table."""
        for path in (ROOT / "compact_model" / "device").glob("*.py"):
            self.env.note_dependency(str(path))
        group = nodes.tgroup(cols=len(_HEADER))
        group += [nodes.colspec(colwidth=1) for _ in _HEADER]
        group += nodes.thead("", _row(nodes.entry("", nodes.paragraph("", title)) for title in _HEADER))
        group += nodes.tbody("", *(_row(_entries(each)) for each in PARAMETERS))
        return [nodes.table("", group)]


def _entries(row: Parameter) -> list[nodes.entry]:
    paper = getattr(lequeux2016(), row.name)
    netlist = _with_unit(row.netlist, row.dimension.netlist) if row.netlist else ""
    words = (
        row.meaning,
        row.dimension.si,
        row.range.words,
        "" if row.required else _value(row, row.default),
        _value(row, paper),
        netlist,
        _with_unit(f"--{row.name.replace('_', '-')}", row.dimension.edge),
    )
    return [
        nodes.entry("", nodes.paragraph("", "", nodes.math("", latex(row.symbol)))),
        nodes.entry("", nodes.paragraph("", "", nodes.literal("", row.name))),
        *(nodes.entry("", nodes.paragraph("", text)) for text in words),
    ]


def _row(entries: Iterable[nodes.entry]) -> nodes.row:
    return nodes.row("", *entries)


def _with_unit(name: str, unit: Unit) -> str:
    return f"{name} ({unit.name})" if unit.name else name


def _value(row: Parameter, value: object) -> str:
    """A value in the unit of the command line, as the field writes it."""
    if not isinstance(value, float):
        return str(value)
    return f"{value / row.dimension.edge.scale:.6g} {row.dimension.edge.name}".rstrip()


def latex(symbol: str) -> str:
    """A symbol such as M_s or alpha in LaTeX; longer words stand upright."""
    name, _, index = symbol.partition("_")
    upright = _GREEK.sub(r"\\\1", name) if len(name) < 3 or _GREEK.match(name) else rf"\mathrm{{{name}}}"
    lower = rf"\mathrm{{{index}}}" if len(index) > 1 else index
    return f"{upright}_{{{lower}}}" if index else upright


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("device-parameters", DeviceParameterTable)
    return {"parallel_read_safe": True}
