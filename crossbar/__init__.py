"""Crossbars: arrays of devices between word lines and bit lines, with the resistance of every segment of wire.

`network.Network` holds the numbers, `solve.solve_network` finds all voltages and currents.
"""
