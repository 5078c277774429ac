"""Whatever stands on the command line: status 0, or 1 or 2 with one line that begins with 'dwmtj: '."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from public_calls import NS, measured, measured_resistance, pulse_responses, trace
from robustness.commands import BRIEF, QUICK_FITS, answer, arguments_for, brief_options, leaves
from robustness.searching import searching
from robustness.tally import count

STUDY = """
[study]
measure = "threshold"
samples = 1
[sweep]
track_width = [90, 100]
[threshold]
ramp_rate = 1e6
largest_density = 4e7
"""
COMMANDS = dict(leaves())
DECK = "t\nV1 a 0 1\nR1 a 0 1k\n.tran 1n 5n\n.meas tran top MAX v(a)\n.end\n"
PROGRESS = re.compile(r".+: \d+ %, \d+ s left")  # a line every few seconds, on a busy machine
EXAMPLES = {"monte-carlo": 10, "crossbar design": 4, "crosscheck": 4, "learn inference": 5, "learn supervised": 10}
EXAMPLES |= {"learn unsupervised": 10, "fit": 40}


def measurements():
    """The tables that users would have measured, by the name of their file."""
    limits, points, line, pulses = measured(), measured_resistance(), trace(), pulse_responses()
    return {
        "threshold": {"Delta_H (Oe)": limits["offset"] / 1e-4, "J_th (A/cm2)": limits["threshold"] / 1e4},
        "resistance": {"V (V)": points["voltage"], "R (Ohm)": points["resistance"], "state": points["state"]},
        "pulses": {
            "V (V)": pulses["voltage"],
            "width (ns)": pulses["width"] / NS,
            "period (ns)": pulses["period"] / NS,
            "x (nm)": pulses["position"] / 1e-9,
        },
        "trace": {"t (ns)": line["time"] / NS, "V (V)": line["voltage"], "x (nm)": line["position"] / 1e-9},
    }


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "broken.toml").write_text("[device]\ntmr = \n")
    for kind, columns in measurements().items():
        rows = [",".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
        (tmp_path / f"{kind}.csv").write_text("\n".join([",".join(columns), *rows]))
    (tmp_path / "study.toml").write_text(STUDY)
    (tmp_path / "deck.cir").write_text(DECK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def judge(target, arguments, status, error):
    """Counts the answer; fails where it is not what users are promised."""
    count(target, "inputs")
    shown = [line.rpartition("\r")[2] for line in error.split("\n")]  # a bar that was there is written over
    lines = [
        line
        for line in shown
        if line.strip() and not line.startswith("dwmtj: warning: ") and not PROGRESS.fullmatch(line)
    ]
    if status == 0:
        count(target, "accepted")
    elif status in (1, 2) and lines and lines[-1].startswith("dwmtj: ") and len(lines) == 1:
        count(target, "refused" if status == 2 else "stopped")
    else:
        count(target, "other")
        pytest.fail(f"{arguments}: expected status 0, or one line and 1 or 2, got {status} and {error!r}")


def test_every_command_is_a_target():
    assert COMMANDS.keys() == BRIEF.keys()


@pytest.mark.parametrize("name", [name for name in BRIEF if name not in ("fit", "run", "study", "monte-carlo")])
def test_the_brief_call_is_valid(name, folder, request):
    if name == "crosscheck":
        request.getfixturevalue("ngspice")
    more = ["--output=new.html"] if name == "explore" else [] if name.endswith("export") else ["--quiet"]
    status, _, error = answer([*name.split(), *brief_options(name), *more])
    assert (status, error) == (0, "")


@pytest.mark.parametrize("kind", QUICK_FITS)
def test_measured_files_are_fitted(kind, folder):
    status, _, error = answer(["fit", kind, f"{kind}.csv", *QUICK_FITS[kind]])
    assert (status, error) == (0, "")


@pytest.mark.parametrize("name", COMMANDS)
def test_hostile_options(name, folder, request):
    if name in ("crosscheck", "monte-carlo"):
        request.getfixturevalue("ngspice")

    @searching(EXAMPLES.get(name, 20))
    @given(arguments_for(name, COMMANDS[name], folder))
    def search(arguments):
        try:
            status, _, error = answer(arguments)
        except BaseException:
            count(f"dwmtj {name}", "inputs")
            count(f"dwmtj {name}", "other")
            raise
        judge(f"dwmtj {name}", arguments, status, error)

    search()


WORDS = st.one_of(st.text(max_size=20), st.sampled_from(["--help", "-h", "crossbar", "fit", "--version"]))


@searching(15)
@given(st.lists(WORDS, max_size=3))
def test_hostile_words(words):
    status, _, error = answer(words)
    if not words or words == ["crossbar"]:  # the help, as if asked for
        assert status == 2
        return
    judge("dwmtj", words, status, error)


@searching(3)
@given(arguments_for("simulate", COMMANDS["simulate"], Path("nowhere")))
def test_a_real_process_answers_in_the_same_way(arguments):

    done = subprocess.run([sys.executable, "-m", "dwmtj", *arguments], capture_output=True, text=True, timeout=120)
    judge("dwmtj simulate, as a process", arguments, done.returncode, done.stderr)
