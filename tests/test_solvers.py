"""The methods: observed orders, agreement with one another and with an independent solver, edges and track ends."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from compact_model import (
    AnisotropyProfile,
    ConvergenceError,
    Current,
    CurrentDensity,
    GaussianWell,
    InputError,
    Landscape,
    ParabolicWell,
    PiecewiseLinear,
    Sine,
    Voltage,
    conductance,
    constant,
    count_levels,
    ensemble,
    lequeux2016,
    lequeux2016_track,
    position_for_resistance,
    pulses,
    ramp,
    resistance,
    retention,
    simulate,
    simulate_ensemble,
    single_well,
)
from compact_model.kernels import dop853
from compact_model.kernels import dop853_coefficients as coefficients
from compact_model.kernels.interpreted import interpreted
from compact_model.kernels.tables import Device, device_at, find_pieces

GAMMA = 1.7609e11
take_step, prepare_interpolation, interpolated = (
    interpreted(part) for part in (dop853.take_step, dop853.prepare_interpolation, dop853.interpolated)
)


def smooth_track(device):
    return single_well(device, coercive_field=15e-4, half_width=100e-9, kind=GaussianWell)


def independent(device, landscape, density, times, position, net_field=0.0):
    """Eq. 1 by scipy, written down a second time."""
    alpha, delta = device.damping, device.wall_width
    torque = device.torque_per_current_density * density

    def rates(_, state):
        x, phi = state[0] * delta, state[1]
        a = GAMMA * (net_field + device.field_like_ratio * torque + landscape.pinning_field(x))
        b = GAMMA * torque + 0.5 * GAMMA * landscape.anisotropy_field(x, device) * np.sin(2.0 * phi)
        return [(b + alpha * a) / (1.0 + alpha**2), (a - alpha * b) / (1.0 + alpha**2)]

    solution = solve_ivp(
        rates, (times[0], times[-1]), [position / delta, 0.0], "DOP853", t_eval=times, rtol=1e-13, atol=1e-13
    )
    return solution.y[0] * delta, solution.y[1]


def observed_order(errors):
    return np.log2(np.asarray(errors[:-1]) / np.asarray(errors[1:]))


@pytest.mark.parametrize(("method", "order", "coarsest"), [("rk4", 4, 0.8e-9), ("heun", 2, 0.1e-9)])
def test_fixed_step_methods_have_their_order(device, method, order, coarsest):
    landscape = smooth_track(device)

    def end(options):
        run = simulate(
            device,
            landscape,
            CurrentDensity.of(1.5e10),
            [0.0, 32e-9],
            initial_position=0.47e-6,
            external_field=85e-4,
            **options,
        )
        return np.array([float(run.position[-1]) / device.wall_width, float(run.angle[-1])])

    exact = end({"method": "adaptive", "tolerance": 1e-13})
    errors = [np.abs(end({"method": method, "step": coarsest / 2**k}) - exact).max() for k in range(2, 6)]
    assert observed_order(errors)[-1] == pytest.approx(order, abs=0.1)


def one_branch(device):
    """The leading arguments of `dop853.take_step` for a pendulum-like well, and the piece that holds the wall."""
    landscape = Landscape((ParabolicWell(centre=0.5e-6, coercive_field=15e-4, half_width=0.49e-6),))
    circuit = ensemble.Ensemble(
        devices=ensemble.device_arrays([device], CurrentDensity.of(0.0), "both", np.zeros(1), 1),
        mode=0,
        landscape=ensemble.landscape_table([landscape], [device]),
        drive=ensemble.drive_table([CurrentDensity.of(1.2e10)], [constant(1e-4)], 0.0, 1e-6),
    )
    one = device_at(Device(*[np.asarray(column) for column in circuit.devices]), 0)
    piece = int(find_pieces(circuit.landscape, np.array([0.45e-6]), np.array([0]))[0])
    return (one, 0, circuit.landscape.rows, circuit.drive.rows), piece


def follow(device, duration, count, shares=()):
    """Wall widths and rad after `count` equal steps, (2,), and at shares of the last one, (shares, 2)."""
    branch, piece = one_branch(device)
    slopes, powers = np.zeros((coefficients.ALL_STAGES, 3)), np.zeros((coefficients.POWERS, 3))
    position, angle, step = 0.45e-6, 0.5, duration / count
    for index in range(count):
        at = (*branch, dop853.Start(piece, 0, 1.0, index * step, position, angle, 0.0))
        take_step(*at, 0.0, 1.0, np.inf, slopes)  # the rates at the start
        slopes[0] = slopes[coefficients.STAGES]
        before = position, angle
        position, angle, rise, _ = take_step(*at, step, 1.0, np.inf, slopes)
    prepare_interpolation(*at, step, (position, angle, rise), 1.0, slopes, np.zeros_like(slopes), powers)
    between = [[interpolated(k, before[k], share, powers) for k in (0, 1)] for share in shares]
    scale = np.array([1.0 / device.wall_width, 1.0])
    return np.array([position, angle]) * scale, np.array(between).reshape(-1, 2) * scale


def test_the_adaptive_methods_step_has_order_eight(device):
    # One smooth branch, steps of equal length: the local formula itself.
    exact, _ = follow(device, 80e-9, 1024)
    errors = [np.abs(follow(device, 80e-9, count)[0] - exact).max() for count in (32, 64)]
    assert observed_order(errors)[-1] == pytest.approx(8, abs=0.1)


def test_states_between_the_ends_of_a_step_have_order_seven(device):
    # A single step, whose error falls with its length to the power of one more than the order.
    shares = [0.1, 0.35, 0.5, 0.65, 0.85]

    def error(step):
        exact = [follow(device, share * step, 16)[0] for share in shares]
        return np.abs(follow(device, step, 1, shares)[1] - exact).max()

    assert observed_order([error(step) for step in (2e-9, 1e-9)])[0] == pytest.approx(8, abs=0.5)


def interpolation(slopes, change, share):
    """Values and slopes at shares of a step of length 1 from 0, from the rates of all stages."""
    powers = np.zeros((coefficients.POWERS, 3), dtype=np.result_type(slopes))
    first, last = slopes[0], slopes[coefficients.STAGES]
    powers[:3, 0] = change, first - change, 2.0 * change - first - last
    powers[3:, 0] = coefficients.INTERPOLATION @ slopes
    values = np.array([interpolated(0, 0.0, each, powers) for each in share])
    return values, powers[:, 0] @ coefficients.TRIED_SLOPES.T


def test_the_interpolation_meets_the_quadrature_conditions_of_its_order():
    # Rates t^k, whatever the state: a method of order 7 integrates them exactly for k up to 6, at every share.
    share = np.linspace(0.0, 1.0, 11)
    for degree in range(8):
        rates = coefficients.NODES**degree
        found, slopes = interpolation(rates, 1.0 / (degree + 1.0), share)  # the step itself is exact up to 7
        difference = np.abs(found - share ** (degree + 1) / (degree + 1)).max()
        assert difference < 1e-13 if degree < 7 else difference > 1e-5
        if degree < 7:
            assert slopes == pytest.approx(coefficients.TRIED**degree, abs=1e-11)


@pytest.mark.parametrize("size", [0.5, 2.0, 4.0, 5.5, 7.0, 10.0])
@pytest.mark.parametrize("degrees", [90, 105, 120, 150, 160, 175, 180])
def test_two_slopes_bound_the_error_of_the_interpolation(size, degrees):
    # y' = z y over a step of length 1, in every phase, well within and far beyond the limit of stability; to the
    # difference of the slopes comes the error that the step itself has, whatever is between its ends.
    z, share = size * np.exp(1j * np.radians(degrees)), np.linspace(0.0, 1.0, 101)
    slopes = np.zeros(coefficients.ALL_STAGES, dtype=complex)
    for stage in range(coefficients.ALL_STAGES):
        slopes[stage] = z * (1.0 + coefficients.MATRIX[stage, :stage] @ slopes[:stage])
    values, found = interpolation(slopes, slopes[coefficients.STAGES] / z - 1.0, share)
    at_places, _ = interpolation(slopes, slopes[coefficients.STAGES] / z - 1.0, coefficients.TRIED)
    missing = z * (1.0 + at_places) - found
    wrong = 1.0 + values - np.exp(z * share)
    fifth, third = (
        abs(each @ slopes[: coefficients.STAGES]) ** 2 for each in (coefficients.ERROR_5, coefficients.ERROR_3)
    )
    own = fifth / np.sqrt(fifth + 0.01 * third)
    for phase in np.exp(1j * np.linspace(0.0, np.pi, 24)) if degrees < 180 else [1.0]:
        estimate = coefficients.ERROR_BY_SLOPE * np.abs((phase * missing).real).max()
        assert np.abs((phase * wrong).real).max() <= estimate + 0.25 * own


def test_adaptive_agrees_with_an_independent_solver_on_a_smooth_track(device):
    landscape = smooth_track(device)
    times = np.linspace(0.0, 200e-9, 21)
    for density in (1e10, 3e10):
        position, angle = independent(device, landscape, density, times, 0.5e-6, net_field=2e-4)
        inside = position < 0.95e-6
        run = simulate(device, landscape, CurrentDensity.of(density), times, external_field=87e-4, tolerance=1e-12)
        assert run.position.values[inside] == pytest.approx(position[inside], abs=1e-14)
        assert run.angle.values[inside] == pytest.approx(angle[inside], abs=1e-7)


def test_recorded_states_keep_the_tolerance_between_the_steps(device):
    # Some twenty steps and two thousand recorded states, nearly all of them interpolated.
    landscape = smooth_track(device)
    times = np.linspace(0.0, 100e-9, 2001)
    position, angle = independent(device, landscape, 1e10, times, 0.5e-6, net_field=2e-4)
    run = simulate(device, landscape, CurrentDensity.of(1e10), times, external_field=87e-4)
    assert np.abs(run.position.values - position).max() < 1e-7 * device.wall_width
    assert np.abs(run.angle.values - angle).max() < 1e-7


@pytest.mark.parametrize(("damping", "anisotropy_field"), [(0.005, 0.1), (0.02, 0.02), (0.3, 0.02), (1.0, 0.02)])
def test_recorded_states_keep_the_tolerance_where_stability_limits_the_step(device, damping, anisotropy_field):
    # At rest a step is limited by stability alone, and the interpolation is much less accurate than the step.
    stiff = device.replace(damping=damping, anisotropy_field=anisotropy_field)
    landscape, times = smooth_track(stiff), np.linspace(0.0, 400e-9, 2001)
    position, angle = independent(stiff, landscape, 5e9, times, 0.5e-6)
    run = simulate(stiff, landscape, CurrentDensity.of(5e9), times, initial_position=0.5e-6)
    assert np.abs(run.position.values - position).max() < 1e-7 * stiff.wall_width
    assert np.abs(run.angle.values - angle).max() < 2e-8


@pytest.mark.parametrize("tolerance", [3e-9, 1e-6, 1e-4])
def test_a_junction_that_cools_follows_the_exponential_between_the_steps(device, tolerance):
    heated = device.replace(thermal_resistance=1e5, thermal_time_constant=1e-9)
    drive = CurrentDensity(pulses([5e9], width=20e-9, period=200e-9))
    times = np.linspace(20e-9, 200e-9, 1801)
    start = {"initial_position": 0.5e-6, "tolerance": tolerance}
    run = simulate(heated, smooth_track(heated), drive, np.append(0.0, times), **start)
    rise = run.temperature_rise.values[1:]
    assert rise[0] > 1.0
    largest = 5.0 * tolerance * heated.reference_temperature  # the scale of its errors
    assert rise == pytest.approx(rise[0] * np.exp(-(times - times[0]) / 1e-9), abs=largest)


@pytest.mark.filterwarnings("ignore:voltage on the barrier")  # driven as hard as the solver can be tried
def test_adaptive_meets_the_promised_accuracy_through_many_hard_wells(device):
    long_track = device.replace(track_length=20e-6)
    centres = np.arange(0.3e-6, 19.7e-6, 0.3e-6)
    landscape = Landscape(
        tuple(ParabolicWell(centre=c, coercive_field=15e-4, half_width=100e-9) for c in centres.tolist())
    )
    runs = [
        simulate(long_track, landscape, CurrentDensity.of(3e10), [0.0, 1e-6], external_field=85e-4, **options)
        for options in ({}, {"tolerance": 1e-13})
    ]
    assert float(runs[1].position[-1]) > 4e-6
    assert float(runs[0].position[-1]) == pytest.approx(float(runs[1].position[-1]), abs=1e-12)
    assert float(runs[0].angle[-1]) == pytest.approx(float(runs[1].angle[-1]), abs=1e-6)


def test_rk4_converges_to_the_adaptive_solution_through_an_edge(device, paper_well):
    def end(**options):
        run = simulate(
            device,
            paper_well,
            CurrentDensity.of(3.2e10),
            [0.0, 60e-9],
            initial_position=0.5e-6,
            external_field=78e-4,
            **options,
        )
        return float(run.position[-1])

    exact = end(tolerance=1e-12)
    assert exact > 0.62e-6  # the wall has left the well
    errors = [abs(end(method="rk4", step=step) - exact) for step in (5e-12, 0.05e-12)]
    assert errors[0] < 1e-9
    assert errors[1] < 0.05 * errors[0] + 1e-14


@pytest.mark.parametrize("end", [0.0, 1.0])
@pytest.mark.parametrize("damping", [0.0, 0.005])
@pytest.mark.parametrize("field", [-1.5e-3, -1.365128944139463e-3, -1.2e-3, -1e-3, 0.7e-3, 1.2e-3])
@pytest.mark.parametrize("axis", ["x", "y"])
def test_a_wall_at_rest_at_an_end_of_the_track_stays_there(device, axis, field, damping, end):
    # Its forces cancel but for round-off, of either sign, which drives it across the edge and back.
    resting = device.replace(damping=damping, **{f"in_plane_field_{axis}": field})
    landscape = single_well(resting, coercive_field=15e-4, half_width=100e-9)
    place = end * resting.track_length
    run = simulate(resting, landscape, Current.of(0.0), np.linspace(0.0, 20e-9, 3), initial_position=place)
    assert np.abs(run.position.values - place).max() < 1e-20
    assert np.ptp(run.angle.values) < 1e-9


DRIVES = st.one_of(
    st.floats(-6e-3, 6e-3).map(Current.of),
    st.floats(-0.4, 0.4).map(Voltage.of),
    st.floats(-8e10, 8e10).map(CurrentDensity.of),
    st.lists(st.floats(-6e-3, 6e-3), min_size=1, max_size=4).map(lambda a: Current(pulses(a, width=2e-9, period=5e-9))),
    st.floats(-0.4, 0.4).map(lambda v: Voltage(Sine(v, 2e8))),
    st.floats(-1e19, 1e19).map(lambda r: CurrentDensity(ramp(r, 10e-9))),
)


@settings(max_examples=60, deadline=None)
@given(
    drive=DRIVES,
    seed=st.integers(0, 1000),
    position=st.floats(0.0, 1e-6),
    field=st.floats(-60e-4, 200e-4),
    torque_density=st.sampled_from(["voltage", "current"]),
)
def test_adaptive_is_consistent_whatever_the_device_and_the_drive(drive, seed, position, field, torque_density):
    device = lequeux2016().replace(torque_density=torque_density)
    landscape = lequeux2016_track(device, seed)
    times = np.array([0.0, 3.3e-9, 20e-9])
    options = {"initial_position": position, "external_field": field}
    coarse = simulate(device, landscape, drive, times, tolerance=1e-9, **options)
    fine = simulate(device, landscape, drive, times, tolerance=1e-11, **options)
    assert coarse.position.values == pytest.approx(fine.position.values, abs=1e-12)
    assert (coarse.position.values >= 0.0).all()
    assert (coarse.position.values <= device.track_length).all()


def test_where_samples_are_taken_does_not_change_the_solution(device, paper_well):
    drive = Current(pulses([4e-3], width=7e-9, period=50e-9))
    few = simulate(device, paper_well, drive, [0.0, 40e-9], external_field=85e-4)
    many = simulate(device, paper_well, drive, np.linspace(0.0, 40e-9, 4001), external_field=85e-4)
    assert float(few.position[-1]) == pytest.approx(float(many.position[-1]), abs=1e-20)
    smooth = simulate(device, paper_well, drive, np.linspace(0.0, 40e-9, 4001), external_field=85e-4, tolerance=1e-12)
    assert many.position.values == pytest.approx(smooth.position.values, abs=1e-14)


@pytest.mark.parametrize("method", ["adaptive", "rk4", "heun"])
def test_a_wall_is_held_at_the_tracks_end_and_leaves_it_again(device, method):
    track = single_well(device, coercive_field=0.0, half_width=1e-9)
    there_and_back = Current(PiecewiseLinear((0.0, 80e-9, 80e-9, 90e-9), (5e-3, 5e-3, -5e-3, -5e-3)))
    run = simulate(device, track, there_and_back, [0.0, 79e-9, 95e-9, 200e-9], external_field=85e-4, method=method)
    assert float(run.position[1]) == device.track_length
    assert 0.0 < float(run.position[2]) < device.track_length
    assert float(run.position[3]) == 0.0


def test_methods_agree_on_a_wall_that_is_released_by_a_slow_sine(device):
    track = single_well(device, coercive_field=0.0, half_width=1e-9)
    drive = CurrentDensity(Sine(6e10, 8e6))
    times = np.linspace(0.0, 120e-9, 13)
    runs = [
        simulate(device, track, drive, times, external_field=85e-4, initial_position=0.9e-6, **options)
        for options in ({"tolerance": 1e-11}, {"method": "rk4", "step": 0.5e-12})
    ]
    assert float(runs[0].position.max()) == device.track_length
    assert float(runs[0].position[-1]) < 0.7e-6
    assert runs[0].position.values == pytest.approx(runs[1].position.values, abs=1e-11)


@pytest.mark.parametrize(("method", "accuracy"), [("adaptive", 1e-16), ("rk4", 1e-14)])
def test_the_time_of_passage_is_that_of_uniform_motion(device, method, accuracy):
    # No anisotropy, no pinning, Slonczewski torque alone: dx/dt = Delta gamma sigma / (1 + alpha^2).
    free = device.replace(anisotropy_field=0.0)
    density = 2e10
    speed = free.wall_width * GAMMA * free.torque_per_current_density * density / (1.0 + free.damping**2)
    run = simulate(
        free,
        single_well(free, coercive_field=0.0, half_width=1e-9),
        CurrentDensity.of(density),
        [0.0, 20e-9, 40e-9],
        torques="slonczewski",
        external_field=85e-4,
        stop_above=0.6e-6,
        method=method,
    )
    assert float(run.passage_time) == pytest.approx(0.1e-6 / speed, abs=accuracy)
    assert run.position.values[-1] == pytest.approx(0.6e-6, abs=1e-10)


def test_a_wall_that_passes_no_stop_says_so(device, paper_well):
    run = simulate(device, paper_well, Current.of(0.0), [0.0, 1e-9], external_field=85e-4, stop_above=0.7e-6)
    assert float(run.passage_time) == np.inf


def test_zero_temperature_is_the_deterministic_solution(device, paper_well):
    def end(**options):
        run = simulate_ensemble(
            device, paper_well, Current.of(2e-3), [0.0, 30e-9], devices=20, external_field=85e-4, **options
        )
        return run.position.values[:, -1]

    cold = end(method="heun", step=0.25e-12)
    exact = end(tolerance=1e-12)
    assert cold == pytest.approx(exact, abs=1e-15)
    assert (cold == cold[0]).all()


def test_a_uniform_device_waits_for_its_nucleation_current(device, paper_well):
    drive = Current(ramp(6e-3 / 100e-9, 100e-9))
    run = simulate(
        device, paper_well, drive, np.linspace(0.0, 100e-9, 101), initial_position="AP", external_field=85e-4
    )
    begin = float(run.nucleation_time)
    just_before = simulate(
        device, paper_well, drive, [0.0, begin * (1.0 - 1e-9)], initial_position="AP", external_field=85e-4
    )
    assert 0.0 < begin < 100e-9
    share_before = run.resistance.values[run.time.values < begin]
    assert share_before[0] == pytest.approx(device.antiparallel_resistance)
    # The pad turns parallel with the nucleation: R steps down there, and J with it.
    assert float(run.resistance[int(np.ceil(begin / 1e-9))]) < 0.9 * share_before[-1]
    assert float(just_before.current_density[-1]) == pytest.approx(device.nucleation_current_density, rel=1e-6)
    assert (run.position.values[run.time.values < begin] == 0.0).all()


def test_each_wall_starts_at_the_rest_angle_of_its_own_place(device):
    profile = AnisotropyProfile((0.0, 1e-6), (-50e-4, 50e-4))
    track = Landscape((ParabolicWell(centre=0.5e-6, coercive_field=15e-4, half_width=1e-7),), profile)
    run = simulate_ensemble(
        device, track, Current.of(0.0), [0.0, 1e-9], initial_position=[0.2e-6, 0.8e-6], external_field=85e-4
    )
    assert run.angle.values[:, 0] == pytest.approx([0.5 * np.pi, 0.0])


def test_a_parallel_device_is_reversed_by_a_negative_current_only(device, paper_well):
    for current, formed in ((6e-3, False), (-6e-3, True)):
        run = simulate(
            device, paper_well, Current.of(current), [0.0, 40e-9], initial_position="P", external_field=85e-4
        )
        assert np.isfinite(run.nucleation_time) == formed
        assert (float(run.position[-1]) < device.track_length) == formed


def test_a_constant_field_pushes_the_wall_and_the_stray_field_is_part_of_it(device):
    track = single_well(device, coercive_field=0.0, half_width=1e-9)
    for external, sign in ((85e-4, 0.0), (90e-4, 1.0), (80e-4, -1.0)):
        run = simulate(device, track, Voltage.of(0.0), [0.0, 200e-9], external_field=external)
        assert np.sign(round(float(run.position[-1]) - 0.5e-6, 12)) == sign


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"times": [0.0, 2e-9, 1e-9]}, "times: expected rising values"),
        ({"times": [0.0]}, "times: expected a start and at least one later time"),
        ({"times": [0.0, np.nan]}, "times: expected finite numbers"),
        ({"torques": "spin-orbit"}, "torques: expected one of 'slonczewski', 'field-like', 'both'"),
        ({"method": "euler"}, "method: expected one of"),
        ({"method": "rk4", "step": 1e-9}, "step: expected at most"),
        ({"method": "rk4", "step": 0.0}, "step: expected a number above 0"),
        ({"tolerance": 1.0}, "tolerance: expected a number from"),
        ({"temperature": -1.0}, "temperature: expected a number of at least 0"),
        ({"temperature": 300.0, "method": "adaptive"}, "method: expected 'heun' or 'rk4' at a temperature"),
        ({"initial_position": 2e-6}, "initial_position: expected a position on the track"),
        ({"initial_position": "up"}, "initial_position: expected one of 'AP', 'P'"),
        ({"initial_position": 0.5e-6, "stop_above": 0.4e-6}, "initial_position: expected a position between"),
        ({"external_field": np.inf}, "external_field: expected a finite number"),
        ({"seed": -1}, "seed: expected a whole number of at least 0"),
        ({"external_field": "85"}, "external_field: expected a number, got '85'"),
        ({"temperature": "warm"}, "temperature: expected numbers, got 'warm'"),
        ({"initial_angle": [[0.0], [1.0, 2.0]]}, "initial_angle: expected numbers"),
        ({"method": ""}, "method: expected one of"),
        ({"method": "rk4", "step": 1e-30}, "step: expected at most 1e[+]13 steps"),
    ],
)
def test_bad_arguments_are_refused_by_name(device, paper_well, changes, message):
    arguments = {"times": [0.0, 1e-9], "external_field": 85e-4} | changes
    with pytest.raises(InputError, match=message):
        simulate(device, paper_well, Current.of(20e-3), arguments.pop("times"), **arguments)


def test_lists_of_different_lengths_are_refused(device, paper_well):
    with pytest.raises(InputError, match="temperature: expected one value, or one for each of the 3 devices, got 2"):
        simulate_ensemble(device, paper_well, Current.of(0.0), [0.0, 1e-9], devices=3, temperature=[0.0, 300.0])
    with pytest.raises(InputError, match="drive: expected the same kind"):
        simulate_ensemble(device, paper_well, [Current.of(0.0), Voltage.of(0.0)], [0.0, 1e-9])
    with pytest.raises(InputError, match="parameters: expected DeviceParameters"):
        simulate("device", paper_well, Current.of(0.0), [0.0, 1e-9])


def test_results_are_labelled_with_units_and_provenance(device, paper_well):
    run = simulate_ensemble(device, paper_well, Current.of(1e-3), [0.0, 1e-9], devices=2, external_field=85e-4)
    assert run.position.dims == ("device", "time")
    assert all(run[name].attrs["units"] for name in run.data_vars)
    assert "0.005" in run.attrs["parameters"]
    assert "ParabolicWell" in run.attrs["landscape"]
    assert simulate(device, paper_well, Current.of(1e-3), [0.0, 1e-9]).position.dims == ("time",)


@pytest.mark.parametrize("method", ["adaptive", "rk4"])
@pytest.mark.parametrize("devices", [1, 20])
def test_a_stop_on_the_tracks_end_is_passed_by_a_wall_that_is_driven_into_it(device, paper_well, method, devices):
    run = simulate_ensemble(
        device,
        paper_well,
        CurrentDensity.of(6e10),
        [0.0, 10e-9, 20e-9],
        devices=devices,
        initial_position=0.95e-6,
        external_field=85e-4,
        stop_above=device.track_length,
        method=method,
    )
    assert (run.passage_time.values < 10e-9).all()
    assert (run.position.values[:, 1:] == device.track_length).all()


@pytest.mark.parametrize("stop", [0.0, 0.5e-6])
def test_a_wall_that_stands_on_a_stop_passes_it_at_once(device, paper_well, stop):
    run = simulate(
        device,
        paper_well,
        CurrentDensity.of(1e11),
        [0.0, 5e-9],
        external_field=85e-4,
        initial_position=stop,
        stop_above=stop,
    )
    assert float(run.passage_time) == 0.0


def test_no_step_is_accepted_on_an_error_estimate_that_vanishes_by_accident(device):
    # Fifteen hundred smooth precessions: with a growth of 6 seven of them were off by a hundred tolerances.
    draw = np.random.default_rng(806)
    count = 1500
    densities = draw.uniform(2e10, 8e10, count)
    arguments = {
        "landscape": single_well(device, coercive_field=0.0, half_width=1e-9),
        "drive": [CurrentDensity.of(density) for density in densities],
        "times": [0.0, 10e-9],
        "external_field": 95e-4,
        "initial_position": 0.1e-6,
        "initial_angle": draw.uniform(0.0, np.pi, count),
    }
    coarse = simulate_ensemble(device, **arguments, tolerance=1e-7)
    fine = simulate_ensemble(device, **arguments, tolerance=1e-12)
    assert float(abs(coarse.position - fine.position).max()) / device.wall_width < 1e-5


@pytest.mark.parametrize(
    "drive",
    [
        Current(PiecewiseLinear((0.0, 1e-3, 1e-3 + 1e-9, 2e-3), (0.0, 0.0, 1e-3, 1e-3))),
        Current(Sine(1e-3, 1e9)),
    ],
)
def test_steep_drives_late_in_time_are_resolved(device, paper_well, drive):
    run = simulate(device, paper_well, drive, [1e-3 - 2e-9, 1e-3, 1e-3 + 5e-9], external_field=85e-4)
    assert np.isfinite(run.position.values).all()


def test_an_undeclared_jump_is_refused(device):
    class Jump(GaussianWell):
        def pinning_field(self, position):
            return np.where(position < self.centre + 0.1234e-7, 1e-3, -1e-3)

    with pytest.raises(ConvergenceError, match="declare that point as an edge"):
        simulate(
            device,
            single_well(device, coercive_field=1e-3, half_width=1e-7, kind=Jump),
            Current.of(0.0),
            [0.0, 1e-9],
        )


def test_a_number_is_a_constant_drive(device, paper_well):
    runs = [simulate(device, paper_well, drive, [0.0, 1e-9]) for drive in (Voltage(0.1), Voltage.of(0.1))]
    assert float(runs[0].position[-1]) == float(runs[1].position[-1])
    with pytest.raises(InputError, match="voltage: expected a number, got 'a'"):
        Voltage("a")


def test_fields_may_come_as_an_array(device, paper_well):
    run = simulate_ensemble(device, paper_well, Voltage(0.0), [0.0, 1e-9], external_field=np.array([85e-4, 90e-4]))
    assert run.sizes["device"] == 2


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda device: Landscape([1, 2]), r"wells\[0\]: expected a Well, got int"),
        (lambda device: Landscape(None), "wells: expected a list of wells, got NoneType"),
        (
            lambda device: single_well(None, coercive_field=1e-3, half_width=1e-7),
            "parameters: expected a DeviceParameters",
        ),
        (lambda device: single_well(device, coercive_field=1e-3, half_width=1e-7, kind="parabolic"), "kind: expected"),
        (
            lambda device: single_well(device, coercive_field="1e-3", half_width=1e-7),
            "coercive_field: expected a number",
        ),
        (lambda device: Sine("1", 1e9), "amplitude: expected a number, got '1'"),
        (lambda device: device.replace(damping=True), "damping: expected a number, got True"),
        (lambda device: device.replace(spin_polarisation=0.0), "spin_polarisation: expected a number above 0"),
        (lambda device: resistance(device, np.nan), "position: expected finite numbers"),
        (lambda device: conductance(device, 5.0), "share: expected values from 0 to 1"),
        (lambda device: position_for_resistance(device, 0.0), "ohms: expected resistances above 0"),
        (lambda device: retention(device, None, duration=1e-6), "landscape: expected a Landscape, got NoneType"),
        (lambda device: count_levels(xr.Dataset(), device), "loop: expected a result of resistance_loop"),
    ],
)
def test_wrong_types_are_refused_by_name(device, build, message):
    with pytest.raises(InputError, match=message):
        build(device)


def test_a_result_with_any_seed_can_be_stored(device, paper_well, tmp_path):
    run = simulate(device, paper_well, Voltage(0.0), [0.0, 1e-10], temperature=300.0, seed=2**70)
    run.to_netcdf(tmp_path / "run.nc", engine="h5netcdf")
    assert xr.load_dataset(tmp_path / "run.nc", engine="h5netcdf").attrs["seed"] == str(2**70)
