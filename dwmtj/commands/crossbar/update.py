"""`dwmtj crossbar update`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from compact_model.constants import NANOSECOND
from compact_model.support.validation import InputError, positive

from ...options.array import size_option
from ...options.help import Command
from ...options.in_time import ArrayInTime, access_from_options, access_options, time_options, write_voltage
from ...output import check_outputs, deliver, output_options, refuse_unused, table

if TYPE_CHECKING:
    import xarray as xr


_OF_CURVES = ("store", "count", "depression_voltage", "word_lines", "bit_lines")


@click.command(
    name="update",
    cls=Command,
    examples=[
        "crossbar update --start AP --wire-resistance 0.1 -o update.png",
        "crossbar update --rows 1,0.5,-1 --columns 1,-0.5 --json",
    ],
    writes="Conductances after each pulse, or before and after an outer product (.nc), curves or maps of "
    "them (.png, .pdf, .svg); of curves also an animation (.gif).",
)
@size_option(4)
@click.option(
    "--count", type=click.IntRange(1), default=20, show_default=True, help="Number of pulses up, and then as many down."
)
@click.option("--voltage", type=float, metavar="V", help="V  [default: 1.4 times the threshold]")
@click.option("--depression-voltage", type=float, metavar="V", help="Absolute value, V  [default: the same]")
@click.option("--pulse-width", type=float, default=4.0, show_default=True, metavar="ns", help="Length of a pulse, ns.")
@click.option("--rows", metavar="X,X,...", help="Outer-product update: values of the word lines, from -1 to 1.")
@click.option("--columns", metavar="Y,Y,...", help="Values of the bit lines, from -1 to 1.")
@click.option(
    "--slots", type=click.IntRange(1), default=16, show_default=True, help="Number of slots in the pulse trains."
)
@access_options
@time_options
@output_options
def command(
    word_lines: int,
    bit_lines: int,
    count: int,
    voltage: float | None,
    depression_voltage: float | None,
    pulse_width: float,
    rows: str | None,
    columns: str | None,
    slots: int,
    store: Path | None,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Potentiation and depression of a whole array by identical pulses: linearity, symmetry, levels, energy.

    With --rows and --columns, the command applies one outer-product update by coincident pulses instead.  -o FILE.gif
    writes an animation of the states (Oe, nm, Ohm, ns).
    """
    from crossbar.operate.updating import outer_product_update, update_curves

    outer = rows is not None or columns is not None
    check_outputs(outputs, animated=not outer)
    refuse_unused("--rows" if outer else "the curves", _OF_CURVES if outer else ("slots",))
    refuse_unused("a block of cells", ("compensate",))
    if (rows is None) != (columns is None):
        raise InputError("--columns: expected with --rows, got one without the other")
    array, access = ArrayInTime(options), access_from_options(options)
    level = write_voltage(array.parameters, voltage, 1.4)
    width = positive("--pulse-width", pulse_width) * NANOSECOND
    if rows is not None and columns is not None:
        x, y = _signed("--rows", rows), _signed("--columns", columns)
        simulation = array.simulation((len(x), len(y)))
        result = outer_product_update(
            simulation, x, y, voltage=level, width=width, slots=slots, access=access, seed=array.draw(4)
        )
        summary, text = _of_the_outer_product(result)
        deliver(result, summary, text, outputs=outputs, as_json=as_json)
        return
    back = None if depression_voltage is None else positive("--depression-voltage", depression_voltage)
    result = update_curves(
        array.simulation((word_lines, bit_lines)),
        voltage=level,
        width=width,
        count=count,
        depression_voltage=back,
        access=access,
        store=store,
        progress=not quiet,
    )
    names = ("nonlinearity", "asymmetry", "levels", "excursion")
    spread = {name: [float(f(result[name])) for f in (np.min, np.mean, np.max)] for name in names}
    spread["excursion_uS"] = [1e6 * value for value in spread.pop("excursion")]
    summary = {**spread, "energy_per_update_pJ": 1e12 * result.attrs["energy_per_update"]}
    lines = [
        ["nonlinearity (%)", *(100.0 * value for value in spread["nonlinearity"])],
        ["asymmetry (%)", *(100.0 * value for value in spread["asymmetry"])],
        ["levels", *spread["levels"]],
        ["range of the conductance (uS)", *spread["excursion_uS"]],
    ]
    text = f"{table(['', 'least', 'mean', 'most'], lines)}\n{summary['energy_per_update_pJ']:.4g} pJ per cell and pulse"
    deliver(result, summary, text, outputs=outputs, as_json=as_json)


def _signed(name: str, text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"{name}: expected numbers with commas between, such as 1,-0.5,0, got {text!r}") from None


def _of_the_outer_product(result: xr.Dataset) -> tuple[dict[str, Any], str]:
    change, wanted = result.change.values.ravel(), result.expected.values.ravel()
    enough = change.size > 3 and np.ptp(change) > 0.0 and np.ptp(wanted) > 0.0
    correlation = float(np.corrcoef(change, wanted)[0, 1]) if enough else None
    summary = {
        "correlation": correlation,
        "coincidences": int(np.abs(result.coincidences).sum()),
        "energy_pJ": 1e12 * result.attrs["energy"],
        "energy_per_coincidence_pJ": 1e12 * result.attrs["energy_per_coincidence"],
    }
    text = (
        f"{summary['coincidences']} coincidences; "
        f"{'' if correlation is None else f'change against rows x columns: correlation {correlation:.3f}'}\n"
        f"{summary['energy_pJ']:.4g} pJ, {summary['energy_per_coincidence_pJ']:.4g} pJ per coincidence"
    )
    return summary, text
