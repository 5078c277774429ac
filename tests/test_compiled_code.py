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


def package(place):
    """A package with the decorators of the real one and a kernel that compiles at once; the folder of its kernels."""
    folder = place / "little" / "kernels"
    folder.mkdir(parents=True)
    for name in ("jit", "announcement", "compiled_code", "parts"):
        shutil.copy(KERNELS / f"{name}.py", folder)
    for path, text in (("__init__.py", ""), ("constants.py", CONSTANT), ("work.py", WORK)):
        (folder / path).write_text(text)
    (folder.parent / "__init__.py").write_text("")
    return folder


@pytest.fixture
def little(tmp_path):
    """A package of which nothing is compiled."""
    return package(tmp_path)


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A package with what a process compiled and kept, to be copied."""
    folder = package(tmp_path_factory.mktemp("once"))
    assert run(folder) == (FRESH, "")
    assert len(kept(folder)) == 1
    return folder


@pytest.fixture
def compiled(once, tmp_path):
    """A copy of it: where it is does not matter."""
    shutil.copytree(once.parent, tmp_path / "little")
    return tmp_path / "little" / "kernels"


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


def test_compiled_code_is_found_by_the_next_process(compiled):
    assert run(compiled) == (FOUND, "")


def test_an_edit_of_what_is_inlined_counts_whatever_the_files_time_says(compiled):
    path = compiled / "constants.py"
    before = path.stat()
    path.write_text(CONSTANT.replace("2.0", "5.0"))
    for bytecode in (compiled / "__pycache__").glob("constants*.pyc"):
        bytecode.unlink()  # Python itself goes by the time
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run(compiled) == ("6.0 0", "")
    assert len(kept(compiled)) == 1  # the one of the earlier state is gone
    path.write_text(CONSTANT)
    assert run(compiled) == (FRESH, "")


def test_what_is_compiled_after_an_edit_of_imported_files_is_not_kept(little):
    edit = f"open({str(little / 'constants.py')!r}, 'a').write('OTHER = 1'); "
    assert run(little, CALL.replace("; print", "; " + edit + "print")) == (FRESH, "")
    assert not kept(little)


def test_a_file_that_was_cut_emptied_or_overwritten_is_made_anew(compiled):
    (path,), sizes = kept(compiled), set()
    anew = "; from little.kernels.jit import kernel; new = kernel(work.py_func)"  # looks on disk as a process does
    found = f"{CALL}{anew}; print(new(1.0), sum(new.stats.cache_hits.values()))"
    for harm in (lambda whole: whole[: len(whole) // 2], lambda whole: b"", lambda whole: b"x" * 999):
        path.write_bytes(harm(path.read_bytes()))
        assert run(compiled, found) == (f"{FRESH}\n{FOUND}", "")
        assert kept(compiled) == [path]
        sizes.add(path.stat().st_size)
    assert len(sizes) == 1


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


def test_numba_cache_dir_is_the_only_folder(compiled, tmp_path):
    ((path, before),) = ((path, path.stat()) for path in kept(compiled))
    assert run(compiled, NUMBA_CACHE_DIR=str(tmp_path / "chosen")) == (FRESH, "")
    assert len(kept(tmp_path / "chosen")) == 1
    assert kept(compiled) == [path]
    assert path.stat().st_mtime_ns == before.st_mtime_ns


AT_ONCE = "import little.kernels.announcement as told; told.PATIENCE = 0.0; "


def test_of_processes_that_start_at_once_one_compiles_and_the_others_wait(little):
    together = [begin(little) for _ in range(3)]
    answers = []
    for process in together:
        answer, told = process.communicate(timeout=300)
        assert process.returncode == 0, told
        answers.append(answer.strip())
    assert sorted(answers) == [FRESH, FOUND, FOUND]
    assert len(kept(little)) == 1
    assert not [*little.rglob("*.tmp"), *little.rglob("*.lock")]
    assert run(little) == (FOUND, "")


def test_a_process_that_waits_for_another_says_so_and_compiles_where_that_one_ended(compiled):
    fcntl = pytest.importorskip("fcntl")
    (code,) = kept(compiled)
    code.unlink()
    with code.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        waiting = begin(compiled, AT_ONCE + CALL)
        told = waiting.stderr.readline()
        assert told == "dwmtj: waiting for another process to compile little.kernels.work.work ...\n"
        assert waiting.poll() is None
    answer, told = waiting.communicate(timeout=300)
    assert answer.strip() == FRESH, told
    assert len(kept(compiled)) == 1


FAILING = """
from pathlib import Path
from little.kernels import work
try:
    work.work("text")
except Exception as error:
    print(type(error).__name__, list(Path(work.__file__).parent.rglob("*.lock")))
"""


def test_nobody_waits_for_a_compilation_that_failed(little):
    assert run(little, FAILING)[0] == "TypingError []"


def test_a_long_compilation_is_announced_on_one_line_of_standard_error(little):
    answer, told = run(little, AT_ONCE + CALL)
    assert answer == FRESH
    assert told.startswith("dwmtj: compiling little.kernels.work.work ... ")
    assert told.endswith(" s\n")
    assert told.count("\n") == 1
    assert run(little, AT_ONCE + CALL) == (FOUND, "")  # from disk: nothing to say


def test_nothing_is_announced_to_those_who_want_quiet(little):
    assert run(little, AT_ONCE + CALL, DWMTJ_QUIET="1") == (FRESH, "")


WALLS = """
import hashlib, numpy as np
from compact_model import Current, lequeux2016, lequeux2016_track, pulses, simulate
from compact_model.kernels.adaptive import advance_devices

def bits(drive, duration):
    device = lequeux2016()
    result = simulate(device, lequeux2016_track(device, 3), drive, np.linspace(0, duration, 50))
    return hashlib.sha256(result.position.values.tobytes() + result.angle.values.tobytes()).hexdigest()

print(bits(Current.of(2e-3), 20e-9), len(advance_devices.overloads))
print(bits(Current(pulses([4e-3, -4e-3] * 2000, width=3e-9, period=6e-9)), 24e-6), len(advance_devices.overloads))
"""


@pytest.fixture(scope="module")
def walls(tmp_path_factory):
    """What a process prints of a short run and of a long one after it: where no code is kept, and where its is."""
    folder = tmp_path_factory.mktemp("walls")
    place = {"NUMBA_CACHE_DIR": str(folder), "PYTHONPATH": str(KERNELS.parents[1])}
    fresh, _ = run(KERNELS, WALLS, **place)
    assert any("advance_devices" in path.name for path in kept(folder))
    found, told = run(KERNELS, WALLS, **place)
    assert told == ""  # nothing was compiled
    return [[line.split() for line in answer.splitlines()] for answer in (fresh, found)]


def test_the_bits_of_a_result_do_not_depend_on_whether_its_code_was_found(walls):
    (_, (fresh, _)), (_, (found, _)) = walls
    assert fresh == found


def test_a_short_first_run_is_taken_by_python_and_has_the_bits_of_compiled_code(walls):
    ((by_python, compiled), _), ((found, loaded), _) = walls
    assert (compiled, loaded) == ("0", "1")  # what is on disk is used at once
    assert by_python == found


def test_a_long_first_run_is_compiled(walls):
    (_, (_, compiled)), _ = walls
    assert compiled == "1"


FUSED = '''"""A kernel in which products and sums may fuse, as in the preconditioner of arrays."""

from compact_model.kernels.jit import kernel
from crossbar.kernels.columns import multiply


@kernel
def product(left, right, out):
    multiply(left.shape[0], left, right, out)
'''
PRODUCT = (
    "import hashlib, numpy as np; from fused import product; draw = np.random.default_rng(1); "
    "left, right = (draw.uniform(-1, 1, shape).astype(np.float32) for shape in ((31, 162), (162, 61))); "
    "out = np.empty((31, 61), np.float32); product(left, right, out); "
    "print(hashlib.sha256(out.tobytes()).hexdigest(), sum(product.stats.cache_hits.values()), "
    "np.abs(out - left @ right).max() < 1e-4)"
)


def test_the_bits_of_fused_sums_do_not_depend_on_whether_their_code_was_found(tmp_path):
    (tmp_path / "fused.py").write_text(FUSED)
    place = {
        "NUMBA_CACHE_DIR": str(tmp_path / "kept"),
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(KERNELS.parents[1])]),
    }
    fresh, _ = run(KERNELS, PRODUCT, **place)
    found, told = run(KERNELS, PRODUCT, **place)
    (bits, *counted), (again, *hits) = fresh.split(), found.split()
    assert (counted, hits, told) == (["0", "True"], ["1", "True"], "")
    assert bits == again
