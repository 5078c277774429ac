"""`dwmtj crossbar accuracy`."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from compact_model.device.junction import resistance

from ...options.array import fault_options, faults_from_options, numbers_from, sizes_option
from ...options.device import device_options, track_from_options
from ...options.help import Command
from ...options.read_out import read_noise_from_percent, read_noise_option, read_out_from_options, read_out_options
from ...output import check_outputs, deliver, output_options, table


@click.command(
    name="accuracy",
    cls=Command,
    examples=[
        "crossbar accuracy --sizes 8,16,32 -o accuracy.png",
        "crossbar accuracy --levels 4 --wire-resistances 0.1 --json",
        "crossbar accuracy --levels 16 --slices 2 --dac-bits 6 --bits-per-cycle 1 --adc-bits 8",
    ],
    writes="The error of products for each size and segment (.nc), curves of these (.png, .pdf, .svg).",
)
@sizes_option("8,16,32,64")
@click.option(
    "--wire-resistances", default="0,0.01,0.1,1", show_default=True, metavar="Ohm,...", help="Segment resistances, Ohm."
)
@click.option("--levels", type=click.IntRange(2), help="Equally spaced levels  [default: those of the track]")
@click.option(
    "--repeats", type=click.IntRange(1), default=4, show_default=True, help="Number of random arrays of each kind."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of weights and inputs.")
@read_noise_option
@read_out_options
@fault_options
@device_options
@output_options
def command(
    sizes: str,
    wire_resistances: str,
    levels: int | None,
    repeats: int,
    seed: int,
    read_noise: float,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Error of vector-matrix products, against size and wires.

    The levels are the rest positions of the wall in the given landscape, by default the paper's many-level track (Oe,
    nm, Ohm).
    """
    from crossbar.studies.accuracy import product_accuracy
    from crossbar.vector_matrix import device_levels

    check_outputs(outputs)
    read_out = read_out_from_options(options, signed=True)
    faults = faults_from_options(options)
    parameters, landscape, track = track_from_options(options)
    states = device_levels(parameters, landscape)
    if levels is not None:
        ends = 1.0 / resistance(parameters, [0.0, parameters.track_length])
        states = np.linspace(ends[0], ends[1], levels)
    result = product_accuracy(
        numbers_from("--sizes", sizes, int),
        numbers_from("--wire-resistances", wire_resistances, float),
        states,
        repeats=repeats,
        faults=faults,
        read_noise=read_noise_from_percent(read_noise),
        seed=seed,
        progress=not quiet,
        **read_out,
    )
    mean = 100.0 * result.total_error.mean("repeat")
    alone = 100.0 * result.level_error.mean("repeat")
    rows = [
        [int(size), f"{float(alone.sel(size=size)):.2f}", *(f"{float(v):.2f}" for v in mean.sel(size=size))]
        for size in result["size"].values
    ]
    headers = ["inputs", "levels alone %", *(f"{r:g} Ohm %" for r in result.wire_resistance.values)]
    summary = {
        "levels": states.size,
        "sizes": result["size"].values.tolist(),
        "wire_resistance_Ohm": result.wire_resistance.values.tolist(),
        "level_error": (0.01 * alone).values.tolist(),
        "total_error": (0.01 * mean).values.tolist(),
    }
    kind = f"of {track}" if levels is None else "evenly spaced between the ends of the track"
    deliver(result, summary, f"{states.size} levels, {kind}\n{table(headers, rows)}", outputs=outputs, as_json=as_json)
