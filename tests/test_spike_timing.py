"""Two spikes change the synapse between them by their timing alone, as an independent integration says."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from processes import run
from scipy.integrate import solve_ivp

from compact_model import (
    GaussianWell,
    InputError,
    Landscape,
    Spike,
    Voltage,
    notched_device,
    notched_track,
    spike_table,
    spike_timing_window,
)

NS = 1e-9
DEVICE = notched_device().resized(track_length=350e-9)
CENTRES = (75e-9, 125e-9, 175e-9, 225e-9, 275e-9)
NOTCHES = Landscape(tuple(GaussianWell(centre=centre, coercive_field=300e-4, half_width=20e-9) for centre in CENTRES))
THRESHOLD = DEVICE.threshold_voltage
STRONG = Spike(pulse_voltage=0.8 * THRESHOLD, tail_voltage=0.4 * THRESHOLD, shape="rectangle")
DELAYS = NS * np.array([-20.0, -12.0, -8.0, 0.0, 8.0, 12.0, 20.0])


@pytest.fixture(scope="module")
def cold():
    return spike_timing_window(DEVICE, NOTCHES, DELAYS, STRONG, temperatures=0.0)


def spike_by_hand(time):
    """STRONG in V: 4 ns down, 6 ns at -0.8, 4 ns up to 0.4, 24 ns there and 4 ns down, in units of the threshold."""
    return THRESHOLD * np.interp(time / NS, [0, 4, 10, 14, 38, 42], [0, -0.8, -0.8, 0.4, 0.4, 0])


def displacement_by_hand(delay):
    """Eq. 1 of Lequeux et al. 2016 for the middle notch, with its own numbers, m."""
    gamma, alpha, delta, h_k = 1.7608596e11, 0.005, 16.6e-9, 30e-4
    reduced, charge, thickness, magnetisation = 1.054571817e-34, 1.602176634e-19, 2.2e-9, 1.05e6
    polarisation = 0.55 / (1.0 + 0.55**2)
    scale = 20e-9 / (2.0 * math.sqrt(math.e))
    start = max(0.0, -delay)

    def rates(time, state):
        x, phi = state
        volts = float(spike_by_hand(time - start) - spike_by_hand(time - start - delay))
        torque = reduced * polarisation * volts / 20e-12 / (2.0 * charge * magnetisation * thickness)
        pinning = sum(
            -math.sqrt(math.e) * 300e-4 * u * math.exp(-0.5 * u * u) for u in ((x - c) / scale for c in CENTRES)
        )
        a = gamma * (pinning + 0.3 * torque)
        b = gamma * torque + 0.5 * gamma * h_k * math.sin(2.0 * phi)
        return delta * (b + alpha * a) / (1.0 + alpha**2), (a - alpha * b) / (1.0 + alpha**2)

    end = 42 * NS + abs(delay) + 200 * NS
    found = solve_ivp(rates, (0.0, end), (175e-9, 0.0), rtol=1e-9, atol=(1e-16, 1e-9), max_step=0.2 * NS)
    return found.y[0, -1] - 175e-9


@pytest.mark.parametrize("delay", [-20.0, -8.0, 12.0])
def test_the_change_is_that_of_an_independent_integration(cold, delay):
    found = float(cold.position_change.sel(delay=delay * NS, method="nearest")[0, 0])
    assert found == pytest.approx(displacement_by_hand(delay * NS), abs=0.05e-9)


def test_the_spike_of_the_neuron_before_first_raises_the_weight_and_second_lowers_it(cold):
    moved = cold.weight_change.sel(delay=[-8 * NS, 8 * NS], method="nearest").values[0, 0]
    notch = 50e-9 / 350e-9
    assert moved == pytest.approx([-notch, notch], abs=0.01)
    assert cold.moved.values[0, 0] == pytest.approx([0, 1, 1, 0, 1, 1, 0])


def test_on_a_symmetric_track_the_window_is_antisymmetric_and_0_at_no_delay(cold):
    change = cold.position_change.values[0, 0]
    assert np.abs(change).max() > 40e-9
    assert change == pytest.approx(-change[::-1], abs=1e-12)
    assert change[3] == pytest.approx(0.0, abs=1e-15)
    alone = cold.alone_position_change.values[0, 0]
    assert alone[0] == pytest.approx(-alone[1], abs=1e-12)


def test_far_apart_two_spikes_change_nothing():
    far = spike_timing_window(DEVICE, NOTCHES, [-2e-6, 2e-6], STRONG, temperatures=0.0, settle=2e-6)
    assert np.abs(far.position_change.values).max() < 0.01e-9


def test_the_voltages_of_two_spikes_add_up_where_a_pulse_meets_a_tail():
    time = np.linspace(0.0, 100 * NS, 10_001)
    for delay, expected in ((15 * NS, 1.2), (-15 * NS, -1.2), (60 * NS, -0.8)):
        volts = STRONG.pair(delay)(time) / THRESHOLD
        assert volts[np.abs(volts).argmax()] == pytest.approx(expected)
    assert STRONG.duration == pytest.approx(42 * NS)
    halves = replace(STRONG, shape="sawtooth").waveform(np.array([14.0, 26.0, 38.0]) * NS)
    assert halves / THRESHOLD == pytest.approx([0.4, 0.2, 0.0])


def test_at_300_k_the_sign_of_the_delay_rules_the_mean_and_chance_the_single_wall():
    tracks = [notched_track(DEVICE, seed) for seed in range(4)]
    for shape in ("rectangle", "sawtooth"):
        spike = Spike.below_threshold(DEVICE, shape)
        warm = spike_timing_window(DEVICE, tracks, [-12 * NS, 12 * NS], spike, temperatures=300.0, samples=128, seed=3)
        mean, deviation = warm.weight_change.values[0, 0], warm.weight_deviation.values[0, 0]
        assert mean[0] < -4.0 * deviation[0] / math.sqrt(512)
        assert mean[1] > 4.0 * deviation[1] / math.sqrt(512)
        assert (deviation > np.abs(mean)).all()
        assert warm.alone_moved.values.max() < warm.moved.values.min()


def test_the_table_of_two_spikes_moves_walls_as_far_as_the_window_says():
    track, spike = notched_track(DEVICE, 1), Spike.below_threshold(DEVICE)
    delays = [-12 * NS, 12 * NS]
    table = spike_table(DEVICE, track, delays, spike, samples=400, seed=1)
    window = spike_timing_window(DEVICE, track, delays, spike, temperatures=300.0, samples=400, seed=2)
    assert table.probability.sum("final_state").values == pytest.approx(1.0)
    assert table.alone_probability.sum("final_state").values == pytest.approx(1.0)
    places = table.position.values[0]
    start = int(np.abs(places - 175e-9).argmin())
    by_table = table.probability.values[0, :, start] @ places - places[start]
    error = math.sqrt(2.0) * 50e-9 * 0.5 / math.sqrt(400)
    assert by_table == pytest.approx(window.position_change.values[0, 0], abs=4.0 * error)


def test_ngspice_moves_the_wall_as_far(ngspice, cold):
    from spice import crosscheck

    delay = 12 * NS
    times = np.append(np.arange(0.0, 51.0), 251.0) * NS
    found = crosscheck(DEVICE, NOTCHES, Voltage(STRONG.pair(delay)), times, initial_position=175e-9)
    assert float(found.position_difference) < 0.1e-9
    assert float(found.position.sel(simulator="ngspice")[-1]) - 175e-9 == pytest.approx(
        float(cold.position_change.sel(delay=delay, method="nearest")[0, 0]), abs=0.1e-9
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"delays": [2e-3]}, r"delays: expected at most 0.001 s either way, got 0.002 to 0.002 s"),
        ({"spikes": replace(STRONG, tail_voltage=THRESHOLD)}, "spikes: expected voltages below the static threshold"),
        (
            {"spikes": replace(STRONG, edge=0.0)},
            "spikes: expected spikes that on their own move no wall at 0 K, got a presynaptic rectangle",
        ),
        ({"temperatures": [-1.0, 0.0]}, "temperatures: expected a number of at least 0, got -1"),
    ],
)
def test_what_is_no_window_is_refused(changes, message):
    arguments = {"delays": [0.0], "spikes": STRONG, "temperatures": 0.0} | changes
    with pytest.raises(InputError, match=message):
        spike_timing_window(DEVICE, NOTCHES, **arguments)
    with pytest.raises(InputError, match="shape: expected one of 'rectangle', 'sawtooth', got 'square'"):
        replace(STRONG, shape="square")


def test_the_command_answers_with_the_windows():
    options = ["--points", "3", "--longest-delay", "12", "--tracks", "2", "--samples", "32", "--track-length", "350"]
    answer = json.loads(run("stdp", "--shape", "sawtooth", *options, "--json").stdout)
    assert answer["delay_ns"] == [-12.0, 0.0, 12.0]
    change = answer["weight_change_percent"]["sawtooth"]
    assert change[0][1] == pytest.approx(0.0, abs=1e-6)
    assert change[1][0] < 0.0 < change[1][2]
    assert answer["pulse_V"]["sawtooth"] == pytest.approx(0.65 * answer["threshold_V"])
    assert set(answer["alone_moved_percent"]["sawtooth"]) == {"presynaptic", "postsynaptic"}
