"""The wall's anisotropy field from the shape of the track."""

import numpy as np
import pytest
from scipy.integrate import quad

from compact_model import AnisotropyProfile, InputError, demagnetising_anisotropy_field, hybrid_track_width
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


def test_a_profile_needs_rising_positions_and_as_many_values():
    with pytest.raises(InputError, match="positions: expected rising"):
        AnisotropyProfile((1e-7, 0.0), (1e-3, 1e-3))
    with pytest.raises(InputError, match="anisotropy_fields: expected one value for each"):
        AnisotropyProfile((0.0, 1e-7), (1e-3,))
