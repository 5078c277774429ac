"""Prints a line on standard error, with the name and the time taken, for each kernel that is slow to compile.

Code that is loaded from disk is not announced.  DWMTJ_QUIET=1 in the environment suppresses all announcements.

Python's cyclic garbage collector is suspended during compilation: what a compiler makes stays in use until it has
finished, and searching it again and again would take a sixth of the time.
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
"""Seconds of compilation after which the line is begun."""


def say(text: str) -> None:
    """Write to standard error, if there is one and quiet was not requested."""
    if os.environ.get("DWMTJ_QUIET", "0") in ("", "0") and sys.stderr is not None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):  # closed, which must not end a simulation
            return


class _Listener(event.Listener):
    """Receives numba's events for the start and the end of each compilation; a lock admits one at a time.

    Functions compiled within another one count as part of the outermost function.
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
            if self.timer is threading.current_thread():  # the compilation has not ended in the meantime
                self.speaking = True
                say(f"dwmtj: compiling {name} ...")


def begin(is_ours: Callable[[Any], bool]) -> None:
    """Start announcing the dispatchers that are ours; numba reports every compilation in the process."""
    event.register("numba:compile", _Listener(is_ours))
