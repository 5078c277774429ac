"""One pulse as a Markov chain: what the table says is what walls do, in one device and again and again."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from compact_model import (
    InputError,
    Landscape,
    PiecewiseLinear,
    Voltage,
    notched_device,
    notched_track,
    pulse_table,
    simulate_ensemble,
    single_well,
)
from compact_model.support.validation import ConvergenceError
from compact_model.track.resting import dividing_points, resting_places

DEVICE = notched_device()
SHORT = DEVICE.resized(track_length=250e-9)
TRACKS = [notched_track(SHORT, seed) for seed in range(2)]
VOLTS = np.array([-0.5, 0.0, 0.4, 0.5])
PULSE = {"width": 4e-9, "edge": 2e-9, "settle": 200e-9}


@pytest.fixture(scope="module")
def table():
    return pulse_table(SHORT, TRACKS, VOLTS, **PULSE, samples=128, seed=1)


def test_walls_rest_in_the_notches_and_at_the_ends():
    places = resting_places(SHORT, TRACKS[0])
    notches = [well.centre for well in TRACKS[0].wells]
    assert places == pytest.approx([0.0, *notches, 250e-9], abs=0.1e-9)
    # Half-way between two notches; the flat stretches beyond the outer ones belong to the ends.
    first, last = TRACKS[0].wells[0], TRACKS[0].wells[-1]
    middles = [
        0.5 * (left.edges[-1] + right.edges[0])
        for left, right in zip(TRACKS[0].wells, TRACKS[0].wells[1:], strict=False)
    ]
    expected = [first.edges[0], *middles, last.edges[-1]]
    assert dividing_points(SHORT, TRACKS[0]) == pytest.approx(expected, abs=0.1e-9)


def test_a_field_shifts_the_places_down_its_slope():
    free, pushed = (resting_places(SHORT, TRACKS[0], field) for field in (0.0, 50e-4))
    # Parabolic wells of 300 Oe and 20 nm: 50 Oe shift a wall by about a sixth of x_c.
    assert (pushed - free)[1:-1] == pytest.approx(20e-9 / 6.0, rel=0.3)


def test_probabilities_add_up_and_nothing_happens_without_a_voltage(table):
    assert table.probability.sum("final_state").values == pytest.approx(1.0)
    assert dict(table.sizes) == {"track": 2, "voltage": 4, "state": 7, "final_state": 7}
    quiet = table.probability.sel(voltage=0.0).values[:, 1:-1, 1:-1]
    assert quiet == pytest.approx(np.broadcast_to(np.eye(5), quiet.shape))
    assert (np.diff(table.conductance.values, axis=1) > 0.0).all()
    assert table.attrs["unsettled_share"] < 1e-3


def test_walls_move_the_way_of_the_voltage_and_farther_by_more(table):
    states = table.state.values
    step = (table.probability * states).sum("final_state") - table.state
    inner = step.sel(state=slice(1, 4)).mean(("track", "state"))
    assert float(inner.sel(voltage=-0.5)) < -0.3
    assert 0.1 < float(inner.sel(voltage=0.4)) < float(inner.sel(voltage=0.5)) < 0.7


def test_the_chain_follows_walls_through_ten_pulses():
    """1024 walls that meet ten pulses one after the other, and ten steps of the chain."""
    count, volts, period, samples = 1024, 0.45, 208e-9, 1024
    device = DEVICE.resized(track_length=12 * 50e-9)
    track = notched_track(device, 3)
    chain = pulse_table(device, track, [volts], **PULSE, samples=samples, seed=2)
    warm_up = 1e-6  # in which cold walls come to equilibrium
    times = (warm_up + period * np.arange(10)[:, np.newaxis] + [0.0, 2e-9, 6e-9, 8e-9]).ravel()
    train = PiecewiseLinear(tuple(times.tolist()), tuple(np.tile([0.0, volts, volts, 0.0], 10).tolist()))
    run = simulate_ensemble(
        device,
        track,
        Voltage(train),
        [0.0, warm_up + 10 * period],
        devices=count,
        initial_position=track.wells[3].centre,
        temperature=300.0,
        step=20e-12,
        seed=5,
    )
    site = np.searchsorted(dividing_points(device, track), run.position.values[:, -1])
    share = np.linalg.matrix_power(chain.probability.values[0, 0], 10)[4]
    assert float(share @ chain.state.values) > 7.0
    # A hop's share is known to 0.5 / sqrt(samples) in each of the four sites that the walls pass, 2.5 pulses in each.
    error = np.sqrt(site.var() / count + 4.0 * (2.5 * 0.5) ** 2 / samples)
    assert site.mean() == pytest.approx(float(share @ chain.state.values), abs=4.0 * error)


def test_a_table_that_was_cut_off_goes_on_to_the_same_one(tmp_path):
    def made(store=None, **changes):
        return pulse_table(SHORT, TRACKS, [0.0, 0.5], **PULSE | {"samples": 16} | changes, store=store)

    whole = made()
    xr.testing.assert_identical(made(tmp_path / "run"), whole)
    (tmp_path / "run" / "track_000001.nc").unlink()
    xr.testing.assert_identical(made(tmp_path / "run"), whole)
    with pytest.raises(InputError, match="another pulses"):
        made(tmp_path / "run", width=5e-9)
    with pytest.raises(InputError, match="another seed"):
        made(tmp_path / "run", seed=4)


def test_tracks_with_fewer_sites_are_filled_up():
    one = single_well(SHORT, coercive_field=300e-4, half_width=20e-9)
    both = pulse_table(SHORT, [TRACKS[0], one], [0.0, 0.4], **PULSE, samples=8)
    assert np.isnan(both.position.values[1, 3:]).all()
    assert (both.probability.values[1, :, :3, 3:] == 0.0).all()
    assert both.probability.values[1, :, :3].sum(axis=2) == pytest.approx(1.0)


def test_walls_that_do_not_settle_are_refused():
    shallow = notched_track(SHORT, 0)
    flat = Landscape(tuple(replace(w, coercive_field=6e-4) for w in shallow.wells))
    with pytest.raises(ConvergenceError, match="had not settled"):
        pulse_table(SHORT, flat, [0.0, 0.5], **PULSE, samples=64)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"voltages": [0.5, 0.0]}, "voltages: expected rising"),
        ({"width": 0.0}, "width: expected"),
        ({"settle": 0.0}, "settle: expected"),
        ({"temperature": 0.0}, "temperature: expected"),
        ({"samples": 0}, "samples: expected"),
        ({"landscapes": []}, "landscapes: expected at least one"),
        ({"parameters": [SHORT] * 3}, "parameters: expected one set, or one for each of 2"),
        ({"landscapes": ["x", "y"]}, "landscapes: expected Landscape"),
    ],
)
def test_nonsense_is_named(changes, named):
    arguments = {"parameters": SHORT, "landscapes": TRACKS, "voltages": [0.0, 0.5], "samples": 4, **PULSE} | changes
    given = [arguments.pop(name) for name in ("parameters", "landscapes", "voltages")]
    with pytest.raises(InputError, match=named):
        pulse_table(*given, **arguments)
