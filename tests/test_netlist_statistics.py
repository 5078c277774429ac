"""Corners and Monte Carlo runs in ngspice, against the devices that `vary` draws in Python."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats

from compact_model import InputError, conductance, random_track, vary
from compact_model.device.junction import antiparallel_share
from dwmtj.cli import group
from spice import SimulatorError, corner_file, monte_carlo, run_netlist

pytestmark = pytest.mark.usefixtures("ngspice")
SPREADS = {
    "anisotropy_field": 6e-4,
    "tmr": 0.1,
    "track_width": 0.05,
    "parallel_resistance": 0.03,
    "damping": 0.2,
    "stray_field": 3e-4,
}
VOLTS = 0.1


@pytest.fixture(scope="module")
def folder(device, paper_well, tmp_path_factory):
    place = tmp_path_factory.mktemp("corners")
    (place / "corners.lib").write_text(corner_file(device, paper_well, SPREADS))
    return place


def currents_in(folder, section, count, seed=1):
    instances = "\n".join(f"V{i} a{i} 0 {VOLTS}\nX{i} a{i} 0 x{i} p{i} dwmtj x0=300" for i in range(count))
    netlist = f"t\n.lib corners.lib {section}\n{instances}\n.options seed={seed}\n.op\n.end\n"
    vectors = run_netlist(netlist, folder=folder, backend="process")[-1].vectors
    return -np.array([vectors[f"v{i}#branch"][0] for i in range(count)])


def current_of(device):
    return VOLTS * float(conductance(device, antiparallel_share(device, 300e-9), VOLTS))


def test_instances_draw_the_law_of_vary_each_its_own(device, folder):
    found = currents_in(folder, "mc", 400)
    expected = np.array([current_of(each) for each in vary(device, 5_000, SPREADS, seed=3)])
    assert stats.ks_2samp(found, expected).pvalue > 1e-3
    assert np.unique(found).size == found.size
    assert abs(np.corrcoef(found[:-1], found[1:])[0, 1]) < 4.0 / np.sqrt(found.size)
    assert np.array_equal(currents_in(folder, "mc", 20, seed=5), currents_in(folder, "mc", 20, seed=5))
    assert not np.array_equal(currents_in(folder, "mc", 20, seed=5), currents_in(folder, "mc", 20, seed=6))


def test_the_typical_corner_is_the_device_and_the_others_are_on_either_side(device, folder):
    assert currents_in(folder, "tt", 1)[0] == pytest.approx(current_of(device), rel=1e-9)

    def leaves_its_well(section, share):
        volts = share * device.threshold_voltage  # of the device itself, reached slowly
        netlist = (
            f"t\n.lib corners.lib {section}\nV1 top 0 PWL(0 0 60n {volts!r} 1 {volts!r})\nX1 top 0 x phi dwmtj\n"
            ".options method=trap reltol=1e-5 trtol=1\n.tran 0.02n 120n 0 0.02n\n.end\n"
        )
        return run_netlist(netlist, folder=folder)[-1].vectors["x"].max() > 650.0

    assert [leaves_its_well(section, 0.85) for section in ("ff", "tt", "ss")] == [True, False, False]
    assert [leaves_its_well(section, 1.15) for section in ("ff", "tt", "ss")] == [True, True, False]


WRITE = """a write
.lib corners.lib mc
I1 0 top PULSE(0 2m 1n 10p 10p 10n 100n)
X1 top 0 x phi dwmtj x0=550 temperature={kelvin} seed={{7*mc_run}}
.options method=trap reltol=1e-5 trtol=1
.tran 0.02n 8n 0 {step}
.meas tran x_end FIND v(x) AT=8n
.meas tran never WHEN v(x)=5
.end
"""


def test_runs_have_the_statistics_of_python(device, paper_well, folder):
    from compact_model import Current, pulses, simulate_ensemble

    runs = 48
    found = monte_carlo(WRITE.format(kelvin=0, step="0.02n"), runs, seed=4, folder=folder)
    assert found.sizes == {"run": runs}
    assert np.isnan(found.never).all()
    ends = []
    for each in vary(device, 300, SPREADS, seed=11):
        drive = Current(pulses([2e-3], width=10e-9, period=1.0, start=1e-9))
        field = each.stray_field - device.stray_field - each.stray_field  # the net field scatters as the stray one does
        path = simulate_ensemble(
            each, paper_well, drive, [0.0, 8e-9], devices=1, external_field=field, initial_position=550e-9
        )
        ends.append(1e9 * float(path.position[0, -1]))
    assert stats.ks_2samp(found.x_end.values, ends).pvalue > 1e-3
    again = monte_carlo(WRITE.format(kelvin=0, step="0.02n"), 3, seed=4, workers=1, folder=folder)
    assert np.array_equal(again.x_end, found.x_end[:3])
    assert found.run_seed.values[:3].tolist() == again.run_seed.values.tolist()


def test_the_number_of_the_run_gives_new_thermal_fields(device, paper_well, tmp_path):
    (tmp_path / "corners.lib").write_text(corner_file(device, paper_well, {}))  # nothing varies
    warm = monte_carlo(WRITE.format(kelvin=300, step="0.01n"), 3, seed=4, folder=tmp_path)
    assert np.ptp(warm.x_end.values) > 0.1


def test_the_command_line_does_the_same(folder, tmp_path):
    def run(*words):
        done = CliRunner().invoke(group, [str(word) for word in words], catch_exceptions=False)
        assert done.exit_code == 0
        return done.output

    library = tmp_path / "corners.lib"
    run("export", "--spread", "tmr=10", "--spread", "anisotropy_field=6", "-o", library)
    (tmp_path / "deck.cir").write_text(WRITE.format(kelvin=0, step="0.02n"))
    figure = tmp_path / "runs.png"
    answer = json.loads(run("monte-carlo", tmp_path / "deck.cir", "--runs", 3, "--json", "-o", figure))
    expected = monte_carlo(WRITE.format(kelvin=0, step="0.02n"), 3, seed=0, folder=tmp_path)
    assert answer["x_end"]["mean"] == pytest.approx(float(expected.x_end.mean()))
    assert answer["never"] == {
        "mean": None,
        "standard_deviation": None,
        "least": None,
        "most": None,
        "failed": 3,
    }
    assert figure.stat().st_size > 1000


@pytest.mark.parametrize(
    ("spreads", "named"),
    [
        ({"nonsense": 0.1}, "expected names out of"),
        ({"fourth_order_anisotropy_field": 1e-4}, "a term that is off"),
        ({"nucleation_current_density": 0.1}, "nucleation"),
        ({"tmr": -0.1}, "tmr: expected"),
        ({"anisotropy_field": float("nan")}, "anisotropy_field: expected"),
    ],
)
def test_spreads_that_no_netlist_has_are_refused(device, paper_well, spreads, named):
    with pytest.raises(InputError, match=named):
        corner_file(device, paper_well, spreads)


def test_a_track_with_fields_of_its_own_keeps_them(device):
    track = random_track(
        device,
        4,
        seed=1,
        coercive_field=3e-3,
        coercive_field_spread=0.1,
        half_width=40e-9,
        half_width_spread=0.1,
        anisotropy_spread=5e-4,
    )
    for name in ("track_length", "anisotropy_field"):
        with pytest.raises(InputError, match="drawn along the track"):
            corner_file(device, track, {name: 1e-2})


def test_decks_that_leave_nothing_or_fail_are_named(folder):
    with pytest.raises(InputError, match=r"expected \.meas lines"):
        monte_carlo("t\nR1 a 0 1\n.op\n.end\n", 2, seed=1)
    with pytest.raises(InputError, match="expected no seed of its own"):
        monte_carlo("t\nR1 a 0 1\n.options seed=3\n.tran 1n 5n\n.meas tran y MAX v(a)\n.end\n", 2, seed=1)
    with pytest.raises(SimulatorError, match=r"run 1 \(\.options seed=\d+\): ngspice:.*nothing"):
        monte_carlo("t\nX1 a 0 nothing\n.tran 1n 5n\n.meas tran y MAX v(a)\n.end\n", 2, seed=1)
