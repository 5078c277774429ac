"""The `.meas` and `.four` of a netlist, and ngspice's answers to them, as text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from compact_model.support.validation import InputError

from .plot import Fourier, Plot, SimulatorError, complaints

_MEASURE = re.compile(r"\s*\.\s*meas\w*\s+(\w+)\s+(\S+)", re.IGNORECASE)
_FOURIER = re.compile(r"\s*\.\s*four\w*\s+(.+)", re.IGNORECASE)
_TRANSIENT = re.compile(r"\s*\.\s*tran\b", re.IGNORECASE)
# The words of a `.four` become a command of ngspice, so only names and numbers are permitted.
_FOURIER_WORD = re.compile(r"[\w.+\-(),@\[\]#:]+\Z")
_MEASURED = re.compile(r"(\S+)\s+=\s+([-+]?\d\S*)")
_HEADING = re.compile(r"\s*Measurements for (\w+)", re.IGNORECASE)
_FOURIER_HEADING = re.compile(r"\s*Fourier analysis for (\S+):")
_DISTORTION = re.compile(r"THD:\s*(\S+) %")
_ROW = re.compile(r"\s*\d+(\s+[-+]?\d\S*){5}\s*\Z")
_HEADINGS = {"transient": "tran"}

ONE_THREAD = {"OMP_NUM_THREADS": "1"}
"""Unless the environment says otherwise: for a few transistors ngspice 46 takes all cores, and ten times as long."""
PRECISION = {"NGSPICE_MEAS_PRECISION": "16"}
"""The environment in which ngspice prints measurements with all digits (ngspice 39 does so for some kinds only)."""


@dataclass(frozen=True)
class Asked:
    """Names of the `.meas` by analysis, the words of each `.four`, and the number of transients."""

    measures: dict[str, tuple[str, ...]]
    fourier: tuple[tuple[str, ...], ...]
    transients: int

    def __bool__(self) -> bool:
        return bool(self.measures or self.fourier)

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands that compute the Fourier analyses after a run, with the last transient as the current plot."""
        return ("set numdgt=12", *(f"fourier {' '.join(words)}" for words in self.fourier)) if self.fourier else ()

    def answered(self, plots: list[Plot], output: str) -> list[Plot]:
        """The plots with the measurements of each; output: the printed text of ngspice.

        Raises SimulatorError if it says nothing of a `.four`.
        """
        values, spectra = _values(output), _spectra(output)
        missing = [words[0] for words in self.fourier if not spectra]
        if missing:
            raise SimulatorError(
                f"ngspice: expected a Fourier analysis, got none; {complaints(output) or 'is there a .tran?'}", plots
            )
        found, pending = [], {"tran": spectra}
        for plot in reversed(plots):  # ngspice measures in the last analysis of a kind
            names = self.measures.get(plot.analysis, ())
            measured = {name: values.get((plot.analysis, name), np.nan) for name in names}
            found.append(replace(plot, measures=measured, fourier=pending.pop(plot.analysis, {})))
        return found[::-1]


def asked(lines: Iterable[str]) -> Asked:
    """The `.meas` and `.four` lines of a netlist; raises InputError for a `.four` with more than names and numbers."""
    measures: dict[str, tuple[str, ...]] = {}
    fourier = []
    transients = 0
    for line in lines:
        measure, four = _MEASURE.match(line), _FOURIER.match(line)
        transients += bool(_TRANSIENT.match(line))
        if measure:
            analysis, name = (word.lower() for word in measure.groups())
            measures[analysis] = (*measures.get(analysis, ()), name)
        elif four:
            words = tuple(re.split(r"\s[;$]", four.group(1))[0].split())
            wrong = [word for word in words if not _FOURIER_WORD.match(word)]
            if wrong:
                raise InputError(f"netlist: expected a frequency and vectors after .four, got {wrong[0]!r}")
            fourier.append(words)
    return Asked(measures, tuple(fourier), transients)


def _values(output: str) -> dict[tuple[str, str], float]:
    """The measurements that ngspice printed, by analysis and name."""
    found = {}
    analysis = ""
    for line in output.splitlines():
        heading, measured = _HEADING.match(line), _MEASURED.match(line.strip())
        if heading:
            word = heading.group(1).lower()
            analysis = _HEADINGS.get(word, word)
        elif measured and analysis:
            found[analysis, measured.group(1).lower()] = float(measured.group(2))
    return found


def _spectra(output: str) -> dict[str, Fourier]:
    """The Fourier analyses that ngspice printed, by signal."""
    found: dict[str, Fourier] = {}
    signal, distortion = "", np.nan
    rows: list[list[float]] = []
    for line in [*output.splitlines(), "Fourier analysis for nothing:"]:
        heading, said = _FOURIER_HEADING.match(line), _DISTORTION.search(line)
        if heading:
            if signal and rows:
                table = np.array(rows)
                found[signal] = Fourier(table[:, 1], table[:, 2], table[:, 3], distortion)
            signal, rows = heading.group(1).lower(), []
        elif said and signal:
            distortion = 0.01 * float(said.group(1))
        elif signal and _ROW.match(line):
            rows.append([float(word) for word in line.split()])
    return found
