"""The wall's anisotropy field from the shape of the track."""

import numpy as np
import pytest
from scipy.integrate import quad

from compact_model import (
    AnisotropyProfile,
    InputError,
    demagnetising_anisotropy_field,
    hybrid_track_width,
    micromagnetic_wall,
)
from compact_model.constants import VACUUM_PERMEABILITY

UNIT = 1.0 / VACUUM_PERMEABILITY  # a magnetisation that makes the result N_x - N_y


def test_a_long_wall_has_the_demagnetising_factor_of_an_infinite_bar():
    width, thickness = 100e-9, 2.2e-9
    field = demagnetising_anisotropy_field(
        track_width=width, thickness=thickness, wall_width=1e-4, saturation_magnetisation=UNIT
    )
    ratio = thickness / width
    across_film = (
        (1.0 - ratio**2) / (2.0 * ratio) * np.log1p(ratio**2) + ratio * np.log(ratio) + 2.0 * np.arctan(1.0 / ratio)
    ) / np.pi
    assert -field == pytest.approx(1.0 - across_film, rel=1e-3)


def test_a_wide_track_has_the_demagnetising_factor_of_an_infinite_wall():
    delta, thickness = 16.6e-9, 2.2e-9

    def integrand(reduced):
        screening = 1.0 + np.expm1(-reduced * thickness / delta) / (reduced * thickness / delta)
        return screening * (np.pi / np.cosh(0.5 * np.pi * reduced)) ** 2

    along = quad(integrand, 1e-12, 40.0, epsabs=1e-13)[0] / (2.0 * np.pi)
    field = demagnetising_anisotropy_field(
        track_width=1e-3, thickness=thickness, wall_width=delta, saturation_magnetisation=UNIT
    )
    assert field == pytest.approx(along, rel=3e-3)


@pytest.mark.parametrize(("wall_width", "hybrid"), [(10e-9, 75.0e-9), (16.6e-9, 135.3e-9)])
def test_hybrid_width_of_the_papers_film(wall_width, hybrid):
    assert hybrid_track_width(thickness=2.2e-9, wall_width=wall_width) == pytest.approx(hybrid, abs=0.1e-9)


@pytest.mark.parametrize(("nanometres", "oersted"), [(90, -167.9), (100, -119.0), (110, -78.3)])
def test_anisotropy_field_on_the_neel_side(device, nanometres, oersted):
    field = demagnetising_anisotropy_field(
        track_width=nanometres * 1e-9,
        thickness=device.thickness,
        wall_width=device.wall_width,
        saturation_magnetisation=device.saturation_magnetisation,
    )
    assert field / 1e-4 == pytest.approx(oersted, abs=0.1)


def test_a_profile_of_widths_gives_a_profile_of_fields(device):
    profile = AnisotropyProfile.from_track_widths(
        [0.0, 1e-6],
        [90e-9, 110e-9],
        thickness=device.thickness,
        wall_width=device.wall_width,
        saturation_magnetisation=device.saturation_magnetisation,
    )
    assert profile(0.5e-6) / 1e-4 == pytest.approx(0.5 * (-167.9 - 78.3), abs=0.1)


def test_a_profile_of_widths_takes_the_table_by_name(device):
    film = {"thickness": device.thickness, "wall_width": device.wall_width}
    film["saturation_magnetisation"] = device.saturation_magnetisation
    profile = AnisotropyProfile.from_track_widths([0.0, 1e-6], [90e-9, 110e-9], by="micromagnetics", **film)
    for width, field in zip((90e-9, 110e-9), profile.anisotropy_fields, strict=True):
        assert field == pytest.approx(float(micromagnetic_wall(width).anisotropy_field))
    with pytest.raises(InputError, match="thickness: expected"):
        AnisotropyProfile.from_track_widths([0.0], [1e-7], by="micromagnetics", **(film | {"thickness": 3e-9}))
    with pytest.raises(InputError, match="by: expected"):
        AnisotropyProfile.from_track_widths([0.0], [1e-7], by="given", **film)


def test_a_profile_needs_rising_positions_and_as_many_values():
    with pytest.raises(InputError, match="positions: expected rising"):
        AnisotropyProfile((1e-7, 0.0), (1e-3, 1e-3))
    with pytest.raises(InputError, match="anisotropy_fields: expected one value for each"):
        AnisotropyProfile((0.0, 1e-7), (1e-3,))


def test_the_law_of_the_width_is_asked_for_by_name_and_keeps_to_its_film(device):
    relaxed = device.with_anisotropy_from_width()
    # The row of the shipped table at 100 nm.
    assert relaxed.anisotropy_field == pytest.approx(-52.24e-4, rel=1e-3)
    assert relaxed.fourth_order_anisotropy_field == pytest.approx(-64.31e-4, rel=1e-3)
    assert relaxed.wall_width == pytest.approx(16.633e-9, rel=1e-3)
    assert device.with_anisotropy_from_width("given") == device
    rigid = device.with_anisotropy_from_width("rigid-wall")
    assert rigid.anisotropy_field == pytest.approx(-119.0e-4, abs=0.1e-4)
    assert rigid.replace(anisotropy_field=device.anisotropy_field) == device
    assert device.replace(track_width=130 * 1e-9).with_anisotropy_from_width().anisotropy_field > 0.0
    for changes, name in (({"track_width": 50e-9}, "track_width"), ({"thickness": 1.2e-9}, "thickness")):
        with pytest.raises(InputError, match=f"{name}: expected .* micromagnetic walls.*'rigid-wall'"):
            device.replace(**changes).with_anisotropy_from_width()
    with pytest.raises(InputError, match=r"anisotropy_from_width: expected one of .* did you mean 'rigid-wall'"):
        device.with_anisotropy_from_width("rigid")
