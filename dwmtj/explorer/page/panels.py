"""Panels of both pages: the controls with their error messages, and the texts that reproduce the state."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import Any

from bokeh.models import Button, Column, CustomJS, Div, NumericInput, Row, Select, Slider, TabPanel, Tabs

from ..controls import Control, Values, control_of
from .style import text_style, widget_style

# The field beside a slider holds the value, which may lie beyond the slider's ends: the slider then stays at its end.
_SLIDER_TO_FIELD = """
const held = Math.min(Math.max(field.value ?? slider.value, slider.start), slider.end)
if (Math.abs(slider.value - held) > 1e-9) field.value = Number(slider.value.toPrecision(10))
"""
_FIELD_TO_SLIDER = """
if (field.value == null) return
const held = Math.min(Math.max(field.value, slider.start), slider.end)
if (Math.abs(slider.value - held) > 1e-9) slider.value = held
"""
_SYMBOLS = {
    "H_c": "<i>H</i><sub>c</sub>",
    "x_c": "<i>x</i><sub>c</sub>",
    "H_K": "<i>H</i><sub>K</sub>",
    "Width W": "Width <i>W</i>",
    "Field H_z": "Field <i>H<sub>z</sub></i>",
    "Scatter of H_c": "Scatter of <i>H</i><sub>c</sub>",
}


class ControlPanel:
    """A label, a slider and a field for each control, with room for a refusal below.

    values: in the displayed units.  changed: called with a control's name after its value has changed.  live: sliders
    report while they move, and not only when released.
    """

    def __init__(
        self, controls: tuple[Control, ...], values: Values, changed: Callable[[str], object], live: bool
    ) -> None:
        self._controls = controls
        self._changed = changed
        self.values = dict(values)
        self._refusals: dict[str, Any] = {}
        self.fields: dict[str, Any] = {}
        rows: list[Any] = []
        group = ""
        for item in controls:
            if item.group != group:
                group = item.group
                rows.append(_words(f'<div class="group">{escape(group)}</div>'))
            rows.append(self._row(item, live))
        self._general = _words("", visible=False)
        self.layout = Column(*rows, self._general, sizing_mode="stretch_width", spacing=2, name="controls")

    def refuse(self, message: str | None) -> None:
        """Show why the state is refused beside the control concerned; None: it is accepted."""
        about = None if message is None else control_of(self._controls, message)
        for name, place in self._refusals.items():
            _say(place, message if name == about else None)
        _say(self._general, message if about is None else None)

    def _row(self, item: Control, live: bool) -> Any:
        value, title = self.values[item.name], escape(item.help)
        unit = f'<span class="unit">{escape(item.unit)}</span>' if item.unit else ""
        name = f"<span>{_SYMBOLS.get(item.label, escape(item.label))}</span>"
        label = _words(f'<div class="label" title="{title}">{name}{unit}</div>')
        refusal = self._refusals[item.name] = _words("", visible=False)
        if item.choices:
            field: Any = Select(
                value=value, options=list(item.choices), width=104, stylesheets=widget_style(), name=item.name
            )
            field.on_change("value", lambda attribute, old, new: self._take(item.name, new))
            self.fields[item.name] = field
            return Column(Row(label, field, sizing_mode="stretch_width"), refusal, sizing_mode="stretch_width")
        field = NumericInput(
            value=value, mode="int" if item.whole else "float", width=84, stylesheets=widget_style(), name=item.name
        )
        slider = Slider(
            start=item.low,
            end=item.high,
            step=item.increment,
            value=min(max(value, item.low), item.high),
            show_value=False,
            sizing_mode="stretch_width",
            height=18,
            margin=(0, 8, 4, 8),
            stylesheets=widget_style(),
            name=f"{item.name}_slider",
            syncable=False,
        )
        pair = {"slider": slider, "field": field}
        slider.js_on_change("value" if live else "value_throttled", CustomJS(args=pair, code=_SLIDER_TO_FIELD))
        field.js_on_change("value", CustomJS(args=pair, code=_FIELD_TO_SLIDER))
        field.on_change("value", lambda attribute, old, new: self._take(item.name, new))
        self.fields[item.name] = field
        return Column(
            Row(label, field, sizing_mode="stretch_width"), slider, refusal, sizing_mode="stretch_width", spacing=0
        )

    def _take(self, name: str, value: Any) -> None:
        if value is not None and value != self.values[name]:
            self.values[name] = value
            self._changed(name)


def _words(html: str, **settings: Any) -> Any:
    settings.setdefault("sizing_mode", "stretch_width")
    return Div(text=html, stylesheets=text_style(), margin=(2, 0, 2, 0), styles={"min-width": "0"}, **settings)


def words(html: str, **settings: Any) -> Any:
    """A piece of HTML in the page's type."""
    return _words(html, **settings)


def _say(place: Any, message: str | None) -> None:
    text = "" if message is None else f'<div class="refusal" role="alert">{escape(message)}</div>'
    if place.text != text:
        place.text, place.visible = text, message is not None


@contextmanager
def sent_together(document: Any) -> Iterator[None]:
    """Send all changes of the models to the browser in one message, so that no plot is painted in between."""
    if document is None:  # not served yet
        yield
        return
    document.hold("collect")
    try:
        yield
    finally:
        document.unhold()


def notice(message: str | None) -> Any:
    """A line at the top of the page, for a refused link."""
    text = "" if message is None else f'<div class="notice" role="alert">{escape(message)}; this is a new session</div>'
    return _words(text, visible=message is not None, name="notice")


_COPY = """
navigator.clipboard.writeText(texts.tags[tabs.active])
button.label = "Copied"
setTimeout(() => { button.label = "Copy" }, 1200)
"""
# The address bar follows the state, so that a reload or a bookmark restores it.
_FOLLOW = "history.replaceState(null, '', cb_obj.tags[cb_obj.tags.length - 1])"


class TextPanel:
    """The texts that reproduce the page, one behind the other; the last one is the link."""

    def __init__(self, titles: list[str], served: bool = True) -> None:
        self._bodies = [words("", name=f"text_{title.split()[0].lower()}") for title in titles]
        self._served = served
        tabs = Tabs(
            tabs=[TabPanel(child=body, title=title) for body, title in zip(self._bodies, titles, strict=True)],
            sizing_mode="stretch_width",
            stylesheets=widget_style(),
        )
        self._texts = Div(text="", visible=False, tags=[""], name="texts")
        if served:
            self._texts.js_on_change("tags", CustomJS(code=_FOLLOW))
        copy = Button(label="Copy", width=80, stylesheets=widget_style(), name="copy")
        copy.js_on_click(CustomJS(args={"texts": self._texts, "tabs": tabs, "button": copy}, code=_COPY))
        self.layout = Column(tabs, copy, self._texts, sizing_mode="stretch_width", name="texts_panel")

    def show(self, texts: list[str]) -> None:
        """The texts, in the order of the titles."""
        *code, link = texts
        for body, text in zip(self._bodies, code, strict=False):
            body.text = f"<pre>{escape(text)}</pre>"
        place = f'<a href="{escape(link)}">{escape(link)}</a>' if self._served else f"<pre>{escape(link)}</pre>"
        self._bodies[-1].text = f"<p>Opens this state again while <code>dwmtj explore</code> runs:</p>{place}"
        self._texts.tags = list(texts)


def numbers(items: Mapping[str, str]) -> str:
    """A row of numbers with their names below."""
    cells = "".join(f"<div><b>{value}</b><span>{name}</span></div>" for name, value in items.items())
    return f'<div class="numbers">{cells}</div>'
