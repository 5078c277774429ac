"""Unsupervised learning of handwritten digits by 50 spiking outputs, against the number of levels of a device.

Lequeux et al. 2016 expect, from Querlioz et al. (their refs 20 and 21), that 13 to 19 resistance levels suffice for
more than 75 %.  Here the number of levels is the number of notches on the track, one every 50 nm.  Every change of a
weight is a pulse of 4 ns, which moves a wall by one notch about every second time.  Squares: the same arrays before
learning.  Right: the weights that the outputs have learned.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt

from compact_model.figures import STYLE, TWO_COLUMNS, letters
from crossbar import PulsedDevice, unsupervised_learning
from crossbar.learning.repeats import mean_and_deviation
from crossbar.plots.learning import plot_weights
from dwmtj.digits import load_digits

LEVELS = (2, 4, 8, 13, 16, 19, 32)
GOAL = 75.0


def main(
    figure_path: Path, levels: Sequence[int] = LEVELS, repeats: int = 5, tracks: int = 8, samples: int = 64
) -> dict[str, float]:
    """Learn with each number of levels, draw, and return the numbers that the figure must show."""
    images, labels = load_digits()
    kinds = [PulsedDevice.notched(count, tracks=tracks, samples=samples, seed=2016, progress=True) for count in levels]
    result = unsupervised_learning(images, labels, kinds, repeats=repeats, seed=2016, progress=True)
    plt.style.use(STYLE)
    figure, (left, right) = plt.subplots(1, 2, figsize=TWO_COLUMNS)
    result.dwmtj.plot(left)
    plot_weights(result, right, levels=len(kinds) - 1)
    letters(figure)
    figure.savefig(figure_path, dpi=150)
    plt.close(figure)
    numbers = {}
    percent = 100.0 * result.accuracy
    for count in levels:
        one = percent.sel(levels=count)
        mean, deviation = mean_and_deviation(one)
        numbers[f"{count} levels: mean accuracy (%)"] = float(mean)
        numbers[f"{count} levels: standard deviation (%)"] = float(deviation)
        numbers[f"{count} levels: untrained (%)"] = 100.0 * float(result.untrained_accuracy.sel(levels=count).mean())
        numbers[f"{count} levels: repeats above 75 %"] = float((one > GOAL).sum())
    for name, value in numbers.items():
        print(f"{name}: {value:.4g}")
    enough = [count for count in levels if 13 <= count <= 19]
    verdict = all(numbers[f"{count} levels: mean accuracy (%)"] > GOAL for count in enough)
    print(f"13 to 19 levels suffice for more than 75 %: {'yes' if verdict else 'no'}")
    return numbers


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "learning_unsupervised.png"))
