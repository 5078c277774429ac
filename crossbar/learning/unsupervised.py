"""Unsupervised learning in the array: competing spiking neurons with a simplified spike-timing rule.

The network follows Querlioz et al. 2013 (doi 10.1109/TNANO.2013.2250995) and 2015 (doi 10.1109/JPROC.2015.2437616),
with these simplifications.  Time advances in slots.  In each slot, an input spikes with a probability equal to its
value.  The first output to reach its threshold resets all potentials to 0, its own and, by inhibition, those of the
others; during learning, the next image follows.  The homeostasis of the thresholds counts images instead of a running
rate.  Neurons are digital; each synapse is one device.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.random import Seed
from compact_model.support.validation import InputError

from ..wires import Wires
from .pulsed_device import PulsedDevice, checked_spreads, checked_wires
from .spontaneous import aged_accuracy, retention_times
from .table_array import READ_VOLTAGE, TableArray
from .trials import Advance, Examples, examples, held_back, repeated


def unsupervised_learning(
    images: ArrayLike,
    labels: ArrayLike,
    devices: PulsedDevice | Sequence[PulsedDevice],
    *,
    outputs: int = 50,
    epochs: int = 8,
    slots: int = 20,
    window: int = 1,
    leak: float = 0.9,
    threshold: float = 3.5,
    homeostasis: float = 0.02,
    read_noise: float = 0.0,
    retention: ArrayLike = (),
    test_share: float = 1.0 / 3.0,
    repeats: int = 5,
    spreads: dict[str, float] | None = None,
    seed: Seed = 0,
    store: str | Path | None = None,
    wires: Wires | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Train an array of inputs x outputs devices to classify images without labels, which serve only to name the
    outputs.

    images: (images, inputs), from 0 to 1; labels: (images,), whole numbers from 0.  devices: one kind, or several.
    Each output adds the current of its bit line, minus that of devices in their lowest state, to a potential that keeps
    the fraction `leak` from slot to slot.  The unit of a potential is the mean current of all outputs in one slot at
    the start.  The first output to reach its threshold (`threshold` times its own factor, initially 1) wins; if several
    do so in one slot, the one farthest above it.  Its devices get two pulses: one towards high conductance at inputs
    that spiked in the last `window` slots, and one towards low conductance at all others.
    window: with grey pixels, which do not spike in every slot, as many as `slots`.
    homeostasis: fraction by which the winner's factor rises; then all factors are reduced so that their mean stays.
    read_noise: standard deviation of the current of a bit line in a slot, relative to that of one device at its highest
    conductance; the unit of a potential is measured without it.
    test_share: fraction of the images held back for testing, drawn anew in each of `repeats`.
    After learning, every training image is shown once more, for all slots and without pulses, and each output is
    assigned the label for which it spiked most.  A test image counts as recognised if the outputs with its label spike
    most.
    spreads, wires, store, retention: as in `supervised_learning`.  A pulse drives most devices of one bit line at once:
    with 64 inputs and 300 Ohm, segments of 0.01 Ohm make no difference, and with 0.1 Ohm nothing is learned.

    Returns a Dataset: accuracy (levels, repeat); untrained_accuracy (levels, repeat), of the same array with outputs
    named before learning, as a control; energy (levels, repeat; J, of all pulses), pulses (levels, repeat),
    weight (levels, repeat, input, output; from 0 to 1), output_label (levels, repeat, output; -1: never fired);
    with retention aged_accuracy (levels, repeat, retention_time), of outputs that keep their names.
    """
    given = examples(images, labels)
    kinds = validation.several("devices", devices, PulsedDevice)
    varied = checked_spreads(spreads, kinds[0].devices)
    neurons, turns = validation.whole("outputs", outputs, 1), validation.whole("epochs", epochs, 0)
    settings: dict[str, Any] = {
        "slots": validation.whole("slots", slots, 1),
        "window": validation.whole("window", window, 1),
        "leak": validation.between("leak", leak, 0.0, 1.0),
        "threshold": validation.positive("threshold", threshold),
        "homeostasis": validation.non_negative("homeostasis", homeostasis),
        "read_noise": validation.non_negative("read_noise", read_noise),
    }
    ages = retention_times(retention, [kind.table for kind in kinds])
    shown = len(given.labels) - held_back("test_share", test_share, len(given.labels))

    def trial(kind: PulsedDevice, draw: np.random.Generator, advance: Advance) -> xr.Dataset:
        train, test = given.divided(test_share, draw)
        array = kind.array((given.images.shape[1], neurons), seed=draw, spreads=spreads, wires=wires)
        network = _Competition(kind, array, train.images, draw, **settings)
        network.draw = draw.spawn(1)[0]  # the control does not change the random numbers of learning
        untrained, _ = _tested(network, train, test)
        network.draw = draw
        for _ in range(turns):
            for index in draw.permutation(shown):
                network.learn(train.images[index])
                advance(1)
        trained, names = _tested(network, train, test)
        result = _label(trained, untrained, network, names)
        return result.merge(aged_accuracy(ages, array.age, lambda: _recognised(network, test, names)))

    return repeated(
        trial,
        kinds,
        given,
        name="unsupervised_learning",
        steps=turns * shown,
        repeats=repeats,
        seed=seed,
        settings={
            "outputs": neurons,
            "epochs": turns,
            **settings,
            **({"retention": ages} if ages else {}),
            "test_share": test_share,
            "spreads": varied,
            "wires": checked_wires(wires).keywords(),
        },
        store=store,
        progress=progress,
    )


class _Competition:
    """Neurons that integrate, leak, fire and inhibit one another, on an array of synapses."""

    def __init__(
        self,
        kind: PulsedDevice,
        array: TableArray,
        images: FloatArray,
        draw: np.random.Generator,
        *,
        slots: int,
        window: int,
        leak: float,
        threshold: float,
        homeostasis: float,
        read_noise: float,
    ) -> None:
        self.kind, self.array, self.draw = kind, array, draw
        self.slots, self.window, self.leak, self.homeostasis = slots, window, leak, homeostasis
        self.lowest, self.highest = kind.conductance_range()
        self.unit = 1.0
        self.unit = float(self.currents(images).mean())
        if self.unit <= 0.0:
            raise InputError("images: expected some above 0 to learn from, got none that draws a current")
        array.read_noise = read_noise * READ_VOLTAGE * self.highest
        self.thresholds = np.full(array.shape[1], threshold)

    def currents(self, spikes: FloatArray) -> FloatArray:
        """The contribution of spikes (slots, inputs) to the potentials, (slots, outputs)."""
        base = self.lowest * READ_VOLTAGE * spikes.sum(axis=1, keepdims=True)
        result: FloatArray = (self.array.read(READ_VOLTAGE * spikes) - base) / self.unit
        return result

    def fire(self, image: FloatArray) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        """Show an image; yield each output that fires, and the inputs that spiked in the window before."""
        spikes = self.draw.random((self.slots, image.size)) < image
        potential = np.zeros(self.thresholds.size)
        for slot, current in enumerate(self.currents(spikes.astype(np.float64))):
            potential = self.leak * potential + current
            excess = potential / self.thresholds
            first = int(excess.argmax())
            if excess[first] > 1.0:
                active = np.asarray(spikes[max(0, slot + 1 - self.window) : slot + 1].any(axis=0))
                yield first, active
                potential = np.zeros(self.thresholds.size)

    def spikes(self, image: FloatArray) -> NDArray[np.int64]:
        """How often each output fires while an image is shown."""
        fired = [output for output, _ in self.fire(image)]
        return np.bincount(np.array(fired, dtype=np.int64), minlength=self.thresholds.size)

    def learn(self, image: FloatArray) -> None:
        """Show an image until an output fires; its devices get their pulses, and its threshold rises."""
        for first, active in self.fire(image):
            column = np.arange(self.thresholds.size) == first
            raising = self.array.devices.polarity * self.kind.voltage
            for rows, voltage in ((active, raising), (~active, -raising)):
                if rows.any():
                    self.array.pulse_block(self.kind.access.scheme, rows, column, voltage)
            self.thresholds *= np.exp(self.homeostasis * (column - 1.0 / column.size))
            break

    def weights(self) -> FloatArray:
        """Conductances relative to a device's two ends, from 0 to 1, (inputs, outputs)."""
        result: FloatArray = (self.array.conductance() - self.lowest) / (self.highest - self.lowest)
        return result


def _tested(network: _Competition, train: Examples, test: Examples) -> tuple[float, NDArray[np.int64]]:
    """The share of test images recognised by outputs labelled by the training images; and the labels."""
    names = _names(network, train, max(train.classes, test.classes))
    return _recognised(network, test, names), names


def _recognised(network: _Competition, test: Examples, names: NDArray[np.int64]) -> float:
    """The share of test images for which the outputs with their label fire most."""
    of_label = names[:, np.newaxis] == np.arange(max(int(names.max()) + 1, test.classes))
    votes = np.array([network.spikes(image) for image in test.images]) @ of_label
    right = votes.any(axis=1) & (votes.argmax(axis=1) == test.labels)
    return float(right.mean())


def _names(network: _Competition, train: Examples, classes: int) -> NDArray[np.int64]:
    """The label of the images for which each output fires most; -1 for one that never fires."""
    votes = np.zeros((network.thresholds.size, classes), dtype=np.int64)
    for image, label in zip(train.images, train.labels.tolist(), strict=True):
        votes[:, label] += network.spikes(image)
    return np.where(votes.any(axis=1), votes.argmax(axis=1), -1)


def _label(accuracy: float, untrained: float, network: _Competition, names: NDArray[np.int64]) -> xr.Dataset:
    array = network.array
    return xr.Dataset(
        {
            "accuracy": ((), accuracy, {"long_name": "test accuracy"}),
            "untrained_accuracy": ((), untrained, {"long_name": "test accuracy before learning"}),
            "energy": ((), array.energy.sources, {"long_name": "energy of all pulses", "units": "J"}),
            "pulses": ((), array.pulses, {"long_name": "pulses"}),
            "weight": (("input", "output"), network.weights(), {"long_name": "weight"}),
            "output_label": (("output",), names, {"long_name": "label of the output"}),
        }
    )
