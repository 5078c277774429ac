"""`dwmtj crossbar stdp`."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from compact_model.constants import NANOSECOND
from compact_model.support.validation import positive

from ...options.array import size_option
from ...options.help import Command
from ...options.in_time import ArrayInTime, time_options
from ...options.spikes import SPIKE_SHAPES, balanced_spike_options, balanced_spikes, delays_from
from ...output import check_outputs, deliver, output_options, refuse_unused, table


@click.command(
    name="stdp",
    cls=Command,
    examples=[
        "crossbar stdp --temperature 300 --step 0.02 --repeats 16 --wire-resistance 1 -o array-window.png",
        "crossbar stdp --shape rectangle --pulse-voltage 0.4 --tail-voltage 0.2 --longest-delay 20 --json",
    ],
    writes="Change and largest voltage of every cell at every delay (.nc), the window of the selected cell and the "
    "changes of the others (.png, .pdf, .svg).",
)
@size_option(4)
@click.option(
    "--word-line", type=int, default=0, show_default=True, help="Word line of the presynaptic neuron; -1: the last one."
)
@click.option(
    "--bit-line", type=int, default=-1, show_default=True, help="Bit line of the postsynaptic neuron; -1: the last one."
)
@click.option(
    "--shape", type=click.Choice(SPIKE_SHAPES), default="sawtooth", show_default=True, help="Shape of a spike's tail."
)
@click.option("--longest-delay", type=float, default=48.0, show_default=True, metavar="ns", help="Either way, ns.")
@click.option(
    "--points",
    type=click.IntRange(2),
    default=9,
    show_default=True,
    help="Number of delays, from negative to positive.",
)
@click.option(
    "--repeats",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Number of arrays, each with its own thermal fields.",
)
@click.option("--settle", type=float, default=200.0, show_default=True, metavar="ns", help="Rest after the spikes, ns.")
@balanced_spike_options
@time_options
@output_options
def command(
    word_lines: int,
    bit_lines: int,
    word_line: int,
    bit_line: int,
    shape: str,
    longest_delay: float,
    points: int,
    repeats: int,
    settle: float,
    store: Path | None,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Spike-timing-dependent plasticity in an array: the change of the selected cell and of all other cells.

    Two neurons fire, one at a word line and one at a bit line; the others hold their lines at 0 V. The spikes are those
    of `dwmtj stdp` (Oe, nm, Ohm, ns).
    """
    from crossbar.crossbar import Crossbar
    from crossbar.studies.spike_timing import array_spike_timing, by_selection

    check_outputs(outputs)
    if store is not None:
        refuse_unused("two spikes, which are done in seconds", ("store",))
    delays = delays_from(longest_delay, points)
    rest = positive("--settle", settle) * NANOSECOND
    array = ArrayInTime(options)
    (spike,) = balanced_spikes(options, array.parameters, (shape,))
    arrays = []
    for repeat in range(repeats):
        array.of_walls["seed"] = np.random.default_rng([array.seed, 5, repeat])
        built = array.simulation((word_lines, bit_lines)).array
        assert isinstance(built, Crossbar)
        arrays.append(built)
    result = array_spike_timing(
        arrays, delays, spike, word_line=word_line, bit_line=bit_line, settle=rest, **array.accuracy, progress=not quiet
    )
    change, voltage = by_selection(result, "weight_change"), by_selection(result, "largest_voltage")
    times = (delays / NANOSECOND).round(9).tolist()
    over = ("repeat", "cell")
    means = {kind: (100.0 * values.mean(over)).values.tolist() for kind, values in change.items()}
    spread = {kind: (100.0 * values.std(over)).values.tolist() for kind, values in change.items()}
    summary = {
        "delay_ns": times,
        "pulse_V": spike.pulse_voltage,
        "tail_V": spike.tail_voltage,
        "weight_change_percent": means,
        "standard_deviation_percent": spread,
        "largest_change_percent": {kind: float(100.0 * np.abs(values).max()) for kind, values in change.items()},
        "largest_voltage_V": {kind: float(values.max()) for kind, values in voltage.items()},
    }
    rows = [
        [time, *(f"{means[kind][row]:.3f} +- {spread[kind][row]:.3f}" for kind in change)]
        for row, time in enumerate(times)
    ]
    rows.append(["largest V", *(float(values.max()) for values in voltage.values())])
    text = (
        f"pulse {spike.pulse_voltage:.3g} V, tail {spike.tail_voltage:.3g} V, threshold "
        f"{array.parameters.threshold_voltage:.3g} V; {repeats} x {word_lines} x {bit_lines} cells\n"
        f"change of the weight, %, mean and standard deviation over the cells of a kind:\n"
        f"{table(['delay ns', *change], rows)}"
    )
    deliver(result, summary, text, outputs=outputs, as_json=as_json)
