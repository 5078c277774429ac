"""The type of the arrays that the outer layer hands about."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
"""Numbers in SI, float64."""
IntArray = NDArray[np.int64]
"""An array of int64."""
