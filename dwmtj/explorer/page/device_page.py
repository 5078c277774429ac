"""The page of one device: the wall on its track and in its landscape, x, phi and R in time, and the R-I loop."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from bokeh.models import BoxAnnotation, Button, Column, ColumnDataSource, CustomJS, Range1d, Row, Slider, Span

from compact_model.constants import BOLTZMANN_CONSTANT, MILLIAMPERE, NANOMETRE, NANOSECOND
from compact_model.support.validation import ConvergenceError, InputError

from ..controls import Values, with_remark
from ..one_device import CONTROLS, POINTS, DevicePicture, picture, python_lines, study_file
from ..sessions import Session, link, new_session, to_toml
from .panels import ControlPanel, TextPanel, notice, numbers, sent_together, words
from .style import BLUE, FAINT, FONT, GREEN, INK, LINE, ORANGE, PURPLE, SKY, VERMILION, plot, widget_style

TITLES = ["Python", "Study (TOML)", "Session (TOML)", "Link"]
PARTS = (
    {"kind": "side", "title": "", "root": "controls"},
    {"kind": "wide headline", "title": "", "root": "head"},
    {"kind": "", "title": "The wall on its track, and in its landscape", "root": "track"},
    {"kind": "", "title": "The pulse in time", "root": "time"},
    {"kind": "", "title": "Resistance against a swept current", "root": "loop"},
    {"kind": "texts", "title": "Reproduce this state", "root": "texts_panel"},
)
_PAUSE = 150  # ms without a change, after which the texts follow: browsers limit the rate of address changes
_ROOM = BOLTZMANN_CONSTANT * 300.0

# Moves the wall, and the lines in the plots over time, to the slider's time; runs in the browser alone.
_CURSOR = """
const d = moving.data, i = slider.value
wall.data = {x: [d.x[i]], energy: [d.energy[i]], angle: [d.phi[i]], resistance: [d.R[i]], left: [0], end: [track.end]}
for (const span of spans) span.location = d.t[i]
label.text = `t = ${d.t[i].toFixed(2)} ns: x = ${d.x[i].toFixed(1)} nm, R = ${d.R[i].toFixed(2)} \u03a9`
"""
_PLAY = """
const stop = () => {
  clearInterval(window.dwmtj_playing); window.dwmtj_playing = null; button.label = "\u25b6"
}
if (window.dwmtj_playing) { stop(); return }
button.label = "\u23f8"
if (slider.value >= slider.end) slider.value = 0
window.dwmtj_playing = setInterval(() => {
  if (slider.value >= slider.end) stop()
  else slider.value = Math.min(slider.value + 2, slider.end)
}, 33)
"""


class DevicePage:
    """The models of the page, which follow `session`.

    session: the initial one.  message: why a link was refused.  served: whether a server answers, or the page is a
    file.  later: runs a function after this many ms, once earlier messages of the browser have been handled, so that a
    moving slider is answered once and not for every position that it passed.  None: at once.
    """

    def __init__(
        self,
        session: Session,
        message: str | None = None,
        later: Callable[[Callable[[], None], int], object] | None = None,
        served: bool = True,
    ) -> None:
        self._later = later
        self._waiting = False
        self._changes = 0
        self._remark: str | None = None
        self.panel = ControlPanel(CONTROLS, session.values, self._changed, live=True)
        self.texts = TextPanel(TITLES, served)
        self._numbers = words("", name="numbers")
        self._notice = notice(message)
        self.moving, self.wall, self.land, self.sites = (
            ColumnDataSource(name=name, syncable=name != "wall") for name in ("moving", "wall", "land", "sites")
        )
        self.rising, self.falling = ColumnDataSource(), ColumnDataSource()
        self._lasting = [BoxAnnotation(left=0, fill_color=SKY, fill_alpha=0.15, line_color=None) for _ in range(3)]
        self._spans = [Span(dimension="height", line_color=FAINT, line_dash="dotted", syncable=False) for _ in range(3)]
        self._length = Range1d(0, 1000, bounds="auto")
        self._duration = Range1d(0, 100)
        self._fill(session.values)
        self.panel.refuse(self._remark)
        self.roots = [
            self.panel.layout,
            Column(self._notice, self._numbers, sizing_mode="stretch_width", name="head"),
            self._track(),
            self._time(),
            self._loop(),
            self.texts.layout,
        ]

    @property
    def session(self) -> Session:
        """The page's settings; raises InputError if they are invalid."""
        return new_session("device", self.panel.values)

    def _changed(self, name: str) -> None:
        if self._later is None:
            self.update()
        elif not self._waiting:
            self._waiting = True
            self._later(self.update, 1)

    def update(self) -> None:
        """Show the result of the controls, or beside a control why it is refused."""
        self._waiting = False
        with sent_together(self.roots[0].document):
            self._refill()

    def _refill(self) -> None:
        try:
            self._fill(self.panel.values)
        except (InputError, ConvergenceError) as error:
            self.panel.refuse(str(error))
            return
        self.panel.refuse(self._remark)

    def _fill(self, values: Values) -> None:
        found, self._remark = with_remark(partial(picture, values))
        pulse, places = found.pulse, found.places / NANOMETRE
        position = pulse.position.values
        length = found.parameters.track_length / NANOMETRE
        self._length.end, self._duration.end = length, float(values["duration"])
        self._length.bounds = (0, length)
        self.land.data = {"x": places, "energy": found.energy / _ROOM}
        wells = found.landscape.wells
        self.sites.data = {
            "left": [(well.centre - well.half_width) / NANOMETRE for well in wells],
            "right": [(well.centre + well.half_width) / NANOMETRE for well in wells],
        }
        for box in self._lasting:
            box.right = min(float(values["pulse_width"]), float(values["duration"]))
            box.fill_color = SKY if values["voltage"] >= 0 else ORANGE
        self.moving.data = {
            "t": pulse.time.values / NANOSECOND,
            "x": position / NANOMETRE,
            "phi": pulse.angle.values,
            "R": pulse.resistance.values,
            "energy": found.energy_at(position) / _ROOM,
        }
        last = {name: self.moving.data[key][-1:] for name, key in (("x", "x"), ("energy", "energy"), ("angle", "phi"))}
        if not self.wall.data:
            self.wall.data = last | {"resistance": pulse.resistance.values[-1:], "left": [0], "end": [length]}
        _loop_data(found, self.rising, self.falling)
        self._numbers.text = _headline(found)
        self._changes += 1
        if self._later is None or self._changes == 1:
            self._write(values)
        else:
            self._later(partial(self._write, dict(values), self._changes), _PAUSE)

    def _write(self, values: Values, change: int | None = None) -> None:
        """The texts and the link after a change, unless another has followed meanwhile."""
        if change not in (None, self._changes):
            return
        session = new_session("device", values)
        self.texts.show([python_lines(session.values), study_file(session.values), to_toml(session), link(session)])

    def _track(self) -> Any:
        strip = plot("", "", 92, x_range=self._length, y_range=(0, 1))
        strip.axis.visible, strip.grid.visible = False, False
        strip.quad(left="left", right="x", bottom=0.28, top=0.92, source=self.wall, color=SKY, fill_alpha=0.55)
        strip.quad(left="x", right="end", bottom=0.28, top=0.92, source=self.wall, color=ORANGE, fill_alpha=0.55)
        strip.quad(left="left", right="right", bottom=0.1, top=0.2, source=self.sites, color=FAINT, line_color="white")
        strip.segment(x0="x", x1="x", y0=0.2, y1=1.0, source=self.wall, color=INK, line_width=3)
        strip.scatter("x", 0.6, source=self.wall, size=30, fill_color="white", line_color=INK)
        strip.ray(
            "x", 0.6, length=14, length_units="screen", angle="angle", source=self.wall, color=VERMILION, line_width=3
        )
        for x, words_, align in ((12, "P", "left"), (988, "AP", "right")):
            strip.text([x], [0.6], [words_], text_align=align, text_baseline="middle", text_color=INK,
                       text_font={"value": FONT})  # fmt: skip
        energy = plot("wall position x (nm)", "energy (kT at 300 K)", 210, x_range=self._length)
        energy.line("x", "energy", source=self.land, color=INK, line_width=1.5)
        energy.line("x", "energy", source=self.moving, color=GREEN, line_width=4, alpha=0.35)
        energy.scatter("x", "energy", source=self.wall, size=11, fill_color=VERMILION, line_color="white")
        strip.min_border_left = energy.min_border_left = 62
        slider = Slider(
            start=0, end=POINTS - 1, value=POINTS - 1, step=1, title=None, show_value=False,
            sizing_mode="stretch_width", stylesheets=widget_style(), name="time_slider", syncable=False,
        )  # fmt: skip
        label = words("", name="time_label", syncable=False)
        cursor = CustomJS(
            args={
                "slider": slider, "moving": self.moving, "wall": self.wall, "spans": self._spans,
                "track": self._length, "label": label,
            },
            code=_CURSOR,
        )  # fmt: skip
        slider.js_on_change("value", cursor)
        self.moving.js_on_change("data", cursor)
        last = {name: float(column[-1]) for name, column in self.moving.data.items()}
        label.text = f"t = {last['t']:.2f} ns: x = {last['x']:.1f} nm, R = {last['R']:.2f} \u03a9"
        for span in self._spans:
            span.location = last["t"]
        play = Button(label="\u25b6", width=44, stylesheets=widget_style(), name="play")
        play.js_on_click(CustomJS(args={"slider": slider, "button": play}, code=_PLAY))
        legend = words(
            f'<p style="font-size:12px;color:{FAINT}"><b style="color:{BLUE}">P</b>: parallel, low R. '
            f'<b style="color:#9a6a00">AP</b>: antiparallel, high R. Grey bars: pinning sites. Arrow in the circle: '
            "angle \u03c6 of the wall. Green: path of the wall.</p>"
        )
        clock = Row(play, Column(label, slider, sizing_mode="stretch_width"), sizing_mode="stretch_width")
        return Column(strip, energy, clock, legend, sizing_mode="stretch_width", name="track")

    def _time(self) -> Any:
        rows = []
        for (column, label, colour), box, span in zip(
            (("x", "x (nm)", BLUE), ("phi", "\u03c6 (rad)", PURPLE), ("R", "R (\u03a9)", VERMILION)),
            self._lasting,
            self._spans,
            strict=True,
        ):
            last = column == "R"
            row = plot("time t (ns)" if last else "", label, 150 if last else 118, x_range=self._duration)
            row.line("t", column, source=self.moving, color=colour, line_width=1.8)
            row.add_layout(box)
            row.add_layout(span)
            row.min_border_left = 62
            row.xaxis.major_label_text_font_size = "11px" if last else "0px"
            rows.append(row)
        return Column(*rows, sizing_mode="stretch_width", name="time")

    def _loop(self) -> Any:
        loop = plot("current I (mA)", "R at zero bias (\u03a9)", 300)
        loop.line("I", "R", source=self.rising, color=BLUE, line_width=2, legend_label="I rises")
        loop.line(
            "I", "R", source=self.falling, color=VERMILION, line_width=2, line_dash=[6, 3], legend_label="I falls"
        )
        loop.scatter("I", "R", source=self.rising, size=4, color=BLUE)
        loop.scatter("I", "R", source=self.falling, size=5, marker="square", color=VERMILION, fill_color="white")
        loop.min_border_left = 62
        loop.add_layout(loop.legend[0], "above")
        loop.legend.orientation, loop.legend.border_line_color = "horizontal", LINE
        loop.legend.label_text_font, loop.legend.label_text_font_size, loop.legend.padding = FONT, "12px", 4
        return Column(loop, sizing_mode="stretch_width", name="loop")


def _loop_data(found: DevicePicture, rising: Any, falling: Any) -> None:
    """The loop in two branches, separated at their ends: the current rises from 0 to +I, and from -I on."""
    current = found.loop.current.values / MILLIAMPERE
    resistance = found.loop.remanent_resistance.values[0]
    top, bottom = int(np.argmax(current)), int(np.argmin(current))
    gap = np.array([np.nan])
    rising.data = {
        "I": np.concatenate([current[: top + 1], gap, current[bottom:]]),
        "R": np.concatenate([resistance[: top + 1], gap, resistance[bottom:]]),
    }
    falling.data = {"I": current[top : bottom + 1], "R": resistance[top : bottom + 1]}


def _headline(found: DevicePicture) -> str:
    values = found.numbers()
    return numbers(
        {
            "wall at the end": f"{values['position_nm']:.2f} nm",
            "moved": f"{values['displacement_nm']:+.2f} nm",
            "resistance at the end": f"{values['resistance_Ohm']:.3f} \u03a9",
            "the first site's depth": f"{values['well_depth_kT_at_300_K']:.1f} k<sub>B</sub>T at 300 K",
            "the loop spans": f"{values['loop_lowest_Ohm']:.1f} to {values['loop_highest_Ohm']:.1f} \u03a9",
        }
    )
