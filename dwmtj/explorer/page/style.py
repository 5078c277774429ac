"""The style of the pages: the colours of the printed figures, one kind of plot, and the frame around them."""

from typing import Any

from bokeh.core.templates import FILE
from bokeh.models import InlineStyleSheet
from bokeh.plotting import figure
from jinja2 import Environment, Template

from compact_model.figures import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION

__all__ = ["BLUE", "GREEN", "ORANGE", "PURPLE", "SKY", "VERMILION"]
INK, FAINT, LINE = "#1f2933", "#5f6b7a", "#d7dde4"
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif'
MONO = 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace'

WIDGETS = f"""
:host {{ color: {INK}; font-size: 14px; }}
.bk-input {{ font-size: 13px; font-variant-numeric: tabular-nums; border-color: {LINE};
  border-radius: 6px; min-height: 28px; padding: 0 8px; }}
.bk-input:focus {{ border-color: {BLUE}; outline: 2px solid {SKY}66; }}
.bk-btn {{ font-size: 13px; border-radius: 6px; }}
.bk-btn-group .bk-btn.bk-active {{ background: {BLUE}; color: white; border-color: {BLUE}; }}
.bk-tab {{ font-size: 13px; }}
.bk-tab.bk-active {{ color: {BLUE}; border-color: {LINE}; font-weight: 600; }}
.noUi-connect {{ background: {SKY}; }}
.noUi-handle:focus {{ outline: 2px solid {BLUE}; }}
"""

TEXTS = f"""
:host {{ color: {INK}; font-size: 14px; width: 100%; contain: inline-size; }}
.bk-clearfix {{ display: block; width: 100%; }}
pre {{ font-family: {MONO}; font-size: 12px; line-height: 1.45; margin: 0; padding: 12px 14px; background: #f6f8fa;
  border: 1px solid {LINE}; border-radius: 8px; overflow: auto; max-height: 420px; }}
.label {{ display: flex; gap: 6px; align-items: baseline; }}
.label .unit {{ color: {FAINT}; font-size: 12px; }}
.refusal {{ color: #a33b00; font-size: 12px; line-height: 1.35; border-left: 3px solid {VERMILION};
  padding-left: 8px; }}
.notice {{ background: #fff4e5; border: 1px solid {ORANGE}; border-radius: 8px; padding: 8px 12px; }}
.group {{ font-size: 11px; letter-spacing: .06em; text-transform: uppercase; color: {FAINT}; font-weight: 600;
  border-bottom: 1px solid {LINE}; padding: 10px 0 4px; }}
.numbers {{ display: flex; flex-wrap: wrap; gap: 8px 26px; }}
.numbers div {{ display: flex; flex-direction: column; }}
.numbers b {{ font-size: 20px; font-weight: 600; font-variant-numeric: tabular-nums; }}
.numbers sub {{ font-size: 70%; line-height: 0; }}
.numbers span {{ color: {FAINT}; font-size: 12px; }}
@media (max-width: 720px) {{ .numbers {{ gap: 4px 16px; }} .numbers b {{ font-size: 15px; }} }}
table {{ border-collapse: collapse; font-size: 12px; font-variant-numeric: tabular-nums; width: 100%; }}
th {{ text-align: left; color: {FAINT}; font-weight: 500; }}
td, th {{ padding: 3px 8px 3px 0; border-bottom: 1px solid {LINE}; vertical-align: top; }}
a {{ color: {BLUE}; overflow-wrap: anywhere; }}
p {{ margin: 0 0 6px; }}
"""


def widget_style() -> list[Any]:
    """The font of buttons, sliders and fields."""
    return [InlineStyleSheet(css=WIDGETS)]


def text_style() -> list[Any]:
    """The style of words, numbers and code."""
    return [InlineStyleSheet(css=TEXTS)]


def plot(x_label: str, y_label: str, height: int, **settings: Any) -> Any:
    """An empty plot that takes the available width."""
    made = figure(
        height=height,
        sizing_mode="stretch_width",
        toolbar_location=None,
        x_axis_label=x_label,
        y_axis_label=y_label,
        tools=settings.pop("tools", ""),
        min_border_right=12,
        **settings,
    )
    made.x_range.syncable = made.y_range.syncable = False  # the server does not need the ranges, which follow the data
    made.outline_line_color = None
    made.grid.grid_line_color = "#eceff3"
    for axis in made.axis:
        axis.axis_label_text_font = axis.major_label_text_font = FONT
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font_size, axis.major_label_text_font_size = "12px", "11px"
        axis.axis_label_text_color, axis.major_label_text_color = INK, FAINT
        axis.axis_line_color = axis.major_tick_line_color = LINE
        axis.minor_tick_line_color = None
        axis.axis_label_standoff = 6
    return made


_FRAME = (
    """{% extends base %}
{% block title %}{{ title }}{% endblock %}
{% block postamble %}
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<style>
  html, body { height: auto; }
  html { --bokeh-base-font: FONT; }
  body { font-family: FONT; color: INK; background: #fbfcfd; line-height: 1.4; }
  header { display: flex; flex-wrap: wrap; gap: 4px 22px; align-items: baseline; padding: 12px 20px;
    border-bottom: 1px solid LINE; background: white; }
  h1 { font-size: 18px; margin: 0; font-weight: 600; }
  header a { color: FAINT; text-decoration: none; padding: 2px 0; }
  header a.here { color: BLUE; border-bottom: 2px solid BLUE; font-weight: 600; }
  header .aside { color: FAINT; font-size: 12px; margin-left: auto; }
  main { display: grid; gap: 16px; padding: 16px 20px; max-width: 1500px; margin: 0 auto; box-sizing: border-box;
    grid-template-columns: 290px minmax(0, 1.1fr) minmax(0, 1fr); align-items: start; }
  section { background: white; border: 1px solid LINE; border-radius: 10px; padding: 12px 14px; min-width: 0; }
  section h2 { font-size: 13px; font-weight: 600; margin: 0 0 6px; }
  .side { grid-row: span 3; }
  .wide { grid-column: 2 / -1; }
  @media (max-width: 1100px) { main { grid-template-columns: 270px minmax(0, 1fr); } .side { grid-row: span 6; } }
  @media (max-width: 720px) { main { grid-template-columns: minmax(0, 1fr); padding: 10px; gap: 10px; }
    .wide { grid-column: auto; } .side { grid-row: auto; order: 2; } .headline {
      position: sticky; top: 0; z-index: 5; }
    header .aside { margin-left: 0; } .texts { order: 3; } }
</style>
{% endblock %}
{% block contents %}
<header><h1>dwmtj explorer</h1>
{% for name, words in pages %}
<a href="{{ name }}"{% if name == here %} class="here"{% endif %}>{{ words }}</a>{% endfor %}
<span class="aside">{{ aside }}</span></header>
<main>
{% for part in parts %}<section class="{{ part.kind }}">{% if part.title %}<h2>{{ part.title }}</h2>{% endif %}
{{ embed(roots[part.root]) }}</section>
{% endfor %}
</main>
{% endblock %}
""".replace("FONT", FONT)
    .replace("INK", INK)
    .replace("LINE", LINE)
    .replace("FAINT", FAINT)
    .replace("BLUE", BLUE)
)


def frame() -> Template:
    """The page around the plots; its variables are pages, here, aside and parts (kind, title, root)."""
    environment: Environment = FILE.environment
    return environment.from_string(_FRAME)
