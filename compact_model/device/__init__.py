"""One device: its parameters, its junction, and the published and ready-made sets of both."""
