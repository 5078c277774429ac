"""Studies: the same numbers however they are parted, wherever they are measured, and whatever is killed meanwhile."""

import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from processes import begun, run_here

from compact_model import InputError, current_threshold, demagnetising_anisotropy_field, lequeux2016
from compact_model.device.width_laws import anisotropy_slope
from compact_model.experiments.escape import mean_escape_time
from compact_model.support.store import Store
from crossbar.studies.margins import read_margin
from crossbar.wires import Wires
from dwmtj.study import description, pools
from dwmtj.study.description import Study, read_study, shipped_studies
from dwmtj.study.measures import MEASURES
from dwmtj.study.plan import duration
from dwmtj.study.run import plan_study, run_study, statistics
from dwmtj.study.sampling import BASES, Batch

NANO = 1e-9
QUICK = {
    "threshold": {"temperature": 300.0, "ramp_rate": 1e19, "torques": "both"},
    "levels": {"pulses": 3, "rest": 20e-9, "amplitude": 0.4},
    "retention": {"duration": 2e-6},
    "pulse": {"temperature": 300.0, "duration": 20e-9, "points": 21},
    "array": {"lines": 3},
}
SHALLOW = {"coercive_field": 8e-4, "half_width": 10e-9}


def quick_study(measure, **changes):
    given = {
        "samples": 5,
        "seed": 3,
        "settings": QUICK[measure],
        "spread": {"anisotropy_field": 1e-4, "track_width": 0.02},
    }
    if MEASURES[measure].has_track:
        given["landscape"] = SHALLOW
        given["sweep"] = {"coercive_field_spread": (0.0, 0.2)}
    else:
        given["sweep"] = {"tmr": (0.5, 2.0)}
    return Study(measure=measure, **(given | changes))


def same(one, other):
    return all(np.array_equal(one[name].values, other[name].values) for name in one.data_vars)


# What is measured


@pytest.mark.parametrize("measure", MEASURES)
def test_the_numbers_do_not_depend_on_the_parts(measure):
    whole = run_study(quick_study(measure))
    for size in (1, 2, 3):
        assert same(whole, run_study(quick_study(measure, samples_per_part=size)))
    more = run_study(quick_study(measure, samples=7))
    first = MEASURES[measure].results[0].name
    np.testing.assert_array_equal(more[first].values[..., :5], whole[first].values)
    assert not same(whole, run_study(quick_study(measure, seed=4)))


@pytest.mark.parametrize("measure", MEASURES)
def test_samples_differ_and_results_have_units(measure):
    result = run_study(quick_study(measure))
    for item in MEASURES[measure].results:
        assert result[item.name].dims == (*json.loads(result.attrs["sweep"]), "sample")
        assert not np.isnan(result[item.name].values).any()
        if item.unit not in {"", "k_B T", "%"}:
            assert result[item.name].attrs["units"]
    assert np.unique(result[MEASURES[measure].results[0].name].values).size > 2


def test_without_spread_and_heat_the_threshold_is_that_of_the_experiment():
    landscape = {"coercive_field": 15e-4, "half_width": 100e-9}
    settings = {"temperature": 0.0, "ramp_rate": 1e18, "step": 5e-12, "net_field": 5e-4}
    found = run_study(Study(measure="threshold", samples=2, landscape=landscape, settings=settings))
    expected = current_threshold(lequeux2016(), [10e-4], ramp_rate=1e18, step=5e-12).threshold.values[0, 0]
    np.testing.assert_allclose(found.threshold.values, expected, rtol=1e-9)


def test_edge_roughness_is_what_the_law_of_the_width_makes_of_a_width():
    device = lequeux2016()
    # The rows of the shipped table at 90, 100 and 110 nm.
    assert anisotropy_slope(device) == pytest.approx((84.88 - 26.55) * 1e-4 / 20e-9, rel=1e-3)
    edge = lequeux2016(130e-9)
    assert anisotropy_slope(edge) == pytest.approx((13.96 + 5.90) * 1e-4 / 10e-9, rel=1e-3)
    shape = {
        "thickness": device.thickness,
        "wall_width": device.wall_width,
        "saturation_magnetisation": device.saturation_magnetisation,
    }
    wide, narrow = (demagnetising_anisotropy_field(track_width=width, **shape) for width in (101e-9, 99e-9))
    assert anisotropy_slope(device, "rigid-wall") == pytest.approx(abs(wide - narrow) / 2e-9, rel=1e-3)
    with pytest.raises(InputError, match="track_width: expected 60 to 130 nm"):
        anisotropy_slope(lequeux2016(50e-9))
    rough = Study(measure="threshold", samples=400, landscape={"edge_roughness": 2e-9}, seed=1)
    tracks = Batch([rough.point(0)] * 400, np.arange(400), {}, 1).tracks
    fields = [float(track.anisotropy_field(np.array(0.5e-6), device)) for track in tracks]
    # The standard error of a standard deviation is 1/sqrt(2 n) of it.
    assert np.std(fields) == pytest.approx(2e-9 * anisotropy_slope(device), rel=4.0 / np.sqrt(800.0))
    assert np.mean(fields) == pytest.approx(device.anisotropy_field, abs=4.0 * np.std(fields) / 20.0)


def test_an_array_of_equal_devices_has_the_margin_of_the_array_and_its_own_window():
    settings = {"lines": 4, "wire_resistance": 2.0, "read_kind": "voltage", "read_scheme": "floating"}
    result = run_study(Study(measure="array", samples=1, settings=settings, device={"base": "notched"}))
    device = BASES["notched"]()
    expected = read_margin(
        [4],
        low_resistance=device.parallel_resistance,
        high_resistance=device.antiparallel_resistance,
        schemes=["floating"],
        wires=Wires.equal(2.0),
    )
    assert float(result.read_margin[0]) == pytest.approx(float(expected.voltage_margin[0, 0]), abs=2e-3)
    ideal = run_study(
        Study(measure="array", samples=1, device={"base": "notched"}, settings={"lines": 4, "wire_resistance": 0.0})
    )
    assert float(ideal.write_voltage[0]) == pytest.approx(device.threshold_voltage)
    assert float(ideal.write_window[0]) == pytest.approx(1.0)  # V/2 puts half of it on others


def test_a_mean_escape_time_is_the_exposure_over_the_escapes():
    times = np.array([1.0, 3.0, np.inf, 2.0])
    mean, lower, upper = mean_escape_time(times, 5.0)
    assert mean == pytest.approx(11.0 / 3.0)
    assert lower < mean < upper
    assert mean_escape_time(np.full(4, np.inf), 5.0)[2] == np.inf


@given(arrays(np.float64, (2, 7), elements=st.floats(-1e6, 1e6) | st.just(np.inf)))
def test_statistics_are_those_of_the_finite_values_and_never_not_a_number(values):
    found = statistics(values)
    for row in range(2):
        finite = values[row][np.isfinite(values[row])]
        assert found["finite"][row] == pytest.approx(finite.size / 7)
        if finite.size:
            assert found["mean"][row] == pytest.approx(finite.mean(), abs=1e-6)
        if finite.size > 1:
            assert found["std"][row] == pytest.approx(finite.std(ddof=1), abs=1e-6, rel=1e-9)
    assert not any(np.isnan(each).any() for each in found.values())


@pytest.mark.parametrize("name", ["threshold", "levels", "retention", "array"])
def test_the_studies_that_come_with_the_package_run_and_draw_themselves(name):
    study = read_study(name, samples=1)
    assert study.description
    thinned = {key: values[:: len(values) - 1] for key, values in study.sweep.items()}
    result = run_study(Study(**{**vars_of(study), "sweep": thinned}))
    axes = result.dwmtj.plot()
    assert axes.get_xlabel()
    assert axes.get_legend() is not None


def vars_of(study):
    return {name: getattr(study, name) for name in study.__dataclass_fields__}


def test_at_least_four_studies_come_with_the_package():
    assert len(shipped_studies()) >= 4


# The plan


def test_a_million_samples_are_planned_before_they_start(tmp_path):
    study = read_study("threshold", samples=50_000)
    announced = []
    plan = plan_study(study, store=tmp_path / "million", announce=announced.append)
    assert [each.cost is None for each in announced] == [True, False]
    assert plan.samples == 1_000_000
    assert plan.parts == 2000
    assert plan.seconds is not None
    assert plan.seconds > 1.0
    assert "1000000 samples in 2000 parts of up to 500" in plan.extent()
    assert re.search(r"memory: [\d.]+ MiB for each part.*\ntime: about .* for the 1000000 samples left", plan.demand())


def test_the_plans_memory_is_that_of_a_part(tmp_path):
    study = quick_study("levels", samples=64)
    plan = plan_study(study)
    assert plan.samples_per_part == 128  # of both points
    values = 128 * 6 * 40  # walls, pulses, recorded times
    assert 7 * 8 * values < plan.bytes_per_part < 30 * 8 * values


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.5, "0.5 s"), (42.4, "42 s"), (125.0, "2 min 5 s"), (7300.0, "2 h 1 min"), (3e5, "3 d 11 h")],
)
def test_times_are_told_in_two_units(seconds, words):
    assert duration(seconds) == words


# The store


def test_a_study_goes_on_from_its_parts_and_ends_the_same(tmp_path):
    study = quick_study("retention", samples_per_part=2)
    whole = run_study(study, store=tmp_path / "kept")
    parts = sorted((tmp_path / "kept").glob("part_*.nc"))
    assert len(parts) == 5
    parts[1].unlink()
    parts[4].write_bytes(parts[4].read_bytes()[:500])
    before = {part: part.stat().st_mtime_ns for part in parts if part.exists()}
    assert same(whole, run_study(study, store=tmp_path / "kept"))
    assert parts[0].stat().st_mtime_ns == before[parts[0]]
    assert parts[4].stat().st_mtime_ns > before[parts[4]]


def test_a_part_is_read_by_its_samples_and_what_is_no_number_is_measured_again(tmp_path):
    study = quick_study("retention", samples_per_part=5)
    whole = run_study(study, store=tmp_path / "kept")
    store = Store(tmp_path / "kept", study.identity())
    first, second = (store.load(name) for name in store.names)
    for path in (tmp_path / "kept").glob("part_*.nc"):
        path.unlink()
    store.save("any_name", second)
    store.save("another", first.assign(escape_time=np.nan * first.escape_time))
    assert plan_study(study, store=tmp_path / "kept").missing_samples == 5
    assert same(whole, run_study(study, store=tmp_path / "kept"))


def test_samples_and_points_can_be_added_to_a_finished_study(tmp_path):
    small = quick_study("threshold", sweep={"track_width": (90e-9, 100e-9)}, samples=3)
    large = quick_study("threshold", sweep={"track_width": (80e-9, 90e-9, 100e-9)}, samples=5)
    before = run_study(small, store=tmp_path / "kept")
    assert plan_study(large, store=tmp_path / "kept").missing_samples == 9
    grown = run_study(large, store=tmp_path / "kept")
    assert same(grown, run_study(large))
    np.testing.assert_array_equal(grown.threshold.values[1:, :3], before.threshold.values)
    assert plan_study(small, store=tmp_path / "kept").missing_samples == 0
    assert same(before, run_study(small, store=tmp_path / "kept"))


def test_stores_of_one_study_are_merged_and_those_of_others_refused(tmp_path):
    single = {"lines": 1}
    left = quick_study("array", settings=single, sweep={"tmr": (0.5, 1.0)})
    right = quick_study("array", settings=single, sweep={"tmr": (1.0, 2.0)})
    both = quick_study("array", settings=single, sweep={"tmr": (0.5, 1.0, 2.0)})
    run_study(left, store=tmp_path / "left")
    run_study(right, store=tmp_path / "right")
    merged = plan_study(both, store=tmp_path / "left", merge=[tmp_path / "right"])
    assert merged.missing_samples == 0
    assert same(run_study(both, store=tmp_path / "left"), run_study(both))
    run_study(quick_study("array", settings=single, seed=8), store=tmp_path / "other")
    parts = sorted((tmp_path / "left").iterdir())
    with pytest.raises(InputError, match=r"^merge: expected .*other to be of this run, got one with another seed"):
        run_study(both, store=tmp_path / "left", merge=[tmp_path / "right", tmp_path / "other"])
    assert sorted((tmp_path / "left").iterdir()) == parts
    for folder in (tmp_path / "nowhere", 3):
        with pytest.raises(InputError, match="merge: expected the folder of a study's store, got"):
            run_study(both, store=tmp_path / "left", merge=[folder])


def test_the_store_opens_as_one_dataset(tmp_path):
    import xarray as xr

    study = quick_study("threshold", samples_per_part=3)
    result = run_study(study, store=tmp_path / "kept")
    parts = [xr.load_dataset(path, engine="h5netcdf") for path in (tmp_path / "kept").glob("part_*.nc")]
    rows = xr.concat(parts, "row").set_index(row=["coercive_field_spread", "sample"]).drop_vars("point_key")
    np.testing.assert_array_equal(rows.unstack("row").threshold.values, result.threshold.values)
    pytest.importorskip("dask")
    paths = sorted((tmp_path / "kept").glob("part_*.nc"))
    with xr.open_mfdataset(paths, combine="nested", concat_dim="row", engine="h5netcdf") as lazy:
        assert lazy.threshold.chunks is not None
        assert sorted(lazy.threshold.values) == sorted(result.threshold.values.ravel())


def test_drawn_points_fill_their_ranges_and_more_of_them_keep_the_first():
    sweep = {"lines": (2, 4), "tmr": (0.5, 2.0), "read_scheme": ("grounded", "floating")}
    study = quick_study("array", sweep=sweep, settings={}, design="random", points=12, samples=1)
    more = quick_study("array", sweep=sweep, settings={}, design="random", points=60, samples=1)
    assert more.combinations[:12] == study.combinations
    assert {each["lines"] for each in more.combinations} == {2, 3, 4}
    even = quick_study("array", sweep={"tmr": (0.5, 2.0)}, design="latin-hypercube", points=50)
    values = sorted(each["tmr"] for each in even.combinations)
    np.testing.assert_array_equal(np.floor((np.array(values) - 0.5) / 1.5 * 50), np.arange(50))
    result = run_study(study)
    assert result.read_margin_mean.dims == ("point",)
    assert result.tmr.dims == ("point",)
    assert result.dwmtj.plot().get_xlabel()


def test_many_points_are_planned_and_their_parts_shared(tmp_path):
    values = tuple(np.linspace(0.5, 3.0, 110).tolist())
    study = Study(measure="array", samples=1, sweep={"tmr": values}, settings={"lines": 1})
    announced = []
    run_study(study, store=tmp_path / "kept", announce=announced.append)
    assert announced[-1].parts == 3
    assert parts_in(tmp_path / "kept") == 3


OWN = """
from dwmtj.study.measures.measure import Measure
from dwmtj.study.quantities import Quantity, Setting

def run(batch):
    return {"area": [factor(batch) * device.junction_area for device in batch.devices]}

def factor(batch):
    return 1.0 / batch.settings["parts"]

MEASURE = Measure(
    name="area", help="area of the junction", settings=(Setting("parts", "parts of it", default=2.0),),
    results=(Quantity("area", "area of the junction", "nm2", 1e-18),), run=run, samples_per_part=10,
)
"""


def test_a_measure_of_ones_own_is_a_python_file(tmp_path, monkeypatch):
    (tmp_path / "own.py").write_text(OWN)
    text = '[study]\nmeasure = "own.py"\nsamples = 4\n[sweep]\ntrack_width = [90, 100]\n[area]\nparts = 4\n'
    (tmp_path / "own.toml").write_text(text)
    study = read_study(tmp_path / "own.toml")
    result = run_study(study, store=tmp_path / "kept")
    areas = [study.point(index).device.junction_area / 4.0 for index in (0, 1)]
    np.testing.assert_allclose(result.area.values, np.repeat(areas, 4).reshape(2, 4), rtol=1e-12)
    assert result.dwmtj.plot().get_ylabel().startswith("area of the junction (10$^3$ nm$^2$)")
    assert pickle.loads(pickle.dumps(study.kind)).run is study.kind.run
    (tmp_path / "own.toml").write_text(text.replace("parts = 4", "parts = 0"))
    with pytest.raises(InputError, match=r"own.py, line 9: ZeroDivisionError: float division by zero"):
        run_study(read_study(tmp_path / "own.toml"))
    (tmp_path / "own.toml").write_text(text)
    for broken, message in (
        (OWN.replace("MEASURE =", "OTHER ="), "own.py: expected a Measure called MEASURE, got NoneType"),
        (OWN.replace("def run(batch)", "def run(batch"), "own.py, line 5: expected Python, got a syntax error"),
        ("import nowhere", "own.py, line 1: ModuleNotFoundError"),
        (OWN.replace("for device in batch.devices", "for device in batch.devices[1:]"), "number area for each of"),
        (OWN.replace('{"area": [', '{"size": ['), "own.py: expected run to give a number area"),
    ):
        (tmp_path / "own.py").write_text(broken)
        with pytest.raises(InputError, match=message):
            run_study(read_study(tmp_path / "own.toml"))


@pytest.mark.parametrize(
    ("before", "statement", "told"),
    [
        ("    return {", "sys.exit(3)", "line 6: SystemExit: 3"),
        ("    return 1.0", "raise RuntimeError('of\\ntwo lines')", "line 9: RuntimeError: of two lines"),
        ("MEASURE =", "exit()", "line 11: SystemExit: None"),
    ],
)
def test_a_measure_that_raises_or_exits_is_named_with_its_line(tmp_path, before, statement, told):
    inside = " " * (len(before) - len(before.lstrip()))
    (tmp_path / "own.py").write_text("import sys" + OWN.replace(before, f"{inside}{statement}\n{before}"))
    (tmp_path / "own.toml").write_text('[study]\nmeasure = "own.py"\nsamples = 4\n')
    done = run_here("study", "own.toml", cwd=tmp_path, expect=2)
    assert re.fullmatch(r"dwmtj: (own.toml: )?own.py, " + told, done.stderr.splitlines()[-1])
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("workers", [0, 1])
def test_what_was_measured_before_a_measure_raised_is_kept_and_goes_on(tmp_path, workers):
    if workers:
        pytest.importorskip("distributed")
    flag = tmp_path / "mended"
    exits = f"    if 25 in batch.numbers and not pathlib.Path({str(flag)!r}).exists(): sys.exit(1)\n"
    own = OWN.replace("    return 1.0", exits + "    return 1.0")
    (tmp_path / "own.py").write_text("import pathlib, sys" + own)
    text = '[study]\nmeasure = "own.py"\nsamples = 40\nsamples_per_part = 5\n'
    (tmp_path / "own.toml").write_text(text)
    study, kept = read_study(tmp_path / "own.toml"), tmp_path / "kept"
    with pytest.raises(InputError, match=r"own.py, line 9: SystemExit: 1$"):
        run_study(study, store=kept, workers=workers)
    parts = parts_in(kept)
    assert parts >= (1 if workers else 5)
    flag.touch()
    assert plan_study(study, store=kept).missing_samples == 40 - 5 * parts
    assert run_study(study, store=kept).area.size == 40


@pytest.mark.parametrize("name", ["with blanks ", "[a]*", "#1 100%?&;'\"", "Größe µ 磁", "-o", ".hidden"])
def test_stores_have_any_name(tmp_path, name):
    """Also those that mean something to a shell, a pattern or an address."""
    import xarray as xr

    half, study = (quick_study("array", settings={"lines": 1}, samples=samples) for samples in (2, 4))
    first = run_study(half, store=tmp_path / name)
    run_study(study, store=tmp_path / "other", merge=[tmp_path / name])
    assert plan_study(study, store=tmp_path / name).missing_samples == 4
    found = run_study(study, store=str(tmp_path / name))
    assert plan_study(study, store=tmp_path / name).missing_samples == 0
    np.testing.assert_array_equal(found.read_margin.values[:, :2], first.read_margin.values)
    parts = [xr.load_dataset(each, engine="h5netcdf") for each in (tmp_path / name).iterdir() if each.suffix == ".nc"]
    assert sum(part.sizes["row"] for part in parts) == study.number_of_points * 4


def test_thresholds_stand_beside_their_static_limit_and_a_fast_ramp_is_named():
    given = {"measure": "threshold", "samples": 1, "landscape": {"coercive_field": 15e-4}}
    slow = run_study(Study(settings={"temperature": 0.0, "ramp_rate": 1e17, "net_field": 5e-4}, **given))
    device = lequeux2016()
    expected = min(
        device.anisotropy_field / 2.0 / device.torque_per_current_density,
        10e-4 / device.field_like_ratio / device.torque_per_current_density,
    )
    assert float(slow.static_threshold[0]) == pytest.approx(expected, rel=1e-9)
    assert slow.attrs["notes"] == ""
    fast = run_study(Study(settings={"temperature": 0.0, "ramp_rate": 2e19, "net_field": 5e-4}, **given))
    assert "at 1 of 1 points the median threshold is more than 1.25 times" in fast.attrs["notes"]


def test_a_draw_that_makes_no_device_is_drawn_again():
    barely = {"half_width": 100e-9, "sites": 1}
    given = {"landscape": barely, "device": {"track_length": 225e-9}, "spread": {"track_length": 0.05}}
    point = Study(measure="threshold", samples=200, **given).point(0)
    tracks = Batch([point] * 200, np.arange(200), given["spread"], 1)
    lengths = np.array([device.track_length for device in tracks.devices])
    assert lengths.min() > 2.0 * 100e-9 / 0.95  # where a site of that half width just fits
    assert (lengths < 225e-9).mean() == pytest.approx(0.4, abs=0.15)


def test_a_refused_study_does_not_stand_in_the_way_of_a_better_one(tmp_path):
    Store(tmp_path / "kept", quick_study("array").identity())
    run_study(quick_study("array", seed=9), store=tmp_path / "kept")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sweep": {"tmr": [[1.0], [2.0]]}}, "tmr: expected"),
        ({"sweep": None}, "sweep: expected a Mapping"),
        ({"device": {"base": "foo"}}, "base: expected one of"),
        (
            {"device": {"anisotropy_from_width": "no"}},
            "anisotropy_from_width: expected one of 'given', 'micromagnetics'",
        ),
        ({"description": 5}, "description: expected a str"),
        ({"settings": {"lines": 10**6}}, "lines: expected at most 4096"),
    ],
)
def test_a_study_in_python_names_nonsense(changes, message):
    with pytest.raises(InputError, match=message):
        quick_study("array", **changes)


def test_swept_values_may_come_as_an_array():
    study = quick_study("array", sweep={"lines": np.array([1, 2]), "tmr": np.array([0.5, 1.0])}, settings={})
    assert study.sweep == {"lines": (1, 2), "tmr": (0.5, 1.0)}
    assert study.shape == run_study(study).read_margin_mean.shape


def test_a_store_of_another_version_or_study_is_refused(tmp_path, monkeypatch):
    study = quick_study("array")
    run_study(study, store=tmp_path / "kept")
    with pytest.raises(InputError, match=r"with another seed \(3, here 4\)"):
        run_study(quick_study("array", seed=4), store=tmp_path / "kept")
    monkeypatch.setattr(description, "release", lambda: "9.9")
    with pytest.raises(InputError, match=r"another dwmtj_version \(.*, here 9\.9\)"):
        run_study(study, store=tmp_path / "kept")


STUDY_FILE = """
[study]
format = 2
measure = "retention"
samples = 24
seed = 2
samples_per_part = 4
[sweep]
coercive_field = [20, 30]  # Oe
half_width = [10, 18]      # nm
[retention]
duration = 2000            # ns
"""


def parts_in(folder):
    return len(list(folder.glob("part_*.nc")))


def wait_for(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def study_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("studies") / "walls.toml"
    path.write_text(STUDY_FILE)
    return path


@pytest.fixture(scope="module")
def undisturbed(study_file):
    return run_study(read_study(study_file))


def test_after_a_kill_the_same_command_ends_with_the_same_numbers(tmp_path, study_file, undisturbed):
    folder = tmp_path / "walls.study"
    said = {"output": tmp_path / "output", "errors": tmp_path / "errors"}
    process = begun("study", study_file, "--quiet", cwd=tmp_path, **said)
    wait_for(lambda: parts_in(folder) >= 5 or not process.is_alive())
    process.kill()
    process.join()
    assert 5 <= parts_in(folder) < 24
    again = run_here("study", study_file, "-o", "walls.nc", cwd=tmp_path)
    assert "samples are there already" in again.stderr
    import xarray as xr

    with xr.open_dataset(tmp_path / "walls.nc", engine="h5netcdf") as result:
        assert same(undisturbed, result)


# Dask


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A scheduler and two workers as processes of their own, and the scheduler's address."""
    pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("dask")
    file = folder / "scheduler.json"
    started = []

    def start(*arguments):
        command = [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]]
        with (folder / f"{len(started)}.log").open("w") as log:
            started.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, start_new_session=True))
        return started[-1]

    scheduler = start("scheduler", "--port", "0", "--dashboard-address", ":0", "--scheduler-file", str(file))
    wait_for(lambda: file.exists() and file.stat().st_size > 0)
    address = json.loads(file.read_text())["address"]
    # A nanny would start a worker again and again once the scheduler is dead.
    alone = ("--no-nanny", "--nthreads", "1", "--no-dashboard")
    workers = [start("worker", address, *alone) for _ in range(2)]
    yield address, scheduler, workers
    for process in started:
        stop(process)


def stop(process):
    """A process and what it has started, at once."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_cluster_gives_the_numbers_of_threads_also_when_a_worker_and_then_the_scheduler_die(
    tmp_path, study_file, undisturbed, cluster, monkeypatch
):
    address, scheduler, workers = cluster
    assert same(undisturbed, run_study(read_study(study_file), scheduler=address))

    def freeze(plan):
        if plan.cost is not None:
            scheduler.send_signal(signal.SIGSTOP)

    with monkeypatch.context() as hasty:
        hasty.setattr(pools, "SCHEDULER_PATIENCE", 1.0)
        with pytest.raises(pools.SchedulerError, match="is gone, or has no workers left"):
            run_study(read_study(study_file, seed=5), scheduler=address, announce=freeze)
    scheduler.send_signal(signal.SIGCONT)

    folder = tmp_path / "walls.study"
    command = [sys.executable, "-m", "dwmtj", "study", str(study_file), "--quiet", "--scheduler", address]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: parts_in(folder) >= 4)
    stop(workers[0])
    wait_for(lambda: parts_in(folder) >= 9)
    stop(scheduler)
    _, complaint = process.communicate(timeout=90)
    assert process.returncode == 1, complaint
    assert complaint.startswith(
        f"dwmtj: scheduler: {address} is gone, or has no workers left; what was measured is kept"
    )
    assert complaint.count("\n") == 1
    assert 9 <= parts_in(folder) < 24

    monkeypatch.setattr(pools, "SCHEDULER_PATIENCE", 1.0)
    with pytest.raises(InputError, match=f"expected one that answers at {address}, got none"):
        run_study(read_study(study_file), store=folder, scheduler=address)
    assert same(undisturbed, run_study(read_study(study_file), store=folder))


def test_a_scheduler_that_dies_before_its_parts_are_cancelled_is_named():
    class Dying:
        status, dashboard_link = "running", ""
        scheduler = SimpleNamespace(address="tcp://gone:1")

        def scheduler_info(self, n_workers):
            return {"workers": {"one": {"nthreads": 1}}}

        def lose(self, *arguments, **options):
            raise OSError("Timed out trying to connect")

        submit = cancel = lose

    with pytest.raises(pools.SchedulerError, match="tcp://gone:1 is gone, or has no workers left"):
        pools.Dask(Dying()).cost([])


def test_a_scheduler_without_workers_is_refused(monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(pools, "SCHEDULER_PATIENCE", 0.5)
    with (
        distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as empty,
        pytest.raises(InputError, match="expected at least one worker at"),
    ):
        run_study(quick_study("array"), scheduler=empty.scheduler_address)


def test_a_worker_of_another_version_is_refused(monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(pools, "release", iter(["1.0"] + ["2.0"] * 30).__next__)
    with (
        distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as local,
        pytest.raises(InputError, match=r"expected workers with dwmtj 1\.0, got 2\.0 on"),
    ):
        run_study(quick_study("array"), scheduler=local.scheduler_address)


# What comes in


def changed(old, new):
    assert old in STUDY_FILE
    return STUDY_FILE.replace(old, new)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed("seed = 2", "sead = 2"), r"\[study\]: expected a key out of measure, .*, got 'sead'"),
        (changed('measure = "retention"', 'measure = "rest"'), "measure: expected one of 'threshold', .*, got 'rest'"),
        (changed("samples = 24\n", ""), r"\[study\]: expected the key samples, got none"),
        (changed("samples = 24", "samples = 0"), "samples: expected .* 1.*, got 0"),
        (changed("[20, 30]", "[]"), r"\[sweep\]: expected a list of at least one value for coercive_field, got \[\]"),
        (changed("[20, 30]", "[20, 20]"), "sweep: expected different values of coercive_field"),
        (changed("[20, 30]", '[20, "30"]'), r"\[sweep\] coercive_field: expected a number in Oe, got '30'"),
        (changed("[20, 30]", "[20, -1]"), r"at coercive_field = -1 Oe, half_width = 10 nm: coercive_field: expected"),
        (changed("half_width =", "halfwidth ="), r"\[sweep\]: expected a key out of .*, got 'halfwidth', did you"),
        (changed("duration = 2000", "duration = nan"), r"\[retention\] duration: expected a finite number"),
        (changed("[retention]", "[levels]"), r"expected the tables .* for the measure retention, got 'levels'"),
        (STUDY_FILE + "[landscape]\nhalf_width = 10\n", "sweep: expected half_width either here or in a table"),
        (
            STUDY_FILE + "[landscape]\nedge_roughness = 1\nanisotropy_spread = 1\n",
            "edge_roughness: expected only one of",
        ),
        (STUDY_FILE + "[spread]\nwidth = 1\n", r"\[spread\]: expected a key out of .*, got 'width'"),
        (STUDY_FILE + "[spread]\nnucleation_current_density = 1\n", r"\[spread\]: expected keys with an effect on the"),
        (
            STUDY_FILE + "[device]\nstray_field = 1\n",
            r"\[device\]: expected keys with an effect on the",
        ),
        (changed("half_width = [", "edge_roughness = [-3,"), "edge_roughness: expected at least 0 nm, got -3"),
        (STUDY_FILE + "[spread", "expected TOML, got a syntax error"),
        ("", r"expected a table \[study\], got none"),
        (
            changed("format = 2\n", ""),
            r"duration: expected \[study\] to say in which unit .* 2 for ns, or format = 1 for us",
        ),
        (changed("format = 2", "format = 3"), "format: expected one of 1, 2, got 3"),
        (changed("seed = 2", 'design = "random"'), "points: expected a number with the designs random, latin-hyper"),
        (
            changed("seed = 2", 'points = 7\ndesign = "random"').replace("[20, 30]", "[30]"),
            "the lowest and the highest",
        ),
        ("study = 3", r"expected \[study\] to be a table of keys, got 3"),
    ],
)
def test_a_bad_study_file_is_refused_in_one_line(tmp_path, text, message):
    file = tmp_path / "bad.toml"
    file.write_text(text)
    with pytest.raises(InputError, match=message) as refused:
        read_study(file)
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_of_the_first_format_is_read_in_its_units(tmp_path):
    file = tmp_path / "old.toml"
    file.write_text(changed("format = 2", "format = 1").replace("duration = 2000", "duration = 5\nstep = 20"))
    settings = read_study(file).settings
    assert settings == {"duration": pytest.approx(5e-6), "step": pytest.approx(20e-12)}


def test_the_command_refuses_in_one_line(tmp_path):
    for arguments, words in (
        ((), "file: expected a study file, or one of array, levels, retention, threshold, got none"),
        (
            ("nowhere.toml",),
            "file: expected a study file, or one of array, levels, retention, threshold, got 'nowhere.toml'",
        ),
        (("array", "--samples", "0"), "samples: expected"),
        (("array", "--workers", "2", "--scheduler", "tcp://1.2.3.4:1"), "workers: expected either"),
        (("array", "--scheduler", "no where"), "scheduler: expected an address such as tcp://"),
        (("array", "--store", str(Path(__file__).parent)), "store: expected a new or empty folder"),
    ):
        refused = run_here("study", *arguments, expect=2, cwd=tmp_path)
        assert refused.stderr.startswith("dwmtj: ")
        assert words in refused.stderr
        assert refused.stderr.count("\n") == 1


def test_the_command_prints_a_plan_and_a_table_and_writes_what_is_asked(tmp_path):
    text = '[study]\nformat = 2\nmeasure = "array"\nsamples = 1\n[sweep]\nlines = [2, 3]\ntmr = [50, 100]  # %\n'
    (tmp_path / "small.toml").write_text(text)
    planned = run_here("study", "small.toml", "--samples", "2", "--plan", "--json", "--quiet", cwd=tmp_path)
    assert json.loads(planned.stdout)["samples"] == 8
    done = run_here(
        "study", "small.toml", "--samples", "2", "--json", "-o", "array.nc", "-o", "array.png", cwd=tmp_path
    )
    assert "plan: 4 points x 2 samples = 8 samples" in done.stderr
    points = json.loads(done.stdout)["points"]
    assert len(points) == 4
    assert points[0]["lines"] == 2
    assert points[0]["tmr_percent"] == pytest.approx(50.0)
    assert (tmp_path / "array.png").stat().st_size > 10_000
    assert (tmp_path / "array.nc").exists()
