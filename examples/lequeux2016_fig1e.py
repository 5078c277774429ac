"""Fig. 1e: micromagnetics of the wall in a track of 100 nm, and the width at which it is hybrid, by two methods.

The paper's wall is 16.6 nm wide, has its spins close to 45 degrees at 100 nm, and is hybrid at 90 to 110 nm.  A relaxed
wall reproduces all of this (the exchange constant is fitted to the width; nothing is fitted to the angle).  The
demagnetising integral of a rigid wall of the same width gives a hybrid track width of 135 nm, because it neglects that
the wall is narrower as a Bloch wall than as a Neel wall, and that it tilts.  Because a real wall adapts its shape, it
resists rotation even where its H_K vanishes.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from compact_model import (
    demagnetising_anisotropy_field,
    hybrid_track_width,
    lequeux2016,
    lequeux2016_stripe,
    micromagnetic_wall,
    relax_wall,
)
from compact_model.figures import STYLE, letters

WALL_WIDTHS = np.array([10.0, 12.0, 14.0, 16.6]) * 1e-9
RIGID_TRACK_WIDTHS = np.arange(60.0, 161.0, 2.0) * 1e-9
TRACK_WIDTHS = np.linspace(60e-9, 130e-9, 71)


def main(figure_path: Path) -> dict[str, float]:
    """Relax the wall, compute H_K(W), draw both and return the numbers that the figure must show."""
    plt.style.use(STYLE)
    figure = plt.figure(figsize=(7.1, 2.8))
    picture, fields, turn = figure.subplots(1, 3)
    # Cells of 4 nm, whose stray field acts as a smaller A would: with this A they give the wall of smaller cells.
    wall = relax_wall(lequeux2016_stripe(100e-9).replace(exchange_stiffness=1.36e-11))
    wall.dwmtj.plot(picture)
    numbers = {
        "relaxed: Delta at 100 nm (nm)": 1e9 * float(wall.wall_width),
        "relaxed: spins at the centre from Bloch (degrees)": np.degrees(float(wall.centre_angle)),
        "relaxed: all spins from Bloch, mean (degrees)": np.degrees(float(wall.mean_angle)),
        "relaxed: tilt (degrees)": abs(np.degrees(float(wall.tilt))),
    }
    walls = [micromagnetic_wall(width) for width in TRACK_WIDTHS.tolist()]
    relaxed = {name: np.array([float(each[name]) for each in walls]) for name in walls[0].data_vars}
    differences = relaxed["energy_anisotropy_field"]
    numbers["relaxed: E_Neel = E_Bloch at (nm)"] = 1e9 * float(np.interp(0.0, differences, TRACK_WIDTHS))
    for width in (60, 90, 100, 110, 130):
        threshold = np.interp(1e-9 * width, TRACK_WIDTHS, relaxed["threshold"])
        numbers[f"relaxed: threshold of the Slonczewski torque at {width} nm (Oe)"] = 1e4 * float(threshold)
    device = lequeux2016()
    for wall_width in WALL_WIDTHS.tolist():
        rigid = [
            demagnetising_anisotropy_field(
                track_width=width,
                thickness=device.thickness,
                wall_width=wall_width,
                saturation_magnetisation=device.saturation_magnetisation,
            )
            for width in RIGID_TRACK_WIDTHS.tolist()
        ]
        hybrid = hybrid_track_width(thickness=device.thickness, wall_width=wall_width)
        name = f"{1e9 * wall_width:.1f} nm"
        numbers[f"hybrid width for Delta = {name} (nm)"] = 1e9 * hybrid
        numbers[f"H_K at 100 nm for Delta = {name} (Oe)"] = 1e4 * float(np.interp(100e-9, RIGID_TRACK_WIDTHS, rigid))
        fields.plot(1e9 * RIGID_TRACK_WIDTHS, 1e4 * np.array(rigid), linewidth=0.8, label=rf"rigid, $\Delta$ = {name}")
    fields.plot(1e9 * TRACK_WIDTHS, 1e4 * differences, color="black", label="relaxed")
    fields.axhline(0.0, color="black", linewidth=0.5)
    fields.axvspan(90.0, 110.0, color="orange", alpha=0.3, label="paper")
    fields.set(
        xlabel="$W$ (nm)", ylabel=r"$(E_\mathrm{Neel} - E_\mathrm{Bloch})/(M_s \Delta W t)$ (Oe)", ylim=(-400.0, 200.0)
    )
    fields.legend(fontsize="x-small")
    turn.plot(1e9 * TRACK_WIDTHS, 1e4 * relaxed["threshold"], color="black", label="threshold, relaxed")
    label = r"$|H_\mathrm{K}|/2$ of it"
    turn.plot(1e9 * TRACK_WIDTHS, 0.5e4 * np.abs(differences), color="black", linestyle="--", label=label)
    turn.axvspan(90.0, 110.0, color="orange", alpha=0.3)
    turn.set(xlabel="$W$ (nm)", ylabel=r"$\sigma_\mathrm{ST}$ that turns the wall (Oe)", ylim=(0.0, None))
    turn.legend(fontsize="x-small")
    letters(figure)
    figure.savefig(figure_path, dpi=150)
    plt.close(figure)
    for name, value in numbers.items():
        print(f"{name}: {value:.1f}")
    return numbers


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "lequeux2016_fig1e.png"))
