"""Learning scikit-learn's digits on arrays of devices: accuracy, total time, and speed of the parts.

python benchmarks/learning.py [--only inference|supervised|unsupervised] [--repeats 5] [--seed 100] [--floating]

With --floating (a few seconds) only the time of a pulse: on lines at V/2 and floating ones, ideal and with wires.  The
settings were chosen with the seeds 0 and 1; the splits, devices and tracks of the default seed had no part in that.
"""

import argparse
import statistics
import time
from typing import Any

import numpy as np
from timing import print_table

from compact_model.support.arrays import FloatArray
from crossbar import PulsedDevice, Wires, inference, supervised_learning, unsupervised_learning
from crossbar.learning.supervised import GAIN
from crossbar.operate.updating import pulse_block
from dwmtj.digits import divided, load_digits, trained_weights

LEVELS = (2, 4, 8, 13, 16, 19, 32)
WIRES = Wires.equal(0.1)
STRONG = 240.0  # gain x q


def per_pulse(devices: PulsedDevice, count: int = 300, wires: Wires | None = None) -> float:
    """Mean seconds of a pulse on a third of 65 x 20 cells."""
    array, draw = devices.array((65, 20), seed=0, wires=wires), np.random.default_rng(0)
    taken = 0.0
    for number in range(count + 1):
        rows, columns = draw.random(65) < 0.3, np.arange(20) < 3
        begin = time.perf_counter()
        pulse_block(array, rows, columns, devices.voltage, devices.width, devices.access)
        if number:  # the first one compiles
            taken += time.perf_counter() - begin
    return taken / count


def floating_table(seed: int) -> None:
    """Print one table: what it costs that the unselected lines float."""
    kinds = {  # what the table says does not matter to the time that a pulse takes
        scheme: PulsedDevice.notched(20, tracks=1, samples=2, seed=seed, scheme=scheme, wired=True)
        for scheme in ("V/2", "floating")
    }
    rows = []
    for name, wires in (("ideal", None), ("0.1 Ohm", WIRES)):
        taken: dict[str, list[float]] = {scheme: [] for scheme in kinds}
        for _ in range(5):  # in turn, so that a slow moment meets both
            for scheme, kind in kinds.items():
                taken[scheme].append(per_pulse(kind, 60, wires))
        held, floating = (statistics.median(taken[scheme]) for scheme in ("V/2", "floating"))
        rows.append([name, f"{1e6 * held:.0f}", f"{1e6 * floating:.0f}", f"{floating / held:.1f}"])
    print_table(["wires", "us per pulse, V/2", "floating", "ratio"], rows)


def spread(values: np.ndarray) -> str:
    """Mean and standard deviation of the repeats, in per cent."""
    return f"{100.0 * values.mean():.1f} +- {100.0 * values.std(ddof=min(1, values.size - 1)):.1f} %"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=tuple(TASKS))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--floating", action="store_true")
    arguments = parser.parse_args()
    if arguments.floating:
        floating_table(arguments.seed)
        return
    images, labels = load_digits()
    for name, task in TASKS.items():
        if arguments.only in (None, name):
            task(images, labels, arguments.repeats, arguments.seed)


def stored(images: FloatArray, labels: np.ndarray, repeats: int, seed: int) -> None:
    """Weights trained elsewhere."""
    begin = time.perf_counter()
    train, test = divided(labels, 1.0 / 3.0, seed=seed)
    weights = trained_weights(images[train], labels[train])
    found = inference(weights, images[test], labels[test], repeats=repeats, seed=seed)
    print(f"\ninference, floating point {100.0 * found.attrs['float_accuracy']:.1f} %; random tracks, verified")
    for count in found.levels.values:
        values = found.accuracy.sel(levels=count, arrangement="random", programming="verified")
        same, scattered = (spread(values.sel(variation=share).values) for share in (0.0, 0.1))
        print(f"  {count:3d} levels: {same}, R_P within 10 %: {scattered}")
    for segment in found.wire_resistance.values:
        row = found.wired_accuracy.sel(wire_resistance=segment)
        print(
            f"  {segment:g} Ohm:", *(f"{size} lines {spread(row.sel(tile=size).values)};" for size in row.tile.values)
        )
    print(f"  {time.perf_counter() - begin:.0f} s")


def supervised(images: FloatArray, labels: np.ndarray, repeats: int, seed: int) -> None:
    """By pulses, for bias schemes, wires, unequal devices and gains."""
    begin = time.perf_counter()
    plain = PulsedDevice.notched(20, seed=seed)
    print(f"\npulse table, 8 tracks, 22 states, 5 voltages, 64 walls each: {time.perf_counter() - begin:.1f} s")
    half, wired = PulsedDevice.notched(20, seed=seed, scheme="V/2"), PulsedDevice.notched(20, seed=seed, wired=True)
    varied = PulsedDevice.notched(20, seed=seed, variation=0.1)
    print(f"one pulse on 65 x 20: {1e6 * per_pulse(plain):.0f} us on ideal wires", end=", ")
    print(f"{1e6 * per_pulse(wired, wires=WIRES):.0f} us on 0.1 Ohm")

    print("supervised, in place, 20 levels, 30 epochs")
    strong = {"gain": STRONG / (float((images**2).sum(axis=1).mean()) + 1.0)}
    rows: tuple[tuple[str, PulsedDevice, dict[str, Any]], ...] = (
        ("V/3", plain, {}),
        ("V/2", half, {}),
        ("V/3, segments of 0.1 Ohm", wired, {"wires": WIRES}),
        ("V/3, R_P within 10 %", varied, {"spreads": {"parallel_resistance": 0.1}}),
        (f"V/3, gain {STRONG:g} / q instead of {GAIN:g} / q", plain, strong),
        (f"V/3, gain {STRONG:g} / q, segments of 0.1 Ohm", wired, {"wires": WIRES, **strong}),
    )
    for name, devices, settings in rows:
        begin = time.perf_counter()
        found = supervised_learning(images, labels, devices, repeats=repeats, seed=seed, **settings)
        print(
            f"  {name}: {spread(found.accuracy.values[0, :, -1])}, floating point "
            f"{spread(found.float_accuracy.values[0])}; {float(found.pulses.mean()):.0f} pulses, "
            f"{1e6 * float(found.energy.mean()):.2f} uJ; {(time.perf_counter() - begin) / repeats:.1f} s a repeat",
            flush=True,
        )


def unsupervised(images: FloatArray, labels: np.ndarray, repeats: int, seed: int) -> None:
    """Without labels, for several numbers of levels."""
    print("\nunsupervised, 50 outputs, 8 epochs")
    for count in LEVELS:
        devices = PulsedDevice.notched(count, seed=seed)
        begin = time.perf_counter()
        found = unsupervised_learning(images, labels, devices, repeats=repeats, seed=seed)
        values = found.accuracy.values[0]
        print(
            f"  {count:3d} levels: {spread(values)}, above 75 % in {(values > 0.75).sum()} of {repeats}, "
            f"{1e6 * float(found.energy.mean()):.1f} uJ; {(time.perf_counter() - begin) / repeats:.1f} s a repeat"
        )


TASKS = {"inference": stored, "supervised": supervised, "unsupervised": unsupervised}


if __name__ == "__main__":
    main()
