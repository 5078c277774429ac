"""Takes the two pictures of the explorer that the documentation shows, in a headless Chromium.

python scripts/explorer_pictures.py [FOLDER]; the folder is docs unless given.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

from dwmtj.explorer.one_array import Action
from dwmtj.explorer.sessions import Session, link, new_session

WIDTH, HEIGHT = 1400, 900
PATIENCE = 300_000.0  # ms, for a first call that compiles
SESSIONS: dict[str, Session] = {
    "device": new_session("device", {"temperature": 300, "voltage": 0.16}),
    "array": new_session(
        "array",
        {"start": "random"},
        [Action("write", 3, 5, 0.8, 4.0), Action("write", 1, 2, -0.9, 10.0), Action("read", 3, 5)],
    ),
}


def main() -> None:
    """Serve the explorer, open each session, and keep the whole page."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("explorer_pictures: no Chromium on this machine (Debian and Ubuntu: apt-get install chromium)")
    command = [sys.executable, "-m", "dwmtj", "explore", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, sync_playwright() as playwright:
        assert server.stdout is not None
        try:
            address = "http://" + urlsplit(server.stdout.readline()).netloc
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.set_default_timeout(PATIENCE)
            for name, session in SESSIONS.items():
                page.goto(address + link(session))
                page.wait_for_selector(".numbers b")
                page.wait_for_function("Bokeh.documents.length > 0 && Bokeh.documents[0].is_idle")
                # The window gets as high as the page beforehand: plots that change their size leave marks for a moment.
                height = page.evaluate("document.documentElement.scrollHeight")
                page.set_viewport_size({"width": WIDTH, "height": height})
                page.wait_for_timeout(2000.0)  # ms
                page.screenshot(path=folder / f"explorer_{name}.png")
                page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
            browser.close()
        finally:  # or the server, and with it this script, would go on after an error
            server.terminate()


if __name__ == "__main__":
    main()
