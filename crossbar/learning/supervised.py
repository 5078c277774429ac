"""Supervised learning in the array: one or two layers of differential pairs, trained by outer products of pulses.

The outputs are read through the arrays, and their error is computed digitally.  Every change of a weight is a pulse on
a word line that coincides with one on a bit line, and moves the wall with some probability (Gokmen and Vlasov 2016, doi
10.3389/fnins.2016.00333).  The errors of a hidden layer are read from the next array with voltages at its bit lines,
which gives the transposed product.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.random import Seed

from ..exchange.stepping import update_statistics
from ..wires import Wires
from .products import product
from .pulsed_device import PulsedDevice, check_layers, checked_spreads, checked_wires
from .spontaneous import aged_accuracy, retention_times
from .table_array import READ_VOLTAGE, TableArray
from .trials import Advance, Examples, examples, held_back, repeated

_MOST_PULSES = 100  # for each level
# The usual gain for images whose squared inputs add up to 1, and the usual decay for this many epochs.
GAIN = 30.0
_DECAY, _EPOCHS = 0.93, 30
_HALF_SQUARED = 0.25  # of a logistic function at 0: its square, and its largest slope
_LARGEST_POTENTIAL = 500.0  # of a logistic function, which is practically 0 or 1 beyond it
_BY_HAND = 16  # images per step of the softmax in floating point


def supervised_learning(
    images: ArrayLike,
    labels: ArrayLike,
    devices: PulsedDevice | Sequence[PulsedDevice],
    *,
    hidden: int = 0,
    epochs: int = 30,
    rate: float | None = None,
    decay: float | None = None,
    gain: float | None = None,
    slots: int = 1,
    batch: int = 1,
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
    """Train a layer of (inputs + 1) word lines and two bit lines for each class, or two such layers.

    The devices start in random states.  Pulses on the whole array first bring them to about the middle of their range.
    The overdrive must be large enough for that: after 100 pulses for each level this phase ends in any case.

    images: (images, inputs), from 0 to 1; labels: (images,), whole numbers from 0.  devices: one kind, or several.  The
    last word line always has an input of 1.  Output k is gain times the difference of its two currents, in units of
    that of one pair of devices in opposite end states.  The softmax of the outputs, minus 1 for the label, is the
    error.  In each of `slots`, each word line fires with a probability equal to its input, and each bit line with a
    probability equal to rate times the absolute error.  The rate is multiplied by `decay` after each epoch.
    rate, decay, gain: None: 1, 0.93^(30 / epochs) and 30 / q, where q is the mean over the images of the sum of their
    squared inputs, the 1 included.  The last rate is a ninth of the first.  The pulses of an image on a bit line change
    that output, for the same image, by gain x q times the step of a device: by 1.5 with 20 levels, for any number of
    inputs.  A softmax needs a change of about that size to prefer another answer, so that an image is learned within a
    few pulses without overthrowing what others have taught.  The gain is 1.9 for 8 x 8 digits and 0.34 for MNIST.
    hidden: number of outputs of a first layer in an array of its own, whose logistic function, together with a 1, is
    the input of the second layer; 0: one layer.  The errors of the second layer are read back through its array.
    Multiplied by the slope of the logistic function relative to its maximum, they are the errors of the first layer.
    The second layer has the same rate and, by the same rule, the gain 120 / (hidden + 4), because its inputs are about
    one half; `gain` applies to the first layer.
    batch: number of images that are read before the pulses of the first of them; each image then has its own pulses.
    read_noise: standard deviation of each current that is read, forwards or back, relative to that of one device at its
    highest conductance with an input of 1.
    retention: s, increasing, times after learning without a voltage at which the accuracy is tested again; the devices
    must have been made with `PulsedDevice.notched(retention=True)`.
    test_share: fraction of the images held back for testing, drawn anew in each of `repeats`.
    spreads: standard deviations from device to device of parameters that the table supports: tmr and
    parallel_resistance of junctions.  wires: None: ideal ones; otherwise the devices must be `wired`.  store: a folder
    in which finished repeats are saved.

    Returns a Dataset: accuracy (levels, repeat, epoch) on the test images after each epoch, with epoch 0 before any
    learning as a control; train_accuracy (levels, repeat) at the end; float_accuracy (levels, repeat), of the same
    network in floating point, trained on the same images from the same start, with weights that change by the mean
    effect of the pulses up to the same bounds; energy (levels, repeat; J, of all pulses) and pulses (levels, repeat),
    of all arrays; with retention aged_accuracy (levels, repeat, retention_time), of walls that have hopped meanwhile.
    """
    given = examples(images, labels)
    kinds = validation.several("devices", devices, PulsedDevice)
    varied = checked_spreads(spreads, kinds[0].devices)
    between = validation.whole("hidden", hidden, 0)
    turns = validation.whole("epochs", epochs, 0)
    count = validation.whole("slots", slots, 1)
    together = validation.whole("batch", batch, 1)
    noise = validation.non_negative("read_noise", read_noise)
    ages = retention_times(retention, [kind.table for kind in kinds])
    shown = len(given.labels) - held_back("test_share", test_share, len(given.labels))
    inputs = np.column_stack([given.images, np.ones(len(given.images))])
    whole = Examples(inputs, given.labels)
    start = 1.0 if rate is None else validation.positive("rate", rate)
    usual_gain = GAIN / float((inputs**2).sum(axis=1).mean())
    steepness = usual_gain if gain is None else validation.positive("gain", gain)
    usual = _DECAY ** (_EPOCHS / max(turns, 1))
    fading = usual if decay is None else validation.between("decay", decay, 0.0, 1.0)

    sizes = [(inputs.shape[1], whole.classes)]
    gains = [steepness]
    if between:
        sizes = [(inputs.shape[1], between), (between + 1, whole.classes)]
        gains.append(GAIN / (_HALF_SQUARED * between + 1.0))
    check_layers([(words, 2 * outputs) for words, outputs in sizes], wires, varied)

    def trial(kind: PulsedDevice, draw: np.random.Generator, advance: Advance) -> xr.Dataset:
        train, test = whole.divided(test_share, draw)
        layers = []
        for (words, outputs), own_gain in zip(sizes, gains, strict=True):
            array = kind.array((words, 2 * outputs), seed=draw, spreads=spreads, wires=wires, read_noise=noise)
            level_out(array, kind)
            layers.append(_Pairs(array, kind, own_gain))
        start_weights = [layer.weights() for layer in layers]
        network = _Network(layers)
        accuracy = [network.accuracy(test)]
        for epoch in range(turns):
            order = draw.permutation(shown)
            share = np.sqrt(start * fading**epoch)
            for begin in range(0, shown, together):
                chosen = order[begin : begin + together]
                for layer, (given_inputs, errors) in zip(
                    layers, network.errors(train.images[chosen], train.labels[chosen]), strict=True
                ):
                    rows = np.minimum(share * given_inputs, 1.0)
                    pairs = np.clip(share * _on_pairs(errors), -1.0, 1.0)
                    pulse_coincidences(layer.array, rows, pairs, kind, count, draw)
                advance(chosen.size)
            accuracy.append(network.accuracy(test))
        strength = count * start * mean_step(kind)
        exact = _Network([_Exact(each, own) for each, own in zip(start_weights, gains, strict=True)])
        _learn_exactly(exact, train, strength, fading, turns, draw.spawn(1)[0])
        result = _label(np.array(accuracy), network.accuracy(train), exact.accuracy(test), layers)

        def let_pass(duration: float) -> None:
            for layer in layers:
                layer.array.age(duration)

        return result.merge(aged_accuracy(ages, let_pass, lambda: network.accuracy(test)))

    return repeated(
        trial,
        kinds,
        given,
        name="supervised_learning",
        steps=turns * shown,
        repeats=repeats,
        seed=seed,
        settings={
            "hidden": between,
            "epochs": turns,
            "rate": start,
            "decay": fading,
            "gain": steepness,
            "slots": count,
            "batch": together,
            "read_noise": noise,
            **({"retention": ages} if ages else {}),
            "test_share": test_share,
            "spreads": varied,
            "wires": checked_wires(wires).keywords(),
        },
        store=store,
        progress=progress,
    )


def mean_step(device: PulsedDevice) -> float:
    """Mean change of a device by one pulse, relative to its range, over both directions and all states."""
    if device.levels < 2:
        return 0.0
    found = update_statistics(device, count=1)
    up, down = (found.step.values[way][found.inside.values[way]].mean() for way in (0, 1))
    return 0.25 * float(up - down)  # of a weight from -1 to 1


class _Layer(Protocol):
    """The interface of a layer: its outputs, and its transpose."""

    def outputs(self, inputs: FloatArray) -> FloatArray:
        """Of shape (vectors, outputs), for inputs (vectors, inputs)."""
        ...

    def turned(self, errors: FloatArray) -> FloatArray:
        """The products of errors (vectors, outputs), of magnitudes up to 1, and the weights: (vectors, inputs)."""
        ...


Layer = TypeVar("Layer", bound=_Layer)


class _Pairs:
    """A layer of differential pairs, read through their array from either side."""

    def __init__(self, array: TableArray, kind: PulsedDevice, gain: float) -> None:
        low, high = kind.conductance_range()
        self.array, self.gain, self._span = array, gain, high - low

    def outputs(self, inputs: FloatArray) -> FloatArray:
        """Currents of the bit lines, with the second of each two subtracted."""
        current = self.array.read(READ_VOLTAGE * inputs)
        result: FloatArray = self.gain / (READ_VOLTAGE * self._span) * (current[:, ::2] - current[:, 1::2])
        return result

    def turned(self, errors: FloatArray) -> FloatArray:
        """Currents of the word lines."""
        result: FloatArray = self.array.read_back(READ_VOLTAGE * _on_pairs(errors)) / (READ_VOLTAGE * self._span)
        return result

    def weights(self) -> FloatArray:
        """Weights from -1 to 1, (inputs, outputs)."""
        cells = self.array.conductance()
        result: FloatArray = (cells[:, ::2] - cells[:, 1::2]) / self._span
        return result


class _Exact:
    """A layer in floating point."""

    def __init__(self, weights: FloatArray, gain: float) -> None:
        self.weights, self.gain = weights, gain

    def outputs(self, inputs: FloatArray) -> FloatArray:
        """One matrix product."""
        result: FloatArray = self.gain * product(inputs, self.weights)
        return result

    def turned(self, errors: FloatArray) -> FloatArray:
        """One product with the transpose."""
        return product(errors, self.weights.T)


class _Network(Generic[Layer]):
    """Layers in series: logistic functions between them, a softmax at the end."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = layers

    def _forward(self, inputs: FloatArray) -> tuple[list[FloatArray], FloatArray]:
        """The inputs of each layer and the last one's outputs."""
        entering = [inputs]
        for layer in self.layers[:-1]:
            potential = np.clip(layer.outputs(entering[-1]), -_LARGEST_POTENTIAL, _LARGEST_POTENTIAL)
            shares = 1.0 / (1.0 + np.exp(-potential))
            entering.append(np.column_stack([shares, np.ones(len(shares))]))
        return entering, self.layers[-1].outputs(entering[-1])

    def errors(self, inputs: FloatArray, labels: NDArray[np.int64]) -> list[tuple[FloatArray, FloatArray]]:
        """The inputs and the errors, 1 for the label minus the softmax at the end, of each layer for these images."""
        entering, outputs = self._forward(inputs)
        found = [_errors(outputs, labels)]
        for number in range(len(self.layers) - 1, 0, -1):
            shares = entering[number][:, :-1]
            back = self.layers[number].turned(found[0])[:, :-1]  # the input of 1 has no error
            found.insert(0, np.clip(shares * (1.0 - shares) / _HALF_SQUARED * back, -1.0, 1.0))
        return list(zip(entering, found, strict=True))

    def accuracy(self, given: Examples) -> float:
        """Share of the images whose label has the largest output."""
        return float((self._forward(given.images)[1].argmax(axis=1) == given.labels).mean())


def _on_pairs(errors: FloatArray) -> FloatArray:
    """For bit lines, (vectors, 2 outputs): the error and its opposite."""
    return np.stack([errors, -errors], axis=2).reshape(len(errors), -1)


def _learn_exactly(
    network: _Network[_Exact], train: Examples, strength: float, decay: float, epochs: int, draw: np.random.Generator
) -> None:
    """Each image adds 2 strength x input x error to the weights, bounded by -1 and 1: two devices per weight."""
    for epoch in range(epochs):
        order = draw.permutation(len(train.labels))
        for begin in range(0, order.size, _BY_HAND):
            chosen = order[begin : begin + _BY_HAND]
            found = network.errors(train.images[chosen], train.labels[chosen])
            for layer, (inputs, errors) in zip(network.layers, found, strict=True):
                step = 2.0 * strength * decay**epoch * product(inputs.T, errors)
                layer.weights = np.clip(layer.weights + step, -1.0, 1.0)


def _errors(output: FloatArray, labels: NDArray[np.int64]) -> FloatArray:
    """1 for the label, minus the softmax of the outputs, (images, classes)."""
    share = np.exp(output - output.max(axis=1, keepdims=True))
    result: FloatArray = -share / share.sum(axis=1, keepdims=True)
    result[np.arange(labels.size), labels] += 1.0
    return result


def pulse_coincidences(
    array: TableArray, rows: FloatArray, columns: FloatArray, kind: PulsedDevice, slots: int, draw: np.random.Generator
) -> None:
    """The pulses of `outer_product_update` on an array for one image after the other, without checks or counts.

    rows: (images, word lines); columns: (images, bit lines).
    """
    chances = (draw.random((slots, *each.shape)) < np.abs(each) for each in (rows, columns))
    on_rows, on_columns = (each.swapaxes(0, 1) for each in chances)
    raising = array.devices.polarity * kind.voltage
    meet = on_rows.any(axis=2) & on_columns.any(axis=2)
    for image, slot in np.argwhere(meet).tolist():
        row_signs = _signs(on_rows[image, slot], rows[image])
        column_signs = _signs(on_columns[image, slot], columns[image])
        for row_sign, word_lines in row_signs:
            for column_sign, bit_lines in column_signs:
                array.pulse_block(kind.access.scheme, word_lines, bit_lines, row_sign * column_sign * raising)


def _signs(fires: NDArray[np.bool_], values: FloatArray) -> list[tuple[float, NDArray[np.bool_]]]:
    """Each sign among the firing lines, and the lines with that sign."""
    negative = values < 0.0
    return [(sign, lines) for sign, lines in ((1.0, fires & ~negative), (-1.0, fires & negative)) if lines.any()]


def level_out(array: TableArray, kind: PulsedDevice) -> None:
    """Bring devices from any states to about the middle of their range: all to one end, then back to the middle on
    average.

    The number of pulses depends on the overdrive, the temperature and the wires.
    """
    every = np.ones(array.shape[0], dtype=bool), np.ones(array.shape[1], dtype=bool)
    for way, goal in ((-1.0, 0.75 / kind.levels), (1.0, 0.5)):  # between the first two notches
        for _ in range(_MOST_PULSES * kind.levels):
            if way * (float(array.share().mean()) - goal) > 0.0:
                break
            array.pulse_block(kind.access.scheme, *every, way * array.devices.polarity * kind.voltage)


def _label(accuracy: FloatArray, train_accuracy: float, float_accuracy: float, layers: Sequence[_Pairs]) -> xr.Dataset:
    return xr.Dataset(
        {
            "accuracy": (("epoch",), accuracy, {"long_name": "test accuracy"}),
            "train_accuracy": ((), train_accuracy, {"long_name": "accuracy on the images learned from"}),
            "float_accuracy": (
                (),
                float_accuracy,
                {"long_name": "test accuracy of the same network in floating point"},
            ),
            "energy": (
                (),
                sum(layer.array.energy.sources for layer in layers),
                {"long_name": "energy of all pulses", "units": "J"},
            ),
            "pulses": ((), sum(layer.array.pulses for layer in layers), {"long_name": "pulses"}),
        },
        coords={"epoch": ("epoch", np.arange(accuracy.size), {"long_name": "epoch"})},
    )
