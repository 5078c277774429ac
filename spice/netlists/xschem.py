"""A symbol of the sub-circuit for the schematic editor xschem."""

from . import text
from .ngspice_model import FIELD, MULTIPLIER, NetlistDevice
from .quantities import INSTANCE

# Positions and directions of the pins; the order is that of the sub-circuit's nodes.
_PINS = {
    "top": (0, -40, "inout"),
    "bottom": (0, 40, "inout"),
    "x": (40, -10, "out"),
    "phi": (40, 10, "out"),
    FIELD: (-40, 0, "in"),
}
_LINES = (
    (0, -40, 0, -24),
    (0, 24, 0, 40),
    (-20, -24, 20, -24),
    (-20, 24, 20, 24),
    (-20, -24, -20, 24),
    (20, -24, 20, 24),
    (-20, 4, 20, 4),  # the barrier
    (20, -10, 40, -10),
    (20, 10, 40, 10),
)
_WALL = (-4, -24, 4, 4)  # the domain wall in the free layer


def symbol(device: NetlistDevice) -> str:
    """The text of <name>.sym; an instance of it writes the X line of the sub-circuit, and ends with a newline.

    The parameters of an instance are properties of the symbol; all others keep their defaults.
    """
    quantities = (*(device.quantities[name] for name in INSTANCE if name in device.quantities), MULTIPLIER)
    given = " ".join(f"{each.name}=@{each.name}" for each in quantities)
    template = " ".join(f"{each.name}={text.real(each.name, each.value)}" for each in quantities)
    lines = [
        "v {xschem version=3.4.4 file_version=1.2}",
        "G {}",
        f'K {{type=subcircuit\nformat="@name @pinlist {device.name} {given}"\ntemplate="name=X1 {template}"}}',
        "V {}",
        "S {}",
        "E {}",
    ]
    lines += [f"L 4 {' '.join(map(str, line))} {{}}" for line in (*_LINES, _WALL)]
    if device.field_pin:
        lines.append("L 4 -40 0 -20 0 {}")
    for name in device.terminals:
        x, y, direction = _PINS[name]
        lines.append(f"B 5 {x - 2.5} {y - 2.5} {x + 2.5} {y + 2.5} {{name={name} dir={direction}}}")
    shown = [(name, _PINS[name]) for name in device.terminals[2:]]
    lines += [
        "T {@name} -25 -45 0 1 0.2 0.2 {}",
        f"T {{{device.name}}} -25 30 0 1 0.2 0.2 {{}}",
        "T {x0=@x0} 45 25 0 0 0.2 0.2 {}",
        *(f"T {{{name}}} {x + 4} {y - 12} 0 0 0.15 0.15 {{}}" for name, (x, y, _) in shown),
    ]
    return "\n".join(lines) + "\n"
