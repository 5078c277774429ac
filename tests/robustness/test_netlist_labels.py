"""Names and titles in netlists: what is accepted is one word, and ngspice reads it as it was meant."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from public_calls import DEVICE, SHORT, TRACK
from PySpice.Spice.Netlist import Circuit
from robustness.searching import searching
from robustness.tally import attempt

from compact_model import Voltage, constant
from crossbar import Crossbar, bias
from spice import DomainWallJunction, export, run_netlist, simulate
from spice.netlists.array import array_netlist

INJECTED = ".control"
LABELS = st.one_of(
    st.text(max_size=12),
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True),
    st.sampled_from(
        [
            "a\n.control\nshell true\n.endc",
            "a\r.control",
            "a\x0b.control",
            "a\u2028.control",
            "a b",
            "a;b",
            "a$b",
            "{1+1}",
            "'a'",
            "0",
            "gnd",
            "time",
            "pi",
            "v",
            "1k",
            "None",
            "class",
            "\u00b5",
            "a" * 64,
            "a" * 65,
            "+a",
            "*a",
            "",
        ]
    ),
)
LANGUAGES = ("ngspice", "verilog-a", "pyspice")


def lines_of(text):
    """Without blank ones; a line that is continued is one, wherever a long name has it broken."""
    return [line for line in text.replace("\n+", "").splitlines() if line.strip()]


def netlist_with(circuit):
    return f"{str(circuit).rstrip()}\n.op\n.end\n"


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_of_exported_devices(language):
    plain = len(lines_of(export(DEVICE, TRACK, language, name="plain")))

    @searching(60)
    @given(LABELS)
    def search(name):
        text = attempt(f"export(name), {language}", lambda: export(DEVICE, TRACK, language, name=name))
        if text is not None:
            assert INJECTED not in text
            assert len(lines_of(text)) == plain
            assert name.lower() in text.lower()

    search()


def test_labels_and_nodes_of_instances():
    @searching(80)
    @given(LABELS, LABELS, st.one_of(LABELS, st.sampled_from(["hz", "x0", "temperature", "tmr", "seed"])))
    def search(label, node, parameter):
        circuit = Circuit("labels")
        before = len(lines_of(str(circuit)))

        def connect():
            DomainWallJunction(DEVICE, TRACK).connect(circuit, label, node, "0", **{parameter: 1.0})

        attempt("connect(label, node, parameter)", connect)
        circuit = Circuit("labels")
        added = attempt(
            "connect(label, node)",
            lambda: DomainWallJunction(DEVICE, TRACK).connect(circuit, label, node, "0", hz=0.0) is not None,
        )
        if added:
            text = str(circuit)
            assert INJECTED not in text
            assert len([line for line in lines_of(text) if line.startswith("X")]) == 1
        else:
            assert len(lines_of(str(circuit))) == before

    search()


@pytest.mark.usefixtures("ngspice")
def test_ngspice_reads_the_labels_that_are_accepted():
    @searching(6)
    @given(LABELS, LABELS, LABELS)
    @example("T1", "in", "mtj")
    @example("class", "None", "lambda_")
    def search(label, node, name):
        def whole():
            circuit = Circuit("labels")
            DomainWallJunction(DEVICE, TRACK, name).connect(circuit, label, node, circuit.gnd, hz=0.0)
            if node.lower() not in ("0", "gnd"):
                circuit.V("source", node, circuit.gnd, 0.01)
            return circuit

        circuit = attempt("labels in ngspice", whole)
        if circuit is not None:
            plots = run_netlist(netlist_with(circuit), backend="process", time_limit=60)
            assert plots[-1].points == 1
            if node.lower() not in ("0", "gnd"):
                found = simulate(circuit, SHORT, backend="process", time_limit=60)
                assert abs(float(found.voltage[0, -1])) == pytest.approx(0.01)

    search()


@pytest.mark.usefixtures("ngspice")
def test_titles_of_circuits():
    @searching(6)
    @given(LABELS)
    @example("a\n.control\nshell true\n.endc")
    def search(title):
        circuit = Circuit(title)
        DomainWallJunction(DEVICE, TRACK).connect(circuit, "1", "a", circuit.gnd, hz=0.0)
        circuit.V("1", "a", circuit.gnd, 0.01)
        found = attempt("title of a circuit", lambda: simulate(circuit, SHORT, backend="process", time_limit=60))
        assert found is None or float(found.voltage[0, -1]) == pytest.approx(0.01)

    search()


def test_titles_of_arrays():
    array = Crossbar(resistance=[[40.0, 50.0], [60.0, 70.0]], word_line_resistance=1.0)
    held = bias("V/2", (2, 2), 0.1)
    plain = len(lines_of(array_netlist(array, held)))

    @searching(40)
    @given(LABELS)
    def search(title):
        text = attempt("array_netlist(title)", lambda: array_netlist(array, held, title=title))
        if text is not None:
            assert len(text.splitlines()) - plain in (-1, 0)  # an empty title is an empty line

    search()


def test_a_netlist_with_commands_in_it_is_never_run():
    @searching(40)
    @given(LABELS, st.sampled_from(["", " ", "\t", "+ ", "\n"]))
    def search(label, lead):
        netlist = f"title\nV1 a 0 1\nR1 a 0 1k\n{lead}.control\nshell {label}\n.endc\n.op\n.end\n"
        found = attempt("run_netlist with commands", lambda: run_netlist(netlist, backend="process", time_limit=30))
        assert found is None

    search()


def test_values_of_sources_are_numbers_only():
    @searching(30)
    @given(st.one_of(st.floats(), st.text(max_size=5)))
    def search(value):
        from spice import source_value

        text = attempt("source_value", lambda: source_value(Voltage(constant(value)), DEVICE, 0.0, 1e-9))
        assert text is None or len(text.split()) == 1

    search()
