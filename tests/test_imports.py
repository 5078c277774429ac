"""Which package may import which, and what an import costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def imported_by(package):
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                yield path, node.module


def test_the_compact_model_knows_no_other_package_of_the_project():
    for path, module in imported_by("compact_model"):
        assert module.split(".")[0] not in {"dwmtj", "spice", "crossbar"}, f"{path} imports {module}"


def test_the_netlist_knows_the_compact_model_and_may_read_a_crossbar():
    for path, module in imported_by("spice"):
        assert module.split(".")[0] != "dwmtj", f"{path} imports {module}"


def test_the_crossbar_knows_the_compact_model_only():
    for path, module in imported_by("crossbar"):
        assert module.split(".")[0] not in {"dwmtj", "spice"}, f"{path} imports {module}"


def test_the_kernels_know_nothing_outside_their_folders():
    outside = {"typing", "collections", "collections.abc", "dataclasses", "numba", "numba.extending", "numpy.typing"}
    keeping = {"collections.abc", "pathlib", "numba.core", "numba.core.caching", "numba.core.compiler"}
    keeping |= {"numba.core.serialize", "numba.misc.appdirs"}  # what keeps compiled code and tells of it
    keeping |= {"numba.core.codegen", "numba.core.dispatcher", "contextlib", "types"}  # or does without
    around = ("jit", "compiled_code", "announcement", "parts", "interpreted")
    atomic = {"llvmlite", "numba.core", "numba.extending"}  # operations on memory that threads share
    for package, known in (
        ("compact_model", outside),
        ("crossbar", outside | {f"compact_model.kernels.{name}" for name in ("jit", "junction", "tables")}),
    ):
        for path in (ROOT / package / "kernels").glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom):
                    allowed = known | keeping if path.stem in around else known
                    allowed = allowed | atomic if path.stem == "sharing" else allowed
                    assert node.level == 1 or node.module in allowed, f"{path} imports {node.module}"


def loaded_after(statement):
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_importing_the_netlist_loads_nothing_heavy():
    assert not loaded_after("import spice") & {"numpy", "numba", "xarray", "PySpice", "matplotlib"}


def test_importing_the_compact_model_loads_nothing_heavy():
    assert not loaded_after("import compact_model") & {"numba", "xarray", "pandas", "scipy", "matplotlib"}


def test_the_command_lines_help_loads_nothing_heavy():
    assert not loaded_after("import dwmtj.cli") & {"numpy", "numba", "xarray", "scipy", "matplotlib"}


RESULT = """
import numpy as np
from compact_model import Current, lequeux2016, simulate, single_well
device = lequeux2016()
track = single_well(device, coercive_field=15e-4, half_width=100e-9)
result = simulate(device, track, Current.of(1e-3), np.linspace(0.0, 1e-9, 3))
result.to_netcdf(path)
"""


def test_a_result_is_made_and_saved_without_dask(tmp_path):
    pytest.importorskip("dask.array")
    assert not {"dask", "dask.array"} & loaded_after(f"path = {str(tmp_path / 'result.nc')!r}{RESULT}")


def test_results_go_to_dask_and_back_where_somebody_imports_it(tmp_path):
    pytest.importorskip("dask.array")
    chunks = """
import dask.array
import xarray as xr
ones = dask.array.ones(3, chunks=1)
own = xr.Dataset({"a": ("time", ones), "b": result.position[0]}, coords={"time": result.time})
assert own.a.chunks == ((1, 1, 1),) and own.b.chunks is None
chunked = result.chunk(time=1)
assert chunked.position.chunks[-1] == (1, 1, 1)
assert (chunked.position.mean().compute() == result.position.mean()).all()
masked = dask.array.ma.masked_equal(dask.array.arange(3, chunks=3), 1)
assert np.isnan(xr.Variable("x", masked).values[1])
"""
    loaded_after(f"path = {str(tmp_path / 'result.nc')!r}{RESULT}{chunks}")
    loaded_after(f"path = {str(tmp_path / 'other.nc')!r}\nimport dask.array{RESULT}{chunks}")


def test_every_public_name_is_there():
    import compact_model
    import spice

    for package in (compact_model, spice):
        for name in package.__all__:
            assert getattr(package, name) is not None


def test_no_public_name_is_also_a_module_of_its_package():
    # Importing such a module replaces the function of that name in the package, whatever lazy_loader does.
    import compact_model
    import crossbar
    import spice

    for package in (compact_model, spice, crossbar):
        folder = Path(package.__file__).parent
        modules = {path.stem for path in folder.glob("*.py")}
        modules |= {path.parent.name for path in folder.glob("*/__init__.py")}
        assert not (set(package.__all__) - {"checks", "constants"}) & modules
        for name in package.__all__:
            assert getattr(getattr(package, name), "__module__", "").rpartition(".")[2] != name
