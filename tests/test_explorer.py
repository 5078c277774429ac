"""The explorer without its page: sessions as links and files, what they show, and the text that makes it again."""

import json
import re
import socket
import sys
import webbrowser
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from bokeh.models import Div
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from compact_model import InputError, lequeux2016, single_well
from dwmtj.cli import main
from dwmtj.explorer import one_array, one_device
from dwmtj.explorer.controls import control_of, literal
from dwmtj.explorer.one_array import Action, ExploredArray
from dwmtj.explorer.page import serve
from dwmtj.explorer.page.device_page import DevicePage
from dwmtj.explorer.page.export import static_page
from dwmtj.explorer.sessions import CONTROLS, VERSION, from_link, from_toml, link, new_session, to_toml
from dwmtj.study.description import read_study
from dwmtj.study.run import run_study

NANO = 1e-9
SMALL = {"word_lines": 3, "bit_lines": 2, "wire_resistance": 0.5, "count": 2}
ACTIONS = (Action("write", 1, 0, 0.9, 4.0), Action("disturb", 2, 1, 0.85, 3.0, 2), Action("read", 1, 0))
DEVICES = {
    "as it opens": {},
    "hot, several sites, a field": {
        "sites": 8, "half_width": 30, "coercive_field_spread": 0.2, "temperature": 300, "net_field": -7.5, "seed": 3,
        "duration": 30, "voltage": -0.2, "track_width": 93, "loop_amplitude": 2.5,
    },
}  # fmt: skip


def fields_of(address):
    return dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))


def numbers_of(item):
    if item.choices:
        return st.sampled_from(item.choices)
    steps = st.integers(0, round((item.high - item.low) / item.increment))
    return steps.map(
        lambda step: int(item.low) + step if item.whole else float(f"{item.low + step * item.increment:.9g}")
    )


SESSIONS = st.sampled_from(sorted(CONTROLS)).flatmap(
    lambda page: st.builds(
        new_session, st.just(page), st.fixed_dictionaries({each.name: numbers_of(each) for each in CONTROLS[page]})
    )
)


# Sessions


@given(SESSIONS)
def test_a_link_and_a_file_give_the_session_back(session):
    assert from_link(session.page, fields_of(link(session))) == session
    assert from_toml(to_toml(session)) == session


def test_what_was_done_comes_back_too():
    session = new_session("array", SMALL, ACTIONS)
    assert from_link("array", fields_of(link(session))) == session
    assert from_toml(to_toml(session)) == session


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_written_without_loss(value):
    assert float(literal(value)) == value


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("/device?version=0&coercive_field=15", "link: version: expected 1, got '0'"),
        ("/device?coercive_field=15", "link: version: expected 1, got none"),
        ("/device?version=1&coercive_feld=15", "link: expected a key out of .*, did you mean 'coercive_field'"),
        ("/device?version=1&half_width=wide", "link: half_width: expected a number in nm, got 'wide'"),
        ("/device?version=1&sites=2.5", "link: sites: expected a whole number, got 2.5"),
        ("/device?version=1&duration=1e9", "link: duration: expected at most 2000 ns, got 1e.09"),
        ("/device?version=1&do=read:1:1", "link: action: expected none on the page of one device, got 1"),
        ("/array?version=1&word_lines=33", "link: word_lines: expected at most 32, got 33"),
        ("/array?version=1&start=left", "link: start: expected one of middle, AP, P, random, got 'left'"),
        ("/array?version=1&do=write:1:1", "link: action: expected write:word_line:bit_line:voltage:pulse_width, got "),
        ("/array?version=1&do=burn:1:1", "link: action kind: expected one of 'write', 'read', 'disturb', got 'burn'"),
        ("/array?version=1&do=read:8:0", "link: word_line: expected a number from 0 to 7, got 8"),
        ("/array?version=1&do=write:0:0:nan:4", "link: voltage: expected a finite number, got nan"),
    ],
)
def test_a_link_that_makes_no_session_is_refused_in_a_line(address, message):
    with pytest.raises(InputError, match=message) as refusal:
        from_link(urlsplit(address).path[1:], fields_of(address))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("version = 1", "version = 2"), "version: expected 1, got 2"),
        (('page = "array"', 'page = "wafer"'), "page: expected one of 'device', 'array', got 'wafer'"),
        (
            ('kind = "read"', 'kind = "read"\nvoltage = 1'),
            "action: expected the keys kind, word_line, bit_line, got 'v",
        ),
        (("[explore]", "[explorer]"), r"\[explore\]: expected a table with the keys version and page, got None"),
        (("[array]", "[arrays]"), "expected the tables .*, got 'arrays'"),
        (("word_lines = 3", "word_lines = "), "expected TOML, got a syntax error"),
        (("word_lines = 3", 'word_lines = "3"'), "word_lines: expected a number, got '3'"),
    ],
)
def test_a_file_that_makes_no_session_is_refused_in_a_line(change, message):
    text = to_toml(new_session("array", SMALL, ACTIONS))
    with pytest.raises(InputError, match=message):
        from_toml(text.replace(*change))


# What is shown, and the text that makes it


@pytest.mark.parametrize("given_values", DEVICES.values(), ids=DEVICES)
def test_the_python_lines_give_the_numbers_of_the_device_page(given_values):
    values = new_session("device", given_values).values
    shown = one_device.picture(values)
    made = {}
    exec(one_device.python_lines(values), made)
    for name in ("position", "angle", "resistance"):
        np.testing.assert_array_equal(made["pulse"][name].values, shown.pulse[name].values)
    np.testing.assert_array_equal(made["loop"].remanent_resistance.values, shown.loop.remanent_resistance.values)
    assert made["pulse"].resistance.values[-1] == shown.numbers()["resistance_Ohm"]


def test_the_study_gives_the_numbers_of_a_page_without_chance(tmp_path):
    values = new_session("device", {"net_field": -7.5, "duration": 30, "voltage": -0.2, "track_width": 93}).values
    shown = one_device.picture(values)
    file = tmp_path / "pulse.toml"
    file.write_text(one_device.study_file(values))
    study = run_study(read_study(file))
    position = shown.pulse.position.values
    for name, value in (
        ("position", position[-1]),
        ("displacement", position[-1] - position[0]),
        ("excursion", np.abs(position - position[0]).max()),
        ("resistance", shown.pulse.resistance.values[-1]),
    ):
        assert study[f"{name}_mean"].item() == pytest.approx(value, rel=1e-8)


def test_the_study_of_a_page_with_chance_says_that_it_draws_anew(tmp_path):
    values = new_session("device", DEVICES["hot, several sites, a field"]).values
    file = tmp_path / "pulse.toml"
    file.write_text(one_device.study_file(values))
    assert file.read_text().startswith("# A study draws sites and thermal fields of its own")
    assert np.isfinite(run_study(read_study(file, samples=3)).position.values).all()


@pytest.mark.parametrize("start", one_array.STARTS)
def test_the_python_lines_give_the_numbers_of_the_array_page(start):
    values = new_session("array", SMALL | {"start": start, "temperature": 300 if start == "random" else 0}).values
    explored = ExploredArray(values, ACTIONS)
    made = {}
    exec(one_array.python_lines(values, explored.done), made)
    np.testing.assert_array_equal(made["resistance"], explored.picture.resistance)
    assert made["seen"].item() == explored.picture.reading
    np.testing.assert_array_equal(made["paths"].path_share.values, explored.picture.paths.path_share.values)


def test_the_landscape_is_the_work_against_pinning_and_field():
    values = new_session("device", {"net_field": 5}).values
    shown = one_device.picture(values)
    device = lequeux2016()
    well = single_well(device, coercive_field=15e-4, half_width=100e-9)
    scale = 2.0 * device.saturation_magnetisation * device.track_width * device.thickness
    begin, end = 450e-9, 580e-9
    work, _ = quad(lambda x: float(well.pinning_field(np.array(x))) + 5e-4, begin, end, points=[500e-9])
    difference = np.diff(shown.energy_at(np.array([begin, end]))).item()
    assert difference == pytest.approx(-scale * work, rel=1e-6)


def test_undo_goes_back_bit_for_bit_and_a_second_read_takes_the_place_of_the_first():
    values = new_session("array", SMALL).values
    explored = ExploredArray(values, ACTIONS[:1])
    before = explored.picture
    explored.do(ACTIONS[1])
    assert np.abs(explored.picture.moved).max() > 1 * NANO
    explored.undo()
    assert explored.done == [ACTIONS[0]]
    assert explored.picture is before
    again = explored.do(ACTIONS[1])
    np.testing.assert_array_equal(again.position, ExploredArray(values, ACTIONS[:2]).picture.position)
    explored.do(Action("read", 0, 0))
    explored.do(Action("read", 1, 1))
    assert [action.kind for action in explored.done] == ["write", "disturb", "read"]


def test_ideal_wires_and_a_grounded_read_see_the_cell_alone():
    values = new_session("array", SMALL | {"wire_resistance": 0, "read_scheme": "grounded"}).values
    shown = ExploredArray(values, [Action("read", 2, 1)]).picture
    assert 1.0 / shown.reading == pytest.approx(shown.resistance[2, 1], rel=1e-3)  # the junction's TMR sags at 20 mV
    assert shown.paths.sneak_share.item() == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("page", "changes", "control", "words"),
    [
        ("device", {"half_width": 600}, "half_width", "half_width: expected at most .* so that 1 sites fit"),
        ("device", {"half_width": 0}, "half_width", "half_width: expected a number above 0, got 0"),
        ("device", {"coercive_field": -1}, "coercive_field", "coercive_field: expected a number of at least 0"),
        ("device", {"sites": 0}, "sites", "count: expected a whole number of at least 1, got 0"),
        ("device", {"sites": 20}, "half_width", "half_width: expected at most .* so that 20 sites fit"),
        ("device", {"track_width": -5}, "track_width", "track_width: expected a number above 0"),
        ("device", {"temperature": -1}, "temperature", "temperature: expected a number of at least 0, got -1"),
        ("device", {"duration": 0}, "duration", "times: expected rising values"),
        ("device", {"loop_amplitude": 0}, "loop_amplitude", "amplitude: expected a number above 0, got 0"),
        ("device", {"pulse_width": 0}, "pulse_width", "width: expected a number above 0"),
        ("device", {"voltage": 9}, "voltage", "voltage: expected at most 5 V, got 9"),
        ("array", {"wire_resistance": -1}, "wire_resistance", "resistance: expected"),
        ("array", {"temperature": -1}, "temperature", "temperature: expected"),
        ("array", {"word_lines": 0}, "word_lines", "word_lines: expected at least 1, got 0"),
        ("array", {"read_voltage": 0}, "read_voltage", "read_voltage: expected above 0 V, got 0"),
    ],
)
def test_a_refusal_in_the_package_s_words_belongs_to_a_control(page, changes, control, words):
    def show():
        session = new_session(page, changes)
        return one_device.picture(session.values) if page == "device" else ExploredArray(session.values)

    with pytest.raises(InputError, match=words) as refusal:
        show()
    assert control_of(CONTROLS[page], str(refusal.value)) == control


def test_a_value_outside_the_model_s_range_is_shown_with_a_remark_beside_its_control():
    page = DevicePage(new_session("device", {"temperature": 1200}), served=False)
    field = page.roots[0].select_one({"name": "temperature"})
    texts = [each.text for each in page.roots[0].select({"type": Div}) if "model is meant for" in each.text]
    assert field.value == 1200
    assert len(texts) == 1
    assert "temperature: the model is meant for at most 700 K, got 1200 K" in texts[0]


def test_a_session_is_frozen_in_its_version():
    # Whoever changes what these fields mean has to raise VERSION, so that old links are refused and not misread.
    assert VERSION == 1
    assert list(new_session("device").values) == [
        "coercive_field", "half_width", "sites", "coercive_field_spread", "anisotropy_field", "track_width",
        "net_field", "voltage", "pulse_width", "duration", "loop_amplitude", "temperature", "seed",
    ]  # fmt: skip
    assert list(new_session("array").values) == [
        "word_lines", "bit_lines", "wire_resistance", "start", "write_scheme", "voltage", "pulse_width", "count",
        "read_scheme", "read_voltage", "temperature", "seed",
    ]  # fmt: skip


# The command


def dwmtj(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["dwmtj", "explore", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code, *capsys.readouterr()


def test_the_command_prints_what_a_session_shows(tmp_path, monkeypatch, capsys):
    session = new_session("array", SMALL, ACTIONS)
    file = tmp_path / "session.toml"
    file.write_text(to_toml(session))
    _, printed, _ = dwmtj(monkeypatch, capsys, file, "--json")
    shown = ExploredArray(session.values, session.actions).picture
    assert json.loads(printed) == json.loads(json.dumps(shown.numbers()))


def test_the_command_refuses_in_a_line(tmp_path, monkeypatch, capsys):
    file = tmp_path / "old.toml"
    file.write_text(to_toml(new_session("device")).replace("version = 1", "version = 0"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for arguments, message in (
            ([file], f"dwmtj: {file}: version: expected 1, got 0"),
            (["--port", port, "--no-browser"], f"dwmtj: --port: expected a free port, got {port}, which is in use; 0 "),
            (["--port", 70000], "dwmtj: --port: expected a whole number of at most 65535"),
            (["-o", tmp_path / "page.png"], "dwmtj: --output: expected a file name that ends in .html"),
            ([tmp_path / "none.toml"], f"dwmtj: {tmp_path / 'none.toml'}: No such file"),
        ):
            code, _, said = dwmtj(monkeypatch, capsys, *arguments)
            assert code == 2
            assert said.startswith(message)
            assert said.count("\n") == 1


def test_without_the_extra_the_command_names_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "bokeh.server.server", None)
    code, _, said = dwmtj(monkeypatch, capsys, "--no-browser")
    assert (code, said) == (
        2,
        "dwmtj: explore: expected the packages of an extra, got none; pip install 'dwmtj[explore]'\n",
    )


def test_without_a_browser_the_address_is_what_is_left(monkeypatch):
    def none():
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "get", none)
    said = []
    serve.open_browser("http://127.0.0.1:1/device", said.append)
    assert said == ["no browser was found; open the address above in one on this machine"]


@pytest.mark.parametrize(
    "session", [new_session("device"), new_session("array", SMALL, ACTIONS)], ids=["device", "array"]
)
def test_the_file_of_a_page_needs_nothing_from_elsewhere(session):
    page = static_page(session)
    tags = re.sub("(<script[^>]*>).*?</script>", r"\1", page, flags=re.DOTALL)
    assert not re.search('<(script|link|img|iframe)[^>]+(src|href)="(?!data:)', tags)
    assert "dwmtj explorer" in page
