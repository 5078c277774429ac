"""`dwmtj crossbar disturb`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from compact_model.constants import NANOMETRE, NANOSECOND
from compact_model.support.validation import positive

from ...options.array import numbers_from, size_option, sizes_option
from ...options.help import Command
from ...options.in_time import ArrayInTime, access_from_options, access_options, time_options, write_voltage
from ...output import check_outputs, deliver, output_options, refuse_unused, table

if TYPE_CHECKING:
    import xarray as xr

KINDS = ("map", "write", "read")
_UNUSED = {
    "map": ("voltage", "pulse_width", "count", "word_lines", "bit_lines", "start", "spreads"),
    "write": ("voltages", "pulse_widths", "sizes"),
    "read": ("voltage", "pulse_widths", "sizes", "store", "scheme", "edge", "settle", "compensate"),
}


@click.command(
    name="disturb",
    cls=Command,
    examples=[
        "crossbar disturb --sizes 4,32 --wire-resistance 0.1 -o disturb.png",
        "crossbar disturb --kind write --count 20 --temperature 300 -o drift.png",
    ],
    writes="Displacements by cell, pulse or voltage (.nc), as a map or as curves (.png, .pdf, .svg); of "
    "writes also an animation (.gif).",
)
@click.option("--kind", type=click.Choice(KINDS), default="map", show_default=True, help="See above.")
@sizes_option("4,32")
@size_option(8)
@click.option("--voltages", metavar="V,...", help="map, read: V  [default: shares of the threshold]")
@click.option("--pulse-widths", default="1,2,4,8,16", show_default=True, metavar="ns,...", help="map: ns.")
@click.option("--voltage", type=float, metavar="V", help="write: V  [default: 1.4 times the threshold]")
@click.option("--pulse-width", type=float, default=4.0, show_default=True, metavar="ns", help="write, read: ns.")
@click.option("--count", type=click.IntRange(1), default=20, show_default=True, help="write, read: number of pulses.")
@click.option(
    "--level", type=float, metavar="nm", help="Displacement that counts as moved, nm  [default: x_c of the first site]"
)
@access_options
@time_options
@output_options
def command(
    kind: str,
    sizes: str,
    word_lines: int,
    bit_lines: int,
    voltages: str | None,
    pulse_widths: str,
    voltage: float | None,
    pulse_width: float,
    count: int,
    level: float | None,
    store: Path | None,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Which walls move when a cell is written or a row is read (Oe, nm, Ohm, ns).

    \b
    map    one write of the farthest cell against voltage and pulse width, at each of --sizes
    write  the same cell written repeatedly, in an array of --word-lines x --bit-lines
    read   a row read repeatedly, at each of --voltages
    """
    from crossbar.studies.disturbing import read_disturb, write_disturb, write_map

    check_outputs(outputs, animated=kind == "write")
    refuse_unused(f"--kind {kind}", _UNUSED[kind])
    array, access = ArrayInTime(options), access_from_options(options)
    threshold = array.parameters.threshold_voltage
    far = array.landscape().wells[0].half_width if level is None else positive("--level", level) * NANOMETRE
    width = positive("--pulse-width", pulse_width) * NANOSECOND
    if kind == "write":
        found = write_disturb(
            array.simulation((word_lines, bit_lines)),
            voltage=write_voltage(array.parameters, voltage, 1.4),
            width=width,
            count=count,
            level=far,
            word_line=word_lines // 2,
            bit_line=bit_lines // 2,
            access=access,
            store=store,
            progress=not quiet,
        )
        _deliver_writes(found, outputs, as_json)
        return
    if kind == "read":
        volts = _voltages(voltages, np.linspace(0.1, 1.0, 10) * threshold)
        found = read_disturb(
            lambda: array.simulation((word_lines, bit_lines)),
            voltages=volts,
            width=width,
            count=count,
            level=far,
            progress=not quiet,
        )
        _deliver_reads(found, outputs, as_json)
        return
    found = write_map(
        array.parameters,
        array.landscape(),
        voltages=_voltages(voltages, np.array([0.8, 1.1, 1.4, 1.7, 2.0, 2.4]) * threshold),
        widths=NANOSECOND * np.array(numbers_from("--pulse-widths", pulse_widths, float)),
        sizes=numbers_from("--sizes", sizes, int),
        level=far,
        access=access,
        wires=array.wires,
        store=store,
        progress=not quiet,
        **array.accuracy,
        **array.of_walls,
    )
    _deliver_map(found, outputs, as_json)


def _voltages(text: str | None, default: Any) -> Any:
    return default if text is None else numbers_from("--voltages", text, float)


def _deliver_map(result: xr.Dataset, outputs: tuple[Path, ...], as_json: bool) -> None:
    from crossbar.plots.in_time import OUTCOMES

    widths = result.width.values / NANOSECOND
    parts = []
    for size in result["size"].values.tolist():
        rows = [
            [f"{volt:.3f}", *(_LETTERS[int(each)] for each in result.outcome.sel(size=size, voltage=volt).values)]
            for volt in result.voltage.values
        ]
        parts.append(f"{size} x {size}\n" + table(["V", *(f"{each:g} ns" for each in widths)], rows))
    legend = ", ".join(f"{letter}: {outcome}" for letter, outcome in zip(_LETTERS, OUTCOMES, strict=True))
    summary = {
        "size": result["size"].values.tolist(),
        "voltage_V": result.voltage.values.tolist(),
        "width_ns": widths.tolist(),
        "outcome": result.outcome.values.tolist(),
        "outcomes": list(OUTCOMES),
    }
    count = result.sizes["size"]
    deliver(
        result,
        summary,
        "\n".join(parts) + f"\n{legend}",
        outputs=outputs,
        as_json=as_json,
        draw=lambda figure: _draw_map(result, figure),
        size=(1.2 + 2.2 * count, 2.6),
    )


_LETTERS = (".", "S", "X", "x")


def _draw_map(result: xr.Dataset, figure: Any) -> None:
    sizes = result["size"].values.tolist()
    for axes, size in zip(np.atleast_1d(figure.subplots(1, len(sizes))), sizes, strict=True):
        result.dwmtj.plot(axes, size=size, legend=size == sizes[-1])


def _deliver_writes(result: xr.Dataset, outputs: tuple[Path, ...], as_json: bool) -> None:
    groups = [str(name) for name in result.group.values]
    first = [_first(result.lost_after.values[(result.selection == name).values]) for name in groups]
    rows = [
        [name, float(drift) / NANOMETRE, f"{100.0 * float(lost):.1f}", "never" if number is None else number]
        for name, drift, lost, number in zip(groups, result.drift.values, result.lost.values, first, strict=True)
        if np.isfinite(drift)  # a single line has no others
    ]
    summary = {
        "group": groups,
        "drift_nm_per_pulse": [None if np.isnan(each) else float(each) / NANOMETRE for each in result.drift.values],
        "lost": [None if np.isnan(each) else float(each) for each in result.lost.values],
        "first_lost_after": first,
        "voltage_V": result.attrs["voltage"],
    }
    text = table(["cells", "drift nm/pulse", "lost %", "first lost after"], rows)
    deliver(result, summary, text, outputs=outputs, as_json=as_json)


def _first(lost_after: Any) -> int | None:
    known = lost_after[np.isfinite(lost_after)]
    return int(known.min()) if known.size else None


def _deliver_reads(result: xr.Dataset, outputs: tuple[Path, ...], as_json: bool) -> None:
    largest = np.abs(result.displacement).max(("word_line", "bit_line")).values / NANOMETRE
    rows = [
        [float(volt), float(moved), f"{100.0 * float(lost):.1f}"]
        for volt, moved, lost in zip(result.voltage.values, largest, result.lost.values, strict=True)
    ]
    summary = {
        "voltage_V": result.voltage.values.tolist(),
        "largest_displacement_nm": largest.tolist(),
        "lost": result.lost.values.tolist(),
    }
    deliver(result, summary, table(["V", "moved nm", "lost %"], rows), outputs=outputs, as_json=as_json)
