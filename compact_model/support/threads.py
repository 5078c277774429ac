"""Work shared among threads: their number, and one permanent pool of them.

The compiled kernels are serial and release Python's lock, so plain threads run them side by side; compiled code with
threads of its own would be compiled twice, once for one thread and once for many.  The threads of the pool wait between
calls without spinning: handing work to one takes some tens of microseconds.
"""

import os
import sys
import threading
from _thread import allocate_lock
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

First = TypeVar("First")
Second = TypeVar("Second")


def threads() -> int:
    """Threads that the kernels use: `numba.set_num_threads` or NUMBA_NUM_THREADS changes it, else one for each core."""
    layer = sys.modules.get("numba.np.ufunc.parallel")
    if layer is not None and getattr(layer, "_is_initialized", True):
        return int(layer.get_num_threads())
    # The default until it is set; asking numba for it would start numba's own threads.
    if (numba := sys.modules.get("numba")) is not None:
        return int(numba.config.NUMBA_NUM_THREADS)
    asked = os.environ.get("NUMBA_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Errand:
    """One thread's part of a call of `run_together`."""

    def __init__(self, function: Callable[[int], object], index: int) -> None:
        self.function, self.index = function, index
        self.error: BaseException | None = None
        self.over = False
        self.lock = allocate_lock()  # held until it has ended
        self.lock.acquire()
        self._begun = allocate_lock()

    def begin(self) -> bool:
        """Take the errand unless it has begun: for the thread that is to run it, or for the caller that takes it
        back."""
        return self._begun.acquire(blocking=False)

    def run(self) -> None:
        if not self.begin():
            return
        try:
            self.function(self.index)
        except BaseException as error:
            self.error = error
        self.over = True
        self.lock.release()


class _Helper:
    """A thread that runs errands, one at a time, until the process ends."""

    def __init__(self) -> None:
        self.errands: SimpleQueue[_Errand] = SimpleQueue()
        threading.Thread(target=self._serve, name="dwmtj-helper", daemon=True).start()

    def _serve(self) -> None:
        while True:
            errand = self.errands.get()
            errand.run()
            del errand  # releases everything that its function holds


_idle: list[_Helper] = []  # append and pop are atomic
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)  # a forked process has none of the threads


def run_together(function: Callable[[int], object], count: int) -> None:
    """function(i) for i from 0 to count - 1 simultaneously: 0 in the calling thread, each other in one of its own.

    All have a thread from the start, so they may wait for one another.  Returns when all are done.  An exception in one
    of them is then raised, as is a KeyboardInterrupt, which only the calling thread can receive.
    """
    _run(function, count, all_needed=True)


def run_with_help(function: Callable[[int], object], count: int) -> None:
    """function(0) in the calling thread, and function(1) to function(count - 1) in other threads, if available.

    function(0) must do all work that no other thread does.  A helper that has not begun when it returns is not waited
    for, because on a busy machine that may take long.  Exceptions as in `run_together`.
    """
    _run(function, count, all_needed=False)


def _run(function: Callable[[int], object], count: int, *, all_needed: bool) -> None:
    if count <= 1:
        if count == 1:
            function(0)
        return
    sent: list[tuple[_Helper, _Errand]] = []
    failure: BaseException | None = None
    try:
        for index in range(1, count):
            try:
                helper = _idle.pop()
            except IndexError:
                helper = _Helper()
            errand = _Errand(function, index)
            helper.errands.put(errand)
            sent.append((helper, errand))
        function(0)
    except BaseException as error:
        failure = error
    for helper, errand in sent:
        if all_needed or not errand.begin():
            while not errand.over:  # the others work on the same arrays: the call must not end before they do
                try:
                    errand.lock.acquire()
                except BaseException as error:
                    failure = failure or error
            failure = failure or errand.error
        _idle.append(helper)
    if failure is not None:
        raise failure


def run_both(first: Callable[[], First], second: Callable[[], Second]) -> tuple[First, Second]:
    """What two functions return, run simultaneously if a second thread is available.  Exceptions as in
    `run_together`."""
    found_first: list[First] = []
    found_second: list[Second] = []
    waiting: list[Callable[[], None]] = [
        lambda: found_second.append(second()),
        lambda: found_first.append(first()),
    ]

    def serve(_: int) -> None:
        while waiting:
            try:
                task = waiting.pop()  # atomic
            except IndexError:
                return
            task()

    run_with_help(serve, min(threads(), 2))
    return found_first[0], found_second[0]


def run_shares(kernel: Callable[..., object], shares: int, *arguments: object) -> None:
    """kernel(first, shares, *arguments) for each first below shares, simultaneously: each does its share."""
    run_together(lambda first: kernel(first, shares, *arguments), shares)
