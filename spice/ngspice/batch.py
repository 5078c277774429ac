"""ngspice as a separate process, whose failure does not affect Python."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

from . import installation
from .asked import ONE_THREAD, PRECISION, Asked
from .plot import Plot, SimulatorError, aborted, complaints, reached
from .raw_file import read_raw

_END = re.compile(r"^\s*\.end\s*$", re.IGNORECASE | re.MULTILINE)
_TAIL = 100_000  # bytes of the output that are searched for the reason of a failure


# ngspice measures only what it keeps in memory, hence not with -r.  This section is ours; the guard refuses those of a
# user. At its end batch mode runs the circuit again, unless `quit` ends it, which crashes ngspice 46; so it gets
# another circuit.
_SCRIPT = """.control
set filetype=binary
set appendwrite
run
foreach each $plots
setplot $each
write {raw}
end
{commands}
source {idle}
.endc
"""
_IDLE = "nothing\nR1 a 0 1\n.op\n.end\n"


def run(netlist: str, questions: Asked, time_limit: float | None, where: Path) -> list[Plot]:
    """Run a netlist by `ngspice -b`; questions: its `.meas` and `.four`; time_limit in s; where: the folder it runs in.

    Raises SimulatorError, with the complete Plots and the part of the last one, if ngspice refuses the netlist, does
    not converge or takes too long, and SimulatorMissing without ngspice.  After a time-out, only a netlist without
    measurements has partial results.
    """
    program = installation.program()
    with tempfile.TemporaryDirectory(prefix="dwmtj-") as name:
        folder = Path(name)
        circuit, idle = folder / "circuit.cir", folder / "idle.cir"
        raw, output = folder / "result.raw", folder / "output.txt"
        command: list[str | Path] = [program, "-n", "-b", circuit]
        if questions:
            commands = [f"setplot tran{questions.transients}", *questions.commands] if questions.commands else []
            script = _SCRIPT.format(raw=raw, commands="\n".join(commands), idle=idle)
            idle.write_text(_IDLE, encoding="utf-8")
            netlist = _END.sub(lambda match: script + match.group(0), netlist, count=1)
        else:
            command += ["-r", raw]
        circuit.write_text(netlist, encoding="utf-8")
        problem = ""
        # The output goes to a file: a run that fails in a loop must not fill the memory or block on a pipe.
        with output.open("wb") as sink:
            try:
                status = subprocess.run(
                    command,
                    stdout=sink,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                    timeout=time_limit,
                    cwd=where,
                    env=ONE_THREAD | os.environ | {"SPICE_ASCIIRAWFILE": "0"} | PRECISION,
                ).returncode
            except subprocess.TimeoutExpired:
                problem = f"ngspice: expected an end within {time_limit:g} s, got none"
                status = 0
        said = _tail(output)
        if status < 0:
            problem = f"ngspice: crashed with signal {-status}"
        elif status > 0 or aborted(said):
            problem = f"ngspice: {complaints(said) or f'ended with status {status}'}"
        plots = read_raw(raw, interrupted=bool(problem)) if raw.exists() else []
    if not plots and not problem:
        problem = f"ngspice: wrote no result; {complaints(said) or 'does the netlist ask for an analysis?'}"
    if problem:
        raise SimulatorError(f"{problem}; {reached(plots)}", plots)
    return questions.answered(plots, said)


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        return file.read().decode("utf-8", "replace")
