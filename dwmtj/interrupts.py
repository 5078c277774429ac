"""Ctrl-C ends every command within two seconds.

Python raises KeyboardInterrupt only between two bytecodes of the main thread, and drops one that is raised in some of
its own callbacks.  A compiler may run for many seconds without returning to Python, and a call that shares its work
among threads waits for all of them.  The exception is therefore raised a second time after a while, and if the process
has still not ended then, a waiting thread ends it.
"""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

UNTIL_SECOND_INTERRUPT = 1.0
"""Seconds that a command has to clean up before KeyboardInterrupt is raised again."""
UNTIL_END = 1.7
"""Seconds after Ctrl-C at which the process ends in any case."""
STATUS = 130
"""Exit status of a command that was interrupted, as shells have it."""


@contextmanager
def ending_in_time(tell: Callable[[], object]) -> Iterator[None]:
    """Within it, Ctrl-C raises KeyboardInterrupt, and ends the process soon after if that has not ended by then.

    tell: called before that.  An exception that leaves this context does not stop the clock, because a process may also
    wait for its threads when it exits.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = [signal.SIGINT]
    if hasattr(signal, "setitimer"):
        signals.append(signal.SIGALRM)

    interrupted = False

    def interrupt(number: int, frame: object) -> None:
        nonlocal interrupted
        interrupted = True
        if number == signal.SIGINT and hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, UNTIL_SECOND_INTERRUPT)
        raise KeyboardInterrupt

    # The number of a signal is written to this socket at once, by C code, even while no handler can run.
    watched, written = socket.socketpair()
    written.setblocking(False)
    over = threading.Event()

    def watch() -> None:
        with watched:
            while number := watched.recv(1):
                if number[0] == signal.SIGINT and not over.wait(UNTIL_END):
                    tell()
                    os._exit(STATUS)

    before = {number: signal.signal(number, interrupt) for number in signals}
    former = signal.set_wakeup_fd(written.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=watch, name="dwmtj-interrupts", daemon=True).start()
    try:
        yield
        over.set()
    except Exception as error:
        # An extension module that is interrupted while it is imported raises an ImportError of its own instead.
        if interrupted:
            raise KeyboardInterrupt from error
        raise
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.set_wakeup_fd(former)
        written.close()
        for number, handler in before.items():
            signal.signal(number, handler)
