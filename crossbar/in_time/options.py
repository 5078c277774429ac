"""The options of an `ArraySimulation`, for what hands them on to one."""

from typing import TypedDict

from numpy.typing import ArrayLike

from compact_model.support.random import Seed


class ArrayOptions(TypedDict, total=False):
    """Those of `ArraySimulation`, which says what they are."""

    initial_angle: ArrayLike | None
    external_field: float
    temperature: ArrayLike
    tolerance: float
    current_tolerance: float
    step: float | None
    seed: Seed
