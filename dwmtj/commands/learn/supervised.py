"""`dwmtj learn supervised`."""

from pathlib import Path
from typing import Any

import click

from compact_model.support.validation import between, positive

from ...digits import load_digits
from ...options.help import Command
from ...options.learning import pulsed_device_options, pulsed_devices_from, trial_options, trials_folder
from ...output import check_outputs, deliver, output_options
from .answer import summary_of, text_of


@click.command(
    name="supervised",
    cls=Command,
    examples=[
        "learn supervised --scheme V/2 -o curve.png",
        "learn supervised --levels 8,16 --repeats 5 --store digits --json",
    ],
    writes="Accuracies, energies and conductances of each trial and epoch (.nc), learning curves (.png, .pdf, .svg).",
)
@click.option("--epochs", type=click.IntRange(0), default=30, show_default=True, help="Times through the images.")
@click.option("--rate", type=float, default=1.0, show_default=True, help="Of learning, at the start.")
@click.option("--decay", type=float, default=0.93, show_default=True, help="Of the rate, from epoch to epoch.")
@click.option("--gain", type=float, default=15.0, show_default=True, help="Output of a pair in opposite end states.")
@click.option("--slots", type=click.IntRange(1), default=1, show_default=True, help="Of the pulse trains of an image.")
@trial_options
@pulsed_device_options("20")
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
    from crossbar.learning.supervised import supervised_learning
    from crossbar.learning.trials import held_back

    check_outputs(outputs)
    between("--decay", decay, 0.0, 1.0)
    positive("--rate", rate)
    positive("--gain", gain)
    images, labels = load_digits()
    held_back("--test-share", test_share, labels.size)
    kinds, array = pulsed_devices_from(options, seed, store, quiet)
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
    accuracies = result.accuracy.isel(epoch=-1), result.accuracy.sel(epoch=0)
    training = result.train_accuracy.mean("repeat").values.tolist()
    summary = summary_of(result, *accuracies) | {"train_accuracy": training, "epochs": epochs}
    text = text_of(
        result,
        *accuracies,
        header="training %",
        column=[f"{100.0 * share:.1f}" for share in training],
        closing=f"{repeats} repeats, {epochs} epochs of {result.attrs['train_images']} images",
    )
    deliver(result, summary, text, outputs=outputs, as_json=as_json)
