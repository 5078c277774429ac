"""Provenance of a result: the release, the devices and tracks, the array, and the seed, as text in its attributes."""

import dataclasses
import functools
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import xarray as xr

from . import lean_xarray
from .arrays import FloatArray
from .same import ChangeableError, Same, require_constant

lean_xarray.begin()

ORIGIN = ("dwmtj_version", "parameters", "landscape", "array", "seed")
"""The attributes of a result that state its origin."""

_MOST = 100  # devices, landscapes or numbers written out


@functools.cache
def release() -> str:
    """The installed version of the package."""
    try:
        return version("dwmtj")
    except PackageNotFoundError:
        return "unknown (not installed)"


def provenance(
    parameters: Sequence[Any] | Mapping[str, Any],
    landscapes: Sequence[Any] = (),
    *,
    array: Mapping[str, Any] | None = None,
    seed: str | None = None,
) -> dict[str, str]:
    """The origin of a result, as text that is the same on every machine: the attributes named in ORIGIN.

    parameters: of the devices, or the arguments by name if no device is involved; landscapes; both as JSON, the first
    hundred of each.  array: the description of wires and cells, by name, as JSON.  seed: from `random.recorded`.
    Attributes without content are left out.
    """
    asked = json.dumps(_plain(parameters)) if isinstance(parameters, Mapping) else _listed(parameters)
    found = {"dwmtj_version": release(), "parameters": asked}
    if landscapes:
        found["landscape"] = _listed(landscapes)
    if array is not None:
        found["array"] = json.dumps(_plain(array))
    return found if seed is None else found | {"seed": seed}


def inherited(result: xr.Dataset) -> dict[str, str]:
    """The provenance of a result, for another one derived from it."""
    return {name: result.attrs[name] for name in ORIGIN if name in result.attrs}


def digest(*items: str | FloatArray) -> str:
    """A short text that identifies texts and arrays, the same on every machine."""
    whole = hashlib.sha256()
    for item in items:
        whole.update(item.encode() if isinstance(item, str) else np.ascontiguousarray(item).tobytes())
    return whole.hexdigest()[:16]


def _listed(items: Sequence[Any]) -> str:
    return f"[{', '.join(_text(item) for item in items[:_MOST])}]"


def _text(item: Any) -> str:
    try:
        return _kept_text(Same(item))
    except ChangeableError:
        return json.dumps(_plain(item))


@functools.lru_cache(maxsize=256)
def _kept_text(item: Same[Any]) -> str:
    """A device or a landscape as JSON, made once."""
    require_constant(item.item)
    return json.dumps(_plain(item.item))


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"kind": type(value).__name__, **fields}
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        long = value.size > _MOST
        if long:
            return f"{value.size} numbers, digest {digest(np.asarray(value))}"
        plain = value.dtype.kind in "biu" or (value.dtype.kind == "f" and np.isfinite(value).all())
        return value.tolist() if plain else _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, str | int | float):
        return value
    return value.__name__ if isinstance(value, type) else type(value).__name__  # its repr contains an address
