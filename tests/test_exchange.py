"""Devices that go to other tools and come from measurements: what arrives is what was sent, and what its table says."""

import json
import sys
import types
from importlib.resources import files

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner

from compact_model import notched_device, resistance
from compact_model.support.validation import InputError
from crossbar import (
    Junctions,
    MeasuredCells,
    PulsedDevice,
    aihwkit_device,
    export_device,
    read_device,
    supervised_learning,
    update_statistics,
    write_device,
)
from crossbar.exchange.device_file import device_document, device_of
from dwmtj.cli import group

LOW, HIGH = 1e-6, 5e-6


@pytest.fixture(scope="module")
def notched():
    return PulsedDevice.notched(4, tracks=2, samples=8, retention=True, seed=3)


def document(**changes):
    """Two states: three of ten pulses up go on, one of two pulses down."""
    stay = [[1.0, 0.0], [0.0, 1.0]]
    found = {
        "format": "pulsed memristive device",
        "version": 1,
        "pulse": {"voltage_V": 1.0, "width_s": 1e-6, "edge_s": 0.0, "settle_s": 1e-6, "scheme": "V/2"},
        "lowest_conductance_S": LOW,
        "highest_conductance_S": HIGH,
        "polarity": 1,
        "voltage_V": [-1.0, -0.5, 0.0, 0.5, 1.0],
        "devices": [
            {
                "conductance_S": [LOW, HIGH],
                "probability": [[[1.0, 0.0], [0.5, 0.5]], stay, stay, stay, [[0.7, 0.3], [0.0, 1.0]]],
            }
        ],
    }
    return found | changes


def stepping(mean_up, mean_down, states=41):
    """A device with even states whose mean steps (of a weight from -1 to 1) follow functions of the weight."""
    weight = np.linspace(-1.0, 1.0, states)
    pitch = weight[1] - weight[0]
    chains = []
    for way, law in ((-1, mean_down), (1, mean_up)):
        chance = np.clip(np.array([law(each) for each in weight]) / pitch, 0.0, 1.0)
        chain = np.diag(1.0 - chance) + np.diag(chance[:-1] if way > 0 else chance[1:], way)
        end = -1 if way > 0 else 0
        chain[end, end] = 1.0
        chains.append(chain.tolist())
    stay = np.eye(states).tolist()
    one = {
        "conductance_S": (LOW + (HIGH - LOW) * 0.5 * (weight + 1.0)).tolist(),
        "probability": [chains[0], stay, stay, stay, chains[1]],
    }
    return device_of(document(devices=[one]))


def test_a_device_that_was_written_learns_as_the_one_it_was_written_from(notched, tmp_path):
    write_device(notched, tmp_path / "device.json", description="four notches")
    again = read_device(tmp_path / "device.json")
    assert (again.levels, again.voltage, again.width, again.access) == (
        4,
        notched.voltage,
        notched.width,
        notched.access,
    )
    np.testing.assert_array_equal(again.table.probability, notched.table.probability)
    np.testing.assert_array_equal(again.table.hop_rate, notched.table.hop_rate)
    draw = np.random.default_rng(1)
    images, labels = draw.random((60, 9)), draw.integers(0, 2, 60)
    learned = [supervised_learning(images, labels, each, epochs=2, repeats=1, seed=5) for each in (notched, again)]
    np.testing.assert_array_equal(learned[0].accuracy, learned[1].accuracy)
    assert float(learned[0].pulses[0, 0]) == float(learned[1].pulses[0, 0])
    assert float(learned[0].energy[0, 0]) == pytest.approx(float(learned[1].energy[0, 0]), rel=1e-9)


def test_the_file_keeps_to_its_schema_and_the_schema_refuses_others(notched):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((files("crossbar.exchange") / "device_file.schema.json").read_text())
    check = jsonschema.Draft202012Validator(schema)
    check.check_schema(schema)
    for good in (document(), json.loads(json.dumps(device_document(notched)))):
        check.validate(good)
        device_of(good)
    for bad in (document(version=2), document(colour="red"), document(polarity=0), document(voltage_V=[1.0])):
        assert not check.is_valid(bad)
        with pytest.raises(InputError):
            device_of(bad)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"version": 2}, "version: expected 1, the only one that this release reads, got 2"),
        ({"format": "resistor"}, "format: expected 'pulsed memristive device', got 'resistor'"),
        ({"colour": "red"}, "colour: expected only entries of the schema"),
        ({"voltage_mV": [1.0]}, "voltage_mV: expected only entries of the schema, .* did you mean 'voltage_V'"),
        ({"polarity": 0}, "polarity: expected 1 or -1, got 0"),
        ({"voltage_V": [-1.0, 0.0, -0.5, 0.5, 1.0]}, "voltage_V: expected rising"),
        (
            {"voltage_V": [-0.5, -0.2, 0.0, 0.5, 1.0]},
            "voltage: expected at most the range of the table in both polarities",
        ),
        ({"version": True}, "version: expected 1, the only one that this release reads, got True"),
        ({"polarity": -1}, "polarity: expected the sign of the voltage that raises the conductance, 1 by the"),
        (
            {"voltage_V": [-1000.0, -500.0, 0.0, 500.0, 1000.0]},
            r"voltages of the scheme V/2 \(-1, -0.5, 0, 0.5, 1 V\), or gaps .* got none near -1 V",
        ),
        ({"voltage_V": [-1.0, -1 / 3, 0.0, 1 / 3, 1.0]}, "of the scheme V/2 .* got none near -0.5 V"),
        ({"highest_conductance_S": LOW}, "highest: expected more than lowest"),
        ({"devices": []}, "devices: expected a list of at least one device"),
        ({"devices": [{}]}, r"devices\[0\].conductance_S: expected this entry, got none"),
        ({"pulse": 3}, "pulse: expected an object with entries by name, got 3"),
        ({"origin": {"seed": 3}}, "origin: expected texts by name"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(changes, named):
    with pytest.raises(InputError, match=named):
        device_of(document(**changes))


@pytest.mark.parametrize(
    ("entry", "value", "named"),
    [
        (
            "probability",
            [[[1, 0], [0.5, 0.4]]] + [[[1, 0], [0, 1]]] * 4,
            "add up to 1, got 0.9 for the voltage -1 V and the",
        ),
        ("probability", [[[1, 0], [-0.5, 1.5]]] + [[[1, 0], [0, 1]]] * 4, "expected none below 0, got -0.5"),
        (
            "probability",
            [[[1, 0], [0, 1]]] * 4,
            r"expected shape \(voltages, states, states\) = \(5, 2, 2\), got \(4, 2, 2\)",
        ),
        ("conductance_S", [HIGH, LOW], "expected rising"),
        ("conductance_S", [LOW, 2 * HIGH], "expected 1e-06 to 5e-06 S"),
        ("hop_rate_per_s", [[1, 1]], "expected .down, up. for each of 2 states"),
        ("voltage_factor", 0, "voltage_factor: expected"),
    ],
)
def test_what_is_wrong_in_a_device_of_a_file_is_named(entry, value, named):
    one = document()["devices"][0] | {entry: value}
    with pytest.raises(InputError, match=named):
        device_of(document(devices=[one]))


def test_files_that_are_no_files_are_named(tmp_path):
    with pytest.raises(InputError, match="path: expected a readable file"):
        read_device(tmp_path / "nothing.json")
    (tmp_path / "text.json").write_text("a device")
    with pytest.raises(InputError, match="path: expected JSON"):
        read_device(tmp_path / "text.json")
    (tmp_path / "list.json").write_text("[1]")
    with pytest.raises(InputError, match="path: expected an object"):
        read_device(tmp_path / "list.json")


def test_measured_junctions_have_the_law_of_junctions():
    device = notched_device()
    position = np.array([[0.0, 0.3e-6, device.track_length]])
    volts = np.array([[0.2, -0.4, 0.1]])
    ends = 1.0 / resistance(device, np.array([0.0, device.track_length]))
    cells = MeasuredCells(
        1.0 / resistance(device, position),
        lowest=ends[0],
        highest=ends[1],
        half_voltage=device.tmr_half_voltage,
        tmr=device.tmr,
    )
    for ours, theirs in zip(
        cells.current_and_slope(volts), Junctions(device, position).current_and_slope(volts), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    linear = MeasuredCells([[LOW, HIGH]], lowest=LOW, highest=HIGH)
    assert linear.current_and_slope(np.array([[0.5, -2.0]]))[0].tolist() == [[0.5 * LOW, -2.0 * HIGH]]


def test_mean_steps_and_the_curve_are_those_of_the_chain():
    found = update_statistics(device_of(document()), count=3)
    # A step is 2 with the chance p, so that its deviation is 2 sqrt(p (1 - p)).
    assert found.step.sel(direction="up").values[0].tolist() == pytest.approx([0.6, 0.0])
    assert found.step.sel(direction="down").values[0].tolist() == pytest.approx([0.0, -1.0])
    assert float(found.deviation.sel(direction="up")[0, 0]) == pytest.approx(2.0 * np.sqrt(0.21))
    up = [1.0 - 2.0 * 0.7**n for n in range(4)]
    assert found.curve.values[:4] == pytest.approx(up)
    assert found.curve.values[4:] == pytest.approx([(up[3] + 1.0) * 0.5**n - 1.0 for n in (1, 2, 3)])


def test_even_steps_become_constant_ones_and_sloping_ones_linear():
    found = aihwkit_device(stepping(lambda w: 0.02, lambda w: 0.015))
    assert found.model == "ConstantStepDevice"
    assert found.parameters["dw_min"] == pytest.approx(0.02)
    assert found.parameters["up_down"] == pytest.approx(0.25)
    assert found.residual < 1e-5
    assert (found.parameters["w_min"], found.parameters["w_max"]) == pytest.approx((-1.0, 1.0))
    pitch = 2.0 / 40.0
    variance = [0.02 * pitch - 0.02**2, 0.015 * pitch - 0.015**2]
    assert found.parameters["dw_min_std"] == pytest.approx(np.sqrt(np.mean(variance)) / 0.02)
    # aihwkit's steps are dw_min (1 - gamma w / bound).
    found = aihwkit_device(stepping(lambda w: 0.02 * (1.0 - 0.5 * w), lambda w: 0.02 * (1.0 + 0.2 * w)))
    assert found.model == "LinearStepDevice"
    assert found.parameters["gamma_up"] == pytest.approx(0.5, rel=1e-6)
    assert found.parameters["gamma_down"] == pytest.approx(0.2, rel=1e-6)
    found = aihwkit_device(stepping(lambda w: 0.01 + 0.02 * abs(w), lambda w: 0.03 - 0.02 * abs(w)))
    assert found.model == "PiecewiseStepDevice"
    assert found.residual < 0.1 < found.residuals["LinearStepDevice"]


def test_a_device_that_does_not_move_is_none_of_aihwkit():
    stay = [[1.0, 0.0], [0.0, 1.0]]
    still = document()["devices"][0] | {"probability": [stay] * 5}
    with pytest.raises(InputError, match=r"device: expected pulses that move it up and down, .* of 0 up and 0 down"):
        aihwkit_device(device_of(document(devices=[still])))


def test_a_device_of_many_notches_makes_even_steps_of_half_a_level():
    device = PulsedDevice.notched(8, tracks=2, samples=32, seed=1)
    found = aihwkit_device(device)
    # Half of the walls go on by one of eight notches: steps of 1/8 of [-1, 1] with a spread as large.
    assert found.model == "ConstantStepDevice"
    assert found.parameters["dw_min"] == pytest.approx(0.125, rel=0.12)
    assert found.parameters["dw_min_std"] == pytest.approx(1.0, abs=0.15)
    assert found.residual < 3.0 * found.noise
    assert found.parameters["w_max"] == pytest.approx(1.0 - 1.0 / 8.0)


@pytest.fixture
def crosssim(monkeypatch):
    """What the module asks of CrossSim: numpy behind a backend, and a base class that keeps the parameters."""

    class Device:
        def __init__(self, device_params, error_params):
            self.device_params = device_params

    simulator, backend, devices, one = (types.ModuleType(name) for name in ("simulator", "b", "d", "i"))
    backend.ComputeBackend, one.EmptyDevice = lambda: np, Device
    for name, module in (
        ("simulator", simulator),
        ("simulator.backend", backend),
        ("simulator.devices", devices),
        ("simulator.devices.idevice", one),
    ):
        monkeypatch.setitem(sys.modules, name, module)

    def load(device):
        names = {}
        exec(export_device(device, "crosssim"), names)
        parameters = types.SimpleNamespace(Vread=0.2)
        return names, names["DwmtjDevice"](parameters, None)

    return load


def test_crosssim_gets_levels_hops_and_the_current_of_a_junction(crosssim):
    rates = [[None, 2.0], [3.0, None]]
    one = document()["devices"][0] | {"hop_rate_per_s": rates}
    names, device = crosssim(device_of(document(devices=[one], half_voltage_V=0.4)))
    wanted = np.array([[0.2, 0.5], [0.7, 1.0]])
    assert device.programming_error(wanted).tolist() == [[0.2, 0.2], [1.0, 1.0]]
    np.random.seed(1)  # noqa: NPY002 (CrossSim draws from the global generator)
    left = device.drift_error(np.full((100, 200), 0.2), 0.1)
    # Two levels between which a device hops: 2 / 5 of it above in the end, with a rate of 5.
    share = 0.4 * (1.0 - np.exp(-0.5))
    assert (left == 1.0).mean() == pytest.approx(share, abs=4.0 * np.sqrt(share / left.size))
    assert names["_after"]([[0, 2.0], [3.0, 0]], 0.1)[0, 1] == pytest.approx(share, rel=1e-3)
    cells = MeasuredCells([[LOW, 3e-6, HIGH]], lowest=LOW, highest=HIGH, half_voltage=0.4)
    current = device.nonlinear_current(np.array([[0.2, 0.6, 1.0]]), np.array([[1.0, -0.5, 2.0]]))
    exact = cells.current_and_slope(0.2 * np.array([[1.0, -0.5, 2.0]]))[0]
    np.testing.assert_allclose(current * HIGH * 0.2, exact, rtol=1e-12)


def test_xbtorch_draws_the_jumps_of_the_table(monkeypatch, notched):
    """By its rule: the jump whose entry in the level's row comes nearest to a random number."""
    base = types.ModuleType("xbtorch.devices.base")
    base.TabularDevice = lambda *tables, max_level: tables
    for name, module in (
        ("xbtorch", types.ModuleType("x")),
        ("xbtorch.devices", types.ModuleType("d")),
        (base.__name__, base),
    ):
        monkeypatch.setitem(sys.modules, name, module)
    names = {}
    exec(export_device(notched, "xbtorch"), names)
    reset_levels, reset_jumps, reset, levels, jumps, rise = (np.loadtxt(table) for table in names["device"]())
    assert np.array_equal(levels, reset_levels)
    chance = (np.arange(20_000) + 0.5) / 20_000
    statistics = update_statistics(notched)
    for direction, rows, axis in (("up", rise, jumps), ("down", reset, reset_jumps)):
        mean = statistics.step.sel(direction=direction).mean("track").values[1:-1]
        for level, row in enumerate(rows):
            drawn = axis[np.abs(row[:, np.newaxis] - chance).argmin(axis=0)]
            exact = (
                mean[level] * 0.5 * (statistics.attrs["highest_conductance"] - statistics.attrs["lowest_conductance"])
            )
            assert drawn.mean() == pytest.approx(exact, abs=2.0 / 128 * names["PITCH"])


def test_the_command_writes_a_device_and_learning_reads_it(tmp_path):
    path = tmp_path / "device.json"
    short = ["export-device", "--levels", "2", "--tracks", "1", "--samples", "16", "--quiet"]
    assert CliRunner().invoke(group, [*short, "-o", str(path)], catch_exceptions=False).exit_code == 0
    found = CliRunner().invoke(group, ["export-device", "--for", "aihwkit", "--device-file", str(path)])
    assert "def rpu_config():" in found.output
    learning = ["learn", "supervised", "--device-file", str(path), "--epochs", "0", "--repeats", "1", "--quiet"]
    pytest.importorskip("sklearn")
    found = CliRunner().invoke(group, [*learning, "-o", str(tmp_path / "run.nc")], catch_exceptions=False)
    assert "2 levels from" in found.output
    assert xr.load_dataset(tmp_path / "run.nc", engine="h5netcdf").levels.values.tolist() == [2]
    for arguments, named in (
        ([*learning, "--levels", "3"], "--levels: expected only where it has an effect, got it with --device-file"),
        ([*short, "-o", str(tmp_path / "device.py")], "--output: expected a file name that ends in .json"),
        (["export-device", "--for", "aihwkit", "--device-file", str(path), "--seed", "1"], "--seed: expected"),
    ):
        refused = CliRunner().invoke(group, arguments)
        assert isinstance(refused.exception, InputError)
        assert named in str(refused.exception)
