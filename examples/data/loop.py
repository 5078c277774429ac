"""Writes loop.csv: an R-I loop of a simulated sample at 300 K, read to 0.3 Ohm.

python examples/data/loop.py
"""

from pathlib import Path

import numpy as np

from compact_model import lequeux2016, lequeux2016_track, resistance_loop


def main() -> None:
    """Simulate the loop, add noise and write it in mA and Ohm."""
    sample = lequeux2016().replace(parallel_resistance=41.0, tmr=0.8)
    loop = resistance_loop(
        sample, lequeux2016_track(sample, seed=1), amplitude=8e-3, external_field=85e-4, temperature=300.0, seed=1
    )
    ohms = loop.resistance.values[0] + 0.3 * np.random.default_rng(1).normal(size=loop.sizes["point"])
    lines = ["# an R-I loop, simulated by python examples/data/loop.py", "I (mA), R (Ohm)"]
    lines += [f"{1e3 * current:.2f}, {value:.2f}" for current, value in zip(loop.current.values, ohms, strict=True)]
    Path(__file__).with_suffix(".csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
