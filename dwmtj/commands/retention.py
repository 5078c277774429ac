"""`dwmtj retention`."""

import math
from pathlib import Path
from typing import Any

import click

from compact_model.constants import BOLTZMANN_CONSTANT, MILLIAMPERE, NANOSECOND
from compact_model.methods import RETENTION_STEP
from compact_model.support.validation import InputError

from ..options.device import device_from_options, device_options
from ..options.drive import step_option
from ..options.help import Command
from ..output import check_outputs, deliver, output_options, refuse_unused


@click.command(
    name="retention",
    cls=Command,
    examples=[
        "retention --half-width 50 --duration 20000",
        "retention --method rates --json",
    ],
    writes="The escape time of every wall (.nc), the share of walls left over time (.png, .pdf, .svg).",
)
@click.option("--duration", type=float, default=20_000.0, show_default=True, metavar="ns", help="Simulated time, ns.")
@click.option("--devices", type=int, default=64, show_default=True, help="Number of walls.")
@click.option("--current", type=float, default=0.0, show_default=True, metavar="mA", help="Read current, mA.")
@click.option(
    "--temperature",
    type=float,
    default=300.0,
    show_default=True,
    metavar="K",
    help="Temperature of the thermal fields, K.",
)
@step_option(RETENTION_STEP)
@click.option(
    "--method",
    type=click.Choice(["both", "simulation", "rates"]),
    default="both",
    show_default=True,
    help="Integrate the walls, compute escape rates (for any length of time), or both.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the thermal fields.")
@device_options
@output_options
def command(
    duration: float,
    devices: int,
    current: float,
    temperature: float,
    step: float,
    method: str,
    seed: int,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Thermal escape of the wall from the landscape's first well, at zero or at read current, at zero net field.

    The walls are integrated for --duration.  The mean escape time is also computed by a rate theory, which takes no
    longer for a year than for a microsecond.
    """
    from compact_model.experiments.escape import retention
    from compact_model.rates.escapes import escape_rates

    check_outputs(outputs)
    if method == "rates":
        refuse_unused("--method rates", ("duration", "devices", "step"))
    parameters, landscape, _ = device_from_options(options)
    well = landscape.wells[0]
    thermal = BOLTZMANN_CONSTANT * temperature
    summary: dict[str, Any] = {"method": method}
    lines = []
    result: Any = None
    if method != "rates":
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
        summary |= {
            "escapes": escapes,
            "devices": devices,
            "mean_escape_time_ns": mean if escapes else None,
            "lower_escape_time_ns": lower,
            "upper_escape_time_ns": upper if math.isfinite(upper) else None,
        }
        if escapes:
            estimate = f"mean escape time {mean:.4g} ns (95 %: {lower:.4g} to {upper:.4g} ns)"
        else:
            estimate = f"mean escape time above {lower:.4g} ns (95 %)"
        lines.append(f"simulation: {escapes} of {devices} walls escaped within {duration:g} ns; {estimate}")
    if method != "simulation":
        try:
            rates = escape_rates(
                parameters,
                landscape,
                current=current * MILLIAMPERE,
                temperature=temperature,
                destinations=method == "rates",
                seed=seed,
            )
        except InputError as refused:
            if method == "rates":
                raise
            summary |= {"rates_escape_time_ns": None, "rates_method": None}
            lines.append(f"rates: none ({refused})")
        else:
            result = rates if method == "rates" else result
            site = rates.isel(site=int(abs(rates.position.values - well.centre).argmin()))
            time = float(site.escape_time) / NANOSECOND
            how = str(site.method.item())
            summary |= {"rates_escape_time_ns": time if math.isfinite(time) else None, "rates_method": how}
            shown = f"{site.regime.item()}" if how == "rates" else "barrier below 3 k_B T: integrated"
            outside = "" if bool(site.valid) else "; the damping is out of the theory's range"
            lines.append(f"rates: mean escape time {time:.4g} ns ({shown}{outside})")
    depth, angle = well.depth(parameters) / thermal, parameters.angle_barrier / thermal
    summary |= {"well_depth_kT": depth, "angle_barrier_kT": angle}
    lines.append(f"well depth {depth:.3g} k_B T, barrier of the angle {angle:.3g} k_B T")
    deliver(result, summary, "\n".join(lines), outputs=outputs, as_json=as_json)
