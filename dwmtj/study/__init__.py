"""Studies: what is measured, on devices that are drawn, at every point of a grid; on one machine or on many."""
