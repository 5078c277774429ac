"""Accuracy of supervised learning with several gains, on held-out digits or on a part of MNIST's training images.

python benchmarks/learning_gain.py [--images digits] [--hidden 0] [--epochs 30] [--batch 1] [--repeats 5] [--seed 7]
    [--gains 240,120,60,30,15]

--gains: over the mean of an image's squared inputs.  The images that `larger_images.py` tests with are not used.
"""

import argparse

import numpy as np
from timing import print_table

from compact_model.support.random import generator
from crossbar import PulsedDevice, supervised_learning
from crossbar.learning.trials import divided
from dwmtj.digits import IMAGES

TEST_SHARE = {"digits": 1.0 / 3.0, "mnist": 0.25}
KEPT_FOR_THE_TEST, SEED_OF_THE_TEST = 0.2, 0  # of MNIST, as in larger_images.py


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", choices=tuple(TEST_SHARE), default="digits")
    parser.add_argument("--hidden", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--levels", type=int, default=20)
    parser.add_argument("--gains", default="240,120,60,30,15")
    given = parser.parse_args()
    images, labels = IMAGES[given.images]()
    if given.images == "mnist":
        stream = generator(SEED_OF_THE_TEST).integers(0, 2**63, 1).item()
        train, _ = divided(len(labels), KEPT_FOR_THE_TEST, np.random.default_rng(stream))
        images, labels = images[train], labels[train]
    mean_square = float((images**2).sum(axis=1).mean()) + 1.0
    device = PulsedDevice.notched(given.levels, tracks=4 if given.images == "mnist" else 8, seed=given.seed)
    rows = []
    for gain in (float(each) for each in given.gains.split(",")):
        found = supervised_learning(
            images,
            labels,
            device,
            hidden=given.hidden,
            epochs=given.epochs,
            batch=given.batch,
            gain=gain / mean_square,
            test_share=TEST_SHARE[given.images],
            repeats=given.repeats,
            seed=given.seed,
        )
        reached = 100.0 * found.accuracy.values[0, :, -1]
        rows.append(
            [
                f"{gain:g} / q",
                f"{reached.mean():.1f} +- {reached.std(ddof=1) if reached.size > 1 else 0.0:.1f}",
                f"{100.0 * float(found.float_accuracy.mean()):.1f}",
                f"{float(found.pulses.mean()):.0f}",
                f"{1e6 * float(found.energy.mean()):.2f}",
            ]
        )
    print_table(["gain", "accuracy, %", "floating point, %", "pulses", "energy, uJ"], rows)


if __name__ == "__main__":
    main()
