"""The tools to which a device can be exported, by name."""

from collections.abc import Callable

from compact_model.support import validation

from ..learning.pulsed_device import PulsedDevice
from .aihwkit import aihwkit_module
from .crosssim import crosssim_module
from .xbtorch import xbtorch_module

PEERS: dict[str, Callable[[PulsedDevice], str]] = {
    "aihwkit": aihwkit_module,
    "crosssim": crosssim_module,
    "xbtorch": xbtorch_module,
}
"""The function that makes a Python module, by simulator."""


def export_device(device: PulsedDevice, peer: str) -> str:
    """The text of a Python module that defines the device in another tool, one of PEERS; the tool itself is not needed.

    'aihwkit': `device()`, a pulsed device fitted to the table (`aihwkit_device`), and `rpu_config()`; 'crosssim': a
    class with levels, drift and current; 'xbtorch': `device()`, with a table of jumps.  Raises InputError.
    """
    validation.instance("device", device, PulsedDevice)
    return PEERS[validation.choice("peer", peer, PEERS)](device)
