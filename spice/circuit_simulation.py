"""Circuits of PySpice that hold these devices, run in ngspice; the answer is labelled as a simulation in Python is."""

import json
import re
import threading
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from PySpice.Spice.Netlist import Circuit, Netlist, SubCircuit
from PySpice.Unit.Unit import UnitValue

from compact_model.constants import NANOMETRE, NANOSECOND
from compact_model.device.junction import antiparallel_share, conductance
from compact_model.device.parameters import DeviceParameters
from compact_model.results import label_states
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.provenance import provenance
from compact_model.support.validation import InputError

from .netlists import text
from .netlists.ngspice_model import MULTIPLIER, RECOMMENDED_OPTIONS, RECOMMENDED_STEP, NetlistDevice
from .netlists.sources import JUMP
from .netlists.subcircuit import DomainWallJunction
from .ngspice.plot import Plot, SimulatorError, reached
from .ngspice.run import run_netlist

METHODS = ("trap", "gear")
GROUND = ("0", "gnd")
_PLAIN_NODE = re.compile(r"[a-z0-9_]+\Z")
_ANALYSIS = re.compile(r"^[ \t]*\.(tran|op|dc|ac|noise|tf|pz|disto|sens|four|end)\b.*$", re.IGNORECASE | re.MULTILINE)
_LEAST_VOLTAGE = 1e-3  # V, below which a resistance is not taken from V/I


@dataclass(frozen=True)
class _Instance:
    """One device of a circuit."""

    label: str
    nodes: tuple[str, ...]
    device: NetlistDevice
    values: dict[str, float]
    parameters: DeviceParameters

    def value(self, name: str) -> float:
        """A parameter of the instance, or its default, in the netlist's unit."""
        return self.values[name] if name in self.values else self.device.quantities.get(name, MULTIPLIER).value

    @property
    def is_warm(self) -> bool:
        """Whether thermal fields act on it."""
        return self.value("temperature") + self.value("ambient") > 0.0


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
    """A transient of a PySpice circuit with `DomainWallJunction`s in real ngspice.

    times: s, rising, from 0 on, shape (times,): where the state is recorded; ngspice starts at 0.
    maximum_step: s; None: 20 ps, or half a sample of the thermal fields where that is shorter.  With it the position
        is right to 0.1 nm over 1 us; a longer one converges all the same, to a wrong position.
    method: 'trap' or 'gear'; use_initial_conditions: `uic`, no operating point before the start.
    backend, time_limit: as in `run_netlist`.

    Returns a Dataset as `compact_model.simulate_ensemble` does, with dimensions (device, time), `device` holding the
    elements' names: position (m), angle (rad), voltage (V), current (A, measured in the junction), resistance (Ohm;
    voltage over current, and R(x, V) where there is less than 1 mV), current_density (A/m2), net_field (T); and
    node_voltage (V), of dimensions (node, time), for the circuit's nodes with plain names, in lower case.  A device in
    a sub-circuit is called by its path, 'xcell.x1'.
    Raises InputError, and SimulatorError as run_netlist does; its `partial` is then the Dataset up to where it came,
    or None.
    """
    validation.instance("circuit", circuit, Circuit)
    when = validation.increasing("times", times)
    if when.size < 2 or when[0] < 0.0:
        raise InputError(f"times: expected at least two times from 0 s on, got {when.size} from {when[0]:g} s")
    instances = _instances(circuit)
    step = _step(maximum_step, instances)
    validation.choice("method", method, METHODS)
    tolerance = validation.between("relative_tolerance", relative_tolerance, 1e-12, 1e-2)
    nodes = _nodes(circuit)
    saved = dict.fromkeys([*nodes, *(node for each in instances for node in each.nodes if node != "0")])
    netlist = "\n".join(
        [
            circuit_text(circuit),
            f".options method={method} reltol={text.real('relative_tolerance', tolerance)} "
            f"trtol={text.real('trtol', RECOMMENDED_OPTIONS['trtol'])}",
            text.folded(".save " + " ".join([*(f"v({n})" for n in saved), *(_current(each) for each in instances)])),
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

    Raises InputError for a title of more than one line, and for analyses in the circuit: whoever runs it adds them.
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
    """PySpice writes 2 mA as '2mA' and 0.002 A as '0.002A', which ngspice 46 takes for atto, and 1 fF as '1fF'; inside
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
    """The nodes of the enabled elements whose names ngspice can be asked for, in lower case, without ground."""
    names = [str(name).lower() for element in circuit.elements if element.enabled for name in element.node_names]
    return [name for name in dict.fromkeys(names) if name not in GROUND and _PLAIN_NODE.match(name) and name != "time"]


def _instances(circuit: Circuit) -> list[_Instance]:
    found = _devices_in(circuit, {}, (), {})
    if not found:
        raise InputError("circuit: expected at least one DomainWallJunction, connected by its connect(), got none")
    return found


def _devices_in(
    netlist: Netlist, outer: dict[str, SubCircuit], path: tuple[str, ...], ports: dict[str, str]
) -> list[_Instance]:
    """The devices of a circuit, and those of its sub-circuits as ngspice calls them once it has unfolded these.

    outer: the definitions that hold outside; path: the instances that lead here; ports: inner nodes by outer ones.
    """
    known = outer | {str(each.name).lower(): each for each in netlist.subcircuits}

    def node(name: object) -> str:
        plain = str(name).lower()
        return "0" if plain in GROUND else ports.get(plain, ".".join((*path, plain)))

    found = []
    for element in netlist.elements:
        kind = known.get(str(getattr(element, "subcircuit_name", "")).lower())
        if kind is None or not element.enabled:
            continue
        nodes = tuple(node(name) for name in element.node_names)
        here = (*path, text.identifier("element", element.name).lower())
        if not isinstance(kind, DomainWallJunction):
            inner = dict(zip((str(port).lower() for port in kind.external_nodes), nodes, strict=True))
            found += _devices_in(kind, known, here, inner)
            continue
        given: dict[str, object] = {}
        for name, value in element.parameters.items():
            if isinstance(value, UnitValue) and value.unit.unit_suffix == "°C":
                raise InputError(f"{element.name}: expected kelvin, got {name}={value}, a number to ngspice")
            try:
                given[name] = float(value) if isinstance(value, str) else value
            except ValueError:
                raise InputError(f"{element.name}: expected numbers as parameters, got {name}={value!r}") from None
        values = kind.device.instance_values(given)
        label = element.name if not path else ".".join(here)
        found.append(_Instance(label, nodes, kind.device, values, kind.device.with_values(values)))
    return found


def _step(given: float | None, instances: list[_Instance]) -> float:
    samples = [each.value("ts") * NANOSECOND for each in instances if each.is_warm]
    longest = 0.5 * min(samples, default=np.inf)
    if given is None:
        return float(min(RECOMMENDED_STEP, longest))
    step = validation.positive("maximum_step", given)
    if step > longest * (1.0 + 1e-9):
        raise InputError(
            f"maximum_step: expected at most {longest:g} s, half a sample of the thermal fields, got {step:g} s"
        )
    return step


def _current(instance: _Instance) -> str:
    return f"@b.{instance.label.lower()}.bjunction[i]"


def _label(plot: Plot, times: FloatArray, instances: list[_Instance], nodes: list[str]) -> xr.Dataset:
    grid = np.real(plot.vectors["time"])
    after = times + JUMP  # where a source jumps, the later value is the one at that time

    def at(name: str) -> FloatArray:
        result: FloatArray = np.interp(after, grid, np.real(plot.vectors[name.lower()]))
        return result

    def voltage_of(name: str) -> FloatArray:
        return np.zeros_like(times) if name == "0" else at(name)

    rows: dict[str, list[FloatArray]] = {}
    for each in instances:
        top, bottom, x, phi = each.nodes
        device = each.parameters
        position, voltage, current = at(x) * NANOMETRE, voltage_of(top) - voltage_of(bottom), at(_current(each))
        by_voltage = device.torque_density == "voltage"
        count = each.value(MULTIPLIER.name)  # the current is that of all junctions, as a circuit sees it
        by_model = 1.0 / (count * conductance(device, antiparallel_share(device, position), voltage))
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
            "net_field": np.full_like(times, each.value("hz")),
        }
        for name, values in states.items():
            rows.setdefault(name, []).append(values)
    result = label_states(
        {name: np.array(values) for name, values in rows.items()}, times, [each.label for each in instances]
    )
    table = np.array([at(name) for name in nodes])
    result["node_voltage"] = (("node", "time"), table, {"long_name": "node voltage", "units": "V"})
    result = result.assign_coords(node=nodes)
    result.attrs.update(
        provenance(
            [each.parameters for each in instances],
            [each.device.landscape for each in instances],
            seed=", ".join(f"{each.value('seed'):g}" for each in instances if each.is_warm) or None,
        )
    )
    result.attrs.update(instances=json.dumps({each.label: each.values for each in instances}), initial_state="wall")
    return result
