"""Time of an import and of the help of every command, as whole processes against `python -c "import numpy"`."""

import subprocess
import sys
from pathlib import Path

import click
from timing import alternate, print_table

from dwmtj.cli import group


def process(*arguments: str):
    """A function that runs a command to its end."""
    return lambda: subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)


def commands(among: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The words of every command, those of groups included."""
    context = click.Context(among)
    found = []
    for name in among.list_commands(context):
        command = among.get_command(context, name)
        found.append((*path, name))
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
    return found


def main() -> None:
    """Time the four processes in turn, then the help of every command."""
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

    helps = {" ".join(words): process(command, *words, "--help") for words in commands(group)}
    waits = sorted(alternate(helps, rounds=3).items(), key=lambda item: item[1])
    print(f"\nThe help of {len(waits)} commands takes {waits[0][1]:.2f} s (dwmtj {waits[0][0]}) to")
    print(f"{waits[-1][1]:.2f} s (dwmtj {waits[-1][0]}).")


if __name__ == "__main__":
    main()
