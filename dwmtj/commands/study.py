"""`dwmtj study`."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compact_model.support.validation import InputError

from ..options.help import Command
from ..output import check_outputs, deliver, key, output_options, refuse_unused, table

if TYPE_CHECKING:
    from ..study.description import Study
    from ..study.plan import Plan


_MOST_ROWS = 60


@click.command(
    name="study",
    cls=Command,
    examples=[
        "study threshold --samples 20 -o study.png",
        "study my_study.toml --workers 2 --plan",
    ],
    writes="The statistics at every point of the grid (.nc), the main result against the swept parameters "
    "(.png, .pdf, .svg).",
)
@click.argument("file", required=False)
@click.option("--list", "listed", is_flag=True, help="List the studies that come with the package, and stop.")
@click.option(
    "--plan", "only_plan", is_flag=True, help="Print the plan with a measured estimate of the time, and stop."
)
@click.option("--scheduler", metavar="ADDRESS", help="A Dask scheduler, such as tcp://10.0.0.1:8786.")
@click.option(
    "--workers", type=int, default=0, show_default=True, help="Number of Dask workers on this machine; 0: threads."
)
@click.option("--samples", type=int, help="Number of samples at each point, instead of that in the file.")
@click.option("--seed", type=int, help="Seed, instead of that in the file.")
@click.option(
    "--samples-per-part", type=int, help="Number of samples measured and stored together; results do not depend on it."
)
@click.option(
    "--points", type=int, help="Number of points of a random or latin-hypercube design, instead of that in the file."
)
@click.option(
    "--merge",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A store of the same study from elsewhere, whose parts are copied into this one; may be given several times.",
)
@click.option(
    "--store",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that keeps each part; repeating the command resumes from there  [default: NAME.study for NAME.toml]",
)
@output_options
def command(
    file: str | None,
    listed: bool,
    only_plan: bool,
    scheduler: str | None,
    workers: int,
    samples: int | None,
    seed: int | None,
    samples_per_part: int | None,
    points: int | None,
    merge: tuple[Path, ...],
    store: Path | None,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
) -> None:
    """Measure one quantity on random devices at every point of a grid, as described in FILE.toml.

    FILE may also be the name of a study that comes with the package (--list).  Finished parts are saved: after Ctrl-C,
    a kill, or the loss of a worker or of the scheduler, repeating the command resumes there.  The results are
    identical, and the same on threads, with --workers and with --scheduler.
    """
    from ..study.description import read_study, shipped_studies
    from ..study.plot import draw_study
    from ..study.run import plan_study, run_study, unheard

    if listed:
        width = max(map(len, shipped_studies()))
        click.echo("\n".join(f"{name:<{width}}  {read_study(name).description}" for name in shipped_studies()))
        return
    if file is None:
        raise InputError(f"file: expected a study file, or one of {', '.join(shipped_studies())}, got none")
    check_outputs(outputs)
    study = read_study(file, samples=samples, seed=seed, samples_per_part=samples_per_part, points=points)
    folder = Path(f"{Path(file).stem}.study") if store is None else store
    where: dict[str, Any] = {"store": folder, "scheduler": scheduler, "workers": workers, "merge": merge}
    if only_plan:
        refuse_unused("study --plan", ["outputs"])
        plan = plan_study(study, **where, announce=unheard if as_json else _tell)
        if as_json:
            click.echo(json.dumps(asdict(plan) | {"samples": plan.samples, "seconds": plan.seconds}))
        return

    def announce(plan: Plan) -> None:
        _tell(plan, err=True)
        if plan.cost is None:
            click.echo(f"store: {folder}", err=True)

    result = run_study(study, **where, progress=not quiet, announce=unheard if quiet else announce)
    notes = [line for line in result.attrs["notes"].splitlines() if line]
    columns, rows = _rows(study, result)
    headers = [f"{name} ({unit})" if unit else name for name, unit in columns]
    keys = [key(name, unit) for name, unit in columns]
    summary = {
        "measure": study.measure,
        "samples": study.samples,
        "points": [dict(zip(keys, map(_plain, row), strict=True)) for row in rows],
        "notes": notes,
        "store": str(folder),
    }
    shown = table(headers, rows) if len(rows) <= _MOST_ROWS else _overview(headers, rows, len(study.sweep))
    deliver(
        result,
        summary,
        "\n".join([shown, *(f"note: {line}" for line in notes)]),
        outputs=outputs,
        as_json=as_json,
        draw=lambda figure: draw_study(result, figure),
        size=(3.55 * (1 + len(study.kind.beside)), 2.8),
    )


def _overview(headers: list[str], rows: list[list[Any]], swept: int) -> str:
    """For many points: the distribution of each column over them, and the positions of its extremes."""
    lines = [f"{len(rows)} points; their table is in FILE.nc (-o) and in --json"]
    for place, header in enumerate(headers):
        values = [row[place] for row in rows]
        if place < swept:
            numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
            ends = f"{min(values):.4g} to {max(values):.4g}" if numeric else ", ".join(map(str, dict.fromkeys(values)))
            lines.append(f"{header}: {ends}")
            continue
        finite = sorted(value for value in values if math.isfinite(value))
        if not finite:
            lines.append(f"{header}: inf at all points")
            continue
        least, first, middle, third, largest = (
            finite[int(share * (len(finite) - 1))] for share in (0.0, 0.25, 0.5, 0.75, 1.0)
        )
        infinite = f", inf at {len(values) - len(finite)} points" if len(finite) < len(values) else ""
        lines.append(f"{header}: quartiles {first:.4g}, {middle:.4g}, {third:.4g}{infinite}")
        lines += [
            f"  {word} {value:.4g} at {_place(headers, rows[values.index(value)][:swept])}"
            for word, value in (("least", least), ("largest", largest))
        ]
    return "\n".join(lines)


def _place(headers: list[str], swept: list[Any]) -> str:
    named = zip(headers, swept, strict=False)
    return ", ".join(f"{name} = {each:.4g}" if isinstance(each, float) else f"{name} = {each}" for name, each in named)


def _tell(plan: Plan, err: bool = False) -> None:
    click.echo(plan.extent() if plan.cost is None else plan.demand(), err=err)


def _rows(study: Study, result: Any) -> tuple[list[tuple[str, str]], list[list[Any]]]:
    """Name and unit of each column, and a row for each point: swept values, and the headline of each result."""
    measure = study.kind
    columns = list(measure.headline)
    for item in measure.results[1:]:
        columns += [name for name in (f"{item.name}_mean", f"{item.name}_std") if name not in columns]
    named = [(name, study.quantities[name].unit) for name in study.sweep]
    named += [(name, measure.quantity(name).unit) for name in columns]
    flat = {name: result[name].values.reshape(-1) / measure.quantity(name).scale for name in columns}
    rows = []
    for index, swept in enumerate(study.combinations):
        shown = [
            value if isinstance(value, str | bool | int) else value / study.quantities[name].scale
            for name, value in swept.items()
        ]
        rows.append([*shown, *(float(flat[name][index]) for name in columns)])
    return named, rows


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
