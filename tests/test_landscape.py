"""Pinning sites and tracks."""

import os
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compact_model import (
    AnisotropyProfile,
    Current,
    GaussianWell,
    InputError,
    Landscape,
    ParabolicWell,
    Well,
    checks,
    lequeux2016,
    random_track,
    simulate,
    single_well,
)
from compact_model.support.model_range import ModelRangeWarning

TRACK = {
    "coercive_field": 60e-4,
    "coercive_field_spread": 0.3,
    "half_width": 15e-9,
    "half_width_spread": 0.3,
    "anisotropy_spread": 20e-4,
}


def test_energy_of_the_papers_well_is_the_truncated_parabola(device, paper_well):
    position = np.array([0.0, 0.35e-6, 0.45e-6, 0.5e-6, 0.58e-6, 0.9e-6])
    offset = np.clip((position - 0.5e-6) / 100e-9, -1.0, 1.0)
    depth = paper_well.wells[0].depth(device)
    assert paper_well.energy(position, device) == pytest.approx(depth * (offset**2 - 1.0), abs=1e-9 * depth)


def test_a_gaussian_well_has_the_depth_and_the_largest_field_of_the_parabola(device):
    smooth = GaussianWell(centre=0.5e-6, coercive_field=15e-4, half_width=100e-9)
    sharp = ParabolicWell(centre=0.5e-6, coercive_field=15e-4, half_width=100e-9)
    assert smooth.depth(device) == pytest.approx(sharp.depth(device), rel=1e-9)
    fields = smooth.pinning_field(np.linspace(0.0, 1e-6, 100001))
    assert fields.max() == pytest.approx(15e-4, rel=1e-6)


@given(seed=st.integers(0, 2**32), count=st.integers(1, 25), gaussian=st.booleans())
def test_a_compiled_random_track_follows_its_landscape(seed, count, gaussian):
    kind = GaussianWell if gaussian else ParabolicWell
    device = lequeux2016()
    checks.check_continuity(device, random_track(device, count, seed=seed, kind=kind, **TRACK))


def test_the_papers_well_is_compiled_as_one_straight_line(device):
    """From edge to edge: a wall that rings in it never changes its piece."""
    wells = [ParabolicWell(centre=centre, coercive_field=0.02, half_width=20e-9) for centre in (200e-9, 235e-9)]
    rows = Landscape(wells).rows(device)
    edges = [0.0, *sorted(edge for well in wells for edge in well.edges), device.track_length]
    assert rows[:, 0] == pytest.approx(edges[:-1], rel=1e-12)
    assert rows[:, 1] == pytest.approx(edges[1:], rel=1e-12)


def test_the_same_seed_draws_the_same_track(device):
    first = random_track(device, 18, seed=5, **TRACK)
    assert first == random_track(device, 18, seed=np.random.default_rng(5), **TRACK)
    assert first != random_track(device, 18, seed=6, **TRACK)


def test_sites_of_a_random_track_do_not_overlap(device):
    with pytest.warns(ModelRangeWarning, match="half_width_spread: the model is meant for at most 1, got 2; did you"):
        wells = random_track(device, 20, seed=1, **(TRACK | {"half_width_spread": 2.0})).wells
    edges = np.array([well.edges for well in wells])
    assert (edges[1:, 0] > edges[:-1, 1]).all()
    assert edges.min() > 0.0
    assert edges.max() < device.track_length


def test_distributions_of_a_random_track_have_the_moments_asked_for(device):
    long_track = device.replace(track_length=1e-3)
    landscape = random_track(long_track, 4000, seed=3, **TRACK)
    fields = np.array([well.coercive_field for well in landscape.wells])
    anisotropies = np.array(landscape.anisotropy.anisotropy_fields[::2])
    # Four standard errors of a mean and of a standard deviation of 4000 draws.
    assert fields.mean() == pytest.approx(60e-4, rel=4 * 0.3 / np.sqrt(4000))
    assert fields.std() == pytest.approx(0.3 * 60e-4, rel=0.1)
    assert anisotropies.mean() == pytest.approx(device.anisotropy_field, abs=4 * 20e-4 / np.sqrt(4000))
    assert anisotropies.std() == pytest.approx(20e-4, rel=4 / np.sqrt(8000))


@dataclass(frozen=True, kw_only=True)
class CosineWell(Well):
    """A kind of well that the package does not know: one small class."""

    def pinning_field(self, position):
        offset = np.clip((position - self.centre) / self.half_width, -1.0, 1.0)
        return -self.coercive_field * np.sin(np.pi * offset)

    @property
    def edges(self):
        return (self.centre - self.half_width, self.centre + self.half_width)

    @property
    def reach(self):
        return self.half_width


def test_a_new_kind_of_well_works_with_every_method(device):
    landscape = single_well(device, coercive_field=20e-4, half_width=80e-9, kind=CosineWell)
    checks.check_continuity(device, landscape)
    checks.check_methods_agree(device, landscape)


def test_wells_add_up(device):
    one = ParabolicWell(centre=0.4e-6, coercive_field=10e-4, half_width=100e-9)
    other = ParabolicWell(centre=0.45e-6, coercive_field=20e-4, half_width=30e-9)
    both = Landscape((one, other))
    where = np.linspace(0.3e-6, 0.6e-6, 50)
    assert both.pinning_field(where) == pytest.approx(one.pinning_field(where) + other.pinning_field(where))
    checks.check_continuity(device, both)


def test_an_empty_landscape_is_refused():
    with pytest.raises(InputError, match="wells: expected at least one pinning site"):
        Landscape(())


def test_a_well_outside_the_track_is_refused(device):
    landscape = Landscape((ParabolicWell(centre=2e-6, coercive_field=15e-4, half_width=1e-7),))
    with pytest.raises(InputError, match=r"wells\[0\].centre: expected a position on the track"):
        simulate(device, landscape, Current.of(1e-3), [0.0, 1e-9])


def test_sites_that_do_not_fit_are_refused(device):
    with pytest.raises(InputError, match="half_width: expected at most"):
        random_track(device, 20, seed=0, **(TRACK | {"half_width": 100e-9}))


def test_an_anisotropy_profile_replaces_the_constant(device):
    profile = AnisotropyProfile((0.0, 1e-6), (10e-4, 30e-4))
    landscape = Landscape((ParabolicWell(centre=0.5e-6, coercive_field=15e-4, half_width=1e-7),), profile)
    assert landscape.anisotropy_field(0.25e-6, device) == pytest.approx(15e-4)


TABLE = """
import hashlib
from compact_model import ensemble, lequeux2016, lequeux2016_track
device = lequeux2016()
tracks = [lequeux2016_track(device, seed) for seed in range(5)]
print(hashlib.sha256(ensemble.landscape_table(tracks, [device]).rows.tobytes()).hexdigest())
"""


def test_a_track_has_the_same_bits_on_every_processor():
    found = set()
    for kind in ({}, {"OPENBLAS_CORETYPE": "PRESCOTT"}):  # as linear algebra is made for this one and for an old one
        command = [sys.executable, "-c", TABLE]
        done = subprocess.run(command, env=os.environ | kind, capture_output=True, text=True, check=True)
        found.add(done.stdout)
    assert len(found) == 1
