"""Work shared among threads: their number, and one lasting pool of them.

The compiled kernels are serial and let go of Python's lock, so that plain threads run them side by side; compiled code
with threads of its own would be compiled twice, once for one thread and once for many.  The threads of the pool wait
from one call to the next: to hand work to one takes some tens of microseconds, and nothing spins in the meantime.
"""

import os
import sys
import threading
from _thread import allocate_lock
from collections.abc import Callable
from queue import SimpleQueue


def threads() -> int:
    """Threads that the kernels use: `numba.set_num_threads` or NUMBA_NUM_THREADS changes it, else one for each core."""
    layer = sys.modules.get("numba.np.ufunc.parallel")
    if layer is not None and getattr(layer, "_is_initialized", True):
        return int(layer.get_num_threads())
    # Until somebody sets the number it is the default; to ask numba for it would start threads of its own.
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
        self.lock = allocate_lock()  # held until it is over
        self.lock.acquire()
        self._begun = allocate_lock()

    def begin(self) -> bool:
        """Whether it had not begun before: for the thread that is to run it, or for who takes it back."""
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
            del errand  # with it goes what its function holds


_idle: list[_Helper] = []  # append and pop are atomic
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)  # a forked process has none of the threads


def run_together(function: Callable[[int], object], count: int) -> None:
    """function(i) for i from 0 to count - 1 at the same time: 0 in the calling thread, each other in one of its own.

    All have a thread from the start, so that they may wait for one another.  Returns when all are done.  What one of
    them raises is raised then; a KeyboardInterrupt, which only the calling thread can get, too.
    """
    _run(function, count, all_needed=True)


def run_with_help(function: Callable[[int], object], count: int) -> None:
    """function(0) in the calling thread, and function(1) to function(count - 1) in others that help, if they come.

    The work has to be such that function(0) does all that nobody else does.  A helper that has not begun when it
    returns is not waited for: on a busy machine, that may be long.  Errors as in `run_together`.
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
            while not errand.over:  # the others work on the same arrays: nobody leaves before they are done
                try:
                    errand.lock.acquire()
                except BaseException as error:
                    failure = failure or error
            failure = failure or errand.error
        _idle.append(helper)
    if failure is not None:
        raise failure


def run_shares(kernel: Callable[..., object], shares: int, *arguments: object) -> None:
    """kernel(first, shares, *arguments) for each first below shares, at the same time: each does its share."""
    run_together(lambda first: kernel(first, shares, *arguments), shares)
