"""Real ngspice against the Python model, and what happens when it fails."""

import gc
import math
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from PySpice.Spice.Netlist import Circuit, SubCircuit
from scipy import stats

from compact_model import (
    Current,
    GaussianWell,
    InputError,
    Sine,
    Voltage,
    antiparallel_share,
    conductance,
    lequeux2016,
    pulses,
    random_track,
    resistance,
    simulate_ensemble,
    single_well,
)
from compact_model import simulate as simulate_in_python
from compact_model.constants import BOLTZMANN_CONSTANT
from compact_model.device.published import lequeux2016_track
from compact_model.drive import Drive
from spice import DomainWallJunction, SimulatorError, SimulatorMissing, crosscheck, export, run_netlist
from spice import simulate as simulate_in_ngspice
from spice.crosschecks import CHAOTIC
from spice.netlists.ngspice_model import NetlistDevice, subcircuit
from spice.ngspice import installation, library
from spice.ngspice.raw_file import read_raw

pytestmark = pytest.mark.usefixtures("ngspice")
BACKENDS = ("library", "process")


@dataclass
class Case:
    """One device under one drive; at T = 0."""

    drive: Drive
    position: float
    duration: float
    net_field: float = 0.0
    landscape: str = "well"
    changes: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)  # of ngspice, in place of the recommended ones


def pulse(amplitude, width):
    return pulses([amplitude], width=width, period=1e-3)


CASES = {
    "current pulse in a well": Case(Current(pulse(2e-3, 10e-9)), 550e-9, 100e-9),
    "voltage pulse in a well": Case(Voltage(pulse(0.06, 10e-9)), 550e-9, 100e-9),
    "hard-well exit": Case(Current(pulse(4e-3, 20e-9)), 500e-9, 40e-9),
    "ring-down for 1 us": Case(Current.of(0.0), 560e-9, 1e-6),
    "Walker precession": Case(Current.of(1e-3), 700e-9, 1e-6, net_field=20e-4),
    "sine current": Case(Current(Sine(1e-3, 50e6)), 500e-9, 200e-9),
    "sine voltage": Case(Voltage(Sine(0.04, 80e6, 0.005)), 520e-9, 200e-9),
    "many-well track": Case(Current(pulse(6e-3, 3e-9)), 426.7e-9, 60e-9, landscape="many"),
    "Gaussian well": Case(Current(pulse(3e-3, 5e-9)), 500e-9, 60e-9, landscape="gaussian"),
    "many Gaussian wells": Case(Current(pulse(6e-3, 3e-9)), 560e-9, 60e-9, landscape="many gaussian"),
    "P end of the track": Case(Current(pulse(5e-3, 20e-9)), 900e-9, 60e-9),
    "AP end of the track": Case(Current(pulse(-5e-3, 20e-9)), 100e-9, 60e-9),
    "torques by the current": Case(
        Current(pulse(4e-3, 5e-9)), 500e-9, 60e-9, changes={"torque_density": "current", "field_like_quadratic": 0.01}
    ),
    "fourth-order anisotropy": Case(
        Current(pulse(3e-3, 5e-9)), 500e-9, 60e-9, changes={"fourth_order_anisotropy_field": -20e-4}
    ),
    "anisotropy by the voltage": Case(
        Voltage(pulse(0.12, 5e-9)),
        500e-9,
        60e-9,
        changes={"anisotropy_field_per_volt": 60e-4, "perpendicular_anisotropy_per_volt": -1.5},
    ),
    "anisotropy by the voltage, torques by the current": Case(
        Current(pulse(3e-3, 5e-9)),
        500e-9,
        60e-9,
        changes={
            "torque_density": "current",
            "anisotropy_field_per_volt": -60e-4,
            "perpendicular_anisotropy_per_volt": 1.5,
        },
    ),
    "in-plane field": Case(
        Voltage(Sine(0.04, 80e6, 0.005)), 520e-9, 100e-9, changes={"in_plane_field_x": 6e-4, "in_plane_field_y": -9e-4}
    ),
    "DMI and Oersted field": Case(
        Current(pulse(3e-3, 5e-9)), 500e-9, 60e-9, changes={"interfacial_dmi": 1.2e-5, "oersted_field_ratio": -0.4}
    ),
    "force of a varying anisotropy": Case(
        Current(pulse(6e-3, 3e-9)),
        426.7e-9,
        60e-9,
        landscape="many",
        changes={"anisotropy_gradient_force": 1.0},
        # Differences grow by 90: with 1e-6, starts 0.01 pm apart give 0.02 to 0.2 nm.
        options={"relative_tolerance": 1e-7},
    ),
    "all further terms on many wells": Case(
        Current(pulse(6e-3, 3e-9)),
        426.7e-9,
        40e-9,
        landscape="many gaussian",
        changes={
            "fourth_order_anisotropy_field": 10e-4,
            "anisotropy_field_per_volt": 40e-4,
            "perpendicular_anisotropy_per_volt": 0.5,
            "in_plane_field_x": 3e-4,
            "in_plane_field_y": 4e-4,
            "interfacial_dmi": -1e-5,
            "oersted_field_ratio": 0.5,
            "anisotropy_gradient_force": 0.7,
        },
    ),
    "P from the TMR, no bias dependence": Case(
        Voltage(pulse(0.05, 5e-9)), 500e-9, 60e-9, changes={"tmr_half_voltage": math.inf, "spin_polarisation": None}
    ),
}


def landscape_of(case, device):
    if case.landscape == "many":
        return lequeux2016_track(device, 1)
    if case.landscape == "many gaussian":
        return random_track(
            device,
            8,
            seed=3,
            coercive_field=30e-4,
            coercive_field_spread=0.2,
            half_width=40e-9,
            half_width_spread=0.1,
            anisotropy_spread=10e-4,
            kind=GaussianWell,
        )
    kind = {"kind": GaussianWell} if case.landscape == "gaussian" else {}
    return single_well(device, coercive_field=15e-4, half_width=100e-9, **kind)


def compared(case):
    device = lequeux2016().replace(**case.changes)
    return crosscheck(
        device,
        landscape_of(case, device),
        case.drive,
        np.linspace(0.0, case.duration, 401),
        initial_position=case.position,
        initial_angle=0.0,
        external_field=case.net_field - device.stray_field,
        backend="library",
        **case.options,
    )


@pytest.mark.parametrize("name", list(CASES))
def test_the_netlist_agrees_with_the_adaptive_method(name):
    result = compared(CASES[name])
    assert float(result.sensitivity) < CHAOTIC
    assert float(result.position_difference) < 0.1e-9
    assert float(result.resistance_difference) < 0.01
    assert float(result.angle_difference) < 0.01
    # The current is measured in the junction, not computed from x.
    assert float(result.current_difference) < 1e-7


def test_walker_precession_turns_by_over_300_rad():
    assert abs(float(compared(CASES["Walker precession"]).angle[0, -1])) > 300.0


def test_a_strong_sine_in_a_well_is_chaotic_and_says_so():
    # Excluded from the agreement: it amplifies the smallest difference, whatever the simulator.
    result = compared(Case(Current(Sine(3e-3, 20e6)), 500e-9, 1e-6))
    assert float(result.sensitivity) > CHAOTIC


@pytest.fixture(scope="module")
def netlist_of_one(device, paper_well):
    definition = subcircuit(NetlistDevice(device, paper_well))

    def make(body):
        return f"a device\n{definition}{body}\n.end\n"

    return make


@pytest.mark.parametrize("backend", BACKENDS)
def test_op_at_twenty_voltages_is_the_models_resistance(device, netlist_of_one, backend):
    for voltage in np.linspace(-0.8, 0.9, 20):
        body = f"V1 a 0 {float(voltage)!r}\nX1 a 0 x phi dwmtj x0=370 hz=0\n.op\n"
        plot = run_netlist(netlist_of_one(body), backend=backend)[-1]
        assert plot.analysis == "op"
        current = -float(plot.vectors["v1#branch"][0])
        assert voltage / current == pytest.approx(float(resistance(device, 370e-9, voltage)), rel=1e-9)
        assert float(plot.vectors["x"][0]) == pytest.approx(370.0, abs=1e-9)


def test_dc_sweeps_at_the_given_state(device, netlist_of_one):
    body = "V1 a 0 0\nX1 a 0 x phi dwmtj x0=250 phi0=0.3\n.dc V1 -0.5 0.5 0.05\n"
    vectors = run_netlist(netlist_of_one(body))[-1].vectors
    voltage = np.linspace(-0.5, 0.5, 21)
    expected = voltage * conductance(device, antiparallel_share(device, 250e-9), voltage)
    assert -vectors["v1#branch"] == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert vectors["phi"] == pytest.approx(np.full(21, 0.3), abs=1e-9)


def test_ac_sees_the_slope_of_the_current(device, netlist_of_one):
    body = "V1 a 0 dc 0.3 ac 1\nX1 a 0 x phi dwmtj x0=250\n.ac lin 3 1k 1meg\n"
    vectors = run_netlist(netlist_of_one(body))[-1].vectors
    share, step = antiparallel_share(device, 250e-9), 1e-5
    low, high = ((0.3 + s) * float(conductance(device, share, 0.3 + s)) for s in (-step, step))
    assert -vectors["v1#branch"].real == pytest.approx(np.full(3, (high - low) / (2.0 * step)), rel=1e-6)


def test_transients_with_and_without_uic_start_at_the_given_state(netlist_of_one):
    ends = []
    for uic in ("", " uic"):
        body = (
            "I1 0 a PULSE(0 2m 1n 1p 1p 10n 1u)\nX1 a 0 x phi dwmtj x0=550 phi0=0.2 hz=0\n"
            f".options method=trap reltol=1e-5 trtol=1\n.tran 0.02n 20n 0 0.02n{uic}\n"
        )
        vectors = run_netlist(netlist_of_one(body))[-1].vectors
        time = vectors["time"]
        for name, value in (("x", 550.0), ("phi", 0.2)):
            slope = (vectors[name][1] - vectors[name][0]) / (time[1] - time[0])
            assert vectors[name][0] - slope * time[0] == pytest.approx(value, abs=1e-6)  # with uic, a step after 0
        ends.append(vectors["x"][-1])
    assert ends[0] == pytest.approx(ends[1], abs=1e-3)


def test_an_override_is_the_same_as_another_device(device, paper_well):
    changed = device.replace(
        anisotropy_field=50e-4, saturation_magnetisation=1.2e6, damping=0.01, tmr=1.2, parallel_resistance=50.0
    )
    times = np.linspace(0.0, 30e-9, 61)
    drive = Current(pulse(3e-3, 5e-9))
    expected = simulate_in_python(
        changed,
        single_well(changed, coercive_field=20e-4, half_width=80e-9, centre=480e-9),
        drive,
        times,
        initial_position=500e-9,
        initial_angle=0.0,
        external_field=-device.stray_field,
    )
    circuit = Circuit("overrides")
    overrides = {"hk": 50e-4, "ms": 1.2e6, "alpha": 0.01, "tmr": 1.2, "rp": 50.0, "hc": 20e-4, "xc": 80.0, "xs": 480.0}
    DomainWallJunction(device, paper_well).connect(circuit, "1", "a", circuit.gnd, x0=500.0, hz=0.0, **overrides)
    from spice import source_value

    circuit.I("1", circuit.gnd, "a", source_value(drive, device, 0.0, 30e-9))
    found = simulate_in_ngspice(circuit, times).sel(device="X1")
    assert np.abs(found.position - expected.position).max() < 0.1e-9
    steady = np.abs(times - 5e-9) > 1e-12
    assert np.abs(found.resistance - expected.resistance)[steady].max() < 0.01


def two_devices(device, paper_well, times, **options):
    circuit = Circuit("two temperatures")
    junction = DomainWallJunction(device, paper_well)
    junction.connect(circuit, "cold", "a", circuit.gnd, hz=0.0, x0=520.0)
    junction.connect(circuit, "warm", "a", circuit.gnd, hz=0.0, x0=520.0, temperature=300.0, seed=1)
    junction.connect(circuit, "hot", "a", circuit.gnd, hz=0.0, x0=520.0, temperature=400.0, seed=2)
    junction.connect(circuit, "twin", "a", circuit.gnd, hz=0.0, x0=520.0, temperature=300.0, seed=1)
    circuit.V("1", "a", circuit.gnd, 0.01)
    return simulate_in_ngspice(circuit, times, **options)


def test_instances_have_their_own_temperature_and_seed(device, paper_well):
    times = np.linspace(0.0, 20e-9, 41)
    first = two_devices(device, paper_well, times)
    again = two_devices(device, paper_well, times)
    assert np.array_equal(first.position, again.position)
    reference = simulate_in_python(
        device, paper_well, Voltage.of(0.01), times, initial_position=520e-9, external_field=-device.stray_field
    )
    assert np.abs(first.position.sel(device="Xcold") - reference.position).max() < 0.1e-9
    warm, hot, twin = (first.position.sel(device=f"X{name}") for name in ("warm", "hot", "twin"))
    assert np.abs(warm - twin).max() < 1e-12  # equal but for the round-off of a common matrix
    for one in (warm, hot):
        assert np.abs(one - reference.position).max() > 1e-9
    assert np.abs(warm - hot).max() > 1e-9
    assert first.attrs["step"] == pytest.approx(10e-12)


def test_thermal_walls_are_distributed_as_those_of_the_stochastic_heun(device):
    # A stiff well that no wall leaves; the walls have time for several periods.  Each has a circuit of its own, since a
    # circuit of n walls takes more than n times as long.
    well = single_well(device, coercive_field=60e-4, half_width=100e-9)
    count, times = 100, np.linspace(0.0, 18e-9, 4)
    junction, walls = DomainWallJunction(device, well), []
    for index in range(count):
        circuit = Circuit("one of an ensemble")
        junction.connect(circuit, "1", "a", circuit.gnd, hz=0.0, temperature=300.0, seed=1000 + index)
        circuit.V("1", "a", circuit.gnd, 0.0)
        walls.append(simulate_in_ngspice(circuit, times, maximum_step=20e-12))
    found = {name: np.concatenate([wall[name].values for wall in walls]) for name in ("position", "angle")}
    expected = simulate_ensemble(
        device,
        well,
        Voltage.of(0.0),
        times,
        devices=2000,
        external_field=-device.stray_field,
        temperature=300.0,
        seed=7,
    )
    for name in ("position", "angle"):
        for moment in (1, 2, 3):
            test = stats.ks_2samp(found[name][:, moment], expected[name].values[:, moment])
            assert test.pvalue > 1e-3, (name, moment)
    # The hash behind the noise has no memory between seeds: neighbours are uncorrelated, within four standard errors.
    last = found["position"][:, -1]
    assert abs(np.corrcoef(last[:-1], last[1:])[0, 1]) < 4.0 / np.sqrt(count)
    bound = BOLTZMANN_CONSTANT * 300.0 * 100e-9 / (device.energy_per_field_length * 60e-4)
    assert last.var() < 2.0 * bound


def test_the_noise_is_white_and_normal():
    from spice.netlists.equations import NOISE_FUNCTIONS

    names = {"sin": np.sin, "cos": np.cos, "asin": np.arcsin, "sqrt": np.sqrt, "ln": np.log, "floor": np.floor}
    for name, arguments, value, _ in NOISE_FUNCTIONS:
        names[name] = eval(f"lambda {','.join(arguments)}: {value}", names)
    n = np.arange(200_000.0)
    error = 1.0 / np.sqrt(n.size)
    for seed in (0, 1, 12345):
        samples = names["dw_normal"](n, 0.7, seed)
        assert abs(samples.mean()) < 4.0 * error
        assert abs(samples.var() - 1.0) < 4.0 * np.sqrt(2.0) * error
        assert stats.kstest(samples, "norm").pvalue > 1e-3
        for other in (names["dw_normal"](n, 3.3, seed), names["dw_normal"](n, 0.7, seed + 1), np.roll(samples, 1)):
            assert abs(np.corrcoef(samples, other)[0, 1]) < 4.0 * error
        assert np.array_equal(names["dw_thermal"](n, 0.7, seed), samples)


def test_the_result_is_of_the_kind_that_python_returns(device, paper_well):
    result = two_devices(device, paper_well, np.linspace(0.0, 1e-9, 3))
    reference = simulate_ensemble(device, paper_well, Voltage.of(0.0), [0.0, 1e-9], devices=2)
    shared = set(reference.data_vars) - {"passage_time", "nucleation_time"}
    assert shared <= set(result.data_vars)
    for name in shared:
        assert result[name].dims == reference[name].dims
        assert result[name].attrs == reference[name].attrs
    assert result.device.values.tolist() == ["Xcold", "Xwarm", "Xhot", "Xtwin"]
    assert float(result.node_voltage.sel(node="a")[0]) == pytest.approx(0.01)
    assert result.dwmtj.plot().get_ylabel() == "$x$ (nm)"


ENDLESS = "endless\nV1 a 0 SIN(0 1 1g)\nR1 a b 1\nC1 b 0 1p\n.save b\n.tran 0.001n 1m 0 0.001n uic\n.end\n"
STUCK = (
    "stuck\nB1 0 a I = V(a) < 2.5 ? 1 : 1e9*ln(-V(a))/(V(a)-V(a))\nC1 a 0 1n ic=0\nR1 a 0 1k\n.save a\n"
    ".tran 0.02n 100n 0 0.02n uic\n.end\n"
)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_run_without_end_is_stopped_and_what_was_simulated_is_kept(backend):
    with pytest.raises(SimulatorError, match=r"within 0\.3 s, got none; \d+ points up to .* ns are kept") as caught:
        run_netlist(ENDLESS, backend=backend, time_limit=0.3)
    assert caught.value.partial[-1].vectors["time"].size > 100


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_run_that_does_not_converge_keeps_what_was_simulated(backend):
    with pytest.raises(SimulatorError, match="Timestep too small") as caught:
        run_netlist(STUCK, backend=backend, time_limit=60.0)
    assert caught.value.partial[-1].vectors["a"].max() == pytest.approx(2.5, abs=0.01)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("wrong", ["X1 a 0 nothing", "R1 a 0 {undefined}", "Q1 a"])
def test_a_wrong_netlist_is_never_answered_by_the_circuit_before(netlist_of_one, backend, wrong):
    right = netlist_of_one("V1 a 0 0.1\nX1 a 0 x phi dwmtj\n.op")
    run_netlist(right, backend=backend)
    with pytest.raises(SimulatorError, match="ngspice: "):
        run_netlist(f"wrong\n{wrong}\nV1 a 0 1\n.op\n.end\n", backend=backend, time_limit=60.0)
    assert run_netlist(right, backend=backend)[-1].points == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_netlist_without_an_analysis_says_so(backend):
    with pytest.raises(SimulatorError, match="ask for an analysis"):
        run_netlist("nothing\nR1 a 0 1\n.end\n", backend=backend)


def test_a_circuit_keeps_its_labels_in_what_is_left_of_a_run(device, paper_well):
    circuit = Circuit("too long")
    DomainWallJunction(device, paper_well).connect(circuit, "1", "a", circuit.gnd, hz=0.0)
    circuit.V("1", "a", circuit.gnd, 0.01)
    with pytest.raises(SimulatorError) as caught:
        simulate_in_ngspice(circuit, np.linspace(0.0, 1e-3, 100_001), time_limit=0.5)
    assert 1 < caught.value.partial.sizes["time"] < 100_001
    assert caught.value.partial.device.values.tolist() == ["X1"]


def test_hundreds_of_runs_leave_no_memory_behind(netlist_of_one):
    def resident():
        sizes = []
        for process in ("self", library._helper.process.pid):  # ngspice itself is in the helper
            with open(f"/proc/{process}/statm") as file:
                sizes.append(int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
        return np.array(sizes)

    if not os.path.exists("/proc/self/statm"):
        pytest.skip("the resident size is read from /proc")
    body = ".options method=trap\nV1 a 0 0.01\nX1 a 0 x phi dwmtj x0={start}\n.tran 0.02n 0.5n 0 0.02n"
    for index in range(300):
        start = 400.0 + index % 100
        vectors = run_netlist(netlist_of_one(body.format(start=start)), backend="library")[-1].vectors
        assert vectors["x"][0] == pytest.approx(start, abs=1e-9)
        if index == 50:
            gc.collect()
            before, helper = resident(), library._helper
    gc.collect()
    assert library._helper is helper
    # 5 kB a run; one that is not removed leaves 200 kB with its circuit, 28 kB with its plots.
    assert np.all(resident() - before < 249 * 5_000)


def test_a_crash_of_the_process_is_an_error_and_not_an_end(tmp_path, monkeypatch):
    crashing = tmp_path / "ngspice"
    crashing.write_text('#!/bin/sh\n[ "$1" = -v ] && { echo "** ngspice-39 :"; exit 0; }\nkill -SEGV $$\n')
    crashing.chmod(0o755)
    monkeypatch.setenv(installation.PROGRAM_VARIABLE, str(crashing))
    with pytest.raises(SimulatorError, match="crashed with signal 11"):
        run_netlist("t\nR1 a 0 1\n.op\n.end\n", backend="process")


def test_an_old_or_a_missing_ngspice_is_named(tmp_path, monkeypatch):
    old = tmp_path / "ngspice"
    old.write_text('#!/bin/sh\necho "** ngspice-31 :"\n')
    old.chmod(0o755)
    monkeypatch.setenv(installation.PROGRAM_VARIABLE, str(old))
    with pytest.raises(SimulatorMissing, match="expected version 39 or newer, got version 31"):
        run_netlist("t\nR1 a 0 1\n.op\n.end\n", backend="process")
    monkeypatch.setenv(installation.PROGRAM_VARIABLE, str(tmp_path / "none"))
    with pytest.raises(SimulatorMissing, match="apt-get install ngspice"):
        run_netlist("t\nR1 a 0 1\n.op\n.end\n", backend="process")


def test_where_the_library_does_not_load_the_process_answers(tmp_path):
    broken = tmp_path / "libngspice.so"
    broken.write_bytes(b"no library")
    code = (
        "from spice import run_netlist, SimulatorMissing\n"
        "netlist = 't\\nV1 a 0 1\\nR1 a 0 2\\n.op\\n.end\\n'\n"
        "print(run_netlist(netlist)[-1].vectors['a'][0])\n"
        "try:\n    run_netlist(netlist, backend='library')\n"
        "except SimulatorMissing as error:\n    print(error)\n"
    )
    environment = os.environ | {installation.LIBRARY_VARIABLE: str(broken)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.startswith("1.0\nngspice: expected a library that loads")


def test_a_raw_file_that_was_cut_short_is_named_and_read_as_far_as_it_goes(netlist_of_one, tmp_path):
    circuit, raw = tmp_path / "c.cir", tmp_path / "c.raw"
    circuit.write_text(netlist_of_one("V1 a 0 0.01\nX1 a 0 x phi dwmtj\n.save x a\n.tran 0.02n 2n 0 0.02n"))
    subprocess.run([installation.program(), "-n", "-b", circuit, "-r", raw], capture_output=True, check=True)
    whole = read_raw(raw)[-1]
    assert whole.vectors["x"].size > 100
    content = raw.read_bytes()
    raw.write_bytes(content[:-1000])
    with pytest.raises(SimulatorError, match="cut short after") as caught:
        read_raw(raw)
    kept = caught.value.partial[-1].vectors["x"]
    assert np.array_equal(kept, whole.vectors["x"][: kept.size])
    for length in (0, 10, 200):
        raw.write_bytes(content[:length])
        with pytest.raises(SimulatorError, match="expected"):
            read_raw(raw)
        assert read_raw(raw, interrupted=True) == []


def test_the_testbench_runs_as_it_stands(device, paper_well, tmp_path):
    drive = Current(pulse(2e-3, 10e-9))
    file = tmp_path / "bench.cir"
    file.write_text(export(device, paper_well, "ngspice", testbench=(drive, 50e-9, {"x0": 550.0, "hz": 0.0})))
    done = subprocess.run([installation.program(), "-b", file], capture_output=True, text=True, check=True)
    printed = {
        name: float(value)
        for name, _, value in (line.partition("=") for line in done.stdout.splitlines())
        if name.strip() in ("position_nm", "angle_rad")
        for name in [name.strip()]
    }
    expected = simulate_in_python(
        device, paper_well, drive, [0.0, 50e-9], initial_position=550e-9, external_field=-device.stray_field
    )
    assert printed["position_nm"] == pytest.approx(float(expected.position[-1]) * 1e9, abs=1e-3)
    assert printed["angle_rad"] == pytest.approx(float(expected.angle[-1]), abs=1e-4)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"times": [1e-9]}, "times: expected at least two"),
        ({"times": [-1e-9, 1e-9]}, "times: expected at least two"),
        ({"maximum_step": 30e-12}, "maximum_step: expected at most 2.5e-11"),
        ({"maximum_step": -1.0}, "maximum_step"),
        ({"method": "euler"}, "method: expected one of 'trap', 'gear'"),
        ({"backend": "cloud"}, "backend: expected one of"),
        ({"time_limit": 0.0}, "time_limit"),
    ],
)
def test_bad_arguments_are_named(device, paper_well, change, named):
    arguments = {"times": np.linspace(0.0, 1e-9, 3)} | change
    with pytest.raises(InputError, match=named):
        two_devices(device, paper_well, arguments.pop("times"), **arguments)


def test_bad_circuits_are_named(device, paper_well):
    junction = DomainWallJunction(device, paper_well)
    circuit = Circuit("empty")
    circuit.R("1", "a", circuit.gnd, 1)
    with pytest.raises(InputError, match="expected at least one DomainWallJunction"):
        simulate_in_ngspice(circuit, [0.0, 1e-9])
    for label in ("a b", "1\n.control", "", "x;y"):
        with pytest.raises(InputError, match="label: expected"):
            junction.connect(circuit, label, "a", "0")
    with pytest.raises(InputError, match="top: expected"):
        junction.connect(circuit, "1", "time", "0")
    injected = Circuit("title\n.control\nshell touch /tmp/x\n.endc")
    junction.connect(injected, "1", "a", "0")
    with pytest.raises(InputError, match="title of one printable line"):
        simulate_in_ngspice(injected, [0.0, 1e-9])
    raw = Circuit("raw")
    junction.connect(raw, "1", "a", "0")
    raw.raw_spice = "*# shell touch /tmp/x"
    with pytest.raises(InputError, match="would execute"):
        simulate_in_ngspice(raw, [0.0, 1e-9])
    other = DomainWallJunction(device.replace(tmr=2.0), paper_well)
    junction.connect(circuit, "1", "a", "0")
    with pytest.raises(InputError, match="a different name for each kind"):
        other.connect(circuit, "2", "a", "0")


def test_a_spiceinit_in_the_folder_is_not_executed(tmp_path):
    (tmp_path / ".spiceinit").write_text(f"shell touch {tmp_path}/executed\n")
    for backend in BACKENDS:
        run_netlist("t\nV1 a 0 1\nR1 a 0 2\n.op\n.end\n", backend=backend, folder=tmp_path)
    code = "from spice import run_netlist; run_netlist('t\\nV1 a 0 1\\nR1 a 0 2\\n.op\\n.end', backend='library')"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, env=os.environ | {"HOME": str(tmp_path)})
    assert not (tmp_path / "executed").exists()


def test_words_in_a_title_are_not_complaints(netlist_of_one):
    for backend in BACKENDS:
        for title in ("switching aborted by a second pulse", "Error: too small"):
            netlist = netlist_of_one("V1 a 0 0.1\nX1 a 0 x phi dwmtj\n.op").replace("a device", title, 1)
            assert run_netlist(netlist, backend=backend)[-1].points == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_node_without_a_path_to_ground_is_ngspices_own_business(netlist_of_one, backend):
    body = "V1 a 0 0.01\nX1 a 0 x phi dwmtj\nC1 a m 1p\nC2 m 0 1p\n.save v(m)\n.tran 0.02n 1n 0 0.02n"
    assert run_netlist(netlist_of_one(body), backend=backend)[-1].points > 40


def test_odd_circuits_are_read_as_pyspice_means_them(device, paper_well):
    circuit = Circuit("odd")
    junction = DomainWallJunction(device, paper_well)
    junction.connect(circuit, "1", "C", "gnd", hz=0.0, x0=1000.0)
    junction.connect(circuit, "off", "lonely", "0")
    circuit["Xoff"].enabled = False
    circuit.V("1", "C", circuit.gnd, 0.01)
    circuit.R("1", "C", "net-1", 1)
    circuit.R("2", "net-1", circuit.gnd, 1)
    result = simulate_in_ngspice(circuit, [0.0, 1e-9])
    assert result.device.values.tolist() == ["X1"]
    assert float(result.node_voltage.sel(node="c")[-1]) == pytest.approx(0.01)
    assert float(result.position[0, 0]) == pytest.approx(1e-6)


def test_an_analysis_of_the_circuits_own_is_named(device, paper_well):
    junction = DomainWallJunction(device, paper_well)
    circuit = Circuit("own analysis")
    junction.connect(circuit, "1", "a", "0")
    circuit.raw_spice = ".tran 1n 5n"
    with pytest.raises(InputError, match=r"an analysis of its own: '\.tran 1n 5n'"):
        simulate_in_ngspice(circuit, [0.0, 20e-9])


def test_devices_in_sub_circuits_are_found_by_their_path(device, paper_well):
    # A cell of two devices in series, twice, beside a device of the circuit's own.
    junction = DomainWallJunction(device, paper_well)
    circuit = Circuit("nested")
    junction.add_to(circuit)
    cell = SubCircuit("cell", "p", "n")
    cell.X("1", "dwmtj", "p", "m", "x1", "phi1", x0=520, hz=0)
    cell.X("2", "dwmtj", "m", "n", "x2", "phi2", x0=450, hz=0, temperature=0)
    circuit.subcircuit(cell)
    circuit.X("a", "cell", "top", circuit.gnd)
    circuit.X("b", "cell", circuit.gnd, "top")
    junction.connect(circuit, "own", "top", circuit.gnd, x0=520.0, hz=0.0)
    circuit.V("1", "top", circuit.gnd, 0.1)
    result = simulate_in_ngspice(circuit, np.linspace(0.0, 5e-9, 11))
    assert result.device.values.tolist() == ["xa.x1", "xa.x2", "xb.x1", "xb.x2", "Xown"]
    halves = result.voltage.sel(device=["xa.x1", "xa.x2"]).sum("device")
    assert halves.values == pytest.approx(np.full(11, 0.1), abs=1e-6)
    up, down = (result.sel(device=name) for name in ("xa.x1", "xb.x1"))
    assert float(up.current[-1]) > 0.0 > float(down.current[-1])
    assert float(up.position[-1]) > 520e-9 > float(down.position[-1])
    alone = simulate_in_python(
        device,
        paper_well,
        Voltage.of(0.1),
        result.time.values,
        initial_position=520e-9,
        external_field=-device.stray_field,
    )
    assert np.abs(result.position.sel(device="Xown") - alone.position).max() < 0.1e-9


def test_instances_without_a_seed_are_independent(device, paper_well):
    circuit = Circuit("seeds")
    junction = DomainWallJunction(device, paper_well)
    for label in ("1", "2"):
        junction.connect(circuit, label, "a", "0", hz=0.0, temperature=300.0)
    circuit.V("1", "a", circuit.gnd, 0.01)
    end = simulate_in_ngspice(circuit, [0.0, 5e-9]).position.values[:, -1]
    assert abs(end[0] - end[1]) > 1e-10


def test_a_crosscheck_starts_at_zero_and_sees_a_pulse_that_ends_at_the_end(device, paper_well):
    with pytest.raises(InputError, match="expected a start at 0 s"):
        crosscheck(device, paper_well, Current.of(1e-3), [1e-9, 2e-9])
    result = crosscheck(
        device,
        paper_well,
        Current(pulse(4e-3, 20e-9)),
        np.linspace(0.0, 20e-9, 201),
        external_field=-device.stray_field,
    )
    assert float(result.current_difference) < 1e-7
    assert float(result.resistance_difference) < 0.01


def test_a_helper_ends_with_the_python_that_asked(netlist_of_one):
    code = f"from spice import run_netlist\nrun_netlist({ENDLESS!r}, backend='library')\n"
    asker = subprocess.Popen([sys.executable, "-c", code])
    try:
        helper = 0
        for _ in range(300):
            time.sleep(0.1)
            found = subprocess.run(["pgrep", "-P", str(asker.pid)], capture_output=True, text=True).stdout.split()
            if found:
                helper = int(found[0])
                break
        assert helper
        time.sleep(2.0)  # in the simulation by now
    finally:
        asker.kill()
        asker.wait()
    for _ in range(100):
        if not os.path.exists(f"/proc/{helper}"):
            return
        time.sleep(0.1)
    pytest.fail("the helper went on for 10 s")


def test_an_impossible_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="folder: expected an existing folder"):
        run_netlist("t\n.end", folder=tmp_path / "none")


@pytest.mark.parametrize(
    ("system", "program", "library"),
    [
        ("Windows", "env/Library/bin/ngspice.exe", "env/Library/bin/ngspice.dll"),
        ("Windows", "programs/Spice64/bin/ngspice_con.exe", "programs/Spice64_dll/dll-vs/ngspice.dll"),
        ("Windows", "drive/Spice64/bin/ngspice_con.exe", "drive/Spice64_dll/dll-mingw/libngspice-0.dll"),
        ("Darwin", "brew/bin/ngspice", "brew/opt/libngspice/lib/libngspice.dylib"),
        ("Darwin", "brew/bin/ngspice", "brew/lib/libngspice.0.dylib"),
        ("Darwin", "env/bin/ngspice", "env/lib/libngspice.dylib"),
        ("Linux", "brew/bin/ngspice", "brew/lib/aarch64-linux-gnu/libngspice.so.0"),
        ("Linux", "env/bin/ngspice", "env/lib64/libngspice.so"),
    ],
)
def test_program_and_library_are_found_where_each_system_has_them(tmp_path, monkeypatch, system, program, library):
    for name in (program, library):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    for variable in (installation.PROGRAM_VARIABLE, installation.LIBRARY_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path / "env"))
    monkeypatch.setenv("SYSTEMDRIVE", str(tmp_path / "drive"))
    monkeypatch.setenv("PROGRAMFILES", str(tmp_path / "programs"))
    monkeypatch.setattr(installation, "_system", lambda: system)
    monkeypatch.setattr(installation, "_UNIX_PREFIXES", (tmp_path / "brew",))
    monkeypatch.setattr(installation.sys, "prefix", str(tmp_path / "python"))
    assert installation.find_program() == tmp_path / program
    assert installation.find_library() == tmp_path / library
