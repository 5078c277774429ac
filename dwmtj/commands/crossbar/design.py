"""`dwmtj crossbar design`."""

from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from compact_model.constants import NANOMETRE, NANOSECOND, OERSTED
from compact_model.device.published import lequeux2016
from compact_model.support.validation import InputError, non_negative
from crossbar.schemes import MARGINS, SCHEMES

from ...options.array import driver_options, faults_from_options, numbers_from
from ...options.device import DEVICE, device_from_options, parameter_options
from ...options.help import Command
from ...options.in_time import spread_option, spreads_from
from ...output import check_outputs, deliver, key, output_options, table

_OHM_SQUARE_MICROMETRE = 1e-12


@click.command(
    name="design",
    cls=Command,
    examples=[
        "crossbar design --track-widths 30,50 --resistance-area-product 15 -o design.png",
        "crossbar design --scheme V/3 --largest 32 --json",
    ],
    writes="Largest arrays, levels and retention for each size of the device (.nc), the same as maps "
    "(.png, .pdf, .svg).",
)
@click.option("--track-widths", default="30,50,70,100", show_default=True, metavar="nm,...", help="Track widths, nm.")
@click.option("--track-lengths", default="150,300,1000", show_default=True, metavar="nm,...", help="Track lengths, nm.")
@click.option(
    "--resistance-area-product", metavar="Ohm um2", type=float, help="RA_P, Ohm um2  [default: the device's own]"
)
@click.option("--scheme", type=click.Choice(SCHEMES), default="V/2", show_default=True, help="Bias scheme for writing.")
@click.option("--read-scheme", type=click.Choice(SCHEMES), default="grounded", show_default=True)
@click.option("--read-kind", type=click.Choice(MARGINS), default="current", show_default=True, help="Margin to use.")
@click.option(
    "--criterion", type=float, default=10.0, show_default=True, metavar="%", help="Smallest acceptable read margin, %."
)
@click.option(
    "--pitch", type=float, default=50.0, show_default=True, metavar="nm", help="Pitch of the pinning sites, nm."
)
@click.option(
    "--coercive-field", type=float, default=60.0, show_default=True, metavar="Oe", help="H_c of the pinning sites, Oe."
)
@click.option(
    "--half-width", type=float, default=18.0, show_default=True, metavar="nm", help="x_c of the pinning sites, nm."
)
@click.option(
    "--pulse-width", type=float, default=10.0, show_default=True, metavar="ns", help="Width of a write pulse, ns."
)
@click.option(
    "--edge", type=float, default=0.0, show_default=True, metavar="ns", help="Duration of each of its edges, ns."
)
@click.option(
    "--temperature",
    type=float,
    default=300.0,
    show_default=True,
    metavar="K",
    help="Temperature of the thermal fields, K.",
)
@spread_option
@click.option(
    "--error-rate", type=float, default=5.0, show_default=True, metavar="%", help="Error rate of one pulse, %."
)
@click.option(
    "--devices",
    type=click.IntRange(2),
    default=256,
    show_default=True,
    help="Number of devices simulated at each voltage.",
)
@click.option(
    "--breakdown-voltage",
    type=float,
    default=1.0,
    show_default=True,
    metavar="V",
    help="Largest voltage across a device, V.",
)
@click.option(
    "--largest", type=click.IntRange(1), default=64, show_default=True, help="Number of lines at which the search ends."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the devices and the thermal fields.")
@driver_options
@parameter_options(lequeux2016(), DEVICE, "a table [device]")
@output_options
def command(
    track_widths: str,
    track_lengths: str,
    resistance_area_product: float | None,
    scheme: str,
    read_scheme: str,
    read_kind: str,
    criterion: float,
    pitch: float,
    coercive_field: float,
    half_width: float,
    pulse_width: float,
    edge: float,
    temperature: float,
    spreads: tuple[str, ...],
    error_rate: float,
    devices: int,
    breakdown_voltage: float,
    largest: int,
    seed: int,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """The largest array that can be written and read, against the size of the track, with levels and retention.

    --anisotropy-from-width derives H_K from each width; without it, H_K is the same at every width (Oe, nm, Ohm, ns).
    """
    from compact_model.experiments.write_windows import WriteConditions
    from crossbar.studies.design import PinningSites, design_map
    from crossbar.studies.one_cell import Reading

    check_outputs(outputs)
    faults = faults_from_options(options)
    segment, driver = (
        non_negative(option, options.pop(option[2:].replace("-", "_")))
        for option in ("--wire-resistance", "--driver-resistance")
    )
    parameters, _, numbers = device_from_options(options, at_its_width=False)
    if numbers["own_landscape"]:
        raise InputError("--parameters: expected no [landscape], got one; the sites have options of their own")
    result = design_map(
        parameters,
        NANOMETRE * np.array(numbers_from("--track-widths", track_widths, float)),
        NANOMETRE * np.array(numbers_from("--track-lengths", track_lengths, float)),
        resistance_area_products=None
        if resistance_area_product is None
        else resistance_area_product * _OHM_SQUARE_MICROMETRE,
        wire_resistances=segment,
        driver_resistance=driver,
        faults=faults,
        schemes=[scheme],
        sites=PinningSites(
            pitch=pitch * NANOMETRE, coercive_field=coercive_field * OERSTED, half_width=half_width * NANOMETRE
        ),
        conditions=WriteConditions(
            width=pulse_width * NANOSECOND,
            edge=edge * NANOSECOND,
            temperature=temperature,
            spreads=spreads_from(spreads),
            error_rate=0.01 * error_rate,
            devices=devices,
            breakdown_voltage=breakdown_voltage,
        ),
        reading=Reading(scheme=read_scheme, kind=read_kind),
        criterion=0.01 * criterion,
        anisotropy_from_width=numbers["anisotropy_from_width"],
        largest=largest,
        seed=seed,
        progress=not quiet,
    )
    one = result.isel(resistance_area_product=0, scheme=0, wire_resistance=0)
    rows = []
    for width in range(one.sizes["track_width"]):
        for length in range(one.sizes["track_length"]):
            point = one.isel(track_width=width, track_length=length)
            rows.append(
                [
                    float(point.track_width) / NANOMETRE,
                    float(point.track_length) / NANOMETRE,
                    float(point.parallel_resistance),
                    float(point.write_voltage),
                    float(point.disturb_voltage),
                    int(point.largest_written),
                    int(point.largest_read),
                    int(point.levels),
                    float(point.well_depth),
                    float(point.retention_time),
                ]
            )
    headers = [
        "W nm", "L nm", "R_P Ohm", "write V", "disturb V", "written", "read", "levels", "depth k_B T", "retention s"
    ]  # fmt: skip
    text = f"{table(headers, rows)}\nlines of the largest array; {largest} means: at least {largest}"
    units = {
        "parallel_resistance": ("Ohm", 1.0),
        "write_voltage": ("V", 1.0),
        "disturb_voltage": ("V", 1.0),
        "largest_written": ("", 1),
        "largest_read": ("", 1),
        "levels": ("", 1),
        "well_depth": ("k_B T", 1.0),
        "retention_time": ("ns", NANOSECOND),
    }
    summary = {
        "track_width_nm": (one.track_width.values / NANOMETRE).tolist(),
        "track_length_nm": (one.track_length.values / NANOMETRE).tolist(),
        # JSON has no infinity: null replaces it.
        **{key(name, unit): _finite(one[name].values / scale) for name, (unit, scale) in units.items()},
    }
    deliver(result, summary, text, outputs=outputs, as_json=as_json)


def _finite(values: NDArray[Any]) -> list[Any]:
    """Nested lists with None for infinite values."""
    plain = values.astype(object)
    plain[~np.isfinite(values)] = None
    result: list[Any] = plain.tolist()
    return result
