"""The device's parameters: the paper's numbers, and what is refused."""

import math

import pytest

from compact_model import (
    DeviceParameters,
    InputError,
    julliere_polarisation,
    lequeux2016,
    single_well,
    slonczewski_polarisation,
)

KT = 1.380649e-23 * 300.0


def test_slonczewski_torque_is_six_oersted_per_mega_ampere_per_square_centimetre(device):
    assert device.torque_per_current_density * 1e10 / 1e-4 == pytest.approx(6.012, rel=1e-3)


def test_polarisation_of_the_two_measured_samples_is_the_papers():
    assert julliere_polarisation(0.82) < 0.55 < julliere_polarisation(0.93)
    assert slonczewski_polarisation(0.55) == pytest.approx(0.422, abs=5e-4)


def test_polarisation_follows_from_the_tmr_unless_given(device):
    free = device.replace(spin_polarisation=None)
    assert free.polarisation == pytest.approx(0.4293, abs=1e-4)
    assert free.replace(tmr=2.0).polarisation > free.polarisation


def test_derived_quantities_of_the_papers_device(device):
    assert device.antiparallel_resistance == pytest.approx(70.2)
    assert device.walker_current_density / 1e10 == pytest.approx(2.493, rel=1e-3)
    assert device.walker_field / 1e-4 == pytest.approx(0.075)
    assert device.angle_barrier / KT == pytest.approx(2.78, abs=0.01)
    assert device.thermal_field_per_root_time(300.0) / math.sqrt(5e-12) == pytest.approx(2.48e-3, rel=2e-3)


def test_the_papers_well_is_eight_kt_deep(device):
    well = single_well(device, coercive_field=15e-4, half_width=100e-9).wells[0]
    assert well.depth(device) == pytest.approx(1.05e6 * 100e-9 * 2.2e-9 * 15e-4 * 100e-9, rel=1e-12)
    assert well.depth(device) / KT == pytest.approx(8.4, abs=0.05)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("track_length", 0.0),
        ("track_width", -1e-9),
        ("thickness", math.nan),
        ("wall_width", math.inf),
        ("tmr", 0.0),
        ("tmr", -0.5),
        ("damping", -0.1),
        ("anisotropy_field", math.nan),
        ("parallel_resistance", "36 Ohm"),
        ("spin_polarisation", 1.5),
        ("torque_density", "amperes"),
        ("nucleation_pad_area", -1.0),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(device, name, value):
    with pytest.raises(InputError, match=rf"^{name}: expected .*, got "):
        device.replace(**{name: value})


def test_an_unknown_field_is_refused_with_the_nearest_one(device):
    with pytest.raises(InputError, match="did you mean 'wall_width'"):
        device.replace(wall_widht=1e-8)


def test_parameters_are_frozen_and_keyword_only(device):
    with pytest.raises(AttributeError):
        device.tmr = 2.0
    with pytest.raises(TypeError):
        DeviceParameters(1e-6)


def test_width_of_the_published_device_is_the_callers():
    assert lequeux2016(track_width=90e-9).track_width == 90e-9
