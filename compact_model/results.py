"""What a simulation hands back: labelled arrays with units, and where they came from."""

import dataclasses
import functools
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from . import plots  # noqa: F401 (registers the accessor that draws the results)
from .drive import Drive, Waveform
from .kernels.fixed_step import WallState
from .landscape import Landscape
from .parameters import DeviceParameters
from .resistance import antiparallel_share, conductance, voltage_at_current

Array = NDArray[np.float64]

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


ORIGIN = ("dwmtj_version", "parameters", "landscape", "array", "seed")
"""The attributes of a result that say where it came from."""

_MOST = 100  # devices, landscapes or numbers that are written out


@functools.cache
def release() -> str:
    """The installed version of the package."""
    try:
        return version("dwmtj")
    except PackageNotFoundError:
        return "unknown (not installed)"


def provenance(
    parameters: Sequence[DeviceParameters] | Mapping[str, Any],
    landscapes: Sequence[Landscape] = (),
    *,
    array: Mapping[str, Any] | None = None,
    seed: str | None = None,
) -> dict[str, str]:
    """What a result came from, as text that is the same on every machine: the attributes named in ORIGIN.

    parameters: of the devices, or what was asked for by name where no device is involved; landscapes; both as JSON, the
    first hundred of each.  array: what describes the wires and cells, by name, as JSON.  seed: from
    `random_track.recorded`.  Attributes without content are left out.
    """
    asked = _plain(parameters) if isinstance(parameters, Mapping) else [_plain(item) for item in parameters[:_MOST]]
    found = {"dwmtj_version": release(), "parameters": json.dumps(asked)}
    if landscapes:
        found["landscape"] = json.dumps([_plain(item) for item in landscapes[:_MOST]])
    if array is not None:
        found["array"] = json.dumps(_plain(array))
    return found if seed is None else found | {"seed": seed}


def inherited(result: xr.Dataset) -> dict[str, str]:
    """The provenance of a result, for another one that was made of it."""
    return {name: result.attrs[name] for name in ORIGIN if name in result.attrs}


def digest(*items: str | Array) -> str:
    """A short text that stands for texts and arrays, the same on every machine."""
    whole = hashlib.sha256()
    for item in items:
        whole.update(item.encode() if isinstance(item, str) else np.ascontiguousarray(item).tobytes())
    return whole.hexdigest()[:16]


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"kind": type(value).__name__, **fields}
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        long = value.size > _MOST
        return f"{value.size} numbers, digest {digest(np.asarray(value))}" if long else _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, str | int | float):
        return value
    return value.__name__ if isinstance(value, type) else type(value).__name__  # not its repr, which holds an address


def electrical_state(
    parameters: DeviceParameters, drive: Drive, times: Array, share: Array
) -> tuple[Array, Array, Array]:
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
    times: Array,
    positions: Array,
    angles: Array,
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


def label_states(arrays: dict[str, Array], times: Array, devices: Sequence[int | str]) -> xr.Dataset:
    """The Dataset of a simulation, by whatever simulator: arrays of shape (devices, times), named as in VARIABLES."""
    return xr.Dataset(
        {name: (("device", "time"), values, _attributes(name)) for name, values in arrays.items()},
        coords={"time": ("time", times, {"long_name": "time", "units": "s"}), "device": list(devices)},
        attrs={"experiment": "simulation"},
    )


def _attributes(name: str) -> dict[str, str]:
    long_name, unit = VARIABLES[name]
    return {"long_name": long_name, "units": unit}
