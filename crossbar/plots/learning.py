"""Plots of learning results through `result.dwmtj.plot()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from compact_model.figures import MARKERS, legend_above
from compact_model.plots import PLOTTERS, new_axes

from ..learning.repeats import mean_and_deviation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GOAL = 75.0  # %, "a reasonable rate" of Lequeux et al. 2016 ...
_LABEL_ROOM = 4  # pixels above an output's weights
_ENOUGH = (12.5, 19.5)  # ... and the levels that should be sufficient for it, 13 to 19


def plot_supervised(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Test accuracy (%) against the epoch: the mean over the repeats, with a band of one standard deviation.

    Epoch 0 is the control, before any learning.
    """
    axes = new_axes(axes)
    for row, count in enumerate(result.levels.values):
        mean, deviation = mean_and_deviation(100.0 * result.accuracy.isel(levels=row))
        look: dict[str, Any] = {
            "label": f"{count} levels",
            "marker": MARKERS[row % len(MARKERS)],
            "markersize": 2.5,
        } | style
        (line,) = axes.plot(result.epoch, mean, **look)
        axes.fill_between(result.epoch, mean - deviation, mean + deviation, color=line.get_color(), alpha=0.2, lw=0.0)
    axes.set(xlabel="epoch (0: untrained)", ylabel="test accuracy (%)")
    axes.legend(title="band: one standard deviation")
    return axes


def plot_update_statistics(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Mean weight against the number of pulses, up and then down, with a band of one standard deviation."""
    axes = new_axes(axes)
    (line,) = axes.plot(result.pulse, result.curve, **({"label": "mean"} | style))
    band = result.curve - result.curve_deviation, result.curve + result.curve_deviation
    shade: dict[str, Any] = {"color": line.get_color(), "alpha": 0.2, "lw": 0.0, "label": "one standard deviation"}
    axes.fill_between(result.pulse, *band, **shade)
    axes.set(xlabel="pulse number", ylabel="weight (-1 to 1)")
    legend_above(axes)
    return axes


def plot_unsupervised(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Test accuracy (%) against the levels of a device: each repeat, their mean and standard deviation, untrained."""
    axes = new_axes(axes)
    percent = 100.0 * result.accuracy
    across = np.repeat(result.levels.values, result.sizes["repeat"])
    axes.plot(
        across, percent.transpose("levels", "repeat").values.ravel(), ".", color="grey", label="repeats", zorder=3
    )
    look: dict[str, Any] = {"marker": "o", "capsize": 3.0, "label": "mean, standard deviation"} | style
    axes.errorbar(result.levels, *mean_and_deviation(percent), **look)
    untrained: dict[str, Any] = {"marker": "s", "capsize": 3.0, "color": "C1", "label": "untrained"}
    axes.errorbar(result.levels, *mean_and_deviation(100.0 * result.untrained_accuracy), **untrained)
    axes.axhline(_GOAL, color="black", linewidth=0.8, linestyle=":", label=f"{_GOAL:g} %")
    axes.axvspan(*_ENOUGH, color="C2", alpha=0.15, linewidth=0.0, label="13 to 19 levels")
    axes.set(xlabel="levels of a device", ylabel="test accuracy (%)", ylim=(0.0, 100.0))
    if result.sizes["levels"] > 1:
        axes.set_xscale("log", base=2)
        axes.set_xticks(result.levels.values, [str(count) for count in result.levels.values])
        axes.minorticks_off()
    legend_above(axes, fontsize="small")
    return axes


def plot_weights(result: xr.Dataset, axes: Axes | None = None, *, levels: int = 0, repeat: int = 0) -> Axes:
    """The weights of each output, as square images side by side, above each its label (-: it never fires).

    levels, repeat: numbers of the kind and the repeat; for learning by spikes, the case with read disturb.
    """
    axes = new_axes(axes)
    one = {"repeat": repeat} | ({"levels": levels} if "levels" in result.dims else {"read_disturb": 0})
    kind = int(result.levels[levels]) if "levels" in result.dims else int(result.attrs["levels"])
    names = result.output_label.isel(one).values
    weight = result.weight.isel(one).transpose("output", "input").values
    side = round(np.sqrt(weight.shape[1]))
    columns = int(np.ceil(np.sqrt(1.6 * len(weight))))
    rows = -(-len(weight) // columns)
    height, width = side + _LABEL_ROOM, side + 1
    sheet = np.full((rows * height, columns * width - 1), np.nan)
    for number, image in enumerate(weight.reshape(-1, side, side)):
        row, column = divmod(number, columns)
        top, left = row * height + _LABEL_ROOM, column * width
        sheet[top : top + side, left : left + side] = image
        name = "-" if names[number] < 0 else str(names[number])
        axes.text(left + 0.5 * side - 0.5, top - 0.8, name, ha="center", va="bottom", fontsize="x-small")
    shown = axes.imshow(sheet, cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest", aspect="equal")
    axes.figure.colorbar(shown, ax=axes, label="weight", shrink=0.7)
    axes.spines[:].set_visible(False)
    axes.set(xticks=[], yticks=[], title=f"weights of {len(weight)} outputs, {kind} levels")
    return axes


def plot_autonomous(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Test accuracy (%) with and without read disturb, in floating point and untrained: each repeat and their mean."""
    axes = new_axes(axes)
    names = {True: "read\ndisturb", False: "no read\ndisturb"}
    columns = {names[bool(each)]: result.accuracy.sel(read_disturb=each) for each in result.read_disturb.values}
    columns |= {"floating\npoint": result.float_accuracy, "untrained": result.untrained_accuracy}
    for place, values in enumerate(columns.values()):
        mean, deviation = mean_and_deviation(100.0 * values)
        axes.plot(np.full(values.size, place), 100.0 * values, ".", color="grey", zorder=3)
        look: dict[str, Any] = {"marker": "o", "capsize": 3.0, "color": "C0"} | style
        axes.errorbar(place, mean, deviation, **look)
    axes.set_xticks(range(len(columns)), list(columns))
    axes.set(ylabel="test accuracy (%)", ylim=(0.0, 100.0), xlim=(-0.5, len(columns) - 0.5))
    return axes


def plot_inference(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Test accuracy (%) against the levels, random tracks: lines verified, dashes blind, a colour for a variation."""
    axes = new_axes(axes)
    mean, deviation = mean_and_deviation(100.0 * result.accuracy.sel(arrangement="random"))
    for row, spread in enumerate(result.variation.values):
        for programming, line in (("verified", "-"), ("blind", "--")):
            if spread == 0.0 and programming == "blind":
                continue  # the same curve
            look: dict[str, Any] = {"color": f"C{row}", "linestyle": line, "marker": MARKERS[row % len(MARKERS)]}
            label = f"{100.0 * spread:g} %" if programming == "verified" else None
            one = {"variation": row, "programming": result.programming.values.tolist().index(programming)}
            axes.errorbar(result.levels, mean.isel(one), deviation.isel(one), **look, capsize=2.0, label=label, **style)
    if (result.variation > 0.0).any():
        axes.plot([], [], "--", color="grey", label="blind")
    _draw_float(result, axes)
    axes.set(xlabel="levels of a device", ylabel="test accuracy (%)", xscale="log")
    # 16 and 19 levels lie so close that they need small numbers.
    axes.set_xticks(result.levels.values, [str(count) for count in result.levels.values], fontsize="x-small")
    axes.minorticks_off()
    legend_above(axes, columns=3, title=r"variation of $R_\mathrm{P}$; bars: one standard deviation")
    return axes


def plot_tiles(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Test accuracy (%) against the lines of the largest tile, a line for each segment resistance."""
    axes = new_axes(axes)
    percent = 100.0 * result.wired_accuracy
    for row, segment in enumerate(result.wire_resistance.values):
        one = percent.sel(wire_resistance=segment)
        look: dict[str, Any] = {"marker": MARKERS[row % len(MARKERS)], "capsize": 2.0} | style
        axes.errorbar(result.tile, *mean_and_deviation(one), label=f"{segment:g} Ω", **look)
    _draw_float(result, axes)
    device = (
        rf"{result.attrs['wired_levels']} levels, $R_\mathrm{{P}}$ = {result.attrs['wired_parallel_resistance']:.0f} Ω"
    )
    axes.set(xlabel="lines of the largest tile", ylabel="test accuracy (%)", xscale="log", title=device)
    axes.set_xticks(result.tile.values, [str(size) for size in result.tile.values])
    axes.minorticks_off()
    axes.legend(title="segment of wire; bars:\none standard deviation")
    return axes


def _draw_float(result: xr.Dataset, axes: Axes) -> None:
    share = 100.0 * result.attrs["float_accuracy"]
    axes.axhline(share, color="black", linewidth=0.8, linestyle=":", label=f"floating point, {share:.1f} %")


PLOTTERS.update(
    {
        "update_statistics": plot_update_statistics,
        "supervised_learning": plot_supervised,
        "unsupervised_learning": plot_unsupervised,
        "autonomous_learning": plot_autonomous,
        "inference": plot_inference,
    }
)
