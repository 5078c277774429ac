"""The time at which a uniform device forms its wall."""

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
_FIRST_STRETCHES = 16  # between edges of the drive, examined in the first call


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
    # Between two edges a waveform is smooth: twenty points find where it first exceeds the threshold, and bisection
    # finds the moment.  Each call examines many stretches, and more of them the longer nothing is found.
    inner = np.linspace(0.0, 1.0, 21)
    done, count = 0, _FIRST_STRETCHES
    while done < marks.size - 1:
        begin, end = (some[:, np.newaxis] for some in (marks[:-1][done : done + count], marks[1:][done : done + count]))
        grid = begin + (end - begin) * inner
        grid[:, -1] = np.nextafter(end, begin)[:, 0]
        above = (excess(grid.ravel()) >= 0.0).reshape(grid.shape)
        if above.any():
            stretch, first = (int(index) for index in np.unravel_index(np.argmax(above), above.shape))
            if first == 0:
                return float(grid[stretch, 0])
            low, high = grid[stretch, first - 1], grid[stretch, first]
            for _ in range(_BISECTIONS):
                middle = 0.5 * (low + high)
                low, high = (low, middle) if excess(np.array([middle]))[0] >= 0.0 else (middle, high)
            return float(high)
        done, count = done + count, 4 * count
    return math.inf
