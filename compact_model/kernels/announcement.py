"""One line on standard error for a kernel that takes long to compile: what, and how long it took.

Nothing is said of code that is loaded from disk.  DWMTJ_QUIET=1 in the environment keeps all of it quiet.

Python's search for cyclic garbage is suspended meanwhile: what a compiler makes stays in use until it has finished, and
looking through it again and again takes a sixth of its time.
"""

import gc
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from numba.core import event

PATIENCE = 1.0
"""Seconds of compiling after which the line begins."""


def say(text: str) -> None:
    """Write to standard error, where there is one and nobody wants quiet."""
    if os.environ.get("DWMTJ_QUIET", "0") in ("", "0") and sys.stderr is not None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):  # closed; a simulation is not to end for that
            return


class _Listener(event.Listener):
    """numba reports the beginning and the end of each function's compilation, under a lock: one at a time.

    Functions within functions are part of the outermost one.
    """

    def __init__(self, is_ours: Callable[[Any], bool]) -> None:
        self.is_ours = is_ours
        self.depth = 0
        self.began = 0.0
        self.timer: threading.Timer | None = None
        self.lock = threading.Lock()
        self.speaking = False
        self.collecting = False

    def on_start(self, event: Any) -> None:
        if not self.is_ours(event.data["dispatcher"]):
            return
        self.depth += 1
        if self.depth == 1:
            self.collecting = gc.isenabled()
            gc.disable()
            function = event.data["dispatcher"].py_func
            self.began = time.perf_counter()
            self.timer = threading.Timer(PATIENCE, self._speak, [f"{function.__module__}.{function.__qualname__}"])
            self.timer.daemon = True
            self.timer.start()

    def on_end(self, event: Any) -> None:
        if not self.is_ours(event.data["dispatcher"]):
            return
        self.depth -= 1
        if self.depth == 0 and self.collecting:
            gc.enable()
        if self.depth == 0 and self.timer is not None:
            self.timer.cancel()
            with self.lock:
                self.timer = None
                if self.speaking:
                    say(f" {time.perf_counter() - self.began:.0f} s\n")
                self.speaking = False

    def _speak(self, name: str) -> None:
        with self.lock:
            if self.timer is threading.current_thread():  # not one that has ended in the meantime
                self.speaking = True
                say(f"dwmtj: compiling {name} ...")


def begin(is_ours: Callable[[Any], bool]) -> None:
    """From now on, report the dispatchers that are ours; numba tells of all that the process compiles."""
    event.register("numba:compile", _Listener(is_ours))
