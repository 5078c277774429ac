"""A passive 4 x 4 array with wires of 1 Ohm, and the disturb of the other cells when one is written under V/2."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PySpice.Spice.Netlist import Circuit

from compact_model import Voltage, lequeux2016, pulses, single_well
from compact_model.figures import STYLE, TWO_COLUMNS, letters
from spice import DomainWallJunction, simulate, source_value

SIZE, WIRE, WRITE = 4, 1.0, 0.2
SELECTED = (1, 2)


def main(figure_path: Path) -> dict[str, float]:
    """Apply one pulse of 10 ns to the selected cell, with half of it on the other cells of its lines, and then rest."""
    device = lequeux2016()
    track = single_well(device, coercive_field=15e-4, half_width=100e-9)
    junction = DomainWallJunction(device, track)
    circuit = Circuit("a 4 x 4 array")

    def drive(volts: float) -> str:
        return source_value(Voltage(pulses([volts], width=10e-9, period=1e-6)), device, 0.0, 40e-9)

    for line in range(SIZE):
        # Unselected lines stand at V/2: the selected word line at V, the selected bit line at 0.
        circuit.V(f"w{line}", f"wl{line}", circuit.gnd, drive(WRITE if line == SELECTED[0] else WRITE / 2))
        circuit.V(f"b{line}", f"bl{line}", circuit.gnd, drive(0.0 if line == SELECTED[1] else WRITE / 2))
    for row in range(SIZE):
        for column in range(SIZE):
            before = f"wl{row}" if column == 0 else f"w{row}_{column - 1}"
            after = f"bl{column}" if row == SIZE - 1 else f"b{row + 1}_{column}"
            circuit.R(f"w{row}_{column}", before, f"w{row}_{column}", WIRE)
            circuit.R(f"b{row}_{column}", f"b{row}_{column}", after, WIRE)
            junction.connect(circuit, f"{row}_{column}", f"w{row}_{column}", f"b{row}_{column}", hz=0.0)
    result = simulate(circuit, np.linspace(0.0, 40e-9, 401))
    moved = np.abs(result.position[:, -1] - result.position[:, 0]).values.reshape(SIZE, SIZE) * 1e9
    voltage = result.voltage.sel(time=5e-9, method="nearest").values.reshape(SIZE, SIZE)
    plt.style.use(STYLE)
    figure, panels = plt.subplots(1, 2, figsize=TWO_COLUMNS)
    for axes, values, label in zip(
        panels, (voltage, moved), ("V during the pulse (V)", "wall moved (nm)"), strict=True
    ):
        figure.colorbar(axes.imshow(values), ax=axes, label=label)
        axes.set(xlabel="bit line", ylabel="word line", xticks=range(SIZE), yticks=range(SIZE))
    letters(figure)
    figure.savefig(figure_path, dpi=150)
    plt.close(figure)
    others = np.delete(moved.ravel(), SELECTED[0] * SIZE + SELECTED[1])
    numbers = {
        "voltage on the selected cell (V)": float(voltage[SELECTED]),
        "selected wall moved (nm)": float(moved[SELECTED]),
        "farthest other wall moved (nm)": float(others.max()),
    }
    for name, value in numbers.items():
        print(f"{name}: {value:.4f}")
    return numbers


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "netlist_array_4x4.png"))
