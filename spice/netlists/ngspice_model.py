"""The device as an ngspice sub-circuit, in text."""

import math
import textwrap

from compact_model.constants import NANOMETRE
from compact_model.device.equilibrium import rest_angle
from compact_model.device.parameters import DeviceParameters
from compact_model.support import validation
from compact_model.support.provenance import provenance
from compact_model.support.validation import InputError
from compact_model.track.landscape import Landscape

from . import equations, text
from .quantities import NetlistParameter, quantities
from .track import Track, describe

TERMINALS = ("top", "bottom", "x", "phi")
RECOMMENDED_STEP = 20e-12
"""Longest time step for the agreement that is promised (0.1 nm over 1 us), s."""
RECOMMENDED_OPTIONS: dict[str, str | float] = {"method": "trap", "reltol": 1e-7, "trtol": 1.0}
"""trtol=1 is what makes ngspice look closely where a wall crosses the edge of a truncated well: with its default, 7,
a track with many such edges is off by nanometres, at the same number of points elsewhere."""

PAPER = "Lequeux et al., A magnetic synapse, Sci. Rep. 6, 31510 (2016), doi 10.1038/srep31510"


class NetlistDevice:
    """A device with its track, as the writers of netlists see it.

    Raises InputError for a name that is not a plain identifier and for a landscape that does not fit the track.
    """

    def __init__(self, parameters: DeviceParameters, landscape: Landscape, name: str = "dwmtj") -> None:
        self.parameters = validation.instance("parameters", parameters, DeviceParameters)
        self.landscape = validation.instance("landscape", landscape, Landscape)
        self.name = text.identifier("name", name).lower()
        self.track: Track = describe(self.parameters, self.landscape)
        """The landscape as polynomials."""
        self.quantities: dict[str, NetlistParameter] = {
            each.name: each for each in quantities(self.parameters, self.landscape, self.track)
        }
        """The parameters by name, in order."""

    def instance_values(self, given: dict[str, object]) -> dict[str, float]:
        """Checked values of an instance's parameters, in the netlist's units; raises InputError for an unknown one."""
        values = {}
        for name, value in given.items():
            plain = text.known("parameter", name, tuple(self.quantities))
            endless = plain == "vh" and isinstance(value, float) and value == math.inf
            values[plain] = text.INFINITY if endless else float(text.real(name, value))
        changed = self.with_values(values)
        if values and "phi0" not in values:
            angle = self._rest_angle(changed, values)
            if angle != self.quantities["phi0"].value:
                values["phi0"] = angle
        return values

    def _rest_angle(self, changed: DeviceParameters, values: dict[str, float]) -> float:
        """At rest where the instance's wall starts, as in Python; rad."""
        defaults = {name: each.value for name, each in self.quantities.items()}
        start = values.get("x0", defaults["x0"]) * NANOMETRE
        local = float(self.landscape.anisotropy_field(start, self.parameters))
        return rest_angle(changed, local + values.get("hk", defaults["hk"]) - defaults["hk"])

    def with_values(self, values: dict[str, float]) -> DeviceParameters:
        """The DeviceParameters of an instance with such values; raises InputError where the model cannot bear them."""
        changes: dict[str, float | None] = {}
        for name, value in values.items():
            quantity = self.quantities[name]
            if quantity.field is not None:
                changes[quantity.field] = value * quantity.scale
        if changes.get("spin_polarisation", 1.0) == 0.0:
            changes["spin_polarisation"] = None
        changed = self.parameters.replace(**changes)
        length = values.get("length", self.quantities["length"].value)
        if length != self.quantities["length"].value and (
            self.track.centre is None or self.track.anisotropy is not None
        ):
            raise InputError(
                "length: expected the track's own for a landscape that is drawn along the track, got "
                f"{length:g} nm; make a device of that length"
            )
        for name in ("x0", "xs"):
            if name in self.quantities:
                validation.between(name, values.get(name, self.quantities[name].value), 0.0, length)
        for name in ("temperature", "hc"):
            validation.non_negative(name, values.get(name, 0.0))
        for name in ("xc", "ts"):
            validation.positive(name, values.get(name, 1.0))
        return changed


_ADVICE = (
    f"Recommended: .options {' '.join(f'{name}={value}' for name, value in RECOMMENDED_OPTIONS.items())} and a maximum "
    f"time step of {1e9 * RECOMMENDED_STEP:g} ns (at most ts/2 where temperature > 0), the fourth number of .tran. "
    "Without it the run converges all the same, to a wrong position.",
    "In .op, .dc and .ac the wall is held at x0, phi0; in .tran, with and without uic, it moves from there.",
)


def header(device: NetlistDevice, mark: str, language: str, advice: tuple[str, ...]) -> list[str]:
    """What a reader must know, as comment lines."""
    origin = provenance([device.parameters], [device.landscape])
    prose = [
        f"Domain-wall magnetic tunnel junction with two terminals, a spin-torque memristor ({language}).",
        f"Source: {PAPER}, Eq. 1. Written by dwmtj {origin['dwmtj_version']}.",
        "Nodes: top, bottom: the junction. x: the wall's position, 1 V = 1 nm. phi: the wall's angle, 1 V = 1 rad.",
        "Sign: a positive current, from top to bottom, moves the wall to larger x, towards the parallel state (x = "
        "length); so does a positive field hz.",
        *advice,
        "A wall is there from the start (nucleation is not part of the netlist) and is held at the track's ends.",
        "The thermal fields follow from time and seed alone: equal seeds give equal fields, so give each instance its "
        "own.",
    ]
    lines = [line for part in prose for line in textwrap.wrap(text.remark(part), 110, subsequent_indent="    ")]
    rows = [
        (each.name, "-" if not each.unit else each.unit, f"{each.value:.6g}", each.meaning)
        for each in device.quantities.values()
    ]
    table = text.columns([("parameter", "unit", "default", "meaning"), *rows], "")
    return [f"{mark} {line}".rstrip() for line in (*lines, "", *table)]


def subcircuit(device: NetlistDevice) -> str:
    """The `.subckt` of a device, with a header that says how to use it; ends with a newline."""
    density = device.parameters.torque_density
    defaults = " ".join(f"{each.name}={text.real(each.name, each.value)}" for each in device.quantities.values())
    lines = [
        *header(device, "*", "ngspice", _ADVICE),
        text.folded(f".subckt {device.name} {' '.join(TERMINALS)} {defaults}"),
        "* what follows from the parameters",
    ]
    for name, value, meaning in equations.derived_parameters(density):
        lines.append(f".param {name}={{{value}}} ; {meaning}")
    for name, arguments, value, meaning in equations.NOISE_FUNCTIONS:
        lines += [f"* {meaning}", f".func {name}({','.join(arguments)}) {{{value}}}"]
    drive = equations.torque_drive(density, "V(bias)")
    thermal = tuple(equations.thermal_field("(time*1.0e9)", channel) for channel in (0, 1))
    fields = equations.Fields(device.parameters, device.track, "V(torque)", drive, "V(bias)", thermal)
    torque = f"Btorque 0 torque I = torque_rate*{drive}"
    if density == "voltage":
        torque = "Gtorque 0 torque top bottom {torque_rate}"
    hold_position, hold_angle = "(1.0-V(moving))*(x0-V(x))", "(1.0-V(moving))*(phi0-V(phi))"
    sources = (
        ("* the junction; a node that holds its voltage saves each expression a derivative", None),
        (None, "Gbias 0 bias top bottom 1"),
        (None, "Rbias bias 0 1"),
        (None, f"Bjunction top bottom I = {equations.junction_current('V(bias)')}"),
        ("* 0 in the operating point, where the wall is held, and 1 in a transient", None),
        (None, "Imoving 0 moving PWL(0 0 1f 1)"),
        (None, "Rmoving moving 0 1"),
        ("* fields as rates gamma H, rad/ns: the Slonczewski torque, and a and b of Eq. 1", None),
        (None, torque),
        (None, "Rtorque torque 0 1"),
        (None, f"Balong 0 along I = {fields.along_track}"),
        (None, "Ralong along 0 1"),
        (None, f"Babout 0 about I = {fields.about_angle}"),
        (None, "Rabout about 0 1"),
        ("* the wall: 1 nF and a time in ns make one ampere one nm/ns or one rad/ns", None),
        (
            None,
            f"Bx 0 x I = V(moving)*({equations.position_rate('V(along)', 'V(about)', fields.width)}) + {hold_position}",
        ),
        (None, f"Bphi 0 phi I = V(moving)*({equations.angle_rate('V(along)', 'V(about)')}) + {hold_angle}"),
        (None, "Cx x 0 1n ic={x0}"),
        (None, "Cphi phi 0 1n ic={phi0}"),
    )
    for comment, source in sources:
        lines.extend(text.folded(line) if line is source else line for line in (comment, source) if line)
    lines.append(f".ends {device.name}")
    return "\n".join(lines) + "\n"
