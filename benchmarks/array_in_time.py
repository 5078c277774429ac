"""A V/2 write of one cell in an array with wires of 1 Ohm: seconds, against circuit simulators, by size and by thread.

    python benchmarks/array_in_time.py [--large | --smooth]

ngspice on the PATH (or NGSPICE_PROGRAM) runs the sub-circuit; the simulators of `peers`, where they are here, run the
Verilog-A module.  Without --large this takes 2 minutes: ngspice up to 16 x 16, the others up to 32 x 32, the threads at
512 x 512.  With it half an hour: all up to 64 x 64, the threads at 1024 x 1024.  Both sides have one thread; how far
their walls are apart after 25 ns stands beside.  With --smooth instead (a few seconds): 3 x 3 cells under sines and a
ramp for 8 ns, and how far their walls are from those of a hundredfold smaller tolerance.
"""

import functools
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import peers
import xarray as xr
from PySpice.Spice.Netlist import Circuit
from timing import alternate, print_table

from compact_model import Sine, lequeux2016, pulses, ramp, single_well
from crossbar import ArrayDrive, Crossbar, DomainWalls, bias, simulate_array
from spice import SimulatorError
from spice import simulate as simulate_in_ngspice
from spice.netlists.array import array_circuit
from spice.ngspice.installation import version

DEVICE = lequeux2016()
WELL = single_well(DEVICE, coercive_field=15e-4, half_width=100e-9)
TOLERANCE = 1e-11
DURATION = 25e-9
GROWTH_DURATION = 10e-9
TIME_LIMIT = 2700.0
THREAD_VARIABLES = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Simulator = Callable[[int, Path], tuple[float, np.ndarray]]


def case(size: int) -> tuple[Crossbar, ArrayDrive]:
    """An array whose walls lie about their wells, and a write of 0.3 V for 10 ns in its middle."""
    position = np.random.default_rng(size).uniform(420e-9, 580e-9, (size, size))
    array = Crossbar(cells=DomainWalls(DEVICE, WELL, position), word_line_resistance=1.0, bit_line_resistance=1.0)
    held = bias("V/2", (size, size), 0.3, word_line=size // 2, bit_line=size // 2)
    return array, ArrayDrive(((held, pulses([1.0], width=10e-9, period=1.0)),))


def circuit_of(size: int) -> Circuit:
    """The same as a circuit."""
    array, drive = case(size)
    return array_circuit(array, drive.parts[0][0], drive=drive, duration=DURATION)


def ours(size: int, duration: float) -> tuple[float, np.ndarray]:
    """Seconds, and the walls at the end."""
    array, drive = case(size)
    begin = time.perf_counter()
    found = simulate_array(array, drive, [0.0, duration], tolerance=TOLERANCE)
    return time.perf_counter() - begin, found.position.values[-1]


def in_ngspice(size: int, folder: Path) -> tuple[float, np.ndarray]:
    """The sub-circuit in ngspice: seconds, and the walls at the end."""
    circuit = circuit_of(size)
    begin = time.perf_counter()
    answer = simulate_in_ngspice(circuit, [0.0, DURATION], backend="process", time_limit=TIME_LIMIT)
    seconds = time.perf_counter() - begin
    order = [f"X{i}_{j}" for i in range(size) for j in range(size)]
    return seconds, answer.position.sel(device=order).values[:, -1].reshape(size, size)


def in_ngspice_with_osdi(size: int, folder: Path) -> tuple[float, np.ndarray]:
    """The Verilog-A module in an ngspice that loads it."""
    raw, netlist = folder / "osdi.raw", folder / "osdi.cir"
    netlist.write_text(peers.array_in_ngspice(circuit_of(size), folder / "cell.osdi", raw, DURATION))
    begin = time.perf_counter()
    peers.run([peers.ngspice_with_osdi(), "-n", "-b", netlist], folder, TIME_LIMIT)
    seconds = time.perf_counter() - begin
    return seconds, peers.walls_at_the_end(raw, DURATION, (size, size))


def in_vacask(size: int, folder: Path) -> tuple[float, np.ndarray]:
    """The Verilog-A module in VACASK."""
    netlist = folder / "vacask.sim"
    netlist.write_text(peers.array_in_vacask(circuit_of(size), folder / "cell.osdi", "vacask", DURATION))
    package = peers.vacask()
    assert package is not None
    begin = time.perf_counter()
    peers.run([package.VACASK_CMD, netlist], folder, TIME_LIMIT)
    seconds = time.perf_counter() - begin
    return seconds, peers.walls_at_the_end(folder / "vacask.raw", DURATION, (size, size), "n")


def against(size: int, simulator: Simulator, folder: Path) -> list[str]:
    """Cells of a row: our seconds, the median of those before and after; theirs; ratio; distance."""
    before, _, here = alone(size, DURATION, threads=1, runs=3)
    begin = time.perf_counter()
    said = ""
    try:
        slow, there = simulator(size, folder)
        apart = f"{np.abs(here - there).max() * 1e9:.1e}"
    except (SimulatorError, peers.UnfinishedError, subprocess.SubprocessError) as error:
        slow = time.perf_counter() - begin
        came = re.search(r"up to (\S+ ns)", str(error))
        said, apart = "> ", f"it stopped at {came.group(1)}" if came else "it did not come to the end"
    after, _, _ = alone(size, DURATION, threads=1, runs=3)
    fast = statistics.median(before + after)
    return [f"{fast:.3f}", f"{said}{slow:.2f}", f"{said}{slow / fast:.0f}", apart]


def peers_table(large: bool) -> None:
    """Seconds and walls against each simulator that is here."""
    # Name, what runs it, sizes.
    simulators: list[tuple[str, Simulator, tuple[int, ...]]] = []
    if version():
        simulators.append((f"ngspice {version()}, sub-circuit", in_ngspice, (8, 16, 32, 64) if large else (8, 16)))
    sizes = (16, 32, 64) if large else (16, 32)
    if peers.ngspice_with_osdi():
        simulators.append((f"{peers.ngspice_label()}, Verilog-A, KLU", in_ngspice_with_osdi, sizes))
    if peers.vacask():
        simulators.append(("VACASK, Verilog-A", in_vacask, sizes))
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if peers.vacask():
            peers.compiled(DEVICE, WELL, folder, "cell")
        for label, simulator, to_run in simulators:
            rows += [[f"{size} x {size}", label, *against(size, simulator, folder)] for size in to_run]
    print_table(["array", "simulator", "ours, s", "simulator, s", "ratio", "walls apart, nm"], rows)
    missing = ([] if version() else ["ngspice"]) + peers.missing()
    if missing:
        print(f"not measured, not here: {', '.join(missing)}\n")


def peak_memory() -> float:
    """Of this process, MiB.  Linux counts into ru_maxrss what the parent had, so its own count comes first."""
    status = Path("/proc/self/status")
    own = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return (int(own.group(1)) if own else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024.0


def measure(size: int, duration: float, runs: int, walls: str) -> None:
    """Print peak memory and the seconds of each run, and save the walls: in a process of its own."""
    ours(8, 1e-9)  # compiled code is loaded
    found = [ours(size, duration) for _ in range(runs)]
    np.save(walls, found[0][1])
    print(peak_memory(), *(seconds for seconds, _ in found))


def alone(size: int, duration: float, *, threads: int, runs: int = 1) -> tuple[list[float], float, np.ndarray]:
    """Seconds of each run, peak memory in MiB and walls, from a process of its own with so many threads."""
    environment = os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads))
    with tempfile.TemporaryDirectory() as name:
        walls = f"{name}/walls.npy"
        command = [sys.executable, __file__, "--measure", str(size), str(duration), str(runs), walls]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        memory, *seconds = (float(part) for part in done.stdout.split())
        return seconds, memory, np.load(walls)


def growth_table() -> None:
    """Seconds on one thread, and memory, by size."""
    rows = []
    per_cell = {}
    for size in (128, 512, 1024):
        (seconds,), memory, _ = alone(size, GROWTH_DURATION, threads=1)
        per_cell[size] = seconds / size**2 / GROWTH_DURATION
        rows.append([f"{size} x {size}", f"{seconds:.2f}", f"{per_cell[size]:.0f}", f"{memory:.0f}"])
    print_table(["array", "s for 10 ns", "ns per cell and ns", "peak MiB"], rows)
    print(f"1024 x 1024 takes {per_cell[1024] / per_cell[128]:.2f} times as long per cell as 128 x 128\n")


def threads_table(size: int, rounds: int) -> None:
    """One thread against two, in turn, with the same accuracy asked of both."""
    seconds: dict[int, list[float]] = {1: [], 2: []}
    walls = {}
    for _ in range(rounds):
        for threads, times in seconds.items():
            taken, _, walls[threads] = alone(size, GROWTH_DURATION, threads=threads)
            times += taken
    middle = {threads: statistics.median(times) for threads, times in seconds.items()}
    apart = f"{np.abs(walls[1] - walls[2]).max() * 1e9:.1e}"
    rows = [
        [f"{size} x {size}", str(threads), f"{taken:.2f}", f"{middle[1] / taken:.2f}", apart]
        for threads, taken in middle.items()
    ]
    print_table(["array", "threads", "s for 10 ns", "times as fast", "walls apart, nm"], rows)


def smooth_table() -> None:
    """Print one table: lines that are driven by sines and a ramp."""
    array, _ = case(3)
    waves = [(0, Sine(0.3, 250e6)), (1, Sine(0.2, 400e6, 0.05)), (2, ramp(0.3 / 8e-9, 8e-9))]
    drive = ArrayDrive.of_lines((3, 3), word_lines=waves, bit_lines=[(1, Sine(0.1, 130e6))])

    def run(tolerance: float) -> xr.Dataset:
        return simulate_array(array, drive, [0.0, 8e-9], tolerance=tolerance)

    exact = run(1e-14).position.values[-1]
    rows = []
    for tolerance in (1e-11, 1e-12):
        seconds = alternate({"": functools.partial(run, tolerance)}, rounds=5)[""]
        found = run(tolerance)
        apart = 1e9 * float(np.abs(found.position.values[-1] - exact).max())
        solutions = str(found.attrs["solutions_of_the_network"])
        rows.append([f"{1e9 * tolerance:g}", f"{seconds:.2f}", solutions, f"{apart:.1e}"])
    print_table(["tolerance, nm", "s for 8 ns", "solutions of the network", "walls apart, nm"], rows)


def main() -> None:
    """Print the tables."""
    if "--smooth" in sys.argv:
        smooth_table()
        return
    if "--measure" in sys.argv:
        size, duration, runs, walls = sys.argv[-4:]
        measure(int(size), float(duration), int(runs), walls)
        return
    large = "--large" in sys.argv
    peers_table(large)
    growth_table()
    threads_table(1024 if large else 512, 3 if large else 1)


if __name__ == "__main__":
    main()
