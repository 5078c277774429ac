"""Devices of other sizes, and devices that scatter."""

import numpy as np
import pytest

from compact_model import InputError, demagnetising_anisotropy_field, lequeux2016, micromagnetic_wall, vary
from compact_model.device.variation import VARIABLE

DEVICE = lequeux2016()


def test_another_size_keeps_the_barrier():
    small = DEVICE.resized(track_length=300e-9, track_width=50e-9, nucleation_pad_area=2500e-18)
    assert small.resistance_area_product == pytest.approx(DEVICE.resistance_area_product, rel=1e-14)
    assert small.parallel_resistance == pytest.approx(36.0 * DEVICE.junction_area / (17500e-18), rel=1e-12)
    assert small.anisotropy_field == DEVICE.anisotropy_field
    assert DEVICE.resized() == DEVICE


def test_drawn_devices_have_the_moments_that_were_asked_for():
    count = 20_000
    spreads = {"track_width": 0.03, "tmr": 0.1, "anisotropy_field": 5e-4, "parallel_resistance": 0.05}
    drawn = vary(DEVICE, count, spreads, seed=3)
    for name, spread, scale in (
        ("track_width", 0.03, DEVICE.track_width),
        ("tmr", 0.1, DEVICE.tmr),
        ("anisotropy_field", 5e-4, 1.0),
    ):
        values = np.array([getattr(each, name) for each in drawn])
        # Four standard errors, of the mean and of the standard deviation of nearly normal numbers.
        assert abs(values.mean() - getattr(DEVICE, name)) < 4.0 * spread * scale / np.sqrt(count), name
        assert values.std() == pytest.approx(spread * scale, rel=4.0 * 1.1 / np.sqrt(2 * count)), name
    product = np.array([each.resistance_area_product for each in drawn])
    width = np.array([each.track_width for each in drawn])
    assert abs(np.corrcoef(product, width)[0, 1]) < 4.0 / np.sqrt(count)
    assert product.std() / product.mean() == pytest.approx(0.05, rel=0.03)


def test_the_seed_decides_and_the_order_of_names_does_not():
    first = vary(DEVICE, 5, {"tmr": 0.1, "track_width": 0.05}, seed=1)
    assert first == vary(DEVICE, 5, {"track_width": 0.05, "tmr": 0.1}, seed=1)
    assert first == vary(DEVICE, 5, {"track_width": 0.05, "tmr": 0.1}, seed=np.random.default_rng(1))
    assert first != vary(DEVICE, 5, {"track_width": 0.05, "tmr": 0.1}, seed=2)
    assert vary(DEVICE, 2, {}, seed=0) == [DEVICE, DEVICE]


@pytest.mark.parametrize("law", ["micromagnetics", "rigid-wall"])
def test_a_drawn_width_brings_the_anisotropy_of_a_law_that_is_named(law):
    device = DEVICE.with_anisotropy_from_width(law)
    drawn = vary(device, 20, {"track_width": 0.05}, seed=2, anisotropy_from_width=law)
    kept = vary(device, 20, {"track_width": 0.05}, seed=2)
    for own, other in zip(drawn, kept, strict=True):
        assert own.track_width == other.track_width
        assert other.anisotropy_field == device.anisotropy_field
        if law == "micromagnetics":
            wall = micromagnetic_wall(own.track_width)
            assert own.fourth_order_anisotropy_field == float(wall.fourth_order_anisotropy_field)
            assert own.anisotropy_field == float(wall.anisotropy_field)
        else:
            integral = demagnetising_anisotropy_field(
                track_width=own.track_width,
                thickness=own.thickness,
                wall_width=own.wall_width,
                saturation_magnetisation=own.saturation_magnetisation,
            )
            assert own.anisotropy_field == integral


def test_an_anisotropy_of_two_origins_is_refused():
    law = "micromagnetics"
    device = DEVICE.with_anisotropy_from_width(law)
    with pytest.raises(InputError, match="spreads: expected no anisotropy_field beside"):
        vary(device, 2, {"anisotropy_field": 1e-3}, seed=1, anisotropy_from_width=law)
    with pytest.raises(InputError, match="parameters: expected a device with the anisotropy of its width"):
        vary(DEVICE, 2, {"track_width": 0.05}, seed=1, anisotropy_from_width=law)
    with pytest.raises(InputError, match="track_width: expected 60 to 130 nm"):
        vary(device, 40, {"track_width": 0.5}, seed=1, anisotropy_from_width=law)
    with pytest.raises(InputError, match="anisotropy_from_width: expected"):
        vary(device, 2, {}, seed=1, anisotropy_from_width="width")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((DEVICE, 3, {"tmrr": 0.1}), "did you mean 'tmr'"),
        ((DEVICE, 0, {"tmr": 0.1}), "count: expected"),
        ((DEVICE, 3, {"tmr": -0.1}), "tmr: expected"),
        ((DEVICE, 3, {"anisotropy_field": np.nan}), "anisotropy_field: expected"),
        ((None, 3, {}), "parameters: expected"),
    ],
)
def test_nonsense_is_named(arguments, named):
    with pytest.raises(InputError, match=named):
        vary(*arguments, seed=0)


def test_every_variable_parameter_can_vary():
    for name in VARIABLE:
        assert len(vary(DEVICE, 2, {name: 1e-4}, seed=0)) == 2
