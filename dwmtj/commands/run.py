"""`dwmtj run`: the main job and its report."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import compact_model
import crossbar
import spice
from compact_model.constants import AMPERE_PER_SQUARE_CENTIMETRE, OERSTED
from compact_model.device.published import lequeux2016
from compact_model.figures import TWO_COLUMNS
from compact_model.support.store import read_sealed, write_sealed
from spice.ngspice import installation
from spice.ngspice.plot import SimulatorMissing

from ..options.device import device_from_options, device_options
from ..options.help import Command
from ..output import write_figure, write_text

if TYPE_CHECKING:
    import xarray as xr

    from ..main_job.part import Part, Subject

REPORT = "report.md"


@click.command(
    name="run",
    cls=Command,
    examples=[
        "run",
        "run -o my_device --parameters device.toml",
    ],
    writes="report.md, and a figure (.png) and data (.nc) for each part, in the folder of -o.",
)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder for the report, figures and data.",
)
@click.option(
    "--fresh", is_flag=True, help="Measure everything again, including parts that an earlier run has completed."
)
@click.option("--json", "as_json", is_flag=True, help="Print the key numbers as one JSON object instead of text.")
@click.option("--quiet", is_flag=True, help="Show no progress bar.")
@device_options
def command(folder: Path, fresh: bool, as_json: bool, quiet: bool, **options: Any) -> None:
    """Characterise a device, by default the paper's, from end to end: figures, NetCDF data and a one-page report.

    An interrupted run resumes with the part at which it stopped.  Of the landscape, only the parameters of a single
    site are used; the many-level tracks are drawn as for the paper's device.
    """
    from ..main_job.device import PARTS
    from ..main_job.explanations import EXPLANATIONS
    from ..main_job.part import Subject

    parameters, _, numbers = device_from_options(options)
    subject = Subject(parameters, numbers["coercive_field"], numbers["half_width"], numbers["kind"])
    folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    lines = _header(subject)
    missing = {name: reason() for name, reason in _MISSING.items()}
    found: dict[str, dict[str, float]] = {}
    for number, part in enumerate(PARTS, start=1):
        click.echo(f"[{number}/{len(PARTS)}] {part.title}", err=True)
        if reason := missing.get(part.requirement):
            sentence = f"left out: {reason}; after that, `dwmtj run -o {folder}` adds this part"
            lines += ["", f"## {part.title}", "", sentence]
            if not as_json:
                click.echo(f"- {part.title}: {sentence}")
            continue
        fingerprint = _fingerprint(subject, installation.version() if part.requirement == "ngspice" else None)
        data = _measured(part, subject, folder, fingerprint, fresh=fresh, progress=not quiet)
        write_figure(folder / f"{part.name}.png", functools.partial(part.draw, data), TWO_COLUMNS)
        summary = part.summarise(subject, data)
        found[part.name] = summary.numbers
        result = f"**Result:** {summary.sentence}."
        lines += [
            "",
            f"## {part.title}",
            "",
            EXPLANATIONS[part.name],
            "",
            result,
            "",
            f"![{part.title}]({part.name}.png)",
        ]
        if not as_json:
            click.echo(f"- {part.title}: {summary.sentence}")
    lines += ["", "The data of each part are in the `.nc` file of the same name as its figure, in SI units."]
    write_text(folder / REPORT, "\n".join(lines) + "\n")
    if as_json:
        click.echo(json.dumps({"report": str(folder / REPORT), **found}, allow_nan=False))
    click.echo(f"{folder / REPORT} written after {time.perf_counter() - started:.0f} s", err=True)


def _measured(
    part: Part, subject: Subject, folder: Path, fingerprint: str, *, fresh: bool, progress: bool
) -> xr.Dataset:
    """The part's data: from the complete file of an earlier run of the same code, or measured and written."""
    from compact_model.support.provenance import provenance

    path = folder / f"{part.name}.nc"
    if path.exists() and not fresh:
        earlier = read_sealed(path)
        if earlier is None:
            click.echo(f"  {path} is not as it was written; measuring again", err=True)
        elif earlier.attrs.get("fingerprint") == fingerprint:
            return earlier
    found = part.measure(subject, progress)
    origin = provenance([subject.parameters], [subject.site()]) | found.attrs
    data = found.assign_attrs(origin, fingerprint=fingerprint)
    write_sealed(data, path)
    return data


def _missing_simulator() -> str | None:
    """Why the parts that need ngspice cannot be measured, and how to install it; None if it is available."""
    try:
        installation.program()
    except SimulatorMissing as reason:
        return str(reason)
    return None


def _missing_scikit_learn() -> str | None:
    return None if importlib.util.find_spec("sklearn") else "needs scikit-learn; pip install 'dwmtj[learn]'"


_MISSING = {"ngspice": _missing_simulator, "scikit-learn": _missing_scikit_learn}
"""Why a requirement of a part is missing; None if it is available."""


def _fingerprint(subject: Subject, simulator: int | None) -> str:
    """A digest of the subject and of the code behind the numbers: a change in either makes data stale."""
    digest = hashlib.sha256(repr((subject, simulator)).encode())
    packages = [Path(str(package.__file__)).parent for package in (compact_model, spice, crossbar)]
    for package in (*packages, Path(__file__).parent.parent):
        for path in sorted(package.rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _header(subject: Subject) -> list[str]:
    device = subject.parameters
    name = "the device of the paper" if device == lequeux2016() else "a user-defined device"
    oersted_per_mega = device.torque_per_current_density * 1e6 * AMPERE_PER_SQUARE_CENTIMETRE / OERSTED
    return [
        "# Characterisation of a spin-torque memristor",
        "",
        "A magnetic tunnel junction consists of a fixed and a free magnetic layer with a thin barrier in between. Here "
        "the free layer is a track with two domains, one parallel (P) and one antiparallel (AP) to the fixed layer, "
        "and a domain wall between them. A current through the barrier exerts spin torques that move the wall. Its "
        "position sets the resistance, and pinning sites hold it without a current, so that the device is a memristor "
        "with many levels. Figure numbers refer to the paper, Lequeux et al. 2016 (doi 10.1038/srep31510).",
        "",
        f"This report was made by `dwmtj run`, version {version('dwmtj')}, for {name}: a track of "
        f"{1e9 * device.track_length:.0f} nm x {1e9 * device.track_width:.0f} nm with a parallel resistance R_P of "
        f"{device.parallel_resistance:g} Ohm (RA_P = {1e12 * device.resistance_area_product:.2f} Ohm um2, pad "
        f"included), a tunnel magnetoresistance (TMR) of {100 * device.tmr:.0f} %, a spin polarisation P of "
        f"{device.polarisation:.3f} and an anisotropy field of the wall H_K of {device.anisotropy_field / OERSTED:.3g} "
        f"Oe. The Slonczewski torque is {oersted_per_mega:.2f} Oe per 1e6 A/cm2. Above the Walker current density, "
        f"{device.walker_current_density / (1e6 * AMPERE_PER_SQUARE_CENTIMETRE):.2f}e6 A/cm2, it makes the wall's "
        "angle precess. A pinning site is described by its depinning field H_c "
        f"({subject.coercive_field / OERSTED:g} Oe) and its half width x_c ({1e9 * subject.half_width:g} nm).",
    ]
