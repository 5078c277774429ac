"""Datasets made as xarray makes its own results, from arrays that are known to fit.

The checks, copies and alignments of `xarray.Dataset` take longer than a short simulation or solving a small array:
three times as long as all of this.
"""

from collections.abc import Mapping
from typing import Any

import xarray as xr
from xarray.indexes import Index, PandasIndex

from .arrays import FloatArray

Label = tuple[tuple[str, ...], str, str]
"""Dimensions, long name and unit of a variable."""


def labelled(
    arrays: Mapping[str, FloatArray],
    labels: Mapping[str, Label],
    attributes: Mapping[str, Any],
    coordinates: Mapping[str, xr.IndexVariable] | None = None,
) -> xr.Dataset:
    """The Dataset of arrays, with their labels by name.

    coordinates: of the dimensions that have some, by their names.  Raises ValueError for a dimension of two lengths.
    """
    variables: dict[str, xr.Variable] = {}
    sizes: dict[Any, int] = {}
    for name, values in arrays.items():
        dims, long_name, unit = labels[name]
        variables[name] = xr.Variable(dims, values, {"long_name": long_name, "units": unit}, fastpath=True)
    variables |= coordinates or {}
    for name, each in variables.items():
        for dim, size in zip(each.dims, each.shape, strict=True):
            if sizes.setdefault(dim, size) != size:
                raise ValueError(f"{name}: expected {sizes[dim]} values along {dim}, got {size}")
    indexes: dict[Any, Index] = {name: PandasIndex(each.to_index(), name) for name, each in (coordinates or {}).items()}
    return xr.Dataset._construct_direct(variables, set(indexes), sizes, dict(attributes), indexes)
