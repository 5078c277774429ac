"""Advances ringing walls by whole periods at a time with Chebyshev polynomials; see `compact_model.ringing`."""

import numpy as np

from .jit import inlined, kernel


@inlined
def _both(table, place):
    """The decay and the period at a place in [-1, 1] from coefficients (terms, 2), by Clenshaw's recurrence."""
    twice = 2.0 * place
    decay = period = decay_before = period_before = 0.0
    for term in range(table.shape[0] - 1, 0, -1):
        decay, decay_before = table[term, 0] + twice * decay - decay_before, decay
        period, period_before = table[term, 1] + twice * period - period_before, period
    return table[0, 0] + place * decay - decay_before, table[0, 1] + place * period - period_before


@kernel
def lead_over_periods(first, every, table, index, reach, difference, time):
    """Subtract as many periods as fit from the time, s, of the walls first, first + every, ..., and advance the
    differences of their angles, rad, by them.

    table: (devices, levels, terms, 2), levels of the most periods first; index: the devices of the walls; reach,
    difference and time: shape (walls,), the last two of which are modified in place.
    """
    for wall in range(first, index.size, every):
        for level in range(table.shape[1]):
            while True:
                place = 2.0 * difference[wall] / reach[wall] - 1.0
                decay, period = _both(table[index[wall], level], place)
                if not period <= time[wall]:
                    break
                difference[wall] *= np.exp(decay)
                time[wall] -= period
