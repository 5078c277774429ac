"""Argument checks.  Each returns its value, or raises a one-line InputError that says what to change."""

import difflib
import math
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

T = TypeVar("T")

LARGEST = 1e100
"""Beyond any quantity of this field, in any unit; above it, products of a few quantities overflow silently."""
MOST = 10**15
"""Beyond anything that can be counted, stored or waited for."""
_LARGE = 5_000_000  # numbers: smaller arrays are not checked for memory
_LONGEST = 100  # characters of a value in a message


class InputError(ValueError):
    """An invalid argument; the message names it, what was expected and what was given."""


class ConvergenceError(RuntimeError):
    """A solver that could not reach the requested accuracy; the message says where, and what to try."""


def shown(value: Any) -> str:
    """A value as shown in a message: on one line, and not long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def number(name: str, value: Any) -> float:
    """A finite real number; text and truth values are not numbers."""
    try:
        if isinstance(value, str | bytes | bool | np.bool_):
            raise TypeError
        result = float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name}: expected a number, got {shown(value)}") from None
    except OverflowError:
        raise InputError(f"{name}: expected a number of at most {LARGEST:g}, got a larger one") from None
    if not math.isfinite(result):
        raise InputError(f"{name}: expected a finite number, got {result}")
    if abs(result) > LARGEST:
        raise InputError(f"{name}: expected a number of at most {LARGEST:g}, got {result:g}")
    return result


def positive(name: str, value: Any) -> float:
    """A finite number above zero."""
    result = number(name, value)
    if result <= 0.0:
        raise InputError(f"{name}: expected a number above 0, got {result:g}")
    if result < 1.0 / LARGEST:
        raise InputError(f"{name}: expected a number of at least {1.0 / LARGEST:g}, got {result:g}")
    return result


def non_negative(name: str, value: Any) -> float:
    """A finite number of zero or above."""
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


def whole(name: str, value: Any, at_least: int, at_most: int | None = MOST) -> int:
    """A whole number of at least the least value, and at most the upper bound if there is one."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < at_least:
        raise InputError(f"{name}: expected a whole number of at least {at_least}, got {shown(value)}")
    if at_most is not None and value > at_most:
        given = str(value) if value <= LARGEST else "a larger one"  # Python prints no integer of thousands of digits
        raise InputError(f"{name}: expected a whole number of at most {at_most:g}, got {given}")
    return int(value)


def flag(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, bool | np.bool_):
        raise InputError(f"{name}: expected True or False, got {shown(value)}")
    return bool(value)


def nearest(word: str, choices: Iterable[str]) -> str:
    """', did you mean ...?' if a choice is close to the word, else nothing."""
    close = difflib.get_close_matches(word, list(choices), n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def choice(name: str, value: Any, choices: Collection[str]) -> str:
    """One of several words."""
    if not isinstance(value, str) or value not in choices:
        listed = ", ".join(repr(item) for item in choices)
        raise InputError(f"{name}: expected one of {listed}, got {shown(value)}{nearest(str(value), choices)}")
    return str(value)


def different(name: str, values: Any, choices: Collection[str]) -> list[str]:
    """At least one of several words, without repetition."""
    words = [choice(name, each, choices) for each in listed(name, values)]
    if len(set(words)) < len(words):
        raise InputError(f"{name}: expected different ones, got {shown(words)}")
    return words


ARRAY_AXES = ("input", "word_line", "bit_line")
"""The dimensions of an array's labelled values."""


def unlabelled(name: str, values: Any, axes: Sequence[str] | None = None) -> Any:
    """Labelled values (a DataArray) as plain ones in the order of the axes; everything else unchanged.

    Along an axis numbered 0 to n - 1 in another order they are sorted.  Raises InputError for dimensions of ARRAY_AXES
    that are not among the axes, and for a masked array with masked values, which have no number.
    """
    masked = int(np.asarray(values.mask).sum()) if isinstance(values, np.ma.MaskedArray) else 0
    if masked:
        raise InputError(
            f"{name}: expected values without gaps, got a masked array with {masked} of {values.size} masked"
        )
    xarray = sys.modules.get("xarray")  # labelled values imply that it has been imported
    if axes is None or xarray is None or not isinstance(values, xarray.DataArray):
        return values
    if not set(values.dims) & set(ARRAY_AXES):
        return values.values
    if not set(values.dims) <= set(axes):
        raise InputError(
            f"{name}: expected dimensions out of {', '.join(axes)}, got {', '.join(map(str, values.dims))}"
        )
    for axis in values.dims:
        if axis in values.coords and set(values[axis].values.tolist()) == set(range(values.sizes[axis])):
            values = values.sortby(axis)
    return values.transpose(*(axis for axis in axes if axis in values.dims)).values


def shaped(name: str, values: Any, axes: Sequence[str] | None = None) -> NDArray[Any]:
    """An array of anything; rows of different lengths have no shape.  axes: see `unlabelled`."""
    try:
        return np.asarray(unlabelled(name, values, axes))
    except InputError:
        raise
    except ValueError:
        raise InputError(f"{name}: expected an array, got {shown(values)}") from None


def array(name: str, values: ArrayLike, axes: Sequence[str] | None = None) -> NDArray[np.float64]:
    """An array of finite numbers, of any shape, independent of the given values.  axes: see `unlabelled`."""
    plain = unlabelled(name, values, axes)
    try:
        given = np.asarray(plain)
        if given.dtype.kind not in "iuf":
            raise TypeError
        if given.size > _LARGE:
            from .memory import check_memory  # which imports this module

            check_memory(name, 17.0 * given.size)  # with the sizes and the truth values below
        result = given.astype(np.float64)
    except InputError:
        raise
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name}: expected numbers, got {shown(values)}") from None
    sensible = np.abs(result) <= LARGEST
    if not sensible.all():
        where = int(np.argmin(sensible))
        wanted = f"numbers of at most {LARGEST:g}" if np.isfinite(result.flat[where]) else "finite numbers"
        raise InputError(f"{name}: expected {wanted}, got {result.flat[where]} at index {where}")
    return result


def wrong_shape(name: str, got: tuple[int, ...], *wanted: Mapping[str, int | None]) -> InputError:
    """The error for values of a wrong shape, in words and numbers.

    wanted: for each permitted shape the length of each axis, by its name, None for any length; empty for a single
    number.
    """
    choices = []
    for axes in wanted:
        words, counts = ("(" + ", ".join(each) + ("," if len(axes) == 1 else "") + ")" for each in _axes(axes))
        known = any(count is not None for count in axes.values())
        choices.append("a number" if not axes else f"shape {words} = {counts}" if known else f"shape {words}")
    listed = " or ".join((*(", ".join(choices[:-1]),) * (len(choices) > 1), choices[-1]))
    return InputError(f"{name}: expected {listed}, got {f'shape {got}' if got else 'a number'}")


def _axes(axes: Mapping[str, int | None]) -> tuple[list[str], list[str]]:
    """Names of axes, and their lengths where those are known."""
    return list(axes), [name if count is None else str(count) for name, count in axes.items()]


def numbers(name: str, values: ArrayLike, axes: Sequence[str] | None = None) -> NDArray[np.float64]:
    """A one-dimensional array of at least one finite number.  axes: see `unlabelled`."""
    result = np.atleast_1d(array(name, values, axes))
    if result.ndim != 1 or result.size == 0:
        raise InputError(f"{name}: expected a list of at least one number, got an array of shape {result.shape}")
    return result


def instance(name: str, value: Any, kind: type[T]) -> T:
    """A value of a class of this package."""
    if not isinstance(value, kind):
        raise InputError(f"{name}: expected a {kind.__name__}, got {type(value).__name__}")
    return value


def several(name: str, values: Any, kind: type[T]) -> list[T]:
    """One value of a class of this package, or a sequence of at least one, as a list."""
    items = list(values) if isinstance(values, Sequence) else [values]
    for item in items:
        if not isinstance(item, kind):
            raise InputError(f"{name}: expected {kind.__name__}, or a sequence of them, got {type(item).__name__}")
    if not items:
        raise InputError(f"{name}: expected at least one {kind.__name__}, got an empty sequence")
    return items


def listed(name: str, values: Any) -> list[Any]:
    """The items of a sequence of at least one; a text is not a sequence."""
    wrong = isinstance(values, str | bytes | Mapping) or (isinstance(values, np.ndarray) and values.ndim != 1)
    if wrong or not isinstance(values, Iterable):
        raise InputError(f"{name}: expected a sequence, got {shown(values)}")
    items = list(values)
    if not items:
        raise InputError(f"{name}: expected a sequence of at least one, got an empty one")
    return items


def sizes(name: str, values: Any, at_least: int = 1) -> list[int]:
    """At least one whole number, each once: an axis of a result."""
    counts = [whole(name, each, at_least) for each in listed(name, values)]
    distinct(name, counts)
    return counts


def distinct(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Finite numbers, each once: an axis of a result."""
    result = numbers(name, values)
    if np.unique(result).size < result.size:
        raise InputError(f"{name}: expected every value once, got {shown(np.asarray(values).tolist())}")
    return result


def increasing(name: str, values: ArrayLike, strictly: bool = True) -> NDArray[np.float64]:
    """Finite numbers in increasing order."""
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
