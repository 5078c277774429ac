"""`dwmtj fit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compact_model.constants import AMPERE_PER_SQUARE_CENTIMETRE, NANOSECOND, OERSTED
from compact_model.fitting.data_files import DECIMALS
from compact_model.fitting.measured import KINDS, STATES, read_measured
from compact_model.fitting.unknowns import (
    RESISTANCE_PARAMETERS,
    SIMULATED_PARAMETERS,
    THRESHOLD_PARAMETERS,
)
from compact_model.support.validation import InputError

from ..options.device import DEVICE, LANDSCAPE, Quantity, device_from_options, device_options
from ..options.drive import field_from, field_option
from ..options.help import Command
from ..output import check_outputs, deliver, output_options, refuse_unused

if TYPE_CHECKING:
    from compact_model.fitting.result import FitResult

FIELD = Quantity("external_field", "external field", "Oe", OERSTED)
MEASUREMENT = (
    Quantity("depinning_field", "depinning field H_d in Delta_H = H_d - H", "Oe", OERSTED),
    Quantity("negative_half_voltage", "V_h at V < 0", "V"),
    Quantity("parallel_curvature", "c in G_P(V) = (1 + c V^2)/R_P", "1/V2"),
    Quantity("series_resistance", "resistance of leads and contacts", "Ohm"),
)
USED = {
    "threshold": {"torques", "ramp_rate"},
    "resistance": {"state", "series_resistance"},
    "pulses": {"torques", "external_field", "starts", "seed"},
    "trace": {"torques", "external_field", "starts", "seed"},
}
"""The options that have an effect on each kind of fit."""


@click.command(
    name="fit",
    cls=Command,
    examples=[
        "fit threshold examples/data/thresholds.csv -o fit.png",
        "fit resistance examples/data/loop.csv --json",
    ],
    writes="Parameters, errors, correlations, data and fitted curve (.nc), data and curve (.png, .pdf, .svg).",
)
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--free",
    multiple=True,
    metavar="NAME",
    help="Parameter to fit; may be given several times.  Of a threshold: "
    f"{', '.join(THRESHOLD_PARAMETERS)}  [default: the first two]; of a resistance: "
    f"{', '.join(RESISTANCE_PARAMETERS)}  [default: the first three]; of pulses and traces: "
    f"{', '.join(SIMULATED_PARAMETERS)}  [default: spin_polarisation, external_field of pulses; anisotropy_field, "
    "damping, spin_polarisation of a trace]",
)
@click.option(
    "--torques",
    type=click.Choice(["slonczewski", "field-like", "both"]),
    default="both",
    show_default=True,
    help="Which spin torques act (all but resistance).",
)
@click.option(
    "--ramp-rate",
    type=float,
    metavar="A/cm2/ns",
    help="Simulate the current ramp of the measurement, A/cm2/ns  [default: the limit of a slow ramp] (threshold).",
)
@click.option("--state", type=click.Choice(STATES), help="State of the junction throughout FILE (resistance).")
@click.option(
    "--series-resistance",
    type=float,
    default=0.0,
    show_default=True,
    metavar="Ohm",
    help="Of leads and contacts, in the measured R, Ohm; where it is free, the fit starts there (resistance).",
)
@field_option
@click.option(
    "--starts",
    type=int,
    help="Number of starting points  [default: 64, doubled for each free parameter] (pulses, trace).",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of these points (pulses, trace).")
@click.option("--column", "columns", multiple=True, metavar="NAME=TEXT", help="Name of a column in FILE: J_th=Jc.")
@click.option(
    "--unit", "units", multiple=True, metavar="NAME=UNIT", help="Unit of a column that has none in FILE: J_th=A/cm2."
)
@click.option(
    "--skip", type=int, default=0, show_default=True, help="Number of lines to skip at the beginning of FILE."
)
@click.option(
    "--decimal", type=click.Choice(DECIMALS), help="Decimal mark in FILE  [default: detected from the numbers]."
)
@device_options
@output_options
def command(
    kind: str,
    file: Path,
    columns: tuple[str, ...],
    units: tuple[str, ...],
    skip: int,
    decimal: str | None,
    free: tuple[str, ...],
    torques: str,
    ramp_rate: float | None,
    state: str | None,
    series_resistance: float,
    external_field: float | None,
    starts: int | None,
    seed: int,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Device parameters from measured data, with their standard errors.

    FILE is a text table with units in the headings, and commas, semicolons, tabs or spaces between the columns.
    Columns with other names are left out and listed.

    threshold: Delta_H (Oe), or H (Oe), in which case the depinning field is fitted as well, and J_th (A/cm2) or I_th
    (mA). The model is the static limit of the paper's Fig. 3, or with --ramp-rate simulated ramps from the site defined
    by the options.

    resistance: V (V) or I (mA), R (Ohm), and state (P or AP) or the wall's position x (nm). Without these two, and
    without --state, the file is a loop in the order measured, whose points are sorted into P, AP and points that are
    left out. AP means the whole junction: a loop that only reached a wall at x = 0, which leaves the pad parallel,
    gives too small a TMR, and a note says by how much.

    pulses: V or I, width (ns), period (ns), and R or x after each pulse, with R_0 or x_0 before the first one, or else
    a wall at rest in the first site. trace: t (ns), V or I, R or x. Both may name several trains or traces in a column
    train.

    A column sigma, in a unit of J_th, R or x, gives standard deviations. Without it the errors are derived from the
    scatter; so they are, with a note, if the data are much further from the model than sigma. The options for the
    device are the starting point of the fit, and the values of everything that is not fitted.
    """
    from compact_model.fitting.pulse_responses import fit_pulses
    from compact_model.fitting.resistances import fit_resistance
    from compact_model.fitting.thresholds import fit_threshold
    from compact_model.fitting.traces import fit_trace

    check_outputs(outputs)
    refuse_unused(f"fit {kind}", sorted(set().union(*USED.values()) - USED[kind]))
    if kind == "resistance" or (kind == "threshold" and ramp_rate is None):
        without = "" if kind == "resistance" else " without --ramp-rate"
        refuse_unused(f"fit {kind}{without}", [item.name for item in LANDSCAPE])
    elif kind == "threshold":
        one_site = ("coercive_field", "half_width", "well")
        refuse_unused("fit threshold", [item.name for item in LANDSCAPE if item.name not in one_site])
    parameters, landscape, numbers = device_from_options(options)
    data = read_measured(
        file, kind, columns=_pairs("--column", columns), units=_pairs("--unit", units), skip=skip, decimal=decimal
    )
    if data.ignored:
        click.echo(f"{file}: columns left out: {', '.join(data.ignored)}", err=True)
    chosen: dict[str, Any] = {"free": tuple(name.replace("-", "_") for name in free)} if free else {}
    if kind == "resistance" and state is not None and {"state", "position"} & data.keys():
        raise InputError(f"{file}: expected either a column 'state' or 'x', or --state, got both")
    try:
        if kind == "threshold":
            if ramp_rate is not None:
                chosen["ramp_rate"] = ramp_rate * AMPERE_PER_SQUARE_CENTIMETRE / NANOSECOND
                chosen.update({name: numbers[name] for name in ("coercive_field", "half_width", "kind")})
            result = fit_threshold(parameters, data, torques=torques, **chosen)
        elif kind == "resistance":
            result = fit_resistance(parameters, data, state=state, series_resistance=series_resistance, **chosen)
        else:
            field = field_from(external_field)
            chosen.update(torques=torques, external_field=field, starts=starts, seed=seed)
            fit = fit_pulses if kind == "pulses" else fit_trace
            result = fit(parameters, landscape, data, **chosen)
    except InputError as error:
        name, _, rest = str(error).partition(":")
        option = {"kind": "well"}.get(name, name)
        is_option = option in {each.name for each in click.get_current_context().command.params} and name not in data
        raise InputError(f"--{option.replace('_', '-')}:{rest}" if is_option else f"{file}: {error}") from None
    deliver(result.dataset, _summary(kind, result), _text(result), outputs=outputs, as_json=as_json)


def _pairs(option: str, given: tuple[str, ...]) -> dict[str, str]:
    """NAME=TEXT, several times, as a mapping."""
    pairs = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"{option}: expected NAME=TEXT, got {text!r}")
        pairs[name.strip()] = value.strip()
    return pairs


def _fitted(result: FitResult) -> dict[str, dict[str, Any]]:
    """Values and errors of the parameters in the units of the field."""
    edge = {item.name: item for item in (*DEVICE, *LANDSCAPE, FIELD, *MEASUREMENT)}
    return {
        name: {"value": value / edge[name].scale, "standard_error": sigma / edge[name].scale, "unit": edge[name].unit}
        for name, value, sigma in zip(result.free, result.values, result.standard_errors, strict=True)
    }


def _summary(kind: str, result: FitResult) -> dict[str, Any]:
    return {
        "kind": kind,
        "points": result.dataset.sizes["point"],
        "fitted": _fitted(result),
        "correlation": result.correlation.tolist(),
        "reduced_chi_square": result.reduced_chi_square,
        "described": result.described,
        "scatter": result.scatter,
        "scatter_unit": result.dataset.model.attrs["units"],
        "degrees_of_freedom": result.degrees_of_freedom,
        "notes": list(result.notes),
    }


def _text(result: FitResult) -> str:
    fitted = _fitted(result)
    width = max(map(len, fitted))
    lines = [
        f"{name:<{width}}  {each['value']:.6g} +- {each['standard_error']:.2g} {each['unit']}".rstrip()
        for name, each in fitted.items()
    ]
    return "\n".join([*lines, *result.remarks()])
