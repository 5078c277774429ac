"""`dwmtj crossbar sneak`."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from compact_model.device.junction import resistance
from crossbar.schemes import SCHEMES, bias

from ...options.array import size_option, wire_options, wires_from_options
from ...options.device import device_from_options, device_options
from ...options.help import Command
from ...output import check_outputs, deliver, output_options, table


@click.command(
    name="sneak",
    cls=Command,
    examples=[
        "crossbar sneak --word-lines 4 --bit-lines 4 -o paths.png",
        "crossbar sneak --scheme grounded --paths 20 --json",
    ],
    writes="Paths with their currents (.nc), the array with the paths drawn in it (.png, .pdf, .svg).",
)
@size_option(4)
@click.option("--scheme", type=click.Choice(SCHEMES), default="floating", show_default=True)
@click.option("--voltage", type=float, default=0.1, show_default=True, metavar="V", help="Read voltage, V.")
@click.option("--selected-high", is_flag=True, help="The selected device at R_H; the others are at R_L.")
@click.option("--paths", type=click.IntRange(1), default=8, show_default=True, help="Number of paths to print.")
@wire_options
@device_options
@output_options
def command(
    word_lines: int,
    bit_lines: int,
    scheme: str,
    voltage: float,
    selected_high: bool,
    paths: int,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Sneak paths: the read current of the worst cell, divided into its paths (Oe, nm, Ohm)."""
    from crossbar.crossbar import Crossbar
    from crossbar.sneak import sneak_paths

    check_outputs(outputs)
    wires = wires_from_options(options)
    parameters, _, _ = device_from_options(options)
    position = np.full((word_lines, bit_lines), parameters.track_length)
    if selected_high:
        position[0, -1] = 0.0
    stuck = wires.between(parameters.parallel_resistance, float(resistance(parameters, 0.0)))
    array = Crossbar(resistance=resistance(parameters, position), **stuck.keywords())
    held = bias(scheme, array.shape, voltage, word_line=0, bit_line=bit_lines - 1)
    result = sneak_paths(array, held, word_line=0, bit_line=bit_lines - 1)
    rows = [
        [f"{100.0 * float(result.path_share[k]):.2f}", int(result.length[k]), str(result.route.values[k])]
        for k in range(min(paths, result.sizes["path"]))
    ]
    classes = {int(each.length_class): float(each) for each in result.length_share}
    by_length = ", ".join(f"{length} device{'s' * (length > 1)} {100.0 * s:.1f} %" for length, s in classes.items())
    text = (
        f"{table(['%', 'devices', 'path'], rows)}\n"
        f"sneak current: {100.0 * float(result.sneak_share):.1f} % of {1e3 * float(result.read_current):.4g} mA; "
        f"by length: {by_length}"
    )
    summary = {
        "sneak_share": float(result.sneak_share),
        "read_current_mA": 1e3 * float(result.read_current),
        "share_by_length": classes,
        "paths": [
            {"share": float(s), "route": str(r)} for s, r in zip(result.path_share, result.route.values, strict=True)
        ],
    }
    deliver(result, summary, text, outputs=outputs, as_json=as_json)
