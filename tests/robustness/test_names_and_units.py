"""One thing has one name and one unit, over all commands and in every answer."""

import json
import re
from collections import defaultdict

import click
import pytest
from commands import BRIEF, answer, leaves

UNITS = {"Oe", "Oe/V2", "nm", "nm2", "ns", "K", "V", "mA", "Ohm", "Ohm um2", "fF", "pJ", "mW", "%", "rad"}
UNITS |= {
    "A/m",
    "A/cm2",
    "A/cm2/ns",
    "Oe/ns",
    "rad/(s T)",
    "Oe/V",
    "%/V",
    "deg",
    "J/m3",
    "pJ/m",
    "mJ/m2",
    "K/mW",
    "Oe/K",
    "%/K",
}
OF_A_COMPUTER = {"--time-limit": "s"}
WITHOUT_UNIT = {"simulate --tolerance": "a local error, in rad and in wall widths"}
QUANTITIES = {"voltage", "current", "resistance", "energy", "power", "time", "duration", "field", "offset", "depth"}
QUANTITIES |= {"barrier", "position", "angle", "displacement", "drift", "threshold", "excursion", "moved", "width"}
IN_KEYS = ("Oe", "Ohm", "V", "mA", "A_per_cm2", "ns", "nm", "rad", "pJ", "mW", "kT", "uS", "nm_per_pulse", "deg")
SILENT = ("run", "fit", "study", "export", "export-device", "crossbar export", "crosscheck", "monte-carlo", "explore")
ANSWERING = [name for name in BRIEF if name not in SILENT]


def numbers():
    """Every option of every command that has a unit, with the command."""
    for name, command in leaves():
        for option in command.params:
            if isinstance(option, click.Option) and option.type is click.FLOAT:
                yield name, max(option.opts, key=len), option.metavar


def test_a_number_has_the_same_unit_in_all_commands():
    found = defaultdict(set)
    for name, option, unit in numbers():
        if f"{name} {option}" not in WITHOUT_UNIT:
            found[option].add(frozenset(re.split(r"\|", unit or "")))
    assert {option: units for option, units in found.items() if len(units) > 1} == {}


def test_units_are_those_of_the_command_line_and_times_in_ns():
    for name, option, unit in numbers():
        for one in (unit or "NUMBER").split("|"):
            assert one in {"NUMBER", OF_A_COMPUTER.get(option), *UNITS}, f"{name} {option}: {one}"


def keys_of(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


@pytest.mark.parametrize("name", ANSWERING)
def test_the_keys_of_an_answer_end_in_their_units(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    arguments = [word for option, value in BRIEF[name].items() for word in (option, value)]
    status, out, errors = answer([*name.split(), *arguments, "--json", "--quiet"])
    assert status == 0, errors
    for key in keys_of(json.loads(out)):
        if QUANTITIES & set(key.split("_")) and not key.endswith(("_margin", "_percent")):
            assert key.endswith(tuple(f"_{unit}" for unit in IN_KEYS)), key
