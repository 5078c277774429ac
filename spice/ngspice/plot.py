"""What a run of ngspice answers with, whichever way it was run, and the errors that a run can end in."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compact_model.support.validation import ConvergenceError

_VOLTAGE = re.compile(r"v\(([^()]+)\)\Z", re.IGNORECASE)
_BRANCH = re.compile(r"i\(([^()@]+)\)\Z", re.IGNORECASE)
_DEVICE = re.compile(r"i\((@.+)\)\Z", re.IGNORECASE)
# A node may be called 'error'; a complaint has a colon behind the word, or says what of.
_COMPLAINT = re.compile(r"\berror\b *:|\berror on line\b|timestep too small|can't find|unknown subckt", re.IGNORECASE)
_HARMLESS = re.compile(r"^(circuit|title):|init file|interrupted due to error|cannot recover", re.IGNORECASE)
_ABORTED = re.compile(r"^(run )?simulation\(s\) aborted", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Plot:
    """One analysis ('op', 'dc', 'ac', 'tran'), and its vectors by name.

    A node's voltage goes by the node's name, the current of a source V1 by 'v1#branch', a device's own quantity by
    '@device[name]'; the abscissa is 'time', 'frequency' or the swept source.  All names are in lower case.
    """

    analysis: str
    vectors: dict[str, NDArray[Any]]

    @property
    def points(self) -> int:
        """Number of points of each vector."""
        return max((vector.size for vector in self.vectors.values()), default=0)


class SimulatorError(ConvergenceError):
    """ngspice could not do what was asked; `partial` holds what it had computed until then, where there is any.

    Its type is that of the call that raised it: a list of Plots, or a labelled Dataset.
    """

    def __init__(self, message: str, partial: Any = None) -> None:
        super().__init__(message, partial)  # both, so that it survives the way between processes
        self.partial = partial

    def __str__(self) -> str:
        return str(self.args[0])


class SimulatorMissing(SimulatorError):
    """There is no ngspice, or none that is recent enough; the message says what to install."""


def plain_name(name: str) -> str:
    """A vector's name as `Plot` has it, from the forms that raw files and the library use."""
    lower = name.lower()
    for pattern, form in ((_VOLTAGE, "{}"), (_BRANCH, "{}#branch"), (_DEVICE, "{}")):
        match = pattern.match(lower)
        if match:
            return form.format(match.group(1))
    return lower


def reached(plots: list[Plot]) -> str:
    """How far a run came, for a message."""
    for plot in reversed(plots):
        if "time" in plot.vectors and plot.points:
            return f"{plot.points} points up to {1e9 * float(np.real(plot.vectors['time'][-1])):.6g} ns are kept"
    return "nothing was simulated"


def aborted(output: str) -> bool:
    """Whether ngspice says that it gave up."""
    return bool(_ABORTED.search(output))


def complaints(output: str) -> str:
    """The lines of ngspice's output that say what is wrong, in one line; at most the first three different ones."""
    lines = [" ".join(line.split()) for line in output.splitlines()]
    found = [line for line in lines if _COMPLAINT.search(line) and not _HARMLESS.search(line)]
    return "; ".join(list(dict.fromkeys(found))[:3])
