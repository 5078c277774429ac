"""ngspice as a shared library in a helper process: no start-up time per run, and no crash reaches this Python.

Some wrong netlists make ngspice's library end its process, or be stopped by the system, so it runs in a separate
one.
"""

import atexit
import os
import subprocess
import sys
import tempfile
import threading
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from .asked import ONE_THREAD, PRECISION, Asked
from .plot import Plot, SimulatorError, SimulatorMissing

_GRACE = 15.0  # s beyond the time limit for the helper to halt before it is ended
_START = 60.0  # s for the helper's first answer, including the import of PySpice
_lock = threading.Lock()


class _Helper:
    """The process and the connection to it."""

    def __init__(self) -> None:
        self.connection, far = Pipe()
        # It starts in an empty folder, which is also its home: ngspice executes a .spiceinit in either, and Python
        # would import modules from there.
        self.folder = tempfile.TemporaryDirectory(prefix="dwmtj-")
        home = {"HOME": self.folder.name, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        with far:
            # A separate session: a keyboard interrupt reaches only this Python, which then ends the helper.
            self.process = subprocess.Popen(
                [sys.executable, "-m", "spice.ngspice.library_worker", str(far.fileno())],
                pass_fds=[far.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd=self.folder.name,
                env=ONE_THREAD | os.environ | home | PRECISION,
            )
        self.fresh = True

    def end(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()


_helper: _Helper | None = None


def end_helper() -> None:
    """End the helper process; the next run starts a new one."""
    global _helper
    if _helper is not None:
        _helper.end()
        _helper = None


atexit.register(end_helper)


def run(netlist: str, questions: Asked, time_limit: float | None, where: Path) -> list[Plot]:
    """Run a netlist; questions: its `.meas` and `.four`; time_limit in s; where: the folder of relative paths.

    Raises the errors of batch.run.  Calls from several threads wait for each other.
    """
    global _helper
    if sys.platform == "win32":
        raise SimulatorMissing("ngspice: expected a POSIX system for its shared library, got Windows; use 'process'")
    with _lock:
        if _helper is None or _helper.process.poll() is not None:
            end_helper()
            _helper = _Helper()
        try:
            _helper.connection.send((netlist, questions, time_limit, str(where)))
            plots, error = _answer(_helper.connection, time_limit, _helper.fresh)
        except (EOFError, OSError):
            _helper.process.wait()
            status = _helper.process.returncode
            end_helper()
            raise SimulatorError(
                f"ngspice: its library crashed ({'signal' if status < 0 else 'status'} {abs(status)}) on this netlist; "
                "nothing was simulated",
                [],
            ) from None
        except BaseException:  # after an interrupt, a late answer of the helper must not be taken for the next run's
            end_helper()
            raise
        _helper.fresh = False
        if error is not None:
            end_helper()  # the library may be in a state from which it cannot recover
            raise error
    return plots


def _answer(connection: Connection, time_limit: float | None, fresh: bool) -> tuple[list[Plot], SimulatorError | None]:
    longest = None if time_limit is None else time_limit + _GRACE + (_START if fresh else 0.0)
    if not connection.poll(longest):
        return [], SimulatorError(
            f"ngspice: expected an end within {time_limit:g} s, got none, nor could it be halted; nothing is kept", []
        )
    answer: tuple[list[Plot], SimulatorError | None] = connection.recv()
    return answer
