"""The device as a PySpice sub-circuit."""

import zlib
from typing import Any

from PySpice.Spice.Netlist import Circuit, Netlist, SubCircuit

from compact_model.device.parameters import DeviceParameters
from compact_model.support import validation
from compact_model.support.validation import InputError
from compact_model.track.landscape import Landscape

from . import text
from .ngspice_model import NetlistDevice, subcircuit


class DomainWallJunction(SubCircuit):  # type: ignore[misc]
    """A device with its parameters and landscape, as a SubCircuit with the nodes top, bottom, x and phi.

    name: of the sub-circuit; different devices in one circuit need different names.
    field_pin: adds a fifth node, `field`, whose voltage in V is added to hz in T, so that a source can vary the field
    in time.
    nucleation: instances may be uniform until a current forms their wall: uniform=1 (AP) or -1 (P), as with
    `initial_position="AP"` or "P" in `compact_model.simulate`.

        junction = DomainWallJunction(parameters, landscape)
        junction.connect(circuit, "1", "in", circuit.gnd, x0=550, hz=0.0)
    """

    def __init__(
        self,
        parameters: DeviceParameters,
        landscape: Landscape,
        name: str = "dwmtj",
        *,
        field_pin: bool = False,
        nucleation: bool = False,
    ) -> None:
        self.device = NetlistDevice(parameters, landscape, name, field_pin=field_pin, nucleation=nucleation)
        super().__init__(self.device.name, *self.device.terminals)

    def __str__(self) -> str:
        return subcircuit(self.device)

    def connect(
        self,
        circuit: Netlist,
        label: str,
        top: str,
        bottom: str,
        x: str | None = None,
        phi: str | None = None,
        field: str | None = None,
        **values: float | str,
    ) -> Any:
        """Add an instance X<label>, and to a Circuit also the sub-circuit if it is missing.

        circuit: a Circuit or SubCircuit of PySpice or InSpice; a circuit that contains such SubCircuits gets the
        definition by `add_to`.

        x, phi: nodes that show the state, 1 V = 1 nm and 1 V = 1 rad; by default <label>_x and <label>_phi.
        field: the node of a device with a field pin, 1 V = 1 T; by default ground.
        values: parameters of the instance in the netlist's units (x0 in nm, phi0, hz in T, temperature, seed, hk, m,
            ...): plain numbers, PySpice values with a unit, which are converted, or expressions of parameters in
            braces, as in x0="{start}".  Without a seed, it is derived from the label, so that instances are
            independent.
        Returns the PySpice element.  Raises InputError for a label or node that is not a plain name, a label that
        already exists in the circuit (ignoring case), an unknown parameter, a unit that does not fit the parameter, and
        values outside the range of the model.
        """
        if type(circuit).__module__.partition(".")[0] != "InSpice":  # a fork of PySpice with the same methods
            validation.instance("circuit", circuit, Netlist)
        plain = text.node("label", label)
        nodes: tuple[str, ...] = (top, bottom, f"{plain}_x" if x is None else x, f"{plain}_phi" if phi is None else phi)
        if self.device.field_pin:
            nodes = (*nodes, "0" if field is None else field)
        elif field is not None:
            raise InputError(f"field: expected none, as this kind has no field_pin=True, got {field!r}")
        names = [text.node(name, value) for name, value in zip(self.device.terminals, nodes, strict=True)]
        taken = {str(each.name).lower(): each.name for each in circuit.elements}
        if f"x{plain}".lower() in taken:
            raise InputError(
                "label: expected a unique label, because ngspice ignores case, got "
                f"{plain!r} beside {taken[f'x{plain}'.lower()][1:]!r}"
            )
        expressions = {name: text.expression(name, value) for name, value in values.items() if text.is_braced(value)}
        for name in expressions:
            self.device.known(name)
        checked = self.device.instance_values({name: values[name] for name in values if name not in expressions})
        if "x0" in expressions or "hk" in expressions:
            checked.pop("phi0", None)
        if checked.get("temperature", 0.0) + checked.get("ambient", 0.0) > 0.0 and "seed" not in values:
            checked["seed"] = zlib.crc32(plain.encode()) % 100_003  # its own: equal seeds would give equal fields
        present = {each.name: each for each in circuit.subcircuits}
        if present.get(self.name, self) is not self:
            raise InputError(f"name: expected a different name for each kind of device in a circuit, got {self.name!r}")
        if not hasattr(circuit, "external_nodes"):  # inside a cell, ngspice would lose the cell's m
            self.add_to(circuit)
        numbers = {name: text.real(name, value) for name, value in checked.items()}
        return circuit.X(plain, self.name, *names, **numbers, **expressions)

    def add_to(self, circuit: Circuit) -> None:
        """Add the sub-circuit's definition, once."""
        if self.name not in {each.name for each in circuit.subcircuits}:
            circuit.subcircuit(self)
