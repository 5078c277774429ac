"""How results of learning draw themselves through `result.dwmtj.plot()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from compact_model.plots import PLOTTERS, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GOAL = 75.0  # %, "a reasonable rate" of Lequeux et al. 2016 ...
_ENOUGH = (12.5, 19.5)  # ... and the levels that should suffice for it, 13 to 19


def plot_supervised(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Test accuracy (%) against the epoch: the mean over the repeats, with a band of one standard deviation."""
    axes = new_axes(axes)
    for count in result.levels.values:
        values = 100.0 * result.accuracy.sel(levels=count)
        mean, deviation = values.mean("repeat"), values.std("repeat")
        (line,) = axes.plot(result.epoch, mean, **({"label": f"{count} levels"} | style))
        axes.fill_between(result.epoch, mean - deviation, mean + deviation, color=line.get_color(), alpha=0.2, lw=0.0)
    axes.set(xlabel="epoch", ylabel="test accuracy (%)")
    axes.legend(fontsize="small")
    return axes


def plot_unsupervised(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Test accuracy (%) against the levels of a device: each repeat, their mean and standard deviation."""
    axes = new_axes(axes)
    percent = 100.0 * result.accuracy
    across = np.repeat(result.levels.values, result.sizes["repeat"])
    axes.plot(
        across, percent.transpose("levels", "repeat").values.ravel(), ".", color="grey", label="repeats", zorder=3
    )
    look: dict[str, Any] = {"marker": "o", "capsize": 3.0, "label": "mean, standard deviation"} | style
    axes.errorbar(result.levels, percent.mean("repeat"), percent.std("repeat"), **look)
    axes.axhline(_GOAL, color="black", linewidth=0.5)
    axes.axvspan(*_ENOUGH, color="C2", alpha=0.15, linewidth=0.0, label="13 to 19 levels")
    axes.set(xlabel="levels of a device", ylabel="test accuracy (%)")
    if result.sizes["levels"] > 1:
        axes.set_xscale("log", base=2)
        axes.set_xticks(result.levels.values, [str(count) for count in result.levels.values])
        axes.minorticks_off()
    axes.legend(fontsize="small")
    return axes


def plot_weights(result: xr.Dataset, axes: Axes | None = None, *, levels: int = 0, repeat: int = 0) -> Axes:
    """What each output has learned, as square images side by side; which kind of levels and which repeat by number."""
    axes = new_axes(axes)
    weight = result.weight.isel(levels=levels, repeat=repeat).transpose("output", "input").values
    side = round(np.sqrt(weight.shape[1]))
    columns = int(np.ceil(np.sqrt(1.6 * len(weight))))
    rows = -(-len(weight) // columns)
    sheet = np.full((rows * (side + 1) - 1, columns * (side + 1) - 1), np.nan)
    for number, image in enumerate(weight.reshape(-1, side, side)):
        row, column = divmod(number, columns)
        top, left = row * (side + 1), column * (side + 1)
        sheet[top : top + side, left : left + side] = image
    shown = axes.imshow(sheet, cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest")
    axes.figure.colorbar(shown, ax=axes, label="weight", shrink=0.7)
    axes.set(xticks=[], yticks=[], title=f"weights of {len(weight)} outputs, {int(result.levels[levels])} levels")
    return axes


def plot_inference(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Test accuracy (%) against the levels, random tracks: lines verified, dashes blind, a colour for a variation."""
    axes = new_axes(axes)
    mean = 100.0 * result.accuracy.sel(arrangement="random").mean("repeat")
    for row, spread in enumerate(result.variation.values):
        for programming, line in (("verified", "-"), ("blind", "--")):
            if spread == 0.0 and programming == "blind":
                continue  # the same
            look: dict[str, Any] = {"color": f"C{row}", "linestyle": line, "marker": "o", "markersize": 3}
            label = f"{100.0 * spread:g} %" if programming == "verified" else None
            axes.plot(
                result.levels, mean.sel(programming=programming).isel(variation=row), **look, label=label, **style
            )
    axes.axhline(100.0 * result.attrs["float_accuracy"], color="black", linewidth=0.5)
    axes.set(xlabel="levels of a device", ylabel="test accuracy (%)", xscale="log")
    axes.set_xticks(result.levels.values, [str(count) for count in result.levels.values])
    axes.minorticks_off()
    axes.legend(title="variation of $R_P$; dashes: blind", fontsize="small", title_fontsize="small")
    return axes


def plot_tiles(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Test accuracy (%) against the lines of the largest tile, a line for each segment resistance."""
    axes = new_axes(axes)
    percent = 100.0 * result.wired_accuracy
    for segment in result.wire_resistance.values:
        one = percent.sel(wire_resistance=segment)
        look: dict[str, Any] = {"marker": "o", "markersize": 3, "capsize": 2.0, "label": f"{segment:g} Ohm"} | style
        axes.errorbar(result.tile, one.mean("repeat"), one.std("repeat"), **look)
    axes.axhline(100.0 * result.attrs["float_accuracy"], color="black", linewidth=0.5)
    axes.set(xlabel="lines of the largest tile", ylabel="test accuracy (%)", xscale="log")
    axes.set_xticks(result.tile.values, [str(size) for size in result.tile.values])
    axes.minorticks_off()
    axes.legend(title="segment of wire", fontsize="small", title_fontsize="small")
    return axes


PLOTTERS.update(
    {
        "supervised_learning": plot_supervised,
        "unsupervised_learning": plot_unsupervised,
        "inference": plot_inference,
    }
)
