"""A voltage divider of two devices, one upside down: a pulse moves their walls in opposite directions."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PySpice.Spice.Netlist import Circuit

from compact_model import Voltage, lequeux2016, pulses, single_well
from compact_model.figures import STYLE, letters
from spice import DomainWallJunction, simulate, source_value

READ, WRITE = 0.01, 0.45


def main(figure_path: Path) -> dict[str, float]:
    """Read, write with one pulse, read again."""
    device = lequeux2016()
    track = single_well(device, coercive_field=15e-4, half_width=100e-9)
    junction = DomainWallJunction(device, track)
    circuit = Circuit("two junctions in series, head to head")
    # A voltage of both signs is read and written with: 10 mV, a pulse of 0.45 V, 10 mV.
    drive = Voltage(pulses([READ, WRITE, READ], width=10e-9, period=10e-9))
    circuit.V("drive", "input", circuit.gnd, source_value(drive, device, 0.0, 40e-9))
    junction.connect(circuit, "upper", "input", "middle", hz=0.0)
    junction.connect(circuit, "lower", circuit.gnd, "middle", hz=0.0)
    times = np.linspace(0.0, 30e-9, 601)
    result = simulate(circuit, times)
    middle = result.node_voltage.sel(node="middle") / result.node_voltage.sel(node="input").where(times > 0.0)
    plt.style.use(STYLE)
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(3.5, 3.2), sharex=True)
    result.dwmtj.plot(upper)
    upper.label_outer()
    upper.legend(result.device.values, fontsize="small")
    lower.plot(times * 1e9, middle)
    lower.set(xlabel="$t$ (ns)", ylabel="middle / input")
    letters(figure)
    figure.savefig(figure_path, dpi=150)
    plt.close(figure)
    before, after = (float(middle.sel(time=moment, method="nearest")) for moment in (5e-9, 29e-9))
    numbers = {
        "divider before the pulse": before,
        "divider after the pulse": after,
        "upper wall at the end (nm)": float(result.position.sel(device="Xupper")[-1]) * 1e9,
        "lower wall at the end (nm)": float(result.position.sel(device="Xlower")[-1]) * 1e9,
    }
    for name, value in numbers.items():
        print(f"{name}: {value:.4f}")
    return numbers


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "netlist_voltage_divider.png"))
