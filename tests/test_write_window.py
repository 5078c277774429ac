"""The write window of a device."""

import numpy as np
import pytest

from compact_model import (
    InputError,
    WriteConditions,
    lequeux2016,
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
    warm = window(WriteConditions(devices=64))
    scattered = window(WriteConditions(devices=64, spreads={"parallel_resistance": 0.1}))
    for wider, narrower in ((warm, cold), (scattered, warm)):
        assert wider[0] > narrower[0]
        assert wider[1] < narrower[1]


def test_variation_at_0_k_gives_the_quantiles_of_the_devices():
    # The threshold is a voltage per RA_P: 10 % of scatter in one is 10 % in the other.
    conditions = WriteConditions(temperature=0.0, devices=100, spreads={"parallel_resistance": 0.1}, error_rate=0.1)
    write, disturb = window(conditions, seed=4)
    ohms = [each.parallel_resistance for each in vary(DEVICE, 100, conditions.spreads, seed=np.random.default_rng(4))]
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
    assert result.dwmtj.plot().get_xlabel() == "$V$ (V)"


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
    ("make", "named"),
    [
        (lambda: WriteConditions(devices=100, error_rate=0.001), "error_rate: expected a number from 0.01"),
        (lambda: WriteConditions(width=0.0), "width: expected a number above 0"),
        (lambda: WriteConditions(spreads=0.1), "spreads: expected a mapping"),
        (lambda: window(WriteConditions(spreads={"tmrr": 0.1})), "did you mean 'tmr'"),
        (lambda: window(3.0), "conditions: expected a WriteConditions"),
        (lambda: write_window(DEVICE, single_well(DEVICE, coercive_field=1e-3, half_width=1e-6)), "half_width: exp"),
    ],
)
def test_nonsense_is_named(make, named):
    with pytest.raises(InputError, match=named):
        make()
