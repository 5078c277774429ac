"""Small NetCDF files of numbers, read in a fifth of the time.

xarray and h5netcdf look up every name, dimension and type of a file many times: 50 ms for a part of a run with eight
variables of four numbers, as many as computing it takes.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

# What HDF5 and NetCDF note for themselves.
_INTERNAL = {
    "CLASS",
    "NAME",
    "REFERENCE_LIST",
    "DIMENSION_LIST",
    "DIMENSION_LABELS",
    "_Netcdf4Dimid",
    "_Netcdf4Coordinates",
    "_NCProperties",
    "_nc3_strict",
}
_NO_VARIABLE = b"This is a netCDF dimension but not a netCDF variable"


class _Unfamiliar(Exception):
    """There is more in a file than plain numbers over named dimensions."""


def loaded(content: bytes) -> xr.Dataset:
    """The Dataset in the content of a NetCDF 4 file, the same as `xarray.load_dataset` finds."""
    import xarray as xr

    try:
        variables, attributes = _raw(content)
    except _Unfamiliar:
        return xr.load_dataset(io.BytesIO(content), engine="h5netcdf")
    return xr.decode_cf(xr.Dataset(variables, attrs=attributes)).load()


def _raw(content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Variables as they are stored, by name, and the file's attributes."""
    import h5py

    variables: dict[str, Any] = {}
    with h5py.File(io.BytesIO(content), "r") as file:
        for name, item in file.items():
            if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "fiu":
                raise _Unfamiliar
            if item.attrs.get("NAME", b"").startswith(_NO_VARIABLE):
                continue
            if "DIMENSION_LIST" in item.attrs:
                dims = tuple(file[reference[0]].name[1:] for reference in item.attrs["DIMENSION_LIST"])
            else:
                dims = (name,) if "CLASS" in item.attrs else ()
            if len(dims) != item.ndim:
                raise _Unfamiliar
            variables[name] = (dims, np.asarray(item[()]), _attributes(item))
        return variables, _attributes(file)


def _attributes(item: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in item.attrs:
        if name in _INTERNAL:
            continue
        value = item.attrs[name]
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiu" and value.size > 0:
            found[name] = value if value.size > 1 else value.ravel()[0]
        elif isinstance(value, str | np.number):
            found[name] = value
        else:
            raise _Unfamiliar
    return found
