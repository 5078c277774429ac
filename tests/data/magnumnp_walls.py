"""Writes magnumnp_walls.json: what magnum.np 2.2 finds for walls in the paper's stripe, cut off at 2 um.

pip install torch magnumnp && TORCHDYNAMO_DISABLE=1 python tests/data/magnumnp_walls.py    (half an hour)

Bruckner et al. 2023, doi 10.1038/s41598-023-39192-5.  Nothing of this project is used here.
"""

import json
import logging
from pathlib import Path

import numpy as np
import torch
from magnumnp import (
    DemagField,
    ExchangeField,
    InterfaceDMIField,
    Mesh,
    MinimizerBB,
    SpinTorqueSlonczewski,
    State,
    UniaxialAnisotropyField,
)
from scipy.optimize import curve_fit

LENGTH, CELL, THICKNESS = 2e-6, 4e-9, 2.2e-9
MAGNETISATION, ANISOTROPY, EXCHANGE = 1.05e6, 7e5, 1.28e-11
REDUCED_PLANCK_CONSTANT, ELEMENTARY_CHARGE = 1.054571817e-34, 1.602176634e-19
TOLERANCE = 0.5  # A/m

CASES = [
    {"name": "Bloch", "track_width": 100e-9, "start": 0.0},
    {"name": "Neel", "track_width": 100e-9, "start": 90.0},
    {"name": "free", "track_width": 100e-9, "start": 45.0},
    {"name": "free", "track_width": 60e-9, "start": 45.0},
    {"name": "free", "track_width": 120e-9, "start": 45.0},
    {"name": "with a DMI", "track_width": 100e-9, "start": 45.0, "dmi": 5e-5},
    {"name": "held by a torque of 39 Oe", "track_width": 100e-9, "start": 45.0, "torque_field": 39e-4},
    {"name": "not held by a torque of 44 Oe", "track_width": 100e-9, "start": 45.0, "torque_field": 44e-4},
]


def main() -> None:
    """Relax every wall and write what is asked and found."""
    torch.set_default_dtype(torch.float64)
    logging.disable(logging.INFO)
    answers = []
    for case in CASES:
        answers.append(case | relaxed(case))
        print(answers[-1], flush=True)
    stripe = {
        "length": LENGTH,
        "cell_size": CELL,
        "thickness": THICKNESS,
        "saturation_magnetisation": MAGNETISATION,
        "uniaxial_anisotropy": ANISOTROPY,
        "exchange_stiffness": EXCHANGE,
    }
    text = json.dumps({"made_by": "magnum.np 2.2.0", "stripe": stripe, "walls": answers}, indent=1)
    Path(__file__).with_suffix(".json").write_text(text + "\n")


def relaxed(case: dict) -> dict:
    """Energy above the uniform stripe (J), width (nm), angles (degrees) of one wall; whether it came to rest."""
    cells = (round(LENGTH / CELL), round(case["track_width"] / CELL), 1)
    state = State(Mesh(cells, (CELL, CELL, THICKNESS)))
    state.material = {
        "Ms": MAGNETISATION,
        "A": EXCHANGE,
        "Ku": ANISOTROPY,
        "Ku_axis": [0, 0, 1],
        "Di": case.get("dmi", 0.0),
        "P": 1.0,
        "Lambda": 1.0,
        "epsilon_prime": 0.0,
        "d": THICKNESS,
        "mp": [0, 0, 1],
        "J": 2.0
        * ELEMENTARY_CHARGE
        * MAGNETISATION
        * THICKNESS
        * case.get("torque_field", 0.0)
        / REDUCED_PLANCK_CONSTANT,
    }
    conservative = [ExchangeField(), UniaxialAnisotropyField(), DemagField()]
    if "dmi" in case:
        conservative.append(InterfaceDMIField())
    terms = [*conservative, SpinTorqueSlonczewski()] if "torque_field" in case else conservative
    x = CELL * (np.arange(cells[0]) - 0.5 * (cells[0] - 1))
    angle, u = np.radians(case["start"]), np.broadcast_to((x / 15e-9)[:, np.newaxis, np.newaxis], cells)
    wall = np.stack([-np.sin(angle) / np.cosh(u), np.cos(angle) / np.cosh(u), -np.tanh(u)], axis=-1)
    state.m = torch.tensor(wall)
    at_rest = MinimizerBB(terms).minimize(state, maxiter=3000, dm_tol=TOLERANCE)
    found = state.m.numpy()[:, :, 0].transpose(2, 0, 1)
    if not at_rest:
        return {"at_rest": False}
    with_wall = sum(float(term.E(state)) for term in conservative)
    up = np.zeros_like(wall)
    up[..., 2] = 1.0
    state.m = torch.tensor(up)
    uniform = sum(float(term.E(state)) for term in conservative)
    return {"at_rest": True, "energy": with_wall - uniform, **described(found, x)}


def described(m: np.ndarray, x: np.ndarray) -> dict:
    """Width by a tanh on the centre line and angles from Bloch of the spins, mean (sin^2 theta) and at the centre."""
    count = m.shape[2]
    line = m[:, :, (count - 1) // 2 : count // 2 + 1].mean(axis=2)
    (centre, width), _ = curve_fit(lambda x, centre, width: -np.tanh((x - centre) / width), 1e9 * x, line[2], (0, 15))
    in_plane = np.hypot(m[0], m[1])
    at = [np.interp(centre, 1e9 * x, each) for each in line[:2]]
    return {
        "wall_width": 1e-9 * abs(width),
        "mean_angle": float(np.degrees(np.arctan2(-(in_plane * m[0]).sum(), (in_plane * m[1]).sum()))),
        "centre_angle": float(np.degrees(np.arctan2(-at[0], at[1]))),
    }


if __name__ == "__main__":
    main()
