"""PyTorch layers that are arrays: one trained by exact gradients through its wires, one whose weights change by pulses.

PyTorch is an extra (`pip install 'dwmtj[torch]'`), and this module is imported only by users of its layers.  Solutions
and their adjoints are computed by numpy, in float64, on the CPU.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.memory import check_memory
from compact_model.support.random import Seed, generator
from compact_model.support.validation import InputError

from ..adjoint import gradient_of
from ..crossbar import Crossbar
from ..faults.faults import faults_of
from ..network.solve import solve_network
from ..read_out.converters import check_bits, rounded
from ..wires import Wires, wires_or_ideal
from .pulsed_device import PulsedDevice
from .supervised import level_out, pulse_coincidences
from .table_array import READ_VOLTAGE, TableArray, ideal

try:
    import torch
except ImportError as error:
    raise InputError(f"torch: needs PyTorch; pip install 'dwmtj[torch]' ({error})") from None

_TOLERANCE = 1e-10
_BYTES_PER_CELL = 96


class _Read(torch.autograd.Function):
    """Currents of bit lines, A, (inputs, bit lines), for voltages (inputs, word lines) and conductances."""

    @staticmethod
    def forward(ctx: Any, voltage: Any, conductance: Any, array: Crossbar) -> Any:
        volts, cells = _plain(voltage), _plain(conductance)
        network = array.network()
        ctx.array, ctx.kinds, ctx.ideal = array, (voltage.detach(), conductance.detach()), ideal(network)
        if ctx.ideal:
            ctx.volts, ctx.cells = volts, cells
            return voltage.new_tensor(volts @ cells)
        network = network.replace(conductance=cells)
        found = solve_network(network, array.sources(volts.T), tolerance=_TOLERANCE)
        ctx.network, ctx.across = network, found.word_voltage - found.bit_voltage
        return voltage.new_tensor(-(found.bit_start_current + found.bit_stop_current))

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        weights = _plain(gradients[0])
        if ctx.ideal:
            by_voltage, by_cell = weights @ ctx.cells.T, ctx.volts.T @ weights
        else:
            words = ctx.network.shape[0]
            sources = ctx.array.sources(np.zeros((words, len(weights))), weights.T)
            turned = solve_network(ctx.network, sources, tolerance=_TOLERANCE)
            by_voltage = -(turned.word_start_current + turned.word_stop_current)
            by_cell = gradient_of(turned.bit_voltage - turned.word_voltage, ctx.across)
        voltage, conductance = ctx.kinds
        return voltage.new_tensor(by_voltage), conductance.new_tensor(by_cell), None


class ArrayLinear(torch.nn.Module):
    """A linear layer stored in an array of device pairs and read through its wires, trained by gradients.

    inputs, outputs: of the layer; the array has inputs + 1 word lines, the last one for an input of 1, and two bit
    lines for each output.  levels: S, increasing, the conductances of a device.
    continuous: whether devices take every conductance between the first and the last level.
    wires: of the array; None: ideal ones.  gain: the output of one input of 1 at a pair in opposite end states.
    input_bits, output_bits: of the converters, 2 or more, None: exact ones.  They have a level at 0 and the same number
    on either side; inputs from -1 to 1 and outputs from -output_range to output_range are clipped beyond.
    read_voltage: V, for an input of 1.  read_noise: standard deviation of each bit line's current, relative to that of
    one device at the last level with an input of 1.  seed: of the initial weights and of the noise.

    `weight`, (inputs + 1, outputs), from -1 to 1, is a parameter in float64; pairs have the conductances middle +- half
    of it.  Levels and converters round in the forward direction, and the gradient ignores them; otherwise it is that of
    the array, from one solution of the adjoint network.  Raises InputError, also for a layer larger than the memory.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        levels: ArrayLike,
        *,
        continuous: bool = False,
        wires: Wires | None = None,
        gain: float = 1.0,
        input_bits: int | None = None,
        output_bits: int | None = None,
        output_range: float | None = None,
        read_voltage: float = READ_VOLTAGE,
        read_noise: float = 0.0,
        seed: Seed = 0,
    ) -> None:
        super().__init__()
        words, bits = validation.whole("inputs", inputs, 1) + 1, 2 * validation.whole("outputs", outputs, 1)
        check_memory("the layer", float(_BYTES_PER_CELL) * words * bits)
        states = validation.increasing("levels", levels)
        if states.size < 2 or states[0] <= 0.0:
            raise InputError(f"levels: expected at least two conductances above 0 S, got {states.tolist()[:5]}")
        self.levels = None if validation.flag("continuous", continuous) else states
        self.low, self.high = float(states[0]), float(states[-1])
        self.gain = validation.positive("gain", gain)
        self.read_voltage = validation.positive("read_voltage", read_voltage)
        self.noise = validation.non_negative("read_noise", read_noise) * self.read_voltage * self.high  # A
        self.input_bits = None if input_bits is None else check_bits("input_bits", input_bits, signed=True)
        self.output_bits = None if output_bits is None else check_bits("output_bits", output_bits, signed=True)
        if (output_bits is None) != (output_range is None):
            raise InputError("output_range: expected with output_bits, and without it None, got one of them")
        self.output_range = None if output_range is None else validation.positive("output_range", output_range)
        middle = np.full((words, bits), 0.5 * (self.low + self.high))
        self.array = Crossbar(conductance=middle, **wires_or_ideal(wires).between(*_ohms(self)).keywords())
        faults = faults_of(self.array.faults, self.array.shape)
        self._faulty = None if faults is None else torch.tensor(faults.cells(self.array.shape))
        self.draw = generator(seed)
        start = self.draw.uniform(-1.0, 1.0, (words, outputs)) / np.sqrt(words)
        self.weight = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))

    def conductance(self) -> Any:
        """Conductances of all devices, S, (word lines, bit lines), rounded to levels; faulty ones have no gradient."""
        weight = self.weight.clamp(-1.0, 1.0)
        pairs = torch.stack([weight, -weight], dim=2).reshape(weight.shape[0], -1)
        wanted = 0.5 * (self.low + self.high) + 0.5 * (self.high - self.low) * pairs
        stored = wanted if self.levels is None else _straight_through(wanted, self._nearest)
        if self._faulty is None:
            return stored
        return torch.where(self._faulty, torch.tensor(np.asarray(self.array.conductance)), stored)

    def _nearest(self, values: FloatArray) -> FloatArray:
        assert self.levels is not None
        middle = 0.5 * (self.levels[1:] + self.levels[:-1])
        result: FloatArray = self.levels[np.searchsorted(middle, values)]
        return result

    def forward(self, inputs: Any) -> Any:
        """Outputs, (vectors, outputs), for inputs (vectors, inputs) of absolute values up to 1."""
        if inputs.ndim != 2 or inputs.shape[1] != self.weight.shape[0] - 1:
            raise InputError(f"inputs: expected shape (vectors, {self.weight.shape[0] - 1}), got {tuple(inputs.shape)}")
        given = torch.cat([inputs, inputs.new_ones((len(inputs), 1))], dim=1)
        if self.input_bits is not None:
            given = _straight_through(given, partial(rounded, bits=self.input_bits, full_scale=1.0))
        current = _Read.apply(self.read_voltage * given.double(), self.conductance(), self.array)
        if self.noise > 0.0:
            current = current + current.new_tensor(self.noise * self.draw.standard_normal(current.shape))
        scale = self.gain / (self.read_voltage * (self.high - self.low))
        output = scale * (current[:, ::2] - current[:, 1::2])
        if self.output_bits is not None and self.output_range is not None:
            output = _straight_through(output, partial(rounded, bits=self.output_bits, full_scale=self.output_range))
        return output.to(inputs.dtype)


class PulsedLinear(torch.nn.Module):
    """A linear layer of devices whose weights change by pulses, and only by `pulse`.

    inputs, outputs, gain: as in `ArrayLinear`.  device: the kind of device, with its pulse.  wires, spreads,
    read_noise, seed: as in `PulsedDevice.array`; pulses first bring all devices to about the middle of their range.

    The forward pass reads the array through its wires, the backward pass from the other side; both are exact without
    read_noise.
    `backward` of a loss stores the inputs and the outputs' gradients in the layer, and `pulse(rate)` changes the
    weights accordingly, one image after the other, with word lines and bit lines that fire at random: a line of input x
    and one of gradient d coincide with the probability rate |x d|, each line's own limited to 1.  There are no
    parameters for an optimiser.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        device: PulsedDevice,
        *,
        gain: float = 1.0,
        wires: Wires | None = None,
        spreads: dict[str, float] | None = None,
        read_noise: float = 0.0,
        seed: Seed = 0,
    ) -> None:
        super().__init__()
        words, bits = validation.whole("inputs", inputs, 1) + 1, 2 * validation.whole("outputs", outputs, 1)
        self.device = validation.instance("device", device, PulsedDevice)
        self.gain = validation.positive("gain", gain)
        self.draw = generator(seed)
        self.array = device.array((words, bits), seed=self.draw, spreads=spreads, wires=wires, read_noise=read_noise)
        level_out(self.array, device)
        low, high = device.conductance_range()
        self.scale = self.gain / (READ_VOLTAGE * (high - low))
        self.noted: list[tuple[FloatArray, FloatArray]] = []

    def forward(self, inputs: Any) -> Any:
        """Outputs, (vectors, outputs), for inputs (vectors, inputs) from -1 to 1."""
        if inputs.ndim != 2 or inputs.shape[1] != self.array.shape[0] - 1:
            raise InputError(f"inputs: expected shape (vectors, {self.array.shape[0] - 1}), got {tuple(inputs.shape)}")
        given = torch.cat([inputs, inputs.new_ones((len(inputs), 1))], dim=1)
        if not given.requires_grad:
            given.requires_grad_(True)
        return _PulsedRead.apply(given, self.array, self.scale, self._note)

    def _note(self, inputs: FloatArray, gradient: FloatArray) -> None:
        self.noted.append((inputs, gradient))

    def pulse(self, rate: float) -> None:
        """Change the weights by the results of the last `backward` calls, and discard these."""
        share = np.sqrt(validation.positive("rate", rate))
        for inputs, gradient in self.noted:
            errors = np.clip(-share * gradient, -1.0, 1.0)
            columns = np.stack([errors, -errors], axis=2).reshape(len(errors), -1)
            pulse_coincidences(self.array, np.clip(share * inputs, -1.0, 1.0), columns, self.device, 1, self.draw)
        self.noted.clear()


class _PulsedRead(torch.autograd.Function):
    """Outputs of the pairs of an array without parameters; the backward pass records its inputs and gradients."""

    @staticmethod
    def forward(ctx: Any, inputs: Any, array: TableArray, scale: float, note: Callable[..., None]) -> Any:
        plain = _plain(inputs)
        ctx.saved = inputs.detach(), plain, array, scale, note
        current = array.read(READ_VOLTAGE * plain)
        return inputs.new_tensor(scale * (current[:, ::2] - current[:, 1::2]))

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        inputs, plain, array, scale, note = ctx.saved
        weights = _plain(gradients[0])
        note(plain, weights)
        pairs = np.stack([weights, -weights], axis=2).reshape(len(weights), -1)
        largest = float(np.abs(pairs).max(initial=0.0)) or 1.0
        back = array.read_back(READ_VOLTAGE / largest * pairs) * (largest * scale)
        return inputs.new_tensor(back), None, None, None


def _plain(values: Any) -> FloatArray:
    result: FloatArray = values.detach().cpu().numpy().astype(np.float64)
    return result


def _ohms(layer: ArrayLinear) -> tuple[float, float]:
    """The lowest and the highest resistance of a device, Ohm."""
    return 1.0 / layer.high, 1.0 / layer.low


def _straight_through(values: Any, law: Callable[[FloatArray], FloatArray]) -> Any:
    """The law's values, with a gradient that ignores the law."""
    return values + (values.new_tensor(law(_plain(values))) - values).detach()


__all__: Sequence[str] = ("ArrayLinear", "PulsedLinear")
