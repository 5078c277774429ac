"""`dwmtj learn autonomous`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from compact_model.constants import NANOSECOND
from compact_model.device.notched import spiking_device
from compact_model.figures import TWO_COLUMNS
from compact_model.support.validation import between, non_negative, positive, whole

from ...digits import IMAGES
from ...options.help import ARRAY, Command, in_group
from ...options.learning import (
    device_from,
    images_option,
    notched_options,
    retention_from,
    retention_option,
    trial_options,
    trials_folder,
)
from ...options.read_out import read_noise_from_percent, read_noise_option
from ...options.spikes import spike_changes, spike_options
from ...output import check_outputs, deliver, output_options, table
from .answer import aged_columns, aged_summary, scatter_line


@in_group(ARRAY)
def _device_options(function: Any) -> Any:
    """Add the options of the kind of device."""
    for option in (
        click.option(
            "--temperature",
            type=float,
            default=300.0,
            show_default=True,
            metavar="K",
            help="Temperature of the thermal fields, K.",
        ),
        click.option(
            "--samples",
            type=click.IntRange(1),
            default=128,
            show_default=True,
            help="Number of walls for each probability.",
        ),
        click.option(
            "--tracks", type=click.IntRange(1), default=8, show_default=True, help="Number of different tracks."
        ),
        click.option(
            "--levels",
            type=click.IntRange(1),
            default=20,
            show_default=True,
            help="Levels of a device, one for each notch.",
        ),
    ):
        function = option(function)
    return function


@click.command(
    name="autonomous",
    cls=Command,
    examples=[
        "learn autonomous -o weights.png",
        "learn autonomous --levels 32 --epochs 8 --repeats 5 --store spikes --json",
    ],
    writes="Accuracies and weights of each trial (.nc), accuracies and images of the weights (.png, .pdf, .svg).",
)
@click.option("--neurons", type=click.IntRange(1), default=50, show_default=True, help="Number of spiking outputs.")
@click.option(
    "--epochs", type=click.IntRange(1), default=4, show_default=True, help="Number of passes over the images."
)
@click.option(
    "--slots", type=click.IntRange(1), default=40, show_default=True, help="Largest number of time slots for an image."
)
@click.option(
    "--leak", type=float, default=0.9, show_default=True, help="Fraction of a potential that is kept from slot to slot."
)
@click.option(
    "--threshold", type=float, default=6.0, show_default=True, help="Threshold, in units of the mean current in a slot."
)
@click.option(
    "--homeostasis", type=float, default=0.02, show_default=True, help="Relative rise of a winner's threshold."
)
@click.option(
    "--delay",
    type=float,
    metavar="ns",
    help="Time between two spikes that change a weight, ns  [default: a pulse and an edge]",
)
@read_noise_option
@retention_option()
@images_option
@trial_options
@spike_options(edge=6.0, pulse="0.45 times the threshold", tail="0.3 times the threshold")
@_device_options
@notched_options(("stray_field", "nucleation_current_density"), spiking_device())
@output_options
def command(
    neurons: int,
    epochs: int,
    slots: int,
    leak: float,
    threshold: float,
    homeostasis: float,
    delay: float | None,
    read_noise: float,
    retention: str,
    image_set: str,
    levels: int,
    tracks: int,
    samples: int,
    temperature: float,
    repeats: int,
    seed: int,
    test_share: float,
    store: Path | None,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Learn digits from read spikes alone: where input and output spikes overlap, they change the array.

    There is no write phase.  Every read spike may move a wall; the same trials without this read disturb show its
    effect.  The device has H_K = 240 Oe and RA_P = 4 Ohm um2 unless changed (Oe, nm, Ohm, ns).
    """
    from crossbar.learning.autonomous import autonomous_learning
    from crossbar.learning.repeats import mean_and_deviation, written
    from crossbar.learning.spiked_device import SpikedDevice, usual_spike
    from crossbar.learning.trials import held_back
    from crossbar.plots.learning import plot_autonomous, plot_weights

    check_outputs(outputs)
    between("--leak", leak, 0.0, 1.0)
    positive("--threshold", threshold)
    non_negative("--homeostasis", homeostasis)
    ages = retention_from(retention)
    images, labels = IMAGES[image_set]()
    held_back("--test-share", test_share, labels.size)
    device = device_from(options, spiking_device())
    kind = SpikedDevice.notched(
        levels,
        device=device,
        spike=replace(usual_spike(device), **spike_changes(options)),
        delay=None if delay is None else positive("--delay", delay) * NANOSECOND,
        tracks=tracks,
        samples=samples,
        temperature=positive("--temperature", temperature),
        retention=bool(ages),
        seed=whole("--seed", seed, 0, at_most=None),
        store=None if store is None else store / f"spikes_{levels}_levels",
        progress=not quiet,
    )
    result = autonomous_learning(
        images,
        labels,
        kind,
        outputs=neurons,
        epochs=epochs,
        slots=slots,
        leak=leak,
        threshold=threshold,
        homeostasis=homeostasis,
        read_noise=read_noise_from_percent(read_noise),
        retention=ages,
        test_share=test_share,
        repeats=repeats,
        seed=seed,
        store=trials_folder(store),
        progress=not quiet,
    )
    accuracy, deviation = mean_and_deviation(result.accuracy)
    before, spread = mean_and_deviation(result.untrained_accuracy)
    exact, scatter = mean_and_deviation(result.float_accuracy)
    names = {True: "with read disturb", False: "without"}
    later = aged_columns(result)
    rows: list[list[Any]] = []
    for row, disturbed in enumerate(result.read_disturb.values.tolist()):
        one = result.isel(read_disturb=row).mean("repeat")
        rows.append(
            [
                names[disturbed],
                written(float(accuracy[row]), float(deviation[row])),
                *(column[row] for column in later.values()),
                round(float(one.pairs)),
                round(float(one.spikes)),
                1e6 * float(one.energy),
            ]
        )
    nothing = ["-"] * (len(later) + 3)
    rows.append(["floating point", written(float(exact), float(scatter)), *nothing])
    rows.append(["untrained", written(float(before), float(spread)), *nothing])
    headers = ["", "test accuracy %", *later, "pairs of spikes", "single spikes", "energy uJ"]
    (notch, end), spike = kind.disturbed_shares(), kind.spike
    text = (
        f"{table(headers, rows)}\n{neurons} outputs, {epochs} epochs of {result.attrs['train_images']} images; "
        f"{scatter_line(result, result.accuracy, labels.size)}\n"
        f"{kind.levels} levels, R_P = {kind.device.parallel_resistance:.0f} Ohm, threshold "
        f"{kind.device.threshold_voltage:.3g} V; spikes of {spike.pulse_voltage:.3g} and "
        f"{spike.tail_voltage:.3g} V, {kind.delay / NANOSECOND:.3g} ns apart; one alone "
        f"moves {100.0 * notch:.2g} % of the walls in notches and {100.0 * end:.2g} % of those at an end"
    )
    summary = {
        "read_disturb": result.read_disturb.values.tolist(),
        "accuracy": accuracy.values.tolist(),
        "standard_deviation": [None if repeats == 1 else value for value in deviation.values.tolist()],
        "accuracies": result.accuracy.values.tolist(),
        "untrained_accuracy": float(before),
        "float_accuracy": float(exact),
        "float_accuracies": result.float_accuracy.values.tolist(),
        "moved_from_a_notch_percent": 100.0 * notch,
        "moved_from_an_end_percent": 100.0 * end,
        "levels": kind.levels,
        "parallel_resistance_Ohm": kind.device.parallel_resistance,
        "threshold_V": kind.device.threshold_voltage,
        "pulse_V": kind.spike.pulse_voltage,
        "tail_V": kind.spike.tail_voltage,
        "delay_ns": kind.delay / NANOSECOND,
        "pairs": result.pairs.mean("repeat").values.tolist(),
        "spikes": result.spikes.mean("repeat").values.tolist(),
        "energy_pJ": (1e12 * result.energy.mean("repeat")).values.tolist(),
        **aged_summary(result),
    }

    def draw(figure: Any) -> None:
        left, right = figure.subplots(1, 2)
        plot_autonomous(result, left)
        plot_weights(result, right)

    deliver(result, summary, text, outputs=outputs, as_json=as_json, draw=draw, size=TWO_COLUMNS)
