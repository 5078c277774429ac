"""The options of `DomainWalls`, for what hands them on to one."""

from typing import TypedDict

from numpy.typing import ArrayLike

from compact_model.support.random import Seed


class WallOptions(TypedDict, total=False):
    """Those of `DomainWalls`, which says what they are."""

    initial_angle: ArrayLike | None
    external_field: float | None
    temperature: ArrayLike
    step: float | None
    seed: Seed
