"""How a study draws itself: its headline against the first swept quantity."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from compact_model.plots import PLOTTERS, new_axes
from dwmtj.device_options import Quantity

from .measures import MEASURES
from .quantities import DEVICE_TABLE, LANDSCAPE_TABLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def axis_label(item: Quantity) -> str:
    """A quantity's name with its unit at the edge."""
    words = item.help.split(" (")[0]
    return f"{words} ({item.unit})" if item.unit else words


def plot_study(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """The measure's headline with its two ends as bars, one line for each combination of the other swept quantities.

    Without a sweep: the distribution of the first result.
    """
    measure = MEASURES[json.loads(result.attrs["measure"])]
    swept = list(json.loads(result.attrs["sweep"]))
    known = {item.name: item for item in (*DEVICE_TABLE, *LANDSCAPE_TABLE, *measure.settings)}
    axes = new_axes(axes)
    if not swept:
        item = measure.results[0]
        values = result[item.name].values / item.scale
        axes.hist(values[np.isfinite(values)], **({"bins": 30} | style))
        axes.set(xlabel=axis_label(item), ylabel="samples")
        return axes
    item = measure.quantity(measure.headline[0])
    first, others = swept[0], swept[1:]
    across = result[first].values
    numeric = across.dtype.kind in "if"
    where = across / known[first].scale if numeric else np.arange(across.size)
    for place in itertools.product(*(range(result.sizes[name]) for name in others)):
        chosen = result.isel(dict(zip(others, place, strict=True)))
        middle, lower, upper = (chosen[name].values / item.scale for name in measure.headline)
        inside = np.isfinite(middle)
        ends = np.where(np.isfinite(upper), upper, middle)  # no upper end: no bar
        bars = np.array([middle - lower, ends - middle])[:, inside]
        label = ", ".join(_value(known[name], chosen[name].item()) for name in others)
        look: dict[str, Any] = {"marker": "o", "markersize": 3.0, "linewidth": 0.8, "capsize": 2.0, "label": label}
        axes.errorbar(where[inside], middle[inside], np.maximum(bars, 0.0), **(look | style))
    axes.set(xlabel=axis_label(known[first]), ylabel=axis_label(item))
    if not numeric:
        axes.set_xticks(where, [str(each) for each in across])
    elif across.size > 2 and across.min() > 0.0 and across.max() >= 8.0 * across.min():
        axes.set_xscale("log")
    drawn = result[measure.headline[0]].values
    drawn = drawn[np.isfinite(drawn)]
    if drawn.size and drawn.min() > 0.0 and drawn.max() > 30.0 * drawn.min():
        axes.set_yscale("log")
    if others:
        axes.legend(
            fontsize="small", title=", ".join(axis_label(known[name]) for name in others), title_fontsize="small"
        )
    return axes


def _value(item: Quantity, value: Any) -> str:
    if isinstance(value, str | bool) or item.whole:
        return str(value)
    return f"{value / item.scale:g}"


PLOTTERS["study"] = plot_study
