"""The cost of a first call with nothing compiled: seconds of wall clock and of the processor, and of a second call.

Each call runs in a process of its own with an empty folder for compiled code.  `--base PATH` runs the same in another
tree, to compare with.  On a busy machine look at the processor's seconds.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import print_table

CALLS = {
    "compact_model.simulate": (
        "from compact_model import Voltage, lequeux2016, simulate, single_well\n"
        "device = lequeux2016()\n"
        "well = single_well(device, coercive_field=15e-4, half_width=100e-9)",
        "simulate(device, well, Voltage.of(0.3), [0.0, 10e-9])",
    ),
    "compact_model.simulate, 200 pulses": (
        "from compact_model import Current, lequeux2016, pulses, simulate, single_well\n"
        "device = lequeux2016()\n"
        "well = single_well(device, coercive_field=15e-4, half_width=100e-9)\n"
        "train = Current(pulses([4e-3, -4e-3] * 100, width=3e-9, period=6e-9))",
        "simulate(device, well, train, [0.0, 1.2e-6])",
    ),
    "Crossbar.solve, 8 x 8": (
        "import numpy as np\nfrom crossbar import Crossbar",
        "Crossbar(resistance=np.full((8, 8), 50.0), word_line_resistance=1.0, bit_line_resistance=1.0).solve(1.0)",
    ),
    "Crossbar.solve, 256 x 256": (
        "import numpy as np\nfrom crossbar import Crossbar",
        "Crossbar(resistance=np.full((256, 256), 50.0), word_line_resistance=1.0, bit_line_resistance=1.0).solve(1.0)",
    ),
    "crossbar.simulate_array, 32 x 32": (
        "import numpy as np\n"
        "from compact_model import lequeux2016, pulses, single_well\n"
        "from crossbar import ArrayDrive, Crossbar, DomainWalls, bias, simulate_array\n"
        "device = lequeux2016()\n"
        "well = single_well(device, coercive_field=15e-4, half_width=100e-9)\n"
        "walls = DomainWalls(device, well, np.full((32, 32), 500e-9))\n"
        "array = Crossbar(cells=walls, word_line_resistance=0.1, bit_line_resistance=0.1)\n"
        "half = bias('V/2', (32, 32), 0.3, word_line=16, bit_line=16)\n"
        "drive = ArrayDrive(((half, pulses([1.0], width=10e-9, period=1e-6)),))",
        "simulate_array(array, drive, np.linspace(0, 25e-9, 26))",
    ),
    "warm up compact_model": ("from compact_model.warm_up import compile_kernels", "compile_kernels()"),
    "warm up crossbar": ("from crossbar.warm_up import compile_kernels", "compile_kernels()"),
}
PROGRAM = """
import time
wall, processor = time.perf_counter(), time.process_time()
{begin}
imported = time.perf_counter() - wall
def call():
    {call}
call()
first = time.perf_counter() - wall, time.process_time() - processor
again = time.perf_counter()
call()
print(imported, *first, time.perf_counter() - again)
"""


def measure(tree: Path, begin: str, call: str) -> list[str]:
    """Seconds of the import, of the import and the first call, the processor's for both, and of the second call."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NUMBA_CACHE_DIR": folder, "PYTHONPATH": str(tree)}
        command = [sys.executable, "-c", PROGRAM.format(begin=begin, call=call)]
        ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if ran.returncode:
        return [ran.stderr.splitlines()[-1][:60], "", "", ""]
    return [f"{float(word):.3g}" for word in ran.stdout.split()[-4:]]


def main() -> None:
    """Print the table."""
    trees = {"now": Path(__file__).resolve().parents[1]}
    if "--base" in sys.argv:
        trees["base"] = Path(sys.argv[sys.argv.index("--base") + 1]).resolve()
    print("# First calls with nothing compiled (s)\n")
    rows = [
        [name, which, *measure(tree, begin, call)]
        for name, (begin, call) in CALLS.items()
        for which, tree in trees.items()
    ]
    print_table(["call", "tree", "import", "import and first call", "processor", "second call"], rows)


if __name__ == "__main__":
    main()
