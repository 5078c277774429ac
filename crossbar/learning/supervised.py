"""Supervised learning in place: one layer of differential pairs, trained by outer products of pulses.

The outputs are read through the array; their error is digital; every change of a weight is a pulse on a word line that
coincides with one on a bit line, and moves a wall or does not (Gokmen and Vlasov 2016, doi 10.3389/fnins.2016.00333).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.random import Seed

from ..operate.updating import coinciding_pulses, pulse_block
from ..wires import Wires
from .pulsed_device import PulsedDevice, checked_spreads, checked_wires
from .table_array import READ_VOLTAGE, TableArray
from .trials import Advance, Examples, examples, held_back, repeated

_MOST_PULSES = 100  # for each level


def supervised_learning(
    images: ArrayLike,
    labels: ArrayLike,
    devices: PulsedDevice | Sequence[PulsedDevice],
    *,
    epochs: int = 30,
    rate: float = 1.0,
    decay: float = 0.93,
    gain: float = 15.0,
    slots: int = 1,
    test_share: float = 1.0 / 3.0,
    repeats: int = 5,
    spreads: dict[str, float] | None = None,
    seed: Seed = 0,
    store: str | Path | None = None,
    wires: Wires | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """A layer of (inputs + 1) word lines and two bit lines for each class, and what it learns.

    It starts from random states; pulses on the whole array first bring all devices to about the middle of their range,
    which the overdrive must allow for: after 100 pulses for each level they stay where they are.

    images: (images, inputs), from 0 to 1; labels: (images,), whole numbers from 0.  devices: one kind, or several.
    The last word line always has an input of 1.  Output k is gain times the difference of its two currents over that of
    one pair of devices in opposite end states; the softmax of the outputs, less 1 for the label, is the error.  An
    image's input fires each word line with a probability of its value, in each of `slots`, and each bit line with one
    of rate times the error's size; the rate is multiplied with `decay` after each epoch.
    test_share: of the images, drawn anew in each of `repeats`, which are never learned from.
    spreads: from device to device, of what a table can follow: tmr and parallel_resistance of junctions.  wires: None:
    ideal ones; with others the devices must be `wired`.  store: a folder that keeps finished repeats.

    Returns a Dataset: accuracy (levels, repeat, epoch) on the test images after each epoch, with epoch 0 before any
    learning as a control; train_accuracy (levels, repeat) at the end; energy (levels, repeat; J, of all pulses), pulses
    (levels, repeat).
    """
    given = examples(images, labels)
    kinds = validation.several("devices", devices, PulsedDevice)
    varied = checked_spreads(spreads, kinds[0].devices)
    turns = validation.whole("epochs", epochs, 0)
    start, fading = validation.positive("rate", rate), validation.between("decay", decay, 0.0, 1.0)
    steepness, count = validation.positive("gain", gain), validation.whole("slots", slots, 1)
    shown = len(given.labels) - held_back("test_share", test_share, len(given.labels))
    inputs = np.column_stack([given.images, np.ones(len(given.images))])
    whole = Examples(inputs, given.labels)

    def trial(kind: PulsedDevice, draw: np.random.Generator, advance: Advance) -> xr.Dataset:
        train, test = whole.divided(test_share, draw)
        array = kind.array((inputs.shape[1], 2 * whole.classes), seed=draw, spreads=spreads, wires=wires)
        level_out(array, kind)
        low, high = kind.conductance_range()
        layer = _Layer(array, steepness / (READ_VOLTAGE * (high - low)))
        accuracy = [layer.accuracy(test)]
        for epoch in range(turns):
            for index in draw.permutation(shown):
                share = np.sqrt(start * fading**epoch)
                rows = np.minimum(share * train.images[index], 1.0)
                error = np.clip(share * layer.error(train.images[index], train.labels[index]), -1.0, 1.0)
                columns = np.column_stack([error, -error]).ravel()
                coinciding_pulses(
                    array,
                    rows,
                    columns,
                    voltage=kind.voltage,
                    width=kind.width,
                    slots=count,
                    access=kind.access,
                    draw=draw,
                )
                advance(1)
            accuracy.append(layer.accuracy(test))
        return _label(np.array(accuracy), layer.accuracy(train), array)

    return repeated(
        trial,
        kinds,
        given,
        name="supervised_learning",
        steps=turns * shown,
        repeats=repeats,
        seed=seed,
        settings={
            "epochs": turns,
            "rate": start,
            "decay": fading,
            "gain": steepness,
            "slots": count,
            "test_share": test_share,
            "spreads": varied,
            "wires": checked_wires(wires).keywords(),
        },
        store=store,
        progress=progress,
    )


def level_out(array: TableArray, kind: PulsedDevice) -> None:
    """Bring devices of any states to about the middle of their range: all to one end, then back until the mean is
    there.

    How many pulses that takes depends on the overdrive, the temperature and the wires.
    """
    every = np.ones(array.shape[0], dtype=bool), np.ones(array.shape[1], dtype=bool)
    for way, goal in ((-1.0, 0.75 / kind.levels), (1.0, 0.5)):  # between the first two notches
        for _ in range(_MOST_PULSES * kind.levels):
            if way * (float(array.share().mean()) - goal) > 0.0:
                break
            pulse_block(array, *every, way * array.devices.polarity * kind.voltage, kind.width, kind.access)


class _Layer:
    """The outputs of differential pairs, read through their array."""

    def __init__(self, array: TableArray, per_current: float) -> None:
        self.array, self.per_current = array, per_current

    def outputs(self, inputs: FloatArray) -> FloatArray:
        """Of shape (vectors, classes), for inputs (vectors, word lines)."""
        current = self.array.read(READ_VOLTAGE * inputs)
        result: FloatArray = self.per_current * (current[:, ::2] - current[:, 1::2])
        return result

    def error(self, inputs: FloatArray, label: int) -> FloatArray:
        """Of one image: 1 for its label, less the softmax of the outputs."""
        output = self.outputs(inputs)[0]
        share = np.exp(output - output.max())
        result: FloatArray = -share / share.sum()
        result[label] += 1.0
        return result

    def accuracy(self, given: Examples) -> float:
        """The share of images whose label has the largest output."""
        return float((self.outputs(given.images).argmax(axis=1) == given.labels).mean())


def _label(accuracy: FloatArray, train_accuracy: float, array: TableArray) -> xr.Dataset:
    return xr.Dataset(
        {
            "accuracy": (("epoch",), accuracy, {"long_name": "test accuracy"}),
            "train_accuracy": ((), train_accuracy, {"long_name": "accuracy on the images learned from"}),
            "energy": ((), array.energy.sources, {"long_name": "energy of all pulses", "units": "J"}),
            "pulses": ((), array.pulses, {"long_name": "pulses"}),
        },
        coords={"epoch": ("epoch", np.arange(accuracy.size), {"long_name": "epoch"})},
    )
