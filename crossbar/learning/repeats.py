"""Independent repeats of a trial as a mean and a standard deviation."""

import math

import xarray as xr


def mean_and_deviation(values: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Over `repeat`: the mean, and the standard deviation of the population (n - 1); NaN for a single repeat."""
    mean = values.mean("repeat")
    if values.sizes["repeat"] == 1:
        return mean, mean * math.nan
    return mean, values.std("repeat", ddof=1)


def written(mean: float, deviation: float) -> str:
    """Shares of 1 as a table shows them, in %; an unknown deviation is a dash."""
    return f"{100.0 * mean:.1f} +- {'-' if math.isnan(deviation) else f'{100.0 * deviation:.1f}'}"
