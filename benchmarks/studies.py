"""Studies: 10 000 devices x 100 pulses at 300 K, what the store costs, and what a second Dask worker brings.

Usage: python benchmarks/studies.py [--small]
"""

import sys
import tempfile
import time
from dataclasses import replace

import numba

from dwmtj.study.description import Study
from dwmtj.study.run import run_study

THREADS = 2


def seconds(study: Study, **where: object) -> float:
    """Of a whole study, the second time: the first loads what it needs."""
    run_study(replace(study, samples=16), **{name: value for name, value in where.items() if name != "store"})
    begun = time.perf_counter()
    run_study(study, **where)
    return time.perf_counter() - begun


def main() -> None:
    """Print the three comparisons."""
    small = "--small" in sys.argv[1:]
    numba.set_num_threads(THREADS)
    track = {
        "sites": 20,
        "coercive_field": 60e-4,
        "coercive_field_spread": 0.2,
        "half_width": 18e-9,
        "half_width_spread": 0.15,
        "anisotropy_spread": 30e-4,
    }
    pulses = {"amplitude": 0.4, "pulse_width": 2e-9, "rest": 98e-9, "pulses": 50}
    devices = 1000 if small else 10_000
    training = Study(
        measure="levels",
        samples=devices,
        device={"anisotropy_field": 80e-4},
        landscape=track,
        settings=pulses,
        spread={"tmr": 0.05, "track_width": 0.02},
    )
    took = seconds(training)
    print(f"{devices} devices x 100 pulses of 100 ns at 300 K, {THREADS} threads: {took:.1f} s")

    part = replace(training, samples=2000)
    plain, kept = [], []
    for _ in range(1 if small else 3):
        plain.append(seconds(part))
        with tempfile.TemporaryDirectory() as folder:
            kept.append(seconds(part, store=f"{folder}/store"))
    print(f"store: {min(kept):.2f} s with, {min(plain):.2f} s without, {100 * (min(kept) / min(plain) - 1):.1f} % more")

    walls = Study(
        measure="retention",
        samples=512 if small else 2048,
        samples_per_part=128,
        landscape={"coercive_field": 60e-4, "half_width": 30e-9},
        settings={"duration": 20e-6},
    )
    one, two = (seconds_of_workers(walls, workers) for workers in (1, 2))
    print(f"Dask: {one:.1f} s by one worker, {two:.1f} s by two, {one / two:.2f} times as fast")


def seconds_of_workers(study: Study, workers: int) -> float:
    """From the plan, with which the workers are there and warm, to the result."""
    announced: list[float] = []
    run_study(study, workers=workers, announce=lambda plan: announced.append(time.perf_counter()))
    return time.perf_counter() - announced[-1]


if __name__ == "__main__":
    main()
