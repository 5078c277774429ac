"""The write window of a device, and how long its wells hold a wall."""

import numpy as np
import pytest

from compact_model import (
    InputError,
    ParabolicWell,
    WriteConditions,
    estimated_escape_time,
    lequeux2016,
    retention,
    single_well,
    vary,
    write_window,
)

DEVICE = lequeux2016()
STATIC = DEVICE.walker_current_density * DEVICE.resistance_area_product  # V
SITE = single_well(DEVICE, coercive_field=60e-4, half_width=18e-9)


def window(conditions, **options):
    result = write_window(DEVICE, SITE, conditions, **options)
    return float(result.write_voltage), float(result.disturb_voltage)


def test_a_long_pulse_with_slow_edges_writes_from_the_static_threshold_on():
    write, disturb = window(WriteConditions(temperature=0.0, width=200e-9, edge=1e-6))
    assert write == pytest.approx(STATIC, rel=0.02)
    assert 0.98 * write < disturb < write


def test_a_sudden_pulse_overshoots():
    # A pendulum that a constant torque is switched on to turns over at 0.7246 of the static torque (undamped).
    write, disturb = window(WriteConditions(temperature=0.0, width=500e-9))
    assert write == pytest.approx(0.7246 * STATIC, rel=0.02)
    assert disturb == pytest.approx(write, rel=0.011)


def test_a_shorter_pulse_needs_more():
    long, short = (window(WriteConditions(temperature=0.0, width=width))[0] for width in (30e-9, 3e-9))
    assert short > 1.5 * long


def test_warmth_and_variation_open_the_window():
    cold = window(WriteConditions(temperature=0.0))
    warm = window(WriteConditions(devices=128))
    scattered = window(WriteConditions(devices=128, spreads={"parallel_resistance": 0.1}))
    for wider, narrower in ((warm, cold), (scattered, warm)):
        assert wider[0] > narrower[0]
        assert wider[1] < narrower[1]


def test_variation_at_0_k_gives_the_quantiles_of_the_devices():
    # The threshold is a voltage per RA_P: 10 % of scatter in one is 10 % in the other.
    conditions = WriteConditions(temperature=0.0, devices=200, spreads={"parallel_resistance": 0.1}, error_rate=0.1)
    write, disturb = window(conditions, seed=4)
    ohms = [each.parallel_resistance for each in vary(DEVICE, 200, conditions.spreads, seed=np.random.default_rng(4))]
    single = window(WriteConditions(temperature=0.0))[0]
    assert write == pytest.approx(single * np.quantile(ohms, 0.9) / 36.0, rel=0.03)
    assert disturb == pytest.approx(single * np.quantile(ohms, 0.1) / 36.0, rel=0.03)


def test_the_shares_say_how_the_window_was_found():
    conditions = WriteConditions(devices=64, error_rate=0.1)
    result = write_window(DEVICE, SITE, conditions, seed=3)
    lowest, highest = result.share_left.min("polarity"), result.share_left.max("polarity")
    assert float(lowest.sel(voltage=float(result.write_voltage))) >= 0.9
    assert float(highest.sel(voltage=float(result.disturb_voltage))) <= 0.1
    assert result.identical(write_window(DEVICE, SITE, conditions, seed=3))
    assert result.dwmtj.plot().get_xlabel() == "V (V)"


def test_a_net_field_makes_the_worse_polarity_count():
    balanced = window(WriteConditions(temperature=0.0))
    tilted = window(WriteConditions(temperature=0.0), external_field=85e-4 + 30e-4)
    assert tilted[0] > 1.02 * balanced[0]
    assert tilted[1] < 0.98 * balanced[1]


def test_a_device_that_the_barrier_does_not_let_write_says_so():
    write, disturb = window(WriteConditions(temperature=0.0, breakdown_voltage=0.05))
    assert write == np.inf
    assert disturb == 0.05


def test_a_site_that_does_not_hold_has_no_disturb_voltage():
    track = single_well(DEVICE, coercive_field=2e-4, half_width=5e-9)
    assert float(write_window(DEVICE, track, WriteConditions(devices=64)).disturb_voltage) == 0.0


@pytest.mark.parametrize(
    ("width", "anisotropy", "coercive_field"),
    [(100e-9, 30e-4, 40e-4), (60e-9, 30e-4, 60e-4), (30e-9, 30e-4, 60e-4), (15e-9, 200e-4, 400e-4)],
)
def test_the_estimated_escape_time_is_that_of_the_simulation_within_a_factor_of_two(width, anisotropy, coercive_field):
    device = DEVICE.replace(track_width=width, anisotropy_field=anisotropy)
    track = single_well(device, coercive_field=coercive_field, half_width=18e-9)
    estimate = estimated_escape_time(device, track.wells[0], 300.0)
    simulated = float(retention(device, track, duration=3.0 * estimate, devices=96, step=10e-12).mean_escape_time)
    assert estimate < simulated < 2.0 * estimate


def test_the_estimated_escape_time_has_its_limits():
    def depth_and_time(field, **changes):
        device = DEVICE.replace(**changes)
        well = ParabolicWell(centre=500e-9, coercive_field=field, half_width=18e-9)
        return well.depth(device) / (1.380649e-23 * 300.0), estimated_escape_time(device, well, 300.0)

    slope = DEVICE.wall_width * 400e-4 / 18e-9
    depth, time = depth_and_time(400e-4, damping=1e-6)
    loss = 1e-6 * DEVICE.gyromagnetic_ratio * (30e-4 + slope)
    assert time == pytest.approx(np.exp(depth) / depth / loss, rel=0.03)  # Kramers; the next term is 1 / depth
    depth, time = depth_and_time(400e-4, damping=1.0)
    frequency = DEVICE.gyromagnetic_ratio * np.sqrt(30e-4 * slope)
    assert time == pytest.approx(np.pi / frequency * np.exp(depth), rel=0.01)  # transition-state theory
    assert estimated_escape_time(DEVICE, SITE.wells[0], 0.0) == np.inf
    assert depth_and_time(0.0)[1] == 0.0


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: WriteConditions(devices=100, error_rate=0.001), "error_rate: expected a number from 0.01"),
        (lambda: WriteConditions(width=0.0), "width: expected a number above 0"),
        (lambda: WriteConditions(spreads=0.1), "spreads: expected a mapping"),
        (lambda: window(WriteConditions(spreads={"tmrr": 0.1})), "did you mean 'tmr'"),
        (lambda: window(3.0), "conditions: expected a WriteConditions"),
        (lambda: write_window(DEVICE, single_well(DEVICE, coercive_field=1e-3, half_width=1e-6)), "half_width: exp"),
        (lambda: estimated_escape_time(DEVICE, SITE.wells[0], -1.0), "temperature: expected"),
        (lambda: estimated_escape_time(DEVICE.replace(anisotropy_field=0.0), SITE.wells[0], 300.0), "other than 0"),
    ],
)
def test_nonsense_is_named(make, named):
    with pytest.raises(InputError, match=named):
        make()
