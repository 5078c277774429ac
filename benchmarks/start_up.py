"""What an import and a call for help cost, as whole processes against `python -c "import numpy"`."""

import subprocess
import sys
from pathlib import Path

from timing import alternate, print_table


def process(*arguments: str):
    """A function that runs a command to its end."""
    return lambda: subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Time the four processes in turn."""
    python = sys.executable
    command = str(Path(python).parent / "dwmtj")
    seconds = alternate(
        {
            "import numpy": process(python, "-c", "import numpy"),
            "import numpy, compact_model": process(python, "-c", "import numpy, compact_model"),
            "dwmtj --help": process(command, "--help"),
            "dwmtj threshold (2 offsets)": process(command, "threshold", "--offset", "5", "--offset", "20", "--quiet"),
        },
        rounds=9,
    )
    base = seconds["import numpy"]
    print("# Start-up\n")
    print_table(
        ["process", "s", "over import numpy (s)", "ratio"],
        [[name, f"{value:.2f}", f"{value - base:+.3f}", f"{value / base:.2f}"] for name, value in seconds.items()],
    )


if __name__ == "__main__":
    main()
