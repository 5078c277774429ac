"""Nodal analysis written by hand: conductances between all nodes of an array, solved as one dense system."""

import numpy as np


def half_select_current(ohms, cell, segment, load=0.0):
    """The current out of the selected bit line at 1 V, A, with the other lines at 0.5 V.

    ohms: (word lines, bit lines); segment: Ohm, of all lines, to their sources as well; load: Ohm, behind the bit line.
    """
    words, bits = ohms.shape
    matrix, entering = np.zeros((2 * words * bits,) * 2), np.zeros(2 * words * bits)
    node = np.arange(2 * words * bits).reshape(2, words, bits)
    pairs = [(node[0].ravel(), node[1].ravel(), 1.0 / ohms.ravel())]
    pairs += [(node[0, :, :-1].ravel(), node[0, :, 1:].ravel(), 1.0 / segment)]
    pairs += [(node[1, :-1].ravel(), node[1, 1:].ravel(), 1.0 / segment)]
    for first, second, siemens in pairs:
        for one, other in ((first, second), (second, first)):
            np.add.at(matrix, (one, one), siemens)
            np.add.at(matrix, (one, other), -np.broadcast_to(siemens, one.shape))
    sense = np.full(bits, segment)
    sense[cell[1]] += load
    held = np.full(bits, 0.5)
    held[cell[1]] = 0.0
    driven = np.full(words, 0.5)
    driven[cell[0]] = 1.0
    for ends, siemens, volts in ((node[0, :, 0], 1.0 / segment, driven), (node[1, -1], 1.0 / sense, held)):
        np.add.at(matrix, (ends, ends), siemens)
        np.add.at(entering, ends, siemens * volts)
    voltage = np.linalg.solve(matrix, entering)
    return (voltage[node[1, -1, cell[1]]] - held[cell[1]]) / sense[cell[1]]


def half_select_margin(ohms, cell, low, high, segment, kind, load):
    """The margin between two resistances of a cell before a background, Ohm; load: of the voltage margin."""
    currents = []
    for value in (low, high):
        present = ohms.copy()
        present[cell] = value
        currents.append(half_select_current(present, cell, segment, load if kind == "voltage" else 0.0))
    difference = currents[0] - currents[1]
    return load * difference if kind == "voltage" else difference / currents[0]
