"""Time from moving a slider of the explorer to the complete picture, in a headless Chromium, server included."""

import argparse
import shutil
import statistics
import subprocess
import sys
from urllib.parse import urlsplit

from timing import print_table

# Moves a control as a slider does, waits for the answer, then for the frame after the one in which it is drawn.
MOVE = """
async ([name, value]) => {
  const document = Bokeh.documents[0]
  const moving = document.get_model_by_name("moving")
  const frame = () => new Promise((done) => requestAnimationFrame(done))
  const answered = new Promise((done) => {
    const heard = () => { moving.properties.data.change.disconnect(heard); done() }
    moving.properties.data.change.connect(heard)
  })
  const begin = performance.now()
  document.get_model_by_name(`${name}_slider`).value = value
  await answered
  await frame()
  await frame()
  return performance.now() - begin
}
"""


def main() -> None:
    """Move H_c, H_K and the pulse in turn at two temperatures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=40, help="at each temperature")
    moves = parser.parse_args().moves
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("explorer: no Chromium on this machine (Debian and Ubuntu: apt-get install chromium)")
    command = [sys.executable, "-m", "dwmtj", "explore", "--port", "0", "--no-browser"]
    rows = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, sync_playwright() as playwright:
        assert server.stdout is not None
        address = "http://" + urlsplit(server.stdout.readline()).netloc
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        for temperature in (0, 300):
            page.goto(f"{address}/device?version=1&temperature={temperature}")
            page.wait_for_selector(".numbers b")
            controls = (("coercive_field", 15, 1), ("anisotropy_field", 30, 1), ("voltage", 0.12, 0.005))
            milliseconds = []
            for move in range(moves + 3):
                name, start, step = controls[move % 3]
                taken = page.evaluate(MOVE, [name, start + step * (move // 3 + 1)])
                milliseconds += [taken] if move >= 3 else []  # the first of each loads what it needs
            found = (min(milliseconds), statistics.median(milliseconds), max(milliseconds))
            rows.append([f"{temperature} K", *(f"{value:.0f}" for value in found)])
        browser.close()
        server.terminate()
    print("# From the explorer's slider to its picture\n")
    print_table(["one device", "fastest (ms)", "median (ms)", "slowest (ms)"], rows)


if __name__ == "__main__":
    main()
