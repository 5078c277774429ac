"""A V/2 write of one cell in an array with wires of 1 Ohm: seconds, against ngspice, and how time and memory grow.

    python benchmarks/array_in_time.py [--large]

Without --large ngspice runs up to 32 x 32 (half a minute), with it also 64 x 64 (three minutes).  Both sides record the
start and the end of 25 ns; their walls' distance stands beside.
"""

import resource
import subprocess
import sys
import time

import numpy as np
from timing import print_table

from compact_model import lequeux2016, pulses, single_well
from crossbar import ArrayDrive, Crossbar, Junctions, bias, simulate_array
from spice import DomainWallJunction
from spice import simulate as simulate_in_ngspice
from spice.array import array_circuit

DEVICE = lequeux2016()
WELL = single_well(DEVICE, coercive_field=15e-4, half_width=100e-9)
TOLERANCE, STEP = 1e-11, 10e-12


def case(size: int) -> tuple[Crossbar, np.ndarray, ArrayDrive]:
    """An array whose walls lie about their wells, and a write of 0.3 V for 10 ns in its middle."""
    position = np.random.default_rng(size).uniform(420e-9, 580e-9, (size, size))
    array = Crossbar(cells=Junctions(DEVICE, position), word_line_resistance=1.0, bit_line_resistance=1.0)
    held = bias("V/2", (size, size), 0.3, word_line=size // 2, bit_line=size // 2)
    return array, position, ArrayDrive(((held, pulses([1.0], width=10e-9, period=1.0)),))


def ours(size: int, duration: float) -> tuple[float, np.ndarray]:
    """Median seconds of three runs (one from 512 x 512 on), and the walls at the end."""
    array, _, drive = case(size)
    seconds = []
    for _ in range(1 if size >= 512 else 3):
        begin = time.perf_counter()
        found = simulate_array(
            array,
            WELL,
            drive,
            [0.0, duration],
            external_field=-DEVICE.stray_field,
            tolerance=TOLERANCE,
            step=STEP,
        )
        seconds.append(time.perf_counter() - begin)
    return float(np.median(seconds)), found.position.values[-1]


def theirs(size: int, duration: float) -> tuple[float, np.ndarray]:
    """Seconds of ngspice, and the walls at the end."""
    array, position, drive = case(size)
    circuit = array_circuit(
        array,
        drive.parts[0][0],
        junction=DomainWallJunction(DEVICE, WELL),
        position=position,
        drive=drive,
        duration=duration,
    )
    begin = time.perf_counter()
    answer = simulate_in_ngspice(circuit, [0.0, duration], backend="process")
    seconds = time.perf_counter() - begin
    order = [f"X{i}_{j}" for i in range(size) for j in range(size)]
    return seconds, answer.position.sel(device=order).values[:, -1].reshape(size, size)


def grow(size: int) -> None:
    """Print seconds and peak memory of one size: run in a process of its own."""
    ours(8, 1e-9)  # compiled code is loaded
    seconds, _ = ours(size, 10e-9)
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0)


def main() -> None:
    """Print the two tables."""
    if "--grow" in sys.argv:
        grow(int(sys.argv[-1]))
        return
    ours(8, 1e-9)
    rows = []
    for size in (8, 16, 32, 64) if "--large" in sys.argv else (8, 16, 32):
        fast, here = ours(size, 25e-9)
        slow, there = theirs(size, 25e-9)
        apart = float(np.abs(here - there).max()) * 1e9
        rows.append([f"{size} x {size}", f"{fast:.3f}", f"{slow:.2f}", f"{slow / fast:.0f}", f"{apart:.1e}"])
    print_table(["array", "ours, s", "ngspice, s", "ratio", "walls apart, nm"], rows)
    rows = []
    per_cell = {}
    for size in (128, 512, 1024):
        done = subprocess.run(
            [sys.executable, __file__, "--grow", str(size)], capture_output=True, text=True, check=True
        )
        seconds, memory = (float(part) for part in done.stdout.split()[-2:])
        per_cell[size] = 1e9 * seconds / size**2 / 10.0
        rows.append([f"{size} x {size}", f"{seconds:.2f}", f"{per_cell[size]:.0f}", f"{memory:.0f}"])
    print_table(["array", "s for 10 ns", "ns per cell and ns", "peak MiB"], rows)
    print(f"1024 x 1024 takes {per_cell[1024] / per_cell[128]:.2f} times as long per cell as 128 x 128")


if __name__ == "__main__":
    main()
