"""Studies: 10 000 devices x 100 pulses at 300 K, the store, 1e5 points of one sample, a second Dask worker, and a
scheduler that is killed.

python benchmarks/studies.py [--only pulses|points|workers|killed] [--points 100000] [--rounds 1] [--small]
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numba
import xarray as xr

from compact_model.support.store import Store
from dwmtj.study.description import Study
from dwmtj.study.pools import SchedulerError
from dwmtj.study.run import plan_study, run_study

THREADS = 2
DURATION = 0.1e-6
"""s, for which a wall is watched: a point then takes about two milliseconds."""


def seconds(study: Study, **where: Any) -> float:
    """Of a whole study, the second time: the first loads what it needs."""
    run_study(replace(study, samples=16), **{name: value for name, value in where.items() if name != "store"})
    begun = time.perf_counter()
    run_study(study, **where)
    return time.perf_counter() - begun


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("pulses", "points", "workers", "killed"))
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=1, help="of one worker and two, in turn")
    parser.add_argument("--small", action="store_true", help="a tenth of the devices and points")
    given = parser.parse_args()
    points = given.points // 10 if given.small else given.points
    numba.set_num_threads(THREADS)
    if given.only in (None, "pulses"):
        pulses(1000 if given.small else 10_000)
    if given.only in (None, "points"):
        many_points(points)
    if given.only in (None, "workers"):
        for name, count in (("nothing", points), ("retention", points), ("rest", 512 if given.small else 2048)):
            two_workers(name, count, given.rounds)
    if given.only in (None, "killed"):
        killed_scheduler(points)


def pulses(devices: int) -> None:
    """Print the time of a study whose measurement is long, and what of it the store takes."""
    track = {
        "sites": 20,
        "coercive_field": 60e-4,
        "coercive_field_spread": 0.2,
        "half_width": 18e-9,
        "half_width_spread": 0.15,
        "anisotropy_spread": 30e-4,
    }
    training = Study(
        measure="levels",
        samples=devices,
        device={"anisotropy_field": 80e-4},
        landscape=track,
        settings={"amplitude": 0.4, "pulse_width": 2e-9, "rest": 98e-9, "pulses": 50},
        spread={"tmr": 0.05, "track_width": 0.02},
    )
    took = seconds(training)
    print(f"{devices} devices x 100 pulses of 100 ns at 300 K, {THREADS} threads: {took:.1f} s")

    with tempfile.TemporaryDirectory() as folder, time_in_store() as stored:
        took = seconds(replace(training, samples=devices // 5), store=f"{folder}/store")
    print(f"store: {sum(stored):.2f} s of {took:.2f} s, {100.0 * sum(stored) / took:.1f} %, in {len(stored)} parts")


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

NOTHINGS_SWEEP = {"anisotropy_field": (30e-4, 60e-4), "coercive_field": (5e-4, 20e-4), "damping": (4e-3, 2e-2)}


def many_points(points: int) -> None:
    """Print what points cost whose measurement takes nothing: devices and tracks, parts, and their store."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "nothing.py").write_text(NOTHING)
        given: dict[str, Any] = {
            "measure": f"{folder}/nothing.py",
            "samples": 1,
            "sweep": NOTHINGS_SWEEP,
            "design": "random",
        }
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

    Store.save = timed  # type: ignore[method-assign,assignment]
    try:
        yield taken
    finally:
        Store.save = save  # type: ignore[method-assign,assignment]


def drawn(name: str, points: int, folder: str) -> Study:
    """A study of so many random points with one sample each, in which nothing is measured, or how long a wall stays; or
    of so many walls that stay where they are, for long.
    """
    if name == "rest":
        return Study(
            measure="retention",
            samples=points,
            samples_per_part=128,
            landscape={"coercive_field": 60e-4, "half_width": 30e-9},
            settings={"duration": 20e-6},
        )
    if name == "retention":
        sweep = {"coercive_field": (40e-4, 80e-4), "half_width": (20e-9, 40e-9)}
        return Study(
            measure=name, samples=1, points=points, design="random", sweep=sweep, settings={"duration": DURATION}
        )
    (Path(folder) / "nothing.py").write_text(NOTHING)
    return Study(measure=f"{folder}/nothing.py", samples=1, points=points, design="random", sweep=NOTHINGS_SWEEP)


def two_workers(name: str, points: int, rounds: int) -> None:
    """Print how much faster two Dask workers are than one, and the processor time behind it.

    The processor time of the workers and of this process, with the scheduler in it, is what other work on the machine
    cannot change: on two free cores, two workers are at most 2 w / (w + p) times as fast as one.
    """
    from distributed import Client, LocalCluster

    wall: dict[int, list[float]] = {1: [], 2: []}
    of_workers, own = [], []
    for count in (1, 2) * rounds:
        with (
            tempfile.TemporaryDirectory() as folder,
            LocalCluster(n_workers=count, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            address, study = cluster.scheduler_address, drawn(name, points, folder)
            for _ in range(2):  # all workers compile or load
                warm: dict[str, Any] = {"samples": 128 * count} if name == "rest" else {"points": 500 * count}
                run_study(replace(study, seed=1, **warm), scheduler=address)
            announced: list[tuple[float, float, float]] = []

            def note(
                _: object, client: Client = client, announced: list[tuple[float, float, float]] = announced
            ) -> None:
                announced.append(
                    (time.perf_counter(), time.process_time(), sum(client.run(time.process_time).values()))
                )

            run_study(study, scheduler=address, store=f"{folder}/store", announce=note)
            note(None)
            begun, ended = announced[1:]  # from the plan to the result
        wall[count].append(ended[0] - begun[0])
        own.append(ended[1] - begun[1])
        of_workers.append(ended[2] - begun[2])
    one, two = (statistics.median(wall[count]) for count in (1, 2))
    working, keeping = (1e3 * statistics.median(each) / points for each in (of_workers, own))
    print(
        f"Dask, {name}, {points} points: {one:.1f} s by one worker, {two:.1f} s by two, {one / two:.2f} times as fast; "
        f"processor time a point: w = {working:.2f} ms of the workers, p = {keeping:.2f} ms of this process, "
        f"2 w / (w + p) = {2.0 * working / (working + keeping):.2f}"
    )


def killed_scheduler(points: int) -> None:
    """Print what is left of a study whose scheduler is killed in the middle, and how it goes on."""
    started: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory() as folder:

        def start(what: str, *arguments: str) -> subprocess.Popen[bytes]:
            command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments]
            nowhere = subprocess.DEVNULL
            started.append(
                subprocess.Popen(command, stdout=nowhere, stderr=nowhere, cwd=folder, start_new_session=True)
            )
            return started[-1]

        file, store, study = Path(folder) / "scheduler.json", Path(folder) / "store", drawn("nothing", points, folder)
        try:
            scheduler = start("scheduler", "--port", "0", "--dashboard-address", ":0", "--scheduler-file", str(file))
            while not file.exists() or not file.stat().st_size:
                time.sleep(0.1)
            address = json.loads(file.read_text())["address"]
            for _ in range(2):
                start("worker", address, "--nthreads", "1", "--no-dashboard")
            time.sleep(5.0)
            half = plan_parts(study) // 2

            def kill() -> None:
                while len(list(store.glob("*.nc"))) < half:
                    time.sleep(0.02)
                scheduler.kill()

            threading.Thread(target=kill, daemon=True).start()
            try:
                run_study(study, store=store, scheduler=address)
            except SchedulerError as error:
                print(error)
        finally:
            for process in started:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
        kept = len(list(store.glob("*.nc")))
        plans: list[int] = []
        found = run_study(study, store=store, announce=lambda plan: plans.append(plan.missing_samples))
        same = bool((found.width == run_study(study).width).all())
        print(
            f"killed in the middle of {points} points: {kept} of {2 * half} parts kept, {plans[0]} points measured "
            f"afterwards, {'the same numbers' if same else 'OTHER NUMBERS'} as without a scheduler"
        )


def plan_parts(study: Study) -> int:
    """Into how many parts a study is divided."""
    return -(-study.number_of_points * study.samples // study.part_size)


if __name__ == "__main__":
    main()
