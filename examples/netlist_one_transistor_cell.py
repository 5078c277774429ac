"""A 1T1R cell: a level-1 transistor selects the junction, which is written with one pulse and read before and after."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PySpice.Spice.Netlist import Circuit

from compact_model import PiecewiseLinear, Voltage, lequeux2016, single_well
from compact_model.figures import STYLE, letters
from spice import DomainWallJunction, simulate, source_value

READ, WRITE, GATE = 0.02, 0.35, 1.8
NS = 1e-9


def main(figure_path: Path) -> dict[str, float]:
    """Read for 5 ns, write for 10 ns, close the gate, let the wall come to rest, and read again."""
    device = lequeux2016()
    track = single_well(device, coercive_field=15e-4, half_width=100e-9)
    circuit = Circuit("a 1T1R cell")
    circuit.model("select", "nmos", level=1, vto=0.4, kp=300e-6, **{"lambda": 0.05})
    bit_line = PiecewiseLinear(
        (0.0, 5 * NS, 5.1 * NS, 15 * NS, 15.1 * NS, 50 * NS, 50.1 * NS), (READ, READ, WRITE, WRITE, 0.0, 0.0, READ)
    )
    word_line = PiecewiseLinear((0.0, 15 * NS, 15.2 * NS, 49.8 * NS, 50 * NS), (GATE, GATE, 0.0, 0.0, GATE))
    circuit.V("bl", "bl", circuit.gnd, source_value(Voltage(bit_line), device, 0.0, 60 * NS))
    circuit.V("wl", "wl", circuit.gnd, source_value(Voltage(word_line), device, 0.0, 60 * NS))
    DomainWallJunction(device, track).connect(circuit, "cell", "bl", "drain", hz=0.0)
    circuit.MOSFET("1", "drain", "wl", circuit.gnd, circuit.gnd, model="select", w=100e-6, l=0.1e-6)
    times = np.linspace(0.0, 60 * NS, 601)
    result = simulate(circuit, times)
    cell = result.sel(device="Xcell")
    read = (cell.voltage / cell.current).where((times < 5 * NS) | (times > 50.5 * NS))
    plt.style.use(STYLE)
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(3.5, 3.2), sharex=True)
    result.dwmtj.plot(upper)
    upper.label_outer()
    lower.plot(times / NS, read)
    lower.set(xlabel="$t$ (ns)", ylabel="$V / I$, read (Ω)")
    letters(figure)
    figure.savefig(figure_path, dpi=150)
    plt.close(figure)
    numbers = {
        "resistance before (Ohm)": float(read[20]),
        "resistance after (Ohm)": float(read[-1]),
        "position at the end (nm)": float(cell.position[-1]) * 1e9,
        "write current (mA)": float(cell.current.max()) * 1e3,
    }
    for name, value in numbers.items():
        print(f"{name}: {value:.4f}")
    return numbers


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "netlist_one_transistor_cell.png"))
