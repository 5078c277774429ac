"""Writes badcrossbar_answers.json: what badcrossbar 1.1.0 answers to a few small problems, and what it refuses.

pip install badcrossbar==1.1.0 && python tests/data/badcrossbar_answers.py
"""

import json
from pathlib import Path

import badcrossbar
import numpy as np

# word lines, bit lines, inputs, and the keywords of the call
SOLVED = (
    (6, 4, 3, {"r_i": 0.7}),
    (3, 5, 1, {"r_i": 2.0}),
    (3, 5, 2, {"r_i": 1.0, "r_i_word_line": 5.0}),
    (4, 3, 2, {"r_i_word_line": 0.5, "r_i_bit_line": 3.0}),
    (4, 3, 1, {"r_i_word_line": 0.5, "r_i_bit_line": 0.0}),
    (4, 3, 2, {"r_i_word_line": 0, "r_i_bit_line": 2}),
    (2, 3, 2, {"r_i": 0.0}),
    (2, 3, 2, {"r_i": float("inf")}),
    (2, 3, 1, {"r_i": 0.5, "node_voltages": False}),
    (2, 3, 1, {"r_i": 0.5, "all_currents": False}),
)
# applied voltages, resistances, keywords
REFUSED = (
    ([1.0, 2.0], [[1.0], [1.0]], {"r_i": 1.0}),
    ([[1.0], [2.0]], [1.0, 1.0], {"r_i": 1.0}),
    ([[1.0]], [[1.0], [1.0]], {"r_i": 1.0}),
    ([[1.0]], [[-1.0]], {"r_i": 1.0}),
    ([[1.0]], [[0.0]], {"r_i": 1.0}),
    ([[1.0]], [[0.0]], {"r_i": 0.0}),
    ([[1.0]], [[1.0]], {"r_i": -1.0}),
    ([[1.0]], [[1.0]], {"r_i": "a"}),
    ([[1.0]], [[1.0]], {}),
    ([[1.0]], [[1.0]], {"r_i_word_line": 1.0}),
    ([["a"]], [[1.0]], {"r_i": 1.0}),
    ([[]], [[1.0]], {"r_i": 1.0}),
)


def plain(values: object) -> object:
    """An array as lists, and None as it is."""
    return None if values is None else np.asarray(values).tolist()


def main() -> None:
    """Ask badcrossbar and write its input and its answers."""
    solved = []
    for seed, (rows, columns, inputs, keywords) in enumerate(SOLVED):
        draw = np.random.default_rng(seed)
        ohms = np.round(draw.uniform(36.0, 70.0, (rows, columns)), 3)
        volts = np.round(draw.uniform(-1.0, 1.0, (rows, inputs)), 3)
        found = badcrossbar.compute(volts, ohms, **keywords)
        voltages = found.voltages or (None, None)
        solved.append(
            {
                "resistances": ohms.tolist(),
                "applied_voltages": volts.tolist(),
                "keywords": keywords,
                "currents": {name: plain(values) for name, values in found.currents._asdict().items()},
                "has_voltages": found.voltages is not None,
                "voltages": dict(zip(("word_line", "bit_line"), map(plain, voltages), strict=True)),
            }
        )
    refused = []
    for volts, ohms, keywords in REFUSED:
        try:
            badcrossbar.compute(volts, ohms, **keywords)
        except (TypeError, ValueError) as error:
            refused.append([volts, ohms, keywords, type(error).__name__])
    answers = {"solved": solved, "refused": refused}
    Path(__file__).with_suffix(".json").write_text(json.dumps(answers, indent=1) + "\n")


if __name__ == "__main__":
    main()
