"""Supervised learning in place: one layer of differential pairs, trained by outer products of pulses.

The outputs are read through the array; their error is digital; every change of a weight is a pulse on a word line that
coincides with one on a bit line, and moves a wall or does not (Gokmen and Vlasov 2016, doi 10.3389/fnins.2016.00333).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.random import Seed

from ..exchange.stepping import update_statistics
from ..operate.updating import pulse_block
from ..schemes import block_bias
from ..wires import Wires
from .pulsed_device import PulsedDevice, checked_spreads, checked_wires
from .table_array import READ_VOLTAGE, TableArray
from .trials import Advance, Examples, examples, held_back, repeated

_MOST_PULSES = 100  # for each level
# The usual gain for images whose squared inputs add up to 1, and the usual decay for so many epochs.
_GAIN, _DECAY, _EPOCHS = 240.0, 0.93, 30
_BY_HAND = 16  # images that the softmax in floating point takes at once


def supervised_learning(
    images: ArrayLike,
    labels: ArrayLike,
    devices: PulsedDevice | Sequence[PulsedDevice],
    *,
    epochs: int = 30,
    rate: float | None = None,
    decay: float | None = None,
    gain: float | None = None,
    slots: int = 1,
    batch: int = 1,
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
    rate, decay, gain: None: 1, 0.93^(30 / epochs) and 240 / q, where q is the mean over the images of the sum of their
    squared inputs, the 1 included.  So an image moves its own outputs by as much whatever the number of inputs, and the
    last rate is a ninth of the first; gains are 15 for 8 x 8 digits and 2.7 for MNIST.
    batch: so many images are read and judged before the pulses of the first of them; each then has its own pulses.
    test_share: of the images, drawn anew in each of `repeats`, which are never learned from.
    spreads: from device to device, of what a table can follow: tmr and parallel_resistance of junctions.  wires: None:
    ideal ones; with others the devices must be `wired`.  store: a folder that keeps finished repeats.

    Returns a Dataset: accuracy (levels, repeat, epoch) on the test images after each epoch, with epoch 0 before any
    learning as a control; train_accuracy (levels, repeat) at the end; float_accuracy (levels, repeat), of a softmax in
    floating point that learns the same images in the same way, its weights moved by the mean of what the pulses do, up
    to the same bounds; energy (levels, repeat; J, of all pulses), pulses
    (levels, repeat).
    """
    given = examples(images, labels)
    kinds = validation.several("devices", devices, PulsedDevice)
    varied = checked_spreads(spreads, kinds[0].devices)
    turns = validation.whole("epochs", epochs, 0)
    count = validation.whole("slots", slots, 1)
    together = validation.whole("batch", batch, 1)
    shown = len(given.labels) - held_back("test_share", test_share, len(given.labels))
    inputs = np.column_stack([given.images, np.ones(len(given.images))])
    whole = Examples(inputs, given.labels)
    start = 1.0 if rate is None else validation.positive("rate", rate)
    usual_gain = _GAIN / float((inputs**2).sum(axis=1).mean())
    steepness = usual_gain if gain is None else validation.positive("gain", gain)
    usual = _DECAY ** (_EPOCHS / max(turns, 1))
    fading = usual if decay is None else validation.between("decay", decay, 0.0, 1.0)

    def trial(kind: PulsedDevice, draw: np.random.Generator, advance: Advance) -> xr.Dataset:
        train, test = whole.divided(test_share, draw)
        array = kind.array((inputs.shape[1], 2 * whole.classes), seed=draw, spreads=spreads, wires=wires)
        level_out(array, kind)
        low, high = kind.conductance_range()
        layer = _Layer(array, steepness / (READ_VOLTAGE * (high - low)))
        accuracy = [layer.accuracy(test)]
        for epoch in range(turns):
            order = draw.permutation(shown)
            share = np.sqrt(start * fading**epoch)
            for begin in range(0, shown, together):
                chosen = order[begin : begin + together]
                given_images = train.images[chosen]
                rows = np.minimum(share * given_images, 1.0)
                errors = np.clip(share * layer.errors(given_images, train.labels[chosen]), -1.0, 1.0)
                columns = np.stack([errors, -errors], axis=2).reshape(chosen.size, -1)
                for one_row, one_column in zip(rows, columns, strict=True):
                    pulse_coincidences(array, one_row, one_column, kind, count, draw)
                advance(chosen.size)
            accuracy.append(layer.accuracy(test))
        strength = count * start * mean_step(kind)
        exact = _float_accuracy(train, test, whole.classes, steepness, strength, fading, turns, draw.spawn(1)[0])
        return _label(np.array(accuracy), layer.accuracy(train), exact, array)

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
            "batch": together,
            "test_share": test_share,
            "spreads": varied,
            "wires": checked_wires(wires).keywords(),
        },
        store=store,
        progress=progress,
    )


def mean_step(device: PulsedDevice) -> float:
    """By how much a pulse moves a device on average, over its whole range: both directions, all states."""
    if device.levels < 2:
        return 0.0
    found = update_statistics(device, count=1)
    up, down = (found.step.values[way][found.inside.values[way]].mean() for way in (0, 1))
    return 0.25 * float(up - down)  # of a weight from -1 to 1


def _float_accuracy(
    train: Examples,
    test: Examples,
    classes: int,
    gain: float,
    strength: float,
    decay: float,
    epochs: int,
    draw: np.random.Generator,
) -> float:
    """Of a layer whose weights, from -1 to 1, get 2 strength x input x error for each image: two devices a weight."""
    weights = np.zeros((train.images.shape[1], classes))
    for epoch in range(epochs):
        order = draw.permutation(len(train.labels))
        for begin in range(0, order.size, _BY_HAND):
            chosen = order[begin : begin + _BY_HAND]
            errors = _errors(gain * (train.images[chosen] @ weights), train.labels[chosen])
            weights += 2.0 * strength * decay**epoch * (train.images[chosen].T @ errors)
            np.clip(weights, -1.0, 1.0, out=weights)
    return float(((test.images @ weights).argmax(axis=1) == test.labels).mean())


def _errors(output: FloatArray, labels: NDArray[np.int64]) -> FloatArray:
    """1 for the label, less the softmax of the outputs, (images, classes)."""
    share = np.exp(output - output.max(axis=1, keepdims=True))
    result: FloatArray = -share / share.sum(axis=1, keepdims=True)
    result[np.arange(labels.size), labels] += 1.0
    return result


def pulse_coincidences(
    array: TableArray, rows: FloatArray, columns: FloatArray, kind: PulsedDevice, slots: int, draw: np.random.Generator
) -> None:
    """The pulses of `outer_product_update` on an array, for inner loops: not checked, nothing counted."""
    fires = draw.random((slots, rows.size)) < np.abs(rows), draw.random((slots, columns.size)) < np.abs(columns)
    if not (fires[0].any() and fires[1].any()):
        return
    raising = array.devices.polarity * kind.voltage
    access = kind.access
    negative = rows < 0.0, columns < 0.0
    for row_sign in (1.0, -1.0):
        on_rows = fires[0] & (negative[0] == (row_sign < 0.0))
        if not on_rows.any():
            continue
        for column_sign in (1.0, -1.0):
            on_columns = fires[1] & (negative[1] == (column_sign < 0.0))
            for slot in range(slots):
                if on_rows[slot].any() and on_columns[slot].any():
                    voltage = row_sign * column_sign * raising
                    held = block_bias(access.scheme, array.shape, on_rows[slot], on_columns[slot], voltage)
                    array.pulse(held, kind.width, edge=access.edge, settle=access.settle)


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

    def errors(self, inputs: FloatArray, labels: NDArray[np.int64]) -> FloatArray:
        """Of images, (images, classes): 1 for the label, less the softmax of the outputs."""
        return _errors(self.outputs(inputs), labels)

    def accuracy(self, given: Examples) -> float:
        """The share of images whose label has the largest output."""
        return float((self.outputs(given.images).argmax(axis=1) == given.labels).mean())


def _label(accuracy: FloatArray, train_accuracy: float, float_accuracy: float, array: TableArray) -> xr.Dataset:
    return xr.Dataset(
        {
            "accuracy": (("epoch",), accuracy, {"long_name": "test accuracy"}),
            "train_accuracy": ((), train_accuracy, {"long_name": "accuracy on the images learned from"}),
            "float_accuracy": ((), float_accuracy, {"long_name": "test accuracy of a softmax in floating point"}),
            "energy": ((), array.energy.sources, {"long_name": "energy of all pulses", "units": "J"}),
            "pulses": ((), array.pulses, {"long_name": "pulses"}),
        },
        coords={"epoch": ("epoch", np.arange(accuracy.size), {"long_name": "epoch"})},
    )
