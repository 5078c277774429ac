"""Fig. 1a and 1c: resistance against voltage and against current at 85 Oe, and the levels observed in many cycles.

A level is a plateau of at least four readings of a sweep whose zero-bias resistance stays within 0.5 Ohm; the
plateaus of all branches and cycles are sorted, and a gap above 0.5 Ohm starts a new level.  The track's ends do not
count.

The paper counts 15 to 20 levels on each of its five samples.  With its own parameters (a single H_K, wells of 15 Oe and
100 nm) a dc sweep would show none, because nothing stops the wall above the Walker current.  Levels appear with an H_K
that varies along the track, narrower and stronger sites, and thermal hops; see `lequeux2016_track`.

Taken from the paper are the device, the field of 85 Oe and the amplitude of 6.5 mA.  The sites and their H_K are fitted
to the number of levels.  The dwell time of 300 ns, the resolution of 0.5 Ohm (on which the number of levels depends, as
printed) and the rule for counting are free choices.  One result of the paper is not reproduced: levels that survive a
sweep of seconds, because these sites, 6 k_B T deep, hold a wall only for microseconds.  Nothing pins the wall at the AP
end, so that it returns to the first site at zero current.  The pad is parallel whenever there is a wall, so that the AP
branch lies below 70.2 Ohm.
"""

import sys
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from compact_model import Landscape, count_levels, lequeux2016, lequeux2016_track, resistance_loop
from compact_model.figures import ORANGE, STYLE, letters, whole_numbers

EXTERNAL_FIELD = 85e-4  # T
SWEEP: dict[str, Any] = {
    "points": 132,
    "dwell": 300e-9,
    "external_field": EXTERNAL_FIELD,
    "temperature": 300.0,
    "step": 50e-12,
}


def main(figure_path: Path, samples: int = 16) -> dict[str, float]:
    """Run the loops on so many tracks, draw them and return the numbers that the figure must show."""
    device = lequeux2016()
    tracks = [lequeux2016_track(device, seed) for seed in range(samples)]
    by_current = resistance_loop(device, tracks, amplitude=6.5e-3, cycles=20, seed=2016, **SWEEP)
    by_voltage = resistance_loop(device, tracks[0], amplitude=0.35, drive="voltage", cycles=2, seed=2016, **SWEEP)
    found = count_levels(by_current, device)
    # The paper's own device: one constant H_K of 30 Oe, no temperature.
    bare = resistance_loop(
        device, Landscape(tracks[0].wells), amplitude=6.5e-3, points=132, external_field=EXTERNAL_FIELD
    )

    plt.style.use(STYLE)
    figure, axes = plt.subplots(1, 3, figsize=(7.1, 2.5))
    by_voltage.dwmtj.plot(axes[0], device=0)
    by_current.dwmtj.plot(axes[1], device=0, linewidth=0.5)
    axes[2].axhspan(15.0, 20.0, color=ORANGE, alpha=0.25, linewidth=0.0, zorder=0, label="paper: 15 to 20")
    axes[2].plot(np.arange(found.sizes["device"]), found.levels, linestyle="", marker="o")
    axes[2].set(xlabel="seeded track", ylabel="intermediate levels", ylim=(0.0, None))
    whole_numbers(axes[2].yaxis)
    axes[2].legend(loc="lower left")
    letters(figure)
    figure.savefig(figure_path, dpi=150)
    plt.close(figure)

    levels = found.levels.values
    numbers = {
        "mean number of levels": float(levels.mean()),
        "tracks with 15 to 20 levels": float(((levels >= 15) & (levels <= 20)).sum()),
        "levels in a single branch": float(found.branch_levels.mean()),
        "levels with one H_K at 0 K": float(count_levels(bare, device).levels[0]),
        **{
            f"mean number of levels at a resolution of {ohms:g} Ohm": float(
                count_levels(by_current, device, resolution=ohms).levels.mean()
            )
            for ohms in (0.1, 0.25, 1.0)
        },
        "highest resistance (Ohm)": float(by_current.resistance.max()),
        "lowest resistance (Ohm)": float(by_current.resistance.min()),
    }
    for name, value in numbers.items():
        print(f"{name}: {value:.2f}")
    print(f"levels of each of the {samples} tracks:", *levels)
    return numbers


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "lequeux2016_fig1ac.png"))
