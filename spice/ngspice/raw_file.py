"""Reader of ngspice's binary raw files, including those of interrupted runs.

Readers on PyPI refuse the latter, because their headers state zero points; here the existing records are counted.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .plot import Plot, SimulatorError, plot, reached

_DATA = b"Binary:\n"
_CONSTANTS = "constants"  # of physics, which ngspice stores as a plot


@dataclass(frozen=True)
class _Header:
    title: str
    names: tuple[str, ...]
    points: int
    kind: type


def read_raw(path: Path, *, interrupted: bool = False) -> list[Plot]:
    """The analyses in a raw file.

    interrupted: the run is known to have stopped before its end, so a last analysis without its end is returned as far
    as it goes.  Otherwise raises SimulatorError for a file that was cut short, with what is there as `partial`, and
    for a file that is no binary raw file.
    """
    content = path.read_bytes()
    plots: list[Plot] = []
    at = 0
    while at < len(content):
        data = content.find(_DATA, at)
        header = _parse(content[at : data if data >= 0 else len(content)]) if data >= 0 else None
        if header is None:
            if interrupted:
                return plots
            raise SimulatorError(f"{path}: expected a whole binary raw file of ngspice, got one {_how(plots)}", plots)
        at = data + len(_DATA)
        record = np.dtype(header.kind).itemsize * len(header.names)
        present = (len(content) - at) // record
        # The count is written at the end of an analysis; until then it is 0.
        missing = header.points == 0 or present < header.points
        count = present if missing else header.points
        table: NDArray[Any] = np.frombuffer(content, header.kind, count * len(header.names), at).reshape(
            count, len(header.names)
        )
        if count and header.title != _CONSTANTS:
            columns = [(name, column.copy()) for name, column in zip(header.names, table.T, strict=True)]
            plots.append(plot(header.title, columns))
        if missing:
            if interrupted:
                return plots
            raise SimulatorError(
                f"{path}: expected {header.points or 'some'} points of each vector, got a file cut short after "
                f"{present}; {reached(plots)}",
                plots,
            )
        at += count * record
    if not plots and not interrupted:
        raise SimulatorError(f"{path}: expected a raw file of ngspice, got an empty one")
    return plots


def _how(plots: list[Plot]) -> str:
    return (
        f"that is cut short or damaged after {len(plots)} analyses" if plots else "that is cut short or of another kind"
    )


def _parse(content: bytes) -> _Header | None:
    """A header's entries; None if it is not a header."""
    head, found, variables = content.decode("utf-8", "replace").partition("Variables:\n")
    entries = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in head.splitlines())}
    names = tuple(line.split("\t")[2] for line in variables.splitlines() if line.count("\t") >= 3)
    try:
        count, points = int(entries["No. Variables"]), int(entries["No. Points"])
        kind = complex if "complex" in entries["Flags"] else float
        title = entries["Plotname"]
    except (KeyError, ValueError):
        return None
    return _Header(title, names, points, kind) if found and names and len(names) == count else None
