"""Studies: 10 000 devices x 100 pulses at 300 K, the store, a second Dask worker, and 1e5 points of one sample.

Usage: python benchmarks/studies.py [--small]
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numba
import xarray as xr

from compact_model.support.store import Store
from dwmtj.study.description import Study
from dwmtj.study.run import plan_study, run_study

THREADS = 2


def seconds(study: Study, **where: object) -> float:
    """Of a whole study, the second time: the first loads what it needs."""
    run_study(replace(study, samples=16), **{name: value for name, value in where.items() if name != "store"})
    begun = time.perf_counter()
    run_study(study, **where)
    return time.perf_counter() - begun


def main() -> None:
    """Print the four comparisons."""
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

    with tempfile.TemporaryDirectory() as folder, time_in_store() as stored:
        took = seconds(replace(training, samples=2000), store=f"{folder}/store")
    print(f"store: {sum(stored):.2f} s of {took:.2f} s, {100.0 * sum(stored) / took:.1f} %, in {len(stored)} parts")

    many_points(10_000 if small else 100_000)

    walls = Study(
        measure="retention",
        samples=512 if small else 2048,
        samples_per_part=128,
        landscape={"coercive_field": 60e-4, "half_width": 30e-9},
        settings={"duration": 20e-6},
    )
    one, two = (seconds_of_workers(walls, workers) for workers in (1, 2))
    print(f"Dask: {one:.1f} s by one worker, {two:.1f} s by two, {one / two:.2f} times as fast")


NOTHING = """
from dwmtj.study.measures.measure import Measure
from dwmtj.study.quantities import Quantity

def run(batch):
    return {"width": [device.track_width for device in batch.devices]}

MEASURE = Measure(
    name="width", help="width of the track", settings=(), results=(Quantity("width", "width", "nm", 1e-9),), run=run,
    samples_per_part=500,
)
"""


def many_points(points: int) -> None:
    """Print what points cost whose measurement takes nothing: devices and tracks, parts, and their store."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "nothing.py").write_text(NOTHING)
        sweep = {"anisotropy_field": (30e-4, 60e-4), "coercive_field": (5e-4, 20e-4), "damping": (4e-3, 2e-2)}
        given = {"measure": f"{folder}/nothing.py", "samples": 1, "sweep": sweep, "design": "random"}
        store = f"{folder}/store"
        run_study(Study(**given, points=20))
        begun = time.process_time()
        plan_study(Study(**given, points=points), store=store)
        planned = time.process_time()
        run_study(Study(**given, points=points), store=store)
        measured = time.process_time()
        run_study(Study(**given, points=points), store=store)
        reloaded = time.process_time() - measured
        each = (measured - planned) / points
        files = list(Path(store).glob("*.nc"))
        size = sum(file.stat().st_size for file in files)
        print(
            f"{points} points x 1 sample: planned in {planned - begun:.1f} s, {1e3 * each:.2f} ms a point, "
            f"{len(files)} files of {size / 1e6:.1f} MB, reloaded in {reloaded:.1f} s"
        )


@contextmanager
def time_in_store() -> Iterator[list[float]]:
    """The seconds that each writing of a part takes: the difference of two runs would drown in a machine's noise."""
    taken: list[float] = []
    save = Store.save

    def timed(store: Store, name: str, part: xr.Dataset) -> None:
        begun = time.perf_counter()
        save(store, name, part)
        taken.append(time.perf_counter() - begun)

    Store.save = timed  # type: ignore[method-assign]
    try:
        yield taken
    finally:
        Store.save = save  # type: ignore[method-assign]


def seconds_of_workers(study: Study, workers: int) -> float:
    """From the plan, with which the workers are there and warm, to the result."""
    announced: list[float] = []
    run_study(study, workers=workers, announce=lambda plan: announced.append(time.perf_counter()))
    return time.perf_counter() - announced[-1]


if __name__ == "__main__":
    main()
