"""The explorer's pages in a real Chromium: moved, clicked, looked at, and never asking for anything from elsewhere."""

import io
import shutil
import subprocess
import sys
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from PIL import Image

from dwmtj.explorer import one_device
from dwmtj.explorer.one_array import Action, ExploredArray
from dwmtj.explorer.page.export import static_page
from dwmtj.explorer.page.style import BLUE, FONT, VERMILION
from dwmtj.explorer.sessions import from_link, link, new_session

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SMALL = {"word_lines": 4, "bit_lines": 4}
SECONDS = 1000.0  # ms


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (Debian and Ubuntu: apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install 'dwmtj[test]'")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened.new_context(viewport={"width": 1400, "height": 900})  # one: its pages share what they have loaded
        opened.close()


@pytest.fixture(scope="module")
def address(browser):
    command = [sys.executable, "-m", "dwmtj", "explore", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        yield "http://" + urlsplit(server.stdout.readline()).netloc
        server.terminate()


@pytest.fixture
def page(browser):
    """A page that fails its test where it asks another machine, or logs an error."""
    opened = browser.new_page()
    opened.set_default_timeout(60 * SECONDS)  # on a busy machine the server may compile a kernel first
    wrong = []
    opened.on("request", lambda request: wrong.append(request.url) if not _is_local(request.url) else None)
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    yield opened
    opened.close()
    assert not wrong


def _is_local(url):
    return urlsplit(url).scheme in ("data", "file", "blob") or urlsplit(url).hostname == "127.0.0.1"


def visit(page, address, session=None, path="/"):
    page.goto(address + (path if session is None else link(session)))
    page.wait_for_selector(".numbers b")
    page.wait_for_function("Bokeh.documents.length > 0 && Bokeh.documents[0].is_idle")


def set_model(page, name, value, attribute="value"):
    """What a hand does to a widget, by the widget's name."""
    page.evaluate(
        "([name, attribute, value]) => { Bokeh.documents[0].get_model_by_name(name)[attribute] = value }",
        [name, attribute, value],
    )


def wait_for_link(page, part):
    page.wait_for_function("part => location.href.includes(part)", arg=part)
    return urlsplit(page.url)


def shown(page, below):
    """The number above a word of the headline."""
    return page.locator(".numbers div", has_text=below).first.locator("b").inner_text()


def click_cell(page, word_line, bit_line):
    """A click on a cell once the page has come to rest: a click on what still moves meets another cell, or none."""
    place = """([i, j]) => {
      const plot = Bokeh.documents[0].roots().flatMap((root) => [...root.references()])
        .find((each) => each.type === "Figure" && each.renderers.some((one) => one.glyph.type === "Rect"))
      const view = Bokeh.index.find_one(plot)
      const box = view.el.getBoundingClientRect()
      return [box.left + view.frame.x_scale.compute(j), box.top + view.frame.y_scale.compute(i)]
    }"""
    page.wait_for_function("Bokeh.documents[0].is_idle")
    before, now = None, page.evaluate(place, [word_line, bit_line])
    while now != before:
        page.wait_for_timeout(200)
        before, now = now, page.evaluate(place, [word_line, bit_line])
    page.mouse.click(*now)


def colours(page, name):
    """The colours of a section's picture with how often each is there."""
    section = page.locator("section", has_text=name).first
    picture = np.asarray(Image.open(io.BytesIO(section.screenshot())).convert("RGB")).reshape(-1, 3)
    found, counts = np.unique(picture, axis=0, return_counts=True)
    return {"#" + bytes(colour.tolist()).hex(): int(count) for colour, count in zip(found, counts, strict=True)}


def test_a_slider_moves_what_is_shown_and_the_link_restores_it(page, address):
    visit(page, address)
    assert urlsplit(page.url).path == "/device"
    handle = page.locator(".noUi-handle").nth(0)  # of H_c
    handle.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    place = wait_for_link(page, "coercive_field=20&")
    session = from_link("device", dict(parse_qsl(place.query)))
    numbers = one_device.picture(session.values).numbers()
    assert shown(page, "resistance at the end") == f"{numbers['resistance_Ohm']:.3f} \u03a9"
    assert shown(page, "wall at the end") == f"{numbers['position_nm']:.2f} nm"
    assert one_device.python_lines(session.values) == page.evaluate(
        "Bokeh.documents[0].get_model_by_name('texts').tags[0]"
    )
    page.reload()
    page.wait_for_selector(".numbers b")
    assert shown(page, "wall at the end") == f"{numbers['position_nm']:.2f} nm"


def test_a_number_typed_beside_a_slider_is_refused_there_in_the_package_s_words(page, address):
    visit(page, address)
    before = shown(page, "wall at the end")
    field = page.locator("input[type=text]").nth(1)  # of x_c
    field.fill("600")
    field.press("Enter")
    refusal = page.get_by_role("alert")
    refusal.wait_for()
    assert refusal.inner_text().startswith("half_width: expected at most 4.75e-07 m, so that")
    assert shown(page, "wall at the end") == before
    box, below = field.bounding_box(), refusal.bounding_box()
    assert 0 < below["y"] - box["y"] < 80
    field.fill("80")
    field.press("Enter")
    refusal.wait_for(state="detached")
    wait_for_link(page, "half_width=80&")


def test_the_time_slider_moves_the_wall_without_the_server(page, address):
    visit(page, address)
    set_model(page, "time_slider", 0)
    page.wait_for_function(
        "Bokeh.documents[0].get_model_by_name('time_label').text.startsWith('t = 0.00 ns: x = 500.0')"
    )


def test_cells_are_written_read_and_disturbed_by_clicks(page, address):
    visit(page, address, new_session("array", SMALL))
    click_cell(page, 1, 2)
    wait_for_link(page, "do=write:1:2:0.8:4")
    page.get_by_role("button", name="Disturb", exact=True).click()
    set_model(page, "count", 2)
    wait_for_link(page, "count=2&")
    click_cell(page, 3, 0)
    wait_for_link(page, ";disturb:3:0:0.8:4:2")
    page.get_by_role("button", name="Read", exact=True).click()
    click_cell(page, 1, 2)
    place = wait_for_link(page, ";read:1:2")
    expected = ExploredArray(
        new_session("array", SMALL | {"count": 2}).values,
        [Action("write", 1, 2, 0.8, 4.0), Action("disturb", 3, 0, 0.8, 4.0, 2), Action("read", 1, 2)],
    ).picture
    page.locator(".numbers div", has_text="sneak current").wait_for()
    assert shown(page, "read as") == f"{1.0 / expected.reading:.2f} \u03a9"
    assert shown(page, "sneak current") == f"{100 * expected.paths.sneak_share.item():.1f} %"
    page.get_by_text("w1-b2", exact=True).wait_for()
    assert colours(page, "Click a cell").get(VERMILION.lower(), 0) > 500  # the detours are drawn
    session = from_link("array", dict(parse_qsl(place.query)))
    assert len(session.actions) == 3
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("!location.href.includes('read:1:2')")


def test_an_old_link_says_so_in_a_line(page, address):
    visit(page, address, path="/array?version=0&word_lines=4")
    notice = page.get_by_role("alert").inner_text()
    assert notice == "link: version: expected 1, got '0'; this is a new session"


@pytest.mark.parametrize("name", ["device", "array"])
def test_the_pages_fit_their_window_and_show_their_colours_and_one_typeface(page, address, name):
    actions = [Action("read", 1, 1)] if name == "array" else []
    visit(page, address, new_session(name, SMALL if name == "array" else {}, actions))
    parts = ".numbers b, .numbers span, .label, h1, h2, .bk-btn, .bk-tab, .bk-input"
    faces = page.locator(parts).evaluate_all("parts => parts.map((part) => getComputedStyle(part).fontFamily)")
    assert len(faces) > 20
    assert set(faces) == {FONT}
    for width in (1400, 400):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)
        seen = colours(page, "Click a cell" if name == "array" else "The pulse in time")
        assert seen.get(VERMILION.lower(), 0) > 100
        assert name == "array" or seen.get(BLUE.lower(), 0) > 100


def test_a_static_page_stands_alone(page, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(static_page(new_session("device")))
    visit(page, file.as_uri(), path="")
    set_model(page, "time_slider", 0)
    page.wait_for_function("Bokeh.documents[0].get_model_by_name('time_label').text.includes('x = 500.0')")
