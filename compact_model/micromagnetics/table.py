"""The shipped table of walls in the paper's stripe, and what the compact model takes from it."""

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
    """The narrowest and the widest track of the table, m."""
    known = _columns()["track_width"]
    return float(known[0]), float(known[-1])


def micromagnetic_wall(track_width: float) -> xr.Dataset:
    """The wall of the paper's stripe (`lequeux2016_stripe`) by micromagnetics, 60 to 130 nm wide, in SI and tesla.

    Straight lines between the rows of the shipped table, every 10 nm, for cells of size 0; its header has the command
    that made it.  Of the free wall: wall_width (Delta by a tanh), torque_width, centre_angle, mean_angle, moment_angle,
    tilt; bloch_energy and neel_energy; and of `turn_wall`: threshold, the sigma_ST that turns the wall whatever site it
    is in, anisotropy_field, fourth_order_anisotropy_field, which give the compact model the same threshold, fit_error,
    energy_anisotropy_field.  The exchange constant is fitted to Delta = 16.6 nm at 100 nm; 2 % of K_u move the
    threshold by half.
    """
    width = validation.positive("track_width", track_width)
    columns = _columns()
    known = columns["track_width"]
    # A width from nanometres may miss the end of the table by a rounding error.
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
    """The paper's device (`lequeux2016`) with the wall of its stripe, 60 to 130 nm wide: Delta, H_K, H_4 of the table.

    With them sigma_ST at the static threshold is that of micromagnetics (`micromagnetic_wall`, threshold), 52 Oe at
    100 nm, for a perfect stripe at T = 0; the paper's H_K = 30 Oe, of `lequeux2016`, is its fit to measured thresholds.
    """
    wall = micromagnetic_wall(track_width)
    names = ("wall_width", "anisotropy_field", "fourth_order_anisotropy_field")
    return lequeux2016(track_width).replace(**{name: float(wall[name]) for name in names})
