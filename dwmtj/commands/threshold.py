"""`dwmtj threshold`."""

from pathlib import Path
from typing import Any

import click

from compact_model.constants import AMPERE_PER_SQUARE_CENTIMETRE, NANOSECOND, OERSTED
from compact_model.methods import REFERENCE_STEP

from ..options.device import device_from_options, device_options
from ..options.drive import method_in_words, step_option
from ..options.help import Command
from ..output import check_outputs, deliver, output_options, table

DEFAULT_OFFSETS = (5.0, 10.0, 15.0, 20.0, 25.0)


@click.command(
    name="threshold",
    cls=Command,
    examples=[
        "threshold --offset 5 --offset 20 -o threshold.png",
        "threshold --temperature 300 --repeats 100 --offset 10 --json",
    ],
    writes="The threshold current density at each offset and repeat (.nc), J_th against Delta_H (.png, .pdf, .svg).",
)
@click.option(
    "--offset",
    "offsets",
    type=float,
    multiple=True,
    default=DEFAULT_OFFSETS,
    metavar="Oe",
    show_default=True,
    help="Delta_H = H_c - H_z, Oe; may be given several times.",
)
@click.option(
    "--torques",
    type=click.Choice(["slonczewski", "field-like", "both"]),
    default="both",
    show_default=True,
    help="Which spin torques act.",
)
@click.option(
    "--ramp-rate",
    type=float,
    default=1e4,
    show_default=True,
    metavar="A/cm2/ns",
    help="A/cm2/ns, from laboratory rates of 1e-3 to 1e7.",
)
@step_option(REFERENCE_STEP)
@click.option("--temperature", type=float, default=0.0, show_default=True, metavar="K", help="K; 0: no thermal fields.")
@click.option("--repeats", type=int, default=1, show_default=True, help="Number of ramps at each offset (above 0 K).")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the thermal fields.")
@device_options
@output_options
def command(
    offsets: tuple[float, ...],
    torques: str,
    ramp_rate: float,
    step: float,
    temperature: float,
    repeats: int,
    seed: int,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Depinning threshold current density against the offset field Delta_H = H_c - H_z (the paper's Fig. 3).

    The current density (the J in the torques) rises from 0 at a constant rate until the wall, which starts at rest in
    its well, has left it (|x - x_0| > x_c).  The track has a single site in its middle, with --coercive-field and
    --half-width.  A ramp that takes more than 20 us to the static limit is simulated by escape rates instead of
    integration, down to laboratory rates of 0.02 A/cm2/ns; the output says which method was used.  Outside 0 < Delta_H
    < 2 H_c, the field alone frees the wall and the threshold is 0.
    """
    from compact_model.experiments.thresholds import current_threshold

    check_outputs(outputs)
    parameters, _, numbers = device_from_options(options)
    result = current_threshold(
        parameters,
        [offset * OERSTED for offset in offsets],
        coercive_field=numbers["coercive_field"],
        half_width=numbers["half_width"],
        kind=numbers["kind"],
        torques=torques,
        ramp_rate=ramp_rate * AMPERE_PER_SQUARE_CENTIMETRE / NANOSECOND,
        step=step * NANOSECOND,
        temperature=temperature,
        repeats=repeats,
        seed=seed,
        progress=not quiet,
    )
    thresholds = result.threshold / AMPERE_PER_SQUARE_CENTIMETRE
    mean = thresholds.mean("repeat").values.tolist()
    spread = thresholds.std("repeat").values.tolist()
    static = (result.static_threshold / AMPERE_PER_SQUARE_CENTIMETRE).values.tolist()
    summary = {
        "offset_Oe": list(offsets),
        "threshold_A_per_cm2": mean,
        "threshold_std_A_per_cm2": spread,
        "static_threshold_A_per_cm2": static,
        "torques": torques,
        "repeats": repeats,
        "method": result.attrs["method"],
    }
    text = (
        method_in_words(result.attrs["method"])
        + "\n"
        + table(
            ["Delta_H (Oe)", "J_th (A/cm2)", "std (A/cm2)", "static limit (A/cm2)"],
            [list(row) for row in zip(offsets, mean, spread, static, strict=True)],
        )
    )
    deliver(result, summary, text, outputs=outputs, as_json=as_json)
