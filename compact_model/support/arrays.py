"""The array type of the outer layer."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
"""Numbers in SI, float64."""
IntArray = NDArray[np.int64]
"""An array of int64."""


def read_only(array: FloatArray) -> FloatArray:
    """A view that nobody writes to.

    numba compiles a kernel once more for arrays that may not be written to.  A kernel that only reads gets its arrays
    so, whatever they were, and is compiled once.
    """
    view = array.view()
    view.flags.writeable = False
    return view
