"""A study of thresholds.

Depinning at 300 K against the width of the track and the roughness of its edges.  The study comes with the package;
`dwmtj study threshold` runs it with 200 devices at each of its 20 points, while this example uses 40.  abs(H_K) is the
shape anisotropy of each width, 228 Oe at 80 nm and 44 Oe at 120 nm.  Rough edges of a few nm change it from site to
site.  The smaller H_K is, the larger is the part of the spread that is due to roughness; on narrow tracks the spread is
entirely thermal.  Bars extend from the 5 % to the 95 % quantile.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt

from dwmtj.study.description import read_study
from dwmtj.study.run import run_study

_ATM2_TO_EDGE = 1e-10  # 1e6 A/cm2


def main(figure_path: Path, samples: int = 40) -> dict[str, float]:
    """Run, draw, and return the numbers that the figure must show."""
    result = run_study(read_study("threshold", samples=samples), progress=True)
    axes = result.dwmtj.plot()
    axes.figure.savefig(figure_path, dpi=150, bbox_inches="tight")
    plt.close(axes.figure)
    numbers = {}
    for width in (80e-9, 120e-9):
        for roughness in (0.0, 6e-9):
            one = result.threshold.sel(track_width=width, edge_roughness=roughness, method="nearest") * _ATM2_TO_EDGE
            name = f"{1e9 * width:.0f} nm, edges of {1e9 * roughness:.0f} nm"
            numbers[f"{name}: median threshold (1e6 A/cm2)"] = float(one.median())
            numbers[f"{name}: standard deviation (1e6 A/cm2)"] = float(one.std())
    for name, value in numbers.items():
        print(f"{name}: {value:.3g}")
    return numbers


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "study_of_thresholds.png"))
