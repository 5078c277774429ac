"""Fig. 3a, 3b and 3c: depinning threshold against Delta_H = H_c - H_z for H_K = 100, 10 and 30 Oe.

For each torque alone and for both.

The method is that of the paper: RK4 with steps of 5 ps, J rising at 1e4 A/cm2/ns with the wall initially at rest, and
no thermal fields.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from compact_model import current_threshold, lequeux2016, static_current_threshold
from compact_model.figures import STYLE, letters

OERSTED = 1e-4
OFFSETS = np.arange(1.0, 30.0, 1.0) * OERSTED
PANELS = {"3a": 100.0, "3b": 10.0, "3c": 30.0}
TORQUES = {"slonczewski": "o", "field-like": "s", "both": "x"}


def main(figure_path: Path) -> dict[str, float]:
    """Run the ramps, draw the three panels and return the numbers that they must show."""
    plt.style.use(STYLE)
    figure, panels = plt.subplots(1, 3, figsize=(7.1, 2.5))
    numbers = {}
    for axes, (panel, anisotropy) in zip(panels, PANELS.items(), strict=True):
        device = lequeux2016().replace(anisotropy_field=anisotropy * OERSTED)
        curves = {}
        for torques, marker in TORQUES.items():
            result = current_threshold(device, OFFSETS, torques=torques)
            result.dwmtj.plot(axes, marker=marker, markersize=4)
            curves[torques] = result.threshold.values[:, 0] / 1e10
        largest = static_current_threshold(device, OFFSETS, "slonczewski").max() / 1e10
        axes.set(title=rf"{panel}: $H_\mathrm{{K}}$ = {anisotropy:.0f} Oe", ylim=(0.0, 2.0 * largest))
        axes.legend()
        apart = np.abs(curves["both"] / curves["slonczewski"] - 1.0)
        crossing = np.interp(0.0, curves["field-like"] - curves["slonczewski"], OFFSETS / OERSTED)
        numbers[f"{panel}: crossover of the two torques (Oe)"] = float(crossing)
        numbers[f"{panel}: Slonczewski threshold at 15 Oe (1e6 A/cm2)"] = float(curves["slonczewski"][14])
        numbers[f"{panel}: largest distance of both from Slonczewski alone, from 5 Oe on (%)"] = float(
            100.0 * apart[OFFSETS >= 4.99 * OERSTED].max()
        )
    letters(figure)
    figure.savefig(figure_path, dpi=150)
    plt.close(figure)
    for name, value in numbers.items():
        print(f"{name}: {value:.2f}")
    return numbers


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "lequeux2016_fig3.png"))
