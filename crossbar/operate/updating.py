"""The array as synapses: outer-product updates, and curves of potentiation and depression."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from compact_model.experiments.loops import clusters
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.memory import check_memory
from compact_model.support.progress import Progress
from compact_model.support.random import Seed, generator, recorded
from compact_model.support.validation import InputError

from ..cells import StatefulCells
from ..crossbar import Crossbar
from ..in_time.energy import EnergyBudget
from ..in_time.simulation import ArraySimulation
from ..schemes import Bias
from ..transistors.array import TransistorCrossbar
from .operations import HALF_SELECT, WriteAccess

LEVELS_PER_RANGE = 60
"""Conductances closer than the device's range over this are one level: a third of the spacing of 20 levels."""


@runtime_checkable
class Pulsed(Protocol):
    """An array that changes under pulses: simulated over time (`ArraySimulation`) or by a transition table
    (`TableArray`)."""

    shape: tuple[int, int]

    @property
    def array(self) -> Crossbar | TransistorCrossbar:
        """The array as given."""

    @property
    def devices(self) -> StatefulCells:
        """The devices at the crossings."""

    @property
    def energy(self) -> EnergyBudget:
        """Energy of all pulses, J."""

    def conductance(self) -> FloatArray:
        """Present conductance of the devices at zero bias, S, shape (word lines, bit lines)."""

    def attributes(self) -> dict[str, Any]:
        """Attributes of a result about everything done so far."""

    def pulse(self, held: Bias, width: float, *, edge: float = 0.0, settle: float = 0.0) -> None:
        """Apply a bias for `width` seconds between two edges of `edge` seconds; then rest."""


def pulse_block(
    simulation: Pulsed,
    word_lines: ArrayLike,
    bit_lines: ArrayLike,
    voltage: float,
    width: float,
    access: WriteAccess = HALF_SELECT,
) -> EnergyBudget:
    """Apply one pulse (V, s) to all cells between some word lines and some bit lines (masks), then rest; returns the
    energy, J.

    access.compensate has no effect here, because the cells of a block share lines.
    """
    validation.instance("simulation", simulation, Pulsed)
    validation.instance("access", access, WriteAccess)
    held = simulation.array.block_bias(access.scheme, word_lines, bit_lines, voltage)
    on = validation.positive("width", width)
    before = replace(simulation.energy)
    simulation.pulse(held, on, edge=access.edge, settle=access.settle)
    return simulation.energy.since(before)


def outer_product_update(
    simulation: Pulsed,
    rows: ArrayLike,
    columns: ArrayLike,
    *,
    voltage: float,
    width: float,
    slots: int,
    access: WriteAccess = HALF_SELECT,
    seed: Seed = 0,
) -> xr.Dataset:
    """Add a multiple of rows x columns to the weights on average, by random pulses on rows and columns that coincide.

    rows, columns: shape (word lines,), (bit lines,), from -1 to 1.  In each of `slots`, a line fires with a probability
    equal to its absolute value.  A cell whose two lines fire together gets the voltage (V, absolute value) for `width`
    (s), with the sign that raises its conductance if the product is positive; the other cells get the fractions of the
    bias scheme.  The four combinations of signs are applied one after the other.  (Gokmen and Vlasov 2016, doi
    10.3389/fnins.2016.00333.)  seed: of the pulse trains.

    Returns a Dataset over (word_line, bit_line): coincidences (signed count; its mean is slots * rows x columns),
    change (of the conductance, S); attributes energy (J, of the sources), energy_per_coincidence (J).
    """
    validation.instance("simulation", simulation, Pulsed)
    x = _signed("rows", rows, simulation.shape[0], "word_line")
    y = _signed("columns", columns, simulation.shape[1], "bit_line")
    size = validation.positive("voltage", voltage)
    count = validation.whole("slots", slots, 1)
    trains = recorded(seed)
    before = simulation.conductance()
    coincidences, spent = coinciding_pulses(
        simulation, x, y, voltage=size, width=width, slots=count, access=access, draw=generator(seed)
    )
    cells = ("word_line", "bit_line")
    events = int(np.abs(coincidences).sum())
    return xr.Dataset(
        {
            "coincidences": (cells, coincidences, {"long_name": "coincidences, signed"}),
            "expected": (cells, count * np.outer(x, y), {"long_name": "expected coincidences"}),
            "change": (
                cells,
                simulation.conductance() - before,
                {"long_name": "change of the conductance", "units": "S"},
            ),
        },
        attrs={
            "experiment": "outer_product_update",
            **simulation.attributes(),
            "seed_of_pulse_trains": trains,
            "energy": spent.sources,
            "energy_per_coincidence": spent.sources / events if events else 0.0,
        },
    )


def coinciding_pulses(
    simulation: Pulsed,
    rows: FloatArray,
    columns: FloatArray,
    *,
    voltage: float,
    width: float,
    slots: int,
    access: WriteAccess,
    draw: np.random.Generator,
) -> tuple[NDArray[np.int64], EnergyBudget]:
    """The pulses of `outer_product_update`, for inner loops: signed coincidences of all cells, and the energy, J."""
    raising = simulation.devices.polarity * voltage
    fires = draw.random((slots, rows.size)) < np.abs(rows), draw.random((slots, columns.size)) < np.abs(columns)
    coincidences, spent = np.zeros(simulation.shape, dtype=np.int64), EnergyBudget()
    if not (fires[0].any() and fires[1].any()):
        return coincidences, spent
    for row_sign in (1.0, -1.0):
        for column_sign in (1.0, -1.0):
            way = int(row_sign * column_sign)
            for slot in range(slots):
                on_rows = fires[0][slot] & (np.sign(rows) == row_sign)
                on_columns = fires[1][slot] & (np.sign(columns) == column_sign)
                if on_rows.any() and on_columns.any():
                    spent.add(pulse_block(simulation, on_rows, on_columns, way * raising, width, access))
                    coincidences += way * np.outer(on_rows, on_columns)
    return coincidences, spent


def _signed(name: str, values: ArrayLike, count: int, axis: str) -> FloatArray:
    given = validation.array(name, values, (axis,))
    if given.shape != (count,) or np.abs(given).max() > 1.0:
        got = f"{given.min():g} to {given.max():g}" if given.shape == (count,) else f"shape {given.shape}"
        raise InputError(f"{name}: expected {count} numbers from -1 to 1, got {got}")
    return given


def update_curves(
    simulation: ArraySimulation,
    *,
    voltage: float,
    width: float,
    count: int,
    depression_voltage: float | None = None,
    access: WriteAccess = HALF_SELECT,
    store: str | Path | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Response of the weights to `count` potentiating and then `count` depressing pulses on all cells at once.

    voltage, depression_voltage: V, absolute values (None: the same); width: s.  store: a folder in which each pulse is
    saved; repeating the call resumes from there.

    Returns a Dataset: conductance (pulse, word_line, bit_line), S, from before the first pulse on; energy (pulse), J;
    and of each cell (word_line, bit_line): nonlinearity (largest distance of either branch from the straight line
    between its ends, over the cell's excursion), asymmetry (mean distance of the two branches at equal numbers of
    pulses from the turning point, over the same), levels (distinct conductances, closer than 1/60 of the device's range
    being one), excursion (S); attribute energy_per_update, J per cell and pulse.
    """
    size = validation.positive("voltage", voltage)
    back = size if depression_voltage is None else validation.positive("depression_voltage", depression_voltage)
    number, on = validation.whole("count", count, 1), validation.positive("width", width)
    validation.instance("simulation", simulation, ArraySimulation)
    kept = simulation.keep_in(store, pulses=repr((size, back, on, number, access)))
    every = np.ones(simulation.shape[0], dtype=bool), np.ones(simulation.shape[1], dtype=bool)
    raising = simulation.devices.polarity
    check_memory("the curves", 16.0 * 2 * number * simulation.shape[0] * simulation.shape[1])
    traces, energies = [simulation.conductance()], [0.0]
    with Progress(progress, "update").bar(2 * number, "pulse") as advance:
        for pulse in range(2 * number):
            name = f"pulse_{pulse:06d}"
            part = kept.load(name)
            if part is None:
                spent = pulse_block(simulation, *every, raising * (size if pulse < number else -back), width, access)
                energies.append(spent.sources)
                kept.save(name, simulation.state().assign_attrs(spent=spent.sources))
            else:
                simulation.restore(part)
                energies.append(float(part.attrs["spent"]))
            traces.append(simulation.conductance())
            advance(1)
    return _label_curves(simulation, np.array(traces), np.array(energies), number)


def _label_curves(simulation: ArraySimulation, conductance: FloatArray, energy: FloatArray, number: int) -> xr.Dataset:
    up, down = conductance[: number + 1], conductance[number:][::-1]
    excursion = conductance.max(axis=0) - conductance.min(axis=0)
    scale = np.where(excursion > 0.0, excursion, 1.0)
    share = np.linspace(0.0, 1.0, number + 1)[:, np.newaxis, np.newaxis]
    bent = [np.abs(branch - branch[0] - share * (branch[-1] - branch[0])).max(axis=0) for branch in (up, down)]
    low, high = simulation.devices.conductance_range()
    resolution = (high - low) / LEVELS_PER_RANGE
    levels = np.empty(simulation.shape, dtype=np.int64)
    for cell in np.ndindex(*simulation.shape):
        levels[cell] = clusters(conductance[(slice(None), *cell)], float(resolution[cell])).size
    cells = ("word_line", "bit_line")
    return xr.Dataset(
        {
            "conductance": (("pulse", *cells), conductance, {"long_name": "conductance", "units": "S"}),
            "energy": (("pulse",), energy, {"long_name": "energy of the pulse, whole array", "units": "J"}),
            "nonlinearity": (cells, np.maximum(*bent) / scale, {"long_name": "nonlinearity"}),
            "asymmetry": (cells, np.abs(up - down).mean(axis=0) / scale, {"long_name": "asymmetry"}),
            "levels": (cells, levels, {"long_name": "levels"}),
            "excursion": (cells, excursion, {"long_name": "range of the conductance", "units": "S"}),
        },
        coords={"pulse": ("pulse", np.arange(2 * number + 1), {"long_name": "pulse number"})},
        attrs={
            "experiment": "update_curves",
            **simulation.attributes(),
            "energy_per_update": float(energy.sum()) / (2 * number * excursion.size),
        },
    )
