"""Walls over times too long to integrate: escape rates, and sweeps as slow as a laboratory's."""
