"""Common parts of the Python modules for other simulators: their origin, and the format of numbers."""

import pprint
from typing import Any

from compact_model.support.provenance import release

from ..learning.pulsed_device import PulsedDevice


def header(device: PulsedDevice, tool: str, *, usage: str = "", imports: str = "") -> str:
    """The module's docstring, with its use, its imports and its first constants."""
    low, high = device.conductance_range()
    return f'''"""A device with {device.levels} levels for {tool}, written by dwmtj {release()}.

Pulses of {device.voltage:.4g} V and {1e9 * device.width:.4g} ns.  A weight of -1 is {low:.6g} S, one of 1 {high:.6g} S.
{usage}"""

{imports}
LOWEST_CONDUCTANCE, HIGHEST_CONDUCTANCE = {low!r}, {high!r}  # S
'''


def listed(values: Any) -> str:
    """Numbers, or lists and dictionaries of them, as Python text of six significant digits."""
    return pprint.pformat(_rounded(values), width=110, sort_dicts=False, compact=True)


def _rounded(values: Any) -> Any:
    if isinstance(values, dict):
        return {name: _rounded(each) for name, each in values.items()}
    if isinstance(values, list | tuple):
        return [_rounded(each) for each in values]
    return float(f"{values:.6g}") if isinstance(values, float) else values
