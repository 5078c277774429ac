"""`dwmtj crossbar reach`."""

from pathlib import Path
from typing import Any

import click

from crossbar.schemes import MARGINS, SCHEMES

from ...options.array import fault_options, faults_from_options, numbers_from, scheme_option
from ...options.device import device_from_options, device_options
from ...options.help import Command
from ...output import check_outputs, deliver, output_options, table


@click.command(
    name="reach",
    cls=Command,
    examples=[
        "crossbar reach --tmrs 95,300,1000 --largest 32 -o reach.png",
        "crossbar reach --read-kind current --scheme V/2 --json",
    ],
    writes="The largest array for each TMR, segment and scheme (.nc), curves of these (.png, .pdf, .svg).",
)
@click.option("--tmrs", default="95,200,300,600,1000", show_default=True, metavar="%,%,...", help="TMR, %.")
@click.option(
    "--wire-resistances", default="0,1", show_default=True, metavar="Ohm,...", help="Segment resistances, Ohm."
)
@click.option("--read-kind", type=click.Choice(MARGINS), default="voltage", show_default=True, help="Margin to use.")
@click.option(
    "--criterion", type=float, default=10.0, show_default=True, metavar="%", help="Smallest acceptable margin, %."
)
@click.option(
    "--largest", type=click.IntRange(1), default=64, show_default=True, help="Number of lines at which the search ends."
)
@click.option("--driver-resistance", type=float, default=0.0, show_default=True, metavar="Ohm", help="Ohm.")
@fault_options
@scheme_option
@device_options
@output_options
def command(
    tmrs: str,
    wire_resistances: str,
    read_kind: str,
    criterion: float,
    largest: int,
    driver_resistance: float,
    schemes: tuple[str, ...],
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """The largest square array with a read margin of 10 %, against TMR, wires and scheme (Oe, nm, Ohm)."""
    from crossbar.studies.margins import reach

    check_outputs(outputs)
    faults = faults_from_options(options)
    parameters, _, _ = device_from_options(options)
    low = parameters.parallel_resistance
    ratios = [0.01 * value for value in numbers_from("--tmrs", tmrs, float)]
    result = reach(
        ratios,
        numbers_from("--wire-resistances", wire_resistances, float),
        low_resistance=low,
        schemes=schemes or SCHEMES,
        kind=read_kind,
        driver_resistance=driver_resistance,
        faults=faults,
        criterion=0.01 * criterion,
        largest=largest,
        progress=not quiet,
    )
    rows = [
        [
            f"{scheme}, {segment:g} Ohm",
            *(int(n) for n in result.largest_array.sel(scheme=scheme, wire_resistance=segment)),
        ]
        for scheme in result.scheme.values
        for segment in result.wire_resistance.values
    ]
    text = table(["TMR", *(f"{100.0 * ratio:.0f} %" for ratio in ratios)], rows)
    summary = {
        "tmr_percent": [100.0 * ratio for ratio in ratios],
        "wire_resistance_Ohm": result.wire_resistance.values.tolist(),
        "largest_array": {str(s): result.largest_array.sel(scheme=s).values.tolist() for s in result.scheme.values},
    }
    deliver(result, summary, f"{text}\n{largest} means: at least {largest}", outputs=outputs, as_json=as_json)
