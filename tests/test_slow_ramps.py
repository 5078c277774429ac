"""Ramps as slow as a laboratory's: thresholds by rates, and the sites behind measured ones."""

import numpy as np
import pytest

from compact_model import (
    InputError,
    current_threshold,
    escape_rates,
    field_threshold,
    intrinsic_site,
    laboratory_thresholds,
    lequeux2016,
    lequeux2016_intrinsic_site,
    lequeux2016_measured_site,
    mean_escape_time,
)

DEVICE = lequeux2016()
PAPER = lequeux2016_measured_site(DEVICE)
OE = 1e-4
PER_NANOSECOND = 1e9


def test_a_field_ramp_frees_the_wall_where_energy_diffusion_says():
    # Quartiles of an independent calculation at 0.002 Oe/ns; the standard error of a quartile of the 400 is 0.1 Oe.
    rate = 0.002 * OE * PER_NANOSECOND
    found = field_threshold(DEVICE, PAPER, ramp_rate=rate, temperature=300.0, repeats=400, method="rates", seed=1)
    quartiles = np.percentile(found.threshold / OE, [25, 50, 75])
    np.testing.assert_allclose(quartiles, [7.4, 8.7, 9.8], atol=0.4)


def test_rates_and_simulation_agree_where_ramps_overlap():
    rate = 100e4 * PER_NANOSECOND  # 100 A/cm2/ns
    ramp = {"ramp_rate": rate, "temperature": 300.0, "seed": 2}
    rates = current_threshold(DEVICE, [15 * OE], repeats=1000, method="rates", **ramp).threshold / 1e10
    simulated = (
        current_threshold(
            DEVICE, [15 * OE], repeats=48, method="heun", step=40e-12, largest_density=1.5e10, **ramp
        ).threshold
        / 1e10
    )
    error = float(simulated.std()) / np.sqrt(48)
    assert float(rates.mean()) == pytest.approx(float(simulated.mean()), abs=3.0 * error)


def test_the_method_follows_from_how_long_the_ramp_takes():
    slow = current_threshold(DEVICE, [15 * OE], ramp_rate=0.02e4 * PER_NANOSECOND, temperature=300.0, repeats=50)
    assert slow.attrs["method"] == "rates"
    assert 0.0 < float(slow.threshold.median()) < 0.1e10  # long before the simulated ramps', of millions of A/cm2
    fast = current_threshold(DEVICE, [15 * OE])
    assert fast.attrs["method"] == "rk4"


def test_a_slow_ramp_at_zero_temperature_ends_at_the_static_limit():
    found = current_threshold(DEVICE, [5 * OE, 20 * OE], ramp_rate=1e-3 * 1e4 * PER_NANOSECOND)
    assert found.attrs["method"] == "rates"
    np.testing.assert_allclose(found.threshold.values[:, 0], found.static_threshold.values, rtol=1e-3)


def test_a_ramp_too_fast_for_rates_is_refused():
    with pytest.raises(InputError, match="simulate it"):
        field_threshold(DEVICE, PAPER, temperature=300.0, method="rates")


def test_a_ramp_too_fast_for_walls_to_gain_their_energy_is_refused():
    # By rates the lower quartile would be 0.34e6 A/cm2, and 256 simulated walls have 0.42e6 (to 0.03e6).
    fast = {"ramp_rate": 300e4 * PER_NANOSECOND, "temperature": 300.0}
    with pytest.raises(InputError, match=r"leaves after 4 or more times the 3\.8e-07 s .* got 3\.1 times"):
        current_threshold(DEVICE, [15 * OE], method="rates", **fast)
    assert current_threshold(DEVICE, [15 * OE], method="rates", repeats=2, **fast | {"ramp_rate": 100e13}).sizes


def test_laboratory_thresholds_of_a_ramp_too_fast_for_rates_are_refused():
    # By rates the median would be 12.4 Oe, and that of 64 simulated walls is 9.8.
    with pytest.raises(InputError, match="ramp_rate: expected a ramp on which walls leave over 1 k_B T or more"):
        laboratory_thresholds(DEVICE, PAPER, ramp_rate=1e3)


def test_walls_with_much_damping_are_not_followed_by_rates():
    # At 0.5 the median of 400 simulated walls on this ramp is 4.7 Oe, to 0.1, and that by rates would be 5.6.
    damped = DEVICE.replace(damping=0.5)
    ramp = {"ramp_rate": 100.0, "temperature": 300.0}
    for call in (
        lambda: field_threshold(damped, PAPER, method="rates", **ramp),
        lambda: laboratory_thresholds(damped, PAPER, **ramp),
        lambda: current_threshold(damped, [10 * OE], ramp_rate=1e14, temperature=300.0, method="rates"),
    ):
        with pytest.raises(InputError, match=r"walls with a damping of at most 0\.2, got 0\.5; simulate it"):
            call()


def test_walls_with_much_damping_are_refused_before_a_rate_is_sought(monkeypatch):
    def sought(*_, **__):
        raise AssertionError("a rate was sought")

    monkeypatch.setattr("compact_model.rates.ramps.leaving_rate", sought)
    monkeypatch.setattr("compact_model.rates.intrinsic.leaving_rate", sought)
    damped = DEVICE.replace(damping=0.5)
    for measured in ({"threshold_field": 30 * OE}, {"stable_field": 15 * OE}):
        with pytest.raises(InputError, match=r"parameters: expected a damping of at most 0\.2, .* got 0\.5"):
            intrinsic_site(damped, **measured)
    with pytest.raises(InputError, match=r"damping of at most 0\.2, got 0\.5"):
        laboratory_thresholds(damped, PAPER, ramp_rate=100.0)


@pytest.mark.filterwarnings("ignore:coercive_field. the model is meant for:UserWarning")
def test_equations_of_the_rates_without_a_solution_are_reported():
    with pytest.raises(InputError, match=r"threshold_field: expected a field from which .* got 10 T with a half_width"):
        intrinsic_site(DEVICE, threshold_field=10.0)


def test_a_measured_threshold_gives_the_site_that_shows_it():
    threshold = laboratory_thresholds(DEVICE, lequeux2016_intrinsic_site(DEVICE), ramp_rate=1 * OE)
    site = intrinsic_site(DEVICE, threshold_field=threshold[1], threshold_error=1 * OE, ramp_rate=1 * OE)
    assert float(site.coercive_field) == pytest.approx(70 * OE, rel=0.01)
    assert 1 * OE < float(site.coercive_field_error) < 3 * OE
    assert threshold[2] - threshold[0] < 3 * OE  # the spread of the paper's Fig. 2d is 1 to 2 Oe


def test_the_papers_site_is_explained_by_one_of_about_70_oersted():
    site = intrinsic_site(DEVICE, stable_field=15 * OE, stable_time=3600.0)
    assert float(site.coercive_field) == pytest.approx(70 * OE, rel=0.03)
    assert mean_escape_time(DEVICE, lequeux2016_intrinsic_site(DEVICE), 300.0) > 3.15e7
    assert mean_escape_time(DEVICE, PAPER, 300.0) < 3e-3


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, "got neither"),
        ({"threshold_field": 1e-3, "stable_field": 1e-3}, "got both"),
        ({"threshold_field": 0.0}, "threshold_field: expected"),
        ({"threshold_field": 1e-3, "half_width": 1e-6}, "half_width: expected a well that fits"),
        ({"stable_field": 1e-3, "half_width": 1e-11, "stable_time": 1e9}, "stable_field: expected a field that a site"),
        ({"stable_field": 1.5e-3, "stable_time": 1e-12}, r"stable_time: expected a time .* got 1e-12 s, 0\.\d+ k_B T"),
        ({"threshold_field": 3e-3, "half_width": 1e-10}, "threshold_field: expected a field from which the theory"),
        ({"threshold_field": 3e-3, "ramp_rate": 1e5}, "ramp_rate: expected a ramp on which walls leave over 1 k_B T"),
    ],
)
def test_nonsense_is_named(arguments, named):
    with pytest.raises(InputError, match=named):
        intrinsic_site(DEVICE, **arguments)


def test_a_site_and_its_rates_draw_themselves():
    axes = intrinsic_site(DEVICE, stable_field=5 * OE, stable_time=1e-3).dwmtj.plot()
    assert "Oe" in axes.get_xlabel()
    axes = escape_rates(DEVICE, PAPER).dwmtj.plot()
    assert axes.get_yscale() == "log"
