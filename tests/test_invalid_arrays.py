"""What arrays say of values of the wrong rank, of lines that nothing holds, of sizes beyond memory and of spreads."""

import numpy as np
import pytest

from compact_model import lequeux2016, notched_device, notched_track, vary
from compact_model.support import memory
from compact_model.support.model_range import ModelRangeWarning
from compact_model.support.validation import InputError
from crossbar import (
    ArraySimulation,
    Crossbar,
    DomainWalls,
    FaultRates,
    Junctions,
    MosTransistor,
    Resistors,
    Selected,
    Transistor,
    TransistorCrossbar,
    bias,
    map_weights,
    program,
    read_gradient,
    read_margin,
    record_writing,
    write,
)
from crossbar.operate.programming import Schedule
from dwmtj.options.in_time import spreads_from

MOS = MosTransistor(threshold_voltage=0.4, transconductance=3e-4, width=1e-6, length=1e-7)


@pytest.fixture(scope="module")
def walls() -> ArraySimulation:
    device = notched_device()
    walls = DomainWalls(device, notched_track(device, 1), np.full((3, 4), 0.4e-6))
    return ArraySimulation(Crossbar(cells=walls, word_line_resistance=0.1))


def array():
    return Crossbar(resistance=np.full((3, 4), 50.0), word_line_resistance=1.0)


def transistors(shape=(3, 4)):
    return TransistorCrossbar(cells=Resistors(np.full(shape, 0.01)), transistor=MOS, gate_voltage=1.8)


@pytest.mark.parametrize("shape", [(2,), (2, 5), (2, 5, 3)])
@pytest.mark.parametrize(
    ("act", "wanted"),
    [
        (lambda it, v: array().solve(v), r"word_line_voltage: expected a number, shape \(3,\) or \(3, (inputs|5)\)"),
        (
            lambda it, v: array().solve(0.1, v),
            r"bit_line_voltage: expected a number, shape \(4,\) or \(4, (inputs|5)\)",
        ),
        (lambda it, v: array().solve(word_line_current=v), r"word_line_current: .* shape \(3,\) or \(3, (inputs|5)\)"),
        (lambda it, v: read_gradient(array(), 0.1, v), r"weight: expected shape \(inputs, bit lines\) = \(1, 4\)"),
        (
            lambda it, v: write(it, v, 1e-9, word_line=0),
            r"voltages: expected a number, shape \(bit lines,\) = \(4,\) or shape \(word lines, bit lines\) = \(3, 4\)",
        ),
        (
            lambda it, v: write(it, 0.1, v, word_line=0),
            r"width: expected one .* shape \(bit lines,\) = \(4,\)",
        ),
        (lambda it, v: record_writing(it, v, 1e-9), r"voltages: expected shape \(word lines, bit lines\) = \(3, 4\)"),
        (
            lambda it, v: program(it, v, Schedule(voltages=[0.5], widths=1e-9), tolerance=1e-3),
            r"target: expected shape \(word lines, bit lines\) = \(3, 4\)",
        ),
        (lambda it, v: array().row_bias("V/2", 0, v), r"voltages: expected shape \(bit lines,\) = \(4,\)"),
        (
            lambda it, v: array().row_bias("V/2", 0, [0.1] * 4, v > 0.0),
            r"selected: expected a mask of shape \(bit lines,\)",
        ),
        (
            lambda it, v: array().block_bias("V/2", v > 0.0, [True] * 4, 0.1),
            r"word_lines: expected a mask of shape \(word lines,\) = \(3,\)",
        ),
        (
            lambda it, v: map_weights(np.eye(3), [0.01, 0.02]).multiply(array(), v, 0.1),
            r"inputs: expected shape \(vectors, inputs\) = \(vectors, 3\)",
        ),
        (lambda it, v: transistors().solve(v), r"word_line_voltage: .* shape \(3,\) or \(3, (inputs|5)\)"),
        (lambda it, v: transistors().row_bias("grounded", 0, v), r"voltages: expected shape \(bit lines,\) = \(4,\)"),
    ],
)
def test_a_wrong_rank_names_its_axes(walls, act, wanted, shape):
    with pytest.raises(InputError, match=f"{wanted}.*got.*{shape[-1]}") as raised:
        act(walls, np.full(shape, 0.1))
    assert "\n" not in str(raised.value)


def test_lines_that_float_behind_open_transistors_ask_for_an_off_resistance():
    on = np.zeros((3, 4), dtype=bool)
    on[0] = True
    held = bias("V/2", (3, 4), 0.1).arguments() | {"floating_word_lines": [1, 2]}

    def solved(**options):
        cells = Selected(Resistors(np.full((3, 4), 0.02)), Transistor(on=on, on_resistance=10.0, **options))
        return Crossbar(cells=cells, word_line_resistance=1.0, bit_line_resistance=1.0).solve(**held)

    with pytest.raises(InputError, match=r"none from word lines 1, 2; .* transistors are off .* finite off_resistance"):
        solved()
    assert np.isfinite(solved(off_resistance=1e9).device_current.values).all()


@pytest.mark.parametrize(
    "act",
    [
        lambda it: array().solve(np.broadcast_to(0.1, (3, 10**7))),
        lambda it: array().solve(word_line_current=np.broadcast_to(0.1, (3, 10**7))),
        lambda it: transistors().solve(np.broadcast_to(1.8, (3, 10**7))),
        lambda it: Crossbar(cells=transistors().cells).solve(np.broadcast_to(0.1, (3, 10**7))),
        lambda it: Junctions(lequeux2016(), np.broadcast_to(1e-7, (20_000, 20_000))),
        lambda it: Crossbar.of_devices(lequeux2016(), np.broadcast_to(1e-7, (20_000, 20_000))),
        lambda it: map_weights(np.eye(3), [0.01, 0.02]).multiply(array(), np.broadcast_to(0.1, (10**7, 3)), 0.1),
        lambda it: FaultRates(stuck_low=0.1).draw((20_000, 20_000)),
        lambda it: read_margin([20_000], low_resistance=30.0, high_resistance=60.0),
        lambda it: record_writing(it, np.full((3, 4), 0.3), 1e-9, records=10**7),
    ],
)
def test_what_does_not_fit_into_memory_is_refused_before_it_is_made(walls, act, monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 2**28)
    with pytest.raises(InputError, match=r"memory: expected a size that fits .* where 0.25 GiB are available"):
        act(walls)


def test_the_memory_of_an_array_with_transistors_is_asked_for_as_its_lines_need(monkeypatch):
    def refused(size, **options):
        with pytest.raises(
            InputError, match="memory: expected a size that fits in memory, got one for which the array"
        ):
            TransistorCrossbar(
                cells=Resistors(np.full((size, size), 0.01)), transistor=MOS, gate_voltage=1.8, **options
            )

    # Measured: 1766 bytes a cell at 300 x 300, resistors with all gates open, source lines beside the bit lines.
    monkeypatch.setattr(memory, "available_memory", lambda: 1766 * 300**2)
    refused(300)
    transistors((200, 200))
    # Beside the word lines the factors of the larger array take more of each cell.
    monkeypatch.setattr(memory, "available_memory", lambda: 2100 * 300**2)
    transistors((300, 300))
    refused(300, source_lines="word_line")


def test_a_spread_that_was_meant_in_percent_is_questioned():
    slip = r"track_width: the model is meant for at most 1, got 5; did you mean 5 % = 0.05\?"
    with pytest.warns(ModelRangeWarning, match=slip):
        vary(notched_device(), 2, {"track_width": 5}, seed=1)
    with pytest.raises(InputError, match=r"track_width: expected a number from 0 to 10, got 20; 20 % is 0.2$"):
        vary(notched_device(), 2, {"track_width": 20}, seed=1)
    slip = r"--spread track_width: the model is meant for at least 0.1 %, got 0.05 %; did you mean 0.05 = 5 %\?"
    with pytest.warns(ModelRangeWarning, match=slip):
        assert spreads_from(("track_width=0.05",)) == {"track_width": 0.0005}
