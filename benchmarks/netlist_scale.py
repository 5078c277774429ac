"""Many instances in one netlist, each behind its own resistor, compared with as many diodes written as B sources.

    python benchmarks/netlist_scale.py [--full]

Microseconds per simulated ns and instance for 1, 10 and 100 (--full: 1000) instances, start-up and parsing taken off by
runs of two lengths; by simulator: ngspice on the PATH (or NGSPICE_PROGRAM), the ngspice with OSDI of
NGSPICE_OSDI_PROGRAM, VACASK.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import peers
from timing import print_table

from compact_model import lequeux2016, single_well
from spice import export
from spice.ngspice.installation import program, version

DEVICE = lequeux2016()
TRACK = single_well(DEVICE, coercive_field=15e-4, half_width=100e-9)
COUNTS = (1, 10, 100)
SPAN = {1: 200e-9, 10: 50e-9, 100: 10e-9, 1000: 2e-9}
DIODE = ".subckt diode a b\nBd a b I=1e-12*(exp(V(a,b)/0.02585)-1)\nCd a b 1f\n.ends\n"


def ngspice_deck(count: int, stop: float, kind: str) -> str:
    """count instances of 'X' sub-circuits, 'N' modules, or 'D' diodes."""
    lines = ["scale", "V1 s 0 SIN(0.05 0.04 100meg)"]
    lines.append({"X": export(DEVICE, TRACK, "ngspice"), "N": ".model dw dwmtj", "D": DIODE}[kind])
    for i in range(count):
        lines.append(f"R{i} s t{i} 50")
        model = "dwmtj" if kind == "X" else "dw"
        instance = f"Xd{i} t{i} 0 diode" if kind == "D" else f"{kind}d{i} t{i} 0 x{i} p{i} {model} x0={450 + i % 100}"
        lines.append(instance)
    lines += [peers.OPTIONS, f".save t0\n.tran 0.02n {stop!r} 0 0.02n"]
    return "\n".join(lines)


def vacask_deck(module: Path, count: int, stop: float, analysis: str) -> str:
    """The same for VACASK."""
    lines = ["scale", "ground 0", f'load "{module}"', 'load "resistor.osdi"', "model dwmtj dwmtj"]
    lines += ["model resistor resistor", "model vsource vsource"]
    lines.append('v1 (s 0) vsource type="sine" sinedc=0.05 ampl=0.04 freq=100meg')
    for i in range(count):
        lines.append(f"r{i} (s t{i}) resistor r=50")
        lines.append(f"d{i} (t{i} 0 x{i} p{i}) dwmtj x0={450 + i % 100}")
    return "\n".join([*lines, peers.vacask_run(analysis, stop, "v(t0)", peers.VACASK_ARRAY_OPTIONS)])


def per_step(run: Callable[[float], None], span: float) -> float:
    """s per simulated ns, by the difference of two lengths; the shorter of two tries."""
    found = []
    for _ in range(2):
        seconds = []
        for stop in (span, 3.0 * span):
            started = time.perf_counter()
            run(stop)
            seconds.append(time.perf_counter() - started)
        found.append((seconds[1] - seconds[0]) / (2.0 * span * 1e9))
    return min(found)


def simulators(folder: Path) -> dict[str, Callable[[int, float], None]]:
    """What is here, by name."""

    def with_ngspice(kind: str) -> Callable[[int, float], None]:
        def run(count: int, stop: float) -> None:
            (folder / "scale.cir").write_text(ngspice_deck(count, stop, kind) + "\n.end\n")
            peers.run([program(), "-n", "-b", folder / "scale.cir", "-r", folder / "scale.raw"], folder)

        return run

    found = {
        f"ngspice {version()}, diode": with_ngspice("D"),
        f"ngspice {version()}, sub-circuit": with_ngspice("X"),
    }
    other = peers.ngspice_with_osdi()
    vacask = peers.vacask()
    if vacask:
        module = peers.compiled(DEVICE, TRACK, folder, "scale_module")

        def in_vacask(count: int, stop: float) -> None:
            (folder / "scale.sim").write_text(vacask_deck(module, count, stop, "scale_run"))
            peers.run([vacask.VACASK_CMD, folder / "scale.sim"], folder)

        found["VACASK, Verilog-A"] = in_vacask
    if other:

        def with_other(kind: str) -> Callable[[int, float], None]:
            def run(count: int, stop: float) -> None:
                deck = ngspice_deck(count, stop, kind).replace(peers.OPTIONS, f"{peers.OPTIONS} klu")
                load = peers.ngspice_commands(module, folder / "scale.raw") if kind == "N" else ""
                (folder / "scale.cir").write_text(f"{deck}\n{load}.end\n")
                record = [] if load else ["-r", folder / "scale.raw"]
                peers.run([other, "-n", "-b", folder / "scale.cir", *record], folder)

            return run

        label = peers.ngspice_label()
        found[f"{label} with KLU, diode"] = with_other("D")
        found[f"{label} with KLU, sub-circuit"] = with_other("X")
        found[f"{label} with KLU, Verilog-A"] = with_other("N")
    return found


def main() -> None:
    """Print us per ns and instance, and the ratio to the simulator's own diode."""
    counts = (*COUNTS, 1000) if "--full" in sys.argv else COUNTS
    rows = []
    with tempfile.TemporaryDirectory() as name:
        for label, run in simulators(Path(name)).items():
            row = [label]
            for count in counts:
                cost = per_step(lambda stop: run(count, stop), SPAN[count])  # noqa: B023 (called at once)
                row.append(f"{1e6 * cost / count:.0f}")
            rows.append(row)
            print(" | ".join(row), flush=True)
    print_table(["us per ns and instance", *map(str, counts)], rows)
    if peers.missing():
        print(f"not measured, not here: {', '.join(peers.missing())}")


if __name__ == "__main__":
    main()
