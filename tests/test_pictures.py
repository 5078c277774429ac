"""Figures and moving pictures of arrays in time, and the pictures that arrays are programmed to."""

import numpy as np
import pytest
from PIL import Image
from small_array import DEVICE, THRESHOLD, programmed, simulation_of, targets, tracks

import crossbar.plots.animation as animation
from compact_model import InputError
from crossbar import (
    Schedule,
    WriteAccess,
    animate,
    outer_product_update,
    read_disturb,
    record_writing,
    update_curves,
    write_disturb,
    write_map,
)
from dwmtj.pictures import PICTURES, picture

ACCESS = WriteAccess(scheme="V/3", edge=2e-9, settle=10e-9)
PULSE = {"voltage": 1.4 * THRESHOLD, "width": 4e-9, "access": ACCESS}
BRIEF = Schedule(voltages=[1.4 * THRESHOLD], widths=4e-9, most_pulses=1)
EXPERIMENTS = {
    "array_in_time": lambda: record_writing(
        simulation_of(), np.diag([0.5, -0.5]), PULSE["width"], PULSE["access"], records=1
    ),
    "programming": lambda: programmed(simulation_of(), targets(), BRIEF, write=ACCESS, history=True),
    "write_disturb": lambda: write_disturb(simulation_of(), count=2, level=20e-9, **PULSE),
    "read_disturb": lambda: read_disturb(simulation_of, voltages=[0.02, 0.3], width=4e-9, count=1, level=20e-9),
    "write_map": lambda: write_map(
        DEVICE, tracks(1)[0], voltages=[0.2, 0.7], widths=[2e-9, 4e-9], sizes=[1, 2], access=ACCESS, tolerance=1e-10
    ),
    "update_curves": lambda: update_curves(simulation_of(), count=2, **PULSE),
    "outer_product_update": lambda: outer_product_update(simulation_of(), [1.0, -0.5], [0.5, 1.0], slots=2, **PULSE),
}
# Frames of the moving picture: states at the start and after each record, row or pulse.
FRAMES = {"array_in_time": 5, "programming": 3, "write_disturb": 3, "update_curves": 5}
MAPS = [
    ("array_in_time", ("position", "displacement", "device_voltage", "device_current")),
    ("programming", ("target", "conductance", "reading", "error", "disturbance", "pulses", "conductance_after_row")),
    ("write_disturb", ("displacement", "lost_after")),
    ("update_curves", ("conductance", "levels", "nonlinearity", "asymmetry")),
    ("outer_product_update", ("change", "coincidences")),
]


@pytest.fixture(scope="module")
def results():
    return {name: make() for name, make in EXPERIMENTS.items()}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_draws_itself_with_labels(results, name):
    axes = results[name].dwmtj.plot()
    assert results[name].attrs["experiment"] == name
    assert axes.get_xlabel()
    assert axes.get_ylabel()
    assert axes.has_data()
    axes.figure.canvas.draw()


@pytest.mark.parametrize(("name", "quantity"), [(name, each) for name, those in MAPS for each in those])
def test_every_quantity_of_the_cells_is_an_image(results, name, quantity):
    axes = results[name].dwmtj.plot(quantity=quantity)
    (image,) = axes.get_images()
    assert image.get_array().shape == (2, 2)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("bit line", "word line")
    axes.figure.canvas.draw()


def test_a_quantity_that_is_not_there_is_named(results):
    with pytest.raises(InputError, match=r"quantity: expected one of .*, got 'positron', did you mean 'position'"):
        results["array_in_time"].dwmtj.plot(quantity="positron")
    with pytest.raises(InputError, match="size: expected one of '1', '2', got '3'"):
        results["write_map"].dwmtj.plot(size=3)


@pytest.mark.parametrize("name", FRAMES)
def test_a_moving_picture_has_a_frame_for_every_state(results, tmp_path, name):
    animate(results[name], tmp_path / "states.gif", frames_per_second=20)
    with Image.open(tmp_path / "states.gif") as shown:
        assert shown.n_frames == FRAMES[name]
        assert shown.info["duration"] == 50
        first = np.asarray(shown.convert("RGB")).astype(int)
        shown.seek(FRAMES[name] - 1)
        last = np.asarray(shown.convert("RGB")).astype(int)
    assert np.abs(first - last).max() > 50


def test_a_long_run_is_shown_in_so_many_frames_at_most(tmp_path, results, monkeypatch):
    assert animation._MOST_FRAMES == 200
    monkeypatch.setattr(animation, "_MOST_FRAMES", 3)
    animate(results["array_in_time"], tmp_path / "many.gif")
    with Image.open(tmp_path / "many.gif") as shown:
        assert shown.n_frames == 3


def test_what_has_no_states_cannot_be_animated(results, tmp_path):
    for name in ("read_disturb", "write_map", "outer_product_update"):
        with pytest.raises(InputError, match=f"result: expected one of array_in_time, programming, .*, got {name}"):
            animate(results[name], tmp_path / "a.gif")
    with pytest.raises(InputError, match=r"\(program: history=True\), got programming"):
        animate(results["programming"].drop_vars("conductance_after_row"), tmp_path / "a.gif")
    with pytest.raises(InputError, match="frames_per_second: expected a whole number of at least 1"):
        animate(results["programming"], tmp_path / "a.gif", frames_per_second=0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (7, 1), (16, 24)])
@pytest.mark.parametrize("levels", [2, 16])
@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_levels_of_the_arrays_shape_and_always_the_same(name, levels, shape):
    found = picture(name, shape, levels, seed=3)
    assert found.shape == shape
    assert found.dtype == np.int64
    assert found.min() >= 0
    assert found.max() <= levels - 1
    assert np.array_equal(found, picture(name, shape, levels, seed=3))
    same = np.array_equal(picture(name, (16, 24), levels, seed=4), picture(name, (16, 24), levels, seed=3))
    assert same == (name != "random")


def test_pictures_show_what_their_names_say():
    board = picture("checkerboard", (3, 4), 8, 0)
    assert board.tolist() == [[0, 7, 0, 7], [7, 0, 7, 0], [0, 7, 0, 7]]
    ramp = picture("ramp", (9, 9), 5, 0)
    assert (np.diff(ramp, axis=0) >= 0).all()
    assert (np.diff(ramp, axis=1) >= 0).all()
    assert (ramp[0, 0], ramp[-1, -1]) == (0, 4)
    wall = picture("wall", (32, 32), 16, 0)
    assert (np.diff(wall, axis=1) <= 0).all()  # one domain at the left, the other at the right
    assert (wall[:, 0] >= 14).all()
    assert (wall[:, -1] <= 1).all()
    assert len(np.unique(wall)) == 16
    assert np.ptp((wall > 7).sum(axis=1)) > 4  # and the line between them is curved
    assert set(np.unique(picture("random", (32, 32), 16, 0))) == set(range(16))


def test_a_file_is_read_as_it_stands(tmp_path):
    (tmp_path / "levels.csv").write_text("0, 3,1\n2,1.0,0\n")
    found = picture(str(tmp_path / "levels.csv"), (2, 3), 4, 0)
    assert found.tolist() == [[0, 3, 1], [2, 1, 0]]
    assert found.dtype == np.int64
    (tmp_path / "one.csv").write_text("1\n")
    assert picture(str(tmp_path / "one.csv"), (1, 1), 2, 0).tolist() == [[1]]


@pytest.mark.parametrize(
    "text", ["", "0,1\n", "0,1\n2\n", "0,1\n0,4\n", "0,1\n0,-1\n", "0,1\n0,0.5\n", "0,1\n0,nan\n", "x\n"]
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, text):
    path = tmp_path / "levels.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=r"--target: expected .*levels\.csv, got"):
        picture(str(path), (2, 2), 4, 0)
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match=r"--target: expected"):
        picture(str(path), (2, 2), 4, 0)
