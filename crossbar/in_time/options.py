"""The options of `DomainWalls`, for functions that pass them on."""

from typing import TypedDict

from numpy.typing import ArrayLike

from compact_model.support.random import Seed


class WallOptions(TypedDict, total=False):
    """The options of `DomainWalls`."""

    initial_angle: ArrayLike | None
    external_field: float | None
    temperature: ArrayLike
    step: float | None
    seed: Seed
