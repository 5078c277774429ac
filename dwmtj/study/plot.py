"""The figure of a study: its main result against the first swept quantity."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from matplotlib import cm
from matplotlib.ticker import MaxNLocator

from compact_model.figures import in_symbols, legend_above, unit_in_print
from compact_model.plots import PLOTTERS, new_axes
from compact_model.support.validation import choice
from dwmtj.options.device import Quantity

from .measures.measure import Measure, quantiles_of
from .measures.own import loaded
from .quantities import DEVICE_TABLE, LANDSCAPE_TABLE, in_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_ASIDE = 0.008  # of the axis, between the points of two lines
_MARKERS = "osDPXph"  # no triangles, which are bounds


def axis_label(item: Quantity, power: int = 0) -> str:
    """A quantity's name with its unit at the edge, times that power of ten."""
    words = re.split(r" \(|; ", item.help)[0]
    shown = in_symbols(words)
    unit = f"10$^{power}$ {unit_in_print(item.unit)}" if power else unit_in_print(item.unit)
    return f"{shown} ({unit.strip()})" if unit else shown


def plot_study(result: xr.Dataset, axes: Axes | None = None, *, quantity: str | None = None, **style: Any) -> Axes:
    """A result against the first swept quantity, one line for each combination of the others.

    quantity: one of the measure's results; None: its headline.  Bars reach from the 5 % to the 95 % quantile (of a
    retention, over the 95 % interval of the mean); a full triangle is a lower bound without an upper one, a hollow one
    on the upper edge a value that is inf.
    Without a sweep: the distribution of the result.
    """
    measure = _measure_of(result)
    names = [item.name for item in measure.results]
    ends = measure.headline if quantity is None else quantiles_of(choice("quantity", quantity, names))
    swept = list(json.loads(result.attrs["sweep"]))
    axes = new_axes(axes)
    if not swept:
        _draw_distribution(result, measure.results[0] if quantity is None else measure.quantity(quantity), axes, style)
        return axes
    item = measure.quantity(ends[0])
    known = {each.name: each for each in (*DEVICE_TABLE, *LANDSCAPE_TABLE, *measure.settings)}
    if "point" in result.dims:
        _draw_points(result, ends[0], item, [known[name] for name in swept[:2]], axes, style)
        return axes
    first, others = swept[0], swept[1:]
    across = result[first].values
    numeric = across.dtype.kind in "if"
    where = across / known[first].scale if numeric else np.arange(float(across.size))
    logarithmic = numeric and across.size > 2 and where.min() > 0.0 and where.max() >= 8.0 * where.min()
    places = list(itertools.product(*(range(result.sizes[name]) for name in others)))
    for number, place in enumerate(places):
        chosen = result.isel(dict(zip(others, place, strict=True)))
        middle, lower, upper = (chosen[name].values / item.scale for name in ends)
        shown, bounded = np.isfinite(middle), np.isfinite(upper)
        aside = _ASIDE * (number - 0.5 * (len(places) - 1))  # keeps bars from covering one another
        at = where * np.exp(aside * np.log(where.max() / where.min())) if logarithmic else where + aside * np.ptp(where)
        label = ", ".join(in_unit(known[name], chosen[name].item()) for name in others)
        look: dict[str, Any] = {"color": cm.cividis(0.9 * number / max(len(places) - 1, 1)), "linewidth": 0.8} | style
        if numeric:
            axes.plot(at[shown], middle[shown], **look)
        if measure.reference is not None and quantity is None and numeric:
            limit = chosen[f"{measure.reference}_median"].values / item.scale
            words = re.split(r" \(|; ", measure.quantity(measure.reference).help)[0]
            dashes = look | {"linestyle": (0, (4, 2)), "linewidth": 0.6}
            axes.plot(where, limit, label=f"dashed: {words}" if number == 0 else None, zorder=1, **dashes)
        full, open_end = shown & bounded, shown & ~bounded
        bars = np.maximum([middle[full] - lower[full], upper[full] - middle[full]], 0.0)
        marks = {"marker": _MARKERS[number % len(_MARKERS)], "linestyle": "", "label": label}
        axes.errorbar(at[full], middle[full], bars, **(look | marks))
        bounds = look | {"marker": "^", "linestyle": "", "markersize": 6.0}
        if open_end.any():
            axes.plot(at[open_end], middle[open_end], **bounds)
        if not shown.all():
            edge = np.ones(int((~shown).sum()))
            axes.plot(at[~shown], edge, transform=axes.get_xaxis_transform(), fillstyle="none", clip_on=False, **bounds)
    bars_are = measure.bars if quantity is None else "median, 5 to 95 %"
    axes.set(xlabel=axis_label(known[first]), ylabel=f"{axis_label(item)}\n{bars_are}")
    if not numeric:
        axes.set_xticks(where, [in_unit(known[first], each.item()) for each in across])
    elif logarithmic:
        axes.set_xscale("log")
        axes.set_xticks(where, [f"{each:g}" for each in where])
        axes.minorticks_off()
    elif known[first].whole:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    drawn = result[ends[0]].values / item.scale
    drawn = drawn[np.isfinite(drawn)]
    if drawn.size and drawn.min() > 0.0 and drawn.max() > 30.0 * drawn.min():
        axes.set_yscale("log")
    elif drawn.size and drawn.max() >= 1e4:
        # In the label, as the legend stands where matplotlib would put the power of ten.
        power = 3 * int(np.log10(drawn.max()) // 3)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value / 10.0**power:g}")
        axes.set_ylabel(f"{axis_label(item, power)}\n{bars_are}")
    if others:
        title = ", ".join(name.replace("_", " ") for name in others)
        legend_above(axes, fontsize="x-small", title=title, title_fontsize="x-small")
    return axes


def _measure_of(result: xr.Dataset) -> Measure:
    name = json.loads(result.attrs["measure"])
    return loaded(name)


def _draw_points(
    result: xr.Dataset, name: str, item: Quantity, swept: list[Quantity], axes: Axes, style: dict[str, Any]
) -> None:
    """Drawn points: the main result against the first swept quantity, the second in colour."""
    values = result[name].values / item.scale
    shown = np.isfinite(values)
    x, *colour = (_numbers(result[each.name].values, each) for each in swept)
    look: dict[str, Any] = {"s": 6, "linewidths": 0.0} | style
    if colour:
        drawn = axes.scatter(x[shown], values[shown], c=colour[0][shown], cmap="cividis", **look)
        if axes.figure is not None:
            axes.figure.colorbar(drawn, ax=axes, label=axis_label(swept[1]))
    else:
        axes.scatter(x[shown], values[shown], **look)
    axes.set(xlabel=axis_label(swept[0]), ylabel=axis_label(item))
    if not shown.all():
        axes.set_title(f"{int((~shown).sum())} of {shown.size} beyond what was measured: not shown", fontsize="small")


def _numbers(values: Any, item: Quantity) -> Any:
    return values / item.scale if values.dtype.kind in "if" else np.unique(values, return_inverse=True)[1]


def _draw_distribution(result: xr.Dataset, item: Quantity, axes: Axes, style: dict[str, Any]) -> None:
    values = result[item.name].values / item.scale
    finite = values[np.isfinite(values)]
    axes.hist(finite, **({"bins": "auto"} | style))
    axes.set(xlabel=axis_label(item), ylabel="samples")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    if finite.size < values.size:
        axes.set_title(
            f"{values.size - finite.size} of {values.size} beyond what was measured: not shown", fontsize="small"
        )


def draw_study(result: xr.Dataset, figure: Figure) -> None:
    """Fill a figure with the measure's headline and its accompanying results."""
    measure = _measure_of(result)
    panels: list[str | None] = [None, *measure.beside]
    for axes, quantity in zip(np.ravel(figure.subplots(1, len(panels))), panels, strict=True):
        plot_study(result, axes, quantity=quantity)


PLOTTERS["study"] = plot_study
