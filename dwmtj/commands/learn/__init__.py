"""`dwmtj learn ...`: handwritten digits on arrays; the sub-commands are imported on call."""

from ...lazy_group import LazyGroup

COMMANDS = {
    "inference": "Weights trained in floating point on devices: accuracy against levels, variation, wires.",
    "supervised": "One layer trained in place by outer products of pulses.",
    "autonomous": "Spikes that read the array and, by their timing alone, change it; with and without read disturb.",
    "unsupervised": "Spiking outputs that compete and sort images by themselves, against the levels of a device.",
}

command = LazyGroup(
    name="learn",
    package="dwmtj.commands.learn",
    commands=COMMANDS,
    help="Learning scikit-learn's 8 x 8 handwritten digits (1797 images) on arrays of devices.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
