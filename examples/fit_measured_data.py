"""Fitting a device: a loop gives R_P, TMR_0 and V_h; ramps give H_K and P; a trace gives H_K, alpha and P.

The measurements are simulations with noise of a device that is unknown to the fits, which start from the paper's
device.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from compact_model import (
    PiecewiseLinear,
    Voltage,
    current_threshold,
    fit_resistance,
    fit_threshold,
    fit_trace,
    lequeux2016,
    lequeux2016_track,
    resistance_loop,
    simulate,
    single_well,
)
from compact_model.figures import STYLE, TWO_COLUMNS, letters

OERSTED, NANOSECOND = 1e-4, 1e-9
COMPENSATING = 85.0 * OERSTED
RAMP_RATE = 1e17  # A/(m2 s), 1e4 A/cm2/ns


def main(figure_path: Path) -> dict[str, float]:
    """Measure, fit, draw the three fits and return true and fitted numbers."""
    random = np.random.default_rng(1)
    start = lequeux2016()
    sample = start.replace(
        parallel_resistance=41.0, tmr=0.8, anisotropy_field=38.0 * OERSTED, spin_polarisation=0.36, damping=0.008
    )
    site = single_well(sample, coercive_field=15.0 * OERSTED, half_width=100e-9)

    track = lequeux2016_track(sample, seed=1)
    loop = resistance_loop(sample, track, amplitude=8e-3, external_field=COMPENSATING, temperature=300.0, seed=1)
    ohms = loop.resistance.values[0] + 0.3 * random.normal(size=loop.sizes["point"])
    by_loop = fit_resistance(start, {"current": loop.current.values, "resistance": ohms})

    offsets = np.array([2.0, 4.0, 6.0, 9.0, 12.0, 16.0, 20.0, 24.0]) * OERSTED
    thresholds = current_threshold(sample, offsets, ramp_rate=RAMP_RATE, method="adaptive").threshold.values[:, 0]
    thresholds = thresholds * (1.0 + 0.02 * random.normal(size=offsets.size))
    by_ramps = fit_threshold(by_loop.parameters, {"offset": offsets, "threshold": thresholds}, ramp_rate=RAMP_RATE)

    times = np.linspace(0.0, 150.0, 301) * NANOSECOND
    volts = np.where((times > 5.0 * NANOSECOND) & (times < 15.0 * NANOSECOND), 0.1, 0.0)
    drive = Voltage(PiecewiseLinear(tuple(times.tolist()), tuple(volts.tolist())))
    trace = simulate(sample, site, drive, times, external_field=COMPENSATING).resistance.values
    measured = {"time": times, "voltage": volts, "resistance": trace + 0.1 * random.normal(size=times.size)}
    by_trace = fit_trace(by_ramps.parameters, site, measured, ["anisotropy_field", "damping", "spin_polarisation"])

    plt.style.use(STYLE)
    figure, panels = plt.subplots(1, 3, figsize=TWO_COLUMNS)
    numbers = {}
    for axes, fit, title in zip(
        panels, (by_loop, by_ramps, by_trace), ("R-I loop", "current ramps", "trace"), strict=True
    ):
        fit.dataset.dwmtj.plot(axes)
        axes.set_title(title)
        print(f"{title}:\n{fit.table()}")
        for name, value, error in zip(fit.free, fit.values, fit.standard_errors, strict=True):
            numbers[f"{title}: {name}"] = value
            numbers[f"{title}: {name}, standard errors from the truth"] = (value - getattr(sample, name)) / error
    for axes in panels[1:]:  # the first has it for all, where it covers nothing
        axes.get_legend().remove()
    letters(figure)
    figure.savefig(figure_path, dpi=150)
    plt.close(figure)
    return numbers


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "fit_measured_data.png"))
