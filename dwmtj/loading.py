"""Loading of results from files."""

from pathlib import Path

import xarray as xr


def load(path: str | Path) -> xr.Dataset:
    """Load a result that `-o FILE.nc` or `to_netcdf` wrote, completely into memory; `load(path).dwmtj.plot()` draws it.

    Files of earlier versions are loaded unchanged; the attribute dwmtj_version says which version made them.  Raises
    InputError for a file that is not a result of this package, or that a later version made.
    """
    from compact_model.support.result_files import ResultFiles

    return ResultFiles().open_dataset(path).load()
