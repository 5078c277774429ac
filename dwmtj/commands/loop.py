"""`dwmtj loop`."""

from pathlib import Path
from typing import Any

import click

from compact_model.constants import AMPERE_PER_SQUARE_CENTIMETRE, NANOSECOND

from ..options.device import device_options, track_from_options, track_options
from ..options.drive import field_from, field_option, method_in_words, step_option
from ..options.help import Command
from ..output import check_outputs, deliver, key, output_options, refuse_unused, table


@click.command(
    name="loop",
    cls=Command,
    examples=[
        "loop --cycles 2 -o loop.png",
        "loop --drive voltage --amplitude 0.3 --coercive-field 60 --sites 8 -o loop.nc",
    ],
    writes="R at every reading of the sweep (.nc), R against the drive (.png, .pdf, .svg).",
)
@click.option("--drive", type=click.Choice(["current", "voltage"]), default="current", show_default=True)
@click.option("--amplitude", type=float, default=6.5, show_default=True, metavar="mA|V", help="mA, or V for a voltage.")
@click.option(
    "--points", type=int, default=132, show_default=True, help="Number of points in each cycle, a multiple of 4."
)
@click.option("--dwell", type=float, default=300.0, show_default=True, metavar="ns", help="Time at each point, ns.")
@click.option(
    "--ramp-rate",
    type=float,
    metavar="A/cm2/ns",
    help="Instead of --dwell, A/cm2/ns: I/area, or V/RA_P; 20 uA/ms are 0.016.",
)
@click.option("--cycles", type=int, default=4, show_default=True, help="Number of cycles 0, +amplitude, -amplitude, 0.")
@step_option(50e-12)
@field_option
@track_options
@device_options
@output_options
def command(
    drive: str,
    amplitude: float,
    points: int,
    dwell: float,
    ramp_rate: float | None,
    cycles: int,
    external_field: float | None,
    temperature: float,
    step: float,
    seed: int,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Resistance against a swept dc current or voltage, starting in the AP state (the paper's Fig. 1c).

    The track is the paper's many-level track, drawn with --track-seed (its H_K is 80 Oe on average, regardless of
    --anisotropy-field), unless an option or the file defines a landscape.  A sweep in which the drive takes more than
    20 us to rise to its amplitude is simulated by escape rates instead of integration, down to laboratory rates of 20
    uA per ms; the output says which method was used.
    """
    from compact_model.experiments.loops import count_levels, resistance_loop

    check_outputs(outputs)
    if ramp_rate is not None:
        refuse_unused("--ramp-rate", ["dwell"])
    parameters, landscape, track = track_from_options(options)
    result = resistance_loop(
        parameters,
        landscape,
        amplitude=amplitude * (1e-3 if drive == "current" else 1.0),
        drive=drive,
        points=points,
        dwell=dwell * NANOSECOND if ramp_rate is None else None,
        ramp_rate=None if ramp_rate is None else ramp_rate * AMPERE_PER_SQUARE_CENTIMETRE / NANOSECOND,
        cycles=cycles,
        external_field=field_from(external_field),
        temperature=temperature,
        step=step * NANOSECOND,
        seed=seed,
        progress=not quiet,
    )
    levels = count_levels(result, parameters)
    unit, scale = ("mA", 1e3) if drive == "current" else ("V", 1.0)
    found = levels.level_resistance.values[0].tolist()
    summary = {
        "track": track,
        key(drive, unit): (scale * result[drive]).values.tolist(),
        "resistance_Ohm": result.resistance.values[0].tolist(),
        "remanent_resistance_Ohm": result.remanent_resistance.values[0].tolist(),
        "method": result.attrs["method"],
        "dwell_ns": result.attrs["dwell"] / NANOSECOND,
        "levels": int(levels.levels[0]),
        "level_resistance_Ohm": found,
    }
    text = "\n".join(
        [
            f"track: {track}",
            f"{method_in_words(result.attrs['method'])}, {result.attrs['dwell'] / NANOSECOND:.4g} ns at each point",
            f"intermediate levels over {cycles} {'cycle' if cycles == 1 else 'cycles'}: {int(levels.levels[0])}",
            f"in one branch: {float(levels.branch_levels[0].mean()):.2f} on average, "
            f"{int(levels.branch_levels[0].max())} at most",
            *([table(["level", "R (Ohm)"], [[i + 1, ohms] for i, ohms in enumerate(found)])] if found else []),
        ]
    )
    deliver(result, summary, text, outputs=outputs, as_json=as_json)
