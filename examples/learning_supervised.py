"""Supervised learning of handwritten digits in the array: 65 x 20 notched devices, trained by coincident pulses.

Every change of a weight is a pulse of 4 ns at the device's threshold, which moves a wall by one notch about every
second time.  V/3 hardly moves half-selected walls; V/2 moves one in a hundred of them with every pulse.  Segments of
0.1 Ohm reduce the voltages for reading and writing.  With 10 % variation of R_P, and thus of the threshold, the array
still learns.
"""

import sys
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from compact_model.figures import MARKERS, ONE_COLUMN, STYLE
from crossbar import PulsedDevice, Wires, supervised_learning
from crossbar.learning.repeats import mean_and_deviation
from dwmtj.digits import load_digits

WIRES = Wires.equal(0.1)


def main(
    figure_path: Path, levels: int = 20, repeats: int = 5, epochs: int = 30, tracks: int = 8, samples: int = 64
) -> dict[str, float]:
    """Learn under each condition, draw, and return the numbers that the figure must show."""
    images, labels = load_digits()
    settings: dict[str, Any] = {"tracks": tracks, "samples": samples, "seed": 2016, "progress": True}
    plain = PulsedDevice.notched(levels, **settings)
    half = PulsedDevice.notched(levels, scheme="V/2", **settings)
    wired = PulsedDevice.notched(levels, wired=True, **settings)
    varied = PulsedDevice.notched(levels, variation=0.1, **settings)
    cases: dict[str, tuple[PulsedDevice, dict[str, Any]]] = {
        "V/3": (plain, {}),
        "V/2": (half, {}),
        "V/3, segments of 0.1 Ohm": (wired, {"wires": WIRES}),
        "V/3, R_P within 10 %": (varied, {"spreads": {"parallel_resistance": 0.1}}),
    }
    plt.style.use(STYLE)
    figure, axes = plt.subplots(figsize=ONE_COLUMN)
    numbers = {}
    for (name, (kinds, conditions)), marker in zip(cases.items(), MARKERS, strict=False):
        result = supervised_learning(
            images, labels, kinds, repeats=repeats, epochs=epochs, seed=2016, progress=True, **conditions
        )
        result.dwmtj.plot(axes, label=name.replace("R_P", r"$R_\mathrm{P}$"), marker=marker)
        mean, deviation = mean_and_deviation(100.0 * result.accuracy.isel(levels=0))
        numbers[f"{name}: mean accuracy (%)"] = float(mean[-1])
        numbers[f"{name}: standard deviation (%)"] = float(deviation[-1])
        numbers[f"{name}: untrained (%)"] = float(mean[0])
        numbers[f"{name}: pulses"] = float(result.pulses.mean())
        numbers[f"{name}: energy (uJ)"] = 1e6 * float(result.energy.mean())
    axes.axhline(90.0, color="black", linewidth=0.8, linestyle=":", label="90 %")
    untrained = [value for name, value in numbers.items() if name.endswith("untrained (%)")]
    axes.set_ylim(75.0, 100.0)  # where the cases differ
    axes.legend(fontsize="small", title=f"untrained: {min(untrained):.0f} to {max(untrained):.0f} %", loc="lower right")
    figure.savefig(figure_path, dpi=150)
    plt.close(figure)
    for name, value in numbers.items():
        print(f"{name}: {value:.4g}")
    return numbers


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "learning_supervised.png"))
