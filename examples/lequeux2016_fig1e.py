"""Fig. 1e: at which track width the wall is hybrid, from the demagnetising integral instead of micromagnetics.

The paper finds hybrid walls at 90 to 110 nm and a wall width of 16.6 nm.  With that width the integral gives a wall on
the Neel side there (H_K = -119 Oe at 100 nm, hybrid at 135 nm); 90 to 110 nm are hybrid for Delta of 12 to 14 nm.
Its best fit to the thresholds, |H_K| = 30 Oe, belongs to 124 nm (Delta = 16.6 nm).
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from compact_model import demagnetising_anisotropy_field, hybrid_track_width, lequeux2016

WALL_WIDTHS = np.array([10.0, 12.0, 14.0, 16.6]) * 1e-9
TRACK_WIDTHS = np.arange(60.0, 161.0, 2.0) * 1e-9


def main(figure_path: Path) -> dict[str, float]:
    """Compute H_K(W), draw it and return the numbers that the figure must show."""
    device = lequeux2016()
    figure, axes = plt.subplots(figsize=(5.0, 3.6), layout="constrained")
    numbers = {}
    for wall_width in WALL_WIDTHS.tolist():
        fields = [
            demagnetising_anisotropy_field(
                track_width=width,
                thickness=device.thickness,
                wall_width=wall_width,
                saturation_magnetisation=device.saturation_magnetisation,
            )
            for width in TRACK_WIDTHS.tolist()
        ]
        hybrid = hybrid_track_width(thickness=device.thickness, wall_width=wall_width)
        name = f"{1e9 * wall_width:.1f} nm"
        numbers[f"hybrid width for Delta = {name} (nm)"] = 1e9 * hybrid
        numbers[f"H_K at 100 nm for Delta = {name} (Oe)"] = 1e4 * float(np.interp(100e-9, TRACK_WIDTHS, fields))
        axes.plot(1e9 * TRACK_WIDTHS, 1e4 * np.array(fields), label=rf"$\Delta$ = {name}")
    axes.axhline(0.0, color="black", linewidth=0.5)
    axes.axvspan(90.0, 110.0, color="orange", alpha=0.3, label="paper")
    axes.set(xlabel="W (nm)", ylabel=r"$H_K$ (Oe)")
    axes.legend()
    figure.savefig(figure_path, dpi=150)
    plt.close(figure)
    for name, value in numbers.items():
        print(f"{name}: {value:.1f}")
    return numbers


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "lequeux2016_fig1e.png"))
