"""The page of one array: a map on which clicks write, read and disturb cells, with the sneak paths of a read."""

from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np
from bokeh.models import (
    Button,
    ColorBar,
    Column,
    ColumnDataSource,
    HoverTool,
    LinearColorMapper,
    RadioButtonGroup,
    Row,
)
from bokeh.palettes import Cividis256
from matplotlib import colormaps
from matplotlib.colors import to_hex

from compact_model.constants import NANOMETRE
from compact_model.support.validation import ConvergenceError, InputError

from ..controls import with_remark
from ..one_array import CONTROLS, KINDS, NEXT_PULSE, Action, ArrayPicture, ExploredArray, python_lines
from ..sessions import Session, link, new_session, to_toml
from .panels import ControlPanel, TextPanel, notice, numbers, sent_together, words
from .style import FAINT, FONT, INK, LINE, SKY, VERMILION, plot, text_style, widget_style

TITLES = ["Python", "Session (TOML)", "Link"]
PARTS = (
    {"kind": "side", "title": "", "root": "controls"},
    {"kind": "wide headline", "title": "", "root": "head"},
    {"kind": "", "title": "Click a cell", "root": "map"},
    {"kind": "", "title": "What was done", "root": "done"},
    {"kind": "wide texts", "title": "Reproduce this state", "root": "texts_panel"},
)
_SHOWN = {
    "R": ("resistance at zero bias (\u03a9)", "resistance"),
    "x": ("wall position (nm)", "position"),
    "moved": ("displacement in the last action (nm)", "moved"),
    "V": ("voltage in the last action (V)", "voltage"),
}
_SIGNED = ("moved", "V")
# The printed maps' blue and red are not used, because the paths of a read are drawn in them on top.
_DIVERGING = [to_hex(colormaps["PuOr"](level)) for level in np.linspace(0.04, 0.96, 256)]
_WAIT = 30  # ms, for "working" to reach the screen
_LISTED = 10  # actions, and paths


class ArrayPage:
    """The models of the page, which follow the array.

    session, message, later, served: as in `DevicePage`.
    """

    def __init__(
        self,
        session: Session,
        message: str | None = None,
        later: Callable[[Callable[[], None], int], object] | None = None,
        served: bool = True,
    ) -> None:
        self._later = later
        self._busy = False
        self.panel = ControlPanel(CONTROLS, session.values, self._changed, live=False)
        self.texts = TextPanel(TITLES, served)
        self.array, remark = with_remark(lambda: ExploredArray(session.values, session.actions))
        self.panel.refuse(remark)
        self.session = session
        self._shown = "R"
        self.cells, self.paths, self.lines = (ColumnDataSource() for _ in range(3))
        self._numbers = words("", name="numbers")
        self._history, self._routes = words("", name="history"), words("", name="routes")
        self._status = words("", name="status")
        self._mapper = LinearColorMapper(palette=Cividis256)
        self.mode = RadioButtonGroup(labels=[kind.capitalize() for kind in KINDS], active=0, name="mode",
                                     stylesheets=widget_style())  # fmt: skip
        self._quantity = RadioButtonGroup(labels=["R", "x", "moved", "V"], active=0, name="quantity",
                                          stylesheets=widget_style())  # fmt: skip
        self._quantity.on_change("active", lambda attribute, old, new: self._show(list(_SHOWN)[new]))
        self.figure = self._map()
        self.roots = [
            self.panel.layout,
            Column(notice(message), self._numbers, sizing_mode="stretch_width", name="head"),
            Column(
                self.mode,
                self.figure,
                Row(words("<p>Colour:</p>", width=52, height=24, sizing_mode="fixed"), self._quantity),
                self._status,
                sizing_mode="stretch_width",
                name="map",
            ),
            self._done(),
            self.texts.layout,
        ]
        self._draw()

    def click(self, x: float, y: float) -> None:
        """Apply the selected action to the clicked cell; a click beside the map has no effect."""
        bit_line, word_line = round(x), round(y)
        words_, bits = self.array.shape
        if self._busy or not (0 <= bit_line < bits and 0 <= word_line < words_):
            return
        values, kind = self.panel.values, KINDS[self.mode.active]
        action = Action(kind, word_line, bit_line)
        if kind != "read":
            pulse = {name: values[name] for name in ("voltage", "pulse_width")}
            count = values["count"] if kind == "disturb" else 1
            action = Action(kind, word_line, bit_line, **pulse, count=count)
        self._work(lambda: self._act(action))

    def _act(self, action: Action) -> None:
        self.array.do(action)
        if action.kind == "disturb" and self._shown == "R":
            self._quantity.active = list(_SHOWN).index("moved")

    def _changed(self, name: str) -> None:
        if name in NEXT_PULSE:
            self._work(lambda: None)
        else:
            self._work(self._remake)

    def _remake(self) -> None:
        session = new_session("array", self.panel.values, self._that_fit())
        self.array = ExploredArray(session.values, session.actions)

    def _that_fit(self) -> list[Action]:
        """The actions, without those on cells that no longer exist."""
        words_, bits = self.panel.values["word_lines"], self.panel.values["bit_lines"]
        return [each for each in self.array.done if each.word_line < words_ and each.bit_line < bits]

    def _reset(self) -> None:
        self.array = ExploredArray(self.panel.values)

    def _work(self, task: Callable[[], None]) -> None:
        """Run something that may take seconds, and say so meanwhile."""

        def run() -> None:
            self._busy = False
            with sent_together(self.roots[0].document):
                finish()

        def finish() -> None:
            try:
                _, remark = with_remark(task)
                self.session = new_session("array", self.panel.values, self.array.done)
            except (InputError, ConvergenceError) as error:
                self._status.text = ""
                self.panel.refuse(str(error))
                return
            self.panel.refuse(remark)
            self._draw()

        if self._later is None:
            run()
            return
        self._busy = True
        self._status.text = "<p>working \u2026</p>"
        self._later(run, _WAIT)

    def _map(self) -> Any:
        made = plot("bit line", "word line", 440, x_range=(-1.2, 8), y_range=(8, -1), tools="tap")
        made.grid.visible = False
        made.multi_line("xs", "ys", source=self.lines, color=LINE, line_width=1.2)
        rects = made.rect(
            "j", "i", width=0.86, height=0.86, source=self.cells, line_color=None,
            fill_color={"field": "shown", "transform": self._mapper}, nonselection_fill_alpha=1.0,
            selection_line_color=None,
        )  # fmt: skip
        made.multi_line("xs", "ys", source=self.paths, color="white", line_width="halo", line_cap="round", alpha=0.85)
        made.multi_line("xs", "ys", source=self.paths, color="colour", line_width="width", line_cap="round")
        self._mark = ColumnDataSource({"j": [], "i": []})
        made.rect("j", "i", width=0.94, height=0.94, source=self._mark, fill_color=None, line_color=VERMILION,
                  line_width=2.5)  # fmt: skip
        hover = HoverTool(
            renderers=[rects],
            tooltips=[
                ("cell", "word line @i, bit line @j"), ("R", "@resistance{0.00} \u03a9"),
                ("x", "@position{0.0} nm"), ("moved", "@moved{+0.00} nm"), ("V", "@voltage{0.0000} V"),
            ],
        )  # fmt: skip
        made.add_tools(hover)
        self._bar = ColorBar(
            color_mapper=self._mapper, width=12, title_text_font=FONT, title_text_font_style="normal",
            title_text_font_size="12px", title_text_color=INK, major_label_text_font=FONT,
            major_label_text_color=FAINT, title_standoff=8,
        )  # fmt: skip
        made.add_layout(self._bar, "right")
        made.on_event("tap", lambda event: self.click(event.x, event.y))
        return made

    def _done(self) -> Any:
        undo = Button(label="Undo", width=80, stylesheets=widget_style(), name="undo")
        reset = Button(label="Start again", width=100, stylesheets=widget_style(), name="reset")
        undo.on_click(lambda: self._work(lambda: self.array.undo()))
        reset.on_click(lambda: self._work(self._reset))
        return Column(Row(undo, reset), self._history, self._routes, sizing_mode="stretch_width", name="done",
                      stylesheets=text_style())  # fmt: skip

    def _show(self, name: str) -> None:
        self._shown = name
        self._colour(self.array.picture)

    def _draw(self) -> None:
        rows, columns = self.array.shape
        found = self.array.picture
        self.figure.x_range.start, self.figure.x_range.end = -1.0, columns - 0.4
        self.figure.y_range.start, self.figure.y_range.end = rows, -0.6
        for axis, count in ((self.figure.xaxis[0], columns), (self.figure.yaxis[0], rows)):
            axis.ticker = list(range(0, count, 1 if count <= 12 else 4))
        self.lines.data = {
            "xs": [[-0.9, columns - 0.5]] * rows + [[j + 0.34] * 2 for j in range(columns)],
            "ys": [[i - 0.34] * 2 for i in range(rows)] + [[-0.5, rows - 0.1]] * columns,
        }
        self._colour(found)
        self.paths.data = path_lines(found)
        place = [] if found.action is None else [found.action]
        self._mark.data = {"j": [each.bit_line for each in place], "i": [each.word_line for each in place]}
        self._numbers.text = _headline(found, self.array.done)
        self._history.text = _history(self.array.done)
        self._routes.text = _routes(found)
        self._status.text = "<p>Word lines are driven from the left, bit lines sensed at the bottom.</p>"
        values = self.session.values
        self.texts.show([python_lines(values, self.session.actions), to_toml(self.session), link(self.session)])

    def _colour(self, found: ArrayPicture) -> None:
        place = np.indices(found.position.shape)
        columns = {
            "resistance": found.resistance,
            "position": found.position / NANOMETRE,
            "moved": found.moved / NANOMETRE,
            "voltage": found.voltage,
        }
        title, column = _SHOWN[self._shown]
        shown = columns[column]
        if self._shown in _SIGNED:
            end = max(float(np.abs(shown).max()), 1e-12)
            self._mapper.update(palette=_DIVERGING, low=-end, high=end)
        else:
            low, high = float(shown.min()), float(shown.max())
            room = max(high - low, 0.02 * abs(high))  # equal cells should not show round-off
            middle = 0.5 * (low + high)
            self._mapper.update(palette=Cividis256, low=middle - 0.5 * room, high=middle + 0.5 * room)
        self._bar.title = title
        data = {name: values.ravel() for name, values in columns.items()}
        self.cells.data = data | {"i": place[0].ravel(), "j": place[1].ravel(), "shown": shown.ravel()}


def path_lines(found: ArrayPicture) -> dict[str, list[Any]]:
    """The paths of the last read as lines on the map, the weakest first: along word lines, through devices, down."""
    if found.paths is None or found.action is None:
        return {name: [] for name in ("xs", "ys", "width", "halo", "colour")}
    lines = []
    shares, lengths = found.paths.path_share.values, found.paths.length.values
    for share, length, nodes in zip(shares[::-1], lengths[::-1], found.paths.nodes.values[::-1], strict=True):
        xs, ys = [-0.9], [0.0]
        for node in str(nodes).split():
            i, j = (int(number) for number in node[1:].split(","))
            xs.append(j - 0.12 if node[0] == "w" else j + 0.34)
            ys.append(i - 0.34 if node[0] == "w" else i + 0.12)
        ys[0] = ys[1]
        rows = found.position.shape[0]
        xs.append(xs[-1])
        ys.append(rows - 0.1)
        width = 1.0 + 7.0 * float(np.sqrt(share / shares.max()))
        lines.append((xs, ys, width, width + 2.0, SKY if length == 1 else VERMILION))
    names = ("xs", "ys", "width", "halo", "colour")
    return {name: [line[index] for line in lines] for index, name in enumerate(names)}


def _headline(found: ArrayPicture, done: list[Action]) -> str:
    low, high = float(found.resistance.min()), float(found.resistance.max())
    items = {
        "cells": f"{found.position.shape[0]} \u00d7 {found.position.shape[1]}",
        "resistances": f"{low:.1f} to {high:.1f} \u03a9",
        "energy of all pulses": f"{1e12 * found.energy:.4g} pJ",
    }
    if found.action is not None and found.action.kind != "read":
        place = found.action.word_line, found.action.bit_line
        others = np.abs(found.moved)
        own = float(found.moved[place]) / NANOMETRE
        others[place] = 0.0
        items |= {"the cell moved": f"{own:+.2f} nm", "others, at most": f"{others.max() / NANOMETRE:.3g} nm"}
    if found.reading is not None and found.action is not None and found.paths is not None:
        true = float(found.resistance[found.action.word_line, found.action.bit_line])
        items |= {
            "read as": f"{1.0 / found.reading:.2f} \u03a9",
            "is": f"{true:.2f} \u03a9",
            "sneak current": f"{100.0 * float(found.paths.sneak_share):.1f} %",
        }
    return numbers(items)


def _history(done: list[Action]) -> str:
    if not done:
        return "<p>Nothing yet: choose Write, Read or Disturb above the map and click a cell.</p>"
    rows = []
    for index, each in list(enumerate(done, 1))[-_LISTED:]:
        pulse = "" if each.kind == "read" else f"{each.voltage:g} V, {each.pulse_width:g} ns"
        times = f", {each.count} times" if each.kind == "disturb" else ""
        rows.append(f"<tr><td>{index}</td><td>{each.kind}</td><td>{each.word_line}, {each.bit_line}</td>"
                    f"<td>{pulse}{times}</td></tr>")  # fmt: skip
    head = "<tr><th></th><th></th><th>word, bit line</th><th>pulse</th></tr>"
    return f"<table>{head}{''.join(rows)}</table>"


def _routes(found: ArrayPicture) -> str:
    if found.paths is None:
        return ""
    rows = "".join(
        f"<tr><td>{100.0 * float(share):.2f} %</td><td>{escape(str(route))}</td></tr>"
        for share, route in zip(
            found.paths.path_share.values[:_LISTED], found.paths.route.values[:_LISTED], strict=True
        )
    )
    explained = 100.0 * float(found.paths.explained_share)
    return (
        f"<p><b>Where the read current comes from</b>: the {found.paths.sizes['path']} strongest paths carry "
        f"{explained:.1f} %. Blue: through the cell alone; red: detours.</p>"
        f"<table><tr><th>share</th><th>devices on the path</th></tr>{rows}</table>"
    )
