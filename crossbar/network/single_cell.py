"""New conductances of a few cells, without solving the network again (Woodbury's identity).

A cell whose conductance changes by D draws an additional current D u, where u is its voltage after the change.  The
response to 1 A through each chosen cell is solved for once.  Each new set of values then takes the solution of a system
with as many unknowns as chosen cells.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError, instance, shown

from . import banded
from .connected import check_connected
from .direct import solve_direct
from .iterative import IterativeSolver, unsupported
from .linear_network import Network, Sources, check_sources
from .solution import NetworkSolution

_TOLERANCE = 1e-13


def _through_cells(change: FloatArray, voltage: FloatArray, response: FloatArray) -> FloatArray:
    """The currents i (inputs, cells) that replace the changes of conductance; NaN if they are undetermined.

    With v the voltages across the cells before, and Z[c, d] the voltage across cell c for 1 A into the word node and
    out of the bit node of cell d, the voltages after are v - Z i, and i = D (v - Z i) for the changes D.  The row of an
    infinite change says v = Z i instead.
    """
    shorted = np.isinf(change)
    scale = np.where(shorted, 1.0, change)
    matrix = scale[:, np.newaxis] * response
    np.einsum("cc->c", matrix)[~shorted] += 1.0
    if change.size == 1:
        return scale * voltage / matrix if matrix > 0.0 else np.full_like(voltage, np.nan)
    try:
        return np.asarray(np.linalg.solve(matrix, (scale * voltage).T).T)
    except np.linalg.LinAlgError:
        return np.full_like(voltage, np.nan)


@dataclass(frozen=True, kw_only=True)
class CellUpdate:
    """The network with other conductances in C chosen cells, for K inputs.

    word_voltage, bit_voltage, device_current: (K, C), V and A, at the chosen cells, in their order.
    word_start_current, word_stop_current: (K, N), A; bit_start_current, bit_stop_current: (K, M), A, into the array.
    """

    word_voltage: FloatArray
    bit_voltage: FloatArray
    device_current: FloatArray
    word_start_current: FloatArray
    word_stop_current: FloatArray
    bit_start_current: FloatArray
    bit_stop_current: FloatArray
    _replaced: FloatArray  # (K, C) current that replaces the change of conductance


class CellUpdates:
    """The response of a network to a current through each of a few cells, computed once.

    network, sources, solution: a solved network, whose accuracy the updates have.
    cells: (C, 2) whole numbers, word line and bit line of each cell, no cell twice; or one pair.
    Raises InputError for cells that do not exist, and for shorted ones, whose voltage does not change.
    """

    def __init__(self, network: Network, sources: Sources, solution: NetworkSolution, cells: ArrayLike) -> None:
        check_sources(network, sources)
        self.network, self.solution = network, solution
        try:
            places = np.atleast_2d(np.asarray(cells))
        except ValueError:
            raise InputError(f"cells: expected pairs of whole numbers, got {shown(cells)}") from None
        shape = network.shape
        if places.ndim != 2 or places.shape[1:] != (2,) or places.size == 0 or places.dtype.kind not in "iu":
            raise InputError(f"cells: expected pairs of word line and bit line, shape (cells, 2), got {shown(cells)}")
        places = places.astype(np.int64)
        outside = (places < 0) | (places >= np.array(shape))
        if outside.any():
            wrong = places[outside.any(axis=1)][0].tolist()
            raise InputError(f"cells: expected cells of a {shape[0]} x {shape[1]} array, got {tuple(wrong)}")
        if len(np.unique(places, axis=0)) < len(places):
            raise InputError("cells: expected each cell once, got one twice")
        if instance("solution", solution, NetworkSolution).device_current.shape != (sources.inputs, *shape):
            raise InputError(
                f"solution: expected one of shape {(sources.inputs, *shape)}, got {solution.device_current.shape}"
            )
        self.cells = places
        i, j = places.T
        self._before = network.conductance[i, j]
        if np.isinf(self._before).any():
            raise InputError("cells: expected cells that are not shorted, got one of inf S")
        unit = Sources.unit_currents(network, places)
        small = banded.covers(network)
        iterative = not small and not unsupported(network)
        found = IterativeSolver(network).solve(unit, tolerance=_TOLERANCE) if iterative else None
        answer = found if found is not None and found.converged else solve_direct(network, unit)
        self.response = answer
        ends = (network.word_start, network.word_stop), (network.bit_start, network.bit_stop)
        self._floating = any(bool((np.isinf(start) & np.isinf(stop)).any()) for start, stop in ends)
        self._word, self._bit = solution.word_voltage[:, i, j], solution.bit_voltage[:, i, j]
        self._voltage = np.ascontiguousarray(self._word - self._bit)
        self._word_response, self._bit_response = answer.word_voltage[:, i, j], answer.bit_voltage[:, i, j]
        across = (self._word_response - self._bit_response).T
        self._response = np.ascontiguousarray(0.5 * (across + across.T))  # symmetric by reciprocity
        self._ends = tuple(
            (np.ascontiguousarray(before), np.ascontiguousarray(unit))
            for before, unit in (
                (solution.word_start_current, answer.word_start_current),
                (solution.word_stop_current, answer.word_stop_current),
                (solution.bit_start_current, answer.bit_start_current),
                (solution.bit_stop_current, answer.bit_stop_current),
            )
        )

    def update(self, conductances: ArrayLike) -> CellUpdate:
        """The network with these conductances (C,), S, in the chosen cells; 0 opens one, inf shorts it.

        Raises InputError for a wrong shape, NaN or negative values, and if a part is left without a path to a source.
        """
        try:
            values = np.atleast_1d(np.asarray(conductances, dtype=np.float64))
        except (TypeError, ValueError, OverflowError):
            values = np.array(np.nan)
        if values.shape != self._before.shape or not (values >= 0.0).all():
            raise InputError(
                f"conductances: expected {self._before.size} numbers of at least 0, got {shown(conductances)}"
            )
        if self._floating and not values.all():
            conductance = self.network.conductance.copy()
            conductance[self.cells[:, 0], self.cells[:, 1]] = values
            check_connected(self.network.replace(conductance=conductance))
        replaced = _through_cells(values - self._before, self._voltage, self._response)
        if not np.isfinite(replaced).all():
            raise InputError(
                f"conductances: expected values that leave a path from every line to a source, got {values}"
            )
        ends = [before - replaced @ unit for before, unit in self._ends]
        word = self._word - replaced @ self._word_response
        bit = self._bit - replaced @ self._bit_response
        across = self._voltage - replaced @ self._response
        shorted = np.isinf(values)
        current = np.where(shorted, replaced, np.where(shorted, 0.0, values) * across)
        if shorted.any():
            current += np.where(shorted, self._before * across, 0.0)
        return CellUpdate(
            word_voltage=word,
            bit_voltage=bit,
            device_current=current,
            word_start_current=ends[0],
            word_stop_current=ends[1],
            bit_start_current=ends[2],
            bit_stop_current=ends[3],
            _replaced=replaced,
        )

    def voltages(self, update: CellUpdate) -> tuple[FloatArray, FloatArray]:
        """All node voltages of an update: of the word lines and of the bit lines, (K, N, M) each."""
        replaced = update._replaced
        return (
            self.solution.word_voltage - np.tensordot(replaced, self.response.word_voltage, 1),
            self.solution.bit_voltage - np.tensordot(replaced, self.response.bit_voltage, 1),
        )
