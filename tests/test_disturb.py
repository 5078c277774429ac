"""Who moves when one cell is written or a row is read: the studies of disturbance, and the map of writing."""

import numpy as np
import pytest
import xarray as xr
from small_array import DEVICE, THRESHOLD, simulation_of, tracks
from walls import simulation_of_walls

from compact_model import GaussianWell, InputError, Voltage, lequeux2016, simulate, single_well, trapezoid
from crossbar import (
    Crossbar,
    Junctions,
    Wires,
    WriteAccess,
    read_disturb,
    write_disturb,
    write_map,
)

PAPER = lequeux2016().replace(stray_field=0.0)
SMOOTH = single_well(PAPER, coercive_field=15e-4, half_width=100e-9, kind=GaussianWell)
ACCESS = WriteAccess(scheme="V/3", edge=1e-9, settle=20e-9)
IDEAL = Wires()
MAP = {"voltages": [0.1, 0.2, 0.3], "widths": [2e-9, 6e-9], "sizes": [1, 2, 3], "level": 30e-9, "access": ACCESS}


def alone(volts, width, access=ACCESS, position=500e-9):
    """How far one device's wall is from its start after a pulse and a rest, m."""
    pulse = trapezoid(width=width, edge=access.edge)
    times = [0.0, width + 2.0 * access.edge + access.settle]
    drive = Voltage(type(pulse)(pulse.times, tuple(volts * each for each in pulse.values)))
    run = simulate(PAPER, SMOOTH, drive, times, initial_position=position, initial_angle=0.0)
    return float(run.position[-1]) - position


def test_on_ideal_wires_the_map_is_what_single_devices_do():
    found = write_map(PAPER, SMOOTH, **MAP, wires=IDEAL, tolerance=1e-13)
    assert found.outcome.dims == ("size", "voltage", "width")
    for volts in MAP["voltages"]:
        for width in MAP["widths"]:
            own = abs(alone(volts, width))
            # The scheme's share: +V/3 in the selected lines, -V/3 everywhere else, which 3 x 3 has and 1 x 1 has not.
            share = [abs(alone(sign * volts / 3.0, width)) for sign in (1.0, -1.0)]
            for size in MAP["sizes"]:
                one = found.sel(size=size, voltage=volts, width=width)
                other = max(share) if size > 1 else 0.0
                assert float(one.selected_displacement) == pytest.approx(own, abs=2e-12)
                assert float(one.other_displacement) == pytest.approx(other, abs=2e-12)
                assert int(one.outcome) == (1 + (other > 30e-9) if own > 30e-9 else 3 * (other > 30e-9))
                assert float(one.energy) > 0.0
    assert set(np.unique(found.outcome)) >= {0, 1}


def test_all_four_outcomes_are_told_apart():
    # A wide range of voltages with one site in the middle: from nobody, over the selected one, to all of them.
    volts = np.array([0.2, 0.9, 1.4, 3.4, 5.0]) * THRESHOLD
    found = write_map(
        DEVICE,
        tracks(1)[0],
        voltages=volts,
        widths=[4e-9, 8e-9],
        sizes=[2],
        level=20e-9,
        access=WriteAccess(scheme="V/3", edge=2e-9, settle=50e-9),
        wires=IDEAL,
        tolerance=1e-10,
    )
    own, other = (found[name].values > 20e-9 for name in ("selected_displacement", "other_displacement"))
    expected = np.select([own & other, own, other], [2, 1, 3], 0)
    assert np.array_equal(found.outcome.values, expected)
    assert {0, 1, 2} <= set(expected.ravel().tolist())


def test_the_papers_device_cannot_be_written_in_32_by_32():
    volts = np.array([1.5, 2.0]) * PAPER.threshold_voltage
    found = write_map(
        PAPER,
        single_well(PAPER, coercive_field=15e-4, half_width=100e-9),
        voltages=volts,
        widths=[10e-9],
        sizes=[2, 32],
        level=50e-9,
        access=WriteAccess(edge=1e-9, settle=100e-9),
        wires=Wires.equal(1.0),
        tolerance=1e-10,
        step=10e-12,
    )
    assert (found.outcome.sel(size=2) == 1).all()
    assert (found.outcome.sel(size=32) != 1).all()
    assert float(found.selected_displacement.sel(size=32).max()) < 10e-9


def test_a_level_and_a_place_that_are_not_given_are_the_first_wells_and_the_middle_ones():
    track = tracks(1)[0]
    given = {**MAP, "sizes": [1], "voltages": [1.4 * THRESHOLD], "wires": IDEAL, "tolerance": 1e-10}
    del given["level"]
    found = write_map(DEVICE, track, **given)
    assert found.attrs["level"] == track.wells[0].half_width
    middle = min((well.centre for well in track.wells), key=lambda centre: abs(centre - 0.5 * DEVICE.track_length))
    xr.testing.assert_identical(write_map(DEVICE, track, position=middle, **given), found)


@pytest.mark.parametrize(("keep", "temperature"), [(0, 0.0), (7, 300.0), (12, 0.0)])
def test_a_map_that_was_cut_off_goes_on_to_the_same_result(tmp_path, keep, temperature):
    options = {"temperature": temperature, "seed": 4, "step": 10e-12, "tolerance": 1e-10, "wires": IDEAL}
    points = {**MAP, "sizes": [1, 2]}
    whole = write_map(PAPER, SMOOTH, **points, **options)
    xr.testing.assert_identical(write_map(PAPER, SMOOTH, **points, **options, store=tmp_path / "map"), whole)
    written = sorted((tmp_path / "map").rglob("[!.]*.nc"), key=lambda path: path.stat().st_mtime_ns)
    assert len(written) == 12
    for path in written[keep:]:
        path.unlink()
    xr.testing.assert_identical(write_map(PAPER, SMOOTH, **points, **options, store=tmp_path / "map"), whole)
    # More points of the same map go into the same folder; another way of writing does not.
    write_map(PAPER, SMOOTH, **points | {"voltages": [0.15]}, **options, store=tmp_path / "map")
    with pytest.raises(InputError, match="another access"):
        write_map(PAPER, SMOOTH, **points | {"access": WriteAccess()}, **options, store=tmp_path / "map")


def test_a_warm_map_is_the_same_for_one_seed_only():
    options = {**MAP, "sizes": [2], "temperature": 300.0, "step": 10e-12, "tolerance": 1e-10, "wires": IDEAL}
    first, second, other = (write_map(PAPER, SMOOTH, **options, seed=seed) for seed in (1, 1, 2))
    xr.testing.assert_identical(first, second)
    assert np.abs(first.other_displacement - other.other_displacement).min() > 1e-12


def disturbed(simulation=None, **options):
    given = {"voltage": 1.4 * THRESHOLD, "width": 4e-9, "count": 5, "level": 20e-9, "word_line": 1, "bit_line": 2}
    access = WriteAccess(scheme="V/3", edge=2e-9, settle=50e-9)
    return write_disturb(simulation or simulation_of((3, 3), ohms=0.5), **{"access": access} | given | options)


KINDS = np.array(
    [
        ["unselected", "unselected", "same bit line"],
        ["same word line", "same word line", "selected"],
        ["unselected", "unselected", "same bit line"],
    ]
)


def test_what_is_said_of_the_walls_is_what_the_displacements_are():
    found = disturbed()
    moved = found.displacement.values
    assert moved.shape == (6, 3, 3)
    assert (moved[0] == 0.0).all()
    assert np.array_equal(found.selection.values, KINDS)
    for cell in np.ndindex(3, 3):
        beyond = [number for number in range(6) if abs(moved[(number, *cell)]) > 20e-9]
        lost = float(found.lost_after[cell])
        assert np.isnan(lost) if not beyond else lost == beyond[0]
    for name in found.group.values.tolist():
        mask = name == KINDS
        one = found.sel(group=name)
        slopes = np.polyfit(np.arange(6), moved[:, mask], 1)[0]
        assert float(one.drift) == pytest.approx(np.abs(slopes).mean(), rel=1e-9)
        assert float(one.lost) == pytest.approx(np.isfinite(found.lost_after.values[mask]).mean())
    assert float(found.lost_after[1, 2]) >= 1.0
    assert float(found.lost.sel(group="selected")) == 1.0
    assert found.attrs["level"] == 20e-9


def test_alternating_pulses_go_forth_and_back_and_others_go_on():
    both, one_way = disturbed(), disturbed(alternate=False)
    own, far = both.displacement.values[:, 1, 2], one_way.displacement.values[:, 1, 2]
    assert (np.sign(np.diff(own)) == [1, -1, 1, -1, 1]).all()
    assert (np.diff(far) > 0.0).all()
    assert np.array_equal(own[:2], far[:2])  # the first pulse is the same
    back = disturbed(alternate=False, voltage=-1.4 * THRESHOLD)
    assert (np.diff(back.displacement.values[:, 1, 2]) < 0.0).all()


def test_single_cells_and_lines_have_groups_without_walls():
    found = disturbed(simulation_of((1, 3)), word_line=0, count=1)
    assert np.isnan(found.drift.values[2:]).all()
    found = disturbed(simulation_of((1, 1)), word_line=0, bit_line=0, count=1)
    assert found.selection.values.tolist() == [["selected"]]
    assert np.isnan(found.lost.values[1:]).all()


def warm(seed=3, **options):
    return simulation_of((2, 2), temperature=300.0, seed=seed, step=20e-12, **options)


@pytest.mark.parametrize("keep", [0, 1, 4, 5])
def test_writes_that_were_cut_off_go_on_to_the_same_result(tmp_path, keep):
    place = {"word_line": 0, "bit_line": 1}
    whole = disturbed(warm(), **place)
    xr.testing.assert_identical(disturbed(warm(), **place, store=tmp_path / "run"), whole)
    written = sorted((tmp_path / "run").glob("pulse_*.nc"))
    assert len(written) == 5
    for path in written[keep:]:
        path.unlink()
    xr.testing.assert_identical(disturbed(warm(), **place, store=tmp_path / "run"), whole)


@pytest.mark.parametrize(
    "change", [{"voltage": 0.5}, {"width": 5e-9}, {"bit_line": 0}, {"alternate": False}, {"access": ACCESS}]
)
def test_other_writes_in_the_folder_are_refused(tmp_path, change):
    place = {"word_line": 0, "bit_line": 1, "count": 1, "store": tmp_path / "run"}
    disturbed(warm(), **place)
    with pytest.raises(InputError, match="another write"):
        disturbed(warm(), **place | change)
    with pytest.raises(InputError, match="another seed"):
        disturbed(warm(seed=4), **place)


def test_warm_writes_are_the_same_for_one_seed_only():
    place = {"word_line": 0, "bit_line": 1, "count": 2}
    first, second, other = (disturbed(warm(seed), **place) for seed in (3, 3, 4))
    xr.testing.assert_identical(first, second)
    assert np.abs((first.displacement - other.displacement)[1:]).min() > 1e-12


READ = {"width": 4e-9, "count": 3, "level": 20e-9, "settle": 20e-9}


def test_reading_at_small_voltages_leaves_the_walls_and_above_the_threshold_moves_them():
    volts = np.array([0.05, 0.3, 2.0]) * THRESHOLD
    found = read_disturb(lambda: simulation_of((3, 3), ohms=0.0), voltages=volts, word_line=1, **READ)
    largest = np.abs(found.displacement).max(("word_line", "bit_line")).values
    assert largest[0] < 1e-9
    assert largest[2] > 20e-9
    assert found.lost.values[:2].tolist() == [0.0, 0.0]
    assert float(found.lost[2]) == pytest.approx(1 / 3)  # the row that is read, and nobody else
    others = found.displacement.values[:, [0, 2]]
    assert np.abs(others).max() < 1e-12  # grounded reading leaves 0 V on them
    assert found.voltage.values.tolist() == volts.tolist()


def test_on_ideal_wires_a_read_pulse_is_what_a_device_feels():
    def fresh():
        array = Crossbar(cells=Junctions(PAPER, np.full((2, 2), 480e-9)))
        return simulation_of_walls(array, SMOOTH, tolerance=1e-13)

    found = read_disturb(fresh, voltages=[0.05, -0.15], **READ | {"count": 1, "width": 3e-9})
    square = WriteAccess(edge=0.0, settle=20e-9)
    for volts in (0.05, -0.15):
        expected = alone(volts, 3e-9, square, 480e-9)
        assert found.displacement.sel(voltage=volts).values[0] == pytest.approx([expected] * 2, abs=1e-12)
        expected = alone(0.0, 3e-9, square, 480e-9)  # outside the middle of its site a wall moves by itself
        assert found.displacement.sel(voltage=volts).values[1] == pytest.approx([expected] * 2, abs=1e-12)


def test_every_voltage_has_the_same_start():
    one, both = (read_disturb(warm, voltages=volts, **READ) for volts in ([0.3], [0.1, 0.3]))
    assert one.attrs == both.attrs
    assert one.attrs["dwmtj_version"]
    assert one.attrs["parameters"] == warm().attributes()["parameters"]
    assert np.array_equal(one.displacement[0], both.displacement[1])


@pytest.mark.parametrize(
    ("act", "named"),
    [
        (lambda: disturbed(word_line=3), "word_line: expected a number from 0 to 2, got 3"),
        (lambda: disturbed(bit_line=3), "bit_line: expected a number from 0 to 2, got 3"),
        (lambda: disturbed(bit_line=-1), "bit_line: expected a whole number"),
        (lambda: disturbed(count=0), "count: expected a whole number of at least 1"),
        (lambda: disturbed(level=0.0), "level: expected a number above 0"),
        (lambda: disturbed(voltage=np.nan), "voltage: expected a finite number"),
        (lambda: disturbed(width=0.0), "width: expected one above 0 s"),
        (lambda: read_disturb(warm, voltages=[0.0], **READ), "voltage: expected a read voltage other than 0"),
        (lambda: read_disturb(warm, voltages=[], **READ), "voltages: expected"),
        (lambda: read_disturb(warm, voltages=[0.1], **READ, scheme="V/4"), "scheme: expected one of"),
        (lambda: read_disturb(warm, voltages=[0.1], **READ, word_line=2), "word_line: expected a number from 0 to 1"),
        (lambda: read_disturb(warm, voltages=[0.1], **READ | {"count": 0}), "count: expected a whole number"),
        (lambda: write_map(PAPER, SMOOTH, **MAP | {"sizes": [0]}), "sizes: expected a whole number of at least 1"),
        (lambda: write_map(PAPER, SMOOTH, **MAP | {"voltages": []}), "voltages: expected"),
        (lambda: write_map(PAPER, SMOOTH, **MAP | {"widths": [0.0]}), "width: expected one above 0 s"),
        (lambda: write_map(PAPER, SMOOTH, **MAP | {"level": -1.0}), "level: expected a number above 0"),
        (lambda: write_map(PAPER, 3, **MAP), "landscape: expected a Landscape"),
        (lambda: write_map(PAPER, SMOOTH, **MAP, position=2e-6), "position: expected"),
    ],
)
def test_nonsense_is_named(act, named):
    with pytest.raises(InputError, match=named):
        act()
