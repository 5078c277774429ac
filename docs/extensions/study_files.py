"""A directive that lists the measures of studies, with the keys of their tables and their results, from the code."""

from collections.abc import Iterable

from docutils import nodes
from sources import ROOT
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from dwmtj.options.device import Quantity
from dwmtj.study.measures import MEASURES
from dwmtj.study.measures.measure import Measure


class StudyMeasures(SphinxDirective):
    """One section for each measure."""

    def run(self) -> list[nodes.Node]:
        """The sections."""
        for path in (ROOT / "dwmtj" / "study").rglob("*.py"):
            self.env.note_dependency(str(path))
        return [_section(measure) for measure in MEASURES.values()]


def _section(measure: Measure) -> nodes.section:
    section = nodes.section(ids=[f"measure-{measure.name}"], names=[f"measure {measure.name}"])
    section += nodes.title("", f'measure = "{measure.name}"')
    section += nodes.paragraph("", f"{measure.help}.".replace("..", "."))
    section += nodes.paragraph("", f"Keys of [{measure.name}]:")
    section += _list((item, _default(item.default, item)) for item in measure.settings)
    section += nodes.paragraph("", "Results, for each sample and with their statistics:")
    section += _list((item, "") for item in (*measure.results, *measure.extras))
    return section


def _default(value: object, item: Quantity) -> str:
    if value is None:
        return ""
    shown = f"{value / item.scale:.6g}" if isinstance(value, float | int) and not item.whole else str(value)
    return f" [default: {shown}]"


def _list(items: Iterable[tuple[Quantity, str]]) -> nodes.option_list:
    result = nodes.option_list()
    for item, default in items:
        names = nodes.option_group("", nodes.option("", nodes.option_string("", f"{item.name} {item.unit}".strip())))
        choices = f"; {', '.join(item.choices)}" if item.choices else ""
        words = nodes.paragraph("", f"{item.help}{choices}{default}")
        result += nodes.option_list_item("", names, nodes.description("", words))
    return result


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("study-measures", StudyMeasures)
    return {"parallel_read_safe": True}
