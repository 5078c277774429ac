"""`dwmtj sensitivity`."""

import csv
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compact_model.constants import AMPERE_PER_SQUARE_CENTIMETRE, MILLIAMPERE, NANOSECOND

from ..options.device import LANDSCAPE, device_from_options, device_options
from ..options.drive import field_from, field_option
from ..options.help import Command
from ..output import check_file, check_outputs, deliver, output_options, refuse_unused, table, write_text

if TYPE_CHECKING:
    import xarray as xr

_UNUSED = tuple(item.name for item in LANDSCAPE if item.name not in ("coercive_field", "half_width"))
_HEADERS = {
    "slonczewski_threshold": "Slonczewski",
    "field_like_threshold": "field-like",
    "ramp_threshold": "ramp, 0 K",
    "thermal_threshold": "ramp",
    "levels": "levels",
}


@click.command(
    name="sensitivity",
    cls=Command,
    examples=[
        "sensitivity -o sensitivity.png --csv sensitivity.csv",
        "sensitivity --tracks 0 --row DMI --row damping --json",
    ],
    writes="All figures and their changes (.nc), the relative changes (.png, .pdf, .svg).",
)
@click.option(
    "--row",
    "rows",
    multiple=True,
    metavar="NAME",
    help="Name of a row of the table, to compute it alone; may be given several times  [default: all]",
)
@click.option(
    "--repeats",
    type=int,
    default=128,
    show_default=True,
    help="Ramps at --temperature for the median threshold; 0: none.",
)
@click.option(
    "--tracks", type=int, default=16, show_default=True, help="Random tracks on which levels are counted; 0: none."
)
@click.option("--cycles", type=int, default=4, show_default=True, help="Cycles of +-6.5 mA on each track.")
@click.option(
    "--micromagnetics", is_flag=True, help="Add K_u and the film's heating, from relaxed walls (takes minutes)."
)
@click.option(
    "--ramp-rate", type=float, default=1e4, show_default=True, metavar="A/cm2/ns", help="Rate of the ramps, A/cm2/ns."
)
@click.option(
    "--temperature",
    type=float,
    default=300.0,
    show_default=True,
    metavar="K",
    help="Temperature of the thermal fields, K.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the thermal fields.")
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the table to FILE as comma-separated values.",
)
@field_option
@device_options
@output_options
def command(
    rows: tuple[str, ...],
    repeats: int,
    tracks: int,
    cycles: int,
    micromagnetics: bool,
    ramp_rate: float,
    temperature: float,
    seed: int,
    csv_file: Path | None,
    external_field: float | None,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """What moves the thresholds and the number of levels: each parameter and each neglected effect, changed by a step.

    Thresholds are currents, of one site of --coercive-field and --half-width in the middle of the track: the static
    limit of either torque, a ramp at 0 K and the median of ramps at the temperature. Levels are those of many cycles of
    +-6.5 mA on the paper's many-level track. What moves a figure by more than 20 % is marked with a star.
    """
    from compact_model.experiments.sensitivities import sensitivity

    check_outputs(outputs)
    if csv_file is not None:
        check_file(csv_file)
    refuse_unused("sensitivity, which has tracks of its own", _UNUSED)
    parameters, _, numbers = device_from_options(options)
    stripe = None
    if micromagnetics:
        from compact_model.micromagnetics.published import lequeux2016_stripe

        stripe = lequeux2016_stripe(parameters.track_width)
    result = sensitivity(
        parameters,
        external_field=field_from(external_field),
        coercive_field=numbers["coercive_field"],
        half_width=numbers["half_width"],
        temperature=temperature,
        ramp_rate=ramp_rate * AMPERE_PER_SQUARE_CENTIMETRE / NANOSECOND,
        repeats=repeats,
        tracks=tracks,
        cycles=cycles,
        names=rows or None,
        stripe=stripe,
        seed=seed,
        progress=not quiet,
    )
    summary = _summary(result)
    if csv_file is not None:
        text = io.StringIO()
        writer = csv.DictWriter(text, summary[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(summary)
        write_text(csv_file, text.getvalue())
    deliver(
        result,
        {"changes": summary},
        _text(result),
        outputs=outputs,
        as_json=as_json,
        size=(7.1, 1.2 + 0.2 * len(summary)),
    )


def _summary(result: "xr.Dataset") -> list[dict[str, Any]]:
    """One row for each change, in mA and %; None if a ramp ended before the wall was free; the marked figures."""
    found = []
    for place, name in enumerate(result.change.values.tolist()):
        row: dict[str, Any] = {
            "change": name,
            "step": str(result.step.values[place]),
            "effect": bool(result.effect.values[place]),
        }
        marked: list[str] = []
        for column, figure in enumerate(result.figure.values.tolist()):
            current = figure != "levels"
            value = float(result[figure].values[place]) / (MILLIAMPERE if current else 1.0)
            key = f"{figure}_mA" if current else figure
            row[key] = _finite(value)
            row[f"{figure}_change_percent"] = _finite(100.0 * float(result.relative_change.values[place, column]))
            row[f"{figure}_error_percent"] = _finite(100.0 * float(result.standard_error.values[place, column]))
            if bool(result.marked.values[place, column]):
                marked.append(figure)
        row["marked"] = ", ".join(marked)
        found.append(row)
    return found


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _text(result: "xr.Dataset") -> str:
    figures = result.figure.values.tolist()
    base = [
        f"{float(result[name].values[0]) / MILLIAMPERE:.4g} mA" if name != "levels" else f"{float(result[name][0]):.3g}"
        for name in figures
    ]
    lines: list[list[Any]] = [["nothing", "", *base]]
    for place in range(1, result.sizes["change"]):
        cells = []
        for column in range(len(figures)):
            change, error = (
                100.0 * float(result[name].values[place, column]) for name in ("relative_change", "standard_error")
            )
            star = " *" if bool(result.marked.values[place, column]) else "  "
            spread = f" +- {error:.1f}" if error else ""
            cells.append((f"{change:+.1f}{spread} %" if math.isfinite(change) else "above the ramp") + star)
        lines.append([str(result.change.values[place]), str(result.step.values[place]), *cells])
    return (
        table(["changed", "step", *(_HEADERS[name] for name in figures)], lines)
        + "\n* by more than 20 %, and by more than twice the standard error"
    )
