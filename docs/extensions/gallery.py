"""A directive that shows an example: its figure and numbers as the example itself makes them, and the command for both.

An example runs when its text or that of the packages has changed since its figure was made; figures are kept beside
the build.  `-D gallery_leave_out=NAME,...` builds without the figures of examples that take long.
"""

import ast
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sources
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

EXAMPLES = sources.ROOT / "examples"
_NEED_NGSPICE = "netlist_"
_AT_ONCE = 2
_TIME_LIMIT = 3600  # s: the longest takes a quarter of an hour of one core, and more beside other work
_logger = logging.getLogger(__name__)


def _figure(app: Sphinx, example: Path) -> Path:
    return Path(app.doctreedir).parent / "gallery" / f"{example.stem}-{sources.digest(example)}.png"


def _left_out(app: Sphinx, name: str) -> bool:
    return name in app.config.gallery_leave_out.split(",") or (
        name.startswith(_NEED_NGSPICE) and not sources.ngspice_is_there()
    )


def _draw(app: Sphinx, example: Path) -> None:
    figure = _figure(app, example)
    if figure.exists():
        return
    figure.parent.mkdir(parents=True, exist_ok=True)
    _logger.info("running examples/%s", example.name)
    unfinished = figure.with_name(f"unfinished-{figure.name}")
    try:
        done = subprocess.run(
            [sys.executable, str(example), str(unfinished)],
            cwd=sources.ROOT,
            env={**_environment(), "MPLBACKEND": "Agg"},
            capture_output=True,
            text=True,
            timeout=_TIME_LIMIT,
        )
    except subprocess.TimeoutExpired:
        raise ExtensionError(
            f"examples/{example.name} took over {_TIME_LIMIT} s; -D gallery_leave_out={example.stem} omits it"
        ) from None
    if done.returncode:
        raise ExtensionError(f"examples/{example.name} failed:\n{done.stderr}")
    for old in figure.parent.glob(f"{example.stem}-*"):
        old.unlink()
    figure.with_suffix(".txt").write_text(done.stdout, encoding="utf-8")
    unfinished.rename(figure)


def _environment() -> dict[str, str]:
    paths = [str(sources.ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _draw_all(app: Sphinx) -> None:
    if app.builder.name != "html":
        return
    wanted = [example for example in sorted(EXAMPLES.glob("*.py")) if not _left_out(app, example.stem)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda example: _draw(app, example), wanted))


def _paragraph(text: str) -> nodes.paragraph:
    """With what stands in backticks as code."""
    result = nodes.paragraph()
    for index, part in enumerate(text.split("`")):
        result += nodes.literal(part, part) if index % 2 else nodes.Text(part)
    return result


class Example(SphinxDirective):
    """The figure of examples/NAME.py, its caption out of the docstring, the command, and the numbers it prints."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Section, figure, text, command, numbers."""
        name = self.arguments[0]
        example = EXAMPLES / f"{name}.py"
        if not example.exists():
            raise self.error(f"there is no example {name!r}")
        self.env.note_dependency(str(example))
        head, *rest = re.split(r"\n\s*\n", (ast.get_docstring(ast.parse(example.read_text())) or name).strip())
        title = " ".join(head.split()).rstrip(".")
        section = nodes.section(ids=[nodes.make_id(name)], names=[name])
        section += nodes.title(title, title)
        section += [_paragraph(" ".join(text.split())) for text in rest]
        figure = _figure(self.env.app, example)
        command = f"python examples/{name}.py {name}.png"
        section += nodes.literal_block(command, command, language="none")
        if _left_out(self.env.app, name) or not figure.exists():
            section += nodes.paragraph("", "This build of the site did not run it.")
            return [section]
        here = Path(self.env.doc2path(self.env.docname)).parent
        section += nodes.image(uri=os.path.relpath(figure, here), alt=title, width=sources.width(figure.read_bytes()))
        printed = figure.with_suffix(".txt").read_text(encoding="utf-8")
        section += nodes.literal_block(printed, printed, language="none")
        return [section]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive, and run what has changed before any page is read."""
    app.add_config_value("gallery_leave_out", "", "env", str)
    app.add_directive("example", Example)
    app.connect("builder-inited", _draw_all)
    return {"parallel_read_safe": True}
