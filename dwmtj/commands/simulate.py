"""`dwmtj simulate`."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from compact_model.constants import MILLIAMPERE, NANOMETRE, NANOSECOND
from compact_model.figures import ONE_COLUMN
from compact_model.methods import DEFAULT_TOLERANCE, METHODS, REFERENCE_STEP
from compact_model.support.validation import InputError, between

from ..options.device import device_from_options, device_options
from ..options.drive import drive_from_options, drive_options, field_from, field_option, step_option
from ..options.help import Command
from ..output import check_outputs, deliver, output_options, table


@click.command(
    name="simulate",
    cls=Command,
    examples=[
        "simulate --current 3 --pulse-width 10 --duration 100 -o pulse.png",
        "simulate --voltage 0.2 --temperature 300 --seed 7 -o run.nc --json",
    ],
    writes="Position, angle, resistance, voltage and current over time (.nc), curves of these (.png, .pdf, .svg).",
)
@drive_options
@click.option(
    "--points", type=int, default=201, show_default=True, help="Number of recorded times, start and end included."
)
@click.option("--initial-position", metavar="nm|AP|P", help="Wall position, nm, or uniform  [default: the well]")
@click.option("--initial-angle", type=float, metavar="rad", help="Wall angle, rad  [default: at rest]")
@field_option
@click.option("--temperature", type=float, default=0.0, show_default=True, metavar="K", help="K; 0: no thermal fields.")
@click.option("--torques", type=click.Choice(["slonczewski", "field-like", "both"]), default="both", show_default=True)
@click.option("--method", type=click.Choice(METHODS), help="Solver  [default: adaptive at 0 K, else heun]")
@step_option(REFERENCE_STEP)
@click.option(
    "--tolerance", type=float, default=DEFAULT_TOLERANCE, show_default=True, help="Local error of the adaptive solver."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the thermal fields.")
@device_options
@output_options
def command(
    points: int,
    initial_position: str | None,
    initial_angle: float | None,
    external_field: float | None,
    temperature: float,
    torques: str,
    method: str | None,
    step: float,
    tolerance: float,
    seed: int,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """One device over time, driven by a current, a voltage or a current density (exactly one of the three)."""
    from compact_model.plots import draw_course
    from compact_model.simulation import simulate

    check_outputs(outputs)
    drive, duration = drive_from_options(options)
    between("--points", points, 2, 1e7)
    parameters, landscape, _ = device_from_options(options)
    result = simulate(
        parameters,
        landscape,
        drive,
        np.linspace(0.0, duration, points),
        initial_position=_position(initial_position),
        initial_angle=initial_angle,
        external_field=field_from(external_field),
        temperature=temperature,
        torques=torques,
        method=method,
        step=step * NANOSECOND,
        tolerance=tolerance,
        seed=seed,
        progress=not quiet,
    )
    summary = {
        "time_ns": (result.time.values / NANOSECOND).tolist(),
        "position_nm": (result.position.values / NANOMETRE).tolist(),
        "angle_rad": result.angle.values.tolist(),
        "resistance_Ohm": result.resistance.values.tolist(),
        "voltage_V": result.voltage.values.tolist(),
        "current_mA": (result.current.values / MILLIAMPERE).tolist(),
    }
    heads = ["t (ns)", "x (nm)", "phi (rad)", "R (Ohm)", "V (V)", "I (mA)"]
    if "temperature_rise" in result:
        summary["temperature_rise_K"] = result.temperature_rise.values.tolist()
        heads.append("rise (K)")
    shown = np.unique(np.linspace(0, points - 1, min(points, 11)).astype(int))
    text = table(
        heads,
        [[float(column[row]) for column in summary.values()] for row in shown],
    )
    deliver(
        result,
        summary,
        text,
        outputs=outputs,
        as_json=as_json,
        draw=lambda figure: draw_course(result, figure),
        size=(ONE_COLUMN[0], 4.2),
    )


def _position(text: str | None) -> float | str | None:
    from compact_model.device.nucleation import UNIFORM_STATES

    if text is None or text in UNIFORM_STATES:
        return text
    try:
        return float(text) * NANOMETRE
    except ValueError:
        raise InputError(f"--initial-position: expected a number in nm, AP or P, got {text!r}") from None
