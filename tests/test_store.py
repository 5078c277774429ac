"""Long runs on disk: what a run that was cut off, a full disk or another run in the folder leads to."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from small_array import DEVICE, SCHEDULE, THRESHOLD, long_run, programmed, simulation_of, targets
from walls import simulation_of_walls

import compact_model
from compact_model import InputError, ParabolicWell, lequeux2016
from compact_model.support.quick_netcdf import loaded
from compact_model.support.store import Store, StoreError, whole_file, write_netcdf
from crossbar import Crossbar, Junctions, Schedule, Selected, Transistor

ROOT = Path(compact_model.__file__).parents[1]
IDENTITY = {"version": "1", "seed": "7"}
PART = xr.Dataset(
    {"x": (("a", "b"), np.arange(6.0).reshape(2, 3)), "n": ("a", np.array([1, 2]))},
    attrs={"time": 1e-9, "steps": 5, "name": "part", "energies": [1.0, 2.0]},
)


@pytest.fixture(scope="module")
def whole_run():
    """What an uninterrupted run without a store gives."""
    return long_run()


@pytest.fixture(scope="module")
def finished(tmp_path_factory, whole_run):
    """The folder of a run that has come to its end; not to be changed."""
    folder = tmp_path_factory.mktemp("store") / "run"
    xr.testing.assert_identical(long_run(store=folder), whole_run)
    return folder


def child(code, *arguments):
    """Another Python with the packages and the tests' helpers."""
    path = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def parts(folder):
    return sorted(path.name for path in Path(folder).glob("[!.]*.nc"))


def copy(folder, to):
    to.mkdir()
    for path in folder.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    return to


def test_a_folder_keeps_every_row_of_every_pass(finished):
    expected = [f"pass_{number:02d}_row_{row:05d}.nc" for number in range(2) for row in range(4)]
    assert parts(finished) == expected
    assert sorted(path.name for path in finished.iterdir()) == sorted([*expected, "run.json"])


KILLED = """
import sys, time
import compact_model.support.store
from small_array import long_run
from walls import simulation_of_walls

saved = 0
save = compact_model.support.store.Store.save


def hold_at_last(store, name, part):
    global saved
    save(store, name, part)
    saved += 1
    if saved == int(sys.argv[2]):
        time.sleep(120)  # it must not reach its end before it is killed


compact_model.support.store.Store.save = hold_at_last
long_run(store=sys.argv[1])
"""


@pytest.mark.parametrize("number", [1, 5])
def test_a_run_that_was_killed_goes_on_to_the_same_result(tmp_path, whole_run, number):
    folder = tmp_path / "run"
    process = child(KILLED, folder, number + 2)
    deadline = time.monotonic() + 120.0
    while len(parts(folder)) < number and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    process.kill()
    _, errors = process.communicate()
    assert process.returncode == -signal.SIGKILL, errors
    kept = parts(folder)
    assert number <= len(kept) < 8
    before = {name: (folder / name).read_bytes() for name in kept}
    (folder / ".pass_00_row_00007-killed.nc").write_bytes(b"half a file")  # what a kill within a write may leave
    xr.testing.assert_identical(long_run(store=folder), whole_run)
    assert {name: (folder / name).read_bytes() for name in kept} == before
    assert len(parts(folder)) == 8


def test_a_run_killed_before_its_first_part_begins_anew(tmp_path, whole_run, finished):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / ".run-killed.json").write_text("{")
    xr.testing.assert_identical(long_run(store=folder), whole_run)
    (other := tmp_path / "only its description").mkdir()
    (other / "run.json").write_bytes((finished / "run.json").read_bytes())
    xr.testing.assert_identical(long_run(store=other), whole_run)


@pytest.mark.parametrize("keep", [0, 1, 100, 4000, -1, None])
def test_a_part_that_was_cut_off_is_made_again(tmp_path, whole_run, finished, keep):
    folder = copy(finished, tmp_path / "run")
    path = folder / "pass_00_row_00002.nc"
    content = path.read_bytes()
    path.write_bytes(b"\0" * len(content) if keep is None else content[:keep])
    xr.testing.assert_identical(long_run(store=folder), whole_run)
    assert xr.load_dataset(path, engine="h5netcdf").identical(xr.load_dataset(finished / path.name, engine="h5netcdf"))


FULL = """
import resource, signal, sys
import compact_model.support.store
from small_array import long_run
from walls import simulation_of_walls

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an error of the write instead, as on a full disk
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
save = compact_model.support.store.Store.save


def with_a_full_disk(store, name, part):
    global saved
    saved += 1
    if saved == 4:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), hard))
    try:
        save(store, name, part)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


compact_model.support.store.Store.save = with_a_full_disk
for size in sys.argv[2:]:
    saved = 0
    try:
        long_run(store=f"{sys.argv[1]}/{size}")
    except compact_model.support.store.StoreError as error:
        print(error)
    else:
        print("no error")
"""
SIZES = (100, 5000)


@pytest.fixture(scope="module")
def full_disks(tmp_path_factory):
    """A folder with one of a run for each size, and what each said, in one process."""
    pytest.importorskip("resource")
    folder = tmp_path_factory.mktemp("full")
    process = child(FULL, folder, *SIZES)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert errors == ""
    return folder, dict(zip(SIZES, output.splitlines(), strict=True))


@pytest.mark.parametrize("size", SIZES)
def test_a_full_disk_is_an_error_and_the_same_call_goes_on(whole_run, finished, full_disks, size):
    folder, output = full_disks[0] / str(size), full_disks[1][size]
    assert output.startswith(f"store: pass_00_row_00003 could not be written to {folder} (File too large)")
    assert "the 3 parts before it are complete, and the same call goes on from them" in output
    assert sorted(path.name for path in folder.iterdir()) == [*parts(finished)[:3], "run.json"]
    for name in parts(folder):
        one, other = (xr.load_dataset(where / name, engine="h5netcdf") for where in (folder, finished))
        xr.testing.assert_identical(one, other)
    xr.testing.assert_identical(long_run(store=folder), whole_run)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"seed": 4}, "seed"),
        ({"ohms": 2e-3}, "wires"),
        ({"external_field": 1e-4}, "external field"),
        ({"temperature": 78.0}, "temperature"),
        ({"tolerance": 2e-10}, "accuracy"),
        ({"devices": DEVICE.replace(tmr=0.96)}, "devices"),
        ({"selector": Transistor(on=np.ones((4, 2), dtype=bool), on_resistance=1.0)}, "selector"),
        ({"initial_angle": 0.01}, "starting positions"),
        ({"target": targets((4, 2), seed=2)}, "target"),
        ({"schedule": Schedule(voltages=[1.5 * THRESHOLD], widths=4e-9)}, "schedule"),
    ],
)
def test_another_run_in_the_folder_is_refused_and_what_differs_is_named(finished, options, named):
    before = {path.name: path.read_bytes() for path in finished.iterdir()}
    with pytest.raises(InputError, match=rf"store: expected .* to be of this run, got one with another {named} \("):
        long_run(store=finished, **options)
    assert {path.name: path.read_bytes() for path in finished.iterdir()} == before


def test_a_run_of_another_version_is_refused(tmp_path, finished):
    folder = copy(finished, tmp_path / "run")
    identity = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(identity | {"version": "0.0.1"}))
    with pytest.raises(InputError, match=r"another version \(0\.0\.1, here "):
        long_run(store=folder)
    del identity["target"]
    (folder / "run.json").write_text(json.dumps(identity))
    with pytest.raises(InputError, match=r"another target \(None, here "):
        long_run(store=folder)


def test_a_simulation_that_has_moved_on_is_another_run(tmp_path):
    simulation = simulation_of()
    programmed(simulation, targets(), store=tmp_path / "run")
    with pytest.raises(InputError, match="another starting positions"):
        programmed(simulation, targets(), store=tmp_path / "run")


def test_two_patterns_of_transistors_are_two_runs():
    identities = []
    for line in (20, 21):
        on = np.zeros((40, 40), dtype=bool)
        on[line] = True
        cells = Selected(Junctions(DEVICE, np.full((40, 40), 500e-9)), Transistor(on=on, on_resistance=1e3))
        one = simulation_of((1, 1))
        identities.append(simulation_of_walls(Crossbar(cells=cells), one.devices.landscapes).identity())
    assert identities[0].keys() == identities[1].keys()
    assert [name for name in identities[0] if identities[0][name] != identities[1][name]] == ["selector"]


def test_of_two_runs_that_start_in_one_new_folder_the_second_is_refused(tmp_path):
    first = Store(tmp_path / "run", {"seed": "1"})  # has begun and has no part yet
    with pytest.raises(InputError, match="another seed"):
        Store(tmp_path / "run", {"seed": "2"})
    first.save("part", xr.Dataset({"a": 1.0}))
    assert float(Store(tmp_path / "run", {"seed": "1"}).load("part").a) == 1.0


def test_a_part_of_another_run_counts_as_missing(tmp_path):
    one, two = Store(tmp_path / "one", {"seed": "1"}), Store(tmp_path / "two", {"seed": "2"})
    one.save("part", xr.Dataset({"a": 1.0}))
    shutil.copy(tmp_path / "one" / "part.nc", tmp_path / "two" / "part.nc")
    assert two.load("part") is None
    assert float(one.load("part").a) == 1.0


def test_processes_that_claim_one_folder_at_once_agree_on_its_owner(tmp_path):
    script = (
        "import sys\nfrom compact_model.support.store import Store\nfrom compact_model import InputError\n"
        "try:\n    store = Store(sys.argv[1], {'seed': sys.argv[2]})\n    print('mine', flush=True)\n"
        "except InputError:\n    print('refused', flush=True)\n"
        "sys.stdin.read()\n"  # each goes on until all have answered
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / "run"), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    said = sorted(process.stdout.readline().strip() for process in processes)
    for process in processes:
        process.communicate()
    assert said == ["mine", "refused", "refused", "refused"]


@pytest.mark.parametrize("abandoned", [False, True])
def test_of_runs_that_claim_a_folder_at_once_exactly_one_gets_it(tmp_path, abandoned):
    pytest.importorskip("fcntl")
    runs, rounds = 4, 100
    together = threading.Barrier(runs, timeout=30)

    def claim(number):
        owned = []
        for turn in range(rounds):
            together.wait()
            try:
                owned.append(Store(tmp_path / str(turn), {"seed": str(number)}))
            except InputError as refused:
                owned.append(str(refused))
        together.wait()  # all go on until all have answered
        return owned

    if abandoned:
        for turn in range(rounds):
            Store(tmp_path / str(turn), {"seed": "of a run that ended"})
    with ThreadPoolExecutor(runs) as pool:
        owners = [*pool.map(claim, range(runs))]
    for turn in zip(*owners, strict=True):
        refused = [each for each in turn if isinstance(each, str)]
        assert len(refused) == runs - 1
        assert all("another seed" in each for each in refused)


def test_a_run_that_ended_before_its_first_part_leaves_the_folder_to_the_next(tmp_path):
    Store(tmp_path / "run", {"seed": "1"})
    second = Store(tmp_path / "run", {"seed": "2"})
    second.save("part", xr.Dataset({"a": 1.0}))
    with pytest.raises(InputError, match="another seed"):
        Store(tmp_path / "run", {"seed": "1"})


def test_a_folder_with_other_things_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("much work")
    with pytest.raises(InputError, match="store: expected a new or empty folder, or one of an earlier run"):
        programmed(simulation_of(), targets(), store=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("text")
    for path in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(InputError, match="store: expected a folder, got the file"):
            programmed(simulation_of(), targets(), store=path)
    assert (tmp_path / "file").read_text() == "text"


@pytest.mark.parametrize("text", ["", "{", "[]", "3"])
def test_a_description_that_says_nothing_is_refused(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(InputError, match=r"expected the description of a run in .*run\.json, got other text"):
        Store(tmp_path, IDENTITY)


def test_parts_come_back_as_they_were(tmp_path):
    store = Store(tmp_path / "new" / "run", IDENTITY)
    assert store.load("one") is None
    store.save("one", PART)
    again = Store(str(tmp_path / "new" / "run"), dict(reversed(IDENTITY.items())))
    found = again.load("one")
    assert found["x"].identical(PART["x"])
    assert found["n"].identical(PART["n"])
    assert {name: found.attrs[name] for name in ("time", "steps", "name")} == {
        "time": 1e-9,
        "steps": 5,
        "name": "part",
    }
    assert list(found.attrs["energies"]) == [1.0, 2.0]
    again.save("one", PART.assign(n=("a", np.array([3, 4]))))
    assert store.load("one")["n"].values.tolist() == [3, 4]


def test_without_a_folder_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = Store(None, IDENTITY)
    store.save("one", PART)
    assert store.load("one") is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "result.txt"
    path.write_text("before")

    def half():
        with whole_file(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
    with whole_file(path) as temporary:
        temporary.write_text("after")
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_a_netcdf_file_is_the_one_that_xarray_writes(tmp_path):
    result = programmed(simulation_of(), np.full((2, 2), np.nan), SCHEDULE).assign_coords(word_line=["a", "b"])
    write_netcdf(result, tmp_path / "ours.nc")
    result.to_netcdf(tmp_path / "xarrays.nc", engine="h5netcdf")
    ours, xarrays = (xr.load_dataset(tmp_path / name, engine="h5netcdf") for name in ("ours.nc", "xarrays.nc"))
    xr.testing.assert_identical(ours, xarrays)
    assert ours.reached.dtype == bool
    assert ours.attrs["parameters"] == result.attrs["parameters"]


def test_a_folder_that_is_gone_is_a_store_error(tmp_path):
    store = Store(tmp_path / "run", IDENTITY)
    (tmp_path / "run" / "run.json").unlink()
    (tmp_path / "run").rmdir()
    with pytest.raises(StoreError, match=r"store: one could not be written to .* \(No such file or directory\)"):
        store.save("one", PART)


def test_no_flipped_bit_in_the_data_of_the_main_job_is_taken_for_data(tmp_path, capsys):
    from dwmtj.commands.run import _measured
    from dwmtj.main_job.part import Part, Subject, Summary

    device = lequeux2016()
    subject = Subject(device, 15e-4, 100e-9, ParabolicWell)
    measured = []

    def measure(subject, progress):
        measured.append(1)
        return xr.Dataset({"x": ("time", np.arange(50.0))}, attrs={"experiment": "simulation"})

    part = Part("probe", "a probe", measure, lambda *_: Summary({}, ""), lambda *_: None)
    first = _measured(part, subject, tmp_path, "this code", fresh=False, progress=False)
    assert _measured(part, subject, tmp_path, "this code", fresh=False, progress=False).identical(first)
    assert len(measured) == 1
    assert xr.load_dataset(tmp_path / "probe.nc", engine="h5netcdf").identical(first)  # the seal hurts no other reader
    path = tmp_path / "probe.nc"
    whole = path.read_bytes()
    draw = np.random.default_rng(0)
    for count, place in enumerate(draw.integers(0, 8 * len(whole), 160).tolist(), start=2):
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << place % 8
        path.write_bytes(changed)
        again = _measured(part, subject, tmp_path, "this code", fresh=False, progress=False)
        assert again.identical(first)
        assert len(measured) == count
    assert "not as it was written; measuring again" in capsys.readouterr().err


QUICK = {
    "plain numbers": xr.Dataset(
        {"x": (("line", "cell"), np.arange(6.0).reshape(2, 3)), "count": 3, "stream": np.uint64(2**64 - 1)},
        attrs={"spent": 1.5, "solutions": 14, "energies": [1.0, np.nan, np.inf], "method": "heun"},
    ),
    "coordinates and attributes": xr.Dataset(
        {
            "x": (
                ("cell", "time"),
                [[1.0, np.nan]],
                {"units": "\N{GREEK SMALL LETTER MU}m", "n": [1, 2]},
            )
        },
        coords={"time": ("time", [0.0, 1e-9], {"units": "ns"}), "cell": [7], "beside": ("time", [1, 2]), "at": 0.5},
    ),
    "small integers": xr.Dataset({"x": ("b", np.array([-1, 2], np.int8)), "y": ("a", np.array([1], np.float32))}),
    "flags": xr.Dataset({"on": ("cell", [True, False])}),
    "words": xr.Dataset({"name": ("cell", ["a", "\N{GREEK SMALL LETTER MU}"])}, attrs={"names": ["a", "b"]}),
    "two dimensions of a coordinate": xr.Dataset(coords={"a": (("a", "b"), [[1.0, 2.0]])}),
    "nothing": xr.Dataset(attrs={"empty": np.zeros(0)}),
    "no lines": xr.Dataset({"x": (("line", "cell"), np.zeros((0, 2)))}),
}


@pytest.mark.parametrize("kind", QUICK)
def test_parts_are_read_as_xarray_reads_them(kind, tmp_path):
    path = tmp_path / "part.nc"
    write_netcdf(QUICK[kind], path)
    found, expected = loaded(path.read_bytes()), xr.load_dataset(path, engine="h5netcdf")
    assert found.identical(expected)
    assert list(found.variables) == list(expected.variables)
    for one, other in ((found, expected), *((found[name], expected[name]) for name in expected.variables)):
        assert list(one.attrs) == list(other.attrs)
        assert [type(each) for each in one.attrs.values()] == [type(each) for each in other.attrs.values()]
    for name in expected.variables:
        assert found[name].dtype == expected[name].dtype
        assert type(found[name].variable._data) is type(expected[name].variable._data)
