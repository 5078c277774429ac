"""Which lines have a path to a source."""

import numpy as np

from compact_model.kernels.jit import kernel


@kernel
def reached_lines(conductance, word_grounded, bit_grounded):
    """The word lines and the bit lines, as two arrays of truth values, that reach a grounded line through cells.

    Breadth first, each line's cells read once; it stops when all are reached, which is soon in a dense array.
    """
    words, bits = conductance.shape
    word_reached = word_grounded.copy()
    bit_reached = bit_grounded.copy()
    queue = np.empty(words + bits, dtype=np.int64)
    stop = 0
    for word in range(words):
        if word_reached[word]:
            queue[stop] = word
            stop += 1
    for bit in range(bits):
        if bit_reached[bit]:
            queue[stop] = words + bit
            stop += 1
    begin = 0
    while begin < stop and stop < words + bits:
        line = queue[begin]
        begin += 1
        if line < words:
            for bit in range(bits):
                if not bit_reached[bit] and conductance[line, bit] > 0.0:
                    bit_reached[bit] = True
                    queue[stop] = words + bit
                    stop += 1
        else:
            for word in range(words):
                if not word_reached[word] and conductance[word, line - words] > 0.0:
                    word_reached[word] = True
                    queue[stop] = word
                    stop += 1
    return word_reached, bit_reached
