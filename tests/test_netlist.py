"""The generated text: what a reader and ngspice find in it, and what can never get into it."""

import itertools
import re
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compact_model import (
    AnisotropyProfile,
    CurrentDensity,
    GaussianWell,
    InputError,
    Landscape,
    ParabolicWell,
    PiecewiseLinear,
    Sine,
    Voltage,
    Waveform,
    Well,
    constant,
    lequeux2016,
    pulses,
    random_track,
    single_well,
)
from compact_model.device.published import lequeux2016_track
from spice.netlists import text
from spice.netlists.exporting import FORMATS, export
from spice.netlists.ngspice_model import NetlistDevice, subcircuit
from spice.netlists.sources import JUMP, corners, source_value
from spice.netlists.track import Piece, describe
from spice.ngspice.guard import check_netlist


@dataclass(frozen=True, kw_only=True)
class Cosine(Well):
    """A kind of well that the package does not know: one period of a sine."""

    def pinning_field(self, position):
        u = (position - self.centre) / self.half_width
        return np.where(np.abs(u) < 1.0, -self.coercive_field * np.sin(np.pi * u), 0.0)

    @property
    def edges(self):
        return (self.centre - self.half_width, self.centre + self.half_width)

    @property
    def reach(self):
        return self.half_width


def value_of(pieces, y):
    """A track's pieces at a point, found as the tree of comparisons finds it."""
    return next((piece for piece in pieces if y < piece.right), pieces[-1]).at(y)


@dataclass(frozen=True, kw_only=True)
class Saturating(Cosine):
    """A kind whose field is not H_c times a function of (x - x_0)/x_c."""

    def pinning_field(self, position):
        return -1e-3 * np.tanh(-super().pinning_field(position) / 1e-3) * position / 1e-6


def landscapes(device):
    return {
        "one parabola": single_well(device, coercive_field=15e-4, half_width=100e-9),
        "one gaussian": single_well(device, coercive_field=15e-4, half_width=100e-9, kind=GaussianWell),
        "own kind": single_well(device, coercive_field=15e-4, half_width=100e-9, kind=Cosine),
        "own kind that does not scale": single_well(device, coercive_field=15e-4, half_width=100e-9, kind=Saturating),
        "no pinning": single_well(device, coercive_field=0.0, half_width=100e-9),
        "the paper's track": lequeux2016_track(device, 1),
        "smooth track": random_track(
            device,
            12,
            seed=3,
            coercive_field=30e-4,
            coercive_field_spread=0.2,
            half_width=30e-9,
            half_width_spread=0.2,
            anisotropy_spread=5e-4,
            kind=GaussianWell,
        ),
        "overlapping": Landscape(
            (
                ParabolicWell(centre=300e-9, coercive_field=1e-3, half_width=150e-9),
                GaussianWell(centre=400e-9, coercive_field=2e-3, half_width=90e-9),
            ),
            AnisotropyProfile((0.0, 500e-9), (1e-3, -2e-3)),
        ),
    }


@pytest.mark.parametrize("kind", list(landscapes(lequeux2016())))
def test_every_landscape_exports_with_its_own_fields(device, kind):
    landscape = landscapes(device)[kind]
    track = describe(device, landscape)
    where = np.linspace(0.0, device.track_length, 4001) + 0.037e-9
    where = where[where < device.track_length]
    if track.centre is None:
        pinning = [track.coercive_field * value_of(track.pinning, x * 1e9) for x in where]
    else:
        pinning = [track.coercive_field * value_of(track.pinning, (x - track.centre) / track.half_width) for x in where]
    expected = landscape.pinning_field(where)
    away = np.ones(where.size, dtype=bool)
    for well in landscape.wells:
        for edge in well.edges:
            away &= np.abs(where - edge) > 0.003e-9
    scale = max(np.abs(expected).max(), 1e-6)
    assert np.abs(np.array(pinning) - expected)[away].max() < 1e-8 * scale
    anisotropy = track.anisotropy_field + np.array(
        [0.0 if track.anisotropy is None else value_of(track.anisotropy, x * 1e9) for x in where]
    )
    assert anisotropy == pytest.approx(landscape.anisotropy_field(where, device), abs=1e-9)


def test_the_pieces_have_no_jump(device):
    for landscape in landscapes(device).values():
        track = describe(device, landscape)
        for pieces in (track.pinning, track.anisotropy or ()):
            for before, after in itertools.pairwise(pieces):
                assert before.right == after.left
                assert before.at(before.right) == pytest.approx(after.at(after.left), abs=1e-8)


def test_a_polynomial_is_written_as_it_is_evaluated():
    piece = Piece(1.0, 3.0, (0.5, -2.0, 0.25, 1.5))
    for y in (1.0, 1.7, 3.0):
        assert eval(piece.text("y"), {"y": y}) == pytest.approx(piece.at(y), rel=1e-14)


def test_the_header_says_what_a_reader_must_know(device, paper_well):
    written = subcircuit(NetlistDevice(device, paper_well))
    head = written.split(".subckt")[0]
    for needed in (
        "10.1038/srep31510",
        "positive current",
        "reltol",
        "maximum time step",
        "1 V = 1 nm",
        "parallel state",
    ):
        assert needed in " ".join(head.split())
    for name in NetlistDevice(device, paper_well).quantities:
        assert re.search(rf"^\* {name} ", head, re.MULTILINE), name
    assert re.search(
        r"^\.subckt dwmtj dwmtj_top_\w+ dwmtj_bottom_\w+ dwmtj_position_\w+ dwmtj_angle_\w+ x0=500\.0 phi0=0\.0 "
        r"hz=0\.0 temperature=0\.0 ambient=0\.0 seed=0\.0",
        written.replace("\n+ ", " "),
        re.MULTILINE,
    )


def test_numbers_keep_all_digits_of_a_double(device, paper_well):
    value = 0.1234567890123456
    written = subcircuit(NetlistDevice(device.replace(damping=value), paper_well))
    assert f"alpha={value!r}" in written.replace("\n+ ", " ")


@pytest.mark.parametrize(
    "name",
    ["two words", "line\n.control", ".control", "1st", "", "x" * 65, "a;b", "time", "v", "é", "a'b", "$x", 3, None],
)
def test_a_name_that_is_no_plain_identifier_is_refused(device, paper_well, name):
    with pytest.raises(InputError, match="name: expected"):
        NetlistDevice(device, paper_well, name)


@given(st.text(max_size=30))
def test_no_text_gets_through_as_more_than_one_word(value):
    for check in (text.identifier, text.node):
        try:
            accepted = check("label", value)
        except InputError:
            continue
        assert re.fullmatch(r"\w+", accepted, re.ASCII)
    assert len(text.remark(value).splitlines()) <= 1


@pytest.mark.parametrize("value", ["1k", "2meg", "{a}", "1e3", True, float("nan"), -float("inf"), None, [1]])
def test_a_parameter_that_ngspice_would_read_as_something_else_is_refused(device, paper_well, value):
    with pytest.raises(InputError, match="x0: expected a"):
        NetlistDevice(device, paper_well).instance_values({"x0": value})


@pytest.mark.parametrize(
    ("given_values", "named"),
    [
        ({"temprature": 3.0}, "did you mean 'temperature'"),
        ({"x0": 1200.0}, "x0: expected a number from 0 to 1000"),
        ({"x0": 900.0, "length": 800.0}, "x0: expected a number from 0 to 800"),
        ({"ms": -1.0}, "saturation_magnetisation"),
        ({"temperature": -1.0}, "temperature"),
        ({"ts": 0.0}, "ts"),
        ({"hc": -1e-3}, "hc"),
        ({"temperature": float("inf")}, "temperature: expected a finite number"),
        ({"c2": float("inf")}, "c2: expected a finite number"),
        ({"xs": -500.0}, "xs: expected a number from 0 to 1000"),
    ],
)
def test_an_instance_outside_the_model_is_refused(device, paper_well, given_values, named):
    with pytest.raises(InputError, match=named):
        NetlistDevice(device, paper_well).instance_values(given_values)


@pytest.mark.parametrize(
    "line",
    [
        ".control",
        ".controlx",
        '.model p d_cosim(simulation="x.so")',
        "  .CONTROL",
        ". control",
        "*# shell ls",
        "*ng_script",
        '.model p d_process(process_file="x")',
        ".endc",
    ],
)
def test_a_netlist_that_would_run_commands_is_refused(line):
    with pytest.raises(InputError, match="would execute"):
        check_netlist(f"title\nR1 a 0 1\n{line}\n.end\n")


def test_an_included_file_is_looked_into(tmp_path):
    (tmp_path / "inner.lib").write_text("R2 a 0 1\n*# shell rm\n")
    (tmp_path / "outer.lib").write_text(".include 'inner.lib'\n")
    with pytest.raises(InputError, match=r"inner\.lib: .*would execute"):
        check_netlist("t\n.include outer.lib\n.end\n", folder=tmp_path)
    with pytest.raises(InputError, match="expected an included file that is there"):
        check_netlist("t\n.include nothing.lib\n.end\n", folder=tmp_path)


@pytest.mark.parametrize("keyword", [".inc", ".incl", ".includes", ".INCXYZ", ".lib", ". include"])
def test_every_spelling_of_an_include_is_looked_into(tmp_path, keyword):
    (tmp_path / "evil.lib").write_text(".control\nshell rm\n.endc\n")
    with pytest.raises(InputError, match="would execute"):
        check_netlist(f"t\n{keyword} evil.lib\n.end\n", folder=tmp_path)


def test_files_that_include_each_other_do_not_hang(tmp_path):
    (tmp_path / "a.lib").write_text(".include a.lib\n")
    with pytest.raises(InputError, match="include each other"):
        check_netlist("t\n.include a.lib\n", folder=tmp_path)


def test_waveforms_become_sources(device):
    assert source_value(Voltage(constant(0.25)), device, 0.0, 1e-9) == "0.25"
    assert source_value(Voltage(Sine(0.1, 5e7, 0.02)), device, 0.0, 1e-9) == "SIN(0.02 0.1 50000000.0)"
    times, values = corners(pulses([0.1, -0.2], width=5e-9, period=10e-9, start=1e-9), 0.0, 30e-9)
    assert np.all(np.diff(times) > 0.0)
    assert values == pytest.approx([0, 0, 0.1, 0.1, 0, 0, -0.2, -0.2, 0, 0])
    assert np.diff(times)[[1, 3, 5, 7]] == pytest.approx(JUMP, rel=1e-3)


class Hump(Waveform):
    """A waveform that no SPICE source has."""

    def __call__(self, time):
        return np.exp(-(((np.asarray(time) - 5e-9) / 1e-9) ** 2))

    def edges(self, start, stop):
        return ()

    def knots(self, start, stop):
        return (5e-9,)


def test_a_waveform_of_ones_own_is_sampled():
    times, values = corners(Hump(), 0.0, 10e-9)
    fine = np.linspace(0.0, 10e-9, 5001)
    assert np.interp(fine, times, values) == pytest.approx(Hump()(fine), abs=1e-4)


def test_a_current_density_has_no_terminals(device):
    with pytest.raises(InputError, match="torque_density='current'"):
        source_value(CurrentDensity.of(1e10), device, 0.0, 1e-9)
    by_current = device.replace(torque_density="current")
    assert float(source_value(CurrentDensity.of(1e10), by_current, 0.0, 1e-9)) == 1e10 * device.junction_area


def test_the_recorded_value_at_a_jump_is_the_later_one():
    step = PiecewiseLinear((0.0, 1e-9, 1e-9, 2e-9), (0.0, 0.0, 1.0, 1.0))
    times, values = corners(step, 0.0, 2e-9)
    assert np.interp(1e-9, times, values) == pytest.approx(step(1e-9), rel=1e-6)
    assert step(1e-9) == 1.0


@pytest.mark.parametrize("language", FORMATS)
def test_every_format_names_the_device(device, paper_well, language):
    written = export(device, paper_well, language, name="synapse")
    assert "synapse" in written
    assert "\t" not in written


def test_a_script_cannot_hold_a_well_that_it_cannot_import(device):
    landscape = single_well(device, coercive_field=15e-4, half_width=100e-9, kind=Cosine)
    with pytest.raises(InputError, match="Cosine"):
        export(device, landscape, "pyspice")
    assert "Cosine" not in export(device, landscape, "ngspice")


def test_a_script_makes_the_same_device(device):
    landscape = lequeux2016_track(device, 5)
    names = {}
    exec(compile(export(device, landscape, "pyspice"), "exported.py", "exec"), names)
    assert names["parameters"] == device
    assert names["landscape"] == landscape
    assert str(names["junction"]) == subcircuit(NetlistDevice(device, landscape))


def test_a_drawn_tracks_length_is_its_own(device):
    drawn = NetlistDevice(device, lequeux2016_track(device, 0))
    with pytest.raises(InputError, match="length: expected the track's own"):
        drawn.instance_values({"length": 1500.0})
    assert drawn.instance_values({"length": 1000.0}) == {"length": 1000.0}


def test_a_device_that_does_not_fit_its_track_is_refused_at_once(device):
    with pytest.raises(InputError, match=r"wells\[0\]\.centre"):
        NetlistDevice(device, single_well(device, coercive_field=1e-3, half_width=1e-9, centre=2e-6))


def test_a_negative_anisotropy_starts_at_its_own_rest_angle(device, paper_well):
    values = NetlistDevice(device, paper_well).instance_values({"hk": -3e-3})
    assert values["phi0"] == pytest.approx(np.pi / 2)


FURTHER = {
    "fourth_order_anisotropy_field": ("h4",),
    "anisotropy_field_per_volt": ("hkv", "kv"),
    "perpendicular_anisotropy_per_volt": ("hkv", "kv"),
    "in_plane_field_x": ("hx", "hy"),
    "in_plane_field_y": ("hx", "hy"),
    "interfacial_dmi": ("dmi",),
    "oersted_field_ratio": ("oersted",),
    "anisotropy_gradient_force": ("hkforce",),
}


@pytest.mark.parametrize("language", ["ngspice", "verilog-a"])
def test_a_term_is_written_for_the_devices_that_have_it(device, paper_well, language):
    plain = export(device, paper_well, language)
    for name, symbols in FURTHER.items():
        written = export(device.replace(**{name: 1e-3}), paper_well, language)
        for symbol in {each for every in FURTHER.values() for each in every}:
            assert re.search(rf"\b{symbol}\b", plain) is None
            assert (re.search(rf"^(\*|//) {symbol} ", written, re.MULTILINE) is not None) == (symbol in symbols)
            assert (len(re.findall(rf"\b{symbol}\b", written)) > 2) == (symbol in symbols)


def test_an_instance_rests_where_its_own_terms_let_it(device, paper_well):
    hybrid = NetlistDevice(device.replace(anisotropy_field=1e-4, fourth_order_anisotropy_field=-5e-3), paper_well)
    assert hybrid.quantities["phi0"].value == pytest.approx(0.25 * np.pi, abs=0.01)
    assert hybrid.instance_values({"h4": 5e-3})["phi0"] == 0.0
    assert "phi0" not in hybrid.instance_values({"x0": 400.0})
    with pytest.raises(InputError, match="parameter: expected one of"):
        NetlistDevice(device, paper_well).instance_values({"h4": 5e-3})


def test_a_jump_at_the_very_end_is_kept():
    times, values = corners(pulses([0.1], width=5e-9, period=10e-9), 0.0, 5e-9)
    assert values[-1] == 0.0
    assert times[-1] == 5e-9


def test_points_that_are_too_close_for_ngspice_are_named():
    with pytest.raises(InputError, match="at least 4e-15 s apart"):
        corners(PiecewiseLinear((0.0, 1e-15, 1e-15, 1e-9), (0.0, 0.0, 1.0, 1.0)), 0.0, 1e-9)


def test_unknown_formats_and_modules_that_should_run_are_refused(device, paper_well):
    with pytest.raises(InputError, match="language: expected one of"):
        export(device, paper_well, "spectre")
    with pytest.raises(InputError, match="testbench: expected"):
        export(device, paper_well, "verilog-a", testbench=(Voltage.of(0.1), 1e-9, {}))
