"""The server of the pages: on this machine only, with everything that a page needs."""

import errno
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from functools import partial
from typing import Any

from bokeh.application import Application
from bokeh.application.handlers.function import FunctionHandler
from bokeh.server.server import Server
from tornado.web import RedirectHandler

from compact_model.support.validation import ConvergenceError, InputError

from ..sessions import Session, from_link, link, new_session
from .array_page import PARTS as ARRAY_PARTS
from .array_page import ArrayPage
from .device_page import PARTS as DEVICE_PARTS
from .device_page import DevicePage
from .style import frame

HOST = "127.0.0.1"
Page = DevicePage | ArrayPage
PAGES = (("/device", "One device"), ("/array", "An array"))


def start(port: int) -> Server:
    """A server that listens on the loopback address; port 0: any free one.

    Raises InputError if the port is in use, or not permitted for this user.
    """
    port = _free_port(port)
    os.environ["BOKEH_RESOURCES"] = "server"  # the library's own files, served by this process only
    server = Server(
        {"/device": Application(FunctionHandler(_device)), "/array": Application(FunctionHandler(_array))},
        address=HOST,
        port=port,
        allow_websocket_origin=[f"{HOST}:{port}", f"localhost:{port}"],  # no session for pages of other sites
        use_index=False,
        extra_patterns=[(r"/", RedirectHandler, {"url": "/device", "permanent": False})],
        check_unused_sessions_milliseconds=5000,
        unused_session_lifetime_milliseconds=60_000,
    )
    server.start()
    return server


def _free_port(wanted: int) -> int:
    """The port, or for 0 any; tried here, because the server needs its number when it is created."""
    with socket.socket() as probe:
        if os.name == "posix":  # as the server does: a port that was in use a moment ago is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise InputError(
                    f"--port: expected a free port, got {wanted}, which is in use; 0 takes any free one"
                ) from None
            raise InputError(f"--port: expected a port that may be used, got {wanted}: {error.strerror}") from None
        port: int = probe.getsockname()[1]
    return port


def address(server: Server, session: Session | None = None) -> str:
    """The address of the page for a browser, with a session's link."""
    return f"http://{HOST}:{server.port}" + ("/device" if session is None else link(session))


def open_browser(url: str, say: Callable[[str], object]) -> None:
    """Show the page; one line without a browser.  A thread opens it, because some browsers block until closed."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        say("no browser was found; open the address above in one on this machine")
        return
    threading.Thread(target=browser.open, args=(url,), daemon=True).start()


def _device(document: Any) -> None:
    page = _page(document, "device", partial(DevicePage, later=document.add_timeout_callback))
    _arrange(document, page, "/device", DEVICE_PARTS)


def _array(document: Any) -> None:
    page = _page(document, "array", partial(ArrayPage, later=document.add_timeout_callback))
    _arrange(document, page, "/array", ARRAY_PARTS)


def _page(document: Any, name: str, make: Callable[[Session, str | None], Page]) -> Page:
    """The page of the address, or that of a new session with a line about the error in the address."""
    arguments = document.session_context.request.arguments
    query = {key: values[-1].decode("utf-8", "replace") for key, values in arguments.items()}
    try:
        return make(from_link(name, query), None)
    except (InputError, ConvergenceError) as error:
        text = str(error)
        return make(new_session(name), text if text.startswith("link: ") else f"link: {text}")


def _arrange(document: Any, page: Page, here: str, parts: tuple[dict[str, str], ...]) -> None:
    for root in page.roots:
        document.add_root(root)
    document.title = "dwmtj explorer"
    document.template = frame()
    document.template_variables.update(pages=PAGES, here=here, parts=parts, aside="served only on this machine")


def run(server: Server) -> None:
    """Serve until Ctrl-C."""
    try:
        server.io_loop.start()
    except KeyboardInterrupt:
        print(file=sys.stderr)
    finally:
        server.stop()
