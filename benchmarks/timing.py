"""How the benchmarks measure: the sides in turn, several times, and the ratio of the medians."""

import statistics
import time
from collections.abc import Callable

import numba

SAMPLE_SECONDS = 0.05
THREADS = numba.get_num_threads()
"""As many as numba may use, before a benchmark sets another number."""


def _sample(run: Callable[[], object], calls: int) -> float:
    begin = time.perf_counter()
    for _ in range(calls):
        run()
    return (time.perf_counter() - begin) / calls


def alternate(sides: dict[str, Callable[[], object]], rounds: int = 7) -> dict[str, float]:
    """Median seconds of a call of each side.

    All sides are sampled in every round, so that a slow moment of the machine meets them all; a sample is as many calls
    as fill SAMPLE_SECONDS, so that a short run is not measured on cold caches.
    """
    calls = {}
    for name, run in sides.items():
        run()  # compiles
        calls[name] = max(1, round(SAMPLE_SECONDS / _sample(run, 1)))
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, run in sides.items():
            seconds[name].append(_sample(run, calls[name]))
    return {name: statistics.median(values) for name, values in seconds.items()}


def print_table(headers: list[str], rows: list[list[str]]) -> None:
    """A Markdown table."""
    print("| " + " | ".join(headers) + " |")
    print("|" + "---|" * len(headers))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()
