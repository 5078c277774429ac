"""What is done to an array through its lines: biases, pulses on cells and rows, readings."""

import numpy as np
import pytest
import small_array
from hypothesis import given
from hypothesis import strategies as st
from walls import simulation_of_walls

from compact_model import ConvergenceError, InputError, Voltage, lequeux2016, simulate, single_well, trapezoid
from crossbar import (
    SCHEMES,
    Crossbar,
    ExponentialSelector,
    Junctions,
    ReadAccess,
    Selected,
    WriteAccess,
    bias,
    read,
    write,
)
from crossbar.operate.operations import cell_voltages, compensated
from crossbar.schemes import row_bias

DEVICE = lequeux2016()
HARD = single_well(DEVICE, coercive_field=15e-4, half_width=100e-9)
FIELD = -DEVICE.stray_field
AT_ONCE = WriteAccess(settle=0.0)
SHARE = {"floating": (None, None), "grounded": (0.0, 0.0), "V/2": (1 / 2, 1 / 2), "V/3": (1 / 3, 2 / 3)}


def simulation_of(shape=(3, 4), ohms=0.0, seed=0, cells=None, **options):
    position = np.random.default_rng(seed).uniform(470e-9, 530e-9, shape)
    array = Crossbar(cells=cells or Junctions(DEVICE, position), word_line_resistance=ohms, bit_line_resistance=ohms)
    return simulation_of_walls(array, HARD, external_field=FIELD, **{"tolerance": 1e-11} | options)


def across(held):
    """What ideal wires put on every cell whose lines are held, V; NaN where one floats."""
    word = np.where(held.floating_word_lines, np.nan, held.word_line_voltage)
    bit = np.where(held.floating_bit_lines, np.nan, held.bit_line_voltage)
    return word[:, None] - bit


@pytest.mark.parametrize("volts", [0.3, -0.2])
@pytest.mark.parametrize("bit_line", [2, None])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_bias_is_what_its_scheme_says(scheme, bit_line, volts):
    held = bias(scheme, (3, 4), volts, word_line=1, bit_line=bit_line)
    word_share, bit_share = SHARE[scheme]
    chosen = np.ones(4, dtype=bool) if bit_line is None else np.arange(4) == bit_line
    assert held.word_line_voltage[1] == volts
    assert held.word_line_voltage[[0, 2]] == pytest.approx(volts * (word_share or 0.0))
    assert (held.bit_line_voltage[chosen] == 0.0).all()
    assert held.bit_line_voltage[~chosen] == pytest.approx(volts * (bit_share or 0.0))
    assert held.floating_word_lines.tolist() == [word_share is None, False, word_share is None]
    assert (held.floating_bit_lines == (~chosen if bit_share is None else False)).all()
    assert held.shape == (3, 4)


def check_row_bias(scheme, shape, row, volts):
    """The documented invariants of `row_bias`."""
    held = row_bias(scheme, shape, row, volts)
    largest = volts[np.argmax(np.abs(volts))]
    chosen = volts != 0.0
    got = across(held)
    assert held.word_line_voltage[row] == largest
    assert not held.floating_word_lines[row]
    assert not held.floating_bit_lines[chosen].any()
    assert got[row, chosen] == pytest.approx(volts[chosen], abs=1e-12 * abs(largest))
    if scheme == "floating":
        assert held.floating_word_lines.sum() == shape[0] - 1
        assert (held.floating_bit_lines == ~chosen).all()
        return
    word_share, bit_share = SHARE[scheme]
    others = np.arange(shape[0]) != row
    round_off = 1e-12 * abs(largest)
    assert got[others][:, ~chosen] == pytest.approx(largest * (word_share - bit_share), abs=round_off)
    assert got[row, ~chosen] == pytest.approx(largest * (1.0 - bit_share), abs=round_off)
    beside = got[others][:, chosen]  # the other cells of the selected bit lines
    expected = np.broadcast_to(volts[chosen] - (1.0 - word_share) * largest, beside.shape)
    assert beside == pytest.approx(expected, abs=round_off)
    bound = {"V/2": 1 / 2, "V/3": 1 / 3 if np.abs(volts[chosen]).min() >= abs(largest) / 3 else 2 / 3}
    if scheme in bound:
        allowed = bound[scheme] * abs(largest) + round_off
        assert np.abs(got[others]).max(initial=0.0) <= allowed
        assert np.abs(got[row, ~chosen]).max(initial=0.0) <= allowed


ROWS = st.lists(st.one_of(st.just(0.0), st.floats(1e-3, 1.0)), min_size=1, max_size=6).filter(any)


@given(st.sampled_from(SCHEMES), st.integers(1, 5), st.data(), ROWS, st.sampled_from([1.0, -1.0]))
def test_every_selected_cell_of_a_row_gets_its_voltage_and_the_others_their_share(scheme, words, data, row, sign):
    check_row_bias(scheme, (words, len(row)), data.draw(st.integers(0, words - 1)), sign * np.array(row))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("V/4", (2, 2), 0, [0.1, 0.0]), "scheme: expected one of .* did you mean"),
        (("V/2", (2, 2), 2, [0.1, 0.0]), "word_line: expected a number from 0 to 1, got 2"),
        (("V/2", (2, 2), 0, [0.1]), r"voltages: expected shape \(bit lines,\) = \(2,\), got shape \(1,\)"),
        (("V/2", (2, 2), 0, [0.1, -0.1]), "voltages: expected one sign"),
        (("V/2", (2, 2), 0, [0.1, np.nan]), "voltages: expected finite numbers"),
        (("V/2", (2,), 0, [0.1, 0.0]), r"shape: expected \(word lines, bit lines\)"),
    ],
)
def test_a_row_bias_names_nonsense(arguments, named):
    with pytest.raises(InputError, match=named):
        row_bias(*arguments)


def drives_of(simulation, act):
    """The drives that an operation applies, with their durations."""
    seen = []
    apply = simulation.apply

    def record(drive, duration):
        seen.append((drive, duration))
        apply(drive, duration)

    simulation.apply = record
    act(simulation)
    return seen


@pytest.mark.parametrize("selected", ["some", "all"])
@pytest.mark.parametrize("scheme", ["V/2", "V/3"])
def test_each_cell_of_a_row_has_its_voltage_for_its_own_width(scheme, selected):
    volts = np.array([0.05, 0.0 if selected == "some" else 0.05, 0.04, 0.03])
    widths = np.array([2e-9, 9e-9 if selected == "some" else 1e-9, 1e-9, 3e-9])
    edge = 0.5e-9
    access = WriteAccess(scheme=scheme, edge=edge, settle=0.0)
    simulation = simulation_of()
    ((drive, duration),) = drives_of(simulation, lambda it: write(it, volts, widths, word_line=1, access=access))
    assert duration == pytest.approx(3e-9 + 2 * edge)
    assert simulation.time == pytest.approx(duration)
    share = {"V/2": 1 / 2, "V/3": 1 / 3}[scheme]
    for time in np.linspace(0.0, duration, 1001):
        word, bit = drive.voltages(time)
        on = np.clip(min(1.0, time / edge, (duration - time) / edge), 0.0, 1.0)
        got = word[:, None] - bit
        steady = edge <= time < 3e-9 + edge
        under = steady & (volts > 0.0) & (time < widths + edge - 1e-15)
        assert got[1, under] == pytest.approx(volts[under], abs=1e-15)
        after = (time > widths + 2 * edge) | (volts == 0.0)
        assert (np.abs(got[1, after]) <= share * 0.05 * on + 1e-12).all(), "no longer selected"
        assert (np.abs(got[[0, 2]]) <= share * 0.05 + 1e-12).all(), "rows that are not selected"
    word, bit = drive.voltages(duration)
    assert not word.any()
    assert np.abs(bit).max() < 1e-15


def test_one_width_for_all_is_the_same_as_a_list_of_it():
    first, second = simulation_of(), simulation_of()
    write(first, [0.2, 0.0, 0.1, 0.2], 2e-9, word_line=0, access=AT_ONCE)
    write(second, [0.2, 0.0, 0.1, 0.2], [2e-9] * 4, word_line=0, access=AT_ONCE)
    assert np.array_equal(first.devices.position, second.devices.position)


def test_on_ideal_wires_a_pulse_does_to_each_cell_what_it_does_to_one_device():
    access = WriteAccess(edge=1e-9, settle=20e-9)
    simulation = simulation_of()
    start = simulation.devices.position
    volts = np.array([0.25, 0.0, 0.15, 0.0])
    spent = write(simulation, volts, 4e-9, word_line=1, access=access)
    assert simulation.time == pytest.approx(26e-9)
    assert spent.sources == pytest.approx(spent.devices, rel=1e-9)
    assert spent == simulation.energy
    got = across(row_bias("V/2", (3, 4), 1, volts))
    for i, j in [(1, 0), (1, 2), (1, 1), (0, 0), (2, 2), (0, 1)]:
        pulse = trapezoid(width=4e-9, edge=1e-9)
        alone = simulate(
            DEVICE,
            HARD,
            Voltage(type(pulse)(pulse.times, tuple(got[i, j] * each for each in pulse.values))),
            [0.0, 26e-9],
            initial_position=start[i, j],
            external_field=FIELD,
        )
        assert abs(simulation.devices.position[i, j] - float(alone.position[-1])) < 2e-12, (i, j)


def test_compensation_gives_the_selected_cells_their_voltages():
    simulation = simulation_of((6, 6), ohms=1.0)
    volts = np.array([0.0, 0.2, 0.0, 0.15, 0.0, 0.2])
    chosen = volts > 0.0
    plain = row_bias("V/2", (6, 6), 4, volts)
    before = cell_voltages(simulation, plain)[4]
    assert (before[chosen] < 0.95 * volts[chosen]).all()
    raised = compensated(simulation, plain, 4, volts)
    got = cell_voltages(simulation, raised)
    assert got[4, chosen] == pytest.approx(volts[chosen], abs=1e-3 * 0.2)
    assert (np.abs(got[np.arange(6) != 4]) < 0.2).all()
    # And the write itself uses it.
    ((drive, _),) = drives_of(
        simulation, lambda it: write(it, volts, 0.1e-9, word_line=4, access=WriteAccess(settle=0.0, compensate=True))
    )
    assert drive.voltages(0.05e-9)[0] == pytest.approx(raised.word_line_voltage)


@pytest.mark.parametrize("volts", [0.2, -0.2])
def test_compensation_on_ideal_wires_changes_nothing(volts):
    simulation = simulation_of()
    wanted = np.array([volts, 0.0, 0.0, 0.0])
    plain = row_bias("V/3", (3, 4), 0, wanted)
    assert compensated(simulation, plain, 0, wanted) is plain


def test_wires_that_take_everything_cannot_be_compensated():
    simulation = simulation_of((6, 6), ohms=100.0)
    with pytest.raises(ConvergenceError, match=r"compensate: the wires leave the cell \(5, \d\) .* of 0.2 V"):
        write(simulation, 0.2, 1e-9, word_line=5, bit_line=None, access=WriteAccess(compensate=True))
    assert simulation.time == 0.0


def test_a_pattern_moves_what_it_names_and_leaves_the_others_in_their_sites():
    simulation = small_array.simulation_of((3, 3), ohms=0.0)
    start = simulation.devices.position
    volts = 1.4 * small_array.THRESHOLD * np.array([[1.0, 0.0, -1.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    access = WriteAccess(scheme="V/3", edge=4e-9, settle=300e-9)
    rows = []
    spent = write(simulation, volts, 4e-9, access=access, after_row=rows.append)
    moved = simulation.devices.position - start
    assert rows == [0, 1, 2]
    assert simulation.time == pytest.approx(3 * 312e-9)  # both polarities of row 0, and row 2
    assert (np.abs(moved[volts == 0.0]) < 5e-9).all()
    assert (moved * np.sign(volts))[volts != 0.0] == pytest.approx(50e-9, abs=15e-9)
    assert spent == simulation.energy


def test_a_cell_some_cells_and_a_row_are_written_by_the_same_rule():
    one, some, row = (simulation_of(seed=2) for _ in range(3))
    write(one, 0.2, 1e-9, word_line=1, bit_line=3, access=AT_ONCE)
    write(some, 0.2, 1e-9, word_line=1, bit_line=[3], access=AT_ONCE)
    assert np.array_equal(one.devices.position, some.devices.position)
    write(row, 0.2, 1e-9, word_line=1, bit_line=None, access=AT_ONCE)
    listed = simulation_of(seed=2)
    write(listed, 0.2, 1e-9, word_line=1, bit_line=[3, 1, 0, 2], access=AT_ONCE)
    assert np.array_equal(row.devices.position, listed.devices.position)
    nothing = simulation_of(seed=2)
    assert write(nothing, 0.0, 1e-9, word_line=1, bit_line=0).sources == 0.0
    assert nothing.time == 0.0


@pytest.mark.parametrize(
    ("act", "named"),
    [
        (lambda it: write(it, 0.1, 1e-9, word_line=0, bit_line=4), "bit_line: expected a number from 0 to 3, got 4"),
        (lambda it: write(it, 0.1, 1e-9, word_line=3, bit_line=0), "word_line: expected a number from 0 to 2, got 3"),
        (lambda it: write(it, 0.0, 1e-9, word_line=3, bit_line=0), "word_line: expected a number from 0 to 2, got 3"),
        (lambda it: write(it, 0.1, 1e-9, word_line=-1, bit_line=0), "word_line: expected a whole number"),
        (lambda it: write(it, 0.1, 1e-9, word_line=0, bit_line=-1), "bit_line: expected a whole number"),
        (lambda it: write(it, 0.1, 1e-9, word_line=0, bit_line=1.5), "bit_line: expected a whole number"),
        (lambda it: write(it, 0.1, 1e-9, word_line=0, bit_line=[1, 2, 1]), "bit_line: expected every line once"),
        (lambda it: write(it, np.nan, 1e-9, word_line=0, bit_line=1), "voltages: expected finite"),
        (lambda it: write(it, 0.1, 0.0, word_line=0, bit_line=1), "width: expected one above 0 s"),
        (
            lambda it: write(it, [0.1, 0.1], 1e-9, word_line=0),
            r"voltages: .* shape \(bit lines,\) = \(4,\)",
        ),
        (
            lambda it: write(it, [0.0, 0.0], 1e-9, word_line=0),
            r"voltages: .* shape \(bit lines,\) = \(4,\)",
        ),
        (lambda it: write(it, [0.1, 0.1, 0.0, -0.1], 1e-9, word_line=0), "voltages: expected one sign"),
        (lambda it: write(it, [0.1] * 4, [1e-9] * 3, word_line=0), r"width: .* = \(4,\), got shape \(3,\)"),
        (lambda it: write(it, [0.1] * 4, [], word_line=0), r"width: .* = \(4,\), got shape \(0,\)"),
        (lambda it: write(it, [0.1] * 4, [1e-9, 1e-9, -1e-9, 1e-9], word_line=0), "width: .*, -1e-09 s"),
        (lambda it: write(it, np.zeros((4, 3)), 1e-9), r"voltages: expected .* = \(3, 4\), got shape \(4, 3\)"),
        (lambda it: read(it, word_line=3), "word_line: expected a number from 0 to 2, got 3"),
        (lambda it: read(it, word_line=0, bit_line=4), "bit_line: expected a number from 0 to 3, got 4"),
        (lambda it: read(it, word_line=0, bit_line=-1), "bit_line: expected a whole number"),
        (lambda it: ReadAccess(voltage=0.0), "voltage: expected a read voltage other than 0"),
        (lambda it: ReadAccess(scheme="half"), "scheme: expected one of"),
        (lambda it: ReadAccess(width=-1e-9), "width: expected a number of at least 0"),
        (lambda it: WriteAccess(scheme="V/4"), "scheme: expected one of .* did you mean"),
        (lambda it: WriteAccess(edge=-1e-9), "edge: expected a number of at least 0"),
        (lambda it: WriteAccess(settle=np.inf), "settle: expected a finite"),
    ],
)
def test_nonsense_is_named(act, named):
    simulation = simulation_of()
    with pytest.raises(InputError, match=named):
        act(simulation)
    assert simulation.time == 0.0


def law(simulation, volts):
    """What the devices conduct at a voltage, S; the formula of the model card."""
    share = (DEVICE.track_length - simulation.devices.position) * DEVICE.track_width / DEVICE.junction_area
    ratio = DEVICE.tmr / (1.0 + (volts / DEVICE.tmr_half_voltage) ** 2)
    return (1.0 - share * ratio / (1.0 + ratio)) / DEVICE.parallel_resistance


RAW = ReadAccess(calibrate=False)


def test_ideal_wires_read_the_exact_conductances():
    simulation = simulation_of()
    found = read(simulation, access=ReadAccess(voltage=0.03, calibrate=False))
    assert found.dims == ("word_line", "bit_line")
    assert found.values == pytest.approx(law(simulation, 0.03), rel=1e-9)
    assert read(simulation, access=ReadAccess(voltage=-0.03, calibrate=False)).values == pytest.approx(
        found.values, rel=1e-12
    )
    assert read(simulation, word_line=1, access=RAW).values == pytest.approx(law(simulation, 0.02)[1], rel=1e-9)
    assert simulation.conductance() == pytest.approx(law(simulation, 0.0), rel=1e-12)
    assert simulation.time == simulation.energy.sources == 0.0


@pytest.mark.parametrize("scheme", ["grounded", "V/2", "V/3"])
def test_one_cell_is_read_among_lines_that_are_held(scheme):
    simulation = simulation_of()
    column = read(simulation, word_line=1, access=ReadAccess(scheme=scheme, voltage=0.02, calibrate=False), bit_line=2)
    assert column.shape == ()
    between = SHARE[scheme][0] * 0.02  # on the other cells of its bit line, whose currents come along
    expected = law(simulation, 0.02)[1, 2] + between / 0.02 * law(simulation, between)[[0, 2], 2].sum()
    assert float(column) == pytest.approx(expected, rel=1e-9)


def test_wires_make_readings_smaller_the_farther_the_cell():
    array = Crossbar(
        cells=Junctions(DEVICE, np.full((5, 5), 500e-9)), word_line_resistance=1.0, bit_line_resistance=1.0
    )
    simulation = simulation_of_walls(array, HARD)
    found = read(simulation, access=RAW).values / simulation.conductance()
    assert (found < 1.0).all()
    assert (np.diff(found, axis=1) < 0.0).all()  # away from the drivers
    assert (np.diff(found, axis=0) > 0.0).all()  # towards the sense nodes


def test_a_selector_shows_in_the_readings():
    selector = ExponentialSelector(saturation_current=1e-6, voltage_scale=0.05)
    plain = simulation_of()
    selected = simulation_of(cells=Selected(plain.devices, selector))
    assert (read(selected, access=RAW).values < read(plain, access=RAW).values).all()
    assert selected.conductance() == pytest.approx(plain.conductance())


def test_a_reading_that_takes_time_moves_walls_as_a_pulse_does():
    access = ReadAccess(voltage=0.05, width=3e-9, settle=5e-9, calibrate=False)
    simulation = simulation_of(tolerance=1e-12)
    start = simulation.devices.position
    found = read(simulation, word_line=1, access=access)
    assert simulation.time == pytest.approx(8e-9)
    for i, volts in ((0, 0.0), (1, 0.05)):
        for j in range(4):
            alone = simulate(
                DEVICE,
                HARD,
                Voltage(type(trapezoid(width=1.0, edge=0.0))((0.0, 0.0, 3e-9, 3e-9), (0.0, volts, volts, 0.0))),
                [0.0, np.nextafter(3e-9, 0.0), 8e-9],
                initial_position=start[i, j],
                external_field=FIELD,
            )
            assert abs(simulation.devices.position[i, j] - float(alone.position[-1])) < 2e-12
            if volts:
                assert found[j] == pytest.approx(float(alone.current[1]) / volts, rel=1e-6)
    assert np.abs(simulation.devices.position - start)[1].max() > 1e-10


def test_a_copy_to_be_read_leaves_the_simulation_alone():
    simulation = simulation_of(ohms=1.0)
    start = simulation.devices.position
    before = read(simulation).values
    other = simulation.at_share(1.0)
    assert (read(other).values > before).all()
    assert np.array_equal(simulation.devices.position, start)
    assert np.array_equal(read(simulation).values, before)
