"""The mean step of a pulse in each state, and the resulting curve of potentiation and depression."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.provenance import inherited
from compact_model.support.validation import InputError

from ..learning.pulsed_device import PulsedDevice
from ..plots import learning  # noqa: F401 (register how the results draw themselves)

DIRECTIONS = ("up", "down")
"""Directions of a pulse: towards the highest conductance, and towards the lowest."""


def update_statistics(device: PulsedDevice, *, count: int | None = None) -> xr.Dataset:
    """Mean and standard deviation of the step of one pulse, and the mean curve under many pulses, from the table.

    count: number of pulses of each polarity in the curve; None: three for each level.

    A weight is the conductance at zero bias, scaled to the range from -1 (the device's lowest) to 1 (its highest).
    States that a device leaves spontaneously (a wall at an end of its track) are excluded; if a pulse ends in such a
    state, the device is counted in the neighbouring state, where it will be found later.

    Returns a Dataset: step, deviation (direction, track, state; of the weight), `step` NaN where there is no such
    state; inside (direction, track, state): whether the state is not the last one of its direction, where the bound
    limits the step; weight (track, state); curve, curve_deviation (pulse; of the weight, over devices and random
    transitions), for `count` pulses up from the lowest state and then as many down.  The result is exact for the table,
    without sampling.
    """
    kind = validation.instance("device", device, PulsedDevice)
    number = 3 * kind.levels if count is None else validation.whole("count", count, 1)
    table = kind.table
    low, high = kind.conductance_range()
    weight = 2.0 * (table.conductance.transpose("track", "state").values - low) / (high - low) - 1.0
    stable = stable_states(kind)
    if (stable.sum(axis=1) < 2).any():
        raise InputError("device: expected at least two states at which a device stays, got fewer")
    first, last = stable.argmax(axis=1), stable.shape[1] - 1 - stable[:, ::-1].argmax(axis=1)
    settled = np.clip(
        np.nan_to_num(weight), *(weight[np.arange(len(weight)), each][:, np.newaxis] for each in (first, last))
    )
    chains = {way: chain_of(kind, 1.0 if way == "up" else -1.0) for way in DIRECTIONS}
    shape = (2, *weight.shape)
    step, deviation, inside = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, dtype=bool)
    for index, chain in enumerate(chains.values()):
        mean = (chain * settled[:, np.newaxis, :]).sum(axis=2)
        square = (chain * settled[:, np.newaxis, :] ** 2).sum(axis=2)
        step[index] = np.where(stable, mean - weight, np.nan)
        deviation[index] = np.where(stable, np.sqrt(np.maximum(square - mean**2, 0.0)), np.nan)
        inside[index] = stable
        inside[index, np.arange(len(weight)), last if index == 0 else first] = False
    means, spreads = _curve(chains, settled, first, number)
    cells = ("direction", "track", "state")
    return xr.Dataset(
        {
            "step": (cells, step, {"long_name": "mean step of the weight"}),
            "deviation": (cells, deviation, {"long_name": "standard deviation of the step"}),
            "inside": (cells, inside, {"long_name": "not the last state of the direction"}),
            "weight": (("track", "state"), weight, {"long_name": "weight, from -1 to 1"}),
            "curve": (("pulse",), means, {"long_name": "mean weight"}),
            "curve_deviation": (("pulse",), spreads, {"long_name": "standard deviation of the weight"}),
        },
        coords={
            "direction": list(DIRECTIONS),
            "pulse": ("pulse", np.arange(2 * number + 1), {"long_name": "pulse number"}),
        },
        attrs={
            "experiment": "update_statistics",
            "lowest_conductance": low,
            "highest_conductance": high,
            "voltage": kind.voltage,
            "samples": int(table.attrs.get("samples", 0)),
            **inherited(table),
        },
    )


def stable_states(device: PulsedDevice) -> NDArray[np.bool_]:
    """Mask of the states that a device does not leave spontaneously, shape (track, state)."""
    there: NDArray[np.bool_] = np.isfinite(device.table.conductance.transpose("track", "state").values)
    if not device.table.attrs.get("leaving_states", 0):
        return there
    count = there.sum(axis=1, keepdims=True)
    number = np.arange(there.shape[1])
    there &= (number > 0) & (number < count - 1)
    return there


def chain_of(device: PulsedDevice, way: float) -> FloatArray:
    """Probabilities (track, state, final state) of the device's pulse of a direction."""
    table = device.table
    volts = way * device.devices.polarity * device.voltage
    chain = table.probability.transpose("track", "voltage", "state", "final_state").interp(voltage=volts)
    result: FloatArray = chain.values
    return result


def _curve(
    chains: dict[str, FloatArray], weight: FloatArray, first: NDArray[np.int64], number: int
) -> tuple[FloatArray, FloatArray]:
    share = np.zeros_like(weight)
    share[np.arange(len(weight)), first] = 1.0
    means, spreads = [], []
    for pulse in range(2 * number + 1):
        if pulse:
            share = np.einsum("ts,tsf->tf", share, chains["up" if pulse <= number else "down"])
        mean = (share * weight).sum(axis=1)
        means.append(mean.mean())
        spreads.append(np.sqrt(max(float((share * weight**2).sum(axis=1).mean()) - means[-1] ** 2, 0.0)))
    return np.array(means), np.array(spreads)
