"""Autonomous learning from read spikes: the spikes that read an array also change it, together with those of its
outputs.

There is no write phase, no read phase and no end of learning.  The network follows Querlioz et al. 2013 (doi
10.1109/TNANO.2013.2250995), with synapses that respond only to the voltages at their two terminals (Zamarreno-Ramos et
al. 2011, doi 10.3389/fnins.2011.00026).  Time advances in slots.  In each slot, inputs fire with probabilities given by
their pixels, and the currents that their pulses drive through the synapses add to the outputs' potentials.  The first
output to reach its threshold fires a spike back `delay` later, which overlaps with the tails of the last input spikes.
After another `delay`, the inputs that did not fire do so, and their pulses overlap with its tail.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.progress import Progress
from compact_model.support.provenance import digest, provenance, release
from compact_model.support.random import Seed, generator, recorded
from compact_model.support.store import Store
from compact_model.support.validation import InputError

from .spiked_device import ExactSynapses, SpikedArray, SpikedDevice, Synapses
from .spontaneous import aged_accuracy, retention_times
from .trials import Advance, Examples, examples, held_back

_UNIT_IMAGES = 500


def autonomous_learning(
    images: ArrayLike,
    labels: ArrayLike,
    device: SpikedDevice,
    *,
    outputs: int = 50,
    epochs: int = 4,
    slots: int = 40,
    leak: float = 0.9,
    threshold: float = 6.0,
    homeostasis: float = 0.02,
    read_noise: float = 0.0,
    read_disturb: Sequence[bool] = (True, False),
    retention: ArrayLike = (),
    test_share: float = 1.0 / 3.0,
    repeats: int = 5,
    seed: Seed = 0,
    store: str | Path | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Classify images with an array of inputs x outputs devices that is changed only by its read spikes.

    images: (images, inputs), from 0 to 1; labels: (images,), whole numbers from 0, used only to assign classes to
    outputs.
    An output's potential keeps the fraction `leak` from slot to slot; its unit is the mean current of all outputs in
    one slot at the start.  The first output to reach its threshold (`threshold` times its own factor, initially 1)
    resets all potentials to 0, and the next image follows.  Its factor rises by the fraction `homeostasis`; then all
    factors are reduced so that their mean stays.  An image for which no output fires within `slots` slots is skipped.
    read_noise: standard deviation of the current of an output in a slot, relative to that of one device at its highest
    conductance; the unit of a potential is measured without it, and weights in floating point have none.
    read_disturb: whether a spike that does not overlap with another one moves walls, as the table describes; False
    shows the accuracy without this disturb.
    retention: s, increasing, times without a spike after the test, after each of which the test images are shown again,
    now with walls that spikes do not move; the device must have been made with `SpikedDevice.notched(retention=True)`.
    test_share: fraction of the images held back for testing, drawn anew in each of `repeats`.

    Each output is assigned the most frequent label among the images that it won in the last epoch.  The test images are
    then shown once, while the array continues to learn: an image counts as recognised if the first output to fire has
    its label, and it changes the array only afterwards.

    Returns a Dataset: accuracy (read_disturb, repeat); untrained_accuracy (repeat), of the same array before learning,
    with fixed walls; float_accuracy (repeat), of weights in floating point that change by the mean effect of two spikes
    on a device, without read disturb; weight (read_disturb, repeat, input, output), from 0 to 1; output_label
    (read_disturb, repeat, output; -1: never fired); energy (read_disturb, repeat; J, of all spikes); pairs and spikes
    (read_disturb, repeat), the numbers of times that a cell received two spikes, and a single one; with retention
    aged_accuracy (read_disturb, repeat, retention_time), of outputs that keep their labels.
    Raises InputError.
    """
    given = examples(images, labels)
    validation.instance("device", device, SpikedDevice)
    cases = [validation.flag("read_disturb", each) for each in validation.listed("read_disturb", read_disturb)]
    if not cases or len(set(cases)) < len(cases):
        raise InputError(f"read_disturb: expected True, False or both, got {validation.shown(read_disturb)}")
    neurons, turns = validation.whole("outputs", outputs, 1), validation.whole("epochs", epochs, 1)
    settings: dict[str, Any] = {
        "slots": validation.whole("slots", slots, 1),
        "leak": validation.between("leak", leak, 0.0, 1.0),
        "threshold": validation.positive("threshold", threshold),
        "homeostasis": validation.non_negative("homeostasis", homeostasis),
        "read_noise": validation.non_negative("read_noise", read_noise),
    }
    ages = retention_times(retention, [device.table])
    shown = len(given.labels) - held_back("test_share", test_share, len(given.labels))
    origin = recorded(seed)
    streams = generator(seed).integers(0, 2**63, validation.whole("repeats", repeats, 1)).tolist()
    identity = {
        "version": release(),
        "kind": "autonomous_learning",
        "examples": digest(given.images, given.labels.astype(np.float64)),
        "device": device.identity(),
        "settings": repr((neurons, turns, cases, test_share, settings, *ages)),
        "seed": origin,  # not that of each repeat, so that more repeats can continue from fewer
    }
    kept, parts = Store(store, identity), []
    shape = given.images.shape[1], neurons
    with Progress(progress, "autonomous learning").bar(
        (len(cases) + 1) * turns * shown * len(streams), "image"
    ) as advance:
        for repeat, stream in enumerate(streams):
            name = f"repeat_{repeat:04d}"
            part = kept.load(name)
            if part is None:
                rows = [
                    _trial(given, test_share, stream, device, shape, disturbed, turns, settings, ages, advance)
                    for disturbed in cases
                ]
                beside = _references(given, test_share, stream, device, shape, turns, settings, advance)
                part = xr.concat(rows, "read_disturb").assign(beside)
                kept.save(name, part)
            else:
                advance((len(cases) + 1) * turns * shown)
            parts.append(part)
    return (
        xr.concat(parts, "repeat")
        .transpose("read_disturb", "repeat", ...)
        .assign_coords(read_disturb=("read_disturb", cases, {"long_name": "whether single spikes move walls"}))
        .assign_attrs(
            experiment="autonomous_learning",
            outputs=neurons,
            epochs=turns,
            **settings,
            **({"retention": ages} if ages else {}),
            test_share=test_share,
            train_images=shown,
            levels=device.levels,
            pulse_voltage=device.spike.pulse_voltage,
            tail_voltage=device.spike.tail_voltage,
            delay=device.delay,
            temperature=float(device.table.attrs["temperature"]),
            seed_of_table=device.table.attrs["seed"],
            landscape=device.table.attrs["landscape"],
            **provenance([device.device], seed=origin),
        )
    )


class _Network:
    """Neurons that integrate, leak, fire and inhibit one another, on synapses that their spikes change."""

    def __init__(
        self,
        synapses: Synapses,
        images: FloatArray,
        draw: np.random.Generator,
        *,
        slots: int,
        leak: float,
        threshold: float,
        homeostasis: float,
        read_noise: float,
    ) -> None:
        self.synapses, self.draw = synapses, draw
        self.slots, self.leak, self.homeostasis = slots, leak, homeostasis
        few = images[:_UNIT_IMAGES]
        currents = [synapses.read(draw.random(image.size) < image).mean() for image in few]
        self.unit = float(np.mean(currents))
        if self.unit <= 0.0:
            raise InputError("images: expected some above 0 to learn from, got none that draws a current")
        synapses.read_noise = read_noise
        self.thresholds = np.full(synapses.shape[1], threshold)

    def show(self, image: FloatArray) -> int:
        """The output that fires first, -1: none does; applies the effect of the spikes on the synapses."""
        potential = np.zeros(self.thresholds.size)
        for _ in range(self.slots):
            fired = self.draw.random(image.size) < image
            potential = self.leak * potential + self.synapses.read(fired) / self.unit
            excess = potential / self.thresholds
            first = int(excess.argmax())
            if excess[first] > 1.0:
                self.synapses.change(fired, first)
                if self.synapses.plastic:
                    winner = np.arange(self.thresholds.size) == first
                    self.thresholds *= np.exp(self.homeostasis * (winner - 1.0 / winner.size))
                return first
            self.synapses.disturb(fired)
        return -1

    def epoch(self, given: Examples, order: NDArray[np.int64], classes: int, advance: Advance) -> NDArray[np.int64]:
        """Show images, and label each output by the most frequent label among those it won; -1 if it won none."""
        votes = np.zeros((self.thresholds.size, classes), dtype=np.int64)
        for index in order.tolist():
            first = self.show(given.images[index])
            if first >= 0:
                votes[first, given.labels[index]] += 1
            advance(1)
        return np.where(votes.any(axis=1), votes.argmax(axis=1), -1)

    def accuracy(self, given: Examples, names: NDArray[np.int64]) -> float:
        """The share of images, each shown once, for which an output with their label fires first."""
        first = np.array([self.show(image) for image in given.images])
        return float(((first >= 0) & (names[first] == given.labels)).mean())


def _learned(
    synapses: Synapses,
    train: Examples,
    test: Examples,
    draw: np.random.Generator,
    epochs: int,
    settings: dict[str, Any],
    advance: Advance,
) -> tuple[float, NDArray[np.int64], _Network]:
    """Accuracy and labels of the outputs after learning from the images, and the network as the test left it."""
    network, classes = _Network(synapses, train.images, draw, **settings), max(train.classes, test.classes)
    names = np.full(synapses.shape[1], -1)
    for _ in range(epochs):
        names = network.epoch(train, draw.permutation(len(train.labels)), classes, advance)
    return network.accuracy(test, names), names, network


def _nothing(steps: int) -> None:
    """Does nothing: no progress bar."""


def _trial(
    given: Examples,
    test_share: float,
    stream: int,
    kind: SpikedDevice,
    shape: tuple[int, int],
    read_disturb: bool,
    epochs: int,
    settings: dict[str, Any],
    ages: Sequence[float],
    advance: Advance,
) -> xr.Dataset:
    draw = np.random.default_rng(stream)
    train, test = given.divided(test_share, draw)
    array = SpikedArray(kind, shape, read_disturb=read_disturb, seed=draw)
    accuracy, names, network = _learned(array, train, test, draw, epochs, settings, advance)
    result = xr.Dataset(
        {
            "accuracy": ((), accuracy, {"long_name": "test accuracy"}),
            "energy": ((), array.energy, {"long_name": "energy of all spikes", "units": "J"}),
            "pairs": ((), array.pairs, {"long_name": "cells that saw two spikes"}),
            "spikes": ((), array.single, {"long_name": "cells that saw one spike"}),
            "weight": (("input", "output"), array.weights(), {"long_name": "weight"}),
            "output_label": (("output",), names, {"long_name": "label of the output"}),
        }
    )
    array.plastic = False
    return result.merge(aged_accuracy(ages, array.age, lambda: network.accuracy(test, names)))


def _references(
    given: Examples,
    test_share: float,
    stream: int,
    kind: SpikedDevice,
    shape: tuple[int, int],
    epochs: int,
    settings: dict[str, Any],
    advance: Advance,
) -> dict[str, xr.DataArray]:
    """Accuracies on the same division of the images: of the same array with held walls, and of floating-point
    weights."""
    draw = np.random.default_rng(stream)
    train, test = given.divided(test_share, draw)
    exact, *_ = _learned(ExactSynapses(kind, shape, draw), train, test, draw, epochs, settings, advance)
    draw = np.random.default_rng(stream)
    given.divided(test_share, draw)
    held = SpikedArray(kind, shape, seed=draw)
    held.plastic = False
    untrained, *_ = _learned(held, train, test, draw.spawn(1)[0], 1, settings, _nothing)
    return {
        "untrained_accuracy": xr.DataArray(untrained, attrs={"long_name": "test accuracy before learning"}),
        "float_accuracy": xr.DataArray(exact, attrs={"long_name": "test accuracy of weights in floating point"}),
    }
