"""The far end of `library`: a separate Python that holds ngspice's shared library, through PySpice.

    python -m spice.ngspice.library_worker FILE_DESCRIPTOR

It answers requests one by one until the connection closes.
"""

import contextlib
import logging
import os
import sys
import threading
import time
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from . import installation
from .asked import Asked
from .plot import Plot, SimulatorError, SimulatorMissing, aborted, complaints, plot, reached

_HALT_LIMIT = 10.0  # s for a halted simulation to finish its step
_LOOK = 0.5  # s between checks that the parent Python is still there
_parent = os.getppid()


def load(path: str) -> Any:
    """PySpice's binding to the library at a path; raises SimulatorMissing if it does not load or is too old."""
    from PySpice.Spice.NgSpice.Shared import NgSpiceShared, ffi

    class Binding(NgSpiceShared):  # type: ignore[misc]
        """PySpice's, with the callback's flag as ngspice defines it: true when no simulation is running."""

        ended = threading.Event()

        @staticmethod
        def _background_thread_running(no_longer: bool, ngspice_id: int, user_data: Any) -> int:
            if no_longer:
                ffi.from_handle(user_data).ended.set()
            return 0

    # Everything that ngspice prints would be logged as an error; actual errors are raised instead.
    logging.getLogger("PySpice.Spice.NgSpice.Shared").setLevel(logging.CRITICAL)
    Binding.LIBRARY_PATH = path
    try:
        binding = Binding.new_instance()
    except (OSError, NameError) as error:
        raise SimulatorMissing(f"ngspice: expected a library that loads at {path}, got: {error}") from None
    installation.check_version(binding.ngspice_version, path)
    return binding


def run(binding: Any, netlist: str, questions: Asked, time_limit: float | None) -> list[Plot]:
    """Run a netlist; questions: its `.meas` and `.four`; time_limit in s.  Raises SimulatorError like batch.run.

    The circuit and its plots are removed afterwards, so they cannot answer a later run, and memory does not grow. After
    an error the other side ends the process, and they disappear with it.
    """
    from PySpice.Spice.NgSpice.Shared import NgSpiceCircuitError, NgSpiceCommandError

    earlier = set(binding.plot_names)
    refused = ""
    try:
        binding.load_circuit(netlist)
    except NgSpiceCircuitError:  # PySpice looks for the word 'error', which may be part of a title
        pass
    except NameError:
        refused = "refused the netlist"
    refused = complaints(f"{binding.stdout}\n{binding.stderr}") or refused
    if refused:
        raise SimulatorError(f"ngspice: {refused}; nothing was simulated", [])
    problem = ""
    binding.ended.clear()
    try:
        binding.run(background=True)
    except (NgSpiceCommandError, NameError):
        wrong = complaints(f"{binding.stdout}\n{binding.stderr}")
        started = binding.ended.wait(1.0) or binding._ngspice_shared.ngSpice_running()
        if wrong or not started:
            problem = f"ngspice: {wrong or 'did not start'}"
    if not problem and not _wait(binding, time_limit):
        problem = f"ngspice: expected an end within {time_limit:g} s, got none"
    said = f"{binding.stdout}\n{binding.stderr}"
    if not problem and (aborted(said) or complaints(said)):
        problem = f"ngspice: {complaints(said) or 'the simulation was aborted'}"
    names = [name for name in reversed(binding.plot_names) if name not in earlier]
    plots = [each for each in (_read(binding, name) for name in names) if each.points]
    if not plots and not problem:
        problem = "ngspice: computed nothing; does the netlist ask for an analysis?"
    if problem:
        raise SimulatorError(f"{problem}; {reached(plots)}", plots)
    if questions:
        transients = [name for name in names if name.startswith("tran")]
        commands = [f"setplot {transients[-1]}", *questions.commands] if transients else questions.commands
        answers = [_command(binding, command) for command in commands]
        plots = questions.answered(plots, "\n".join([said, *answers]))
    for name in binding.plot_names:
        if name not in earlier:
            _command(binding, f"destroy {name}")
    _command(binding, "remcirc")
    return plots


def _wait(binding: Any, time_limit: float | None) -> bool:
    """Whether the simulation in the background ended in time; halts it otherwise."""
    end = None if time_limit is None else time.monotonic() + time_limit
    while not binding.ended.wait(_LOOK if end is None else max(0.0, min(_LOOK, end - time.monotonic()))):
        if os.getppid() != _parent:
            os._exit(1)  # nobody is waiting for the answer
        if end is not None and time.monotonic() >= end:
            _command(binding, "bg_halt")
            binding.ended.wait(_HALT_LIMIT)
            return False
    return True


def _command(binding: Any, command: str) -> str:
    """The output of a command, whether or not it failed: PySpice takes any note on standard error for a failure."""
    from PySpice.Spice.NgSpice.Shared import NgSpiceCommandError

    with contextlib.suppress(NgSpiceCommandError, NameError):
        binding.exec_command(command)
    return f"{binding.stdout}\n{binding.stderr}"


def _read(binding: Any, name: str) -> Plot:
    """A plot's vectors, copied from ngspice's memory."""
    return plot(name, [(key, np.asarray(vector._data)) for key, vector in binding.plot(None, name).items()])


def main() -> None:
    """Answer requests (netlist, questions, time limit, folder) with (plots, None) or ([], the error)."""
    connection = Connection(int(sys.argv[1]))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # output of ngspice must not be taken for an answer
    binding = None
    while True:
        try:
            netlist, questions, time_limit, folder = connection.recv()
        except EOFError:
            return
        try:
            if binding is None:
                path = installation.find_library()
                if path is None:
                    raise installation.no_library()
                binding = load(str(path))
            os.chdir(folder)
            connection.send((run(binding, netlist, questions, time_limit), None))
        except SimulatorError as error:
            connection.send(([], error))
        except Exception as error:  # a defect here must not look like a crash of ngspice
            connection.send(([], SimulatorError(f"ngspice: the helper failed: {type(error).__name__}: {error}", [])))


if __name__ == "__main__":
    main()
