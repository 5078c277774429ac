"""The table of what moves a device's figures, against closed forms and the law of Biot and Savart."""

import csv
import json
import math

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.optimize import brentq

from compact_model import InputError, Voltage, lequeux2016, sensitivity
from compact_model.ensemble import device_arrays
from compact_model.experiments.sensitivity_steps import Setting, rise_at_end
from compact_model.kernels.added_terms import ADDED, DeviceWithTerms
from compact_model.kernels.heating import at_rise
from compact_model.kernels.tables import device_at
from dwmtj.cli import group

DEVICE = lequeux2016()
PER_DENSITY = 1.054571817e-34 * DEVICE.polarisation / (2.0 * 1.602176634e-19 * 1.05e6 * 2.2e-9)
EXACT = ("slonczewski_threshold", "field_like_threshold")


def current_at(volts, position=0.5e-6):
    """I of the junction by its law."""
    tmr = 0.95 / (1.0 + (volts / 0.5) ** 2)
    share = (1e-6 - position) * 100e-9 / DEVICE.junction_area
    return volts / 36.0 * (1.0 - share * tmr / (1.0 + tmr))


@pytest.fixture(scope="module")
def table():
    names = ["thickness", "coercive_field", "external_field", "torques by J = I/A", "DMI", "voltage on H_K"]
    return sensitivity(DEVICE, names=names, repeats=0, tracks=0)


def test_static_thresholds_are_the_closed_forms(table):
    volts = 15e-4 / PER_DENSITY * DEVICE.resistance_area_product
    pushed = 15e-4 / (0.3 * PER_DENSITY) * DEVICE.resistance_area_product
    assert float(table.slonczewski_threshold[0]) == pytest.approx(current_at(volts), rel=1e-9)
    assert float(table.field_like_threshold[0]) == pytest.approx(current_at(pushed), rel=1e-9)
    turned = {name: float(table.slonczewski_threshold.sel(change=name)) for name in table.change.values[1:]}
    held = {name: float(table.field_like_threshold.sel(change=name)) for name in table.change.values[1:]}
    assert turned["thickness"] == pytest.approx(current_at(1.1 * volts), rel=1e-9)
    assert held["coercive_field"] == pytest.approx(current_at(1.1 * pushed), rel=1e-9)
    assert held["external_field"] == pytest.approx(current_at(14.0 / 15.0 * pushed, 0.5e-6 + 100e-9 / 15.0), rel=1e-9)
    assert turned["torques by J = I/A"] == pytest.approx(15e-4 / PER_DENSITY * DEVICE.junction_area, rel=1e-9)
    angle = np.linspace(-math.pi, math.pi, 200001)
    across = 0.5 * math.pi * 5e-5 / (1.05e6 * 16.6e-9)
    steepest = np.max(-15e-4 * np.sin(2.0 * angle) + across * np.cos(angle))
    assert turned["DMI"] == pytest.approx(current_at(steepest / PER_DENSITY * DEVICE.resistance_area_product), rel=1e-8)
    by_voltage = brentq(
        lambda v: PER_DENSITY * v / DEVICE.resistance_area_product - 0.5 * (30e-4 + 100e-4 * v), 0.0, 1.0, xtol=1e-15
    )
    assert turned["voltage on H_K"] == pytest.approx(current_at(by_voltage), rel=1e-9)


def test_what_is_above_20_percent_is_marked(table):
    assert (table.marked.values == (np.abs(table.relative_change.values) > 0.2)).all()
    assert not bool(table.marked.sel(change="thickness").any())
    assert bool(table.marked.sel(change="DMI", figure="slonczewski_threshold"))
    assert table.effect.values.tolist() == [False, False, False, False, True, True, True]


def test_joule_heating_lowers_the_static_thresholds_by_its_own_power():
    """At the threshold the junction is as hot as that current makes it: 20 K/mW and the laws of the term, again."""

    def hot(density_wanted):
        def excess(rise):
            moment = (1.0 - (0.3 + 1e-3 * rise) ** 1.5) / (1.0 - 0.3**1.5)
            volts = density_wanted * moment**2 * DEVICE.resistance_area_product
            tmr = 0.95 * (1.0 - 1e-3 * rise) / (1.0 + (volts / 0.5) ** 2)
            share = 0.5e-6 * 100e-9 / DEVICE.junction_area
            current = volts / 36.0 * (1.0 - share * tmr / (1.0 + tmr))
            return 2e4 * volts * current - rise, current

        return excess(brentq(lambda rise: excess(rise)[0], 0.0, 300.0, xtol=1e-12))[1]

    found = sensitivity(DEVICE, names=["Joule heating"], repeats=0, tracks=0)
    assert float(found.slonczewski_threshold[1]) == pytest.approx(hot(15e-4 / PER_DENSITY), rel=1e-8)
    assert float(found.field_like_threshold[1]) == pytest.approx(hot(15e-4 / (0.3 * PER_DENSITY)), rel=1e-8)
    # The ramp overshoots the static limit a little, hot or cold, by as much.
    change = found.relative_change.sel(change="Joule heating")
    static = float(change.sel(figure="slonczewski_threshold"))
    assert float(change.sel(figure="ramp_threshold")) == pytest.approx(static, abs=0.01)


def test_a_warmed_device_has_every_coefficient_of_a_hot_one_in_the_equation_of_motion():
    terms = {name: 1e-3 for term in ADDED for name in term.switches}
    hot = lequeux2016().replace(**terms, thermal_resistance=2e4, anisotropy_field_per_kelvin=1e-6)
    rise = 40.0
    setting = Setting(
        parameters=hot, external_field=0.0, temperature=300.0, coercive_field=15e-4, half_width=50e-9
    ).warmed(rise)
    arrays = [
        device_arrays([each], Voltage.of(0.1), "both", np.array([300.0]), 1) for each in (hot, setting.parameters)
    ]
    kernels, *_ = at_rise(device_at(arrays[0], 0), rise, 1.0, 1.0, 1.0, 1.0)
    # The force goes with the slope of H_K, which the warm setting's track has; thermal fields with its temperature.
    apart = {"anisotropy_gradient_force", "thermal_field_per_root_time"}
    for name in set(DeviceWithTerms._fields) - apart:
        assert getattr(device_at(arrays[1], 0), name) == pytest.approx(getattr(kernels, name), rel=1e-12), name


def test_a_junction_that_hardly_heats_up_has_the_thresholds_of_a_cold_one(monkeypatch):
    monkeypatch.setattr("compact_model.experiments.sensitivity_steps.THERMAL_RESISTANCE", 1.0)
    found = sensitivity(DEVICE, names=["Joule heating"], repeats=8, tracks=1, cycles=1, ramp_rate=1e18)
    change = found.relative_change.sel(change="Joule heating")
    np.testing.assert_allclose(change.drop_sel(figure="levels").values, 0.0, atol=1e-3)
    assert float(found.levels.sel(change="Joule heating")) > 0.0


def test_noise_is_the_same_in_all_rows_and_errors_are_of_differences():
    found = sensitivity(
        DEVICE,
        names=["nucleation_pad_area", "applied field misaligned across the track"],
        repeats=24,
        tracks=2,
        cycles=1,
        ramp_rate=1e18,
    )
    again = sensitivity(DEVICE, names=["nucleation_current_density"], repeats=24, tracks=0, ramp_rate=1e18)
    # What has no part in a ramp changes nothing, to the bit.
    assert float(again.relative_change.sel(change="nucleation_current_density", figure="thermal_threshold")) == 0.0
    assert float(again.thermal_threshold[0]) == float(found.thermal_threshold[0])
    assert 0.0 < float(found.standard_error.sel(change="nucleation_pad_area", figure="thermal_threshold")) < 0.5
    assert (found.levels.values >= 0.0).all()
    assert (found.standard_error.sel(figure=list(EXACT)).values == 0.0).all()


def test_the_stray_field_at_an_end_is_that_of_a_current_around_the_edge():
    def segment(start, end, point, parts=50_000):
        where = start + (end - start) * ((np.arange(parts) + 0.5) / parts)[:, np.newaxis]
        apart = point - where
        step = np.cross((end - start) / parts, apart)
        return float((step[:, 2] / np.linalg.norm(apart, axis=1) ** 3).sum())

    width, height, far = 100e-9, 16.6e-9, 20e-6
    corners = np.array([[0, -0.5 * width, 0], [far, -0.5 * width, 0], [far, 0.5 * width, 0], [0, 0.5 * width, 0]])

    def field(distance):
        point = np.array([distance, 0.0, height])
        return sum(segment(corners[each], corners[(each + 1) % 4], point) for each in range(4))

    for distance in (20e-9, 100e-9):
        assert rise_at_end(distance, width, height) == pytest.approx(field(distance) / field(0.5 * far), rel=1e-3)


def test_nonsense_is_refused_by_name():
    for options, message in (
        ({"names": ["dampning"]}, "names: expected .*damping"),
        ({"external_field": 110e-4}, "external_field: expected a net field below H_c"),
        ({"ramp_rate": 1e10}, "ramp_rate: expected at least"),
        ({"half_width": 2e-6}, "half_width: expected a well that fits"),
    ):
        with pytest.raises(InputError, match=rf"^{message}"):
            sensitivity(DEVICE, repeats=0, tracks=0, **options)


def test_the_command_answers_in_text_json_and_csv(tmp_path):
    file = tmp_path / "table.csv"
    asked = ["sensitivity", "--row", "DMI", "--repeats", "0", "--tracks", "0", "--quiet"]
    answer = CliRunner().invoke(group, [*asked, "--json", "--csv", str(file), "-o", str(tmp_path / "changes.png")])
    assert answer.exit_code == 0, answer.output
    rows = json.loads(answer.stdout)["changes"]
    assert [row["change"] for row in rows] == ["nothing", "DMI"]
    assert "slonczewski_threshold" in rows[1]["marked"].split(", ")
    assert rows[1]["slonczewski_threshold_change_percent"] == pytest.approx(266.7, abs=0.1)
    with file.open() as lines:
        assert next(csv.DictReader(lines))["slonczewski_threshold_mA"] == str(rows[0]["slonczewski_threshold_mA"])
    text = CliRunner().invoke(group, asked).stdout
    assert "+266.7 % *" in text
    unused = CliRunner().invoke(group, [*asked, "--sites", "4"])
    assert "--sites: expected only where it has an effect" in str(unused.exception)
