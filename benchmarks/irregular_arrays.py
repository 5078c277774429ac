"""Arrays whose segments differ, or whose lines are broken or shorted to each other, beside regular ones.

    python benchmarks/irregular_arrays.py

Cells of 1 to 2 kOhm, segments of 1 Ohm or 0.9 to 1.1 Ohm, one input.  `factorisation` is the direct method, the only
one that these arrays had in version 0.1; up to 256 x 256 it is timed and its currents are compared.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from timing import alternate, print_table

from crossbar.network.direct import solve_direct
from crossbar.network.linear_network import Network, Sources
from crossbar.network.solve import solve_network

SIZES = (64, 128, 256, 512)
FACTORISED_UP_TO = 256


def array(size: int, kind: str) -> tuple[Network, Sources]:
    """One array: regular, unequal, broken (five word lines) or bridged (five places)."""
    draw = np.random.default_rng(size)
    segment = draw.uniform(0.9, 1.1, (2, size, size - 1)) if kind != "regular" else np.ones((2, size, size - 1))
    places = draw.integers(0, size - 1, (5, 2))
    bridge = None
    if kind == "broken":
        segment[0][tuple(places.T)] = np.inf
    if kind == "bridged":
        bridge = np.zeros((size - 1, size))
        bridge[tuple(places.T)] = 1.0
    network = Network(
        conductance=1.0 / draw.uniform(1e3, 2e3, (size, size)),
        word_segment=segment[0],
        bit_segment=segment[1].T,
        word_start=np.ones(size),
        word_stop=np.full(size, np.inf),
        bit_start=np.full(size, np.inf),
        bit_stop=np.ones(size),
        word_bridge=bridge,
    )
    nothing = np.zeros((size, 1))
    return network, Sources(
        word_start=draw.uniform(0.1, 1.0, (size, 1)), word_stop=nothing, bit_start=nothing, bit_stop=nothing
    )


def main() -> None:
    """Print one table."""
    rows = []
    for size in SIZES:
        regular, sources = array(size, "regular")
        for kind in ("unequal", "broken", "bridged"):
            network, _ = array(size, kind)
            found = solve_network(network, sources)
            sides: dict[str, Callable[[], object]] = {
                "regular": partial(solve_network, regular, sources),
                kind: partial(solve_network, network, sources),
            }
            if size <= FACTORISED_UP_TO:
                sides["direct"] = partial(solve_direct, network, sources)
            seconds = alternate(sides, rounds=3)
            row = [f"{size}", kind, f"{1e3 * seconds['regular']:.1f}", f"{1e3 * seconds[kind]:.0f}"]
            if size <= FACTORISED_UP_TO:
                expected = solve_direct(network, sources).device_current
                error = np.linalg.norm(found.device_current - expected) / np.linalg.norm(expected)
                row += [f"{1e3 * seconds['direct']:.0f}", f"{error:.0e}"]
            rows.append(row + [""] * (6 - len(row)))
    print_table(["size", "lines", "regular, ms", "irregular, ms", "factorisation, ms", "difference"], rows)


if __name__ == "__main__":
    main()
