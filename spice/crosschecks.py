"""Comparison of the same device under the same drive in Python and in ngspice."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from PySpice.Spice.Netlist import Circuit

from compact_model import simulate as simulate_in_python
from compact_model.device.parameters import DeviceParameters, applied_field
from compact_model.drive import Drive
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError
from compact_model.track.landscape import Landscape
from crossbar.crossbar import Crossbar
from crossbar.in_time.drive import ArrayDrive
from crossbar.in_time.simulation import ArraySimulation
from crossbar.transistors.array import TransistorCrossbar

from . import plots  # noqa: F401 (registers how the result draws itself)
from .circuit_simulation import circuit_text
from .circuit_simulation import simulate as simulate_in_ngspice
from .netlists import text, units
from .netlists.array import array_circuit, array_writers
from .netlists.devices import CellWriter
from .netlists.ngspice_model import RECOMMENDED_OPTIONS, RECOMMENDED_STEP
from .netlists.sources import JUMP, source_letter, source_value
from .netlists.subcircuit import DomainWallJunction
from .ngspice import installation
from .ngspice.run import check_backend, run_netlist

SIMULATORS = ("python", "ngspice")
COMPARED = ("position", "angle", "resistance", "voltage", "current")
CHAOTIC = 1e3
"""Two trajectories that diverge by more than this factor: no two simulators agree on them."""
_OF_LINES = {"reltol": 1e-8}
"""The walls need less; the charging of lines, which ngspice must follow to 1e-4 of the current, does not."""
_SHIFT = 1e-14  # m, of the start, to measure how far two trajectories diverge


def crosscheck(
    parameters: DeviceParameters,
    landscape: Landscape,
    drive: Drive,
    times: ArrayLike,
    *,
    initial_position: float | None = None,
    initial_angle: float | None = None,
    external_field: float | None = None,
    maximum_step: float | None = None,
    method: str = str(RECOMMENDED_OPTIONS["method"]),
    relative_tolerance: float = float(RECOMMENDED_OPTIONS["reltol"]),
    backend: str = "process",
    time_limit: float | None = None,
) -> xr.Dataset:
    """Simulate one device by the adaptive method and by ngspice, at T = 0, and compare.

    Arguments as in `compact_model.simulate`, with a constant external_field (T; None: cancels the stray field); from
    maximum_step on as in `spice.simulate`.

    Returns a Dataset with dimension `simulator` ('python', 'ngspice') before 'time', for position, angle, resistance,
    voltage and current, of a device that heats up its temperature_rise, and, per variable, `<name>_difference`, the
    largest absolute difference over time.  Voltage, current and resistance are not compared within 20 fs of a jump of
    the drive, where a record may be on either side of it.  `sensitivity` is the factor by which two trajectories
    diverge that start 1e-5 nm apart; above CHAOTIC, the differences reveal nothing about the simulators.
    """
    when = validation.increasing("times", times)
    if when[0] != 0.0:
        raise InputError(f"times: expected a start at 0 s, where ngspice starts, got {when[0]:g} s")
    if when.size < 2:
        raise InputError(f"times: expected a start and at least one later time, got {when.size}")
    field = applied_field(validation.instance("parameters", parameters, DeviceParameters), external_field)
    validation.instance("landscape", landscape, Landscape)
    start = landscape.wells[0].centre if initial_position is None else validation.number("position", initial_position)
    check_backend(backend)  # before Python simulates what then cannot be compared
    if time_limit is not None:
        validation.positive("time_limit", time_limit)
    reference = simulate_in_python(
        parameters,
        landscape,
        drive,
        when,
        initial_position=start,
        initial_angle=initial_angle,
        external_field=field,
    )
    circuit = Circuit("crosscheck")
    values: dict[str, Any] = {"x0": units.in_nanometres(start), "hz": field + parameters.stray_field}
    if initial_angle is not None:
        values["phi0"] = validation.number("initial_angle", initial_angle)
    DomainWallJunction(parameters, landscape).connect(circuit, "dut", "top", "0", **values)
    add_source = circuit.V if source_letter(drive) == "V" else circuit.I
    nodes = ("top", "0") if source_letter(drive) == "V" else ("0", "top")
    add_source("drive", *nodes, source_value(drive, parameters, float(when[0]), float(when[-1])))
    netlist = simulate_in_ngspice(
        circuit,
        when,
        maximum_step=maximum_step,
        method=method,
        relative_tolerance=relative_tolerance,
        backend=backend,
        time_limit=time_limit,
    )
    compared = [*COMPARED, *(name for name in ("temperature_rise",) if name in reference)]
    result = xr.concat(
        [reference[compared].drop_attrs(), netlist[compared].isel(device=0, drop=True).drop_attrs()],
        xr.Variable("simulator", list(SIMULATORS)),
    )
    for name in compared:
        result[name].attrs = reference[name].attrs
    steady = _away_from_jumps(drive, when)
    for name in compared:
        apart = abs(result[name].diff("simulator").isel(simulator=0, drop=True))
        kept = apart[steady] if name in ("resistance", "voltage", "current") else apart
        result[f"{name}_difference"] = kept.max() if kept.size else xr.zeros_like(apart.max())
        result[f"{name}_difference"].attrs = {
            "long_name": f"largest difference of the {name}",
            "units": reference[name].attrs["units"],
        }
    shift = _SHIFT if start < 0.5 * parameters.track_length else -_SHIFT
    beside = simulate_in_python(
        parameters,
        landscape,
        drive,
        when,
        initial_position=start + shift,
        initial_angle=float(reference.angle[0]),
        external_field=field,
    )
    result["sensitivity"] = abs(beside.position - reference.position).max() / _SHIFT
    result["sensitivity"].attrs = {"long_name": "distance of two paths over their distance at the start"}
    result.attrs = reference.attrs | {"experiment": "crosscheck", "ngspice_step": netlist.attrs["step"]}
    result.attrs["ngspice_version"] = str(installation.version())
    return result


def crosscheck_array(
    simulation: ArraySimulation, drive: ArrayDrive, times: ArrayLike, *, time_limit: float | None = None
) -> xr.Dataset:
    """Simulate an array in its present state under the same drive in Python and in ngspice, without noise, and compare.

    The simulation advances.  times: s, increasing from 0.  time_limit: s, for ngspice.

    Returns a Dataset with dimensions (simulator, time, device): the devices' states (of walls position, m, and angle,
    rad) and current (A); device is 'X<i>_<j>', row by row; <state>_difference in the state's unit and
    current_difference (over the largest current), the largest over devices and times.
    """
    validation.instance("simulation", simulation, ArraySimulation)
    validation.instance("drive", drive, ArrayDrive)
    when = validation.increasing("times", times)
    if when.size < 2:
        raise InputError(f"times: expected a start and at least one later time, got {when.size}")
    if when[0] != 0.0:
        raise InputError(f"times: expected a start at 0 s, where ngspice starts, got {when[0]:g} s")
    if simulation.devices.random:
        raise InputError(
            "simulation: expected one at 0 K, as two simulators share no random numbers, got one above 0 K"
        )
    if simulation.charging and any(np.any(volts) for volts in simulation.charging.nodes[-1][1:]):
        raise InputError(
            "simulation: expected discharged lines, as ngspice starts with them, got charged ones; let it rest"
        )
    states, present = simulation.devices.states, simulation.array.with_cells(simulation.cells)
    netlist = _array_in_ngspice(present, drive, when, [each.name for each in states], time_limit)
    records = list(simulation.run(drive, when))
    found = {each.name: np.array([record[each.name].ravel() for record in records]) for each in states}
    found["current"] = np.array([record["device_current"].ravel() for record in records])
    edges = np.asarray(drive.edges(-1.0, float(when[-1]) + 1.0))
    near = np.abs(when[:, np.newaxis] - edges).min(axis=1, initial=np.inf) <= 10.0 * JUMP
    labels = {each.name: {"long_name": each.long_name, "units": each.unit} for each in states}
    labels["current"] = {"long_name": "current", "units": "A"}
    bits = simulation.shape[1]
    result = xr.Dataset(
        {
            name: (("simulator", "time", "device"), np.stack([values, netlist[name]]), labels[name])
            for name, values in found.items()
        },
        coords={
            "simulator": list(SIMULATORS),
            "time": ("time", when, {"long_name": "time", "units": "s"}),
            "device": [f"X{index // bits}_{index % bits}" for index in range(found["current"].shape[1])],
        },
        attrs={
            "experiment": "array_crosscheck",
            "first_state": states[0].name,
            "ngspice_version": str(installation.version()),
            **simulation.origin(),
        },
    )
    apart = {name: np.abs(values - netlist[name]) for name, values in found.items()}
    for each in states:
        result[f"{each.name}_difference"] = ((), apart[each.name].max(), {"units": each.unit})
    largest = np.abs(found["current"]).max()
    share = apart["current"][~near].max(initial=0.0) / largest if largest > 0.0 else 0.0
    result["current_difference"] = ((), share)
    return result


def _array_in_ngspice(
    array: Crossbar | TransistorCrossbar,
    drive: ArrayDrive,
    times: FloatArray,
    states: list[str],
    time_limit: float | None,
) -> dict[str, FloatArray]:
    """States by name, in their units, and 'current' (A) of all devices in ngspice, (times, devices)."""
    circuit = array_circuit(array, drive.parts[0][0], drive=drive, duration=float(times[-1]))
    bits = array.shape[1]
    writers = [(writer, f"{index // bits}_{index % bits}") for index, writer in enumerate(array_writers(array))]
    saved = [item for writer, label in writers for item in (*writer.nodes(label), writer.current(label)) if item]
    step = text.real("step", RECOMMENDED_STEP)
    options = " ".join(f"{name}={value}" for name, value in (RECOMMENDED_OPTIONS | _OF_LINES).items())
    netlist = "\n".join(
        [
            circuit_text(circuit),
            f".options {options}",
            text.folded(".save " + " ".join(name if name[0] == "@" else f"v({name})" for name in saved)),
            f".tran {step} {text.real('stop', times[-1])} 0 {step}",
            ".end",
            "",
        ]
    )
    plot = run_netlist(netlist, backend="process", time_limit=time_limit)[-1]
    grid = np.real(plot.vectors["time"])

    def at(name: str) -> FloatArray:
        if not name:
            return np.zeros(times.size)
        result: FloatArray = np.interp(times + JUMP, grid, np.real(plot.vectors[name.lower()]))
        return result

    def state(writer: CellWriter, label: str, place: int) -> FloatArray:
        nodes = writer.nodes(label)
        return writer.units[place] * at(nodes[place]) if place < len(nodes) else np.zeros_like(times)

    found = {
        name: np.array([state(writer, label, place) for writer, label in writers]).T
        for place, name in enumerate(states)
    }
    found["current"] = np.array([at(writer.current(label)) for writer, label in writers]).T
    return found


def _away_from_jumps(drive: Drive, times: FloatArray) -> NDArray[np.bool_]:
    margin = 0.01 * float(times[-1])  # a jump at the very end is included
    edges = np.asarray([*drive.waveform.edges(float(times[0]) - margin, float(times[-1]) + margin)])
    if edges.size == 0:
        return np.ones(times.size, dtype=bool)
    near = np.abs(times[:, np.newaxis] - edges[np.newaxis, :]).min(axis=1)
    result: NDArray[np.bool_] = near > 10.0 * JUMP
    return result
