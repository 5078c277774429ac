"""The studies of arrays: published numbers, limits, and that the worst case is the worst."""

import numpy as np
import pytest
from nodal import half_select_margin

from compact_model import InputError, lequeux2016
from crossbar import (
    SCHEMES,
    Adc,
    Crossbar,
    Dac,
    Junctions,
    Reading,
    WeightMapping,
    Wires,
    bias,
    half_select,
    largest_array,
    product_accuracy,
    reach,
    read_margin,
    worst_pattern,
)
from crossbar.studies.backgrounds import patterns
from crossbar.studies.one_cell import cell_margin

DEVICE = lequeux2016()
FLOATING = Reading(scheme="floating", kind="voltage")


def floating_margin(ratio, size):
    """The closed form: floating lines, ideal wires, all others low, R_pu = R_L = 1."""
    if size == 1:
        low, high = 1.0, ratio
    else:
        detour = (2.0 * size - 1.0) / (size - 1.0) ** 2
        low, high = (resistance * detour / (resistance + detour) for resistance in (1.0, ratio))
    return 1.0 / (1.0 + low) - 1.0 / (1.0 + high)


def margin(low, *, low_resistance, high_resistance, **options):
    """`cell_margin` before a pattern of low (True) and high resistances, those of the cell itself."""
    background = np.where(low, low_resistance, high_resistance)
    return cell_margin(background, low_resistance=low_resistance, high_resistance=high_resistance, **options)


@pytest.mark.parametrize("entry", [1.0, np.nan, -1.0])
def test_what_the_background_has_at_the_selected_cell_is_ignored(entry):
    background = np.full((3, 3), 500.0)
    background[1, 1] = entry
    found = cell_margin(
        background, low_resistance=100.0, high_resistance=1000.0, word_line=1, bit_line=1, reading=Reading()
    )
    assert found == pytest.approx(1.0 - 100.0 / 1000.0, rel=1e-12)  # ideal wires, grounded: the cell's current alone


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("ratio", [1.95, 2.0, 10.0])
def test_the_floating_margin_is_the_closed_form(size, ratio):
    result = read_margin([size], low_resistance=40.0, high_resistance=40.0 * ratio, schemes=["floating"])
    assert result.voltage_margin.item() == pytest.approx(floating_margin(ratio, size), rel=1e-9)


def test_a_tmr_of_95_percent_reaches_2_by_2_in_a_floating_array():
    # The headline, and what a higher ratio brings by the same rule of 10 %.
    reached = [
        largest_array(
            low_resistance=36.0, high_resistance=36.0 * ratio, reading=Reading(scheme="floating", kind="voltage")
        )
        for ratio in (1.95, 2.0, 3.0, 4.0, 10.0, 100.0)
    ]
    assert reached == [2, 2, 3, 3, 4, 4]


def test_grounded_sensing_keeps_the_current_margin_of_ideal_wires():
    result = read_margin([2, 16, 64], low_resistance=36.0, high_resistance=70.2)
    expected = 1.0 - 36.0 / 70.2
    assert result.current_margin.sel(scheme="grounded").values == pytest.approx(np.full(3, expected), rel=1e-9)
    assert np.all(result.current_margin.sel(scheme="floating", size=64) < 0.1 * expected)
    assert result.dwmtj.plot(kind="current").get_ylabel() == "current margin (%)"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", ["voltage", "current"])
def test_no_background_is_worse_than_the_one_that_the_search_ends_in(scheme, kind):
    options = {
        "low_resistance": 36.0,
        "high_resistance": 70.2,
        "reading": Reading(scheme=scheme, kind=kind),
        "wires": Wires.equal(1.0),
    }
    worst = worst_pattern(3, **options)
    lowest, cell = worst.margin, {"word_line": worst.word_line, "bit_line": worst.bit_line}
    assert lowest <= worst_pattern(3, search=False, **options).margin
    # Every one of the 2^8 backgrounds, not only those that the search met.
    draw = range(256)
    values = []
    for number in draw:
        bits = np.array([(number >> k) & 1 for k in range(8)], dtype=bool)
        background = np.insert(bits, 3 * worst.word_line + worst.bit_line, True).reshape(3, 3)
        values.append(margin(background, **cell, **options))
    assert lowest == pytest.approx(min(values), rel=1e-9)
    assert margin(worst.background, **cell, **options) == pytest.approx(lowest, rel=1e-12)


def nodal_margin(background, cell, low, high, segment, kind):
    """V/2 reading by nodal analysis."""
    return half_select_margin(np.where(background, low, high), cell, low, high, segment, kind, low)


@pytest.mark.parametrize("kind", ["voltage", "current"])
def test_the_worst_cell_need_not_be_the_farthest_one(kind):
    case = {"low_resistance": 100.0, "high_resistance": 1000.0, "wires": Wires.equal(30.0)}
    by_hand = {
        cell: min(nodal_margin(each, cell, 100.0, 1000.0, 30.0, kind) for each in patterns((4, 4), *cell).values())
        for cell in np.ndindex(4, 4)
    }
    worst = worst_pattern(4, search=False, reading=Reading(scheme="V/2", kind=kind), **case)
    assert (worst.word_line, worst.bit_line) == min(by_hand, key=by_hand.get) == (0, 2)
    assert worst.margin == pytest.approx(min(by_hand.values()), rel=1e-9)
    table = read_margin([4], schemes=["V/2"], **case)
    assert float(table[f"{kind}_margin"][0, 0]) <= worst.margin
    assert int(table[f"{kind}_bit_line"][0, 0]) == 2
    assert by_hand[0, 3] > 1.01 * worst.margin


@pytest.mark.parametrize(("scheme", "segment"), [("V/2", 8.0), ("grounded", 1.0), ("V/3", 20.0), ("floating", 3.0)])
def test_in_larger_arrays_no_cell_is_worse_than_the_one_that_is_found(scheme, segment):
    reading = Reading(scheme=scheme)
    options = {"low_resistance": 100.0, "high_resistance": 1000.0, "wires": Wires.equal(segment)}
    worst = worst_pattern(9, search=False, reading=reading, **options)
    every = {
        cell: margin(
            patterns((9, 9), *cell)[worst.pattern], word_line=cell[0], bit_line=cell[1], reading=reading, **options
        )
        for cell in np.ndindex(9, 9)
    }
    assert worst.margin == pytest.approx(min(every.values()), rel=1e-9)


def test_a_margin_that_rises_before_it_falls_is_followed_to_its_end():
    options = {"low_resistance": 36.0, "high_resistance": 70.2, "wires": Wires(driver_resistance=50.0)}
    reading = Reading(scheme="grounded", kind="current")
    assert largest_array(reading=reading, criterion=0.3, largest=8, **options) == 8
    assert largest_array(reading=reading, criterion=0.9, largest=8, **options) == 0


def test_backgrounds_have_names_and_differ():
    found = patterns((4, 5), 0, 4)
    assert len({pattern.tobytes() for pattern in found.values()}) == len(found)
    assert found["selected word line high"][0].sum() == 0


def test_reach_grows_with_tmr_and_shrinks_with_wires():
    result = reach([0.95, 3.0, 10.0], [0.0, 2.0], low_resistance=36.0, schemes=["grounded"], largest=16)
    table = result.largest_array.sel(scheme="grounded").values
    assert np.all(np.diff(table, axis=1) >= 0)
    assert np.all(table[1] <= table[0])
    assert result.dwmtj.plot().get_xlabel() == "TMR (%)"


def test_half_selected_cells_are_the_schemes_shares_on_ideal_wires():
    result = half_select(DEVICE, [4], write_voltage=0.2)
    assert result.worst_voltage.sel(scheme="V/2").item() == pytest.approx(0.1)
    assert result.worst_voltage.sel(scheme="V/3").item() == pytest.approx(0.2 / 3.0)
    assert result.worst_voltage.sel(scheme="grounded").item() == pytest.approx(0.2)
    assert result.selected_voltage.values == pytest.approx(np.full((4, 1), 0.2))
    assert result.disturb_margin.sel(scheme="V/2").item() == pytest.approx(1.0 - 0.1 / DEVICE.threshold_voltage)
    assert result.dwmtj.plot().get_ylabel() == "$V$ / threshold"


def test_the_threshold_is_the_walker_current_in_the_parallel_state():
    assert DEVICE.threshold_voltage == pytest.approx(DEVICE.walker_current * DEVICE.parallel_resistance)
    assert DEVICE.threshold_voltage == pytest.approx(0.110, abs=0.001)


def test_wires_take_their_share_of_the_write_voltage():
    result = half_select(DEVICE, [2, 8, 32], schemes=["V/2"], wires=Wires.equal(1.0))
    delivered = result.delivered_share.values[0]
    assert np.all(np.diff(delivered) < 0.0)
    assert delivered[0] < 0.95
    array = Crossbar(cells=Junctions(DEVICE, np.full((8, 8), 1e-6)), word_line_resistance=1.0, bit_line_resistance=1.0)
    held = bias("V/2", (8, 8), result.attrs["write_voltage"], word_line=0, bit_line=7)
    assert float(array.solve(**held.arguments()).device_voltage[0, 0, 7]) == pytest.approx(
        float(result.selected_voltage.sel(size=8).item()), rel=1e-9
    )


def test_products_lose_by_levels_alone_where_the_wires_are_ideal():
    levels = np.linspace(1.0 / 70.2, 1.0 / 36.0, 16)
    result = product_accuracy([8, 16], [0.0, 0.1], levels, repeats=2, vectors=4, seed=3)
    ideal = result.total_error.sel(wire_resistance=0.0)
    assert ideal.values == pytest.approx(result.level_error.values, rel=1e-6)
    assert result.wire_error.sel(wire_resistance=0.0).values == pytest.approx(0.0, abs=1e-9)
    # 256 differences of two equally spaced levels are 31 values: a step of 1/15, an error of about that over sqrt(12).
    assert float(result.level_error.mean()) == pytest.approx(
        (1.0 / 15.0) / np.sqrt(12.0) / np.sqrt(1.0 / 3.0), rel=0.25
    )
    assert np.all(result.wire_error.sel(wire_resistance=0.1) > 0.01)
    again = product_accuracy([8, 16], [0.0, 0.1], levels, repeats=2, vectors=4, seed=3)
    assert again.identical(result)
    fine = {"dac": Dac(bits=16), "adc": Adc(bits=20, full_scale=0.05), "mapping": WeightMapping(slices=3)}
    sliced = product_accuracy([8, 16], [0.0], levels, repeats=2, vectors=4, seed=3, **fine)
    assert sliced.total_error.values == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: read_margin([0], low_resistance=1.0, high_resistance=2.0), "sizes: expected a whole number"),
        (lambda: read_margin([2], low_resistance=2.0, high_resistance=1.0), "high_resistance: expected at least"),
        (lambda: read_margin([2], low_resistance=1.0, high_resistance=2.0, schemes=["V/4"]), "schemes: expected one"),
        (lambda: half_select(DEVICE, [2], write_voltage=float("nan")), "write_voltage"),
        (lambda: half_select(DEVICE, [2], write_voltage=0.0), "write_voltage: expected a voltage other than 0"),
        (lambda: half_select(DEVICE, [2], position=5.0), "position: expected positions on the track"),
        (lambda: product_accuracy([1], [0.0], [1.0, 2.0]), "sizes: expected a whole number of at least 2"),
        (lambda: worst_pattern(17, reading=Reading(), low_resistance=1, high_resistance=2), "256 cells"),
    ],
)
def test_studies_name_what_they_cannot_work_with(make, named):
    with pytest.raises(InputError, match=named):
        make()
