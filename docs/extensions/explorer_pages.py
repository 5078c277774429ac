"""Sessions of the explorer as files of the site, made anew when the packages have changed."""

from pathlib import Path

import sources
from sphinx.application import Sphinx

from dwmtj.explorer.page.export import static_page
from dwmtj.explorer.sessions import new_session

PAGES = {"explorer_device": new_session("device", {"voltage": 0.16, "temperature": 300})}


def _write(app: Sphinx) -> None:
    folder = Path(app.doctreedir).parent / "explorer" / sources.digest()
    folder.mkdir(parents=True, exist_ok=True)
    for name, session in PAGES.items():
        file = folder / f"{name}.html"
        if not file.exists():
            file.write_text(static_page(session), encoding="utf-8")
    app.config.html_extra_path = [*app.config.html_extra_path, str(folder)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before the site is built."""
    app.connect("builder-inited", _write)
    return {"parallel_read_safe": True}
