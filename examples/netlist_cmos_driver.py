"""A device in a user-defined netlist, written by a CMOS inverter made of ngspice level-1 transistors.

The device is a file to include, as written by `dwmtj export -o junction.lib`; the rest is plain SPICE.
"""

import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt

from compact_model import lequeux2016, single_well
from compact_model.figures import STYLE, letters
from spice import export, run_netlist

NETLIST = """A domain-wall junction behind a CMOS inverter
.include junction.lib
.model n1 nmos level=1 vto=0.4 kp=300u lambda=0.05
.model p1 pmos level=1 vto=-0.4 kp=100u lambda=0.05
Vdd vdd 0 1.2
Vin in 0 PULSE(1.2 0 2n 50p 50p 10n 60n)
Mp out in vdd vdd p1 W=40u L=0.1u
Mn out in 0 0 n1 W=15u L=0.1u
Rwire out top 2
X1 top 0 x phi dwmtj x0=480 hz=0
.options method=trap reltol=1e-6 trtol=1
.tran 0.02n 40n 0 0.02n
.end
"""


def main(figure_path: Path) -> dict[str, float]:
    """Write the sub-circuit to a file, run the netlist that includes it, and draw the result."""
    device = lequeux2016()
    track = single_well(device, coercive_field=15e-4, half_width=100e-9)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "junction.lib").write_text(export(device, track, "ngspice"))
        plot = run_netlist(NETLIST, folder=Path(folder), time_limit=120.0)[-1].vectors
    time = plot["time"] * 1e9
    plt.style.use(STYLE)
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(3.5, 3.2), sharex=True)
    for name in ("in", "out", "top"):
        upper.plot(time, plot[name], label=name)
    upper.set(ylabel="$V$ (V)")
    upper.legend(fontsize="small")
    lower.plot(time, plot["x"])
    lower.set(xlabel="$t$ (ns)", ylabel="$x$ (nm)")
    letters(figure)
    figure.savefig(figure_path, dpi=150)
    plt.close(figure)
    numbers = {
        "highest voltage on the junction (V)": float(plot["top"].max()),
        "position at the end (nm)": float(plot["x"][-1]),
    }
    for name, value in numbers.items():
        print(f"{name}: {value:.3f}")
    return numbers


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "netlist_cmos_driver.png"))
