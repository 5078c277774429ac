"""`dwmtj crossbar solve`."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from compact_model.support.random import generator
from crossbar.schemes import SCHEMES, bias

from ...options.array import size_option, wire_options, wires_from_options
from ...options.device import device_from_options, device_options
from ...options.help import Command
from ...output import check_outputs, deliver, output_options, table


@click.command(
    name="solve",
    cls=Command,
    examples=[
        "crossbar solve --word-lines 64 --bit-lines 64 --scheme V/2 --voltage 0.2 -o map.png",
        "crossbar solve --word-lines 8 --bit-lines 8 --wire-resistance 2 --json",
    ],
    writes="Node voltages and currents of every cell and line (.nc), a map of the cells' voltages (.png, .pdf, .svg).",
)
@size_option(64)
@click.option("--scheme", type=click.Choice(SCHEMES), default="grounded", show_default=True)
@click.option(
    "--voltage", type=float, default=0.1, show_default=True, metavar="V", help="Voltage of the selected line, V."
)
@click.option("--whole-word-line", "row", is_flag=True, help="Read the whole word line in parallel.")
@click.option("--word-line", type=int, default=0, show_default=True, help="Selected word line.")
@click.option("--bit-line", type=int, help="Selected bit line  [default: the last]")
@click.option(
    "--pattern", type=click.Choice(["P", "AP", "random"]), default="P", show_default=True, help="Pattern of states."
)
@click.option(
    "--map",
    "quantity",
    type=click.Choice(["voltage", "current", "word_line", "bit_line"]),
    default="voltage",
    show_default=True,
    help="Quantity in the figure of -o.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the random states.")
@wire_options
@device_options
@output_options
def command(
    word_lines: int,
    bit_lines: int,
    scheme: str,
    voltage: float,
    row: bool,
    word_line: int,
    bit_line: int | None,
    pattern: str,
    quantity: str,
    seed: int,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """All voltages and currents of an array, with the devices' bias-dependent TMR (Oe, nm, Ohm)."""
    from crossbar.cells import Junctions
    from crossbar.crossbar import Crossbar

    check_outputs(outputs)
    wires = wires_from_options(options)
    parameters, _, _ = device_from_options(options)
    shape = (word_lines, bit_lines)
    share = {"P": np.ones(shape), "AP": np.zeros(shape)}.get(pattern)
    if share is None:
        share = generator(seed).uniform(0.0, 1.0, shape)
    array = Crossbar(cells=Junctions(parameters, parameters.track_length * share), **wires.keywords())
    column = bit_lines - 1 if bit_line is None else bit_line
    held = bias(scheme, shape, voltage, word_line=word_line, bit_line=None if row else column)
    result = array.solve(**held.arguments()).assign_attrs(map=quantity)
    across = result.device_voltage.values[0]
    selected = across[word_line] if row else across[word_line, column : column + 1]
    current = result.bit_line_current.values[0]
    summary = {
        "method": result.attrs["method"],
        "iterations": int(result.attrs["iterations"]),
        "residual": float(result.attrs["residual"]),
        "lowest_selected_voltage_V": float(np.abs(selected).min()),
        "highest_selected_voltage_V": float(np.abs(selected).max()),
        "power_mW": 1e3 * float(result.power[0]),
        "bit_line_current_mA": (1e3 * current).tolist(),
    }
    sensed = 1e3 * (current if row else current[column : column + 1])
    text = table(
        ["", "lowest", "highest"],
        [
            ["voltage on the selected cells (V)", float(np.abs(selected).min()), float(np.abs(selected).max())],
            ["sensed current (mA)", float(sensed.min()), float(sensed.max())],
        ],
    )
    text += (
        f"\npower {1e3 * float(result.power[0]):.4g} mW; {result.attrs['method']} method, "
        f"{result.attrs['iterations']} iterations, residual {result.attrs['residual']:.1e}"
    )
    deliver(result, summary, text, outputs=outputs, as_json=as_json)
