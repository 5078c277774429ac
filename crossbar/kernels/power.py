"""Power dissipated in the wires and at their ends."""

import numpy as np

from compact_model.kernels.jit import inner_kernel, kernel


@inner_kernel
def _at_ends(start, stop, start_current, stop_current):
    total = 0.0
    if start < np.inf:
        total += start * start_current**2
    if stop < np.inf:
        total += stop * stop_current**2
    return total


@kernel
def word_line_heat(leaving, segment, start, stop, start_current, stop_current):
    """The power of all word lines, W, from the currents that leave their nodes (N, M) and enter their ends (N,)."""
    words, bits = leaving.shape
    total = 0.0
    for line in range(words):
        inside = start_current[line]
        squares = 0.0
        for node in range(bits - 1):
            inside -= leaving[line, node]
            squares += inside * inside
        total += segment[line] * squares
        total += _at_ends(start[line], stop[line], start_current[line], stop_current[line])
    return total


@kernel
def bit_line_heat(entering, segment, start, stop, start_current, stop_current):
    """The same for the bit lines, from the currents that enter their nodes (N, M) and their ends (M,)."""
    words, bits = entering.shape
    inside = start_current.copy()
    squares = np.zeros(bits)
    for node in range(words - 1):
        for line in range(bits):
            inside[line] += entering[node, line]
            squares[line] += inside[line] * inside[line]
    total = 0.0
    for line in range(bits):
        total += segment[line] * squares[line]
        total += _at_ends(start[line], stop[line], start_current[line], stop_current[line])
    return total
