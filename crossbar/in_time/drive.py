"""Drives of an array over time: line voltages, as bias schemes times waveforms."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from compact_model.drive import PiecewiseLinear, Sine, Waveform, WaveformSum, as_waveform, trapezoid
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.provenance import digest
from compact_model.support.validation import InputError

from ..line_drive import mask
from ..schemes import Bias, array_shape
from ..transistors.bias import TransistorBias

LineWaveforms = Mapping[int, Waveform | float] | Iterable[tuple[int, Waveform | float]]


@dataclass(frozen=True)
class ArrayDrive:
    """Line voltages over time: a sum of Biases, each multiplied by a dimensionless waveform.

    parts: pairs (Bias, Waveform or number); the first Bias determines which lines float, at all times.
    """

    parts: tuple[tuple[Bias, Waveform], ...]

    def __post_init__(self) -> None:
        try:
            parts = [(each, waveform) for each, waveform in self.parts]
        except (TypeError, ValueError):
            raise InputError("drive: expected a tuple of pairs (Bias, Waveform), got something else") from None
        pairs = tuple((validation.instance("drive", each, Bias), as_waveform("drive", w)) for each, w in parts)
        if not pairs:
            raise InputError("drive: expected at least one Bias with its waveform, got none")
        first = pairs[0][0]
        for each, _ in pairs[1:]:
            if type(each) is not type(first):
                raise InputError("drive: expected Biases of one kind, got some with source lines and some without")
            if isinstance(first, TransistorBias) and isinstance(each, TransistorBias):
                lines = first.source_line_voltage.size, each.source_line_voltage.size
                if lines[0] != lines[1]:
                    raise InputError(
                        f"drive: expected as many source lines in every Bias, got {lines[0]} and {lines[1]}"
                    )
                if not np.array_equal(first.floating_source_lines, each.floating_source_lines):  # type: ignore[arg-type]
                    raise InputError("drive: expected the same floating lines in every Bias, got different ones")
            if each.shape != first.shape:
                raise InputError(f"drive: expected Biases of one shape, got {first.shape} and {each.shape}")
            if not (
                np.array_equal(each.floating_word_lines, first.floating_word_lines)
                and np.array_equal(each.floating_bit_lines, first.floating_bit_lines)
            ):
                raise InputError("drive: expected the same floating lines in every Bias, got different ones")
        object.__setattr__(self, "parts", pairs)

    @classmethod
    def pulse(cls, held: Bias, width: float, edge: float = 0.0) -> Self:
        """A Bias for `width` seconds, with edges of `edge` seconds before and after, starting at t = 0; then 0 V.

        The gates of a TransistorBias have their full voltage from the start to the end of the second edge.
        """
        if isinstance(held, TransistorBias):
            gates, lines = held.parted()
            opened = trapezoid(width=width + 2.0 * edge, edge=0.0)
            return cls(((gates, opened), (lines, trapezoid(width=width, edge=edge))))
        return cls(((held, trapezoid(width=width, edge=edge)),))

    @classmethod
    def of_lines(
        cls,
        shape: tuple[int, int],
        *,
        word_lines: LineWaveforms = (),
        bit_lines: LineWaveforms = (),
        floating_word_lines: Iterable[int] = (),
        floating_bit_lines: Iterable[int] = (),
    ) -> Self:
        """A waveform (V) for each line, by its number or in pairs with it; all other lines are at 0 V or float.

        shape: word lines and bit lines.  Raises InputError for a line that does not exist, is driven twice, or is both
        driven and floating.
        """
        words, bits = array_shape(shape)
        for each, given in (
            ("word_lines", word_lines),
            ("bit_lines", bit_lines),
            ("floating_word_lines", floating_word_lines),
            ("floating_bit_lines", floating_bit_lines),
        ):
            if not isinstance(given, Iterable) or isinstance(given, str | bytes):
                raise InputError(f"{each}: expected lines, got {validation.shown(given)}")
        silent = Bias.zero(
            mask("floating_word_lines", list(floating_word_lines), words),
            mask("floating_bit_lines", list(floating_bit_lines), bits),
        )
        parts: list[tuple[Bias, Waveform]] = []
        for side, lines in (("word", word_lines), ("bit", bit_lines)):
            name, driven = f"{side}_lines", set()
            volts, floating = getattr(silent, f"{side}_line_voltage"), getattr(silent, f"floating_{side}_lines")
            for pair in lines.items() if isinstance(lines, Mapping) else lines:
                if not isinstance(pair, Sequence) or len(pair) != 2:
                    raise InputError(f"{name}: expected pairs of line and waveform, got {validation.shown(pair)}")
                line, waveform = pair
                if validation.whole(name, line, 0) >= volts.size:
                    raise InputError(f"{name}: expected numbers from 0 to {volts.size - 1}, got {line}")
                if line in driven:
                    raise InputError(f"{name}: expected every line once, got {side} line {line} driven twice")
                if floating[line]:
                    raise InputError(f"{name}: expected lines that do not float, got {side} line {line}, which does")
                driven.add(line)
                one = np.where(np.arange(volts.size) == line, 1.0, 0.0)
                held = (
                    replace(silent, word_line_voltage=one) if side == "word" else replace(silent, bit_line_voltage=one)
                )
                parts.append((held, as_waveform(name, waveform)))
        return cls(tuple(parts or [(silent, as_waveform("word_lines", 0.0))]))

    @property
    def shape(self) -> tuple[int, int]:
        """Word lines and bit lines."""
        return self.parts[0][0].shape

    @property
    def source_lines(self) -> int:
        """Number of source lines that are driven: those of an array with transistors, else 0."""
        first = self.parts[0][0]
        return first.source_line_voltage.size if isinstance(first, TransistorBias) else 0

    def identity(self) -> str:
        """A short text that identifies this drive."""
        items: list[str | FloatArray] = []
        for held, waveform in self.parts:
            words, bits, *others = held.line_voltages()
            items += [words, bits, repr(waveform), *others]
            items += [held.floating_word_lines.astype(float), held.floating_bit_lines.astype(float)]
            if isinstance(held, TransistorBias) and held.floating_source_lines is not None:
                items.append(held.floating_source_lines.astype(float))
        return digest(*items)

    def edges(self, start: float, stop: float) -> list[float]:
        """Times in (start, stop) at which a line's voltage or its slope jumps."""
        return sorted({edge for _, waveform in self.parts for edge in waveform.edges(start, stop)})

    def knots(self, start: float, stop: float) -> list[float]:
        """Times in (start, stop) at which the smooth parts of the lines' voltages must be sampled."""
        knots = {knot for _, waveform in self.parts for knot in waveform.knots(start, stop)}
        return sorted(knot for knot in knots if start < knot < stop)

    def is_zero(self, begin: float, end: float) -> bool:
        """Whether all lines are certainly at 0 V between two neighbouring edges."""
        if not all(isinstance(waveform, PiecewiseLinear) for _, waveform in self.parts):
            return False
        ends = (begin, float(np.nextafter(end, begin)))
        return not any(volts.any() for time in ends for volts in self.voltages(time))

    def line_voltage(self, side: str, line: int) -> Waveform:
        """The voltage of one line ('word', 'bit' or 'source') over time."""
        scales = [float(getattr(bias, f"{side}_line_voltage")[line]) for bias, _ in self.parts]
        return WaveformSum(tuple(waveform for _, waveform in self.parts), tuple(scales))

    def voltages(self, time: float) -> tuple[FloatArray, ...]:
        """Voltages of the word lines, of the bit lines and, if there are any, of the source lines at a time, V."""
        values = np.array([waveform.at(time) for _, waveform in self.parts])[:, np.newaxis]
        return tuple((values * of_parts).sum(axis=0) for of_parts in self._line_voltages)

    @functools.cached_property
    def _line_voltages(self) -> tuple[FloatArray, ...]:
        """Voltages of word lines, bit lines and perhaps source lines, (parts, lines), V, for waveforms of 1."""
        return tuple(np.stack(kind) for kind in zip(*(held.line_voltages() for held, _ in self.parts), strict=True))

    def largest_voltage(self) -> float:
        """Approximately the largest voltage across a cell that the lines can cause, V."""
        return sum(bias.largest_voltage * _largest_value(waveform) for bias, waveform in self.parts)


def _largest_value(waveform: Waveform) -> float:
    """Approximately the largest absolute value of a waveform."""
    if isinstance(waveform, PiecewiseLinear):
        return float(np.abs(waveform.values).max())
    if isinstance(waveform, Sine):
        return abs(waveform.offset) + abs(waveform.amplitude)
    return float(np.abs(waveform(np.linspace(0.0, 1e-6, 10_001))).max())
