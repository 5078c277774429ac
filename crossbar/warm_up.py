"""`python -m crossbar.warm_up`: compile every kernel once, so that it is on disk when it is needed."""

import numpy as np

from .network import Network, Sources
from .single_cell import CellUpdates
from .solve import solve_network


def compile_kernels() -> None:
    """Solve arrays that take each way through the kernels."""
    for lines, inputs in ((8, 1), (128, 1), (128, 2)):
        ones, infinite = np.ones(lines), np.full(lines, np.inf)
        network = Network(
            conductance=np.ones((lines, lines)),
            word_segment=ones,
            bit_segment=ones,
            word_start=ones,
            word_stop=infinite,
            bit_start=infinite,
            bit_stop=ones,
        )
        sources = Sources.zero(network, inputs)
        for entrywise in (False, True):
            solution = solve_network(network, sources, entrywise=entrywise)
        if lines == 8:
            solve_network(network, sources, method="direct")
            CellUpdates(network, sources, solution, [(0, 0), (1, 1)]).update([1.0, 2.0])


if __name__ == "__main__":
    print("compiling the crossbar's kernels (once; they are kept on disk) ...")
    compile_kernels()
