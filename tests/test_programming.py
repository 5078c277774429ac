"""Program and verify: what is reached, what is left alone, what is refused, what it costs."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from small_array import ACCESS, DEVICE, LEVELS, SCHEDULE, STEP, THRESHOLD, programmed, simulation_of, targets
from walls import simulation_of_walls

from compact_model import InputError, vary
from crossbar import (
    Crossbar,
    ExponentialSelector,
    Junctions,
    ReadAccess,
    Schedule,
    Selected,
    WriteAccess,
    even_levels,
    program,
    read,
    write,
)
from crossbar.operate.reading import correction


def test_levels_are_even_over_what_all_devices_reach():
    assert LEVELS.size == 16
    assert np.diff(LEVELS) == pytest.approx(STEP)
    assert LEVELS[-1] == pytest.approx(1.0 / DEVICE.parallel_resistance)
    assert LEVELS[0] == pytest.approx(simulation_of().at_share(0.0).conductance().min())
    several = Junctions(vary(DEVICE, 4, {"parallel_resistance": 0.05}, seed=1), np.full((2, 2), 500e-9))
    low, high = several.conductance_range()
    narrow = even_levels(several, 4)
    assert narrow[[0, -1]] == pytest.approx([low.max(), high.min()])
    with pytest.raises(InputError, match="count: expected a whole number of at least 2"):
        even_levels(several, 1)
    apart = Junctions([DEVICE, DEVICE.replace(parallel_resistance=1e5)], np.full((1, 2), 500e-9))
    with pytest.raises(InputError, match="devices: expected a range of conductance that all reach"):
        even_levels(apart, 4)


def test_sixteen_cells_reach_their_levels_in_about_six_pulses_each():
    simulation = simulation_of((4, 4))
    target = targets((4, 4))
    found = programmed(simulation, target)
    assert found.reached.all()
    assert found.attrs["unreached"] == 0
    # Walls that ring make of the last digit another course: 24 runs from starts 1e-15 m apart took 88 to 96 pulses,
    # at most 15 on one cell, and moved at most one cell of another row by more than half a level.
    assert 80 <= found.pulses.sum() <= 105
    assert found.pulses.max() <= 20
    assert (np.abs(found.error) > 0.5 * STEP).sum() <= 2
    assert np.abs(found.verified - found.target).max() < 0.51 * STEP
    assert np.abs(found.reading - found.target).max() <= 0.5 * STEP
    # What the Dataset says of itself.
    assert np.array_equal(found.target, target)
    assert found.conductance.values == pytest.approx(simulation.conductance())
    assert found.initial_conductance.values == pytest.approx(simulation_of((4, 4)).conductance())
    assert found.error.values == pytest.approx((found.conductance - found.target).values)
    assert found.disturbance.values == pytest.approx((found.conductance - found.verified).values)
    assert np.abs(found.reading / found.verified - 1.0).max() < 1e-3  # calibrated, and the wires are short
    assert found.attrs["duration"] == pytest.approx(simulation.time)
    # Cells of a row share pulses, so no row takes longer than all of its pulses, one by one.
    assert found.attrs["duration"] <= 312e-9 * found.attrs["total_pulses"]


def test_the_energies_add_up():
    found = programmed(simulation_of(), targets())
    sources = found.attrs["energy_of_sources"]
    assert found.attrs["energy_in_devices"] + found.attrs["energy_in_lines"] == pytest.approx(sources, rel=1e-6)
    assert found.attrs["energy_per_pulse"] == pytest.approx(sources / found.attrs["total_pulses"])
    # A pulse of V over R for the width and a third of each edge, on one cell; the others of its lines at V/3.
    volts, seconds = 1.4 * THRESHOLD, 4e-9 + 2 * 4e-9 / 3
    one = volts**2 / DEVICE.parallel_resistance * seconds
    assert 0.5 * one < found.attrs["energy_per_pulse"] < 2.0 * one


def test_programming_depends_on_nothing_but_its_arguments(tmp_path):
    target = targets()
    without = programmed(simulation_of(), target)
    xr.testing.assert_identical(without, programmed(simulation_of(), target, progress=True))
    xr.testing.assert_identical(without, programmed(simulation_of(), target, store=tmp_path / "run"))
    xr.testing.assert_identical(without, programmed(simulation_of(), target, store=str(tmp_path / "run")))


def test_warm_programming_has_the_same_bits_on_one_thread_and_on_two():
    import numba

    target = np.full((6, 6), np.nan)
    target[1] = targets((6, 6))[1]

    def act():
        simulation = simulation_of((6, 6), seed=3, temperature=300.0, step=20e-12)
        write(simulation, 1.4 * THRESHOLD, 4e-9, word_line=0, bit_line=None, access=ACCESS)
        simulation.rest(100e-9)
        return programmed(simulation, target, Schedule(voltages=[1.4 * THRESHOLD], widths=4e-9, most_pulses=3))

    before = numba.get_num_threads()
    runs = []
    try:
        for count in (1, 2):
            numba.set_num_threads(min(count, before))
            runs.append(act())
    finally:
        numba.set_num_threads(before)
    xr.testing.assert_identical(*runs)


def test_programming_at_rest_has_the_same_bits_on_one_thread_and_on_two():
    import numba

    shape = (17, 16)  # walls are shared among threads from 128 on, and the sites that they rest in from 257 on
    target = np.full(shape, np.nan)
    target[1] = targets(shape)[1]
    before = numba.get_num_threads()
    runs = []
    try:
        for count in (1, 2):
            numba.set_num_threads(min(count, before))
            runs.append(programmed(simulation_of(shape), target))
    finally:
        numba.set_num_threads(before)
    assert runs[0].pulses.values[1].sum() > 40  # so many that rests go by the tables of sites
    xr.testing.assert_identical(*runs)


def test_cells_without_a_target_are_left_alone():
    target = targets((3, 3))
    target[0] = np.nan
    target[2, 1] = np.nan
    simulation = simulation_of((3, 3))
    start = simulation.devices.position
    found = programmed(simulation, target)
    free = np.isnan(target)
    assert (found.pulses.values[free] == 0).all()
    assert found.pulses.values[~free].sum() > 5
    assert found.reached.values.all()
    assert np.isnan(found.error.values[free]).all()
    assert np.abs(simulation.devices.position - start)[free].max() < 5e-9  # they stay in their sites
    nothing = programmed(simulation_of(), np.full((2, 2), np.nan))
    assert nothing.attrs["total_pulses"] == nothing.attrs["energy_of_sources"] == nothing.attrs["duration"] == 0


def test_a_schedule_that_is_too_weak_is_reported_cell_by_cell():
    simulation = simulation_of()
    target = simulation.conductance()
    target[0, 0] = target[1, 1] = LEVELS[15]
    weak = Schedule(voltages=[0.5 * THRESHOLD], widths=4e-9, most_pulses=3)
    found = programmed(simulation, target, weak)
    away = np.eye(2, dtype=bool)
    assert (found.reached.values == ~away).all()
    assert (found.pulses.values == np.where(away, 3, 0)).all()
    assert found.attrs["unreached"] == 2
    assert np.abs(found.error.values[~away]).max() < 0.5 * STEP
    # A schedule that grows brings them there.
    strong = Schedule(voltages=[0.5 * THRESHOLD, 1.4 * THRESHOLD], widths=[4e-9, 4e-9])
    assert programmed(simulation, target, strong).reached.all()


def test_further_passes_mend_what_other_rows_have_moved():
    # Half of 1.7 thresholds, with steep edges, kicks some walls of the other rows out of their sites.
    target, strong = targets((3, 3)), Schedule(voltages=[1.7 * THRESHOLD], widths=4e-9)
    options = {"write": WriteAccess(scheme="V/2", edge=2e-9, settle=300e-9)}
    simulations = [simulation_of((3, 3)) for _ in range(2)]
    once = programmed(simulations[0], target, strong, **options)
    thrice = programmed(simulations[1], target, strong, passes=3, **options)
    assert (thrice.pulses.values >= once.pulses.values).all()
    assert (np.abs(once.disturbance) > 1e-3 * STEP).any()
    # What the first row reads like after the first pass is what the second one begins with.
    reading = read(simulations[0]).values[0]
    away = np.abs(reading - target[0]) > 0.5 * STEP
    assert ((thrice.pulses.values[0] > once.pulses.values[0]) >= away).all()
    far_once, far_thrice = ((np.abs(each.error) > 0.5 * STEP).sum() for each in (once, thrice))
    assert far_thrice <= far_once


def test_readings_are_corrected_for_the_wires():
    simulation, raw = simulation_of((3, 3), ohms=2.0), ReadAccess(calibrate=False)
    found = np.array([correction(simulation, row, ReadAccess()) for row in range(3)])
    assert (found < 0.99).all()
    assert (found > 0.8).all()
    assert read(simulation).values == pytest.approx(simulation.conductance(), rel=2e-3)
    assert read(simulation, access=raw).values == pytest.approx(read(simulation).values * found, rel=1e-12)
    one = read(simulation, word_line=0, bit_line=2)
    assert float(one) == pytest.approx(simulation.conductance()[0, 2], rel=2e-3)
    ideal = simulation_of((3, 3), ohms=0.0)
    assert correction(ideal, 1, ReadAccess(voltage=1e-4)) == pytest.approx(1.0, rel=1e-6)


def test_a_cell_that_was_reached_reads_within_the_tolerance():
    simulation = simulation_of((3, 3), ohms=5.0)
    found = programmed(simulation, targets((3, 3)))
    still = found.reached.values & (np.abs(found.disturbance.values) < 1e-3 * STEP)
    assert still.any()
    away = np.abs(read(simulation).values - found.target.values)
    assert (away[still] <= 0.5 * STEP * 1.01).all()
    assert read(simulation).values[2] == pytest.approx(found.reading.values[2], rel=1e-6)  # the row of the last pulse


def test_without_calibration_the_wires_are_in_the_result():
    target = np.full((2, 2), LEVELS[7])
    with_it = programmed(simulation_of(ohms=5.0), target)
    without = programmed(simulation_of(ohms=5.0), target, read=ReadAccess(calibrate=False))
    assert np.abs(with_it.error).max() < 0.6 * STEP
    assert (without.reading < without.verified).all()
    assert float(without.error.mean()) > float(with_it.error.mean())


def test_devices_of_their_own_are_programmed_to_common_levels():
    devices = vary(DEVICE, 4, {"tmr": 0.03, "parallel_resistance": 0.01}, seed=5)
    simulation = simulation_of(devices=devices)
    levels = even_levels(simulation.devices, 8)
    step = levels[1] - levels[0]
    found = programmed(simulation, np.full((2, 2), levels[3]), tolerance=0.5 * step)
    assert found.reached.all()
    assert np.abs(found.error).max() < 0.6 * step


def test_behind_selectors_it_takes_more_voltage():
    selector = ExponentialSelector(saturation_current=1e-6, voltage_scale=0.02)
    target = np.array([[LEVELS[11], np.nan], [np.nan, np.nan]])
    strong = Schedule(voltages=[1.4 * THRESHOLD + 0.17], widths=4e-9)
    found = programmed(
        simulation_of(selector=selector), target, strong, read=ReadAccess(voltage=0.3), write=WriteAccess(edge=4e-9)
    )
    assert found.attrs["total_pulses"] > 0
    assert found.reached.all()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            {"target": np.full((2, 2), 1e-6)},
            r"target: .* got 1e-06 S at \(0, 0\), whose range is .* \(4 cells in all\)",
        ),
        ({"target": np.array([[np.nan, np.nan], [np.nan, 9.9]])}, r"target: .* got 9.9 S at \(1, 1\)"),
        ({"target": np.full((2, 3), LEVELS[3])}, r"target: expected shape \(word lines, bit lines\) = \(2, 2\)"),
        ({"target": np.array([[np.inf, LEVELS[1]], [LEVELS[1], LEVELS[1]]])}, "target: expected finite numbers"),
        ({"target": [["a", "b"], ["c", "d"]]}, r"target: expected conductances, got"),
        ({"tolerance": 0.0}, "tolerance: expected a number above 0"),
        ({"passes": 0}, "passes: expected a whole number of at least 1"),
        ({"schedule": [1.0]}, "schedule: expected a Schedule"),
        ({"simulation": None}, "simulation: expected a ArraySimulation"),
    ],
)
def test_nonsense_is_named(change, named):
    simulation = simulation_of()
    arguments = {"simulation": simulation, "target": targets(), "schedule": SCHEDULE, "tolerance": STEP} | change
    with pytest.raises(InputError, match=named):
        program(**arguments)
    assert simulation.time == 0.0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"voltages": [0.0], "widths": 1e-9}, "voltages: expected sizes above 0 V"),
        ({"voltages": [-0.1], "widths": 1e-9}, "voltages: expected sizes above 0 V"),
        ({"voltages": [0.1], "widths": 0.0}, "widths above 0 s"),
        ({"voltages": [], "widths": 1e-9}, "voltages: expected a list of at least one number"),
        ({"voltages": [0.1, 0.2, 0.3], "widths": [1e-9, 2e-9]}, "widths: expected one, or one for each of 3 voltages"),
        ({"voltages": [0.1], "widths": 1e-9, "most_pulses": 0}, "most_pulses: expected a whole number"),
    ],
)
def test_a_schedule_names_nonsense(arguments, named):
    with pytest.raises(InputError, match=named):
        Schedule(**arguments)


def test_widths_follow_the_distance_in_whole_steps():
    schedule = Schedule(voltages=[0.5], widths=2e-9, conductance_step=10e-6, longest=4.5)
    _, widths = schedule.pulse(np.zeros(5, dtype=int), np.array([1e-6, 10e-6, -25e-6, 39e-6, 1e-3]))
    assert widths == pytest.approx([2e-9, 2e-9, 4e-9, 6e-9, 8e-9])


SIZES = st.floats(1e-3, 10.0)
WIDTHS = st.floats(1e-12, 1e-6)


@given(st.lists(st.tuples(SIZES, WIDTHS), min_size=1, max_size=8), st.booleans(), st.integers(0, 20))
def test_a_schedule_gives_its_pulses_in_order_and_then_begins_anew(pairs, common, attempt):
    volts, widths = (list(each) for each in zip(*pairs, strict=True))
    schedule = Schedule(voltages=volts, widths=widths[0] if common else widths)
    got_volts, got_width = schedule.pulse(np.array([attempt, 0]), np.array([1.0, 1.0]))
    last = attempt % len(pairs)
    assert got_volts.tolist() == [volts[last], volts[0]]
    assert got_width.tolist() == [widths[0 if common else last], widths[0]]
    assert schedule == Schedule(voltages=np.array(volts), widths=schedule.widths)
    assert repr(schedule) == repr(Schedule(voltages=tuple(volts), widths=schedule.widths))


@given(
    st.lists(st.floats(0.3, 1.6), min_size=1, max_size=3),
    st.lists(st.floats(1e-9, 5e-9), min_size=3, max_size=3),
    st.integers(1, 3),
)
@settings(max_examples=8)
def test_no_cell_gets_more_pulses_than_the_schedule_allows(shares, widths, most):
    schedule = Schedule(
        voltages=[share * THRESHOLD for share in shares], widths=widths[: len(shares)], most_pulses=most
    )
    found = programmed(simulation_of(), targets(), schedule, write=WriteAccess(scheme="V/3", edge=2e-9, settle=20e-9))
    assert (found.pulses <= most).all()
    assert (found.pulses.values[~found.reached.values] == most).all()
    near = np.abs(found.reading - found.target) <= 0.5 * STEP
    assert (near == found.reached).all()
    sources = found.attrs["energy_of_sources"]
    assert found.attrs["energy_in_devices"] + found.attrs["energy_in_lines"] == pytest.approx(sources, rel=1e-6)


def test_a_read_voltage_that_the_selectors_swallow_is_refused():
    cells = Selected(simulation_of().devices, ExponentialSelector(saturation_current=1e-6, voltage_scale=0.05))
    simulation = simulation_of_walls(
        Crossbar(cells=cells, word_line_resistance=0.1), simulation_of().devices.landscapes
    )
    with pytest.raises(InputError, match="read: expected a voltage at which a reading tells the ends"):
        program(simulation, targets(), Schedule(voltages=[0.7], widths=4e-9), tolerance=0.5 * STEP)


def test_labelled_voltages_and_targets_are_aligned_by_name_and_gaps_refused():
    volts = THRESHOLD * np.array([[0.9, 0.0], [0.4, 0.6]])
    labelled = xr.DataArray(volts.T, dims=("bit_line", "word_line"))
    brief = WriteAccess(settle=0.0)
    plain, named = simulation_of(), simulation_of()
    write(plain, volts, 0.2e-9, access=brief)
    write(named, labelled, 0.2e-9, access=brief)
    assert np.array_equal(plain.devices.position, named.devices.position)
    simulation = simulation_of()
    own = simulation.conductance()
    own[0, 1] += 0.4 * STEP
    found = programmed(simulation, xr.DataArray(own.T, dims=("bit_line", "word_line")))
    assert np.array_equal(found.target, own)
    for target, message in (
        (np.ma.masked_array(own, mask=np.eye(2, dtype=bool)), "target: expected values without gaps, got a masked"),
        (xr.DataArray(own, dims=("word_line", "input")), "target: expected dimensions out of word_line, bit_line"),
        ([[1e-4, 2e-4], [3e-4]], "target: expected an array, got"),
    ):
        with pytest.raises(InputError, match=message):
            programmed(simulation, target)
    row = xr.DataArray(volts[0], dims="word_line")
    with pytest.raises(InputError, match="voltages: expected dimensions out of bit_line, got word_line"):
        write(simulation, row, 0.2e-9, word_line=0, access=brief)
    with pytest.raises(InputError, match="voltage: expected a read voltage other than 0, of at least 1e-30 V"):
        ReadAccess(voltage=1e-200)
