"""The device as a Verilog-A module, for simulators that load OSDI models (ngspice 46, VACASK)."""

from . import equations, text
from .ngspice_model import RECOMMENDED_STEP, TERMINALS, NetlistDevice, header

_ADVICE = (
    f"Recommended: trapezoidal or gear integration, reltol 1e-6. The module bounds the time step itself: "
    f"{1e9 * RECOMMENDED_STEP:g} ns, and ts/2 where temperature > 0.",
    "In a static analysis (.op, .dc, .ac) the wall is held at x0, phi0; a transient starts from its operating point.",
)


def verilog_a(device: NetlistDevice) -> str:
    """The module of a device, in the text that openvaf-r compiles; ends with a newline.

    Terminals and parameters are those of the ngspice sub-circuit, with the same units.
    """
    density = device.parameters.torque_density
    derived = equations.derived_parameters(density)
    ports = ", ".join(TERMINALS)
    lines = [
        *header(device, "//", "Verilog-A", _ADVICE),
        '`include "disciplines.vams"',
        "",
        f"module {device.name}({ports});",
        f"    inout {ports};",
        f"    electrical {ports};",
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
    lines += ["", f"    real {', '.join(name for name, _, _ in derived)};", "    real torque, along, about;", ""]
    lines += ["    analog begin"]
    lines += [f"        {name} = {value};  // {meaning}" for name, value, meaning in derived]
    drive = equations.torque_drive(density, "V(top,bottom)")
    thermal = tuple(equations.thermal_field("($abstime*1.0e9)", channel) for channel in (0, 1))
    fields = equations.Fields(device.parameters, device.track, "torque", drive, "V(top,bottom)", thermal)
    lines += [
        "        // the junction",
        f"        I(top, bottom) <+ {equations.junction_current('V(top,bottom)')};",
        "        // fields as rates gamma H, rad/ns: the Slonczewski torque, and a and b of Eq. 1",
        f"        torque = torque_rate*{drive};",
        *_wrapped(f"along = {fields.along_track};"),
        *_wrapped(f"about = {fields.about_angle};"),
        '        if (analysis("static") || $abstime <= 0.0) begin',
        "            I(x) <+ V(x) - x0;",
        "            I(phi) <+ V(phi) - phi0;",
        "        end else begin",
        *_wrapped(f"I(x) <+ -({equations.position_rate('along', 'about', fields.width)});", "            "),
        *_wrapped(f"I(phi) <+ -({equations.angle_rate('along', 'about')});", "            "),
        "        end",
        "        // 1 nF and a time in ns make one ampere one nm/ns or one rad/ns",
        "        I(x) <+ ddt(1.0e-9*V(x));",
        "        I(phi) <+ ddt(1.0e-9*V(phi));",
        f"        $bound_step(temperature > 0.0 && 0.5e-9*ts < {text.real('step', RECOMMENDED_STEP)} ? 0.5e-9*ts : "
        f"{text.real('step', RECOMMENDED_STEP)});",
        "    end",
        "endmodule",
    ]
    return "\n".join(lines) + "\n"


def _wrapped(statement: str, indent: str = "        ") -> list[str]:
    """A statement on lines of a readable length; Verilog-A reads a line's end as a blank."""
    rows = text.folded(statement).replace("\n+ ", "\n    ").split("\n")
    return [indent + row for row in rows]
