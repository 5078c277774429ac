"""Noise of the sensed currents: its size, its seed, and what it does to programming, products and learning."""

import json

import numba
import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner

from compact_model import InputError, notched_device, notched_track
from crossbar import (
    ArraySimulation,
    Crossbar,
    DomainWalls,
    PulsedDevice,
    ReadAccess,
    Schedule,
    SpikedDevice,
    Wires,
    WriteAccess,
    autonomous_learning,
    even_levels,
    map_weights,
    product_accuracy,
    program,
    read,
    supervised_learning,
    unsupervised_learning,
)
from crossbar.learning.spiked_device import SpikedArray
from crossbar.learning.table_array import READ_VOLTAGE
from dwmtj.cli import group

DEVICE = notched_device()
TRACK = notched_track(DEVICE, 1)
QUIET = ReadAccess(calibrate=False)


def simulation():
    walls = DomainWalls(DEVICE, TRACK, np.full((2, 3), TRACK.wells[7].centre))
    return ArraySimulation(Crossbar(cells=walls, word_line_resistance=0.1, bit_line_resistance=0.1))


def test_noise_has_the_deviation_that_was_asked_for_and_is_that_of_its_seed():
    noisy = ReadAccess(calibrate=False, noise=2e-6, seed=5)
    one, other = simulation(), simulation()
    exact = read(one, access=QUIET).values
    readings = np.array([read(one, access=noisy).values for _ in range(100)])
    deviation = (readings - exact).std() * noisy.voltage
    # The standard error of a deviation from 600 numbers is 2.9 %.
    assert deviation == pytest.approx(2e-6, rel=0.12)
    assert abs((readings - exact).mean()) * noisy.voltage < 4 * 2e-6 / np.sqrt(readings.size)
    assert np.array_equal(read(other, access=noisy).values, readings[0])
    assert not np.array_equal(readings[0], readings[1])
    again = simulation()
    again.restore(other.state())
    assert np.array_equal(read(again, access=noisy).values, readings[1])


def test_programming_verifies_with_the_noise_and_goes_on_from_its_folder(tmp_path):
    noisy = ReadAccess(noise=2e-6, seed=1)
    levels = even_levels(simulation().devices, 8)
    options = {
        "schedule": Schedule(voltages=[1.3 * DEVICE.threshold_voltage], widths=4e-9, most_pulses=1),
        "tolerance": 60e-6,
        "write": WriteAccess(edge=2e-9, settle=0.0),
        "read": noisy,
    }
    whole = program(simulation(), np.full((2, 3), levels[4]), **options, store=tmp_path)
    (tmp_path / "pass_00_row_00001.nc").unlink()
    resumed = program(simulation(), np.full((2, 3), levels[4]), **options, store=tmp_path)
    xr.testing.assert_identical(whole.reading, resumed.reading)
    error = whole.reading - whole.verified
    assert 0.0 < np.abs(error * noisy.voltage).max() < 5 * 2e-6


def test_bad_noise_is_named():
    with pytest.raises(InputError, match="noise: expected a number of at least 0"):
        ReadAccess(noise=-1e-6)
    with pytest.raises(InputError, match="seed: expected a whole number"):
        ReadAccess(seed=-1)


def test_noise_of_products_adds_up_over_the_devices_of_a_weight():
    # An output is the difference of two currents over the conductance of a weight of 1, so that its deviation is
    # sqrt(2) times that of a current.
    weights = np.random.default_rng(1).uniform(-1.0, 1.0, (6, 4))
    weights[0, 0] = 1.0
    mapped = map_weights(weights, np.linspace(1e-3, 3e-3, 9))
    array = Crossbar(conductance=mapped.conductance)
    inputs = np.random.default_rng(2).uniform(-1.0, 1.0, (500, 6))
    found = mapped.multiply(array, inputs, 0.05, noise=2e-6, seed=3)
    error = (found["product"] - found.exact).values
    assert error.std() == pytest.approx(np.sqrt(2.0) * 2e-6 / (0.05 * 2e-3), rel=0.06)  # standard error 1.6 %
    again = mapped.multiply(array, inputs, 0.05, noise=2e-6, seed=3)
    np.testing.assert_array_equal(again["product"], found["product"])
    assert found.attrs["seed"] == "3"


def test_noise_of_a_study_of_products_is_relative_to_one_device():
    settings = {"levels": np.linspace(1e-3, 3e-3, 65), "vectors": 64, "repeats": 1, "seed": 4}
    exact, noisy = (product_accuracy([8], [0.0], read_noise=noise, **settings) for noise in (0.0, 0.1))
    np.testing.assert_array_equal(noisy.level_error, exact.level_error)
    assert float(exact.wire_error.max()) < 1e-9
    # Outputs have the mean square of 8 terms of 1/9 each; the noise is sqrt(2) x 0.1 x 3 mS / 2 mS.
    expected = np.sqrt(2.0) * 0.1 * 1.5 / np.sqrt(8.0 / 9.0)
    assert float(noisy.wire_error.squeeze()) == pytest.approx(expected, rel=0.3)


@pytest.fixture(scope="module")
def synapses():
    return PulsedDevice.notched(2, tracks=1, samples=8, wired=True, seed=1)


@pytest.mark.parametrize("ohms", [0.0, 1.0])
def test_arrays_that_learn_are_read_with_noise_from_either_side(synapses, ohms):
    exact, noisy = (synapses.array((4, 3), seed=2, wires=Wires.equal(ohms), read_noise=noise) for noise in (0.0, 0.2))
    np.testing.assert_array_equal(exact.state, noisy.state)
    size = 0.2 * READ_VOLTAGE * synapses.conductance_range()[1]
    for lines, way in ((4, "read"), (3, "read_back")):
        volts = np.full((500, lines), READ_VOLTAGE)
        error = getattr(noisy, way)(volts) - getattr(exact, way)(volts)
        assert error.std() == pytest.approx(size, rel=0.08)  # 1500 numbers: a standard error of 1.8 %
        assert abs(error.mean()) < 4.0 * size / np.sqrt(error.size)


def pictures():
    """Noisy pictures of four pixels with one bright half, and which half it is."""
    draw = np.random.default_rng(5)
    labels = draw.integers(0, 2, 120)
    bright = (np.arange(4) // 2 == labels[:, np.newaxis]) * 0.8
    return np.clip(bright + 0.2 * draw.random((120, 4)), 0.0, 1.0), labels


@pytest.fixture(scope="module")
def spiking():
    return SpikedDevice.notched(2, tracks=1, samples=8, seed=1)


@pytest.fixture(params=["supervised", "two layers", "unsupervised", "autonomous"])
def learned(request, synapses):
    """Accuracies of a kind of learning with some noise."""

    def of(noise):
        images, labels = pictures()
        settings = {"epochs": 1, "repeats": 2, "seed": 3, "read_noise": noise}
        if request.param == "autonomous":
            kind = request.getfixturevalue("spiking")
            found = autonomous_learning(images, labels, kind, outputs=4, threshold=2.0, **settings)
        elif request.param == "unsupervised":
            found = unsupervised_learning(images, labels, synapses, outputs=4, threshold=2.0, **settings)
        else:
            hidden = 3 if request.param == "two layers" else 0
            found = supervised_learning(images, labels, synapses, hidden=hidden, **settings)
        assert found.attrs["read_noise"] == noise
        return found

    return of


def test_learning_with_noise_is_repeated_by_its_seed_on_any_threads(learned):
    whole = learned(1.0)
    assert not np.array_equal(learned(0.0).energy, whole.energy)
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        xr.testing.assert_identical(learned(1.0), whole)
    finally:
        numba.set_num_threads(before)


def test_nothing_is_learned_through_noise_alone(learned):
    found = learned(1e3).accuracy
    last = found.isel(epoch=-1) if "epoch" in found.dims else found
    # 80 test images of two classes; what noise makes fire is right in half of the cases at most.
    assert float(last.mean()) < 0.7


def test_spikes_are_read_with_noise(spiking):
    array = SpikedArray(spiking, (5, 400), seed=2)
    fired = np.array([True, False, True, True, False])
    exact = array.read(fired)
    array.read_noise = 0.5
    error = array.read(fired) - exact
    current = spiking.read_current()
    assert error.std() == pytest.approx(0.5 * np.nanmax(current) / (np.nanmax(current) - np.nanmin(current)), rel=0.15)


def test_commands_read_with_noise():
    words = ["crossbar", "accuracy", "--sizes", "4", "--wire-resistances", "0", "--repeats", "1", "--json", "--quiet"]
    errors = [
        json.loads(CliRunner().invoke(group, [*words, "--read-noise", percent]).stdout)["total_error"][0]
        for percent in ("0", "20")
    ]
    assert errors[1][0] > errors[0][0] + 0.05
    refused = CliRunner().invoke(group, [*words, "--read-noise", "-1"])
    assert "--read-noise: expected a number from 0 to 10000" in str(refused.exception)
