"""Maximum array size: the largest array that can be written and read, against the device's size, barrier and pinning.

All arrays are passive, with 1 Ohm in every wire segment, and are written by V/2 pulses of 10 ns at 300 K. In one pulse,
95 % of the selected walls and at most 5 % of the others move, with at most 1 V across any device.  The depth of the
wells and the model's estimate of their retention stand above each width, and the number of levels next to each length.

Top row: the sites of `lequeux2016_track`, 60 Oe, which give the paper's levels but hold a wall only for microseconds.
Bottom row: sites of 400 Oe, 40 k_B T deep at the paper's width, where the paper's device would keep its states for
years.  Left: the paper's barrier, 4.4 Ohm um2 with its 36 Ohm.  Right: a thicker barrier of 15 Ohm um2 with the same
TMR.  H_K is 30 Oe at every width; this assumes that the thickness of a narrow track is chosen such that its wall is
nearly hybrid.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm

from compact_model import lequeux2016
from compact_model.figures import STYLE, letters
from crossbar import PinningSites, design_map

WIDTHS = np.array([30.0, 50.0, 70.0, 100.0]) * 1e-9
LENGTHS = np.array([150.0, 400.0, 1000.0]) * 1e-9
BARRIERS = np.array([4.41e-12, 15e-12])
DEVICES = {"paper's size": (100e-9, 1000e-9), "scaled, A": (50e-9, 400e-9), "scaled, B": (30e-9, 150e-9)}
SITES = {"60 Oe": 60e-4, "400 Oe": 400e-4}


def main(figure_path: Path, widths: np.ndarray = WIDTHS) -> dict[str, float]:
    """Compute the maps of tracks of these widths, m, draw them and return the numbers that the figure must show."""
    device = lequeux2016()
    plt.style.use(STYLE)
    figure, panels = plt.subplots(2, 2, figsize=(7.1, 5.6))
    numbers = {}
    for row, (sites_name, coercive_field) in zip(panels, SITES.items(), strict=True):
        result = design_map(
            device,
            widths,
            LENGTHS,
            resistance_area_products=BARRIERS,
            sites=PinningSites(coercive_field=coercive_field),
            largest=48,
            seed=2016,
        )
        for index, axes in enumerate(row):
            result.dwmtj.plot(axes, at={"resistance_area_product": index}, devices=DEVICES, norm=LogNorm(1.0, 48.0))
            barrier = f"{1e12 * BARRIERS[index]:.3g} Ohm um2"
            axes.set_title(f"RA = {1e12 * BARRIERS[index]:.3g} Ω µm², sites of {sites_name}")
            for name, (width, length) in DEVICES.items():
                point = result.isel(resistance_area_product=index, scheme=0, wire_resistance=0).sel(
                    track_width=width, track_length=length, method="nearest"
                )
                of = f"{name}, {barrier}, {sites_name}"
                numbers[f"{of}: R_P (Ohm)"] = float(point.parallel_resistance)
                numbers[f"{of}: lines written"] = float(point.largest_written)
                numbers[f"{of}: lines read"] = float(point.largest_read)
        for name, (width, length) in DEVICES.items():
            point = result.sel(track_width=width, track_length=length, method="nearest")
            numbers[f"{name}, {sites_name}: levels"] = float(point.levels)
            numbers[f"{name}, {sites_name}: well depth (k_B T)"] = float(point.well_depth)
            numbers[f"{name}, {sites_name}: retention (s)"] = float(point.retention_time)
    letters(figure)
    figure.savefig(figure_path, dpi=150)
    plt.close(figure)
    for name, value in numbers.items():
        print(f"{name}: {value:.4g}")
    return numbers


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "what_an_array_can_bear.png"))
