"""One device: its parameters, its junction, and published and ready-made parameter sets."""
