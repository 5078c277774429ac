"""Plots of results: `result.dwmtj.plot()`, in the units of the field."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from .constants import AMPERE_PER_SQUARE_CENTIMETRE, NANOMETRE, NANOSECOND, OERSTED
from .figures import MARKERS, legend_above, styled, unit_in_print
from .support.validation import InputError, choice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MEGAAMPERE_PER_SQUARE_CENTIMETRE = 1e6 * AMPERE_PER_SQUARE_CENTIMETRE
DRIVE_UNITS = {"current": ("$I$ (mA)", 1e-3), "voltage": ("$V$ (V)", 1.0)}

Plotter = Callable[..., "Axes"]


def new_axes(axes: Axes | None) -> Axes:
    """The given axes, or new ones."""
    if axes is not None:
        return axes
    import matplotlib.pyplot as plt

    return plt.subplots()[1]


SIMULATED = {
    "position": ("$x$ (nm)", NANOMETRE),
    "angle": (r"$\phi$ (rad)", 1.0),
    "resistance": ("$R$ (Ω)", 1.0),
    "voltage": ("$V$ (V)", 1.0),
    "current": ("$I$ (mA)", 1e-3),
    "current_density": (r"$J$ (10$^6$ A/cm$^2$)", MEGAAMPERE_PER_SQUARE_CENTIMETRE),
    "net_field": ("$H_z$ (Oe)", OERSTED),
    "temperature_rise": (r"$\vartheta$ (K)", 1.0),
}
"""Axis labels with units of the variables of a simulation."""


def plot_simulation(result: xr.Dataset, axes: Axes | None = None, *, quantity: str = "position", **style: Any) -> Axes:
    """A variable of SIMULATED, by default the wall's position (nm), against time (ns), one line for each device."""
    label, unit = SIMULATED[choice("quantity", quantity, [name for name in SIMULATED if name in result])]
    axes = new_axes(axes)
    time = result.time.values / NANOSECOND
    axes.plot(time, np.atleast_2d(result[quantity].values).T / unit, **style)
    axes.set(xlabel="$t$ (ns)", ylabel=label)
    return axes


def draw_course(result: xr.Dataset, figure: Figure) -> None:
    """A drive's current or voltage, the wall's position and the resistance, one above the other."""
    driven = "voltage" if result.voltage.values.std() > 0.0 and _steadier(result) else "current"
    panels = figure.subplots(3, 1, sharex=True, height_ratios=(2, 3, 3))
    for panel, quantity in zip(panels, (driven, "position", "resistance"), strict=True):
        plot_simulation(result, panel, quantity=quantity)
        panel.label_outer()
    figure.align_ylabels(panels)


def _steadier(result: xr.Dataset) -> bool:
    """Whether the voltage takes fewer values than the current, and so is the quantity that was applied."""
    return np.unique(result.voltage.values).size < np.unique(result.current.values).size


def plot_current_threshold(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """J_th (1e6 A/cm2) against Delta_H (Oe); repeats as their mean with an error bar of one standard deviation."""
    axes = new_axes(axes)
    offset = result.offset.values / OERSTED
    threshold = result.threshold.values / MEGAAMPERE_PER_SQUARE_CENTIMETRE
    label = result.attrs["torques"].replace("slonczewski", "Slonczewski")  # a name
    look: dict[str, Any] = {"marker": "o", "linestyle": "", "label": label} | style
    if result.sizes["repeat"] > 1:
        axes.errorbar(offset, threshold.mean(axis=1), threshold.std(axis=1), **look)
    else:
        axes.plot(offset, threshold[:, 0], **look)
    axes.set(xlabel=r"$\Delta H$ (Oe)", ylabel=r"$J_\mathrm{th}$ (10$^6$ A/cm$^2$)")
    return axes


def plot_field_threshold(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Distribution of the depinning field (Oe)."""
    axes = new_axes(axes)
    axes.hist(result.threshold.values / OERSTED, **({"bins": 20} | style))
    axes.set(xlabel=r"$H_z$ at depinning (Oe)", ylabel="repeats")
    return axes


def plot_loop(result: xr.Dataset, axes: Axes | None = None, *, device: int = 0, **style: Any) -> Axes:
    """R (Ohm) against the swept current (mA) or voltage (V) of one device."""
    axes = new_axes(axes)
    drive = result.attrs["drive"]
    label, unit = DRIVE_UNITS[drive]
    look: dict[str, Any] = {"linewidth": 0.8} | style
    across, ohms = result[drive].values / unit, result.resistance.values[device]
    (line,) = axes.plot(across, ohms, **look)
    # The direction of the first cycle: an arrow in each quarter.
    cycle = int((result.cycle.values == result.cycle.values[0]).sum()) - 1
    for start in (number * cycle // 8 for number in (1, 3, 5, 7)):
        arrow = {"arrowstyle": "->", "color": line.get_color(), "linewidth": 1.0}
        axes.annotate("", (across[start + 1], ohms[start + 1]), (across[start], ohms[start]), arrowprops=arrow)
    axes.set(xlabel=label, ylabel="$R$ (Ω)")
    return axes


def plot_sweep(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """R (Ohm) against the swept current (mA), voltage (V) or external field (Oe), one line for each device."""
    axes = new_axes(axes)
    label, unit = (DRIVE_UNITS | {"field": (r"$H_\mathrm{ext}$ (Oe)", OERSTED)})[result.attrs["drive"]]
    axes.plot(result[result.attrs["drive"]].values / unit, result.resistance.values.T, **({"linewidth": 0.8} | style))
    axes.set(xlabel=label, ylabel="$R$ (Ω)")
    return axes


def plot_pulse_train(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """R (Ohm) after each pulse, one line for each device."""
    axes = new_axes(axes)
    resistance = np.column_stack([result.initial_resistance.values, result.resistance.values])
    look: dict[str, Any] = {"marker": ".", "linewidth": 0.8} | style
    axes.plot(np.arange(resistance.shape[1]), resistance.T, **look)
    axes.set(xlabel="pulse number", ylabel="$R$ after the pulse (Ω)")
    return axes


def plot_retention(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Share of walls still in the well against time (us), with the exponential law of the estimated mean."""
    axes = new_axes(axes)
    duration = result.attrs["duration"]
    escape = np.sort(result.escape_time.values)
    escape = escape[np.isfinite(escape)]
    kept = 1.0 - np.arange(escape.size + 1) / result.sizes["device"]
    axes.step(np.append(0.0, escape) * 1e6, kept, where="post", **({"label": "simulated"} | style))
    time = np.linspace(0.0, duration, 200)
    axes.plot(time * 1e6, np.exp(-time / float(result.mean_escape_time)), "k--", linewidth=0.8, label="exponential")
    axes.set(xlabel="$t$ (µs)", ylabel="share still in the well")
    axes.locator_params(axis="x", nbins=5)
    axes.legend()
    return axes


def plot_escape_rates(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Rates of leaving each site to the left and right (1/s) against its position (nm); a rate of 0 is left out."""
    axes = new_axes(axes)
    for name, marker in (("left", "<"), ("right", ">")):
        rate = result[f"{name}_rate"]
        look: dict[str, Any] = {"marker": marker, "linestyle": "", "label": f"to the {name}"} | style
        axes.plot(1e9 * result.position, rate.where(rate > 0.0), **look)
    axes.set(xlabel="$x$ (nm)", ylabel="rate (s$^{-1}$)", yscale="log")
    axes.legend()
    return axes


def plot_intrinsic_site(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Share of the walls (%) freed from the site by a field ramp, against its field (Oe), with the measured field."""
    axes = new_axes(axes)
    fields = [float(result[name]) / OERSTED for name in ("lower_quartile", "median", "upper_quartile")]
    axes.plot(fields, [25.0, 50.0, 75.0], **({"marker": "o", "label": "on the ramp"} | style))
    axes.axvline(
        float(result.measured_field) / OERSTED, color="k", linestyle="--", label=result.measured_field.long_name
    )
    axes.set(xlabel="$H_z$ (Oe)", ylabel="walls freed (%)", ylim=(0.0, 100.0))
    axes.legend()
    return axes


def plot_write_window(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Share of the walls that leave their site (%) against the pulse's voltage (V), one line for each polarity."""
    axes = new_axes(axes)
    for polarity in result.polarity.values:
        look: dict[str, Any] = {"marker": ".", "linewidth": 0.8, "label": "V > 0" if polarity > 0 else "V < 0"}
        axes.plot(result.voltage, 100.0 * result.share_left.sel(polarity=polarity), **(look | style))
    for name, line in (("disturb_voltage", ":"), ("write_voltage", "--")):
        if np.isfinite(limit := float(result[name])):
            axes.axvline(limit, color="black", linestyle=line, linewidth=0.8, label=name.replace("_", " "))
    axes.set(xlabel="$V$ (V)", ylabel="walls that left their site (%)")
    axes.legend()
    return axes


def plot_spike_timing(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Change of the weight (%) against the delay (ns): a colour for each shape of spike, dashes at 0 K.

    Above 0 K the mean has a band of one standard deviation of a single synapse.
    """
    axes = new_axes(axes)
    delay = result.delay.values / NANOSECOND
    for number, shape in enumerate(result["shape"].values):
        for column, kelvin in enumerate(result.temperature.values):
            mean = 100.0 * result.weight_change.values[number, column]
            deviation = 100.0 * result.weight_deviation.values[number, column]
            look: dict[str, Any] = {"color": f"C{number}", "linestyle": "-" if kelvin > 0.0 else "--", "marker": ""}
            look |= {"linewidth": 0.8, "label": f"{shape}, {kelvin:g} K"} | style
            (line,) = axes.plot(delay, mean, **look)
            if kelvin > 0.0:
                axes.fill_between(delay, mean - deviation, mean + deviation, color=line.get_color(), alpha=0.12, lw=0.0)
    axes.axhline(0.0, color="0.6", linewidth=0.5, zorder=0)
    axes.set(xlabel=r"$t_\mathrm{post} - t_\mathrm{pre}$ (ns)", ylabel="change of the weight (%)")
    legend_above(axes, title="band: one standard deviation" if (result.temperature > 0.0).any() else None)
    return axes


def _draw_measured(axes: Axes, across: Any, values: Any, deviation: Any, **style: Any) -> None:
    """Measured points, with error bars where there are standard deviations (None: none)."""
    look: dict[str, Any] = {"marker": "o", "markersize": 3.0, "linestyle": "", "label": "measured"} | style
    axes.errorbar(across, values, deviation, **look)


def plot_fit_threshold(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Measured J_th (1e6 A/cm2) against Delta_H (Oe) and the fitted static limit; style goes to the points."""
    axes = new_axes(axes)
    unit = MEGAAMPERE_PER_SQUARE_CENTIMETRE
    deviation = result.standard_deviation.values / unit if "standard_deviation" in result else None
    _draw_measured(axes, result.offset.values / OERSTED, result.threshold.values / unit, deviation, **style)
    axes.plot(result.curve_offset.values / OERSTED, result.curve.values / unit, "k-", linewidth=0.8, label="fitted")
    axes.set(xlabel=r"$\Delta H$ (Oe)", ylabel=r"$J_\mathrm{th}$ (10$^6$ A/cm$^2$)")
    axes.legend()
    return axes


def plot_fit_resistance(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Measured R (Ohm) against V (V) or I (mA), and one fitted curve for each state of the wall."""
    axes = new_axes(axes)
    drive = result.attrs["drive"]
    label, unit = DRIVE_UNITS[drive]
    deviation = result.standard_deviation.values if "standard_deviation" in result else None
    _draw_measured(axes, result[drive].values / unit, result.resistance.values, deviation, **style)
    if "left_out" in result:
        grey: dict[str, Any] = {"marker": ".", "markersize": 3.0, "linestyle": "", "color": "0.7", "label": "left out"}
        axes.plot(result[f"left_out_{drive}"].values / unit, result.left_out.values, **grey)
    curves = axes.plot(result[f"curve_{drive}"].values / unit, result.curve.values.T, "k-", linewidth=0.8)
    curves[0].set_label("fitted")
    axes.set(xlabel=label, ylabel="$R$ (Ω)")
    axes.legend()
    return axes


def plot_fit_pulses(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """The state after each pulse, R (Ohm) or x (nm), against its number in its train, measured and fitted."""
    axes = new_axes(axes)
    axes.set_xlabel("pulse number")
    return _plot_fitted_trains(result, axes, result.pulse.values, **style)


def plot_fit_trace(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """R (Ohm) or x (nm) against time (ns), measured and fitted."""
    axes = new_axes(axes)
    axes.set_xlabel("$t$ (ns)")
    return _plot_fitted_trains(result, axes, result.time.values / NANOSECOND, **style)


def _plot_fitted_trains(result: xr.Dataset, axes: Axes, across: Any, **style: Any) -> Axes:
    label, unit = {"resistance": ("$R$ (Ω)", 1.0), "position": ("$x$ (nm)", NANOMETRE)}[result.attrs["response"]]
    measured, model = result[result.attrs["response"]].values / unit, result.model.values / unit
    deviation = result.standard_deviation.values / unit if "standard_deviation" in result else None
    _draw_measured(axes, across, measured, deviation, **style)
    for train in np.unique(result.train.values):
        rows = result.train.values == train
        axes.plot(across[rows], model[rows], "k-", linewidth=0.8, zorder=3, label="" if train else "fitted")
    axes.set_ylabel(label)
    axes.legend()
    return axes


def plot_sensitivity(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """The effect of each change on each figure, %, on a scale that is linear up to 20 %; larger ones are filled."""
    axes = new_axes(axes)
    axes.set_xscale("symlog", linthresh=20.0, linscale=1.0)  # before the points, so that the margins are on its scale
    rows = np.arange(result.sizes["change"] - 1)
    for column, name in enumerate(result.figure.values.tolist()):
        change = 100.0 * result.relative_change.values[1:, column]
        error = 100.0 * result.standard_error.values[1:, column]
        marked = result.marked.values[1:, column]
        place = rows + 0.14 * (column - 0.5 * (result.sizes["figure"] - 1))
        look: dict[str, Any] = {"marker": MARKERS[column], "linestyle": "", "markersize": 3.5} | style
        (line,) = axes.plot(change, place, markerfacecolor="none", label=str(result[name].long_name), **look)
        axes.plot(change[marked], place[marked], color=line.get_color(), **look)
        axes.errorbar(change, place, xerr=error, linestyle="", elinewidth=0.6, color=line.get_color())
    for limit in (-20.0, 20.0):
        axes.axvline(limit, color="black", linewidth=0.6, linestyle=":")
    axes.axvline(0.0, color="black", linewidth=0.5)
    # A parameter keeps its name in the code; words have their symbols and units set as in print.
    named = zip(result.change.values[1:], result.step.values[1:], result.effect.values[1:], strict=True)
    labels = [unit_in_print(f"{name} ({step})") if effect else f"{name} ({step})" for name, step, effect in named]
    axes.set_yticks(rows, labels, fontsize="small")
    axes.set_ylim(rows.size - 0.5, -0.5)
    left, right = axes.get_xlim()
    ticks = [tick for tick in (-50, -20, -10, 0, 10, 20, 50, 200, 1000) if left <= tick <= right]
    axes.set_xticks(ticks, [f"{tick:g}".replace("-", "\N{MINUS SIGN}") for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("relative change (%)")
    legend_above(axes, columns=1, title="filled: more than 20 % and two standard errors", alignment="left")
    return axes


# By a result's attribute `experiment`.  Other packages add theirs when their plots are imported, at the latest when
# such a result draws itself: the entry points of the group 'dwmtj.plots' list them.
PLOTTERS: dict[str, Plotter] = {
    "simulation": plot_simulation,
    "current_threshold": plot_current_threshold,
    "field_threshold": plot_field_threshold,
    "resistance_loop": plot_loop,
    "resistance_sweep": plot_sweep,
    "pulse_train": plot_pulse_train,
    "retention": plot_retention,
    "escape_rates": plot_escape_rates,
    "intrinsic_site": plot_intrinsic_site,
    "sensitivity": plot_sensitivity,
    "write_window": plot_write_window,
    "spike_timing_window": plot_spike_timing,
    "fit_threshold": plot_fit_threshold,
    "fit_resistance": plot_fit_resistance,
    "fit_pulses": plot_fit_pulses,
    "fit_trace": plot_fit_trace,
}


@xr.register_dataset_accessor("dwmtj")
class ResultAccessor:
    """`result.dwmtj`: the methods of a result beyond those of xarray."""

    def __init__(self, result: xr.Dataset) -> None:
        self._result = result

    def plot(self, axes: Axes | str | None = None, *, quantity: str | None = None, **style: Any) -> Axes:
        """Draw the result, in the field's units; style goes to matplotlib.

        axes: None: new ones, one column wide, in the style of `figures.STYLE`; a word is taken as the quantity.
        quantity: what to draw, if a result can draw several things, such as 'resistance' of a simulation or
        'displacement' of an array in time; None: the most informative one.  Raises InputError for one that does not
        exist.
        """
        if isinstance(axes, str):
            axes, quantity = None, axes
        plotter = self._plotter()
        if quantity is not None:
            if "quantity" not in inspect.signature(plotter).parameters:
                kind = self._result.attrs["experiment"]
                raise InputError(f"quantity: expected none, for a {kind} draws one thing only, got {quantity!r}")
            style["quantity"] = quantity
        if axes is not None:
            return plotter(self._result, axes, **style)
        with styled():
            return plotter(self._result, None, **style)

    def _plotter(self) -> Plotter:
        kind = self._result.attrs.get("experiment")
        for package in entry_points(group="dwmtj.plots"):
            if kind in PLOTTERS:
                break
            package.load()
        if kind not in PLOTTERS:
            raise InputError(f"experiment: expected a result with one of {', '.join(PLOTTERS)}, got {kind!r}")
        return PLOTTERS[kind]
