"""The device as an ngspice sub-circuit, as text."""

import math
import re
import textwrap
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from compact_model.constants import NANOMETRE
from compact_model.device import heating
from compact_model.device.equilibrium import rest_angle
from compact_model.device.parameters import DeviceParameters
from compact_model.support import validation
from compact_model.support.provenance import provenance
from compact_model.support.validation import InputError
from compact_model.track.landscape import Landscape

from . import equations, heat, text, units
from .quantities import NetlistParameter, quantities
from .track import Track, describe

TERMINALS = ("top", "bottom", "x", "phi")
FIELD = "field"
"""The additional last terminal of a device with a field pin."""
RECOMMENDED_STEP = 20e-12
"""Longest time step that ensures the promised agreement (0.1 nm over 1 us), s."""
STEPS_PER_SAMPLE = 5.0
"""Of the thermal fields: with fewer, the kinks between two straight lines cost more than 0.1 nm."""
RECOMMENDED_OPTIONS: dict[str, str | float] = {"method": "trap", "reltol": 1e-5, "trtol": 1.0}
"""The cheapest options that keep the promise: the 19 cases of the tests agree within 0.07 nm, and 0.12 nm with
reltol=1e-4. Tighter ones cost a circuit's transistors more than the wall, and some circuits their convergence:
benchmarks/netlist_options.py."""
_EDGE_TIME = 0.1e-12
"""s, response time of the node that follows the pinning field; ngspice shortens its steps to resolve it where a wall
crosses the edge of a truncated well.  Without that node the same accuracy takes reltol=1e-8; 0.3 and 1 ps also work."""

MULTIPLIER = NetlistParameter("m", 1.0, "", "so many equal junctions in parallel, whose walls move as one")
"""A parameter of the sub-circuit alone: OSDI simulators have their own.  It must be declared: in a sub-circuit that
does not declare it, ngspice 39 multiplies the resistors and controlled sources, but not the B sources."""

PAPER = "Lequeux et al., A magnetic synapse, Sci. Rep. 6, 31510 (2016), doi 10.1038/srep31510"


class NetlistDevice:
    """A device with its track, as the writers of netlists see it.

    field_pin: whether it has a fifth terminal, whose volts are added to hz as teslas.  nucleation: whether it may be
    uniform until a current forms its wall.
    Raises InputError for a name that is not a plain identifier and for a landscape that does not fit the track.
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
        self.parameters = validation.instance("parameters", parameters, DeviceParameters)
        self.landscape = validation.instance("landscape", landscape, Landscape)
        self.name = text.identifier("name", name).lower()
        self.field_pin = validation.flag("field_pin", field_pin)
        self.nucleation = validation.flag("nucleation", nucleation)
        self.terminals = (*TERMINALS, FIELD) if self.field_pin else TERMINALS
        self.track: Track = describe(self.parameters, self.landscape)
        """The landscape as polynomials."""
        self.quantities: dict[str, NetlistParameter] = {
            each.name: each for each in quantities(self.parameters, self.landscape, self.track, self.nucleation)
        }
        """The parameters by name, in order."""

    def instance_values(self, given: dict[str, object]) -> dict[str, float]:
        """Checked values of an instance's parameters, in the netlist's units; raises InputError for an unknown one."""
        values = {}
        for name, value in given.items():
            plain = self.known(name)
            quantity = self.quantities.get(plain, MULTIPLIER)
            endless = plain == "vh" and isinstance(value, float) and value == math.inf
            values[plain] = (
                text.INFINITY if endless else float(text.real(name, units.plain(name, value, quantity.unit)))
            )
        changed = self.with_values(values)
        if values.get("uniform"):
            length = values.get("length", self.quantities["length"].value)
            end = 0.0 if values["uniform"] > 0.0 else length
            if values.setdefault("x0", end) != end:
                raise InputError(
                    f"x0: expected none where uniform is {values['uniform']:g}, as the wall forms at {end:g} nm, got "
                    f"{values['x0']:g} nm"
                )
        if values and "phi0" not in values:
            angle = self._rest_angle(changed, values)
            if angle != self.quantities["phi0"].value:
                values["phi0"] = angle
        return values

    def known(self, name: str) -> str:
        """A parameter's name in lower case; raises InputError for one that does not exist."""
        return text.known("parameter", name, (*self.quantities, MULTIPLIER.name))

    def _rest_angle(self, changed: DeviceParameters, values: dict[str, float]) -> float:
        """The rest angle at the start of the instance's wall, as in Python; rad."""
        defaults = {name: each.value for name, each in self.quantities.items()}
        start = values.get("x0", defaults["x0"]) * NANOMETRE
        local = float(self.landscape.anisotropy_field(start, self.parameters))
        return rest_angle(changed, local + values.get("hk", defaults["hk"]) - defaults["hk"])

    def with_values(self, values: dict[str, float]) -> DeviceParameters:
        """The DeviceParameters of an instance with these values; raises InputError for values that it forbids."""
        changes: dict[str, float | None] = {}
        for name, value in values.items():
            quantity = self.quantities.get(name, MULTIPLIER)
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
        for name in ("temperature", "hc", "rise0"):
            validation.non_negative(name, values.get(name, 0.0))
        if values.get("uniform", 0.0) not in (-1.0, 0.0, 1.0):
            raise InputError(
                f"uniform: expected 1 (antiparallel), -1 (parallel) or 0 (a wall), got {values['uniform']:g}"
            )
        validation.between("ambient", values.get("ambient", 0.0), 0.0, 1.0)
        for name in ("xc", "ts", MULTIPLIER.name):
            validation.positive(name, values.get(name, 1.0))
        return changed


_ADVICE = (
    f"Recommended: .options {' '.join(f'{name}={value}' for name, value in RECOMMENDED_OPTIONS.items())} and a maximum "
    f"time step of {1e9 * RECOMMENDED_STEP:g} ns (ts/{STEPS_PER_SAMPLE:g} with thermal fields), the fourth number "
    "of .tran: 0.1 nm over 1 us. Without that number the step may grow to the first number of .tran or a fiftieth of "
    "the span, whichever is shorter, and the run converges all the same, to a wrong position.",
    "In .op, .dc, .ac and .noise the wall is held at x0, phi0; in .tran, with and without uic, it moves from there.",
    "m: so many equal junctions in parallel whose walls move as one. Where a cell that holds this one has an m of its "
    "own, ngspice takes that one in place of the m given here: declare m=1 with the parameters of the cell and write "
    "m={3*m} inside for three times as many. run_netlist of dwmtj refuses a deck that has both.",
    "Internal nodes carry a checksum of this file in their names, so that no .global captures them by chance. Of the "
    "parameters of an instance ngspice "
    "ignores those that are not in the table below, temp and dtemp among them, without a word.",
    "Tried with ngspice 39 and 46.",
)


def header(
    device: NetlistDevice, mark: str, language: str, advice: tuple[str, ...], more: tuple[NetlistParameter, ...] = ()
) -> list[str]:
    """Notes for a reader, as comment lines; more: parameters besides the device's own."""
    origin = provenance([device.parameters], [device.landscape])
    prose = [
        f"Domain-wall magnetic tunnel junction with two terminals, a spin-torque memristor ({language}).",
        f"Source: {PAPER}, Eq. 1. Written by dwmtj {origin['dwmtj_version']}.",
        "Nodes, in this order: top, bottom: the junction. x: the wall's position, 1 V = 1 nm. phi: the wall's angle, "
        "1 V = 1 rad. The last two are copies of the state behind 1 uOhm, to be read: they may be left open, grounded, "
        "loaded or shared, which changes what is read there and not the wall.",
        *_field_pin_advice(device),
        "Sign: a positive current, from top to bottom, moves the wall to larger x, towards the parallel state (x = "
        "length); so does a positive field hz.",
        "Parameters are plain numbers in the units below, without a suffix: x0=550, not x0=550n. A length that is "
        "below 1e-4 nm can only have been meant in metres, and a time below 1e-6 ns in seconds; both are converted.",
        *advice,
        _nucleation_advice(device),
        *_temperature_advice(device),
        "The thermal fields follow from time and seed alone: equal seeds give equal fields, so give each instance its "
        "own.",
        ".noise: the thermal noise of the junction, 4 k T G(x, V) with the T of .temp, and nothing else of the model.",
    ]
    lines = [line for part in prose for line in textwrap.wrap(text.remark(part), 110, subsequent_indent="    ")]
    rows = [
        (each.name, "-" if not each.unit else each.unit, f"{each.value:.6g}", each.meaning)
        for each in (*device.quantities.values(), *more)
    ]
    table = text.columns([("parameter", "unit", "default", "meaning"), *rows], "")
    return [f"{mark} {line}".rstrip() for line in (*lines, "", *table)]


def _field_pin_advice(device: NetlistDevice) -> list[str]:
    if not device.field_pin:
        return ["A field that changes in time needs the variant with a node for it (field_pin)."]
    return [
        "field, the fifth node: a net field that is added to hz, 1 V = 1 T, which may change in time: 85 Oe are 8.5m. "
        "It takes no current but that of 1 GOhm to ground; left open, it adds nothing."
    ]


def _nucleation_advice(device: NetlistDevice) -> str:
    if not device.nucleation:
        return (
            "A wall is there from the start and is held at the track's ends; one that a current forms needs the "
            "variant for it (nucleation)."
        )
    return (
        "uniform = 1 or -1: no wall until J reaches jn, which forms one at once at x = 0, or at x = length; x0 is not "
        "used then. A wall is held at the track's ends, and does not vanish there."
    )


def _temperature_advice(device: NetlistDevice) -> list[str]:
    shared = (
        "temperature is that of the thermal fields and the only one that moves the wall; .temp and .options temp reach "
        "it where ambient = 1."
    )
    if not heating.is_on(device.parameters):
        return [f"{shared} No other parameter depends on a temperature."]
    return [
        shared,
        "The junction heats up by its own power, from rise0 on: rth and tauth are its thermal resistance and time "
        "constant. M_s, and with it torques and sites, H_K and the TMR follow the rise above tref, the thermal fields "
        "the rise above temperature; without a temperature there are none. In .op, .dc, .ac and .noise the rise is "
        "held at rise0.",
    ]


def subcircuit(device: NetlistDevice, drawn: Mapping[str, str] | None = None, draws: Sequence[str] = ()) -> str:
    """The `.subckt` of a device, with a header that explains its use; ends with a newline.

    drawn: by parameter, an expression that replaces it inside, with '{name}' for the parameters as given and
    '{name_drawn}' for others that are drawn; draws: names of standard normal deviates in them, new in each instance.
    """
    quantities = (*device.quantities.values(), MULTIPLIER)
    defaults = " ".join(f"{each.name}={text.real(each.name, each.value)}" for each in quantities)
    ports, inner = _ports(device), _inner(device, draws)
    lines = [
        *header(device, "*", "ngspice", _ADVICE, (MULTIPLIER,)),
        *_drawing(device, [each.name for each in quantities], defaults, draws),
        text.folded(f".subckt {inner} {ports} {' '.join([defaults, *(f'{name}=0' for name in draws)])}"),
        "* what follows from the parameters; a length below 1e-4 nm is in metres, as in x0=550n",
    ]
    checked = units.checked(quantities)
    lines += [f".param {name}={{{value}}}" for name, value in checked.values()]
    inside = {name: plain for name, (plain, _) in checked.items()}
    given = {each.name: inside.get(each.name, each.name) for each in quantities}
    for name, expression in (drawn or {}).items():
        inside[name] = f"{name}_drawn"
        value = re.sub(r"\{(\w+)\}", lambda match: given.get(match.group(1), match.group(1)), expression)
        lines.append(text.folded(f".param {name}_drawn={{{value}}}"))

    def written(expression: str) -> str:
        return units.with_checked(expression, inside)

    for name, value, meaning in derived_parameters(device):
        lines.append(f".param {name}={{{written(value)}}} ; {meaning}")
    for name, arguments, value, meaning in equations.NOISE_FUNCTIONS:
        lines += [f"* {meaning}", text.folded(f".func {name}({','.join(arguments)}) {{{value}}}")]
    for comment, *elements in _elements(device):
        lines.append(f"* {comment}")
        for name, nodes, value in elements:
            wired = " ".join("0" if each == "0" else _node(each) for each in nodes.split())
            lines.append(text.folded(f"{name} {wired} {_NODE_VOLTAGE.sub(_prefixed, written(value))}"))
    lines.append(f".ends {inner}")
    return _unmistakable("\n".join(lines) + "\n")


def derived_parameters(device: NetlistDevice) -> tuple[tuple[str, str, str], ...]:
    """Name, expression and meaning of the quantities that depend on the parameters alone."""
    found = equations.derived_parameters(device.parameters.torque_density)
    if heating.is_on(device.parameters):
        found = (*found, *heat.DERIVED)
    return (*found, *equations.NUCLEATION) if device.nucleation else found


def _inner(device: NetlistDevice, draws: Sequence[str]) -> str:
    return f"{device.name}_drawn" if draws else device.name


def _drawing(device: NetlistDevice, names: Sequence[str], defaults: str, draws: Sequence[str]) -> list[str]:
    """A sub-circuit around the drawing one: ngspice draws anew at every use of a `.param` with agauss, and once for a
    parameter of an instance."""
    if not draws:
        return []
    ports = _ports(device)
    handed = " ".join([*(f"{name}={{{name}}}" for name in names), *(f"{name}={{agauss(0.0,1.0,1)}}" for name in draws)])
    return [
        text.folded(f".subckt {device.name} {ports} {defaults}"),
        text.folded(f"Xdrawn {ports} {_inner(device, draws)} {handed}"),
        f".ends {device.name}",
    ]


def _unmistakable(definition: str) -> str:
    """The definition with its checksum in its nodes' names, which no `.global` of a deck matches by chance.

    ngspice lets a `.global` capture any node with its name, also inside a sub-circuit.
    """
    own = f"{zlib.crc32(definition.encode()):08x}"
    return re.sub(rf"\b{text.INTERNAL}([a-z]+)\b", rf"{text.INTERNAL}\1_{own}", definition)


def _ports(device: NetlistDevice) -> str:
    shown = {"x": "position", "phi": "angle"}  # inside, x and phi are the state itself
    return " ".join(_node(shown.get(each, each)) for each in device.terminals)


_NODE_VOLTAGE = re.compile(r"\bV\((\w+)\)")


def _node(name: str) -> str:
    """A node of the sub-circuit, distinct from all names of its parameters."""
    return f"{text.INTERNAL}{name}"


def internal_node(device: NetlistDevice, name: str) -> str:
    """The name of a node inside the sub-circuit, with its checksum."""
    found = re.search(rf"\b{_node(name)}_\w+\b", subcircuit(device))
    assert found
    return found.group(0)


def _prefixed(voltage: re.Match[str]) -> str:
    return f"V({_node(voltage.group(1))})"


def _elements(device: NetlistDevice) -> tuple[tuple[Any, ...], ...]:
    """Groups of elements: a comment, then names, nodes and values.

    Every value that others read is a voltage source or a current into 1 uOhm, which is faster: a cshunt or rshunt does
    not change it, and it has no noise.  The state is a charge on 1 uF, so a cshunt of 1 pF does not move the wall by
    0.001 nm.
    """
    density = device.parameters.torque_density
    conductance = "(conductance_p+V(excess))"
    drive = equations.torque_drive(density, "V(bias)", conductance)
    warmth = heat.heat_of(device.parameters, "V(heat)", "V(moment)", "V(warm)")
    thermal = tuple(equations.thermal_field("(time*1.0e9)", "(temper+273.15)", channel, warmth) for channel in (0, 1))
    net_field = f"(hz+V({FIELD}))" if device.field_pin else "hz"
    fields = equations.Fields(
        device.parameters, device.track, "V(torque)", drive, "V(bias)", thermal, "V(pinning)", net_field, "V(rise)",
        warmth,
    )  # fmt: skip
    wall, start, moving = ("V(wall)", "start", "V(moving)*V(wall)") if device.nucleation else ("", "x0", "V(moving)")
    edge: list[tuple[str, str, str]] = []
    rise = [("Brise", "rise 0", f"V = {fields.anisotropy_rise}")] if fields.anisotropy_rise else []
    if device.track.has_edges or rise:
        edge = [
            ("Gedge", "0 edge pinning 0", "1"),
            *([("Gkink", "0 edge rise 0", "1")] if rise else []),
            ("Redge", "edge 0", "1 noisy=0"),
            ("Cedge", "edge 0", text.real("edge", _EDGE_TIME)),
        ]
    torque = [("Btorque", "torque 0", f"V = torque_rate*{drive}")]
    if warmth:
        torque = [("Btorque", "torque 0", f"V = torque_rate*{drive}*{warmth.torque_factor}")]
    elif density == "voltage":
        torque = [
            ("Gtorque", "0 torque top bottom", "{1.0e6*torque_rate}"),
            ("Rtorque", "torque 0", "1u noisy=0"),
        ]
    position = equations.position_rate("V(along)", "V(about)", fields.width)
    angle = equations.angle_rate("V(along)", "V(about)")
    # ngspice evaluates only one branch of a condition; a transient has no noise.
    noise = f"(V(moving)>0.5 ? 0.0 : V(thermal)*sqrt(abs(m*{conductance})))"
    return (
        (
            "the junction: nodes for its voltage and for G - 1/R_P save derivatives; 1 Ohm has the noise of sqrt(G) A",
            ("Gbias", "0 bias top bottom", "1e6"),
            ("Rbias", "bias 0", "1u noisy=0"),
            ("Bexcess", "excess 0", f"V = {equations.junction_conductance('V(bias)', wall, warmth)}-conductance_p"),
            ("Rthermal", "thermal 0", "1"),
            ("Bjunction", "top bottom", f"I = m*V(bias)*{conductance} + {noise}"),
        ),
        *_latch(device, drive),
        *_field_node(device),
        *_heat_nodes(warmth, conductance),
        (
            "0 in a static analysis, where the wall is held, and 1 in a transient; no breakpoint, no ramp",
            ("Imoving", "0 moving", "DC 0 EXP(0 1e6 1e-20 1e-19 1e9 1)"),
            ("Rmoving", "moving 0", "1u noisy=0"),
        ),
        (
            "fields as rates gamma H, rad/ns: the Slonczewski torque, and a and b of Eq. 1; the pinning field's shape"
            + (", and a node that makes ngspice look closely where the wall crosses an edge of it" if edge else ""),
            *torque,
            ("Bpinning", "pinning 0", f"V = {fields.pinning_shape}"),
            *rise,
            *edge,
            ("Balong", "along 0", f"V = {fields.along_track}"),
            ("Babout", "about 0", f"V = {fields.about_angle}"),
        ),
        (
            "the wall: 1 uF and a time in ns make a thousand amperes one nm/ns or one rad/ns",
            ("Bx", "0 x", f"I = ({moving}>0.5 ? 1000.0*({position}) : {start}-V(x))"),
            ("Bphi", "0 phi", f"I = ({moving}>0.5 ? 1000.0*({angle}) : phi0-V(phi))"),
            ("Cx", "x 0", f"1u ic={{{start}}}"),
            ("Cphi", "phi 0", "1u ic={phi0}"),
        ),
        (
            "what is shown at the pins: copies behind 1 uOhm, so that nothing outside moves the wall",
            ("Gposition", "0 position x 0", "1e6"),
            ("Rposition", "position 0", "1u noisy=0"),
            ("Gangle", "0 angle phi 0", "1e6"),
            ("Rangle", "angle 0", "1u noisy=0"),
        ),
    )


def _heat_nodes(warmth: heat.Heat | None, conductance: str) -> tuple[tuple[Any, ...], ...]:
    if warmth is None:
        return ()
    rate = warmth.rate("V(bias)", conductance)
    return (
        (
            "the heat: 1 V = 1 K above the device's own temperature; moment, warm: M_s and TMR over their values there",
            ("Bheat", "0 heat", f"I = (V(moving)>0.5 ? 1000.0*{rate} : rise0-V(heat))"),
            ("Cheat", "heat 0", "1u ic={rise0}"),
            ("Bmoment", "moment 0", f"V = {warmth.moment_text}"),
            ("Bwarm", "warm 0", f"V = {warmth.warm_text}"),
        ),
    )


def _latch(device: NetlistDevice, drive: str) -> tuple[tuple[Any, ...], ...]:
    if not device.nucleation:
        return ()
    target = equations.latch_target(device.parameters.torque_density, drive, "V(latch)")
    return (
        (
            "a latch that J turns to 1 where it forms a wall, and that stays there; wall: 1 once there is one",
            ("Blatch", "0 latch", f"I = {target}-V(latch)"),
            ("Clatch", "latch 0", f"{text.real('forming', equations.FORMING_TIME)} ic={{(uniform==0.0 ? 1.0 : 0.0)}}"),
            ("Bwall", "wall 0", f"V = {equations.has_wall('V(latch)')}"),
        ),
    )


def _field_node(device: NetlistDevice) -> tuple[tuple[Any, ...], ...]:
    if not device.field_pin:
        return ()
    return (("the field's node reads 0 where it is left open", ("Rfield", f"{FIELD} 0", "1g noisy=0")),)
