"""A progress bar on standard error with the time left, for those who ask for one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Progress:
    """Whether to show bars, and what to call them."""

    shown: bool = False
    label: str = "simulating"

    @contextmanager
    def bar(self, total: int, unit: str, done: int = 0) -> Iterator[Callable[[int], object]]:
        """A function that advances the bar by so many units; `done` were there before the start."""
        if not self.shown:
            yield lambda amount: None
            return
        from tqdm.auto import tqdm

        look: dict[str, Any] = {"desc": self.label, "unit": unit, "unit_scale": True, "leave": False, "delay": 0.5}
        with tqdm(total=total, initial=done, **look) as bar:
            yield bar.update
