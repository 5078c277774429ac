"""`dwmtj crossbar cost`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from compact_model.constants import NANOMETRE, NANOSECOND
from compact_model.support.validation import non_negative, positive
from crossbar.schemes import SCHEMES

from ...options.array import size_option, wire_options, wires_from_options
from ...options.device import device_from_options, device_options
from ...options.help import Command
from ...output import check_outputs, deliver, key, output_options, table

_FEMTO, _PICO = 1e-15, 1e-12
_ANSWERED = (
    ("latency", "ns", 1e9),
    ("power", "mW", 1e3),
    ("array_energy", "pJ", 1e12),
    ("charging_energy", "pJ", 1e12),
    ("driver_energy", "pJ", 1e12),
    ("converter_energy", "pJ", 1e12),
    ("energy", "pJ", 1e12),
)
_AREAS = ("cell_area", "driver_area", "converter_area", "area")


@click.command(
    name="cost",
    cls=Command,
    examples=[
        "crossbar cost --word-lines 64 --bit-lines 32 --wire-capacitance 0.1 -o cost.png",
        "crossbar cost --converter-bits 5 --bit-lines-per-converter 16 --json",
    ],
    writes="Every part of energy, latency and area (.nc), the energies as bars (.png, .pdf, .svg).",
)
@size_option(16)
@click.option(
    "--read-voltage", type=float, default=0.05, show_default=True, metavar="V", help="Voltage of an input of 1, V."
)
@click.option("--voltage", type=float, metavar="V", help="Write voltage, V  [default: 1.5 times the threshold]")
@click.option(
    "--pulse-width", type=float, default=4.0, show_default=True, metavar="ns", help="Length of a write pulse, ns."
)
@click.option("--scheme", type=click.Choice(SCHEMES), default="V/2", show_default=True, help="Bias scheme of a write.")
@click.option(
    "--wire-capacitance",
    type=float,
    default=0.1,
    show_default=True,
    metavar="fF",
    help="Capacitance of a segment of wire, fF.",
)
@click.option(
    "--converter-bits",
    type=click.IntRange(1, 24),
    default=8,
    show_default=True,
    help="Resolution of the converters, bits.",
)
@click.option(
    "--converter-energy",
    type=float,
    default=1.5625,
    show_default=True,
    metavar="pJ",
    help="Energy of a conversion at 8 bits, pJ.",
)
@click.option(
    "--converter-time", type=float, default=0.78125, show_default=True, metavar="ns", help="Time of a conversion, ns."
)
@click.option(
    "--bit-lines-per-converter",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Bit lines that share a converter, read in turn.",
)
@click.option(
    "--driver-power",
    type=float,
    default=0.00390625,
    show_default=True,
    metavar="mW",
    help="Power of a word line's driver, mW.",
)
@click.option(
    "--feature-size",
    type=float,
    default=32.0,
    show_default=True,
    metavar="nm",
    help="Feature size F of the process, nm.",
)
@click.option("--cell-area", type=float, default=4.0, show_default=True, help="Area of a cell, in units of F^2.")
@wire_options
@device_options
@output_options
def command(
    word_lines: int,
    bit_lines: int,
    read_voltage: float,
    voltage: float | None,
    pulse_width: float,
    scheme: str,
    wire_capacitance: float,
    converter_bits: int,
    converter_energy: float,
    converter_time: float,
    bit_lines_per_converter: int,
    driver_power: float,
    feature_size: float,
    cell_area: float,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Energy, latency and area of a read, a write and a product, with drivers and converters (Oe, nm, Ohm, ns).

    All devices have their lowest resistance, at which an array takes the most power.
    """
    from crossbar.cells import Junctions
    from crossbar.crossbar import Crossbar
    from crossbar.studies.costing import Periphery, cost

    check_outputs(outputs)
    farad = non_negative("--wire-capacitance", wire_capacitance) * _FEMTO
    wires = replace(wires_from_options(options), word_line_capacitance=farad, bit_line_capacitance=farad)
    parameters, _, _ = device_from_options(options)
    periphery = Periphery(
        converter_bits=converter_bits,
        converter_energy=non_negative("--converter-energy", converter_energy) * _PICO,
        converter_time=non_negative("--converter-time", converter_time) * NANOSECOND,
        bit_lines_per_converter=bit_lines_per_converter,
        driver_power=non_negative("--driver-power", driver_power) * 1e-3,
        feature_size=positive("--feature-size", feature_size) * NANOMETRE,
        cell_area=positive("--cell-area", cell_area),
    )
    cells = Junctions(parameters, np.full((word_lines, bit_lines), parameters.track_length))
    result = cost(
        Crossbar(cells=cells, **wires.keywords()),
        write_voltage=1.5 * parameters.threshold_voltage if voltage is None else voltage,
        write_width=positive("--pulse-width", pulse_width) * NANOSECOND,
        read_voltage=read_voltage,
        scheme=scheme,
        periphery=periphery,
    )
    summary: dict[str, Any] = {"operations": result.operation.values.tolist()}
    summary |= {key(name, unit): (factor * result[name]).values.tolist() for name, unit, factor in _ANSWERED}
    summary |= {key(name, "um2"): 1e12 * float(result[name]) for name in _AREAS}
    summary |= {key("operations_per_energy", "1/pJ"): 1e-12 * float(result.products_per_energy)}
    rows = [
        [name, *(float(factor * result[column].sel(operation=name)) for column, _, factor in _ANSWERED)]
        for name in result.operation.values.tolist()
    ]
    headers = ["", *(f"{name.removesuffix('_energy').replace('_', ' ')} {unit}" for name, unit, _ in _ANSWERED)]
    text = table(headers, rows)
    areas = ", ".join(f"{name.removesuffix('_area')} {1e12 * float(result[name]):.4g}" for name in _AREAS)
    text += f"\num2: {areas}; {1e-12 * float(result.products_per_energy):.4g} multiplications and additions per pJ"
    deliver(result, summary, text, outputs=outputs, as_json=as_json)
