"""Every term of the equation of motion is complete, and those that may be added do what their energy says."""

import math
from pathlib import Path

import numpy as np
import pytest
from biot_savart import oersted_field
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from compact_model import (
    AnisotropyProfile,
    Current,
    CurrentDensity,
    GaussianWell,
    InputError,
    Landscape,
    ParabolicWell,
    Voltage,
    constant,
    current_threshold,
    ensemble,
    escape_rates,
    lequeux2016,
    pulses,
    rest_position,
    simulate,
    simulate_ensemble,
    static_current_threshold,
)
from compact_model.constants import BOLTZMANN_CONSTANT
from compact_model.device import equilibrium
from compact_model.device.parameters import PARAMETERS
from compact_model.kernels.added_terms import ADDED, DeviceWithTerms
from compact_model.kernels.tables import Device, device_at
from compact_model.kernels.term import Limits
from compact_model.kernels.terms import TERMS
from compact_model.rates.driven_track import barriers, constant_density, driven_track
from compact_model.rates.potentials import Scales
from compact_model.track.resting import resting_places, wall_energy
from crossbar import ArrayDrive, ArraySimulation, Bias, Crossbar, DomainWalls, bias

ROOT = Path(__file__).parent.parent
DEVICE = lequeux2016().replace(anisotropy_field=40e-4, stray_field=0.0)
SMOOTH = Landscape((GaussianWell(centre=0.5e-6, coercive_field=15e-4, half_width=100e-9),))
ROWS = {row.name: row for row in PARAMETERS}
ON = {
    "fourth_order_anisotropy_field": -15e-4,
    "anisotropy_field_per_volt": 40e-4,
    "perpendicular_anisotropy_per_volt": 0.8,
    "in_plane_field_x": 6e-4,
    "in_plane_field_y": -9e-4,
    "interfacial_dmi": 1.2e-5,
    "oersted_field_ratio": -0.4,
    "anisotropy_gradient_force": 0.8,
}
"""A value for each parameter that turns a term on."""
ALL_ON = DEVICE.replace(**ON)
GAMMA = 1.7609e11


def one_of(device, drive=None):
    arrays = ensemble.device_arrays([device], drive or Voltage.of(0.0), "both", np.zeros(1), 1)
    return device_at(arrays, 0), arrays


def test_every_switch_is_a_parameter_that_is_off_unless_given():
    assert {name for term in TERMS for name in term.switches} == ON.keys()
    for name in ON:
        assert ROWS[name].default == 0.0
        assert ROWS[name].netlist


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.name)
def test_a_term_has_a_kernel_a_text_a_bound_and_its_static_part(term):
    assert term.name
    assert term.along_z or term.about_angle
    for kernel, text in (
        (term.along_z, term.along_text),
        (term.about_angle, term.about_text),
        (term.relative_width, term.width_text),
    ):
        assert (kernel is None) == (text == "")
    _, arrays = one_of(ALL_ON)
    limits = Limits(arrays, np.full(1, 1e10), np.full(1, 0.1), 1e-3, 1e-3, 1e4, 4e-3, 1e5)
    for part in (term.bound, term.per_volt):
        assert np.all(np.asarray(part(limits)) >= 0.0)
    assert isinstance(term.refuse(limits), str)
    assert np.shape(term.energy(ALL_ON, 0.5e-6, np.zeros(3), 0.1, 4e-3)) == (3,)
    along, about = term.push(ALL_ON, np.full(3, 1e10))
    assert np.shape(along) == np.shape(about) == (3,)
    assert bool(term.switches) == bool(term.coefficients)


@pytest.mark.parametrize("term", ADDED, ids=lambda term: term.name)
def test_kernel_energy_text_and_bound_of_a_term_say_the_same(term):
    device, arrays = one_of(ALL_ON)
    names = {ROWS[name].netlist: value for name, value in ON.items()}
    names |= {"ms": 1.05e6, "delta": 16.6, "length": 1000.0, "width": 100.0, "rp": 36.0, "area": 0.1225e-12}
    names |= {"vh": 0.5, "bias_scale": 1.95 * 0.5**2, "rate": 1.0}
    functions = {name: getattr(math, name) for name in ("sin", "cos", "sqrt", "atan")} | {"ln": math.log, "max": max}
    largest = Limits(arrays, np.zeros(1), np.full(1, 0.3), 0.0, 0.0, 0.0, 0.0, 2e5)
    slope = -2e5  # T/m
    for voltage, position in ((-0.3, 0.0), (0.0, 0.4e-6), (0.2, 0.7e-6), (0.2, 1e-6)):
        words = {"voltage": f"({voltage})", "angle": "angle", "position": f"({1e9 * position})"}
        words["width"] = f"(1.0+0.8*{voltage})**-0.5"
        words["anisotropy_rise"] = f"({1e-9 * slope}*delta)"
        if term.relative_width:
            by_text = eval(term.width_text.format(**words), functions | names)
            assert term.relative_width.py_func(device, voltage) == pytest.approx(by_text, rel=1e-14)
        for angle in np.linspace(-4.0, 4.0, 23).tolist():
            found = 0.0
            for kernel, text in ((term.along_z, term.along_text), (term.about_angle, term.about_text)):
                if kernel is not None:
                    by_kernel = kernel.py_func(device, position, voltage, angle, slope)
                    by_text = eval(text.format(**words), functions | names | {"angle": angle})
                    assert by_kernel == pytest.approx(by_text, rel=1e-12, abs=1e-17)
                    found += abs(by_kernel)
            assert found <= term.bound(largest)[0] * (1.0 + 1e-12)
            ahead, behind = (
                term.energy(ALL_ON, position, np.array(angle + step), voltage, 4e-3) for step in (1e-5, -1e-5)
            )
            turning = term.about_angle.py_func(device, position, voltage, angle, slope) if term.about_angle else 0.0
            assert turning == pytest.approx((ahead - behind) / 2e-5, abs=1e-12)


def test_a_term_takes_few_files():
    # The row of each parameter, the term, and nothing else: all that follows finds them there.  (What computes the
    # parameters of a stripe, or tries how much they matter, is no part of the equation of motion.)
    kept = [path for name in ("compact_model", "spice", "crossbar", "dwmtj") for path in (ROOT / name).rglob("*.py")]
    computing = ("micromagnetics", "width_laws", "sensitivit")
    texts = {
        path.relative_to(ROOT).as_posix(): path.read_text()
        for path in kept
        if not any(name in str(path) for name in computing)
    }
    for term in ADDED:
        kernels = [kernel for kernel in (term.along_z, term.about_angle) if kernel]
        words = {*term.switches, *term.coefficients, *(kernel.py_func.__name__ for kernel in kernels)}
        touched = {path for path, text in texts.items() if any(word in text for word in words)}
        assert touched == {"compact_model/device/parameters.py", "compact_model/kernels/terms.py"}


def test_a_device_without_further_terms_is_compiled_as_if_there_were_none():
    assert type(one_of(DEVICE)[1]) is Device
    for name, value in ON.items():
        assert type(one_of(DEVICE.replace(**{name: value}))[1]) is DeviceWithTerms


# ---- What a whole magnet does, by the Landau-Lifshitz-Gilbert equation on the wall's profile ----


@pytest.mark.parametrize("angle", [0.3, 1.2, 2.5, -1.9])
def test_signs_and_factors_are_those_of_the_magnetisation_itself(angle):
    # A wall from +z (the P domain, at small x) to -z; phi turns its moment from +y.  -gamma m x H moves its centre:
    # the integral of dm_z/dt is 2 dq/dt.
    delta, points = 16.6e-9, np.linspace(-40.0, 40.0, 8001)
    sech = 1.0 / np.cosh(points)
    moment = np.stack([-np.sin(angle) * sech, np.cos(angle) * sech, -np.tanh(points)])

    def speed(field):
        turning = -GAMMA * (moment[0] * field[1] - moment[1] * field[0])
        return 0.5 * np.trapezoid(turning, points) * delta

    in_plane = [np.full(points.size, 6e-4), np.full(points.size, -9e-4)]
    hard_axis = [-40e-4 * moment[0], np.zeros(points.size)]  # H_K > 0: the wall's moment rests along y
    # D (m_z dm_x/dx - m_x dm_z/dx) is a field (2 D / M_s) dm_z/dx along x.
    by_dmi = [2.0 * 1.2e-5 / 1.05e6 * np.gradient(moment[2], points * delta), np.zeros(points.size)]
    for field, changes in (
        (in_plane, {"anisotropy_field": 0.0, "in_plane_field_x": 6e-4, "in_plane_field_y": -9e-4}),
        (hard_axis, {}),
        (by_dmi, {"anisotropy_field": 0.0, "interfacial_dmi": 1.2e-5}),
    ):
        expected = GAMMA * delta * equilibrium.angle_field(DEVICE.replace(**changes), np.array(angle))
        assert speed(field) == pytest.approx(float(expected), rel=1e-4 if "interfacial_dmi" in changes else 1e-9)
    # And a field along z turns the moment from +y towards -x, the direction in which phi grows.
    assert np.sign(-GAMMA * np.cross(moment[:, 4000], [0.0, 0.0, 1.0])[0]) == np.sign(-np.cos(angle))


def test_the_oersted_field_is_that_of_biot_and_savart():
    # Columns of current in both domains, summed up; a wall turned to pi/2 feels all of it.
    device, volts, count, rows = DEVICE.replace(oersted_field_ratio=1.0, anisotropy_field=0.0), 0.1, 2000, 100
    along = (np.arange(count) + 0.5)[:, np.newaxis] / count * 1e-6
    across = ((np.arange(rows) + 0.5) / rows - 0.5) * 100e-9
    density = volts / device.resistance_area_product
    for position in (0.3e-6, 0.7e-6):
        local = np.where(along < position, density, density / (1.0 + 0.95 / (1.0 + 0.2**2)))
        total = 0.0
        for point in ((np.arange(20) + 0.5) / 20 - 0.5) * 100e-9 + 0.25 * 1e-9:
            squares = (position - along) ** 2 + (point - across) ** 2
            total += 2e-7 * float((local * (position - along) / squares).sum()) * 1e-6 / count * 100e-9 / rows / 20
        found = equilibrium.angle_field(device, np.array(0.5 * np.pi), voltage=volts, position=position)
        assert float(found) == pytest.approx(0.5 * np.pi * total, rel=5e-3)
        assert oersted_field(device, position, volts) == pytest.approx(float(found) / (0.5 * np.pi), rel=1e-10)


# ---- The engines against an integration of equations written anew ----


def junction_voltage(device, current, position):
    share = (device.track_length - position) * device.track_width / device.junction_area

    def excess(volts):
        tmr = device.tmr / (1.0 + (volts / device.tmr_half_voltage) ** 2)
        return volts / device.parallel_resistance * (1.0 - share * tmr / (1.0 + tmr)) - current

    return brentq(excess, -5.0, 5.0, xtol=1e-17, rtol=1e-15)


def rates(device, kind, value, landscape=SMOOTH, anisotropy=None, slope=0.0):
    """dx/dt and dphi/dt of Eq. 1 with the further terms, under a constant drive."""

    def right_hand_side(time, state):
        position, angle = state
        area, barrier = device.junction_area, device.parallel_resistance * device.junction_area
        if kind is Voltage:
            volts, density = value, value / barrier
        else:
            current = value if kind is Current else value * area
            volts = junction_voltage(device, current, position)
            density = value if kind is CurrentDensity else volts / barrier
        torque = device.torque_per_current_density * density
        two_fold = device.anisotropy_field if anisotropy is None else float(anisotropy(position))
        width = device.wall_width * (1.0 + device.perpendicular_anisotropy_per_volt * volts) ** -0.5
        along = 0.3 * torque + float(landscape.pinning_field(position))
        along -= 0.5 * device.anisotropy_gradient_force * width * slope * np.sin(angle) ** 2
        about = (
            torque
            + 0.5 * (two_fold + device.anisotropy_field_per_volt * volts) * np.sin(2.0 * angle)
            + 0.5 * device.fourth_order_anisotropy_field * np.sin(4.0 * angle)
            + 0.5 * np.pi * device.in_plane_field_x * np.cos(angle)
            + 0.5 * np.pi * (device.in_plane_field_y + oersted_field(device, position, volts)) * np.sin(angle)
        )
        about -= 0.5 * np.pi * device.interfacial_dmi / (device.saturation_magnetisation * width) * np.cos(angle)
        scale = GAMMA / (1.0 + device.damping**2)
        return [scale * width * (about + device.damping * along), scale * (along - device.damping * about)]

    return right_hand_side


CASES = {
    "fourth order": {"fourth_order_anisotropy_field": -15e-4},
    "voltage-controlled H_K": {"anisotropy_field_per_volt": 40e-4},
    "voltage-controlled K_u": {"perpendicular_anisotropy_per_volt": 0.8},
    "field along the track": {"in_plane_field_x": 6e-4},
    "field across the track": {"in_plane_field_y": -9e-4},
    "DMI": {"interfacial_dmi": -1.2e-5},
    "Oersted field": {"oersted_field_ratio": 0.4},
    "all": ON,
}


@pytest.mark.parametrize(("kind", "value"), [(Voltage, 0.12), (Current, 2.5e-3), (CurrentDensity, 2e10)])
@pytest.mark.parametrize("case", CASES)
def test_every_engine_agrees_with_an_independent_integration(case, kind, value):
    device, times = DEVICE.replace(**CASES[case]), np.linspace(0.0, 30e-9, 4)
    exact = solve_ivp(
        rates(device, kind, value),
        (0.0, times[-1]),
        [0.52e-6, 0.4],
        method="DOP853",
        rtol=1e-12,
        atol=[1e-19, 1e-12],
        t_eval=times,
    )
    for options in ({"tolerance": 1e-12}, {"method": "rk4", "devices": 3}, {"method": "rk4", "devices": 20}):
        run = simulate_ensemble(
            device, SMOOTH, kind.of(value), times, initial_position=0.52e-6, initial_angle=0.4, **options
        )
        for found, expected, bound in ((run.position, exact.y[0], 2e-14), (run.angle, exact.y[1], 2e-6)):
            assert np.abs(found.values - expected).max() < bound, options


def test_torques_by_the_current_still_feel_the_voltage():
    device, times = ALL_ON.replace(torque_density="current"), np.linspace(0.0, 20e-9, 3)
    for drive in (Voltage.of(0.12), Current.of(2.5e-3)):
        run = simulate(device, SMOOTH, drive, times, initial_position=0.52e-6, initial_angle=0.4, tolerance=1e-12)

        def right_hand_side(time, state, drive=drive):
            by_current = isinstance(drive, Current)
            volts = junction_voltage(device, 2.5e-3, state[0]) if by_current else 0.12
            share = (device.track_length - state[0]) * device.track_width / device.junction_area
            tmr = device.tmr / (1.0 + (volts / device.tmr_half_voltage) ** 2)
            current = volts / device.parallel_resistance * (1.0 - share * tmr / (1.0 + tmr))
            # The torques of this current: those of a voltage J RA_P; the other terms at the voltage itself.
            density = current / device.junction_area
            torque = device.torque_per_current_density * density
            others = rates(device.replace(spin_polarisation=1e-9), Voltage, volts)(time, state)
            scale = GAMMA / (1.0 + device.damping**2)
            width = device.wall_width * (1.0 + 0.8 * volts) ** -0.5
            return [
                others[0] + scale * width * torque * (1.0 + device.damping * 0.3),
                others[1] + scale * torque * (0.3 - device.damping),
            ]

        exact = solve_ivp(
            right_hand_side, (0.0, 20e-9), [0.52e-6, 0.4], method="DOP853", rtol=1e-11, atol=[1e-18, 1e-11]
        )
        assert float(run.position[-1]) == pytest.approx(exact.y[0, -1], abs=1e-13)
        assert float(run.angle[-1]) == pytest.approx(exact.y[1, -1], abs=1e-6)


def test_a_profile_of_the_anisotropy_and_the_voltage_add_up():
    profile = AnisotropyProfile((0.4e-6, 0.7e-6), (20e-4, 80e-4))
    track, times = Landscape(SMOOTH.wells, profile), np.array([0.0, 15e-9])
    exact = solve_ivp(
        rates(ALL_ON, Voltage, 0.1, anisotropy=lambda x: 20e-4 + (x - 0.4e-6) / 0.2e-6 * 40e-4, slope=2e4),
        (0.0, 15e-9),
        [0.52e-6, 0.4],
        rtol=1e-11,
        atol=[1e-18, 1e-11],
        method="DOP853",
    )
    for options in ({"tolerance": 1e-12}, {"method": "rk4", "devices": 3}, {"method": "rk4", "devices": 20}):
        run = simulate_ensemble(
            ALL_ON, track, Voltage.of(0.1), times, initial_position=0.52e-6, initial_angle=0.4, **options
        )
        assert run.position.values[:, -1] == pytest.approx(exact.y[0, -1], abs=1e-13), options


def test_lanes_and_single_devices_give_the_same_bits_with_noise(monkeypatch):
    devices = [DEVICE, ALL_ON, *(DEVICE.replace(**changes) for changes in CASES.values())] * 3
    options = {"temperature": 300.0, "method": "heun", "seed": 3, "initial_position": 0.52e-6}
    drive = Voltage(pulses([0.12], width=2e-9, period=4e-9))
    side_by_side = simulate_ensemble(devices, SMOOTH, drive, [0.0, 5e-9], **options)
    monkeypatch.setattr(ensemble, "_LANES_FROM", 1000)
    one_by_one = simulate_ensemble(devices, SMOOTH, drive, [0.0, 5e-9], **options)
    np.testing.assert_array_equal(side_by_side.position, one_by_one.position)
    np.testing.assert_array_equal(side_by_side.angle, one_by_one.angle)
    # The first device has no term of its own; that others have some changes nothing for it.
    alone = simulate_ensemble(DEVICE, SMOOTH, drive, [0.0, 5e-9], **options)
    assert float(alone.position[0, -1]) == pytest.approx(float(one_by_one.position[0, -1]), abs=1e-15)


def test_fluctuations_of_a_wall_whose_width_follows_the_voltage_are_those_of_its_temperature():
    # <x^2> = k T x_c / (2 M_s W t H_c) whatever the width; <phi^2> = k T / (2 M_s Delta(V) W t H_K).
    stiff = DEVICE.replace(
        anisotropy_field=0.3, damping=0.5, spin_polarisation=1e-9, perpendicular_anisotropy_per_volt=4.0
    )
    well = Landscape((GaussianWell(centre=0.5e-6, coercive_field=0.05, half_width=300e-9),))
    run = simulate_ensemble(
        stiff,
        well,
        Voltage.of(0.2),
        np.linspace(0.0, 60e-9, 61),
        devices=256,
        temperature=300.0,
        step=2e-12,
        seed=5,
    )
    offset, angle = run.position.values[:, 20:] - 0.5e-6, run.angle.values[:, 20:]
    energy = BOLTZMANN_CONSTANT * 300.0
    slope = -float(np.diff(well.pinning_field(np.array([0.5e-6 - 1e-10, 0.5e-6 + 1e-10])))[0]) / 2e-10
    assert offset.var() == pytest.approx(energy / (stiff.energy_per_field_length * slope), rel=0.06)
    width = stiff.wall_width / math.sqrt(1.8)
    assert angle.var() == pytest.approx(energy / (stiff.energy_per_field_length * width * 0.3), rel=0.06)


def test_walls_in_an_array_follow_the_same_equations():
    # Two devices of their own on lines of their own and without wires: each under its line's voltage.
    kinds = [ALL_ON, DEVICE.replace(fourth_order_anisotropy_field=20e-4, perpendicular_anisotropy_per_volt=-1.0)]
    held = Bias(
        word_line_voltage=np.array([0.12]),
        bit_line_voltage=np.zeros(2),
        floating_word_lines=np.zeros(1, dtype=bool),
        floating_bit_lines=np.zeros(2, dtype=bool),
    )
    found = {}
    for step in (None, 1e-12):
        walls = DomainWalls(kinds, SMOOTH, [[0.52e-6, 0.47e-6]], initial_angle=0.4, step=step)
        simulation = ArraySimulation(Crossbar(cells=walls), tolerance=1e-14)
        found[step] = list(simulation.run(ArrayDrive(((held, constant(1.0)),)), [0.0, 20e-9]))[-1]
    for column, (device, start) in enumerate(zip(kinds, (0.52e-6, 0.47e-6), strict=True)):
        exact = solve_ivp(
            rates(device, Voltage, 0.12), (0.0, 20e-9), [start, 0.4], method="DOP853", rtol=1e-12, atol=[1e-19, 1e-12]
        )
        for record in found.values():
            assert record["position"][0, column] == pytest.approx(exact.y[0, -1], abs=1e-13)
            assert record["angle"][0, column] == pytest.approx(exact.y[1, -1], abs=1e-5)


def test_the_pull_of_a_voltage_is_no_less_than_what_it_moves():
    arrays = one_of(ALL_ON)[1]
    pull = ensemble.largest_pull(arrays, ensemble.landscape_table([SMOOTH], [ALL_ON]), 0.0)
    draw = np.random.default_rng(1)
    for position, angle in zip(draw.uniform(0.4e-6, 0.6e-6, 50), draw.uniform(-4.0, 4.0, 50), strict=True):
        ahead, behind = (rates(ALL_ON, Voltage, volts)(0.0, [position, angle])[0] for volts in (1e-4, -1e-4))
        assert abs(ahead - behind) / 2e-4 <= pull


def test_an_array_with_further_terms_agrees_with_ngspice(ngspice):
    from spice.crosschecks import crosscheck_array

    walls = DomainWalls(ALL_ON, SMOOTH, np.full((2, 2), 0.52e-6), external_field=0.0)
    array = Crossbar(cells=walls, word_line_resistance=1.0, bit_line_resistance=1.0)
    simulation = ArraySimulation(array, tolerance=1e-13)
    drive = ArrayDrive(((bias("V/2", (2, 2), 0.2, word_line=1, bit_line=0), pulses([1.0], width=4e-9, period=1e-3)),))
    result = crosscheck_array(simulation, drive, np.linspace(0.0, 12e-9, 25))
    assert float(result.position_difference) < 0.1e-9


# ---- Rest angles, barriers and thresholds ----


def test_rest_angles_are_the_lowest_energies():
    free = DEVICE.replace(anisotropy_field=0.0)
    rest = {
        0.25 * np.pi: free.replace(fourth_order_anisotropy_field=-10e-4),
        0.0: free.replace(fourth_order_anisotropy_field=10e-4),
        -0.5 * np.pi: free.replace(in_plane_field_x=5e-4),
        np.pi: free.replace(in_plane_field_y=-5e-4),
        0.5 * np.pi + 0.0: free.replace(interfacial_dmi=2e-5),
        0.5 * math.acos(20.0 / 70.0): DEVICE.replace(anisotropy_field=20e-4, fourth_order_anisotropy_field=-35e-4),
    }
    for expected, device in rest.items():
        assert equilibrium.rest_angle(device) == pytest.approx(expected, abs=1e-9)
        run = simulate(device, SMOOTH, Voltage.of(0.0), [0.0, 1e-9])
        assert run.angle.values == pytest.approx(expected, abs=1e-9)
    many = equilibrium.rest_angles(list(rest.values()), np.array([each.anisotropy_field for each in rest.values()]))
    assert many == pytest.approx(list(rest), abs=1e-9)


def test_a_wall_at_rest_stays_there():
    # At rest the steps grow to where the explicit method is just stable, and what it leaves there is of the size of the
    # tolerance, by chance more or less: 2.5e-9 rad at the default of 3e-9.
    times = np.linspace(0.0, 200e-9, 401)
    run = simulate(ALL_ON, SMOOTH, Voltage.of(0.0), times, initial_position=0.5e-6, tolerance=1e-11)
    assert np.ptp(run.angle.values) < 1e-10
    assert np.ptp(run.position.values) < 1e-16


def test_closed_forms_are_met_by_the_numerical_ones():
    # A term so small that it changes nothing sends everything down the numerical path.
    almost = DEVICE.replace(in_plane_field_x=1e-18)
    offsets = np.array([0.5e-4, 4e-4, 12e-4])
    for torques in ("slonczewski", "field-like", "both"):
        assert static_current_threshold(almost, offsets, torques) == pytest.approx(
            static_current_threshold(DEVICE, offsets, torques), rel=1e-8
        )
    for name in ("walker_current_density", "walker_field", "angle_barrier"):
        assert getattr(almost, name) == pytest.approx(getattr(DEVICE, name), rel=1e-6)
    assert equilibrium.angle_stiffness(almost, 0.0) == pytest.approx(40e-4, rel=1e-6)


def test_static_limits_of_each_term_alone():
    free, per_density = DEVICE.replace(anisotropy_field=0.0), DEVICE.torque_per_current_density

    def limit(device, **options):
        return per_density * float(static_current_threshold(device, 1.0, "slonczewski", **options))

    assert limit(free.replace(fourth_order_anisotropy_field=-30e-4)) == pytest.approx(15e-4, rel=1e-8)
    assert limit(free.replace(in_plane_field_x=6e-4, in_plane_field_y=8e-4)) == pytest.approx(5e-4 * np.pi, rel=1e-8)
    by_dmi = 0.5 * np.pi * 2e-5 / (1.05e6 * 16.6e-9)
    assert limit(free.replace(interfacial_dmi=2e-5)) == pytest.approx(by_dmi, rel=1e-8)
    # Two-fold and four-fold: the steepest slope by calculus, cos(2 phi) from a quadratic equation.
    both = DEVICE.replace(anisotropy_field=20e-4, fourth_order_anisotropy_field=-35e-4)
    turns = np.arccos(np.clip(np.roots([4.0 * -35e-4, 20e-4, -2.0 * -35e-4]), -1.0, 1.0))
    steepest = max(abs(10e-4 * np.sin(turn) - 17.5e-4 * np.sin(2.0 * turn)) for turn in turns)
    assert limit(both) == pytest.approx(steepest, rel=1e-8)
    # H_K + xi V = 2 sigma_ST, with V = J A R(x, V) at the wall's place; at the track's end R is R_P.
    by_voltage = DEVICE.replace(anisotropy_field_per_volt=60e-4)
    density = 40e-4 / (2.0 * per_density - 60e-4 * DEVICE.resistance_area_product)
    assert limit(by_voltage, position=1e-6) == pytest.approx(per_density * density, rel=1e-9)
    assert by_voltage.walker_current_density == pytest.approx(density, rel=1e-9)
    assert limit(by_voltage, position=0.2e-6) > 1.01 * limit(by_voltage, position=1e-6)
    assert static_current_threshold(DEVICE.replace(anisotropy_field_per_volt=1.0), 1.0, "slonczewski") == np.inf


def test_the_quadratic_torque_counts_in_the_static_limit():
    device = DEVICE.replace(field_like_quadratic=0.05)
    density = float(static_current_threshold(device, 8e-4, "field-like"))
    found = 0.3 * device.torque_per_current_density * density + 0.05 * (density * device.resistance_area_product) ** 2
    assert found == pytest.approx(8e-4, rel=1e-12)
    assert static_current_threshold(device.replace(field_like_quadratic=-1.0), 8e-4, "field-like") == np.inf


@pytest.mark.parametrize("case", CASES)
def test_a_slow_ramp_on_a_damped_wall_meets_the_static_limit(case):
    # So damped that the well still holds a wall that swings from one rest angle to another one (alpha H_c above its
    # torque there), and not one that turns without end.
    device = DEVICE.replace(damping=0.3, **CASES[case])
    found = current_threshold(
        device,
        60e-4,
        coercive_field=60e-4,
        torques="slonczewski",
        ramp_rate=3e15,
        method="adaptive",
        largest_density=12e10 if case == "all" else 7e10,
    )
    assert float(found.threshold[0, 0]) == pytest.approx(float(found.static_threshold[0]), rel=0.02)


def test_a_drive_beyond_the_range_of_the_width_is_refused():
    device = DEVICE.replace(perpendicular_anisotropy_per_volt=-4.0)
    with pytest.raises(InputError, match=r"^perpendicular_anisotropy_per_volt: expected .* got 120 %"):
        simulate(device, SMOOTH, Voltage.of(0.3), [0.0, 1e-9])
    simulate(device, SMOOTH, Voltage.of(0.2), [0.0, 1e-10])


# ---- The force of an anisotropy that varies along the track ----

ROUGH = Landscape(
    (GaussianWell(centre=0.5e-6, coercive_field=15e-4, half_width=100e-9),),
    AnisotropyProfile((0.4e-6, 0.48e-6, 0.52e-6, 0.6e-6), (20e-4, 60e-4, 30e-4, -30e-4)),
)


def total_energy(device, track, position, angle):
    """M_s Delta W t H_K(x) sin^2(phi) and that of the sites, J."""
    of_angle = np.sin(angle) ** 2 * track.anisotropy_field(position, device)
    volume = device.wall_width * device.track_width * device.thickness
    return track.energy(position, device) + device.saturation_magnetisation * volume * of_angle


@pytest.mark.parametrize("options", [{"tolerance": 1e-11}, {"method": "rk4", "devices": 3}, {"devices": 80}])
def test_a_wall_without_damping_keeps_its_energy_only_with_the_force(options):
    times, swing = np.linspace(0.0, 60e-9, 31), {}
    for share in (0.0, 0.5, 1.0):
        device = DEVICE.replace(damping=0.0, anisotropy_gradient_force=share)
        run = simulate_ensemble(
            device, ROUGH, Voltage.of(0.0), times, initial_position=0.53e-6, initial_angle=1.0, **options
        )
        energy = total_energy(device, ROUGH, run.position.values, run.angle.values)
        swing[share] = float(np.ptp(energy)) / (BOLTZMANN_CONSTANT * 300.0)
    assert swing[1.0] < 1e-5
    assert swing[0.0] > 2.0 * swing[1.0] + 0.3
    assert swing[0.5] == pytest.approx(0.5 * swing[0.0], rel=0.3)


def test_the_force_is_exactly_zero_where_the_anisotropy_is_constant():
    times, level = np.linspace(0.0, 10e-9, 5), AnisotropyProfile((0.0, 1e-6), (40e-4, 40e-4))
    for track in (SMOOTH, Landscape(SMOOTH.wells, level)):
        with_force, without = (
            simulate(device, track, Voltage.of(0.1), times, initial_position=0.52e-6, initial_angle=0.4)
            for device in (ALL_ON, ALL_ON.replace(anisotropy_gradient_force=0.0))
        )
        np.testing.assert_array_equal(with_force.position, without.position)
        np.testing.assert_array_equal(with_force.angle, without.angle)


def test_walls_in_a_varying_anisotropy_are_where_boltzmann_has_them():
    # The density at x is exp(-U/kT) times the integral over phi of exp(-E/kT): the wall prefers the lower H_K.
    device = DEVICE.replace(damping=1.0, anisotropy_gradient_force=1.0)
    profile = AnisotropyProfile((0.44e-6, 0.56e-6), (10e-4, 310e-4))
    track = Landscape((ParabolicWell(centre=0.5e-6, coercive_field=15e-4, half_width=120e-9),), profile)
    run = simulate_ensemble(
        device,
        track,
        Voltage.of(0.0),
        np.linspace(0.0, 300e-9, 31),
        devices=384,
        temperature=300.0,
        step=20e-12,
        seed=4,
    )
    position, turn = np.linspace(0.38e-6, 0.62e-6, 1001), np.linspace(0.0, np.pi, 501)
    energy = total_energy(device, track, position[:, np.newaxis], turn) / (BOLTZMANN_CONSTANT * 300.0)
    density = np.trapezoid(np.exp(energy.min() - energy), turn, axis=1)
    mean = np.average(position, weights=density)
    deviation = math.sqrt(np.average((position - mean) ** 2, weights=density))
    found = run.position.values[:, 12:]
    assert mean < 0.5e-6 - 5e-9
    assert found.mean() == pytest.approx(mean, abs=4.0 * deviation / math.sqrt(2 * 384))
    assert found.std() == pytest.approx(deviation, rel=0.08)


def test_walls_rest_where_the_energy_of_both_coordinates_is_lowest():
    # On the Neel side a wall at rest has the whole energy of its angle, and slides to where it is lowest.
    device = DEVICE.replace(anisotropy_gradient_force=1.0)
    profile = AnisotropyProfile((0.4e-6, 0.6e-6), (-20e-4, -80e-4))
    track = Landscape((GaussianWell(centre=0.5e-6, coercive_field=15e-4, half_width=100e-9),), profile)
    position = np.linspace(0.45e-6, 0.55e-6, 100_001)
    lowest = position[np.argmin(total_energy(device, track, position, 0.5 * np.pi))]
    assert lowest > 0.502e-6
    assert rest_position(track, 0.0, device) == pytest.approx(lowest, abs=2e-12)
    assert np.abs(resting_places(device, track) - lowest).min() < 1e-10
    assert escape_rates(device, track, destinations=False).position.values == pytest.approx(lowest, abs=1e-10)
    run = simulate(device, track, Voltage.of(0.0), [0.0, 20e-9], initial_position=lowest)
    assert np.ptp(run.position.values) < 2e-12
    energy = wall_energy(device, track, position)
    exact = total_energy(device, track, position, 0.5 * np.pi)
    assert energy - energy[0] == pytest.approx(exact - exact[0], rel=1e-9, abs=1e-27)


def test_barriers_of_the_rates_are_saddles_of_the_energy():
    # Under a torque the angle leans, and H_K that rises along the track raises the barrier there.
    device = DEVICE.replace(anisotropy_gradient_force=1.0)
    profile = AnisotropyProfile((0.55e-6, 0.6e-6), (60e-4, 140e-4))
    track = Landscape((ParabolicWell(centre=0.5e-6, coercive_field=15e-4, half_width=100e-9),), profile)
    density = 0.8 * 60e-4 / 2.0 / device.torque_per_current_density
    torque = device.torque_per_current_density * density
    position, turn = np.linspace(0.4e-6, 0.61e-6, 2101), np.linspace(-0.5 * np.pi, 0.5 * np.pi, 1801)[:, np.newaxis]
    per_field = 2.0 * device.saturation_magnetisation * device.track_width * device.thickness
    energy = total_energy(device, track, position, turn)
    energy += per_field * torque * (device.wall_width * turn - device.field_like_ratio * position)
    inner = (turn > -0.25 * np.pi) & (turn <= 0.25 * np.pi)
    path = np.where(inner, energy, np.inf).min(axis=0)
    bottom = int(np.argmin(path[:1500]))
    barrier = (path[bottom:].max() - path[bottom]) / (BOLTZMANN_CONSTANT * 300.0)
    found = []
    for each in (device, device.replace(in_plane_field_x=1e-12), DEVICE):
        scales, bias = Scales.of(each, 300.0), constant_density(each, density)
        (site,) = driven_track(each, track, scales, 0.0, bias).held
        found.append(barriers(site)[1])
    assert found[:2] == pytest.approx([barrier, barrier], rel=2e-3)
    assert found[2] < barrier - 0.2
