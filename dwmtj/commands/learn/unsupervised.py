"""`dwmtj learn unsupervised`."""

from pathlib import Path
from typing import Any

import click

from compact_model.figures import TWO_COLUMNS
from compact_model.support.validation import between, non_negative, positive

from ...digits import IMAGES
from ...options.help import Command
from ...options.learning import images_option, pulsed_device_options, pulsed_devices_from, trial_options, trials_folder
from ...options.read_out import read_noise_from_percent, read_noise_option
from ...output import check_outputs, deliver, output_options
from .answer import summary_of, text_of

GOAL = 0.75


@click.command(
    name="unsupervised",
    cls=Command,
    examples=[
        "learn unsupervised --levels 4,13,19 -o weights.png",
        "learn unsupervised --repeats 5 --store letters --json",
    ],
    writes="Accuracies and weights of each trial (.nc), images of the weights (.png, .pdf, .svg).",
)
@click.option("--neurons", type=click.IntRange(1), default=50, show_default=True, help="Number of spiking outputs.")
@click.option(
    "--epochs", type=click.IntRange(0), default=8, show_default=True, help="Number of passes over the images."
)
@click.option(
    "--slots", type=click.IntRange(1), default=20, show_default=True, help="Number of time slots for an image."
)
@click.option(
    "--window", type=click.IntRange(1), default=1, show_default=True, help="Number of slots before a spike that count."
)
@click.option(
    "--leak", type=float, default=0.9, show_default=True, help="Fraction of a potential that is kept from slot to slot."
)
@click.option(
    "--threshold", type=float, default=3.5, show_default=True, help="Threshold, in units of the mean current in a slot."
)
@click.option(
    "--homeostasis", type=float, default=0.02, show_default=True, help="Relative rise of a winner's threshold."
)
@read_noise_option
@images_option
@trial_options
@pulsed_device_options("4,13,19")
@output_options
def command(
    neurons: int,
    epochs: int,
    slots: int,
    window: int,
    leak: float,
    threshold: float,
    homeostasis: float,
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
    """Learn digits without labels: spiking outputs compete, and the winner's devices get pulses (Oe, nm, Ohm).

    The output says whether 75 % are recognised, for which 13 to 19 levels should suffice (Lequeux et al. 2016).
    """
    from crossbar.learning.trials import held_back
    from crossbar.learning.unsupervised import unsupervised_learning
    from crossbar.plots.learning import plot_unsupervised, plot_weights

    check_outputs(outputs)
    between("--leak", leak, 0.0, 1.0)
    positive("--threshold", threshold)
    non_negative("--homeostasis", homeostasis)
    images, labels = IMAGES[image_set]()
    held_back("--test-share", test_share, labels.size)
    kinds, array = pulsed_devices_from(options, seed, store, quiet)
    result = unsupervised_learning(
        images,
        labels,
        kinds,
        outputs=neurons,
        epochs=epochs,
        slots=slots,
        window=window,
        leak=leak,
        threshold=threshold,
        homeostasis=homeostasis,
        read_noise=read_noise_from_percent(read_noise),
        test_share=test_share,
        repeats=repeats,
        seed=seed,
        store=trials_folder(store),
        progress=not quiet,
        **array,
    )
    accuracies = result.accuracy, result.untrained_accuracy
    above = (result.accuracy > GOAL).sum("repeat").values.tolist()
    summary = summary_of(result, *accuracies) | {"repeats_above_75_percent": above}
    verdicts = ["yes" if float(mean) > GOAL else "no" for mean in result.accuracy.mean("repeat")]
    text = text_of(
        result,
        *accuracies,
        columns={
            "above 75 %": [f"{verdict}, {number} of {repeats}" for verdict, number in zip(verdicts, above, strict=True)]
        },
        closing=f"{neurons} outputs, {epochs} epochs of {result.attrs['train_images']} images",
    )

    def draw(figure: Any) -> None:
        left, right = figure.subplots(1, 2)
        plot_unsupervised(result, left)
        plot_weights(result, right, levels=result.sizes["levels"] - 1)

    deliver(result, summary, text, outputs=outputs, as_json=as_json, draw=draw, size=TWO_COLUMNS)
