"""A misspelt option is an error where it is written: for a type checker, for `help`, and when it is called."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from public_calls import PACKAGES

import dwmtj
from compact_model import InputError, Voltage, lequeux2016, simulate, single_well
from compact_model.simulation import SimulateOptions, simulate_ensemble
from crossbar import DomainWalls
from crossbar.in_time.options import WallOptions

OURS = ("compact_model", "crossbar", "spice", "dwmtj")
HANDED_TO_MATPLOTLIB = "style"
CHECKED_BY_A_TABLE = {
    **dict.fromkeys(("crossbar.Cells", "crossbar.StatefulCells", "crossbar.MovingCells"), "those of the derived class"),
    "compact_model.Stripe.replace": "fields of the class, an unknown one is named with the nearest",
    "compact_model.DeviceParameters.replace": "fields of the class, an unknown one is named with the nearest",
    "crossbar.Network.replace": "fields of the class",
    "crossbar.ArraySimulation.keep_in": "what tells one operation from another, under any name",
    "spice.DomainWallJunction.connect": "parameters of the netlist, of which there is a table",
}
ROOT = Path(__file__).parent.parent
PROGRAM = """
from compact_model import Voltage, lequeux2016, simulate, single_well
from crossbar import Crossbar, Wires, half_select, write_map
from spice import crosscheck

device = lequeux2016()
track = single_well(device, coercive_field=15e-4, half_width=100e-9)
simulate(device, track, Voltage.of(0.1), [0.0, 1e-9], temperature=300.0)
write_map(device, track, voltages=[0.1], widths=[1e-9], sizes=[2], wires=Wires(), temperature=300.0)
simulate(device, track, Voltage.of(0.1), [0.0, 1e-9], temprature=300.0)
write_map(device, track, voltages=[0.1], widths=[1e-9], sizes=[2], temprature=300.0)
half_select(device, [2], word_line_resistence=1.0)
Crossbar(resistance=[[1.0]], word_line_resistence=1.0)
crosscheck(device, track, Voltage.of(0.1), [0.0, 1e-9], temprature=300.0)
simulate(device, track, Voltage.of(0.1), [0.0, 1e-9], temperature="hot", torques=3)
"""
WRONG = range(10, 16)
"""The lines of the program that a type checker must refuse."""


def test_a_type_checker_refuses_what_is_misspelt_and_nothing_else(tmp_path):
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    done = subprocess.run(
        # With the settings of the project, and with what it has found of the packages: a minute less.
        [sys.executable, "-m", "mypy", str(file)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    refused = re.findall(r"program\.py:(\d+): error", done.stdout)
    assert sorted({int(line) for line in refused}) == list(WRONG), done.stdout + done.stderr


def public_functions():
    for package in (*PACKAGES, dwmtj):
        for name in package.__all__:
            value = getattr(package, name)
            if inspect.isclass(value):
                yield f"{package.__name__}.{name}", value
                for method, function in inspect.getmembers(value, callable):
                    if not method.startswith("_") and not inspect.isclass(function):
                        yield f"{package.__name__}.{name}.{method}", function
            elif callable(value):
                yield f"{package.__name__}.{name}", value


def collected_by(function):
    """Names of a function's `**options` that its signature does not list."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [each.name for each in parameters if each.kind is inspect.Parameter.VAR_KEYWORD]


def test_every_option_of_a_public_function_is_listed():
    bare = {
        name
        for name, function in public_functions()
        if str(getattr(function, "__module__", "")).startswith(OURS)
        and collected_by(function) not in ([], [HANDED_TO_MATPLOTLIB])
    }
    assert bare - set(CHECKED_BY_A_TABLE) == set()


@pytest.mark.parametrize(
    ("options", "receiver", "fixed"),
    [(SimulateOptions, simulate_ensemble, {"devices"}), (WallOptions, DomainWalls, set())],
)
def test_options_that_are_handed_on_are_those_of_who_receives_them(options, receiver, fixed):
    taken = {
        name: each.annotation
        for name, each in inspect.signature(receiver).parameters.items()
        if each.kind is inspect.Parameter.KEYWORD_ONLY and name not in fixed
    }
    assert options.__annotations__ == taken


def test_help_lists_the_options_with_their_defaults():
    listed = inspect.signature(simulate).parameters
    assert listed["temperature"].default == 0.0
    assert listed["tolerance"].default == inspect.signature(simulate_ensemble).parameters["tolerance"].default
    assert "external_field" in listed
    assert "devices" not in listed


def test_a_misspelt_option_is_refused_with_the_nearest():
    device = lequeux2016()
    track = single_well(device, coercive_field=15e-4, half_width=100e-9)
    with pytest.raises(InputError, match=r"temprature: expected an option of simulate, .* mean 'temperature'\?"):
        simulate(device, track, Voltage.of(0.1), [0.0, 1e-9], temprature=300.0)
    with pytest.raises(InputError, match=r"devices: expected an option of simulate"):
        simulate(device, track, Voltage.of(0.1), [0.0, 1e-9], devices=3)
