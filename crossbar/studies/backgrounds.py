"""The states of the cells that are not read: the patterns that are usually the worst."""

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def patterns(shape: tuple[int, int], word_line: int, bit_line: int) -> dict[str, Mask]:
    """Backgrounds by name, True where a device has the low resistance; the selected cell is set when it is read."""
    words, bits = shape
    rows, columns = np.indices(shape)
    on_row, on_column = rows == word_line, columns == bit_line
    return {
        "all low": np.ones((words, bits), dtype=bool),
        "all high": np.zeros((words, bits), dtype=bool),
        "selected lines high": ~(on_row | on_column),
        "selected lines low": on_row | on_column,
        "selected word line high": ~on_row,
        "selected bit line high": ~on_column,
        "selected word line low": on_row,
        "selected bit line low": on_column,
        "checkerboard": (rows + columns) % 2 == 0,
    }
