"""Every result says where it came from, in words that are the same on every machine."""

import functools
import getpass
import inspect
import json
import os
import re
import socket
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from public_calls import CALLS, DEVICE, PACKAGES, SHORT, TRACK, circuit, simulation, synapses, table_array

import compact_model
from compact_model import Voltage, constant, simulate_ensemble, vary
from compact_model.support.provenance import ORIGIN, provenance, release
from compact_model.support.random import recorded
from compact_model.support.store import write_netcdf
from crossbar import Crossbar, ExponentialSelector, Junctions, Selected, Transistor, outer_product_update
from spice import DomainWallJunction

SNAPSHOT = "crossbar.ArraySimulation.state"  # for `restore`: the folder that keeps it has the run's identity beside it
ASKING_FOR_RANDOM_NUMBERS = {"seed", "simulation", "simulation_at", "loop"}
RANDOM_BY_OPTIONS = {"compact_model.simulate", "crossbar.simulate_array", "crossbar.write_map"}
WITHOUT_DEVICE = {
    "crossbar.Crossbar.solve",
    "crossbar.read_gradient",
    "crossbar.TransistorCrossbar.solve",
    "crossbar.sneak_paths",
    "crossbar.MappedWeights.multiply",
}
"""Of resistors: they have an `array` instead."""


def returns_a_dataset(function):
    try:
        annotation = inspect.signature(function).return_annotation
    except (TypeError, ValueError):
        return False
    return annotation in (xr.Dataset, "xr.Dataset")


def makers_of_results():
    """All public functions, and public methods of public classes, that say they return a Dataset."""
    for package in PACKAGES:
        for name in package.__all__:
            value = getattr(package, name)
            if inspect.isclass(value):
                for method, function in inspect.getmembers(value, inspect.isfunction):
                    if not method.startswith("_") and returns_a_dataset(function):
                        yield f"{package.__name__}.{name}.{method}"
            elif callable(value) and returns_a_dataset(value):
                yield f"{package.__name__}.{name}"


MAKERS = sorted(set(makers_of_results()) - {SNAPSHOT})


def is_random(name):
    """By its signature: a new function that takes a seed has to record it."""
    return name in RANDOM_BY_OPTIONS or bool(
        ASKING_FOR_RANDOM_NUMBERS & inspect.signature(CALLS[name].function).parameters.keys()
    )


def result_of(name):
    call = CALLS[name]
    return call.function(**call.arguments())


first_result_of = functools.cache(result_of)


def test_there_are_makers_of_results():
    assert len(MAKERS) > 25
    assert sum(is_random(name) for name in MAKERS) > 15


@pytest.mark.parametrize("name", MAKERS)
def test_every_result_says_where_it_came_from(name, tmp_path, request):
    if CALLS[name].ngspice:
        request.getfixturevalue("ngspice")
    result = first_result_of(name)
    assert result.attrs["dwmtj_version"] == release()
    origin = json.loads(result.attrs["parameters"])
    assert origin or name in WITHOUT_DEVICE
    assert "array" in result.attrs or name not in WITHOUT_DEVICE
    if "landscape" in CALLS[name].arguments():
        assert json.loads(result.attrs["landscape"])[0]["wells"]
    assert "seed" in result.attrs or not is_random(name)
    write_netcdf(result, tmp_path / "result.nc")
    stored = xr.load_dataset(tmp_path / "result.nc", engine="h5netcdf").attrs
    assert {key: stored[key] for key in ORIGIN if key in stored} == {
        key: result.attrs[key] for key in ORIGIN if key in result.attrs
    }


@pytest.mark.parametrize("name", MAKERS)
def test_no_result_knows_the_machine_that_it_was_made_on(name, request):
    if CALLS[name].ngspice:
        request.getfixturevalue("ngspice")
    first, second = first_result_of(name).attrs, result_of(name).attrs
    assert json.dumps(first, default=str) == json.dumps(second, default=str)  # no time, no counter, no address
    text = json.dumps(first, default=str)
    for own in (socket.gethostname(), getpass.getuser(), str(Path.cwd()), str(Path.home()), str(os.getpid())):
        assert not re.search(rf"\b{re.escape(own)}\b", text), f"{own} in {text}"
    assert " at 0x" not in text


@pytest.mark.parametrize("name", [name for name in CALLS if name.startswith("compact_model.fit_")])
def test_fits_say_where_they_came_from(name):
    result = result_of(name).dataset
    assert result.attrs["dwmtj_version"] == release()
    assert json.loads(result.attrs["parameters"])[0]["kind"] == "DeviceParameters"
    assert "seed" in result.attrs or not is_random(name)


def test_a_generator_is_recorded_so_that_it_can_be_made_again():
    def run(seed):
        return simulate_ensemble(DEVICE, TRACK, Voltage(constant(0.0)), SHORT, temperature=300.0, devices=2, seed=seed)

    draw = np.random.default_rng(5)
    draw.normal(size=3)
    first = run(draw)
    again = np.random.default_rng()
    again.bit_generator.state = json.loads(first.attrs["seed"])
    assert run(again).position.identical(first.position)
    assert not run(draw).position.identical(first.position)  # it has moved on, and what was recorded has not


@pytest.mark.parametrize("name", [name for name in MAKERS if "seed" in CALLS[name].arguments()])
def test_a_generator_is_recorded_as_it_was_before_it_was_used(name):
    call = CALLS[name]
    result = call.function(**call.arguments() | {"seed": np.random.default_rng(5)})
    given = result.attrs["seed_of_pulse_trains" if "simulation" in call.arguments() else "seed"]
    assert given == recorded(np.random.default_rng(5))


def test_an_array_on_a_table_says_where_both_came_from():
    array = table_array()
    found = outer_product_update(
        array,
        [1.0, 1.0],
        [1.0, 1.0],
        voltage=synapses().voltage,
        width=array.width,
        slots=1,
        access=synapses().access,
    ).attrs
    assert found["seed"] == "1"
    assert found["seed_of_table"] == synapses().table.attrs["seed"]
    assert json.loads(found["array"])["word_line_resistance"]
    assert json.loads(found["parameters"])[0]["tmr"] == synapses().device.tmr
    assert json.loads(found["landscape"])[0]["wells"]


def test_a_generator_with_arrays_in_its_state_is_recorded_as_well():
    draw = np.random.Generator(np.random.MT19937(3))
    text = recorded(draw)
    expected = draw.random(4)
    again = np.random.Generator(np.random.MT19937())
    again.bit_generator.state = json.loads(text)
    assert again.random(4).tolist() == expected.tolist()


def test_two_uses_of_a_seed_are_both_recorded():
    found = outer_product_update(simulation(seed=4), [1.0, 1.0], [1.0, 1.0], voltage=0.1, width=1e-9, slots=1, seed=9)
    assert found.attrs["seed"] == "4"
    assert found.attrs["seed_of_pulse_trains"] == "9"


def test_an_array_is_described_by_its_wires_and_cells():
    cells = Junctions(vary(DEVICE, 4, {"tmr": 0.1}, seed=1), np.full((2, 2), 5e-7))
    selected = Selected(cells, ExponentialSelector(saturation_current=1e-6, voltage_scale=0.05))
    array = Crossbar(cells=selected, word_line_resistance=[1.0, 2.0])
    found = array.solve(np.full(2, 0.1)).attrs
    described = json.loads(found["array"])
    assert described["shape"] == [2, 2]
    assert described["word_line_resistance"] == [1.0, 2.0]
    assert described["selector"] == {
        "kind": "ExponentialSelector",
        "saturation_current": 1e-6,
        "voltage_scale": 0.05,
    }
    assert len({each["tmr"] for each in json.loads(found["parameters"])}) == 4


def test_a_large_array_is_described_in_a_few_lines_that_tell_it_from_another():
    ohms = np.full((64, 64), 50.0)
    one = Crossbar(resistance=ohms).origin()["array"]
    ohms[3, 4] += 1e-9
    other = Crossbar(resistance=ohms).origin()["array"]
    assert len(one) < 1000
    assert one != other


def test_what_has_no_description_is_named_by_its_kind():
    class Own:
        pass

    text = provenance({"a": Own(), "b": float("inf"), "c": Own, "d": np.int64(3), "e": (1, None)})["parameters"]
    assert json.loads(text) == {"a": "Own", "b": "inf", "c": "Own", "d": 3, "e": [1, None]}


def test_gates_of_transistors_are_part_of_the_description():
    gates = Transistor(on=[[True, False]], on_resistance=1e3, off_resistance=1e9)
    cells = Selected(Junctions(DEVICE, np.full((1, 2), 5e-7)), gates)
    assert json.loads(Crossbar(cells=cells).origin()["array"])["selector"]["on"] == [[True, False]]


@pytest.mark.usefixtures("ngspice")
def test_a_circuit_records_the_seeds_of_its_warm_devices():
    from spice import simulate

    whole = circuit()
    DomainWallJunction(DEVICE, TRACK, "other").connect(whole, "2", "a", whole.gnd, hz=0.0, temperature=10.0, seed=7)
    found = simulate(whole, SHORT, backend="process").attrs
    assert found["seed"] == "7"
    assert json.loads(found["instances"])["X2"]["seed"] == 7
    assert "seed" not in simulate(circuit(), SHORT, backend="process").attrs


def test_every_part_of_the_main_job_says_where_it_came_from(tmp_path):
    from dwmtj.commands import run
    from dwmtj.main_job.part import Part, Subject, Summary

    part = Part(
        "bare", "Bare", lambda subject, progress: xr.Dataset({"a": 1.0}), lambda *_: Summary({}, ""), lambda *_: None
    )
    subject = Subject(DEVICE, 15e-4, 100e-9, compact_model.ParabolicWell)
    found = run._measured(part, subject, tmp_path, "fingerprint", fresh=True, progress=False)
    assert {"dwmtj_version", "parameters", "landscape", "fingerprint"} <= found.attrs.keys()


def test_a_study_says_where_it_came_from():
    from dwmtj.study.description import Study
    from dwmtj.study.run import run_study

    study = Study(measure="threshold", samples=1, seed=3, settings={"ramp_rate": 1e18, "largest_density": 4e11})
    found = run_study(study)
    assert {"dwmtj_version", "parameters", "seed"} <= found.attrs.keys()
    assert json.loads(found.attrs["seed"]) == 3
