"""The command line as a process of its own."""

import subprocess
import sys

DWMTJ = [sys.executable, "-m", "dwmtj"]


def run(*arguments, expect=0, cwd=None, timeout=300):
    done = subprocess.run([*DWMTJ, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, timeout=timeout)
    assert done.returncode == expect, done.stderr
    return done
