"""The array type of the outer layer."""

import functools

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
"""Numbers in SI, float64."""
IntArray = NDArray[np.int64]
"""An array of int64."""


def read_only(array: FloatArray) -> FloatArray:
    """A read-only view.

    numba compiles a kernel once more for read-only arrays.  A kernel that only reads gets all its arrays in this form,
    and so is compiled once.
    """
    view = array.view()
    view.flags.writeable = False
    return view


@functools.cache
def gauss_legendre(points: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on [-1, 1]: computing them takes longer than using them a hundred times."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    return read_only(nodes), read_only(weights)
