"""Datasets made without xarray's checks are those that it makes with them."""

import numpy as np
import pytest
import xarray as xr

from compact_model.support.labelled import labelled

LABELS = {
    "position": (("device", "time"), "wall position x", "m"),
    "passage_time": (("device",), "time of passage", "s"),
    "power": ((), "power", "W"),
}
ARRAYS = {"position": np.arange(6.0).reshape(2, 3), "passage_time": np.array([1.0, np.inf]), "power": np.array(2.0)}


@pytest.mark.parametrize("names", [(), ("time",), ("device", "time")])
def test_a_labelled_dataset_is_the_one_that_xarray_makes(names):
    axes = {"time": [0.0, 1e-9, 3e-9], "device": ["X1", "X2"]}
    coordinates = {name: xr.IndexVariable(name, axes[name], {"long_name": name}) for name in names}
    expected = xr.Dataset(
        {
            name: (LABELS[name][0], values, {"long_name": LABELS[name][1], "units": LABELS[name][2]})
            for name, values in ARRAYS.items()
        },
        coords=coordinates,
        attrs={"experiment": "simulation"},
    )
    found = labelled(ARRAYS, LABELS, {"experiment": "simulation"}, coordinates)
    xr.testing.assert_identical(found, expected)
    assert dict(found.sizes) == dict(expected.sizes)
    xr.testing.assert_identical(found.isel(time=slice(1, None)), expected.isel(time=slice(1, None)))
    if names:
        xr.testing.assert_identical(found.sel(time=1e-9), expected.sel(time=1e-9))
    xr.testing.assert_identical(xr.concat([found, found], "run"), xr.concat([expected, expected], "run"))


def test_a_dimension_of_two_lengths_is_refused():
    with pytest.raises(ValueError, match="passage_time: expected 2 values along device, got 3"):
        labelled({**ARRAYS, "passage_time": np.zeros(3)}, LABELS, {})
