"""Two layers: errors that go back through an array are the gradient; what one layer cannot tell apart is learned."""

import tracemalloc

import numpy as np
import pytest

from compact_model.support.validation import InputError
from crossbar import PulsedDevice, Wires, supervised_learning, unsupervised_learning
from crossbar.learning import pulsed_device
from crossbar.learning.supervised import _Exact, _Network, _Pairs, level_out


@pytest.fixture(scope="module")
def synapses():
    return PulsedDevice.notched(8, tracks=2, samples=32, seed=1, wired=True)


def cross_entropy(first, second, image, label, gains):
    """Written out once more, of one image."""
    hidden = np.append(1.0 / (1.0 + np.exp(-gains[0] * image @ first)), 1.0)
    outputs = gains[1] * hidden @ second
    return np.log(np.exp(outputs).sum()) - outputs[label]


def test_the_errors_of_a_hidden_layer_are_the_gradient_of_the_loss():
    draw = np.random.default_rng(2)
    gains = 1.3, 0.8
    first, second = draw.uniform(-1.0, 1.0, (5, 4)), draw.uniform(-1.0, 1.0, (5, 3))
    image, label = draw.random(5), 1
    network = _Network([_Exact(first, gains[0]), _Exact(second, gains[1])])
    found = network.errors(image[np.newaxis], np.array([label]))
    # Of the first layer relative to the second: times the gain between and the steepest slope, a quarter.
    for number, scale in ((0, 0.25 * gains[0] * gains[1]), (1, gains[1])):
        inputs, errors = found[number]
        expected = np.zeros_like((first, second)[number])
        for place in np.ndindex(expected.shape):
            moved = [first.copy(), second.copy()]
            losses = []
            for step in (1e-6, -2e-6):
                moved[number][place] += step
                losses.append(cross_entropy(*moved, image, label, gains))
            expected[place] = -(losses[0] - losses[1]) / 2e-6
        np.testing.assert_allclose(scale * np.outer(inputs, errors), expected, rtol=1e-6, atol=1e-9)


def test_errors_go_back_through_the_wires_they_came_by(synapses):
    array = synapses.array((5, 6), seed=1, wires=Wires.equal(2.0))
    level_out(array, synapses)
    layer = _Pairs(array, synapses, 1.0)
    forward, errors = layer.outputs(np.eye(5)), np.array([[1.0, -0.3, 0.0], [0.2, 0.5, -1.0]])
    np.testing.assert_allclose(layer.turned(errors), errors @ forward.T, rtol=1e-6, atol=1e-9)
    assert np.abs(forward - layer.weights()).max() > 1e-3  # the wires do change what is read


def test_two_layers_learn_what_one_cannot(synapses):
    """Whether two pixels are alike, which no plane divides: one layer is right by half."""
    draw = np.random.default_rng(5)
    pixels = draw.integers(0, 2, (300, 2))
    images = np.column_stack([pixels, 1 - pixels]) * 0.9 + 0.1 * draw.random((300, 4))
    labels = (pixels[:, 0] == pixels[:, 1]).astype(int)
    settings = {"epochs": 30, "repeats": 1, "seed": 3}
    one, two = (supervised_learning(images, labels, synapses, hidden=count, **settings) for count in (0, 12))
    assert float(one.accuracy.isel(epoch=-1).max()) < 0.85  # three of the four corners
    assert float(one.float_accuracy.max()) < 0.85
    assert float(two.accuracy.isel(epoch=-1).min()) > 0.95
    assert float(two.float_accuracy.min()) > 0.95
    assert two.attrs["hidden"] == 12


def test_a_layer_that_cannot_be_is_refused(synapses):
    images, labels = np.random.default_rng(1).random((12, 3)), np.arange(12) % 2
    with pytest.raises(InputError, match="hidden: expected a whole number of at least 0, got -1"):
        supervised_learning(images, labels, synapses, hidden=-1)
    with pytest.raises(InputError, match="memory: expected a size that fits"):
        supervised_learning(images, labels, synapses, hidden=10**10)


def test_layers_larger_than_memory_are_refused_before_they_are_made(synapses, monkeypatch):
    images, labels = np.random.default_rng(1).random((12, 3)), np.arange(12) % 2
    wired = PulsedDevice.notched(2, tracks=1, samples=16, wired=True, seed=1)
    monkeypatch.setattr("compact_model.support.memory.available_memory", lambda: 2**28)
    tracemalloc.start()
    for act in (
        lambda: supervised_learning(images, labels, synapses, hidden=300_000),
        lambda: unsupervised_learning(images, labels, synapses, outputs=10**6),
        lambda: synapses.array((10**4, 10**3), seed=1),
        lambda: wired.array((10**3, 10**3), seed=1, wires=Wires.equal(0.1)),
    ):
        with pytest.raises(InputError, match=r"^memory: expected a size that fits in memory, .* 0.25 GiB are avail"):
            act()
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


@pytest.mark.parametrize("ohms", [0.0, 0.1])
def test_an_array_that_learns_takes_no_more_memory_than_is_asked_for(ohms, monkeypatch):
    device = PulsedDevice.notched(4, tracks=1, samples=4, wired=ohms > 0.0, seed=1)

    def learn():
        array = device.array((400, 400), seed=1, wires=Wires.equal(1e-3 * ohms))
        array.pulse_block("V/3", np.arange(400) < 200, np.arange(400) < 200, device.voltage)
        array.read(np.full((1, 400), 0.01))

    learn()  # what has to be compiled is, before memory is counted
    asked = []
    monkeypatch.setattr(pulsed_device, "check_memory", lambda what, needed: asked.append(needed))
    tracemalloc.start()
    learn()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.3 * asked[0] < peak < asked[0]
