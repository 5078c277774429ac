"""What one pulse does to devices of any kind that moves, as probabilities between states of an even grid."""

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.provenance import provenance
from compact_model.support.random import Seed, generator, recorded

from ..in_time.dynamics import MovingCells


def tabulate(
    devices: MovingCells,
    voltages: ArrayLike,
    *,
    width: float,
    edge: float = 0.0,
    settle: float = 0.0,
    states: int = 32,
    samples: int = 1,
    seed: Seed = 0,
) -> xr.Dataset:
    """The share of devices that one pulse brings from each state of an even grid to each other one.

    devices: any array of them, whose first one counts.  voltages: V, rising, of the pulses' tops; width, edge: s, of
    the top and of each of the two slopes; settle: s at 0 V after it.  states: of the first state, both ends included.
    samples: devices in each state under each voltage, where chance has a part.  seed: of the devices' own chances.

    A device that ends between two states counts to both, by its distance, so that the mean change of a state is exact
    however small a pulse is; the steps are then taken at random.  For walls, whose states are their sites, take
    `compact_model.pulse_table`.

    Returns a Dataset as `compact_model.pulse_table` does, with one track: probability (track, voltage, state,
    final_state), the first state's values by its name and conductance (S, at zero bias; track, state), voltage_scale
    (track).  Raises InputError.
    """
    validation.instance("devices", devices, MovingCells)
    volts = validation.increasing("voltages", voltages)
    on, slope = validation.positive("width", width), validation.non_negative("edge", edge)
    rest = validation.non_negative("settle", settle)
    count, each = validation.whole("states", states, 2), validation.whole("samples", samples, 1)
    origin, draw = recorded(seed), generator(seed)
    first = devices.states[0]
    start, stop = (float(np.ravel(end)[0]) for end in (first.start, first.stop))
    share = np.linspace(0.0, 1.0, count)
    grid = start + share * (stop - start)
    begun = devices.array_of((count, each), {}, draw).at(np.repeat(grid[:, np.newaxis], each, axis=1))
    probability = np.empty((1, volts.size, count, count))
    for index, voltage in enumerate(volts.tolist()):
        moved = _pulsed(begun, voltage, on, slope, rest)
        probability[0, index] = _shares((moved - start) / (stop - start), count)
    return xr.Dataset(
        {
            "probability": (
                ("track", "voltage", "state", "final_state"),
                probability,
                {"long_name": "probability of the state after a pulse"},
            ),
            first.name: (("track", "state"), grid[np.newaxis], {"long_name": first.long_name, "units": first.unit}),
            "conductance": (
                ("track", "state"),
                begun.zero_bias_conductance()[np.newaxis, :, 0],
                {"long_name": "conductance at zero bias", "units": "S"},
            ),
            "voltage_scale": (("track",), begun.voltage_scale()[:1, 0]),
        },
        coords={
            "voltage": ("voltage", volts, {"long_name": "voltage of the pulse", "units": "V"}),
            "state": np.arange(count),
            "final_state": np.arange(count),
        },
        attrs={
            "experiment": "pulse_table",
            "width": on,
            "edge": slope,
            "settle": rest,
            "samples": each,
            **provenance(devices.parameters[:1], seed=origin),
        },
    )


def _pulsed(begun: MovingCells, voltage: float, width: float, edge: float, settle: float) -> FloatArray:
    """The first states after a pulse."""
    cells = begun.copy()
    nothing, top = np.zeros(cells.shape), np.full(cells.shape, voltage)
    if edge > 0.0:
        cells.advance(edge, nothing, top)
    cells.advance(width, top, top)
    if edge > 0.0:
        cells.advance(edge, top, nothing)
    if settle > 0.0:
        cells.rest(settle)
    return cells.first_state()


def _shares(ends: FloatArray, states: int) -> FloatArray:
    """Shares of (state, final state) for devices that end at such shares of their range, (states, samples)."""
    place = np.clip(ends, 0.0, 1.0) * (states - 1)
    below = np.minimum(np.floor(place).astype(np.int64), states - 2)
    above = place - below
    result = np.zeros((states, states))
    row = np.broadcast_to(np.arange(states)[:, np.newaxis], place.shape)
    np.add.at(result, (row, below), (1.0 - above) / place.shape[1])
    np.add.at(result, (row, below + 1), above / place.shape[1])
    return result
