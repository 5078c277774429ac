"""Properties of an object that are computed once and kept for later calls."""

import dataclasses
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Same(Generic[T]):
    """An object as the key of a cache: this very object, not one that is equal to it.

    Two objects may be equal and yet differ, in a type (1 and 1.0) or in properties that their `==` ignores.  The key
    keeps its object alive.
    """

    __slots__ = ("item",)

    def __init__(self, item: T) -> None:
        self.item = item

    def __hash__(self) -> int:
        return id(self.item)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.item is other.item


class ChangeableError(Exception):
    """Raised in a cached function for an object that could be changed later; nothing is then stored."""


def require_constant(value: Any) -> None:
    """Raise ChangeableError unless a value consists entirely of numbers and text, in tuples and frozen dataclasses."""
    if value is None or type(value) in (float, int, bool, str):
        return
    if type(value) is tuple:
        parts = value
    elif dataclasses.is_dataclass(value) and _is_frozen(type(value)):
        parts = tuple(vars(value).values())
    else:
        raise ChangeableError
    for part in parts:
        require_constant(part)


def _is_frozen(kind: Any) -> bool:
    return bool(kind.__dataclass_params__.frozen)
