"""The array type of the outer layer."""

import dataclasses
import functools
from typing import Any

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


class ReadOnlyArrays:
    """A frozen dataclass whose arrays are read-only, so that what it keeps of its consequences cannot become wrong.

    Copies are read-only too, also in other processes, and derive everything anew.
    """

    def lock_arrays(self) -> None:
        """To be called when all fields have their final values."""
        self.__setstate__(self.__getstate__())

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            self.__dict__[name] = read_only(value) if isinstance(value, np.ndarray) else value


@functools.cache
def gauss_legendre(points: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on [-1, 1]: computing them takes longer than using them a hundred times."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    return read_only(nodes), read_only(weights)
