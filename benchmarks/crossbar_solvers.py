"""The crossbar's solver against badcrossbar, CHOLMOD and PARDISO: time, memory, accuracy, and the machine's bandwidth.

Square arrays of random devices, 1 Ohm in every segment of wire, word lines driven from the left, bit lines grounded at
the bottom.  All sides give all node voltages and device currents for the same input; a cold solve of ours starts from
the arrays of numbers, as the others do.  `--full` adds badcrossbar at 1024 x 1024 (two minutes and 6 GB); `--small`,
`--selectors` and `--busy` print the tables of small calls, of cells with selectors, and of one and two threads beside a
busy core alone (seconds).

`--memory SOLVER SIZE` is what the benchmark runs in processes of their own: it prints the peak of the resident memory,
and what it was before the solve.
"""

import contextlib
import io
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

# Else MKL's threads spin for a fifth of a second after each PARDISO solve, on the cores of whoever is timed next.
os.environ.setdefault("KMP_BLOCKTIME", "0")

import numba
import numpy as np
from numba import njit, prange
from scipy import sparse
from scipy.sparse.linalg import spsolve
from timing import THREADS, alternate, print_table

from compact_model import notched_device
from crossbar import (
    Crossbar,
    DiodeSelector,
    ExponentialSelector,
    Junctions,
    MosTransistor,
    Resistors,
    Selected,
    ThresholdSelector,
    TransistorCrossbar,
)
from crossbar.network.linear_network import Network, Sources
from crossbar.network.single_cell import CellUpdates
from crossbar.network.solve import solve_network

DEVICES = {"36 to 70 Ohm": (36.0, 70.0), "10 to 20 kOhm": (10e3, 20e3)}
PEERS = ("CHOLMOD", "PARDISO", "badcrossbar")


def case(size: int, devices: str = "36 to 70 Ohm", inputs: int = 1) -> tuple[Network, Sources]:
    """A network of the benchmark, and voltages of 0.5 to 1 V."""
    draw = np.random.default_rng(size)
    ones, infinite = np.ones(size), np.full(size, np.inf)
    network = Network(
        conductance=1.0 / draw.uniform(*DEVICES[devices], (size, size)),
        word_segment=ones,
        bit_segment=ones,
        word_start=ones,
        word_stop=infinite,
        bit_start=infinite,
        bit_stop=ones,
    )
    sources = Sources.zero(network, inputs)
    sources.word_start[:] = draw.uniform(0.5, 1.0, (size, inputs))
    return network, sources


def nodal_matrix(network: Network, sources: Sources):
    """The matrix of all nodes, and the currents into them."""
    size = network.shape[0]
    conductance = network.conductance.ravel()
    nodes = size * size
    line = np.full((size, size), 2.0)
    line[:, -1] = 1.0  # the first node has the driver's segment beside the next one, the last has one neighbour
    along = np.ones(nodes - 1)
    along[size - 1 :: size] = 0.0
    words = sparse.diags([conductance + line.ravel(), -along, -along], [0, 1, -1])
    column = np.full((size, size), 2.0)
    column[0] = 1.0
    across = -np.ones(nodes - size)
    bits = sparse.diags([conductance + column.ravel(), across, across], [0, size, -size])
    cells = sparse.diags(-conductance)
    right = np.zeros((2 * nodes, sources.inputs))
    right[np.arange(size) * size] = sources.word_start
    return sparse.bmat([[words, cells], [cells, bits]], format="csc"), right


def currents(network: Network, voltages: np.ndarray) -> np.ndarray:
    """Device currents from all node voltages."""
    word, bit = voltages.reshape(2, *network.shape)
    return network.conductance * (word - bit)


def run_peer(name: str, network: Network, sources: Sources) -> np.ndarray:
    """Device currents of the first input by another library; ImportError where it is missing."""
    if name == "badcrossbar":
        import badcrossbar

        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            logging.disable()
            found = badcrossbar.compute(sources.word_start, 1.0 / network.conductance, 1.0)
        return np.asarray(found.currents.device)
    matrix, right = nodal_matrix(network, sources)
    if name == "CHOLMOD":
        from sksparse.cholmod import cholesky

        return currents(network, cholesky(matrix)(right[:, 0]))
    import pypardiso

    return currents(network, pypardiso.spsolve(matrix.tocsr(), right[:, 0]))


def available(name: str) -> str:
    """Why a library cannot be used; empty where it can."""
    try:
        run_peer(name, *case(8))
    except ImportError as error:
        return f"not installed ({error})"
    return ""


def once(run) -> float:
    """Seconds of one call, for what takes long."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


@njit(parallel=True)
def triad(first, second, third):
    """STREAM's triad."""
    for index in prange(first.size):
        first[index] = second[index] + 0.5 * third[index]


def bandwidth() -> float:
    """Bytes per second of memory traffic, with the threads that the solver uses."""
    arrays = [np.ones(16_000_000) for _ in range(3)]
    seconds = alternate({"triad": lambda: triad(*arrays)}, rounds=5)["triad"]
    return 4 * 8 * arrays[0].size / seconds  # with the line of the target, read before it is written


def bytes_touched(size: int, iterations: int) -> float:
    """Traffic of a cold solve if nothing stays in a cache between two sweeps over the array.

    Per cell and iteration: preconditioner 96, its products 24, direction 20, matrix 32, step 52; once more the first
    two to measure the error, two looks at the true residual of 60, the factors 60 and the ends 16.
    """
    return size * size * (224.0 * iterations + 316.0)


def times(speed: float, missing: dict[str, str], full: bool) -> None:
    """Cold solves against the peers."""
    rows = []
    per_cell = {}
    for devices in DEVICES:
        for size in (64, 256, 512, 1024, 2048):
            network, sources = case(size, devices)
            found = solve_network(network, sources)
            sides: dict[str, Callable[[], object]] = {"ours": partial(solve_network, network, sources)}
            seconds = alternate(sides, rounds=7)["ours"]
            per_cell[devices, size] = seconds / size**2, found.iterations
            allowed = bytes_touched(size, found.iterations) / speed
            cells = [f"{size}", devices, f"{1e3 * seconds:.2f}", f"{found.iterations}", f"{1e3 * allowed:.2f}"]
            for peer in PEERS:
                wanted = size <= 512 or (size == 1024 and devices == "36 to 70 Ohm" and (peer != "badcrossbar" or full))
                if peer in missing or not wanted:
                    cells.append("" if not wanted else "not installed")
                    continue
                result: dict[str, Any] = {}

                def run(peer=peer, network=network, sources=sources, result=result):
                    result["currents"] = run_peer(peer, network, sources)

                taken = once(run)
                error = np.linalg.norm(found.device_current[0] - result["currents"]) / np.linalg.norm(
                    result["currents"]
                )
                time.sleep(0.5)  # until the peer's threads sleep
                ours = alternate(sides, rounds=5)["ours"]  # again, so that both met the same state of the machine
                cells.append(f"{taken:.2f} s, {taken / ours:.0f} x, {error:.0e}")
            rows.append(cells)
            print(f"  {devices}, {size}: done", file=sys.stderr)
    print(f"# Cold solves, {numba.get_num_threads()} threads, {speed / 1e9:.0f} GB/s\n")
    print("Peers: seconds, times slower than ours, relative difference of the device currents.\n")
    print_table(["size", "devices", "ms", "iterations", "ms by bandwidth", *PEERS], rows)
    for name, reason in missing.items():
        print(f"{name}: {reason}\n")
    for devices in DEVICES:
        (small, few), (large, many) = per_cell[devices, 256], per_cell[devices, 2048]
        print(
            f"{devices}: {1e9 * small:.0f} ns per cell at 256, {1e9 * large:.0f} at 2048, ratio {large / small:.2f}; "
            f"{few} and {many} iterations\n"
        )


def many_inputs(missing: dict[str, str]) -> None:
    """32 inputs at 256 x 256 against CHOLMOD's factor, made before."""
    network, sources = case(256, inputs=32)
    sides: dict[str, Callable[[], object]] = {"ours, 32 inputs, cold": lambda: solve_network(network, sources)}
    if "CHOLMOD" not in missing:
        from sksparse.cholmod import cholesky

        matrix, right = nodal_matrix(network, sources)
        factor = cholesky(matrix)
        sides["CHOLMOD, factor reused"] = lambda: factor(right)
    seconds = alternate(sides, rounds=3)
    ours = seconds["ours, 32 inputs, cold"]
    print("# 32 inputs at 256 x 256\n")
    print_table(
        ["side", "ms", "times ours"],
        [[name, f"{1e3 * value:.1f}", f"{value / ours:.1f}"] for name, value in seconds.items()],
    )


def single_cells() -> None:
    """New values of one cell's conductance at 512 x 512, and small arrays."""
    network, sources = case(512)
    solution = solve_network(network, sources)
    updates = CellUpdates(network, sources, solution, (100, 200))
    small, small_sources = case(16)
    first = solve_network(small, small_sources)
    from crossbar.network.iterative import IterativeSolver

    solver = IterativeSolver(small)

    def new_cells():
        solver.set_conductance(small.conductance)
        return solver.solve(small_sources, start=first)

    seconds = alternate(
        {
            "cold solve, 512 x 512": lambda: solve_network(network, sources),
            "new value of one cell, 512 x 512": lambda: updates.update([0.02]),
            "solve_network, 16 x 16": lambda: solve_network(small, small_sources),
            "IterativeSolver.solve, 16 x 16": lambda: solver.solve(small_sources),
            "IterativeSolver, new cells and warm start, 16 x 16": new_cells,
        },
        rounds=5,
    )
    print("# One cell changed, and small arrays\n")
    cold = seconds["cold solve, 512 x 512"]
    print_table(
        ["call", "us", "cold solves at 512 per call"],
        [[name, f"{1e6 * value:.0f}", f"1/{cold / value:.0f}"] for name, value in seconds.items()],
    )


def solve_by_hand(conductance: np.ndarray, voltage: np.ndarray) -> np.ndarray:
    """Device currents of a square array with 1 Ohm wires, as briefly as scipy.sparse has it."""
    size = conductance.shape[0]
    cells = size * size
    word = np.arange(cells).reshape(size, size)
    bit = word + cells
    first = np.concatenate([word.ravel(), word[:, :-1].ravel(), bit[:-1].ravel()])
    second = np.concatenate([bit.ravel(), word[:, 1:].ravel(), bit[1:].ravel()])
    joining = np.ones(first.size)
    joining[:cells] = conductance.ravel()
    diagonal = np.full((2, size, size), 2.0)
    diagonal[0, :, -1] = diagonal[1, 0] = 1.0
    diagonal += conductance
    nodes = np.arange(2 * cells)
    matrix = sparse.coo_matrix(
        (
            np.concatenate([diagonal.ravel(), -joining, -joining]),
            (np.concatenate([nodes, first, second]), np.concatenate([nodes, second, first])),
        ),
        shape=(2 * cells, 2 * cells),
    ).tocsc()
    right = np.zeros(2 * cells)
    right[word[:, 0]] = voltage
    found = spsolve(matrix, right).reshape(2, size, size)
    return conductance * (found[0] - found[1])


def small_calls() -> None:
    """Whole calls, labels and checks included, beside a sparse solve assembled by hand."""
    draw = np.random.default_rng(8)
    conductance, voltage = 1.0 / draw.uniform(36.0, 70.0, (8, 8)), draw.uniform(0.5, 1.0, 8)
    array = Crossbar(conductance=conductance, word_line_resistance=1.0, bit_line_resistance=1.0)
    many = draw.uniform(0.5, 1.0, (8, 200))
    reference = solve_by_hand(conductance, voltage)
    difference = np.linalg.norm(array.solve(voltage).device_current[0] - reference) / np.linalg.norm(reference)
    seconds = alternate(
        {
            "assembled by hand, scipy.sparse": lambda: solve_by_hand(conductance, voltage),
            "Crossbar.solve": lambda: array.solve(voltage),
            "Crossbar and its solve": lambda: Crossbar(
                conductance=conductance, word_line_resistance=1.0, bit_line_resistance=1.0
            ).solve(voltage),
            "Crossbar.solve, 200 inputs": lambda: array.solve(many),
        },
        rounds=40,
    )
    print("# Small calls: 8 x 8\n")
    hand = next(iter(seconds.values()))
    print_table(
        ["call", "us", "times by hand"],
        [[name, f"{1e6 * value:.0f}", f"{value / hand:.2f}"] for name, value in seconds.items()],
    )
    ratio = seconds["Crossbar.solve, 200 inputs"] / seconds["Crossbar.solve"]
    print(f"Currents within {difference:.0e} of each other, in the norm; 200 inputs take {ratio:.1f} times one.\n")


def cells_with_selectors() -> None:
    """200 inputs of 8 x 8 junctions, by themselves and with each kind of selector, beside the linear solve."""
    device = notched_device()
    draw = np.random.default_rng(1)
    junctions = Junctions(device, draw.uniform(0.0, device.track_length, (8, 8)))
    voltages = draw.uniform(-0.5, 0.5, (8, 200))
    ohms = device.parallel_resistance
    kinds = {
        "junctions": junctions,
        "with exponential selectors": Selected(
            junctions, ExponentialSelector(saturation_current=1e-6, voltage_scale=0.05)
        ),
        "with threshold selectors": Selected(
            junctions,
            ThresholdSelector(threshold_voltage=0.2, on_resistance=0.1 * ohms, off_resistance=1e3 * ohms),
        ),
        "with diodes": Selected(junctions, DiodeSelector(saturation_current=1e-9, ideality=1.5)),
    }
    wires: dict[str, Any] = {"word_line_resistance": 1.0, "bit_line_resistance": 1.0}
    arrays = {"linear": Crossbar(conductance=junctions.zero_bias_conductance(), **wires)}
    arrays |= {name: Crossbar(cells=cells, **wires) for name, cells in kinds.items()}
    sides: dict[str, Callable[[], object]] = {name: partial(array.solve, voltages) for name, array in arrays.items()}
    seconds = alternate(sides, rounds=7)
    print("# 200 inputs at 8 x 8\n")
    print_table(
        ["cells", "ms", "times linear"],
        [[name, f"{1e3 * value:.1f}", f"{value / seconds['linear']:.1f}"] for name, value in seconds.items()],
    )


def beside_a_busy_core() -> None:
    """1024 x 1024 on one thread and on two, alone and with another process that never rests."""
    network, sources = case(1024)

    def solve(threads: int) -> None:
        numba.set_num_threads(threads)
        solve_network(network, sources)

    sides: dict[str, Callable[[], object]] = {"one": lambda: solve(1), "two": lambda: solve(2)}
    rows = []
    for others in (0, 1):
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(others)]
        seconds = alternate(sides, rounds=9)
        for process in busy:
            process.kill()
            process.wait()
        one, two = (1e3 * seconds[name] for name in sides)
        rows.append([f"{others}", f"{one:.0f}", f"{two:.0f}", f"{two / one:.2f}"])
    numba.set_num_threads(THREADS)
    print("# 1024 x 1024 beside busy cores (ms)\n")
    print_table(["busy loops", "one thread", "two threads", "ratio"], rows)


def resident() -> float:
    """The most memory that this process has held so far, MiB (getrusage's figure begins with the parent's)."""
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def transistor_array(size: int) -> None:
    """Solve a square array of cells with transistors that all conduct, across source lines along the word lines.

    Nothing is then left out of the matrix, and it fills the most: along the bit lines each column is by itself.
    """
    ohms = np.random.default_rng(size).uniform(5e3, 20e3, (size, size))
    array = TransistorCrossbar(
        cells=Resistors(1.0 / ohms),
        transistor=MosTransistor(threshold_voltage=0.4, transconductance=300e-6, width=200e-9, length=50e-9),
        gate_voltage=1.2,
        source_lines="word_line",
        source_line_resistance=1.0,
        bit_line_resistance=1.0,
    )
    array.solve(1.2, source_line_voltage=0.3)


def peak(solver: str, size: int) -> None:
    """Print the peak memory of this process after a solve, and its memory before, in MiB."""
    if solver == "1T1R":
        transistor_array(8)
        before = resident()
        transistor_array(size)
        print(resident(), before)
        return
    network, sources = case(size)
    (solve_network if solver == "ours" else lambda *small: run_peer(solver, *small))(*case(8))
    before = resident()
    if solver == "ours":
        solve_network(network, sources)
    else:
        run_peer(solver, network, sources)
    print(resident(), before)


def memory(missing: dict[str, str]) -> None:
    """Peak resident memory, each in a process of its own."""
    rows = []
    for solver, size in (
        ("ours", 512),
        *((peer, 512) for peer in PEERS if peer not in missing),
        ("ours", 4096),
        ("1T1R", 256),
    ):
        command = [sys.executable, __file__, "--memory", solver, str(size)]
        begin = time.perf_counter()
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        taken = time.perf_counter() - begin
        top, before = (float(word) for word in printed.split()[-2:])
        rows.append([solver, f"{size}", f"{top:.0f}", f"{top - before:.0f}", f"{taken:.1f}"])
    print("# Memory (MiB)\n")
    print_table(["solver", "size", "peak of the process", "of that, the solve", "s, whole process"], rows)


def main() -> None:
    """Print all tables."""
    if "--memory" in sys.argv:
        peak(sys.argv[-2], int(sys.argv[-1]))
        return
    if "--small" in sys.argv:
        small_calls()
        return
    if "--selectors" in sys.argv:
        cells_with_selectors()
        return
    if "--busy" in sys.argv:
        beside_a_busy_core()
        return
    missing = {name: reason for name in PEERS if (reason := available(name))}
    speed = bandwidth()
    times(speed, missing, "--full" in sys.argv)
    many_inputs(missing)
    single_cells()
    small_calls()
    cells_with_selectors()
    beside_a_busy_core()
    memory(missing)


if __name__ == "__main__":
    main()
