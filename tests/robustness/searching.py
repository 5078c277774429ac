"""How long a search is: short and the same every time in the test suite, longer and new in `make robustness`."""

import os

from hypothesis import HealthCheck, settings

FACTOR = int(os.environ.get("ROBUSTNESS_FACTOR", "1"))


def searching(examples: int) -> settings:
    """Settings of a target that gets so many examples in the short run."""
    return settings(
        max_examples=examples * FACTOR,
        derandomize=FACTOR == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
