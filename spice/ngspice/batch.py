"""ngspice as a process of its own: whatever happens to it, Python goes on."""

import os
import subprocess
import tempfile
from pathlib import Path

from . import installation
from .plot import Plot, SimulatorError, aborted, complaints, reached
from .raw_file import read_raw

_TAIL = 100_000  # bytes of the output in which the reason of a failure is looked for


def run(netlist: str, time_limit: float | None, where: Path) -> list[Plot]:
    """Run a netlist by `ngspice -b`; time_limit in s; where: the folder it runs in.

    Raises SimulatorError, with the Plots that are complete and the part of the last one, where ngspice refuses the
    netlist, does not converge or takes longer, and SimulatorMissing where there is no ngspice.
    """
    program = installation.program()
    with tempfile.TemporaryDirectory(prefix="dwmtj-") as name:
        folder = Path(name)
        circuit, raw, output = folder / "circuit.cir", folder / "result.raw", folder / "output.txt"
        circuit.write_text(netlist, encoding="utf-8")
        problem = ""
        # The output goes to a file: a run that fails in a loop must not fill the memory or block on a pipe.
        with output.open("wb") as sink:
            try:
                status = subprocess.run(
                    [program, "-n", "-b", circuit, "-r", raw],
                    stdout=sink,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                    timeout=time_limit,
                    cwd=where,
                    env=os.environ | {"SPICE_ASCIIRAWFILE": "0"},
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
    return plots


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        return file.read().decode("utf-8", "replace")
