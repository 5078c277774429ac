"""The output of a command: text, JSON, and files that are written completely or not at all."""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from compact_model.figures import ONE_COLUMN, letters, styled
from compact_model.support.store import whole_file, write_netcdf
from compact_model.support.validation import InputError

from .options.help import OUTPUT, in_group

if TYPE_CHECKING:
    import xarray as xr

DATA_SUFFIX = ".nc"
FIGURE_SUFFIXES = (".png", ".pdf", ".svg")
ANIMATION_SUFFIX = ".gif"
Function = TypeVar("Function", bound=Callable[..., Any])


_OVERWRITE = f"{__name__}.overwrite"


def overwrite_option(function: Function) -> Function:
    """Add --overwrite to a command; `check_file` reads it."""

    def note(context: click.Context, parameter: click.Parameter, value: bool) -> None:
        context.meta[_OVERWRITE] = value

    return click.option(
        "--overwrite", is_flag=True, expose_value=False, callback=note, help="Replace existing files of -o."
    )(function)


@in_group(OUTPUT)
def output_options(function: Function) -> Function:
    """Add --json, -o and --quiet to a command."""
    function = click.option("--quiet", is_flag=True, help="Show no progress bar.")(function)
    function = overwrite_option(function)
    function = click.option(
        "-o",
        "--output",
        "outputs",
        multiple=True,
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write FILE.nc (NetCDF), FILE.png/.pdf/.svg (the figure), or FILE.gif where the command has a moving "
        "picture; may be given several times.",
    )(function)
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")(function)


def check_outputs(paths: Iterable[Path], animated: bool = False) -> None:
    """Refuse an unknown kind of file, or a missing folder, before the work starts.

    animated: whether the command can also write an animation.
    """
    kinds = (DATA_SUFFIX, *FIGURE_SUFFIXES, *([ANIMATION_SUFFIX] if animated else []))
    for path in paths:
        if path.suffix not in kinds:
            known = ", ".join(kinds)
            raise InputError(f"--output: expected a file name that ends in one of {known}, got {str(path)!r}")
        check_file(path)


def check_file(path: Path) -> None:
    """Refuse an existing file without --overwrite, and one in a folder that is missing or not writable."""
    context = click.get_current_context(silent=True)
    if path.exists() and not (context is not None and context.meta.get(_OVERWRITE)):
        raise InputError(f"--output: expected the name of a new file, or --overwrite, got {str(path)!r}, which exists")
    path = path.resolve()
    if not path.absolute().parent.is_dir():
        raise InputError(f"--output: expected an existing folder, got {str(path.parent)!r}")
    if not os.access(path.absolute().parent, os.W_OK):
        raise InputError(f"--output: expected a folder that can be written to, got {str(path.parent)!r}")


def write_text(path: Path, text: str) -> None:
    """Write a whole text file or none."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_figure(path: Path, draw: Callable[[Any], object], size: tuple[float, float] = ONE_COLUMN) -> None:
    """A figure that `draw` fills; it gets the matplotlib Figure."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with styled():
        figure = Figure(figsize=size)
        FigureCanvasAgg(figure)
        draw(figure)
        letters(figure)
        with whole_file(path) as temporary:
            figure.savefig(temporary)


def deliver(
    result: "xr.Dataset",
    summary: dict[str, Any],
    text: str,
    *,
    outputs: tuple[Path, ...],
    as_json: bool,
    draw: Callable[[Any], object] | None = None,
    size: tuple[float, float] = ONE_COLUMN,
) -> None:
    """Write the files, then print the summary as JSON or the text.

    draw: fills a matplotlib Figure of the size (inches); None: one subplot with the result's own plot.
    """
    lost: OSError | None = None
    for path in outputs:
        try:
            _write(path, result, draw, size)
        except OSError as error:  # the other files and the summary are still written
            lost = lost or error
    click.echo(json.dumps(summary, allow_nan=False) if as_json else text)
    if lost is not None:
        raise lost


def _write(path: Path, result: "xr.Dataset", draw: Callable[[Any], object] | None, size: tuple[float, float]) -> None:
    if path.suffix == DATA_SUFFIX:
        write_netcdf(result, path)
    elif path.suffix == ANIMATION_SUFFIX:
        from crossbar.plots.animation import animate

        with whole_file(path) as temporary:
            animate(result, temporary)
    else:
        write_figure(path, draw or (lambda figure: result.dwmtj.plot(figure.add_subplot())), size)


def key(name: str, unit: str) -> str:
    """A key of the JSON: the name, followed by its unit on the command line, A/cm2 as A_per_cm2."""
    spelt = unit.replace("k_B T", "kT").replace("%", "percent").replace("/", "_per_").replace(" ", "_")
    return f"{name}_{spelt}" if spelt else name


def refuse_unused(reason: str, names: Iterable[str]) -> None:
    """InputError for options (by their Python names) that were given on the command line and have no effect."""
    from click.core import ParameterSource

    context = click.get_current_context()
    options = {each.name: max(each.opts, key=len) for each in context.command.params}
    for name in names:
        if context.get_parameter_source(name) == ParameterSource.COMMANDLINE:
            option = options[name]
            raise InputError(f"{option}: expected only where it has an effect, got it with {reason}")


def table(headers: list[str], rows: list[list[Any]]) -> str:
    """A plain text table; numbers with four significant digits."""
    cells = [[f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    widths = [max(len(line[i]) for line in [headers, *cells]) for i in range(len(headers))]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in [headers, *cells]
    ]
    return "\n".join(lines)
