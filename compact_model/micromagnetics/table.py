"""The table of walls in the paper's stripe that comes with the package, and the parameters taken from it."""

import csv
import functools
from importlib.resources import files

import numpy as np
import xarray as xr

from ..constants import NANOMETRE
from ..device.parameters import DeviceParameters
from ..device.published import lequeux2016
from ..support import validation
from ..support.arrays import FloatArray
from ..support.provenance import provenance
from ..support.validation import InputError
from .published import lequeux2016_stripe

_UNITS = {"energy": "J", "field": "T", "error": "T", "threshold": "T", "angle": "rad", "tilt": "rad", "width": "m"}


@functools.cache
def _columns() -> dict[str, FloatArray]:
    text = (files(__package__) / "lequeux2016_walls.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(line for line in text.splitlines() if not line.startswith("#")))
    return dict(zip(rows[0], np.array(rows[1:], dtype=np.float64).T, strict=True))


def table_widths() -> tuple[float, float]:
    """Smallest and largest track width in the table, m."""
    known = _columns()["track_width"]
    return float(known[0]), float(known[-1])


def micromagnetic_wall(track_width: float) -> xr.Dataset:
    """Micromagnetic properties of a wall in the paper's stripe (`lequeux2016_stripe`), 60 to 130 nm wide, in SI units.

    The values are interpolated linearly between the rows of a table with steps of 10 nm, extrapolated to zero cell
    size; its header states the command that made it.  For the free wall: wall_width (Delta from a tanh fit),
    torque_width, centre_angle, mean_angle, moment_angle, tilt; bloch_energy and neel_energy.  From `turn_wall`:
    threshold, the sigma_ST (T) that turns the wall in any site; anisotropy_field and fourth_order_anisotropy_field,
    which give the compact model the same threshold; fit_error; energy_anisotropy_field.  The exchange constant is
    fitted to Delta = 16.6 nm at 100 nm.  A change of K_u by 2 % moves the threshold by half.
    """
    width = validation.positive("track_width", track_width)
    columns = _columns()
    known = columns["track_width"]
    # A width converted from nanometres may miss the end of the table by a rounding error.
    if not known[0] * (1.0 - 1e-12) <= width <= known[-1] * (1.0 + 1e-12):
        raise InputError(
            f"track_width: expected {known[0] / NANOMETRE:g} to {known[-1] / NANOMETRE:g} nm, the widths of the table, "
            f"got {width / NANOMETRE:g} nm; relax_wall and turn_wall compute any width"
        )
    return xr.Dataset(
        {
            name: ((), float(np.interp(width, known, values)), {"units": _UNITS[name.rpartition("_")[2]]})
            for name, values in columns.items()
            if name != "track_width"
        },
        attrs={"experiment": "micromagnetic_wall", **provenance([lequeux2016_stripe(width)])},
    )


def micromagnetic_device(track_width: float = 100e-9) -> DeviceParameters:
    """The paper's device (`lequeux2016`), 60 to 130 nm wide, with Delta, H_K and H_4 from micromagnetics.

    Its sigma_ST at the static threshold is that of micromagnetics (threshold of `micromagnetic_wall`), 52 Oe at 100 nm,
    for a perfect stripe at T = 0.  The paper's H_K = 30 Oe in `lequeux2016` is a fit to measured thresholds.
    """
    wall = micromagnetic_wall(track_width)
    names = ("wall_width", "anisotropy_field", "fourth_order_anisotropy_field")
    return lequeux2016(track_width).replace(**{name: float(wall[name]) for name in names})
