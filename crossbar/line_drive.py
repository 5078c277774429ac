"""The drive of an array's lines in the solvers' form: voltages, currents, and floating lines."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.memory import check_memory
from compact_model.support.validation import InputError

from .network.linear_network import Network, Sources
from .schemes import line_number

if TYPE_CHECKING:
    from .crossbar import Crossbar

Lines = Sequence[int] | NDArray[Any]
WordLineCurrents = ArrayLike | Mapping[int, ArrayLike]
"""Of all word lines, or of some of them by number; see `Crossbar.solve`."""

_BYTES_PER_CELL_AND_INPUT = 64


class OtherDrives(TypedDict, total=False):
    """Drives of lines besides one voltage for each: see `Crossbar.solve`."""

    word_line_current: WordLineCurrents | None
    word_line_stop_voltage: ArrayLike | None
    bit_line_start_voltage: ArrayLike | None


class LineCurrents(NamedTuple):
    """Current sources at word lines: the currents, (K, N), A; the resistance from any source to its line's first node,
    (N,), Ohm; the word lines held by a voltage source, (N,); and whether sources are at the stops of the lines."""

    current: FloatArray
    series: FloatArray
    held: NDArray[np.bool_]
    at_stop: bool


class Driven(NamedTuple):
    """An array with its sources, in the solvers' form; currents: None if voltages drive all lines."""

    network: Network
    sources: Sources
    currents: LineCurrents | None = None


def drive(
    array: "Crossbar",
    word_line_voltage: ArrayLike | None,
    bit_line_voltage: ArrayLike,
    floating_word_lines: Lines,
    floating_bit_lines: Lines,
    *,
    word_line_current: WordLineCurrents | None = None,
    word_line_stop_voltage: ArrayLike | None = None,
    bit_line_start_voltage: ArrayLike | None = None,
) -> Driven:
    """See `Crossbar.driven`."""
    words, bits = array.shape
    fed, current = _currents(word_line_current, words)
    floating = mask("floating_word_lines", floating_word_lines, words)
    _check_fed(fed, floating, array.word_line_ends)
    if word_line_voltage is None and not fed.all():
        raise InputError(
            "word_line_voltage: expected voltages of the word lines without a current, such as "
            f"{int(np.argmin(fed))}, got none"
        )
    given: dict[str, ArrayLike] = {
        "word_line_voltage": 0.0 if word_line_voltage is None else word_line_voltage,
        "bit_line_voltage": bit_line_voltage,
    }
    for name, values, ends in (
        ("word_line_stop_voltage", word_line_stop_voltage, array.word_line_ends),
        ("bit_line_start_voltage", bit_line_start_voltage, array.bit_line_ends),
    ):
        if values is not None:
            if ends != "both":
                raise InputError(f"{name}: expected one only for lines with ends of 'both', got ends of {ends!r}")
            given[name] = values
    inputs = max(current.shape[1], *(input_count(name, values) for name, values in given.items()))
    check_memory("the solution", _BYTES_PER_CELL_AND_INPUT * float(words) * bits * inputs)
    if current.shape[1] not in (1, inputs):
        raise InputError(f"word_line_current: expected one input, or {inputs} as elsewhere, got {current.shape[1]}")
    volts = {
        name: line_voltages(name, values, words if name.startswith("word") else bits, inputs)
        for name, values in given.items()
    }
    network = array.network(floating | fed, floating_bit_lines)
    word, bit = volts["word_line_voltage"], volts["bit_line_voltage"]
    sources = Sources(
        word_start=word,
        word_stop=volts.get("word_line_stop_voltage", word),
        bit_start=volts.get("bit_line_start_voltage", bit),
        bit_stop=bit,
    )
    _check_both_ends(array.network(), sources, array.word_line_ends, array.bit_line_ends)
    if not fed.any():
        return Driven(network, sources)
    at_stop = array.word_line_ends == "stop"
    currents = np.array(np.broadcast_to(current.T, (inputs, words)))
    at_nodes = np.zeros((inputs, words, bits))
    at_nodes[:, :, -1 if at_stop else 0] = currents
    whole = array.network()
    series = whole.word_stop if at_stop else whole.word_start
    return Driven(
        network, replace(sources, word_current=at_nodes), LineCurrents(currents, series, ~(fed | floating), at_stop)
    )


def _check_fed(fed: NDArray[np.bool_], floating: NDArray[np.bool_], ends: str) -> None:
    """InputError for current sources at floating lines, or at both ends."""
    if fed.any() and ends == "both":
        raise InputError("word_line_current: expected none for word lines with ends of 'both', got some")
    both = fed & floating
    if both.any():
        raise InputError(
            f"word_line_current: expected lines that do not float, got word line {int(np.argmax(both))}, which does"
        )


def _check_both_ends(network: Network, sources: Sources, word_ends: str, bit_ends: str) -> None:
    """InputError for different voltages at the ends of a line without resistance, which counts as connected at one."""
    for side, ends in (("word", word_ends), ("bit", bit_ends)):
        start = getattr(network, f"{side}_start")
        joined = (ends == "both") & np.isinf(getattr(network, f"{side}_stop")) & (start == 0.0)
        differ = joined & (getattr(sources, f"{side}_start") != getattr(sources, f"{side}_stop")).any(axis=1)
        if differ.any():
            raise InputError(
                f"{side}_line_{'stop' if side == 'word' else 'start'}_voltage: expected that of the other end for a "
                f"line without any resistance, got another for {side} line {int(np.argmax(differ))}"
            )


def _currents(given: WordLineCurrents | None, words: int) -> tuple[NDArray[np.bool_], FloatArray]:
    """The word lines driven by a current, (N,), and all currents, (N, K) or (N, 1), A; 0 elsewhere."""
    name = "word_line_current"
    if given is None:
        return np.zeros(words, dtype=bool), np.zeros((words, 1))
    if not isinstance(given, Mapping):
        return np.ones(words, dtype=bool), line_voltages(name, given, words, input_count(name, given))
    fed = np.zeros(words, dtype=bool)
    of_lines = {
        line_number(name, line, words): validation.array(name, values, ("input",)) for line, values in given.items()
    }
    for line, each in of_lines.items():
        if each.ndim > 1:
            raise InputError(f"{name}: expected a number or (inputs,) for word line {line}, got shape {each.shape}")
    inputs = max((each.size for each in of_lines.values() if each.ndim), default=1)
    currents = np.zeros((words, inputs))
    for line, each in of_lines.items():
        if each.size not in (1, inputs):
            raise InputError(f"{name}: expected a number or ({inputs},) for word line {line}, got shape {each.shape}")
        fed[line] = True
        currents[line] = each
    return fed, currents


def mask(name: str, lines: Lines, count: int) -> NDArray[np.bool_]:
    """Numbers of lines, or a mask, as a mask of shape (count,)."""
    plain = validation.unlabelled(name, lines, ("word_line" if "word" in name else "bit_line",))
    try:
        given = np.asarray(plain)
    except ValueError:
        raise InputError(f"{name}: expected line numbers, or a mask, got {validation.shown(lines)}") from None
    if given.dtype == bool:
        if given.shape != (count,):
            raise InputError(f"{name}: expected a mask of shape ({count},), got {given.shape}")
        return given
    result = np.zeros(count, dtype=bool)
    if given.size == 0:
        return result
    if given.dtype.kind not in "iu" or given.ndim > 1:
        raise InputError(f"{name}: expected line numbers, or a mask, got {validation.shown(lines)}")
    if given.min() < 0 or given.max() >= count:
        raise InputError(f"{name}: expected numbers from 0 to {count - 1}, got {given.min()} to {given.max()}")
    result[given] = True
    return result


def input_count(name: str, voltage: ArrayLike) -> int:
    """The number of inputs of the voltages, or currents, of lines."""
    if isinstance(voltage, float):
        return 1
    shape = validation.shaped(name, voltage, _voltage_axes(name)).shape  # not a copy: the memory is checked first
    return int(shape[1]) if len(shape) == 2 else 1


def _voltage_axes(name: str) -> tuple[str, str]:
    return "word_line" if name.startswith("word") else "bit_line", "input"


def line_voltages(name: str, values: ArrayLike, lines: int, inputs: int) -> FloatArray:
    """Checked voltages of lines, or currents, shape (lines, inputs)."""
    if isinstance(values, float) and abs(values) <= validation.LARGEST:  # as usual at the bit lines
        return np.full((lines, inputs), values)
    given = validation.array(name, values, _voltage_axes(name))
    shape = given.shape
    if given.ndim == 1:
        given = given[:, np.newaxis]
    if given.ndim > 2 or (given.ndim == 2 and (given.shape[0] != lines or given.shape[1] not in (1, inputs))):
        raise InputError(
            f"{name}: expected a number, shape ({lines},) or ({lines}, {inputs if inputs > 1 else 'inputs'}), "
            f"got shape {shape}"
        )
    if given.shape == (lines, inputs):
        return given.astype(np.float64)  # a copy
    values = np.empty((lines, inputs))
    values[:] = given
    return values
