"""The signal chain of an array: from inputs to word-line voltages, and from bit-line currents to products."""

from dataclasses import dataclass

import numpy as np

from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError

from .converters import Adc, Dac, calibrated, digitised
from .weight_mapping import Layout


@dataclass(frozen=True, eq=False)
class ReadOut:
    """A layout of weights with its converters; None: ideal ones."""

    layout: Layout
    dac: Dac | None = None
    adc: Adc | None = None

    def applied(self, inputs: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Voltages relative to the read voltage, (cycles, vectors, inputs), and weights of the cycles, (cycles,)."""
        if self.dac is not None:
            return self.dac.cycles(inputs)
        if np.abs(inputs).max(initial=0.0) > 1.0:
            raise InputError(f"inputs: expected absolute values up to 1, got {np.abs(inputs).max():g}")
        return inputs[np.newaxis], np.ones(1)

    def calibrated(self, current: FloatArray, counts: FloatArray) -> "ReadOut":
        """The chain with the full scale of its ADC set from currents of samples, A, (cycles, vectors, bit lines)."""
        if self.adc is None:
            return self
        return ReadOut(self.layout, self.dac, calibrated(self.adc, self.seen(current, counts), self.layout.slice_of))

    def seen(self, current: FloatArray, counts: FloatArray) -> FloatArray:
        """Currents at the converters, A, (conversions, vectors, converters), from those of the bit lines."""
        before: FloatArray = current @ self.layout.analog
        if self.adc is None or self.adc.per_cycle or len(counts) == 1:
            return before
        return np.tensordot(counts, before, axes=1)[np.newaxis]

    def products(self, current: FloatArray, counts: FloatArray, inputs: FloatArray, read_voltage: float) -> FloatArray:
        """Products, (vectors, outputs), from bit-line currents, A, (cycles, vectors, bit lines), and the inputs."""
        found = self.seen(current, counts)
        if self.adc is not None:
            found = digitised(self.adc, found, self.layout.slice_of)
        each = counts if len(found) == len(counts) else np.ones(1)
        total = np.tensordot(each, found, axes=1) @ self.layout.digital * (self.full_scale / read_voltage)
        offset = self.layout.computed * self.converted(inputs).sum(axis=1, keepdims=True)
        result: FloatArray = total - offset
        return result

    def converted(self, inputs: FloatArray) -> FloatArray:
        """The inputs as rounded and clipped by the DAC."""
        return inputs if self.dac is None else self.dac.convert(inputs)

    @property
    def full_scale(self) -> float:
        """The input that the read voltage represents."""
        return 1.0 if self.dac is None else self.dac.full_scale
