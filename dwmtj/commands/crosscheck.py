"""`dwmtj crosscheck`."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from compact_model.constants import MILLIAMPERE, NANOMETRE
from compact_model.support.validation import between

from ..options.device import device_from_options, device_options
from ..options.drive import drive_from_options, drive_options, field_from, field_option
from ..options.help import Command
from ..output import check_outputs, deliver, key, output_options, table

COLUMNS = (
    ("position", "x (nm)", NANOMETRE),
    ("angle", "phi (rad)", 1.0),
    ("resistance", "R (Ohm)", 1.0),
    ("voltage", "V (V)", 1.0),
    ("current", "I (mA)", MILLIAMPERE),
)


@click.command(
    name="crosscheck",
    cls=Command,
    examples=[
        "crosscheck --current 4 --pulse-width 20 --duration 40 -o crosscheck.png",
        "crosscheck --voltage 0.2 --duration 50 --json",
    ],
    writes="Both solutions and their difference over time (.nc), the two overlaid (.png, .pdf, .svg).",
)
@drive_options
@click.option(
    "--points", type=int, default=401, show_default=True, help="Number of recorded times, start and end included."
)
@click.option("--initial-position", type=float, metavar="nm", help="Wall position, nm  [default: the well]")
@click.option("--initial-angle", type=float, metavar="rad", help="Wall angle, rad  [default: at rest]")
@field_option
@click.option(
    "--time-limit", type=float, default=600.0, show_default=True, metavar="s", help="Time limit for ngspice, s."
)
@device_options
@output_options
def command(
    points: int,
    initial_position: float | None,
    initial_angle: float | None,
    external_field: float | None,
    time_limit: float,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """The same simulation in Python (adaptive method) and in ngspice, at T = 0, with the differences."""
    from spice.crosschecks import CHAOTIC, crosscheck

    check_outputs(outputs)
    between("--points", points, 2, 1e6)
    drive, duration = drive_from_options(options)
    parameters, landscape, _ = device_from_options(options)
    result = crosscheck(
        parameters,
        landscape,
        drive,
        np.linspace(0.0, duration, points),
        initial_position=None if initial_position is None else initial_position * NANOMETRE,
        initial_angle=initial_angle,
        external_field=field_from(external_field),
        time_limit=time_limit,
    )
    sensitivity = float(result.sensitivity)
    rows: list[list[Any]] = []
    summary: dict[str, Any] = {"sensitivity": sensitivity, "chaotic": sensitivity > CHAOTIC}
    for name, label, unit in COLUMNS:
        unit_name = label[label.index("(") + 1 : -1]
        python, ngspice = (float(result[name].sel(simulator=each)[-1]) / unit for each in ("python", "ngspice"))
        difference = float(result[f"{name}_difference"]) / unit
        rows.append([label, python, ngspice, difference])
        summary[key(f"{name}_difference", unit_name)] = difference
    verdict = f"two paths that start together run apart by a factor of {sensitivity:.3g}"
    if sensitivity > CHAOTIC:
        verdict += ": a chaotic case, in which the differences say nothing about the simulators"
    text = f"{table(['', 'Python, end', 'ngspice, end', 'largest difference'], rows)}\n{verdict}"
    deliver(result, summary, text, outputs=outputs, as_json=as_json)
