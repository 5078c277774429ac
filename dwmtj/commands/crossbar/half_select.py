"""`dwmtj crossbar half-select`."""

from pathlib import Path
from typing import Any

import click

from crossbar.schemes import SCHEMES

from ...options.array import numbers_from, scheme_option, sizes_option, wire_options, wires_from_options
from ...options.device import device_from_options, device_options
from ...options.help import Command
from ...output import check_outputs, deliver, key, output_options, table

_ANSWERED = (
    ("selected_voltage", "V", 1.0),
    ("worst_voltage", "V", 1.0),
    ("write_margin", "", 1.0),
    ("disturb_margin", "", 1.0),
    ("power", "mW", 1e3),
)


@click.command(
    name="half-select",
    cls=Command,
    examples=[
        "crossbar half-select --sizes 2,4,8,16 --wire-resistance 0.1 -o half-select.png",
        "crossbar half-select --scheme V/3 --json",
    ],
    writes="Voltages and power for each scheme and size (.nc), curves of these (.png, .pdf, .svg).",
)
@sizes_option("2,4,8,16,32,64")
@scheme_option
@click.option("--voltage", type=float, metavar="V", help="Write voltage, V  [default: 1.5 times the threshold]")
@wire_options
@device_options
@output_options
def command(
    sizes: str,
    schemes: tuple[str, ...],
    voltage: float | None,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Voltages on the selected cell and on the worst other cell during a write, relative to the Walker threshold.

    All walls are at the P end, which is the heaviest load.  The power is printed as well (Oe, nm, Ohm).
    """
    from crossbar.studies.writing import half_select

    check_outputs(outputs)
    wires = wires_from_options(options)
    parameters, _, _ = device_from_options(options)
    result = half_select(
        parameters,
        numbers_from("--sizes", sizes, int),
        write_voltage=voltage,
        schemes=schemes or SCHEMES,
        wires=wires,
    )
    rows = []
    for scheme in result.scheme.values:
        for size in result["size"].values:
            one = result.sel(scheme=scheme, size=size)
            rows.append(
                [
                    str(scheme),
                    int(size),
                    float(one.selected_voltage),
                    float(one.worst_voltage),
                    f"{100.0 * float(one.write_margin):.0f}",
                    f"{100.0 * float(one.disturb_margin):.0f}",
                    1e3 * float(one.power),
                ]
            )
    headers = ["scheme", "lines", "selected V", "worst other V", "write margin %", "disturb margin %", "power mW"]
    text = (
        f"threshold {result.attrs['threshold_voltage']:.4g} V, write voltage {result.attrs['write_voltage']:.4g} V\n"
        f"{table(headers, rows)}"
    )
    summary = {
        "threshold_V": result.attrs["threshold_voltage"],
        "write_voltage_V": result.attrs["write_voltage"],
        "sizes": result["size"].values.tolist(),
        **{
            key(name, unit): {
                str(s): (scale * result[name]).sel(scheme=s).values.tolist() for s in result.scheme.values
            }
            for name, unit, scale in _ANSWERED
        },
    }
    deliver(result, summary, text, outputs=outputs, as_json=as_json)
