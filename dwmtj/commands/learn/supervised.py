"""`dwmtj learn supervised`."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from compact_model.validation import between, positive
from crossbar.learning.repeats import mean_and_deviation, written
from crossbar.learning.supervised import supervised_learning
from crossbar.learning.trials import held_back

from ...digits import load_digits
from ...output import check_outputs, deliver, output_options, table
from .options import device_line, synapse_options, synapses_from, trial_options, trials_folder


@click.command(name="supervised")
@click.option("--epochs", type=click.IntRange(0), default=30, show_default=True, help="Times through the images.")
@click.option("--rate", type=float, default=1.0, show_default=True, help="Of learning, at the start.")
@click.option("--decay", type=float, default=0.93, show_default=True, help="Of the rate, from epoch to epoch.")
@click.option("--gain", type=float, default=15.0, show_default=True, help="Output of a pair in opposite end states.")
@click.option("--slots", type=click.IntRange(1), default=1, show_default=True, help="Of the pulse trains of an image.")
@trial_options
@synapse_options("20")
@output_options
def command(
    epochs: int,
    rate: float,
    decay: float,
    gain: float,
    slots: int,
    repeats: int,
    seed: int,
    test_share: float,
    store: Path | None,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Train one layer in place: 65 word lines, 20 bit lines, a pair of devices for each weight (Oe, nm, Ohm).

    Every change of a weight is a stochastic pulse through the array, its half-selected cells and its wires included.
    """
    check_outputs(outputs)
    between("--decay", decay, 0.0, 1.0)
    positive("--rate", rate)
    positive("--gain", gain)
    images, labels = load_digits()
    held_back("--test-share", test_share, labels.size)
    kinds, array = synapses_from(options, seed, store, quiet)
    result = supervised_learning(
        images,
        labels,
        kinds,
        epochs=epochs,
        rate=rate,
        decay=decay,
        gain=gain,
        slots=slots,
        test_share=test_share,
        repeats=repeats,
        seed=seed,
        store=trials_folder(store),
        progress=not quiet,
        **array,
    )
    last = result.accuracy.isel(epoch=-1)
    mean, deviation = mean_and_deviation(last)
    untrained = mean_and_deviation(result.accuracy.sel(epoch=0))
    energy, pulses = 1e6 * result.energy.mean("repeat"), result.pulses.mean("repeat")
    rows = [
        [
            int(count),
            written(float(mean[row]), float(deviation[row])),
            written(float(untrained[0][row]), float(untrained[1][row])),
            f"{100.0 * float(result.train_accuracy[row].mean()):.1f}",
            round(float(pulses[row])),
            float(energy[row]),
        ]
        for row, count in enumerate(result.levels.values)
    ]
    summary = {
        "levels": result.levels.values.tolist(),
        "accuracy": mean.values.tolist(),
        "standard_deviation": [None if np.isnan(value) else value for value in deviation.values.tolist()],
        "untrained_accuracy": untrained[0].values.tolist(),
        "parallel_resistance_ohm": result.parallel_resistance.values.tolist(),
        "pulse_v": result.voltage.values.tolist(),
        "accuracies": last.values.tolist(),
        "train_accuracy": result.train_accuracy.mean("repeat").values.tolist(),
        "pulses": pulses.values.tolist(),
        "energy_uj": energy.values.tolist(),
        "epochs": epochs,
    }
    headers = ["levels", "test accuracy %", "untrained %", "training %", "pulses", "energy uJ"]
    text = f"{table(headers, rows)}\n{repeats} repeats, {epochs} epochs of {result.attrs['train_images']} images"
    text = f"{text}\n{device_line(result)}"
    deliver(result, summary, text, outputs=outputs, as_json=as_json)
