"""Checks of arguments.  Each returns its value, or raises an InputError of one line that says what to change."""

import difflib
import math
from collections.abc import Collection, Iterable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

T = TypeVar("T")


class InputError(ValueError):
    """An argument that the model cannot work with; the message names it, what was expected and what came."""


class ConvergenceError(RuntimeError):
    """A solver that could not reach what was asked of it; the message says where and what to try."""


def number(name: str, value: Any) -> float:
    """A finite real number; text and truth values are not numbers."""
    try:
        if isinstance(value, str | bytes | bool | np.bool_):
            raise TypeError
        result = float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name}: expected a number, got {value!r}") from None
    except OverflowError:
        raise InputError(f"{name}: expected a number below 1.8e308, got a larger one") from None
    if not math.isfinite(result):
        raise InputError(f"{name}: expected a finite number, got {result}")
    return result


def positive(name: str, value: Any) -> float:
    """A finite number above zero."""
    result = number(name, value)
    if result <= 0.0:
        raise InputError(f"{name}: expected a number above 0, got {result:g}")
    return result


def non_negative(name: str, value: Any) -> float:
    """A finite number that is zero or above."""
    result = number(name, value)
    if result < 0.0:
        raise InputError(f"{name}: expected a number of at least 0, got {result:g}")
    return result


def between(name: str, value: Any, lower: float, upper: float) -> float:
    """A number in the closed interval [lower, upper]."""
    result = number(name, value)
    if not lower <= result <= upper:
        raise InputError(f"{name}: expected a number from {lower:g} to {upper:g}, got {result:g}")
    return result


def whole(name: str, value: Any, at_least: int) -> int:
    """A whole number of at least so many."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < at_least:
        raise InputError(f"{name}: expected a whole number of at least {at_least}, got {value!r}")
    return int(value)


def nearest(word: str, choices: Iterable[str]) -> str:
    """', did you mean ...?' where a choice is close to the word, else nothing."""
    close = difflib.get_close_matches(word, list(choices), n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def choice(name: str, value: Any, choices: Collection[str]) -> str:
    """One of a few words."""
    if not isinstance(value, str) or value not in choices:
        listed = ", ".join(repr(item) for item in choices)
        raise InputError(f"{name}: expected one of {listed}, got {value!r}{nearest(str(value), choices)}")
    return str(value)


def array(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """An array of finite numbers, of any shape."""
    try:
        given = np.asarray(values)
        if given.dtype.kind not in "iuf":
            raise TypeError
        result = given.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name}: expected numbers, got {values!r}") from None
    if not np.isfinite(result).all():
        where = int(np.argmin(np.isfinite(result)))
        raise InputError(f"{name}: expected finite numbers, got {result.flat[where]} at index {where}")
    return result


def numbers(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """A one-dimensional array of at least one finite number."""
    result = np.atleast_1d(array(name, values))
    if result.ndim != 1 or result.size == 0:
        raise InputError(f"{name}: expected a list of at least one number, got an array of shape {result.shape}")
    return result


def instance(name: str, value: Any, kind: type[T]) -> T:
    """A value of a class of this package."""
    if not isinstance(value, kind):
        raise InputError(f"{name}: expected a {kind.__name__}, got {type(value).__name__}")
    return value


def increasing(name: str, values: ArrayLike, strictly: bool = True) -> NDArray[np.float64]:
    """Finite numbers in rising order."""
    result = numbers(name, values)
    steps = np.diff(result)
    wrong = steps <= 0.0 if strictly else steps < 0.0
    if wrong.any():
        index = int(np.argmax(wrong))
        order = "rising" if strictly else "non-decreasing"
        raise InputError(
            f"{name}: expected {order} values, got {result[index]:g} before {result[index + 1]:g} at index {index}"
        )
    return result
