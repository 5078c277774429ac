"""The commands of arrays: their contract, their files, and what they say to nonsense."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from processes import begun, run

from dwmtj.cli import main


def test_the_margin_command_states_how_far_the_tmr_reaches(tmp_path):
    figure = tmp_path / "margin.png"
    arguments = ("crossbar", "margin", "--sizes", "1,2,3", "--wire-resistance", "0", "--quiet")
    answer = json.loads(run(*arguments, "--json", "-o", figure).stdout)
    assert answer["voltage_margin"]["floating"] == pytest.approx([0.16102, 0.11310, 0.07523], abs=1e-5)
    assert answer["largest_array"]["floating"] == 2
    assert figure.stat().st_size > 10_000
    smaller = run("crossbar", "margin", "--sizes", "1,2", "--wire-resistance", "0", "--quiet").stdout
    assert "floating 2 x 2" in smaller


def test_the_margin_command_follows_the_margin_through_time(command, tmp_path):
    figure = tmp_path / "retained.png"
    sites = ("--sites", "3", "--coercive-field", "50", "--half-width", "60", "--track-seed", "2")
    arguments = ("margin", "--sizes", "4", "--scheme", "V/2", "--retention", "1e12,1e3", "--samples", "20", *sites)
    answer = json.loads(command(*arguments, "--json", "--quiet", "-o", figure)[0])
    assert answer["retention_ns"] == pytest.approx([1e3, 1e12])
    assert answer["median_margin"][0] == answer["fresh_margin"]
    assert answer["misread"][0] == 0.0
    assert answer["misread"][1] > 0.0
    assert answer["lower_margin"][1] < answer["median_margin"][1] < answer["fresh_margin"]
    assert answer["low_position_nm"] > answer["high_position_nm"]
    assert figure.stat().st_size > 10_000
    fresh = json.loads(command(*arguments, "--temperature", "0", "--json", "--quiet")[0])
    assert fresh["lower_margin"] == 2 * [answer["fresh_margin"]]


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        (("reach", "--tmrs", "95,300", "--largest", "8", "--scheme", "grounded"), {"largest_array", "tmr_percent"}),
        (("sneak", "--word-lines", "3", "--bit-lines", "3"), {"sneak_share", "paths"}),
        (
            ("solve", "--word-lines", "8", "--bit-lines", "8", "--pattern", "random", "--whole-word-line"),
            {"method", "power_mW"},
        ),
        (("half-select", "--sizes", "2,4", "--scheme", "V/2"), {"threshold_V", "disturb_margin", "power_mW"}),
        (("accuracy", "--sizes", "4,8", "--repeats", "1", "--levels", "4"), {"level_error", "total_error"}),
        (
            ("design", "--track-widths", "50,100", "--track-lengths", "300", "--largest", "8", "--devices", "32"),
            {"largest_written", "largest_read", "levels", "retention_time_ns", "well_depth_kT"},
        ),
    ],
)
def test_the_array_commands_answer_in_json_and_draw(tmp_path, arguments, keys):
    files = [tmp_path / "result.nc", tmp_path / "result.png"]
    done = run("crossbar", *arguments, "--quiet", "--json", "-o", files[0], "-o", files[1])
    assert keys <= json.loads(done.stdout).keys()
    assert xr.load_dataset(files[0]).attrs["experiment"]
    assert files[1].stat().st_size > 5_000


def test_an_exported_array_runs_under_ngspice(ngspice, tmp_path):
    from spice.ngspice.installation import program

    for kind in ("resistors", "devices"):
        file = tmp_path / f"{kind}.cir"
        run("crossbar", "export", "--format", kind, "--word-lines", "2", "--bit-lines", "3", "-o", file)
        done = subprocess.run([program(), "-b", file], capture_output=True, text=True, check=True)
        assert "w1_2" in done.stdout
    graph = json.loads(run("crossbar", "export", "--format", "graph").stdout)
    assert len(graph["nodes"]) == 2 * 16 + 8


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("margin", "--sizes", "2;3"), "--sizes: expected numbers with commas"),
        (("margin", "--sizes", "0"), "sizes: expected a whole number"),
        (("margin", "--wire-resistance", "-1"), "--wire-resistance: expected a number of at least 0"),
        (("margin", "--sizes", "2,2"), "sizes: expected every value once, got [2, 2]"),
        (("half-select", "--sizes", "2,2"), "sizes: expected every value once"),
        (("accuracy", "--sizes", "4,4"), "sizes: expected every value once"),
        (("accuracy", "--wire-resistances", "1,1"), "wire_resistance: expected every value once"),
        (("reach", "--wire-resistances", "1,1"), "wire_resistance: expected every value once"),
        (("margin", "--retention", "1"), "--sizes: expected one with --retention, got 1, 2, 3, 4, 8, 16, 32"),
        (("margin", "--retention", "1", "--sizes", "2"), "--scheme: expected one with --retention, got floating"),
        (("margin", "--samples", "3"), "--samples: expected only where it has an effect"),
        (
            ("margin", "--retention", "1", "--sizes", "2", "--scheme", "V/2", "--high-state", "wall"),
            "--high-state: expected only where it has an effect",
        ),
        (
            ("margin", "--retention", "1", "--sizes", "2", "--scheme", "V/2", "--coercive-field", "9"),
            "--sites: expected at least 2 with --retention",
        ),
        (("solve", "--word-lines", "0"), "--word-lines"),
        (("solve", "--word-line", "99"), "word_line: expected a number from 0 to 63"),
        (("solve", "--scheme", "V/4"), "V/4"),
        (("sneak", "--word-lines", "99", "--bit-lines", "99"), "1024 cells"),
        (("half-select", "--voltage", "nan"), "write_voltage: expected a finite number"),
        (("design", "--spread", "track_width"), "--spread: expected NAME=NUMBER"),
        (("design", "--spread", "track_wodth=3"), "did you mean 'track_width'"),
        (("design", "--error-rate", "0.1"), "error_rate: expected a number from 0.00390625 to 0.5"),
        (("design", "--track-lengths", "20"), "track_lengths: expected tracks on which a site of 3.6e-08 m fits"),
        (("maggin",), "did you mean 'margin'"),
    ],
)
def test_nonsense_for_an_array_is_one_line(arguments, named):
    done = run("crossbar", *arguments, expect=2)
    assert named in done.stderr
    assert done.stderr.count("\n") == 1


SIZE = ("--word-lines", "2", "--bit-lines", "3")
QUICK = ("--settle", "10", "--step", "0.02", "--quiet")
TINY = (*SIZE, *QUICK)


@pytest.fixture
def command(monkeypatch, capsys):
    """`dwmtj crossbar ...` in this process: standard output, standard error, status."""

    def call(*arguments, expect=0):
        monkeypatch.setattr(sys, "argv", ["dwmtj", "crossbar", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        out, errors = capsys.readouterr()
        assert (left.value.code or 0) == expect, errors
        return out, errors

    return call


def frames_of(path):
    from PIL import Image

    with Image.open(path) as picture:
        return picture.n_frames


# Arguments, the moving picture's frames (0: there is none), the experiment, and what the answer must be.
IN_TIME = {
    "write": (
        ("write", *TINY, "--cell", "0,2", "--cell", "1,0", "--records", "2"),
        9,  # the start, and two records in each pulse and in each rest, twice
        "array_in_time",
        lambda it: (
            it["energy_pJ"] > it["energy_in_lines_pJ"] > 0.0
            and it["selected_moved_nm"][0] > it["others_moved_nm"] > 0.0
            and it["largest_line_current_mA"] > 1.0
            and it["voltage_V"] == pytest.approx(0.698, abs=0.001)
        ),
    ),
    "write a row": (
        ("write", *TINY, "--word-line", "1", "--voltage", "-0.7", "--records", "2", "--wire-capacitance", "5"),
        5,
        "array_in_time",
        lambda it: it["voltage_V"] == -0.7 and it["selected_moved_nm"][0] > it["others_moved_nm"],
    ),
    "program wall": (
        ("program", *TINY, "--target", "wall", "--levels", "4", "--most-pulses", "2"),
        3,
        "programming",
        lambda it: (
            it["cells"] == 6
            and 0.0 < it["pulses_per_cell"] <= 2.0
            and it["mean_error_levels"] <= it["largest_error_levels"]
            and it["duration_ns"] > 0.0
            and it["energy_pJ"] == pytest.approx(6.0 * it["pulses_per_cell"] * it["energy_per_pulse_pJ"])
        ),
    ),
    "program a file": (
        ("program", *TINY, "--target", "levels.csv", "--levels", "4", "--most-pulses", "1", "--passes", "2"),
        5,
        "programming",
        lambda it: it["pulses_per_cell"] <= 2.0 and it["unreached"] <= 6,
    ),
    "program random": (
        ("program", *TINY, "--levels", "3", "--most-pulses", "1", "--spread", "tmr=1", "--seed", "2"),
        3,
        "programming",
        lambda it: it["cells"] == 6,
    ),
    "disturb map": (
        ("disturb", *QUICK, "--sizes", "1,2", "--voltages", "0.1,0.8", "--pulse-widths", "4,8"),
        0,
        "write_map",
        lambda it: (
            np.shape(it["outcome"]) == (2, 2, 2)
            and it["size"] == [1, 2]
            and it["width_ns"] == pytest.approx([4.0, 8.0])
            and np.all(np.array(it["outcome"])[:, 0] == 0)
            and it["outcomes"][int(it["outcome"][1][1][1])] in ("the selected wall alone", "others as well")
        ),
    ),
    "disturb write": (
        ("disturb", *TINY, "--kind", "write", "--count", "3", "--level", "5"),
        4,
        "write_disturb",
        lambda it: (
            it["group"][0] == "selected"
            and it["first_lost_after"][0] == 1
            and it["lost"][0] == 1.0
            and it["drift_nm_per_pulse"][0] > 0.0
        ),
    ),
    "disturb read": (
        ("disturb", *SIZE, "--step", "0.02", "--quiet", "--kind", "read", "--count", "2", "--voltages", "0.05,0.8"),
        0,
        "read_disturb",
        lambda it: (
            it["voltage_V"] == [0.05, 0.8]
            and it["largest_displacement_nm"][0] < 1.0 < it["largest_displacement_nm"][1]
            and it["lost"][0] == 0.0
        ),
    ),
    "update": (
        ("update", *TINY, "--count", "2", "--depression-voltage", "0.65"),
        5,
        "update_curves",
        lambda it: (
            all(it[name][0] <= it[name][1] <= it[name][2] for name in ("nonlinearity", "levels", "excursion_uS"))
            and it["energy_per_update_pJ"] > 0.0
        ),
    ),
    "update in place": (
        ("update", *QUICK, "--rows", "1,-0.5", "--columns", "-1,0,0.25", "--slots", "4"),
        0,
        "outer_product_update",
        lambda it: (
            it["coincidences"] > 0
            and -1.0 <= it["correlation"] <= 1.0
            and it["energy_pJ"] == pytest.approx(it["coincidences"] * it["energy_per_coincidence_pJ"])
        ),
    ),
}


@pytest.mark.parametrize("name", IN_TIME)
def test_the_commands_in_time_answer_in_json_and_draw(tmp_path, monkeypatch, command, name):
    arguments, frames, experiment, check = IN_TIME[name]
    monkeypatch.chdir(tmp_path)
    Path("levels.csv").write_text("0,1,2\n3,2,1\n")
    kinds = ["nc", "png", *(["gif"] if frames else [])]
    out, errors = command(*arguments, "--json", *(part for kind in kinds for part in ("-o", f"result.{kind}")))
    assert errors == ""
    assert out.count("\n") == 1
    answer = json.loads(out)
    assert check(answer), answer
    stored = xr.load_dataset("result.nc", engine="h5netcdf")
    assert stored.attrs["experiment"] == experiment
    assert stored.attrs["dwmtj_version"]
    assert "parameters" in stored.attrs
    assert Path("result.png").read_bytes().startswith(b"\x89PNG")
    assert Path("result.png").stat().st_size > 5_000
    if frames:
        assert frames_of("result.gif") == frames
    assert {path.name for path in tmp_path.iterdir()} == {"levels.csv", *(f"result.{kind}" for kind in kinds)}


@pytest.mark.parametrize("name", ["program random", "disturb map", "update in place"])
def test_the_commands_in_time_answer_people_in_a_table(command, name):
    text, errors = command(*IN_TIME[name][0])
    assert errors == ""
    assert len(text.splitlines()) >= 2
    assert "{" not in text


def test_a_file_of_levels_is_what_is_programmed(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    Path("levels.csv").write_text("0,1,2\n3,2,1\n")
    command(*IN_TIME["program a file"][0], "-o", "result.nc")
    target = xr.load_dataset("result.nc", engine="h5netcdf").target.values
    low, high = target.min(), target.max()
    assert (3.0 * (target - low) / (high - low)).round(9).tolist() == [[0, 1, 2], [3, 2, 1]]


BAD_IN_TIME = [
    ("write --cell 0,1 --cell 0,1", "--cell: expected every cell once, got 0,1 twice"),
    ("write --cell 0,1 --word-line 0", "--cell: expected every cell once, got 0,1 twice"),
    ("write --cell 2,0", "--cell: expected a cell of the 2 x 3 array, got '2,0'"),
    ("write --cell 0,3", "--cell: expected a cell of the 2 x 3 array, got '0,3'"),
    ("write --cell -1,0", "--cell: expected word line and bit line, such as 3,5, got '-1,0'"),
    ("write --cell \u00b2,0", "--cell: expected word line and bit line"),
    ("write --cell 1", "--cell: expected word line and bit line"),
    ("write --word-line 2", "--word-line: expected a number from 0 to 1, got 2"),
    ("write --word-line -1", "--word-line: expected a number from 0 to 1, got -1"),
    ("write --voltage nan", "--voltage: expected a finite number, got nan"),
    ("write --voltage 0", "voltages: expected one that is not 0"),
    ("write --pulse-width 0", "--pulse-width: expected a number above 0"),
    ("write --edge -1", "--edge: expected a number of at least 0"),
    ("write --settle nan", "--settle: expected a finite number"),
    ("write --wire-capacitance -1", "--wire-capacitance: expected a number of at least 0, got -1"),
    ("write --temperature -5", "--temperature: expected a number from 0 to 10000"),
    ("write --step 1", "step: expected at most"),
    ("write --step 0", "--step: expected a number above 0"),
    ("write --tolerance 0", "--tolerance: expected a number above 0, got 0"),
    ("write --seed -1", "--seed: expected a whole number of at least 0, got -1"),
    ("write --track-seed -1", "track"),
    ("write --start left", "'left' is not one of 'middle', 'AP', 'P', 'random'"),
    ("write --spread track_width", "--spread: expected NAME=NUMBER, such as track_width=3, got 'track_width'"),
    ("write --spread track_width=wide", "--spread: expected NAME=NUMBER"),
    ("write --spread track_wodth=3", "did you mean 'track_width'?"),
    ("write --spread track_width=-3", "track_width: expected a number from 0"),
    ("write --store {file}", "is a file"),
    ("write --store {folder}", "store: expected a new or empty folder, or one of an earlier run"),
    ("write -o a.txt", "--output: expected a file name that ends in one of .nc, .png, .pdf, .svg, .gif"),
    (
        "program --target ramps",
        "--target: expected one of random, wall, ramp, checkerboard, or a .csv file, got 'ramps'",
    ),
    ("program --target ramps", "did you mean 'ramp'?"),
    ("program --target missing.csv", "or a .csv file, got no file missing.csv"),
    ("program --target {folder}/short.csv", "--target: expected 2 lines of 3 numbers in"),
    ("program --target {folder}/empty.csv", "--target: expected 2 lines of 3 numbers in"),
    ("program --target {folder}/half.csv", "--target: expected whole numbers from 0 to 15 in"),
    ("program --target {folder}/high.csv", "--target: expected whole numbers from 0 to 15 in"),
    ("program --target {folder}/words.csv", "--target: expected level numbers with commas between in"),
    ("program --voltages 0.5;0.6", "--voltages: expected numbers with commas between"),
    ("program --voltages 0", "voltages: expected sizes above 0 V"),
    ("program --levels 1", "--levels"),
    ("program --accept 0", "--accept: expected a number above 0"),
    ("program --read-voltage 0", "voltage: expected a read voltage other than 0"),
    ("disturb --kind reed", "'reed' is not one of 'map', 'write', 'read'"),
    ("disturb --kind read --store new", "--store: expected only where it has an effect, got it with --kind read"),
    ("disturb --kind read -o a.gif", "--output: expected a file name that ends in one of"),
    ("disturb --kind map -o a.gif", "--output: expected a file name that ends in one of"),
    ("disturb --sizes 0", "sizes: expected a whole number of at least 1"),
    ("disturb --pulse-widths 0", "width: expected one above 0 s"),
    ("disturb --kind write --level 0", "--level: expected a number above 0"),
    ("disturb --kind write --count 0", "--count"),
    ("update --rows 1,1", "--columns: expected with --rows, got one without the other"),
    ("update --columns 1,1", "--columns: expected with --rows, got one without the other"),
    ("update --rows 2,0 --columns 1", "rows: expected 2 numbers from -1 to 1, got 0 to 2"),
    ("update --rows 1 --columns -1.01", "columns: expected 1 numbers from -1 to 1, got -1.01"),
    ("update --rows 1 --columns nan", "columns: expected finite numbers"),
    ("update --rows a --columns 1", "--rows: expected numbers with commas between, such as 1,-0.5,0, got 'a'"),
    ("update --rows 1 --columns 1 -o a.gif", "--output: expected a file name that ends in one of"),
    ("update --rows 1 --columns 1 --store new", "--store: expected only where it has an effect, got it with --rows"),
    ("update --depression-voltage -1", "--depression-voltage: expected a number above 0"),
]


@pytest.mark.parametrize(("arguments", "named"), BAD_IN_TIME, ids=[arguments for arguments, _ in BAD_IN_TIME])
def test_nonsense_in_time_is_one_line_and_leaves_nothing(tmp_path, monkeypatch, command, arguments, named):
    folder, here = tmp_path / "folder", tmp_path / "here"
    folder.mkdir()
    here.mkdir()
    texts = {"short": "0,1\n", "empty": "", "half": "0.5,0,0\n0,0,0\n", "high": "16,0,0\n0,0,0\n", "words": "a,b,c\n"}
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text)
    monkeypatch.chdir(here)
    out, errors = command(
        *arguments.format(file=folder / "short.csv", folder=folder).split(),
        *(() if any(word in arguments for word in ("map", "--sizes", "widths", "--rows", "--columns")) else SIZE),
        "--quiet",
        expect=2,
    )
    assert named in errors
    assert errors.startswith("dwmtj: ")
    assert errors.count("\n") == 1
    assert out == ""
    assert list(here.iterdir()) == []


def test_a_store_of_another_seed_is_refused(tmp_path, command):
    tiny = ("--word-lines", "1", "--bit-lines", "1", "--settle", "1", "--quiet", "--store", tmp_path / "run")
    command("write", *tiny)
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    _, errors = command("write", *tiny, "--seed", "1", expect=2)
    assert "got one with another seed (" in errors
    assert errors.count("\n") == 1
    _, errors = command("write", *tiny, "--voltage", "0.5", expect=2)
    assert "got one with another writing (" in errors
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


LARGER = (
    "--word-lines",
    "8",
    "--bit-lines",
    "16",
    "--settle",
    "20",
    "--step",
    "0.02",
    "--temperature",
    "300",
    "--quiet",
)
KILLED = {
    "write": ("write", *LARGER, *(part for row in range(8) for part in ("--word-line", str(row)))),
    "program": ("program", *LARGER, "--bit-lines", "4", "--most-pulses", "1"),
    "disturb": ("disturb", "--kind", "write", *LARGER, "--count", "10"),
}


@pytest.mark.parametrize("name", KILLED)
def test_a_command_that_was_killed_goes_on_to_the_same_file(tmp_path, command, name):
    arguments, folder = KILLED[name], tmp_path / "run"
    command(*arguments, "-o", tmp_path / "whole.nc")
    said = {"output": tmp_path / "output", "errors": tmp_path / "errors"}
    process = begun("crossbar", *arguments, "--store", folder, "-o", tmp_path / "killed.nc", **said)
    deadline = time.monotonic() + 100
    while not list(folder.glob("[!.]*.nc")) and process.is_alive() and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(random.Random(name).uniform(0.0, 0.1))
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL, said["errors"].read_text()
    assert not (tmp_path / "killed.nc").exists()
    kept = {path.name: path.read_bytes() for path in folder.glob("[!.]*.nc")}
    assert len(kept) >= 1
    run("crossbar", *arguments, "--store", folder, "-o", tmp_path / "resumed.nc")
    assert len(list(folder.glob("[!.]*.nc"))) > len(kept)
    assert {path.name: path.read_bytes() for path in folder.glob("[!.]*.nc") if path.name in kept} == kept
    whole, resumed = (xr.load_dataset(tmp_path / f"{each}.nc", engine="h5netcdf") for each in ("whole", "resumed"))
    xr.testing.assert_identical(whole, resumed)
