"""Fig. 2b: the wall's energy against position and angle, with simulated walls on the two ways out of a pinning site.

Left: the field-like torque tilts the energy along x, and the wall escapes over the remaining pinning barrier, which is
set by H_c.  Right: the Slonczewski torque tilts the energy along the angle; the wall rotates over the remaining
anisotropy barrier K, and leaves the site while it keeps rotating.  The lines are walls simulated at 300 K (stochastic
Heun method) that leave the site within the simulated time.

Taken from the paper's simulations are the device, H_c = 15 Oe, x_c = 100 nm, H_K = 30 Oe (its fit) and zeta = 0.3.  The
two current densities, 0.8 of the static limit of each torque, are free choices.  The paper's figure is a sketch without
numbers and without walls.  A site of 15 Oe at T = 0, as used here, would not have held the paper's walls for minutes at
300 K. The pad is parallel; the ends of the track, including the unpinned AP end, do not matter.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

from compact_model import (
    CurrentDensity,
    DeviceParameters,
    Landscape,
    lequeux2016,
    lequeux2016_measured_site,
    rest_position,
    simulate_ensemble,
    static_current_threshold,
)
from compact_model.figures import STYLE, letters

BOLTZMANN_ENERGY = 1.380649e-23 * 300.0  # J
SHARE = 0.8  # of the static limit
WALLS, WINDOW, STEP = 48, 2e-6, 20e-12
SITE, HALF_WIDTH = 500e-9, 100e-9
SHOWN = 40e-9  # s, before a wall leaves
POSITIONS = np.linspace(380e-9, 660e-9, 281)
ANGLES = np.linspace(-2.6 * np.pi, 0.6 * np.pi, 321)


def energy(device: DeviceParameters, track: Landscape, field: float, torque: float) -> np.ndarray:
    """Energy of a wall at POSITIONS and ANGLES, k_B T; field, torque: along z and on the angle, T."""
    per_field = device.energy_per_field_length
    along = track.energy(POSITIONS, device) - per_field * field * POSITIONS
    turn = 0.5 * device.anisotropy_field * np.sin(ANGLES) ** 2 + torque * ANGLES
    result = (along[np.newaxis, :] + per_field * device.wall_width * turn[:, np.newaxis]) / BOLTZMANN_ENERGY
    place = rest_position(track, field)
    return result - result[np.abs(ANGLES).argmin(), np.abs(POSITIONS - place).argmin()]


def walls(device: DeviceParameters, track: Landscape, density: float, field: float, torques: str) -> xr.Dataset:
    """Simulate walls from rest at this J (A/m2), whose torque adds a field along z (T), until they leave the site."""
    return simulate_ensemble(
        device,
        track,
        CurrentDensity.of(density),
        np.arange(0.0, WINDOW, 0.2e-9),
        devices=WALLS,
        initial_position=rest_position(track, field),
        temperature=300.0,
        torques=torques,
        step=STEP,
        stop_below=SITE - HALF_WIDTH,
        stop_above=SITE + 1.3 * HALF_WIDTH,
        seed=2,
    )


def main(figure_path: Path) -> dict[str, float]:
    """Simulate the walls, draw them on the energy and return the numbers that the figure must show."""
    device = lequeux2016().replace(stray_field=0.0)
    track = lequeux2016_measured_site(device)
    plt.style.use(STYLE)
    figure, panels = plt.subplots(1, 2, figsize=(7.1, 3.1), sharey=True)
    numbers = {}
    for axes, torques in zip(panels, ("field-like", "slonczewski"), strict=True):
        limit = float(static_current_threshold(device, 15e-4, torques))
        density = SHARE * limit
        torque = device.torque_per_current_density * density
        field, turning = (device.field_like_ratio * torque, 0.0) if torques == "field-like" else (0.0, torque)
        surface = energy(device, track, field, turning)
        run = walls(device, track, density, field, torques)
        # Shown up to a little above the site: what lies far below is where walls go, not where they come from.
        drawn = axes.contourf(
            1e9 * POSITIONS, ANGLES / np.pi, np.clip(surface, -12.0, 12.0), np.linspace(-12.0, 12.0, 25), cmap="RdBu_r"
        )
        passed = run.passage_time.values
        left = np.flatnonzero(np.isfinite(passed) & (run.position.values[:, -1] > SITE))
        for number in left[np.argsort(passed[left])][:3].tolist():
            shown = (run.time.values <= passed[number]) & (run.time.values > passed[number] - SHOWN)
            angle = run.angle.values[number, shown] / np.pi
            whole = np.ceil(angle.max() - 0.6)  # half turns, after which the energy looks the same
            axes.plot(1e9 * run.position.values[number, shown], angle - whole, linewidth=0.9)
        title = r"field-like torque, over $H_\mathrm{c}$" if torques == "field-like" else "Slonczewski torque, over $K$"
        axes.set(xlabel="$x$ (nm)", title=title, xlim=(380, 660), ylim=(-2.6, 0.6))
        numbers[f"{torques}: static limit (1e6 A/cm2)"] = limit / 1e10
        numbers[f"{torques}: walls that left in 2 us (of {WALLS})"] = float(np.isfinite(passed).sum())
        turned = [np.interp(passed[number], run.time, run.angle.values[number]) / np.pi for number in left.tolist()]
        numbers[f"{torques}: half turns of a wall on its way out, median"] = float(np.median(np.abs(turned)))
    panels[0].set_ylabel(r"$\phi / \pi$")
    figure.colorbar(drawn, ax=panels, label=r"energy ($k_\mathrm{B}T$ at 300 K)")
    letters(figure)
    figure.savefig(figure_path, dpi=150)
    plt.close(figure)
    for name, value in numbers.items():
        print(f"{name}: {value:.2f}")
    return numbers


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "lequeux2016_fig2b.png"))
