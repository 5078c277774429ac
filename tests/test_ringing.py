"""Walls that ring down in their sites, led over whole periods by tables, against an independent integration."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from compact_model import Landscape, notched_device
from compact_model.track.wells import GaussianWell, ParabolicWell
from crossbar import DomainWalls

DEVICE = notched_device()
WELLS = (
    ParabolicWell(centre=200e-9, coercive_field=0.025, half_width=20e-9),
    GaussianWell(centre=500e-9, coercive_field=0.03, half_width=40e-9),
    ParabolicWell(centre=800e-9, coercive_field=0.02, half_width=4e-9),  # so narrow that walls ring out of it
)
REST = 120e-9


PLACES = np.repeat([well.centre for well in WELLS], 2)
OFFSETS = np.array([3e-9, -1e-9, 2e-9, -2e-9, 1e-9, -6e-9])  # the last one starts outside its well
TURNS = np.array([0.1, -0.3, 0.2, 0.05, -0.1, 0.0])


@pytest.fixture(scope="module")
def settled() -> DomainWalls:
    """Walls that came to rest in their sites until tables are made at the next rest."""
    walls = DomainWalls(DEVICE, Landscape(WELLS), PLACES[np.newaxis], external_field=0.0)
    for _ in range(6):
        walls.rest(REST)
    return walls


def _displaced(walls: DomainWalls) -> DomainWalls:
    """Beside their places of rest, with whole turns of the angle more."""
    walls = walls.copy()
    moved = walls.save()
    moved["position"] = (PLACES + OFFSETS)[np.newaxis]
    moved["angle"] = moved["angle"] + TURNS + 2.0 * np.pi
    walls.restore(moved)
    return walls


def _independently(position: float, angle: float) -> tuple[float, float]:
    """Eq. 1 without a drive, by scipy."""
    rate = DEVICE.gyromagnetic_ratio / (1.0 + DEVICE.damping**2)

    def rates(_: float, state: np.ndarray) -> list[float]:
        a = float(Landscape(WELLS).pinning_field(state[0]))
        b = 0.5 * DEVICE.anisotropy_field * np.sin(2.0 * state[1])
        return [rate * DEVICE.wall_width * (b + DEVICE.damping * a), rate * (a - DEVICE.damping * b)]

    found = solve_ivp(rates, (0.0, REST), [position, angle], method="DOP853", rtol=1e-9, atol=[1e-17, 1e-9])
    return found.y[0, -1], found.y[1, -1]


def test_walls_ring_down_as_by_an_independent_integration(settled: DomainWalls) -> None:
    walls = _displaced(settled)
    position, angle = walls.position[0], walls.angle[0]
    walls.rest(REST)
    assert (walls._sites.reach[:4] > 0.0).all()  # led by tables
    expected = np.array([_independently(*pair) for pair in zip(position, angle, strict=True)]).T
    assert walls.position[0][:5] == pytest.approx(expected[0][:5], abs=1e-14)
    assert walls.angle[0][:5] == pytest.approx(expected[1][:5], abs=1e-6)
    assert abs(walls.position[0][5] - expected[0][5]) < 1e-12  # it crosses its well's edges again and again


def test_many_walls_at_all_phases_ring_down_as_by_an_independent_integration() -> None:
    """So many that SIMD lanes bring them near their passages, up to angles at which no wall oscillates as a sine."""
    count = 160
    walls = DomainWalls(DEVICE, Landscape(WELLS), np.full((1, count), PLACES[0]), external_field=0.0)
    for _ in range(6):
        walls.rest(REST)
    phase, size = 2.4 * np.arange(count), np.linspace(0.005, 0.6, count)
    moved = walls.save()
    moved["position"] = moved["position"] + 6e-9 * size * np.sin(phase)
    moved["angle"] = moved["angle"] + size * np.cos(phase)
    walls.restore(moved)
    walls.rest(REST)
    assert (walls._sites.reach > 0.0).all()
    for index in range(3, count, 26):
        position, angle = _independently(moved["position"][0, index], moved["angle"][0, index])
        assert walls.position[0, index] == pytest.approx(position, abs=1e-14)
        assert walls.angle[0, index] == pytest.approx(angle, abs=1e-6)


def test_a_wall_rings_on_from_a_saved_state_with_the_same_bits(settled: DomainWalls) -> None:
    walls = _displaced(settled)
    resumed = DomainWalls(DEVICE, Landscape(WELLS), PLACES[np.newaxis], external_field=0.0)
    walls.rest(REST)
    resumed.restore(walls.save())
    for each in (walls, resumed):
        each.rest(2.0 * REST)
        each.rest(10e-9)
    assert np.array_equal(walls.position, resumed.position)
    assert np.array_equal(walls.angle, resumed.angle)


def test_tables_are_not_made_for_short_rests_or_a_single_one() -> None:
    walls = DomainWalls(DEVICE, Landscape(WELLS), PLACES[np.newaxis], external_field=0.0)
    for _ in range(8):
        walls.rest(5e-9)
    walls.rest(REST)
    assert np.isnan(walls._sites.reach).all()
