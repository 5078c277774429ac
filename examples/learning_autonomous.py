"""Autonomous learning of handwritten digits: an array that is only read, and changes where read spikes overlap.

Each device connects two neurons, as in the introduction of Lequeux et al. 2016: the currents through the junction are
modulated by its resistance, and also modify it.  Left: the spike-timing window of such a device at 300 K, the change of
its weight against the delay between the two spikes, with a band of one standard deviation.  Right: the accuracy of 50
outputs with and without read disturb (walls moved by single spikes), compared with weights in floating point and with
the same array before learning.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from compact_model import notched_track, spike_timing_window
from compact_model.figures import STYLE, TWO_COLUMNS, letters
from crossbar import SpikedDevice, autonomous_learning
from crossbar.learning.repeats import mean_and_deviation
from dwmtj.digits import load_digits

TEMPERATURE = 300.0


def main(
    figure_path: Path, *, count: int = 1797, repeats: int = 5, epochs: int = 4, tracks: int = 8, samples: int = 128
) -> dict[str, float]:
    """Draw the window, learn, and return the numbers that the figure must show; count: of the images."""
    kind = SpikedDevice.notched(20, tracks=tracks, samples=samples, seed=2016, progress=True)
    window = spike_timing_window(
        kind.device,
        [notched_track(kind.device, seed) for seed in range(tracks)],
        1e-9 * np.linspace(-48.0, 48.0, 17),
        kind.spike,
        temperatures=TEMPERATURE,
        samples=samples,
        seed=2016,
        progress=True,
    )
    images, labels = load_digits()
    learned = autonomous_learning(
        images[:count], labels[:count], kind, repeats=repeats, epochs=epochs, seed=2016, progress=True
    )
    plt.style.use(STYLE)
    figure, (left, right) = plt.subplots(1, 2, figsize=TWO_COLUMNS)
    window.dwmtj.plot(left)
    learned.dwmtj.plot(right)
    letters(figure)
    figure.savefig(figure_path, dpi=150)
    plt.close(figure)
    change = 100.0 * window.weight_change.isel(spike=0, temperature=0)
    numbers = {
        "change of the weight, first spike 12 ns before the second (%)": float(
            change.sel(delay=12e-9, method="nearest")
        ),
        "change of the weight, 12 ns after it (%)": float(change.sel(delay=-12e-9, method="nearest")),
        "walls that one spike alone moves from a notch (%)": 100.0 * kind.disturbed_shares()[0],
        "from an end of the track (%)": 100.0 * kind.disturbed_shares()[1],
    }
    for name, shares in (
        ("with read disturb", learned.accuracy.sel(read_disturb=True)),
        ("without", learned.accuracy.sel(read_disturb=False)),
        ("floating point", learned.float_accuracy),
        ("untrained", learned.untrained_accuracy),
    ):
        mean, deviation = mean_and_deviation(100.0 * shares)
        numbers[f"{name}: mean accuracy (%)"], numbers[f"{name}: standard deviation (%)"] = (
            float(mean),
            float(deviation),
        )
    for name, value in numbers.items():
        print(f"{name}: {value:.4g}")
    return numbers


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "learning_autonomous.png"))
