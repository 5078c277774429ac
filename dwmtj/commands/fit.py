"""`dwmtj fit`."""

from pathlib import Path
from typing import Any

import click

from compact_model.fitting.resistances import RESISTANCE_PARAMETERS, fit_resistance
from compact_model.fitting.thresholds import THRESHOLD_PARAMETERS, fit_threshold
from compact_model.measured import KINDS, STATES, read_measured
from compact_model.validation import InputError

from ..device_options import DEVICE, LANDSCAPE, device_from_options, device_options
from ..output import check_outputs, deliver, output_options, refuse_unused


@click.command(name="fit")
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--free",
    multiple=True,
    metavar="NAME",
    help="Parameter to fit; may be given several times.  Of a threshold: "
    f"{', '.join(THRESHOLD_PARAMETERS)}  [default: the first two]; of a resistance: "
    f"{', '.join(RESISTANCE_PARAMETERS)}  [default: all three]",
)
@click.option(
    "--torques",
    type=click.Choice(["slonczewski", "field-like", "both"]),
    default="both",
    show_default=True,
    help="Which spin torques act (threshold).",
)
@click.option(
    "--state", type=click.Choice(STATES), help="State of the junction in a file that does not say (resistance)."
)
@device_options
@output_options
def command(
    kind: str,
    file: Path,
    free: tuple[str, ...],
    torques: str,
    state: str | None,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Device parameters from measured data, with their standard errors.

    FILE is CSV whose header names columns with units.  threshold: Delta_H (Oe), J_th (A/cm2), the static limit of the
    paper's Fig. 3.  resistance: V (V) or I (mA), R (Ohm), and state (P or AP, the branches of a loop) or the wall's
    position x (nm).  A column sigma, in the unit of J_th or R, has standard deviations; without it the errors follow
    from the scatter.  The options below are where the fit starts, and the values of all that is not fitted.
    """
    check_outputs(outputs)
    refuse_unused("fit", [item.name for item in LANDSCAPE])
    parameters, _, _ = device_from_options(options)
    data = read_measured(file, kind)
    chosen = {"free": tuple(name.replace("-", "_") for name in free)} if free else {}
    says_state = "state" in data or "position" in data
    if kind == "resistance" and says_state == (state is not None):
        got = "both" if says_state else "neither"
        raise InputError(f"{file}: expected either a column 'state' or 'x', or --state, got {got}")
    refuse_unused(f"fit {kind}", ["state"] if kind == "threshold" else ["torques"])
    try:
        if kind == "threshold":
            result = fit_threshold(parameters, data, torques=torques, **chosen)
        else:
            result = fit_resistance(parameters, data, state=state, **chosen)
    except InputError as error:
        of_the_file = str(error).startswith(("data:", "position:"))
        raise InputError(f"{file}: {error}" if of_the_file else f"--{error}") from None
    edge = {item.name: item for item in DEVICE}
    fitted = {
        name: {"value": value / edge[name].scale, "standard_error": sigma / edge[name].scale, "unit": edge[name].unit}
        for name, value, sigma in zip(result.free, result.values, result.standard_errors, strict=True)
    }
    summary = {
        "kind": kind,
        "points": result.dataset.sizes["point"],
        "fitted": fitted,
        "correlation": result.correlation.tolist(),
        "reduced_chi_square": result.reduced_chi_square,
        "scatter": result.scatter,
        "scatter_unit": result.dataset.model.attrs["units"],
        "degrees_of_freedom": result.degrees_of_freedom,
    }
    width = max(map(len, fitted))
    lines = [
        f"{name:<{width}}  {each['value']:.6g} +- {each['standard_error']:.2g} {each['unit']}".rstrip()
        for name, each in fitted.items()
    ]
    deliver(result.dataset, summary, "\n".join([*lines, *result.remarks()]), outputs=outputs, as_json=as_json)
