"""Devices for other simulators, and from measurements: one open file format, and a module for each simulator."""
