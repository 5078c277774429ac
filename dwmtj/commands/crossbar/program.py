"""`dwmtj crossbar program`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from compact_model.constants import NANOSECOND
from compact_model.support.validation import InputError, positive

from ...options.array import numbers_from, size_option
from ...options.help import Command
from ...options.in_time import ArrayInTime, access_from_options, access_options, time_options
from ...options.learning import retention_from, retention_option
from ...options.read_out import read_noise_from_percent, read_noise_option
from ...output import check_outputs, deliver, output_options, table
from ...pictures import PICTURES, picture

if TYPE_CHECKING:
    import xarray as xr

    from crossbar.in_time.simulation import ArraySimulation
    from crossbar.operate.reading import ReadAccess


@click.command(
    name="program",
    cls=Command,
    examples=[
        "crossbar program --target wall --wire-resistance 0.1 -o program.png",
        "crossbar program --word-lines 4 --bit-lines 4 --store run -o program.gif",
    ],
    writes="Targets, readings, pulses and energy of every cell (.nc), maps of them (.png, .pdf, .svg), the "
    "array as it is programmed (.gif).",
)
@size_option(16)
@click.option(
    "--levels", type=click.IntRange(2), default=16, show_default=True, help="Number of evenly spaced conductances."
)
@click.option(
    "--target",
    default="random",
    show_default=True,
    metavar="NAME|FILE",
    help=f"{', '.join(PICTURES)}; or a file of level numbers, one word line per line (.csv).",
)
@click.option(
    "--voltages",
    metavar="V,...",
    help="Voltages of successive attempts, V  [default: 1.3, 1.5, 1.7 times the threshold]",
)
@click.option(
    "--pulse-width", type=float, default=4.0, show_default=True, metavar="ns", help="Width of the shortest pulse, ns."
)
@click.option(
    "--most-pulses", type=click.IntRange(1), default=40, show_default=True, help="Largest number of pulses on any cell."
)
@click.option(
    "--longest",
    type=float,
    default=12.0,
    show_default=True,
    help="Width of the longest pulse, in units of the shortest.",
)
@click.option("--accept", type=float, default=0.5, show_default=True, help="Accepted error of a reading, in levels.")
@click.option("--read-voltage", type=float, default=0.02, show_default=True, metavar="V", help="Voltage of a read, V.")
@read_noise_option
@retention_option("all cells are read again, above 0 K")
@click.option("--passes", type=click.IntRange(1), default=1, show_default=True, help="Number of passes over all rows.")
@access_options
@time_options
@output_options
def command(
    word_lines: int,
    bit_lines: int,
    levels: int,
    target: str,
    voltages: str | None,
    pulse_width: float,
    most_pulses: int,
    longest: float,
    accept: float,
    read_voltage: float,
    read_noise: float,
    retention: str,
    passes: int,
    store: Path | None,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Program and verify every cell of an array: pulses, energy, errors, and disturb of the other cells.

    -o FILE.gif writes an animation, row by row (Oe, nm, Ohm, ns).
    """
    from crossbar.operate.programming import Schedule, even_levels, program
    from crossbar.operate.reading import ReadAccess

    check_outputs(outputs, animated=True)
    array, access = ArrayInTime(options), access_from_options(options)
    simulation = array.simulation((word_lines, bit_lines))
    states = even_levels(simulation.devices, levels)
    noise = read_noise_from_percent(read_noise) * float(states[-1]) * abs(read_voltage)
    wanted = picture(target, (word_lines, bit_lines), levels, array.draw(3))
    spacing = float(states[1] - states[0])
    threshold = array.parameters.threshold_voltage
    volts = (
        [factor * threshold for factor in (1.3, 1.5, 1.7)]
        if voltages is None
        else numbers_from("--voltages", voltages, float)
    )
    reading = ReadAccess(voltage=read_voltage, noise=noise, seed=int(array.draw(5).integers(2**63)))
    ages = retention_from(retention)
    if ages and array.of_walls["temperature"] == 0.0:
        raise InputError(
            "--retention: expected with a --temperature above 0 K, since no wall hops at 0 K, got it at 0 K"
        )
    result = program(
        simulation,
        states[wanted],
        Schedule(
            voltages=volts,
            widths=positive("--pulse-width", pulse_width) * NANOSECOND,
            most_pulses=most_pulses,
            conductance_step=spacing,
            longest=longest,
        ),
        tolerance=positive("--accept", accept) * spacing,
        write=access,
        read=reading,
        passes=passes,
        history=any(path.suffix == ".gif" for path in outputs),
        store=store,
        progress=not quiet,
    )
    error = np.abs(result.error.values) / spacing
    cells = error.size
    moved = np.abs(result.disturbance.values) / spacing
    summary = {
        "cells": cells,
        "unreached": int(result.attrs["unreached"]),
        "pulses_per_cell": result.attrs["total_pulses"] / cells,
        "mean_error_levels": float(error.mean()),
        "largest_error_levels": float(error.max()),
        "within_half_a_level": float((error <= 0.5).mean()),
        "largest_disturbance_levels": float(moved.max()),
        "energy_pJ": 1e12 * result.attrs["energy_of_sources"],
        "energy_per_pulse_pJ": 1e12 * result.attrs["energy_per_pulse"],
        "duration_ns": 1e9 * result.attrs["duration"],
    }
    later = [
        np.abs(values - states[wanted]) / spacing
        for values in _after(simulation, ages, array.of_walls["temperature"], array.draw(6), reading, not quiet)
    ]
    if ages:
        summary |= {
            "retention_ns": [each / NANOSECOND for each in ages],
            "within_the_limit_after": [float((each <= accept).mean()) for each in later],
            "largest_error_levels_after": [float(each.max()) for each in later],
        }
    rows = [
        ["cells whose last reading was within the limit", f"{cells - summary['unreached']} of {cells}"],
        ["cells within half a level at the end", f"{100.0 * summary['within_half_a_level']:.1f} %"],
        ["error, mean and largest (levels)", f"{error.mean():.3f}, {error.max():.3f}"],
        ["moved after its row was finished, most (levels)", f"{moved.max():.3f}"],
        ["pulses per cell", f"{summary['pulses_per_cell']:.2f}"],
        ["energy (pJ)", f"{summary['energy_pJ']:.4g}"],
        ["energy per pulse and cell (pJ)", f"{summary['energy_per_pulse_pJ']:.4g}"],
        ["time on the array's clock (ns)", f"{summary['duration_ns']:.4g}"],
    ]
    rows += [
        [
            f"after {each:g} s: cells within the limit, largest error (levels)",
            f"{int((error <= accept).sum())} of {cells}, {error.max():.3f}",
        ]
        for each, error in zip(ages, later, strict=True)
    ]
    deliver(
        result,
        summary,
        table(["", f"{levels} levels"], rows),
        outputs=outputs,
        as_json=as_json,
        draw=lambda figure: draw_programming(result, figure),
        size=(7.1, 5.4),
    )


def _after(
    simulation: ArraySimulation,
    ages: list[float],
    kelvin: float,
    draw: np.random.Generator,
    reading: ReadAccess,
    progress: bool,
) -> list[Any]:
    """Readings of all cells after times without a voltage, s: S, (word lines, bit lines) each."""
    from crossbar.crossbar import Crossbar
    from crossbar.faults.ageing import at_ages
    from crossbar.in_time.simulation import ArraySimulation
    from crossbar.operate.reading import read

    if not ages:
        return []
    array = simulation.array.with_cells(simulation.cells)
    assert isinstance(array, Crossbar)  # as `ArrayInTime` makes them
    return [
        read(ArraySimulation(each), access=reading).values
        for each in at_ages(array, ages, temperature=kelvin, seed=draw, progress=progress)
    ]


def draw_programming(result: xr.Dataset, figure: Any) -> None:
    """Target, result, error and pulses of every cell."""
    for axes, quantity in zip(figure.subplots(2, 2).ravel(), ("target", "conductance", "error", "pulses"), strict=True):
        # One scale for the targets and the results.
        scale = {"vmin": 1e6 * float(result.target.min()), "vmax": 1e6 * float(result.target.max())}
        result.dwmtj.plot(axes, quantity=quantity, **(scale if quantity in ("target", "conductance") else {}))
