"""Plots of walls: from above as in the paper's Fig. 1e, and the torque needed to turn them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ..constants import NANOMETRE, OERSTED
from ..figures import DIVERGING
from ..plots import PLOTTERS, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_REACH = 75.0  # nm to each side of the wall
_BETWEEN_ARROWS = 8.0  # nm


def plot_wall(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """The stripe from above: m_z as colour, the in-plane components as arrows."""
    axes = new_axes(axes)
    along, across = (result[name].values / NANOMETRE for name in ("along", "across"))
    shown = np.abs(along) <= _REACH
    x, y, z = result.magnetisation.values[:, shown]
    edge = 0.5 * (across[1] - across[0])
    where = along[shown]
    look: dict[str, Any] = {"cmap": DIVERGING, "vmin": -1.0, "vmax": 1.0, "interpolation": "nearest"} | style
    axes.imshow(
        z.T,
        origin="lower",
        extent=(where[0] - edge, where[-1] + edge, across[0] - edge, across[-1] + edge),
        **look,
    )
    every = max(1, round(_BETWEEN_ARROWS / (2.0 * edge)))
    some = (slice(every // 2, None, every), slice(every // 2, None, every))
    axes.quiver(
        *np.meshgrid(where[some[0]], across[some[1]], indexing="ij"),
        x[some],
        y[some],
        angles="xy",
        scale_units="xy",
        scale=1.0 / (1.1 * _BETWEEN_ARROWS),
        pivot="middle",
        width=0.005,
    )
    width = float(across[-1] - across[0] + 2.0 * edge)
    angle = np.degrees(float(result.centre_angle))
    axes.set(xlabel="$x$ (nm)", ylabel="$y$ (nm)", aspect="equal")
    numbers = rf"$W$ = {width:.0f} nm, $\Delta$ = {float(result.wall_width) / NANOMETRE:.1f} nm, {angle:.0f}°"
    axes.set_title(numbers)
    return axes


def plot_turn(result: xr.Dataset, axes: Axes | None = None, **style: Any) -> Axes:
    """sigma_ST (Oe) that holds the wall against its angle, and the two anisotropies fitted to it (dashed)."""
    axes = new_axes(axes)
    degrees = np.degrees(result.angle.values)
    (line,) = axes.plot(degrees, result.torque_field.values / OERSTED, **({"marker": "."} | style))
    fine = np.linspace(degrees[0], degrees[-1], 361)
    phi = np.radians(fine)
    fitted = -0.5 * float(result.anisotropy_field) * np.sin(2.0 * phi)
    fitted -= 0.5 * float(result.fourth_order_anisotropy_field) * np.sin(4.0 * phi)
    if "dmi_field" in result:
        fitted += float(result.dmi_field) * np.cos(phi)
    axes.plot(fine, fitted / OERSTED, linestyle="--", linewidth=0.8, color=line.get_color())
    axes.axhline(0.0, color="black", linewidth=0.5)
    axes.set(xlabel=r"$\phi$ from Bloch (degrees)", ylabel=r"$\sigma_\mathrm{ST}$ that holds the wall (Oe)")
    return axes


PLOTTERS.update(relax_wall=plot_wall, turn_wall=plot_turn)
