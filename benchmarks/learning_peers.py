"""The same digits, learned by other tools and here: accuracy, and seconds an image, in the same batches.

python benchmarks/learning_peers.py [--repeats 5] [--epochs 30] [--batch 10] [--seed 100] [--quick]

Every method meets the same divisions of the images, one after the other, so that a slow moment of the machine meets
all.  Rates of learning were chosen with the seed 0.  Peers: pip install scikit-learn; pip install aihwkit (with
torch).  What is not installed leaves its row empty.  Times are of a whole trial, over epochs and images: with the tests
after each epoch, and with what brings arrays to the start.
"""

import argparse
import importlib
import importlib.util
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from timing import print_table

from compact_model.support.arrays import FloatArray
from compact_model.support.random import generator
from crossbar import PulsedDevice, export_device, inference, supervised_learning
from crossbar.learning.supervised import GAIN
from crossbar.learning.trials import Examples, divided
from dwmtj.digits import load_digits, trained_weights

TEST_SHARE = 1.0 / 3.0
LAST_RATE = 1.0 / 9.0  # of the first one, as in supervised_learning
FLOATING_POINT_RATE = 0.3
ADAM_RATE, ARRAY_GAIN = 0.01, 15.0
PRESETS = {"GokmenVlasovPreset": 0.1, "EcRamPreset": 0.3, "ReRamSBPreset": 0.1}
"""A preset of aihwkit to its rate of learning."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """Images to learn from and to be tested with, in one division, and how they are shown."""

    train: Examples
    test: Examples
    epochs: int
    batch: int
    seed: int

    def rate(self, start: float, epoch: int) -> float:
        """Of learning: it falls from epoch to epoch, to a ninth of the first."""
        return float(start * LAST_RATE ** (epoch / self.epochs))

    def batches(self, draw: np.random.Generator) -> list[np.ndarray]:
        """Numbers of the images of an epoch."""
        order = draw.permutation(len(self.train.labels))
        return [order[begin : begin + self.batch] for begin in range(0, order.size, self.batch)]


Method = Callable[[Task], float]
"""What learns a task, to the share of the test images that it recognises."""


def logistic_regression(task: Task) -> float:
    """scikit-learn's, until it converges, in as many steps as that takes."""
    linear_model = importlib.import_module("sklearn.linear_model")
    model = linear_model.LogisticRegression(C=1.0, max_iter=2000).fit(task.train.images, task.train.labels)
    return float(model.score(task.test.images, task.test.labels))


def floating_point(task: Task) -> float:
    """A softmax by stochastic gradients: weights without bounds, the mean gradient of a batch."""
    draw = np.random.default_rng(task.seed)
    inputs, tested = (np.column_stack([each.images, np.ones(len(each.images))]) for each in (task.train, task.test))
    wanted = np.eye(task.train.classes)[task.train.labels]
    weights = np.zeros((inputs.shape[1], task.train.classes))
    accuracy = 0.0
    for epoch in range(task.epochs):
        for chosen in task.batches(draw):
            errors = wanted[chosen] - _softmax(inputs[chosen] @ weights)
            weights += task.rate(FLOATING_POINT_RATE, epoch) / chosen.size * (inputs[chosen].T @ errors)
        accuracy = float(((tested @ weights).argmax(axis=1) == task.test.labels).mean())
    return accuracy


def ours(device: PulsedDevice) -> Method:
    """`supervised_learning` as it comes, with the time that its own floating-point twin takes."""

    def learn(task: Task) -> float:
        images, labels = load_digits()
        found = supervised_learning(
            images, labels, device, epochs=task.epochs, batch=task.batch, repeats=1, seed=task.seed
        )
        return float(found.accuracy[0, 0, -1])

    return learn


def exported(device: PulsedDevice) -> Method:
    """aihwkit with the exported device, a pair for each weight, and the gain and the pulses of `ours`."""
    names: dict[str, Any] = {}
    exec(export_device(device, "aihwkit"), names)  # what `dwmtj export-device --for aihwkit` writes
    step = names["PARAMETERS"]["dw_min"]

    def learn(task: Task) -> float:
        torch = importlib.import_module("torch")
        torch.manual_seed(task.seed)
        draw = np.random.default_rng(task.seed)
        inputs, tested = (_with_bias(torch, each.images) for each in (task.train, task.test))
        gain = 0.5 * GAIN / float((inputs**2).sum(dim=1).mean())  # of one device of two, from -1 to 1
        layer = importlib.import_module("aihwkit.nn").AnalogLinear(
            inputs.shape[1], 2 * task.train.classes, bias=False, rpu_config=names["rpu_config"]()
        )
        layer.set_weights(torch.zeros(2 * task.train.classes, inputs.shape[1]))
        optimiser = importlib.import_module("aihwkit.optim").AnalogSGD(layer.parameters(), lr=step)
        wanted = torch.eye(task.train.classes)[torch.tensor(task.train.labels)]
        accuracy = 0.0
        for epoch in range(task.epochs):
            for group in optimiser.param_groups:
                group["lr"] = task.rate(step, epoch)
            for chosen in task.batches(draw):
                optimiser.zero_grad()
                output = layer(inputs[chosen])
                errors = wanted[chosen] - (gain * (output[:, ::2] - output[:, 1::2])).softmax(dim=1)
                output.backward(torch.stack([-errors, errors], dim=2).reshape(len(chosen), -1))
                optimiser.step()
            with torch.no_grad():
                output = layer(tested)
            right = (output[:, ::2] - output[:, 1::2]).argmax(dim=1).numpy() == task.test.labels
            accuracy = float(right.mean())
        return accuracy

    return learn


def _trained(task: Task, layer: Any, optimiser: Any, rate: float, draw: np.random.Generator, kind: Any) -> float:
    """The share of test images that a layer recognises after all epochs of gradient descent; kind: of its numbers."""
    torch = importlib.import_module("torch")
    images, tested = (torch.tensor(each.images, dtype=kind) for each in (task.train, task.test))
    labels = torch.tensor(task.train.labels)
    accuracy = 0.0
    for epoch in range(task.epochs):
        for group in optimiser.param_groups:
            group["lr"] = task.rate(rate, epoch)
        for chosen in task.batches(draw):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(layer(images[chosen]), labels[chosen]).backward()
            optimiser.step()
        with torch.no_grad():
            accuracy = float((layer(tested).argmax(dim=1).numpy() == task.test.labels).mean())
    return accuracy


def preset(name: str, rate: float) -> Method:
    """aihwkit with a device and a periphery of its own, a device for each weight, as its users have them."""

    def learn(task: Task) -> float:
        torch = importlib.import_module("torch")
        torch.manual_seed(task.seed)
        draw = np.random.default_rng(task.seed)
        config = getattr(importlib.import_module("aihwkit.simulator.presets"), name)()
        layer = importlib.import_module("aihwkit.nn").AnalogLinear(
            task.train.images.shape[1], task.train.classes, bias=True, rpu_config=config
        )
        optimiser = importlib.import_module("aihwkit.optim").AnalogSGD(layer.parameters(), lr=rate)
        return _trained(task, layer, optimiser, rate, draw, torch.float32)

    return learn


def _softmax(outputs: FloatArray) -> FloatArray:
    share = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    result: FloatArray = share / share.sum(axis=1, keepdims=True)
    return result


def _with_bias(torch: Any, images: FloatArray) -> Any:
    return torch.tensor(np.column_stack([images, np.ones(len(images))]), dtype=torch.float32)


def pulsed_layer(device: PulsedDevice) -> Method:
    """The layer for PyTorch whose weights move by pulses, with the gain of `ours`."""

    def learn(task: Task) -> float:
        torch, layers = importlib.import_module("torch"), importlib.import_module("crossbar.learning.torch_layers")
        draw = np.random.default_rng(task.seed)
        images, tested = (torch.tensor(each.images) for each in (task.train, task.test))
        labels = torch.tensor(task.train.labels)
        gain = GAIN / (float((images**2).sum(dim=1).mean()) + 1.0)
        layer = layers.PulsedLinear(images.shape[1], task.train.classes, device, gain=gain, seed=task.seed)
        accuracy = 0.0
        for epoch in range(task.epochs):
            for chosen in task.batches(draw):
                torch.nn.functional.cross_entropy(layer(images[chosen]), labels[chosen], reduction="sum").backward()
                layer.pulse(task.rate(1.0, epoch))
            with torch.no_grad():
                accuracy = float((layer(tested).argmax(dim=1).numpy() == task.test.labels).mean())
        return accuracy

    return learn


def array_layer(device: PulsedDevice) -> Method:
    """The layer for PyTorch that is trained by Adam with the gradient of the array, for the levels that it has."""

    def learn(task: Task) -> float:
        torch, layers = importlib.import_module("torch"), importlib.import_module("crossbar.learning.torch_layers")
        torch.manual_seed(task.seed)
        draw = np.random.default_rng(task.seed)
        levels = np.linspace(*device.conductance_range(), device.levels)
        inputs = task.train.images.shape[1]
        layer = layers.ArrayLinear(inputs, task.train.classes, levels, gain=ARRAY_GAIN, seed=task.seed)
        optimiser = torch.optim.Adam(layer.parameters(), lr=ADAM_RATE)
        return _trained(task, layer, optimiser, ADAM_RATE, draw, torch.float64)

    return learn


def stored(device: PulsedDevice) -> Method:
    """`inference` with the levels of the device's tracks, random and verified."""

    def recognise(task: Task) -> float:
        weights = trained_weights(task.train.images, task.train.labels)
        found = inference(
            weights,
            task.test.images,
            task.test.labels,
            levels=(device.levels,),
            variations=(0.0,),
            tiles=(len(weights),),
            wire_resistances=(0.0,),
            wired_levels=device.levels,
            repeats=1,
            seed=task.seed,
        )
        return float(found.accuracy.sel(arrangement="random", programming="verified").squeeze())

    return recognise


def stored_in_crosssim(device: PulsedDevice) -> Method:
    """The same weights in CrossSim, whose conductances are programmed to the levels of the exported device."""
    names: dict[str, Any] = {}
    exec(export_device(device, "crosssim"), names)  # what `dwmtj export-device --for crosssim` writes

    def recognise(task: Task) -> float:
        np.random.seed(task.seed % 2**32)  # noqa: NPY002 (CrossSim draws from the global generator)
        simulator = importlib.import_module("simulator")
        params = simulator.CrossSimParameters()
        cells = params.xbar.device
        cells.Rmin, cells.Rmax = 1.0 / names["HIGHEST_LEVEL"], 1.0 / names["LOWEST_LEVEL"]
        cells.infinite_on_off_ratio = False
        cells.programming_error.model, cells.programming_error.enable = "DwmtjDevice", True
        core = simulator.AnalogCore(trained_weights(task.train.images, task.train.labels).T, params=params)
        inputs = np.column_stack([task.test.images, np.ones(len(task.test.images))])
        return float(((core @ inputs.T).argmax(axis=0) == task.test.labels).mean())

    return recognise


def division(images: FloatArray, labels: np.ndarray, seed: int) -> tuple[Examples, Examples]:
    """The one that `supervised_learning` makes in its first trial with this seed."""
    stream = generator(seed).integers(0, 2**63, 1).item()
    train, test = divided(len(labels), TEST_SHARE, np.random.default_rng(stream))
    return Examples(images[train], labels[train]), Examples(images[test], labels[test])


def in_percent(shares: list[float]) -> str:
    """Mean and standard deviation of the trials."""
    deviation = f"{100.0 * statistics.stdev(shares):.1f}" if len(shares) > 1 else "-"
    return f"{100.0 * statistics.mean(shares):.1f} +- {deviation}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="one repeat of two epochs")
    arguments = parser.parse_args()
    repeats, epochs = (1, 2) if arguments.quick else (arguments.repeats, arguments.epochs)
    device = PulsedDevice.notched(20, seed=arguments.seed)

    # Name of a row -> the package it needs, what makes the method, and how often it meets an image (0: it converges).
    here = "dwmtj, supervised"
    rows: dict[str, tuple[str, Callable[[], Method], int]] = {
        "scikit-learn, logistic regression": ("sklearn", lambda: logistic_regression, 0),
        "softmax in floating point": ("numpy", lambda: floating_point, epochs),
        here: ("crossbar", partial(ours, device), epochs),
        "aihwkit, our device exported": ("aihwkit", partial(exported, device), epochs),
        **{f"aihwkit, {name}": ("aihwkit", partial(preset, name, rate), epochs) for name, rate in PRESETS.items()},
        "dwmtj, PulsedLinear in PyTorch": ("torch", partial(pulsed_layer, device), epochs),
        "dwmtj, ArrayLinear in PyTorch": ("torch", partial(array_layer, device), epochs),
        "dwmtj, inference": ("sklearn", partial(stored, device), 0),
        "CrossSim, our device exported": ("simulator", partial(stored_in_crosssim, device), 0),
    }
    if importlib.util.find_spec("torch"):  # on small layers threads wait for each other, most of all on a busy machine
        importlib.import_module("torch").set_num_threads(1)
    methods = {name: make() for name, (package, make, _) in rows.items() if importlib.util.find_spec(package)}

    images, labels = load_digits()
    accuracy: dict[str, list[float]] = {name: [] for name in methods}
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    tested = 0
    for repeat in range(-1, repeats):  # the first time compiles and loads
        seed = arguments.seed + max(repeat, 0)
        train, test = division(images, labels, seed)
        tested = len(test.labels)
        task = Task(train=train, test=test, epochs=epochs if repeat >= 0 else 1, batch=arguments.batch, seed=seed)
        for name, learn in methods.items():
            begin = time.perf_counter()
            reached = learn(task)
            if repeat >= 0:
                accuracy[name].append(reached)
                seconds[name].append((time.perf_counter() - begin) / (len(train.labels) * max(rows[name][2], 1)))

    table = []
    for name, (package, _, turns) in rows.items():
        if name not in methods:
            table.append([name, f"not installed: {package}", "", "", ""])
            continue
        less = [100.0 * (one - own) for one, own in zip(accuracy[name], accuracy[here], strict=True)]
        spread = f"{statistics.stdev(less):.1f}" if repeats > 1 else "-"
        taken = 1e6 * statistics.median(seconds[name])
        ratio = statistics.median(own / each for own, each in zip(seconds[here], seconds[name], strict=True))
        table.append(
            [
                name,
                in_percent(accuracy[name]),
                "" if name == here else f"{statistics.mean(less):+.1f} +- {spread}",
                f"{taken:.0f}" if turns else f"{taken:.0f} in all",
                f"{ratio:.2f}" if turns and name != here else "",
            ]
        )
    mean = statistics.mean(accuracy[here])
    error = 100.0 * np.sqrt(mean * (1.0 - mean) / tested)
    print(f"{epochs} epochs, batches of {arguments.batch}, {repeats} trials from seed {arguments.seed} on; 20 levels")
    print_table(["", "accuracy, %", "more than ours", "us an image", "ours over it"], table)
    print(
        f"+-: standard deviation of trials, whose test sets overlap; the {tested} images of one alone leave "
        f"+- {error:.1f}.  The differences are of trials with the same division."
    )


if __name__ == "__main__":
    main()
