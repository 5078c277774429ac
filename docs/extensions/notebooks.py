"""Runs the notebooks in one kernel, which imports the packages once; each finds that kernel as if it were new.

A notebook runs when its text or that of the packages has changed; what it showed is kept beside the build.  A page is
made from that, so that a reader can download it.
"""

import base64
import tempfile
from pathlib import Path

import nbformat
import sources
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging

NOTEBOOKS = sources.ROOT / "docs" / "tutorial"
_NEED_NGSPICE = ("3_netlist",)
_TIME_LIMIT = 300  # s for a cell
# Names, counts of cells and settings of figures are all that a notebook leaves in a kernel.
_ANEW = "import matplotlib; matplotlib.rcdefaults(); get_ipython().reset(new_session=True)"
_logger = logging.getLogger(__name__)


def _executed(app: Sphinx, notebook: Path) -> Path:
    return Path(app.doctreedir).parent / "notebooks" / f"{notebook.stem}-{sources.digest(notebook)}.ipynb"


def _stale(app: Sphinx) -> list[Path]:
    found = [notebook for notebook in sorted(NOTEBOOKS.glob("*.ipynb")) if not _executed(app, notebook).exists()]
    return [each for each in found if each.stem not in _NEED_NGSPICE or sources.ngspice_is_there()]


def _run_stale(app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> list[str]:
    """Run them before any page is read; their pages have to be read anew."""
    stale = _stale(app)
    if stale:
        kernel = KernelManager()
        with tempfile.TemporaryDirectory() as folder:
            kernel.start_kernel(cwd=folder)
            try:
                for notebook in stale:
                    _run(app, kernel, notebook)
            finally:
                kernel.shutdown_kernel()
    return [env.path2doc(str(notebook)) or "" for notebook in stale]


def _run(app: Sphinx, kernel: KernelManager, notebook: Path) -> None:
    _logger.info("running %s", notebook.name)
    content = nbformat.read(notebook, as_version=4)
    client = NotebookClient(content, km=kernel, timeout=_TIME_LIMIT, record_timing=False)
    try:
        with client.setup_kernel():
            client.kc.execute_interactive(_ANEW, silent=True, timeout=_TIME_LIMIT)
            client.execute(reset_kc=False)
    except CellExecutionError as error:
        raise ExtensionError(f"{notebook.name}: {error}") from None
    finally:
        if client.kc is not None:
            client.kc.stop_channels()
    kept = _executed(app, notebook)
    kept.parent.mkdir(parents=True, exist_ok=True)
    for old in kept.parent.glob(f"{notebook.stem}-*"):
        old.unlink()
    nbformat.write(content, kept)


def _show(app: Sphinx, name: str, source: list[str]) -> None:
    """Put what a notebook showed in its place, figures in their size."""
    notebook = Path(app.env.doc2path(name))
    if notebook.suffix != ".ipynb" or not _executed(app, notebook).exists():
        return
    content = nbformat.read(_executed(app, notebook), as_version=4)
    for cell in content.cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                wide = sources.width(base64.b64decode(output.data["image/png"]))
                cell.metadata["mystnb"] = {"image": {"width": wide}}
    source[0] = nbformat.writes(content)


def setup(app: Sphinx) -> dict[str, bool]:
    """Run the notebooks once it is known which pages there are, and show them when they are read."""
    app.connect("env-get-outdated", _run_stale)
    app.connect("source-read", _show)
    return {"parallel_read_safe": True}
