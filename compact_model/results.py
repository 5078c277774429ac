"""What a simulation hands back: labelled arrays with units, and where they came from."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from . import plots  # noqa: F401 (registers the accessor that draws the results)
from .device.junction import antiparallel_share, conductance, voltage_at_current
from .device.parameters import DeviceParameters
from .drive import Drive, Waveform
from .kernels.fixed_step import WallState
from .support.arrays import FloatArray

VARIABLES = {
    "position": ("wall position x", "m"),
    "angle": ("wall angle phi", "rad"),
    "voltage": ("voltage V", "V"),
    "current": ("current I", "A"),
    "resistance": ("resistance R", "Ohm"),
    "current_density": ("current density J in the torques", "A/m2"),
    "net_field": ("net field H_z", "T"),
    "passage_time": ("time of passage of a stop", "s"),
    "nucleation_time": ("time of nucleation", "s"),
}
"""Long name and unit of each variable of a simulation's result."""


def electrical_state(
    parameters: DeviceParameters, drive: Drive, times: FloatArray, share: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Voltage (V), current (A) and the torques' J (A/m2) at times, for an antiparallel share of the same shape."""
    value = np.broadcast_to(drive.waveform(times), share.shape)
    if drive.quantity == "voltage":
        voltage = np.array(value)
        current = voltage * conductance(parameters, share, voltage)
    else:
        current = np.array(value) if drive.quantity == "current" else value * parameters.junction_area
        voltage = voltage_at_current(parameters, share, current)
    if drive.quantity == "current density":
        density = np.array(value)
    elif parameters.torque_density == "voltage":
        density = voltage / parameters.resistance_area_product
    else:
        density = current / parameters.junction_area
    return voltage, current, density


def remanent_resistance(result: xr.Dataset, parameters: DeviceParameters | Sequence[DeviceParameters]) -> xr.DataArray:
    """R at zero bias of every recorded state of a `simulate_ensemble`, in Ohm; a uniform AP device has R_AP."""
    every = list(parameters) if isinstance(parameters, Sequence) else [parameters]
    values = np.empty(result.position.shape)
    for index, position in enumerate(result.position.values):
        each = every[index % len(every)]
        share = antiparallel_share(each, position)
        if result.attrs["initial_state"] == "AP":
            share = np.where(result.time.values < result.nucleation_time.values[index], 1.0, share)
        values[index] = 1.0 / conductance(each, share)
    attributes = {"long_name": "resistance R at zero bias", "units": "Ohm"}
    return xr.DataArray(values, coords=result.position.coords, dims=result.position.dims, attrs=attributes)


def label_trajectories(
    parameters: list[DeviceParameters],
    drives: list[Drive],
    fields: list[Waveform],
    times: FloatArray,
    positions: FloatArray,
    angles: FloatArray,
    state: WallState,
    initial_state: str,
) -> xr.Dataset:
    """The Dataset of `simulate_ensemble`, from positions and angles of shape (devices, times)."""
    count = positions.shape[0]
    voltage, current, density = (np.empty_like(positions) for _ in range(3))
    resistance = np.empty_like(positions)
    several = max(len(parameters), len(drives)) > 1
    for index in range(count if several else 1):
        rows = slice(index, index + 1) if several else slice(None)
        each = parameters[index % len(parameters)]
        share = antiparallel_share(each, positions[rows])
        if initial_state == "AP":
            share = np.where(times < state.release_time[rows, np.newaxis], 1.0, share)
        voltage[rows], current[rows], density[rows] = electrical_state(each, drives[index % len(drives)], times, share)
        resistance[rows] = 1.0 / conductance(each, share, voltage[rows])
    field = np.array([waveform(times) for waveform in fields])
    arrays = {
        "position": positions,
        "angle": angles,
        "voltage": voltage,
        "current": current,
        "resistance": resistance,
        "current_density": density,
        "net_field": np.array(np.broadcast_to(field, positions.shape)),
    }
    result = label_states(arrays, times, list(range(count)))
    for name, values in {"passage_time": state.passage_time, "nucleation_time": state.release_time}.items():
        result[name] = (("device",), values, _attributes(name))
    return result


def label_states(arrays: dict[str, FloatArray], times: FloatArray, devices: Sequence[int | str]) -> xr.Dataset:
    """The Dataset of a simulation, by whatever simulator: arrays of shape (devices, times), named as in VARIABLES."""
    return xr.Dataset(
        {name: (("device", "time"), values, _attributes(name)) for name, values in arrays.items()},
        coords={"time": ("time", times, {"long_name": "time", "units": "s"}), "device": list(devices)},
        attrs={"experiment": "simulation"},
    )


def _attributes(name: str) -> dict[str, str]:
    long_name, unit = VARIABLES[name]
    return {"long_name": long_name, "units": unit}
