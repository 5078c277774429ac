"""Export of the device as text, in all supported languages."""

from compact_model.constants import NANOMETRE
from compact_model.device.parameters import DeviceParameters
from compact_model.drive import Drive
from compact_model.support import validation
from compact_model.support.validation import InputError
from compact_model.track.landscape import Landscape

from . import text
from .formats import FORMATS
from .ngspice_model import NetlistDevice, subcircuit
from .sources import source_letter, source_value
from .testbench import testbench as whole_netlist
from .verilog_a import verilog_a
from .xschem import symbol

Testbench = tuple[Drive, float, dict[str, float]]


def export(
    parameters: DeviceParameters,
    landscape: Landscape,
    language: str,
    *,
    name: str = "dwmtj",
    testbench: Testbench | None = None,
    field_pin: bool = False,
    nucleation: bool = False,
) -> str:
    """The device as text.

    language: 'ngspice', a `.subckt`; 'verilog-a', a module; 'pyspice', a Python script that builds the sub-circuit;
        'xschem', a symbol of the sub-circuit for that schematic editor.
    name: of the sub-circuit or module, a plain identifier.
    testbench: (drive, duration in s, parameters of the instance in the netlist's units): a complete netlist or script
        that can be run, instead of the device alone.
    field_pin, nucleation: variants of the device, as in `DomainWallJunction`.
    Raises InputError, also for a landscape that cannot be exported.
    """
    validation.choice("language", language, FORMATS)
    device = NetlistDevice(parameters, landscape, name, field_pin=field_pin, nucleation=nucleation)
    if language == "verilog-a":
        if testbench is not None:
            raise InputError(
                "testbench: expected 'ngspice' or 'pyspice' with it, got 'verilog-a': a module cannot be run on its own"
            )
        return verilog_a(device)
    if language == "xschem":
        if testbench is not None:
            raise InputError("testbench: expected 'ngspice' or 'pyspice' with it, got 'xschem': a symbol cannot be run")
        return symbol(device)
    if language == "pyspice":
        return _script(device, testbench)
    if testbench is None:
        return subcircuit(device)
    drive, duration, values = testbench
    return whole_netlist(device, drive, duration, **values)


def _script(device: NetlistDevice, testbench: Testbench | None) -> str:
    """A Python script; the text of a dataclass is the code that makes it."""
    kinds = {type(well) for well in device.landscape.wells}
    foreign = [kind for kind in kinds if kind.__module__.split(".")[0] != "compact_model"]
    if foreign:
        raise InputError(
            f"landscape: expected kinds of well that compact_model has, got {foreign[0].__name__}, which a script "
            "cannot import; use 'ngspice' or 'verilog-a'"
        )
    names = {"DeviceParameters", "Landscape", *(kind.__name__ for kind in kinds)}
    if device.landscape.anisotropy is not None:
        names.add("AnisotropyProfile")
    chosen = {"field_pin": device.field_pin, "nucleation": device.nucleation}
    variant = "".join(f", {option}=True" for option, wanted in chosen.items() if wanted)
    lines = [
        '"""A domain-wall junction for PySpice: `junction` is its sub-circuit."""',
        "",
        "from math import inf  # noqa: F401 (an unlimited tmr_half_voltage)",
        "",
        "import numpy as np" if testbench else "",
        "from PySpice.Spice.Netlist import Circuit" if testbench else "",
        f"from compact_model import {', '.join(sorted(names))}",
        f"from spice import DomainWallJunction{', simulate' if testbench else ''}",
        "",
        f"parameters = {device.parameters!r}",
        f"landscape = {device.landscape!r}",
        f"junction = DomainWallJunction(parameters, landscape, {device.name!r}{variant})",
    ]
    if testbench is not None:
        drive, duration, values = testbench
        device.instance_values(dict(values))
        letter = source_letter(drive)
        nodes = '"top", circuit.gnd' if letter == "V" else 'circuit.gnd, "top"'
        given = "".join(f", {name}={text.real(name, value)}" for name, value in values.items())
        lines += [
            "",
            'circuit = Circuit("a domain-wall junction under its drive")',
            f'junction.connect(circuit, "dut", "top", circuit.gnd{given})',
            f'circuit.{letter}("drive", {nodes}, {source_value(drive, device.parameters, 0.0, duration)!r})',
            f"result = simulate(circuit, np.linspace(0.0, {text.real('duration', duration)}, 401))",
            f"print('x = %.4f nm' % (result.position[0, -1] / {text.real('nm', NANOMETRE)}))",
            "print('phi = %.4f rad' % result.angle[0, -1])",
        ]
    return "\n".join(line for line, before in zip(lines, [None, *lines], strict=False) if line or before) + "\n"
