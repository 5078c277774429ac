"""Faults and ageing of an array: stuck cells, broken and shorted lines, and walls that leave their places with time."""
