"""Kernels as the plain Python functions that they are before compilation.

Compiling a kernel takes many seconds.  One that has only a few hundred steps to take is run by Python until then, some
hundred times slower and finished long before; what goes on for longer is compiled after all.  Without leave to contract
or to reorder, both give the same bits.
"""

import functools
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CellType, CodeType, FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher

_PACKAGE = __package__ or ""
# numpy's own versions of these round otherwise than the C library's, which compiled code calls, on processors with
# AVX-512; functions that a kernel adds have to be added here.
STAND_INS = {"arctan": math.atan, "log1p": math.log1p}
_seconds_left = 2.0  # of this process, for kernels run by Python
_compiled: set[tuple[Any, ...]] = set()  # a kernel and the classes of its arguments


def run_by_python(kernel: Any, *arguments: Any) -> bool:
    """Run a kernel that is not compiled for these arguments by Python, as long as the process has time for that.

    Returns whether it has been run.
    """
    global _seconds_left
    if _seconds_left <= 0.0:
        return False
    kind = kernel, *map(type, arguments)
    if kind in _compiled:
        return False
    if is_compiled(kernel, *arguments):
        _compiled.add(kind)
        return False
    began = time.perf_counter()
    with np.errstate(all="ignore"):  # compiled code divides by zero in silence
        interpreted(kernel)(*arguments)
    _seconds_left -= time.perf_counter() - began
    return True


def is_compiled(kernel: Any, *arguments: Any) -> bool:
    """Whether a kernel has code for arguments of these types, in memory or on disk."""
    signature = tuple(kernel.typeof_pyval(argument) for argument in arguments)
    return signature in kernel.overloads or kernel._cache.holds(signature, kernel.targetctx)


@contextmanager
def all_compiled() -> Iterator[None]:
    """Within it, kernels are compiled at their first call."""
    global _seconds_left
    before, _seconds_left = _seconds_left, 0.0
    try:
        yield
    finally:
        _seconds_left = before


@functools.cache
def interpreted(kernel: Any) -> Callable[..., Any]:
    """A kernel's Python function, in which every compiled function that it calls is such a function as well."""
    return _copy(kernel.py_func, {})


def _copy(original: FunctionType, copies: dict[FunctionType, FunctionType]) -> FunctionType:
    """A function that sees copies in the place of compiled functions; copies: what has been made so far."""
    if original not in copies:
        scope: dict[str, Any] = {}
        cells = tuple(CellType() for _ in original.__closure__ or ())
        copies[original] = FunctionType(original.__code__, scope, original.__name__, original.__defaults__, cells)
        for copied, cell in zip(cells, original.__closure__ or (), strict=True):
            copied.cell_contents = _seen(cell.cell_contents, copies)
        for name in _names(original.__code__):
            if name in original.__globals__:
                scope[name] = _seen(original.__globals__[name], copies)
    return copies[original]


def _seen(value: Any, copies: dict[FunctionType, FunctionType]) -> Any:
    """What stands in the place of something that a kernel refers to."""
    if isinstance(value, Dispatcher):
        return _copy(value.py_func, copies)
    if isinstance(value, FunctionType) and value.__module__.startswith(_PACKAGE):
        return _copy(value, copies)
    if value is np:
        return SimpleNamespace(**vars(np) | STAND_INS)
    if isinstance(value, ModuleType) and value.__name__.startswith(_PACKAGE):
        dispatchers = {name: each for name, each in vars(value).items() if isinstance(each, Dispatcher)}
        return SimpleNamespace(**{name: _seen(each, copies) for name, each in dispatchers.items()})
    return value


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
