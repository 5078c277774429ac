"""Micromagnetics of the wall as in the paper: one layer of a stripe, by finite differences."""
