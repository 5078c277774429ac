"""Fits that simulate the wall, and loops sorted into branches: round trips with noise, and what is refused."""

import json

import numpy as np
import pytest
from processes import run_here

from compact_model import (
    ConvergenceError,
    InputError,
    PiecewiseLinear,
    Voltage,
    conductance,
    current_threshold,
    fit_pulses,
    fit_resistance,
    fit_threshold,
    fit_trace,
    lequeux2016_track,
    notched_device,
    notched_track,
    pulse_train,
    read_measured,
    resistance_loop,
    simulate,
    single_well,
    static_current_threshold,
)
from compact_model.fitting.branches import loop_states

OFFSETS = np.array([2.0, 4.0, 8.0, 14.0, 22.0]) * 1e-4
TIMES = np.linspace(0.0, 100e-9, 101)
PULSE = np.where((TIMES > 5e-9) & (TIMES < 15e-9), 0.06, 0.0)
FITS = 4
RATE = 4e17  # A/(m2 s): four times the paper's, to simulate a quarter of the time


def pulls_of(results, truth):
    """Distances from the truth in standard errors; their means and spreads are those of a normal distribution."""
    pulls = np.array([(np.array(found.values) - truth) / found.standard_errors for found in results])
    assert np.abs(pulls.mean(axis=0)).max() < 4.0 / np.sqrt(len(pulls))
    assert np.abs(pulls.std(axis=0) - 1.0).max() < 4.0 / np.sqrt(2.0 * len(pulls))
    assert np.abs(pulls).max() < 4.0
    return pulls


@pytest.fixture(scope="module")
def ramps(device):
    return current_threshold(device, OFFSETS, ramp_rate=RATE, method="adaptive").threshold.values[:, 0]


@pytest.fixture(scope="module")
def ringing(device, paper_well):
    drive = Voltage(PiecewiseLinear(tuple(TIMES), tuple(PULSE)))
    return simulate(device, paper_well, drive, TIMES, external_field=85e-4)


@pytest.fixture(scope="module")
def weak(device):
    """A device with no pinning, and data of two trains of short pulses, without noise."""
    damped = device.replace(damping=0.04)
    track = single_well(damped, coercive_field=0.0, half_width=100e-9)
    runs = [
        pulse_train(damped, track, train, width=1e-9, period=200e-9, external_field=85e-4, initial_position=2e-7)
        for train in ([0.02] * 4 + [-0.02] * 4, [0.06] * 3 + [-0.06] * 3)
    ]
    data = {
        "train": ["a"] * 8 + ["b"] * 6,
        "voltage": np.concatenate([run.amplitude.values for run in runs]),
        "width": np.full(14, 1e-9),
        "period": np.full(14, 200e-9),
        "resistance": np.concatenate([run.resistance.values[0] for run in runs]),
        "initial_position": np.full(14, 2e-7),
    }
    return damped, track, data


def test_thresholds_of_ramps_give_the_device_back_without_the_overshoot(device, ramps):
    start = device.replace(anisotropy_field=40e-4, spin_polarisation=0.5)
    data = {"offset": OFFSETS, "threshold": ramps}
    found = fit_threshold(start, data, ramp_rate=RATE)
    assert found.values == pytest.approx((30e-4, device.polarisation), rel=1e-4)
    assert found.dataset.attrs["ramp_rate"] == RATE
    assert fit_threshold(start, data).values[0] > 34e-4


def test_errors_of_ramps_are_honest(device, ramps):
    random = np.random.default_rng(1)
    sigma = 0.02 * ramps
    results = [
        fit_threshold(
            device.replace(anisotropy_field=33e-4),
            {
                "offset": OFFSETS[::2],
                "threshold": (ramps + sigma * random.normal(size=5))[::2],
                "standard_deviation": sigma[::2],
            },
            "anisotropy_field",
            ramp_rate=RATE,
        )
        for _ in range(4)
    ]
    pulls_of(results, [30e-4])


def test_ramps_that_the_model_does_not_describe_have_no_small_errors(device):
    offsets = np.array([1.0, 3.0, 8.0, 20.0]) * 1e-4
    static = static_current_threshold(device.replace(anisotropy_field=50e-4, spin_polarisation=0.37), offsets)
    data = {"offset": offsets, "threshold": static, "standard_deviation": 0.01 * static}
    found = fit_threshold(device, data, ramp_rate=RATE)
    assert not found.described
    assert found.notes[0].startswith("the model does not describe the data: reduced chi-square")
    assert (np.array(found.standard_errors) > 0.01 * np.array(found.values)).all()


def test_ramps_that_cannot_be_simulated_are_refused(device, ramps):
    data = {"offset": OFFSETS, "threshold": ramps}
    for changes, message in (
        ({"ramp_rate": 1e10}, r"ramp_rate: expected at least .* A/cm2/ns\), with which a ramp takes 0.0001 s"),
        ({"ramp_rate": 1e17, "coercive_field": 10e-4}, "offset: expected below 2 H_c = 0.002 T"),
        ({"ramp_rate": 1e17, "half_width": 9e-7}, "half_width: expected a well that fits"),
        ({"ramp_rate": 0.0}, "ramp_rate: expected a number above 0"),
    ):
        with pytest.raises(InputError, match=message):
            fit_threshold(device, data, **changes)


def test_loops_at_300_kelvin_are_sorted_and_give_the_device_back(device):
    tracks = [lequeux2016_track(device, seed) for seed in range(9)]
    # Loops that reach both states and whose levels stand apart from them; docs/fitting.md says how many do not.
    loop = resistance_loop(device, tracks, temperature=300.0, external_field=85e-4, seed=7, amplitude=7e-3)
    random = np.random.default_rng(2)
    start = device.replace(parallel_resistance=100.0, tmr=0.3, tmr_half_voltage=np.inf)
    bias = loop.current.values
    results = []
    for ohms in loop.resistance.values:
        noisy = ohms + 0.4 * random.normal(size=ohms.size)
        results.append(fit_resistance(start, {"current": bias, "resistance": noisy}))
    pulls_of(results, [36.0, 0.95, 0.5])
    # The true share f of each point of the last loop: levels a tenth of the track from either end are in neither state.
    bound = 0.95 / (1.0 + (bias * ohms / 0.5) ** 2)
    share = (1.0 - 36.0 / ohms) * (1.0 + bound) / bound
    states = loop_states(bias * noisy, noisy)
    assert set(states[(share > 0.1) & (share < 0.9)]) == {""}
    assert (states[share > 0.999] == "AP").mean() > 0.8
    assert f"{(states == '').sum()} between them left out" in results[-1].table()
    assert results[-1].dataset.sizes["point_left_out"] == (states == "").sum()
    results[-1].dataset.dwmtj.plot()


def test_a_loop_with_levels_that_reach_both_states_by_voltage_is_sorted(device):
    volts = np.concatenate([np.linspace(0, 0.3, 40), np.linspace(0.3, -0.3, 80), np.linspace(-0.3, 0, 40)])
    share = np.concatenate([np.full(30, 1.0), np.full(6, 0.6), np.full(60, 0.0), np.full(10, 0.5), np.full(54, 1.0)])
    ohms = 1.0 / conductance(device, share, volts) + 0.2 * np.random.default_rng(3).normal(size=160)
    states = loop_states(volts, ohms)
    # Three standard deviations leave out 0.3 % of the points, and runs of less than three with them.
    assert (states[share == 0.0] == "P").sum() >= 54
    assert (states[share == 1.0] == "AP").sum() >= 76
    assert set(states[(share > 0.0) & (share < 1.0)]) == {""}


@pytest.mark.parametrize(
    ("ohms", "message"),
    [
        (np.full(40, 36.0), "data: expected a loop with at least 4 points in the"),
        ([36.0, 70.0, 50.0], "data: expected a loop with at least 4 points in the"),
        (np.linspace(36.0, 70.0, 40), "data: expected a loop with at least 4 points in the"),
    ],
)
def test_what_is_no_loop_is_refused(device, ohms, message):
    with pytest.raises(InputError, match=message):
        fit_resistance(device, {"voltage": np.linspace(-0.3, 0.3, len(ohms)), "resistance": ohms})


def test_a_trace_gives_the_device_back_from_far_away(device, paper_well, ringing):
    start = device.replace(anisotropy_field=55e-4, damping=0.012, spin_polarisation=0.25)
    data = {"time": TIMES, "voltage": PULSE, "resistance": ringing.resistance.values}
    found = fit_trace(start, paper_well, data)
    assert found.values == pytest.approx((30e-4, 0.005, device.polarisation), rel=1e-3)
    assert found.landscape == paper_well
    found.dataset.dwmtj.plot()


@pytest.mark.parametrize(("response", "sigma"), [("resistance", 0.05), ("position", 3e-9)])
def test_errors_of_traces_are_honest(device, paper_well, ringing, response, sigma):
    random = np.random.default_rng(4)
    start = device.replace(anisotropy_field=33e-4, spin_polarisation=0.35)
    results = []
    for _ in range(FITS):
        noisy = ringing[response].values + sigma * random.normal(size=TIMES.size)
        data = {"time": TIMES, "voltage": PULSE, response: noisy, "standard_deviation": np.full(TIMES.size, sigma)}
        results.append(fit_trace(start, paper_well, data, ("anisotropy_field", "spin_polarisation"), starts=4))
    pulls_of(results, [30e-4, device.polarisation])
    reduced = np.mean([found.reduced_chi_square for found in results])
    assert reduced == pytest.approx(1.0, abs=4.0 * np.sqrt(2.0 / 99 / FITS))


def test_errors_of_pulses_are_honest(weak):
    device, track, data = weak
    random = np.random.default_rng(5)
    results = []
    for _ in range(FITS):
        noisy = data["resistance"] + 0.2 * random.normal(size=14)
        start = device.replace(spin_polarisation=0.5)
        results.append(fit_pulses(start, track, data | {"resistance": noisy}, "spin_polarisation", starts=4))
    pulls_of(results, [device.polarisation])


def test_pulses_give_polarisation_and_field_back(weak):
    device, track, data = weak
    found = fit_pulses(device.replace(spin_polarisation=0.6), track, data, starts=8)
    assert found.values == pytest.approx((device.polarisation, 85e-4), rel=1e-4)
    assert found.dataset.attrs["external_field"] == found.values[1]
    found.dataset.dwmtj.plot()


def test_pulses_start_where_the_resistance_says(weak):
    device, track, data = weak
    ohms = 1.0 / conductance(device, (device.track_length - 2e-7) * device.track_width / device.junction_area)
    given = {name: values for name, values in data.items() if name != "initial_position"}
    start = device.replace(spin_polarisation=0.5)
    found = fit_pulses(start, track, given | {"initial_resistance": np.full(14, ohms)}, "spin_polarisation", starts=8)
    assert found.values == pytest.approx((device.polarisation,), rel=1e-4)


def test_what_simulated_data_do_not_determine_is_named(device, paper_well, ringing, weak):
    damped, track, data = weak
    with pytest.raises(
        ConvergenceError, match=r"^spin_polarisation: not determined by these data, which determine only 1"
    ):
        fit_pulses(damped, track, data | {"voltage": np.zeros(14)}, starts=8)
    trace = {"time": TIMES, "voltage": PULSE, "position": ringing.position.values}
    with pytest.raises(ConvergenceError, match=r"^coercive_field, half_width: not determined together"):
        fit_trace(device, paper_well, trace, ("coercive_field", "half_width"), starts=8)
    notched = notched_device()
    sites = notched_track(notched, 1)
    run = pulse_train(notched, sites, np.linspace(0.5, 1.0, 6), width=4e-9, period=400e-9)
    rows = {"voltage": run.amplitude.values, "width": np.full(6, 4e-9), "period": np.full(6, 400e-9)}
    noisy = run.resistance.values[0] + 3.0 * np.random.default_rng(6).normal(size=6)
    with pytest.raises(ConvergenceError, match=r"^spin_polarisation: not determined"):
        fit_pulses(notched.replace(spin_polarisation=0.45), sites, rows | {"resistance": noisy}, "spin_polarisation")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": np.full(14, 190e-9)}, "width: expected less than 0.75 of the period"),
        ({"period": np.full(14, 1e-3)}, r"data: expected at most 300000 rad .*; give shorter periods"),
        ({"voltage": np.full(14, 1e9)}, "data: expected at most 300000 rad"),
        ({"initial_position": np.full(14, 2e-6)}, "initial_position: expected from 0 to the track's 1e-06 m"),
        ({"initial_position": np.linspace(0, 1e-6, 14)}, "initial_position: expected the same value in all rows"),
        ({"initial_resistance": np.full(14, 50.0)}, "data: expected one of 'initial_resistance' or 'initial_position'"),
        ({"train": ["a"] * 4 + ["b"] * 4 + ["a"] * 6}, "train: expected the rows of a train together, got 'a' in two"),
        ({"position": np.full(14, 2e-7)}, "data: expected one of 'resistance' or 'position', got both"),
        ({"resistance": np.full(14, np.nan)}, "resistance: expected finite numbers"),
        ({"voltage": np.ones(3)}, "voltage: expected 14 values, as resistance has, got 3"),
    ],
)
def test_unusable_pulses_are_refused(weak, changes, message):
    device, track, data = weak
    with pytest.raises(InputError, match=message):
        fit_pulses(device, track, data | changes, starts=2)


def test_unusable_traces_and_arguments_are_refused(device, paper_well, ringing, weak):
    data = {"time": TIMES, "voltage": PULSE, "position": ringing.position.values}
    for changes, message in (
        ({"time": TIMES[::-1]}, "time: expected rising values"),
        ({"position": data["position"] + 6e-7}, "position: expected from 0 to the track's 1e-06 m"),
        ({"train": ["a"] * 100 + ["b"]}, "time: expected at least two times in each trace"),
        ({"current": PULSE}, "data: expected one of 'voltage' or 'current', got both"),
    ):
        with pytest.raises(InputError, match=message):
            fit_trace(device, paper_well, data | changes, starts=2)
    short = {name: values[:3] for name, values in data.items()}
    with pytest.raises(InputError, match="data: expected at least 4 points for 3 free parameters"):
        fit_trace(device, paper_well, short, starts=2)
    long = {name: np.resize(values, 100_001) for name, values in data.items()}
    with pytest.raises(InputError, match="data: expected at most 100000 points"):
        fit_trace(device, paper_well, long)
    with pytest.raises(InputError, match="free: expected one of"):
        fit_trace(device, paper_well, data, "tmr")
    with pytest.raises(InputError, match=r"starts: expected at most \d{6} with these data, .*, got 1000000"):
        fit_trace(device, paper_well, data, starts=1_000_000)
    with pytest.raises(InputError, match=r"external_field: expected one .* got a net field of -0.0025 T \(-25 Oe\)"):
        fit_trace(device, paper_well, data, external_field=60e-4)
    with pytest.raises(InputError, match="coercive_field: expected a starting value other than 0"):
        fit_pulses(*weak, "coercive_field")


PULSES = "train, V (V), width (ns), period (ns), R (Ohm), x_0 (nm)\n"


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("pulses", "V (V), width, period (ns), R (Ohm)\n1,1,1,1\n", "column 'width': expected a unit in parentheses"),
        ("pulses", "V (V), period (ns), R (Ohm)\n1,1,1\n", "expected a column 'width', got V, period, R"),
        ("pulses", "V (V), I (mA), width (ns), period (ns), R (Ohm)\n1,1,1,1,1\n", "'V' or 'I', got both"),
        ("pulses", "V (V), width (ns), period (ns)\n1,1,1\n", "expected a column 'R' or 'x', got V, width, period"),
        ("pulses", PULSES + "a, 1, -1, 10, 40, 200\n", "column 'width': expected a number above 0, got '-1'"),
        ("pulses", PULSES + ", 1, 1, 10, 40, 200\n", "column 'train': expected a name, got nothing"),
        ("trace", "t (ns), V (V), x (nm), sigma (Ohm)\n1,1,1,1\n", "column 'sigma': expected a unit of m, um, nm"),
        ("trace", "t (ns), V (V), R (Ohm)\n1,1,nan\n", "column 'R': expected a finite number"),
    ],
)
def test_unusable_files_are_refused(tmp_path, kind, text, message):
    file = tmp_path / "data.csv"
    file.write_text(text)
    with pytest.raises(InputError) as refused:
        read_measured(file, kind)
    assert message in str(refused.value)


def dwmtj(*arguments, expect=0):
    return run_here("fit", *arguments, expect=expect)


def test_the_command_fits_pulses_and_traces(tmp_path, weak, ringing):
    file, figure = tmp_path / "pulses.csv", tmp_path / "fit.png"
    device, _, data = weak
    columns = (data["train"], data["voltage"], data["resistance"])
    rows = [f"{train}, {volts}, 1, 200, {ohms}, 200" for train, volts, ohms in zip(*columns, strict=True)]
    file.write_text(PULSES + "\n".join(rows))
    options = ("--damping", 0.04, "--coercive-field", 0, "--spin-polarisation", 0.5, "--starts", 4)
    answer = json.loads(dwmtj("pulses", file, *options, "--json", "-o", figure).stdout)
    assert answer["fitted"]["spin_polarisation"]["value"] == pytest.approx(device.polarisation, rel=1e-3)
    assert answer["fitted"]["external_field"]["value"] == pytest.approx(85.0, rel=1e-4)
    assert figure.read_bytes().startswith(b"\x89PNG")
    rows = [f"{t * 1e9}, {v}, {x * 1e9}" for t, v, x in zip(TIMES, PULSE, ringing.position.values, strict=True)]
    file.write_text("\n".join(["t (ns), V (V), x (nm)", *rows]))
    text = dwmtj("trace", file, "--anisotropy-field", 40, "--free", "anisotropy_field", "--starts", 8).stdout
    assert text.startswith("anisotropy_field  30 +- ")
    refused = dwmtj("trace", file, "--external-field", 60, expect=2).stderr
    assert "--external-field: expected one under which the first site holds the wall at the start, got" in refused
    assert "(-25 Oe)" in refused
    file.write_text("\n".join(["t (ns), V (V), x (nm)", *reversed(rows)]))
    for arguments, message in (
        (("trace", file), f"{file}: time: expected rising values"),
        (("trace", file, "--state", "P"), "--state: expected only where it has an effect"),
    ):
        refused = dwmtj(*arguments, expect=2).stderr
        assert message in refused
        assert refused.count("\n") == 1


def test_the_command_fits_ramps_and_loops(tmp_path, device, ramps):
    file = tmp_path / "ramps.csv"
    rows = [f"{offset * 1e4}, {value * 1e-4}" for offset, value in zip(OFFSETS, ramps, strict=True)]
    file.write_text("\n".join(["Delta_H (Oe), J_th (A/cm2)", *rows]))
    answer = json.loads(
        dwmtj(
            "threshold", file, "--ramp-rate", 4e4, "--anisotropy-field", 40, "--free", "anisotropy_field", "--json"
        ).stdout
    )
    assert answer["fitted"]["anisotropy_field"]["value"] == pytest.approx(30.0, rel=1e-3)
    refused = dwmtj("threshold", file, "--ramp-rate", 1e4, "--sites", 3, expect=2).stderr
    assert "--sites: expected only where it has an effect" in refused
    volts = np.concatenate([np.linspace(0, 0.3, 40), np.linspace(0.3, -0.3, 80), np.linspace(-0.3, 0, 40)])
    share = np.concatenate([np.full(30, 1.0), np.full(6, 0.6), np.full(60, 0.0), np.full(10, 0.5), np.full(54, 1.0)])
    ohms = 1.0 / conductance(device, share, volts)
    file.write_text("\n".join(["V (V), R (Ohm)", *(f"{v}, {r}" for v, r in zip(volts, ohms, strict=True))]))
    text = dwmtj("resistance", file, "--tmr", 200).stdout
    assert "tmr                  95 +- " in text
    assert "60 of 160 points taken for P, 84 for AP, 16 between them left out" in text
