"""A kind of device for arrays that learn: the update pulse and its transition table, in one object."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from compact_model.device.notched import PITCH, notched_device, notched_track
from compact_model.device.parameters import DeviceParameters
from compact_model.experiments.pulse_tables import pulse_table
from compact_model.rates.escapes import escape_rates
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.memory import check_memory
from compact_model.support.model_range import relative_spread
from compact_model.support.provenance import digest
from compact_model.support.random import Seed, generator
from compact_model.support.validation import ConvergenceError, InputError
from compact_model.track.landscape import Landscape

from ..cells import Junctions, StatefulCells
from ..crossbar import Crossbar
from ..in_time.dynamics import MovingCells
from ..operate.operations import WriteAccess
from ..schemes import array_shape
from ..wires import LINES, Wires, wires_or_ideal
from .pulse_tables import tabulate
from .spontaneous import RATES, spontaneous_rates
from .table_array import READ_VOLTAGE, WIDEST_GAP, TableArray, widest_gap

WIDTH, EDGE, SETTLE = 4e-9, 2e-9, 200e-9
"""Width of the usual pulse, s: short enough that a wall advances to the next notch or stays, by chance."""
_SELECTED = {"grounded": (1.0,), "V/2": (0.5, 1.0), "V/3": (1.0 / 3.0, 1.0)}
_ALL_SHARES = (0.25, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_ROUNDING = 1e-9
_NEAR = 0.01  # of a pulse's voltage, because a third of it is rounded in a file
_STEP_BEYOND = 1.1  # from one voltage to the next, above that of a pulse
_FARTHEST = 5.0  # standard deviations of ln R_P: one device in millions is farther out
HOP_RATE = {"long_name": "rate at which a state is left by itself", "units": "1/s"}
LARGEST_VARIATION = 0.3
"""Largest relative deviation of R_P: beyond it a table would have to reach many times the threshold."""
_BYTES_PER_CELL = 112  # as measured, with pulses and one image that is read
_BYTES_PER_WIRED_CELL = 360
_BYTES_OF_A_SPREAD = 1900  # of a cell whose device differs from the others


def checked_spreads(spreads: Mapping[str, float] | None, devices: StatefulCells) -> dict[str, float]:
    """Deviations by name, empty for None; InputError unless a mapping, and for names that a table cannot follow.

    A table is of one device: for walls it can be used for another barrier (V / RA_P), but not for another wall or
    track.
    """
    given = {} if spreads is None else dict(validation.instance("spreads", spreads, Mapping))
    for name in given:
        if name not in devices.spreads_in_tables:
            known = ", ".join(devices.spreads_in_tables) or "none"
            raise InputError(f"spreads: expected names out of {known}, got {validation.shown(name)}")
    return given


def checked_wires(wires: Wires | None) -> Wires:
    """The wires, ideal ones for None; InputError for a capacitance, because a table does not include charging lines."""
    given = wires_or_ideal(wires)
    for name in ("word_line_capacitance", "bit_line_capacitance"):
        if np.any(getattr(given, name)):
            raise InputError(f"wires: expected none with a {name}, got {getattr(given, name)} F")
    return given


def check_layers(
    shapes: Sequence[tuple[int, int]], wires: Wires | None, spreads: Mapping[str, float] | None = None
) -> None:
    """InputError where arrays of these shapes, of devices that learn, do not fit in memory together."""
    between = wires_or_ideal(wires)
    wired = between.faults is not None or any(np.any(getattr(between, name)) for name in LINES)
    each = (_BYTES_PER_WIRED_CELL if wired else _BYTES_PER_CELL) + (_BYTES_OF_A_SPREAD if spreads else 0)
    check_memory("the array", each * float(sum(words * bits for words, bits in shapes)))


def _shares(scheme: str, dense: bool, variation: float) -> FloatArray:
    """Voltages of a table, relative to that of a pulse, above 0."""
    if not dense and variation == 0.0:
        return np.array(_SELECTED[scheme])
    sigma = np.sqrt(np.log1p(variation**2))
    steps = int(np.ceil(_FARTHEST * sigma / np.log(_STEP_BEYOND)))
    return np.concatenate([_ALL_SHARES, _STEP_BEYOND ** np.arange(1, steps + 1)])


def _voltages(voltage: float, scheme: str, dense: bool, variation: float) -> FloatArray:
    """Voltages of a table, for pulses of a voltage of both polarities, V."""
    shares = _shares(scheme, dense or scheme == "floating", variation)
    return voltage * np.concatenate([-shares[::-1], [0.0], shares])


def _hop_rates(
    device: DeviceParameters, tracks: list[Landscape], table: xr.Dataset, temperature: float
) -> tuple[tuple[str, ...], FloatArray, dict[str, str]]:
    """Rates, 1/s, at which walls leave the states of their tracks downwards and upwards, (track, state, side)."""
    rates = np.full((len(tracks), table.sizes["state"], 2), np.nan)
    for number, track in enumerate(tracks):
        with np.errstate(invalid="ignore", divide="ignore"):  # the rate is NaN where no theory of the angle applies
            try:
                found = escape_rates(device, track, temperature=temperature, destinations=False, touches=False)
            except (ConvergenceError, np.linalg.LinAlgError):
                continue
        places = table.position.transpose("track", "state").values[number]
        state = [int(np.nanargmin(np.abs(places - each))) for each in found.position.values.tolist()]
        both = np.column_stack([found.left_rate.values, found.right_rate.values])
        rates[number, state] = np.where(np.isfinite(both) & found.valid.values[:, np.newaxis], both, np.nan)
    return ("track", "state", "side"), rates, HOP_RATE


@dataclass(frozen=True, kw_only=True, eq=False)
class PulsedDevice:
    """One kind of device for arrays that learn.

    devices: any array of devices, of which the first is used: `Junctions` for walls, or others with a state.
    table: from `compact_model.pulse_table` or `tabulate`, with as many tracks as there are different cells.
    voltage: V, absolute value of a pulse; the table must include it in both polarities.  access: bias scheme and timing
    of the lines.
    """

    devices: StatefulCells
    table: xr.Dataset
    voltage: float
    access: WriteAccess

    def __post_init__(self) -> None:
        validation.instance("devices", self.devices, StatefulCells)
        validation.instance("table", self.table, xr.Dataset)
        volts = validation.positive("voltage", self.voltage)
        validation.instance("access", self.access, WriteAccess)
        if self.table.attrs.get("experiment") != "pulse_table":
            raise InputError("table: expected what pulse_table gives, got something else")
        reach = min(-float(self.table.voltage.min()), float(self.table.voltage.max()))
        if volts > reach * (1.0 + _ROUNDING):
            raise InputError(
                f"voltage: expected at most the range of the table in both polarities, {reach:g} V, got {volts:g} V"
            )
        self._check_grid(volts)

    def _check_grid(self, volts: float) -> None:
        """InputError if a voltage of the bias scheme lies far from all voltages of the table."""
        grid = self.table.voltage.values.astype(np.float64)
        wanted = _voltages(volts, self.access.scheme, False, 0.0)
        apart = np.abs(wanted[:, np.newaxis] - grid).min(axis=1)
        if (apart > _NEAR * volts).any() and widest_gap(grid, volts, volts) > WIDEST_GAP * (1.0 + _ROUNDING):
            raise InputError(
                f"table: expected the voltages of the scheme {self.access.scheme} "
                f"({', '.join(f'{each:.4g}' for each in wanted)} V), or gaps of at most {WIDEST_GAP:g} of the pulse's "
                f"voltage, got none near {wanted[int(apart.argmax())]:.4g} V"
            )

    @classmethod
    def tabulated(
        cls,
        devices: MovingCells,
        *,
        voltage: float,
        width: float,
        access: WriteAccess,
        states: int = 32,
        samples: int = 1,
        wired: bool = False,
        variation: float = 0.0,
        seed: Seed = 0,
    ) -> "PulsedDevice":
        """Devices that move, with a table from `tabulate`, for pulses of a voltage (V) and width (s).

        access: its edge and settle time are those of the pulse.  samples: for each state, if the device is stochastic.
        wired, variation: as in `notched`.
        """
        volts = validation.positive("voltage", voltage)
        held = validation.instance("access", access, WriteAccess)
        spread = relative_spread("variation", variation, at_most=LARGEST_VARIATION)
        table = tabulate(
            devices,
            _voltages(volts, held.scheme, validation.flag("wired", wired), spread),
            width=width,
            edge=held.edge,
            settle=held.settle,
            states=states,
            samples=samples,
            seed=seed,
        )
        return cls(devices=devices, table=table, voltage=volts, access=held)

    @classmethod
    def notched(
        cls,
        levels: int = 20,
        *,
        device: DeviceParameters | None = None,
        tracks: int = 8,
        overdrive: float = 1.0,
        scheme: str = "V/3",
        wired: bool = False,
        variation: float = 0.0,
        samples: int = 64,
        temperature: float = 300.0,
        retention: bool = False,
        seed: Seed = 0,
        store: str | Path | None = None,
        progress: bool = False,
    ) -> "PulsedDevice":
        """`notched_device` with a number of levels: a track with one notch every 50 nm.

        The ends of the track, which a wall leaves spontaneously within a microsecond, are not counted as levels.
        device: used instead of `notched_device`; its length is replaced and its barrier is kept.
        overdrive: voltage of a pulse divided by the device's threshold; at 1 about half of the walls advance by one
        notch.
        wired: whether the table covers voltages reduced by wires, and not only the fractions of the bias scheme; with
        floating lines, whose voltages are not fixed, it always does.
        variation: the largest relative standard deviation of R_P in arrays (`spreads`), up to 0.3.  The threshold is
        proportional to R_P, and the table then extends above the voltage of the pulse, to five standard deviations.
        samples, temperature (K), store: see `pulse_table`.  seed: of the tracks and the table.
        retention: whether the table gets `hop_rate` (track, state, side), 1/s, the rate at which a wall leaves a notch
        spontaneously down or up the track, from `compact_model.escape_rates`; NaN at the ends, and where the theory
        does not apply; and `spontaneous_rate` (track, state, final_state), 1/s, of going from one state to another,
        the ends included, with which arrays age.
        """
        base = validation.instance("device", notched_device() if device is None else device, DeviceParameters)
        sized = base.resized(track_length=validation.whole("levels", levels, 1) * PITCH)
        draw = generator(seed)
        each = [notched_track(sized, draw) for _ in range(validation.whole("tracks", tracks, 1))]
        volts = validation.positive("overdrive", overdrive) * sized.threshold_voltage
        if not math.isfinite(volts):
            raise InputError(
                "device: expected one whose walls are freed at some voltage, got one whose static threshold is infinite"
            )
        access = WriteAccess(scheme=scheme, edge=EDGE, settle=SETTLE)
        spread = relative_spread("variation", variation, at_most=LARGEST_VARIATION)
        dense = validation.flag("wired", wired)
        table = pulse_table(
            sized,
            each,
            _voltages(volts, scheme, dense, spread),
            width=WIDTH,
            edge=EDGE,
            settle=SETTLE,
            temperature=temperature,
            samples=samples,
            seed=draw,
            store=store,
            progress=progress,
        )
        if validation.flag("retention", retention):
            table = table.assign(hop_rate=_hop_rates(sized, each, table, temperature))
            table = table.assign({RATES: spontaneous_rates(sized, each, table, temperature, draw)})
        return cls(devices=Junctions(sized, np.zeros((1, 1))), table=table, voltage=volts, access=access)

    @property
    def device(self) -> Any:
        """The parameters of one device."""
        return self.devices.parameters[0]

    @property
    def levels(self) -> int:
        """Number of levels of a track, the rounded mean over tracks; for walls without the two ends."""
        states = self.table[self.devices.states[0].name].transpose("track", "state")
        return round(float(np.isfinite(states.values).sum(axis=-1).mean())) - int(
            self.table.attrs.get("leaving_states", 0)
        )

    @property
    def width(self) -> float:
        """Width of a pulse, s."""
        return float(self.table.attrs["width"])

    def identity(self) -> str:
        """A short text that identifies this kind of device."""
        table = self.table.probability.values, self.table[self.devices.states[0].name].values, self.table.voltage.values
        rates = (self.table[RATES].values,) if RATES in self.table else ()
        return digest(repr((self.devices.parameters[:1], self.voltage, self.access)), *table, *rates)

    def array(
        self,
        shape: tuple[int, int],
        *,
        seed: Seed,
        spreads: Mapping[str, float] | None = None,
        wires: Wires | None = None,
        read_noise: float = 0.0,
    ) -> TableArray:
        """An array with every device in a random state of its track, as if nothing had been written yet.

        spreads: standard deviations from device to device, as for `compact_model.vary`, of parameters that the table
        supports (tmr and parallel_resistance of junctions); the tracks differ in any case.  The threshold is
        proportional to R_P, so that the table must have been made for this `variation`.  wires: None: ideal ones; their
        faults, if given as rates, are drawn anew with the seed.  read_noise: standard deviation of each current that is
        read, relative to that of one device at its highest conductance with an input of 1.
        """
        draw = generator(seed)
        lines, varied = array_shape(shape), checked_spreads(spreads, self.devices)
        check_layers([lines], wires, varied)
        lines_between = checked_wires(wires).with_new_faults(draw).keywords()
        cells = self.devices.array_of(lines, varied, draw)
        track = draw.integers(self.table.sizes["track"], size=lines)
        unit = READ_VOLTAGE * self.conductance_range()[1]
        noise = unit * validation.non_negative("read_noise", read_noise)
        array = TableArray(Crossbar(cells=cells, **lines_between), self.table, track=track, seed=draw, read_noise=noise)
        array.scatter()
        return array

    def conductance_range(self) -> tuple[float, float]:
        """The lowest and the highest conductance of one device, S."""
        low, high = self.devices.conductance_range()
        return float(low.flat[0]), float(high.flat[0])
