"""The parts of `dwmtj run`."""
