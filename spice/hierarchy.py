"""The devices of a PySpice circuit and its sub-circuits, with the values that ngspice gives them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySpice.Spice.Netlist import Circuit, Netlist, SubCircuit
from PySpice.Unit.Unit import UnitValue

from compact_model.device.heating import is_on
from compact_model.device.parameters import DeviceParameters
from compact_model.support.validation import InputError

from .netlists import text
from .netlists.expressions import evaluate
from .netlists.ngspice_model import MULTIPLIER, NetlistDevice, internal_node
from .netlists.subcircuit import DomainWallJunction

GROUND = ("0", "gnd")


@dataclass(frozen=True)
class Instance:
    """One device of a circuit; label: its path, as in 'xcell.x1', if it is in a sub-circuit."""

    label: str
    nodes: tuple[str, ...]
    device: NetlistDevice
    values: dict[str, float]
    parameters: DeviceParameters
    current: str
    """ngspice's name for its current, from top to bottom."""
    wall: str = ""
    """Its node that is 1 once it has a wall; empty if it always has one."""
    heat: str = ""
    """Its node with the temperature rise, 1 V = 1 K; empty if it does not heat up."""

    def value(self, name: str) -> float:
        """A parameter of the instance, or its default, in the netlist's unit."""
        return self.values[name] if name in self.values else self.device.quantities.get(name, MULTIPLIER).value

    @property
    def is_warm(self) -> bool:
        """Whether it has thermal fields."""
        return self.value("temperature") + self.value("ambient") > 0.0


@dataclass(frozen=True)
class _Around:
    """The definitions and values that apply to an element."""

    definitions: Mapping[str, tuple[SubCircuit, int]]
    """Cells by name, with the number of enclosing cells that contain each."""
    path: tuple[str, ...]
    levels: tuple[int, ...]
    """For each instance of the path, the number of enclosing cells that contain its definition."""
    ports: Mapping[str, str]
    scope: Mapping[str, float]
    """Parameters by name, in lower case."""
    multiplier: float | None
    """The m of the enclosing cell, which multiplies everything within."""

    def node(self, name: object) -> str:
        """ngspice's name for a node after it has flattened all cells."""
        plain = str(name).lower()
        return "0" if plain in GROUND else self.ports.get(plain, ".".join((*self.path, plain)))


def instances_of(circuit: Circuit) -> list[Instance]:
    """All enabled DomainWallJunctions of a circuit.

    Raises InputError if there is none, and for values that are neither numbers nor expressions of parameters.
    """
    scope: dict[str, float] = {}
    for name, expression in circuit._parameters.items():
        scope[str(name).lower()] = _number(str(name), expression, scope)
    found: list[tuple[Any, Instance]] = _within(circuit, _Around({}, (), (), {}, scope, None))
    if not found:
        raise InputError("circuit: expected at least one DomainWallJunction, connected by its connect(), got none")
    _check_seeds(found)
    return [instance for _, instance in found]


def _within(netlist: Netlist, around: _Around) -> list[tuple[Any, Instance]]:
    depth = len(around.path)
    known = {**around.definitions, **{str(each.name).lower(): (each, depth) for each in netlist.subcircuits}}
    found = []
    for element in netlist.elements:
        definition = known.get(str(getattr(element, "subcircuit_name", "")).lower())
        if definition is None or not element.enabled:
            continue
        kind, level = definition
        nodes = tuple(around.node(name) for name in element.node_names)
        path = (*around.path, text.identifier("element", element.name).lower())
        given = {
            str(name).lower(): _number(f"{element.name}: {name}", value, around.scope)
            if isinstance(value, str)
            else value
            for name, value in element.parameters.items()
        }
        if isinstance(kind, DomainWallJunction):
            for name, value in given.items():
                if isinstance(value, UnitValue) and value.unit.unit_suffix == "°C":
                    raise InputError(f"{element.name}: expected kelvin, got {name}={value}, a number to ngspice")
            if around.multiplier is not None:
                given[MULTIPLIER.name] = around.multiplier
            values = kind.device.instance_values(given)
            label = element.name if not around.path else ".".join(path)
            parameters = kind.device.with_values(values)
            current = _current(path, (*around.levels, level))
            wall = ".".join((*path, internal_node(kind.device, "wall"))) if kind.device.nucleation else ""
            heat = ".".join((*path, internal_node(kind.device, "heat"))) if is_on(kind.device.parameters) else ""
            found.append((element, Instance(label, nodes, kind.device, values, parameters, current, wall, heat)))
            continue
        ports = dict(zip((str(port).lower() for port in kind.external_nodes), nodes, strict=True))
        scope = dict(around.scope)
        for name, value in {**kind.parameters, **given}.items():
            scope[str(name).lower()] = _number(f"{element.name}: {name}", value, scope)
        declared = MULTIPLIER.name in {str(name).lower() for name in kind.parameters}
        own = None if declared else given.get(MULTIPLIER.name)
        multiplier = around.multiplier if own is None else _number(f"{element.name}: m", own, scope)
        found += _within(kind, _Around(known, path, (*around.levels, level), ports, scope, multiplier))
    return found


def _current(path: tuple[str, ...], levels: tuple[int, ...]) -> str:
    """ngspice's name for the current of a device at the end of a path.

    It flattens the instances in a cell whose definitions are also in the cell before it flattens the cell; each time
    the names inside get a prefix, which repeats the letter of the element.
    """
    name, depth = "bjunction", len(path)
    while depth:
        outer = levels[depth - 1]
        name, depth = f"b.{'.'.join(path[outer:depth])}.{name}", outer
    return f"@{name}[i]"


def _number(name: str, value: object, scope: Mapping[str, float]) -> float:
    return float(value) if isinstance(value, int | float | UnitValue) else evaluate(name, str(value), scope)


def _check_seeds(found: list[tuple[Any, Instance]]) -> None:
    """One line of a cell is several devices, which with a single seed would have identical thermal fields."""
    seen: dict[tuple[int, float], str] = {}
    for element, instance in found:
        if not instance.is_warm:
            continue
        key = id(element), instance.value("seed")
        if key in seen:
            raise InputError(
                f"seed: expected one for each warm junction, got {key[1]:g} in {seen[key]} and {instance.label}; write "
                "seed='{seed}' in the cell, with seed among its parameters, and give each cell its own"
            )
        seen[key] = instance.label
