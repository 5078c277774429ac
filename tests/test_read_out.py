"""Products through converters: exact in the limit of many bits, and equal to CrossSim's."""

import json
from pathlib import Path

import numpy as np
import pytest

from compact_model.support.validation import InputError
from crossbar import Adc, Crossbar, Dac, WeightMapping, Wires, map_weights
from crossbar.read_out.pairs import nearest_pairs, pairs_beside

PEER = json.loads((Path(__file__).parent / "data" / "crosssim_answers.json").read_text())
LOWEST, HIGHEST = PEER["resistances"]
LEVELS = np.linspace(1.0 / HIGHEST, 1.0 / LOWEST, 16)
UNEVEN = np.sort([1.0 / HIGHEST, 1.0 / LOWEST, *np.random.default_rng(1).uniform(1.0 / HIGHEST, 1.0 / LOWEST, 18)])
DRAW = np.random.default_rng(3)
WEIGHTS = DRAW.uniform(-1.0, 1.0, (12, 5))
VECTORS = DRAW.uniform(-1.0, 1.0, (40, 12))
READ_VOLTAGE = 0.05
MAPPINGS = [
    WeightMapping(encoding=encoding, subtraction=subtraction, slices=slices)
    for encoding, subtraction in (
        ("differential", "analog"),
        ("differential", "digital"),
        ("offset", "analog"),
        ("offset", "digital"),
        ("offset", "computed"),
    )
    for slices in (1, 2)
]


def multiplied(weights, vectors, dac=None, adc=None, segment=0.0, percentile=100.0):
    """The products; an ADC given by its bits is calibrated on the vectors."""
    array = Crossbar(conductance=weights.conductance, **Wires.equal(segment).keywords())
    if isinstance(adc, int):
        adc = weights.calibrate(Adc(bits=adc, percentile=percentile), array, vectors, READ_VOLTAGE, dac=dac)
    return weights.multiply(array, vectors, READ_VOLTAGE, dac=dac, adc=adc)


def rms(values):
    """The root of the mean square."""
    return float(np.sqrt(np.mean(np.square(values))))


# -- against CrossSim -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", PEER["cases"], ids=lambda case: "-".join(str(case[key]) for key in list(case)[:-1]))
def test_products_are_those_of_crosssim(case):
    levels = LEVELS
    if case["encoding"] == "offset" and case["slices"] == 1:
        levels = LEVELS[1:]  # CrossSim leaves the lowest one out, so that there is a middle
    mapping = WeightMapping(encoding=case["encoding"], subtraction=case["subtraction"], slices=case["slices"])
    weights = map_weights(PEER["weights"], levels, mapping)
    vectors, dac, adc = np.array(PEER["vectors"]), None, None
    if case["dac"] is not None:
        bits, signed, in_cycle = case["dac"]
        vectors = vectors if signed else np.abs(vectors)
        dac = Dac(bits=bits, signed=signed, bits_per_cycle=in_cycle)
    if case["adc"] is not None:
        bits, signed, scales, per_cycle = case["adc"]
        amperes = [READ_VOLTAGE / LOWEST * scale for scale in scales]
        adc = Adc(bits=bits, signed=signed, full_scale=amperes, per_cycle=per_cycle)
    found = multiplied(weights, vectors, dac, adc, case["wire_resistance"])
    expected = np.array(case["products"])
    if case["encoding"] == "offset" and case["slices"] == 1:
        # CrossSim 3.2 stores these weights on 14 of 15 steps and scales the product as if they were on 15.
        expected = expected * 15.0 / 14.0
    assert found["product"].values == pytest.approx(expected, abs=1e-6)


# -- the limit of many bits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda each: f"{each.encoding}-{each.subtraction}-{each.slices}")
@pytest.mark.parametrize("kind", ["dac", "adc", "bit-serial"])
def test_the_error_of_converters_halves_with_each_bit(mapping, kind):
    weights = map_weights(WEIGHTS, LEVELS, mapping)
    counts = np.array([5, 7, 9, 11, 13])
    errors = []
    for bits in counts.tolist():
        dac = None if kind == "adc" else Dac(bits=bits, bits_per_cycle=1 if kind == "bit-serial" else None)
        found = multiplied(weights, VECTORS, dac, None if kind == "dac" else bits)
        errors.append(rms(found["product"].values - VECTORS @ weights.stored))
    # Ranges that differ by powers of two are up to twice what is needed, more or less so from one calibration on.
    assert np.polyfit(counts, np.log2(errors), 1)[0] == pytest.approx(-1.0, abs=0.1)


@pytest.mark.parametrize("encoding", ["differential", "offset"])
@pytest.mark.parametrize(("levels", "slice_bits"), [(LEVELS, None), (UNEVEN, 2)], ids=["even", "uneven"])
def test_the_error_of_slices_falls_with_their_bits(encoding, levels, slice_bits):
    exact = VECTORS @ WEIGHTS
    counts = np.array([1, 2, 3, 4])
    errors = []
    for slices in counts.tolist():
        mapping = WeightMapping(encoding=encoding, slices=slices, slice_bits=slice_bits)
        errors.append(rms(multiplied(map_weights(WEIGHTS, levels, mapping), VECTORS)["product"].values - exact))
    slope = np.polyfit(4.0 * counts, np.log2(errors), 1)[0]
    assert slope == pytest.approx(-1.0, abs=0.1) if slice_bits is None else slope < -0.4


def test_the_whole_chain_is_exact_in_the_limit():
    """Eight slices, 20 bits in and out, on wires: what is left is the wires, by nodal analysis."""
    weights = map_weights(WEIGHTS, LEVELS, WeightMapping(encoding="offset", slices=4))
    dac = Dac(bits=20, bits_per_cycle=4)
    assert multiplied(weights, VECTORS, dac, 20)["product"].values == pytest.approx(VECTORS @ WEIGHTS, abs=2e-4)
    segment, (words, lines) = 0.05, weights.conductance.shape
    nodes = 2 * words * lines
    matrix, fed = np.zeros((nodes, nodes)), np.zeros((nodes, words))

    def connect(first, second, siemens):
        for node in (first, second):
            matrix[node, node] += siemens
        matrix[first, second] -= siemens
        matrix[second, first] -= siemens

    for row in range(words):
        for column in range(lines):
            word = row * lines + column
            bit = words * lines + word
            connect(word, bit, weights.conductance[row, column])
            if column:
                connect(word - 1, word, 1.0 / segment)
            else:
                matrix[word, word] += 1.0 / segment
                fed[word, row] = 1.0 / segment
            if row < words - 1:
                connect(bit, bit + lines, 1.0 / segment)
            else:
                matrix[bit, bit] += 1.0 / segment
    volts = np.linalg.solve(matrix, fed)
    response = volts[-lines:].T / segment
    expected = VECTORS @ weights.layout.weights(response)
    found = multiplied(weights, VECTORS, Dac(bits=20), 20, segment)
    assert found["product"].values == pytest.approx(expected, abs=1e-4)
    assert rms(expected - VECTORS @ WEIGHTS) > 0.1  # the wires matter


# -- the parts --------------------------------------------------------------------------------------------------------


def test_cycles_of_the_inputs_bits_add_up():
    inputs = np.array([[-1.0, -0.4, 0.0, 0.3, 2.0]])
    dac = Dac(bits=5, bits_per_cycle=3, full_scale=1.5)
    shares, counts = dac.cycles(inputs)
    assert np.abs(shares).max() <= 1.0
    assert len(counts) == 2
    assert 1.5 * np.tensordot(counts, shares, axes=1) == pytest.approx(dac.convert(inputs))
    assert dac.convert(inputs)[0] == pytest.approx(np.array([-10.0, -4.0, 0.0, 3.0, 15.0]) / 10.0)
    serial, _ = Dac(bits=4, signed=False, bits_per_cycle=1).cycles([10.0 / 15.0])
    assert serial.ravel().tolist() == [0.0, 1.0, 0.0, 1.0]  # 1010, the least significant bit first


def test_bits_that_are_applied_one_after_the_other_change_nothing_without_an_adc():
    weights = map_weights(WEIGHTS, LEVELS)
    at_once = multiplied(weights, VECTORS, Dac(bits=6))
    serial = multiplied(weights, VECTORS, Dac(bits=6, bits_per_cycle=1))
    assert serial["product"].values == pytest.approx(at_once["product"].values, abs=1e-12)
    assert float(serial.power.mean()) > float(at_once.power.mean())  # every 1 is the whole voltage


def test_many_vectors_give_what_each_of_them_gives():
    weights = map_weights(WEIGHTS, LEVELS)
    together = multiplied(weights, VECTORS, segment=0.2)
    alone = [multiplied(weights, vector, segment=0.2) for vector in VECTORS[:3]]
    for index, one in enumerate(alone):
        assert together["product"].values[index] == pytest.approx(one["product"].values[0], abs=1e-9)
        assert float(together.power[index]) == pytest.approx(float(one.power[0]), rel=1e-9)
    array = Crossbar(conductance=weights.conductance, **Wires.equal(0.2).keywords())
    assert together.power.values == pytest.approx(array.solve(READ_VOLTAGE * VECTORS.T).power.values, rel=1e-9)


def test_a_range_by_percentile_cuts_off_the_rest_and_slices_differ_by_powers_of_two():
    weights = map_weights(WEIGHTS, LEVELS, WeightMapping(slices=2))
    array = Crossbar(conductance=weights.conductance)
    adc = weights.calibrate(Adc(bits=8, percentile=90.0), array, VECTORS, READ_VOLTAGE)
    currents = READ_VOLTAGE * VECTORS @ weights.conductance @ weights.layout.analog
    first, second = (np.percentile(np.abs(currents[:, start::2]), 90.0) for start in (0, 1))
    assert max(adc.full_scale) == pytest.approx(max(first, second))
    assert np.log2(adc.full_scale[0] / adc.full_scale[1]) % 1.0 == 0.0
    assert adc.full_scale[1] >= second
    found = weights.multiply(array, VECTORS, READ_VOLTAGE, adc=adc)
    assert 0.05 < found.currents_cut <= 0.1
    assert weights.calibrate(adc, array, VECTORS[:1], READ_VOLTAGE) is adc


def test_slices_may_have_levels_of_their_own():
    fine = np.linspace(1e-4, 2e-4, 64)
    weights = map_weights(WEIGHTS, [LEVELS, fine], WeightMapping(slices=2))
    assert np.isin(weights.conductance[:, 2::4], fine).all()
    assert np.abs(weights.stored - WEIGHTS).max() <= 0.5 / (16 * 64 - 1) + 1e-12


def test_offset_weights_share_the_middle_level():
    weights = map_weights([[1.0, -1.0], [0.0, 0.5]], [1.0, 1.5, 2.0], WeightMapping(encoding="offset"))
    assert weights.conductance.tolist() == [[2.0, 1.0, 1.5], [1.5, 1.5, 1.5]]
    computed = map_weights([[1.0, -1.0]], [1.0, 1.5, 2.0], WeightMapping(encoding="offset", subtraction="computed"))
    assert computed.conductance.tolist() == [[2.0, 1.0]]
    assert computed.stored == pytest.approx(np.array([[1.0, -1.0]]))


def test_pairs_beside_a_difference_are_those_of_a_search_through_all():
    plus, minus = np.sort(DRAW.random((30, 7))), np.sort(DRAW.random((30, 5)))
    wanted = DRAW.uniform(-0.6, 0.6, 30)
    every = plus[:, :, np.newaxis] - minus[:, np.newaxis, :] - wanted[:, np.newaxis, np.newaxis]
    below, above = pairs_beside(wanted, plus, minus)
    down = np.where(every <= 0.0, every, -np.inf).max(axis=(1, 2))
    up = np.where(every > 0.0, every, np.inf).min(axis=(1, 2))
    assert np.isinf(down).any()  # there is none below: the one above takes its place
    assert below.difference - wanted == pytest.approx(np.where(np.isinf(down), up, down))
    assert above.difference - wanted == pytest.approx(np.where(np.isinf(up), down, up))
    assert np.abs(nearest_pairs(wanted, plus, minus).difference - wanted) == pytest.approx(
        np.abs(every).min(axis=(1, 2))
    )


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Dac(bits=0), "bits: expected a whole number of at least 2.*got 0; an ideal converter is None"),
        (lambda: Adc(bits=0, signed=False), "bits: expected a whole number of at least 1.*got 0; an ideal converter"),
        (lambda: Adc(bits=1), "at least 2"),
        (lambda: Dac(bits=4, bits_per_cycle=4), "bits_per_cycle: expected"),
        (lambda: Dac(bits=4, full_scale=0.0), "full_scale: expected"),
        (lambda: Dac(bits=4, signed=False).convert([-0.1]), "inputs: expected none below 0"),
        (lambda: Adc(bits=4, full_scale=[[1.0]]), "full_scale: expected one current"),
        (lambda: Adc(bits=4, percentile=0.0), "percentile: expected"),
        (lambda: WeightMapping(encoding="pairs"), "encoding: expected"),
        (lambda: WeightMapping(subtraction="computed"), "subtraction: expected 'analog' or 'digital'"),
        (lambda: WeightMapping(slices=0), "slices: expected"),
        (lambda: map_weights(WEIGHTS, LEVELS, WeightMapping(slices=2, slice_bits=5)), "slice_bits: expected at most 4"),
        (lambda: map_weights(WEIGHTS, [1.0, 2.0], WeightMapping(encoding="offset")), "levels: expected at least three"),
        (lambda: map_weights(WEIGHTS, [LEVELS] * 3, WeightMapping(slices=2)), "levels: expected those of 2 slices"),
        (lambda: multiplied(map_weights(WEIGHTS, LEVELS), VECTORS, adc=Adc(bits=4)), "adc: expected a full_scale"),
        (
            lambda: multiplied(map_weights(WEIGHTS, LEVELS), VECTORS, adc=Adc(bits=4, full_scale=[1.0, 2.0])),
            "adc: expected one full_scale, or one for each of 1 slices",
        ),
        (
            lambda: multiplied(map_weights(WEIGHTS, LEVELS), VECTORS, adc=Adc(bits=4, signed=False, full_scale=1.0)),
            "adc: expected signed=True",
        ),
        (lambda: multiplied(map_weights(WEIGHTS, LEVELS), np.zeros((2, 12)), adc=4), "samples: expected some"),
        (lambda: multiplied(map_weights(WEIGHTS, LEVELS), VECTORS, dac="8"), "dac: expected"),
    ],
)
def test_what_is_refused(call, said):
    with pytest.raises(InputError, match=said):
        call()
