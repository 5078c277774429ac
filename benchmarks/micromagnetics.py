"""Walls in the paper's stripe: seconds, convergence in the cells' size, sensitivity to the material."""

import time

import numpy as np
from timing import print_table

from compact_model import lequeux2016_stripe, relax_wall, turn_wall

NANOMETRE, OERSTED = 1e-9, 1e-4
CELL_SIZES = np.array([5.0, 4.0, 2.5, 2.0]) * NANOMETRE


def main() -> None:
    """Print the three tables."""
    begin = time.perf_counter()
    relax_wall(lequeux2016_stripe())
    print(f"# Micromagnetics\n\na free wall, W = 100 nm, cells of 4 nm: {time.perf_counter() - begin:.1f} s\n")
    print_table(
        ["cells (nm)", "Delta (nm)", "centre (deg)", "mean (deg)", "E_Neel - E_Bloch (Oe)", "threshold (Oe)", "s"],
        [convergence_row(size) for size in CELL_SIZES.tolist()],
    )
    paper = lequeux2016_stripe()
    changes: list[dict[str, float]] = [{}]
    changes += [{"exchange_stiffness": value} for value in (1.0e-11, 1.15e-11, 1.4e-11, 1.6e-11, 2.0e-11)]
    changes += [{"uniaxial_anisotropy": share * paper.uniaxial_anisotropy} for share in (0.98, 0.99, 1.01, 1.02)]
    changes += [{"saturation_magnetisation": share * paper.saturation_magnetisation} for share in (0.99, 1.01)]
    print_table(
        ["changed", "Delta (nm)", "centre (deg)", "H_K (Oe)", "H_4 (Oe)", "threshold (Oe)", "E_Neel - E_Bloch (Oe)"],
        [sensitivity_row(paper.replace(**change), change) for change in changes],
    )


def convergence_row(cell_size: float) -> list[str]:
    """Of the paper's wall at 100 nm with cells of one size."""
    begin = time.perf_counter()
    stripe = lequeux2016_stripe(cell_size=cell_size)
    free, turn = relax_wall(stripe), turn_wall(stripe)
    angles = [f"{np.degrees(float(free[name])):.1f}" for name in ("centre_angle", "mean_angle")]
    fields = [f"{float(turn[name]) / OERSTED:.1f}" for name in ("energy_anisotropy_field", "threshold")]
    seconds = f"{time.perf_counter() - begin:.0f}"
    return [f"{cell_size / NANOMETRE:g}", f"{float(free.wall_width) / NANOMETRE:.2f}", *angles, *fields, seconds]


def sensitivity_row(stripe, change: dict[str, float]) -> list[str]:
    """Of a changed stripe, in cells of 4 nm."""
    free, turn = relax_wall(stripe), turn_wall(stripe)
    names = ("anisotropy_field", "fourth_order_anisotropy_field", "threshold", "energy_anisotropy_field")
    fields = [f"{float(turn[name]) / OERSTED:.0f}" for name in names]
    name = ", ".join(f"{name} = {value:.4g}" for name, value in change.items()) or "nothing"
    angle = f"{np.degrees(float(free.centre_angle)):.0f}"
    return [name, f"{float(free.wall_width) / NANOMETRE:.2f}", angle, *fields]


if __name__ == "__main__":
    main()
