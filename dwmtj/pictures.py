"""Targets for programming an array: built-in pictures, and level numbers from a file."""

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from compact_model.support.random import Seed, generator
from compact_model.support.validation import InputError, nearest

PICTURES = ("random", "wall", "ramp", "checkerboard")
"""Random; a Bloch wall's profile seen from above, tanh across a curved line; a slope; alternating ends."""

Levels = NDArray[np.int64]


def picture(name: str, shape: tuple[int, int], levels: int, seed: Seed) -> Levels:
    """Numbers of levels from 0, shape (word lines, bit lines): one of PICTURES, or read from a .csv file.

    seed: of the random one.
    """
    words, bits = shape
    if name == "random":
        return generator(seed).integers(0, levels, shape)
    row, column = np.meshgrid(np.linspace(-1.0, 1.0, words), np.linspace(-1.0, 1.0, bits), indexing="ij")
    if name == "wall":
        magnetisation = np.tanh((0.25 * np.sin(np.pi * row) - column) / 0.35)
        return np.rint((levels - 1) * 0.5 * (1.0 + magnetisation)).astype(np.int64)
    if name == "ramp":
        return np.rint((levels - 1) * (0.5 + 0.25 * (row + column))).astype(np.int64)
    if name == "checkerboard":
        return np.where(np.add.outer(np.arange(words), np.arange(bits)) % 2 == 0, 0, levels - 1)
    path = Path(name)
    if path.suffix != ".csv":
        raise InputError(
            f"--target: expected one of {', '.join(PICTURES)}, or a .csv file, got {name!r}{nearest(name, PICTURES)}"
        )
    return _from_file(path, shape, levels)


def _from_file(path: Path, shape: tuple[int, int], levels: int) -> Levels:
    if not path.is_file():
        raise InputError(f"--target: expected one of {', '.join(PICTURES)}, or a .csv file, got no file {path}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an empty file, whose shape is refused below
            given = np.loadtxt(path, delimiter=",", ndmin=2)
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"--target: expected level numbers with commas between in {path}, got: {error}") from None
    if given.shape != shape:
        raise InputError(f"--target: expected {shape[0]} lines of {shape[1]} numbers in {path}, got {given.shape}")
    if not ((given >= 0) & (given < levels) & (given == np.rint(given))).all():
        raise InputError(f"--target: expected whole numbers from 0 to {levels - 1} in {path}, got others")
    return given.astype(np.int64)
