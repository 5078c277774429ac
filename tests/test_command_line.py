"""The command line as a process: its contract, its files, and what it says to nonsense."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
import xarray as xr
from processes import DWMTJ, run, run_here

from dwmtj.cli import COMMANDS, group
from dwmtj.commands.crossbar import COMMANDS as ARRAY_COMMANDS
from dwmtj.commands.learn import COMMANDS as LEARNING_COMMANDS

ROOT = Path(__file__).parent.parent


def test_the_threshold_contract():
    done = run(
        *[
            "threshold",
            "--anisotropy-field",
            "100",
            "--coercive-field",
            "15",
            "--offset",
            "20",
            "--offset",
            "5",
            "--torques",
            "slonczewski",
            "--json",
        ]
    )
    answer = json.loads(done.stdout)
    assert answer["offset_Oe"] == [20.0, 5.0]
    assert answer["threshold_A_per_cm2"] == pytest.approx([8.66e6, 8.61e6], rel=0.01)


def test_the_threshold_of_the_field_like_torque_goes_with_the_offset():
    done = run(
        *[
            "threshold",
            "--offset",
            "5",
            "--offset",
            "10",
            "--torques",
            "field-like",
            "--ramp-rate",
            "2e4",
            "--step",
            "0.01",
            "--json",
        ]
    )
    low, high = json.loads(done.stdout)["threshold_A_per_cm2"]
    assert high / low == pytest.approx(2.0, rel=0.05)


ALL_COMMANDS = [
    *((name,) for name in COMMANDS if name not in ("crossbar", "learn")),
    *(("crossbar", name) for name in ARRAY_COMMANDS),
    *(("learn", name) for name in LEARNING_COMMANDS),
]


@pytest.mark.parametrize("command", ALL_COMMANDS, ids=" ".join)
def test_help_shows_units_and_defaults(command):
    text = run(*command, "--help").stdout
    assert "default" in text
    assert text.index("\nOptions:") < text.index("\nWrites:") < text.index("\nExamples:")
    if "--help-all" in text:
        assert "--saturation-magnetisation" not in text
        text = run(*command, "--help-all").stdout
        assert "--saturation-magnetisation A/m" in text
    if command == ("micromagnetics",):  # of a stripe, not of a device
        assert "nm" in text
    elif command not in (("study",), ("monte-carlo",), ("explore",)):  # whose parameters are in a file, or on the page
        assert "Oe" in text
        assert "--parameters" in text
    assert "--json" in text or command[-1] in ("export", "export-device")  # whose answer is the text itself


def test_help_loads_nothing_that_is_compiled_or_large():
    asked = """
import sys
from click.testing import CliRunner
from dwmtj.cli import group
for path in {paths!r}:
    assert CliRunner().invoke(group, [*path, "--help"]).exit_code == 0, path
    loaded = {{"numba", "xarray", "pandas", "scipy.optimize", "matplotlib", "networkx", "PySpice"}} & sys.modules.keys()
    assert not loaded, (path, loaded)
"""
    code = asked.format(paths=ALL_COMMANDS)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ALL_COMMANDS, ids=" ".join)
def test_every_example_of_a_help_can_be_given(command, monkeypatch):
    monkeypatch.chdir(ROOT)
    context = click.Context(group)
    found = group
    for name in command:
        found = found.get_command(context, name)
    assert len(found.examples) >= 2
    for example in found.examples:
        words = shlex.split(example)
        assert tuple(words[: len(command)]) == command
        found.make_context(" ".join(command), words[len(command) :], parent=context)


def test_help_lists_every_command():
    text = run("--help").stdout
    assert all(command in text for command in COMMANDS)


def test_a_simulation_leaves_netcdf_and_a_figure(tmp_path):
    data, figure = tmp_path / "run.nc", tmp_path / "run.png"
    done = run("simulate", "--current", "3", "--pulse-width", "5", "--json", "-o", data, "-o", figure, "--points", "11")
    answer = json.loads(done.stdout)
    stored = xr.load_dataset(data, engine="h5netcdf")
    assert (stored.position.values * 1e9).tolist() == pytest.approx(answer["position_nm"])
    assert stored.position.attrs["units"] == "m"
    assert "dwmtj_version" in stored.attrs
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.nc", "run.png"]


def test_parameters_come_from_toml_and_options_win(tmp_path):
    file = tmp_path / "device.toml"
    file.write_text("[device]\nanisotropy_field = 100\n[landscape]\ncoercive_field = 15.0\n")
    common = ("threshold", "--torques", "slonczewski", "--offset", "10", "--json", "--parameters", file)
    from_file = json.loads(run(*common).stdout)["threshold_A_per_cm2"][0]
    overridden = json.loads(run(*common, "--anisotropy-field", "50").stdout)["threshold_A_per_cm2"][0]
    assert from_file == pytest.approx(8.64e6, rel=0.01)
    assert overridden == pytest.approx(0.5 * from_file, rel=0.05)
    file.write_text("[device]\nanisotropy_from_width = 'rigid-wall'\n")
    from_width = json.loads(run(*common).stdout)["threshold_A_per_cm2"][0]
    assert from_width == pytest.approx(119.0 / 100.0 * from_file, rel=0.02)
    file.write_text("[device]\nanisotropy_from_width = 'micromagnetics'\n")
    both = run(*common, "--wall-width", "12", expect=2)
    assert "wall_width: expected none with anisotropy_from_width" in both.stderr


def test_loop_pulses_and_retention_answer_in_json():
    loop = json.loads(run(*["loop", "--cycles", "1", "--points", "16", "--dwell", "5", "--json"]).stdout)
    assert len(loop["current_mA"]) == len(loop["resistance_Ohm"]) == 17
    pulses = json.loads(run(*["pulses", "--count", "3", "--json", "--sites", "1"]).stdout)
    assert len(pulses["energy_pJ"]) == 6
    kept = json.loads(run(*["retention", "--duration", "100", "--devices", "4", "--json"]).stdout)
    assert kept["escapes"] == 0
    assert kept["mean_escape_time_ns"] is None


def test_retention_by_rates_and_the_intrinsic_site_answer_in_json():
    kept = json.loads(run("retention", "--method", "rates", "--json").stdout)
    assert 1e6 < kept["rates_escape_time_ns"] < 2.5e6
    assert kept["rates_method"] == "rates"
    site = json.loads(run("intrinsic", "--stable-field", "5", "--stable-time", "6e10", "--json").stdout)
    assert 30.0 < site["coercive_field_Oe"] < 60.0
    slow = json.loads(
        run("threshold", "--temperature", "300", "--ramp-rate", "0.02", "--offset", "10", "--json").stdout
    )
    assert slow["method"] == "rates"


NONSENSE = [
    ("threshold --damping -1", "damping: expected a number of at least 0, got -1"),
    ("threshold --tmr 0", "tmr: expected a number above 0, got 0"),
    ("threshold --track-width nan", "--track-width: expected a finite number, got nan"),
    ("threshold --torques spin", "'spin' is not one of"),
    ("threshold --offset abc", "'abc' is not a valid float"),
    ("threshold --offset inf", "offsets: expected finite numbers"),
    ("threshold --step 0", "step: expected a number above 0"),
    ("threshold --step 10", "step: expected at most"),
    ("threshold --half-width 900", "half_width: expected a well that fits on the track"),
    ("threshold --repeats 0", "repeats: expected a whole number of at least 1"),
    ("threshold --seed -3", "seed: expected a whole number of at least 0"),
    ("threshold -o result.txt", "--output: expected a file name that ends in one of .nc, .png"),
    ("threshold -o no/such/folder/a.nc", "--output: expected an existing folder"),
    ("threshold --parameters missing.toml", "missing.toml"),
    ("threshold --anisotropy 10", "No such option"),
    ("simulate", "drive: expected exactly one of --current, --voltage and --current-density, got 0"),
    ("simulate --current 1 --voltage 1", "got 2 of them"),
    ("simulate --current 1 --duration 0", "--duration: expected a number above 0"),
    ("simulate --current 1 --points 1", "--points: expected a number from 2 to 1e+07, got 1"),
    ("simulate --current 1 --initial-position left", "--initial-position: expected a number in nm, AP or P"),
    ("simulate --current 1 --initial-position 2000", "initial_position: expected a position on the track"),
    ("simulate --current 1 --temperature 300 --method adaptive", "method: expected 'heun' or 'rk4'"),
    ("simulate --current 1 --sites 30 --half-width 50", "half_width: expected at most"),
    ("loop --points 7", "points: expected a whole number of at least 8, got 7"),
    ("pulses --pulse-width 200", "width: expected less than"),
    ("retention --devices 0", "devices: expected a whole number of at least 1"),
    ("treshold", "did you mean 'threshold'?"),
    ("simulate --current 3 --method rk4 --step 1e-33", "step: expected at most 1e+13 steps"),
    ("simulate --current 3 --method rk4 --duration 1e30", "step: expected at most 1e+13 steps"),
    ("simulate --current 3 --points 1000000000", "--points: expected a number from 2 to 1e+07"),
    ("simulate --current 3 --duration -1", "--duration: expected a number above 0"),
    ("simulate --current 3 --track-width 1e300", "--track-width: expected a number of at most 1e+100"),
    ("simulate --current 3 --thickness 1e-300", "thickness: expected a number of at least 1e-100"),
    ("simulate --current 3 --damping 1e300", "--damping: expected a number of at most 1e+100"),
    ("simulate --current 3 --sites 0", "--sites: expected a whole number of at least 1, got 0"),
    ("simulate --current 3 --sites 1000000 --half-width 0.0001", "count: expected at most 100000 sites"),
    ("retention --half-width 2000", "half_width: expected a well that fits on the track"),
    ("threshold --offset -1 --ramp-rate -5", "ramp_rate: expected a number above 0"),
    ("run -o {file}", "plain.txt' is a file"),
]


@pytest.mark.parametrize(("arguments", "message"), NONSENSE, ids=[arguments for arguments, _ in NONSENSE])
def test_nonsense_gets_one_clear_line_and_status_2(tmp_path, arguments, message):
    file = tmp_path / "plain.txt"
    file.write_text("not a folder")
    done = run(
        *arguments.format(file=file).split(), "--quiet" if "treshold" not in arguments else "", expect=2, cwd=tmp_path
    )
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[device]\ndampning = 0.1\n", "expected a key of [device], got 'dampning', did you mean 'damping'?"),
        ("[devise]\ndamping = 0.1\n", "got 'devise', did you mean 'device'?"),
        ("[device]\ndamping = 'low'\n", "damping: expected a number, got 'low'"),
        ("[landscape]\nsites = 2.5\n", "sites: expected a whole number, got 2.5"),
        ("[landscape]\nwell = 'square'\n", "well: expected one of parabolic, gaussian, got 'square'"),
        ("[device\n", "expected TOML, got a syntax error"),
        ("device = 5\n", "expected [device] to be a table of keys, got 5"),
        (
            "[device]\ntrack_width = 1" + 400 * "0" + "\n",
            "device.toml: track_width: expected a number of at most 1e+100",
        ),
        (
            "[device]\nanisotropy_from_width = true\n",
            "anisotropy_from_width: expected one of given, micromagnetics, rigid-wall, got True",
        ),
    ],
)
def test_a_bad_toml_file_is_named_with_its_key(tmp_path, text, message):
    file = tmp_path / "device.toml"
    file.write_text(text)
    done = run("threshold", "--parameters", file, expect=2)
    assert message in done.stderr
    assert "device.toml" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_interrupted_command_leaves_no_file(tmp_path):
    data = tmp_path / "long.nc"
    process = subprocess.Popen(
        [
            *DWMTJ,
            "retention",
            "--duration",
            "100000000",
            "--devices",
            "1",
            "--coercive-field",
            "60",
            "-o",
            str(data),
            "--quiet",
        ],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    time.sleep(6.0)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    # Python says of an interrupt that it had to drop that it dropped it; the next one is heeded.
    assert error.strip().splitlines()[-1] == "dwmtj: interrupted; files that were complete are kept"
    assert list(tmp_path.iterdir()) == []


def interrupted_once_begun(code):
    """Interrupt a program after it has printed that it has begun; its status, what it says of that, and in how long."""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout.readline() == "begun\n"
    time.sleep(0.2)
    began = time.perf_counter()
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    return process.returncode, error, time.perf_counter() - began


def test_ctrl_c_ends_what_does_not_return_to_python():
    # As the compiler does, the hash lets other threads run, and handles no signal before it is done.
    code = (
        "import hashlib, click\n"
        "from dwmtj import cli\n"
        "command = click.Command('long', callback=lambda: hashlib.pbkdf2_hmac('sha256', b'', b'', 10**9))\n"
        "cli.group.main = lambda **settings: (print('begun', flush=True), command.main([], **settings))\n"
        "cli.main()\n"
    )
    status, error, seconds = interrupted_once_begun(code)
    assert seconds < 4.0  # 1.7 s, on a machine that others use as well
    assert (status, error) == (130, "\ndwmtj: interrupted; files that were complete are kept\n")


def test_ctrl_c_during_the_import_of_an_extension_is_an_interruption():
    # As C code does that is interrupted while it sets a module up.
    code = (
        "import time, click\n"
        "from dwmtj import cli\n"
        "def load():\n"
        "    try:\n"
        "        print('begun', flush=True)\n"
        "        time.sleep(60)\n"
        "    except KeyboardInterrupt:\n"
        "        raise ImportError('initialization failed') from None\n"
        "command = click.Command('long', callback=load)\n"
        "cli.group.main = lambda **settings: command.main([], **settings)\n"
        "cli.main()\n"
    )
    status, error, _ = interrupted_once_begun(code)
    assert (status, error) == (130, "dwmtj: interrupted; files that were complete are kept\n")


STATIC = ("simulate", "--current", "1", "--duration", "1", "--points", "2")


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_files_have_the_permissions_that_new_files_have(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        run_here(*STATIC, "-o", "a.nc", cwd=tmp_path)
    finally:
        os.umask(before)
    assert (tmp_path / "a.nc").stat().st_mode & 0o777 == mode


def test_a_file_is_replaced_only_where_that_is_asked_for_and_through_a_link(tmp_path):
    kept, link = tmp_path / "kept.nc", tmp_path / "link.nc"
    kept.write_text("precious")
    kept.chmod(0o640)
    link.symlink_to(kept)
    for path in (kept, link):
        refused = run(*STATIC, "-o", path, expect=2)
        assert (
            refused.stderr
            == f"dwmtj: --output: expected the name of a new file, or --overwrite, got '{path}', which exists\n"
        )
        assert not refused.stdout
    assert kept.read_text() == "precious"
    run(*STATIC, "-o", link, "--overwrite")
    assert link.is_symlink()
    assert kept.stat().st_mode & 0o777 == 0o640
    assert xr.load_dataset(kept, engine="h5netcdf").sizes["time"] == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.nc", "link.nc"]


def test_an_output_that_cannot_be_written_loses_neither_the_answer_nor_the_others(tmp_path, monkeypatch):
    def full(self, *arguments, **options):
        raise OSError(28, "No space left on device", "a.png")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", full)
    done = run_here(*STATIC, "-o", "a.png", "-o", "b.nc", "--json", cwd=tmp_path, expect=2)
    assert done.stderr == "dwmtj: a.png: No space left on device\n"
    assert len(json.loads(done.stdout)["time_ns"]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["b.nc"]


def test_what_track_was_swept_is_said():
    quick = ("--cycles", "1", "--points", "8", "--dwell", "1", "--quiet")
    assert "track: the paper's many-level track, " in run("loop", *quick).stdout
    assert (
        "track: one parabolic site, H_c = 60 Oe, x_c = 100 nm\n" in run("loop", *quick, "--coercive-field", "60").stdout
    )


def test_progress_in_a_log_is_whole_lines(monkeypatch, capsys):
    from compact_model.support import progress

    clock = iter(range(0, 1000, 4))
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(clock)))
    with progress.Progress(True, "counting").bar(10, "item") as advance:
        for _ in range(10):
            advance(1)
    # A call takes 4 s here: a line at 12, 24 and 36 s.
    assert capsys.readouterr().err.splitlines() == [
        "counting: 30 %, 28 s left",
        "counting: 60 %, 16 s left",
        "counting: 90 %, 4 s left",
    ]


def test_the_exported_testbench_runs_under_ngspice(ngspice, tmp_path):
    from spice.ngspice.installation import program

    file = tmp_path / "bench.cir"
    run("export", "--testbench", "--current", "2", "--pulse-width", "10", "--duration", "30", "-o", file)
    done = subprocess.run([program(), "-b", file], capture_output=True, text=True, check=True)
    assert "position_nm" in done.stdout


def test_export_takes_the_parameters_of_the_rest(tmp_path):
    toml = tmp_path / "device.toml"
    toml.write_text("[device]\nanisotropy_field = 50\n[landscape]\ncoercive_field = 25\n")
    text = run("export", "--parameters", toml, "--damping", "0.02", "--name", "synapse").stdout.replace("\n+ ", " ")
    for part in (
        " hk=0.005 ",
        " hc=0.0025 ",
        " alpha=0.02 ",
    ):
        assert part in text
    assert re.search(r"^\.subckt synapse( dwmtj_(top|bottom|position|angle)_\w+){4} ", text, flags=re.M)
    module = run("export", "--format", "verilog-a", "--sites", "5", "--half-width", "40").stdout
    assert "module dwmtj(top, bottom, x, phi);" in module


def test_an_exported_script_runs(ngspice, tmp_path):
    file = tmp_path / "device.py"
    run("export", "--format", "pyspice", "--testbench", "--voltage", "0.05", "--duration", "10", "-o", file)
    done = subprocess.run([sys.executable, file], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.startswith("x = ")


def test_the_crosscheck_prints_what_the_two_simulators_say(ngspice, tmp_path):
    figure = tmp_path / "crosscheck.png"
    arguments = ("crosscheck", "--current", "4", "--pulse-width", "20", "--duration", "40", "--initial-angle", "0")
    done = run(*arguments, "--json", "-o", figure)
    answer = json.loads(done.stdout)
    assert answer["position_difference_nm"] < 0.1
    assert answer["resistance_difference_Ohm"] < 0.01
    assert not answer["chaotic"]
    assert figure.stat().st_size > 10_000
    assert "x (nm)" in run(*arguments).stdout


def test_without_ngspice_crosscheck_says_what_to_install(monkeypatch):
    monkeypatch.setenv("NGSPICE_PROGRAM", "/nowhere/ngspice")
    done = run("crosscheck", "--current", "1", "--duration", "5", expect=1)
    assert done.stderr.count("\n") == 1
    assert "apt-get install ngspice" in done.stderr


@pytest.mark.parametrize("backend", ["auto", "library", "process"])
def test_without_ngspice_a_crosscheck_simulates_nothing(monkeypatch, backend):
    from compact_model import Current, lequeux2016, single_well
    from spice import SimulatorMissing, crosscheck

    monkeypatch.setenv("NGSPICE_PROGRAM", "/nowhere/ngspice")
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", "/nowhere/libngspice.so")
    monkeypatch.setattr("spice.crosschecks.simulate_in_python", lambda *_, **__: pytest.fail("simulated in Python"))
    device = lequeux2016()
    track = single_well(device, coercive_field=15e-4, half_width=100e-9)
    with pytest.raises(SimulatorMissing, match="apt-get install ngspice"):
        crosscheck(device, track, Current.of(1e-3), [0.0, 1e-9], backend=backend)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("export", "--name", "two words"), "name: expected a plain identifier"),
        (("export", "--name", "x\n.control"), "name: expected a plain identifier"),
        (("export", "--format", "spectre"), "'spectre'"),
        (("export", "--format", "verilog-a", "--testbench"), "testbench: expected"),
        (("export", "--testbench", "--initial-position", "5000"), "x0: expected a number from 0 to 1000"),
        (("export", "--testbench", "--current-density", "1e6"), "torque_density='current'"),
        (("export", "--testbench", "--current", "1", "--voltage", "1"), "exactly one of"),
        (("export", "-o", "/nowhere/file.lib"), "existing folder"),
        (("export", "--temperature", "300"), "--testbench: expected with --temperature"),
        (("export", "--current", "1"), "--testbench: expected with a drive"),
        (("crosscheck",), "exactly one of"),
        (("crosscheck", "--current", "1", "--time-limit", "0"), "time_limit"),
        (("crosscheck", "--current", "nan"), "--current: expected a finite number"),
    ],
)
def test_nonsense_for_the_netlist_is_one_line(arguments, named):
    done = run(*arguments, expect=2)
    assert named in done.stderr
    assert done.stderr.count("\n") == 1
