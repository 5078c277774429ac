"""How many bits the converters of an array need to recognise handwritten digits with stored weights.

A softmax layer is trained by scikit-learn on two thirds of its 1797 digits. The others are classified by an array of
devices with 16 levels, the notches of one track, on wires of 0.01 Ohm per segment.  Left: accuracy against the bits of
the ADCs for different ways to store and subtract weights; the ADCs are calibrated on training images.  Right: accuracy
against the percentile of the sample currents that is taken as the full scale, for pairs subtracted in analog.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from compact_model import notched_device, notched_track
from compact_model.figures import MARKERS, STYLE, TWO_COLUMNS, letters
from crossbar import Adc, Crossbar, Dac, WeightMapping, device_levels, map_weights
from dwmtj.digits import divided, load_digits, trained_weights

BITS = (2, 3, 4, 5, 6, 7, 8, 10)
PERCENTILES = (70.0, 80.0, 90.0, 95.0, 98.0, 99.0, 99.9, 100.0)
SERIAL = Dac(bits=4, signed=False, bits_per_cycle=1)
MAPPINGS = {
    "pairs, subtracted in analog": (WeightMapping(), None),
    "pairs, subtracted digitally": (WeightMapping(subtraction="digital"), None),
    "offset, subtracted in analog": (WeightMapping(encoding="offset"), None),
    "offset, computed": (WeightMapping(encoding="offset", subtraction="computed"), None),
    "pairs in 2 slices": (WeightMapping(slices=2), None),
    "pairs, 4-bit inputs bit by bit": (WeightMapping(), SERIAL),
}


READ_VOLTAGE = 0.05
SEGMENT = 0.01  # Ohm
LEVELS = 16


class Trial:
    """One division of the images, and the layer that was trained with it."""

    def __init__(self, seed: int) -> None:
        images, labels = load_digits()
        train, test = divided(labels, 1.0 / 3.0, seed=seed)
        given = np.column_stack([images, np.ones(len(images))])  # the last input is for the bias
        weights = trained_weights(images[train], labels[train])
        limit = np.quantile(np.abs(weights), 0.98)
        self.weights = np.clip(weights, -limit, limit)
        self.samples, self.tested, self.labels = given[train][:400], given[test], labels[test]
        device = notched_device().resized(track_length=LEVELS * 50e-9)
        self.levels = device_levels(device, notched_track(device, seed))[1:-1]  # a wall leaves the ends by itself

    def accuracy(self, mapping: WeightMapping, dac: Dac | None, adc: Adc | None) -> float:
        """Of the images that were not trained with, %."""
        stored = map_weights(self.weights, self.levels, mapping)
        array = Crossbar(conductance=stored.conductance, word_line_resistance=SEGMENT, bit_line_resistance=SEGMENT)
        if adc is not None:
            adc = stored.calibrate(adc, array, self.samples, READ_VOLTAGE, dac=dac)
        found = stored.multiply(array, self.tested, READ_VOLTAGE, dac=dac, adc=adc)
        return float(100.0 * (found["product"].values.argmax(axis=1) == self.labels).mean())


def main(
    figure_path: Path, repeats: int = 5, bits: Sequence[int] = BITS, percentiles: Sequence[float] = PERCENTILES
) -> dict[str, float]:
    """Sweep, draw, and return the numbers that the figure must show."""
    trials = [Trial(2016 + repeat) for repeat in range(repeats)]

    def accuracy(mapping: WeightMapping, dac: Dac | None, adc: Adc | None) -> tuple[float, float]:
        """Mean and standard deviation over the trials, %."""
        shares = [trial.accuracy(mapping, dac, adc) for trial in trials]
        return float(np.mean(shares)), float(np.std(shares))

    plt.style.use(STYLE)
    figure, (left, right) = plt.subplots(1, 2, figsize=TWO_COLUMNS)
    numbers = {}
    for row, (name, (mapping, dac)) in enumerate(MAPPINGS.items()):
        percents = [accuracy(mapping, dac, Adc(bits=count, signed=mapping.subtraction == "analog")) for count in bits]
        left.errorbar(bits, *np.transpose(percents), marker=MARKERS[row], capsize=2.0, color=f"C{row}", label=name)
        for count, (mean, _) in zip(bits, percents, strict=True):
            numbers[f"{name}, {count} bits (%)"] = mean
    ideal, _ = accuracy(WeightMapping(), None, None)
    numbers["pairs, ideal converters (%)"] = ideal
    left.axhline(ideal, color="black", linewidth=0.8, linestyle=":", label=f"ideal converters, {ideal:.1f} %")
    left.set(xlabel="bits of the ADCs", ylabel="test accuracy (%)", ylim=(0.0, 100.0))
    left.legend(fontsize="small")
    for row, count in enumerate((3, 4, 5, 6)):
        percents = [accuracy(WeightMapping(), None, Adc(bits=count, percentile=share)) for share in percentiles]
        right.errorbar(
            np.arange(len(percentiles)),
            *np.transpose(percents),
            marker=MARKERS[row],
            capsize=2.0,
            color=f"C{row}",
            label=f"{count} bits",
        )
    right.set_xticks(np.arange(len(percentiles)), [f"{share:g}" for share in percentiles])
    right.axhline(ideal, color="black", linewidth=0.8, linestyle=":")
    right.set(xlabel="percentile of the currents at full scale (%)", ylim=(70.0, 100.0))
    right.legend()
    letters(figure)
    figure.savefig(figure_path, dpi=150)
    plt.close(figure)
    for name, value in numbers.items():
        print(f"{name}: {value:.4g}")
    return numbers


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "learning_converters.png"))
