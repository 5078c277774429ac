"""`python -m crossbar.warm_up`: compile every kernel once and store it on disk."""

import time

import numpy as np

from compact_model.device.notched import notched_device, notched_track
from compact_model.kernels.interpreted import all_compiled
from compact_model.kernels.ringing import lead_over_periods

from .crossbar import Crossbar
from .in_time.domain_walls import DomainWalls
from .in_time.simulation import ArraySimulation
from .kernels.transitions import draw_states, staying
from .network.linear_network import Network, Sources
from .network.solve import solve_network
from .operate.operations import WriteAccess, write


@all_compiled()
def compile_kernels() -> None:
    """Use every path through the kernels."""
    ones, infinite = np.ones(32), np.full(32, np.inf)
    network = Network(
        conductance=np.ones((32, 32)),
        word_segment=ones,
        bit_segment=ones,
        word_start=ones,
        word_stop=infinite,
        bit_start=infinite,
        bit_stop=ones,
    )
    solve_network(network, Sources.zero(network))
    compile_arrays_in_time()
    no_cell, one = np.zeros(0, dtype=np.int64), np.ones((1, 2, 1, 1))
    lead_over_periods(0, 1, np.zeros((1, 1, 2, 2)), no_cell, *np.zeros((3, 0)))
    draw_states(np.zeros(0), np.zeros(0), np.array([0.0, 1.0]), one, staying(one), no_cell, no_cell)


def compile_arrays_in_time() -> None:
    """Run one array that threads share and small ones, at 0 K and at 300 K."""
    # The last two need what `compact_model.warm_up` compiles, which may be on disk by then.
    device = notched_device()
    track = notched_track(device, 0)
    for lines, temperature in ((130, 0.0), (2, 0.0), (2, 300.0)):
        walls = DomainWalls(device, track, np.full((lines, lines), 0.5 * device.track_length), temperature=temperature)
        array = Crossbar(cells=walls, word_line_resistance=1.0, bit_line_resistance=1.0)
        simulation = ArraySimulation(array)
        write(simulation, 0.1, 100e-12, word_line=0, bit_line=0, access=WriteAccess(settle=100e-12))


if __name__ == "__main__":
    began = time.perf_counter()
    compile_kernels()
    print(f"the crossbar's kernels are compiled, in {time.perf_counter() - began:.0f} s; they are kept on disk")
