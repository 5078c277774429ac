"""The tree of pages beside every page: no deeper than it is shown.

Without that each page would copy the contents of all others, every function of the reference among them, to drop them.
"""

from typing import Any

from sphinx.application import Sphinx

_DEPTH = 2  # a page, and the pages below it


def _shallow(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    tree = context["toctree"]
    context["toctree"] = lambda **options: tree(**{**options, "maxdepth": _DEPTH})


def setup(app: Sphinx) -> dict[str, bool]:
    """Before the theme asks for the tree."""
    app.connect("html-page-context", _shallow, priority=400)
    return {"parallel_read_safe": True}
