"""The points of a study: all combinations of the swept values, or points drawn between them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from compact_model.support.validation import InputError
from dwmtj.options.device import Quantity

GRID = "grid"
DESIGNS = (GRID, "random", "latin-hypercube")


def check_ranges(item: Quantity, values: tuple[Any, ...]) -> None:
    """Raise InputError if a number is not given as its two ends."""
    if not item.choices and (len(values) != 2 or values[0] >= values[1]):
        raise InputError(
            f"sweep {item.name}: expected the lowest and the highest value for drawn points, got {len(values)} "
            f"value{'s' if len(values) != 1 else ' that do not rise' if len(values) == 2 else ''}"
        )


def drawn(
    design: str, points: int, sweep: Mapping[str, tuple[Any, ...]], quantities: Mapping[str, Quantity], seed: int
) -> list[dict[str, Any]]:
    """The swept values of each point, evenly spread between the two that each quantity has.

    design: 'random', independent draws, of which more keep the first ones; or 'latin-hypercube' (McKay et al. 1979,
    doi 10.1080/00401706.1979.10489755), where each quantity has one value in each of `points` equal intervals.
    """
    draw = np.random.default_rng([seed, len(sweep)])
    shares = draw.random((points, len(sweep)))
    if design == "latin-hypercube":
        intervals = draw.permuted(np.tile(np.arange(points), (len(sweep), 1)), axis=1).T
        shares = (intervals + shares) / points
    columns = [_values(quantities[name], sweep[name], shares[:, place]) for place, name in enumerate(sweep)]
    return [dict(zip(sweep, row, strict=True)) for row in zip(*columns, strict=True)] if sweep else [{}]


def _values(item: Quantity, ends: tuple[Any, ...], shares: Any) -> list[Any]:
    if item.choices:
        return [ends[int(share * len(ends))] for share in shares]
    low, high = ends
    if item.whole:
        return [low + int(share * (high - low + 1)) for share in shares]
    found: list[float] = (low + (high - low) * shares).tolist()
    return found
