"""The locations of ngspice on this machine: the program and the shared library."""

import ctypes.util
import functools
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from .plot import SimulatorMissing

OLDEST_VERSION = 39
"""Oldest ngspice with which the netlists were tested."""
PROGRAM_VARIABLE = "NGSPICE_PROGRAM"
LIBRARY_VARIABLE = "NGSPICE_LIBRARY_PATH"  # PySpice's own name for it

HOW_TO_INSTALL = (
    "install it: Debian and Ubuntu: apt-get install ngspice libngspice0; Fedora: dnf install ngspice libngspice; "
    "macOS: brew install ngspice libngspice; conda: conda install -c conda-forge ngspice; "
    "Windows: unpack its ZIP into C:/; "
    f"or set {PROGRAM_VARIABLE} or {LIBRARY_VARIABLE} to its path"
)


def _environments() -> list[Path]:
    """This Python's own folder, and the conda environment's."""
    return [Path(sys.prefix), *(Path(os.environ[name]) for name in ("CONDA_PREFIX",) if name in os.environ)]


def _system() -> str:
    return platform.system()


def _windows_folders() -> tuple[Path, Path]:
    """The root of the system's drive, and the folder of programs."""
    return Path(os.environ.get("SYSTEMDRIVE", "C:") + "/"), Path(os.environ.get("PROGRAMFILES", "C:/Program Files"))


def _program_folders() -> list[Path]:
    """Folders of programs, those of the environments first."""
    if _system() == "Windows":
        # conda's environments have a folder Library; the Windows distribution is a ZIP file with a folder Spice64.
        own = [each / "Library" / "bin" for each in _environments()]
        drive, programs = _windows_folders()
        return [*own, drive / "Spice64" / "bin", programs / "Spice64" / "bin", programs / "ngspice" / "bin"]
    return [each / "bin" for each in (*_environments(), *_UNIX_PREFIXES)]


def _library_folders() -> list[Path]:
    """Folders of shared libraries, those of the environments first."""
    if _system() == "Windows":
        drive, programs = _windows_folders()
        unpacked = [each / "Spice64_dll" / folder for each in (drive, programs) for folder in ("dll-vs", "dll-mingw")]
        return [*_program_folders(), *unpacked]
    homebrew = [each / "opt" / "libngspice" / "lib" for each in _UNIX_PREFIXES[:2]]
    prefixes = (*_environments(), *_UNIX_PREFIXES)
    lies_in = ("lib64", "lib")
    usual = [each / folder for each in prefixes for folder in lies_in]
    return [*usual, *(folder for each in prefixes for folder in sorted((each / "lib").glob("*-linux-gnu"))), *homebrew]


_UNIX_PREFIXES = (Path("/opt/homebrew"), Path("/usr/local"), Path("/usr"), Path("/opt/local"))
_PROGRAMS = ("ngspice_con.exe", "ngspice.exe", "ngspice")  # on Windows the first writes to the console
_LIBRARIES = (
    "libngspice.dylib",
    "libngspice.so",
    "libngspice.so.*",
    "libngspice.*.dylib",
    "ngspice*.dll",
    "libngspice*.dll",
)


def find_program() -> Path | None:
    """The ngspice program, or None."""
    given = os.environ.get(PROGRAM_VARIABLE)
    if given:
        return Path(given) if Path(given).is_file() else None
    for name in _PROGRAMS:
        if on_path := shutil.which(name):
            return Path(on_path)
    found = (folder / name for folder in _program_folders() for name in _PROGRAMS)
    return next((path for path in found if path.is_file()), None)


def find_library() -> Path | str | None:
    """The shared library: a path, or a name that the system's loader knows, or None.

    Debian and Ubuntu ship libngspice.so.0 in a folder named after the architecture and no libngspice.so, Fedora uses
    lib64, Homebrew and conda have .dylib or .so in their own lib, Windows a .dll in a folder of its own.
    """
    given = os.environ.get(LIBRARY_VARIABLE)
    if given:
        return Path(given) if Path(given).is_file() else None
    for folder in _library_folders():
        for pattern in _LIBRARIES:
            if matches := sorted(folder.glob(pattern)):
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
    """The ngspice program; raises SimulatorMissing if there is none or it is too old."""
    path = find_program()
    if path is None:
        raise SimulatorMissing(f"ngspice: expected the program on the PATH, got none; {HOW_TO_INSTALL}")
    check_version(_version_of(path, path.stat().st_mtime), path)
    return path


def no_library() -> SimulatorMissing:
    """The error where there is no shared library."""
    return SimulatorMissing(f"ngspice: expected its shared library, got none; {HOW_TO_INSTALL}")


def version() -> int | None:
    """The version of the ngspice program, None without one."""
    path = find_program()
    return None if path is None else _version_of(path, path.stat().st_mtime)
