"""The open file format of a device that learns by pulses: JSON, with units in the names, checked against a schema.

The schema is `device_file.schema.json` next to this file (JSON Schema, draft 2020-12); docs/exchange.md explains it.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.provenance import inherited, release
from compact_model.support.store import whole_file
from compact_model.support.validation import InputError

from ..learning.pulsed_device import HOP_RATE, PulsedDevice
from ..operate.operations import WriteAccess
from ..schemes import SCHEMES
from .measured import MeasuredCells, bias_law_of
from .stepping import chain_of

FORMAT, VERSION = "pulsed memristive device", 1
_SUM_SLACK = 1e-6
_MOST_STATES, _MOST_VOLTAGES = 4096, 4096


def write_device(device: PulsedDevice, path: str | Path, *, description: str = "") -> None:
    """Write a device with its transition table to a file that `read_device` and other programs can read.

    description: free text.  The effect of device-to-device variation of `parallel_resistance` (`spreads`) is not
    stored.  The file is written completely or not at all.  Raises InputError, and OSError if the file cannot be
    written.
    """
    text = json.dumps(device_document(device, description=description), allow_nan=False, indent=1)
    with whole_file(_path(path)) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def device_document(device: PulsedDevice, *, description: str = "") -> dict[str, Any]:
    """The contents of the file written by `write_device`, as dictionaries, lists, numbers and text."""
    kind = validation.instance("device", device, PulsedDevice)
    validation.instance("description", description, str)
    table, cells = kind.table, kind.devices
    lowest, highest = kind.conductance_range()
    scale = float(np.ravel(cells.voltage_scale())[0])
    probability = table.probability.transpose("track", "voltage", "state", "final_state").values
    conductance = table.conductance.transpose("track", "state").values
    devices: list[dict[str, Any]] = []
    for each, places, factor in zip(probability, conductance, table.voltage_scale.values.tolist(), strict=True):
        count = int(np.isfinite(places).sum())
        entry: dict[str, Any] = {
            "conductance_S": places[:count].tolist(),
            "voltage_factor": factor / scale,
            "probability": each[:, :count, :count].tolist(),
        }
        if "hop_rate" in table:
            rates = table.hop_rate.transpose("track", "state", "side").values[len(devices), :count]
            entry["hop_rate_per_s"] = [[None if np.isnan(rate) else rate for rate in pair] for pair in rates.tolist()]
        devices.append(entry)
    half, tmr = bias_law_of(kind)
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "description": description,
        "pulse": {
            "voltage_V": kind.voltage,
            "width_s": kind.width,
            "edge_s": kind.access.edge,
            "settle_s": kind.access.settle,
            "scheme": kind.access.scheme,
        },
        "lowest_conductance_S": lowest,
        "highest_conductance_S": highest,
        "polarity": int(cells.polarity),
        "half_voltage_V": half if math.isfinite(half) else None,
        "tmr": tmr,
        "states_left_at_rest": int(table.attrs.get("leaving_states", 0)),
        "voltage_V": table.voltage.values.tolist(),
        "devices": devices,
        "origin": inherited(table) or {"dwmtj_version": release()},
    }
    if "temperature" in table.attrs:
        document["temperature_K"] = float(table.attrs["temperature"])
    if "samples" in table.attrs:
        document["samples"] = int(table.attrs["samples"])
    return document


def read_device(path: str | Path) -> PulsedDevice:
    """Read a device from a file, written by `write_device` or made from measurements, for use in learning.

    Its cells are `MeasuredCells`.  Raises an InputError that names the entry of the file: for another format or
    version, a missing or unknown entry, probabilities that do not sum to one, or conductances that do not increase; and
    for a file that cannot be read.
    """
    source = _path(path)
    try:
        document = json.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"path: expected a readable file, got {source} ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"path: expected JSON in {source}, got other text ({error})") from None
    return device_of(document)


def device_of(document: Any) -> PulsedDevice:
    """The device described by a `device_document`; raises the errors of `read_device`."""
    whole = _Entries(document, "")
    found = whole.raw("format") if "format" in whole.given else None
    if found != FORMAT:
        raise InputError(f"format: expected {FORMAT!r}, got {validation.shown(found)}")
    version = whole.raw("version")
    if isinstance(version, bool) or version != VERSION:
        raise InputError(
            f"version: expected {VERSION}, the only one that this release reads, got {validation.shown(version)}"
        )
    pulse = _Entries(whole.raw("pulse"), "pulse.")
    access = WriteAccess(
        scheme=validation.choice("pulse.scheme", pulse.raw("scheme"), SCHEMES),
        edge=validation.non_negative("pulse.edge_s", pulse.raw("edge_s")),
        settle=validation.non_negative("pulse.settle_s", pulse.raw("settle_s")),
    )
    volts = validation.positive("pulse.voltage_V", pulse.raw("voltage_V"))
    width = validation.positive("pulse.width_s", pulse.raw("width_s"))
    pulse.done()
    grid = validation.increasing("voltage_V", whole.raw("voltage_V"))
    if not 2 <= grid.size <= _MOST_VOLTAGES:
        raise InputError(f"voltage_V: expected 2 to {_MOST_VOLTAGES} voltages, got {grid.size}")
    half = whole.given.pop("half_voltage_V", None)
    cells = MeasuredCells(
        [[validation.positive("lowest_conductance_S", whole.raw("lowest_conductance_S"))]],
        lowest=whole.raw("lowest_conductance_S"),
        highest=validation.positive("highest_conductance_S", whole.raw("highest_conductance_S")),
        polarity=whole.raw("polarity"),
        half_voltage=math.inf if half is None else validation.positive("half_voltage_V", half),
        tmr=whole.given.pop("tmr", None),
    )
    ends = cells.states[0]
    parts = []
    listed = whole.raw("devices")
    if not isinstance(listed, list) or not listed:
        raise InputError(f"devices: expected a list of at least one device, got {validation.shown(listed)}")
    for number, each in enumerate(listed):
        parts.append(_one_device(_Entries(each, f"devices[{number}]."), grid, float(ends.start), float(ends.stop)))
    attributes = {
        "experiment": "pulse_table",
        "width": width,
        "edge": access.edge,
        "settle": access.settle,
        "leaving_states": validation.whole("states_left_at_rest", whole.given.pop("states_left_at_rest", 0), 0, 2),
        **_origin(whole.given.pop("origin", {})),
    }
    if "temperature_K" in whole.given:
        attributes["temperature"] = validation.non_negative("temperature_K", whole.given.pop("temperature_K"))
    if "samples" in whole.given:
        attributes["samples"] = validation.whole("samples", whole.given.pop("samples"), 1)
    whole.given.pop("description", None)
    whole.done()
    table = xr.concat(parts, "track", join="outer", data_vars="all", fill_value={"probability": 0.0})
    table = table.assign_coords(voltage=("voltage", grid, {"long_name": "voltage of the pulse", "units": "V"}))
    device = PulsedDevice(devices=cells, table=table.assign_attrs(attributes), voltage=volts, access=access)
    _check_polarity(device)
    return device


def _check_polarity(device: PulsedDevice) -> None:
    """InputError if the table raises the conductance by the polarity opposite to the stated one."""
    conductance = np.nan_to_num(device.table.conductance.transpose("track", "state").values)
    up, down = (float(np.einsum("tij,tj->", chain_of(device, way), conductance)) for way in (1.0, -1.0))
    if up < down:
        stated = int(device.devices.polarity)
        raise InputError(
            f"polarity: expected the sign of the voltage that raises the conductance, {-stated} by the probabilities, "
            f"got {stated}"
        )


def _one_device(given: "_Entries", grid: FloatArray, lowest: float, highest: float) -> xr.Dataset:
    name = given.prefix
    places = validation.increasing(f"{name}conductance_S", given.raw("conductance_S"))
    if not 2 <= places.size <= _MOST_STATES:
        raise InputError(f"{name}conductance_S: expected 2 to {_MOST_STATES} states, got {places.size}")
    slack = 1e-9 * highest
    if places[0] < lowest - slack or places[-1] > highest + slack:
        raise InputError(
            f"{name}conductance_S: expected {lowest:g} to {highest:g} S (lowest_conductance_S, highest_conductance_S), "
            f"got {places[0]:g} to {places[-1]:g} S"
        )
    shape = (grid.size, places.size, places.size)
    shares = validation.array(f"{name}probability", given.raw("probability"))
    if shares.shape != shape:
        raise InputError(f"{name}probability: expected shape (voltages, states, states) = {shape}, got {shares.shape}")
    factor = validation.positive(f"{name}voltage_factor", given.given.pop("voltage_factor", 1.0))
    rates = _hop_rates(f"{name}hop_rate_per_s", given.given.pop("hop_rate_per_s", None), places.size)
    given.done()
    if shares.min() < 0.0:
        where = np.unravel_index(int(shares.argmin()), shape)
        raise InputError(f"{name}probability: expected none below 0, got {shares.min():g} at {_index(where)}")
    sums = shares.sum(axis=2)
    off = np.abs(sums - 1.0)
    if off.max() > _SUM_SLACK:
        where = np.unravel_index(int(off.argmax()), off.shape)
        raise InputError(
            f"{name}probability: expected the shares of all final states to add up to 1, got {sums[where]:.6g} for the "
            f"voltage {grid[where[0]]:g} V and the state {int(where[1])}"
        )
    states = np.arange(places.size)
    return xr.Dataset(
        {
            "probability": (
                ("voltage", "state", "final_state"),
                shares / sums[..., np.newaxis],
                {"long_name": "probability of the state after a pulse"},
            ),
            "conductance": (("state",), places, {"long_name": "conductance at zero bias", "units": "S"}),
            "voltage_scale": ((), factor),
            **rates,
        },
        coords={"state": states, "final_state": states},
    )


def _hop_rates(name: str, given: Any, states: int) -> dict[str, Any]:
    """Variables of the table: rates of leaving a state spontaneously, downwards and upwards, 1/s."""
    if given is None:
        return {}
    try:
        rates = np.array([[np.nan if rate is None else float(rate) for rate in pair] for pair in given])
    except (TypeError, ValueError):
        rates = np.empty(0)
    if rates.shape != (states, 2) or (rates < 0.0).any() or np.isinf(rates).any():
        raise InputError(f"{name}: expected [down, up] for each of {states} states, 1/s or null, got other entries")
    return {"hop_rate": (("state", "side"), rates, HOP_RATE)}


def _origin(given: Any) -> dict[str, str]:
    """Attributes for the origin of the table; those that results need are always present."""
    if not isinstance(given, dict) or not all(isinstance(each, str) for each in given.values()):
        raise InputError(f"origin: expected texts by name, got {validation.shown(given)}")
    known = {name: given[name] for name in ("dwmtj_version", "parameters", "landscape", "seed") if name in given}
    return {"dwmtj_version": release(), "seed": "measured", **known}


def _index(where: Any) -> str:
    return ", ".join(str(int(each)) for each in where)


def _path(path: str | Path) -> Path:
    if not isinstance(path, str | Path) or not str(path) or "\0" in str(path):
        raise InputError(f"path: expected the name of a file, got {validation.shown(path)}")
    return Path(path)


class _Entries:
    """An object of the file whose entries are taken one by one, so that the remaining ones are known."""

    def __init__(self, given: Any, prefix: str) -> None:
        if not isinstance(given, dict):
            name = prefix.rstrip(".") or "path"
            raise InputError(f"{name}: expected an object with entries by name, got {validation.shown(given)}")
        self.given, self.prefix, self.taken = dict(given), prefix, list[str]()

    def raw(self, name: str) -> Any:
        """A required entry."""
        if name not in self.given:
            raise InputError(f"{self.prefix}{name}: expected this entry, got {', '.join(self.given) or 'none'}")
        self.taken.append(name)
        return self.given[name]

    def done(self) -> None:
        """InputError for an unknown entry."""
        unknown = [name for name in self.given if name not in self.taken]
        if unknown:
            raise InputError(
                f"{self.prefix}{unknown[0]}: expected only entries of the schema, got one of another name"
                f"{validation.nearest(unknown[0], self.taken)}"
            )
