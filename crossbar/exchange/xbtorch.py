"""A device as a `TabularDevice` of XBTorch: jumps of the conductance drawn from a table for each level.

XBTorch: https://github.com/ADAM-Lab-GW/xbtorch.  It takes the jump whose entry of the table is nearest to a random
number, so the entries are not cumulative probabilities, as its files call them.  Here each jump has a number of entries
given by its probability, evenly spaced from 0 to 1, and all others lie far outside.
"""

import numpy as np

from compact_model.support.arrays import FloatArray

from ..learning.pulsed_device import PulsedDevice
from .modules import header, listed
from .stepping import chain_of, stable_states

_ENTRIES = 128  # of each row: probabilities in steps of 1/128
_FAR = 9.0


def xbtorch_module(device: PulsedDevice) -> str:
    """A Python module with `device()`, an `xbtorch.devices.base.TabularDevice`: the mean of all tracks, level by level.

    Raises InputError.
    """
    stable = stable_states(device)
    count = int(stable.sum(axis=1).min())
    conductance = device.table.conductance.transpose("track", "state").values
    levels = np.mean([each[kept][:count] for each, kept in zip(conductance, stable, strict=True)], axis=0)
    pitch = float(levels[-1] - levels[0]) / (count - 1)
    tables = {}
    for name, way in (("SET", 1.0), ("RESET", -1.0)):
        chains = zip(chain_of(device, way), stable, strict=True)
        mean = np.mean([_settled(chain, kept)[:count, :count] for chain, kept in chains], axis=0)
        tables[name] = _counts(mean)
    body = f'''
LEVELS = {listed(levels.tolist())}  # S
PITCH = {pitch!r}  # S, of a jump of 1
ENTRIES = {_ENTRIES}
# Of each level, a row: how many of the entries jump by so many levels, from {1 - count} to {count - 1}.
SET = {listed(tables["SET"])}
RESET = {listed(tables["RESET"])}


def device():
    """The device, for `xbtorch.initialize(device_model=...)`; a pulse is one of the table's."""
    import numpy as np
    from xbtorch.devices.base import TabularDevice

    def files(counts):
        reach = {{jump for row in counts for jump in row}}
        jumps = sorted(reach)
        axis = np.repeat(jumps, ENTRIES) * PITCH
        entries = np.full((len(counts), len(jumps), ENTRIES), {_FAR})
        for level, row in enumerate(counts):
            begin = 0
            for place, jump in enumerate(jumps):
                taken = row.get(jump, 0)
                entries[level, place, :taken] = (begin + np.arange(taken) + 0.5) / ENTRIES
                begin += taken
        rows = [[repr(float(each)) for each in row] for row in entries.reshape(len(counts), -1)]
        text = [repr(float(each)) for each in LEVELS], [repr(float(each)) for each in axis]
        return *text, [" ".join(row) for row in rows]

    return TabularDevice(*files(RESET), *files(SET), max_level=round(2 * len(LEVELS)))
'''
    return header(device, "XBTorch (tried with 1.0.0)") + body


def _settled(chain: FloatArray, stable: FloatArray) -> FloatArray:
    """The chain between the states at which a device stays; other final states count as the nearest of them."""
    kept = np.flatnonzero(stable)
    result = chain[np.ix_(kept, kept)].copy()
    result[:, 0] += chain[kept, : kept[0]].sum(axis=1)
    result[:, -1] += chain[kept, kept[-1] + 1 :].sum(axis=1)
    return result


def _counts(chain: FloatArray) -> list[dict[int, int]]:
    """For each level the jumps with their numbers of entries, which add up to _ENTRIES, by largest remainders."""
    rows = []
    for level, shares in enumerate(chain):
        exact = shares / shares.sum() * _ENTRIES
        whole = np.floor(exact).astype(int)
        order = np.argsort(whole - exact, kind="stable")
        whole[order[: _ENTRIES - whole.sum()]] += 1
        rows.append({int(final) - level: int(n) for final, n in enumerate(whole) if n})
    return rows
