"""Walls in a stripe by finite differences, against closed forms, a standard problem and magnum.np."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from processes import run

from compact_model import (
    ConvergenceError,
    InputError,
    Stripe,
    lequeux2016_stripe,
    micromagnetic_device,
    micromagnetic_wall,
    relax_wall,
    static_current_threshold,
    turn_wall,
)
from compact_model.constants import VACUUM_PERMEABILITY
from compact_model.micromagnetics.make_table import converged
from compact_model.micromagnetics.relax import mean_angle, relax
from compact_model.micromagnetics.stripe import StripeEnergy
from compact_model.micromagnetics.tensor import demagnetising_tensor, pairs_of_rows, tail_of_row

DATA = Path(__file__).parent / "data"
MAGNUM = json.loads((DATA / "magnumnp_walls.json").read_text())
ONE = np.zeros(1)
CELL = (4e-9, 4e-9, 2.2e-9)


def prism_factor(a, b, c):
    """N_zz of a prism with the edges 2a, 2b, 2c by Aharoni 1998, doi 10.1063/1.367113, Eq. 1."""
    ab, ac, bc, abc = np.hypot(a, b), np.hypot(a, c), np.hypot(b, c), np.sqrt(a**2 + b**2 + c**2)
    total = (b**2 - c**2) / (2 * b * c) * np.log((abc - a) / (abc + a))
    total += (a**2 - c**2) / (2 * a * c) * np.log((abc - b) / (abc + b))
    total += b / (2 * c) * np.log((ab + a) / (ab - a)) + a / (2 * c) * np.log((ab + b) / (ab - b))
    total += c / (2 * a) * np.log((bc - b) / (bc + b)) + c / (2 * b) * np.log((ac - a) / (ac + a))
    total += 2 * np.arctan(a * b / (c * abc)) + (a**3 + b**3 - 2 * c**3) / (3 * a * b * c)
    total += (a**2 + b**2 - 2 * c**2) / (3 * a * b * c) * abc + c / (a * b) * (ac + bc)
    return (total - (ab**3 + bc**3 + ac**3) / (3 * a * b * c)) / np.pi


def test_the_tensor_of_a_cell_is_that_of_a_prism():
    assert demagnetising_tensor(ONE, ONE, (1e-9, 1e-9, 1e-9))[:, 0] == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0.0])
    x, y, z, _ = demagnetising_tensor(ONE, ONE, (5e-9, 3e-9, 2e-9))[:, 0]
    assert (x, y, z) == pytest.approx((prism_factor(2, 3, 5), prism_factor(5, 2, 3), prism_factor(5, 3, 2)), rel=1e-10)
    assert x + y + z == pytest.approx(1.0, rel=1e-12)


def test_the_tensor_of_many_cells_adds_up_to_that_of_the_prism_that_they_fill():
    along, across = np.arange(20) * 4e-9, np.arange(4) * 4e-9
    x, y = (np.subtract.outer(each, each) for each in (along, across))
    pairs = demagnetising_tensor(
        *np.broadcast_arrays(x[:, :, np.newaxis, np.newaxis], y[np.newaxis, np.newaxis]), CELL
    ).sum(axis=(1, 2, 3, 4))
    assert pairs[2] / 80 == pytest.approx(prism_factor(80, 16, 2.2), rel=1e-8)
    assert pairs[:3].sum() / 80 == pytest.approx(1.0, rel=1e-12)
    assert pairs[0] / 80 == pytest.approx(prism_factor(2.2, 16, 80), rel=1e-6)


def test_near_and_far_forms_of_the_tensor_meet():
    from compact_model.micromagnetics import tensor

    angle = np.linspace(0.0, np.pi, 7)
    place = 12.0 * np.stack([np.cos(angle), np.sin(angle), np.zeros(7)])
    edges = np.array([1.0, 1.0, 0.55])
    near, far = tensor._closed_form(place, edges), tensor._far_field(place, edges)
    assert np.abs(near - far).max() < 1e-7 * np.abs(far).max()


def test_rows_without_end_are_the_limit_of_long_ones():
    y = np.array([0.0, 8e-9, 100e-9])
    x = CELL[0] * np.arange(5, 20_000)
    every = demagnetising_tensor(*np.meshgrid(x, y, indexing="ij"), CELL)[2]
    moment = np.prod(CELL) / (4.0 * np.pi * CELL[0] ** 3)
    assert tail_of_row(5, y, CELL) == pytest.approx(every.sum(axis=0) + moment / (2.0 * 19_999.5**2), rel=1e-9)
    counted = np.arange(1, x.size + 1) @ every + moment * (1.0 / 19_999.5 - 2.0 / 19_999.5**2)
    assert pairs_of_rows(4, y, CELL) == pytest.approx(counted, rel=1e-7)


def rough_wall(stripe):
    draw = np.random.default_rng(3)
    u = stripe.along[:, np.newaxis] / 15e-9 * np.ones(stripe.cells[1])
    m = np.stack([0.8 / np.cosh(u), 0.6 / np.cosh(u), -np.tanh(u)]) + 0.05 * draw.normal(size=(3, *stripe.cells))
    change = draw.normal(size=m.shape)
    m /= np.sqrt((m**2).sum(axis=0))
    return m, change - (change * m).sum(axis=0) * m


@pytest.mark.parametrize("domains", [True, False])
def test_the_field_is_the_slope_of_the_energy(domains):
    stripe = lequeux2016_stripe(40e-9).replace(window=160e-9, interfacial_dmi=1e-4)
    energy = StripeEnergy(stripe, domains=domains)
    m, change = rough_wall(stripe)
    ends = [sum(energy.terms(m + sign * 1e-5 * change).values()) for sign in (1, -1)]
    work = stripe.saturation_magnetisation * stripe.cell_volume * float((energy.field(m) * change).sum())
    assert (ends[1] - ends[0]) / 2e-5 == pytest.approx(work, rel=1e-6)


def test_the_domains_beyond_the_window_act_as_a_long_stripe_does():
    short = lequeux2016_stripe(40e-9).replace(window=160e-9)
    long = short.replace(window=1.6e-6)
    m, _ = rough_wall(short)
    pad = (long.cells[0] - short.cells[0]) // 2
    whole = np.zeros((3, *long.cells))
    whole[2, :pad], whole[2, -pad:] = 1.0, -1.0
    whole[:, pad:-pad] = m
    inside = StripeEnergy(long).field(whole)[:, pad:-pad]
    assert np.abs(StripeEnergy(short).field(m) - inside).max() < 1e-9  # T
    energies = [sum(StripeEnergy(short).terms(m).values()), sum(StripeEnergy(long).terms(whole).values())]
    assert energies[0] == pytest.approx(energies[1], rel=1e-8)


def film_wall(edge, angle, dmi=0.0):
    """Energy per area (J/m2) and width (m) of a wall without stray field; A = 13 pJ/m, K = 1e5 J/m3."""
    film = Stripe(
        track_width=4 * edge,
        thickness=1e-9,
        saturation_magnetisation=1e6,
        uniaxial_anisotropy=1e5,
        exchange_stiffness=1.3e-11,
        interfacial_dmi=dmi,
        cell_size=edge,
        window=320e-9,
    )
    energy = StripeEnergy(film, magnetostatic=False)
    u = film.along[:, np.newaxis] / 13e-9 * np.ones(4)
    start = np.stack([-np.sin(angle) / np.cosh(u), np.cos(angle) / np.cosh(u), -np.tanh(u)])
    found = relax(start, energy.field, stiffest=energy.stiffest, angle=angle, tolerance=1e-7, most=5000).state
    width = 0.5 * edge * float((1.0 - found[2] ** 2).sum()) / 4
    return sum(energy.terms(found).values()) / (film.track_width * film.thickness), width


def test_a_wall_without_stray_field_has_the_published_energy_and_width_with_an_error_of_second_order():
    energy, width = 4.0 * np.sqrt(1.3e-11 * 1e5), np.sqrt(1.3e-11 / 1e5)
    errors = [np.array(film_wall(edge, 0.0)) / (energy, width) - 1.0 for edge in (4e-9, 2e-9)]
    assert np.abs(errors[1]).max() < 5e-3
    assert np.log2(errors[0] / errors[1]) == pytest.approx([2.0, 2.0], abs=0.1)


def test_a_dmi_parts_neel_walls_of_either_sense_by_two_pi_d():
    liked, disliked = (film_wall(2e-9, sign * 0.5 * np.pi, 2e-4)[0] for sign in (1.0, -1.0))
    assert disliked - liked == pytest.approx(2.0 * np.pi * 2e-4, rel=4e-3)  # of cells of 2 nm


def test_standard_problem_4_starts_from_the_published_s_state():
    # 500 nm x 125 nm x 3 nm of Permalloy; the mean of m as in mumax3's test/standardproblem4.mx3, for the same cells.
    film = Stripe(
        track_width=125e-9,
        thickness=3e-9,
        saturation_magnetisation=8e5,
        uniaxial_anisotropy=0.0,
        exchange_stiffness=1.3e-11,
        cell_size=125e-9 / 32,
        window=500e-9,
    )
    energy = StripeEnergy(film, domains=False)
    start = np.zeros((3, *film.cells))
    start[:2] = np.array([1.0, 0.1])[:, np.newaxis, np.newaxis] / np.hypot(1.0, 0.1)
    found = relax(start, energy.field, stiffest=energy.stiffest, tolerance=1e-6, most=5000).state
    assert found.mean(axis=(1, 2)) == pytest.approx([0.9669684, 0.1252732, 0.0], abs=5e-5)


@pytest.mark.parametrize("answer", [each for each in MAGNUM["walls"] if each["at_rest"]], ids=lambda each: each["name"])
def test_walls_are_those_of_magnum_np(answer):
    given = MAGNUM["stripe"]
    stripe = Stripe(
        track_width=answer["track_width"],
        interfacial_dmi=answer.get("dmi", 0.0),
        **{name: value for name, value in given.items() if name != "length"},
    )
    held = np.radians(answer["mean_angle"] if "torque_field" in answer else answer["start"])
    wall = relax_wall(stripe, None if answer["start"] == 45.0 and "torque_field" not in answer else held)
    # Its stripe ends after 2 um and ours does not; a window of 400 nm is good for 0.2 Oe.
    assert float(wall.torque_field) == pytest.approx(answer.get("torque_field", 0.0), abs=0.2e-4)
    assert float(wall.wall_width) == pytest.approx(answer["wall_width"], abs=0.02e-9)
    assert np.degrees(float(wall.mean_angle)) == pytest.approx(answer["mean_angle"], abs=0.2)
    assert np.degrees(float(wall.centre_angle)) == pytest.approx(answer["centre_angle"], abs=0.2)
    if "dmi" not in answer:  # the spins of its free ends turn a little with a DMI, with the wall and without
        rectangle = StripeEnergy(stripe.replace(window=given["length"]), domains=False)
        whole = np.zeros((3, *rectangle.stripe.cells))
        pad = (whole.shape[1] - wall.sizes["along"]) // 2
        whole[2, :pad], whole[2, -pad:] = 1.0, -1.0
        whole[:, pad:-pad] = wall.magnetisation.values
        assert sum(rectangle.terms(whole).values()) == pytest.approx(answer["energy"], rel=2e-4)


def test_the_threshold_lies_between_the_torques_that_hold_and_turn_a_wall_in_magnum_np():
    under_torque = [each for each in MAGNUM["walls"] if "torque_field" in each]
    (holds,), (turns,) = ([each for each in under_torque if each["at_rest"] == at_rest] for at_rest in (True, False))
    angles = np.radians([12.0, 18.0, 24.0, 30.0])
    threshold = float(turn_wall(lequeux2016_stripe(), angles, tolerance=1e-5).threshold)
    assert holds["torque_field"] < threshold < turns["torque_field"]


def test_the_work_of_the_torque_is_the_change_of_the_energy():
    stripe = lequeux2016_stripe(60e-9)
    before, middle, after = (relax_wall(stripe, np.radians(degrees)) for degrees in (29.0, 30.0, 31.0))
    m = middle.magnetisation.values
    field = float(middle.torque_field) * np.stack([m[1], -m[0], np.zeros_like(m[2])])  # sigma m x z
    change = after.magnetisation.values - before.magnetisation.values
    work = stripe.saturation_magnetisation * stripe.cell_volume * float((field * change).sum())
    assert float(after.energy - before.energy) == pytest.approx(work, rel=1e-3)


def test_the_table_holds_the_papers_width_and_angle_and_a_threshold_where_its_anisotropy_vanishes():
    wall = micromagnetic_wall(100e-9)
    assert float(wall.wall_width) == pytest.approx(16.6e-9, abs=0.1e-9)
    assert np.degrees(float(wall.centre_angle)) == pytest.approx(48.0, abs=3.0)  # the paper: close to 45
    fields = [float(micromagnetic_wall(width).anisotropy_field) for width in (100e-9, 130e-9)]
    assert fields[0] < 0.0 < fields[1]
    for width in np.arange(60e-9, 131e-9, 10e-9).clip(60e-9, 130e-9):
        wall = micromagnetic_wall(width)
        phi = np.radians(np.arange(0.0, 90.0, 0.1))
        torque = 0.5 * float(wall.anisotropy_field) * np.sin(2.0 * phi)
        torque += 0.5 * float(wall.fourth_order_anisotropy_field) * np.sin(4.0 * phi)
        assert np.abs(torque).max() == pytest.approx(float(wall.threshold), rel=0.01)
        assert float(wall.threshold) > 35e-4


def test_the_device_of_the_table_has_the_threshold_of_micromagnetics():
    for width in (60e-9, 100e-9, 120e-9):
        device = micromagnetic_device(width)
        field = device.torque_per_current_density * static_current_threshold(device, [10e-4], "slonczewski")
        assert field == pytest.approx([float(micromagnetic_wall(width).threshold)], rel=0.01)


def test_the_table_is_what_its_command_makes():
    made = converged(lequeux2016_stripe(60e-9), (6e-9, 4e-9))  # larger cells: what is left goes with the fourth power
    wall = micromagnetic_wall(60e-9)
    for name, error in {"wall_width": 0.01, "threshold": 0.02, "neel_energy": 0.01}.items():
        assert made[name] == pytest.approx(float(wall[name]), rel=error)


def test_a_stripe_that_does_not_fit_in_memory_is_refused():
    with pytest.raises(InputError, match="cell_size: expected a window that fits in half of the memory"):
        lequeux2016_stripe(cell_size=1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cell_size": 80e-9}, "cell_size: expected at most half"),
        ({"thickness": 1e-15}, "thickness: expected at least a thousandth"),
        ({"window": 0.0}, "window: expected a number above 0"),
        (
            {"exchange_stiffness": 1e-8},
            r"window: expected at least 6 widths of a wall, which is 1\.2e-07 m wide",
        ),
        ({"width": 1.0}, "width: expected a field of Stripe, got no such name, did you mean"),
    ],
)
def test_what_is_no_stripe_is_refused(change, words):
    with pytest.raises(InputError, match=words):
        lequeux2016_stripe().replace(**change)


def test_a_wall_that_leaves_the_window_or_does_not_come_to_rest_is_refused_with_what_is_left():
    stripe = lequeux2016_stripe()
    with pytest.raises(ConvergenceError, match=r"did not come to rest in 5 steps, a field of .* T is left"):
        relax_wall(stripe, most_steps=5)
    with pytest.raises(ConvergenceError, match=r"the wall shrank to .* nm, which cells of 10 nm do not show"):
        relax_wall(lequeux2016_stripe(60e-9, cell_size=10e-9))
    with pytest.raises(ConvergenceError, match="leaves the window of 60 nm"):
        relax_wall(stripe.replace(window=60e-9), tolerance=1e-3)
    in_plane = 0.5 * VACUUM_PERMEABILITY * stripe.saturation_magnetisation**2 - 2e5
    with pytest.raises(ConvergenceError, match="uniaxial_anisotropy above"):
        relax_wall(stripe.replace(uniaxial_anisotropy=in_plane), tolerance=1e-3)
    with pytest.raises(InputError, match="track_width: expected 60 to 130 nm"):
        micromagnetic_wall(50e-9)


def test_the_mean_angle_is_that_of_a_turned_wall():
    wall = relax_wall(lequeux2016_stripe(60e-9), 0.3)
    assert mean_angle(wall.magnetisation.values) == pytest.approx(0.3, abs=1e-12)


def test_the_command_draws_walls_and_keeps_them_in_one_file(tmp_path):
    files = [word for kind in ("png", "nc") for word in ("-o", str(tmp_path / f"wall.{kind}"))]
    done = run("micromagnetics", "--track-width", "40,60", "--cell-size", "6", "--json", *files)
    first, second = json.loads(done.stdout)["walls"]
    assert first["track_width_nm"] == 40.0
    assert second["centre_angle_deg"] == pytest.approx(90.0, abs=5.0)
    assert (tmp_path / "wall.png").stat().st_size > 10_000
    stored = xr.load_dataset(tmp_path / "wall.nc", engine="h5netcdf")
    lengths = np.sqrt((stored.magnetisation**2).sum("component"))
    assert stored.sizes["track_width"] == 2
    assert set(np.round(lengths.values.ravel(), 9)) == {0.0, 1.0}  # 0 outside of the narrower stripe
    assert len(json.loads(stored.attrs["parameters"])) == 2


def test_the_command_turns_a_wall_to_its_threshold(tmp_path):
    turn = ("--track-width", "40", "--cell-size", "6", "--turn")
    done = run("micromagnetics", *turn, "-o", tmp_path / "turn.png", "--json")
    (answer,) = json.loads(done.stdout)["walls"]
    assert answer["threshold_Oe"] > 0.5 * abs(answer["energy_anisotropy_field_Oe"])


def test_the_command_says_in_one_line_what_does_not_work():
    done = run("micromagnetics", "--window", "60", "--cell-size", "6", expect=1)
    assert done.stderr.startswith("dwmtj: micromagnetics: the wall leaves the window of 60 nm")
    assert done.stderr.count("\n") == 1
    assert "in half of the memory" in run("micromagnetics", "--cell-size", "0.001", expect=2).stderr
