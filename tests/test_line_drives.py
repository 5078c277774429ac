"""Unequal segments, lines driven at both ends, offsets of sense nodes, current sources: against nodal analysis."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compact_model import InputError, lequeux2016, single_well
from crossbar import Crossbar, DomainWalls, Junctions, Wires, read_gradient
from crossbar.in_time.array_lines import lines_of
from crossbar.network.banded import unsupported
from crossbar.schemes import bias

INPUTS = 2
METHODS = (None, "direct", "graph", "banded")


def nodal_analysis(arguments, drive):
    """Node voltages (2, inputs, word lines, bit lines) from the description of the array alone, by a dense matrix.

    Nodes: word lines, bit lines, then a source at each end.  What has no resistance makes two nodes one.
    """
    cells = arguments["conductance"]
    words, bits = cells.shape
    count = words * bits
    word, bit = np.arange(count).reshape(words, bits), count + np.arange(count).reshape(words, bits)
    source = 2 * count + np.arange(2 * (words + bits))
    word_left, word_right, bit_top, bit_bottom = np.split(source, np.cumsum([words, words, bits]))
    edges = [(word[i, j], bit[i, j], 1.0 / cells[i, j]) for i, j in np.ndindex(words, bits) if cells[i, j]]
    current = np.zeros((2 * count + source.size, INPUTS))
    voltage = np.zeros_like(current)
    held = []
    for lines, name, end, near, far, first_end, last_end in (
        (word, "word_line", "driver", word_left, word_right, "driver_resistance", "stop_driver_resistance"),
        (bit.T, "bit_line", "sense", bit_top, bit_bottom, "start_sense_resistance", "sense_resistance"),
    ):
        which = arguments[f"{name}_ends"]
        segments = arguments[f"{name}_resistance"]
        segments = segments if name == "word_line" else segments.T
        at = {"start": arguments.get(first_end), "stop": arguments.get(last_end)}
        at = {each: arguments[f"{end}_resistance"] if ohms is None else ohms for each, ohms in at.items()}
        for line, nodes in enumerate(lines):
            along = list(segments[line])
            fed = drive["current"].get(line) if name == "word_line" else None
            for each, place, behind in (("start", 0, near[line]), ("stop", -1, far[line])):
                if which not in (each, "both"):
                    continue
                ohms = along.pop(place) + at[each][line]
                if fed is not None:
                    current[nodes[place]] += fed
                    continue
                edges.append((behind, nodes[place], ohms))
                held.append(behind)
                voltage[behind] = drive[f"{name}_{each}"][line]
            edges += list(zip(nodes[:-1], nodes[1:], along, strict=True))
    became = np.arange(len(current))
    for first, second, ohms in edges:
        if ohms == 0.0:
            kept, gone = sorted((became[first], became[second]), key=lambda node: node not in held)
            became[became == gone] = kept
    matrix = np.zeros((len(current), len(current)))
    for first, second, ohms in edges:
        if ohms > 0.0 and became[first] != became[second]:
            i, j = became[first], became[second]
            matrix[[i, j, i, j], [i, j, j, i]] += np.array([1.0, 1.0, -1.0, -1.0]) / ohms
    entering = np.zeros_like(current)
    np.add.at(entering, became, current)
    free = np.setdiff1d(became[: 2 * count], held)
    known = np.array(held)
    right = entering[free] - matrix[np.ix_(free, known)] @ voltage[known]
    voltage[free] = np.linalg.solve(matrix[np.ix_(free, free)], right)
    at_cells = voltage[became[: 2 * count]]
    return at_cells.T.reshape(INPUTS, 2, words, bits).transpose(1, 0, 2, 3)


@st.composite
def arrays(draw):
    """Arguments of an array, those of a solve, and the same drive line by line."""
    words, bits = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    word_ends, bit_ends = (
        draw(st.sampled_from(("start", "stop", "both"))),
        draw(st.sampled_from(("start", "stop", "both"))),
    )
    zeros = draw(st.sampled_from((0.0, 0.0, 0.4, 1.0)))

    def segments(shape):
        return np.where(random.random(shape) < zeros, 0.0, random.uniform(0.5, 20.0, shape))

    arguments = {
        "conductance": random.uniform(0.01, 0.05, (words, bits)),
        "word_line_resistance": segments((words, bits + (word_ends == "both"))),
        "bit_line_resistance": segments((words + (bit_ends == "both"), bits)),
        "driver_resistance": random.uniform(0.5, 50.0, words),
        "sense_resistance": random.uniform(0.5, 50.0, bits),
        "word_line_ends": word_ends,
        "bit_line_ends": bit_ends,
    }
    solve = {
        "word_line_voltage": random.uniform(-1.0, 1.0, (words, INPUTS)),
        "bit_line_voltage": random.uniform(-0.01, 0.01, bits),
    }
    drive = {f"word_line_{end}": solve["word_line_voltage"] for end in ("start", "stop")}
    drive |= {
        f"bit_line_{end}": solve["bit_line_voltage"][:, np.newaxis] * np.ones(INPUTS) for end in ("start", "stop")
    }
    drive["current"] = {}
    if word_ends == "both" and draw(st.booleans()):
        arguments["stop_driver_resistance"] = random.uniform(0.5, 50.0, words)
        solve["word_line_stop_voltage"] = drive["word_line_stop"] = random.uniform(-1.0, 1.0, (words, INPUTS))
    if bit_ends == "both" and draw(st.booleans()):
        arguments["start_sense_resistance"] = random.uniform(0.5, 50.0, bits)
        solve["bit_line_start_voltage"] = drive["bit_line_start"] = random.uniform(-0.01, 0.01, (bits, INPUTS))
    if word_ends != "both" and draw(st.booleans()):
        chosen = np.flatnonzero(random.random(words) < 0.6).tolist()
        drive["current"] = {line: random.uniform(-1e-3, 1e-3, INPUTS) for line in chosen}
        solve["word_line_current"] = drive["current"]
    return arguments, solve, drive


@settings(max_examples=40)
@given(arrays())
def test_every_method_is_nodal_analysis(case):
    arguments, solve, drive = case
    array = Crossbar(**arguments)
    word, bit = nodal_analysis(arguments, drive)
    through = arguments["conductance"] * (word - bit)
    for method in METHODS:
        if method == "banded" and unsupported(array.network()):
            with pytest.raises(InputError, match="use 'direct'"):
                array.solve(**solve, method=method)
            continue
        found = array.solve(**solve, method=method)
        np.testing.assert_allclose(found.word_line_voltage.values, word, atol=1e-11)
        np.testing.assert_allclose(found.bit_line_voltage.values, bit, atol=1e-11)
        np.testing.assert_allclose(found.device_current.values, through, atol=1e-12)
        np.testing.assert_allclose(found.word_line_current.values, through.sum(axis=2), atol=1e-12)
        np.testing.assert_allclose(found.bit_line_current.values, through.sum(axis=1), atol=1e-12)
        for line, current in drive["current"].items():
            np.testing.assert_allclose(found.word_line_current.values[:, line], current, atol=1e-14)
        for side in ("word", "bit"):
            if arguments[f"{side}_line_ends"] == "both":
                ends = [found[f"{side}_line_{end}_current"].values for end in ("start", "stop")]
                np.testing.assert_allclose(sum(ends), found[f"{side}_line_current"].values, atol=1e-13)


@settings(max_examples=15)
@given(arrays())
def test_the_sources_give_what_cells_wires_and_ends_take(case):
    arguments, solve, _ = case
    found = Crossbar(**arguments).solve(**solve)
    used = (found.device_current * found.device_voltage).sum(("word_line", "bit_line")).values
    for side in ("word", "bit"):
        ends, segments = arguments[f"{side}_line_ends"], arguments[f"{side}_line_resistance"]
        through = found.device_current.values
        total = found[f"{side}_line_current"].values
        both = {end: found.get(f"{side}_line_{end}_current") for end in ("start", "stop")}
        start = both["start"].values if ends == "both" else total if ends == "start" else 0.0 * total
        stop = total - start
        if side == "bit":
            through, segments = -through.transpose(0, 2, 1), segments.T
            start, stop = -start, -stop
        inside = start[..., np.newaxis] - np.cumsum(through, axis=2)[:, :, :-1]
        parts = [inside] if ends == "both" or ends == "start" else [inside, -stop[..., np.newaxis]]
        parts = [start[..., np.newaxis], *parts] if ends != "stop" else parts
        parts = [*parts, -stop[..., np.newaxis]] if ends == "both" else parts
        used += (np.concatenate(parts, axis=2) ** 2 * segments).sum(axis=(1, 2))
        own = arguments["driver_resistance" if side == "word" else "sense_resistance"]
        near = arguments.get("start_sense_resistance", own) if side == "bit" else own
        far = arguments.get("stop_driver_resistance", own) if side == "word" else own
        used += (start**2 * near + stop**2 * far).sum(axis=1)
    np.testing.assert_allclose(found.power.values, used, rtol=1e-9, atol=1e-15)


@settings(max_examples=10)
@given(arrays())
def test_gradients_are_those_of_nodal_analysis(case):
    arguments, solve, drive = case
    weight = np.random.default_rng(3).standard_normal((INPUTS, arguments["conductance"].shape[1]))
    found = read_gradient(Crossbar(**arguments), weight=weight, tolerance=1e-13, **solve)

    def loss(cells, drive=drive):
        word, bit = nodal_analysis(arguments | {"conductance": cells}, drive)
        return ((cells * (word - bit)).sum(axis=1) * weight).sum()

    cells, step = arguments["conductance"], np.zeros(arguments["conductance"].shape)
    step[-1, 0] = 1e-5 * cells[-1, 0]
    slope = (loss(cells + step) - loss(cells - step)) / (2.0 * step[-1, 0])
    assert found.conductance_gradient.values[-1, 0] == pytest.approx(slope, rel=1e-5, abs=1e-6)
    for line in drive["current"]:
        # linear in the sources, so that any difference is the derivative
        other = drive | {"current": drive["current"] | {line: drive["current"][line] + 1e-3}}
        slope = (loss(cells, other) - loss(cells)) / 1e-3
        assert found.current_gradient.values[:, line].sum() == pytest.approx(slope, rel=1e-6, abs=1e-9)
    if "word_line_stop_voltage" in solve:
        other = drive | {"word_line_stop": drive["word_line_stop"] + 1.0}
        slope = loss(cells, other) - loss(cells)
        assert found.stop_voltage_gradient.values.sum() == pytest.approx(slope, rel=1e-6, abs=1e-9)


def test_segments_that_are_equal_along_each_line_are_one_resistance_per_line():
    ohms = np.random.default_rng(0).uniform(30.0, 60.0, (3, 5))
    per_line = Crossbar(resistance=ohms, word_line_resistance=[1.0, 2.0, 3.0], bit_line_resistance=0.5)
    each = np.repeat([[1.0], [2.0], [3.0]], 5, axis=1)
    per_segment = Crossbar(resistance=ohms, word_line_resistance=each, bit_line_resistance=np.full((3, 5), 0.5))
    assert per_segment.network().word_segment.ndim == per_segment.network().bit_segment.ndim == 1
    one, other = (array.solve([1.0, 0.5, 0.2]) for array in (per_line, per_segment))
    np.testing.assert_array_equal(one.bit_line_current, other.bit_line_current)


def test_non_linear_cells_between_unequal_segments_obey_their_law():
    random = np.random.default_rng(5)
    device = lequeux2016()
    cells = Junctions(device, random.uniform(0.3e-6, 0.6e-6, (3, 4)))
    arguments = {
        "word_line_resistance": random.uniform(0.0, 5.0, (3, 4)),
        "bit_line_resistance": random.uniform(0.0, 5.0, (3, 4)),
        "driver_resistance": random.uniform(1.0, 9.0, 3),
        "sense_resistance": random.uniform(1.0, 9.0, 4),
    }
    current = {1: np.array([1e-3, -2e-3])}
    found = Crossbar(cells=cells, **arguments).solve([[0.2, 0.1], [0.0, 0.0], [0.1, -0.2]], word_line_current=current)
    # A resistor that passes what the law passes changes nothing.
    for index in range(2):
        across = found.device_voltage.values[index]
        law, _ = cells.current_and_slope(across)
        np.testing.assert_allclose(found.device_current.values[index], law, rtol=1e-9)
        drive = {f"bit_line_{end}": np.zeros((4, INPUTS)) for end in ("start", "stop")}
        drive |= {f"word_line_{end}": np.array([[0.2, 0.1], [0.0, 0.0], [0.1, -0.2]]) for end in ("start", "stop")}
        same = arguments | {"conductance": law / across, "word_line_ends": "start", "bit_line_ends": "stop"}
        word, _ = nodal_analysis(same, drive | {"current": current})
        np.testing.assert_allclose(found.word_line_voltage.values[index], word[index], rtol=1e-8)


def test_in_time_the_unequal_segments_take_what_the_devices_do_not():
    random = np.random.default_rng(6)
    device = lequeux2016()
    walls = DomainWalls(device, single_well(device, coercive_field=15e-4, half_width=100e-9), np.full((3, 4), 0.5e-6))
    array = Crossbar(
        cells=walls,
        word_line_resistance=random.uniform(0.5, 5.0, (3, 4)),
        bit_line_resistance=random.uniform(0.5, 5.0, (3, 4)),
        driver_resistance=2.0,
    )
    lines = lines_of(array)
    held = bias("V/2", (3, 4), 0.2)
    lines.hold(held)
    _, flows = lines.solve(array.cells, held.line_voltages(), tolerance=1e-12, start=None, target=None)
    found, power = flows.found, lines.power(flows)
    assert power.sources == pytest.approx(power.devices + power.lines, rel=1e-9)
    assert power.lines > 0.05 * power.sources
    np.testing.assert_allclose(found.word_voltage, array.solve(**held.arguments()).word_line_voltage, rtol=1e-9)


def test_ngspice_agrees_on_all_of_them(ngspice):
    from spice import run_netlist
    from spice.netlists.array import array_netlist

    random = np.random.default_rng(2)
    wires = {"sense_resistance": [1.0, 2.0, 3.0], "driver_resistance": [3.0, 2.0, 7.0]}
    wires["bit_line_resistance"] = np.where(random.random((3, 3)) < 0.3, 0.0, random.uniform(0.5, 5.0, (3, 3)))
    ohms = random.uniform(30.0, 60.0, (3, 3))
    held = bias("grounded", (3, 3), 0.3, word_line=0, bit_line=None)
    two_sided = Crossbar(
        resistance=ohms,
        word_line_resistance=random.uniform(0.5, 5.0, (3, 4)),
        word_line_ends="both",
        stop_driver_resistance=[4.0, 0.5, 2.0],
        **wires,
    )
    one_sided = Crossbar(resistance=ohms, word_line_resistance=random.uniform(0.5, 5.0, (3, 3)), **wires)
    offset = held.__class__(**(held.arguments() | {"bit_line_voltage": np.array([0.002, -0.001, 0.003])}))
    for array, drive in (
        (two_sided, {"word_line_stop_voltage": [0.1, -0.2, 0.05]}),
        (one_sided, {"word_line_current": {1: 2e-3, 2: -1e-3}}),
    ):
        vectors = run_netlist(array_netlist(array, offset, **drive))[-1].vectors
        found = array.solve(**offset.arguments(), **drive)
        for letter, name in (("w", "word_line_voltage"), ("b", "bit_line_voltage")):
            for i, j in np.ndindex(3, 3):
                if f"{letter}{i}_{j}" in vectors:  # the others are one node with a neighbour
                    assert float(vectors[f"{letter}{i}_{j}"][0]) == pytest.approx(
                        float(found[name][0, i, j]), abs=1e-11
                    )
        for j in range(3):
            assert float(vectors[f"vb{j}_stop#branch"][0]) == pytest.approx(
                float(found.bit_line_current[0, j]), rel=1e-8
            )
    assert float(vectors["sw1_start"][0]) == pytest.approx(float(found.word_line_source_voltage[0, 1]), rel=1e-9)


def array(**wires):
    return Crossbar(resistance=np.full((2, 3), 50.0), **wires)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (
            lambda: array(word_line_resistance=np.ones((3, 2))),
            r"word_line_resistance: .* or shape \(2, 3\), one for each",
        ),
        (lambda: array(bit_line_resistance=np.ones((2, 3)), bit_line_ends="both"), r"shape \(3, 3\), one for each"),
        (
            lambda: Wires(driver_resistance=np.ones((2, 2))),
            "driver_resistance: expected one value, or one for each line",
        ),
        (lambda: Wires(word_line_resistance=np.ones((2, 2, 2))), "one for each line, or one for each segment"),
        (lambda: Wires(stop_driver_resistance=1.0), "stop_driver_resistance: expected one only with word_line_ends of"),
        (lambda: Wires(bit_line_ends="both", start_sense_resistance=-1.0), "start_sense_resistance: .* at least 0 Ohm"),
        (lambda: array().solve(), "word_line_voltage: expected voltages, or word_line_current, got neither"),
        (lambda: array().solve(word_line_current={0: 1e-3}), "word_line_voltage: .* without a current, such as 1"),
        (lambda: array().solve(1.0, word_line_current={2: 1e-3}), "word_line_current: expected a number from 0 to 1"),
        (lambda: array().solve(1.0, word_line_current=[1e-3]), r"word_line_current: expected a number, shape \(2,\)"),
        (lambda: array().solve(1.0, word_line_current=np.nan), "word_line_current: expected finite numbers"),
        (
            lambda: array().solve(np.ones((2, 3)), word_line_current={0: [1e-3, 2e-3]}),
            "word_line_current: expected one input, or 3",
        ),
        (
            lambda: array().solve(1.0, word_line_current={0: 1e-3}, floating_word_lines=[0]),
            "word_line_current: expected lines that do not float, got word line 0",
        ),
        (
            lambda: array(word_line_ends="both").solve(1.0, word_line_current={0: 1e-3}),
            "word_line_current: expected none for word lines with ends of 'both'",
        ),
        (lambda: array().solve(1.0, word_line_stop_voltage=1.0), "word_line_stop_voltage: expected one only for lines"),
        (
            lambda: array(word_line_ends="both").solve(1.0, word_line_stop_voltage=0.5),
            "word_line_stop_voltage: expected that of the other end for a line without any resistance",
        ),
        (
            lambda: array(word_line_resistance=[[1.0, 2.0, 0.0]] * 2).solve(1.0, method="iterative"),
            "got one where some wires have no resistance and others do; use 'direct'",
        ),
    ],
)
def test_what_does_not_fit_is_named(wrong, named):
    with pytest.raises(InputError, match=named):
        wrong()
