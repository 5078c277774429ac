"""`dwmtj micromagnetics`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from compact_model.constants import NANOMETRE, OERSTED
from compact_model.figures import ONE_COLUMN
from compact_model.micromagnetics.published import lequeux2016_stripe
from compact_model.support.validation import InputError

from ..options.array import numbers_from
from ..options.help import Command
from ..output import check_outputs, deliver, output_options, table

if TYPE_CHECKING:
    import xarray as xr

_PAPER = lequeux2016_stripe()
_OF_A_WALL = {
    "track_width_nm": "W (nm)",
    "wall_width_nm": "Delta (nm)",
    "centre_angle_deg": "centre (deg)",
    "mean_angle_deg": "mean (deg)",
    "tilt_deg": "tilt (deg)",
    "energy_pJ": "energy (pJ)",
    "torque_field_Oe": "sigma_ST (Oe)",
}
_OF_A_TURN = {
    "track_width_nm": "W (nm)",
    "anisotropy_field_Oe": "H_K (Oe)",
    "fourth_order_anisotropy_field_Oe": "H_4 (Oe)",
    "fit_error_Oe": "fit error (Oe)",
    "threshold_Oe": "threshold (Oe)",
    "threshold_angle_deg": "at (deg)",
    "energy_anisotropy_field_Oe": "E_N - E_B (Oe)",
}


@click.command(
    name="micromagnetics",
    cls=Command,
    examples=[
        "micromagnetics --track-width 90,100,110 -o wall.png",
        "micromagnetics --track-width 100 --angle 90 --cell-size 2 --json",
    ],
    writes="Magnetisation, width, angles and energy of each wall (.nc), the walls as in Fig. 1e (.png, .pdf, .svg).",
)
@click.option(
    "--track-width", default="100", show_default=True, metavar="nm,...", help="Track widths W, nm, separated by commas."
)
@click.option(
    "--angle", type=float, metavar="deg", help="Hold the wall at an angle: 0 Bloch, 90 Neel  [default: a free wall]"
)
@click.option(
    "--turn",
    is_flag=True,
    help="Hold the wall every 5 degrees, for anisotropy fields and threshold (takes 20 times as long).",
)
@click.option("--cell-size", type=float, default=4.0, show_default=True, metavar="nm", help="Edge of the cells, nm.")
@click.option(
    "--window", type=float, default=400.0, show_default=True, metavar="nm", help="Length of the computed window, nm."
)
@click.option(
    "--thickness",
    type=float,
    default=float(f"{_PAPER.thickness / NANOMETRE:.9g}"),
    show_default=True,
    metavar="nm",
    help="t, nm.",
)
@click.option(
    "--saturation-magnetisation",
    type=float,
    default=_PAPER.saturation_magnetisation,
    show_default=True,
    metavar="A/m",
    help="M_s, A/m.",
)
@click.option(
    "--uniaxial-anisotropy",
    type=float,
    default=_PAPER.uniaxial_anisotropy,
    show_default=True,
    metavar="J/m3",
    help="K_u, J/m3 (0.1 of it in erg/cm3).",
)
@click.option(
    "--exchange-stiffness",
    type=float,
    default=1e12 * _PAPER.exchange_stiffness,
    show_default=True,
    metavar="pJ/m",
    help="A, pJ/m: fitted to the paper's Delta at zero cell size.",
)
@click.option(
    "--dmi",
    type=float,
    default=0.0,
    show_default=True,
    metavar="mJ/m2",
    help="Interfacial Dzyaloshinskii-Moriya constant D, mJ/m2.",
)
@output_options
def command(
    track_width: str,
    angle: float | None,
    turn: bool,
    cell_size: float,
    window: float,
    thickness: float,
    saturation_magnetisation: float,
    uniaxial_anisotropy: float,
    exchange_stiffness: float,
    dmi: float,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
) -> None:
    """Micromagnetics of the wall in a stripe, as in the paper's Fig. 1e: its width, angles and tilt.

    With --turn, also the energy and the torque that turn the wall from Bloch to Neel, and the parameters of the compact
    model that follow from them: the anisotropy fields H_K and H_4, and the threshold of the Slonczewski torque.
    """
    from compact_model.micromagnetics.walls import relax_wall, turn_wall

    check_outputs(outputs)
    if turn and angle is not None:
        raise InputError("--angle: expected without --turn, which goes through all angles, got both")
    widths = numbers_from("--track-width", track_width, float)
    found = []
    for width in widths:
        stripe = lequeux2016_stripe(width * NANOMETRE, cell_size=cell_size * NANOMETRE).replace(
            window=window * NANOMETRE,
            thickness=thickness * NANOMETRE,
            saturation_magnetisation=saturation_magnetisation,
            uniaxial_anisotropy=uniaxial_anisotropy,
            exchange_stiffness=1e-12 * exchange_stiffness,
            interfacial_dmi=1e-3 * dmi,
        )
        held = None if angle is None else math.radians(angle)
        found.append(turn_wall(stripe, progress=not quiet) if turn else relax_wall(stripe, held))
    rows = [(_turn_row if turn else _wall_row)(width, each) for width, each in zip(widths, found, strict=True)]
    headers = _OF_A_TURN if turn else _OF_A_WALL
    deliver(
        _together(widths, found),
        {"walls": [dict(zip(headers, row, strict=True)) for row in rows]},
        table(list(headers.values()), rows),
        outputs=outputs,
        as_json=as_json,
        draw=lambda figure: _draw(figure, found),
        size=ONE_COLUMN if turn else (ONE_COLUMN[0], 0.5 + 2.3 * len(found)),
    )


def _wall_row(width: float, wall: xr.Dataset) -> list[Any]:
    angles = [math.degrees(float(wall[name])) for name in ("centre_angle", "mean_angle", "tilt")]
    energy, torque = 1e12 * float(wall.energy), float(wall.torque_field) / OERSTED
    return [width, float(wall.wall_width) / NANOMETRE, *angles, energy, torque]


def _turn_row(width: float, turn: xr.Dataset) -> list[Any]:
    names = ("anisotropy_field", "fourth_order_anisotropy_field", "fit_error", "threshold")
    fields = [float(turn[name]) / OERSTED for name in names]
    ends = float(turn.energy_anisotropy_field) / OERSTED
    return [width, *fields, math.degrees(float(turn.threshold_angle)), ends]


def _draw(figure: Any, found: list[xr.Dataset]) -> None:
    if found[0].attrs["experiment"] == "turn_wall":
        axes = figure.add_subplot()
        for each in found:
            each.dwmtj.plot(axes, label=f"W = {_width(each) / NANOMETRE:g} nm")
        axes.legend(fontsize="small")
        return
    for index, each in enumerate(found):
        each.dwmtj.plot(figure.add_subplot(len(found), 1, index + 1))


def _width(result: xr.Dataset) -> float:
    import json

    return float(json.loads(result.attrs["parameters"])[0]["track_width"])


def _together(widths: list[float], found: list[xr.Dataset]) -> xr.Dataset:
    """One Dataset over track_width; cells are numbered, and those outside a stripe have m = 0."""
    import xarray as xr

    coordinate = xr.DataArray(
        np.array(widths) * NANOMETRE, dims="track_width", name="track_width", attrs={"long_name": "W", "units": "m"}
    )
    if len(found) > 1 and "magnetisation" in found[0]:
        most = {name: max(each.sizes[name] for each in found) for name in ("along", "across")}
        found = [
            each.reset_index(["along", "across"])
            .reset_coords(["along", "across"], drop=True)
            .assign(cell_edge=((), float(each.along[1] - each.along[0]), {"units": "m"}))
            .pad({name: (0, most[name] - each.sizes[name]) for name in most}, constant_values=0.0)
            for each in found
        ]
    result = xr.concat(found, coordinate, combine_attrs="override") if len(found) > 1 else found[0]
    attrs = found[0].attrs | {"parameters": "[" + ", ".join(each.attrs["parameters"][1:-1] for each in found) + "]"}
    return result.assign_attrs(attrs)
