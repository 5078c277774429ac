"""Memory available for a new array: of the machine, the process, and its container."""

import os
from pathlib import Path

from .validation import InputError

UNLIMITED = 1 << 62
"""Bytes, if nothing sets a limit or reports a number."""
_SMALL = 1e8  # bytes: smaller requests are not checked
_NO_LIMIT = 1 << 60  # control groups of the first version write a number this large for no limit


def available_memory() -> int:
    """Bytes that this process can get now: without swapping, within RLIMIT_AS, and within its control group."""
    return min(_of_the_machine(), _of_the_address_space(), of_the_control_group())


def check_memory(what: str, needed: float) -> None:
    """InputError if this many bytes are not available."""
    if needed > _SMALL:
        available = available_memory()
        if needed > available:
            raise InputError(
                f"memory: expected a size that fits in memory, got one for which {what} needs "
                f"{needed / 2**30:.3g} GiB where {available / 2**30:.3g} GiB are available"
            )


def _of_the_machine() -> int:
    for line in _lines(Path("/proc/meminfo")):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return UNLIMITED


def _of_the_address_space() -> int:
    try:
        import resource
    except ImportError:  # not available on Windows
        return UNLIMITED
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return UNLIMITED
    pages = _lines(Path("/proc/self/statm"))
    taken = int(pages[0].split()[0]) * os.sysconf("SC_PAGE_SIZE") if pages else 0
    return max(limit - taken, 0)


def of_the_control_group(groups: Path = Path("/proc/self/cgroup"), mounted: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes left to the control group of the process and its parents; file caches count as free."""
    left = UNLIMITED
    for line in _lines(groups):
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root, names, cached = mounted, ("memory.max", "memory.current"), "inactive_file"
        elif "memory" in controllers.split(","):
            root, names = mounted / "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes")
            cached = "total_inactive_file"
        else:
            continue
        group = root / path.lstrip("/")
        for folder in (group, *group.parents):
            limit, taken = (_number(folder / name) for name in names)
            if limit is not None and taken is not None and limit < _NO_LIMIT:
                rows = (row.split() for row in _lines(folder / "memory.stat"))
                free = next((int(row[1]) for row in rows if row[0] == cached), 0)
                left = min(left, max(limit - taken + free, 0))
            if folder == root:
                break
    return left


def _number(file: Path) -> int | None:
    """The number that a file contains; None without one, or for the word for no limit."""
    lines = _lines(file)
    return int(lines[0]) if lines and lines[0].strip().isdecimal() else None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
