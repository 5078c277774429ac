"""`dwmtj retention`."""

import math
from pathlib import Path
from typing import Any

import click

from compact_model.constants import MILLIAMPERE, PICOSECOND
from compact_model.experiments.escape import RETENTION_STEP, retention

from ..options.device import device_from_options, device_options
from ..output import check_outputs, deliver, output_options


@click.command(name="retention")
@click.option("--duration", type=float, default=20.0, show_default=True, metavar="us", help="Simulated time, us.")
@click.option("--devices", type=int, default=64, show_default=True, help="Number of walls.")
@click.option("--current", type=float, default=0.0, show_default=True, metavar="mA", help="Read current, mA.")
@click.option("--temperature", type=float, default=300.0, show_default=True, metavar="K", help="K.")
@click.option(
    "--step-ps", type=float, default=RETENTION_STEP / PICOSECOND, show_default=True, metavar="ps", help="Time step, ps."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the thermal fields.")
@device_options
@output_options
def command(
    duration: float,
    devices: int,
    current: float,
    temperature: float,
    step_ps: float,
    seed: int,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Thermal escape of the wall from the landscape's first well, at zero or at read current, at zero net field."""
    check_outputs(outputs)
    parameters, landscape, _ = device_from_options(options)
    result = retention(
        parameters,
        landscape,
        duration=duration * 1e-6,
        devices=devices,
        current=current * MILLIAMPERE,
        temperature=temperature,
        step=step_ps * PICOSECOND,
        seed=seed,
        progress=not quiet,
    )
    mean, lower, upper = (
        1e6 * float(result[name]) for name in ("mean_escape_time", "lower_escape_time", "upper_escape_time")
    )
    escapes = int(result.escapes)
    summary = {
        "escapes": escapes,
        "devices": devices,
        "mean_escape_time_us": mean if escapes else None,
        "lower_escape_time_us": lower,
        "upper_escape_time_us": upper if math.isfinite(upper) else None,
        "well_depth_kt": float(result.well_depth),
        "angle_barrier_kt": float(result.angle_barrier),
    }
    if escapes:
        estimate = f"mean escape time {mean:.4g} us (95 %: {lower:.4g} to {upper:.4g} us)"
    else:
        estimate = f"mean escape time above {lower:.4g} us (95 %)"
    text = (
        f"{escapes} of {devices} walls escaped within {duration:g} us; {estimate}\n"
        f"well depth {float(result.well_depth):.3g} k_B T, barrier of the angle {float(result.angle_barrier):.3g} k_B T"
    )
    deliver(result, summary, text, outputs=outputs, as_json=as_json)
