"""The array as a synapse: curves of potentiation and depression, what is said of them, and outer products in place."""

import numpy as np
import pytest
import xarray as xr
from small_array import DEVICE, THRESHOLD, simulation_of
from walls import simulation_of_walls

import crossbar.operate.updating as updating
from compact_model import GaussianWell, InputError, Voltage, lequeux2016, simulate, single_well, trapezoid
from crossbar import (
    Crossbar,
    EnergyBudget,
    Junctions,
    WriteAccess,
    outer_product_update,
    pulse_block,
    update_curves,
)

PAPER = lequeux2016().replace(stray_field=0.0)
SMOOTH = single_well(PAPER, coercive_field=15e-4, half_width=100e-9, kind=GaussianWell)
ACCESS = WriteAccess(scheme="V/3", edge=2e-9, settle=20e-9)
POSITION = np.array([[470e-9, 500e-9, 540e-9], [500e-9, 520e-9, 480e-9]])


def ideal(position=POSITION, **options):
    return simulation_of_walls(Crossbar(cells=Junctions(PAPER, position)), SMOOTH, **{"tolerance": 1e-12} | options)


def alone(pulses, position, angle=0.0):
    """One device's wall after each of several pulses (V, s) and its rest, m."""
    places = [position]
    for volts, width in pulses:
        shape = trapezoid(width=width, edge=ACCESS.edge)
        drive = Voltage(type(shape)(shape.times, tuple(volts * each for each in shape.values)))
        end = width + 2.0 * ACCESS.edge + ACCESS.settle
        run = simulate(PAPER, SMOOTH, drive, [0.0, end], initial_position=position, initial_angle=angle)
        position, angle = float(run.position[-1]), float(run.angle[-1])
        places.append(position)
    return np.array(places)


def law(position):
    """What the devices conduct at 0 V, S; the formula of the model card."""
    share = (PAPER.track_length - position) * PAPER.track_width / PAPER.junction_area
    return (1.0 - share * PAPER.tmr / (1.0 + PAPER.tmr)) / PAPER.parallel_resistance


def test_on_ideal_wires_the_curves_are_those_of_single_devices():
    found = update_curves(ideal(), voltage=0.25, depression_voltage=0.2, width=3e-9, count=3, access=ACCESS)
    pulses = [(0.25, 3e-9)] * 3 + [(-0.2, 3e-9)] * 3
    assert found.sizes["pulse"] == 7
    for cell in np.ndindex(2, 3):
        expected = law(alone(pulses, POSITION[cell]))
        assert found.conductance.values[(slice(None), *cell)] == pytest.approx(expected, rel=1e-5)
    assert np.ptp(found.conductance.values, axis=0).min() > 1e-4


def test_energies_are_positive_and_add_up():
    simulation = ideal()
    found = update_curves(simulation, voltage=0.25, width=3e-9, count=2, access=ACCESS)
    assert float(found.energy[0]) == 0.0
    assert (found.energy[1:] > 0.0).all()
    total = float(found.energy.sum())
    assert simulation.energy.sources == pytest.approx(total, rel=1e-12)
    assert found.attrs["energy_per_update"] == pytest.approx(total / (4 * 6))
    # V^2 G of each cell while the pulse is on, and a third of it in each of the two edges.
    time = 3e-9 + 2.0 * 2e-9 / 3.0
    assert total == pytest.approx(4 * 0.25**2 * float(found.conductance.mean("pulse").sum()) * time, rel=0.1)


def labels(rows, resolution=10.0):
    """What is said of hand-made conductances, one list for each cell, in units of the range over `resolution`."""
    cells = simulation_of((1, len(rows)))
    low, high = (each[0, 0] for each in cells.devices.conductance_range())
    conductance = low + (high - low) / resolution * np.array(rows, dtype=float).T[:, np.newaxis, :]
    number = (len(rows[0]) - 1) // 2
    return updating._label_curves(cells, conductance, np.zeros(len(conductance)), number), (high - low) / resolution


# Potentiation in four pulses and depression in four: nonlinearity, asymmetry, levels, excursion, worked out by hand.
BRANCHES = {
    "straight there and back": ([0, 1, 2, 3, 4, 3, 2, 1, 0], 0.0, 0.0, 5, 4),
    "all at once": ([0, 4, 4, 4, 4, 0, 0, 0, 0], 3 / 4, (4 + 4 + 4) / 5 / 4, 2, 4),
    "all at the end": ([0, 0, 0, 0, 4, 4, 4, 4, 0], 3 / 4, (4 + 4 + 4) / 5 / 4, 2, 4),
    "never back": ([0, 1, 2, 3, 4, 4, 4, 4, 4], 0.0, (4 + 3 + 2 + 1) / 5 / 4, 5, 4),
    "not at all": ([2, 2, 2, 2, 2, 2, 2, 2, 2], 0.0, 0.0, 1, 0),
    "bent alike": ([0, 2, 3, 3, 4, 3, 3, 2, 0], 1 / 4, 0.0, 4, 4),
    "downwards": ([4, 3, 2, 1, 0, 1, 2, 3, 4], 0.0, 0.0, 5, 4),
    "depression bent": ([0, 1, 2, 3, 4, 2, 1, 0, 0], 1 / 4, (0 + 1 + 1 + 1 + 0) / 5 / 4, 5, 4),
}


def test_what_is_said_of_curves_is_what_one_works_out_by_hand():
    found, unit = labels([each[0] for each in BRANCHES.values()])
    for column, (_, nonlinearity, asymmetry, levels, excursion) in enumerate(BRANCHES.values()):
        one = found.isel(word_line=0, bit_line=column)
        assert float(one.nonlinearity) == pytest.approx(nonlinearity, abs=1e-9)
        assert float(one.asymmetry) == pytest.approx(asymmetry, abs=1e-9)
        assert int(one.levels) == levels
        assert float(one.excursion) == pytest.approx(excursion * unit, abs=1e-12)


@pytest.mark.parametrize(("resolution", "levels"), [(58.0, 5), (62.0, 1)])
def test_levels_are_a_sixtieth_of_the_devices_range_apart(resolution, levels):
    found, _ = labels([[0, 1, 2, 3, 4, 3, 2, 1, 0]], resolution)
    assert int(found.levels[0, 0]) == levels
    assert float(found.nonlinearity[0, 0]) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("keep", [0, 1, 5, 6])
def test_curves_that_were_cut_off_go_on_to_the_same_result(tmp_path, keep):
    def curves(store=None, seed=3, count=3):
        warm = ideal(temperature=300.0, seed=seed, step=20e-12, tolerance=1e-10)
        return update_curves(warm, voltage=0.25, width=3e-9, count=count, access=ACCESS, store=store)

    whole = curves()
    xr.testing.assert_identical(curves(tmp_path / "run"), whole)
    written = sorted((tmp_path / "run").glob("pulse_*.nc"))
    assert len(written) == 6
    for path in written[keep:]:
        path.unlink()
    xr.testing.assert_identical(curves(tmp_path / "run"), whole)
    with pytest.raises(InputError, match="another seed"):
        curves(tmp_path / "run", seed=4)
    with pytest.raises(InputError, match="another pulses"):
        curves(tmp_path / "run", count=4)


@pytest.mark.parametrize("scheme", ["V/2", "V/3", "grounded"])
def test_a_block_gets_the_voltage_and_the_others_their_share(scheme):
    simulation = ideal()
    seen = []
    simulation.apply = lambda drive, duration: seen.append((drive, duration))
    rows, columns = np.array([True, False]), np.array([True, False, True])
    pulse_block(simulation, rows, columns, -0.3, 5e-9, WriteAccess(scheme=scheme, edge=1e-9, settle=0.0))
    ((drive, duration),) = seen
    assert duration == pytest.approx(7e-9)
    word, bit = drive.voltages(3e-9)
    across = word[:, None] - bit
    assert across[np.ix_(rows, columns)] == pytest.approx(-0.3)
    row_share, column_share, share = {"V/2": (1 / 2, 1 / 2, 0), "V/3": (1 / 3, 1 / 3, -1 / 3), "grounded": (1, 0, 0)}[
        scheme
    ]
    assert across[np.ix_(rows, ~columns)] == pytest.approx(-0.3 * row_share)
    assert across[np.ix_(~rows, columns)] == pytest.approx(-0.3 * column_share)
    assert across[np.ix_(~rows, ~columns)] == pytest.approx(-0.3 * share)


X, Y = np.array([1.0, -0.6, 0.0, 0.3]), np.array([0.8, -1.0, 0.5])


def outer(simulation, x=X, y=Y, **options):
    given = {"voltage": 1.4 * THRESHOLD, "width": 4e-9, "slots": 8, "access": ACCESS}
    return outer_product_update(simulation, x, y, **given | options)


def test_the_coincidences_have_the_mean_that_they_should(monkeypatch):
    fired = []
    monkeypatch.setattr(
        updating, "pulse_block", lambda *arguments: fired.append(arguments[1:4]) or EnergyBudget(sources=1.0)
    )
    simulation = simulation_of((4, 3))
    count, slots = 300, 8
    found = np.array([outer(simulation, seed=seed).coincidences.values for seed in range(count)])
    share = np.abs(np.outer(X, Y))
    error = np.sqrt(slots * share * (1.0 - share) / count)
    assert (np.abs(found.mean(axis=0) - slots * np.outer(X, Y)) <= 4.0 * error).all()
    spread = found.std(axis=0)
    assert spread == pytest.approx(np.sqrt(slots * share * (1.0 - share)), rel=0.2, abs=1e-12)
    assert (found[:, 2] == 0).all()  # what never fires is never updated
    assert (found * np.sign(np.outer(X, Y)) >= 0).all()
    # Each pulse is on lines of one sign, with the voltage of the product's sign.
    for rows, columns, volts in fired[:200]:
        for row in np.flatnonzero(rows):
            for column in np.flatnonzero(columns):
                assert np.sign(volts) == np.sign(X[row] * Y[column])


def test_what_is_counted_is_what_was_pulsed(monkeypatch):
    pulsed = np.zeros((4, 3))

    def count(simulation, rows, columns, volts, width, access):
        pulsed[np.ix_(rows, columns)] += np.sign(volts)
        return EnergyBudget(sources=2e-12)

    monkeypatch.setattr(updating, "pulse_block", count)
    found = outer(simulation_of((4, 3)), seed=5)
    assert np.array_equal(found.coincidences.values, pulsed)
    assert found.expected.values == pytest.approx(8 * np.outer(X, Y))
    assert found.attrs["energy_per_coincidence"] == pytest.approx(found.attrs["energy"] / np.abs(pulsed).sum())
    xr.testing.assert_identical(outer(simulation_of((4, 3)), seed=5), found)


def test_every_pair_of_signs_moves_the_conductance_its_way():
    rested = WriteAccess(scheme="V/3", edge=4e-9, settle=300e-9)  # walls that still ring are pumped out of their sites
    found = outer(simulation_of((2, 2)), [1.0, -1.0], [1.0, -1.0], slots=2, access=rested)
    assert found.coincidences.values.tolist() == [[2, -2], [-2, 2]]
    assert (found.change.values * found.coincidences.values > 0.0).all()
    assert np.abs(found.change).min() > 1e-5
    assert found.attrs["energy"] > 0.0
    assert found.attrs["energy_per_coincidence"] == pytest.approx(found.attrs["energy"] / 8)


def test_lines_that_do_not_fire_leave_everything_as_it_is():
    simulation = simulation_of((2, 2))
    found = outer(simulation, [0.0, 0.0], [1.0, 1.0])
    assert (found.change == 0.0).all()
    assert found.attrs["energy"] == found.attrs["energy_per_coincidence"] == simulation.time == 0.0


def test_an_update_is_repeated_by_its_seed():
    first, second, other = (outer(simulation_of((2, 2)), [0.5, 0.5], [0.5, 0.5], seed=seed) for seed in (1, 1, 2))
    xr.testing.assert_identical(first, second)
    assert not np.array_equal(first.coincidences, other.coincidences)


@pytest.mark.parametrize(
    ("act", "named"),
    [
        (lambda it: outer(it, [1.0], [1.0, 1.0]), r"rows: expected 2 numbers from -1 to 1, got shape \(1,\)"),
        (lambda it: outer(it, [1.0, 1.0], [1.0]), r"columns: expected 2 numbers from -1 to 1, got shape \(1,\)"),
        (lambda it: outer(it, [1.0, -1.5], [1.0, 1.0]), r"rows: expected 2 numbers from -1 to 1, got .*-1\.5"),
        (lambda it: outer(it, [], [1.0, 1.0]), "rows: expected"),
        (lambda it: outer(it, [np.nan, 1.0], [1.0, 1.0]), "rows: expected finite numbers"),
        (lambda it: outer(it, [1.0, 1.0], [1.0, 1.0], slots=0), "slots: expected a whole number of at least 1"),
        (lambda it: outer(it, [1.0, 1.0], [1.0, 1.0], voltage=-0.3), "voltage: expected a number above 0"),
        (lambda it: outer(it, [1.0, 1.0], [1.0, 1.0], width=0.0), "width: expected a number above 0"),
        (lambda it: outer(it, [1.0, 1.0], [1.0, 1.0], seed=-1), "seed: expected"),
        (lambda it: update_curves(it, voltage=0.0, width=1e-9, count=1), "voltage: expected a number above 0"),
        (lambda it: update_curves(it, voltage=0.1, width=1e-9, count=0), "count: expected a whole number"),
        (lambda it: update_curves(it, voltage=0.1, width=-1e-9, count=1), "width: expected a number above 0"),
        (
            lambda it: update_curves(it, voltage=0.1, width=1e-9, count=1, depression_voltage=-0.1),
            "depression_voltage: expected a number above 0",
        ),
        (lambda it: pulse_block(it, [True, True], [False, False], 0.1, 1e-9), "bit_lines: expected a mask"),
        (lambda it: pulse_block(it, [1, 0], [True, False], 0.1, 1e-9), "word_lines: expected a mask"),
        (lambda it: pulse_block(it, [True, True, True], [True, True], 0.1, 1e-9), "word_lines: expected a mask"),
        (lambda it: pulse_block(it, [True, True], [True, True], np.inf, 1e-9), "voltage: expected a finite"),
    ],
)
def test_nonsense_is_named(act, named):
    simulation = simulation_of((2, 2))
    with pytest.raises(InputError, match=named):
        act(simulation)
    assert simulation.time == 0.0
    assert simulation.devices.parameters[0] == DEVICE
