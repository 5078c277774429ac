"""When a uniform device forms its wall."""

import itertools
import math

import numpy as np
from numpy.typing import ArrayLike

from ..drive import Drive
from ..results import electrical_state
from ..support import validation
from ..support.arrays import FloatArray
from .parameters import DeviceParameters

UNIFORM_STATES = ("AP", "P")
_BISECTIONS = 50


def nucleation_time(parameters: DeviceParameters, drive: Drive, state: str, times: ArrayLike) -> float:
    """When a uniform device ('AP' or 'P') forms its wall, s; inf: not between the first and the last time.

    The first moment at which J in the torques reaches nucleation_current_density, with J > 0 for AP and J < 0 for P.
    """
    when = validation.increasing("times", times)
    share, sign = (1.0, 1.0) if state == "AP" else (0.0, -1.0)
    threshold = parameters.nucleation_current_density

    def excess(time: FloatArray) -> FloatArray:
        _, _, density = electrical_state(parameters, drive, time, np.full(time.shape, share))
        return sign * density - threshold

    start, stop = float(when[0]), float(when[-1])
    marks = np.unique([start, stop, *drive.waveform.edges(start, stop), *drive.waveform.knots(start, stop)])
    # Between two edges a waveform is smooth: twenty points find where it first exceeds, and bisection the moment.
    inner = np.linspace(0.0, 1.0, 21)
    for begin, end in itertools.pairwise(marks):
        grid = begin + (end - begin) * inner
        grid[-1] = np.nextafter(end, begin)
        above = excess(grid) >= 0.0
        if above.any():
            first = int(np.argmax(above))
            if first == 0:
                return float(begin)
            low, high = grid[first - 1], grid[first]
            for _ in range(_BISECTIONS):
                middle = 0.5 * (low + high)
                low, high = (low, middle) if excess(np.array([middle]))[0] >= 0.0 else (middle, high)
            return float(high)
    return math.inf
