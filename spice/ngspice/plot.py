"""Results and errors of a run of ngspice, the same for the shared library and the process."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compact_model.support.validation import ConvergenceError

_VOLTAGE = re.compile(r"v\((.+)\)\Z", re.IGNORECASE)
_SWEEP = re.compile(r"(?:\w\()?((?:v|i|res|temp)-sweep)\)?\Z", re.IGNORECASE)
_BRANCH = re.compile(r"i\(([^()@]+)\)\Z", re.IGNORECASE)
_DEVICE = re.compile(r"i\((@.+)\)\Z", re.IGNORECASE)
# A node may be called 'error'; an error message has a colon behind the word, or names its subject.
_COMPLAINT = re.compile(r"\berror\b *:|\berror on line\b|timestep too small|can't find|unknown subckt", re.IGNORECASE)
_HARMLESS = re.compile(
    # The last two: `.sens` tries parameters that a device does not give, and a `.meas` may find nothing.
    r"^(circuit|title):|init file|interrupted due to error|cannot recover|get error|^(error: *)?measure +\S",
    re.IGNORECASE,
)
_ABORTED = re.compile(r"^(run )?simulation\(s\) aborted", re.IGNORECASE | re.MULTILINE)


# ngspice's own abbreviations of the titles of its analyses in raw files; the first match counts.
_ANALYSES = {
    "operating point": "op",
    "transient": "tran",
    "transfer function": "tf",
    "dc transfer": "dc",
    "ac analysis": "ac",
    "pole-zero": "pz",
    "distortion": "disto",
    "noise": "noise",
    "sensitivity": "sens",
}
_ABSCISSAE = ("time", "frequency")


@dataclass(frozen=True)
class Fourier:
    """The result of `.four` for one signal: harmonics from 0 on, arrays of shape (harmonics,)."""

    frequency: NDArray[Any]
    """Frequencies, Hz."""
    magnitude: NDArray[Any]
    """Magnitudes, in the signal's unit."""
    phase: NDArray[Any]
    """Phases, degrees."""
    distortion: float
    """Total harmonic distortion, a ratio."""


@dataclass(frozen=True)
class Plot:
    """One analysis ('op', 'dc', 'ac', 'tran', 'noise', 'tf', 'pz', 'disto', 'sens'), and its vectors by name.

    The voltage of a node has the name of the node, the current of a source V1 is 'v1#branch', and a quantity of a
    device is '@device[name]'.  The abscissa, which is first and real, is 'time', 'frequency', or 'v-sweep', 'i-sweep',
    'res-sweep' or 'temp-sweep', depending on what is swept.  All names are in lower case, the same for the shared
    library and the process.  `measures` are the results of `.meas` by name, NaN if ngspice reports that one failed (for
    example because nothing crossed); `fourier` are those of `.four` by signal, as in 'v(top)'.
    """

    analysis: str
    vectors: dict[str, NDArray[Any]]
    measures: dict[str, float] = field(default_factory=dict)
    fourier: dict[str, Fourier] = field(default_factory=dict)

    @property
    def points(self) -> int:
        """Number of points of each vector."""
        return max((vector.size for vector in self.vectors.values()), default=0)


class SimulatorError(ConvergenceError):
    """ngspice failed; `partial` holds the results up to the failure, if there are any.

    Their type is that of the call that raised the error: a list of Plots, or a labelled Dataset.
    """

    def __init__(self, message: str, partial: Any = None) -> None:
        super().__init__(message, partial)  # both, so that it can be sent between processes
        self.partial = partial

    def __str__(self) -> str:
        return str(self.args[0])


class SimulatorMissing(SimulatorError):
    """ngspice was not found, or is too old; the message says what to install."""


def plain_name(name: str) -> str:
    """The name of a vector in a `Plot`, from the forms used in raw files and by the library."""
    lower = name.lower()
    sweep = _SWEEP.match(lower.removesuffix("#branch"))
    if sweep:
        return sweep.group(1)
    for pattern, form in ((_VOLTAGE, "{}"), (_BRANCH, "{}#branch"), (_DEVICE, "{}")):
        match = pattern.match(lower)
        if match:
            return form.format(match.group(1))
    return lower


def plot(title: str, vectors: Iterable[tuple[str, NDArray[Any]]]) -> Plot:
    """An analysis from its title in a raw file, or the library's name for it, and its vectors in any order."""
    lower = title.lower().rstrip("0123456789")
    analysis = next((short for words, short in _ANALYSES.items() if words in lower), lower)
    named = {plain_name(name): vector for name, vector in vectors}
    order = sorted(named, key=lambda name: (name not in _ABSCISSAE and not name.endswith("-sweep"), name))
    # The imaginary part of a frequency is uninitialised memory of ngspice.
    return Plot(analysis, {name: np.real(named[name]) if name in _ABSCISSAE else named[name] for name in order})


def reached(plots: list[Plot]) -> str:
    """The time that a run reached, for a message."""
    for plot in reversed(plots):
        if "time" in plot.vectors and plot.points:
            return f"{plot.points} points up to {1e9 * float(np.real(plot.vectors['time'][-1])):.6g} ns are kept"
    return "nothing was simulated"


def aborted(output: str) -> bool:
    """Whether ngspice reports that it aborted."""
    return bool(_ABORTED.search(output))


def complaints(output: str) -> str:
    """The error lines of ngspice's output as one line; at most the first three different ones."""
    lines = [" ".join(line.split()) for line in output.splitlines()]
    found = [line for line in lines if _COMPLAINT.search(line) and not _HARMLESS.search(line)]
    return "; ".join(list(dict.fromkeys(found))[:3])
