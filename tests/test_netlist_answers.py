"""What a run of ngspice answers with, whichever way it is run, and cells of PySpice with devices inside."""

import re
import subprocess
import sys

import numpy as np
import pytest
from PySpice.Spice.Netlist import Circuit, SubCircuit, SubCircuitFactory

from compact_model import InputError
from spice import DomainWallJunction, SimulatorError, export, run_netlist, simulate
from spice.netlists.expressions import evaluate
from spice.ngspice.pitfalls import check_pitfalls

pytestmark = pytest.mark.usefixtures("ngspice")
BACKENDS = ("library", "process")

PASSIVE = "V1 a 0 DC 1 AC 1\nR1 a b 1k\nL1 b c 1m\nC1 c 0 1n\nR2 c 0 1k\nI1 0 c 0\n"
ANALYSES = {
    "op": (".op", "op", ["a"]),
    "dc voltage": (".dc V1 0 1 0.5", "dc", ["v-sweep", "a"]),
    "dc current": (".dc I1 0 1m 0.5m", "dc", ["i-sweep", "a"]),
    "dc temperature": (".dc temp 0 50 25", "dc", ["temp-sweep", "a"]),
    "ac": (".ac dec 1 1k 10k", "ac", ["frequency", "a"]),
    "tran": (".tran 1u 10u", "tran", ["time", "a"]),
    "noise": (".noise v(c) V1 dec 1 1k 10k", "noise", ["frequency", "inoise_spectrum"]),
    "tf": (".tf v(c) V1", "tf", ["output_impedance_at_v(c)", "transfer_function"]),
    "pz": (".pz a 0 c 0 vol pz", "pz", ["pole(1)", "pole(2)"]),
    "sens": (".sens v(c)", "sens", ["c1:bv_max"]),
}


@pytest.mark.parametrize("name", list(ANALYSES))
def test_names_and_values_are_those_of_either_backend(name):
    line, analysis, first = ANALYSES[name]
    netlist = f"t\n{PASSIVE}{line}\n.end\n"
    by_library, by_process = (run_netlist(netlist, backend=backend) for backend in BACKENDS)
    assert [plot.analysis for plot in by_library] == [plot.analysis for plot in by_process]
    assert by_library[0].analysis == analysis
    assert list(by_library[0].vectors)[: len(first)] == first
    for one, other in zip(by_library, by_process, strict=True):
        assert list(one.vectors) == list(other.vectors)
        for key, vector in one.vectors.items():
            assert vector.dtype == other.vectors[key].dtype
            assert np.array_equal(vector, other.vectors[key], equal_nan=True), key


MEASURED = """t
.param level=0.4
V1 a 0 PULSE(0 1 1u 1n 1n 5u 10u)
R1 a c 1k
C1 c 0 1n
V2 s 0 SIN(0.5 2 100k)
.ac dec 1 1k 10k
.tran 0.1u 20u 0 0.02u
.meas tran largest MAX v(c)
.meas tran rise TRIG v(c) VAL={level/2} RISE=1 TARG v(c) VAL=level RISE=1
.meas tran never FIND v(c) WHEN v(c)=99
.meas tran twice PARAM='2*largest'
.four 100k v(s)
.end
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_measures_and_fourier_analyses_are_returned(backend):
    quiet, tran = run_netlist(MEASURED, backend=backend)
    assert (quiet.measures, quiet.fourier) == ({}, {})
    assert list(tran.measures) == ["largest", "rise", "never", "twice"]
    assert tran.measures["largest"] == pytest.approx(1.0 - np.exp(-5.0), rel=1e-3)
    assert tran.measures["rise"] == pytest.approx(1e-6 * np.log(0.8 / 0.6), rel=1e-3)
    assert tran.measures["twice"] == pytest.approx(2.0 * tran.measures["largest"], rel=1e-6)
    assert np.isnan(tran.measures["never"])
    spectrum = tran.fourier["v(s)"]
    assert spectrum.frequency[:3] == pytest.approx([0.0, 1e5, 2e5])
    assert spectrum.magnitude[:3] == pytest.approx([0.5, 2.0, 0.0], abs=2e-3)
    assert spectrum.distortion < 1e-3


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_fourier_analysis_of_nothing_is_an_error(backend):
    with pytest.raises(SimulatorError, match="expected a Fourier analysis, got none"):
        run_netlist(f"t\n{PASSIVE}.tran 1u 10u\n.four 100k v(nowhere)\n.end\n", backend=backend)
    with pytest.raises(InputError, match=r"after \.four"):
        run_netlist(f"t\n{PASSIVE}.tran 1u 10u\n.four 100k `ls`\n.end\n", backend=backend)


def test_the_labelled_result_holds_what_was_measured(device, paper_well):
    circuit = Circuit("measured")
    DomainWallJunction(device, paper_well).connect(circuit, "1", "top", "0", x0=550, hz=0)
    circuit.V("s", "source", "0", "SIN(0 0.1 100meg)")
    circuit.R("1", "source", "top", 10)
    circuit.raw_spice = (
        ".meas tran x_end FIND v(1_x) AT=20n\n.meas tran never WHEN v(top)=3\n.four 100meg v(top) i(vs)\n"
    )
    found = simulate(circuit, np.linspace(0.0, 20e-9, 11))
    assert float(found.measured.sel(measure="x_end")) == pytest.approx(1e9 * float(found.position[0, -1]), abs=1e-4)
    assert np.isnan(float(found.measured.sel(measure="never")))
    assert found.fourier_magnitude.dims == ("signal", "harmonic")
    over_resistor = found.fourier_magnitude.sel(signal="i(vs)", harmonic=1) * 10.0
    assert float(over_resistor + found.fourier_magnitude.sel(signal="v(top)", harmonic=1)) == pytest.approx(0.1, 1e-3)


def test_no_global_reaches_the_nodes_inside(device, paper_well):
    definition = export(device, paper_well, "ngspice")
    inside = definition.split("dwmtj_x")[1][:9]
    body = "V1 a 0 0.05\nX1 a 0 x phi dwmtj x0=550 hz=0\nX2 0 a y psi dwmtj x0=450 hz=0\n.tran 0.02n 2n 0 0.02n\n.end\n"
    alone = run_netlist(f"t\n{definition}{body}")[-1].vectors
    with pytest.raises(InputError, match=r"expected a \.global without a junction's internal nodes, got 'dwmtj_x'"):
        run_netlist(f"t\n.global vdd dwmtj_x\n{definition}{body}")
    with pytest.raises(InputError, match="internal nodes"):
        check_pitfalls([f".global dwmtj_x{inside}"])
    # In ngspice itself, which nobody checks for: a name that a deck may hold by chance is none of the nodes'.
    common = ".global dwmtj_x dwmtj_phi dwmtj_top dwmtj_position x position"
    from spice.ngspice import asked, batch

    shared = batch.run(f"t\n{common}\n{definition}{body}", asked.asked([]), 60.0, ".")[-1].vectors
    assert shared["y"][-1] == pytest.approx(alone["y"][-1], abs=1e-9)
    assert shared["x"][-1] == pytest.approx(alone["x"][-1], abs=1e-9)


CELL = ".subckt cell a b y{declared}\n{inside}\n.ends\n{outer}"
LOST = {
    "both": ("", "X1 a b y p dwmtj x0=550 hz=0 m=3", "Xc top 0 x cell m=5"),
    "two cells": (
        "",
        "X1 a b y p dwmtj x0=550 m = 3",
        "Xc top 0 x outer m=5\n.subckt outer a b y\nXi a b y cell\n.ends",
    ),
    "a module": ("", "N1 a b y p dw x0=550", "Xc top 0 x cell m=5"),
}


@pytest.mark.parametrize("name", list(LOST))
def test_multipliers_that_ngspice_would_lose_are_refused(name):
    declared, inside, outer = LOST[name]
    with pytest.raises(InputError, match=r"declare m=1 at the \.subckt and write m=\{[13]\*m\} inside"):
        check_pitfalls(CELL.format(declared=declared, inside=inside, outer=outer).splitlines())


def test_a_definition_in_a_cell_is_found_but_loses_the_cells_m(device, paper_well):
    inner = DomainWallJunction(device, paper_well)
    cell = SubCircuit("cell", "p", "n")
    cell.subcircuit(inner)
    inner.connect(cell, "1", "p", "n", x0=550, hz=0)
    circuit = Circuit("nested")
    circuit.subcircuit(cell)
    circuit.X("c", "cell", "top", circuit.gnd)
    circuit.I("1", circuit.gnd, "top", 1e-3)
    assert simulate(circuit, [0.0, 1e-9]).current.sel(device="xc.x1").values == pytest.approx(1e-3)
    circuit.Xc.parameters["m"] = 4
    with pytest.raises(InputError, match=r"expected no \.subckt inside cell 'cell', which has an m on Xc"):
        simulate(circuit, [0.0, 1e-9])


def test_multipliers_of_a_cell_that_declares_one_are_multiplied(device, paper_well):
    cell = CELL.format(declared=" m=1", inside="X1 a b y p dwmtj x0=550 hz=0 m={3*m}", outer="Xc top 0 x cell m=5")
    ends = []
    for amperes, body in (("30m", cell), ("2m", "X1 top 0 x phi dwmtj x0=550 hz=0")):
        netlist = (
            f"t\n{export(device, paper_well, 'ngspice')}I1 0 top {amperes}\n{body}\n.tran 0.02n 5n 0 0.02n\n.end\n"
        )
        ends.append(run_netlist(netlist)[-1].vectors)
    assert ends[0]["x"][-1] == pytest.approx(ends[1]["x"][-1], abs=1e-6)
    assert ends[0]["top"][-1] == pytest.approx(ends[1]["top"][-1], rel=1e-9)


class Pair(SubCircuitFactory):
    """Two junctions against each other, as users of PySpice write a cell."""

    NAME = "pair"
    NODES = ("upper", "lower", "x")

    def __init__(self, junction, **values):
        super().__init__(**values)
        junction.connect(self, "1", "upper", "middle", x="x", x0="{start}", hz=0.0)
        self.X("2", "dwmtj", "lower", "middle", "y", "psi", x0="{start - 2*shift}", hz=0)
        self.R("load", "middle", "lower", "{load}")


def test_cells_with_parameters_are_what_ngspice_makes_of_them(device, paper_well):
    junction = DomainWallJunction(device, paper_well)
    circuit = Circuit("hierarchy")
    circuit.parameter("common", "40")
    junction.add_to(circuit)
    circuit.subcircuit(Pair(junction, start=520, shift="{common/2}", load="1k"))
    circuit.X("a", "pair", "top", circuit.gnd, "x_a")
    circuit.X("b", "pair", "top", circuit.gnd, "x_b", start=560, load="{common*10}")
    circuit.V("1", "top", circuit.gnd, 0.1)
    found = simulate(circuit, np.linspace(0.0, 5e-9, 11))
    assert found.device.values.tolist() == ["xa.x1", "xa.x2", "xb.x1", "xb.x2"]
    assert found.position[:, 0].values == pytest.approx([520e-9, 480e-9, 560e-9, 520e-9], abs=1e-12)
    flat = Circuit("the same without cells")
    junction.add_to(flat)
    for label, start, ohms in (("a", 520, 1000.0), ("b", 560, 400.0)):
        junction.connect(flat, f"{label}1", "top", f"m{label}", x0=start, hz=0)
        junction.connect(flat, f"{label}2", "0", f"m{label}", x0=start - 40, hz=0)
        flat.R(label, f"m{label}", "0", ohms)
    flat.V("1", "top", flat.gnd, 0.1)
    expected = simulate(flat, np.linspace(0.0, 5e-9, 11))
    assert found.position.values == pytest.approx(expected.position.values, abs=1e-13)
    assert found.current.values == pytest.approx(expected.current.values, rel=1e-6, abs=1e-9)


def test_a_cell_counts_with_its_m(device, paper_well):
    results = []
    for count in (1, 4):
        cell = SubCircuit("cell", "p", "n")
        junction = DomainWallJunction(device, paper_well)
        junction.connect(cell, "1", "p", "n", x0=550, hz=0)
        circuit = Circuit("cells")
        circuit.subcircuit(cell)
        junction.add_to(circuit)
        circuit.X("c", "cell", "top", circuit.gnd, m=count)
        circuit.I("1", circuit.gnd, "top", 1e-3 * count)
        results.append(simulate(circuit, np.linspace(0.0, 2e-9, 5)))
    one, four = results
    assert four.position.values == pytest.approx(one.position.values, abs=1e-14)
    assert four.current.values == pytest.approx(4.0 * one.current.values)
    assert four.current_density.values == pytest.approx(one.current_density.values)


def test_warm_devices_of_one_line_in_a_cell_need_seeds_of_their_own(device, paper_well):
    def circuit_with(**values):
        cell = SubCircuit("cell", "p", "n", **({"seed": 0} if "seed" in values else {}))
        junction = DomainWallJunction(device, paper_well)
        junction.connect(cell, "1", "p", "n", hz=0, temperature=300, **values)
        circuit = Circuit("cells")
        circuit.subcircuit(cell)
        junction.add_to(circuit)
        for number in (1, 2):
            circuit.X(str(number), "cell", "top", circuit.gnd, **({"seed": number} if "seed" in values else {}))
        circuit.V("1", "top", circuit.gnd, 0.01)
        return circuit

    with pytest.raises(InputError, match=r"got \d+ in x1\.x1 and x2\.x1; write seed='\{seed\}' in the cell"):
        simulate(circuit_with(), [0.0, 1e-9])
    ends = simulate(circuit_with(seed="{seed}"), [0.0, 2e-9]).position[:, -1]
    assert abs(float(ends[0] - ends[1])) > 1e-11


@pytest.mark.parametrize(
    ("written", "value"),
    [("2meg", 2e6), ("1.5k", 1500.0), ("{2*a+1u}", 6.000001), ("'sqrt(a)^2'", 3.0), ("-3n", -3e-9), ("a", 3.0)],
)
def test_expressions_are_read_as_ngspice_reads_them(written, value):
    assert evaluate("x0", written, {"a": 3.0}) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize("written", ["{b}", "{__import__('os')}", "", "{a a}", "{a.b}", "{1/0}", "{a if a else 1}"])
def test_expressions_of_anything_else_are_refused_by_name(written):
    with pytest.raises(InputError, match="x0: expected a number or an expression in braces"):
        evaluate("x0", written, {"a": 3.0})


PYSPICE = """
from PySpice.Spice.NgSpice.Shared import NgSpiceShared
from PySpice.Spice.Netlist import Circuit
from PySpice.Unit import u_A, u_K, u_mA, u_nm, u_ns, u_ps
from compact_model import lequeux2016, single_well
from spice import DomainWallJunction
from spice.ngspice import installation

NgSpiceShared.LIBRARY_PATH = str(installation.find_library())
device = lequeux2016()
circuit = Circuit("PySpice's own way")
junction = DomainWallJunction(device, single_well(device, coercive_field=15e-4, half_width=100e-9))
junction.connect(circuit, "1", "top", circuit.gnd, x0=550 @ u_nm, hz=0)
circuit.PulseCurrentSource(
    "1", circuit.gnd, "top", initial_value=0 @ u_mA, pulsed_value=2 @ u_mA, delay_time=1 @ u_ns, rise_time=10 @ u_ps,
    fall_time=10 @ u_ps, pulse_width=10 @ u_ns, period=100 @ u_ns,
)
simulator = circuit.simulator(temperature=27, nominal_temperature=27)
simulator.options(method="trap", reltol=1e-5, trtol=1)
found = simulator.transient(step_time=20 @ u_ps, end_time=50 @ u_ns, max_time=20 @ u_ps)
print(float(found["1_x"][-1]), found["top"][-1].unit.unit_suffix, found.time[-1].unit.unit_suffix)
"""


def test_the_simulator_of_pyspice_gives_its_results_with_units(tmp_path):
    from spice.ngspice import installation

    if installation.find_library() is None:
        pytest.skip("there is no shared library of ngspice")
    # Elsewhere, as PySpice keeps the library in the process.
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", PYSPICE], capture_output=True, text=True, timeout=120)
    position, volt, second = done.stdout.split()[-3:]
    assert float(position) == pytest.approx(556.812, abs=0.01)
    assert (volt, second) == ("V", "s")


def test_a_symbol_writes_the_line_of_an_instance(device, paper_well):
    symbol = export(device, paper_well, "xschem", name="synapse")
    pins = re.findall(r"^B 5 .*\{name=(\w+) dir=\w+\}$", symbol, re.MULTILINE)
    (line,) = re.findall(r'^format="(.*)"$', symbol, re.MULTILINE)
    (template,) = re.findall(r'^template="(.*)"\}$', symbol, re.MULTILINE)
    values = dict(word.split("=") for word in template.split()) | {"pinlist": " ".join(pins), "x0": "550", "hz": "0"}
    written = re.sub(r"@(\w+)", lambda match: values[match.group(1)], line)
    assert written.startswith("X1 top bottom x phi synapse x0=550 ")
    body = f"Itop 0 top 1m\nRbottom bottom 0 1u\n{written}\n.op\n.end\n"
    vectors = run_netlist(f"t\n{export(device, paper_well, 'ngspice', name='synapse')}{body}")[-1].vectors
    assert vectors["x"][0] == pytest.approx(550.0)


def test_circuits_of_inspice_take_the_same_class(device, paper_well):
    circuit = pytest.importorskip("InSpice.Spice.Netlist", reason="pip install InSpice brings it").Circuit("InSpice")
    DomainWallJunction(device, paper_well).connect(circuit, "1", "top", circuit.gnd, x0=550, hz=0)
    circuit.I("1", circuit.gnd, "top", "PULSE(0 2m 1n 10p 10p 10n 100n)")
    how = ".options method=trap reltol=1e-5 trtol=1\n.tran 20p 50n 0 20p\n.end\n"
    assert run_netlist(f"{circuit}\n{how}")[-1].vectors["1_x"][-1] == pytest.approx(556.812, abs=0.01)
