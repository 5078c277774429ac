"""`dwmtj learn supervised`."""

from pathlib import Path
from typing import Any

import click

from compact_model.support.validation import between, positive

from ...digits import IMAGES
from ...options.help import Command
from ...options.learning import images_option, pulsed_device_options, pulsed_devices_from, trial_options, trials_folder
from ...options.read_out import read_noise_from_percent, read_noise_option
from ...output import check_outputs, deliver, output_options
from .answer import scatter_line, summary_of, text_of


@click.command(
    name="supervised",
    cls=Command,
    examples=[
        "learn supervised --scheme V/2 -o curve.png",
        "learn supervised --levels 8,16 --repeats 5 --store digits --json",
    ],
    writes="Accuracies, energies and conductances of each trial and epoch (.nc), learning curves (.png, .pdf, .svg).",
)
@click.option(
    "--hidden",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Number of outputs of a hidden layer; 0: none.",
)
@click.option(
    "--epochs", type=click.IntRange(0), default=30, show_default=True, help="Number of passes over the images."
)
@click.option("--rate", type=float, help="Initial learning rate  [default: 1]")
@click.option(
    "--decay", type=float, help="Factor of the rate from epoch to epoch  [default: to a ninth over all epochs]"
)
@click.option(
    "--gain", type=float, help="Output of a pair in opposite end states  [default: by the images, 1.9 for digits]"
)
@click.option(
    "--batch",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Number of images read before their pulses are applied.",
)
@click.option(
    "--slots",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Number of slots in the pulse trains of an image.",
)
@read_noise_option
@images_option
@trial_options
@pulsed_device_options("20")
@output_options
def command(
    hidden: int,
    epochs: int,
    rate: float,
    decay: float | None,
    gain: float | None,
    batch: int,
    slots: int,
    read_noise: float,
    image_set: str,
    repeats: int,
    seed: int,
    test_share: float,
    store: Path | None,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Train one or two layers in the array: a word line for each input, a pair of devices for each weight (Oe, nm,
    Ohm).

    Every change of a weight is a stochastic pulse on the array, including its half-selected cells and its wires.
    """
    from crossbar.learning.supervised import supervised_learning
    from crossbar.learning.trials import held_back

    check_outputs(outputs)
    if decay is not None:
        between("--decay", decay, 0.0, 1.0)
    for name, value in (("--rate", rate), ("--gain", gain)):
        if value is not None:
            positive(name, value)
    images, labels = IMAGES[image_set]()
    held_back("--test-share", test_share, labels.size)
    kinds, array = pulsed_devices_from(options, seed, store, quiet)
    result = supervised_learning(
        images,
        labels,
        kinds,
        hidden=hidden,
        epochs=epochs,
        rate=rate,
        decay=decay,
        gain=gain,
        slots=slots,
        batch=batch,
        read_noise=read_noise_from_percent(read_noise),
        test_share=test_share,
        repeats=repeats,
        seed=seed,
        store=trials_folder(store),
        progress=not quiet,
        **array,
    )
    accuracies = result.accuracy.isel(epoch=-1), result.accuracy.sel(epoch=0)
    training = result.train_accuracy.mean("repeat").values.tolist()
    summary = summary_of(result, *accuracies) | {
        "train_accuracy": training,
        "float_accuracy": result.float_accuracy.mean("repeat").values.tolist(),
        "hidden": hidden,
        "epochs": epochs,
    }
    text = text_of(
        result,
        *accuracies,
        columns={
            "training %": [f"{100.0 * share:.1f}" for share in training],
            "floating point %": [f"{100.0 * share:.1f}" for share in summary["float_accuracy"]],
        },
        closing=f"{epochs} epochs of {result.attrs['train_images']} images; floating point: the same network\n"
        + scatter_line(result, accuracies[0], labels.size),
    )
    deliver(result, summary, text, outputs=outputs, as_json=as_json)
