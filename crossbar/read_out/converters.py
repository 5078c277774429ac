"""Converters at the edge of an array: digital inputs to voltages, and currents to digital outputs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.memory import check_memory
from compact_model.support.validation import InputError

MOST_BITS = 24
"""With more bits, a step of a converter would be below the tolerance of the solver."""


def check_bits(name: str, bits: int, signed: bool) -> int:
    """The checked number of bits of a converter: 1 to 24, or 2 to 24 with a sign."""
    try:
        return validation.whole(name, bits, 1 + signed, MOST_BITS)
    except InputError as error:
        raise InputError(f"{error}; an ideal converter is None") from None


def rounded(values: FloatArray, bits: int, full_scale: float | FloatArray, signed: bool = True) -> FloatArray:
    """Round to the nearest value of a converter, and clip at its full scale.

    signed: 2**bits - 1 values, from -full_scale to full_scale, one of them 0; otherwise 2**bits, from 0 to full_scale.
    """
    steps = 2 ** (bits - signed) - 1
    low = -1.0 if signed else 0.0
    result: FloatArray = np.rint(np.clip(values / full_scale, low, 1.0) * steps) * (full_scale / steps)
    return result


@dataclass(frozen=True, kw_only=True)
class Dac:
    """The digital-to-analog converters of the word lines; the read voltage represents an input of `full_scale`.

    bits: 1 to 24, or 2 to 24 with a sign.  0 bits are refused; an ideal converter is None in place of a Dac.
    signed: sign and magnitude: 2**bits - 1 evenly spaced values from -full_scale to full_scale, including 0.
        Otherwise 2**bits values from 0 to full_scale, and negative inputs are refused.
    full_scale: larger inputs are clipped to it.
    bits_per_cycle: the bits of the magnitude are applied in cycles of this many, the least significant first, each
        cycle with up to the full read voltage, and the results of the cycles are shifted and added.  1: bit-serial
        inputs, with drivers of two voltages (three with the sign).  None: all bits at once.

    Raises InputError.
    """

    bits: int
    signed: bool = True
    full_scale: float = 1.0
    bits_per_cycle: int | None = None

    def __post_init__(self) -> None:
        signed = validation.flag("signed", self.signed)
        bits = check_bits("bits", self.bits, signed)
        object.__setattr__(self, "full_scale", validation.positive("full_scale", self.full_scale))
        if self.bits_per_cycle is not None:
            validation.whole("bits_per_cycle", self.bits_per_cycle, 1, bits - signed)

    @property
    def steps(self) -> int:
        """Number of steps from 0 to the full scale."""
        return int(2 ** (self.bits - self.signed) - 1)

    @property
    def cycle_count(self) -> int:
        """Number of cycles in which an input is applied."""
        return 1 if self.bits_per_cycle is None else -(-(self.bits - self.signed) // self.bits_per_cycle)

    def convert(self, inputs: ArrayLike) -> FloatArray:
        """The inputs as rounded and clipped, of the same shape."""
        given = validation.array("inputs", inputs)
        if not self.signed and given.min(initial=0.0) < 0.0:
            raise InputError(f"inputs: expected none below 0 for an unsigned DAC, got {given.min():g}")
        return rounded(given, self.bits, self.full_scale, self.signed)

    def cycles(self, inputs: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """The voltages of each cycle relative to the read voltage, and the weight of each cycle.

        inputs: of any shape.  Returns (cycles, *shape), from -1 to 1, and (cycles,); the weighted sum over the cycles
        is convert(inputs) / full_scale.
        """
        check_memory("inputs", 32.0 * self.cycle_count * validation.shaped("inputs", inputs).size)
        whole = np.rint(self.convert(inputs) / self.full_scale * self.steps)
        if self.bits_per_cycle is None:
            return whole[np.newaxis] / self.steps, np.ones(1)
        base = 2**self.bits_per_cycle
        places = base ** np.arange(self.cycle_count, dtype=np.float64)
        magnitude = np.abs(whole)
        digits = [magnitude // place % base for place in places.tolist()]
        return np.sign(whole) * np.array(digits) / (base - 1), places * (base - 1) / self.steps


@dataclass(frozen=True, kw_only=True)
class Adc:
    """The analog-to-digital converters at the outputs of an array.

    bits: 1 to 24, or 2 to 24 with a sign.  0 bits are refused; an ideal converter is None in place of an Adc.
    signed: 2**bits - 1 evenly spaced codes from -full_scale to full_scale, including 0.  Otherwise 2**bits codes from 0
        to full_scale, and negative currents are refused.
    full_scale: A, one for all converters or one for each slice of the weights, the most significant first; larger
        currents are clipped to it.  None: to be set from sample data by `MappedWeights.calibrate`.
    percentile: %, of the absolute currents of the sample data, taken as the full scale; 100: the largest current.
    per_cycle: where the inputs are applied in cycles, convert after each cycle and add digitally; otherwise add the
        cycles as charge and convert the sum.

    Raises InputError.
    """

    bits: int
    signed: bool = True
    full_scale: float | Sequence[float] | None = None
    percentile: float = 99.9
    per_cycle: bool = True

    def __post_init__(self) -> None:
        check_bits("bits", self.bits, validation.flag("signed", self.signed))
        validation.flag("per_cycle", self.per_cycle)
        if validation.between("percentile", self.percentile, 0.0, 100.0) == 0.0:
            raise InputError("percentile: expected a number above 0, got 0")
        if self.full_scale is not None:
            given = validation.array("full_scale", self.full_scale)
            if given.ndim > 1 or given.size == 0:
                raise InputError(f"full_scale: expected one current, or one for each slice, got shape {given.shape}")
            checked = tuple(validation.positive("full_scale", value) for value in given.ravel().tolist())
            object.__setattr__(self, "full_scale", checked if given.ndim else checked[0])


def digitised(adc: Adc, current: FloatArray, slice_of: NDArray[np.int64]) -> FloatArray:
    """The currents, A, as rounded and clipped.

    current: (..., converters); slice_of: (converters,), the slice of the weights that each converter reads.
    """
    limits = _limits(adc, slice_of)
    if not adc.signed and (current < -1e-9 * limits).any():
        raise InputError(
            "adc: expected signed=True for currents of both signs, as by differences in analog or inputs with a "
            "sign, got signed=False"
        )
    return rounded(current, adc.bits, limits, adc.signed)


def saturated(adc: Adc, current: FloatArray, slice_of: NDArray[np.int64]) -> float:
    """The fraction of the currents, as in `digitised`, that are clipped."""
    return float((np.abs(current) > _limits(adc, slice_of) * (1.0 + 1e-9)).mean()) if current.size else 0.0


def calibrated(adc: Adc, current: FloatArray, slice_of: NDArray[np.int64]) -> Adc:
    """The converter with its full scale set from sample data; unchanged if it already has one.

    current: A, (..., converters), of the samples; slice_of: as in `digitised`.  The full scale of each slice is the
    percentile of its own absolute currents, enlarged so that the ratios of the slices are powers of two and that they
    can be recombined by shifts.
    """
    if adc.full_scale is not None:
        return adc
    sizes = [float(np.percentile(np.abs(current[..., slice_of == one]), adc.percentile)) for one in np.unique(slice_of)]
    largest = max(sizes)
    if largest == 0.0:
        raise InputError(f"samples: expected some that give currents above 0 at the {adc.percentile:g} percentile")
    least = largest * 2.0**-MOST_BITS  # a slice without currents needs no range of its own
    scales = [largest / 2.0 ** np.floor(np.log2(largest / size)) if size > least else largest for size in sizes]
    return replace(adc, full_scale=scales if len(scales) > 1 else scales[0])


def _limits(adc: Adc, slice_of: NDArray[np.int64]) -> FloatArray:
    if adc.full_scale is None:
        raise InputError("adc: expected a full_scale, got None; `calibrate` takes it from sample data")
    limits = np.atleast_1d(np.asarray(adc.full_scale, dtype=np.float64))
    slices = int(slice_of.max()) + 1
    if limits.size not in (1, slices):
        raise InputError(f"adc: expected one full_scale, or one for each of {slices} slices, got {limits.size}")
    result: FloatArray = np.broadcast_to(limits, (slices,))[slice_of]
    return result
