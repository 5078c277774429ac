"""A table at the top of each page of the reference: every function and class with the first line of its docstring."""

import re

from sphinx.application import Sphinx
from sphinx.ext import autosummary

autosummary.WELL_KNOWN_ABBREVIATIONS = (*autosummary.WELL_KNOWN_ABBREVIATIONS, "Eq.", "Fig.", "Figs.")


def _summarised(app: Sphinx, name: str, source: list[str]) -> None:
    """Put the table before the first section of the page."""
    objects = re.findall(r"^\.\. auto(?:class|function|exception):: (\S+)$", source[0], re.MULTILINE)
    if name.startswith("api/") and objects:
        package = re.search(r"^\.\. currentmodule:: (\S+)$", source[0], re.MULTILINE)
        within = f"{package[1]}." if package else ""
        rows = [f"   {each.removeprefix(within)}" for each in objects]
        table = "\n".join([".. autosummary::", "   :nosignatures:", "", *rows, "", ""])
        first = re.search(r"^.+\n-{3,}$", source[0], re.MULTILINE)
        place = first.start() if first else len(source[0])
        source[0] = source[0][:place] + table + source[0][place:]


def setup(app: Sphinx) -> dict[str, bool]:
    """Every page passes through here on its way in."""
    app.connect("source-read", _summarised)
    return {"parallel_read_safe": True}
