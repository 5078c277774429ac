"""Devices as synapses: their tracks, the pulse that moves them, and what that pulse does, in one object."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from compact_model.device.notched import PITCH, notched_device, notched_track
from compact_model.device.parameters import DeviceParameters
from compact_model.device.variation import vary
from compact_model.experiments.pulse_tables import pulse_table
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.provenance import digest
from compact_model.support.random import Seed, generator
from compact_model.support.validation import InputError

from ..cells import Junctions
from ..crossbar import Crossbar
from ..operate.operations import WriteAccess
from ..schemes import array_shape
from ..wires import Wires, wires_or_ideal
from .table_array import TableArray

WIDTH, EDGE, SETTLE = 4e-9, 2e-9, 200e-9
"""Of the usual pulse, s: short enough that a wall goes to the next notch or stays, by chance."""
_SELECTED = {"grounded": (1.0,), "V/2": (0.5, 1.0), "V/3": (1.0 / 3.0, 1.0)}
_ALL_SHARES = (0.25, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_ROUNDING = 1e-9
_STEP_BEYOND = 1.1  # from one voltage to the next, above that of a pulse
_FARTHEST = 5.0  # standard deviations of ln R_P: one device of millions is farther out
_SPREADS = ("parallel_resistance", "tmr")
LARGEST_VARIATION = 0.3
"""Of R_P, relative: beyond it a table would have to reach many times the threshold."""


def checked_spreads(spreads: Mapping[str, float] | None) -> dict[str, float]:
    """Deviations by name, none for None; InputError for what is no mapping, and for names that the table cannot follow.

    A table is of one device: it can be looked up for another barrier (V / RA_P), not for another wall or track.
    """
    given = {} if spreads is None else dict(validation.instance("spreads", spreads, Mapping))
    for name in given:
        if name not in _SPREADS:
            raise InputError(f"spreads: expected names out of {', '.join(_SPREADS)}, got {validation.shown(name)}")
    return given


def checked_wires(wires: Wires | None) -> Wires:
    """The wires, ideal ones for None; InputError for a capacitance, since a table knows no charging lines."""
    given = wires_or_ideal(wires)
    for name in ("word_line_capacitance", "bit_line_capacitance"):
        if np.any(getattr(given, name)):
            raise InputError(f"wires: expected none with a {name}, got {getattr(given, name)} F")
    return given


def _shares(scheme: str, dense: bool, variation: float) -> FloatArray:
    """Voltages of a table over that of a pulse, above 0."""
    if not dense and variation == 0.0:
        return np.array(_SELECTED[scheme])
    sigma = np.sqrt(np.log1p(variation**2))
    steps = int(np.ceil(_FARTHEST * sigma / np.log(_STEP_BEYOND)))
    return np.concatenate([_ALL_SHARES, _STEP_BEYOND ** np.arange(1, steps + 1)])


@dataclass(frozen=True, kw_only=True, eq=False)
class Synapses:
    """One kind of device for arrays that learn.

    device: its parameters.  table: from `compact_model.pulse_table`, of as many tracks as cells are to differ by.
    voltage: V, of a pulse, a size; the table must reach it on both sides.  access: how lines are held and for how long.
    """

    device: DeviceParameters
    table: xr.Dataset
    voltage: float
    access: WriteAccess

    def __post_init__(self) -> None:
        validation.instance("device", self.device, DeviceParameters)
        validation.instance("table", self.table, xr.Dataset)
        volts = validation.positive("voltage", self.voltage)
        validation.instance("access", self.access, WriteAccess)
        if self.table.attrs.get("experiment") != "pulse_table":
            raise InputError("table: expected what pulse_table gives, got something else")
        reach = min(-float(self.table.voltage.min()), float(self.table.voltage.max()))
        if volts > reach * (1.0 + _ROUNDING):
            raise InputError(
                f"voltage: expected at most what the table reaches on both sides, {reach:g} V, got {volts:g} V"
            )

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
        seed: Seed = 0,
        store: str | Path | None = None,
        progress: bool = False,
    ) -> "Synapses":
        """`notched_device` with a track as long as its notches need, one every 50 nm: so many levels.

        The ends of the track, which a wall leaves by itself within a microsecond, are not counted as levels.
        device: to be used instead of `notched_device`; its length is replaced and its barrier stays.
        overdrive: voltage of a pulse over the device's threshold; at 1 about half of the walls go on by one notch.
        wired: whether the table shall cover what wires leave of a voltage, and not only the scheme's shares; floating
        lines have no shares of their own, their table always does.
        variation: the largest relative deviation of R_P that arrays shall have (`spreads`), up to 0.3: with R_P goes
        the threshold, and the table then reaches above the pulse's voltage, to five standard deviations.
        samples, temperature (K), store: see `pulse_table`.  seed: of the tracks and the table.
        """
        base = validation.instance("device", notched_device() if device is None else device, DeviceParameters)
        sized = base.resized(track_length=validation.whole("levels", levels, 1) * PITCH)
        draw = generator(seed)
        each = [notched_track(sized, draw) for _ in range(validation.whole("tracks", tracks, 1))]
        volts = validation.positive("overdrive", overdrive) * sized.threshold_voltage
        access = WriteAccess(scheme=scheme, edge=EDGE, settle=SETTLE)
        spread = validation.between("variation", variation, 0.0, LARGEST_VARIATION)
        dense = validation.flag("wired", wired) or scheme == "floating"
        shares = _shares(scheme, dense, spread)
        table = pulse_table(
            sized,
            each,
            volts * np.concatenate([-shares[::-1], [0.0], shares]),
            width=WIDTH,
            edge=EDGE,
            settle=SETTLE,
            temperature=temperature,
            samples=samples,
            seed=draw,
            store=store,
            progress=progress,
        )
        return cls(device=sized, table=table, voltage=volts, access=access)

    @property
    def levels(self) -> int:
        """Of a track, the mean over the tracks rounded; without the two ends."""
        return round(float(np.isfinite(self.table.position).sum("state").mean())) - 2

    @property
    def width(self) -> float:
        """Of a pulse, s."""
        return float(self.table.attrs["width"])

    def identity(self) -> str:
        """A short text that tells these synapses from others."""
        table = self.table.probability.values, self.table.position.values, self.table.voltage.values
        return digest(repr((self.device, self.voltage, self.access)), *table)

    def array(
        self,
        shape: tuple[int, int],
        *,
        seed: Seed,
        spreads: dict[str, float] | None = None,
        wires: Wires | None = None,
    ) -> TableArray:
        """An array with every wall in a random state of its track, as if nothing had been written yet.

        spreads: device-to-device deviations of tmr and parallel_resistance, as `compact_model.vary` takes them; the
        tracks differ in any case.  The threshold goes with R_P, so that the synapses must be made for that `variation`.
        wires: None: ideal ones.
        """
        draw = generator(seed)
        lines, varied = array_shape(shape), checked_spreads(spreads)
        lines_between = checked_wires(wires).keywords()
        devices = vary(self.device, lines[0] * lines[1], varied, seed=draw) if varied else self.device
        cells = Junctions(devices, np.zeros(lines))
        track = draw.integers(self.table.sizes["track"], size=lines)
        array = TableArray(Crossbar(cells=cells, **lines_between), self.table, track=track, seed=draw)
        array.scatter()
        return array

    def conductance_range(self) -> tuple[float, float]:
        """Conductances of the two ends of the track, S."""
        low, high = Junctions(self.device, np.zeros((1, 1))).conductance_range()
        return float(low[0, 0]), float(high[0, 0])
