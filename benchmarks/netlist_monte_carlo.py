"""Monte Carlo runs of a write in ngspice, on all cores, beside as many devices in Python.

    python benchmarks/netlist_monte_carlo.py [RUNS]

1000 runs unless told otherwise; ngspice on the PATH (or NGSPICE_PROGRAM).  VACASK and OSDI have no random parameters.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from compact_model import Current, lequeux2016, pulses, simulate_ensemble, single_well, vary
from spice import corner_file, monte_carlo
from spice.ngspice.installation import version

DEVICE = lequeux2016()
TRACK = single_well(DEVICE, coercive_field=15e-4, half_width=100e-9)
SPREADS = {"anisotropy_field": 6e-4, "tmr": 0.1, "track_width": 0.05, "parallel_resistance": 0.03, "damping": 0.2}
DECK = """a write
.lib corners.lib mc
I1 0 top PULSE(0 2m 1n 10p 10p 10n 100n)
X1 top 0 x phi dwmtj x0=550
.options method=trap reltol=1e-5 trtol=1
.tran 0.02n 8n 0 0.02n
.meas tran x_end FIND v(x) AT=8n
.end
"""


def main() -> None:
    """Print the seconds, and mean and standard deviation of where the walls end."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "corners.lib").write_text(corner_file(DEVICE, TRACK, SPREADS))
        started = time.perf_counter()
        ends = monte_carlo(DECK, runs, seed=1, folder=Path(name)).x_end.values
        seconds = time.perf_counter() - started
    print(f"ngspice {version()}: {runs} runs in {seconds:.1f} s; {_summary(ends)}")
    devices = vary(DEVICE, runs, SPREADS, seed=2)
    started = time.perf_counter()
    found = simulate_ensemble(
        devices,
        TRACK,
        Current(pulses([2e-3], width=10e-9, period=1.0, start=1e-9)),
        [0.0, 8e-9],
        initial_position=550e-9,
    )
    seconds = time.perf_counter() - started
    print(f"Python: {runs} devices in {seconds:.2f} s; {_summary(1e9 * found.position.values[:, -1])}")


def _summary(ends: np.ndarray) -> str:
    error = ends.std() / np.sqrt(ends.size)
    return f"x = {ends.mean():.2f} +- {error:.2f} nm, standard deviation {ends.std():.2f} nm"


if __name__ == "__main__":
    main()
