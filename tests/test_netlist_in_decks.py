"""What designers do to the exported sub-circuit and module in decks of their own; the right values are ngspice's own.

A base deck, one junction under a pulse, has been run in ngspice and in Python: x(50 ns) = 556.812 nm.
"""

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PySpice.Spice.Netlist import Circuit
from PySpice.Unit import u_A, u_Degree, u_K, u_mA, u_nm, u_V
from scipy.optimize import brentq
from verilog_a_tools import compile_module, newer_ngspice

from compact_model import InputError, PiecewiseLinear, Voltage, antiparallel_share, conductance
from compact_model import simulate as simulate_in_python
from spice import DomainWallJunction, export, run_netlist, simulate
from spice.ngspice import installation
from spice.ngspice.guard import check_netlist
from spice.ngspice.raw_file import read_raw

pytestmark = pytest.mark.usefixtures("ngspice")
ONE, FIVE = (f"I1 0 top PULSE(0 {amplitude} 1n 10p 10p 10n 100n)" for amplitude in ("2m", "10m"))
PLAIN = "X1 top 0 x phi dwmtj x0=550 hz=0"
OTHERS = "\n".join(f"X{index} top 0 x{index} phi{index} dwmtj x0=550 hz=0" for index in (2, 3, 4, 5))


@pytest.fixture(params=["installed", "newer"])
def program(request):
    return installation.program() if request.param == "installed" else newer_ngspice()


@pytest.fixture(scope="module")
def definition(device, paper_well):
    return export(device, paper_well, "ngspice")


def measured(program, folder, deck):
    """What a deck prints, by name."""
    (folder / "deck.cir").write_text(deck)
    done = subprocess.run(
        [program, "-n", "-b", "deck.cir"], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    return {name: float(value) for name, value in re.findall(r"^(\w+) += +(\S+)$", done.stdout, re.MULTILINE)}


def transient(definition, body, uic=""):
    return (
        f"deck\n{definition}{body}\n.options method=trap reltol=1e-8 trtol=1\n.tran 0.02n 50n 0 0.02n {uic}\n"
        ".meas tran x_end FIND v(x) AT=50n\n.meas tran x_20 FIND v(x) AT=20n\n.meas tran v_5 FIND v(top) AT=5n\n.end\n"
    )


DECKS = {
    "as it is": f"{ONE}\n{PLAIN}",
    "five instances": f"{FIVE}\n{PLAIN}\n{OTHERS}",
    "m=5": f"{FIVE}\n{PLAIN} m=5",
    "a cell with m=5": f"{FIVE}\n.subckt cell a b y\nX1 a b y p dwmtj x0=550 hz=0\n.ends\nXc top 0 x cell m=5",
    "grounded state pins beside it": f"{FIVE.replace('10m', '4m')}\n{PLAIN}\nX2 top 0 0 0 dwmtj x0=550 hz=0",
    "shared state pins": f"{FIVE.replace('10m', '4m')}\n{PLAIN}\nX2 top 0 x phi dwmtj x0=550 hz=0",
    "loaded state pins": f"{ONE}\n{PLAIN}\nR1 x 0 1k\nC1 x 0 1p\nR2 phi 0 1k",
    "lengths in metres": f"{ONE}\nX1 top 0 x phi dwmtj x0=550n length=1u xs=500n hz=0",
    "usual names made global": f".global torque along about bias moving x0 bottom position angle wall\n{ONE}\n{PLAIN}",
}


@pytest.mark.parametrize("name", list(DECKS))
def test_what_is_done_around_a_junction_does_not_move_its_wall(program, definition, tmp_path, name):
    found = measured(program, tmp_path, transient(definition, DECKS[name]))
    assert found["x_end"] == pytest.approx(556.812, abs=1e-3)
    assert found["x_20"] == pytest.approx(537.217, abs=1e-3)
    assert found["v_5"] == pytest.approx(0.08723, abs=1e-5)


def test_cshunt_is_a_capacitor_on_the_terminals_alone(program, definition, tmp_path):
    body = f"{ONE}\n{PLAIN}"
    explicit = measured(program, tmp_path, transient(definition, f"{body}\nCtop top 0 1p"))
    shunted = measured(program, tmp_path, transient(definition, f"{body}\n.options cshunt=1e-12"))
    assert shunted["x_end"] == pytest.approx(explicit["x_end"], abs=1e-3)


def test_noise_is_that_of_the_junctions_resistance(program, device, definition, tmp_path):
    share = antiparallel_share(device, 550e-9)
    for current, kelvin, count in ((0.0, 300.15, 1), (1e-3, 358.15, 2)):

        def through(volts):
            return volts * float(conductance(device, share, volts))

        volts = brentq(lambda v: through(v) - current / count, -0.1, 0.2)  # noqa: B023
        slope = count * (through(volts + 1e-6) - through(volts - 1e-6)) / 2e-6
        expected = np.sqrt(4.0 * 1.380649e-23 * kelvin * count * float(conductance(device, share, volts))) / slope
        deck = (
            f"noise\n{definition}I1 0 top DC {current!r} AC 1\n{PLAIN} m={count}\n.temp {kelvin - 273.15}\n"
            ".noise v(top) I1 dec 1 1k 1k\n.print noise onoise_spectrum\n.end\n"
        )
        (tmp_path / "noise.cir").write_text(deck)
        said = subprocess.run(
            [program, "-n", "-b", "noise.cir"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
        ).stdout
        density = float(re.findall(r"^0\s+1.0+e\+03\s+(\S+)", said, re.MULTILINE)[0])
        assert density == pytest.approx(expected, rel=1e-5)


def test_the_circuits_temperature_counts_where_it_is_asked_for(program, definition, tmp_path):
    def end(values, temp):
        return measured(program, tmp_path, transient(definition, f"{ONE}\n{PLAIN} seed=7 {values}\n.temp {temp}"))[
            "x_end"
        ]

    warm = end("temperature=358.15", 27)
    assert end("ambient=1", 85) == pytest.approx(warm, abs=1e-3)
    assert end("temperature=58 ambient=1", 27) == pytest.approx(warm, abs=1e-3)
    assert end("", 85) == pytest.approx(556.812, abs=1e-3)


def test_noise_of_the_module_is_that_of_the_sub_circuit(device, paper_well, definition, tmp_path):
    compile_module(export(device, paper_well, "verilog-a"), tmp_path)
    found = []
    for before, body in ((definition, f"{PLAIN} m=2"), (".model dw dwmtj\n", "N1 top 0 x phi dw x0=550 hz=0 m=2")):
        deck = (
            f"noise\n{before}I1 0 top DC 1m AC 1\n{body}\n.temp 85\n.control\nset num_threads=1\n"
            f"pre_osdi {tmp_path}/dwmtj.osdi\nnoise v(top) I1 dec 1 1k 1k\nsetplot noise1\nprint onoise_spectrum\n"
            ".endc\n.end\n"
        )
        found.append(measured(newer_ngspice(), tmp_path, deck)["onoise_spectrum"])
    assert found[1] == pytest.approx(found[0], rel=1e-5)
    assert found[0] == pytest.approx(np.sqrt(4.0 * 1.380649e-23 * 358.15 * 0.5 * 46.7), rel=0.05)


OP_AMP = (Path(__file__).parent / "data" / "op_amp.cir").read_text()
FEEDBACK = {"integrator": "Cf out minus 1p", "amplifier": "Rf out minus 100k"}


@pytest.mark.parametrize(("feedback", "uic"), [("integrator", ""), ("amplifier", " uic")])
def test_an_op_amp_around_a_junction_runs_with_the_options_of_the_header(
    program, device, paper_well, definition, tmp_path, feedback, uic
):
    (options,) = re.findall(r"Recommended: (\.options .*) and a maximum", " ".join(definition.split("\n* ")))
    (tmp_path / "deck.cir").write_text(
        f"op-amp\n{definition}{OP_AMP}X1 in minus x phi dwmtj x0=550 hz=0\n{FEEDBACK[feedback]}\n{options}\n"
        f".save x in minus\n.tran 0.02n 100n 0 0.02n{uic}\n.end\n"
    )
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [program, "-n", "-b", "deck.cir", "-r", "out.raw"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, env=one_thread, timeout=120)
    found = read_raw(tmp_path / "out.raw")[-1].vectors
    grid = found["time"]
    assert grid[-1] == pytest.approx(100e-9)
    apart = np.append(True, np.diff(grid) > 1e-14)  # the points on either side of a corner
    drive = Voltage(PiecewiseLinear(tuple(grid[apart]), tuple((found["in"] - found["minus"])[apart])))
    expected = simulate_in_python(
        device, paper_well, drive, grid[apart][::50], initial_position=550e-9, external_field=-device.stray_field
    )
    assert np.abs(found["x"][apart][::50] - 1e9 * expected.position.values).max() < 0.1


OSDI = {
    "as it is": (f"{ONE}\nN1 top 0 x phi dw x0=550 hz=0", "", 556.812),
    "uic": (f"{ONE}\nN1 top 0 x phi dw x0=550 hz=0", "uic", 556.812),
    "m=5": (f"{FIVE}\nN1 top 0 x phi dw x0=550 hz=0 m=5", "", 556.812),
    "lengths in metres": (f"{ONE}\nN1 top 0 x phi dw x0=550n hz=0", "", 556.812),
    "grounded and shared": (
        f"{FIVE}\nN1 top 0 x phi dw x0=550 hz=0 m=3\nN2 top 0 x phi dw x0=550 hz=0\nN3 top 0 0 0 dw x0=550 hz=0",
        "",
        556.812,
    ),
    "300 K": (f"{ONE}\nN1 top 0 x phi dw x0=550 hz=0 temperature=300 seed=7", "", None),
}


@pytest.mark.parametrize("name", list(OSDI))
def test_the_module_does_what_the_sub_circuit_does(device, paper_well, definition, tmp_path, name):
    compile_module(export(device, paper_well, "verilog-a"), tmp_path)
    body, uic, expected = OSDI[name]
    if expected is None:
        own = f"{ONE}\n{PLAIN} temperature=300 seed=7"
        expected = measured(newer_ngspice(), tmp_path, transient(definition, own))["x_end"]
    deck = transient(".model dw dwmtj\n", body, uic)
    measures = "\n".join(re.findall(r"^\.(meas.*)$", deck, re.MULTILINE))
    deck = re.sub(r"^\.meas.*\n", "", deck, flags=re.MULTILINE)
    control = f".control\nset num_threads=1\npre_osdi {tmp_path}/dwmtj.osdi\nrun\n{measures}\n.endc\n.end\n"
    found = measured(newer_ngspice(), tmp_path, deck.replace(".end\n", control))
    assert found["x_end"] == pytest.approx(expected, abs=2e-3 if "300" not in name else 0.1)


def circuit_of(device, paper_well, current, **values):
    circuit = Circuit("units")
    DomainWallJunction(device, paper_well).connect(circuit, "1", "a", circuit.gnd, hz=0.0, **values)
    circuit.I("1", circuit.gnd, "a", current)
    return circuit


def test_values_with_a_unit_are_converted(device, paper_well):
    ends = [
        float(simulate(circuit_of(device, paper_well, current, x0=x0), [0.0, 5e-9]).position[0, -1])
        for current, x0 in ((0.002, 550), (0.002 @ u_A, 550 @ u_nm), (2 @ u_mA, 550.0))
    ]
    assert ends[1:] == pytest.approx([ends[0]] * 2, abs=1e-15)
    assert "0.002A" not in str(ends)
    values = DomainWallJunction(device, paper_well).device.instance_values
    assert values({"temperature": 27 @ u_Degree})["temperature"] == pytest.approx(300.15)
    assert values({"temperature": 300 @ u_K})["temperature"] == 300.0


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"x0": 550e-9}, "x0: expected a plain number in nm, got 5.5e-07, which only m can mean; write 550"),
        ({"x0": 1 @ u_V}, "x0: expected a plain number in nm, got 1"),
        ({"alpha": 1 @ u_nm}, "alpha: expected a plain number without a unit"),
        ({"ts": 5e-11}, "write 0.05"),
        ({"m": 0}, "m: expected a number above 0"),
    ],
)
def test_what_has_another_unit_is_refused_by_name(device, paper_well, values, named):
    with pytest.raises(InputError, match=named):
        circuit_of(device, paper_well, 0.0, **values)


def test_labels_that_differ_by_case_alone_are_refused(device, paper_well):
    circuit = Circuit("cases")
    junction = DomainWallJunction(device, paper_well)
    junction.connect(circuit, "A", "a", "0")
    with pytest.raises(InputError, match=r"label: expected a unique label.*'a' beside 'A'"):
        junction.connect(circuit, "a", "a", "0")


def test_a_relative_folder_is_the_callers_own(tmp_path, monkeypatch):
    for name, ohms in (("first", 1), ("second", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "load.inc").write_text(f"R1 a 0 {ohms}\n")
    for backend in ("library", "process"):
        for name, amperes in (("first", 1.0), ("second", 0.5)):
            monkeypatch.chdir(tmp_path / name)
            netlist = "t\nV1 a 0 1\n.include load.inc\n.op\n.end\n"
            vectors = run_netlist(netlist, backend=backend, folder=".")[-1].vectors
            assert -vectors["v1#branch"][0] == pytest.approx(amperes)


def test_only_lib_names_a_section(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.inc").write_text(".include bare\n")
    (tmp_path / "bare").write_text(".control\nshell touch executed\n.endc\n")
    with pytest.raises(InputError, match="expected an included file that is there, got 'bare'"):
        check_netlist("t\n.include sub/a.inc\n.end\n", folder=tmp_path)
