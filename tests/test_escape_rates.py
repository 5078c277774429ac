"""Rates of escape against analytic limits, equilibrium and direct simulations."""

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.special import expi

from compact_model import (
    CurrentDensity,
    GaussianWell,
    InputError,
    Landscape,
    ParabolicWell,
    escape_rates,
    lequeux2016,
    mean_escape_time,
    simulate_ensemble,
    single_well,
)
from compact_model.rates.orbits import _FARTHEST, _HIGHEST
from compact_model.rates.potentials import Side
from compact_model.support.validation import ConvergenceError

DEVICE = lequeux2016().replace(stray_field=0.0)
PAPER = single_well(DEVICE, coercive_field=15e-4, half_width=100e-9)
HALF = single_well(DEVICE, coercive_field=15e-4, half_width=50e-9)
KT = 1.380649e-23 * 300.0


def steep(field, **changes):
    """A narrow well, H_K so large that the angle stays where sin is its argument, and the well's depth in k_B T."""
    device = DEVICE.replace(anisotropy_field=2000e-4, **changes)
    landscape = single_well(device, coercive_field=field, half_width=18e-9)
    return device, landscape, landscape.wells[0].depth(device) / KT


def test_weak_damping_gives_kramers_energy_diffusion():
    # In a harmonic well the energy E has the mean time (1 / Gamma) int_0^u (exp(y) - 1) / y dy to its first passage.
    device, landscape, depth = steep(40e-4, damping=1e-5)
    slope = device.wall_width * 40e-4 / 18e-9
    loss = 1e-5 * device.gyromagnetic_ratio * (2000e-4 + slope)
    expected = (expi(depth) - np.log(depth) - np.euler_gamma) / loss
    rates = escape_rates(device, landscape)
    # The energy is counted in bins of 0.1 k_B T, so that the barrier is known to half a bin: 5 % of the time.
    assert float(rates.escape_time[0]) == pytest.approx(expected, rel=0.07)
    assert rates.regime[0] == "energy diffusion"


def test_strong_damping_gives_transition_state_theory():
    # Of walls that leave with the energy to pass the barrier; more of them touch it first, and return.
    device, landscape, depth = steep(60e-4, damping=0.2)
    frequency = device.gyromagnetic_ratio * np.sqrt(2000e-4 * device.wall_width * 60e-4 / 18e-9) / (1.0 + 0.2**2)
    rates = escape_rates(device, landscape)
    lasting = float(rates.destination_rate[0].sum())
    assert 1.0 / lasting == pytest.approx(np.pi / frequency * np.exp(depth), rel=0.05)
    assert rates.regime[0] == "transition state"
    assert float(rates.escape_time[0]) < 0.8 / lasting


@pytest.mark.parametrize("damping", [0.02, 0.05, 0.2])
def test_first_passages_count_walls_that_return(damping):
    # At 0.2 the walls that first touch the edge are half as many again as those that have the energy to pass it.
    device, landscape, _ = steep(60e-4, damping=damping)
    time = float(escape_rates(device, landscape).escape_time[0])
    simulated, escapes = simulated_time(device, landscape, 384, 1.5 * time, 5, step=2e-12)
    assert time == pytest.approx(simulated, rel=0.1 + 2.0 / np.sqrt(escapes))


def test_the_highest_point_of_a_brownian_motion_over_a_parabola_has_its_published_moments():
    # Janson, Louchard and Martin-Loef 2010: the maximum of W(t) - t^2 / 2 over all t has mean 0.99619 and, with the
    # scaling of Brownian motion, that of W(t) - t^2 is smaller by 2^(1/3).  Simulated here for the second moment.
    assert float(_HIGHEST(_FARTHEST)) == pytest.approx(0.99619 / 2.0 ** (1.0 / 3.0), abs=1e-4)
    step, draw = 1e-3, np.random.default_rng(1)
    times = step * np.arange(1, 2001)
    paths = np.cumsum(np.sqrt(step) * draw.standard_normal((2, 4000, times.size)), axis=-1) - times**2
    # Between two steps the path is higher by 0.5826 sqrt(step) on average (Broadie, Glasserman and Kou 1997).
    highest = np.maximum(paths.max(axis=(0, 2)), 0.0) + 0.5826 * np.sqrt(step)
    missed = np.trapezoid(float(_HIGHEST(_FARTHEST)) - _HIGHEST(grid := np.linspace(0.0, _FARTHEST, 301)), grid)
    assert (highest**2).mean() == pytest.approx(2.0 * missed, abs=4.0 * (highest**2).std() / np.sqrt(highest.size))


def test_the_papers_well_is_left_after_milliseconds_and_half_of_it_after_microseconds():
    assert 16e-6 < mean_escape_time(DEVICE, HALF, 300.0) < 21e-6  # simulated: 18 us, 95 % from 16 to 21
    assert 1e-3 < mean_escape_time(DEVICE, PAPER, 300.0) < 2.5e-3
    assert mean_escape_time(DEVICE, PAPER, 0.0) == np.inf
    assert mean_escape_time(DEVICE, single_well(DEVICE, coercive_field=0.0, half_width=1e-8), 300.0) == 0.0


def test_a_site_for_years_has_a_finite_time():
    deep = single_well(DEVICE, coercive_field=70e-4, half_width=100e-9)
    rates = escape_rates(DEVICE, deep).isel(site=0)
    assert float(rates.left_barrier) == pytest.approx(39.04, abs=0.05)
    # Arrhenius from the paper's well on: the prefactor changes by less than the ratio of the depths squared.
    growth = float(rates.escape_time) / mean_escape_time(DEVICE, PAPER, 300.0) / np.exp(39.04 - 8.366)
    assert 0.05 < growth < 1.0
    assert float(rates.escape_time) > 3.15e7


def test_no_given_field_means_that_the_stray_field_is_compensated():
    stray = DEVICE.replace(stray_field=-85e-4)
    assert float(escape_rates(stray, HALF).escape_time[0]) == float(escape_rates(DEVICE, HALF).escape_time[0])
    assert float(escape_rates(stray, HALF, external_field=85e-4).escape_time[0]) == pytest.approx(
        float(escape_rates(stray, HALF).escape_time[0])
    )


@pytest.mark.parametrize("drive", [{"external_field": 2e-4}, {"current_density": 4e9}])
def test_the_other_way_round_the_wall_leaves_to_the_other_side(drive):
    device = DEVICE.replace(anisotropy_field=80e-4)
    ahead = escape_rates(device, PAPER, **drive).isel(site=0)
    back = escape_rates(device, PAPER, **{name: -value for name, value in drive.items()}).isel(site=0)
    assert float(ahead.right_rate) > 10.0 * float(ahead.left_rate)
    assert float(back.left_rate) == pytest.approx(float(ahead.right_rate), rel=0.02)


def test_two_sites_are_in_detailed_balance():
    device = DEVICE.replace(track_width=60e-9, anisotropy_field=80e-4)
    wells = [
        GaussianWell(centre=x, coercive_field=h, half_width=18e-9) for x, h in ((465e-9, 160e-4), (535e-9, 130e-4))
    ]
    landscape = Landscape(tuple(wells))
    for field in (0.0, 1e-4):
        rates = escape_rates(device, landscape, external_field=field)
        there, back = (float(rates.destination_rate[0, 2]), float(rates.destination_rate[1, 1]))

        position = np.linspace(440e-9, 560e-9, 12001)
        zeeman = device.energy_per_field_length * field * (position - 500e-9)
        weight = np.exp((zeeman - landscape.energy(position, device)) / KT)
        first, second = weight[position < 500e-9].sum(), weight[position >= 500e-9].sum()
        assert there * first == pytest.approx(back * second, rel=0.03)


def simulated_time(device, landscape, walls, window, seed, *, step=20e-12, **drive):
    well = landscape.wells[0]
    run = simulate_ensemble(
        device,
        landscape,
        CurrentDensity.of(drive.get("current_density", 0.0)),
        [0.0, window],
        devices=walls,
        external_field=drive.get("external_field", 0.0),
        temperature=300.0,
        step=step,
        stop_below=well.centre - well.half_width,
        stop_above=well.centre + well.half_width,
        seed=seed,
    )
    times = run.passage_time.values
    return np.minimum(times, window).sum() / np.isfinite(times).sum(), np.isfinite(times).sum()


@pytest.mark.parametrize(
    ("kind", "field", "anisotropy", "damping", "drive"),
    [
        (GaussianWell, 60e-4, 80e-4, 0.005, {}),
        (ParabolicWell, 60e-4, 60e-4, 0.02, {}),
        (GaussianWell, 80e-4, 150e-4, 0.01, {"external_field": 6e-4, "current_density": 1e9}),
    ],
)
def test_the_rates_are_those_of_direct_simulations(kind, field, anisotropy, damping, drive):
    device = DEVICE.replace(track_width=60e-9, anisotropy_field=anisotropy, damping=damping)
    landscape = single_well(device, coercive_field=field, half_width=18e-9, kind=kind)
    rates = escape_rates(device, landscape, **drive)
    assert rates.method[0] == "rates"
    time = float(rates.escape_time[0])
    simulated, escapes = simulated_time(device, landscape, 128, 1.5 * time, 5, **drive)
    assert time == pytest.approx(simulated, rel=0.25 + 2.0 / np.sqrt(escapes))


def test_walls_are_caught_where_simulations_find_them():
    device = DEVICE.replace(track_width=60e-9, anisotropy_field=80e-4)
    wells = [
        GaussianWell(centre=x, coercive_field=h, half_width=18e-9)
        for x, h in ((440e-9, 70e-4), (500e-9, 60e-4), (560e-9, 80e-4))
    ]
    landscape = Landscape(tuple(wells))
    rates = escape_rates(device, landscape, external_field=0.0)
    generator = np.zeros((5, 5))
    generator[1:-1] = rates.destination_rate.values
    generator[[0, -1]] = rates.return_rate.values
    np.fill_diagonal(generator, -generator.sum(axis=1))
    run = simulate_ensemble(
        device,
        landscape,
        CurrentDensity.of(0.0),
        [0.0, 1e-6, 2e-6],
        devices=256,
        initial_position=500e-9,
        external_field=0.0,
        temperature=300.0,
        step=20e-12,
        seed=8,
    )
    for column, time in ((1, 1e-6), (2, 2e-6)):
        expected = expm(time * generator)[2]
        found = np.histogram(run.position.values[:, column], [0.0, 410e-9, 470e-9, 530e-9, 590e-9, 1001e-9])[0] / 256
        np.testing.assert_allclose(found, expected, atol=0.05 + 2.0 * 0.5 / np.sqrt(256))


def test_a_shallow_site_is_integrated_and_says_so():
    shallow = single_well(DEVICE, coercive_field=15e-4, half_width=25e-9)
    rates = escape_rates(DEVICE, shallow, seed=1).isel(site=0)
    assert rates.method == "direct"
    assert 0.5e-6 < float(rates.escape_time) < 20e-6


def test_walls_without_damping_are_refused():
    undamped = DEVICE.replace(damping=0.0)
    for call in (escape_rates, lambda *given: mean_escape_time(*given, 300.0)):
        with pytest.raises(InputError, match="damping: expected a number above 0 for rates of escape, got 0"):
            call(undamped, HALF)


def test_damping_out_of_the_theorys_range_is_marked():
    assert not escape_rates(DEVICE.replace(damping=0.5), HALF).valid.any()
    assert escape_rates(DEVICE, HALF).valid.all()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"external_field": 16e-4}, "expected a site that holds the wall"),
        ({"current_density": 1e12}, "Walker threshold"),
        ({"temperature": 0.0}, "temperature: expected"),
        ({"temperature": 1e-3}, "temperature: expected at least 1 K"),
        ({"walls": 2}, "walls: expected"),
    ],
)
def test_nonsense_is_named(arguments, named):
    with pytest.raises(InputError, match=named):
        escape_rates(DEVICE, PAPER, **arguments)


def test_a_wall_without_an_anisotropy_has_no_rate():
    with pytest.raises(InputError, match="other than 0"):
        mean_escape_time(DEVICE.replace(anisotropy_field=0.0), PAPER, 300.0)


@pytest.mark.parametrize(
    ("anisotropy_field", "walker_share"), [(0.5e-4, 0.0), (-0.5e-4, 0.0), (1e-6, 0.0), (30e-4, 0.999)]
)
def test_without_a_barrier_of_the_angle_no_rate_is_made_up(device, anisotropy_field, walker_share):
    device = device.replace(anisotropy_field=anisotropy_field)
    track = single_well(device, coercive_field=15e-4, half_width=100e-9)
    with pytest.raises(ConvergenceError, match=r"the rate theory finds no rate.* integrate the walls"):
        escape_rates(device, track, current_density=walker_share * device.walker_current_density)


@pytest.mark.parametrize("push", [0.0, 1e-3, 2.0, 30.0, -5.0])
def test_the_time_at_an_end_is_that_of_a_brownian_motion_with_a_drift(push):
    # From a reflecting barrier at m to an absorbing one at 0: (exp(push m) - 1) / push^2 - m / push.
    farthest = 1.5
    flat = Side(np.linspace(0.0, farthest, 4001), np.zeros(4001))
    expected = 0.5 * farthest**2 * (1.0 + push * farthest / 3.0)
    if abs(push) > 0.1:
        expected = np.expm1(push * farthest) / push**2 - farthest / push
    assert flat.return_time(push) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("field", [0.1e-4, 0.15e-4])
def test_a_field_towards_an_end_holds_the_wall_there(field):
    # It turns the angle, from alpha H_K / 2 = 0.2 Oe on without end, and the wall returns only while the angle is back.
    device = DEVICE.replace(anisotropy_field=80e-4)
    landscape = Landscape((ParabolicWell(centre=970e-9, coercive_field=100e-4, half_width=18e-9),))
    rates = escape_rates(device, landscape, external_field=field)
    assert float(rates.destination_rate.max()) < 1e4
    moments = 0.7e-6 + 20e-9 * np.arange(151)
    run = simulate_ensemble(
        device,
        landscape,
        CurrentDensity.of(0.0),
        np.concatenate([[0.0], moments]),
        devices=128,
        initial_position=1e-6,
        initial_angle=0.6,
        external_field=field,
        temperature=300.0,
        method="heun",
        step=40e-12,
        seed=3,
    )
    beyond = (run.position.values[:, 1:] > 988e-9).mean(axis=0)
    first, last = beyond[:13].mean(), beyond[-13:].mean()
    expected = np.log(first / last) / (moments[-7] - moments[6])
    error = np.sqrt((1.0 / last - 1.0 / first) / 128) / (moments[-7] - moments[6])
    # The time over the stretch is right to within a factor of two.
    found = float(rates.return_rate[1].sum())
    assert 0.5 * (expected - 2.0 * error) < found < 2.0 * (expected + 2.0 * error)


def test_a_wall_at_an_end_whose_angle_turns_does_not_return():
    device = DEVICE.replace(anisotropy_field=80e-4)
    landscape = Landscape((ParabolicWell(centre=970e-9, coercive_field=100e-4, half_width=18e-9),))
    both = [
        escape_rates(device, landscape, external_field=sign * 0.6e-4).return_rate.sum("destination").values
        for sign in (1, -1)
    ]
    assert both[0][1] < 1.0
    assert both[1][0] < 1.0
    assert both[0][0] > 1e5
    assert both[1][1] > 1e5
