"""`dwmtj pulses`."""

from pathlib import Path
from typing import Any

import click

from compact_model.constants import NANOSECOND

from ..options.device import device_options, track_from_options, track_options
from ..options.drive import field_from, field_option, step_option
from ..options.help import Command
from ..output import check_outputs, deliver, output_options, table


@click.command(
    name="pulses",
    cls=Command,
    examples=[
        "pulses --amplitude 0.35 --count 20 -o pulses.png",
        "pulses --drive current --amplitude 6 --sites 1 --json",
    ],
    writes="R and energy after every pulse (.nc), R against the number of pulses (.png, .pdf, .svg).",
)
@click.option("--drive", type=click.Choice(["voltage", "current"]), default="voltage", show_default=True)
@click.option("--amplitude", type=float, default=0.3, show_default=True, metavar="V|mA", help="V, or mA for a current.")
@click.option(
    "--count",
    type=int,
    default=20,
    show_default=True,
    help="Number of positive pulses, followed by as many negative ones.",
)
@click.option("--pulse-width", type=float, default=2.0, show_default=True, metavar="ns", help="Width of a pulse, ns.")
@click.option(
    "--period", type=float, default=100.0, show_default=True, metavar="ns", help="Time from pulse to pulse, ns."
)
@step_option(10e-12)
@field_option
@track_options
@device_options
@output_options
def command(
    drive: str,
    amplitude: float,
    count: int,
    pulse_width: float,
    period: float,
    external_field: float | None,
    temperature: float,
    step: float,
    seed: int,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Potentiation and depression by short pulses: the resistance after each pulse, and its energy.

    The track is the paper's many-level track, drawn with --track-seed (its H_K is 80 Oe on average, regardless of
    --anisotropy-field), unless an option or the file defines a landscape.
    """
    from compact_model.experiments.pulse_trains import potentiation_depression, pulse_train

    check_outputs(outputs)
    parameters, landscape, track = track_from_options(options)
    result = pulse_train(
        parameters,
        landscape,
        potentiation_depression(amplitude * (1e-3 if drive == "current" else 1.0), count),
        width=pulse_width * NANOSECOND,
        period=period * NANOSECOND,
        drive=drive,
        external_field=field_from(external_field),
        temperature=temperature,
        initial_position=0.0,
        step=step * NANOSECOND,
        seed=seed,
        progress=not quiet,
    )
    summary = {
        "track": track,
        "resistance_Ohm": result.resistance.values[0].tolist(),
        "energy_pJ": (1e12 * result.energy).values[0].tolist(),
        "levels": int(result.levels[0]),
    }
    rows = zip(result.pulse.values.tolist(), result.resistance.values[0].tolist(), summary["energy_pJ"], strict=True)
    text = table(["pulse", "R (Ohm)", "energy (pJ)"], [list(row) for row in rows])
    deliver(result, summary, f"track: {track}\n{text}\nlevels: {summary['levels']}", outputs=outputs, as_json=as_json)
