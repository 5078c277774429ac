"""Thermal equilibrium and escape: the fluctuation-dissipation theorem, Boltzmann and Arrhenius.

Every tolerance is four standard errors of the estimate, from the number of independent devices.
"""

import numpy as np
import pytest
from scipy import stats

from compact_model import Landscape, ParabolicWell, Voltage, checks, retention, simulate_ensemble, single_well

KT = 1.380649e-23 * 300.0
COUNT = 1000


def test_equipartition_of_the_position_in_the_papers_well(device):
    deviation = checks.check_equipartition(device, coercive_field=15e-4, half_width=100e-9, devices=1024, seed=1)
    assert abs(deviation) < 4.0
    rms = np.sqrt(KT * 100e-9 / (device.energy_per_field_length * 15e-4))
    assert rms == pytest.approx(24.4e-9, abs=0.05e-9)


def settled(device, step, seed):
    """Walls from rest to equilibrium in the middle of a wide well with the curvature of the paper's.

    Damping 0.1 relaxes within 60 ns; the paper's 0.005 would take a microsecond to the same end.
    """
    damped = device.replace(damping=0.1, track_length=4e-6)
    return simulate_ensemble(
        damped,
        single_well(damped, coercive_field=150e-4, half_width=1e-6),
        Voltage.of(0.0),
        [0.0, 400e-9],
        devices=COUNT,
        external_field=85e-4,
        temperature=300.0,
        step=step,
        seed=seed,
    )


def test_a_wall_that_starts_at_rest_reaches_equipartition(device):
    run = settled(device, step=20e-12, seed=4)
    variance = KT * 100e-9 / (device.energy_per_field_length * 15e-4)
    ratio = float(((run.position[:, -1] - 2e-6) ** 2).mean()) / variance
    assert ratio == pytest.approx(1.0, abs=4 * np.sqrt(2 / COUNT))


@pytest.mark.parametrize("anisotropy_field", [30e-4, -60e-4])
def test_the_angle_is_boltzmann_distributed(device, anisotropy_field):
    each = device.replace(anisotropy_field=anisotropy_field)
    run = settled(each, step=10e-12, seed=5)
    found = np.sin(run.angle.values[:, -1]) ** 2
    expected = np.sin(checks.boltzmann_angles(each, 300.0, 200_000, np.random.default_rng(1))) ** 2
    assert found.mean() == pytest.approx(expected.mean(), abs=4 * expected.std() / np.sqrt(COUNT))
    assert stats.ks_2samp(found, expected).pvalue > 1e-3


def test_two_unequal_wells_are_occupied_as_boltzmann_says(device):
    damped = device.replace(damping=0.3, track_length=0.2e-6, wall_width=20e-9)
    deep = ParabolicWell(centre=0.05e-6, coercive_field=12e-4, half_width=50e-9)
    shallow = ParabolicWell(centre=0.15e-6, coercive_field=7e-4, half_width=50e-9)
    landscape = Landscape((deep, shallow))
    run = simulate_ensemble(
        damped,
        landscape,
        Voltage.of(0.0),
        [0.0, 4e-6],
        devices=512,
        initial_position=np.where(np.arange(512) % 2, 0.05e-6, 0.15e-6),
        external_field=85e-4,
        temperature=300.0,
        step=20e-12,
        seed=6,
    )
    where = np.linspace(0.0, 0.2e-6, 20001)
    weight = np.exp(-landscape.energy(where, damped) / KT)
    expected = weight[where < 0.1e-6].sum() / weight.sum()
    found = float((run.position[:, -1] < 0.1e-6).mean())
    assert found == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 512))


def test_the_escape_rate_follows_arrhenius_with_the_wells_own_depth(device):
    # Damping high enough that energy diffusion does not limit the rate: its prefactor then hardly depends on T.
    damped = device.replace(damping=0.1)
    landscape = single_well(damped, coercive_field=15e-4, half_width=60e-9)
    temperatures = np.array([220.0, 260.0, 320.0, 400.0])
    rates, errors = [], []
    for temperature in temperatures:
        run = retention(
            damped, landscape, duration=20e-6, temperature=float(temperature), devices=64, step=40e-12, seed=7
        )
        rates.append(1.0 / float(run.mean_escape_time))
        errors.append(1.0 / np.sqrt(float(run.escapes)))
    inverse = 1.0 / (1.380649e-23 * temperatures)
    weights = 1.0 / np.array(errors) ** 2
    mean = np.average(inverse, weights=weights)
    slope = np.average((inverse - mean) * np.log(rates), weights=weights) / np.average(
        (inverse - mean) ** 2, weights=weights
    )
    error = 1.0 / np.sqrt(np.sum(weights * (inverse - mean) ** 2))
    depth = landscape.wells[0].depth(damped)
    # The prefactor of a cusp-shaped barrier goes as a power of T between 0 and -1: up to one k_B T in the slope.
    assert -slope / depth == pytest.approx(1.0, abs=4 * error / depth + KT / depth)


def test_retention_is_an_exponential_law(device):
    run = retention(
        device.replace(damping=0.1),
        single_well(device, coercive_field=15e-4, half_width=40e-9),
        duration=30e-6,
        devices=256,
        step=40e-12,
        seed=8,
    )
    assert float(run.lower_escape_time) < float(run.mean_escape_time) < float(run.upper_escape_time)
    escape = run.escape_time.values
    escaped = escape[np.isfinite(escape)]
    cut = stats.truncexpon(30e-6 / float(run.mean_escape_time), scale=float(run.mean_escape_time))
    assert stats.kstest(escaped, cut.cdf).pvalue > 1e-3


def test_retention_without_an_escape_is_a_lower_bound(device, paper_well):
    run = retention(device, paper_well, duration=0.1e-6, devices=8, step=40e-12)
    assert int(run.escapes) == 0
    assert float(run.mean_escape_time) == float(run.lower_escape_time)
    assert float(run.lower_escape_time) == pytest.approx(8 * 0.1e-6 / 3.0, rel=2e-3)
    assert float(run.upper_escape_time) == np.inf


def test_a_read_current_shortens_retention(device):
    landscape = single_well(device, coercive_field=15e-4, half_width=40e-9)
    rest = retention(device, landscape, duration=5e-6, devices=64, step=40e-12)
    read = retention(device, landscape, duration=5e-6, devices=64, step=40e-12, current=1.5e-3)
    assert float(read.upper_escape_time) < float(rest.lower_escape_time)
