"""The arrays that the kernels of the iterative solver read.

Row lines are eliminated exactly and column lines iterated on; the caller decides which of them are the word lines. With
w on the nodes of the row lines, b on those of the column lines, G the cells, T the wires and ends of a line,

    (Tw + G) w = G b + sources,   S b = (Tb + G - C) b = right-hand side,   C = G (Tw + G)^-1 G.

Tw and Tb also contain the lines' shunts, the conductance from each of a line's nodes to ground.

The tridiagonal Tw + G of a row is stored as the factors f of y_j = f_j (R x_j + y_(j-1)), z_j = y_j + f_j z_(j+1),
where R is the resistance of the row's segments; f_j = g / (g + s_j) with g = 1/R and s_j the conductance to ground of
node j and all to its left.  All terms are positive, so the factors are accurate entry by entry; f = 0 is a node held by
its source.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
AnyArray = NDArray[np.floating]

LANES = 16
"""Number of rows that are solved side by side: one vector of float32, two of float64."""
WIDTH = 256
"""Largest number of columns per sweep along them; narrower bands lose time between their rows."""
LEAST_WIDTH = 64
"""Least number of columns for which a sweep is divided among threads."""
SUMS = 6
"""Largest number of sums that a kernel computes at once."""
SCALARS = 19


class System(NamedTuple):
    """The equations, in float64; N rows, M columns."""

    conductance: FloatArray  # (N, M)
    ideal_rows: bool  # the rows' wires have no resistance: a row is one node
    row_factor: FloatArray  # (blocks of LANES rows, M, LANES); not read for ideal rows
    row_resistance: FloatArray  # (N,) R of a segment; of the whole row, its shunts included, to ground for ideal rows
    row_start_share: FloatArray  # (N,) share of the source's voltage in y_0 (in w for ideal rows)
    row_stop_share: FloatArray  # (N,) the same for y_(M-1)
    column_wire: FloatArray  # (M,) conductance of a segment
    column_start: FloatArray  # (M,) conductance of the end; 0 where it is open or holds its node
    column_stop: FloatArray  # (M,)
    column_start_free: FloatArray  # (M,) 0 where the first node is held by its source, else 1
    column_stop_free: FloatArray  # (M,)
    column_shunt: FloatArray  # (M,) from each node of the column to ground
    no_source: FloatArray  # (LANES,) zeros
    shunted: bool  # a column has a shunt; otherwise the kernels skip the shunts


class Preconditioner(NamedTuple):
    """An approximate inverse of S, in float32; conductances in units of `unit`."""

    conductance: AnyArray  # (N, M)
    ideal_rows: bool
    row_factor: AnyArray  # as in System
    row_resistance: AnyArray  # (N,)
    column_factor: AnyArray  # (N, M) of Tb + G, as the rows' factors
    column_resistance: AnyArray  # (M,)
    modes: AnyArray  # (M, K) slow modes of the rows' mean wires, orthonormal
    modes_transposed: AnyArray  # (K, M)
    mode_factor: AnyArray  # (N, K) of one equation along the columns per mode
    mode_resistance: AnyArray  # (K,)
    bias: AnyArray  # (1,) added in the sweeps: far below every value, it prevents denormal numbers
    no_source: AnyArray  # (LANES,) zeros
    unit: float  # S
    largest: float  # the largest cell conductance, S


class Drive(NamedTuple):
    """Source voltages of one input (0 at open ends), and the currents of sources at the nodes."""

    row_start: FloatArray  # (N,)
    row_stop: FloatArray
    column_start: FloatArray  # (M,)
    column_stop: FloatArray
    fed: FloatArray  # (N, M) A, by current sources into each row node; (0, 0): none
    drawn: FloatArray  # (N, M) A, by current sources out of each column node; (0, 0): none


class Inputs(NamedTuple):
    """The drives of K inputs."""

    row_start: FloatArray  # (K, N), 0 at open ends
    row_stop: FloatArray
    column_start: FloatArray  # (K, M)
    column_stop: FloatArray
    fed: FloatArray  # (K, N, M) A, as in Drive; (0, 0, 0): none
    drawn: FloatArray
    nothing: FloatArray  # (0, 0)


class Workspace(NamedTuple):
    """Arrays that a solve by T threads needs in addition to its results."""

    residual: FloatArray  # (N, M)
    direction: FloatArray  # (2, N, M): the present and the previous one, alternating
    image: FloatArray
    first: AnyArray  # (N, M) of the preconditioner's type
    second: AnyArray
    mode_values: AnyArray  # (N, modes)
    sums: FloatArray  # (max(blocks, M), SUMS)
    lanes: FloatArray  # (T, M, LANES)
    rows: FloatArray  # (T, LANES, M)
    lines: FloatArray  # (T, SUMS, max(M, WIDTH))
    short_lanes: AnyArray  # as lanes, of the preconditioner's type
    short_rows: AnyArray
    scalars: FloatArray  # (SCALARS,) of the leading thread; the others read the first of them


class Results(NamedTuple):
    """The results of a solve, for K inputs."""

    voltage: FloatArray  # (K, N, M) of the column nodes
    rows_voltage: FloatArray  # (K, N, M)
    current: FloatArray  # (K, N, M) from the row node to the column node
    iterations: NDArray[np.int64]  # (K,)
    measured: FloatArray  # (K,)
    ending: NDArray[np.int64]  # (K,)
