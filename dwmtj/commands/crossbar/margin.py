"""`dwmtj crossbar margin`."""

from pathlib import Path
from typing import Any

import click

from crossbar.schemes import SCHEMES

from ...options.array import (
    driver_options,
    high_state_option,
    numbers_from,
    resistances,
    scheme_option,
    sizes_option,
    wires_from_options,
)
from ...options.device import device_from_options, device_options
from ...options.help import Command
from ...output import check_outputs, deliver, output_options, table


@click.command(
    name="margin",
    cls=Command,
    examples=[
        "crossbar margin --sizes 1,2,4,8,16 --wire-resistance 0 -o margin.png",
        "crossbar margin --scheme V/2 --high-state wall --json",
    ],
    writes="Both margins for each scheme and size (.nc), curves of these (.png, .pdf, .svg).",
)
@sizes_option("1,2,3,4,8,16,32")
@scheme_option
@click.option(
    "--criterion", type=float, default=10.0, show_default=True, metavar="%", help="Smallest acceptable margin, %."
)
@click.option("--pull-up", type=float, metavar="Ohm", help="Load R_pu of the voltage margin, Ohm  [default: R_L]")
@high_state_option
@driver_options
@device_options
@output_options
def command(
    sizes: str,
    schemes: tuple[str, ...],
    criterion: float,
    pull_up: float | None,
    high_state: str,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Voltage and current read margins for the worst cell and the worst background, and the largest array.

    R_L is R_P (Oe, nm, Ohm).
    """
    from crossbar.studies.margins import largest_array, read_margin
    from crossbar.studies.one_cell import Reading

    check_outputs(outputs)
    lines = numbers_from("--sizes", sizes, int)
    wires = wires_from_options(options)
    parameters, _, _ = device_from_options(options)
    low, high = resistances(parameters, high_state)
    chosen = schemes or SCHEMES
    result = read_margin(
        lines,
        low_resistance=low,
        high_resistance=high,
        schemes=chosen,
        pull_up=pull_up,
        wires=wires,
        progress=not quiet,
    )
    largest = {
        scheme: largest_array(
            low_resistance=low,
            high_resistance=high,
            reading=Reading(scheme=scheme, kind="voltage", pull_up=pull_up),
            criterion=0.01 * criterion,
            wires=wires,
        )
        for scheme in chosen
    }
    rows = [
        [
            int(size),
            *(f"{100.0 * float(result.voltage_margin.sel(scheme=scheme, size=size)):.1f}" for scheme in chosen),
            *(f"{100.0 * float(result.current_margin.sel(scheme=scheme, size=size)):.1f}" for scheme in chosen),
        ]
        for size in lines
    ]
    headers = ["lines", *(f"V {scheme} %" for scheme in chosen), *(f"I {scheme} %" for scheme in chosen)]
    reached = ", ".join(f"{scheme} {size} x {size}" for scheme, size in largest.items())
    text = (
        f"R_L = {low:.4g} Ohm, R_H = {high:.4g} Ohm\n{table(headers, rows)}\n"
        f"largest array with a voltage margin of {criterion:g} %: {reached}"
    )
    summary = {
        "sizes": lines,
        "low_resistance_Ohm": low,
        "high_resistance_Ohm": high,
        "voltage_margin": {str(s): result.voltage_margin.sel(scheme=s).values.tolist() for s in chosen},
        "current_margin": {str(s): result.current_margin.sel(scheme=s).values.tolist() for s in chosen},
        "largest_array": largest,
    }
    deliver(result, summary, text, outputs=outputs, as_json=as_json)
