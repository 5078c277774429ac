"""Layers of PyTorch that are arrays: exact gradients, levels and converters, pulses."""

import numpy as np
import pytest

from compact_model.support.validation import InputError
from crossbar import PulsedDevice, Wires, supervised_learning

torch = pytest.importorskip("torch")
layers = pytest.importorskip("crossbar.learning.torch_layers")
LEVELS = np.linspace(2e-3, 4e-3, 20)


@pytest.mark.parametrize("ohms", [0.0, 1.0])
def test_gradients_are_differences_to_1e_6(ohms):
    layer = layers.ArrayLinear(6, 3, LEVELS, continuous=True, wires=Wires.equal(ohms), gain=5.0, seed=1)
    inputs = torch.rand(4, 6, dtype=torch.float64, requires_grad=True)
    torch.autograd.gradcheck(layer, (inputs,), eps=1e-5, atol=1e-6, rtol=1e-6)
    layer(inputs).square().sum().backward()
    exact = layer.weight.grad.clone()
    for place in ((0, 0), (3, 2), (6, 1)):
        values = []
        for step in (1e-5, -1e-5):
            with torch.no_grad():
                layer.weight[place] += step
                values.append(float(layer(inputs).square().sum()))
                layer.weight[place] -= step
        assert float(exact[place]) == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-6)


def test_without_wires_it_is_a_matrix_in_levels_and_converters():
    exact = layers.ArrayLinear(6, 3, LEVELS, continuous=True, gain=2.0, seed=1)
    inputs = torch.rand(4, 6)
    wanted = 2.0 * torch.cat([inputs, torch.ones(4, 1)], 1).double() @ exact.weight
    torch.testing.assert_close(exact(inputs), wanted.float())
    rough = layers.ArrayLinear(
        6, 3, LEVELS, gain=2.0, input_bits=4, output_bits=3, output_range=0.5, seed=1, wires=Wires.equal(0.1)
    )
    assert np.isin(rough.conductance().detach().numpy().round(12), LEVELS.round(12)).all()
    steps = rough(inputs).detach().numpy() / 0.5 * 3.0
    np.testing.assert_allclose(steps, steps.round(), atol=1e-5)
    assert np.abs(steps).max() <= 3.0
    rough(inputs).sum().backward()
    assert rough.weight.grad.abs().min() > 0.0


def test_a_network_is_trained_for_its_wires():
    """Wires that spoil what was trained without them are learned around."""
    draw = torch.Generator().manual_seed(1)
    inputs = torch.rand(60, 8, generator=draw)
    labels = (inputs @ torch.randn(8, 3, generator=draw)).argmax(1)

    def trained(ohms, layer=None):
        layer = layers.ArrayLinear(8, 3, LEVELS, wires=Wires.equal(ohms), gain=20.0, seed=1)
        optimiser = torch.optim.Adam(layer.parameters(), lr=0.05)
        for _ in range(40):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(layer(inputs), labels).backward()
            optimiser.step()
        return layer

    def loss(layer):
        with torch.no_grad():
            return float(torch.nn.functional.cross_entropy(layer(inputs), labels))

    wired, unaware = trained(10.0), trained(0.0)
    unaware.array = wired.array
    assert loss(wired) < 0.8 * loss(unaware)


def test_pulses_learn_as_supervised_learning_does_and_errors_go_back():
    device = PulsedDevice.notched(8, tracks=1, samples=32, seed=1)
    draw = np.random.default_rng(1)
    images = draw.random((300, 16))
    labels = (images @ draw.normal(size=(16, 3))).argmax(1)
    settings = {"epochs": 4, "decay": 0.8, "gain": 15.0}
    found = supervised_learning(images, labels, device, repeats=3, seed=2, **settings)
    reached = []
    for seed in range(3):
        layer = layers.PulsedLinear(16, 3, device, gain=settings["gain"], seed=seed)
        inputs, wanted = torch.tensor(images, requires_grad=True), torch.tensor(labels)
        for epoch in range(settings["epochs"]):
            for index in range(200):
                one = slice(index, index + 1)
                torch.nn.functional.cross_entropy(layer(inputs[one]), wanted[one]).backward()
                layer.pulse(settings["decay"] ** epoch)
        reached.append(float((layer(inputs[200:]).argmax(1) == wanted[200:]).double().mean()))
    # 100 images each, and three trials of either: a standard error of about 3 points on both sides.
    assert np.mean(reached) == pytest.approx(float(found.accuracy[0, :, -1].mean()), abs=0.12)
    assert np.mean(reached) > float(found.accuracy[0, :, 0].mean()) + 0.15
    # Backwards it is the transpose of forwards.
    outputs = layer(inputs[:1])
    (back,) = torch.autograd.grad(outputs[0, 1], inputs)
    change = torch.zeros(2, 16, dtype=torch.float64)
    change[1] = back[0]
    ahead = layer(change)
    assert float((ahead[1, 1] - ahead[0, 1]).detach()) == pytest.approx(float((back[0] @ back[0]).detach()), rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"inputs": 10**7, "outputs": 10**7}, r"memory: expected a size that fits in memory, .* the layer needs"),
        ({"levels": [1e-3]}, "levels: expected at least two"),
        ({"output_bits": 3}, "output_range: expected with output_bits"),
        ({"input_bits": 1}, "input_bits: expected"),
    ],
)
def test_nonsense_is_named(changes, named):
    with pytest.raises(InputError, match=named):
        layers.ArrayLinear(**({"inputs": 3, "outputs": 2, "levels": LEVELS} | changes))


def test_a_layer_of_pulses_larger_than_memory_is_refused_before_it_is_made(monkeypatch):
    device = PulsedDevice.notched(2, tracks=1, samples=16, seed=1)
    monkeypatch.setattr("compact_model.support.memory.available_memory", lambda: 2**28)
    with pytest.raises(InputError, match=r"^memory: expected a size that fits in memory, .* 0.25 GiB are available"):
        layers.PulsedLinear(10**4, 10**3, device)
