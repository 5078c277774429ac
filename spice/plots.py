"""Plots of this package's results, drawn through `result.dwmtj.plot()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from compact_model.constants import NANOMETRE, NANOSECOND
from compact_model.plots import PLOTTERS, new_axes
from crossbar.plots.in_time import cell_label, cell_values, first_state

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_crosscheck(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Wall position (nm) against time (ns): Python as a line, ngspice as points over it."""
    axes = new_axes(axes)
    time = result.time.values / NANOSECOND
    every = max(1, time.size // 50)
    python, ngspice = (result.position.sel(simulator=name).values / NANOMETRE for name in ("python", "ngspice"))
    axes.plot(time, python, label="Python", **style)
    difference = float(result.position_difference) / NANOMETRE
    axes.plot(time[::every], ngspice[::every], "o", markersize=3, fillstyle="none", color="C1", label="ngspice")
    axes.set(xlabel="$t$ (ns)", ylabel="$x$ (nm)")
    axes.legend(title=f"largest difference: {difference:.1g} nm")
    return axes


def plot_array_crosscheck(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Every device's first state, of walls x (nm), against t (ns): Python as lines, ngspice as points over them."""
    axes = new_axes(axes)
    time = result.time.values / NANOSECOND
    every = max(1, time.size // 30)
    state = first_state(result)
    python, ngspice = (cell_values(result.sel(simulator=name), state) for name in ("python", "ngspice"))
    axes.plot(time, python, **({"linewidth": 0.9} | style))
    axes.plot(time[::every], ngspice[::every], "k.", markersize=2)
    difference = float(np.abs(python - ngspice).max())
    axes.set(xlabel="$t$ (ns)", ylabel=cell_label(result, state))
    axes.set_title(f"lines: Python, points: ngspice\nlargest difference: {difference:.1g} nm")
    return axes


def plot_monte_carlo(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """The share of the runs (%) in which a `.meas` exceeds its mean by at most the value on the axis; a line each."""
    axes = new_axes(axes)
    for name in (each for each in result.data_vars if each != "run_seed"):
        values = np.sort(result[name].dropna("run").values)
        if values.size:
            centre, width = float(values.mean()), float(values.std()) or 1.0
            share = 100.0 * np.arange(1, values.size + 1) / result.sizes["run"]
            label = f"{name}: {centre:.5g} ± {width:.2g}"
            axes.step((values - centre) / width, share, where="post", label=label, **style)
    axes.set(xlabel="distance from the mean (standard deviations)", ylabel="runs at or below (%)", ylim=(0.0, 100.0))
    axes.legend(fontsize="small")
    return axes


PLOTTERS.update(
    netlist_monte_carlo=plot_monte_carlo, crosscheck=plot_crosscheck, array_crosscheck=plot_array_crosscheck
)
