"""Plots of array results; importing this registers them with the `dwmtj` accessor."""

from . import in_time, learning, studies  # noqa: F401 (each registers its plots)
