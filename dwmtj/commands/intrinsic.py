"""`dwmtj intrinsic`."""

from pathlib import Path
from typing import Any

import click

from compact_model.constants import NANOMETRE, NANOSECOND, OERSTED

from ..options.device import device_from_options, device_options
from ..options.help import Command
from ..output import check_outputs, deliver, output_options


@click.command(
    name="intrinsic",
    cls=Command,
    examples=[
        "intrinsic --stable-field 15 --stable-time 3.6e12",
        "intrinsic --threshold-field 30 --threshold-error 2 --json",
    ],
    writes="H_c with its error and the input (.nc), thresholds against H_c (.png, .pdf, .svg).",
)
@click.option(
    "--threshold-field", type=float, metavar="Oe", help="Measured median net field at which a ramp frees the wall, Oe."
)
@click.option("--threshold-error", type=float, default=0.0, show_default=True, metavar="Oe", help="Its error, Oe.")
@click.option(
    "--field-ramp-rate",
    type=float,
    default=1e-9,
    show_default=True,
    metavar="Oe/ns",
    help="Rate of that ramp, Oe/ns; 1e-9 is 1 Oe/s.",
)
@click.option(
    "--stable-field",
    type=float,
    metavar="Oe",
    help="Instead: measured largest net field under which the wall stays, Oe.",
)
@click.option("--stable-error", type=float, default=0.0, show_default=True, metavar="Oe", help="Its error, Oe.")
@click.option(
    "--stable-time",
    type=float,
    default=6e10,
    show_default=True,
    metavar="ns",
    help="Time for which it stays, ns; 6e10 is a minute.",
)
@click.option(
    "--half-width-error", type=float, default=0.0, show_default=True, metavar="nm", help="Error of --half-width, nm."
)
@click.option(
    "--temperature",
    type=float,
    default=300.0,
    show_default=True,
    metavar="K",
    help="Temperature of the measurement, K.",
)
@device_options
@output_options
def command(
    threshold_field: float | None,
    threshold_error: float,
    field_ramp_rate: float,
    stable_field: float | None,
    stable_error: float,
    stable_time: float,
    half_width_error: float,
    temperature: float,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """H_c at T = 0 of a site with a measured threshold or a measured stability.

    Give either --threshold-field and the ramp rate, or --stable-field and the time.  x_c is --half-width.
    """
    from compact_model.rates.intrinsic import intrinsic_site

    check_outputs(outputs)
    parameters, _, numbers = device_from_options(options)
    result = intrinsic_site(
        parameters,
        threshold_field=None if threshold_field is None else threshold_field * OERSTED,
        threshold_error=threshold_error * OERSTED,
        ramp_rate=field_ramp_rate * OERSTED / NANOSECOND,
        stable_field=None if stable_field is None else stable_field * OERSTED,
        stable_error=stable_error * OERSTED,
        stable_time=stable_time * NANOSECOND,
        half_width=numbers["half_width"],
        half_width_error=half_width_error * NANOMETRE,
        temperature=temperature,
        kind=numbers["kind"],
    )
    height, error, lower, median, upper = (
        float(result[name]) / OERSTED
        for name in ("coercive_field", "coercive_field_error", "lower_quartile", "median", "upper_quartile")
    )
    depth = float(result.well_depth)
    summary = {
        "coercive_field_Oe": height,
        "coercive_field_error_Oe": error,
        "well_depth_kT": depth,
        "threshold_quartiles_Oe": [lower, median, upper],
    }
    text = (
        f"H_c at T = 0: {height:.4g} Oe +- {error:.2g} Oe; the site is {depth:.3g} k_B T deep\n"
        f"a ramp of {field_ramp_rate:g} Oe/ns at {temperature:g} K frees the wall at {median:.4g} Oe "
        f"(quartiles {lower:.4g} and {upper:.4g} Oe)"
    )
    deliver(result, summary, text, outputs=outputs, as_json=as_json)
