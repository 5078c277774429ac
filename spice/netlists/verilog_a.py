"""The device as a Verilog-A module, for simulators that load OSDI models (ngspice 46, VACASK)."""

from collections.abc import Callable

from compact_model.constants import BOLTZMANN_CONSTANT

from . import equations, heat, text, units
from .ngspice_model import (
    FIELD,
    RECOMMENDED_STEP,
    STEPS_PER_SAMPLE,
    NetlistDevice,
    derived_parameters,
    header,
)

_ADVICE = (
    f"Recommended: trapezoidal or gear integration, reltol 1e-6. The module bounds the time step itself: "
    f"{1e9 * RECOMMENDED_STEP:g} ns, and ts/{STEPS_PER_SAMPLE:g} with thermal fields.",
    "In a static analysis (.op, .dc, .ac, .noise) the wall is held at x0, phi0; a transient moves it from there, with "
    "and without uic.",
    "m: an OSDI simulator's own multiplier: so many equal junctions in parallel whose walls move as one. In "
    "ngspice the m of a cell does not reach an N inside it: declare m=1 with the parameters of the cell and write "
    "m={m} at the N.",
    "Tried with openvaf-r, ngspice 46 and VACASK.",
)


def verilog_a(device: NetlistDevice) -> str:
    """The module of a device, as text for openvaf-r; ends with a newline.

    Terminals and parameters are those of the ngspice sub-circuit, with the same units.
    """
    density = device.parameters.torque_density
    derived = derived_parameters(device)
    checked = units.checked(device.quantities.values())
    ports = ", ".join(device.terminals)
    start = "start" if device.nucleation else "x0"
    warmth = heat.heat_of(device.parameters, "rise", "moment", "warm")
    nodes = "moved, turned" + (", latch" if device.nucleation else "") + (", heated" if warmth else "")
    grown = ", and the rise has grown (K)" if warmth else ""
    lines = [
        *header(device, "//", "Verilog-A", _ADVICE),
        '`include "disciplines.vams"',
        "",
        f"module {device.name}({ports});",
        f"    inout {ports};",
        f"    electrical {ports};",
        f"    // how far the wall has moved (nm) and turned (rad){grown}: 0 at the start, as with uic",
        f"    electrical {nodes};",
    ]
    for each in device.quantities.values():
        unit = f", {each.unit}" if each.unit else ""
        lines.append(
            f'    (* type="instance" *) parameter real {each.name} = {text.real(each.name, each.value)};  '
            f"// {text.remark(each.meaning)}{unit}"
        )
    for name, arguments, value, meaning in equations.NOISE_FUNCTIONS:
        listed = ", ".join(arguments)
        lines += [
            "",
            f"    // {meaning}",
            f"    analog function real {name};",
            f"        input {listed};",
            f"        real {listed};",
            f"        {name} = {value};",
            "    endfunction",
        ]
    reals = [*(name for name, _ in checked.values()), *(name for name, _, _ in derived)]
    lines += ["", *_wrapped(f"real {', '.join(reals)};", "    ")]
    wall = "wall" if device.nucleation else ""
    variables = ["position", "angle", "conductance", "torque", "along", "about", *([wall] if wall else [])]
    variables += ["rise", "moment", "warm"] if warmth else []
    lines += [f"    real {', '.join(variables)};", "", "    analog begin"]

    inside = {name: plain for name, (plain, _) in checked.items()}

    def written(expression: str) -> str:
        plain = units.with_checked(expression, inside)
        return plain.replace("V(x)", "position").replace("V(phi)", "angle")

    sample, longest = (
        f"{text.real('step', 1e-9 / STEPS_PER_SAMPLE)}*{written('ts')}",
        text.real("step", RECOMMENDED_STEP),
    )
    lines.append("        // a length below 1e-4 nm is in metres, as in x0=550n")
    lines += [f"        {name} = {value};" for name, value in checked.values()]
    lines += [f"        {name} = {written(value)};  // {meaning}" for name, value, meaning in derived]
    drive = equations.torque_drive(density, "V(top,bottom)", "conductance")
    thermal = tuple(equations.thermal_field("($abstime*1.0e9)", "$temperature", channel, warmth) for channel in (0, 1))
    net_field = f"(hz + V({FIELD}))" if device.field_pin else "hz"
    fields = equations.Fields(
        device.parameters, device.track, "torque", drive, "V(top,bottom)", thermal, net_field=net_field,
        heat=warmth,
    )  # fmt: skip
    factor = f"*{warmth.torque_factor}" if warmth else ""
    moving = written(equations.position_rate("along", "about", fields.width))
    lines += [
        f"        position = {written(start)} + V(moved);",
        "        angle = phi0 + V(turned);",
        *([f"        wall = {equations.has_wall('V(latch)')};"] if wall else []),
        *_laws_of_heat(warmth, written),
        "        // the junction and its thermal noise",
        f"        conductance = {written(equations.junction_conductance('V(top,bottom)', wall, warmth))};",
        "        I(top, bottom) <+ V(top,bottom)*conductance;",
        f'        I(top, bottom) <+ white_noise({_FOUR_BOLTZMANN}*$temperature*conductance, "thermal");',
        "        // fields as rates gamma H, rad/ns: the Slonczewski torque, and a and b of Eq. 1",
        *_wrapped(f"torque = torque_rate*{drive}{factor};"),
        *_wrapped(f"along = {written(fields.along_track)};"),
        *_wrapped(f"about = {written(fields.about_angle)};"),
        *_latch(device, drive, written),
        f'        if (analysis("static") || $abstime <= 0.0{" || wall < 0.5" if wall else ""}) begin',
        "            I(moved) <+ V(moved);",
        "            I(turned) <+ V(turned);",
        "        end else begin",
        *_wrapped(f"I(moved) <+ -({moving});", "            "),
        *_wrapped(f"I(turned) <+ -({written(equations.angle_rate('along', 'about'))});", "            "),
        "        end",
        "        // 1 nF and a time in ns make one ampere one nm/ns or one rad/ns",
        "        I(moved) <+ ddt(1.0e-9*position);",
        "        I(turned) <+ ddt(1.0e-9*angle);",
        *_heat_flow(warmth, written),
        "        // what is shown at the pins: copies behind 1 uOhm, so that nothing outside moves the wall",
        "        I(x) <+ 1.0e6*(V(x) - position);",
        "        I(phi) <+ 1.0e6*(V(phi) - angle);",
        *([f"        I({FIELD}) <+ 1.0e-9*V({FIELD});  // left open, it adds nothing"] if device.field_pin else []),
        f"        $bound_step(temperature + ambient > 0.0 && {sample} < {longest} ? {sample} : {longest});",
        "    end",
        "endmodule",
    ]
    return "\n".join(lines) + "\n"


def _laws_of_heat(warmth: heat.Heat | None, written: Callable[[str], str]) -> list[str]:
    if warmth is None:
        return []
    return [
        "        // the rise of the temperature (K), and M_s and the TMR over their values without it",
        "        rise = rise0 + V(heated);",
        *_wrapped(f"moment = {written(warmth.moment_text)};"),
        f"        warm = {written(warmth.warm_text)};",
    ]


def _heat_flow(warmth: heat.Heat | None, written: Callable[[str], str]) -> list[str]:
    if warmth is None:
        return []
    return [
        '        if (analysis("static") || $abstime <= 0.0) begin',
        "            I(heated) <+ V(heated);",
        "        end else begin",
        *_wrapped(f"I(heated) <+ -({written(warmth.rate('V(top,bottom)', 'conductance'))});", "            "),
        "        end",
        "        I(heated) <+ ddt(1.0e-9*rise);",
    ]


def _latch(device: NetlistDevice, drive: str, written: Callable[[str], str]) -> list[str]:
    if not device.nucleation:
        return []
    target = written(equations.latch_target(device.parameters.torque_density, drive, "V(latch)"))
    return [
        "        // a latch that J turns to 1 where it forms a wall, and that stays there",
        *_wrapped(f"I(latch) <+ V(latch) - {target};"),
        f"        I(latch) <+ ddt({text.real('forming', equations.FORMING_TIME)}*V(latch));",
    ]


_FOUR_BOLTZMANN = text.real("4 k_B", 4.0 * BOLTZMANN_CONSTANT)


def _wrapped(statement: str, indent: str = "        ") -> list[str]:
    """A statement on lines of a readable length; Verilog-A treats the end of a line as a blank."""
    rows = text.folded(statement).replace("\n+ ", "\n    ").split("\n")
    return [indent + row for row in rows]
