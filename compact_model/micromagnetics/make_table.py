"""`python -m compact_model.micromagnetics.make_table`: writes the table of walls shipped with the package."""

import csv
import sys
from concurrent.futures import ProcessPoolExecutor
from importlib.resources import files
from pathlib import Path

import numpy as np
import xarray as xr

from ..constants import NANOMETRE
from ..support.arrays import FloatArray
from ..support.provenance import release
from .published import EXCHANGE_STIFFNESS, lequeux2016_stripe
from .stripe import Stripe
from .walls import compact_fields, relax_wall, turn_wall

TRACK_WIDTHS = np.arange(60.0, 131.0, 10.0) * NANOMETRE
CELL_SIZES = (4e-9, 2.5e-9)
ANGLES = np.radians(np.arange(0.0, 91.0, 6.0))
OF_THE_FREE_WALL = ("wall_width", "torque_width", "centre_angle", "mean_angle", "moment_angle", "tilt")
OF_THE_TURN = (
    "anisotropy_field",
    "fourth_order_anisotropy_field",
    "fit_error",
    "threshold",
    "energy_anisotropy_field",
)
COLUMNS = ("track_width", *OF_THE_FREE_WALL, "bloch_energy", "neel_energy", *OF_THE_TURN)
HEADER = (
    "Walls of the stripe of Lequeux et al. 2016 by micromagnetics, SI; fields in tesla, angles from Bloch.",
    "Made by: python -m compact_model.micromagnetics.make_table",
    f"dwmtj {{release}}; A = {EXCHANGE_STIFFNESS:g} J/m; cells of {CELL_SIZES[0] / NANOMETRE:g} and "
    f"{CELL_SIZES[1] / NANOMETRE:g} nm, from both to cells of size 0.",
)


def converged(stripe: Stripe, cell_sizes: tuple[float, float] = CELL_SIZES) -> dict[str, float]:
    """The values of COLUMNS for a stripe, extrapolated to zero cell size.

    Two cell sizes and an error proportional to the square of the edge (Richardson's extrapolation) give the free wall's
    values and the torque, energy and width at every angle, to which the parameters are then fitted.
    """
    both = [stripe.replace(cell_size=size) for size in cell_sizes]
    free, turns = [relax_wall(each) for each in both], [turn_wall(each, ANGLES) for each in both]
    weight = both[1].cell_edge ** 2 / (both[0].cell_edge ** 2 - both[1].cell_edge ** 2)

    def at_zero(pair: list[xr.Dataset], name: str) -> FloatArray:
        coarse, fine = (np.abs(each[name].values) if pair is free else each[name].values for each in pair)
        result: FloatArray = fine + weight * (fine - coarse)
        return result

    columns = {name: at_zero(turns, name) for name in ("torque_field", "energy", "wall_width")}
    found = {"track_width": stripe.track_width} | {name: float(at_zero(free, name)) for name in OF_THE_FREE_WALL}
    found |= {"bloch_energy": float(columns["energy"][0]), "neel_energy": float(columns["energy"][-1])}
    fields = compact_fields(stripe, ANGLES, columns)
    return found | {name: fields[name][0] for name in OF_THE_TURN}


def main(path: Path) -> None:
    """Compute all rows, on all cores, and write them."""
    with ProcessPoolExecutor() as pool, path.open("w", newline="") as stream:
        for line in HEADER:
            stream.write(f"# {line.format(release=release())}\n")
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        for row in pool.map(converged, [lequeux2016_stripe(width) for width in TRACK_WIDTHS.tolist()]):
            writer.writerow({name: f"{row[name]:.6g}" for name in COLUMNS})
            stream.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(str(files(__package__) / "lequeux2016_walls.csv")))
