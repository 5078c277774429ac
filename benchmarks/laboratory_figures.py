"""The paper's Figs. 1c, 2c and 3 at a laboratory ramp rate, 20 uA per ms, by escape rates: three figures and numbers.

`laboratory_figures.py [FOLDER] [1c] [2c] [3]` draws those that are named, or all, into the folder.  `--quick` takes one
track and few fields; `--force` adds the force of H_K(x) along the track, which the paper leaves out.
docs/validation.md says what is the paper's, what is fitted, what is free, and what is missing.
"""

import dataclasses
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from compact_model import (
    Landscape,
    count_levels,
    current_threshold,
    lequeux2016,
    random_track,
    resistance_loop,
    resistance_sweep,
)
from compact_model.constants import OERSTED
from compact_model.figures import ORANGE, STYLE, letters, whole_numbers

DEVICE = lequeux2016().replace(anisotropy_gradient_force=float("--force" in sys.argv))
LARGEST = 6.5e-3  # A
STEP, DWELL = 20e-6, 1e-3  # A and s: a step of the laboratory's sweep
CYCLES = 20
RESOLUTIONS = (0.1, 0.25, 0.5, 1.0)  # Ohm
FIELDS = (78.0, 85.0, 92.0)  # Oe
REPEATS = 16
FAR = 200e-9  # m: a jump between sites several hundred nm apart
INTRINSIC = 70.0 * OERSTED
OFFSETS = np.array([3.0, 6.0, 10.0, 14.0, 18.0, 22.0, 26.0]) * OERSTED
PANELS = {
    "3a": (100.0, 15.0),
    "3b": (10.0, 15.0),
    "3c": (30.0, 15.0),
    "3c, T = 0 values": (200.0, 70.0),
}  # H_K, H_c, Oe


def deep_and_shallow(seed: int) -> Landscape:
    """20 sites of 5 to 40 k_B T, with an H_K of which a laboratory sees the paper's thresholds at 300 K."""
    return random_track(
        DEVICE.replace(anisotropy_field=200.0 * OERSTED),
        20,
        seed=seed,
        coercive_field=160.0 * OERSTED,
        coercive_field_spread=0.5,
        half_width=18e-9,
        half_width_spread=0.15,
        anisotropy_spread=30.0 * OERSTED,
    )


def around_one_site() -> tuple[Landscape, float]:
    """Ten sites on average 100 nm apart, and the centre of a deep one where the paper's device has 38.5 Ohm."""
    track = random_track(
        DEVICE.replace(anisotropy_field=200.0 * OERSTED),
        10,
        seed=5,
        coercive_field=160.0 * OERSTED,
        coercive_field_spread=0.5,
        half_width=18e-9,
        half_width_spread=0.15,
        anisotropy_spread=30.0 * OERSTED,
    )
    # 38.5 Ohm: 13.3 % of the junction are antiparallel.
    wanted = DEVICE.track_length - 0.133 * DEVICE.junction_area / DEVICE.track_width
    nearest = min(track.wells, key=lambda well: abs(well.centre - wanted))
    deep = dataclasses.replace(nearest, coercive_field=300.0 * OERSTED)
    wells = tuple(deep if well is nearest else well for well in track.wells)
    return Landscape(wells, track.anisotropy), deep.centre


def figure_1c(folder: Path, quick: bool) -> None:
    """Loops of 20 cycles, and how many levels an instrument of so much resolution counts."""
    tracks = [deep_and_shallow(seed) for seed in range(1 if quick else 3)]
    loops = []
    for number, track in enumerate(tracks):
        begin = time.process_time()
        loops.append(
            resistance_loop(
                DEVICE,
                track,
                amplitude=LARGEST,
                points=4 * round(LARGEST / STEP),
                dwell=DWELL,
                cycles=CYCLES,
                external_field=85.0 * OERSTED,
                temperature=300.0,
                seed=number,
            )
        )
        depth = [well.depth(DEVICE) / (1.380649e-23 * 300.0) for well in track.wells]
        print(
            f"1c, track {number}: {time.process_time() - begin:.0f} s of a core, {min(depth):.0f} to {max(depth):.0f} "
            f"k_B T, method {loops[-1].attrs['method']}",
            flush=True,
        )
    found = [[count_levels(loop, DEVICE, resolution=each) for each in RESOLUTIONS] for loop in loops]
    levels = np.array([[int(each.levels[0]) for each in row] for row in found])
    branches = np.array([[float(each.branch_levels.mean()) for each in row] for row in found])
    most = np.array([[int(each.branch_levels.max()) for each in row] for row in found])
    for row, name in ((levels, "levels"), (branches, "in one branch, mean"), (most, "in one branch, most")):
        shown = ["/".join(f"{value:.3g}" for value in column) for column in row.T]
        print(
            f"1c, {name}: " + "; ".join(f"{r:g} Ohm {s}" for r, s in zip(RESOLUTIONS, shown, strict=True)), flush=True
        )
    figure, axes = plt.subplots(1, 2, figsize=(7.1, 2.8))
    loops[0].dwmtj.plot(axes[0], device=0, linewidth=0.5)
    axes[1].axhspan(15.0, 20.0, color=ORANGE, alpha=0.25, linewidth=0.0, zorder=0, label="paper: 15 to 20")
    for number, row in enumerate(levels):
        axes[1].plot(RESOLUTIONS, row, marker="o", color="C0", label=None if number else "20 cycles, each track")
    axes[1].plot(RESOLUTIONS, branches.mean(axis=0), marker="s", color="C2", label="one branch, mean of all")
    axes[1].set(xlabel=r"resolution ($\Omega$)", ylabel="intermediate levels", ylim=(0.0, 26.0))
    whole_numbers(axes[1].yaxis)
    axes[1].legend(loc="upper right", ncols=2, fontsize="small")
    letters(figure)
    figure.savefig(folder / "laboratory_fig1c.png", dpi=150)
    plt.close(figure)


def figure_2c(folder: Path, quick: bool) -> None:
    """R on currents that rise towards AP from one site, at each field, and how often the wall jumps far."""
    track, start = around_one_site()
    currents = -np.arange(0.0, 0.6 * LARGEST, STEP)  # towards AP, where there is track to jump over
    figure, axes = plt.subplots(figsize=(4.6, 3.4))
    for field, style in zip(FIELDS[::2] if quick else FIELDS, ("-", "--", ":"), strict=False):
        begin = time.process_time()
        sweep = resistance_sweep(
            DEVICE,
            track,
            currents,
            dwell=DWELL,
            devices=REPEATS,
            samples=4,
            external_field=field * OERSTED,
            temperature=300.0,
            initial_position=start,
            seed=7,
        )
        jumps = np.diff(sweep.position.values, axis=1)
        forward, back = (jumps > FAR).sum(axis=1), (jumps < -FAR).sum(axis=1)
        left = np.array([np.argmax(np.abs(row - start) > 25e-9) for row in sweep.position.values])
        quartiles = ", ".join(f"{value:.2f}" for value in 1e3 * np.percentile(currents[left], [25.0, 50.0, 75.0]))
        print(
            f"2c, {field:g} Oe: {time.process_time() - begin:.0f} s of a core, leaves at {quartiles} mA (quartiles); "
            f"jumps of more than 200 nm in a run: {forward.mean():.1f} towards P, {back.mean():.1f} back",
            flush=True,
        )
        axes.plot(1e3 * currents, sweep.resistance.values[0], style, linewidth=0.9, label=f"{field:g} Oe")
    axes.set(xlabel="$I$ (mA)", ylabel=r"$R$ ($\Omega$)")
    axes.legend()
    figure.savefig(folder / "laboratory_fig2c.png", dpi=150)
    plt.close(figure)


def figure_3(folder: Path, quick: bool) -> None:
    """Median thresholds at 300 K on a ramp of 20 uA per ms against Delta_H, for each torque alone and for both."""
    ramp = STEP / DWELL / DEVICE.junction_area
    figure, panels = plt.subplots(1, 4, figsize=(9.0, 2.7))
    for axes, (panel, (anisotropy, pinning)) in zip(panels, PANELS.items(), strict=True):
        device = DEVICE.replace(anisotropy_field=anisotropy * OERSTED)
        offsets = OFFSETS if pinning < 20.0 else pinning * OERSTED - np.linspace(2.0, 25.0, OFFSETS.size) * OERSTED
        offsets = np.sort(offsets[offsets < pinning * OERSTED])[:: 3 if quick else 1]
        for torques, marker in (("slonczewski", "o"), ("field-like", "s"), ("both", "x")):
            found = current_threshold(
                device,
                offsets,
                coercive_field=pinning * OERSTED,
                torques=torques,
                ramp_rate=ramp,
                temperature=300.0,
                repeats=200,
                seed=3,
            )
            median = np.median(found.threshold.values, axis=1) / 1e10
            axes.plot(offsets / OERSTED, median, marker=marker, markersize=4, label=torques.capitalize())
            shown = " ".join(f"{value:.3g}" for value in median)
            print(f"{panel}, {torques}: {shown} (1e6 A/cm2) at {offsets / OERSTED} Oe", flush=True)
        fields = rf"$H_\mathrm{{K}}$ {anisotropy:.0f}, $H_\mathrm{{c}}$ {pinning:.0f} Oe"
        axes.set(title=f"{panel}\n{fields}", xlabel=r"$\Delta H$ (Oe)")
        axes.set(ylabel=r"$J_\mathrm{th}$ (10$^6$ A/cm$^2$)")
        if pinning < 20.0:
            axes.set(yscale="log", ylim=(5e-7, 0.1))
        else:
            axes.set(ylim=(0.0, None))
    panels[0].legend()
    figure.savefig(folder / "laboratory_fig3.png", dpi=150)
    plt.close(figure)


FIGURES = {"1c": figure_1c, "2c": figure_2c, "3": figure_3}


def main() -> None:
    """The figures that are asked for."""
    asked = [name for name in sys.argv[1:] if name in FIGURES]
    folders = [name for name in sys.argv[1:] if name not in FIGURES and not name.startswith("--")]
    folder = Path(folders[0] if folders else ".")
    folder.mkdir(parents=True, exist_ok=True)  # before the work
    plt.style.use(STYLE)
    for name in asked or FIGURES:
        FIGURES[name](folder, "--quick" in sys.argv)


if __name__ == "__main__":
    main()
