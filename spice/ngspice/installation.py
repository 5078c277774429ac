"""Where ngspice is on this machine: the program and the shared library."""

import ctypes.util
import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from .plot import SimulatorMissing

OLDEST_VERSION = 39
"""Oldest ngspice that the netlists were tried with."""
PROGRAM_VARIABLE = "NGSPICE_PROGRAM"
LIBRARY_VARIABLE = "NGSPICE_LIBRARY_PATH"  # PySpice's own name for it

HOW_TO_INSTALL = (
    "install it: Debian and Ubuntu: apt-get install ngspice libngspice0; Fedora: dnf install ngspice libngspice; "
    "macOS: brew install ngspice libngspice; conda: conda install -c conda-forge ngspice; "
    f"or set {PROGRAM_VARIABLE} or {LIBRARY_VARIABLE} to its path"
)


def _prefixes() -> list[Path]:
    """Where environments keep their programs and libraries, this Python's own first."""
    found = [Path(sys.prefix)]
    if "CONDA_PREFIX" in os.environ:
        found.append(Path(os.environ["CONDA_PREFIX"]))
    return [*found, Path("/opt/homebrew"), Path("/usr/local"), Path("/usr"), Path("/opt/local")]


def find_program() -> Path | None:
    """The ngspice program, or None."""
    given = os.environ.get(PROGRAM_VARIABLE)
    if given:
        return Path(given) if Path(given).is_file() else None
    on_path = shutil.which("ngspice")
    if on_path:
        return Path(on_path)
    return next((path for prefix in _prefixes() if (path := prefix / "bin" / "ngspice").is_file()), None)


def find_library() -> Path | str | None:
    """The shared library: a path, or a name that the system's loader knows, or None.

    Debian and Ubuntu ship libngspice.so.0 in a folder named after the architecture and no libngspice.so, Fedora uses
    lib64, Homebrew and conda have .dylib or .so in their own lib.
    """
    given = os.environ.get(LIBRARY_VARIABLE)
    if given:
        return Path(given) if Path(given).is_file() else None
    for prefix in _prefixes():
        for folder in (prefix / "lib64", prefix / "lib", *sorted((prefix / "lib").glob("*-linux-gnu"))):
            for pattern in ("libngspice.dylib", "libngspice.so", "libngspice.so.*", "libngspice.*.dylib"):
                matches = sorted(folder.glob(pattern))
                if matches:
                    return matches[0]
    return ctypes.util.find_library("ngspice")


def check_version(version: int | None, where: object) -> int:
    """The version, if it is recent enough; raises SimulatorMissing."""
    if version is None or version < OLDEST_VERSION:
        found = "an unknown version" if version is None else f"version {version}"
        raise SimulatorMissing(f"ngspice: expected version {OLDEST_VERSION} or newer, got {found} at {where}")
    return version


@functools.cache
def _version_of(program: Path, modified: float) -> int | None:
    try:
        answer = subprocess.run([program, "-v"], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"ngspice[- ](\d+)", answer.stdout + answer.stderr)
    return int(match.group(1)) if match else None


def program() -> Path:
    """The ngspice program; raises SimulatorMissing where there is none or it is too old."""
    path = find_program()
    if path is None:
        raise SimulatorMissing(f"ngspice: expected the program on the PATH, got none; {HOW_TO_INSTALL}")
    check_version(_version_of(path, path.stat().st_mtime), path)
    return path


def version() -> int | None:
    """The version of the ngspice program, None where there is none."""
    path = find_program()
    return None if path is None else _version_of(path, path.stat().st_mtime)
