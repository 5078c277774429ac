"""What is left of the read margin of an array of walls after a time without a voltage."""

import numba
import numpy as np
import pytest
from nodal import half_select_margin
from scipy.linalg import expm
from scipy.stats import binomtest, chisquare

import dwmtj
from compact_model import InputError, Landscape, ParabolicWell, escape_rates, lequeux2016, single_well
from crossbar import Faults, MosTransistor, Reading, TransistorAccess, Wires, read_margin, retained_margin
from crossbar.studies.one_cell import cell_margin

DEVICE = lequeux2016()
HIGH, LOW = 300e-9, 700e-9  # m, mirror images of each other
TRACK = Landscape(tuple(ParabolicWell(centre=x, coercive_field=40e-4, half_width=60e-9) for x in (HIGH, LOW)))
DEEP = Landscape(tuple(ParabolicWell(centre=x, coercive_field=150e-4, half_width=100e-9) for x in (250e-9, 750e-9)))


def ohms(position):
    """R_P over 1 - f TMR / (1 + TMR), with f the share of the area between the wall and the P end."""
    share = (DEVICE.track_length - position) * DEVICE.track_width / DEVICE.junction_area
    return DEVICE.parallel_resistance / (1.0 - share * DEVICE.tmr / (1.0 + DEVICE.tmr))


R_L, R_H = ohms(LOW), ohms(HIGH)


@pytest.fixture(scope="module")
def generator():
    """Rates between the AP end, the two sites and the P end, 1/s, from the tables of `escape_rates`."""
    rates = escape_rates(DEVICE, TRACK, temperature=300.0)
    found = np.zeros((4, 4))
    found[1:3], found[[0, 3]] = rates.destination_rate.values, rates.return_rate.values
    np.fill_diagonal(found, 0.0)
    return found - np.diag(found.sum(axis=1))


@pytest.fixture(scope="module")
def crossing(generator):
    """Rate of changing from one site to the other, 1/s: directly, or by an end, which sends the wall back at once."""
    by_ends = sum(generator[1, end] * generator[end, 2] / generator[end, 1:3].sum() for end in (0, 3))
    return generator[1, 2] + by_ends


def kept(time, crossing):
    """The chance of two equal sites that a wall is where it began, (1 + exp(-2 k t)) / 2."""
    return 0.5 * (1.0 + np.exp(-2.0 * crossing * time))


def test_the_margin_of_one_cell_has_the_distribution_of_two_walls_in_two_sites(generator, crossing):
    times = np.array([0.1, 0.4, 20.0]) / crossing
    samples = 1200
    result = retained_margin(DEVICE, TRACK, size=1, retention=times, samples=samples, seed=2)
    assert float(result.fresh_margin) == pytest.approx(1.0 - R_L / R_H, rel=1e-9)
    values = np.array([1.0 - R_L / R_H, 0.0, 1.0 - R_H / R_L])  # both where they began, in one site, changed places
    for time, margins, misread in zip(times, result.margin.values, result.misread.values, strict=True):
        places = expm(generator * time)[1]
        stays = kept(time, crossing)
        assert places[1:3] == pytest.approx([stays, 1.0 - stays], abs=2e-3)  # hardly ever at an end
        row = np.abs(margins[:, np.newaxis] - values).argmin(axis=1)
        in_sites = np.abs(margins - values[row]) < 1e-9
        assert in_sites.mean() > 0.99
        counts = np.bincount(row[in_sites], minlength=3)
        expected = np.array([stays**2, 2.0 * stays * (1.0 - stays), (1.0 - stays) ** 2])
        assert chisquare(counts, counts.sum() * expected).pvalue > 0.01
        assert misread == (margins <= 0.0).mean()
    assert result.margin.min() == pytest.approx(1.0 - R_H / R_L, rel=1e-9)  # below 0: the states have changed places


@pytest.mark.parametrize("kind", ["voltage", "current"])
def test_a_small_array_has_the_margins_of_nodal_analysis(crossing, kind):
    time, cell_of = 0.3 / crossing, {}
    reading, wires = Reading(scheme="V/2", kind=kind), Wires.equal(3.0, sense_resistance=0.0)
    result = retained_margin(
        DEVICE, TRACK, size=2, retention=[time], reading=reading, wires=wires, samples=300, seed=4
    ).isel(retention_time=0)
    cell = result.attrs["word_line"], result.attrs["bit_line"]
    others = [place for place in np.ndindex(2, 2) if place != cell]
    fresh = np.where(result.background.values, R_L, R_H)
    flipped = []
    for sample in range(300):
        one = result.isel(sample=sample)
        ends = np.array([float(one.low_resistance), float(one.high_resistance)])
        if not np.isin(np.round(ends, 9), np.round([R_L, R_H], 9)).all():
            continue  # at an end
        if tuple(ends) not in cell_of:
            found = {}
            for number in range(8):
                present = fresh.copy()
                for bit, place in enumerate(others):
                    present[place] = R_L + R_H - fresh[place] if number >> bit & 1 else fresh[place]
                found[number] = half_select_margin(present, cell, *ends, 3.0, kind, R_L)
            cell_of[tuple(ends)] = found
        margins = cell_of[tuple(ends)]
        nearest = min(margins, key=lambda number: abs(margins[number] - float(one.margin)))
        if ends[0] == ends[1]:
            assert float(one.margin) == 0.0
        elif float(one.margin) == pytest.approx(margins[nearest], rel=1e-8):
            flipped.append(nearest.bit_count())
    assert len(cell_of) == 4
    # The margin tells which walls of the background have changed, where it is not 0: each of three with one chance.
    apart = (np.abs(result.low_resistance - result.high_resistance) > 1e-6).values.sum()
    assert len(flipped) > 0.97 * apart
    assert binomtest(sum(flipped), 3 * len(flipped), 1.0 - kept(time, crossing)).pvalue > 0.01


@pytest.mark.parametrize("scheme", ["V/2", "floating"])
@pytest.mark.parametrize("kind", ["voltage", "current"])
@pytest.mark.parametrize("still", [{"temperature": 0.0, "retention": [1e-3, 1e9]}, {"retention": [0.0]}])
def test_without_time_or_temperature_the_margin_is_that_of_read_margin(scheme, kind, still):
    wires = Wires.equal(2.0, driver_resistance=5.0)
    for size in (4, 8):
        found = retained_margin(
            DEVICE, TRACK, size=size, reading=Reading(scheme=scheme, kind=kind), wires=wires, samples=2, **still
        )
        states = {f"{name}_resistance": float(found[f"fresh_{name}_resistance"]) for name in ("low", "high")}
        assert list(states.values()) == pytest.approx([R_L, R_H], rel=1e-12)
        table = read_margin([size], schemes=[scheme], wires=wires, **states)
        assert np.all(found.margin == table[f"{kind}_margin"].item())
        assert found.attrs["pattern"] == table[f"{kind}_pattern"].item()
        assert (found.misread == 0.0).all()


def test_states_that_changed_places_have_a_negative_margin():
    options = {"word_line": 0, "bit_line": 0, "reading": Reading()}
    assert cell_margin([[1.0]], low_resistance=200.0, high_resistance=100.0, **options) == pytest.approx(-1.0)
    transistor = MosTransistor(threshold_voltage=0.4, transconductance=3e-4, width=1e-4, length=1e-7)
    access = TransistorAccess(transistor=transistor, gate_voltage=1.5, read_voltage=1e-3)
    pair = [
        cell_margin([[1.0]], low_resistance=low, high_resistance=high, **options | {"reading": Reading(access=access)})
        for low, high in ((1e4, 3e4), (3e4, 1e4))
    ]
    share = pair[0]  # 1 - I_H / I_L, and the other way around 1 - I_L / I_H
    assert pair[1] == pytest.approx(1.0 - 1.0 / (1.0 - share), rel=1e-6)
    assert pair[1] < -1.0


def test_stuck_cells_keep_the_fresh_resistance_and_the_load_stays(crossing):
    # Floating lines, the three others stuck low: R in parallel with 3 R_L, into a load of R_L whatever the cell became.
    stuck = np.ones((2, 2), dtype=bool)
    stuck[1, 0] = False
    wires = Wires(faults=Faults(stuck_low=stuck))
    result = retained_margin(
        DEVICE,
        TRACK,
        size=2,
        retention=[0.5 / crossing],
        reading=Reading(scheme="floating", kind="voltage"),
        wires=wires,
        samples=100,
        seed=1,
    ).isel(retention_time=0)
    assert (result.attrs["word_line"], result.attrs["bit_line"]) == (1, 0)
    shares = [
        R_L / (R_L + each * 3.0 * R_L / (each + 3.0 * R_L))
        for each in (result.low_resistance.values, result.high_resistance.values)
    ]
    np.testing.assert_allclose(result.margin.values, shares[0] - shares[1], rtol=1e-8, atol=1e-12)
    assert 0 < (result.margin < -1e-3).sum() < 100


def test_a_chip_without_a_sound_cell_has_no_margin():
    wires = Wires(faults=Faults(stuck_low=np.ones((2, 2), dtype=bool)))
    result = retained_margin(DEVICE, TRACK, size=2, retention=[1.0], wires=wires, samples=2)
    assert result.attrs["pattern"] == "no sound cell"
    assert (result.margin == 0.0).all()
    assert (result.misread == 1.0).all()


def test_a_seed_gives_the_same_margins_on_any_number_of_threads(crossing):
    options = {"size": 4, "retention": [0.1 / crossing, 1.0 / crossing], "wires": Wires.equal(1.0), "samples": 10}
    before, found = numba.get_num_threads(), []
    try:
        for count in (1, min(2, before)):
            numba.set_num_threads(count)
            found.append(retained_margin(DEVICE, TRACK, seed=3, **options))
    finally:
        numba.set_num_threads(before)
    assert found[0].identical(found[1])
    other = retained_margin(DEVICE, TRACK, seed=4, **options)
    assert not np.array_equal(other.margin, found[0].margin)
    drawn = retained_margin(DEVICE, TRACK, seed=np.random.default_rng(3), **options)
    np.testing.assert_array_equal(drawn.margin, found[0].margin)


def test_a_wall_at_an_end_of_the_track_returns_while_one_in_a_site_stays():
    ends = {"low_position": DEVICE.track_length, "high_position": 0.0}
    for places, lost in (({}, 0.0), (ends, 1.0)):
        result = retained_margin(DEVICE, DEEP, size=1, retention=[1.0], samples=20, **places)
        moved = result.low_resistance != result.fresh_low_resistance
        assert float(moved.mean()) == lost
    assert float(result.fresh_low_resistance) == DEVICE.parallel_resistance
    assert float(result.high_position) == 0.0
    given = retained_margin(DEVICE, DEEP, size=1, retention=[1.0], samples=1, low_position=720e-9)
    assert float(given.low_position) == pytest.approx(750e-9, abs=1e-12)  # it rests in its site


def test_the_figure_shows_the_median_of_positive_times_and_is_drawn_from_a_file(tmp_path):
    result = retained_margin(DEVICE, TRACK, size=1, retention=[0.0, 1e-6, 1e-2, 10.0], samples=20)
    result.to_netcdf(tmp_path / "retained.nc")
    loaded = dwmtj.load(tmp_path / "retained.nc")
    assert loaded.identical(result)
    axes = loaded.dwmtj.plot()
    assert axes.get_ylabel() == "current margin (%)"
    np.testing.assert_allclose(axes.lines[0].get_xdata(), [1e3, 1e7, 1e10])
    np.testing.assert_allclose(axes.lines[0].get_ydata(), 100.0 * np.median(result.margin, axis=1)[1:])
    axes = result.isel(retention_time=[0]).dwmtj.plot()
    axes.figure.savefig(tmp_path / "nothing.png")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": 0}, "size: expected a whole number of at least 1"),
        ({"size": 2_000_000}, "the walls"),
        ({"retention": []}, "retention: expected"),
        ({"retention": [2.0, 1.0]}, "retention: expected rising values"),
        ({"retention": [-1.0]}, "retention: expected times of at least 0 s, got -1 s"),
        ({"samples": 0}, "samples: expected a whole number of at least 1"),
        ({"temperature": -1.0}, "temperature: expected a number of at least 0"),
        ({"temperature": 1e-3}, "temperature: expected at least"),
        ({"low_position": 2e-6}, "low_position: expected a number from 0 to 1e-06"),
        ({"low_position": HIGH, "high_position": LOW}, "low_position: expected low_position nearer to the P end"),
        ({"high_position": LOW}, "high_position: expected low_position nearer to the P end"),
        ({"landscape": single_well(DEVICE, coercive_field=15e-4, half_width=100e-9)}, "landscape: expected two sites"),
        ({"landscape": 1}, "landscape: expected a Landscape"),
        ({"reading": "V/2"}, "reading: expected a Reading"),
        ({"wires": 1.0}, "wires: expected a Wires"),
        ({"parameters": DEVICE.replace(damping=0.0)}, "damping: expected a number above 0"),
        ({"seed": -1}, "seed: expected a whole number"),
    ],
)
def test_what_has_no_retained_margin_is_refused(changes, message):
    given = {"parameters": DEVICE, "landscape": TRACK, "size": 2, "retention": [1.0], "samples": 2} | changes
    with pytest.raises(InputError, match=message) as refused:
        retained_margin(given.pop("parameters"), given.pop("landscape"), **given)
    assert "\n" not in str(refused.value)
