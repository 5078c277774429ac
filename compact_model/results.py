"""Results of simulations: labelled arrays with units, and their provenance."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from . import plots  # noqa: F401 (registers the accessor that draws the results)
from .device import heating
from .device.junction import antiparallel_share, conductance, voltage_at_current
from .device.parameters import DeviceParameters
from .drive import Drive, Waveform
from .kernels.fixed_step import WallState
from .support.arrays import FloatArray
from .support.labelled import labelled
from .support.model_range import warn_of_temperature, warn_of_voltage

VARIABLES = {
    "position": ("wall position x", "m"),
    "angle": ("wall angle phi", "rad"),
    "voltage": ("voltage V", "V"),
    "current": ("current I", "A"),
    "resistance": ("resistance R", "Ohm"),
    "current_density": ("current density J in the torques", "A/m2"),
    "net_field": ("net field H_z", "T"),
    "temperature_rise": ("rise of temperature by Joule heating", "K"),
    "passage_time": ("time of passage of a stop", "s"),
    "nucleation_time": ("time of nucleation", "s"),
}
"""Long name and unit of each variable of a simulation's result."""


def electrical_state(
    parameters: DeviceParameters, drive: Drive, times: FloatArray, share: FloatArray, rise: FloatArray | None = None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Voltage (V), current (A) and the torques' J (A/m2) at times, for an antiparallel share of the same shape.

    rise: of the temperature, K, of the same shape; None: 0.
    """
    value = np.broadcast_to(drive.waveform(times), share.shape)
    if drive.quantity == "voltage":
        voltage = np.array(value)
        if rise is None:
            current = voltage * conductance(parameters, share, voltage)
        else:
            current = voltage * heating.conductance_at(parameters, rise, share, voltage)
    else:
        current = np.array(value) if drive.quantity == "current" else value * parameters.junction_area
        if rise is None:
            voltage = voltage_at_current(parameters, share, current)
        else:
            voltage = heating.voltage_at(parameters, rise, share, current)
    if drive.quantity == "current density":
        density = np.array(value)
    elif parameters.torque_density == "voltage":
        density = voltage / parameters.resistance_area_product
    else:
        density = current / parameters.junction_area
    return voltage, current, density


def remanent_resistance(result: xr.Dataset, parameters: DeviceParameters | Sequence[DeviceParameters]) -> xr.DataArray:
    """R at zero bias of every recorded state of a `simulate_ensemble`, in Ohm; a uniform AP device has R_AP.

    A heated device counts as cooled down.
    """
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
    rises: FloatArray,
    state: WallState,
    initial_state: str,
    attributes: Mapping[str, Any],
    *,
    alone: bool = False,
) -> xr.Dataset:
    """The Dataset of `simulate_ensemble`, from positions and angles of shape (devices, times).

    rises: of the temperature, K, of the same shape; empty where no device heats up.
    attributes: of the Dataset.  alone: a single device without a dimension, as `simulate` returns it.
    """
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
        rise = rises[rows] if heating.is_on(each) else None
        voltage[rows], current[rows], density[rows] = electrical_state(
            each, drives[index % len(drives)], times, share, rise
        )
        if rise is None:
            resistance[rows] = 1.0 / conductance(each, share, voltage[rows])
        else:
            resistance[rows] = 1.0 / heating.conductance_at(each, rise, share, voltage[rows])
            warn_of_temperature(float(rise.max()) + each.reference_temperature)
    until_passage = times <= state.passage_time[:, np.newaxis]  # a ramp may continue after that, without effect
    warn_of_voltage(float(np.abs(voltage).max(initial=0.0, where=until_passage)))
    field = np.array([waveform(times) for waveform in fields])
    arrays = {
        "position": positions,
        "angle": angles,
        "voltage": voltage,
        "current": current,
        "resistance": resistance,
        "current_density": density,
        "net_field": np.array(np.broadcast_to(field, positions.shape)),
        "passage_time": state.passage_time,
        "nucleation_time": state.release_time,
    }
    if rises.size:
        arrays["temperature_rise"] = rises
    if alone:
        arrays = {name: values[0] for name, values in arrays.items()}
    return label_states(arrays, times, None if alone else range(count), attributes)


def label_states(
    arrays: Mapping[str, FloatArray],
    times: FloatArray,
    devices: Sequence[int | str] | None,
    attributes: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """The Dataset of a simulation by any simulator: arrays named as in VARIABLES.

    arrays: of shape (devices, times), or (devices,) where a variable has one value; without the first dimension if
    devices is None.  attributes: of the Dataset, after the experiment's name.
    """
    coordinates = {"time": xr.IndexVariable("time", times, {"long_name": "time", "units": "s"})}
    if devices is not None:
        coordinates["device"] = xr.IndexVariable("device", list(devices))
    dims = ("time",) if devices is None else ("device", "time")
    first = len(dims) - 1
    found = {name: np.asarray(values) for name, values in arrays.items()}
    labels = {name: (dims[: first + (values.ndim > first)], *VARIABLES[name]) for name, values in found.items()}
    return labelled(found, labels, {"experiment": "simulation"} | dict(attributes or {}), coordinates)
