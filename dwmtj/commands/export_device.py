"""`dwmtj export-device`."""

from pathlib import Path
from typing import Any

import click

from compact_model.support.validation import InputError, positive, whole

from ..options.help import Command
from ..options.learning import device_from, notched_options
from ..output import check_file, overwrite_option, refuse_unused, write_text

_FILE = "file"


@click.command(
    name="export-device",
    cls=Command,
    examples=[
        "export-device -o device.json",
        "export-device --for aihwkit -o dwmtj_device.py",
    ],
    writes="The device in the open format (.json), or a Python module for a tool (.py).",
)
@click.option(
    "--for",
    "peer",
    type=click.Choice([_FILE, "aihwkit", "crosssim", "xbtorch"]),
    default=_FILE,
    show_default=True,
    help="A Python module for this tool, which need not be installed; file: the open format (JSON).",
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File  [default: standard output]"
)
@click.option(
    "--device-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A measured device in the open format, instead of a notched one.",
)
@click.option(
    "--levels", type=click.IntRange(2), default=20, show_default=True, help="Number of levels (notches) of the device."
)
@click.option("--tracks", type=click.IntRange(1), default=8, show_default=True, help="Number of different tracks.")
@click.option(
    "--samples", type=click.IntRange(1), default=64, show_default=True, help="Number of walls for each probability."
)
@click.option(
    "--overdrive",
    type=float,
    default=1.0,
    show_default=True,
    help="Voltage of a pulse divided by the device's threshold.",
)
@click.option("--scheme", type=click.Choice(["grounded", "V/2", "V/3"]), default="V/3", show_default=True)
@click.option(
    "--temperature",
    type=float,
    default=300.0,
    show_default=True,
    metavar="K",
    help="Temperature of the thermal fields, K.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of tracks and walls.")
@click.option("--quiet", is_flag=True, help="Show no progress bar.")
@overwrite_option
@notched_options(("stray_field", "nucleation_current_density"))
def command(
    peer: str,
    output: Path | None,
    device_file: Path | None,
    levels: int,
    tracks: int,
    samples: int,
    overdrive: float,
    scheme: str,
    temperature: float,
    seed: int,
    quiet: bool,
    **options: Any,
) -> None:
    """Export a device that learns by pulses to another tool, or to a file in an open format.

    The pulse is that of `dwmtj learn`.  Its transition table, and the rates at which walls leave their levels
    spontaneously, are first computed from the equation of motion.  `dwmtj learn ... --device-file` reads the file.
    """
    import json

    from crossbar.exchange.device_file import device_document, read_device
    from crossbar.exchange.peers import export_device
    from crossbar.learning.pretrained import MOST_LEVELS
    from crossbar.learning.pulsed_device import PulsedDevice

    wanted = ".json" if peer == _FILE else ".py"
    if output is not None and output.suffix != wanted:
        raise InputError(f"--output: expected a file name that ends in {wanted}, got {str(output)!r}")
    if output is not None:
        check_file(output)
    if device_file is not None:
        others = ("levels", "tracks", "samples", "overdrive", "scheme", "temperature", "seed", *options)
        refuse_unused("--device-file", others)
        device = read_device(device_file)
    else:
        device = PulsedDevice.notched(
            whole("--levels", levels, 2, MOST_LEVELS),
            device=device_from(options),
            tracks=tracks,
            samples=samples,
            overdrive=positive("--overdrive", overdrive),
            scheme=scheme,
            temperature=positive("--temperature", temperature),
            retention=True,
            seed=whole("--seed", seed, 0),
            progress=not quiet,
        )
    if peer == _FILE:
        text = json.dumps(device_document(device), allow_nan=False, indent=1) + "\n"
    else:
        text = export_device(device, peer)
    if output is None:
        click.echo(text, nl=False)
        return
    write_text(output, text)
    click.echo(f"{output} written ({len(text.splitlines())} lines)", err=True)
