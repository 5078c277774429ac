"""Results in NetCDF files, read back so that they draw themselves: the engine 'dwmtj' of xarray.

xarray imports this file when it looks for its engines, at the first file that a process opens; the accessor
`result.dwmtj` exists from then on, whatever engine reads the file.
"""

import re
from pathlib import Path
from typing import Any

import xarray as xr
from xarray.backends import BackendEntrypoint

from .. import plots  # noqa: F401 (registers the accessor)
from .provenance import release
from .validation import InputError, shown


class ResultFiles(BackendEntrypoint):
    """Opens files written by this package and refuses others, which the NetCDF engines open as well."""

    description = "Results of dwmtj, checked for being ones"
    open_dataset_parameters = ("filename_or_obj", "drop_variables")

    def open_dataset(self, filename_or_obj: Any, *, drop_variables: Any = None) -> xr.Dataset:
        if not isinstance(filename_or_obj, str | Path) or "\0" in str(filename_or_obj):
            raise InputError(f"path: expected the name of a file, got {shown(filename_or_obj)}")
        if not Path(filename_or_obj).is_file():
            raise InputError(f"path: expected a result in a file, got none at {str(filename_or_obj)!r}")
        try:
            result = xr.open_dataset(filename_or_obj, engine="h5netcdf", drop_variables=drop_variables)
        except (OSError, ValueError, KeyError):
            raise InputError(
                f"path: expected a result as -o FILE.nc writes it, got no NetCDF file, {str(filename_or_obj)!r}"
            ) from None
        made_by = result.attrs.get("dwmtj_version")
        if made_by is None:
            raise InputError(f"path: expected a result of dwmtj, got another NetCDF file, {str(filename_or_obj)!r}")
        if _minor(str(made_by)) > _minor(release()):
            raise InputError(
                f"path: expected a result of dwmtj {release()} or older, got one of {made_by}, {str(filename_or_obj)!r}"
            )
        return result

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        return False


def _minor(version: str) -> tuple[int, int]:
    """The two numbers of a version that distinguish formats of results; (0, 0): unknown."""
    found = re.match(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)
