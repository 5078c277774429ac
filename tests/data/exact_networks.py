"""Writes exact_networks.npz: the currents of 330 small, adversarial networks, to 60 digits and then rounded.

pip install mpmath && python tests/data/exact_networks.py

The networks are drawn here and solved here by nodal analysis, without a line of the packages: resistances over up to
sixteen decades, ideal lines beside bad ones, open and shorted cells, lines that float, and sources so nearly equal that
the currents are what is left of a cancellation.  The tests draw the same networks again: Python promises that
`random.Random(seed).random()` stays as it is.
"""

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

COUNT = 330
FILE = Path(__file__).with_suffix(".npz")
_DIGITS = 60
_NOTHING = 1e-40  # A: no network has a current between it and the round-off of so many digits


def draw(seed: int) -> dict[str, Any]:
    """The arguments of a Crossbar, and those of its `solve`."""
    uniform = random.Random(seed).random

    def pick(choices: list[Any]) -> Any:
        return choices[int(uniform() * len(choices))]

    def ohms(decades: float, middle: float = 2.0) -> float:
        return float(10.0 ** (middle + decades * (uniform() - 0.5)))

    words, bits = 1 + int(5 * uniform()), 1 + int(5 * uniform())
    decades = pick([0.5, 2.0, 6.0, 10.0, 16.0])
    array: dict[str, Any] = {"resistance": [[ohms(decades) for _ in range(bits)] for _ in range(words)]}
    ideal = pick(["none", "none", "some", "words", "bits", "all"])
    for side, count, wires, ends in (
        ("word", words, "word_line_resistance", "driver_resistance"),
        ("bit", bits, "bit_line_resistance", "sense_resistance"),
    ):
        middle = pick([-4.0, 0.0, 2.0, 5.0])
        spread = pick([0.0, 2.0, 6.0])
        without = ideal in ("all", f"{side}s")
        array[wires] = [
            0.0 if without or (ideal == "some" and uniform() < 0.5) else ohms(spread, middle) for _ in range(count)
        ]
        array[ends] = [pick([0.0, 0.0, ohms(4.0, 1.0)]) for _ in range(count)]
        array[f"{side}_line_ends"] = pick(["start", "stop", "both"])
    every_word_has_wires = all(wire > 0.0 for wire in array["word_line_resistance"])
    for row in array["resistance"]:
        for column in range(bits):
            if uniform() < 0.05:
                row[column] = math.inf
            elif uniform() < 0.03 and every_word_has_wires:
                row[column] = 0.0
    volts = pick([1.0, 1e-3, 1e-9])
    mode = pick(["random", "signs", "one", "cancelling", "cancelling"])
    solve: dict[str, Any] = {}
    for side, count in (("word", words), ("bit", bits)):
        if mode == "random":
            values = [volts * (2.0 * uniform() - 1.0) for _ in range(count)]
        elif mode == "signs":
            values = [pick([-volts, 0.0, volts]) for _ in range(count)]
        elif mode == "one":
            values = [volts if side == "word" and line == 0 else 0.0 for line in range(count)]
        else:
            values = [volts * (1.0 + pick([1e-6, 1e-10, 1e-13]) * uniform()) for _ in range(count)]
        solve[f"{side}_line_voltage"] = values
        solve[f"floating_{side}_lines"] = [line for line in range(count) if count > 1 and uniform() < 0.1]
    return {"array": array, "solve": solve}


def exact(network: dict[str, Any]) -> list[list[Any]] | None:
    """The currents of the devices, A; None where a part of the network has no path to a source."""
    from mpmath import mp, mpf

    mp.dps = _DIGITS
    array, given = network["array"], network["solve"]
    words, bits = len(array["resistance"]), len(array["resistance"][0])
    parent: dict[Any, Any] = {}

    def root(node: Any) -> Any:
        parent.setdefault(node, node)
        while parent[node] != node:
            node = parent[node]
        return node

    branches: list[tuple[Any, Any, Any]] = []  # two nodes and the resistance between them

    def join(first: Any, second: Any, resistance: Any) -> None:
        if resistance == 0:
            parent[root(first)] = root(second)
        elif resistance < math.inf:
            branches.append((first, second, mpf(resistance)))

    for side, count, length, at in _sides(words, bits):
        wires = array[f"{side}_line_resistance"]
        ends = array["driver_resistance" if side == "word" else "sense_resistance"]
        for line in range(count):
            for place in range(length - 1):
                join(at(line, place), at(line, place + 1), wires[line])
            if line not in given[f"floating_{side}_lines"]:
                which = array[f"{side}_line_ends"]
                for end, place in (("start", 0), ("stop", length - 1)):
                    if which in (end, "both"):
                        join(at(line, place), ("source", side, line), mpf(wires[line]) + mpf(ends[line]))
    for i in range(words):
        for j in range(bits):
            join(("word", i, j), ("bit", i, j), array["resistance"][i][j])
    known: dict[Any, Any] = {}
    for side, count, *_ in _sides(words, bits):
        for line in range(count):
            if line not in given[f"floating_{side}_lines"]:
                value = mpf(given[f"{side}_line_voltage"][line])
                if known.setdefault(root(("source", side, line)), value) != value:
                    return None  # two sources of different voltages in short circuit
    nodes = {root((kind, i, j)) for kind in ("word", "bit") for i in range(words) for j in range(bits)}
    unknown = sorted(nodes - set(known))
    if not _all_reach(known, unknown, [(root(a), root(b)) for a, b, _ in branches]):
        return None
    voltage = known | _solved(unknown, known, [(root(a), root(b), r) for a, b, r in branches])
    currents = []
    for i in range(words):
        row = []
        for j in range(bits):
            first, second, resistance = ("word", i, j), ("bit", i, j), array["resistance"][i][j]
            if resistance > 0.0:
                row.append((voltage[root(first)] - voltage[root(second)]) / mpf(resistance))
            else:  # what the word line brings to the node and does not carry on
                row.append(
                    sum(
                        (voltage[root(b if a == first else a)] - voltage[root(first)]) / r
                        for a, b, r in branches
                        if first in (a, b)
                    )
                )
        currents.append(row)
    return currents


def _sides(words: int, bits: int) -> tuple[tuple[str, int, int, Callable[[int, int], Any]], ...]:
    """Of word lines and bit lines: the name, how many, how many cells on each, and the node at a place."""
    return (
        ("word", words, bits, lambda line, place: ("word", line, place)),
        ("bit", bits, words, lambda line, place: ("bit", place, line)),
    )


def _all_reach(known: dict[Any, Any], unknown: list[Any], pairs: list[tuple[Any, Any]]) -> bool:
    reached = set(known)
    grows = True
    while grows:
        more = {b if a in reached else a for a, b in pairs if (a in reached) != (b in reached)}
        grows = bool(more)
        reached |= more
    return reached >= set(unknown)


def _solved(unknown: list[Any], known: dict[Any, Any], branches: list[tuple[Any, Any, Any]]) -> dict[Any, Any]:
    from mpmath import lu_solve, matrix

    if not unknown:
        return {}
    place = {node: index for index, node in enumerate(unknown)}
    system, right = matrix(len(unknown), len(unknown)), matrix(len(unknown), 1)
    for a, b, resistance in branches:
        for here, there in ((a, b), (b, a)):
            if here in place and a != b:
                system[place[here], place[here]] += 1 / resistance
                if there in place:
                    system[place[here], place[there]] -= 1 / resistance
                else:
                    right[place[here]] += known[there] / resistance
    found = lu_solve(system, right)
    return {node: found[index] for node, index in place.items()}


def main() -> None:
    """Draw, solve and write all networks; what has no answer is written as NaN."""
    import numpy as np

    answers = {}
    for seed in range(COUNT):
        network = draw(seed)
        shape = len(network["array"]["resistance"]), len(network["array"]["resistance"][0])
        currents = exact(network)
        found = np.full(shape, np.nan) if currents is None else np.array(currents, dtype=float)
        found[np.abs(found) < _NOTHING] = 0.0
        answers[f"currents_{seed:03d}"] = found
    np.savez_compressed(FILE, **answers)


if __name__ == "__main__":
    main()
