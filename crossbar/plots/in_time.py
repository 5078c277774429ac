"""Plots of arrays in time through `result.dwmtj.plot()`: walls, conductances, disturb, updates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from compact_model.figures import BLUE, DIVERGING, MARKERS, SKY, VERMILION, legend_above, signed, whole_numbers
from compact_model.plots import PLOTTERS, new_axes
from compact_model.support import validation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELL_MAPS = {
    "position": ("$x$ (nm)", 1e9),
    "internal_state": ("$w$ (nm)", 1e9),
    "displacement": ("displacement (nm)", 1e9),
    "device_voltage": ("voltage across the device (V)", 1.0),
    "device_current": ("device current (mA)", 1e3),
    "target": ("target (µS)", 1e6),
    "conductance": ("conductance (µS)", 1e6),
    "conductance_after_row": ("conductance (µS)", 1e6),
    "reading": ("last reading (µS)", 1e6),
    "error": ("conductance $-$ target (µS)", 1e6),
    "disturbance": ("moved since verified (µS)", 1e6),
    "pulses": ("pulses", 1.0),
    "levels": ("levels", 1.0),
    "nonlinearity": ("nonlinearity (%)", 100.0),
    "asymmetry": ("asymmetry (%)", 100.0),
    "change": ("change of the conductance (µS)", 1e6),
    "coincidences": ("coincidences", 1.0),
    "lost_after": ("pulses until the level was lost", 1.0),
}


def first_state(result: xr.Dataset) -> str:
    """The variable with the state that determines the conductance; the walls' position in results without a name for
    it."""
    return str(result.attrs.get("first_state", "position"))


_DENSE = 200  # records; fewer are marked, as a wall that rings may do so between two of them
_BOTH_SIGNS = ("displacement", "error", "disturbance", "change", "coincidences")


def plot_cells(
    result: xr.Dataset, axes: Axes | None = None, *, quantity: str | None = None, index: int = -1, **style: Any
) -> Axes:
    """A quantity of every cell as an image, at one index of a third dimension if there is one."""
    state = first_state(result)
    known = [
        name for name in {state: None} | CELL_MAPS if name in result or (name == "displacement" and state in result)
    ]
    shown = validation.choice("quantity", state if quantity is None else quantity, known)
    values = cell_values(result, shown)
    label = cell_label(result, shown)
    axes = new_axes(axes)
    look = signed(values)
    if shown in _BOTH_SIGNS:
        largest = float(np.nanmax(np.abs(values))) or 1.0
        look = {"cmap": DIVERGING, "vmin": -largest, "vmax": largest}
    image = axes.imshow(values[index] if values.ndim == 3 else values, **(look | style))
    bar = axes.figure.colorbar(image, ax=axes, label=label)
    if shown in result and result[shown].dtype.kind in "iu":
        whole_numbers(bar.ax.yaxis)
    axes.set(xlabel="bit line", ylabel="word line")
    whole_numbers(axes.xaxis)
    whole_numbers(axes.yaxis)
    return axes


def cell_values(result: xr.Dataset, quantity: str) -> np.ndarray:
    """A quantity of CELL_MAPS in its unit on the axis."""
    if quantity == "displacement" and "displacement" not in result:
        state = result[first_state(result)]
        return np.asarray(CELL_MAPS[quantity][1] * (state - state[0]).values)
    scale = CELL_MAPS[quantity][1] if quantity in CELL_MAPS else 1.0
    return np.asarray(scale * result[quantity].values)


def cell_label(result: xr.Dataset, quantity: str) -> str:
    """The label of its axis; a state of a user-defined device has the name given there."""
    if quantity in CELL_MAPS:
        return CELL_MAPS[quantity][0]
    about = result[quantity].attrs
    return f"{about.get('long_name', quantity)} ({about.get('units', '')})"


def plot_traces(result: xr.Dataset, axes: Axes | None = None, *, traces: int = 12, **style: Any) -> Axes:
    """The states of the cells that moved farthest, of walls x (nm), against t (ns)."""
    axes = new_axes(axes)
    values = cell_values(result, first_state(result))
    moved = np.ptp(values, axis=0)
    order = np.argsort(moved, axis=None)[::-1][:traces]
    for row, column in zip(*np.unravel_index(order, moved.shape), strict=True):
        line = values[:, row, column]
        look: dict[str, Any] = {"linewidth": 0.9, "label": f"({row}, {column})"}
        if result.sizes["time"] < _DENSE:
            look |= {"marker": ".", "markersize": 2.0, "linewidth": 0.5}
        axes.plot(1e9 * result.time, line, **(look | style))
    axes.set(xlabel="$t$ (ns)", ylabel=cell_label(result, first_state(result)))
    axes.legend(title="cell", fontsize="x-small", title_fontsize="x-small", ncols=2)
    return axes


def plot_array_in_time(result: xr.Dataset, axes: Axes | None = None, *, quantity: str = "", **style: Any) -> Axes:
    """The devices that moved farthest against time; with a quantity, that quantity of every cell at one time."""
    return plot_cells(result, axes, quantity=quantity, **style) if quantity else plot_traces(result, axes, **style)


def plot_programming(result: xr.Dataset, axes: Axes | None = None, *, quantity: str = "", **style: Any) -> Axes:
    """The conductance at the end against the target; with a quantity, a map of it."""
    if quantity:
        return plot_cells(result, axes, quantity=quantity, **style)
    axes = new_axes(axes)
    target, end = 1e6 * result.target.values.ravel(), 1e6 * result.conductance.values.ravel()
    reached = result.reached.values.ravel()
    for mask, look in (
        (reached, {"color": BLUE, "marker": ".", "label": "reached"}),
        (~reached, {"color": VERMILION, "marker": "x", "label": "not reached"}),
    ):
        if mask.any():
            axes.plot(target[mask], end[mask], linestyle="", **(look | style))
    axes.axline((float(np.nanmin(target)), float(np.nanmin(target))), slope=1.0, color="black", linewidth=0.5)
    both = np.concatenate([target[np.isfinite(target)], end])
    margin = 0.05 * float(np.ptp(both)) or 1.0
    limits = float(both.min()) - margin, float(both.max()) + margin
    axes.set(xlabel="target (µS)", ylabel="conductance at the end (µS)", xlim=limits, ylim=limits)
    axes.legend()
    return axes


def plot_write_disturb(result: xr.Dataset, axes: Axes | None = None, *, quantity: str = "", **style: Any) -> Axes:
    """Distance of the walls of each group from their start, mean (line) and largest (dashes), against the pulses.

    With a quantity, a map of it.
    """
    if quantity:
        return plot_cells(result, axes, quantity=quantity, **style)
    axes = new_axes(axes)
    for number, name in enumerate(result.group.values):
        mask = (result.selection == name).values
        if not mask.any():
            continue
        away = 1e9 * np.abs(result.displacement.values[:, mask])
        away[away == 0.0] = np.nan  # the start, which has no place on a logarithmic axis
        axes.plot(result.pulse, away.mean(axis=1), color=f"C{number}", linestyle="-", label=str(name), **style)
        axes.plot(result.pulse, away.max(axis=1), color=f"C{number}", linestyle="--", **style)
    axes.axhline(1e9 * result.attrs["level"], color="black", linewidth=0.5)
    axes.set(xlabel="pulse", ylabel=r"$|x - x_\mathrm{start}|$ (nm)")
    axes.set_yscale("log")
    whole_numbers(axes.xaxis)
    legend_above(axes, title="lines: mean; dashes: largest; black: lost")
    return axes


def plot_read_disturb(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """The largest displacement (nm) of any wall against the read voltage, and the level's half width."""
    axes = new_axes(axes)
    largest = 1e9 * np.abs(result.displacement).max(("word_line", "bit_line"))
    look: dict[str, Any] = {"marker": "o", "markersize": 3}
    axes.plot(result.voltage, largest, **(look | style))
    axes.axhline(1e9 * result.attrs["level"], color="black", linewidth=0.5)
    axes.set(xlabel="read voltage (V)", ylabel="largest displacement (nm)")
    axes.locator_params(axis="x", nbins=5)
    return axes


_MOST_CURVES = 64
OUTCOMES = ("no wall moves", "the selected wall alone", "others as well", "only others")


def plot_write_map(
    result: xr.Dataset, axes: Axes | None = None, *, size: int | None = None, legend: bool = True, **style: Any
) -> Axes:
    """The walls that move against voltage (V) and pulse width (ns), for one size of the array (the first)."""
    from matplotlib.colors import BoundaryNorm, ListedColormap

    axes = new_axes(axes)
    lines = int(result["size"][0]) if size is None else size
    validation.choice("size", str(lines), [str(each) for each in result["size"].values.tolist()])
    outcome = result.outcome.sel(size=lines).values
    colours = ListedColormap(["0.95", SKY, VERMILION, "#4d0f00"])  # darker means worse, also in grey
    look: dict[str, Any] = {"cmap": colours, "norm": BoundaryNorm(np.arange(5) - 0.5, 4), "origin": "lower"}
    mesh = axes.imshow(outcome, **(look | {"aspect": "auto", "interpolation": "nearest"} | style))
    if legend:
        bar = axes.figure.colorbar(mesh, ax=axes, ticks=range(4))
        bar.ax.set_yticklabels(OUTCOMES, fontsize="x-small")
    # The points are often not equally spaced, so each has a cell of its own.
    axes.set_xticks(range(result.sizes["width"]), [f"{1e9 * each:g}" for each in result.width.values])
    axes.set_yticks(range(result.sizes["voltage"]), [f"{each:.2f}" for each in result.voltage.values])
    axes.set(xlabel="pulse width (ns)", ylabel="write voltage (V)", title=rf"{lines} $\times$ {lines}")
    return axes


def plot_update_curves(result: xr.Dataset, axes: Axes | None = None, *, quantity: str = "", **style: Any) -> Axes:
    """The conductances of at most 64 cells (µS) against the pulses, the mean of all in black.

    With a quantity, a map of it.
    """
    if quantity:
        return plot_cells(result, axes, quantity=quantity, **style)
    axes = new_axes(axes)
    curves = 1e6 * result.conductance.values.reshape(result.sizes["pulse"], -1)
    look: dict[str, Any] = {"color": BLUE, "linestyle": "-", "linewidth": 0.4, "alpha": 0.5}
    lines = axes.plot(result.pulse, curves[:, :_MOST_CURVES], **(look | style))
    lines[0].set_label("single cells")
    axes.plot(result.pulse, curves.mean(axis=1), color="black", linestyle="-", linewidth=1.2, label="mean of all cells")
    legend_above(axes)
    axes.set(xlabel="pulse number", ylabel="conductance (µS)")
    whole_numbers(axes.xaxis)
    return axes


def plot_outer_product(result: xr.Dataset, axes: Axes | None = None, *, quantity: str = "", **style: Any) -> Axes:
    """The change of each conductance (µS) against the expected coincidences; with a quantity, a map of it."""
    if quantity:
        return plot_cells(result, axes, quantity=quantity, **style)
    axes = new_axes(axes)
    axes.plot(result.expected.values.ravel(), 1e6 * result.change.values.ravel(), ".", **style)
    axes.set(xlabel=r"slots $\times$ row $\times$ column", ylabel="change of the conductance (µS)")
    return axes


def plot_array_spike_timing(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Change of the weight (%) against the delay (ns): at the crossing of the two lines, and of other cells of each
    kind.

    Means over the cells of a kind and the repeats, with bars of one standard deviation if there are several.
    """
    from ..studies.spike_timing import by_selection

    axes = new_axes(axes)
    for number, (kind, values) in enumerate(by_selection(result, "weight_change").items()):
        mean, deviation = 100.0 * values.mean(("repeat", "cell")), 100.0 * values.std(("repeat", "cell"))
        look: dict[str, Any] = {"label": kind, "marker": MARKERS[number], "markersize": 2.5, "linewidth": 0.8}
        several = values.sizes["repeat"] * values.sizes["cell"] > 1
        axes.errorbar(1e9 * result.delay, mean, deviation if several else None, capsize=1.5, **(look | style))
    axes.axhline(0.0, color="0.6", linewidth=0.5, zorder=0)
    axes.set(xlabel=r"$t_\mathrm{post} - t_\mathrm{pre}$ (ns)", ylabel="change of the weight (%)")
    legend_above(axes)
    return axes


PLOTTERS.update(
    array_in_time=plot_array_in_time,
    programming=plot_programming,
    write_disturb=plot_write_disturb,
    read_disturb=plot_read_disturb,
    write_map=plot_write_map,
    array_spike_timing=plot_array_spike_timing,
    update_curves=plot_update_curves,
    outer_product_update=plot_outer_product,
)
