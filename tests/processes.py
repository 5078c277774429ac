"""The command line as a process of its own.

`run` forks it from a server that has already imported what most commands import, which saves two seconds of every call;
all else is as in a process of its own: its memory, its output, its working directory, its exit status.  What a test
says of importing, of signals or of the environment needs `DWMTJ` and a process from nothing.

`begun` does not wait for its end, for tests that kill it.

`run_here` calls the same entry point in the process of the test, where what it imports and compiles is there already:
for what a command answers, not for what a process does.
"""

import contextlib
import io
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from unittest import mock

DWMTJ = [sys.executable, "-m", "dwmtj"]
PRELOADED = [
    "compact_model.simulation",
    "compact_model.plots",
    "crossbar.crossbar",
    "crossbar.in_time.simulation",
    "dwmtj.cli",
    "h5netcdf",
    "matplotlib.pyplot",
    "scipy.optimize",
    # What numba imports with the first kernel.
    "numba.cpython.setobj",
    "numba.experimental",
    "numba.np.arraymath",
    "numba.np.linalg",
    "numba.typed",
]

_server = None


def _become_dwmtj(arguments, cwd, environment, output, errors):
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    for path, descriptor in ((output, 1), (errors, 2)):
        with Path(path).open("wb") as file:
            os.dup2(file.fileno(), descriptor)
    sys.stdout, sys.stderr = (os.fdopen(each, "w", closefd=False) for each in (1, 2))
    sys.argv = ["dwmtj", *arguments]
    runpy.run_module("dwmtj", run_name="__main__", alter_sys=True)


def begun(*arguments, output, errors, cwd=None):
    """The command as a process that goes on: a `multiprocessing.Process`, forked, whose output goes to two files."""
    global _server
    if _server is None:
        _server = multiprocessing.get_context("forkserver")
        _server.set_forkserver_preload(PRELOADED)
    place = str(Path(cwd or ".").resolve())
    process = _server.Process(
        target=_become_dwmtj, args=([*map(str, arguments)], place, dict(os.environ), str(output), str(errors))
    )
    process.start()
    return process


def run(*arguments, expect=0, cwd=None, timeout=300):
    command = [*DWMTJ, *map(str, arguments)]
    if "forkserver" not in multiprocessing.get_all_start_methods():
        done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=timeout)
    else:
        with tempfile.TemporaryDirectory() as folder:
            output, errors = Path(folder) / "output", Path(folder) / "errors"
            process = begun(*arguments, output=output, errors=errors, cwd=cwd)
            process.join(timeout)
            if process.is_alive():
                process.kill()
                process.join()
                raise subprocess.TimeoutExpired(command, timeout)
            done = subprocess.CompletedProcess(command, process.exitcode, output.read_text(), errors.read_text())
    assert done.returncode == expect, done.stderr
    return done


def run_here(*arguments, expect=0, cwd=None):
    from dwmtj.cli import main

    command = ["dwmtj", *map(str, arguments)]
    output, errors = io.StringIO(), io.StringIO()
    with (
        warnings.catch_warnings(),
        contextlib.chdir(cwd or "."),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
        mock.patch.object(sys, "argv", command),
    ):
        try:
            main()
            status = 0
        except SystemExit as end:
            status = end.code
    done = subprocess.CompletedProcess(command, status, output.getvalue(), errors.getvalue())
    assert done.returncode == expect, done.stderr
    return done
