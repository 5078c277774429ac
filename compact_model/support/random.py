"""Seeds and random number generators."""

import json

import numpy as np

from . import validation

Seed = int | np.random.Generator


def generator(seed: Seed) -> np.random.Generator:
    """A numpy Generator: the one given, or a new one from a seed."""
    if isinstance(seed, np.random.Generator):
        return seed
    return np.random.default_rng(validation.whole("seed", seed, 0, at_most=None))


def recorded(seed: Seed) -> str:
    """A seed as text for a result, to be taken before it is used: the number, or a Generator's state as JSON.

    Setting a bit generator of that kind to the state gives the same random numbers again, on any machine.
    """
    if isinstance(seed, np.random.Generator):
        return json.dumps(seed.bit_generator.state, default=lambda part: part.tolist())
    return str(validation.whole("seed", seed, 0, at_most=None))
