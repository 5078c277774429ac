"""What a read, a write and a product cost: against Kirchhoff's laws, the definitions of the delays and hand sums."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from compact_model import InputError
from crossbar import Crossbar, Periphery, cost
from dwmtj.cli import group

OHMS = np.array([[40.0, 70.0, 55.0], [62.0, 48.0, 51.0]])
SEGMENT, DRIVER, SENSE = 1.5, 6.0, 4.0
WORD_FARAD, BIT_FARAD = 2e-16, 3e-16
PULSE = {"write_voltage": 0.6, "write_width": 4e-9}


@pytest.fixture(scope="module")
def array():
    return Crossbar(
        resistance=OHMS,
        word_line_resistance=SEGMENT,
        bit_line_resistance=SEGMENT,
        driver_resistance=DRIVER,
        sense_resistance=SENSE,
        word_line_capacitance=WORD_FARAD,
        bit_line_capacitance=BIT_FARAD,
    )


def heat(word_volts, bit_volts):
    """The sum of I^2 R over every resistor, W, from a nodal analysis of the 2 x 3 array with its sources."""
    resistors, known = [], {}
    for i, volts in enumerate(word_volts):
        known[("source", i)] = volts
        resistors.append((("source", i), ("word", i, 0), DRIVER + SEGMENT))
        resistors += [(("word", i, j), ("word", i, j + 1), SEGMENT) for j in (0, 1)]
        resistors += [(("word", i, j), ("bit", i, j), OHMS[i, j]) for j in range(3)]
    for j, volts in enumerate(bit_volts):
        known[("sense", j)] = volts
        resistors.append((("bit", 0, j), ("bit", 1, j), SEGMENT))
        resistors.append((("bit", 1, j), ("sense", j), SENSE + SEGMENT))
    nodes = sorted({node for one, other, _ in resistors for node in (one, other)} - set(known), key=str)
    number = {node: index for index, node in enumerate(nodes)}
    matrix, fed = np.zeros((len(nodes), len(nodes))), np.zeros(len(nodes))
    for one, other, ohms in resistors:
        for here, there in ((one, other), (other, one)):
            if here in number:
                matrix[number[here], number[here]] += 1.0 / ohms
                if there in number:
                    matrix[number[here], number[there]] -= 1.0 / ohms
                else:
                    fed[number[here]] += known[there] / ohms
    voltage = known | dict(zip(nodes, np.linalg.solve(matrix, fed).tolist(), strict=True))
    return sum((voltage[one] - voltage[other]) ** 2 / ohms for one, other, ohms in resistors)


def test_the_arrays_own_energy_is_the_heat_of_all_its_resistors(array):
    found = cost(array, read_voltage=0.1, inputs=[0.5, -1.0], bit_line=1, **PULSE)
    held = {
        "read": ([0.1, 0.0], [0.0, 0.0, 0.0]),
        "write": ([0.6, 0.3], [0.3, 0.0, 0.3]),
        "product": ([0.05, -0.1], [0.0, 0.0, 0.0]),
    }
    for name, (word, bit) in held.items():
        one = found.sel(operation=name)
        assert float(one.array_energy) == pytest.approx(heat(word, bit) * float(one.latency), rel=1e-9)
        charge = 3 * WORD_FARAD * np.square(word).sum() + 2 * BIT_FARAD * np.square(bit).sum()
        assert float(one.charging_energy) == pytest.approx(charge, rel=1e-12)


def test_latency_is_elmores_delay_to_the_last_bit_and_what_follows(array):
    converters = Periphery(converter_bits=5, converter_time=2e-9, bit_lines_per_converter=2)
    found = cost(array, periphery=converters, **PULSE)
    word = WORD_FARAD * sum(DRIVER + SEGMENT * node for node in (1, 2, 3))
    bit = BIT_FARAD * sum(SENSE + SEGMENT * node for node in (1, 2))
    settling = (word + bit) * np.log(2.0**6)
    assert found.latency.values == pytest.approx([settling + 4e-9, settling + 4e-9, settling + 4e-9], rel=1e-12)
    # A line alone, charged through its resistances, is not slower than that: a step response by its eigenvalues.
    line = (DRIVER + SEGMENT) * np.ones((3, 3)) + SEGMENT * np.array([[0, 0, 0], [0, 1, 1], [0, 1, 2]])
    values, vectors = np.linalg.eig(-np.linalg.inv(WORD_FARAD * line))
    after = vectors @ np.diag(np.exp(values * word * np.log(2.0**6))) @ np.linalg.inv(vectors) @ np.ones(3)
    assert np.abs(after).max() <= 2.0**-6


def test_periphery_and_area_are_sums_of_their_parts(array):
    around = Periphery(converter_bits=6, converter_energy=4e-12, bit_lines_per_converter=2, driver_power=1e-6)
    found = cost(array, periphery=around, **PULSE)
    assert found.converter_energy.values == pytest.approx([3e-12, 0.0, 3e-12])  # a quarter of 8 bits, three lines
    assert found.driver_energy.values == pytest.approx(1e-6 * found.latency.values * [1, 5, 2])
    parts = ("array_energy", "charging_energy", "driver_energy", "converter_energy")
    assert found.energy.values == pytest.approx(sum(found[name].values for name in parts))
    assert float(found.products_per_energy) == pytest.approx(12.0 / float(found.energy.sel(operation="product")))
    cells, drivers, converters = 6 * 4 * 32e-9**2, 5 * around.driver_area, 2 * around.converter_area
    assert float(found.area) == pytest.approx(cells + drivers + converters)


def test_the_command_states_every_part():
    words = ["crossbar", "cost", "--word-lines", "4", "--bit-lines", "4", "--wire-capacitance", "0.1", "--json"]
    answer = json.loads(CliRunner().invoke(group, words).stdout)
    assert answer["operations"] == ["read", "write", "product"]
    parts = ("array_energy_pJ", "charging_energy_pJ", "driver_energy_pJ", "converter_energy_pJ")
    assert answer["energy_pJ"] == pytest.approx(np.sum([answer[name] for name in parts], axis=0))
    assert answer["converter_energy_pJ"] == pytest.approx([4 * 1.5625, 0.0, 4 * 1.5625])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"array": 1}, "array: expected a Crossbar, got int"),
        ({"inputs": [1.0, 2.0]}, "inputs: expected absolute values up to 1, got 2"),
        ({"word_line": 2}, "word_line: expected a whole number of at most 1"),
        ({"write_width": 0.0}, "write_width: expected a number above 0"),
        ({"operations": ["erase"]}, "operations: expected one of 'read', 'write', 'product'"),
    ],
)
def test_bad_arguments_are_refused(array, changes, message):
    with pytest.raises(InputError, match=message):
        cost(**{"array": array, **PULSE, **changes})


@pytest.mark.parametrize("name", ["converter_bits", "cell_area", "bit_lines_per_converter"])
def test_a_periphery_without_a_part_is_refused(name):
    with pytest.raises(InputError, match=f"{name}: expected"):
        Periphery(**{name: 0})
