"""Program and verify: an array of notched devices to random targets of 16 levels, with its time and energy.

    python benchmarks/programming.py [SIZE [SEGMENT_OHM]]

By default 16 x 16 on 0.1 Ohm (a quarter of a minute); `64 0.02` is the large case.  All cells of a row that need it
share each pulse; V/3, edges of 2 ns, 200 ns of rest after a pulse, at 0 K, compensated for the drop along the wires.
"""

import sys
import time

import numpy as np
from timing import print_table

from compact_model import notched_device, notched_track
from crossbar import (
    ArraySimulation,
    Crossbar,
    DomainWalls,
    Schedule,
    WriteAccess,
    even_levels,
    program,
)

LEVELS = 16


def main() -> None:
    """Print one table."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 16
    segment = float(sys.argv[2]) if len(sys.argv) > 2 else 0.1
    device = notched_device()
    draw = np.random.default_rng(64)
    tracks = [notched_track(device, np.random.default_rng([64, index])) for index in range(size * size)]
    start = np.array([track.wells[int(draw.integers(len(track.wells)))].centre for track in tracks])
    array = Crossbar(
        cells=DomainWalls(device, tracks, start.reshape(size, size)),
        word_line_resistance=segment,
        bit_line_resistance=segment,
    )
    simulation = ArraySimulation(array, tolerance=1e-10, current_tolerance=1e-7)
    states = even_levels(simulation.devices, LEVELS)
    spacing = float(states[1] - states[0])
    threshold = device.threshold_voltage
    begin = time.perf_counter()
    result = program(
        simulation,
        draw.choice(states, (size, size)),
        Schedule(
            voltages=[1.3 * threshold, 1.5 * threshold, 1.7 * threshold],
            widths=4e-9,
            conductance_step=spacing,
            longest=12,
        ),
        tolerance=0.5 * spacing,
        write=WriteAccess(scheme="V/3", edge=2e-9, settle=200e-9, compensate=True),
        progress=True,
    )
    seconds = time.perf_counter() - begin
    error = np.abs(result.error.values) / spacing
    rows = [
        ["time of the program, s", f"{seconds:.1f}"],
        ["time on the array's clock, us", f"{1e6 * result.attrs['duration']:.1f}"],
        ["cells reached", f"{error.size - result.attrs['unreached']} of {error.size}"],
        ["cells within half a level at the end", f"{int((error <= 0.5).sum())} of {error.size}"],
        ["largest error, levels", f"{error.max():.2f}"],
        ["pulses per cell", f"{result.attrs['total_pulses'] / error.size:.2f}"],
        ["energy of the sources, nJ", f"{1e9 * result.attrs['energy_of_sources']:.1f}"],
        ["of that in the wires, nJ", f"{1e9 * result.attrs['energy_in_lines']:.1f}"],
        ["energy per pulse and cell, pJ", f"{1e12 * result.attrs['energy_per_pulse']:.1f}"],
        ["solutions of the network", str(result.attrs["solutions_of_the_network"])],
    ]
    print_table([f"{size} x {size}, {segment:g} Ohm segments", ""], rows)


if __name__ == "__main__":
    main()
