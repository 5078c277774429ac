"""Static solutions of large arrays of non-linear cells, compared with linear ones and with ngspice.

Junctions with walls at random places, by themselves and with exponential selectors in series (1S1R), 1 Ohm in every
segment of wire, word lines at 0.3 to 0.5 V driven from the left, bit lines grounded at the bottom.  Ours is a whole
call of `Crossbar.solve`, which gives all voltages and currents.  ngspice on the PATH (or NGSPICE_PROGRAM) reads a
netlist with a behavioural source for each law, solves for the operating point and writes the bit lines' currents; its
time is that of the whole process, on the one thread that it has.  So does the newer one of NGSPICE_OSDI_PROGRAM, with
KLU in place of ngspice's own solver.  Each kind of cell goes from size to size until a run passes what is left of the
limit.

    python benchmarks/nonlinear_arrays.py [--quick] [--limit SECONDS]

--quick: 8 and 16 lines alone, in seconds.  --limit: of all runs of one ngspice together, 600 s unless told otherwise.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numba
import numpy as np
import peers
from timing import THREADS, print_table

from compact_model import notched_device
from crossbar import Cells, Crossbar, ExponentialSelector, Junctions, Selected
from spice.ngspice.installation import program, version
from spice.ngspice.raw_file import read_raw

DEVICE = notched_device()
SELECTOR = ExponentialSelector(saturation_current=1e-6, voltage_scale=0.05)
SIZES = (128, 256, 512, 1024, 2048)
SIZES_OF_NGSPICE = (32, 64, *SIZES)
OPTIONS = ".options reltol=1e-6 abstol=1e-15 vntol=1e-9"
SECONDS_OF_A_SAMPLE = 10.0


def case(size: int) -> tuple[Junctions, np.ndarray]:
    """The junctions, and the voltages of the word lines."""
    draw = np.random.default_rng(size)
    return Junctions(DEVICE, draw.uniform(0.0, DEVICE.track_length, (size, size))), draw.uniform(0.3, 0.5, size)


def array_of(junctions: Junctions, kind: str) -> Crossbar:
    """The array with linear cells, junctions or 1S1R."""
    if kind == "linear":
        return Crossbar(
            conductance=junctions.zero_bias_conductance(), word_line_resistance=1.0, bit_line_resistance=1.0
        )
    cells: Cells = junctions if kind == "junctions" else Selected(junctions, SELECTOR)
    return Crossbar(cells=cells, word_line_resistance=1.0, bit_line_resistance=1.0)


def netlist(junctions: Junctions, volts: np.ndarray, kind: str, options: str) -> Iterator[str]:
    """The same array for ngspice, line by line."""
    size = volts.size
    share = (DEVICE.track_length - junctions.position) * DEVICE.track_width / DEVICE.junction_area
    per_volt = 1.0 / DEVICE.tmr_half_voltage**2
    yield "an array of non-linear cells"
    for i in range(size):
        yield f"V{i} s{i} 0 {volts[i]:.17g}"
        before = f"s{i}"
        for j in range(size):
            yield f"RW{i}_{j} {before} w{i}_{j} 1"
            before = f"w{i}_{j}"
            after = f"b{i + 1}_{j}" if i + 1 < size else "0"
            yield f"RB{i}_{j} b{i}_{j} {after} 1"
            top = f"w{i}_{j}"
            if kind == "1S1R":
                top = f"m{i}_{j}"
                yield (
                    f"BS{i}_{j} w{i}_{j} {top} I={SELECTOR.saturation_current:.17g}"
                    f"*sinh(V(w{i}_{j},{top})/{SELECTOR.voltage_scale:.17g})"
                )
            across = f"V({top},b{i}_{j})"
            yield (
                f"BJ{i}_{j} {top} b{i}_{j} I={across}/{DEVICE.parallel_resistance:.17g}"
                f"*(1-{share[i, j] * DEVICE.tmr:.17g}/({1.0 + DEVICE.tmr:.17g}+{per_volt:.17g}*{across}*{across}))"
            )
    yield ".save " + " ".join(f"v(b{size - 1}_{j})" for j in range(size))
    yield from (options, ".op", ".end", "")


def in_ngspice(size: int, kind: str, ngspice: str | Path, options: str, limit: float) -> tuple[float, np.ndarray]:
    """Seconds of the process, and the bit lines' currents, A; raises what subprocess.run does."""
    with tempfile.TemporaryDirectory() as folder:
        deck, raw = Path(folder) / "array.cir", Path(folder) / "array.raw"
        deck.write_text("\n".join(netlist(*case(size), kind, options)))
        begin = time.perf_counter()
        subprocess.run([ngspice, "-b", "-r", raw, deck], check=True, capture_output=True, timeout=limit)
        seconds = time.perf_counter() - begin
        found = read_raw(raw)[0].vectors
        return seconds, np.array([found[f"b{size - 1}_{j}"].real[0] for j in range(size)])  # through 1 Ohm


def solved(size: int, kind: str) -> tuple[float, np.ndarray, int]:
    """Median seconds of a call, the bit lines' currents, A, and Newton's steps."""
    junctions, volts = case(size)
    array = array_of(junctions, kind)
    samples: list[float] = []
    while len(samples) < 5 and sum(samples) < SECONDS_OF_A_SAMPLE:
        begin = time.perf_counter()
        found = array.solve(volts)
        samples.append(time.perf_counter() - begin)
    return float(np.median(samples)), found.bit_line_current.values[0], int(found.attrs.get("newton_steps", 0))


def beside_linear(sizes: tuple[int, ...]) -> None:
    """Ours, for each kind of cells and each number of threads."""
    rows = []
    for size in sizes:
        for threads in sorted({1, THREADS}):
            numba.set_num_threads(threads)
            seconds, _, _ = solved(size, "linear")
            row = [f"{size}", f"{threads}", f"{1e3 * seconds:.3g}"]
            for kind in ("junctions", "1S1R"):
                taken, _, steps = solved(size, kind)
                row.append(f"{1e3 * taken:.3g}, {taken / seconds:.1f} x, {steps} steps")
            rows.append(row)
            print(f"  {size} lines, {threads} threads: done", file=sys.stderr)
    print("# One input (ms, times linear, Newton's steps)\n")
    print_table(["lines", "threads", "linear", "junctions", "1S1R"], rows)


def beside_ngspice(sizes: tuple[int, ...], limit: float, label: str, ngspice: str | Path, options: str) -> None:
    """Ours on all threads against one ngspice, as far as the limit goes."""
    left = limit
    rows = []
    over: set[str] = set()
    for size in sizes:
        for kind in ("junctions", "1S1R"):
            if kind in over or left <= 0.0:
                continue
            ours, current, _ = solved(size, kind)
            begin = time.perf_counter()
            try:
                seconds, other = in_ngspice(size, kind, ngspice, options, left)
            except subprocess.TimeoutExpired as stopped:
                rows.append([f"{size}", kind, f"{ours:.3g}", f"stopped after {stopped.timeout:.0f} s", "", ""])
                over.add(kind)
            except subprocess.CalledProcessError as failure:
                rows.append([f"{size}", kind, f"{ours:.3g}", f"failed ({failure.returncode})", "", ""])
                over.add(kind)
            else:
                apart = np.linalg.norm(other - current) / np.linalg.norm(current)
                rows.append([f"{size}", kind, f"{ours:.3g}", f"{seconds:.3g}", f"{seconds / ours:.0f}", f"{apart:.0e}"])
            left -= time.perf_counter() - begin
            print(f"  {label}, {size} lines of {kind}: done", file=sys.stderr)
    print(f"# Beside {label}, {limit:.0f} s in all (s)\n")
    print_table(["lines", "cells", "ours", label, "times ours", "difference"], rows)


def main() -> None:
    """Print both tables."""
    quick = "--quick" in sys.argv
    limit = float(sys.argv[sys.argv.index("--limit") + 1]) if "--limit" in sys.argv else 600.0
    for kind in ("linear", "junctions", "1S1R"):
        solved(32, kind)  # compiles
    beside_linear((8, 16) if quick else SIZES)
    numba.set_num_threads(THREADS)
    sizes = (8, 16) if quick else SIZES_OF_NGSPICE
    if version() is None:
        print("ngspice: not found")
    else:
        beside_ngspice(sizes, limit, f"ngspice {version()}", program(), OPTIONS)
    if newer := peers.ngspice_with_osdi():
        beside_ngspice(sizes, limit, f"{peers.ngspice_label()} with KLU", newer, f"{OPTIONS} klu")


if __name__ == "__main__":
    main()
