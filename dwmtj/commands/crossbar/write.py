"""`dwmtj crossbar write`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from compact_model.constants import NANOMETRE, NANOSECOND
from compact_model.figures import TWO_COLUMNS
from compact_model.support.validation import InputError, positive

from ...options.array import size_option
from ...options.help import Command
from ...options.in_time import ArrayInTime, access_from_options, access_options, time_options, write_voltage
from ...output import check_outputs, deliver, output_options, table

if TYPE_CHECKING:
    import xarray as xr


@click.command(
    name="write",
    cls=Command,
    examples=[
        "crossbar write --cell 3,5 -o write.png -o write.gif",
        "crossbar write --word-lines 4 --bit-lines 4 --scheme V/2 --temperature 300 --json",
    ],
    writes="Every wall, voltage and current over time (.nc), curves and a map (.png, .pdf, .svg), the "
    "array as it is written (.gif).",
)
@size_option(16)
@click.option("--cell", "cells", multiple=True, metavar="I,J", help="Word and bit line; may be given several times.")
@click.option(
    "--word-line",
    "rows",
    multiple=True,
    type=int,
    metavar="I",
    help="All cells of a word line; may be given several times.",
)
@click.option("--voltage", type=float, metavar="V", help="On the cells, V  [default: 1.4 times the threshold]")
@click.option("--pulse-width", type=float, default=4.0, show_default=True, metavar="ns", help="Length of a pulse, ns.")
@click.option(
    "--records",
    type=click.IntRange(2),
    default=24,
    show_default=True,
    help="Number of records in each pulse, and in each rest.",
)
@access_options
@time_options
@output_options
def command(
    word_lines: int,
    bit_lines: int,
    cells: tuple[str, ...],
    rows: tuple[int, ...],
    voltage: float | None,
    pulse_width: float,
    records: int,
    store: Path | None,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Write a cell (by default the one in the middle), several cells or rows, and follow every wall of the array.

    -o FILE.gif writes an animation of the walls (Oe, nm, Ohm, ns).
    """
    from crossbar.operate.operations import record_writing

    check_outputs(outputs, animated=True)
    array, access = ArrayInTime(options), access_from_options(options)
    shape = (word_lines, bit_lines)
    volts = np.zeros(shape)
    level = write_voltage(array.parameters, voltage, 1.4)
    places = [_cell(text, shape) for text in cells] + [(row, column) for row in rows for column in range(bit_lines)]
    for place in places or [(word_lines // 2, bit_lines // 2)]:
        if not 0 <= place[0] < word_lines:
            raise InputError(f"--word-line: expected a number from 0 to {word_lines - 1}, got {place[0]}")
        if volts[place]:
            raise InputError(f"--cell: expected every cell once, got {place[0]},{place[1]} twice")
        volts[place] = level
    result = record_writing(
        array.simulation(shape),
        volts,
        positive("--pulse-width", pulse_width) * NANOSECOND,
        access,
        records=records,
        store=store,
        progress=not quiet,
    )
    moved = (result.position[-1] - result.position[0]).values / NANOMETRE
    own, other = np.abs(moved[volts != 0.0]), np.abs(moved[volts == 0.0])
    current = result.word_line_current
    summary = {
        "voltage_V": level,
        "selected_moved_nm": [float(own.min()), float(own.max())],
        "others_moved_nm": float(other.max()) if other.size else 0.0,
        "largest_line_current_mA": 1e3 * float(np.abs(current).max()),
        "energy_pJ": 1e12 * result.attrs["energy_of_sources"],
        "energy_in_lines_pJ": 1e12 * result.attrs["energy_in_lines"],
        "solutions": int(result.attrs["solutions_of_the_network"]),
    }
    text = table(
        ["", "least", "most"],
        [
            ["selected walls moved (nm)", float(own.min()), float(own.max())],
            ["other walls moved (nm)", *([float(other.min()), float(other.max())] if other.size else ["-", "-"])],
        ],
    )
    text += (
        f"\n{level:.4g} V; {summary['energy_pJ']:.4g} pJ, of which {summary['energy_in_lines_pJ']:.4g} pJ in the "
        f"lines; {summary['solutions']} solutions of the network"
    )
    deliver(result, summary, text, outputs=outputs, as_json=as_json, draw=lambda f: _draw(result, f), size=TWO_COLUMNS)


def _cell(text: str, shape: tuple[int, int]) -> tuple[int, int]:
    parts = text.split(",")
    if len(parts) != 2 or not all(part.strip().isdecimal() for part in parts):
        raise InputError(f"--cell: expected word line and bit line, such as 3,5, got {text!r}")
    place = int(parts[0]), int(parts[1])
    if place[0] >= shape[0] or place[1] >= shape[1]:
        raise InputError(f"--cell: expected a cell of the {shape[0]} x {shape[1]} array, got {text!r}")
    return place


def _draw(result: xr.Dataset, figure: Any) -> None:
    left, right = figure.subplots(1, 2)
    result.dwmtj.plot(left)
    result.dwmtj.plot(right, quantity="displacement")
