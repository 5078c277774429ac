"""The same device under the same drive in Python and in ngspice, side by side."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from PySpice.Spice.Netlist import Circuit

from compact_model import simulate as simulate_in_python
from compact_model.device.parameters import DeviceParameters
from compact_model.drive import Drive
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError
from compact_model.track.landscape import Landscape
from crossbar.in_time.drive import ArrayDrive
from crossbar.in_time.simulation import ArraySimulation

from . import plots  # noqa: F401 (registers how the result draws itself)
from .circuit_simulation import simulate as simulate_in_ngspice
from .netlists import units
from .netlists.array import array_circuit
from .netlists.sources import JUMP, source_letter, source_value
from .netlists.subcircuit import DomainWallJunction
from .ngspice import installation

SIMULATORS = ("python", "ngspice")
COMPARED = ("position", "angle", "resistance", "voltage", "current")
CHAOTIC = 1e3
"""Two paths that run apart by more than this factor: no two simulators agree on them."""
_SHIFT = 1e-14  # m, of the start, to see how far two paths run apart


def crosscheck(
    parameters: DeviceParameters,
    landscape: Landscape,
    drive: Drive,
    times: ArrayLike,
    *,
    initial_position: float | None = None,
    initial_angle: float | None = None,
    external_field: float = 0.0,
    backend: str = "process",
    time_limit: float | None = None,
    **options: Any,
) -> xr.Dataset:
    """One device by the adaptive method and by ngspice, at T = 0.

    Arguments as in `compact_model.simulate`, with a constant external_field; backend, time_limit and the options as in
    `spice.simulate`.

    Returns a Dataset with dimension `simulator` ('python', 'ngspice') before 'time', for position, angle, resistance,
    voltage and current, and, per variable, `<name>_difference`, the largest absolute difference over time.  Voltage,
    current and resistance are not compared within 20 fs of a jump of the drive, where a record may be on either side
    of it.  `sensitivity` says by how much two paths run apart that start 1e-5 nm apart: above CHAOTIC the differences
    say nothing about the simulators.
    """
    when = validation.increasing("times", times)
    if when[0] != 0.0:
        raise InputError(f"times: expected a start at 0 s, where ngspice starts, got {when[0]:g} s")
    if when.size < 2:
        raise InputError(f"times: expected a start and at least one later time, got {when.size}")
    field = validation.number("external_field", external_field)
    validation.instance("landscape", landscape, Landscape)
    start = landscape.wells[0].centre if initial_position is None else validation.number("position", initial_position)
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
    netlist = simulate_in_ngspice(circuit, when, backend=backend, time_limit=time_limit, **options)
    result = xr.concat(
        [reference[list(COMPARED)].drop_attrs(), netlist[list(COMPARED)].isel(device=0, drop=True).drop_attrs()],
        xr.Variable("simulator", list(SIMULATORS)),
    )
    for name in COMPARED:
        result[name].attrs = reference[name].attrs
    steady = _away_from_jumps(drive, when)
    for name in COMPARED:
        apart = abs(result[name].diff("simulator").isel(simulator=0, drop=True))
        kept = apart if name in ("position", "angle") else apart[steady]
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
    """An array, as it stands, under the same drive in Python and in ngspice, at T = 0; the simulation moves on.

    times: s, rising from 0.  time_limit: s, for ngspice.

    Returns a Dataset with dimensions (simulator, time, device): position (m) and current (A); device is 'X<i>_<j>', row
    by row; position_difference (m) and current_difference (over the largest current), the largest over devices and
    times.
    """
    validation.instance("simulation", simulation, ArraySimulation)
    validation.instance("drive", drive, ArrayDrive)
    when = validation.increasing("times", times)
    if when.size < 2:
        raise InputError(f"times: expected a start and at least one later time, got {when.size}")
    if when[0] != 0.0:
        raise InputError(f"times: expected a start at 0 s, where ngspice starts, got {when[0]:g} s")
    if simulation.temperature.any():
        raise InputError("simulation: expected one at 0 K, as two simulators share no random numbers, got a warm one")
    if simulation.charging and any(np.any(volts) for volts in simulation.charging.nodes[-1][1:]):
        raise InputError(
            "simulation: expected discharged lines, as ngspice starts with them, got charged ones; let it rest"
        )
    cells, bits = simulation.junctions, simulation.shape[1]
    kinds = max(len(cells.parameters), len(simulation.landscapes))
    junctions = [
        DomainWallJunction(
            cells.parameters[index % len(cells.parameters)],
            simulation.landscapes[index % len(simulation.landscapes)],
            f"dwmtj{index}",
        )
        for index in range(kinds)
    ]
    fields = simulation.external_field + cells.per_device("stray_field")
    if np.ptp(fields) > 0.0:
        raise InputError("simulation: expected one stray field for all devices, got several")
    circuit = array_circuit(
        simulation.array,
        drive.parts[0][0],
        junction=junctions,
        position=simulation.position,
        angle=simulation.angle,
        net_field=float(fields.flat[0]),
        drive=drive,
        duration=float(when[-1]),
    )
    names = [f"X{index // bits}_{index % bits}" for index in range(simulation.position.size)]
    netlist = simulate_in_ngspice(circuit, when, backend="process", time_limit=time_limit).sel(device=names)
    records = list(simulation.run(drive, when))
    found = {
        "position": np.array([each["position"].ravel() for each in records]),
        "current": np.array([each["device_current"].ravel() for each in records]),
    }
    edges = np.asarray(drive.edges(-1.0, float(when[-1]) + 1.0))
    near = np.abs(when[:, np.newaxis] - edges).min(axis=1, initial=np.inf) <= 10.0 * JUMP
    result = xr.Dataset(
        {
            name: (
                ("simulator", "time", "device"),
                np.stack([values, netlist[name].transpose("time", "device").values]),
                netlist[name].attrs,
            )
            for name, values in found.items()
        },
        coords={"simulator": list(SIMULATORS), "time": netlist.time, "device": names},
        attrs={
            "experiment": "array_crosscheck",
            "ngspice_version": str(installation.version()),
            **simulation.origin(),
        },
    )
    apart = {name: np.abs(np.diff(result[name].values, axis=0)[0]) for name in found}
    result["position_difference"] = ((), apart["position"].max(), {"units": "m"})
    largest = np.abs(found["current"]).max()
    share = apart["current"][~near].max(initial=0.0) / largest if largest > 0.0 else 0.0
    result["current_difference"] = ((), share)
    return result


def _away_from_jumps(drive: Drive, times: FloatArray) -> NDArray[np.bool_]:
    margin = 0.01 * float(times[-1])  # a jump at the very end counts
    edges = np.asarray([*drive.waveform.edges(float(times[0]) - margin, float(times[-1]) + margin)])
    if edges.size == 0:
        return np.ones(times.size, dtype=bool)
    near = np.abs(times[:, np.newaxis] - edges[np.newaxis, :]).min(axis=1)
    result: NDArray[np.bool_] = near > 10.0 * JUMP
    return result
