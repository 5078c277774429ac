"""The effect of ngspice's options on accuracy and run time in typical decks.

    python benchmarks/netlist_options.py

ngspice on the PATH (or NGSPICE_PROGRAM).  Errors are distances of the wall from the adaptive method or, where
transistors or thermal fields take part, from the same deck with reltol=1e-7 (1e-9 at 300 K) and a fifth of the step.
"""

import functools
import time

import numpy as np
from timing import print_table

from compact_model import Current, lequeux2016, pulses, random_track, simulate, single_well
from compact_model.support.arrays import FloatArray
from spice import SimulatorError, export, run_netlist

DEVICE = lequeux2016()
WELL = single_well(DEVICE, coercive_field=15e-4, half_width=100e-9)
EDGES = random_track(
    DEVICE,
    10,
    seed=2,
    coercive_field=60e-4,
    coercive_field_spread=0.2,
    half_width=30e-9,
    half_width_spread=0.1,
    anisotropy_spread=10e-4,
)
OPTIONS = {
    "reltol=1e-8 trtol=1, 20 ps": ("method=trap reltol=1e-8 trtol=1", 20e-12),
    "reltol=1e-6 trtol=1, 20 ps": ("method=trap reltol=1e-6 trtol=1", 20e-12),
    "reltol=1e-5 trtol=1, 20 ps": ("method=trap reltol=1e-5 trtol=1", 20e-12),
    "reltol=1e-5 trtol=1, 10 ps": ("method=trap reltol=1e-5 trtol=1", 10e-12),
    "reltol=1e-4 trtol=1, 20 ps": ("method=trap reltol=1e-4 trtol=1", 20e-12),
    "method=trap alone, 10 ps": ("method=trap", 10e-12),
    "ngspice's own, no maximum": ("", 0.0),
}
TRANSISTORS = (
    ".model nch nmos level=8 version=3.3.0 tox=9n vth0=0.62 u0=390 k1=0.75 nch=2.5e17 vsat=8.6e4 xj=0.1u\n"
    ".model pch pmos level=8 version=3.3.0 tox=9n vth0=-0.66 u0=140 k1=0.8 nch=3.5e17 vsat=1e5 xj=0.1u\n"
    "Vdd vdd 0 3.3\n"
)
RING = TRANSISTORS + "\n".join(
    [
        *(
            f"MP{i} n{(i + 1) % 7} n{i} vdd vdd pch W=10u L=0.4u AD=10p AS=10p\n"
            f"MN{i} n{(i + 1) % 7} n{i} 0 0 nch W=5u L=0.4u AD=5p AS=5p"
            for i in range(7)
        ),
        "MPo top n3 vdd vdd pch W=200u L=0.4u\nMNo top n3 0 0 nch W=100u L=0.4u\n.ic v(n0)=0",
    ]
)
PULSE, DURATION = "I1 0 top PULSE(0 6m 0 2f 2f 3n 1)", 60e-9
STARTS = np.linspace(150e-9, 850e-9, 5)
TIMES = np.linspace(0.0, DURATION, 301)


def run(body: str, options: str, step: float, stop: float) -> tuple[FloatArray, FloatArray, float]:
    """Times (s), positions (nm) and the seconds that ngspice took."""
    record = f"{step or stop / 50.0!r}"
    limit = f" 0 {step!r}" if step else ""
    netlist = f"t\n{body}\n.options {options}\n.save v(x)\n.tran {record} {stop!r}{limit}\n.end\n"
    started = time.perf_counter()
    vectors = run_netlist(netlist, backend="process", time_limit=120.0)[-1].vectors
    return vectors["time"], vectors["x"], time.perf_counter() - started


def edges(options: str, step: float) -> tuple[float, int, float]:
    """Five walls that cross the edges of ten wells; the largest error, and rows and seconds together."""
    definition = export(DEVICE, EDGES, "ngspice")
    errors, rows, seconds = [], 0, 0.0
    for start in STARTS:
        instance = f"X1 top 0 x phi dwmtj x0={float(1e9 * start)!r} phi0=0 hz=0"
        grid, position, took = run(f"{definition}{PULSE}\n{instance}", options, step, DURATION)
        errors.append(np.abs(np.interp(TIMES, grid, position) - _exact(float(start))).max())
        rows, seconds = rows + grid.size, seconds + took
    return max(errors), rows, seconds


@functools.cache
def _exact(start: float) -> FloatArray:
    drive = Current(pulses([6e-3], width=3e-9, period=1.0))
    found = simulate(
        DEVICE, EDGES, drive, TIMES, initial_position=start, initial_angle=0.0, external_field=-DEVICE.stray_field
    )
    result: FloatArray = 1e9 * found.position.values
    return result


def ring(options: str, step: float) -> tuple[float, int, float]:
    """Seven inverters that drive a junction for 10 ns."""
    return _against_itself(RING, "", "method=trap reltol=1e-7 trtol=1", options, step, 10e-9)


def warm(options: str, step: float) -> tuple[float, int, float]:
    """A pulse at 300 K, 50 ns."""
    drive = "I1 0 top PULSE(0 2m 1n 10p 10p 10n 100n)"
    return _against_itself(drive, "temperature=300 seed=1", "method=trap reltol=1e-9 trtol=1", options, step, 50e-9)


def _against_itself(
    circuit: str, values: str, best: str, options: str, step: float, stop: float
) -> tuple[float, int, float]:
    body = f"{export(DEVICE, WELL, 'ngspice')}{circuit}\nX1 top 0 x phi dwmtj x0=550 hz=0 {values}"
    exact_grid, exact = _best(body, best, stop)
    grid, position, seconds = run(body, options, step, stop)
    times = np.linspace(0.0, stop, 301)
    apart = np.interp(times, grid, position) - np.interp(times, exact_grid, exact)
    return float(np.abs(apart).max()), grid.size, seconds


@functools.cache
def _best(body: str, options: str, stop: float) -> tuple[FloatArray, FloatArray]:
    grid, position, _ = run(body, options, 4e-12, stop)
    return grid, position


def main() -> None:
    """Print the table: for each deck the error in nm, the rows and the seconds."""
    decks = {"ten wells with edges, 5 starts": edges, "seven-stage ring, 10 ns": ring, "300 K, 50 ns": warm}
    rows = []
    for name, (options, step) in OPTIONS.items():
        row = [name]
        for deck in decks.values():
            try:
                error, points, seconds = deck(options, step)
                row.append(f"{error:.2g} nm, {points}, {seconds:.2f} s")
            except SimulatorError as error:
                row.append(str(error).split(";")[0])
        rows.append(row)
    print_table(["options", *decks], rows)


if __name__ == "__main__":
    main()
