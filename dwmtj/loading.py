"""Results from files, in a process that knows nothing of what made them."""

from pathlib import Path

import xarray as xr


def load(path: str | Path) -> xr.Dataset:
    """A result as `-o FILE.nc` or `to_netcdf` wrote it, whole and in memory; `load(path).dwmtj.plot()` draws it.

    Files of earlier versions are loaded as they are; the attribute dwmtj_version says which one made them.
    Raises InputError for a file that is no result of this package, and for one of a later version.
    """
    from compact_model.support.result_files import ResultFiles

    return ResultFiles().open_dataset(path).load()
