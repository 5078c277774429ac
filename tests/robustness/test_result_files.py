"""Files of earlier runs and of measurements that something else has changed: made again, or refused in one line."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from public_calls import ACCESS, NS, simulation
from robustness.searching import searching
from robustness.tally import attempt, count

from compact_model import read_measured
from compact_model.fitting.measured import KINDS
from crossbar import update_curves

SPOILING = ("cut", "flip", "overwrite", "insert", "empty", "delete")
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)


def curves(folder):
    return update_curves(simulation(), voltage=0.1, width=1 * NS, count=2, access=ACCESS, store=folder)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished") / "run"
    return folder, curves(folder)


def spoil(path, way, place, byte):
    content = bytearray(path.read_bytes())
    at = place % max(1, len(content))
    if way == "cut":
        del content[at:]
    elif way == "flip":
        content[at] ^= 1 << (byte % 8)
    elif way == "overwrite":
        content[at] = byte
    elif way == "insert":
        content.insert(at, byte)
    elif way == "empty":
        content.clear()
    if way == "delete":
        path.unlink()
    else:
        path.write_bytes(content)


def test_parts_of_a_run_that_were_changed_are_made_again(finished, tmp_path):
    before, expected = finished
    names = sorted(path.name for path in before.glob("pulse*.nc"))
    assert len(names) == 4

    @searching(40)
    @given(
        st.sampled_from(names[1:]),
        st.sampled_from(SPOILING),
        st.integers(0, 10**6),
        st.integers(0, 255),
    )
    def search(name, way, place, byte):
        folder = tmp_path / "run"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(before, folder)
        spoil(folder / name, way, place, byte)
        found = attempt("part of a run", lambda: curves(folder))
        assert found is not None
        assert found.identical(expected)

    search()


def test_a_changed_description_of_a_run_is_refused_or_says_the_same(finished, tmp_path):
    before, expected = finished

    @searching(40)
    @given(st.sampled_from(SPOILING[:-1]), st.integers(0, 10**4), st.integers(0, 255))
    def search(way, place, byte):
        folder = tmp_path / "run"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(before, folder)
        spoil(folder / "run.json", way, place, byte)
        found = attempt("run.json, bytes", lambda: curves(folder))
        assert found is None or found.identical(expected)

    search()


def test_another_runs_description_is_refused(finished, tmp_path):
    before, _ = finished
    own = json.loads((before / "run.json").read_text())

    @searching(30)
    @given(st.one_of(JSON, st.tuples(st.sampled_from(sorted(own)), JSON).map(lambda change: own | dict([change]))))
    def search(description):
        folder = tmp_path / "run"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(before, folder)
        (folder / "run.json").write_text(json.dumps(description))
        found = attempt("run.json, another one", lambda: curves(folder))
        assert found is None or description == own

    search()


def test_a_description_nested_without_end_is_refused(finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished[0], folder)
    (folder / "run.json").write_text("[" * 100_000)
    assert attempt("run.json, another one", lambda: curves(folder)) is None


def test_a_run_of_an_older_version_is_refused(finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished[0], folder)
    description = json.loads((folder / "run.json").read_text()) | {"version": "0.0.1"}
    (folder / "run.json").write_text(json.dumps(description))
    with pytest.raises(ValueError, match=r"another version \(0\.0\.1, here"):
        curves(folder)
    count("run.json, another one", "inputs")
    count("run.json, another one", "refused")


VALID = {
    "threshold": "Delta_H (Oe), J_th (A/cm2), sigma (A/cm2)\n5, 1e6, 1e4\n10, 1.6e6, 1e4\n# a remark\n15, 2e6, 1e4\n",
    "resistance": "V (mV); R (Ohm); state\n0; 36; P\n100; 36.1; P\n0; 70; AP\n100; 68; AP\n",
    "pulses": "V (V), width (ns), period (ns), x (nm), train\n0.1, 5, 15, 500, a\n-0.1, 5, 15, 499, a\n",
    "trace": "t (ns), V (V), x (nm)\n0, 0, 500\n1, 0.1, 501\n2, 0.1, 502\n",
}


@pytest.mark.parametrize("kind", KINDS)
def test_files_of_measurements(kind, tmp_path):
    path = tmp_path / "measured.csv"

    def bent(place, what, length):
        at = place % len(VALID[kind])
        return (VALID[kind][:at] + what + VALID[kind][at + length :]).encode("utf-8", "surrogatepass")

    pieces = st.one_of(st.text(max_size=4), st.sampled_from([",", ";", "\n", "nan", "1e999", '"', "(Oe)", "\t", "-"]))

    @searching(120)
    @given(st.one_of(st.builds(bent, st.integers(0, 999), pieces, st.integers(0, 5)), st.binary(max_size=60)))
    def search(content):
        path.write_bytes(content)
        found = attempt(f"read_measured, {kind}", lambda: read_measured(path, kind))
        for values in (found or {}).values():
            assert values.size
            assert values.dtype.kind == "U" or np.isfinite(values).all()

    search()
