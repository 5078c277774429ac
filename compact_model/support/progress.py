"""Progress on standard error: a bar with the time left, or plain lines where there is no terminal."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

SECONDS_PER_LINE = 10.0


@dataclass(frozen=True)
class Progress:
    """Whether to show progress, and its title."""

    shown: bool = False
    label: str = "simulating"

    @contextmanager
    def bar(self, total: int, unit: str, done: int = 0) -> Iterator[Callable[[int], object]]:
        """A function that advances the bar by a number of units; `done` were complete before the start."""
        if not self.shown:
            yield lambda amount: None
            return
        from tqdm.auto import tqdm

        in_a_notebook = "tqdm.notebook" in sys.modules
        if not in_a_notebook and not sys.stderr.isatty():
            yield _Lines(self.label, total, done).advance
            return
        look: dict[str, Any] = {"desc": self.label, "unit": unit, "unit_scale": True, "leave": False, "delay": 0.5}
        with tqdm(total=total, initial=done, **look) as bar:
            yield bar.update


class _Lines:
    """A line every ten seconds, for a log."""

    def __init__(self, label: str, total: int, done: int) -> None:
        self.label, self.total, self.done = label, total, done
        self.first = done
        self.began = self.told = time.monotonic()

    def advance(self, amount: int) -> None:
        self.done += amount
        now = time.monotonic()
        if now - self.told < SECONDS_PER_LINE or self.done <= self.first:
            return
        self.told = now
        left = (now - self.began) * (self.total - self.done) / (self.done - self.first)
        sys.stderr.write(f"{self.label}: {100.0 * self.done / self.total:.0f} %, {left:.0f} s left\n")
        sys.stderr.flush()
