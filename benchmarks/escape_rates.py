"""Mean escape times by `escape_rates` against direct simulations, and where walls are caught against a chain of rates.

Each row: a well, damping, field and current, the barriers, both times with the 95 % interval of the simulated one,
their ratio, and the share of walls that left to the right.  About ten minutes on one core.

    python benchmarks/escape_rates.py [damping]

'damping' alone: the paper's well at a third of H_c with dampings up to 0.2, for walls that pass its edge for the first
time, and for walls that get well beyond it.
"""

import sys
from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm

from compact_model import (
    CurrentDensity,
    GaussianWell,
    Landscape,
    ParabolicWell,
    escape_rates,
    field_threshold,
    lequeux2016,
    lequeux2016_measured_site,
    rest_position,
    simulate_ensemble,
)
from compact_model.constants import OERSTED
from compact_model.device.published import COERCIVE_FIELD, WELL_HALF_WIDTH
from compact_model.experiments.escape import mean_escape_time

WALLS = 384
STEP = 10e-12
LONGEST = 30e-6
CENTRE = 500e-9


@dataclass(frozen=True)
class Case:
    """A well (Oe, nm), its device, and what drives the wall."""

    kind: type
    coercive_field: float
    half_width: float
    anisotropy_field: float
    track_width: float = 100.0
    damping: float = 0.005
    field: float = 0.0
    """Net field over H_c."""
    current: float = 0.0
    """J over the Walker threshold."""


PARABOLA, GAUSSIAN = ParabolicWell, GaussianWell
WELLS = [
    Case(PARABOLA, 15, 50, 30),
    Case(PARABOLA, 40, 18, 30),
    Case(GAUSSIAN, 15, 50, 30),
    Case(PARABOLA, 15, 50, 100),
    Case(GAUSSIAN, 60, 18, 80, 60),
    Case(PARABOLA, 80, 18, 10, 60),
    Case(PARABOLA, 200, 18, 200, 30),
    Case(GAUSSIAN, 6, 120, 15),
    Case(PARABOLA, 15, 50, -60),
    Case(PARABOLA, 6, 150, 60),
]


def cases() -> list[Case]:
    """Ten wells at rest, three of them with four dampings, and three under fields and currents."""
    listed = list(WELLS)
    for number in (0, 2, 3):
        for damping in (0.002, 0.02, 0.05):
            listed.append(Case(**{**vars(WELLS[number]), "damping": damping}))
    driven = [Case(PARABOLA, 30, 36, 100), Case(GAUSSIAN, 30, 36, 100), Case(PARABOLA, 70, 20, 150, 80)]
    for well in driven:
        for field in (0.1, 0.2, -0.15):
            listed.append(Case(**{**vars(well), "field": field}))
        for current in (0.1, 0.25, -0.2):
            listed.append(Case(**{**vars(well), "current": current}))
        listed.append(Case(**{**vars(well), "field": 0.1, "current": 0.15, "damping": 0.02}))
        listed.append(Case(**{**vars(well), "field": -0.15, "current": 0.1, "damping": 0.002}))
    return listed


def compare(case: Case) -> float | None:
    """Print one row; the ratio of the two times."""
    device = lequeux2016().replace(
        stray_field=0.0,
        damping=case.damping,
        anisotropy_field=case.anisotropy_field * OERSTED,
        track_width=case.track_width * 1e-9,
    )
    height, half = case.coercive_field * OERSTED, case.half_width * 1e-9
    landscape = Landscape((case.kind(centre=CENTRE, coercive_field=height, half_width=half),))
    density = case.current * device.walker_current_density
    rates = escape_rates(device, landscape, external_field=case.field * height, current_density=density, seed=1).isel(
        site=0
    )
    time = float(rates.escape_time)
    barriers = [float(rates[f"{name}_barrier"]) for name in ("left", "right", "angle")]
    label = (
        f"{case.kind.__name__[0]} {case.coercive_field:4g} {case.half_width:4g} {case.anisotropy_field:4g} "
        f"{case.track_width:4g} {case.damping:6g} {case.field:6g} {case.current:6g}  "
        + " ".join(f"{barrier:5.2f}" for barrier in barriers)
    )
    if time > LONGEST:
        print(f"{label}  {1e6 * time:8.3f} (not simulated)", flush=True)
        return None
    torque = device.torque_per_current_density * density
    rest = rest_position(landscape, case.field * height + device.field_like_ratio * torque)
    window = 1.3 * time
    run = simulate_ensemble(
        device,
        landscape,
        CurrentDensity.of(density),
        [0.0, window],
        devices=WALLS,
        initial_position=rest,
        initial_angle=float(rates.angle),
        external_field=case.field * height,
        temperature=300.0,
        step=STEP,
        stop_below=CENTRE - half,
        stop_above=CENTRE + half,
        seed=2,
    )
    gone = np.isfinite(run.passage_time.values)
    mean, lower, upper = mean_escape_time(run.passage_time.values, window)
    right = float((run.position.values[gone, -1] > CENTRE).mean())
    share = float(rates.right_rate / (rates.left_rate + rates.right_rate))
    print(
        f"{label}  {1e6 * time:8.3f} {1e6 * mean:8.3f} ({1e6 * lower:.3f} to {1e6 * upper:.3f})  {time / mean:5.2f}  "
        f"{share:5.3f} {right:5.3f}  {rates.method.item()}",
        flush=True,
    )
    return time / mean


def destinations() -> None:
    """Five sites 60 nm apart: where walls are after 0.5 us, by the chain of rates and by simulation."""
    device = lequeux2016().replace(stray_field=0.0, anisotropy_field=80.0 * OERSTED, track_width=60e-9)
    strengths = (60.0, 70.0, 55.0, 65.0, 60.0)
    landscape = Landscape(
        tuple(
            GaussianWell(centre=(380 + 60 * number) * 1e-9, coercive_field=strength * OERSTED, half_width=20e-9)
            for number, strength in enumerate(strengths)
        )
    )
    for current in (0.0, 0.1):
        density = current * device.walker_current_density
        rates = escape_rates(device, landscape, external_field=0.0, current_density=density)
        generator = np.zeros((7, 7))
        generator[1:-1] = rates.destination_rate.values
        generator[[0, -1]] = rates.return_rate.values
        np.fill_diagonal(generator, -generator.sum(axis=1))
        expected = expm(0.5e-6 * generator)[3]
        run = simulate_ensemble(
            device,
            landscape,
            CurrentDensity.of(density),
            [0.0, 0.5e-6],
            devices=1024,
            initial_position=500e-9,
            external_field=0.0,
            temperature=300.0,
            step=STEP,
            seed=3,
        )
        edges = np.array([0.0, 350, 410, 470, 530, 590, 650, 1001]) * 1e-9
        found = np.histogram(run.position.values[:, -1], edges)[0] / 1024
        print(f"J = {current:g} of the Walker threshold")
        print("  rates     ", " ".join(f"{share:6.3f}" for share in expected))
        print("  simulation", " ".join(f"{share:6.3f}" for share in found), flush=True)


def strong_damping() -> None:
    """How often walls touch the edge of the paper's well, how often they leave it for good, and where on a ramp."""
    field = COERCIVE_FIELD / 3.0
    print(
        "alpha; 1/us: past the edge for the first time, simulated and by rates; 60 nm beyond it, simulated, and caught "
        "elsewhere, by rates; rates over simulated ones; share of walls that move back when they first touch the edge; "
        "medians of a ramp of 0.001 Oe/ns, simulated and by rates (Oe)",
        flush=True,
    )
    for damping in (0.2, 0.1, 0.05):
        device = lequeux2016().replace(stray_field=0.0, damping=damping)
        landscape = lequeux2016_measured_site(device)
        found = escape_rates(device, landscape, external_field=field).isel(site=0)
        rates = float(found.left_rate + found.right_rate), float(found.destination_rate.sum())
        window, simulated, back = 3.0 / rates[1], [], []
        for beyond in (0.0, 60e-9):
            run = simulate_ensemble(
                device,
                landscape,
                CurrentDensity.of(0.0),
                [0.0, window],
                devices=2 * WALLS,
                initial_position=rest_position(landscape, field),
                external_field=field,
                temperature=300.0,
                step=0.5 * STEP,  # a longer step misses touches
                stop_below=CENTRE - WELL_HALF_WIDTH - beyond,
                stop_above=CENTRE + WELL_HALF_WIDTH + beyond,
                seed=2,
            )
            # Without the first tenth of the time, in which walls gain their energy.
            later = np.minimum(run.passage_time.values, window) - 0.1 * window
            later = later[later > 0.0]
            gone = np.isfinite(run.passage_time.values)
            outward = np.sign(run.position.values[gone, -1] - CENTRE)
            back.append(float((outward * np.sin(2.0 * run.angle.values[gone, -1]) < 0.0).mean()))
            simulated.append(float((later < 0.9 * window).sum()) / float(later.sum()))
        ramps = [
            field_threshold(
                device, landscape, ramp_rate=100.0, temperature=300.0, method=method, step=2.0 * STEP, repeats=400
            )
            for method in ("heun", "rates")
        ]
        pairs = list(zip(simulated, rates, strict=True))
        per_microsecond = ", ".join(f"{1e-6 * each:.3f} {1e-6 * rate:.3f}" for each, rate in pairs)
        over = " ".join(f"{rate / each:5.2f}" for each, rate in pairs)
        medians = " ".join(f"{float(each.threshold.median()) / OERSTED:5.2f}" for each in ramps)
        print(f"{damping:6g}  {per_microsecond}  {over}  {back[0]:.2f}  {medians}", flush=True)


def main() -> None:
    """All rows, and the largest deviation."""
    if sys.argv[1:] == ["damping"]:
        strong_damping()
        return
    print(
        "kind, H_c, x_c, H_K, W, alpha, H/H_c, J/J_W; barriers left, right, angle; us: rates, simulated; ratio, right"
    )
    ratios = [ratio for ratio in map(compare, cases()) if ratio is not None]
    print(f"{len(ratios)} cases, ratios {min(ratios):.2f} to {max(ratios):.2f}, median {np.median(ratios):.2f}")
    destinations()


if __name__ == "__main__":
    main()
