"""The site builds without a warning, its notebooks run, and what its pages tell a reader to do can be done."""

import ast
import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import click
import nbformat
import pytest

import compact_model
import crossbar
import spice
from compact_model.device.parameters import PARAMETERS
from dwmtj.cli import group
from dwmtj.study.description import read_study
from dwmtj.study.run import run_study

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
NOTEBOOKS = sorted((DOCS / "tutorial").glob("*.ipynb"))
PAGES = [ROOT / "README.md", *sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)]
WITH_PYTHON = [page for page in PAGES if "```python" in page.read_text()]
# tests/test_examples.py and tests/test_learning_examples.py run all examples; this one shows that the gallery does.
SHOWN = "lequeux2016_fig1e"
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def text_of(path):
    """The words of a page that a reader sees; of a notebook its Markdown cells."""
    if path.suffix != ".ipynb":
        return re.sub(r"<!--.*?-->", "", path.read_text(), flags=re.S)
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A build from nothing, every notebook executed anew."""
    folder = tmp_path_factory.mktemp("site")
    left_out = ",".join(example.stem for example in EXAMPLES if example.stem != SHOWN)
    done = subprocess.run(
        [
            *[
                sys.executable,
                "-m",
                "sphinx",
                "-b",
                "html",
                "--nitpicky",
                "--fail-on-warning",
                "--keep-going",
                "--quiet",
            ],
            *["-d", str(folder / "doctrees"), str(DOCS), str(folder / "html")],
            *["-D", f"gallery_leave_out={left_out}"],
        ],
        capture_output=True,
        text=True,
        timeout=600,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


def test_every_page_and_notebook_becomes_a_page_of_the_site(site):
    for source in [*PAGES[1:], *DOCS.rglob("api/*.rst"), *NOTEBOOKS]:
        assert (site / source.relative_to(DOCS).with_suffix(".html")).stat().st_size > 5_000, source


def test_every_notebook_ran_to_its_end_without_an_error(site, ngspice):
    for source in NOTEBOOKS:
        (executed,) = site.rglob(source.name)  # what the tutorial's link downloads
        cells = [cell for cell in nbformat.read(executed, as_version=4).cells if cell.cell_type == "code"]
        assert len(cells) >= 4
        for cell in cells:
            assert cell.execution_count, f"{source.name} did not run: {cell.source}"
            assert all(output.output_type != "error" for output in cell.outputs)
        assert any("image/png" in output.get("data", {}) for cell in cells for output in cell.outputs)


def printed_by(site, notebook):
    """All text that the cells of a notebook printed when the site was built."""
    (executed,) = site.rglob(notebook)
    cells = nbformat.read(executed, as_version=4).cells
    return "".join(output.get("text", "") for cell in cells for output in cell.get("outputs", []))


def test_the_array_of_the_tutorial_learns_its_letters(site):
    printed = printed_by(site, "6_learning.ipynb")
    assert re.search(r"epoch 0: (2\d|30) of 30 wrong", printed)
    assert "epoch 4: 0 of 30 wrong" in printed


def test_the_array_of_the_tutorial_learns_digits(site):
    printed = printed_by(site, "7_digits.ipynb")
    # 200 test images, 3 repeats: 92 % with a standard error of 1.1 points; half of that without labels, at the least.
    assert float(re.search(r"test accuracy ([\d.]+) %", printed)[1]) > 87.0
    assert int(re.search(r"(\d+) % of the test images", printed)[1]) > 45


def test_the_gallery_shows_the_figure_and_the_numbers_of_an_example(site):
    page = (site / "gallery.html").read_text()
    for example in EXAMPLES:
        assert f"python examples/{example.name}" in page
        figures = re.findall(rf'src="_images/{example.stem}-[0-9a-f]+\.png"', page)
        assert len(figures) == (example.stem == SHOWN), example.name
    assert "hybrid width for Delta = 16.6 nm (nm): 135.3" in page
    assert page.count("This build of the site did not run it.") == len(EXAMPLES) - 1


def test_the_model_card_lists_every_parameter_of_a_device(site):
    page = (site / "model_card.html").read_text()
    for row in PARAMETERS:
        assert f">{row.name}<" in page
        assert f"--{row.name.replace('_', '-')}" in page


def test_the_reference_has_every_public_name_with_its_docstring(site):
    for package in (compact_model, spice, crossbar):
        page = (site / "api" / f"{package.__name__}.html").read_text()
        for name in package.__all__:
            assert re.search(rf'id="(module-)?{package.__name__}\.{name}"', page), f"{package.__name__}.{name}"
    page = re.sub(r"<[^>]+>", "", (site / "api" / "compact_model.html").read_text())
    assert "a draw that does not fit between its neighbours" in " ".join(page.split())  # a continued line of a list


def test_the_command_line_page_has_every_command_with_its_options(site):
    page = (site / "command_line.html").read_text()
    for path, command in commands():
        assert f">{path}<" in page, path
        for parameter in command.params:
            for option in parameter.opts if isinstance(parameter, click.Option) else ():
                assert option in page, f"{path} {option}"


def commands():
    """The full name and the click command of all commands that are not groups."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                yield f"dwmtj {name} {inner}", command.get_command(context, inner)
        else:
            yield f"dwmtj {name}", command


def commands_in(text):
    """What a reader may type: lines of code blocks and spans of code that begin with dwmtj, comments off."""
    blocks = re.findall(r"^```(?:\w*)\n(.*?)^```", text, flags=re.S | re.M)
    spans = re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))
    for line in [*"\n".join(blocks).splitlines(), *(" ".join(span.split()) for span in spans)]:
        for part in line.split("&&"):
            if re.match(r"dwmtj [a-z]", part.strip()):
                yield part.strip()


def parse(line):
    """What click makes of a command line without running it; raises click.UsageError."""
    words = shlex.split(line, comments=True)[1:]
    context, command = click.Context(group, info_name="dwmtj"), group
    while isinstance(command, click.Group):
        name, command, words = command.resolve_command(context, words)
        context = click.Context(command, parent=context, info_name=name)
    values, rest, _ = command.make_parser(context).parse_args(words)
    assert not rest, f"{line}: too many arguments"
    for parameter in command.params:
        value = values.get(parameter.name)
        if isinstance(value, (str, list)) and not isinstance(parameter.type, click.Path):
            parameter.type_cast_value(context, value)
    return values


@pytest.mark.parametrize("page", [*PAGES, *NOTEBOOKS], ids=lambda path: path.name)
def test_every_command_on_a_page_has_a_command_and_options_that_exist(page):
    for line in commands_in(text_of(page)):
        try:
            parse(line)
        except click.ClickException as error:
            pytest.fail(f"{line}: {error.format_message()}")


def test_the_check_of_commands_sees_what_is_wrong():
    assert list(commands_in("```\ndwmtj loop --cycles 2  # two\n```\nand `dwmtj run -o x`")) == [
        "dwmtj loop --cycles 2  # two",
        "dwmtj run -o x",
    ]
    for wrong in ("dwmtj lop", "dwmtj loop --cycle-number 2", "dwmtj loop --cycles two", "dwmtj loop extra"):
        with pytest.raises((click.ClickException, AssertionError)):
            parse(wrong)


@pytest.mark.parametrize("page", [*PAGES, *NOTEBOOKS], ids=lambda path: path.name)
def test_every_relative_link_leads_to_a_file(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if not re.match(r"[a-z]+:", target) and not target.startswith("#"):
            assert (page.parent / target.split("#")[0]).is_file(), f"{page.name}: {target}"


@cache
def functions_of(path):
    """The names of all functions in a file."""
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_file_test_and_target_of_a_command_exists(page):
    text = text_of(page)
    for path in re.findall(r"python ((?:examples|benchmarks)/\w+\.py)", text):
        assert (ROOT / path).is_file(), path
    for target in re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", text, flags=re.M):
        assert re.search(rf"^{''.join(target)}:", (ROOT / "Makefile").read_text(), flags=re.M), target
    for line in re.findall(r"`pytest ([^`]+)`", text):
        words = shlex.split(line)
        places = [ROOT / word for word in words if word.startswith("tests/")]
        names = {
            name
            for place in places
            for path in (place.glob("test_*.py") if place.is_dir() else [place])
            for name in functions_of(path)
        }
        for word in words[words.index("-k") + 1].split(" or ") if "-k" in words else ["test_"]:
            assert any(name.startswith("test_") and word in name for name in names), f"{page.name}: {line}"


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "```python" in page.read_text()], ids=lambda path: path.name
)
def test_the_python_of_a_page_runs_from_its_first_block_to_its_last(page, tmp_path, monkeypatch, ngspice):
    monkeypatch.chdir(tmp_path)
    exec("\n".join(re.findall(r"^```python\n(.*?)^```", page.read_text(), flags=re.S | re.M)), {"__name__": "page"})


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_are_kept_without_outputs(notebook):
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code":
            assert cell.execution_count is None, cell.source
            assert not cell.outputs, cell.source


def test_the_study_of_its_page_runs(tmp_path):
    (text,) = re.findall(r"^```toml\n(\[study\].*?)^```", (DOCS / "studies.md").read_text(), flags=re.S | re.M)
    (tmp_path / "small.toml").write_text(text)
    result = run_study(read_study(tmp_path / "small.toml", samples=1))
    assert result.threshold.dims == ("track_width", "edge_roughness", "sample")
    assert result.threshold.shape == (3, 2, 1)
    assert bool(((result.threshold > 1e10) & (result.threshold < 4e11)).all())  # A/m2; not held to the ramp's end
