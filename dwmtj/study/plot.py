"""How a study draws itself: its headline against the first swept quantity."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from matplotlib import cm

from compact_model.plots import PLOTTERS, new_axes
from compact_model.validation import choice
from dwmtj.device_options import Quantity

from .measures import MEASURES
from .measures.measure import quantiles_of
from .quantities import DEVICE_TABLE, LANDSCAPE_TABLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def axis_label(item: Quantity) -> str:
    """A quantity's name with its unit at the edge."""
    words = re.split(r" \(|; ", item.help)[0]
    return f"{words} ({item.unit})" if item.unit else words


def plot_study(result: xr.Dataset, axes: Axes | None = None, *, quantity: str | None = None, **style: Any) -> Axes:
    """A result against the first swept quantity, one line for each combination of the others.

    quantity: one of the measure's results; None: its headline.  Bars reach from the 5 % to the 95 % quantile (of a
    retention, over the 95 % interval of the mean); a triangle is a lower bound, where there is no upper one.
    Without a sweep: the distribution of the result.
    """
    measure = MEASURES[json.loads(result.attrs["measure"])]
    names = [item.name for item in measure.results]
    ends = measure.headline if quantity is None else quantiles_of(choice("quantity", quantity, names))
    swept = list(json.loads(result.attrs["sweep"]))
    axes = new_axes(axes)
    if not swept:
        item = measure.results[0] if quantity is None else measure.quantity(quantity)
        values = result[item.name].values / item.scale
        axes.hist(values[np.isfinite(values)], **({"bins": 30} | style))
        axes.set(xlabel=axis_label(item), ylabel="samples")
        return axes
    item = measure.quantity(ends[0])
    known = {each.name: each for each in (*DEVICE_TABLE, *LANDSCAPE_TABLE, *measure.settings)}
    first, others = swept[0], swept[1:]
    across = result[first].values
    numeric = across.dtype.kind in "if"
    where = across / known[first].scale if numeric else np.arange(across.size)
    places = list(itertools.product(*(range(result.sizes[name]) for name in others)))
    for number, place in enumerate(places):
        chosen = result.isel(dict(zip(others, place, strict=True)))
        middle, lower, upper = (chosen[name].values / item.scale for name in ends)
        shown, bounded = np.isfinite(middle), np.isfinite(upper)
        colour = cm.viridis(0.9 * number / max(len(places) - 1, 1))
        label = ", ".join(_value(known[name], chosen[name].item()) for name in others)
        look: dict[str, Any] = {"color": colour, "linewidth": 0.8}
        axes.plot(where[shown], middle[shown], **(look | style))
        bars = np.array([middle - lower, np.where(bounded, upper, middle) - middle])
        marks = look | {"linestyle": "", "markersize": 3.5, "capsize": 2.0} | style
        full, open_end = shown & bounded, shown & ~bounded
        axes.errorbar(where[full], middle[full], np.maximum(bars[:, full], 0.0), marker="o", label=label, **marks)
        axes.plot(where[open_end], middle[open_end], **(look | {"marker": "^", "linestyle": "", "markersize": 6.0}))
    axes.set(xlabel=axis_label(known[first]), ylabel=axis_label(item))
    if not numeric:
        axes.set_xticks(where, [str(each) for each in across])
    elif across.size > 2 and where.min() > 0.0 and where.max() >= 8.0 * where.min():
        axes.set_xscale("log")
        axes.set_xticks(where, [f"{each:g}" for each in where])
        axes.minorticks_off()
    drawn = result[ends[0]].values
    drawn = drawn[np.isfinite(drawn)]
    if drawn.size and drawn.min() > 0.0 and drawn.max() > 30.0 * drawn.min():
        axes.set_yscale("log")
    if others:
        title = ", ".join(f"{name.replace('_', ' ')} ({known[name].unit})".replace(" ()", "") for name in others)
        axes.legend(fontsize="x-small", title=title, title_fontsize="x-small")
    return axes


def draw_study(result: xr.Dataset, figure: Figure) -> None:
    """Fill a figure with the measure's headline, and with what else it shows beside it."""
    measure = MEASURES[json.loads(result.attrs["measure"])]
    panels: list[str | None] = [None, *measure.beside]
    for axes, quantity in zip(np.ravel(figure.subplots(1, len(panels))), panels, strict=True):
        plot_study(result, axes, quantity=quantity)


def _value(item: Quantity, value: Any) -> str:
    if isinstance(value, str | bool) or item.whole:
        return str(value)
    return f"{value / item.scale:g}"


PLOTTERS["study"] = plot_study
