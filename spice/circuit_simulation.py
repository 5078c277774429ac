"""PySpice circuits with these devices, run in ngspice; results are labelled like those of simulations in Python."""

import json
import re
import threading

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from PySpice.Spice.Netlist import Circuit
from PySpice.Unit.Unit import UnitValue

from compact_model.constants import NANOMETRE, NANOSECOND
from compact_model.device import heating
from compact_model.device.junction import antiparallel_share, conductance
from compact_model.results import label_states
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.provenance import provenance
from compact_model.support.validation import InputError

from .hierarchy import GROUND, Instance, instances_of
from .netlists import text
from .netlists.ngspice_model import MULTIPLIER, RECOMMENDED_OPTIONS, RECOMMENDED_STEP, STEPS_PER_SAMPLE
from .netlists.sources import JUMP
from .ngspice.asked import asked
from .ngspice.plot import Plot, SimulatorError, reached
from .ngspice.run import run_netlist

METHODS = ("trap", "gear")
_PLAIN_NODE = re.compile(r"[a-z0-9_]+\Z")
_ANALYSIS = re.compile(r"^[ \t]*\.(tran|op|dc|ac|noise|tf|pz|disto|sens|end)\b.*$", re.IGNORECASE | re.MULTILINE)
_LEAST_VOLTAGE = 1e-3  # V; below it a resistance is not computed as V/I


def simulate(
    circuit: Circuit,
    times: ArrayLike,
    *,
    maximum_step: float | None = None,
    method: str = str(RECOMMENDED_OPTIONS["method"]),
    relative_tolerance: float = float(RECOMMENDED_OPTIONS["reltol"]),
    use_initial_conditions: bool = False,
    backend: str = "auto",
    time_limit: float | None = None,
) -> xr.Dataset:
    """Run a transient analysis of a PySpice circuit with `DomainWallJunction`s in ngspice.

    times: s, increasing, from 0 on, shape (times,): the times at which the state is recorded; ngspice starts at 0.
    maximum_step: s; None: 20 ps, or a fifth of a sample of the thermal fields if that is shorter, which makes the
    position accurate to 0.1 nm over 1 us.  With a longer step ngspice still converges, but to a wrong position.
    method: 'trap' or 'gear'; use_initial_conditions: `uic`, without an operating point before the start.
    backend, time_limit: as in `run_netlist`.

    Returns a Dataset as `compact_model.simulate_ensemble` does, with dimensions (device, time), where `device` is the
    name of the element: position (m), angle (rad), voltage (V), current (A, measured in the junction), resistance (Ohm;
    voltage divided by current, or R(x, V) below 1 mV), current_density (A/m2), net_field (T); and node_voltage (V), of
    dimensions (node, time), for the circuit's nodes with plain names, in lower case.  A device in a sub-circuit is
    named by its path, 'xcell.x1'.  The results of `.meas tran` lines in the circuit's `raw_spice` are `measured`, of
    dimension (measure), NaN if ngspice reports that one failed.  The results of `.four` lines are fourier_frequency
    (Hz), fourier_magnitude and fourier_phase (rad), of dimensions (signal, harmonic), and total_harmonic_distortion
    (signal).
    Raises InputError, and SimulatorError as run_netlist does, whose `partial` is then the Dataset up to the point of
    failure, or None.
    """
    validation.instance("circuit", circuit, Circuit)
    when = validation.increasing("times", times)
    if when.size < 2 or when[0] < 0.0:
        raise InputError(f"times: expected at least two times from 0 s on, got {when.size} from {when[0]:g} s")
    instances = instances_of(circuit)
    step = _step(maximum_step, instances)
    validation.choice("method", method, METHODS)
    tolerance = validation.between("relative_tolerance", relative_tolerance, 1e-12, 1e-2)
    nodes = _nodes(circuit)
    shown = [node for each in instances for node in (*each.nodes, each.wall, each.heat) if node not in ("0", "")]
    saved = dict.fromkeys([*nodes, *shown])
    written = circuit_text(circuit)
    # A `.meas` or `.four` may read any vector.
    voltages = ["all"] if asked(written.splitlines()) else [f"v({node})" for node in saved]
    netlist = "\n".join(
        [
            written,
            f".options method={method} reltol={text.real('relative_tolerance', tolerance)} "
            f"trtol={text.real('trtol', RECOMMENDED_OPTIONS['trtol'])}",
            text.folded(".save " + " ".join([*voltages, *(each.current for each in instances)])),
            f".tran {text.real('step', step)} {text.real('stop', when[-1])} 0 {text.real('step', step)}"
            + (" uic" if use_initial_conditions else ""),
            ".end",
            "",
        ]
    )
    try:
        plot = run_netlist(netlist, backend=backend, time_limit=time_limit)[-1]
    except SimulatorError as error:
        partial = None
        if error.partial and error.partial[-1].analysis == "tran":
            kept = when[when <= float(error.partial[-1].vectors["time"][-1])]
            partial = _label(error.partial[-1], kept, instances, nodes) if kept.size else None
        raise type(error)(str(error), partial) from None
    if float(np.real(plot.vectors["time"][-1])) < when[-1] * (1.0 - 1e-9):
        raise SimulatorError(f"ngspice: expected a run up to {when[-1]:g} s, got less; {reached([plot])}", None)
    result = _label(plot, when, instances, nodes)
    result.attrs.update(method=f"ngspice {method}", step=step, relative_tolerance=tolerance)
    return result


def circuit_text(circuit: Circuit) -> str:
    """A PySpice circuit as text without its `.end`.

    Raises InputError for a title of more than one line, and for analyses in the circuit, which are added when it is
    run.
    """
    if not circuit.title.isprintable():
        raise InputError(f"circuit: expected a title of one printable line, got {circuit.title!r}")
    with _PLAIN_NUMBERS:
        written = str(circuit).rstrip()
    own = _ANALYSIS.search(written)
    if own:
        raise InputError(f"circuit: expected elements only, got an analysis of its own: {own.group(0).strip()!r}")
    return written


class _PlainNumbers:
    """PySpice writes 2 mA as '2mA' and 0.002 A as '0.002A', which ngspice 46 reads as atto, and 1 fF as '1fF'; inside
    this block its values with a unit are written as plain numbers."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._kept = UnitValue.str_spice

    def __enter__(self) -> None:
        self._lock.acquire()
        UnitValue.str_spice = lambda value: repr(float(value))

    def __exit__(self, *_: object) -> None:
        UnitValue.str_spice = self._kept
        self._lock.release()


_PLAIN_NUMBERS = _PlainNumbers()


def _nodes(circuit: Circuit) -> list[str]:
    """The nodes of the enabled elements with names that ngspice accepts in a request, in lower case, without ground."""
    names = [str(name).lower() for element in circuit.elements if element.enabled for name in element.node_names]
    return [name for name in dict.fromkeys(names) if name not in GROUND and _PLAIN_NODE.match(name) and name != "time"]


def _step(given: float | None, instances: list[Instance]) -> float:
    samples = [each.value("ts") * NANOSECOND for each in instances if each.is_warm]
    shortest = min(samples, default=np.inf)
    if given is None:
        return float(min(RECOMMENDED_STEP, shortest / STEPS_PER_SAMPLE))
    longest = 0.5 * shortest
    step = validation.positive("maximum_step", given)
    if step > longest * (1.0 + 1e-9):
        raise InputError(
            f"maximum_step: expected at most {longest:g} s, half a sample of the thermal fields, got {step:g} s"
        )
    return step


def _asked_for(plot: Plot) -> xr.Dataset:
    """The results of `.meas` and `.four`, labelled; empty if a circuit has neither."""
    found = xr.Dataset()
    if plot.measures:
        label = {"long_name": "what .meas found"}
        found["measured"] = ("measure", np.array(list(plot.measures.values())), label)
        found = found.assign_coords(measure=list(plot.measures))
    if plot.fourier:
        spectra = plot.fourier.values()
        most = max(each.frequency.size for each in spectra)

        def table(name: str) -> FloatArray:
            rows = [np.asarray(getattr(each, name), float) for each in spectra]
            return np.array([np.pad(row, (0, most - row.size), constant_values=np.nan) for row in rows])

        for name, unit in (("frequency", "Hz"), ("magnitude", ""), ("phase", "rad")):
            values = np.deg2rad(table(name)) if unit == "rad" else table(name)
            label = {"long_name": f"{name} of a harmonic"} | ({"units": unit} if unit else {})
            found[f"fourier_{name}"] = (("signal", "harmonic"), values, label)
        distortion = np.array([each.distortion for each in spectra])
        found["total_harmonic_distortion"] = ("signal", distortion, {"long_name": "total harmonic distortion"})
        found = found.assign_coords(signal=list(plot.fourier), harmonic=np.arange(most))
    return found


def _nucleation_time(plot: Plot, instance: Instance) -> float:
    """When a uniform device formed its wall, s; -inf: it had one from the start, inf: it formed none."""
    if not instance.wall or not instance.value("uniform"):
        return -np.inf
    formed = np.real(plot.vectors[instance.wall]) > 0.5
    return float(np.real(plot.vectors["time"])[np.argmax(formed)]) if formed.any() else np.inf


def _label(plot: Plot, times: FloatArray, instances: list[Instance], nodes: list[str]) -> xr.Dataset:
    grid = np.real(plot.vectors["time"])
    after = times + JUMP  # where a source jumps, the later value holds at that time

    def at(name: str) -> FloatArray:
        result: FloatArray = np.interp(after, grid, np.real(plot.vectors[name.lower()]))
        return result

    def voltage_of(name: str) -> FloatArray:
        return np.zeros_like(times) if name == "0" else at(name)

    rows: dict[str, list[FloatArray]] = {}
    for each in instances:
        top, bottom, x, phi, *field = each.nodes
        device = each.parameters
        position, voltage, current = at(x) * NANOMETRE, voltage_of(top) - voltage_of(bottom), at(each.current)
        by_voltage = device.torque_density == "voltage"
        count = each.value(MULTIPLIER.name)  # the current is that of all parallel junctions
        formed = _nucleation_time(plot, each)
        share = antiparallel_share(device, position)
        share = np.where(times < formed, 1.0, share) if formed > -np.inf and each.value("uniform") > 0.0 else share
        rise = at(each.heat) if each.heat else np.zeros_like(times)
        heating.check_rises([device], np.array([rise.max(initial=0.0)]))
        own = heating.conductance_at(device, rise, share, voltage) if each.heat else conductance(device, share, voltage)
        by_model = 1.0 / (count * own)
        driven = np.abs(voltage) > _LEAST_VOLTAGE
        states = {
            "position": position,
            "angle": at(phi),
            "voltage": voltage,
            "current": current,
            "resistance": np.where(driven, voltage / np.where(driven, current, 1.0), by_model),
            "current_density": voltage / device.resistance_area_product
            if by_voltage
            else current / (count * device.junction_area),
            "net_field": each.value("hz") + (at(field[0]) if field and field[0] != "0" else np.zeros_like(times)),
        }
        if any(other.heat for other in instances):
            states["temperature_rise"] = rise
        if any(other.device.nucleation for other in instances):
            states["nucleation_time"] = np.array(formed)
        for name, values in states.items():
            rows.setdefault(name, []).append(values)
    result = label_states(
        {name: np.array(values) for name, values in rows.items()}, times, [each.label for each in instances]
    )
    table = np.array([at(name) for name in nodes])
    result["node_voltage"] = (("node", "time"), table, {"long_name": "node voltage", "units": "V"})
    result = result.assign_coords(node=nodes).assign(_asked_for(plot))
    result.attrs.update(
        provenance(
            [each.parameters for each in instances],
            [each.device.landscape for each in instances],
            seed=", ".join(f"{each.value('seed'):g}" for each in instances if each.is_warm) or None,
        )
    )
    result.attrs.update(instances=json.dumps({each.label: each.values for each in instances}), initial_state="wall")
    return result
