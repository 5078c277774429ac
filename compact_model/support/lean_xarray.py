"""Keeps xarray from importing Dask before there can be any of its arrays.

For each new variable xarray asks whether it was given an array of Dask's, and for each file whether Dask has workers
that write it.  To know, it imports `dask`, `dask.array` and `distributed` where these are installed, which takes more
than a second.  As long as nobody else has imported them, there are no such arrays and workers, and the answer is no.
From then on xarray finds out by itself.

This relies on names inside xarray: `_cached_duck_array_modules`, in which it looks first, `module_available` and
`get_dask_scheduler`.  A version of xarray without them imports what it likes.
"""

import functools
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import xarray  # noqa: F401 (loads the modules that `begin` changes)

_ABSENT = SimpleNamespace(module=None, version=None, type=(), available=False)


class _KnownModules(dict[str, Any]):
    """What xarray knows of the modules whose arrays it accepts, by name."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or _without_arrays(name)

    def __getitem__(self, name: str) -> Any:
        return _ABSENT if _without_arrays(name) else super().__getitem__(name)


def _without_arrays(name: object) -> bool:
    return name == "dask" and "dask.array" not in sys.modules


@functools.cache
def begin() -> None:
    """Answer for Dask from now on."""
    _change("xarray.namedarray.pycompat", "_cached_duck_array_modules", _KnownModules)
    _change("xarray.namedarray.utils", "module_available", _available)
    for name in ("locks", "writers"):
        _change(f"xarray.backends.{name}", "get_dask_scheduler", _scheduler)


def _change(place: str, name: str, change: Callable[[Any], Any]) -> None:
    module = sys.modules.get(place)
    if hasattr(module, name):
        setattr(module, name, change(getattr(module, name)))


def _available(answer: Callable[..., bool]) -> Callable[..., bool]:
    """xarray's `module_available`, to which Dask is not there until it is imported."""

    @functools.wraps(answer)
    def module_available(module: str, *arguments: Any) -> bool:
        return (module != "dask" or "dask" in sys.modules) and answer(module, *arguments)

    return module_available


def _scheduler(answer: Callable[..., str | None]) -> Callable[..., str | None]:
    """xarray's `get_dask_scheduler`, to which Dask has none until it is imported."""

    @functools.wraps(answer)
    def get_dask_scheduler(*arguments: Any) -> str | None:
        return answer(*arguments) if "dask" in sys.modules else None

    return get_dask_scheduler
