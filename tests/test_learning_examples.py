"""The examples of learning run, leave a figure, and show the numbers that they must show; with fewer repeats."""

import runpy
from pathlib import Path

import pytest

pytest.importorskip("sklearn")
EXAMPLES = Path(__file__).parent.parent / "examples"


def numbers_of(name, tmp_path, **settings):
    figure = tmp_path / "figure.png"
    numbers = runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"](figure, **settings)
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert figure.stat().st_size > 10_000
    return numbers


def test_sixteen_levels_are_within_a_point_of_floating_point(tmp_path):
    few = {"levels": (2, 4, 16), "variations": (0.0, 0.1), "tiles": (8, 65), "wire_resistances": (0.0, 1.0)}
    numbers = numbers_of("learning_inference", tmp_path, repeats=1, **few)
    # 599 images: an accuracy of 95 % has a standard error of 0.9 points, and the images are the same in all of them.
    whole = numbers["floating point (%)"]
    assert whole == pytest.approx(95.7, abs=2.0)
    assert numbers["16 levels (%)"] == pytest.approx(whole, abs=1.0)
    assert numbers["2 levels (%)"] < whole - 5.0
    assert numbers["16 levels, 10 % variation, blind (%)"] < numbers["16 levels, 10 % variation, verified (%)"] - 5.0
    assert numbers["tiles of 65 lines, 1 Ohm (%)"] < 60.0 < 90.0 < numbers["tiles of 8 lines, 1 Ohm (%)"]


def test_converters_spend_their_bits_best_after_the_subtraction(tmp_path):
    numbers = numbers_of("learning_converters", tmp_path, repeats=1, bits=(4, 6), percentiles=(90.0,))
    ideal = numbers["pairs, ideal converters (%)"]
    assert ideal > 93.0
    assert numbers["pairs, subtracted in analog, 6 bits (%)"] == pytest.approx(ideal, abs=1.0)
    assert (
        numbers["pairs, subtracted digitally, 4 bits (%)"] < numbers["pairs, subtracted in analog, 4 bits (%)"] - 15.0
    )


def test_unsupervised_learning_with_13_levels_passes_75_percent(tmp_path):
    numbers = numbers_of("learning_unsupervised", tmp_path, levels=(13,), repeats=1, tracks=2, samples=32)
    # Over seeds 84 % with a standard deviation of 3 points.
    assert 75.0 < numbers["13 levels: mean accuracy (%)"] < 93.0
    assert numbers["13 levels: repeats above 75 %"] >= 1


def test_supervised_learning_goes_on_with_wires_and_half_selected_cells(tmp_path):
    numbers = numbers_of("learning_supervised", tmp_path, levels=10, repeats=1, epochs=2, tracks=1, samples=16)
    # After 2 of 30 epochs 84 to 89 % over seeds with a standard deviation of up to 2.5 points.
    for case in ("V/3", "V/2", "V/3, segments of 0.1 Ohm", "V/3, R_P within 10 %"):
        assert numbers[f"{case}: mean accuracy (%)"] > 70.0
        assert numbers[f"{case}: pulses"] > 300
        assert numbers[f"{case}: energy (uJ)"] > 0.1


def test_an_array_that_is_only_read_learns_from_its_reading(tmp_path):
    few = {"count": 450, "repeats": 1, "epochs": 2, "tracks": 2, "samples": 32}
    numbers = numbers_of("learning_autonomous", tmp_path, **few)
    assert numbers["change of the weight, 12 ns after it (%)"] < 0.0
    assert numbers["change of the weight, first spike 12 ns before the second (%)"] > 0.0
    assert (
        numbers["walls that one spike alone moves from a notch (%)"]
        < 2.0
        < 50.0
        < numbers["from an end of the track (%)"]
    )
    # 150 test images: four standard errors of a share of a half are 16 points.
    assert numbers["with read disturb: mean accuracy (%)"] > 30.0
    assert numbers["without: mean accuracy (%)"] > 40.0
