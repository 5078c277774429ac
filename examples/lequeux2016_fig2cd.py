"""Fig. 2c and 2d: spread of the depinning threshold at 300 K, with current and with field.

Top: the paper's values (H_c = 15 Oe, x_c = 100 nm, H_K = 30 Oe) with integrated ramps of microseconds; the ramp rates
are a free choice.  The paper states that the scatter "completely disappears" under a field.  With these values it does
not: the well is 8.4 k_B T deep, and a wall escapes before the field reaches H_c.  The relative spread of the threshold
is, however, about three times larger with current than with field.

Bottom: laboratory ramp rates, 20 uA per ms and 1 Oe/s, simulated by escape rates.  The site has H_c = 70 Oe at T = 0,
which is fitted so that it holds a wall as long as in the paper; the ramp rate of the field is a free choice.  The net
field during current ramps is 15 Oe.  The spread with field is 4 %, as small as in the paper.  With H_K = 30 Oe, which
the paper fits to measured thresholds of 1 to 5e6 A/cm2, the current frees the wall at a hundredth of that current
density, with no more spread than the field: within milliseconds, thermal fluctuations rotate the angle, and a very
small torque suffices to keep it rotating.  The 104 Oe from micromagnetics hardly change this.  An H_K of 200 Oe at T =
0, a free choice, gives both the threshold and the contrast of the paper, 21 % with current against 4 % with field.
Jumps back and forth over hundreds of nm, as in the paper, are not reproduced.
The spread is half the interquartile range over the median, which is insensitive to a few late runs.  There is one site
on the track; its ends, including the unpinned AP end, do not matter, and the pad is parallel.
"""

import sys
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from compact_model import current_threshold, field_threshold, lequeux2016, lequeux2016_intrinsic_site, single_well
from compact_model.figures import STYLE, letters

OERSTED = 1e-4
REPEATS = 200
STEP = 50e-12  # s; 1000 ramps in steps of 20 ps have spreads within 3 % of those in these steps
# A tenth of the paper's ramp: the slower the ramp, the closer to its experiment, which takes seconds.
CURRENT_RAMP = 1e16  # A/(m2 s), 1e3 A/cm2/ns
FIELD_RAMP = 2e2  # T/s, 0.002 Oe/ns
OFFSETS = np.array([3.0, 7.0, 11.0, 15.0]) * OERSTED
LABORATORY_CURRENT = 20e-6 / 1e-3  # A/s
LABORATORY_FIELD = 1.0 * OERSTED  # T/s
ANISOTROPIES = np.array([30.0, 104.0, 200.0]) * OERSTED
INTRINSIC, NET_FIELD = 70.0 * OERSTED, 15.0 * OERSTED


def spread(thresholds: np.ndarray) -> float:
    """Half the interquartile range over the median."""
    lower, middle, upper = np.percentile(thresholds, [25.0, 50.0, 75.0])
    return float(0.5 * (upper - lower) / middle)


def at_a_laboratorys_pace(left: Axes, right: Axes) -> dict[str, float]:
    """Thresholds at laboratory ramp rates by escape rates, with current on the left and with field on the right."""
    device = lequeux2016()
    thermal: dict[str, Any] = {"temperature": 300.0, "repeats": REPEATS, "seed": 2016}
    ramp = LABORATORY_CURRENT / device.junction_area
    numbers = {}
    for anisotropy in ANISOTROPIES:
        model = device.replace(anisotropy_field=float(anisotropy))
        found = current_threshold(
            model, [INTRINSIC - NET_FIELD], coercive_field=INTRINSIC, ramp_rate=ramp, **thermal
        ).threshold.values[0]
        name = f"H_K = {anisotropy / OERSTED:.0f} Oe"
        left.ecdf(found / 1e10, label=name.replace("H_K", r"$H_\mathrm{K}$"))
        numbers[f"20 uA/ms, {name}: median (1e6 A/cm2)"] = float(np.median(found)) / 1e10
        numbers[f"20 uA/ms, {name}: spread (%)"] = 100.0 * spread(found)
    by_field = field_threshold(device, lequeux2016_intrinsic_site(device), ramp_rate=LABORATORY_FIELD, **thermal)
    right.ecdf(by_field.threshold.values / OERSTED, color="black", label="1 Oe/s")
    numbers["1 Oe/s: median field (Oe)"] = float(np.median(by_field.threshold)) / OERSTED
    numbers["1 Oe/s: spread (%)"] = 100.0 * spread(by_field.threshold.values)
    left.set(xlabel=r"$J$ at depinning, 20 µA/ms (10$^6$ A/cm$^2$)", ylabel="share of ramps", xscale="log")
    right.set(xlabel=r"$H_z$ at depinning (Oe)", xlim=(0.0, 35.0))
    left.legend(loc="center", bbox_to_anchor=(0.66, 0.75))
    right.legend()
    return numbers


def main(figure_path: Path) -> dict[str, float]:
    """Run the ramps, draw the distributions and return the numbers that the figure must show."""
    device = lequeux2016()
    well = single_well(device, coercive_field=15.0 * OERSTED, half_width=100e-9)
    thermal: dict[str, Any] = {"temperature": 300.0, "repeats": REPEATS, "step": STEP, "seed": 2016}
    by_current = current_threshold(device, OFFSETS, ramp_rate=CURRENT_RAMP, **thermal)
    by_field = field_threshold(device, well, ramp_rate=FIELD_RAMP, **thermal)

    plt.style.use(STYLE)
    figure, ((left, right), below) = plt.subplots(2, 2, figsize=(7.1, 5.4))
    numbers = {}
    for offset, row in zip(OFFSETS, by_current.threshold.values, strict=True):
        name = rf"{offset / OERSTED:.0f} Oe"
        left.ecdf(row / 1e10, label=rf"$\Delta H$ = {name}")
        numbers[f"spread by current at {name} (%)"] = 100.0 * spread(row)
    right.ecdf(by_field.threshold.values / OERSTED, color="black")
    right.axvline(15.0, color="grey", linestyle="--", label=r"$H_\mathrm{c}$")
    numbers["spread by field (%)"] = 100.0 * spread(by_field.threshold.values)
    numbers["median field (Oe)"] = float(np.median(by_field.threshold)) / OERSTED
    left.set(xlabel=r"$J$ at depinning ($10^6$ A/cm$^2$)", ylabel="share of ramps", xlim=(0.0, None))
    right.set(xlabel=r"$H_z$ at depinning (Oe)", xlim=(0.0, 20.0))
    numbers |= at_a_laboratorys_pace(*below)
    left.legend()
    right.legend()
    letters(figure)
    figure.savefig(figure_path, dpi=150)
    plt.close(figure)
    for name, value in numbers.items():
        print(f"{name}: {value:.3g}")
    return numbers


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "lequeux2016_fig2cd.png"))
