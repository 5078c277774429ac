"""Fits of simulated R-I loops at 300 K whose points nobody has sorted: how many are as accurate as their errors say.

    python benchmarks/fits_of_loops.py [SEEDS] [NOISE]

Nine tracks of the paper's device, 40 seeds and 0.4 Ohm of noise unless told otherwise.  A row for each fit that is
refused or in which R_P, TMR_0 or V_h is more than four standard errors from the truth, and the errors of all.  About a
minute on one core.
"""

import sys

import numpy as np

from compact_model import InputError, fit_resistance, lequeux2016, lequeux2016_track, resistance_loop
from compact_model.constants import OERSTED

DEVICE = lequeux2016()
TRACKS = 9
NEAR = 0.005  # share of the track in AP, up to which a point counts as P


def main() -> None:
    """Print the fits that are refused or far from the truth, their numbers, and the errors."""
    seeds = range(1, 1 + int(sys.argv[1] if len(sys.argv) > 1 else 40))
    deviation = float(sys.argv[2] if len(sys.argv) > 2 else 0.4)  # Ohm
    start = DEVICE.replace(parallel_resistance=100.0, tmr=0.3, tmr_half_voltage=np.inf)
    truth = np.array([DEVICE.parallel_resistance, DEVICE.tmr, DEVICE.tmr_half_voltage])
    tracks = [lequeux2016_track(DEVICE, number) for number in range(TRACKS)]
    refused, far, errors = 0, 0, []
    for seed in seeds:
        loop = resistance_loop(
            DEVICE, tracks, temperature=300.0, external_field=85.0 * OERSTED, seed=seed, amplitude=7e-3
        )
        noise = np.random.default_rng(2)
        for number, ohms in enumerate(loop.resistance.values):
            noisy = ohms + deviation * noise.normal(size=ohms.size)
            bound = truth[1] / (1.0 + (loop.current.values * ohms / truth[2]) ** 2)
            at_p = int(((1.0 - truth[0] / ohms) * (1.0 + bound) / bound < NEAR).sum())
            row = f"seed {seed}, track {number}, {at_p} points in P:"
            try:
                found = fit_resistance(start, {"current": loop.current.values, "resistance": noisy})
            except InputError as error:
                refused += 1
                print(row, error, flush=True)
                continue
            pulls = (np.array(found.values) - truth) / np.array(found.standard_errors)
            errors.append((at_p, *np.abs(np.array(found.values) / truth - 1.0)))
            if np.abs(pulls).max() > 4.0:
                far += 1
                print(
                    f"{row} R_P, TMR_0, V_h {', '.join(f'{each:.4g}' for each in found.values)}, off by "
                    f"{', '.join(f'{each:.1f}' for each in pulls)} standard errors",
                    flush=True,
                )
    fits = TRACKS * len(seeds)
    print(f"of {fits} fits {refused} are refused and {far} are more than four standard errors from the truth")
    at_p, *relative = np.array(errors).T
    for what, chosen in (("reach P", at_p > 0), ("do not", at_p == 0)):
        if chosen.any():
            within = ", ".join(f"{100.0 * np.quantile(each[chosen], 0.95):.2g} %" for each in relative)
            print(f"of {chosen.sum()} loops that {what}, 95 % of R_P, TMR_0, V_h are within {within}")


if __name__ == "__main__":
    main()
