"""Devices for other people's tools, and from their measurements: one open file, and a module for each tool."""
