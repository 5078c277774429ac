"""`dwmtj crossbar export`."""

import json
from pathlib import Path
from typing import Any

import click
import numpy as np

from compact_model.device.junction import resistance
from compact_model.device.parameters import applied_field
from crossbar.schemes import SCHEMES, bias

from ...options.array import size_option, wire_options, wires_from_options
from ...options.device import device_from_options, device_options
from ...options.drive import field_from, field_option
from ...options.help import Command
from ...output import check_file, overwrite_option, write_text


@click.command(
    name="export",
    cls=Command,
    examples=[
        "crossbar export --format devices -o array.cir",
        "crossbar export --word-lines 8 --bit-lines 8 --scheme V/2 -o array.cir",
    ],
    writes="The text of the array, to the screen or to the file of -o.",
)
@size_option(4)
@click.option(
    "--format",
    "language",
    type=click.Choice(["resistors", "devices", "graph"]),
    default="resistors",
    show_default=True,
    help="A netlist of resistors or of devices, or a networkx graph as JSON.",
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File  [default: standard output]"
)
@overwrite_option
@click.option("--scheme", type=click.Choice(SCHEMES), default="V/2", show_default=True)
@click.option(
    "--voltage", type=float, default=0.1, show_default=True, metavar="V", help="Voltage of the selected line, V."
)
@field_option
@wire_options
@device_options
def command(
    word_lines: int,
    bit_lines: int,
    language: str,
    output: Path | None,
    scheme: str,
    voltage: float,
    external_field: float | None,
    **options: Any,
) -> None:
    """The array with its wires, sources and devices (walls in their wells) as text for other tools."""
    from crossbar.crossbar import Crossbar
    from crossbar.in_time.domain_walls import DomainWalls

    if output is not None:
        check_file(output)
    wires = wires_from_options(options)
    parameters, landscape, _ = device_from_options(options)
    shape = (word_lines, bit_lines)
    position = np.full(shape, landscape.wells[0].centre)
    stuck = wires.between(parameters.parallel_resistance, float(resistance(parameters, 0.0)))
    array = Crossbar(resistance=resistance(parameters, position), **stuck.keywords())
    held = bias(scheme, shape, voltage, word_line=0, bit_line=bit_lines - 1)
    if language == "graph":
        import networkx as nx

        from crossbar.network.graph import to_networkx

        graph = to_networkx(array.network(held.floating_word_lines, held.floating_bit_lines))
        text = json.dumps(nx.node_link_data(graph, edges="edges"), default=str) + "\n"
    else:
        from spice.netlists.array import array_netlist

        if language == "devices":
            field = applied_field(parameters, field_from(external_field))
            walls = DomainWalls(parameters, landscape, position, external_field=field)
            array = Crossbar(cells=walls, **wires.keywords())
        text = array_netlist(array, held)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_text(output, text)
        click.echo(f"{output} written ({len(text.splitlines())} lines)", err=True)
