"""The map of the largest arrays: its limits, its worst cases, and that walls do what it says."""

import itertools

import numpy as np
import pytest
from walls import simulate_walls

from compact_model import InputError, PiecewiseLinear, WriteConditions, lequeux2016, write_window
from crossbar import (
    ArrayDrive,
    Crossbar,
    Junctions,
    PinningSites,
    Reading,
    Wires,
    bias,
    design_map,
    half_select,
    largest_array,
    largest_written_array,
)
from crossbar.studies.margins import largest_size
from crossbar.studies.writing import applied_voltage, can_be_written, worst_disturbance

DEVICE = lequeux2016()
COLD = WriteConditions(temperature=0.0)
ONE_OHM = Wires.equal(1.0)


def test_the_papers_device_is_written_to_5_lines_and_read_to_13_on_1_ohm_segments():
    point = design_map(DEVICE, 100e-9, 1e-6, seed=1).squeeze()
    assert float(point.parallel_resistance) == pytest.approx(36.0)
    assert int(point.largest_written) == 5
    assert int(point.largest_read) == 13
    assert int(point.largest_array) == 5
    assert int(point.levels) == 22
    assert float(point.well_depth) == pytest.approx(6.02, abs=0.01)


def test_arrays_grow_with_a_smaller_device_and_a_thicker_barrier_and_its_levels_and_retention_fall():
    result = design_map(
        DEVICE,
        [40e-9, 100e-9],
        [300e-9, 1e-6],
        resistance_area_products=[4.41e-12, 15e-12],
        wire_resistances=[0.5, 2.0],
        schemes=["V/3"],
        conditions=WriteConditions(devices=32),
        largest=24,
    )
    for name in ("largest_written", "largest_read"):
        lines = result[name]
        assert (lines.diff("resistance_area_product") >= 0).all()
        assert (lines.diff("wire_resistance") <= 0).all()
        assert (lines.diff("track_length") <= 0).all()
    assert (result.largest_written.diff("track_width") <= 0).all()
    assert (result.parallel_resistance.diff("track_width") < 0.0).all()
    assert (result.levels.diff("track_length") > 0).all()
    assert (result.retention_time.diff("track_width") > 0.0).all()
    assert (result.largest_array == np.minimum(result.largest_written, result.largest_read)).all()
    # The torques follow V / RA_P.
    ratio = result.write_voltage.isel(resistance_area_product=1) / result.write_voltage.isel(resistance_area_product=0)
    assert ratio.values == pytest.approx(15.0 / 4.41, rel=0.02)
    axes = result.dwmtj.plot(devices={"paper": (100e-9, 1e-6)}, at={"resistance_area_product": 1})
    assert axes.get_xlabel() == "track width $W$ (nm)"
    shown = {text.get_text() for text in axes.texts}
    last = result.largest_array.isel(resistance_area_product=1, scheme=0, wire_resistance=0)
    assert {str(number) for number in last.values.ravel().tolist()} <= shown


@pytest.mark.parametrize("further", [{}, {"field_like_quadratic": 2e-3}, {"thermal_resistance": 2e4}])
def test_every_barrier_has_the_window_of_its_own_device(further):
    device = DEVICE.replace(**further)
    barriers = [15e-12, 4.41e-12, 60e-12]  # the breakdown voltage is below the threshold of the last
    sites = PinningSites(coercive_field=200e-4)
    found = design_map(
        device, 100e-9, 400e-9, resistance_area_products=barriers, sites=sites, conditions=COLD, largest=2
    )
    for barrier in barriers:
        own = device.resized(track_length=400e-9, track_width=100e-9, resistance_area_product=barrier)
        window = write_window(own, sites.landscape(own), COLD)
        point = found.sel(resistance_area_product=barrier).squeeze()
        for name in ("write_voltage", "disturb_voltage"):
            assert float(point[name]) == pytest.approx(float(window[name]), rel=0.015), (barrier, name)
    assert np.isinf(found.write_voltage).any()


def test_ideal_wires_ask_the_scheme_alone():
    window = {"write_voltage": 0.1, "largest": 8}
    for scheme, share in (("V/2", 1.0 / 2.0), ("V/3", 1.0 / 3.0), ("grounded", 1.0)):
        assert largest_written_array(DEVICE, scheme=scheme, disturb_voltage=0.1001 * share, **window) == 8
        assert largest_written_array(DEVICE, scheme=scheme, disturb_voltage=0.0999 * share, **window) == 1


def test_the_barrier_limits_what_is_applied():
    window = {"scheme": "V/3", "write_voltage": 0.1, "disturb_voltage": 0.09}
    applied = applied_voltage(DEVICE, 5, scheme="V/3", write_voltage=0.1, wires=ONE_OHM)
    assert can_be_written(DEVICE, 5, breakdown_voltage=1.001 * applied, **window, wires=ONE_OHM)
    assert not can_be_written(DEVICE, 5, breakdown_voltage=0.999 * applied, **window, wires=ONE_OHM)
    assert largest_written_array(DEVICE, scheme="V/2", write_voltage=np.inf, disturb_voltage=1.0) == 0


@pytest.mark.parametrize("scheme", ["V/2", "V/3"])
def test_no_state_of_a_3_by_3_array_is_worse_than_the_one_that_the_search_finds(scheme):
    wires = Wires.equal(1.0, driver_resistance=5.0, sense_resistance=5.0)
    applied = applied_voltage(DEVICE, 3, scheme=scheme, write_voltage=0.1, wires=wires)
    cells = ((0, 0), (0, 2), (1, 1), (2, 2))
    held = [bias(scheme, (3, 3), applied, word_line=word, bit_line=bit).line_voltages() for word, bit in cells]
    words, bits = (np.column_stack(side) for side in zip(*held, strict=True))
    least, worst = np.inf, 0.0
    for states in itertools.product([0.0, DEVICE.track_length], repeat=9):
        array = Crossbar(cells=Junctions(DEVICE, np.reshape(states, (3, 3))), **wires.keywords())
        found = np.abs(array.solve(words, bits).device_voltage.values)
        for selected, across in zip(cells, found, strict=True):
            least = min(least, across[selected])
            across[selected] = 0.0
            worst = max(worst, across.max())
    assert least == pytest.approx(0.1, rel=1e-9)
    assert worst_disturbance(DEVICE, 3, scheme=scheme, applied=applied, wires=wires) == pytest.approx(worst, rel=1e-9)


def written_and_disturbed(device, landscape, size, wires, selected):
    """Whether the selected wall leaves its site under the map's own V/2 pulse at 0 K, and whether another one does."""
    window = write_window(device, landscape, COLD)
    applied = applied_voltage(device, size, scheme="V/2", write_voltage=float(window.write_voltage), wires=wires)
    centres = np.array([well.centre for well in landscape.wells])
    # Others at the AP end load the wires least, and see most of V/2.
    start = np.full((size, size), centres[0])
    array = Crossbar(cells=Junctions(device, start), **wires.keywords())
    held = bias("V/2", (size, size), applied, word_line=selected[0], bit_line=selected[1])
    pulse = COLD.pulse(1.0)
    assert isinstance(pulse, PiecewiseLinear)
    times = np.linspace(0.0, COLD.duration, 301)
    moved = simulate_walls(
        array, landscape, ArrayDrive(((held, pulse),)), times, external_field=-device.stray_field, tolerance=1e-10
    )
    left = (np.abs(moved.position.values - start) > landscape.wells[0].half_width).any(axis=0)
    others = left.copy()
    others[selected] = False
    return left[selected], others.any()


def test_walls_in_an_array_do_what_the_map_says():
    # 2 Ohm segments: the boundary is at a size that is quickly simulated.
    device = DEVICE.resized(
        track_length=500e-9, track_width=60e-9, nucleation_pad_area=0.36 * DEVICE.nucleation_pad_area
    )
    landscape = PinningSites().landscape(device)
    point = design_map(DEVICE, 60e-9, 500e-9, wire_resistances=2.0, conditions=COLD, largest=32).squeeze()
    size = int(point.largest_written)
    assert 6 <= size <= 12
    for selected in ((0, size - 1), (size - 1, 0), (0, 0)):
        assert written_and_disturbed(device, landscape, size, Wires.equal(2.0), selected) == (True, False)
    above = size + 3
    corners = [(0, above - 1), (above - 1, 0), (0, 0), (above - 1, above - 1)]
    assert any(written_and_disturbed(device, landscape, above, Wires.equal(2.0), corner)[1] for corner in corners)


def test_sites_fill_the_track_from_its_middle():
    sites = PinningSites(pitch=50e-9)
    centres = [well.centre for well in sites.landscape(DEVICE.resized(track_length=230e-9, track_width=50e-9)).wells]
    assert centres == pytest.approx([40e-9, 90e-9, 140e-9, 190e-9])
    assert len(sites.landscape(DEVICE).wells) == 20
    assert len(sites.landscape(DEVICE.resized(track_length=40e-9, track_width=50e-9)).wells) == 1


def test_the_devices_of_a_map_keep_their_barrier_and_take_their_pad_along():
    options = {"conditions": COLD, "largest": 1}
    small = design_map(DEVICE, 50e-9, 300e-9, **options).squeeze()
    area = 300e-9 * 50e-9 + (75e-9) ** 2
    assert float(small.parallel_resistance) == pytest.approx(DEVICE.resistance_area_product / area)
    assert float(small.anisotropy_field) == DEVICE.anisotropy_field
    thick = design_map(
        DEVICE, 50e-9, 300e-9, resistance_area_products=15e-12, anisotropy_from_width="rigid-wall", **options
    ).squeeze()
    assert float(thick.parallel_resistance) == pytest.approx(15e-12 / area)
    assert float(thick.anisotropy_field) == pytest.approx(-527e-4, rel=0.01)


def test_a_map_by_micromagnetics_has_the_wall_of_the_table_and_refuses_other_widths():
    options = {"conditions": COLD, "largest": 1, "anisotropy_from_width": "micromagnetics"}
    point = design_map(DEVICE, 100e-9, 1e-6, **options).squeeze()
    assert float(point.anisotropy_field) == pytest.approx(-52.24e-4, rel=1e-3)  # the row of the shipped table
    assert point.attrs["anisotropy_from_width"] == "micromagnetics"
    with pytest.raises(InputError, match=r"track_width: expected 60 to 130 nm.*'rigid-wall'"):
        design_map(DEVICE, [50e-9, 100e-9], 1e-6, **options)


def test_the_largest_size_is_followed_to_where_it_ends():
    assert largest_size(lambda size: size <= 11, 256) == 11
    assert largest_size(lambda size: 5 <= size <= 20, 256) == 20
    assert largest_size(lambda size: True, 100) == 100
    assert largest_size(lambda size: False, 100) == 0
    assert largest_size(lambda size: size == 1, 1) == 1


def test_reading_is_that_of_the_largest_array():
    reading = Reading(scheme="floating", kind="voltage")
    point = design_map(DEVICE, 100e-9, 1e-6, reading=reading, criterion=0.05, conditions=COLD, largest=16).squeeze()
    high = 1.0 / float(Junctions(DEVICE, [[0.0]]).zero_bias_conductance()[0, 0])
    expected = largest_array(
        low_resistance=36.0,
        high_resistance=high,
        reading=reading,
        criterion=0.05,
        largest=16,
        wires=ONE_OHM,
    )
    assert int(point.largest_read) == expected


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: design_map(DEVICE, -1.0, 1e-6), "track_width: expected a number above 0"),
        (lambda: design_map(DEVICE, 1e-7, 20e-9), "track_lengths: expected tracks on which"),
        (lambda: design_map(DEVICE, 1e-7, 1e-6, schemes=["V/4"]), "schemes: expected one of"),
        (lambda: design_map(DEVICE, 1e-7, 1e-6, largest=0), "largest: expected a whole number"),
        (lambda: design_map(DEVICE.replace(torque_density="current"), 1e-7, 1e-6), "torque_density 'voltage'"),
        (lambda: design_map(DEVICE, 1e-7, 1e-6, reading="current"), "reading: expected a Reading"),
        (lambda: design_map(DEVICE, 1e-7, 1e-6, criterion=0.0), "criterion: expected"),
        (lambda: Reading(scheme="V/4"), "scheme: expected one of"),
        (lambda: Reading(kind="power"), "kind: expected one of"),
        (lambda: Reading(pull_up=0.0), "pull_up: expected a number above 0"),
        (lambda: Wires(driver_resistance=-1.0), "driver_resistance: expected values of at least 0 Ohm"),
        (lambda: Wires(word_line_ends="left"), "word_line_ends: expected one of"),
        (lambda: half_select(DEVICE, [2], wires={"driver_resistance": 1.0}), "wires: expected a Wires, got dict"),
        (lambda: PinningSites(half_width=30e-9), "half_width: expected at most half the pitch"),
        (lambda: largest_written_array(DEVICE, scheme="V/2", write_voltage=0.0, disturb_voltage=0.1), "write_voltage"),
    ],
)
def test_nonsense_is_named(make, named):
    with pytest.raises(InputError, match=named):
        make()
