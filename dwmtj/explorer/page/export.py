"""A page as one file that needs no server: plots and texts remain, and its controls become a table."""

from html import escape

from bokeh.embed import file_html
from bokeh.models import Column
from bokeh.resources import INLINE

from ..sessions import CONTROLS, Session
from .array_page import PARTS as ARRAY_PARTS
from .array_page import ArrayPage
from .device_page import PARTS as DEVICE_PARTS
from .device_page import DevicePage
from .panels import words
from .style import frame


def static_page(session: Session) -> str:
    """The page of a session as self-contained HTML; raises the package's errors for the session."""
    page: DevicePage | ArrayPage
    parts: tuple[dict[str, str], ...]
    if session.page == "device":
        page, parts = DevicePage(session, served=False), DEVICE_PARTS
    else:
        page, parts = ArrayPage(session, served=False), ARRAY_PARTS
    page.roots[0] = Column(words(_table(session)), sizing_mode="stretch_width", name="controls")
    text: str = file_html(
        page.roots,
        INLINE,
        title=f"dwmtj explorer: {session.page}",
        template=frame(),
        template_variables={
            "pages": [],
            "here": "",
            "parts": parts,
            "aside": "a saved session; the command dwmtj explore serves it live",
        },
        suppress_callback_warning=True,
    )
    return text


def _table(session: Session) -> str:
    rows = "".join(
        f"<tr><td>{escape(item.help)}</td><td>{escape(str(session.values[item.name]))} {escape(item.unit)}</td></tr>"
        for item in CONTROLS[session.page]
    )
    return f"<table>{rows}</table>"
