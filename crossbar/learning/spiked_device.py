"""A kind of device between spiking neurons, and arrays of such devices with spike-timing-dependent plasticity."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from compact_model.device.junction import antiparallel_share, conductance
from compact_model.device.notched import PITCH, notched_track, spiking_device
from compact_model.device.parameters import DeviceParameters
from compact_model.experiments.spike_tables import spike_table
from compact_model.experiments.spikes import Spike
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.memory import check_memory
from compact_model.support.provenance import digest
from compact_model.support.random import Seed, generator
from compact_model.support.validation import InputError

from ..kernels.transitions import draw_states, staying
from .spontaneous import RATES, passed, rates_of, spontaneous_rates

_PULSE, _TAIL = 0.45, 0.3  # relative to the threshold
_WIDTH = _EDGE = 6e-9  # s
_ENERGY_POINTS = 4001
_ROUNDING = 1e-6
_BYTES_PER_CELL = 64  # as measured, with spikes
SECOND, FIRST, ALONE = range(3)
"""The cases of a cell: the spike of the neuron before it second, or first, or alone."""


def usual_spike(device: DeviceParameters) -> Spike:
    """A sawtooth of 0.45 and 0.3 times the device's threshold, which alone moves few walls."""
    threshold = device.threshold_voltage
    return Spike(pulse_voltage=_PULSE * threshold, tail_voltage=_TAIL * threshold, width=_WIDTH, edge=_EDGE)


@dataclass(frozen=True, kw_only=True, eq=False)
class SpikedDevice:
    """One kind of device between neurons that fire the same spike.

    table: from `compact_model.spike_table` for this device and spike, which includes the delays -delay and delay.
    delay: s, between two spikes that change a device.
    """

    device: DeviceParameters
    table: xr.Dataset
    spike: Spike
    delay: float

    def __post_init__(self) -> None:
        validation.instance("device", self.device, DeviceParameters)
        validation.instance("table", self.table, xr.Dataset)
        validation.instance("spike", self.spike, Spike)
        apart = validation.positive("delay", self.delay)
        if self.table.attrs.get("experiment") != "spike_table":
            raise InputError("table: expected what spike_table gives, got something else")
        for each in (-apart, apart):
            if not np.isclose(self.table.delay.values, each, rtol=1e-9, atol=0.0).any():
                raise InputError(f"delay: expected a delay that the table has with both signs, got {apart:g} s")

    @classmethod
    def notched(
        cls,
        levels: int = 20,
        *,
        device: DeviceParameters | None = None,
        spike: Spike | None = None,
        delay: float | None = None,
        tracks: int = 8,
        samples: int = 128,
        temperature: float = 300.0,
        retention: bool = False,
        seed: Seed = 0,
        store: str | Path | None = None,
        progress: bool = False,
    ) -> "SpikedDevice":
        """`spiking_device` with a number of levels: a track with one notch every 50 nm.

        device: used instead of it; its length is replaced and its barrier is kept.  spike: None: `usual_spike`.  delay:
        s, None: the duration of a pulse and an edge, at which two spikes have the largest effect.  samples, temperature
        (K), store: see `compact_model.pulse_table`.  seed: of the tracks and the table.
        retention: whether the table gets `spontaneous_rate`, as by `PulsedDevice.notched`, with which arrays age.
        """
        base = validation.instance("device", spiking_device() if device is None else device, DeviceParameters)
        sized = base.resized(track_length=validation.whole("levels", levels, 1) * PITCH)
        draw = generator(seed)
        each = [notched_track(sized, draw) for _ in range(validation.whole("tracks", tracks, 1))]
        shape = validation.instance("spike", usual_spike(sized) if spike is None else spike, Spike)
        apart = shape.width + shape.edge if delay is None else validation.positive("delay", delay)
        table = spike_table(
            sized,
            each,
            [-apart, apart],
            shape,
            temperature=temperature,
            samples=samples,
            seed=draw,
            store=store,
            progress=progress,
        )
        if validation.flag("retention", retention):
            table = table.assign({RATES: spontaneous_rates(sized, each, table, temperature, draw)})
        return cls(device=sized, table=table, spike=shape, delay=apart)

    @property
    def levels(self) -> int:
        """Number of levels of a track, the rounded mean over tracks, without the two ends, which walls leave."""
        return round(float(np.isfinite(self.table.position.values).sum(axis=-1).mean())) - 2

    def identity(self) -> str:
        """A short text that identifies this kind."""
        table = self.table.probability.values, self.table.alone_probability.values, self.table.position.values
        rates = (self.table[RATES].values,) if RATES in self.table else ()
        return digest(repr((self.device, self.spike, self.delay)), *table, *rates)

    def cumulative(self) -> FloatArray:
        """Cumulative probabilities of the final states, (track, SECOND or FIRST or ALONE, state, final state)."""
        order = ("state", "final_state")
        pairs = self.table.probability.sel(delay=[-self.delay, self.delay], method="nearest")
        alone = self.table.alone_probability.sel(neuron=["presynaptic"])
        events = np.concatenate(
            [
                pairs.transpose("track", "delay", *order).values,
                alone.transpose("track", "neuron", *order).values,
            ],
            axis=1,
        )
        result: FloatArray = np.cumsum(events, axis=3)
        return result

    def read_current(self) -> FloatArray:
        """Current of a device during the pulse of a read spike, A, (track, state); NaN for a missing state."""
        places = self.table.position.transpose("track", "state").values
        volts = np.full(places.shape, self.spike.pulse_voltage)
        result: FloatArray = volts * conductance(self.device, antiparallel_share(self.device, places), volts)
        return result

    def mean_steps(self) -> tuple[float, float]:
        """Mean change of a weight (0 to 1) by a spike before that of the output, and by one after it.

        It is averaged over the middle half of the track, from whose notches walls do not reach an end.
        """
        places = self.table.position.transpose("track", "state").values / self.device.track_length
        pairs = self.table.probability.sel(delay=[self.delay, -self.delay], method="nearest")
        after = np.einsum(
            "tdsf,tf->tds", pairs.transpose("track", "delay", "state", "final_state").values, np.nan_to_num(places)
        )
        steps = after - places[:, np.newaxis]
        inner = np.abs(places - 0.5) < 0.25 + _ROUNDING
        up, down = (float(steps[:, side][inner].mean()) for side in range(2))
        return up, down

    def disturbed_shares(self) -> tuple[float, float]:
        """Share of the walls that a single spike moves to another rest position: from a notch, and from an end."""
        alone = self.table.alone_probability.sel(neuron="presynaptic").transpose("track", "state", "final_state").values
        places = self.table.position.transpose("track", "state").values / self.device.track_length
        moved = 1.0 - np.diagonal(alone, axis1=1, axis2=2)
        inner = (places > 0.0) & (places < 1.0)
        return float(moved[inner].mean()), float(moved[(places == 0.0) | (places == 1.0)].mean())

    def energies(self) -> FloatArray:
        """Integrals of the squared voltage for each case of a cell, V2 s, in the order SECOND, FIRST, ALONE."""
        seen = (self.spike.pair(-self.delay), self.spike.pair(self.delay), self.spike.alone("presynaptic"))
        time = np.linspace(0.0, self.spike.duration + self.delay, _ENERGY_POINTS)
        return np.array([np.trapezoid(np.asarray(waveform(time)) ** 2, time) for waveform in seen])


class Synapses(Protocol):
    """Weights between neurons that are read by spikes and, if plastic, changed by them."""

    shape: tuple[int, int]
    plastic: bool
    read_noise: float

    def read(self, spikes: NDArray[np.bool_]) -> FloatArray:
        """The contribution of spikes (inputs,) to the potentials of the outputs, (outputs,)."""

    def weights(self) -> FloatArray:
        """Weights from 0 to 1, (inputs, outputs)."""

    def disturb(self, first: NDArray[np.bool_]) -> None:
        """Input neurons fire, and no output does."""

    def change(self, first: NDArray[np.bool_], output: int) -> None:
        """An output fires after the last inputs, and all other inputs after it."""


class SpikedArray:
    """Devices on ideal wires, whose walls move according to the table of two spikes, or of one.

    read_disturb: whether a single spike moves walls.  plastic: whether spikes move walls at all.
    read_noise: standard deviation of each current that is read, relative to that of one device at its highest
    conductance.
    """

    def __init__(
        self, kind: SpikedDevice, shape: tuple[int, int], *, read_disturb: bool = True, seed: Seed = 0
    ) -> None:
        check_memory("the array", float(_BYTES_PER_CELL) * shape[0] * shape[1])
        self.kind, self.shape, self.read_disturb, self.plastic = kind, shape, read_disturb, True
        self.read_noise = 0.0
        self._draw = generator(seed)
        self._cumulative = np.ascontiguousarray(kind.cumulative())  # as the kernel is compiled beforehand
        self._stays = np.ascontiguousarray(staying(self._cumulative))
        current = kind.read_current()
        self._lowest, self._range = np.nanmin(current), np.nanmax(current) - np.nanmin(current)
        self._current = current
        self._highest = np.nanmax(current)
        self._places = kind.table.position.transpose("track", "state").values
        self.track = self._draw.integers(len(current), size=shape)
        states = np.isfinite(self._places).sum(axis=1)[self.track]
        self.state = (self._draw.random(shape) * states).astype(np.int64)
        self._conductance = kind.table.conductance.transpose("track", "state").values
        self._squares = kind.energies()
        self.energy = 0.0
        """J, of all spikes, from the conductances at zero bias."""
        self.pairs = self.single = 0
        """Numbers of times that cells received two spikes, and a single one."""

    def read(self, spikes: NDArray[np.bool_]) -> FloatArray:
        rows = self._current[self.track[spikes], self.state[spikes]]
        current = rows.sum(axis=0) - len(rows) * self._lowest
        if self.read_noise > 0.0:
            current = current + self.read_noise * self._highest * self._draw.standard_normal(current.size)
        result: FloatArray = current / self._range
        return result

    def weights(self) -> FloatArray:
        result: FloatArray = self._places[self.track, self.state] / self.kind.device.track_length
        return result

    def disturb(self, first: NDArray[np.bool_]) -> None:
        self._see(np.where(first, ALONE, -1)[:, np.newaxis] + np.zeros(self.shape[1], dtype=np.int64))

    def change(self, first: NDArray[np.bool_], output: int) -> None:
        seen = np.full(self.shape, ALONE)
        seen[:, output] = np.where(first, FIRST, SECOND)
        self._see(seen)

    def age(self, duration: float) -> None:
        """Let a time (s) of any length pass without a spike: walls hop at the rates of the table, at its temperature.

        InputError for a table without rates (`SpikedDevice.notched(retention=True)` has them).
        """
        length = validation.non_negative("duration", duration)
        rates = rates_of(self.kind.table)
        if length > 0.0:
            self.state = passed(self.state, self.track, rates, length, self._draw)

    def _see(self, event: NDArray[np.int64]) -> None:
        """Move the walls of cells according to their cases, (inputs, outputs); -1: none."""
        seen = event >= 0
        self.energy += float((self._squares[event] * self._conductance[self.track, self.state])[seen].sum())
        single = int((event == ALONE).sum())
        self.single, self.pairs = self.single + single, self.pairs + int(seen.sum()) - single
        if not self.plastic:
            return
        moved = seen & (self.read_disturb | (event != ALONE))
        state = self.state[moved]
        # The kernel's voltages are numbers of events here, each exactly on its grid.
        grid = np.arange(3.0)
        draw_states(
            event[moved].astype(np.float64),
            self._draw.random(state.size),
            grid,
            self._cumulative,
            self._stays,
            self.track[moved],
            state,
        )
        self.state[moved] = state


class ExactSynapses:
    """Weights in floating point, read without noise; spikes change them by their mean effect on devices."""

    def __init__(self, kind: SpikedDevice, shape: tuple[int, int], seed: Seed = 0) -> None:
        self.shape, self.plastic, self.read_noise = shape, True, 0.0
        self._weights = generator(seed).random(shape)
        self._up, self._down = kind.mean_steps()

    def read(self, spikes: NDArray[np.bool_]) -> FloatArray:
        result: FloatArray = self._weights[spikes].sum(axis=0)
        return result

    def weights(self) -> FloatArray:
        return self._weights.copy()

    def disturb(self, first: NDArray[np.bool_]) -> None:
        pass

    def change(self, first: NDArray[np.bool_], output: int) -> None:
        if self.plastic:
            column = self._weights[:, output] + np.where(first, self._up, self._down)
            self._weights[:, output] = np.clip(column, 0.0, 1.0)
