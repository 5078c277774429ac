"""Fits of device parameters: round trips with noise, errors that mean what they say, and files that are refused."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from processes import run_here

from compact_model import (
    ConvergenceError,
    InputError,
    conductance,
    current_threshold,
    fit_resistance,
    fit_threshold,
    lequeux2016,
    position_for_resistance,
    read_measured,
    resistance,
    static_current_threshold,
)
from compact_model.fitting.branches import loop_states
from compact_model.fitting.least_squares import Problem
from compact_model.fitting.simulated import Measured
from compact_model.fitting.unknowns import Unknowns
from dwmtj.cli import group

OFFSETS = np.linspace(2e-4, 30e-4, 15)
BIAS = np.tile(np.linspace(-0.5, 0.5, 15), 2)
STATE = np.repeat(["P", "AP"], 15)
SEEDS = 100


@pytest.fixture(scope="module")
def true_device(device):
    return device.replace(anisotropy_field=60e-4)


@pytest.fixture(scope="module")
def start(device):
    return device.replace(
        anisotropy_field=15e-4,
        spin_polarisation=0.7,
        field_like_ratio=0.3,
        parallel_resistance=500.0,
        tmr=3.0,
        tmr_half_voltage=np.inf,
    )


@pytest.fixture(scope="module")
def thresholds(true_device):
    return static_current_threshold(true_device, OFFSETS)


@pytest.fixture(scope="module")
def ohms(true_device):
    return 1.0 / conductance(true_device, (STATE == "AP").astype(float), BIAS)


def test_exact_thresholds_give_the_device_back(start, true_device, thresholds):
    found = fit_threshold(start, {"offset": OFFSETS, "threshold": thresholds})
    assert found.values == pytest.approx((60e-4, true_device.polarisation), rel=1e-8)
    assert found.parameters == start.replace(anisotropy_field=found.values[0], spin_polarisation=found.values[1])
    assert found.reduced_chi_square is None
    assert found.degrees_of_freedom == 13
    assert max(found.standard_errors) < 1e-8
    assert found.dataset.model.values == pytest.approx(thresholds, rel=1e-8)


@pytest.mark.parametrize("free", [("anisotropy_field", "field_like_ratio"), ("thickness",), ("field_like_ratio",)])
def test_other_parameters_of_a_threshold_are_found_as_well(true_device, thresholds, free):
    wrong = true_device.replace(**{name: 3.0 * getattr(true_device, name) for name in free})
    found = fit_threshold(wrong, {"offset": OFFSETS[::-1], "threshold": thresholds[::-1]}, free)
    assert found.values == pytest.approx([getattr(true_device, name) for name in free], rel=1e-8)


def test_the_kink_is_found_wherever_the_fit_starts(device):
    random = np.random.default_rng(6)
    for _ in range(100):
        true = device.replace(anisotropy_field=random.uniform(20e-4, 150e-4))
        wrong = device.replace(
            anisotropy_field=60e-4 * np.exp(random.uniform(-3, 3)), spin_polarisation=random.uniform(0.02, 0.99)
        )
        found = fit_threshold(wrong, {"offset": OFFSETS, "threshold": static_current_threshold(true, OFFSETS)})
        assert found.values == pytest.approx((true.anisotropy_field, true.polarisation), rel=1e-8)


def test_the_sign_of_the_anisotropy_stays(start, thresholds):
    data = {"offset": OFFSETS, "threshold": thresholds * (1.0 + 0.01 * (-1.0) ** np.arange(15))}
    plus = fit_threshold(start, data)
    minus = fit_threshold(start.replace(anisotropy_field=-15e-4), data)
    assert minus.values[0] == pytest.approx(-plus.values[0], rel=1e-6)
    assert minus.correlation[0, 1] == pytest.approx(-plus.correlation[0, 1], rel=1e-4)


@pytest.mark.parametrize("drive", ["voltage", "current"])
def test_exact_resistances_give_the_device_back(start, true_device, ohms, drive):
    data = {drive: BIAS if drive == "voltage" else BIAS / ohms, "resistance": ohms, "state": STATE}
    assert fit_resistance(start, data).values == pytest.approx((36.0, 0.95, 0.5), rel=1e-8)


def test_resistances_at_known_positions_give_the_device_back(start, true_device):
    position = np.tile(np.linspace(0.0, 1e-6, 5), 3)
    bias = np.repeat([0.05, 0.2, 0.4], 5)
    data = {"voltage": bias, "position": position, "resistance": resistance(true_device, position, bias)}
    found = fit_resistance(start, data)
    assert found.values == pytest.approx((36.0, 0.95, 0.5), rel=1e-8)
    assert position_for_resistance(found.parameters, resistance(true_device, 4e-7)) == pytest.approx(4e-7)


def test_one_branch_is_enough_where_the_bias_goes_far(start, true_device):
    volts = np.linspace(-1.5, 1.5, 31)
    found = fit_resistance(
        start, {"voltage": volts, "resistance": 1.0 / conductance(true_device, 1.0, volts)}, state="AP"
    )
    assert found.values == pytest.approx((36.0, 0.95, 0.5), rel=1e-8)


def assert_errors_are_honest(results, truth):
    pulls = np.array([(np.array(found.values) - truth) / found.standard_errors for found in results])
    assert np.abs(pulls.mean(axis=0)).max() < 4.0 / np.sqrt(SEEDS)
    assert np.abs(pulls.std(axis=0) - 1.0).max() < 4.0 / np.sqrt(2.0 * SEEDS)
    inside = (np.abs(pulls) < 1.0).mean(axis=0)
    assert np.abs(inside - 0.683).max() < 4.0 * np.sqrt(0.683 * 0.317 / SEEDS)
    return pulls


@pytest.mark.parametrize("weighted", [True, False])
def test_errors_of_thresholds_are_honest(start, true_device, thresholds, weighted):
    random = np.random.default_rng(1)
    sigma = 0.02 * thresholds if weighted else np.full(15, 0.02 * thresholds.max())
    given = {"standard_deviation": sigma} if weighted else {}
    results = [
        fit_threshold(start, {"offset": OFFSETS, "threshold": thresholds + sigma * random.normal(size=15)} | given)
        for _ in range(SEEDS)
    ]
    pulls = assert_errors_are_honest(results, [60e-4, true_device.polarisation])
    correlation = np.mean([found.correlation[0, 1] for found in results])
    assert np.corrcoef(pulls.T)[0, 1] == pytest.approx(correlation, abs=4.0 / np.sqrt(SEEDS))
    if weighted:
        reduced = np.mean([found.reduced_chi_square for found in results])
        assert reduced == pytest.approx(1.0, abs=4.0 * np.sqrt(2.0 / 13 / SEEDS))
    else:
        # A scatter with 13 degrees of freedom has a relative standard deviation of 1/sqrt(2 * 13).
        scatter = np.mean([found.scatter for found in results])
        assert scatter == pytest.approx(sigma[0], rel=4.0 / np.sqrt(2.0 * 13 * SEEDS))


@pytest.mark.parametrize("weighted", [True, False])
def test_errors_of_resistances_are_honest(start, ohms, weighted):
    random = np.random.default_rng(2)
    given = {"standard_deviation": np.full(30, 0.3)} if weighted else {}
    results = [
        fit_resistance(
            start, {"voltage": BIAS, "state": STATE, "resistance": ohms + 0.3 * random.normal(size=30)} | given
        )
        for _ in range(SEEDS)
    ]
    assert_errors_are_honest(results, [36.0, 0.95, 0.5])


def test_simulated_ramps_give_the_device_back_within_what_a_slow_ramp_overshoots(device):
    run = current_threshold(device, np.array([2.0, 3.0, 8.0, 12.0]) * 1e-4, step=2e-11, ramp_rate=5e15)
    data = {"offset": run.offset.values, "threshold": run.threshold.values[:, 0]}
    found = fit_threshold(device.replace(anisotropy_field=50e-4), data, ["anisotropy_field", "field_like_ratio"])
    assert found.values == pytest.approx((30e-4, 0.3), rel=0.06)


@pytest.mark.parametrize(
    ("free", "count", "noise", "named"),
    [
        (
            ("anisotropy_field", "spin_polarisation", "field_like_ratio"),
            15,
            0.01,
            "anisotropy_field, spin_polarisation, fie",
        ),
        (("spin_polarisation", "thickness"), 15, 0.01, "spin_polarisation, thickness: not determined together"),
        (("anisotropy_field", "spin_polarisation"), 4, 0.0, "anisotropy_field: not determined by"),
    ],
)
def test_what_thresholds_do_not_determine_is_named(start, thresholds, free, count, noise, named):
    measured = thresholds * (1.0 + noise * np.random.default_rng(3).normal(size=15))
    with pytest.raises(ConvergenceError, match=f"^{named}"):
        fit_threshold(start, {"offset": OFFSETS[:count], "threshold": measured[:count]}, free)


def test_what_resistances_do_not_determine_is_named(start, ohms):
    noise = 0.1 * np.random.default_rng(4).normal(size=15)
    with pytest.raises(ConvergenceError, match=r"^tmr, tmr_half_voltage: not determined"):
        fit_resistance(start, {"voltage": BIAS[:15], "resistance": ohms[:15] + noise}, state="P")
    with pytest.raises(ConvergenceError, match=r"tmr, tmr_half_voltage: not determined"):
        fit_resistance(start, {"voltage": np.zeros(15), "resistance": ohms[22] + noise}, state="AP")


def test_a_fit_that_runs_to_the_end_of_a_range_says_so(true_device, thresholds):
    with pytest.raises(ConvergenceError, match=r"^spin_polarisation: the fit ran to the end of its range, 1"):
        fit_threshold(true_device, {"offset": OFFSETS, "threshold": thresholds / 5.0}, "spin_polarisation")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"offset": OFFSETS[:2], "threshold": [1e10, 2e10]}, "data: expected at least 3 points for 2 free parameters"),
        ({"threshold": [1e10]}, "offset: expected 1 values, as threshold has, got 15"),
        ({"threshold": np.full(15, -1e10)}, "threshold: expected numbers above 0"),
        ({"threshold": np.full(15, np.nan)}, "threshold: expected finite numbers"),
        ({"offset": OFFSETS - 2e-4}, "offset: expected numbers above 0"),
        ({"offset": np.ones((3, 5))}, "offset: expected a list"),
        ({"standard_deviation": np.zeros(15)}, "standard_deviation: expected numbers above 0"),
        ({"standard_deviation": [1.0]}, "standard_deviation: expected 15 values"),
        (
            {"standard_deviation": np.full(15, 1e-30)},
            "standard_deviation: expected from .*, next to the largest thresh",
        ),
        ({"standard_deviation": np.full(15, 1e40)}, "standard_deviation: expected from .*, next to the largest thresh"),
        ({"threshold": np.full(15, 1e-296)}, "threshold: expected numbers from 1e-50 to 1e[+]50, got 1e-296"),
        ({"threshold": np.full(15, 1e60)}, "threshold: expected numbers from 1e-50 to 1e[+]50, got 1e[+]60"),
    ],
)
def test_unusable_arrays_are_refused(start, thresholds, changes, message):
    with pytest.raises(InputError, match=f"^{message}"):
        fit_threshold(start, {"offset": OFFSETS, "threshold": thresholds} | changes)


def test_unusable_arguments_are_refused(start, thresholds, ohms):
    data = {"offset": OFFSETS, "threshold": thresholds}
    for free, message in (
        ((), "free: expected at least one of anisotropy_field"),
        (("anisotropy_feld",), "did you mean 'anisotropy_field'"),
        (("thickness", "thickness"), "free: expected each parameter once"),
    ):
        with pytest.raises(InputError, match=message):
            fit_threshold(start, data, free)
    with pytest.raises(InputError, match="field_like_quadratic: expected 0"):
        fit_threshold(start.replace(field_like_quadratic=1e-4), data)
    with pytest.raises(InputError, match="field_like_ratio: expected a number above 0"):
        fit_threshold(start.replace(field_like_ratio=0.0), data, torques="field-like")
    with pytest.raises(InputError, match="data: expected one of 'threshold' or 'threshold_current', got neither"):
        fit_threshold(start, {"offset": OFFSETS})
    plain = {"voltage": BIAS, "resistance": ohms}
    for changes, state, message in (
        ({"state": STATE, "position": np.zeros(30)}, None, "expected one of 'state' or 'position', got both"),
        ({"current": BIAS}, "P", "expected one of 'voltage' or 'current', got both"),
        ({"state": STATE}, "P", "state: expected either the argument or data 'state', got both"),
        ({"state": np.where(STATE == "P", "p", "AP")}, None, "state: expected one of 'P', 'AP', got 'p'"),
        ({"position": np.full(30, 1.0)}, None, "position: expected from 0 to the track's 1e-06 m"),
        ({}, "A", "state: expected one of"),
    ):
        with pytest.raises(InputError, match=message):
            fit_resistance(start, plain | changes, state=state)


def test_units_are_converted(tmp_path):
    file = tmp_path / "data.csv"
    for header, row, kind, expected in (
        ("Delta_H (Oe), J_th (A/cm2)", "5, 2e6", "threshold", {"offset": 5e-4, "threshold": 2e10}),
        ("J_th (1e6 A/cm^2), Delta_H [mT]", "2, 0.5", "threshold", {"offset": 5e-4, "threshold": 2e10}),
        ("Delta_H(T);J_th(MA/cm²);sigma(A/m2)", "5e-4;2;7", "threshold", {"threshold": 2e10, "standard_deviation": 7}),
        ("V (mV), R (kOhm)", "-250, 0.04", "resistance", {"voltage": -0.25, "resistance": 40.0}),
        (
            "I (\N{MICRO SIGN}A), R (\N{OHM SIGN}), x (nm)",
            "-250, 40, 500",
            "resistance",
            {"current": -2.5e-4, "position": 5e-7},
        ),
        ('"I (mA)"\t"R (Ohm)"\tsigma (Ohm)\tstate', "3\t40\t0.1\tAP", "resistance", {"current": 3e-3, "state": "AP"}),
    ):
        file.write_text(f"\ufeff# measured in May\n\n{header}\n{row}\n# the end\n", encoding="utf-8")
        found = read_measured(file, kind)
        for name, value in expected.items():
            assert found[name].tolist() == [value if isinstance(value, str) else pytest.approx(value)]


# Three points, 0.5, 12.25 and 20 Oe at 1.25, 2.5 and 3.75e6 A/cm2, as programs and people write them.
LAYOUTS = {
    "commas": "Delta_H (Oe),J_th (A/cm2)\n0.5,1.25e6\n12.25,2.5e6\n20,3.75e6\n",
    "decimal commas": "Delta_H (Oe);J_th (A/cm2)\n0,5;1,25e6\n12,25;2,5e6\n20;3,75e6\n",
    "decimal commas and tabs": "Delta_H (Oe)\tJ_th (MA/cm2)\n0,5\t1,250\n12,25\t2,500\n20\t3,750\n",
    "units in a second row": "Delta_H,J_th\nOe,A/cm2\n0.5,1.25e6\n12.25,2.5e6\n20,3.75e6\n",
    "bracketed units in a second row": "Delta_H\tJ_th\n[Oe]\t[A/cm2]\n0.5\t1.25e6\n12.25\t2.5e6\n20\t3.75e6\n",
    "sections": "[Header]\nuser,me\ngain,3\n[Data]\nDelta_H (Oe),J_th (A/cm2)\n0.5,1.25e6\n12.25,2.5e6\n20,3.75e6\n",
    "percent comments": "% measured\nDelta_H (Oe), J_th (A/cm2)\n0.5, 1.25e6\n% pause\n12.25, 2.5e6\n20, 3.75e6\n",
    "a commented header": "# in May\n# Delta_H (Oe), J_th (A/cm2)\n0.5, 1.25e6\n12.25, 2.5e6\n20, 3.75e6\n",
    "a commented header over spaces": "% Delta_H (Oe)  J_th (A/cm2)\n0.5 1.25e6\n12.25 2.5e6\n20 3.75e6\n",
    "spaces": "Delta_H (Oe) J_th (A/cm2)\n0.5 1.25e6\n12.25   2.5e6\n20 3.75e6\n",
    "wide columns": "Delta_H / Oe    J_th / A/cm2\n  0.5    1.25e6\n 12.25    2.5e6\n   20    3.75e6\n",
    "extra columns": "n,Delta_H (Oe),T (K),J_th (A/cm2),remark\n"
    "1,0.5,300,1.25e6,\n2,12.25,300,2.5e6,ok\n3,20,,3.75e6,\n",
    "blanks": "\nDelta_H (Oe),J_th (A/cm2),,\n\n 0.5 , 1.25e6 ,,\n12.25,2.5e6,,\n,,,\n20,3.75e6,,\n\n",
    "quotes": '"Delta_H (Oe)","J_th (A/cm2)"\n"0.5","1.25e6"\n"12.25","2.5e6"\n"20","3.75e6"\n',
    "quoted decimal commas": '"Delta_H (Oe)","J_th (A/cm2)"\n"0,5","1,25e6"\n"12,25","2,5e6"\n"20","3,75e6"\n',
    "Excel, German": "\ufeffsep=;\r\nDelta_H (Oe);J_th (A/cm²);\r\n"
    "0,5;1250000;\r\n12,25;2,5E+06;\r\n20;3,75E+06;\r\n;;\r\n",
    "Origin": "Delta_H\tJ_th\nOe\tA/cm2\nsample 3\tramp\n0.5\t1.25e6\n12.25\t2.5e6\n20\t3.75e6\n",
    "Origin with row labels": "Long Name\tDelta_H\tJ_th\nUnits\tOe\tA/cm2\nComments\t\tramp\n"
    "1\t0.5\t1.25e6\n2\t12.25\t2.5e6\n3\t20\t3.75e6\n",
    "Origin with numbers for comments": "Long Name\tDelta_H\tJ_th\nUnits\tOe\tA/cm2\nComments\t300\t300\nF(x)=\t\t7\n"
    "\t0.5\t1.25e6\n\t12.25\t2.5e6\n\t20\t3.75e6\n",
    "empty cells between tabs": "\tDelta_H (Oe)\tJ_th (A/cm2)\t\n\t0.5\t1.25e6\t\n1\t12.25\t2.5e6\t\n\t20\t3.75e6\t\n",
    "units with spaces between": "Delta_H J_th\nOe A/cm2\n0.5 1.25e6\n12.25 2.5e6\n20 3.75e6\n",
    "units with spaces inside": "Delta_H  J_th\nOe     A cm^-2\n0.5    1.25e6\n12.25  2.5e6\n20     3.75e6\n",
    "GA/m2": "Delta_H (Oe),J_th (GA/m2)\n0.5,12.5\n12.25,25\n20,37.5\n",
    "A cm^-2": "Delta_H (Oe),J_th (A cm^-2)\n0.5,1.25e6\n12.25,2.5e6\n20,3.75e6\n",
    "raised exponents": "Delta_H [mT],J_th [10⁶ A·cm⁻²]\n0.05,1.25\n1.225,2.5\n2,3.75\n",
    "a factor": "Delta_H (Oe),J_th (1e6 A/cm2)\n0.5,1.25\n12.25,2.5\n20,3.75\n",
    "a slash": "Delta_H / Oe,J_th / (A/cm2)\n0.5,1.25e6\n12.25,2.5e6\n20,3.75e6\n",
    "Fortran's exponents": "Delta_H (Oe) J_th (A/cm2)\n0.5D0 1.25D6\n12.25D0 2.5D6\n2.0D1 3.75D6\n",
    "a field strength": "Delta_H (A/m),J_th (A/cm2)\n39.788735772,1.25e6\n974.82402642,2.5e6\n1591.5494309,3.75e6\n",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "latin-1"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layouts_of_instruments_and_spreadsheets_are_read(tmp_path, layout, encoding):
    file = tmp_path / "data.csv"
    try:
        file.write_bytes(LAYOUTS[layout].encode(encoding))
    except UnicodeEncodeError:
        return  # there is no such file
    found = read_measured(file, "threshold")
    assert found["offset"] == pytest.approx(np.array([0.5e-4, 12.25e-4, 20e-4]), rel=1e-9)
    assert found["threshold"] == pytest.approx(np.array([1.25e10, 2.5e10, 3.75e10]), rel=1e-12)
    assert found.ignored == (("n", "T (K)", "remark") if layout == "extra columns" else ())


def test_columns_units_decimals_and_lines_can_be_named(tmp_path):
    file = tmp_path / "data.txt"
    file.write_text("made by a machine\nserial 5, 7\nH;Jc (A/cm2);Jc2\n1,500;2,500;9\n2,500;3,500;9\n")
    named = {"columns": {"Delta_H": "H", "J_th": "Jc"}, "units": {"Delta_H": "Oe"}, "skip": 2}
    found = read_measured(file, "threshold", **named, decimal=",")
    assert found["offset"] == pytest.approx(np.array([1.5e-4, 2.5e-4]))
    assert found["threshold"] == pytest.approx(np.array([2.5e4, 3.5e4]))
    assert found.ignored == ("Jc2",)
    for changes, message in (
        ({"decimal": "."}, "expected a number without a thousands separator, with the decimal mark '.', got '1,500'"),
        ({"decimal": "x"}, "decimal: expected one of '.', ','"),
        (
            {"columns": {"J_t": "Jc"}},
            "columns: expected names out of Delta_H, H, J_th, I_th, sigma, got 'J_t', did you mean 'J_th'",
        ),
        (
            {"columns": {"J_th": "Jk", "Delta_H": "H"}},
            "line 3: expected a column 'Jk' for 'J_th', got H, Jc (A/cm2), Jc2",
        ),
        ({"units": {"Delta_H": "A"}, "decimal": ","}, "column 'Delta_H': expected a unit of Oe, T, mT, got 'A'"),
        ({"units": {"Delta_H": "Oe", "J_th": "A/m2"}}, "expected the unit of its heading, 'A/cm2', got 'A/m2'"),
        ({"skip": -1}, "skip: expected"),
    ):
        with pytest.raises(InputError, match=re.escape(message)):
            read_measured(file, "threshold", **(named | changes))


GOOD = "Delta_H (Oe), J_th (A/cm2)\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "",
            "Delta_H (Oe), H (Oe), J_th (A/cm2), I_th (A), sigma (A/cm2), got an empty file",
        ),
        (GOOD, "expected lines of data under the header, got none"),
        (
            "Delta_H, J_th (A/cm2)\n1,2\n",
            "line 1, column 'Delta_H': expected a unit in parentheses, one of Oe, T, mT, got none",
        ),
        ("Delta_H (), J_th (A/cm2)\n1,2\n", "expected a unit in parentheses, one of Oe, T, mT, got none"),
        ("Delta_H (kG), J_th (A/cm2)\n1,2\n", "column 'Delta_H': expected a unit of Oe, T, mT, got 'kG'"),
        ("Delta_H (oe), J_th (A/cm2)\n1,2\n", "a unit of Oe, T, mT, got 'oe'"),
        ("Delta_h (Oe), J_th (A/cm2)\n1,2\n", "got 'Delta_h (Oe)', did you mean 'Delta_H'?"),
        ("Delta_H (Oe, J_th (A/cm2)\n1,2\n", "got 'Delta_H (Oe'"),
        ("Delta_H (Oe), Delta_H (T)\n1,2\n", "expected each column once, got 'Delta_H' twice"),
        ("Delta_H (Oe)\n1\n", "line 1: expected a column 'J_th' or 'I_th', got Delta_H"),
        (GOOD + "1, 2\n3, many\n", "line 3, column 'J_th': expected a number, got 'many'"),
        (GOOD + "1, nan\n", "line 2, column 'J_th': expected a finite number, got 'nan'"),
        (GOOD + "1_0, 2\n", "line 2, column 'Delta_H': expected a number, got '1_0'"),
        (GOOD + "1,\n", "line 2, column 'J_th': expected a number, got nothing"),
        (GOOD + "\n# note\n-1, 5\n", "line 4, column 'Delta_H': expected a number above 0, got '-1'"),
        (GOOD + "1, 2, 3\n", "line 2: expected 2 values, as in the header, got 3"),
        (GOOD + '1,"2\n', "line 2: expected values with ',' between"),
        (b"\xff\xfe", "got an empty file"),
        (b"\x01\x02\x03", "expected text in UTF-8, UTF-16 or Latin-1, got other bytes"),
        (b"PK\x03\x04\x14\x00", "expected text, got a workbook; save its sheet as CSV"),
        (GOOD.replace(",", ";") + "1; 2,490\n", "expected a decimal mark that can be told from a thousands separator"),
        (GOOD.replace(",", ";") + "1; 2.490\n2; 2.510\n", "name it, decimal ',' or '.', got numbers like '2.490'"),
        (
            GOOD.replace(",", ";") + "1.5; 2,490.0\n",
            "expected numbers with one decimal mark and no thousands separator",
        ),
        (GOOD.replace(",", ";") + "1; 2 490 000\n", "expected a number without a thousands separator, with"),
        (GOOD.replace(",", ";") + "1; 2'490'000\n", "expected a number without a thousands separator, with"),
        (GOOD + "0,5,2,49e6\n", "got 4 (decimal commas need another mark between the values)"),
        ("1, 2\n3, 4\n", "line 1: expected a line of headings above the data, got numbers"),
        ("[Header]\nuser,me\n" + GOOD + "1,2\n", "expected a section [Data] after [Header], got none"),
    ],
)
def test_unusable_files_are_refused_by_file_line_and_column(tmp_path, text, message):
    file = tmp_path / "data.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as refused:
        read_measured(file, "threshold")
    assert str(refused.value).startswith(str(file))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("R (Ohm)", "expected a column 'V' or 'I', got R"),
        ("V (V), I (mA), R (Ohm)", "expected a column 'V' or 'I', got both"),
        ("V (V), R (Ohm), state, x (nm)", "expected a column 'state' or 'x', got both"),
        ("V (V), R (Ohm), state (P)", "column 'state': expected no unit, got 'P'"),
    ],
)
def test_resistances_have_one_drive_and_one_state(tmp_path, header, message):
    file = tmp_path / "data.csv"
    file.write_text(f"{header}\n1\n")
    with pytest.raises(InputError, match=r"data\.csv, line 1.*") as refused:
        read_measured(file, "resistance")
    assert message in str(refused.value)


def test_the_command_fits_thresholds_and_leaves_files(tmp_path, thresholds):
    file, data, figure = tmp_path / "measured.csv", tmp_path / "fit.nc", tmp_path / "fit.png"
    rows = [f"{offset * 1e4}, {value * 1e-4}, 1e4" for offset, value in zip(OFFSETS, thresholds, strict=True)]
    file.write_text("\n".join(["Delta_H (Oe), J_th (A/cm2), sigma (A/cm2)", *rows]))
    answer = json.loads(run_here("fit", "threshold", file, "--json", "-o", data, "-o", figure).stdout)
    assert answer["fitted"]["anisotropy_field"]["value"] == pytest.approx(60.0)
    assert answer["fitted"]["anisotropy_field"]["unit"] == "Oe"
    assert answer["reduced_chi_square"] == pytest.approx(0.0, abs=1e-6)
    stored = xr.load_dataset(data, engine="h5netcdf")
    assert stored.attrs["experiment"] == "fit_threshold"
    assert stored.attrs["standard_errors"][0] == pytest.approx(
        answer["fitted"]["anisotropy_field"]["standard_error"] * 1e-4
    )
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_the_command_fits_resistances_and_says_what_it_cannot_use(tmp_path, ohms):
    file, figure = tmp_path / "loop.csv", tmp_path / "fit.png"
    rows = [f"{1e3 * v / r},{r},{state}" for v, r, state in zip(BIAS, ohms, STATE, strict=True)]
    file.write_text("\n".join(["I (mA),R (Ohm),state", *rows]))
    text = run_here("fit", "resistance", file, "--tmr", "200", "-o", figure).stdout
    assert "tmr                  95 +- " in text
    assert "scatter of the data" in text
    before = figure.read_bytes()
    for arguments, message, status in (
        (("--free", "tmr", "--free", "thickness"), "--free: expected one of 'parallel_resistance', 'tmr'", 2),
        (("--state", "P"), f"{file}: expected either a column 'state' or 'x', or --state, got both", 2),
        (("--half-width", "50"), "--half-width: expected only where it has an effect", 2),
    ):
        refused = run_here("fit", "resistance", file, "-o", figure, "--overwrite", *arguments, expect=status).stderr
        assert message in refused
        assert refused.count("\n") == 1
    file.write_text("I,R (Ohm),state\n1,40,P\n")
    assert (
        "column 'I': expected a unit"
        in run_here("fit", "resistance", file, "-o", figure, "--overwrite", expect=2).stderr
    )
    assert figure.read_bytes() == before


def test_every_sample_in_the_documentation_fits(tmp_path):
    page = (Path(__file__).parents[1] / "docs" / "fitting.md").read_text(encoding="utf-8")
    samples = re.findall(r"\(`dwmtj fit (\w+)\s+\S+`\):\n\n```\n(.*?)```\n", page, re.DOTALL)
    assert [kind for kind, _ in samples] == ["threshold", "resistance", "pulses", "trace"]
    assert len(re.findall(r"^```\n", page, re.MULTILINE)) == len(re.findall(r"^```\S", page, re.MULTILINE)) + 2 * 4
    # What the samples were made with.
    truth = {"anisotropy_field": 50.0, "spin_polarisation": 0.45, "tmr": 90.0, "external_field": 85.0, "damping": 0.006}
    for kind, text in samples:
        file = tmp_path / f"{kind}.csv"
        file.write_text(text)
        found = CliRunner().invoke(group, ["fit", kind, str(file), "--json"], catch_exceptions=False)
        answer = json.loads(found.stdout)
        assert answer["described"]
        for name, each in answer["fitted"].items():
            true = 32.0 if (kind, name) == ("trace", "anisotropy_field") else truth.get(name)
            assert true is None or abs(each["value"] - true) < 3.0 * each["standard_error"]


def test_the_fits_of_the_readme_run_as_they_stand(tmp_path, monkeypatch):
    root = Path(__file__).parents[1]
    lines = re.findall(r"^dwmtj (fit .*?)(?:#.*)?$", (root / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(lines) >= 3
    monkeypatch.chdir(root)
    for line in lines:
        arguments = [str(tmp_path / word) if word.endswith(".png") else word for word in shlex.split(line)]
        found = CliRunner().invoke(group, arguments, catch_exceptions=False)
        assert found.exit_code == 0, found.output
        assert " +- " in found.output


def test_the_data_of_the_documentation_are_those_that_lie_beside_the_examples():
    root = Path(__file__).parents[1]
    page = (root / "docs" / "fitting.md").read_text(encoding="utf-8")
    samples = re.findall(r"\(`dwmtj fit \w+\s+(\S+)`\):\n\n```\n(.*?)```\n", page, re.DOTALL)
    assert len(samples) == 4
    for name, text in samples:
        assert (root / name).read_text() == text


def test_the_command_takes_what_a_file_lacks_and_names_what_it_leaves_out(tmp_path):
    file = tmp_path / "probe.txt"
    rows = (Path(__file__).parents[1] / "examples" / "data" / "thresholds.csv").read_text().splitlines()[1:]
    cells = [[cell.strip().replace(".", ",") for cell in row.split(",")] for row in rows]
    file.write_text("a probe\nH (Oe);Jc;note\n" + "".join(f"{h};{j};x\n" for h, j, _ in cells))
    options = ("--column", "Delta_H=H", "--column", "J_th=Jc", "--unit", "J_th=A/cm2", "--skip", 1, "--decimal", ",")
    done = run_here("fit", "threshold", file, "--json", *options)
    assert json.loads(done.stdout)["fitted"]["anisotropy_field"]["value"] == pytest.approx(50.0, rel=0.02)
    assert done.stderr == f"{file}: columns left out: note\n"
    refused = run_here("fit", "threshold", file, "--column", "J_th", expect=2)
    assert refused.stderr == "dwmtj: --column: expected NAME=TEXT, got 'J_th'\n"


def test_what_a_model_does_not_describe_is_said_and_the_errors_are_scaled(tmp_path, start, thresholds):
    random = np.random.default_rng(7)
    data = {"offset": OFFSETS, "threshold": thresholds * (1.0 + 0.1 * random.normal(size=15))}
    poor = fit_threshold(start, data | {"standard_deviation": 0.01 * thresholds})
    fair = fit_threshold(start, data | {"standard_deviation": 0.1 * thresholds})
    assert fair.described
    assert fair.notes == ()
    assert not poor.described
    assert poor.dataset.attrs["described"] == 0
    assert poor.values == pytest.approx(fair.values, rel=1e-6)
    scaled = np.array(fair.standard_errors) * np.sqrt(fair.reduced_chi_square)
    assert poor.standard_errors == pytest.approx(scaled, rel=1e-5)
    assert "the model does not describe the data: reduced chi-square" in poor.table()
    file = tmp_path / "measured.csv"
    rows = [f"{x * 1e4},{y * 1e-4},{y * 1e-6}" for x, y in zip(OFFSETS, data["threshold"], strict=True)]
    file.write_text("\n".join(["Delta_H (Oe),J_th (A/cm2),sigma (A/cm2)", *rows]))
    found = CliRunner().invoke(group, ["fit", "threshold", str(file), "--json"], catch_exceptions=False)
    answer = json.loads(found.stdout)
    assert not answer["described"]
    assert answer["notes"][0].startswith("the model does not describe the data")


def test_a_jump_beside_a_minimum_is_no_slope_of_the_curve():
    unknowns = Unknowns(("damping",), np.array([1.0]), 10.0)
    for jump in (1.00005, 0.99995):
        problem = Problem(
            unknowns,
            lambda sets, jump=jump: sets * np.array([1.0, 2.0]) + np.array([0.0, 5.0]) * (sets > jump),
            np.array([1.0, 2.0]),
            np.ones(2),
            difference=1e-4,
        )
        assert problem.jacobian(np.zeros(1))[1, 0] == pytest.approx(2.0 + 5.0 / 2e-4, rel=1e-3)
        steady = Problem(unknowns, problem.curves, problem.target, problem.deviation, difference=1e-4, jumps=True)
        assert steady.jacobian(np.zeros(1))[:, 0] == pytest.approx([1.0, 2.0], rel=1e-3)


@pytest.mark.filterwarnings("ignore:parallel_resistance")  # one of numbers that leave float64
def test_a_sorted_loop_says_what_a_wall_at_the_end_of_the_track_would_make_of_it(device):
    true = device.replace(parallel_resistance=40.0, tmr=0.7, tmr_half_voltage=0.4)
    volts = np.concatenate([np.linspace(0, 0.4, 40), np.linspace(0.4, -0.4, 80), np.linspace(-0.4, 0, 40)])
    walls = np.where((np.arange(160) > 25) & (np.arange(160) < 110), device.track_length, 0.0)
    noise = 0.05 * np.random.default_rng(0).normal(size=160)
    data = {"voltage": volts, "resistance": resistance(true, walls, volts) + noise}
    found = fit_resistance(device, data)
    assert found.values[1] == pytest.approx(0.506, rel=3e-3)
    note = re.search(
        r"x = 0 has the antiparallel share 0\.816: .* TMR is (\S+) % instead of (\S+) % and V_h is (\S+) V",
        found.notes[1],
    )
    assert float(note[1]) == pytest.approx(70.0, rel=5e-3)
    assert float(note[2]) == pytest.approx(100.0 * found.values[1], rel=1e-3)
    assert float(note[3]) == pytest.approx(0.4, rel=5e-3)
    known = fit_resistance(device, data | {"position": walls})
    assert known.values == pytest.approx((40.0, 0.7, 0.4), rel=5e-3)
    assert known.notes == ()
    assert "antiparallel share 0.816" in fit_resistance(true, data, "parallel_resistance").notes[1]
    huge = {name: values * 1e45 for name, values in data.items()}
    large = fit_resistance(device.replace(parallel_resistance=4e46, tmr_half_voltage=1e45), huge)
    assert large.values[1] == pytest.approx(found.values[1], rel=1e-6)


def levels(parts, noise, seed):
    """A loop in parts of (points, first and last voltage, share f), of 36 Ohm, TMR_0 = 95 %, V_h = 0.5 V by hand."""
    volts = np.concatenate([np.linspace(first, last, count) for count, first, last, _ in parts])
    share = np.concatenate([np.full(count, f) for count, _, _, f in parts])
    tmr = 0.95 / (1.0 + (volts / 0.5) ** 2)
    ohms = 36.0 / (1.0 - share * tmr / (1.0 + tmr))
    return {"voltage": volts, "resistance": ohms + noise * np.random.default_rng(seed).normal(size=ohms.size)}


# The level crosses where AP would be for a V_h of 0.33 V, and is measured at more voltages than AP.
CROSSING = (20, 0.0, 0.13, 1.0), (100, 0.17, -0.02, 0.0), (25, -0.3, -0.32, 0.816), (55, -0.32, 0.0, 0.816)


def test_a_level_that_lies_beside_ap_for_another_half_voltage_is_no_part_of_it(device):
    start = device.replace(parallel_resistance=100.0, tmr=0.3, tmr_half_voltage=np.inf)
    pulls = []
    for seed in range(20):
        data = levels(CROSSING, 0.8, seed)
        assert set(loop_states(data["voltage"], data["resistance"])[120:]) == {""}
        found = fit_resistance(start, data)
        pulls.append((np.array(found.values[:2]) - [36.0, 0.95]) / found.standard_errors[:2])
    assert np.abs(np.mean(pulls, axis=0)).max() < 4.0 / np.sqrt(20)
    assert np.abs(pulls).max() < 4.0


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            ((30, 0.0, 0.2, 1.0), (240, 0.3, -0.3, 0.15), (30, -0.2, 0.0, 1.0)),
            r"P branch has the same R at every bias, got one that changes by -[01]\.\d+ %, as where the wall does not",
        ),
        (
            ((60, 0.0, 0.2, 1.0), (3, 0.1, 0.1, 0.0), (200, 0.1, -0.1, 0.2), (60, -0.2, 0.0, 1.0)),
            "stays in P and in AP, got 3 points together below what would be its P branch; give the state of each",
        ),
        (
            ((60, 0.0, 0.2, 0.7), (3, 0.1, 0.1, 1.0), (200, 0.1, -0.1, 0.0), (60, -0.2, 0.0, 0.7)),
            "stays in P and in AP, got 3 points together above what would be its AP branch; give the state of each",
        ),
    ],
)
def test_a_loop_whose_points_contradict_its_states_is_refused(device, parts, message):
    with pytest.raises(InputError, match=message):
        fit_resistance(device, levels(parts, 0.3, 1))


def test_a_sorted_loop_says_what_a_wall_shortly_before_p_would_make_of_it(device):
    parts = (40, 0.0, 0.13, 1.0), (100, 0.2, -0.2, 0.02), (40, -0.13, 0.0, 1.0)
    found = fit_resistance(device, levels(parts, 0.4, 3))
    assert found.values[0] > 36.0 + 4.0 * found.standard_errors[0]
    note = re.search(r"if 2 % of the junction stayed antiparallel there, R_P is (\S+) Ohm instead", found.notes[2])
    assert float(note[1]) == pytest.approx(36.0, abs=4.0 * found.standard_errors[0])


def test_fits_draw_themselves(start, thresholds, ohms):
    noisy = thresholds * (1.0 + 0.02 * np.random.default_rng(5).normal(size=15))
    sigma = {"standard_deviation": 0.02 * thresholds}
    axes = fit_threshold(start, {"offset": OFFSETS, "threshold": noisy} | sigma).dataset.dwmtj.plot()
    assert axes.get_xlabel() == r"$\Delta H$ (Oe)"
    found = fit_resistance(start, {"current": BIAS / ohms, "resistance": ohms, "state": STATE})
    axes = found.dataset.dwmtj.plot()
    assert axes.get_xlabel() == "$I$ (mA)"
    assert len(axes.get_legend().get_texts()) == 2
    assert "tmr_half_voltage" in found.table()
    assert found.table().count("correlation") == 3


def test_the_dash_of_windows_is_read_in_comments(tmp_path):
    file = tmp_path / "data.txt"
    file.write_bytes(b"# ramp \x96 slow\nDelta_H (Oe);J_th (A/cm\xb2)\n1;2e6\n")
    assert read_measured(file, "threshold")["threshold"].tolist() == [2e10]


def test_a_wall_at_the_end_of_the_track_in_nm_is_on_the_track(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("V (V), R (Ohm), x (nm)\n0.1, 60, 0\n0.1, 40, 500\n0.1, 36, 1000.000\n")
    data = read_measured(file, "resistance")
    device = lequeux2016()
    assert data["position"][-1] > device.track_length == 1e-6  # by a rounding error
    assert fit_resistance(device, data, free=["parallel_resistance", "tmr"]).values[0] > 30.0
    trace = {"time": np.array([0.0, 1e-9, 2e-9]), "voltage": np.zeros(3)}
    assert Measured.of(trace | {"position": data["position"]}, device).data["position"].max() == 1e-6
    beyond = {"position": data["position"] * (1.0 + 1e-6)}
    for refuse in (lambda: fit_resistance(device, data | beyond), lambda: Measured.of(trace | beyond, device)):
        with pytest.raises(InputError, match="position: expected from 0 to the track's 1e-06 m"):
            refuse()


@pytest.mark.parametrize(
    ("heading", "told"),
    [
        ("I (mA)", ""),
        ("I (A)", "up to 500 V lie across the junction, and barriers break down at about 1 V; check the units"),
        ("I (uA)", "V_h is 0.000"),
    ],
)
def test_a_drive_in_another_unit_than_it_says_is_doubted(tmp_path, ohms, heading, told):
    rows = [f"{1e3 * v / r},{r},{state}" for v, r, state in zip(BIAS, ohms, STATE, strict=True)]
    (tmp_path / "loop.csv").write_text("\n".join([f"{heading},R (Ohm),state", *rows]))
    text = run_here("fit", "resistance", tmp_path / "loop.csv").stdout
    assert told in text
    assert ("check the units" in text) == bool(told)


def test_the_minus_of_a_spreadsheet_is_read(tmp_path):
    (tmp_path / "states.csv").write_text(
        "V (V), R (Ohm), state\n\N{MINUS SIGN}0.2, 36.04, P\n0.2, 36e\N{MINUS SIGN}0, P\n"
    )
    data = read_measured(tmp_path / "states.csv", "resistance")
    np.testing.assert_array_equal(data["voltage"], [-0.2, 0.2])
    np.testing.assert_array_equal(data["resistance"], [36.04, 36.0])
