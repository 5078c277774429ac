"""`dwmtj stdp`."""

from pathlib import Path
from typing import Any

import click

from compact_model.constants import NANOMETRE, NANOSECOND
from compact_model.device.notched import notched_device, notched_track
from compact_model.support.validation import non_negative, whole

from ..options.array import numbers_from
from ..options.device import DEVICE, LANDSCAPE, device_from_options, parameter_options
from ..options.drive import field_from, field_option
from ..options.help import Command
from ..options.spikes import SPIKE_SHAPES, balanced_spike_options, balanced_spikes, delays_from
from ..output import check_outputs, deliver, output_options, refuse_unused, table

_ANSWERED = (
    ("weight_change", "weight_change_percent", 100.0),
    ("weight_deviation", "standard_deviation_percent", 100.0),
    ("position_change", "position_change_nm", 1.0 / NANOMETRE),
    ("moved", "moved_percent", 100.0),
)


@click.command(
    name="stdp",
    cls=Command,
    examples=[
        "stdp -o window.png",
        "stdp --shape sawtooth --temperatures 0,300 --longest-delay 60 --points 25 --json",
    ],
    writes="Changes and their scatter for each shape, temperature and delay (.nc), the windows (.png, .pdf, .svg).",
)
@click.option(
    "--shape", "shapes", type=click.Choice(SPIKE_SHAPES), multiple=True, help="Shape of a spike's tail  [default: both]"
)
@click.option(
    "--temperatures", default="0,300", show_default=True, metavar="K,K,...", help="Temperatures, K; a curve for each."
)
@click.option("--longest-delay", type=float, default=80.0, show_default=True, metavar="ns", help="Either way, ns.")
@click.option(
    "--points",
    type=click.IntRange(2),
    default=33,
    show_default=True,
    help="Number of delays, from negative to positive.",
)
@click.option(
    "--samples", type=click.IntRange(1), default=64, show_default=True, help="Number of walls on each track above 0 K."
)
@click.option("--tracks", type=click.IntRange(1), default=8, show_default=True, help="Number of different tracks.")
@click.option("--settle", type=float, default=200.0, show_default=True, metavar="ns", help="Rest after the spikes, ns.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the tracks and the thermal fields.")
@field_option
@balanced_spike_options
@parameter_options(notched_device(), (*DEVICE, *LANDSCAPE), "tables [device] and [landscape]")
@output_options
def command(
    shapes: tuple[str, ...],
    temperatures: str,
    longest_delay: float,
    points: int,
    samples: int,
    tracks: int,
    settle: float,
    seed: int,
    external_field: float | None,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Spike-timing-dependent plasticity: the change of a synapse by two spikes, against their delay.

    The device connects two neurons, which fire the same spike: a negative pulse followed by a positive tail.  Neither
    reaches the threshold on its own; where the pulse of one overlaps with the tail of the other, they move the wall.
    The device is notched, and walls start in the middle of their tracks, unless an option or the file defines a
    landscape.
    """
    import numpy as np

    from compact_model.experiments.spike_timing import spike_timing_window

    check_outputs(outputs)
    parameters, landscape, numbers = device_from_options(options, notched_device())
    whole("--seed", seed, 0, at_most=None)
    if numbers["own_landscape"]:
        refuse_unused("a landscape of its own", ("tracks",))
        landscapes = [landscape]
    else:
        draws = (np.random.default_rng([seed, number]) for number in range(tracks))
        landscapes = [notched_track(parameters, draw) for draw in draws]
    result = spike_timing_window(
        parameters,
        landscapes,
        delays_from(longest_delay, points),
        balanced_spikes(options, parameters, tuple(dict.fromkeys(shapes)) or SPIKE_SHAPES),
        temperatures=sorted(set(numbers_from("--temperatures", temperatures, float))),
        samples=samples,
        settle=non_negative("--settle", settle) * NANOSECOND,
        external_field=field_from(external_field),
        seed=seed,
        progress=not quiet,
    )
    names = [str(shape) for shape in result["shape"].values]
    kelvins = [f"{kelvin:g} K" for kelvin in result.temperature.values]
    delays = (result.delay.values / NANOSECOND).round(9).tolist()
    summary: dict[str, Any] = {
        "threshold_V": result.attrs["threshold_voltage"],
        "pulse_V": dict(zip(names, result.pulse_voltage.values.tolist(), strict=True)),
        "tail_V": dict(zip(names, result.tail_voltage.values.tolist(), strict=True)),
        "delay_ns": delays,
        "temperature_K": result.temperature.values.tolist(),
    }
    for name, answer, scale in _ANSWERED:
        pairs, alone = scale * result[name].values, scale * result[f"alone_{name}"].values
        summary[answer] = dict(zip(names, pairs.tolist(), strict=True))
        summary[f"alone_{answer}"] = {
            shape: {str(n): row[:, i].tolist() for i, n in enumerate(result.neuron.values)}
            for shape, row in zip(names, alone, strict=True)
        }
    headers = ["delay ns", *(f"{shape}, {kelvin}" for shape in names for kelvin in kelvins)]
    change = 100.0 * result.weight_change.values.reshape(-1, len(delays))
    rows: list[list[Any]] = [[delay, *column] for delay, column in zip(delays, change.T.tolist(), strict=True)]
    for number, neuron in enumerate(result.neuron.values):
        rows.append([f"{neuron} alone", *(100.0 * result.alone_weight_change.values[..., number].ravel()).tolist()])
    voltages = "; ".join(
        f"{shape}: pulse {float(pulse):.3g} V, tail {float(tail):.3g} V"
        for shape, pulse, tail in zip(names, result.pulse_voltage, result.tail_voltage, strict=True)
    )
    heading = f"threshold {result.attrs['threshold_voltage']:.4g} V; {voltages}\nchange of the weight, %:"
    deliver(result, summary, f"{heading}\n{table(headers, rows)}", outputs=outputs, as_json=as_json)
