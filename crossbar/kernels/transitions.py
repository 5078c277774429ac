"""One pulse on many cells whose states are drawn from tables of probabilities."""

from compact_model.kernels.jit import kernel


@kernel
def draw_states(voltage, chance, grid, cumulative, track, state):
    """Move every cell's state on: cells as flat arrays, `chance` uniform from 0 to 1, one for each.

    cumulative: (track, voltage, state, final state), sums over the final states up to and with each; grid: the
    voltages, rising.  Between two voltages the probabilities are on a straight line.  The search for the final state
    goes out from the present one, where most cells stay.
    """
    last = cumulative.shape[3] - 1
    for cell in range(state.size):
        upper = 1
        while upper < grid.size - 1 and grid[upper] < voltage[cell]:
            upper += 1
        share = (voltage[cell] - grid[upper - 1]) / (grid[upper] - grid[upper - 1])
        low = cumulative[track[cell], upper - 1, state[cell]]
        high = cumulative[track[cell], upper, state[cell]]
        final = state[cell]
        if (1.0 - share) * low[final] + share * high[final] <= chance[cell]:
            while final < last and (1.0 - share) * low[final] + share * high[final] <= chance[cell]:
                final += 1
        else:
            while final > 0 and (1.0 - share) * low[final - 1] + share * high[final - 1] > chance[cell]:
                final -= 1
        state[cell] = final
