"""`dwmtj crossbar ...`: studies of arrays; the sub-commands are imported on call."""

from ...lazy_group import LazyGroup

COMMANDS = {
    "solve": "Voltages and currents of one array under a scheme: an IR-drop map.",
    "margin": "Read margins against the array's size, by scheme, and the largest array.",
    "reach": "The largest array against TMR and wires, by scheme.",
    "sneak": "The read current divided into its paths, drawn on the array.",
    "half-select": "What the other cells feel while one is written, against the device's own threshold; power.",
    "write": "Write a cell, cells or rows in time: every wall, with the wires.",
    "program": "Program and verify: pulse, read, decide, until every cell has its level.",
    "disturb": "Who moves when one cell is written or a row is read, again and again.",
    "update": "The array as a synapse: potentiation and depression in place, linearity, levels, energy.",
    "stdp": "Two neurons at the lines of an array: what the timing of their spikes does to every cell.",
    "design": "The largest array that is written and read against the device's size, with levels and retention.",
    "accuracy": "Error of vector-matrix products against size and wires, with the levels of a device.",
    "cost": "Energy, latency and area of a read, a write and a product, with drivers and converters.",
    "export": "The array as a SPICE netlist, of resistors or of devices, or as a graph.",
}

command = LazyGroup(
    name="crossbar",
    package="dwmtj.commands.crossbar",
    commands=COMMANDS,
    help="Arrays of devices with the resistance of every wire: read, write, program, disturb, update.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
