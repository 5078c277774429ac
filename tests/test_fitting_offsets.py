"""Fits whose data have more in them than the device: an unknown depinning field, leads, a junction that bends."""

import json

import numpy as np
import pytest
from processes import run_here

from compact_model import InputError, fit_resistance, fit_threshold, lequeux2016
from compact_model.fitting.branches import loop_states
from compact_model.fitting.measured import read_measured
from compact_model.fitting.measured_junction import MeasuredJunction
from compact_model.fitting.thresholds import current_density_of
from compact_model.support.validation import ConvergenceError

JUNCTION = ("parallel_resistance", "tmr", "tmr_half_voltage")
BIAS = np.tile(np.linspace(-0.45, 0.45, 30), 2)
SHARE = np.repeat([0.0, 1.0], 30)
STATE = np.where(SHARE > 0.0, "AP", "P")


def r_of(volts, share, r_p=36.0, tmr=0.82, v_h=0.5):
    """Two domains in parallel, by hand."""
    here = tmr / (1.0 + (volts / v_h) ** 2)
    return r_p / (1.0 - share * here / (1.0 + here))


def thresholds_by_hand(device, depinning_field, field):
    """min(|H_K|/2, (H_d - H)/zeta) over the torque of a unit of J."""
    limit = np.minimum(abs(device.anisotropy_field) / 2.0, (depinning_field - field) / device.field_like_ratio)
    return limit / device.torque_per_current_density


def test_the_depinning_field_is_free_where_thresholds_are_known_against_the_field():
    true = lequeux2016().replace(anisotropy_field=47e-4, spin_polarisation=0.45)
    field = np.linspace(-2e-4, 15e-4, 18)
    exact = thresholds_by_hand(true, 16e-4, field)
    pulls = []
    for seed in range(12):
        sigma = 0.01 * exact
        noisy = exact + sigma * np.random.default_rng(seed).normal(size=18)
        data = {"field": field, "threshold": noisy, "standard_deviation": sigma}
        found = fit_threshold(lequeux2016(), data)
        assert found.free == ("anisotropy_field", "spin_polarisation", "depinning_field")
        pulls.append((np.array(found.values) - [47e-4, 0.45, 16e-4]) / np.array(found.standard_errors))
    # Mean and spread of 12 pulls are those of a normal law within four of their standard errors.
    assert (np.abs(np.mean(pulls, axis=0)) < 4.0 / np.sqrt(12)).all()
    assert (np.std(pulls, axis=0, ddof=1) < 1.0 + 4.0 / np.sqrt(22)).all()
    with pytest.raises(InputError, match="field: expected data 'offset' where ramps are simulated"):
        fit_threshold(lequeux2016(), data, ramp_rate=1e18)


@pytest.mark.parametrize("density", ["current", "voltage"])
def test_a_threshold_current_becomes_the_current_density_of_the_torques(density):
    device = lequeux2016().replace(torque_density=density)
    current = np.array([1e-3, 4e-3])
    found = current_density_of(device, current)
    if density == "current":
        np.testing.assert_allclose(found, current / device.junction_area, rtol=1e-12)
        return
    share = device.track_length * device.track_width / 2.0 / device.junction_area
    volts = found * device.resistance_area_product
    ohms = r_of(volts, share, device.parallel_resistance, device.tmr, device.tmr_half_voltage)
    np.testing.assert_allclose(volts / ohms, current, rtol=1e-9)


def test_files_have_fields_and_currents(tmp_path):
    file = tmp_path / "thresholds.csv"
    file.write_text("H (Oe), I_th (mA), sigma (uA)\n1, 2, 30\n-2, 3, 40\n")
    found = read_measured(file, "threshold")
    np.testing.assert_allclose(found["field"], [1e-4, -2e-4])
    np.testing.assert_allclose(found["threshold_current"], [2e-3, 3e-3])
    np.testing.assert_allclose(found["standard_deviation"], [30e-6, 40e-6])
    file.write_text("H (Oe), Delta_H (Oe), I_th (mA)\n1, 2, 3\n")
    with pytest.raises(InputError, match="expected a column 'Delta_H' or 'H', got both"):
        read_measured(file, "threshold")


@pytest.mark.parametrize("drive", ["voltage", "current"])
def test_a_measured_junction_obeys_ohm_and_kirchhoff(drive):
    true = lequeux2016().replace(parallel_resistance=36.0, tmr=0.82, tmr_half_voltage=0.5)
    device = MeasuredJunction(device=true, series_resistance=3.0, parallel_curvature=0.3, negative_half_voltage=0.4)
    bias = BIAS if drive == "voltage" else BIAS / 50.0
    measured = device.resistance(SHARE, drive, bias)
    current = bias / measured if drive == "voltage" else bias
    volts = current * (measured - 3.0)
    expected = r_of(volts, SHARE, v_h=np.where(volts < 0.0, 0.4, 0.5)) / (1.0 + 0.3 * volts**2)
    np.testing.assert_allclose(measured - 3.0, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("free", "value", "known"),
    [
        ((), {"series_resistance": 3.0}, {"series_resistance": 3.0}),
        (("parallel_curvature",), {"parallel_curvature": 0.3}, {}),
        (("negative_half_voltage",), {"negative_half_voltage": 0.4}, {}),
    ],
)
def test_what_a_measurement_adds_comes_back_and_leaves_the_device_right(free, value, known):
    true = lequeux2016().replace(parallel_resistance=36.0, tmr=0.82, tmr_half_voltage=0.5)
    noise = np.random.default_rng(1).normal(0.0, 0.02, BIAS.size)
    ohms = MeasuredJunction(device=true, **value).resistance(SHARE, "voltage", BIAS) + noise
    data = {"voltage": BIAS, "resistance": ohms, "state": STATE}
    found = fit_resistance(lequeux2016(), data, (*JUNCTION, *free), **known)
    truth = [36.0, 0.82, 0.5, *(value[name] for name in free)]
    assert (np.abs(np.array(found.values) - truth) < 4.5 * np.array(found.standard_errors)).all()


def test_a_free_series_resistance_needs_walls_between_the_states():
    true = lequeux2016().replace(parallel_resistance=36.0, tmr=0.82, tmr_half_voltage=0.5)
    device = MeasuredJunction(device=true, series_resistance=3.0)
    data = {"voltage": BIAS, "resistance": device.resistance(SHARE, "voltage", BIAS), "state": STATE}
    with pytest.raises(ConvergenceError, match="series_resistance: not determined"):
        fit_resistance(true, data, (*JUNCTION, "series_resistance"))
    walls = np.repeat(np.linspace(0.0, true.track_length, 6), 10)
    share = (true.track_length - walls) * true.track_width / true.junction_area
    ohms = device.resistance(share, "voltage", BIAS)
    found = fit_resistance(
        true.replace(tmr=0.6),
        {"voltage": BIAS, "resistance": ohms, "position": walls},
        (*JUNCTION, "series_resistance"),
    )
    assert found.values == pytest.approx((36.0, 0.82, 0.5, 3.0), rel=1e-4)


def bent_loop(curvature):
    """An R-I loop, AP, P, AP, whose P branch falls with the bias; A and Ohm."""
    true = lequeux2016().replace(parallel_resistance=36.0, tmr=0.82, tmr_half_voltage=0.5)
    current = np.concatenate([np.linspace(-12e-3, 12e-3, 200), np.linspace(12e-3, -12e-3, 200)])
    share = np.where((np.arange(400) < 150) | (np.arange(400) >= 350), 1.0, 0.0)
    ohms = MeasuredJunction(device=true, parallel_curvature=curvature).resistance(share, "current", current)
    return current, ohms + np.random.default_rng(3).normal(0.0, 0.05, 400), share


def test_a_branch_that_keeps_a_part_of_its_points_is_refused():
    current, ohms, _ = bent_loop(0.0)
    straight = fit_resistance(lequeux2016(), {"current": current, "resistance": ohms})
    assert straight.values[0] == pytest.approx(36.0, rel=1e-3)
    current, ohms, share = bent_loop(0.3)
    with pytest.raises(InputError, match=r"data: expected a loop whose P branch follows .* of 1\d\d points do"):
        loop_states(current * ohms, ohms)
    data = {"current": current, "resistance": ohms, "state": np.where(share > 0.0, "AP", "P")}
    found = fit_resistance(lequeux2016(), data, (*JUNCTION, "parallel_curvature"))
    assert found.values[0] == pytest.approx(36.0, abs=4.5 * found.standard_errors[0])


def test_the_command_takes_leads(tmp_path):
    ohms = MeasuredJunction(device=lequeux2016(), series_resistance=3.0).resistance(SHARE, "voltage", BIAS)
    rows = [f"{v},{r},{state}" for v, r, state in zip(BIAS, ohms, STATE, strict=True)]
    (tmp_path / "leads.csv").write_text("\n".join(["V (V),R (Ohm),state", *rows]))
    done = run_here("fit", "resistance", "leads.csv", "--json", "--series-resistance", "3", cwd=tmp_path)
    assert json.loads(done.stdout)["fitted"]["parallel_resistance"]["value"] == pytest.approx(36.0, rel=1e-6)
