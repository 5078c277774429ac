"""Products of matrices in the inner loops of learning, in one thread.

A BLAS library divides larger products among threads that wait for each other in a loop.  On a machine whose cores are
busy with other work, such a product takes a hundred times as long, and learning as a whole ten times.
"""

import numpy as np

from compact_model.support.arrays import FloatArray

_MOST_BY_BLAS = 8192
"""Multiplications up to which BLAS libraries use one thread; OpenBLAS uses more for a matrix of 9216 and a vector."""


def product(left: FloatArray, right: FloatArray) -> FloatArray:
    """left @ right, of shapes (rows, terms) and (terms, columns)."""
    if left.size * right.shape[1] <= _MOST_BY_BLAS:
        by_library: FloatArray = left @ right
        return by_library
    result: FloatArray = np.einsum("ij,jk->ik", left, right)
    return result


def inner_product(left: FloatArray, right: FloatArray) -> float:
    """The sum of left times right over all elements of two matrices."""
    return float(np.einsum("ij,ij->", left, right))
