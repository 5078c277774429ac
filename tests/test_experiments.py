"""Thresholds, loops and pulse trains as functions with labelled results that plot themselves."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from compact_model import (
    Current,
    InputError,
    checks,
    count_levels,
    current_threshold,
    field_threshold,
    lequeux2016_track,
    potentiation_depression,
    pulse_train,
    resistance_loop,
    rest_position,
    retention,
    simulate,
    static_current_threshold,
)
from compact_model.experiments.loops import sweep_values
from compact_model.support.validation import ConvergenceError

MEGA = 1e10
OERSTED = 1e-4


def threshold(device, anisotropy, offsets, torques, **options):
    each = device.replace(anisotropy_field=anisotropy * OERSTED)
    found = current_threshold(each, np.array(offsets) * OERSTED, torques=torques, **options)
    return found.threshold.values[:, 0] / MEGA


def test_slonczewski_threshold_does_not_depend_on_the_field(device):
    found = threshold(device, 100, [2, 5, 10, 20, 28], "slonczewski")
    assert found == pytest.approx(8.31, rel=0.05)
    assert np.ptp(found) < 0.02 * found.mean()


def test_field_like_threshold_is_a_straight_line_through_the_origin(device):
    offsets = np.array([2.0, 5.0, 10.0, 20.0, 28.0])
    found = threshold(device, 100, offsets, "field-like")
    expected = offsets * OERSTED / (0.3 * device.torque_per_current_density) / MEGA
    assert found == pytest.approx(expected, rel=0.02)


def test_the_two_torques_cross_at_fifteen_oersted_for_100_oersted(device):
    hard = device.replace(anisotropy_field=100 * OERSTED)
    crossover = 0.5 * hard.field_like_ratio * hard.anisotropy_field
    assert crossover == pytest.approx(15 * OERSTED)
    alone = [static_current_threshold(hard, crossover, torques) for torques in ("slonczewski", "field-like")]
    assert alone[0] == pytest.approx(alone[1])


def test_the_ramp_rate_has_no_impact_at_zero_temperature(device):
    slow = threshold(device, 100, [5, 20], "both", ramp_rate=0.25e17)
    assert threshold(device, 100, [5, 20], "both") == pytest.approx(slow, rel=0.05)


def test_thresholds_of_two_methods_agree(device):
    for torques in ("slonczewski", "both"):
        reference = threshold(device, 30, [3, 12], torques, step=1e-12)
        assert threshold(device, 30, [3, 12], torques, method="adaptive") == pytest.approx(reference, rel=2e-3)


def test_the_field_alone_frees_a_wall_beyond_the_coercive_field(device):
    found = threshold(device, 30, [-5, 0, 10, 30, 40], "both")
    assert (found[[0, 1, 3, 4]] == 0.0).all()
    assert found[2] > 0.0


def test_a_ramp_that_ends_too_early_says_so(device):
    with pytest.raises(ConvergenceError, match="give a larger largest_density"):
        current_threshold(device, [10 * OERSTED], largest_density=1e9)


def test_the_fastest_ramp_goes_on_until_the_wall_has_moved(device):
    # 1e7 A/cm2/ns: three times the static limit is reached before the wall has crossed its well.
    rate = 1e20
    found = current_threshold(device, [10 * OERSTED], ramp_rate=rate)
    assert float(found.threshold[0, 0]) > 3.0 * float(found.static_threshold[0])

    def slopes(time, state):
        torque = device.torque_per_current_density * rate * time
        pinning = -15e-4 * state[0] / 100e-9
        a = 5e-4 + device.field_like_ratio * torque + pinning
        b = torque + 0.5 * device.anisotropy_field * np.sin(2.0 * state[1])
        damping = device.damping
        turning, moving = (a - damping * b), device.wall_width * (b + damping * a)
        return device.gyromagnetic_ratio / (1.0 + damping**2) * np.array([moving, turning])

    def free(time, state):
        return state[0] - 100e-9

    free.terminal = True
    path = solve_ivp(slopes, [0.0, 10e-9], [100e-9 / 3.0, 0.0], events=free, rtol=1e-10, atol=1e-16)
    assert float(found.threshold[0, 0]) == pytest.approx(rate * path.t_events[0][0], rel=1e-3)


def test_static_thresholds_hold_for_a_device_of_ones_own(device):
    checks.check_static_thresholds(device.replace(anisotropy_field=60e-4), 20e-4, 80e-9)


def test_a_field_ramp_frees_the_wall_at_its_coercive_field(device, paper_well):
    found = field_threshold(device, paper_well)
    assert float(found.threshold[0]) / OERSTED == pytest.approx(15.0, rel=0.01)


@pytest.mark.parametrize("field", [-10e-4, 0.0, 5e-4, 14.9e-4])
def test_rest_position_balances_field_and_well(paper_well, field):
    position = rest_position(paper_well, field)
    assert float(paper_well.pinning_field(position)) == pytest.approx(-field, abs=1e-12)


def test_a_field_beyond_the_well_has_no_rest_position(paper_well):
    with pytest.raises(InputError, match="expected a field at which the well holds the wall"):
        rest_position(paper_well, 20e-4)


def test_a_sweep_goes_up_down_and_back():
    values = sweep_values(2.0, 8, 2)
    assert values.tolist() == [0, 1, 2, 1, 0, -1, -2, -1, 0, 1, 2, 1, 0, -1, -2, -1, 0]


def test_a_loop_without_thermal_hops_is_binary(device):
    # physics of a dc ramp at T = 0 with one H_K all along: above the Walker current nothing stops the wall.
    track = lequeux2016_track(device, 3)
    uniform = type(track)(track.wells)
    loop = resistance_loop(device, uniform, amplitude=6.5e-3, external_field=85e-4, points=64)
    assert int(count_levels(loop, device).levels[0]) == 0
    assert float(loop.remanent_resistance[0, -1]) > 59.0
    assert float(loop.remanent_resistance.min()) == pytest.approx(36.0, abs=1e-9)


def test_levels_are_clusters_of_plateaus(device):
    loop = resistance_loop(
        device, lequeux2016_track(device, 0), amplitude=6.5e-3, external_field=85e-4, points=8, cycles=2
    )
    made_up = np.full((1, 17), 36.0)
    made_up[0, 1:5] = 40.0, 40.1, 39.9, 40.0  # a plateau on the way up, spread over a turn of the sweep
    made_up[0, 5:9] = 45.0
    made_up[0, 9:13] = 50.0
    made_up[0, 13:17] = 45.2  # the same level as before
    levels = count_levels(loop.assign(remanent_resistance=(("device", "point"), made_up)), device, least_points=2)
    assert levels.level_resistance.values[0] == pytest.approx([40.0, 45.1, 50.0], abs=0.06)


def test_a_voltage_loop_has_its_voltage_as_coordinate(device, paper_well):
    loop = resistance_loop(
        device, paper_well, amplitude=0.4, drive="voltage", external_field=85e-4, points=16, dwell=5e-9
    )
    assert loop.voltage.attrs["units"] == "V"
    assert float(loop.resistance[0, 0]) == pytest.approx(device.antiparallel_resistance)


def test_energy_of_a_pulse_is_its_power_times_its_width_where_nothing_moves(device, paper_well):
    train = pulse_train(
        device, paper_well, [0.01, -0.01], width=2e-9, period=10e-9, external_field=85e-4, initial_position=0.5e-6
    )
    conductance = 1.0 / train.resistance.values[0]
    assert train.energy.values[0] == pytest.approx(1e-4 * conductance * 2e-9, rel=1e-3)


def test_potentiation_lowers_and_depression_raises_the_resistance(device):
    tracks = [lequeux2016_track(device, seed) for seed in range(16)]
    train = pulse_train(
        device,
        tracks,
        potentiation_depression(0.35, 10),
        width=2e-9,
        period=60e-9,
        external_field=85e-4,
        temperature=300.0,
        initial_position=0.0,
        seed=2,
    )
    mean = train.resistance.mean("device").values
    assert mean[9] < mean[0] - 5.0
    assert mean[19] > mean[9] + 2.0
    assert float(train.levels.mean()) > 7.0
    assert (train.energy.values > 0.0).all()


@pytest.mark.parametrize("bad", [{"width": 9e-9}, {"width": 0.0}, {"period": -1.0}, {"drive": "power"}])
def test_bad_pulses_are_refused(device, paper_well, bad):
    arguments = {"width": 1e-9, "period": 10e-9} | bad
    with pytest.raises(InputError, match=f"^{next(iter(bad))}: expected"):
        pulse_train(device, paper_well, [0.1], external_field=85e-4, **arguments)


def test_every_result_plots_itself_with_units_on_its_axes(device, paper_well):
    pulses = pulse_train(device, paper_well, [0.1], width=1e-9, period=5e-9, external_field=85e-4)
    results = [
        (simulate(device, paper_well, Current.of(1e-3), [0.0, 1e-9], external_field=85e-4), "$t$ (ns)"),
        (current_threshold(device, [5e-4]), "Oe"),
        (field_threshold(device, paper_well), "Oe"),
        (resistance_loop(device, paper_well, amplitude=1e-3, points=8, external_field=85e-4), "mA"),
        (pulses, "pulse number"),
        (retention(device, paper_well, duration=1e-8, devices=2), "µs"),
    ]
    for result, unit in results:
        axes = result.dwmtj.plot()
        assert unit in axes.get_xlabel()
        assert len(axes.lines) + len(axes.patches) + len(axes.containers) > 0


def test_a_dataset_of_another_kind_is_not_drawn(device, paper_well):
    run = simulate(device, paper_well, Current.of(0.0), [0.0, 1e-9], external_field=85e-4)
    with pytest.raises(InputError, match="experiment: expected a result with one of"):
        run.assign_attrs(experiment="photograph").dwmtj.plot()


def test_a_check_fails_with_its_number(device, paper_well):
    with pytest.raises(checks.CheckFailure, match="thresholds against statics: measured"):
        checks.check_static_thresholds(device, 15e-4, 100e-9, tolerance=1e-6)
    with pytest.raises(AssertionError, match="damping: measured 0"):
        checks.check_device(device.replace(damping=0.0), paper_well)


def test_all_checks_pass_on_the_papers_device(device, paper_well):
    assert set(checks.check_device(device, paper_well)) >= {"passivity", "continuity", "Walker speed", "equipartition"}
