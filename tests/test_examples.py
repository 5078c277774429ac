"""Every example runs, leaves a figure, and shows the numbers that it must show."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def numbers_of(name, tmp_path):
    figure = tmp_path / "figure.png"
    numbers = runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"](figure)
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert figure.stat().st_size > 10_000
    return numbers


def test_fig_1ac_shows_15_to_20_levels(tmp_path):
    numbers = numbers_of("lequeux2016_fig1ac", tmp_path)
    # 16 tracks with a standard deviation of 2 levels: four standard errors of the mean are 2 levels.
    assert numbers["mean number of levels"] == pytest.approx(16.6, abs=2.0)
    assert numbers["tracks with 15 to 20 levels"] >= 10
    assert numbers["levels in a single branch"] == pytest.approx(1.2, abs=0.4)
    assert numbers["levels with one H_K at 0 K"] == 0
    assert numbers["highest resistance (Ohm)"] == pytest.approx(70.2, abs=0.05)
    assert numbers["lowest resistance (Ohm)"] == pytest.approx(36.0, abs=0.05)


def test_fig_1e_shows_the_hybrid_widths(tmp_path):
    numbers = numbers_of("lequeux2016_fig1e", tmp_path)
    assert numbers["hybrid width for Delta = 10.0 nm (nm)"] == pytest.approx(75.0, abs=0.1)
    assert numbers["hybrid width for Delta = 12.0 nm (nm)"] == pytest.approx(92.8, abs=0.1)
    assert numbers["hybrid width for Delta = 14.0 nm (nm)"] == pytest.approx(111.0, abs=0.1)
    assert numbers["hybrid width for Delta = 16.6 nm (nm)"] == pytest.approx(135.3, abs=0.1)
    assert numbers["H_K at 100 nm for Delta = 16.6 nm (Oe)"] == pytest.approx(-119.0, abs=0.1)


def test_fig_2cd_shows_that_current_scatters_more_than_field(tmp_path):
    numbers = numbers_of("lequeux2016_fig2cd", tmp_path)
    # 200 ramps each: a quartile distance is known to about 10 %.
    assert numbers["spread by field (%)"] == pytest.approx(11.1, rel=0.4)
    assert numbers["spread by current at 15 Oe (%)"] == pytest.approx(32.5, rel=0.4)
    for offset in (3, 7, 11, 15):
        assert numbers[f"spread by current at {offset} Oe (%)"] > 2.0 * numbers["spread by field (%)"]
    assert numbers["median field (Oe)"] == pytest.approx(8.3, abs=0.5)


def test_fig_3_shows_the_crossover_and_which_torque_rules(tmp_path):
    numbers = numbers_of("lequeux2016_fig3", tmp_path)
    assert numbers["3a: crossover of the two torques (Oe)"] == pytest.approx(15.0, abs=1.0)
    assert numbers["3a: Slonczewski threshold at 15 Oe (1e6 A/cm2)"] == pytest.approx(8.65, abs=0.05)
    assert numbers["3b: Slonczewski threshold at 15 Oe (1e6 A/cm2)"] == pytest.approx(1.51, abs=0.05)
    assert numbers["3c: Slonczewski threshold at 15 Oe (1e6 A/cm2)"] == pytest.approx(2.93, abs=0.05)
    assert numbers["3b: largest distance of both from Slonczewski alone, from 5 Oe on (%)"] < 3.0
