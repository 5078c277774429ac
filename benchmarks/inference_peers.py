"""Stored digits, read by CrossSim and here: accuracy, products that differ, and seconds for each image.

python benchmarks/inference_peers.py [--repeats 5] [--seed 100] [--quick]

A softmax layer of scikit-learn, 65 inputs and 10 classes, is stored in devices with 16 even levels from 36 to 70.2 Ohm.
The ADCs are calibrated here on 400 training images, and CrossSim gets the same ranges.  Both classify the same test
images in one batch; the times, of storing and reading, are taken in turn.  CrossSim 3.2 comes from its repository:
pip install git+https://github.com/sandialabs/cross-sim@v3.2.0.  Without it its columns stay empty.
"""

import argparse
import importlib.util
import runpy
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from timing import print_table

from compact_model.support.arrays import FloatArray
from crossbar import Adc, Crossbar, Dac, WeightMapping, map_weights
from dwmtj.digits import divided, load_digits, trained_weights

LOWEST, HIGHEST, READ_VOLTAGE = 36.0, 70.2, 0.05  # Ohm, V
CLIP = 0.98
PEER = Path(__file__).parent.parent / "tests" / "data" / "crosssim_answers.py"
PAIRS, OFFSET = WeightMapping(), WeightMapping(encoding="offset", subtraction="computed")
DIGITAL, SLICED = WeightMapping(subtraction="digital"), WeightMapping(slices=2)
INPUTS, SERIAL = Dac(bits=4, signed=False), Dac(bits=4, signed=False, bits_per_cycle=1)
BOTH_SIGNS, ONE_SIGN = Adc(bits=5), Adc(bits=6, signed=False)


@dataclass(frozen=True, kw_only=True)
class Case:
    """How weights are stored and read; segment: of wire, Ohm."""

    mapping: WeightMapping
    dac: Dac | None = None
    adc: Adc | None = None
    segment: float = 0.0

    def for_peer(self, adc: Adc | None) -> tuple[Any, ...]:
        """The same in the words of the script that asks CrossSim; full scales in currents of the best device."""
        how, dac = self.mapping, self.dac
        inputs = (4, False, None) if dac is None else (dac.bits, dac.signed, dac.bits_per_cycle)
        outputs = None
        if adc is not None:
            scales = np.atleast_1d(np.asarray(adc.full_scale)) * LOWEST / READ_VOLTAGE
            outputs = (adc.bits, adc.signed, scales.tolist(), adc.per_cycle and dac is SERIAL)
        return how.encoding, how.subtraction, how.slices, inputs, outputs, self.segment


CASES = {
    "pairs, 4-bit inputs": Case(mapping=PAIRS, dac=INPUTS),
    "pairs, 5-bit outputs": Case(mapping=PAIRS, dac=INPUTS, adc=BOTH_SIGNS),
    "pairs, bit-serial inputs, 5-bit outputs": Case(mapping=PAIRS, dac=SERIAL, adc=BOTH_SIGNS),
    "pairs subtracted digitally, 6-bit outputs": Case(mapping=DIGITAL, dac=INPUTS, adc=ONE_SIGN),
    "offset, 6-bit outputs": Case(mapping=OFFSET, dac=INPUTS, adc=ONE_SIGN),
    "pairs in 2 slices, 5-bit outputs": Case(mapping=SLICED, dac=INPUTS, adc=BOTH_SIGNS),
    "offset, 4-bit inputs, wires of 0.01 Ohm": Case(mapping=OFFSET, dac=INPUTS, segment=0.01),
}


def ours(
    case: Case, weights: FloatArray, samples: FloatArray, tested: FloatArray
) -> tuple[FloatArray, Adc | None, float]:
    """Products, the calibrated ADC, and seconds without the calibration."""
    levels = np.linspace(1.0 / HIGHEST, 1.0 / LOWEST, 16)
    if case.mapping.encoding == "offset":
        levels = levels[1:]  # as CrossSim has it, so that there is a middle
    begin = time.perf_counter()
    stored = map_weights(weights, levels, case.mapping)
    array = Crossbar(
        conductance=stored.conductance, word_line_resistance=case.segment, bit_line_resistance=case.segment
    )
    taken = time.perf_counter() - begin
    adc = None if case.adc is None else stored.calibrate(case.adc, array, samples, READ_VOLTAGE, dac=case.dac)
    begin = time.perf_counter()
    found = stored.multiply(array, tested, READ_VOLTAGE, dac=case.dac, adc=adc)
    return found["product"].values, adc, taken + time.perf_counter() - begin


def crosssim(
    ask: Callable[..., Any], case: Case, adc: Adc | None, weights: FloatArray, tested: FloatArray
) -> tuple[FloatArray, float]:
    """CrossSim's products and its seconds."""
    begin = time.perf_counter()
    limit = np.abs(weights).max()
    products = limit * (ask(weights / limit, case.for_peer(adc)) @ tested.T).T
    taken = time.perf_counter() - begin
    # CrossSim 3.2 stores an offset on 14 of 15 steps and scales the product as if they were 15.
    return products * (15.0 / 14.0 if case.mapping.encoding == "offset" else 1.0), taken


def recognised(products: FloatArray) -> np.ndarray:
    """The class of each image; of equal products, which few codes make often, the first, whatever their last digits."""
    return np.round(products / np.abs(products).max(), 6).argmax(axis=1)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="one division of the images, for a look")
    arguments = parser.parse_args()
    ask = runpy.run_path(str(PEER))["stored"] if importlib.util.find_spec("simulator") else None
    images, labels = load_digits()
    given = np.column_stack([images, np.ones(len(images))])
    notes: dict[str, list[tuple[float, ...]]] = {name: [] for name in CASES}
    floating = []
    for repeat in range(1 if arguments.quick else arguments.repeats):
        train, test = divided(labels, 1.0 / 3.0, seed=arguments.seed + repeat)
        weights = trained_weights(images[train], labels[train])
        floating.append(((given[test] @ weights).argmax(axis=1) == labels[test]).mean())
        limit = np.quantile(np.abs(weights), CLIP)
        weights = np.clip(weights, -limit, limit)
        for name, case in CASES.items():
            products, adc, seconds = ours(case, weights, given[train][:400], given[test])
            chosen = recognised(products)
            note = [100.0 * (chosen == labels[test]).mean(), 1e6 * seconds / len(test)]
            if ask is not None:
                theirs, their_seconds = crosssim(ask, case, adc, weights, given[test])
                note += [
                    100.0 * (recognised(theirs) == labels[test]).mean(),
                    1e6 * their_seconds / len(test),
                    float(np.abs(theirs - products).max() / np.abs(products).max()),
                    float((recognised(theirs) != chosen).sum()),
                ]
            notes[name].append(tuple(note))
    print(f"floating point: {100.0 * np.mean(floating):.1f} % of {len(test)} images, {len(floating)} divisions")
    rows = []
    for name, found in notes.items():
        mean, deviation, median = np.mean(found, axis=0), np.std(found, axis=0), np.median(found, axis=0)
        row = [name, f"{mean[0]:.1f} +- {deviation[0]:.1f}", f"{median[1]:.0f}"]
        if ask is None:
            row += ["", "", "", ""]
        else:
            worst, differ = np.max(found, axis=0)[4], np.sum(found, axis=0)[5]
            row += [f"{mean[2]:.1f} +- {deviation[2]:.1f}", f"{median[3]:.0f}", f"{worst:.1e}", f"{differ:.0f}"]
        rows.append(row)
    headers = ["", "here, %", "us an image", "CrossSim, %", "us an image", "largest difference", "images that differ"]
    print_table(headers, rows)


if __name__ == "__main__":
    main()
