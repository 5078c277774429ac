"""Checks of the arguments of faults: resistances, and positions of cells and segments."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError

Place = tuple[int, int]


def check_resistances(given: Any) -> None:
    """Check the resistances of Faults or FaultRates, Ohm, and set them as numbers or arrays."""
    for name in ("low_resistance", "high_resistance"):
        ohms = getattr(given, name)
        if ohms is not None:
            values = validation.array(name, ohms, ("word_line", "bit_line"))
            if (values <= 0.0).any():
                raise InputError(f"{name}: expected Ohm above 0, got {values.min():g}")
            if values.ndim not in (0, 2):
                raise InputError(f"{name}: expected one, or shape (word lines, bit lines), got shape {values.shape}")
            object.__setattr__(given, name, values if values.ndim else values.item())
    object.__setattr__(
        given, "shorted_resistance", validation.non_negative("shorted_resistance", given.shorted_resistance)
    )
    contact = validation.positive("shorted_lines_resistance", given.shorted_lines_resistance)
    object.__setattr__(given, "shorted_lines_resistance", contact)


def checked_cells(given: Any) -> Mapping[tuple[int, int], float]:
    """Resistances by position, a copy."""
    if not isinstance(given, Mapping):
        raise InputError(f"stuck_at: expected Ohm by (word line, bit line), got {validation.shown(given)}")
    found = {}
    for place, ohms in given.items():
        if not isinstance(place, tuple) or len(place) != 2:
            raise InputError(f"stuck_at: expected places (word line, bit line), got {validation.shown(place)}")
        cell = validation.whole("stuck_at", place[0], 0), validation.whole("stuck_at", place[1], 0)
        found[cell] = np.inf if ohms == np.inf else validation.non_negative(f"stuck_at {cell}", ohms)
    return found


def checked_places(name: str, given: Any) -> tuple[Place, ...]:
    """Pairs of whole numbers, without repetition."""
    found = []
    for place in given if isinstance(given, Collection) and not isinstance(given, str) else [given]:
        pair = place if isinstance(place, tuple | list) and len(place) == 2 else None
        if pair is None:
            raise InputError(f"{name}: expected pairs of numbers, such as [(0, 3)], got {validation.shown(given)}")
        found.append((validation.whole(name, pair[0], 0), validation.whole(name, pair[1], 0)))
    if len(set(found)) < len(found):
        raise InputError(f"{name}: expected every place once, got {validation.shown(given)}")
    return tuple(found)


def siemens(ohms: ArrayLike | None, shape: tuple[int, ...]) -> FloatArray | None:
    """Conductances of cells, S, of this shape; None for None."""
    if ohms is None:
        return None
    if np.shape(ohms) not in ((), shape):
        raise InputError(f"faults: expected resistances of cells of shape {shape}, got shape {np.shape(ohms)}")
    result: FloatArray = 1.0 / np.broadcast_to(np.asarray(ohms, dtype=np.float64), shape)
    return result
