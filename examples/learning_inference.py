"""Handwritten digits with weights that were trained in floating point and are stored in pairs of devices.

scikit-learn trains a softmax layer on two thirds of its 1797 digits, and arrays recognise the others.  Left: accuracy
against the number of levels and the variation of R_P, with every device programmed to the nearest of its own levels
(solid lines) or all devices programmed equally (dashed lines).  Right: 65 x 20 devices with 16 levels and 360 Ohm on
wires with resistance, in one array or divided into tiles whose currents are added digitally.
"""

import sys
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from compact_model.figures import STYLE, TWO_COLUMNS, letters
from crossbar import inference
from crossbar.plots.learning import plot_inference, plot_tiles
from dwmtj.digits import divided, load_digits, trained_weights


def main(figure_path: Path, repeats: int = 5, **sweeps: Any) -> dict[str, float]:
    """Sweep, draw, and return the numbers that the figure must show.  sweeps: other ones than those of `inference`."""
    images, labels = load_digits()
    train, test = divided(labels, 1.0 / 3.0, seed=2016)
    weights = trained_weights(images[train], labels[train])
    result = inference(weights, images[test], labels[test], repeats=repeats, seed=2016, progress=True, **sweeps)
    plt.style.use(STYLE)
    figure, (left, right) = plt.subplots(1, 2, figsize=TWO_COLUMNS)
    plot_inference(result, left)
    plot_tiles(result, right)
    letters(figure)
    figure.savefig(figure_path, dpi=150)
    plt.close(figure)
    percent = 100.0 * result.accuracy.mean("repeat").sel(arrangement="random")
    wired = 100.0 * result.wired_accuracy.mean("repeat")
    numbers = {"floating point (%)": 100.0 * result.attrs["float_accuracy"]}
    for levels in (2, 4, 16):
        numbers[f"{levels} levels (%)"] = float(percent.sel(levels=levels, variation=0.0, programming="verified"))
    for programming in ("verified", "blind"):
        one = percent.sel(levels=16, programming=programming).sel(variation=0.1)
        numbers[f"16 levels, 10 % variation, {programming} (%)"] = float(one)
    for lines in (8, 65):
        numbers[f"tiles of {lines} lines, 1 Ohm (%)"] = float(wired.sel(tile=lines, wire_resistance=1.0))
    for name, value in numbers.items():
        print(f"{name}: {value:.4g}")
    return numbers


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "learning_inference.png"))
