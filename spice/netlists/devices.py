"""How the cells of an array become elements of a circuit: a writer for each class of `crossbar.NetlistCell.model`."""

from collections.abc import Mapping
from functools import singledispatch
from typing import Any, Protocol

from PySpice.Spice.Netlist import Circuit, SubCircuit

from compact_model.constants import NANOMETRE
from compact_model.device.heating import is_on
from compact_model.device.junction import antiparallel_share
from compact_model.support.validation import InputError
from crossbar.in_time.domain_walls import TrackedDevice
from crossbar.in_time.dynamics import FixedDevice, SubcircuitText

from . import text
from .ngspice_model import internal_node
from .subcircuit import DomainWallJunction
from .units import in_nanometres


class CellWriter(Protocol):
    """One kind of device in a circuit."""

    @property
    def units(self) -> tuple[float, ...]:
        """The value of 1 V on the node of each state, in the state's unit."""

    def connect(self, circuit: Circuit, label: str, top: str, bottom: str, values: Mapping[str, float]) -> None:
        """Add an instance X<label> between two nodes."""

    def nodes(self, label: str) -> tuple[str, ...]:
        """The nodes with an instance's states; a last one that is always 0 has none."""

    def current(self, label: str) -> str:
        """ngspice's name for an instance's current, from top to bottom; empty if none flows."""


@singledispatch
def cell_writer(model: Any, name: str) -> CellWriter:
    """The writer of a kind of device; `name` distinguishes it from other kinds in the circuit.

    For user-defined devices give a `SubcircuitText`, or register a writer for the model's class.
    """
    raise InputError(f"array: expected devices that a netlist can hold, got a {type(model).__name__} without a writer")


class _Walls:
    """Domain-wall junctions with values in SI, as `crossbar.DomainWalls` gives them."""

    def __init__(self, junction: DomainWallJunction) -> None:
        self._junction = junction
        self._heat = internal_node(junction.device, "heat") if is_on(junction.device.parameters) else ""
        self.units = (NANOMETRE, 1.0, 1.0)
        """Scales of the position, the angle, and the temperature rise."""

    def connect(self, circuit: Circuit, label: str, top: str, bottom: str, values: Mapping[str, float]) -> None:
        started: Mapping[str, Any] = {"rise0": values["temperature_rise"]} if self._heat else {}
        self._junction.connect(
            circuit,
            label,
            top,
            bottom,
            x0=in_nanometres(values["position"]),
            phi0=values["angle"],
            hz=values["net_field"],
            **started,
        )

    def nodes(self, label: str) -> tuple[str, ...]:
        heat = (f"x{label}.{self._heat}",) if self._heat else ()
        return f"{label}_x", f"{label}_phi", *heat

    def current(self, label: str) -> str:
        return f"@b.x{label}.bjunction[i]"


class _Definition(SubCircuit):  # type: ignore[misc]  # PySpice has no types
    """A sub-circuit given as text."""

    def __init__(self, model: SubcircuitText) -> None:
        super().__init__(text.identifier("name", model.name), "top", "bottom", *model.states)
        self._text = model.text

    def __str__(self) -> str:
        return self._text


class _Text:
    """Devices that provide their own sub-circuit."""

    def __init__(self, model: SubcircuitText) -> None:
        self._model, self.units, self._definition = model, model.units, _Definition(model)

    def connect(self, circuit: Circuit, label: str, top: str, bottom: str, values: Mapping[str, float]) -> None:
        if self._model.name not in {each.name for each in circuit.subcircuits}:
            circuit.subcircuit(self._definition)
        numbers = {text.identifier("parameter", name): text.real(name, value) for name, value in values.items()}
        circuit.X(label, self._model.name, top, bottom, *self.nodes(label), **numbers)

    def nodes(self, label: str) -> tuple[str, ...]:
        return tuple(f"{label}_{state}" for state in self._model.states)

    def current(self, label: str) -> str:
        return f"@b.x{label}.{self._model.current.lower()}[i]"


@cell_writer.register
def _(model: TrackedDevice, name: str) -> CellWriter:
    return _Walls(DomainWallJunction(model.parameters, model.landscape, name))


@cell_writer.register
def _(model: SubcircuitText, name: str) -> CellWriter:
    return _Text(model)


class FixedWriter:
    """A faulty device: its law at a fixed state, a resistance, or nothing; sources hold the nodes of the state.

    sound: the writer of the same device without a fault.
    """

    def __init__(self, sound: CellWriter, device: FixedDevice) -> None:
        if isinstance(device.sound, TrackedDevice) and is_on(device.sound.parameters):
            raise InputError(
                "thermal_resistance: expected 0, since faulty cells of a netlist are not heated, "
                f"got {device.sound.parameters.thermal_resistance:g} K/W"
            )
        self._sound, self._device, self.units = sound, device, sound.units

    def connect(self, circuit: Circuit, label: str, top: str, bottom: str, values: Mapping[str, float]) -> None:
        # A state without a node stays 0.
        for node, unit, value in zip(self.nodes(label), self.units, self._device.states, strict=False):
            circuit.V(node, node, circuit.gnd, text.real("state", value / unit))
        conductance = self._device.conductance
        if conductance is None:
            current = fixed_current(self._device.sound, self._device.states, f"V({top},{bottom})")
            circuit.BehavioralSource(label, top, bottom, current_expression=current)
        elif conductance > 0.0:
            circuit.R(label, top, bottom, text.real("resistance", 1.0 / conductance))

    def nodes(self, label: str) -> tuple[str, ...]:
        return self._sound.nodes(label)

    def current(self, label: str) -> str:
        if self._device.conductance is None:
            return f"@b{label}[i]"
        return f"@r{label}[i]" if self._device.conductance > 0.0 else ""


@singledispatch
def fixed_current(model: Any, states: tuple[float, ...], voltage: str) -> str:
    """The current, A, of a device with fixed states, as ngspice reads it; voltage: the expression of its voltage."""
    raise InputError(
        "array: expected domain walls, resistances or open cells among the faulty cells of a netlist, got a "
        f"{type(model).__name__} that is stuck and keeps its law"
    )


@fixed_current.register
def _(model: TrackedDevice, states: tuple[float, ...], voltage: str) -> str:
    device = model.parameters
    conductance = text.real("conductance", 1.0 / device.parallel_resistance)
    drop = text.real("drop", float(antiparallel_share(device, states[0])) * device.tmr)
    bias = f"{voltage}/{text.real('voltage', device.tmr_half_voltage)}"
    return f"{voltage}*{conductance}*(1.0-{drop}/({text.real('tmr', 1.0 + device.tmr)}+({bias})*({bias})))"
