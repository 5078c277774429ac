"""Weights that nobody writes: what is left of what an array has learned, and of its levels, after a time."""

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.linalg import expm
from scipy.stats import chisquare

from compact_model import InputError, notched_device, spiking_device
from crossbar import (
    Faults,
    PulsedDevice,
    SpikedDevice,
    TableArray,
    Wires,
    autonomous_learning,
    inference,
    supervised_learning,
    unsupervised_learning,
)
from crossbar.learning.spiked_device import SpikedArray
from dwmtj.cli import group

SHALLOW = notched_device().resized(track_width=30e-9)  # notches of half the depth, which walls leave soon
LINES = 60


@pytest.fixture(scope="module")
def kind():
    return PulsedDevice.notched(3, device=SHALLOW, tracks=2, samples=8, retention=True, seed=1)


def generator_of(kind, track):
    rates = kind.table.spontaneous_rate.values[track]
    return rates - np.diag(rates.sum(axis=1))


@pytest.mark.parametrize("lifetimes", [0.3, 1e6])
def test_states_spread_as_the_exponential_of_the_rates(kind, lifetimes):
    array = kind.array((LINES, LINES), seed=2)
    array.state = np.full(array.shape, 2)
    duration = lifetimes / -generator_of(kind, 0)[2, 2]
    array.age(duration)
    for track in (0, 1):
        expected = expm(duration * generator_of(kind, track))[2]
        states = array.state[array.track == track]
        often = expected > 5.0 / states.size
        counts = np.bincount(states, minlength=expected.size)
        seen = [*counts[often], counts[~often].sum()]
        wanted = states.size * np.array([*expected[often], expected[~often].sum()])
        assert chisquare(*((seen, wanted) if wanted[-1] > 0.0 else (seen[:-1], wanted[:-1]))).pvalue > 0.01
    assert array.pulses == 0


def test_sites_are_left_at_the_rates_that_the_theory_states(kind):
    # Those of leaving; some of the walls that leave are caught where they began.
    leaving = kind.table.spontaneous_rate.sum("final_state").values[:, 1:-1]
    stated = kind.table.hop_rate.sum("side").values[:, 1:-1]
    assert (leaving < 1.001 * stated).all()
    assert (leaving > 0.5 * stated).all()


def test_faulty_devices_stay_and_no_time_changes_nothing(kind):
    faults = Faults(stuck_at={(0, 1): 400.0})
    array = kind.array((4, 4), seed=2, wires=Wires(faults=faults))
    before = array.state.copy()
    array.age(0.0)
    np.testing.assert_array_equal(array.state, before)
    array.state = np.full((4, 4), 2)
    array.age(1e3)
    assert array.state[0, 1] == 2
    assert (array.state != 2).sum() > 3


def pictures():
    """Noisy pictures of four pixels with one bright half, and which half it is."""
    draw = np.random.default_rng(5)
    labels = draw.integers(0, 2, 120)
    bright = (np.arange(4) // 2 == labels[:, np.newaxis]) * 0.8
    return np.clip(bright + 0.2 * draw.random((120, 4)), 0.0, 1.0), labels


@pytest.mark.parametrize("learning", [supervised_learning, unsupervised_learning])
def test_what_was_learned_is_forgotten_in_time(kind, learning):
    more = {"outputs": 4, "threshold": 2.0} if learning is unsupervised_learning else {}
    found = learning(*pictures(), kind, epochs=3, repeats=6, seed=3, retention=[0.0, 1e-12, 1e6], **more)
    aged = found.aged_accuracy.squeeze("levels")
    assert aged.retention_time.values.tolist() == [0.0, 1e-12, 1e6]
    learned = found.accuracy.squeeze("levels")
    if learning is supervised_learning:
        learned = learned.isel(epoch=-1)
        np.testing.assert_array_equal(aged.isel(retention_time=[0, 1]), np.stack([learned] * 2, axis=-1))
    assert float(learned.mean()) > 0.85
    assert float(aged.isel(retention_time=0).mean()) > 0.85
    assert float(aged.isel(retention_time=2).mean()) < 0.75
    same = learning(*pictures(), kind, epochs=3, repeats=6, seed=3, **more)
    np.testing.assert_array_equal(same.accuracy, found.accuracy)
    assert "aged_accuracy" not in same


@pytest.fixture(scope="module")
def spiked():
    return SpikedDevice.notched(6, device=spiking_device(), tracks=2, samples=96, retention=True, seed=1)


def test_walls_between_neurons_spread_as_the_exponential_of_their_rates(spiked):
    array = SpikedArray(spiked, (LINES, LINES), seed=2)
    array.state[:] = 3
    generator = generator_of(spiked, 1)
    duration = 0.5 / -generator[3, 3]
    array.age(duration)
    expected = expm(duration * generator)[3]
    states = array.state[array.track == 1]
    often = expected > 5.0 / states.size
    counts = np.bincount(states, minlength=expected.size)
    seen = [*counts[often], counts[~often].sum()]
    wanted = states.size * np.array([*expected[often], 1.0 - expected[often].sum()])
    if wanted[-1] < 1e-9 * states.size:
        seen, wanted = seen[:-1], wanted[:-1]
    assert chisquare(seen, wanted * np.sum(seen) / wanted.sum()).pvalue > 0.01
    assert (array.energy, array.single) == (0.0, 0)


def test_what_spikes_have_learned_is_forgotten_in_time(spiked):
    images, labels = pictures()
    wide = np.repeat(images, 4, axis=1)
    settings = {"outputs": 2, "epochs": 3, "threshold": 2.0, "repeats": 4, "seed": 3, "read_disturb": [False]}
    found = autonomous_learning(wide, labels, spiked, retention=[0.0, 1e-12, 1e12], **settings)
    aged = found.aged_accuracy.mean("repeat").squeeze("read_disturb").values
    assert float(found.accuracy.mean()) > 0.85
    assert aged[:2].min() > 0.85
    assert aged[2] < 0.75
    same = autonomous_learning(wide, labels, spiked, **settings)
    np.testing.assert_array_equal(same.accuracy, found.accuracy)
    np.testing.assert_array_equal(same.weight, found.weight)
    assert "aged_accuracy" not in same
    without = replace(spiked, table=spiked.table.drop_vars("spontaneous_rate"))
    with pytest.raises(InputError, match="retention: expected one with the rates"):
        autonomous_learning(wide, labels, without, retention=[1.0], **settings)


def test_stored_weights_are_lost_in_time():
    images, labels = pictures()
    inputs, outputs = np.column_stack([images, np.ones(len(images))]), 2.0 * np.eye(2)[labels] - 1.0
    weights = np.linalg.lstsq(inputs, outputs, rcond=None)[0]
    few = {"levels": [4], "variations": [0.0], "tiles": [8], "wire_resistances": [0.0], "wired_levels": 4}
    settings = {"device": SHALLOW, **few, "repeats": 2, "seed": 3}
    found = inference(weights, images, labels, retention=[0.0, 1e-12, 1e6], **settings)
    same = inference(weights, images, labels, **settings)
    np.testing.assert_array_equal(same.accuracy, found.accuracy)
    np.testing.assert_array_equal(same.wired_accuracy, found.wired_accuracy)
    assert "aged_accuracy" not in same
    assert float(found.accuracy.mean()) > 0.95
    aged = found.aged_accuracy.mean("repeat").values
    assert aged[:2].min() > 0.95
    assert aged[2] < 0.75  # the walls are anywhere
    for given, message in (
        ({"retention": [-1.0]}, "retention: expected times"),
        ({"temperature": 0.0}, "temperature: ex"),
    ):
        with pytest.raises(InputError, match=message):
            inference(weights, images, labels, **settings, **given)


def test_what_cannot_age_is_refused(kind):
    without = replace(kind, table=kind.table.drop_vars("spontaneous_rate"))
    with pytest.raises(InputError, match="table: expected one with the rates of its devices without a voltage"):
        without.array((2, 2), seed=1).age(1.0)
    with pytest.raises(InputError, match="retention: expected one with the rates"):
        supervised_learning(*pictures(), without, retention=[1.0])
    for times, message in (([2.0, 1.0], "retention: expected rising"), ([-1.0], "retention: expected times of at")):
        with pytest.raises(InputError, match=message):
            supervised_learning(*pictures(), kind, retention=times)
    with pytest.raises(InputError, match="duration: expected a number of at least 0"):
        TableArray.age(kind.array((2, 2), seed=1), -1.0)


def test_programmed_levels_are_read_again_after_some_time():
    words = (
        "crossbar program --word-lines 1 --bit-lines 2 --levels 4 --voltages 0.3 --pulse-width 1 --settle 2 --edge 1"
    )
    words += " --most-pulses 1 --track-length 150 --json --quiet --retention 0,1e25"
    found = CliRunner().invoke(group, [*words.split(), "--temperature", "300"])
    answer = json.loads(found.stdout)
    assert answer["retention_ns"] == [0.0, 1e25]
    before, after = answer["largest_error_levels_after"]
    assert before == pytest.approx(answer["largest_error_levels"], abs=0.1)  # the walls still ring when it is verified
    assert after != before
    refused = CliRunner().invoke(group, words.split())
    assert "--retention: expected with a --temperature above 0 K" in str(refused.exception)


@pytest.mark.parametrize("learning", ["supervised", "autonomous --neurons 2 --slots 2"])
def test_the_command_tests_again_after_some_time(learning):
    words = (
        f"learn {learning} --levels 2 --tracks 1 --samples 2 --epochs 1 --repeats 1 --test-share 0.98 --json --quiet"
    )
    found = CliRunner().invoke(group, [*words.split(), "--retention", "1e25,0"])
    answer = json.loads(found.stdout)
    assert answer["retention_ns"] == [0.0, 1e25]
    if learning == "supervised":  # reading draws no random numbers there
        assert answer["aged_accuracy"][0][0] == answer["accuracy"][0]
    refused = CliRunner().invoke(group, [*words.split(), "--retention", "-1"])
    assert "--retention: expected a number from 0" in str(refused.exception)
