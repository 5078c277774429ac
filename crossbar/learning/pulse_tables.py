"""The effect of one pulse on any device that moves, as transition probabilities between states on an even grid."""

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
    """Transition probabilities of a device between the states of an even grid under one pulse.

    devices: any array of devices, of which the first is used.  voltages: amplitudes of the pulse, V, increasing.
    width, edge: s, duration of the top and of each edge; settle: s at 0 V after the pulse.  states: number of values of
    the first state variable, both limits included.  samples: number of devices for each state and voltage, if the
    device is stochastic.  seed: of the random motion of the devices.

    A device that ends between two states is shared between them according to the distance, so that the mean change is
    exact however small a pulse is; the steps are then random.  For domain walls, whose states are pinning sites, use
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
    """Shares of (state, final state) for devices that end at these fractions of their range, (states, samples)."""
    place = np.clip(ends, 0.0, 1.0) * (states - 1)
    below = np.minimum(np.floor(place).astype(np.int64), states - 2)
    above = place - below
    result = np.zeros((states, states))
    row = np.broadcast_to(np.arange(states)[:, np.newaxis], place.shape)
    np.add.at(result, (row, below), (1.0 - above) / place.shape[1])
    np.add.at(result, (row, below + 1), above / place.shape[1])
    return result
