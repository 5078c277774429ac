"""Run any netlist in ngspice: in its shared library if there is one, else in a process."""

import re
from pathlib import Path

from compact_model.support import validation
from compact_model.support.validation import InputError

from . import batch, guard, installation, library
from .asked import asked
from .pitfalls import check_pitfalls
from .plot import Plot, SimulatorMissing

BACKENDS = ("auto", "library", "process")


def run_folder(given: Path | None) -> Path:
    """The absolute folder to which a run's paths are relative; None: the current one."""
    if given is not None and not isinstance(given, str | Path):
        raise InputError(f"folder: expected the name of a folder, got {validation.shown(given)}")
    try:
        folder = Path.cwd() if given is None else Path(given).resolve()  # a helper has a folder of its own
    except FileNotFoundError:
        raise InputError("folder: expected a current folder that is there, got one that was removed") from None
    if not folder.is_dir():
        raise InputError(f"folder: expected an existing folder, got {str(folder)!r}")
    return folder


def check_backend(backend: str) -> None:
    """Raises InputError for an unknown backend and SimulatorMissing where ngspice for it cannot be found.

    For callers that have other work to do before they run a netlist.  Whether a library loads is seen when it is used.
    """
    validation.choice("backend", backend, BACKENDS)
    if backend == "library" and installation.find_library() is None:
        raise installation.no_library()
    if backend == "process" or (backend == "auto" and installation.find_library() is None):
        installation.program()


def run_netlist(
    netlist: str, *, backend: str = "auto", time_limit: float | None = None, folder: Path | None = None
) -> list[Plot]:
    """Run a complete netlist, from its title to `.end`, and return its analyses; time_limit in s, None: none.

    backend: 'library', ngspice's shared library in a helper process, without start-up time; 'process', one `ngspice -b`
    for each run; 'auto': the library if it can be loaded, else the process.  In both cases a crash of ngspice raises a
    SimulatorError.
    folder: to which included paths are relative; None: the current folder.

    A Plot also contains the results of `.meas` and `.four`.  Raises InputError for a netlist that contains commands, or
    constructs that ngspice would silently misinterpret (an m both on an instance and on the sub-circuit around it,
    internal nodes of a junction in a `.global`), SimulatorMissing if there is no ngspice, and SimulatorError if ngspice
    rejects the netlist, does not converge or exceeds the time limit; the results up to then are its `partial`.
    """
    validation.choice("backend", backend, BACKENDS)
    limit = None if time_limit is None else validation.positive("time_limit", time_limit)
    where = run_folder(folder)
    lines = guard.check_netlist(validation.instance("netlist", netlist, str), folder=where)
    check_pitfalls(lines[1:])  # the first is always a title
    questions = asked(lines[1:])
    try:
        netlist.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(f"netlist: expected text that can be written as UTF-8, got {error.reason}") from None
    if not re.search(r"^\s*\.end\s*$", netlist, re.IGNORECASE | re.MULTILINE):
        netlist = f"{netlist.rstrip()}\n.end\n"
    if backend == "process":
        return batch.run(netlist, questions, limit, where)
    if backend == "auto" and installation.find_library() is None:
        return batch.run(netlist, questions, limit, where)
    try:
        return library.run(netlist, questions, limit, where)
    except SimulatorMissing:
        if backend == "auto":
            return batch.run(netlist, questions, limit, where)
        raise
