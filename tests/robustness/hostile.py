"""Values that nobody should pass, and valid ones that have been bent a little."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

WORDS = (
    "V/2",
    "V/3",
    "floating",
    "grounded",
    "AP",
    "P",
    "both",
    "slonczewski",
    "field-like",
    "current",
    "voltage",
    "current density",
    "heun",
    "rk4",
    "adaptive",
    "direct",
    "iterative",
    "ngspice",
    "verilog-a",
    "pyspice",
    "start",
    "stop",
    "process",
    "threshold",
    "resistance",
    "tmr",
    "damping",
    "",
    "text",
    "nan",
    "1e3",
    "two\nlines",
    "name with spaces",
    "\N{GREEK SMALL LETTER MU}m",
    "\x00",
    "x" * 300,
)

_SMALL_NUMBERS = (float("nan"), float("inf"), -float("inf"), -1.0, -0.0, 0.0, 1e-300, 5e-324, 1, 2, -1, 0, True)
_LARGE_NUMBERS = (1e300, -1e300, 1.7e308, 10**400, -(10**400), 2**63, 1e30, -1e30)

_JUNK: tuple[Any, ...] = (
    None,
    b"bytes",
    [],
    [[]],
    (),
    {},
    {"a": 1},
    {1: None},
    [None],
    [1.0, "a"],
    [[1.0], [1.0, 2.0]],
    [1e300, -1e300],
    [True, False],
    [[0.0, 1.0], [1.0, 0.0]],
    np.array([]),
    np.zeros((2, 2, 2)),
    np.zeros((0, 2)),
    np.array(["a", "b"]),
    np.array([1.0, np.nan]),
    np.array([np.inf, -np.inf]),
    np.array([None, 1.0], dtype=object),
    np.array(3.0),
    np.float32(0.5),
    np.int8(-3),
    np.datetime64("2016-08-01"),
    1j,
    float,
    len,
    Ellipsis,
    slice(1),
    object(),
    {1.0, 2.0},
    range(3),
    iter(()),
)


def bent(value: Any, *, slow: bool) -> st.SearchStrategy[Any]:
    """The value changed a little; slow: not so that it would cost more than twice the time."""
    factors = st.sampled_from((0.5, 2.0, -1.0, 0.0) if slow else (0.5, 2.0, -1.0, 1e3, 1e-3, 1e9, 1e-9, 0.0))
    if isinstance(value, bool):
        return st.just(not value)
    if isinstance(value, int):
        return st.integers(-2, 2).map(lambda by: value + by)
    if isinstance(value, float):
        return factors.map(lambda by: value * by)
    if isinstance(value, str):
        return st.sampled_from(WORDS)
    if isinstance(value, dict):
        return _bent_entries(value, factors)
    if isinstance(value, list | tuple | np.ndarray):
        return _bent_array(value, factors)
    return st.just(value)


def _bent_entries(value: dict[Any, Any], factors: st.SearchStrategy[float]) -> st.SearchStrategy[dict[Any, Any]]:
    numbers = {key: item for key, item in value.items() if isinstance(item, float)}
    more = st.dictionaries(st.sampled_from(WORDS), st.sampled_from(_SMALL_NUMBERS), max_size=1)
    scaled = st.builds(lambda by, more: value | {key: by * item for key, item in numbers.items()} | more, factors, more)
    other = st.one_of(st.sampled_from(_SMALL_NUMBERS), st.sampled_from(_JUNK), st.sampled_from(WORDS))
    replaced = st.builds(lambda key, item: value | {key: item}, st.sampled_from(list(value)), other)
    return st.one_of(scaled, replaced)


def _bent_array(value: Any, factors: st.SearchStrategy[float]) -> st.SearchStrategy[Any]:
    given = np.asarray(value)
    if given.dtype.kind not in "iufb" or given.size == 0:
        return st.sampled_from([value[:0], value[:1], [*value, *value], list(value)])
    plain = given.astype(float)

    def spoilt(place: int, by: float) -> np.ndarray:
        other = plain.copy()
        other.flat[place % plain.size] = by
        return other

    return st.one_of(
        factors.map(lambda by: np.where(np.isfinite(plain), plain, 0.0) * by),
        st.sampled_from([given[:0], given[:1], given[::-1], given.T, given[np.newaxis], np.concatenate([given] * 2)]),
        st.builds(spoilt, st.integers(0, 9), st.sampled_from(_SMALL_NUMBERS).map(float)),
        st.just(given.tolist()),
    )


def hostile(value: Any, *, slow: bool = False) -> st.SearchStrategy[Any]:
    """What to pass instead of a valid value: anything at all, or the value bent.

    slow: nothing that is valid and asks for more than twice as much, or twice as fine: it would take its time.
    """
    anything = st.one_of(
        bent(value, slow=slow),
        st.sampled_from(_SMALL_NUMBERS if slow else _SMALL_NUMBERS + _LARGE_NUMBERS),
        st.sampled_from(_JUNK),
        st.sampled_from(WORDS),
    )
    if callable(value):  # another function with other arguments is for its author to mend
        anything = anything.filter(lambda other: not callable(other))
    return anything.filter(lambda other: not _asks_for_more(other, value)) if slow else anything


def _asks_for_more(other: Any, value: Any) -> bool:
    try:
        sizes, valid = np.abs(np.atleast_1d(np.asarray(other, dtype=float))), np.abs(np.atleast_1d(value))
    except (TypeError, ValueError, OverflowError):
        return False
    finite = sizes[np.isfinite(sizes) & (sizes > 0.0)]
    return bool(
        finite.size and (finite.max() > 2.0 * np.max(valid) or finite.min() < 0.25 * np.min(valid[valid > 0.0]))
    )
