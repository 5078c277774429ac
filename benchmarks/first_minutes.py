"""The first minutes with a fresh clone: times to the report, to a first figure, and to a netlist that runs.

    python benchmarks/first_minutes.py

Clones this repository into a temporary folder, with a home folder of its own, so that nothing is downloaded, installed
or compiled.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from timing import print_table

ROOT = Path(__file__).parent.parent
FIGURE = """
import numpy as np
from compact_model import Voltage, lequeux2016, pulses, simulate, single_well

device = lequeux2016()
track = single_well(device, coercive_field=15e-4, half_width=100e-9)
result = simulate(device, track, Voltage(pulses([0.12], width=10e-9, period=50e-9)), np.linspace(0, 50e-9, 501))
result.dwmtj.plot("resistance").figure.savefig("pulse.png")
"""


def main() -> None:
    """Print what each step takes, and how long after the start it has ended."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clone, home = folder / "dwmtj", folder / "home"
        home.mkdir()
        environment = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
        environment.pop("PYTHONPATH", None)
        python, command = clone / ".venv" / "bin" / "python", clone / ".venv" / "bin" / "dwmtj"
        steps: list[tuple[str, Sequence[object], Path]] = [
            ("git clone", ["git", "clone", "--quiet", ROOT, clone], folder),
            ("make run: the report", ["make", "run"], clone),
            ("a first figure of one's own", [python, "-c", FIGURE], clone),
            ("a netlist written", [command, "export", "--testbench", "--current", "2", "-o", "bench.cir"], clone),
            ("that netlist run by ngspice", ["ngspice", "-b", "bench.cir"], clone),
        ]
        begin, rows = time.perf_counter(), []
        for label, words, where in steps:
            started = time.perf_counter()
            subprocess.run([str(word) for word in words], cwd=where, env=environment, check=True, capture_output=True)
            ended = time.perf_counter()
            rows.append([label, f"{ended - started:.1f}", f"{ended - begin:.0f}"])
        assert (clone / "results" / "report.md").exists()
        assert (clone / "pulse.png").exists()
    print_table(["step", "s", "s after the start"], rows)


if __name__ == "__main__":
    main()
