"""`dwmtj monte-carlo`."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from compact_model.support.validation import InputError

from ..options.help import Command
from ..output import check_outputs, deliver, output_options, table


@click.command(
    name="monte-carlo",
    cls=Command,
    examples=[
        "monte-carlo deck.cir --runs 100 --seed 1 -o runs.nc -o runs.png",
        "monte-carlo deck.cir --runs 1000 --json",
    ],
    writes="The results of each .meas in each run (.nc), their distributions (.png, .pdf, .svg).",
)
@click.argument("deck", type=click.Path(path_type=Path))
@click.option("--runs", type=int, default=100, show_default=True, help="Number of runs.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed from which those of the runs are derived.")
@click.option("--workers", type=int, help="Number of simultaneous runs  [default: one for each core]")
@click.option(
    "--time-limit", type=float, default=600.0, show_default=True, metavar="s", help="Time limit for one run, s."
)
@output_options
def command(
    deck: Path,
    runs: int,
    seed: int,
    workers: int | None,
    time_limit: float,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
) -> None:
    """Run a netlist in ngspice many times with different random numbers, and collect the results of its .meas lines.

    The deck uses agauss or similar functions, or includes the section mc of a corner file (see `export --spread`).
    Included paths are relative to its folder.  The parameter mc_run is the number of the run.
    """
    from spice.repeated_runs import monte_carlo

    check_outputs(outputs)
    try:
        netlist = deck.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"DECK: expected a text file, got {str(deck)!r}: {error}") from None
    result = monte_carlo(netlist, runs, seed=seed, workers=workers, time_limit=time_limit, folder=deck.resolve().parent)
    rows: list[list[Any]] = []
    summary: dict[str, Any] = {"runs": runs}
    for name in (each for each in result.data_vars if each != "run_seed"):
        values = result[name].values
        kept = values[np.isfinite(values)]
        mean, deviation, least, most = (
            (float(kept.mean()), float(kept.std()), float(kept.min()), float(kept.max()))
            if kept.size
            else (None, None, None, None)
        )
        summary[str(name)] = {
            "mean": mean,
            "standard_deviation": deviation,
            "least": least,
            "most": most,
            "failed": int(values.size - kept.size),
        }
        rows.append([name, mean, deviation, least, most, int(values.size - kept.size)])
    head = [".meas", "mean", "standard deviation", "least", "most", "failed"]
    deliver(result, summary, table(head, rows), outputs=outputs, as_json=as_json)
