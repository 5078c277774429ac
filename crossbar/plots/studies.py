"""Plots of this package's results through `result.dwmtj.plot()`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from compact_model.constants import NANOMETRE, NANOSECOND
from compact_model.figures import MARKERS, VERMILION, ink_on, legend_above, signed, size_axis, whole_numbers
from compact_model.plots import PLOTTERS, new_axes
from compact_model.support import validation
from compact_model.support.arrays import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes


MAPS = {
    "voltage": (
        "voltage across the device (V)",
        lambda solution: solution.word_line_voltage - solution.bit_line_voltage,
    ),
    "current": ("device current (mA)", lambda solution: solution.device_current * 1e3),
    "word_line": ("voltage of the word line (V)", lambda solution: solution.word_line_voltage),
    "bit_line": ("voltage of the bit line (V)", lambda solution: solution.bit_line_voltage),
}


TRANSISTOR_MAPS = {
    "voltage": ("voltage across the device (V)", lambda solution: solution.device_voltage),
    "current": MAPS["current"],
    "transistor": ("voltage across the transistor (V)", lambda solution: solution.transistor_voltage),
    "source_line": ("voltage of the source line (V)", lambda solution: solution.source_line_voltage),
    "bit_line": MAPS["bit_line"],
}


def plot_transistor_map(
    result: xr.Dataset, axes: Axes | None = None, *, quantity: str | None = None, index: int = 0, **style: Any
) -> Axes:
    """For `plot_map`: 'voltage' and 'current' of the devices, 'transistor', 'source_line' or 'bit_line'."""
    return plot_map(result, axes, quantity=quantity, index=index, maps=TRANSISTOR_MAPS, **style)


def plot_map(
    result: xr.Dataset,
    axes: Axes | None = None,
    *,
    quantity: str | None = None,
    index: int = 0,
    maps: dict[str, Any] = MAPS,
    **style: Any,
) -> Axes:
    """A quantity of every cell, as an image: 'voltage', 'current', 'word_line' or 'bit_line' of one input.

    With several inputs, the title states which one is shown.
    """
    quantity = result.attrs.get("map", "voltage") if quantity is None else quantity
    validation.choice("quantity", quantity, maps)
    axes = new_axes(axes)
    label, of = maps[quantity]
    values = of(result)[index].values
    image = axes.imshow(values, **(signed(values) | style))
    axes.figure.colorbar(image, ax=axes, label=label)
    axes.set(xlabel="bit line", ylabel="word line")
    whole_numbers(axes.xaxis)
    whole_numbers(axes.yaxis)
    inputs = result.sizes["input"]
    if inputs > 1:
        axes.set_title(f"input {index % inputs} of 0 to {inputs - 1}", fontsize="small")
    return axes


def plot_read_margin(result: xr.Dataset, axes: Axes | None = None, *, kind: str = "voltage", **style: Any) -> Axes:
    """The voltage or current margin (%) against the lines of the array, one line for each scheme."""
    validation.choice("kind", kind, ("voltage", "current"))
    axes = new_axes(axes)
    for number, scheme in enumerate(result.scheme.values):
        values = 100.0 * result[f"{kind}_margin"].sel(scheme=scheme)
        axes.plot(result["size"], values, **({"marker": MARKERS[number % len(MARKERS)], "label": scheme} | style))
    axes.axhline(10.0, color="black", linewidth=0.5, linestyle=":")
    axes.annotate("10 %", (1.0, 10.0), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize="x-small")
    axes.set(xlabel="word lines and bit lines", ylabel=f"{kind} margin (%)")
    _log_scale(axes)
    size_axis(axes, result["size"].values)
    axes.legend()
    return axes


def plot_retained_margin(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """The margin (%) against the time without a voltage (ns, above: in words): median and quantiles of the samples.

    Dotted: the margin when it was written.  Times of 0 are left out of the logarithmic axis.
    """
    axes = new_axes(axes)
    aged = result.isel(retention_time=result.retention_time.values > 0.0)
    times = aged.retention_time.values / NANOSECOND
    levels = 100.0 * np.quantile(aged.margin.values, [0.05, 0.25, 0.5, 0.75, 0.95], axis=1)
    look: dict[str, Any] = {"marker": "o", "label": "median"} | style
    (line,) = axes.plot(times, levels[2], **look)
    shade: dict[str, Any] = {"color": line.get_color(), "linewidth": 0.0}
    axes.fill_between(times, levels[1], levels[3], alpha=0.35, label="half of the samples", **shade)
    axes.fill_between(times, levels[0], levels[4], alpha=0.15, label="90 %", **shade)
    axes.axhline(100.0 * float(result.fresh_margin), color="black", linewidth=0.8, linestyle=":", label="fresh")
    axes.axhline(0.0, color="black", linewidth=0.5)
    axes.set(xlabel="time without a voltage (ns)", ylabel=f"{result.attrs['kind']} margin (%)")
    axes.set_xscale("log" if times.size else "linear")
    upper = axes.secondary_xaxis("top")
    first, last = (times[0] * (1.0 - 1e-9), times[-1] * (1.0 + 1e-9)) if times.size else (0.0, 0.0)  # of rounded units
    named = [seconds for seconds in _NAMED_TIMES if first <= seconds / NANOSECOND <= last]
    upper.set_xticks([seconds / NANOSECOND for seconds in named], [_duration(each) for each in named])
    upper.tick_params(which="minor", top=False)
    axes.legend(fontsize="small")
    return axes


def _log_scale(axes: Axes) -> None:
    """A logarithmic axis of percentages with plain numbers at 1, 2, 5, 10, 20, 50, ..."""
    from matplotlib.ticker import LogLocator, NullLocator

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=12))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())


_DASHES = ("-", "--", "-.", ":")


def plot_reach(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """The lines of the largest array against the TMR (%): a marker for each scheme, a colour for each wire resistance.

    Markers are hollow and of different sizes, so that coinciding curves remain visible.
    """
    axes = new_axes(axes)
    largest = 1.0
    for number, scheme in enumerate(result.scheme.values):
        for row, segment in enumerate(result.wire_resistance.values):
            values = result.largest_array.sel(scheme=scheme).isel(wire_resistance=row)
            look: dict[str, Any] = {
                "color": f"C{row}",
                "marker": MARKERS[number % len(MARKERS)],
                "markersize": 8.0 - 1.5 * (number % 4),
                "markerfacecolor": "none",
                "linewidth": 0.8,
                "linestyle": _DASHES[number % len(_DASHES)],
                "label": f"{scheme}, {segment:g} Ω",
            }
            axes.plot(100.0 * result.tmr, values, **(look | style))
            largest = max(largest, float(values.max()))
    axes.set(xlabel="TMR (%)", ylabel="lines of the largest array", xscale="log")
    axes.set_yscale("log", base=2)
    powers = 2 ** np.arange(int(np.ceil(np.log2(largest))) + 1)
    axes.set_yticks(powers, [str(power) for power in powers.tolist()])
    axes.set_ylim(0.85, 1.18 * powers[-1])
    ticks = 100.0 * result.tmr.values
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    legend_above(axes, columns=result.sizes["scheme"], fontsize="x-small")
    return axes


def plot_half_select(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Voltage on the selected cell (line) and the largest on another one (dashes) over the threshold, against size."""
    axes = new_axes(axes)
    threshold = result.attrs["threshold_voltage"]
    for number, scheme in enumerate(result.scheme.values):
        one = result.sel(scheme=scheme)
        axes.plot(
            result["size"],
            np.abs(one.selected_voltage) / threshold,
            color=f"C{number}",
            linestyle="-",
            label=scheme,
            **style,
        )
        axes.plot(result["size"], one.worst_voltage / threshold, color=f"C{number}", linestyle="--", **style)
    axes.axhline(1.0, color="black", linewidth=0.5, linestyle=":")
    axes.set(xlabel="word lines and bit lines", ylabel="$V$ / threshold")
    size_axis(axes, result["size"].values)
    legend_above(axes, columns=4, title="lines: selected cell; dashes: the worst other one")
    return axes


def plot_product_accuracy(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """Relative error of the product (%) against the size, a line for each wire resistance; dashes: the levels alone."""
    axes = new_axes(axes)
    for number, segment in enumerate(result.wire_resistance.values):
        values = 100.0 * result.total_error.sel(wire_resistance=segment).mean("repeat")
        look: dict[str, Any] = {"marker": MARKERS[number % len(MARKERS)], "label": f"{segment:g} Ω"}
        axes.plot(result["size"], values, **(look | style))
    axes.plot(result["size"], 100.0 * result.level_error.mean("repeat"), "k--", label="levels alone")
    axes.set(xlabel="inputs", ylabel="relative error (%)")
    _log_scale(axes)
    size_axis(axes, result["size"].values)
    legend_above(axes, columns=4, title="segment of wire")
    return axes


def plot_vector_matrix(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """The product through the array against the exact one."""
    axes = new_axes(axes)
    exact, product = result["exact"].values.ravel(), result["product"].values.ravel()
    axes.plot(exact, product, ".", **style)
    axes.axline((0.0, 0.0), slope=1.0, color="black", linewidth=0.5)
    axes.set(xlabel="exact product", ylabel="product through the array")
    return axes


def plot_sneak_paths(result: xr.Dataset, axes: Axes | None = None, *, strongest: int = 6, **style: Any) -> Axes:
    """The strongest paths drawn on the array: word lines across, bit lines down, a dot for each device on a path."""
    import networkx as nx

    axes = new_axes(axes)
    words, bits = result.conductance.shape
    graph: nx.Graph[tuple[str, int, int]] = nx.Graph()
    place = {}
    for i in range(words):
        for j in range(bits):
            # The two nodes of a cell are drawn slightly apart, to show the device between them.
            place["word", i, j] = (j - 0.12, -i + 0.12)
            place["bit", i, j] = (j + 0.12, -i - 0.12)
            graph.add_edge(("word", i, j), ("bit", i, j))
            if j:
                graph.add_edge(("word", i, j - 1), ("word", i, j))
            if i:
                graph.add_edge(("bit", i - 1, j), ("bit", i, j))
    nx.draw_networkx_edges(graph, place, ax=axes, edge_color="lightgrey", width=0.8)
    shares = result.path_share.values
    for number in range(min(strongest, shares.size)):
        nodes = [part.split(",") for part in str(result.nodes.values[number]).split()]
        points = np.array(
            [place["word" if left[0] == "w" else "bit", int(left[1:]), int(right)] for left, right in nodes]
        )
        count = int(result.length[number])
        look: dict[str, Any] = {
            "color": f"C{number}",
            "linewidth": 1.0 + 6.0 * shares[number] / shares.max(),
            "alpha": 0.6,
            "label": f"{100.0 * shares[number]:.1f} %, {count} device{'s' * (count > 1)}",
        }
        axes.plot(points[:, 0], points[:, 1], **(look | style))
    axes.set(
        xlabel="bit line", ylabel="word line", xticks=range(bits), yticks=-np.arange(words), yticklabels=range(words)
    )
    axes.tick_params(left=True, bottom=True, labelleft=True, labelbottom=True)
    axes.legend(fontsize="x-small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    axes.set_title(f"{100.0 * float(result.sneak_share):.0f} % of the read current is sneak current")
    return axes


def plot_design_map(
    result: xr.Dataset,
    axes: Axes | None = None,
    *,
    variable: str = "largest_array",
    at: Mapping[str, int] | None = None,
    devices: Mapping[str, tuple[float, float]] | None = None,
    **style: Any,
) -> Axes:
    """The largest array as colour and number, over the track's width and length (nm); 0: not even one cell.

    Above each width its well depth and retention, beside each length its levels.
    variable: 'largest_array', 'largest_written' or 'largest_read'.  at: index along the other dimensions,
    0 unless given.  devices: points of the map to mark, name -> (track width, track length) in m; with their R_P.
    """
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import LogLocator, NullLocator

    validation.choice("variable", variable, ("largest_array", "largest_written", "largest_read"))
    axes = new_axes(axes)
    dims = (str(name) for name in result[variable].dims)
    where = {name: 0 for name in dims if name not in ("track_width", "track_length")} | dict(at or {})
    lines = result[variable].isel(where).transpose("track_length", "track_width").values
    widths, lengths = result.track_width.values / NANOMETRE, result.track_length.values / NANOMETRE
    look: dict[str, Any] = {"norm": LogNorm(1.0, max(2.0, lines.max())), "alpha": 0.85} | style
    image = axes.pcolormesh(_edges(widths), _edges(lengths), np.ma.masked_less(lines, 1), **look)
    names = {point: name for name, point in (devices or {}).items()}
    ohms = result.parallel_resistance.isel(resistance_area_product=where["resistance_area_product"])
    for (row, column), number in np.ndenumerate(lines):
        seen = "white" if number < 1 else (*image.cmap(image.norm(number))[:3], look["alpha"])
        ink: dict[str, Any] = {"ha": "center", "color": ink_on(seen)}
        axes.text(widths[column], lengths[row], str(number), va="center", **ink)
        point = result.track_width.values[column], result.track_length.values[row]
        for name in (name for each, name in names.items() if np.allclose(each, point, rtol=1e-6)):
            note = f"{name}, {float(ohms[column, row]):.0f} Ω"
            # In the outer columns the note is aligned to the edge of the map.
            aside, side = {0: (-18.0, "left"), len(widths) - 1: (14.0, "right")}.get(column, (0.0, "center"))
            below: dict[str, Any] = {
                "xytext": (aside, -9.0),
                "textcoords": "offset points",
                "va": "top",
                "fontsize": "x-small",
            }
            axes.annotate(note, (widths[column], lengths[row]), **below, **(ink | {"ha": side}))
            axes.plot(widths[column], lengths[row], "o", markersize=14, markerfacecolor="none", color=VERMILION)
    axes.set(xscale="log", yscale="log", xlabel="track width $W$ (nm)", ylabel="track length $L$ (nm)")
    axes.set_xticks(widths, [f"{width:g}" for width in widths])
    axes.set_yticks(lengths, [f"{length:g}" for length in lengths])
    axes.tick_params(which="minor", bottom=False, left=False, labelbottom=False, labelleft=False)
    upper, right = axes.secondary_xaxis("top"), axes.secondary_yaxis("right")
    kept = zip(result.well_depth.values.tolist(), result.retention_time.values.tolist(), strict=True)
    upper.set_xticks(widths, [f"{depth:.2g}\n{_duration(time)}" for depth, time in kept], fontsize="small")
    upper.set_xlabel(r"well depth ($k_\mathrm{B}T$), retention", fontsize="small")
    right.set_yticks(lengths, result.levels.values.tolist(), fontsize="small")
    right.set_ylabel("levels", fontsize="small")
    for other in (upper, right):
        other.tick_params(which="minor", top=False, right=False, labeltop=False, labelright=False)
    bar = axes.figure.colorbar(image, ax=axes, label=result[variable].attrs["long_name"])
    bar.ax.yaxis.set_major_locator(LogLocator(base=2.0, subs=(1.0,), numticks=12))  # 1, 2, 4, 8, ...
    bar.ax.yaxis.set_major_formatter("{x:g}")
    bar.ax.yaxis.set_minor_locator(NullLocator())
    return axes


def _edges(centres: FloatArray) -> FloatArray:
    """Edges of cells around increasing positions, halfway on a logarithmic axis."""
    if centres.size == 1:
        return np.array([centres[0] / 1.5, centres[0] * 1.5])
    middles = np.sqrt(centres[1:] * centres[:-1])
    ends = centres[0] ** 2 / middles[0], centres[-1] ** 2 / middles[-1]
    return np.concatenate([ends[:1], middles, ends[1:]])


def _duration(seconds: float) -> str:
    """A time in a suitable unit, from ns to years."""
    if seconds > 1e6 * _YEAR:
        return "> 1e6 years"
    name, unit = next(pair for pair in _TIMES.items() if seconds >= pair[1] or pair[0] == "ns")
    return f"{float(f'{seconds / unit:.2g}'):g} {name}"


_YEAR = 3.156e7
_TIMES = {
    "years": _YEAR,
    "days": 86400.0,
    "h": 3600.0,
    "min": 60.0,
    "s": 1.0,
    "ms": 1e-3,
    "µs": 1e-6,
    "ns": 1e-9,
}


_NAMED_TIMES = (1e-9, 1e-6, 1e-3, 1.0, 3600.0, 10 * _YEAR, 1e5 * _YEAR)  # far enough apart for their names


def plot_cost(result: xr.Dataset, axes: Axes | None = None) -> Axes:
    """The parts of the energy of each operation, side by side, pJ."""
    parts = ("array_energy", "charging_energy", "driver_energy", "converter_energy")
    axes = new_axes(axes)
    place, width = np.arange(result.sizes["operation"]), 0.8 / len(parts)
    for number, name in enumerate(parts):
        axes.bar(
            place + (number - 0.5 * (len(parts) - 1)) * width,
            1e12 * result[name].values,
            width,
            label=name.removesuffix("_energy").replace("array", "devices and lines"),
        )
    axes.set_xticks(place, result.operation.values.tolist())
    axes.set_yscale("log")
    axes.set_ylabel("energy (pJ)")
    axes.set_title(f"area {1e12 * float(result.area):.4g} µm²", fontsize="small")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.08), ncols=4, fontsize="small", columnspacing=0.8)
    return axes


PLOTTERS.update(
    cost=plot_cost,
    design_map=plot_design_map,
    crossbar=plot_map,
    transistor_crossbar=plot_transistor_map,
    read_margin=plot_read_margin,
    retained_margin=plot_retained_margin,
    reach=plot_reach,
    half_select=plot_half_select,
    product_accuracy=plot_product_accuracy,
    sneak_paths=plot_sneak_paths,
    vector_matrix=plot_vector_matrix,
)
