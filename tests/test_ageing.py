"""Walls of an array that nobody writes: how many have left their sites after a time."""

import numpy as np
import pytest
from scipy.stats import binomtest

from compact_model import InputError, escape_rates, lequeux2016, single_well
from compact_model.rates.chains import transition_probabilities
from compact_model.rates.hopping import Hops
from crossbar import Crossbar, DomainWalls, ExponentialSelector, Faults, Junctions, Selected, age
from crossbar.faults.ageing import at_ages

DEVICE = lequeux2016()
TRACK = single_well(DEVICE, coercive_field=15e-4, half_width=50e-9)  # a barrier of 4.2 k_B T
CENTRE = TRACK.wells[0].centre
LINES = 60


@pytest.fixture(scope="module")
def array():
    return Crossbar(cells=DomainWalls(DEVICE, TRACK, np.full((LINES, LINES), CENTRE)), word_line_resistance=1.0)


@pytest.fixture(scope="module")
def rates():
    return escape_rates(DEVICE, TRACK, temperature=300.0)


@pytest.mark.parametrize("lifetimes", [0.02, 0.5, 1e9])
def test_walls_leave_a_site_as_the_law_of_one_relaxation_says(array, rates, lifetimes):
    # The site and two equal ends: d p / dt = in (1 - p) - out p, with p = 1 at first.
    out, back = 1.0 / float(rates.escape_time[0]), float(rates.return_rate.sel(destination="0")[0])
    duration = lifetimes / out
    still = back / (out + back)
    expected = still + (1.0 - still) * np.exp(-(out + back) * duration)
    if lifetimes < 0.1:
        assert expected == pytest.approx(np.exp(-out * duration), abs=1e-3)
    aged = age(array, duration, temperature=300.0, seed=3).cells.devices.first_state()
    there = int(np.isclose(aged, CENTRE, atol=1e-12).sum())
    assert binomtest(there, LINES**2, expected).pvalue > 0.01
    left, right = int((aged == 0.0).sum()), int((aged == DEVICE.track_length).sum())
    assert left + right + there == LINES**2
    assert binomtest(left, left + right, 0.5).pvalue > 0.01
    np.testing.assert_array_equal(array.cells.devices.first_state(), CENTRE)


def test_devices_with_one_track_each_share_its_rates(rates):
    out, back = 1.0 / float(rates.escape_time[0]), float(rates.return_rate.sel(destination="0")[0])
    other = single_well(DEVICE, coercive_field=60e-4, half_width=50e-9)  # stays
    tracks = [TRACK if number % 3 else other for number in range(LINES**2)]
    array = Crossbar(cells=DomainWalls(DEVICE, tracks, np.full((LINES, LINES), CENTRE)), word_line_resistance=1.0)
    aged = age(array, 0.5 / out, seed=7).cells.devices.first_state().ravel()
    leaves = np.arange(LINES**2) % 3 > 0
    still = back / (out + back)
    expected = still + (1.0 - still) * np.exp(-0.5 * (out + back) / out)
    assert binomtest(int(np.isclose(aged[leaves], CENTRE, atol=1e-12).sum()), leaves.sum(), expected).pvalue > 0.01
    assert np.isclose(aged[~leaves], CENTRE, atol=1e-12).all()


def test_two_times_one_after_the_other_are_their_sum(array, rates):
    half = 0.25 * float(rates.escape_time[0])
    twice = age(age(array, half, seed=1), half, seed=2).cells.devices.first_state()
    once = age(array, 2.0 * half, seed=5).cells.devices.first_state()
    counts = [int(np.isclose(each, CENTRE, atol=1e-12).sum()) for each in (twice, once)]
    assert abs(counts[0] - counts[1]) < 4.0 * np.sqrt(0.5 * LINES**2)


def test_several_ages_follow_one_another(array, rates):
    out, back = 1.0 / float(rates.escape_time[0]), float(rates.return_rate.sel(destination="0")[0])
    ages = np.array([0.0, 0.2, 0.8]) / out
    still = back / (out + back)
    for aged, time in zip(at_ages(array, ages.tolist(), temperature=300.0, seed=4), ages, strict=True):
        there = int(np.isclose(aged.cells.devices.first_state(), CENTRE, atol=1e-12).sum())
        expected = still + (1.0 - still) * np.exp(-(out + back) * time)
        assert binomtest(there, LINES**2, expected).pvalue > 0.01


def test_faulty_cells_selectors_and_wires_stay_and_no_time_changes_nothing():
    walls = DomainWalls(DEVICE, TRACK, np.full((8, 8), CENTRE))
    faults = Faults(stuck_at={(2, 3): 50.0})
    selector = ExponentialSelector(saturation_current=1e-4, voltage_scale=0.05)
    one = Crossbar(cells=Selected(walls, selector), word_line_resistance=2.0, faults=faults)
    aged = age(one, 1.0, seed=1)
    assert aged.cells.devices.first_state()[2, 3] == CENTRE
    assert (aged.cells.devices.first_state() != CENTRE).any()
    assert aged.cells.selector is selector
    assert aged.word_line_resistance[0] == 2.0
    assert not np.array_equal(aged.conductance, one.conductance)
    for unchanged in (age(one, 0.0), age(one, 1.0, temperature=0.0)):
        np.testing.assert_array_equal(unchanged.conductance, one.conductance)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"array": 1}, "array: expected Crossbar or TransistorCrossbar, got int"),
        ({"array": Crossbar(resistance=[[1.0]])}, "array: expected one with DomainWalls as cells, got resistances"),
        ({"array": Crossbar(cells=Junctions(DEVICE, [[0.0]]))}, "with DomainWalls as cells, got Junctions"),
        ({"duration": -1.0}, "duration: expected a number of at least 0"),
        ({"temperature": -1.0}, "temperature: expected a number of at least 0"),
    ],
)
def test_what_cannot_age_is_refused(array, changes, message):
    with pytest.raises(InputError, match=message):
        age(**{"array": array, "duration": 1e-6, **changes})


@pytest.mark.parametrize("rates", [(3.0, 2.0), (1e9, 1e-3), (1e-6, 5e8)])
@pytest.mark.parametrize("time", [1e-9, 1.0, 3e9])
def test_chances_after_any_time_are_those_of_two_places_in_closed_form(rates, time):
    hops = Hops(np.array(rates), np.array([[0.0, 1.0], [1.0, 0.0]]), np.zeros(2))
    gone = -np.expm1(-sum(rates) * time) * np.array(rates) / sum(rates)
    found = transition_probabilities(hops, time)
    np.testing.assert_allclose([found[0, 1], found[1, 0]], gone, rtol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-14)
