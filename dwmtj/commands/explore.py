"""`dwmtj explore`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compact_model.support.validation import InputError, whole

from ..options.help import Command
from ..output import check_file, overwrite_option, write_text

if TYPE_CHECKING:
    from ..explorer.sessions import Session

PORT = 5006
_NEEDS = "explore: expected the packages of an extra, got none; pip install 'dwmtj[explore]'"


@click.command(
    name="explore",
    cls=Command,
    examples=[
        "explore --port 0",
        "explore session.toml --json",
    ],
    writes="The page with its plots as one file that needs no server (.html).",
)
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--port", type=int, default=PORT, show_default=True, help="Port on this machine; 0: any free port.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option("--json", "as_json", is_flag=True, help="Print the numbers on the page, without serving it.")
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the page to FILE.html, without serving it.",
)
@overwrite_option
def command(file: Path | None, port: int, no_browser: bool, as_json: bool, outputs: tuple[Path, ...]) -> None:
    """An interactive page in the browser for one device or one array; no data leave this machine.

    FILE.toml is a session, as the page shows it under "Session (TOML)".  Every page also shows the Python lines that
    compute its numbers, and a link that restores it.
    """
    whole("--port", port, 0, at_most=65535)
    for path in outputs:
        if path.suffix != ".html":
            raise InputError(f"--output: expected a file name that ends in .html, got {str(path)!r}")
        check_file(path)
    from ..explorer.sessions import from_toml, new_session

    session = new_session("device")
    if file is not None:
        try:
            session = from_toml(file.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            raise InputError(f"{file}: expected TOML in UTF-8, got other bytes") from None
        except InputError as error:
            raise InputError(f"{file}: {error}") from None
    if as_json:
        click.echo(json.dumps(numbers(session), allow_nan=False))
    if outputs:
        _need_bokeh()
        from ..explorer.page.export import static_page

        page = static_page(session)
        for path in outputs:
            write_text(path, page)
    if as_json or outputs:
        return
    _need_bokeh()
    from ..explorer.page import serve

    server = serve.start(port)
    url = serve.address(server, session)
    click.echo(f"{url}\nserved to this machine alone until Ctrl-C")
    if not no_browser:
        serve.open_browser(url, lambda text: click.echo(text, err=True))
    serve.run(server)


def numbers(session: Session) -> dict[str, object]:
    """The numbers on the page of a session, by names that end in the unit."""
    from ..explorer.one_array import ExploredArray
    from ..explorer.one_device import picture

    if session.page == "device":
        return dict(picture(session.values).numbers())
    return dict(ExploredArray(session.values, session.actions).picture.numbers())


def _need_bokeh() -> None:
    try:
        import bokeh.server.server  # noqa: F401
    except ImportError:
        raise InputError(_NEEDS) from None
