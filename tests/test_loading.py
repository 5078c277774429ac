"""Results from files: they draw themselves whatever was imported, and what is no result is refused in one line."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import dwmtj
from compact_model import InputError, Voltage, lequeux2016, simulate, single_well
from compact_model.support.store import write_netcdf

EARLIER = Path(__file__).parent / "data" / "crossbar_0_1_0.nc"
"""`dwmtj crossbar solve --word-lines 4 --bit-lines 3 -o` of version 0.1.0."""
DEVICE = lequeux2016()


def printed_by(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_version_is_that_of_the_distribution():
    assert dwmtj.__version__ == version("dwmtj")


@pytest.mark.parametrize(
    "opened",
    [f"xarray; result = xarray.load_dataset({str(EARLIER)!r})", f"dwmtj; result = dwmtj.load({str(EARLIER)!r})"],
)
def test_a_result_draws_itself_in_a_process_that_imported_nothing_else(opened):
    before = f"import matplotlib; matplotlib.use('agg'); path = {str(EARLIER)!r}"
    code = f"{before}; import {opened}; print(result.dwmtj.plot().get_ylabel())"
    assert printed_by(code) == ["word", "line"]


def test_opening_a_file_loads_nothing_heavy():
    modules = printed_by(f"import sys, dwmtj; dwmtj.load({str(EARLIER)!r}); print(*sys.modules)")
    assert not set(modules) & {"numba", "matplotlib", "crossbar", "spice", "click"}


def test_a_result_comes_back_as_it_was(tmp_path):
    track = single_well(DEVICE, coercive_field=15e-4, half_width=100e-9)
    result = simulate(DEVICE, track, Voltage.of(0.1), [0.0, 1e-9])
    write_netcdf(result, tmp_path / "one.nc")
    xr.testing.assert_identical(dwmtj.load(tmp_path / "one.nc"), result)
    xr.testing.assert_identical(xr.load_dataset(tmp_path / "one.nc", engine="dwmtj"), result)


def test_a_result_of_an_earlier_version_says_so():
    result = dwmtj.load(EARLIER)
    assert result.attrs["dwmtj_version"] == "0.1.0"
    assert result.device_current.shape == (1, 4, 3)


def made(tmp_path, kind):
    path = tmp_path / "file.nc"
    if kind == "text":
        path.write_text("nothing but text")
    elif kind == "cut off":
        path.write_bytes(EARLIER.read_bytes()[:5000])
    elif kind == "other":
        xr.Dataset({"a": ("x", np.zeros(2))}).to_netcdf(path, engine="h5netcdf")
    elif kind == "later":
        dwmtj.load(EARLIER).assign_attrs(dwmtj_version="17.1.0").to_netcdf(path, engine="h5netcdf")
    elif kind == "folder":
        path.mkdir()
    return path


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("text", "got no NetCDF file"),
        ("cut off", "got no NetCDF file"),
        ("other", "got another NetCDF file"),
        ("later", r"expected a result of dwmtj .* or older, got one of 17.1.0"),
        ("folder", "got none at"),
        ("absent", "got none at"),
    ],
)
def test_what_is_no_result_is_refused_in_one_line(tmp_path, kind, named):
    with pytest.raises(InputError, match=f"^path: .*{named}") as refused:
        dwmtj.load(made(tmp_path, kind))
    assert "\n" not in str(refused.value)


def test_what_is_no_name_is_refused():
    with pytest.raises(InputError, match="path: expected the name of a file, got 3"):
        dwmtj.load(3)
