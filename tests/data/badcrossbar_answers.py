"""Writes badcrossbar_answers.json: what badcrossbar 1.1 answers to two small problems.

pip install badcrossbar && python tests/data/badcrossbar_answers.py
"""

import json
from pathlib import Path

import badcrossbar
import numpy as np


def main() -> None:
    """Solve with badcrossbar and write its input and its answers."""
    answers = []
    for seed, (rows, columns, inputs, segment) in enumerate([(6, 4, 3, 0.7), (3, 5, 1, 2.0)]):
        draw = np.random.default_rng(seed)
        ohms = np.round(draw.uniform(36.0, 70.0, (rows, columns)), 3)
        volts = np.round(draw.uniform(-1.0, 1.0, (rows, inputs)), 3)
        found = badcrossbar.compute(volts, ohms, r_i=segment)
        answers.append(
            {
                "resistances": ohms.tolist(),
                "applied_voltages": volts.tolist(),
                "r_i": segment,
                "output": np.asarray(found.currents.output).tolist(),
                "device": np.asarray(found.currents.device).tolist(),
                "word_line": np.asarray(found.voltages.word_line).tolist(),
                "bit_line": np.asarray(found.voltages.bit_line).tolist(),
            }
        )
    Path(__file__).with_suffix(".json").write_text(json.dumps(answers, indent=1) + "\n")


if __name__ == "__main__":
    main()
