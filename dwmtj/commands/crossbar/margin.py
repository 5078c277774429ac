"""`dwmtj crossbar margin`."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from compact_model.constants import NANOMETRE, NANOSECOND
from compact_model.support.validation import InputError
from crossbar.schemes import MARGINS, SCHEMES

from ...options.array import (
    driver_options,
    high_state_option,
    numbers_from,
    resistances,
    scheme_option,
    sizes_option,
    wires_from_options,
)
from ...options.device import device_from_options, device_options, track_from_options, track_options
from ...options.help import Command
from ...options.learning import retention_from, retention_option
from ...output import check_outputs, deliver, output_options, refuse_unused, table

_OF_TIME = ("read_kind", "samples", "temperature", "seed")
_QUANTILES = {"lower_margin": 0.05, "median_margin": 0.5, "upper_margin": 0.95}


@click.command(
    name="margin",
    cls=Command,
    examples=[
        "crossbar margin --sizes 1,2,4,8,16 --wire-resistance 0 -o margin.png",
        "crossbar margin --scheme V/2 --high-state wall --json",
        "crossbar margin --sizes 8 --scheme grounded --read-kind current --retention 1e3,1e5,1e7,1e9",
    ],
    writes="Both margins for each scheme and size, or with --retention one of them for each time and sample (.nc), "
    "curves of these (.png, .pdf, .svg).",
)
@sizes_option("1,2,3,4,8,16,32")
@scheme_option
@click.option(
    "--criterion", type=float, default=10.0, show_default=True, metavar="%", help="Smallest acceptable margin, %."
)
@click.option("--pull-up", type=float, metavar="Ohm", help="Load R_pu of the voltage margin, Ohm  [default: R_L]")
@high_state_option
@retention_option("the margin is computed again, for one size and scheme")
@click.option(
    "--read-kind",
    type=click.Choice(MARGINS),
    default="voltage",
    show_default=True,
    help="Margin to use with --retention.",
)
@click.option(
    "--samples", type=click.IntRange(1), default=100, show_default=True, help="Number of arrays with --retention."
)
@track_options
@driver_options
@device_options
@output_options
def command(
    sizes: str,
    schemes: tuple[str, ...],
    criterion: float,
    pull_up: float | None,
    high_state: str,
    retention: str,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Voltage and current read margins for the worst cell and the worst background, and the largest array.

    R_L is R_P.  With --retention: one of the margins of an array whose walls hop, at zero net field, between the sites
    of the given landscape or else of the paper's many-level track; R_L and R_H are those of walls in its last and its
    first site (Oe, nm, Ohm, ns).
    """
    from crossbar.studies.margins import largest_array, read_margin
    from crossbar.studies.one_cell import Reading

    check_outputs(outputs)
    lines = numbers_from("--sizes", sizes, int)
    wires = wires_from_options(options)
    of_time = {name: options.pop(name) for name in _OF_TIME}
    if ages := retention_from(retention):
        refuse_unused("--retention", ("high_state",))
        one = {"--sizes": lines, "--scheme": schemes or SCHEMES}
        for option, given in one.items():
            if len(given) != 1:
                raise InputError(f"{option}: expected one with --retention, got {', '.join(map(str, given))}")
        reading = Reading(scheme=one["--scheme"][0], kind=of_time.pop("read_kind"), pull_up=pull_up)
        keywords = {"size": lines[0], "retention": ages, "reading": reading, "wires": wires, "progress": not quiet}
        _after_time(options, criterion, outputs, as_json, **keywords, **of_time)
        return
    refuse_unused("no --retention", _OF_TIME)
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
    both = 100.0 * np.concatenate([result.voltage_margin.values, result.current_margin.values])
    rows = [[size, *(f"{percent:.1f}" for percent in row)] for size, row in zip(lines, both.T.tolist(), strict=True)]
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


def _after_time(
    options: dict[str, Any], criterion: float, outputs: tuple[Path, ...], as_json: bool, **keywords: Any
) -> None:
    """The margin after times without a voltage.  criterion: %; keywords: of `retained_margin`."""
    from crossbar.studies.retaining import retained_margin

    parameters, landscape, track = track_from_options(options)
    if len(landscape.wells) < 2:
        raise InputError("--sites: expected at least 2 with --retention, one for each state, got 1")
    result = retained_margin(parameters, landscape, **keywords)
    shares = result.margin.quantile(list(_QUANTILES.values()), "sample").values
    below = (result.margin < 0.01 * criterion).mean("sample").values
    fresh = {name: float(result[name]) for name in ("fresh_low_resistance", "fresh_high_resistance", "fresh_margin")}
    places = {name: float(result[name]) / NANOMETRE for name in ("low_position", "high_position")}
    times = (result.retention_time.values / NANOSECOND).tolist()
    rows = [
        [f"{time:g}", *(f"{100.0 * share:.1f}" for share in row)]
        for time, *row in zip(times, *shares, below, result.misread.values, strict=True)
    ]
    headers = ["after ns", "5th percentile %", "median %", "95th percentile %"]
    headers += [f"below {criterion:g}: % of samples", "not above 0: % of samples"]
    text = (
        f"R_L = {fresh['fresh_low_resistance']:.4g} Ohm (x = {places['low_position']:.4g} nm), "
        f"R_H = {fresh['fresh_high_resistance']:.4g} Ohm (x = {places['high_position']:.4g} nm), {track}\n"
        f"{result.attrs['kind']} margin of {keywords['size']} x {keywords['size']} cells, {result.attrs['scheme']}, "
        f"when written: {100.0 * fresh['fresh_margin']:.1f} %\n{table(headers, rows)}"
    )
    summary = {
        "size": keywords["size"],
        "low_resistance_Ohm": fresh["fresh_low_resistance"],
        "high_resistance_Ohm": fresh["fresh_high_resistance"],
        **{f"{name}_nm": value for name, value in places.items()},
        "fresh_margin": fresh["fresh_margin"],
        "retention_ns": times,
        **{name: row.tolist() for name, row in zip(_QUANTILES, shares, strict=True)},
        "below_criterion": below.tolist(),
        "misread": result.misread.values.tolist(),
    }
    deliver(result, summary, text, outputs=outputs, as_json=as_json)
