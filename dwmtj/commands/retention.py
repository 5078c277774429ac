"""`dwmtj retention`."""

import math
from pathlib import Path
from typing import Any

import click

from compact_model.constants import MILLIAMPERE, NANOSECOND
from compact_model.experiments.escape import RETENTION_STEP, retention

from ..options.device import device_from_options, device_options
from ..options.drive import step_option
from ..output import check_outputs, deliver, output_options


@click.command(name="retention")
@click.option("--duration", type=float, default=20_000.0, show_default=True, metavar="ns", help="Simulated time, ns.")
@click.option("--devices", type=int, default=64, show_default=True, help="Number of walls.")
@click.option("--current", type=float, default=0.0, show_default=True, metavar="mA", help="Read current, mA.")
@click.option("--temperature", type=float, default=300.0, show_default=True, metavar="K", help="K.")
@step_option(RETENTION_STEP)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the thermal fields.")
@device_options
@output_options
def command(
    duration: float,
    devices: int,
    current: float,
    temperature: float,
    step: float,
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
        duration=duration * NANOSECOND,
        devices=devices,
        current=current * MILLIAMPERE,
        temperature=temperature,
        step=step * NANOSECOND,
        seed=seed,
        progress=not quiet,
    )
    mean, lower, upper = (
        float(result[name]) / NANOSECOND for name in ("mean_escape_time", "lower_escape_time", "upper_escape_time")
    )
    escapes = int(result.escapes)
    summary = {
        "escapes": escapes,
        "devices": devices,
        "mean_escape_time_ns": mean if escapes else None,
        "lower_escape_time_ns": lower,
        "upper_escape_time_ns": upper if math.isfinite(upper) else None,
        "well_depth_kT": float(result.well_depth),
        "angle_barrier_kT": float(result.angle_barrier),
    }
    if escapes:
        estimate = f"mean escape time {mean:.4g} ns (95 %: {lower:.4g} to {upper:.4g} ns)"
    else:
        estimate = f"mean escape time above {lower:.4g} ns (95 %)"
    text = (
        f"{escapes} of {devices} walls escaped within {duration:g} ns; {estimate}\n"
        f"well depth {float(result.well_depth):.3g} k_B T, barrier of the angle {float(result.angle_barrier):.3g} k_B T"
    )
    deliver(result, summary, text, outputs=outputs, as_json=as_json)
