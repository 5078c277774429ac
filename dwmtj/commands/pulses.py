"""`dwmtj pulses`."""

from pathlib import Path
from typing import Any

import click

from compact_model.constants import NANOSECOND, OERSTED, PICOSECOND
from compact_model.experiments.pulse_trains import potentiation_depression, pulse_train
from compact_model.lequeux2016 import lequeux2016_track

from ..device_options import device_from_options, device_options
from ..output import check_outputs, deliver, output_options, table


@click.command(name="pulses")
@click.option("--drive", type=click.Choice(["voltage", "current"]), default="voltage", show_default=True)
@click.option("--amplitude", type=float, default=0.3, show_default=True, metavar="V|mA", help="V, or mA for a current.")
@click.option("--count", type=int, default=20, show_default=True, help="Positive pulses, and as many negative ones.")
@click.option("--width", type=float, default=2.0, show_default=True, metavar="ns", help="Length of a pulse, ns.")
@click.option("--period", type=float, default=100.0, show_default=True, metavar="ns", help="From pulse to pulse, ns.")
@click.option("--external-field", type=float, default=85.0, show_default=True, metavar="Oe", help="Oe.")
@click.option("--temperature", type=float, default=300.0, show_default=True, metavar="K", help="K.")
@click.option("--step-ps", type=float, default=10.0, show_default=True, metavar="ps", help="Longest time step, ps.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the thermal fields.")
@click.option(
    "--paper-track/--one-landscape",
    default=True,
    show_default=True,
    help="The paper's many-level track, drawn with --track-seed, or the landscape of the options below.",
)
@device_options
@output_options
def command(
    drive: str,
    amplitude: float,
    count: int,
    width: float,
    period: float,
    external_field: float,
    temperature: float,
    step_ps: float,
    seed: int,
    paper_track: bool,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Potentiation and depression by short pulses: the resistance that each leaves behind, and its energy."""
    check_outputs(outputs)
    parameters, landscape, numbers = device_from_options(options)
    if paper_track:
        landscape = lequeux2016_track(parameters, numbers["track_seed"])
    result = pulse_train(
        parameters,
        landscape,
        potentiation_depression(amplitude * (1e-3 if drive == "current" else 1.0), count),
        width=width * NANOSECOND,
        period=period * NANOSECOND,
        drive=drive,
        external_field=external_field * OERSTED,
        temperature=temperature,
        initial_position=0.0,
        step=step_ps * PICOSECOND,
        seed=seed,
        progress=not quiet,
    )
    summary = {
        "resistance_ohm": result.resistance.values[0].tolist(),
        "energy_pj": (1e12 * result.energy).values[0].tolist(),
        "levels": int(result.levels[0]),
    }
    rows = zip(result.pulse.values.tolist(), result.resistance.values[0].tolist(), summary["energy_pj"], strict=True)
    text = table(["pulse", "R (Ohm)", "energy (pJ)"], [list(row) for row in rows])
    deliver(result, summary, f"{text}\nlevels: {summary['levels']}", outputs=outputs, as_json=as_json)
