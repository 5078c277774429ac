"""One pulse on many cells, with new states drawn from tables of probabilities."""

import numpy as np
from numpy.typing import NDArray

from compact_model.kernels.jit import kernel


def staying(cumulative: NDArray[np.float64]) -> NDArray[np.float64]:
    """The interval of random numbers in which a cell stays in its state, (track, voltage, state, 2), for
    `draw_states`."""
    states = np.arange(cumulative.shape[3])
    upto = cumulative[:, :, states, states]
    below = np.where(states > 0, cumulative[:, :, states, states - 1], 0.0)
    return np.stack([below, upto], axis=3)


@kernel
def draw_states(voltage, chance, grid, cumulative, stays, track, state):
    """Draw every cell's next state: cells as flat arrays, `chance` uniform from 0 to 1, one for each.

    cumulative: (track, voltage, state, final state), sums over the final states up to and including each; grid: the
    voltages, increasing.  Probabilities are linear between two voltages.  stays: from `staying`, for the same
    probabilities: most cells stay, which this shows without the table, which does not fit into the cache.
    """
    last = cumulative.shape[3] - 1
    for cell in range(state.size):
        volts = voltage[cell]
        upper = 1
        while upper < grid.size - 1 and grid[upper] < volts:
            upper += 1
        share = (volts - grid[upper - 1]) / (grid[upper] - grid[upper - 1])
        line, start, drawn = track[cell], state[cell], chance[cell]
        below = (1.0 - share) * stays[line, upper - 1, start, 0] + share * stays[line, upper, start, 0]
        upto = (1.0 - share) * stays[line, upper - 1, start, 1] + share * stays[line, upper, start, 1]
        if below <= drawn < upto:
            continue
        final = 0
        while final < last:
            low, high = cumulative[line, upper - 1, start, final], cumulative[line, upper, start, final]
            # NaN, of states that a track lacks, also ends it.
            if not (1.0 - share) * low + share * high <= drawn:
                break
            final += 1
        state[cell] = final
