"""`dwmtj export`."""

from pathlib import Path
from typing import Any

import click

from compact_model.device.parameters import applied_field
from compact_model.support.validation import InputError
from spice.netlists.formats import FORMATS

from ..options.device import device_from_options, device_options
from ..options.drive import drive_from_options, drive_given, drive_options, field_from, field_option
from ..options.help import Command
from ..options.in_time import spread_option, spreads_from
from ..output import check_file, overwrite_option, write_text


@click.command(
    name="export",
    cls=Command,
    examples=[
        "export -o dwmtj.cir",
        "export --format verilog-a -o dwmtj.va",
        "export --spread anisotropy_field=5 --spread tmr=4 -o corners.lib",
    ],
    writes="The text of the device, to the screen or to the file of -o.",
)
@click.option("--format", "language", type=click.Choice(FORMATS), default="ngspice", show_default=True)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File  [default: standard output]"
)
@overwrite_option
@click.option("--name", default="dwmtj", show_default=True, help="Name of the sub-circuit or module.")
@click.option("--testbench", is_flag=True, help="Write a complete netlist or script, with the drive below.")
@drive_options
@click.option("--initial-position", type=float, metavar="nm", help="Wall position, nm  [default: the well]")
@click.option("--initial-angle", type=float, metavar="rad", help="Wall angle, rad  [default: at rest]")
@field_option
@click.option("--temperature", type=float, metavar="K", help="K; 0: no thermal fields  [default: 0]")
@click.option("--seed", type=int, help="Seed of the thermal fields  [default: 0]")
@click.option("--field-pin", is_flag=True, help="Add a fifth node for a time-dependent field, 1 V = 1 T.")
@click.option("--nucleation", is_flag=True, help="With uniform=1 or -1, a current must form the wall first.")
@spread_option
@click.option(
    "--sigmas",
    type=float,
    default=3.0,
    show_default=True,
    help="Standard deviations of the corners ff and ss, with --spread.",
)
@device_options
def command(
    language: str,
    output: Path | None,
    name: str,
    testbench: bool,
    initial_position: float | None,
    initial_angle: float | None,
    external_field: float | None,
    temperature: float | None,
    seed: int | None,
    field_pin: bool,
    nucleation: bool,
    spreads: tuple[str, ...],
    sigmas: float,
    **options: Any,
) -> None:
    """Write the device as text for a circuit simulator.

    By default, the output is the device alone, to be included in a netlist.  With --testbench, it is a complete netlist
    for `ngspice -b`, or a complete Python script.  With --spread, it is a library of the corners tt, ff, ss and mc for
    `.lib FILE SECTION`.  Instance parameters set the start of the wall (x0) and the net field (hz).
    """
    from spice.netlists.corners import corner_file
    from spice.netlists.exporting import export

    if output is not None:
        check_file(output)
    instance = {
        "--initial-position": initial_position,
        "--initial-angle": initial_angle,
        "--external-field": external_field,
        "--temperature": temperature,
        "--seed": seed,
        "--pulse-width": options["pulse_width"],
    }
    useless = [option for option, value in instance.items() if value is not None]
    if not testbench and (useless or drive_given(options)):
        named = useless[0] if useless else "a drive"
        raise InputError(
            f"--testbench: expected with {named}: the device alone leaves that to its instances, got it without"
        )
    if spreads and (testbench or language != "ngspice"):
        given = "--testbench" if testbench else f"--format {language}"
        raise InputError(f"--spread: expected --format ngspice without --testbench, got {given}")
    if spreads and (field_pin or nucleation):
        given = "--field-pin" if field_pin else "--nucleation"
        raise InputError(f"--spread: expected the device without variants in a library of corners, got {given}")
    if not drive_given(options):
        options["current"] = 0.0
    drive, duration = drive_from_options(options)
    parameters, landscape, _ = device_from_options(options)
    applied = applied_field(parameters, field_from(external_field))
    start: dict[str, float] = {"hz": applied + parameters.stray_field}
    for key, value in (("x0", initial_position), ("phi0", initial_angle)):
        if value is not None:
            start[key] = value
    if temperature:
        start |= {"temperature": temperature, "seed": seed or 0}
    if spreads:
        text = corner_file(parameters, landscape, spreads_from(spreads), name=name, sigmas=sigmas)
    else:
        text = export(
            parameters,
            landscape,
            language,
            name=name,
            testbench=(drive, duration, start) if testbench else None,
            field_pin=field_pin,
            nucleation=nucleation,
        )
    if output is None:
        click.echo(text, nl=False)
    else:
        write_text(output, text)
        click.echo(f"{output} written ({len(text.splitlines())} lines)", err=True)
