"""Sweeps as slow as a laboratory's: a chain of hops against equilibrium, direct simulation and each other."""

import time

import numba
import numpy as np
import pytest
from scipy.integrate import trapezoid

from compact_model import (
    AnisotropyProfile,
    Current,
    GaussianWell,
    InputError,
    Landscape,
    ParabolicWell,
    PiecewiseLinear,
    current_threshold,
    escape_rates,
    field_threshold,
    lequeux2016,
    lequeux2016_intrinsic_site,
    resistance,
    resistance_loop,
    resistance_sweep,
    simulate_ensemble,
    single_well,
)

OE = 1e-4
NM = 1e-9
PACE = 1e13  # A/(m2 s) in an A/cm2/ns
DEVICE = lequeux2016().replace(stray_field=0.0)
NARROW = DEVICE.replace(track_width=60 * NM, anisotropy_field=80 * OE)
KT = 1.380649e-23 * 300.0


def gaussians(*sites):
    return Landscape(tuple(GaussianWell(centre=x * NM, coercive_field=h * OE, half_width=18 * NM) for x, h in sites))


def test_a_sweep_visits_two_sites_in_detailed_balance():
    landscape = gaussians((465, 160), (535, 130))
    field, points = 0.5 * OE, 4000
    run = resistance_sweep(
        NARROW,
        landscape,
        np.zeros(points),
        dwell=1.0,
        samples=1,
        external_field=field,
        temperature=300.0,
        method="rates",
        seed=3,
    )
    position = np.linspace(440 * NM, 560 * NM, 12001)
    energy = landscape.energy(position, NARROW) - NARROW.energy_per_field_length * field * position
    weight = np.exp(-(energy - energy.min()) / KT)
    first = weight[position < 500 * NM].sum() / weight.sum()
    found = run.position.values[0]
    inside = (found > 430 * NM) & (found < 570 * NM)
    share = float((found[inside] < 500 * NM).mean())
    assert share == pytest.approx(first, abs=0.02 + 3.0 * np.sqrt(first * (1.0 - first) / inside.sum()))


def test_a_current_source_cools_the_wall_and_heats_it_the_other_way_round():
    # Its torque follows the resistance, and with it the position of the wall: work beside that of the damping.
    landscape = single_well(DEVICE.replace(anisotropy_field=80 * OE), coercive_field=70 * OE, half_width=18 * NM)
    device = DEVICE.replace(anisotropy_field=80 * OE)
    for current in (3e-3, -3e-3):
        kept = {}
        for method, walls in (("rates", 4000), ("heun", 128)):
            run = resistance_sweep(
                device,
                landscape,
                [current],
                dwell=1.5e-6,
                samples=1,
                devices=walls,
                temperature=300.0,
                step=50e-12,
                method=method,
                seed=1,
            )
            kept[method] = float((np.abs(run.position[:, -1] - 500 * NM) < 18 * NM).mean())
        assert 0.05 < kept["heun"] < 0.95
        # A rate that is right to 25 %, and 128 walls.
        spread = 0.25 * kept["heun"] * -np.log(kept["heun"]) + 2.5 * np.sqrt(0.25 / 128)
        assert kept["rates"] == pytest.approx(kept["heun"], abs=spread)
        rates = escape_rates(device, landscape, current=current, destinations=False)
        assert np.exp(-1.5e-6 / float(rates.escape_time[0])) == pytest.approx(kept["heun"], abs=spread)
    # A density that is the same everywhere does neither.
    density = 3e-3 / device.junction_area * float(resistance(device, 500 * NM) / device.parallel_resistance)
    alike = [
        float(escape_rates(device, landscape, current_density=each).escape_time[0]) for each in (density, -density)
    ]
    assert alike[0] < 0.8 * float(escape_rates(device, landscape, current=3e-3).escape_time[0])
    assert alike[1] > 1.2 * float(escape_rates(device, landscape, current=-3e-3).escape_time[0])


def test_settled_walls_leave_at_the_rates_of_a_current_that_rises_slowly():
    device = DEVICE.replace(anisotropy_field=80 * OE)
    landscape = single_well(device, coercive_field=70 * OE, half_width=18 * NM)
    largest, settled, rise, after, walls = 3e-3, 0.5e-6, 0.4e-6, 0.4e-6, 512
    run = simulate_ensemble(
        device,
        landscape,
        Current(PiecewiseLinear((0.0, settled, settled + rise), (0.0, 0.0, largest))),
        [0.0, settled, settled + rise + after],
        devices=walls,
        initial_position=500 * NM,
        temperature=300.0,
        step=40e-12,
        seed=1,
    )
    inside = np.abs(run.position.values - 500 * NM) < 50 * NM
    stay = inside[:, 2].sum() / inside[:, 1].sum()
    rates = [
        1.0 / float(escape_rates(device, landscape, current=each, destinations=False).escape_time[0])
        for each in np.linspace(0.0, largest, 9)
    ]
    by_rates = np.exp(-trapezoid(rates, dx=rise / 8) - rates[-1] * after)
    assert 0.1 < stay < 0.9
    assert by_rates == pytest.approx(stay, abs=3.0 * np.sqrt(stay * (1.0 - stay) / walls))


def test_a_sweep_by_rates_has_the_same_bits_on_one_thread_and_on_two():
    count = numba.get_num_threads()
    positions = []
    try:
        for threads in (1, min(2, count)):
            numba.set_num_threads(threads)
            run = resistance_sweep(
                NARROW,
                gaussians((465, 160), (535, 130)),
                [1e-3, -1e-3],
                dwell=1e-3,
                devices=8,
                temperature=300.0,
                method="rates",
                seed=3,
            )
            positions.append(run.position.values)
    finally:
        numba.set_num_threads(count)
    assert np.array_equal(*positions)


def test_a_current_that_heats_by_more_than_the_damping_takes_has_no_rate():
    device = DEVICE.replace(anisotropy_field=80 * OE, damping=1e-4)
    landscape = single_well(device, coercive_field=70 * OE, half_width=18 * NM)
    with pytest.raises(InputError, match="current: expected one that heats the wall by less"):
        escape_rates(device, landscape, current=-3e-3)
    with pytest.raises(InputError, match="current: expected either it or current_density"):
        escape_rates(device, landscape, current=1e-3, current_density=1e9)


def test_sweeps_by_rates_and_by_simulation_agree_where_they_overlap():
    device = DEVICE.replace(anisotropy_field=120 * OE)
    landscape = gaussians((440, 165), (500, 155), (560, 175))
    values = np.array([0.8e-3, 2.2e-3, 3.6e-3])
    dwell = 1.4e-3 / device.junction_area / (100.0 * PACE)
    gone = {}
    for method, walls in (("rates", 2000), ("heun", 48)):
        run = resistance_sweep(
            device,
            landscape,
            values,
            dwell=dwell,
            devices=walls,
            samples=4,
            temperature=300.0,
            initial_position=500 * NM,
            step=30e-12,
            method=method,
            seed=7,
        )
        gone[method] = (run.position.values > 530 * NM).mean(axis=0)
    assert gone["heun"][0] < 0.2
    assert gone["heun"][-1] > 0.8
    np.testing.assert_allclose(gone["rates"], gone["heun"], atol=3.0 * np.sqrt(0.25 / 48))


def test_a_laboratory_loop_ends_in_time_and_follows_the_current():
    device = DEVICE.replace(anisotropy_field=180 * OE)
    begin = time.perf_counter()
    loop = resistance_loop(
        device,
        lequeux2016_intrinsic_site(device),
        amplitude=6.5e-3,
        points=32,
        ramp_rate=0.0163 * PACE,
        cycles=20,
        temperature=300.0,
        seed=1,
    )
    assert time.perf_counter() - begin < 60.0
    assert loop.attrs["method"] == "rates"
    assert loop.attrs["dwell"] == pytest.approx(40.6e-3, rel=0.01)  # 20 uA in a millisecond
    assert float(loop.resistance[0, 0]) == pytest.approx(device.antiparallel_resistance)
    assert float(loop.remanent_resistance[0, 8]) == pytest.approx(device.parallel_resistance, rel=1e-6)
    assert float(loop.position[0, 24]) == 0.0


@pytest.mark.parametrize("temperature", [0.0, 300.0])
@pytest.mark.parametrize(("pace", "method"), [(1e-3, "rates"), (1e7, "simulation")])
def test_thresholds_and_loops_take_any_rate_and_choose_the_method(pace, method, temperature):
    device = DEVICE.replace(anisotropy_field=100 * OE)
    site = single_well(device, coercive_field=40 * OE, half_width=50 * NM)
    threshold = current_threshold(
        device, [15 * OE], ramp_rate=pace * PACE, temperature=temperature, largest_density=1e13, step=2e-12
    )
    loop = resistance_loop(device, site, amplitude=2e-3, points=8, ramp_rate=pace * PACE, temperature=temperature)
    for found in (threshold, loop):
        assert (found.attrs["method"] == "rates") == (method == "rates")
    assert np.isfinite(threshold.threshold).all()
    assert np.isfinite(loop.resistance).all()


def test_a_slow_loop_at_zero_temperature_is_that_of_a_faster_one():
    device = DEVICE.replace(anisotropy_field=40 * OE)
    site = single_well(device, coercive_field=40 * OE, half_width=50 * NM)
    loop = {"amplitude": 5e-3, "points": 80, "initial_position": 500 * NM}
    slow = resistance_loop(device, site, ramp_rate=0.01 * PACE, **loop)
    fast = resistance_loop(device, site, dwell=0.9e-6, **loop)
    assert (slow.attrs["method"], fast.attrs["method"]) == ("rates", "adaptive")
    for limit, side in ((900 * NM, 1.0), (100 * NM, -1.0)):
        # The steps of the drive make the wall ring, which frees it a little before the static limit.
        first = [int(np.argmax(side * each.position.values[0] > side * limit)) for each in (slow, fast)]
        assert abs(first[0] - first[1]) <= 2


def test_a_barrier_that_means_nothing_is_integrated_however_slow_the_ramp():
    # 0.8 k_B T: left within microseconds, which on a ramp of seconds is at once.
    shallow = single_well(DEVICE, coercive_field=15 * OE, half_width=10 * NM)
    found = field_threshold(lequeux2016(), shallow, ramp_rate=1 * OE, temperature=300.0, repeats=3, step=20e-12)
    assert found.attrs["method"] == "heun"
    assert (found.threshold < 1e-8).all()
    both = current_threshold(
        DEVICE, [14 * OE], half_width=10 * NM, ramp_rate=0.02 * PACE, temperature=300.0, repeats=3, step=20e-12
    )
    assert both.attrs["method"] == "heun"
    assert (both.threshold < 1e8).all()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"dwell": 1e-8, "method": "rates"}, "dwell: expected a dwell of at least"),
        ({"dwell": 1e-8, "values": np.zeros(1), "method": "nothing"}, "method: expected"),
        ({"drive": "field", "external_field": 1e-3}, "external_field: expected none"),
        ({"drive": "charge"}, "drive: expected"),
        ({"initial_position": 2e-6, "method": "rates", "dwell": 1.0}, "initial_position: expected"),
        ({"temperature": 0.5, "method": "rates", "dwell": 1.0}, "temperature: expected at least"),
    ],
)
def test_nonsense_is_named(arguments, named):
    given = {"values": [0.0, 1e-4], "dwell": 1e-3, "temperature": 300.0} | arguments
    with pytest.raises(InputError, match=named):
        resistance_sweep(DEVICE, lequeux2016_intrinsic_site(DEVICE), **given)


def test_a_sweep_that_no_method_can_follow_says_so():
    with pytest.raises(InputError, match="a simulation would take"):
        resistance_sweep(
            DEVICE.replace(damping=0.5), lequeux2016_intrinsic_site(DEVICE), [0.0, 1e-3], dwell=10.0, temperature=300.0
        )


@pytest.mark.parametrize("temperature", [0.0, 300.0])
def test_a_sweep_by_rates_of_walls_without_damping_is_refused(temperature):
    undamped = DEVICE.replace(damping=0.0)
    sweep = {"dwell": 1.0, "temperature": temperature, "method": "rates"}
    with pytest.raises(InputError, match="damping: expected a number above 0 for method 'rates'"):
        resistance_sweep(undamped, lequeux2016_intrinsic_site(DEVICE), [0.0, 1e-3], **sweep)


def test_a_sweep_draws_itself():
    run = resistance_sweep(DEVICE, lequeux2016_intrinsic_site(DEVICE), [0.0, 1e-3], drive="voltage", dwell=1e-9)
    assert "V" in run.dwmtj.plot().get_xlabel()


def test_a_wall_that_has_left_is_not_counted_where_it_was_while_it_settles():
    # Of two sites with an H_K of their own the second holds no wall at 1.4 mA: the sweep follows some from the first.
    wells = tuple(ParabolicWell(centre=x * NM, coercive_field=60 * OE, half_width=18 * NM) for x in (300, 600))
    profile = AnisotropyProfile((318 * NM, 582 * NM), (60 * OE, 15 * OE))
    device = DEVICE.replace(anisotropy_gradient_force=1.0)
    found = {}
    for method, walls in (("rates", 2000), ("heun", 256)):
        run = resistance_sweep(
            device,
            Landscape(wells, profile),
            [1e-5, 1.4e-3],  # first the wall takes up its energy
            dwell=3.2e-6,
            devices=walls,
            samples=1,
            temperature=300.0,
            step=50e-12,
            method=method,
            seed=5,
        )
        found[method] = run.position.values[:, 1]
    stay = {method: float((np.abs(position - 300 * NM) < 30 * NM).mean()) for method, position in found.items()}
    assert 0.1 < stay["heun"] < 0.5
    # The error of a share of 256 walls, and a rate that is right to 15 %.
    spread = 3.0 * np.sqrt(stay["heun"] * (1.0 - stay["heun"]) / 256) - 0.15 * stay["heun"] * np.log(stay["heun"])
    assert stay["rates"] == pytest.approx(stay["heun"], abs=spread)
    error = float(found["heun"].std()) / 16.0
    assert float(found["rates"].mean()) == pytest.approx(float(found["heun"].mean()), abs=4.0 * error)


def test_a_wall_that_swings_over_the_last_site_from_the_end_is_not_caught_there():
    # The field-like torque holds it at the end, where its angle keeps turning and moves it past the edge at 986 nm.
    device = DEVICE.replace(anisotropy_field=80 * OE)
    landscape = Landscape((ParabolicWell(centre=972 * NM, coercive_field=57 * OE, half_width=14 * NM),))
    caught = {}
    for method, walls in (("rates", 500), ("heun", 64)):
        run = resistance_sweep(
            device,
            landscape,
            [0.5e-3, 4.3e-3],
            dwell=2.2e-6,
            devices=walls,
            samples=8,
            initial_position=1e-6,
            temperature=300.0,
            step=40e-12,
            method=method,
            seed=2,
        )
        caught[method] = (run.position.values < 980 * NM).mean(axis=0)
    assert caught["heun"].max() < 0.05
    np.testing.assert_allclose(caught["rates"], caught["heun"], atol=0.05)
