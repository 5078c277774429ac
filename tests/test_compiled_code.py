"""What is compiled is kept, found again by all that it was compiled from, and never in the way: as real processes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import compact_model

KERNELS = Path(compact_model.__file__).parent / "kernels"
CONSTANT = '''"""What others inline."""

from .jit import inlined

FACTOR = 2.0


@inlined
def scaled(value):
    return FACTOR * value
'''
WORK = '''"""A kernel that inlines from another file."""

from .constants import scaled
from .jit import kernel


@kernel
def work(value):
    return scaled(value) + 1.0
'''
CALL = "from little.kernels.work import work; print(work(1.0), sum(work.stats.cache_hits.values()))"
FRESH, FOUND = "3.0 0", "3.0 1"


@pytest.fixture
def little(tmp_path):
    """A package with the decorators of the real one and a kernel that compiles at once; the folder of its kernels."""
    folder = tmp_path / "little" / "kernels"
    folder.mkdir(parents=True)
    for name in ("jit", "announcement", "compiled_code", "parts"):
        shutil.copy(KERNELS / f"{name}.py", folder)
    for path, text in (("__init__.py", ""), ("constants.py", CONSTANT), ("work.py", WORK)):
        (folder / path).write_text(text)
    (folder.parent / "__init__.py").write_text("")
    return folder


def begin(little, code=CALL, **environment):
    inherited = {name: value for name, value in os.environ.items() if name not in ("NUMBA_CACHE_DIR", "DWMTJ_QUIET")}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=inherited | {"PYTHONPATH": str(little.parents[1])} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(little, code=CALL, **environment):
    """What a new process prints, on both outputs."""
    process = begin(little, code, **environment)
    answer, told = process.communicate(timeout=300)
    assert process.returncode == 0, told
    return answer.strip(), told


def kept(folder):
    return sorted(folder.rglob("*.nbc"))


def test_compiled_code_is_found_by_the_next_process(little):
    assert run(little) == (FRESH, "")
    assert len(kept(little)) == 1
    assert run(little) == (FOUND, "")


def test_an_edit_of_what_is_inlined_counts_whatever_the_files_time_says(little):
    run(little)
    path = little / "constants.py"
    before = path.stat()
    path.write_text(CONSTANT.replace("2.0", "5.0"))
    for compiled in (little / "__pycache__").glob("constants*.pyc"):
        compiled.unlink()  # Python itself goes by the time
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run(little) == ("6.0 0", "")
    assert len(kept(little)) == 1  # the one of the earlier state is gone
    path.write_text(CONSTANT)
    assert run(little) == (FRESH, "")


def test_what_is_compiled_after_an_edit_of_imported_files_is_not_kept(little):
    edit = f"open({str(little / 'constants.py')!r}, 'a').write('OTHER = 1'); "
    assert run(little, CALL.replace("; print", "; " + edit + "print")) == (FRESH, "")
    assert not kept(little)


@pytest.mark.parametrize("harm", [lambda whole: whole[: len(whole) // 2], lambda whole: b"", lambda whole: b"x" * 999])
def test_a_file_that_was_cut_emptied_or_overwritten_is_made_anew(little, harm):
    run(little)
    (path,) = kept(little)
    whole = path.read_bytes()
    path.write_bytes(harm(whole))
    assert run(little) == (FRESH, "")
    assert kept(little) == [path]
    assert len(path.read_bytes()) == len(whole)
    assert run(little) == (FOUND, "")


def without_folders(little):
    """An installation that nobody can write to, root included: a file stands where the folder would be."""
    shutil.rmtree(little / "__pycache__", ignore_errors=True)
    (little / "__pycache__").write_text("")
    return {"HOME": "/proc/nobody", "XDG_CACHE_HOME": "/proc/nobody", "PYTHONDONTWRITEBYTECODE": "1"}


def test_without_a_folder_that_can_be_written_it_compiles_in_memory_and_says_so_once(little):
    nowhere = without_folders(little)
    answer, told = run(little, CALL + "; work(1); work(1.0 + 1j)", **nowhere)
    assert answer == FRESH
    said = [line for line in told.splitlines() if not line.startswith("dwmtj: compiling ")]  # of a slow machine
    assert len(said) == 1
    assert "NUMBA_CACHE_DIR" in said[0]
    assert run(little, **nowhere, DWMTJ_QUIET="1") == (FRESH, "")


def test_the_users_cache_folder_stands_in_for_a_package_that_is_read_only(little, tmp_path):
    places = without_folders(little) | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert run(little, **places) == (FRESH, "")
    assert len(kept(tmp_path / "cache" / "dwmtj")) == 1
    assert run(little, **places) == (FOUND, "")


def test_numba_cache_dir_is_the_only_folder(little, tmp_path):
    assert run(little, NUMBA_CACHE_DIR=str(tmp_path / "chosen")) == (FRESH, "")
    assert len(kept(tmp_path / "chosen")) == 1
    assert not kept(little)
    run(little)
    assert run(little, NUMBA_CACHE_DIR=str(tmp_path / "another")) == (FRESH, "")


def test_processes_may_compile_at_once(little):
    together = [begin(little) for _ in range(3)]
    for process in together:
        answer, told = process.communicate(timeout=300)
        assert process.returncode == 0, told
        assert answer.startswith("3.0 ")
    assert len(kept(little)) == 1
    assert not list(little.rglob("*.tmp"))
    assert run(little) == (FOUND, "")


AT_ONCE = "import little.kernels.announcement as told; told.PATIENCE = 0.0; "


def test_a_long_compilation_is_announced_on_one_line_of_standard_error(little):
    answer, told = run(little, AT_ONCE + CALL)
    assert answer == FRESH
    assert told.startswith("dwmtj: compiling little.kernels.work.work ... ")
    assert told.endswith(" s\n")
    assert told.count("\n") == 1
    assert run(little, AT_ONCE + CALL) == (FOUND, "")  # from disk: nothing to say


def test_nothing_is_announced_to_those_who_want_quiet(little):
    assert run(little, AT_ONCE + CALL, DWMTJ_QUIET="1") == (FRESH, "")


WALLS = (
    "import hashlib, numpy as np; from compact_model import Current, lequeux2016, lequeux2016_track, simulate; "
    "device = lequeux2016(); "
    "result = simulate(device, lequeux2016_track(device, 3), Current.of(2e-3), np.linspace(0, 20e-9, 50)); "
    "print(hashlib.sha256(result.position.values.tobytes() + result.angle.values.tobytes()).hexdigest())"
)
COMPILED_WALLS = (
    "from compact_model.kernels.interpreted import all_compiled; compiling = all_compiled(); compiling.__enter__(); "
    + WALLS
)
CURRENTS = (
    "import hashlib, numpy as np; from crossbar import Crossbar; draw = np.random.default_rng(1); "
    "array = Crossbar(resistance=draw.uniform(50, 100, (160, 160)), word_line_resistance=1, bit_line_resistance=1); "
    "print(hashlib.sha256(array.solve(draw.uniform(0, 1, 160)).device_current.values.tobytes()).hexdigest())"
)


@pytest.mark.parametrize("code", [COMPILED_WALLS, CURRENTS])
def test_the_bits_of_a_result_do_not_depend_on_whether_its_code_was_found(tmp_path, code):
    place = {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(KERNELS.parents[1])}
    fresh, _ = run(KERNELS, code, **place)
    assert kept(tmp_path)
    assert run(KERNELS, code, **place) == (fresh, "")


def test_a_short_first_run_is_taken_by_python_and_has_the_bits_of_compiled_code(tmp_path):
    place = {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(KERNELS.parents[1]), "DWMTJ_QUIET": "1"}
    by_python = run(KERNELS, WALLS, **place)
    assert not any("advance_devices" in path.name for path in kept(tmp_path))
    assert run(KERNELS, COMPILED_WALLS, **place) == by_python
    assert any("advance_devices" in path.name for path in kept(tmp_path))
    again = (
        f"{WALLS}; from compact_model.kernels.adaptive import advance_devices; print(len(advance_devices.overloads))"
    )
    assert run(KERNELS, again, **place) == (f"{by_python[0]}\n1", "")  # what is on disk is used at once


def test_a_long_first_run_is_compiled(tmp_path):
    place = {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(KERNELS.parents[1]), "DWMTJ_QUIET": "1"}
    drive = "Current(pulses([4e-3, -4e-3] * 200, width=3e-9, period=6e-9))"
    longer = WALLS.replace("Current,", "Current, pulses,").replace("Current.of(2e-3)", drive).replace("20e-9", "2.4e-6")
    run(KERNELS, longer, **place)
    assert any("advance_devices" in path.name for path in kept(tmp_path))
