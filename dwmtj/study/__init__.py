"""Studies: one quantity measured on random devices at every point of a grid, on one machine or on many."""
