"""The methods of integration and their default settings.

They are separate from the solvers, so the command line can show them without loading compiled code."""

METHODS = ("adaptive", "rk4", "heun")
REFERENCE_STEP = 5e-12
"""Step of the paper's RK4, s."""
RETENTION_STEP = 20e-12
"""Step of the stochastic Heun method in runs that wait for an escape, s; its weak error is far below the statistics."""
DEFAULT_TOLERANCE = 3e-9
"""Local error of the adaptive method, in rad for phi and in wall widths for x.

Over 1 us of precession through wells it leaves less than 1e-6 rad and 1e-4 nm.  Recorded states between two steps are
interpolated, with an estimated error of at most five times this."""
