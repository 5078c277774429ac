"""Spikes that read an array change it where they meet: what cells see, what moves, what is learned."""

import json
from dataclasses import replace

import numpy as np
import pytest
from processes import run

from compact_model import InputError, spiking_device
from crossbar import SpikedDevice, autonomous_learning
from crossbar.learning.spiked_device import ExactSynapses, SpikedArray

SIDE = 4
PATTERNS = np.array(
    [
        np.repeat([1.0, 0.0], 8),
        np.repeat([0.0, 1.0], 8),
        np.tile(np.repeat([1.0, 0.0], 2), 4),
        np.tile(np.repeat([0.0, 1.0], 2), 4),
    ]
)


@pytest.fixture(scope="module")
def kind():
    return SpikedDevice.notched(6, tracks=2, samples=96, seed=1)


def noisy_patterns(count, seed):
    """Images near the four patterns, and their numbers."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(4, size=count)
    return np.clip(0.9 * PATTERNS[labels] + 0.05 + 0.1 * draw.standard_normal((count, 16)), 0.0, 1.0), labels


def test_a_spike_before_that_of_the_output_raises_a_weight_and_one_after_it_lowers_it(kind):
    up, down = kind.mean_steps()
    notch = 50.0 / 300.0
    assert 0.1 * notch < up < notch
    assert 0.1 * notch < -down < notch
    notch_moved, end_moved = kind.disturbed_shares()
    assert notch_moved < 0.05 < 0.5 < end_moved
    assert kind.levels == 6


def test_cells_of_the_output_that_fires_see_two_spikes_and_all_others_one(kind):
    array = SpikedArray(kind, (400, 3), read_disturb=False, seed=1)
    array.track[:] = 1
    array.state[:] = 4
    first = np.arange(400) < 200
    before = array.weights()
    array.change(first, 1)
    moved = array.weights() - before
    assert np.abs(moved[:, [0, 2]]).max() == 0.0
    places = kind.table.position.values[1] / kind.device.track_length
    for delay, rows in ((kind.delay, first), (-kind.delay, ~first)):
        share = kind.table.probability.sel(delay=delay, method="nearest").values[1, 4]
        mean = share @ places - places[4]
        deviation = np.sqrt(share @ (places - places[4]) ** 2 - mean**2)
        assert moved[rows, 1].mean() == pytest.approx(mean, abs=4.0 * deviation / np.sqrt(200))
    assert (array.pairs, array.single) == (400, 800)


def test_reading_moves_as_many_walls_as_the_table_says_unless_that_is_left_out(kind):
    array = SpikedArray(kind, (200, 20), seed=2)
    array.state[:] = 3
    fired = np.arange(200) % 2 == 0
    array.disturb(fired)
    assert (array.state[~fired] == 3).all()
    alone = kind.table.alone_probability.sel(neuron="presynaptic").values[:, 3, 3]
    expected = 1.0 - alone[array.track[fired]].mean()
    assert (array.state[fired] != 3).mean() == pytest.approx(expected, abs=4.0 * np.sqrt(0.01 / 2000))
    still = SpikedArray(kind, (200, 20), read_disturb=False, seed=2)
    start = still.state.copy()
    still.disturb(fired)
    assert (still.state == start).all()
    held = SpikedArray(kind, (200, 20), seed=2)
    held.plastic = False
    held.change(fired, 0)
    assert (held.state == start).all()


def test_the_energy_of_a_spike_and_its_reading_are_those_of_its_voltages(kind):
    spike, array = kind.spike, SpikedArray(kind, (1, 1), read_disturb=False, seed=1)
    pulse, tail, edge = spike.pulse_voltage, spike.tail_voltage, spike.edge
    squares = pulse**2 * (edge / 3.0 + spike.width)  # rise and top, then the slope through 0, then the sawtooth
    squares += edge * (pulse**2 - pulse * tail + tail**2) / 3.0 + tail**2 * spike.tail / 3.0
    conductance = kind.table.conductance.values[array.track[0, 0], array.state[0, 0]]
    array.disturb(np.array([True]))
    assert array.energy == pytest.approx(squares * conductance, rel=1e-4)
    # At the pulse's voltage the TMR has fallen by Lorentz's law; between the ends the conductance is a straight line.
    lit = SpikedArray(kind, (2, 1), seed=1)
    lit.track[:], lit.state[:] = 0, [[0], [7]]
    assert lit.read(np.array([False, True]))[0] == pytest.approx(1.0, abs=1e-6)
    assert lit.read(np.array([True, True]))[0] == pytest.approx(1.0, abs=1e-6)
    device = kind.device
    tmr = device.tmr / (1.0 + (pulse / device.tmr_half_voltage) ** 2)
    current = kind.read_current()
    assert current[0, 7] == pytest.approx(pulse / device.parallel_resistance, rel=1e-6)
    track = device.track_length * device.track_width / device.junction_area
    assert current[0, 0] == pytest.approx(
        pulse / device.parallel_resistance * (1.0 - track * tmr / (1.0 + tmr)), rel=1e-6
    )


def test_weights_in_floating_point_move_by_the_mean_of_a_device(kind):
    exact = ExactSynapses(kind, (4, 2), seed=1)
    before = exact.weights()
    exact.change(np.array([True, False, True, False]), 0)
    up, down = kind.mean_steps()
    assert exact.weights()[:, 0] == pytest.approx(np.clip(before[:, 0] + [up, down, up, down], 0.0, 1.0))
    assert exact.weights()[:, 1] == pytest.approx(before[:, 1])


def test_patterns_are_sorted_by_reading_them(kind, tmp_path):
    images, labels = noisy_patterns(180, 5)
    options = {"outputs": 12, "epochs": 5, "repeats": 2, "seed": 3, "store": tmp_path}
    learned = autonomous_learning(images, labels, kind, **options)
    assert dict(learned.sizes) == {"read_disturb": 2, "repeat": 2, "input": 16, "output": 12}
    assert learned.accuracy.mean("repeat").values.min() > 0.75
    assert learned.float_accuracy.values.min() > 0.75
    again = autonomous_learning(images, labels, kind, **options)
    assert again.identical(learned)
    # What an output has learned looks like the pattern that it is named after.
    weight, names = learned.weight.values[0, 0], learned.output_label.values[0, 0]
    named = names >= 0
    likeness = [np.corrcoef(weight[:, output], PATTERNS[names[output]])[0, 1] for output in np.flatnonzero(named)]
    assert np.mean(likeness) > 0.5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"read_disturb": ["yes"]}, "read_disturb: expected True or False, got 'yes'"),
        ({"read_disturb": [True, True]}, r"read_disturb: expected True, False or both, got \[True, True\]"),
        ({"epochs": 0}, "epochs: expected a whole number of at least 1, got 0"),
        ({"images": np.zeros((20, 16))}, "images: expected some above 0 to learn from"),
        ({"device": 3}, "device: expected a SpikedDevice, got int"),
    ],
)
def test_what_cannot_be_learned_is_refused(kind, changes, message):
    images, labels = noisy_patterns(20, 1)
    with pytest.raises(InputError, match=message):
        autonomous_learning(**({"images": images, "labels": labels, "device": kind, "repeats": 1} | changes))
    with pytest.raises(InputError, match="delay: expected a delay that the table has with both signs"):
        replace(kind, delay=2.0 * kind.delay)


def test_a_device_between_neurons_has_a_barrier_of_its_angle_and_no_high_voltage():
    device = spiking_device()
    volume = device.wall_width * device.track_width * device.thickness
    barrier = volume * device.saturation_magnetisation * device.anisotropy_field / (1.380649e-23 * 300.0)
    assert barrier == pytest.approx(13.3, abs=0.1)
    assert device.threshold_voltage < 0.85


def test_the_command_answers_with_and_without_read_disturb():
    pytest.importorskip("sklearn")
    quick = ["--levels", "3", "--tracks", "1", "--samples", "8", "--neurons", "4", "--epochs", "1"]
    few = ["--repeats", "1", "--test-share", "0.97", "--slots", "3", "--quiet", "--json"]
    answer = json.loads(run("learn", "autonomous", *quick, *few).stdout)
    assert answer["read_disturb"] == [True, False]
    assert len(answer["accuracy"]) == 2
    assert answer["pulse_V"] == pytest.approx(0.45 * answer["threshold_V"])
    assert answer["delay_ns"] == pytest.approx(12.0)


def test_an_array_larger_than_memory_is_refused_before_it_is_made(kind, monkeypatch):
    images, labels = noisy_patterns(20, 1)
    monkeypatch.setattr("compact_model.support.memory.available_memory", lambda: 2**28)
    with pytest.raises(InputError, match=r"^memory: expected a size that fits in memory, .* 0.25 GiB are available"):
        autonomous_learning(images, labels, kind, outputs=10**6, repeats=1)
