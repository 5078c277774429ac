"""Complete netlists, ready to run."""

from compact_model.constants import NANOSECOND
from compact_model.drive import Drive
from compact_model.support import validation
from compact_model.support.validation import InputError

from . import text
from .ngspice_model import RECOMMENDED_OPTIONS, RECOMMENDED_STEP, STEPS_PER_SAMPLE, NetlistDevice, subcircuit
from .sources import source_line


def testbench(device: NetlistDevice, drive: Drive, duration: float, **values: float) -> str:
    """A netlist for `ngspice -b`: the device, its drive, a transient of `duration` s, and the results to print.

    values: the instance's parameters in the netlist's units (x0 in nm, hz in T, temperature, seed, ...).
    Raises InputError for values outside the model.
    """
    stop = validation.positive("duration", duration)
    checked = device.instance_values(dict(values))
    given = " ".join(f"{name}={text.real(name, value)}" for name, value in checked.items())
    step = RECOMMENDED_STEP
    if checked.get("temperature", 0.0) + checked.get("ambient", 0.0) > 0.0:
        sample = checked.get("ts", device.quantities["ts"].value) * NANOSECOND
        step = min(step, sample / STEPS_PER_SAMPLE)
    options = " ".join(
        f"{name}={value if isinstance(value, str) else text.real(name, value)}"
        for name, value in RECOMMENDED_OPTIONS.items()
    )
    if stop <= step:
        raise InputError(f"duration: expected more than the time step of {step:g} s, got {stop:g} s")
    lines = [
        "* A domain-wall junction under its drive: run by  ngspice -b FILE  (add  -r FILE.raw  for the waveforms)",
        subcircuit(device).rstrip(),
        "* the drive, from the bottom to the top outside the junction",
        text.folded(source_line("drive", "top", "0", drive, device.parameters, 0.0, stop)),
        text.folded(f"Xdut top 0 x phi {'0 ' if device.field_pin else ''}{device.name} {given}".rstrip()),
        f".options {options}",
        f".tran {text.real('step', step)} {text.real('stop', stop)} 0 {text.real('step', step)}",
        ".save x phi top @b.xdut.bjunction[i]",
        f".meas tran position_nm FIND v(x) AT={text.real('stop', stop)}",
        f".meas tran angle_rad FIND v(phi) AT={text.real('stop', stop)}",
        ".end",
    ]
    return "\n".join(lines) + "\n"
