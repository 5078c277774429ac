"""A junction with a thermal resistance heats up by its own power, and its wall, torques and TMR feel it."""

import itertools
import subprocess

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq
from verilog_a_tools import compile_module, newer_ngspice

from compact_model import (
    AnisotropyProfile,
    Current,
    CurrentDensity,
    GaussianWell,
    InputError,
    Landscape,
    ParabolicWell,
    Voltage,
    current_threshold,
    escape_rates,
    lequeux2016,
    pulse_table,
    pulses,
    simulate,
    simulate_ensemble,
    static_current_threshold,
)
from compact_model.constants import BOLTZMANN_CONSTANT
from crossbar import ArrayDrive, ArraySimulation, Bias, Crossbar, DomainWalls, bias
from spice import export
from spice.ngspice.raw_file import read_raw

COLD = lequeux2016().replace(anisotropy_field=40e-4, stray_field=0.0, spin_polarisation=None, interfacial_dmi=1e-5)
HOT = COLD.replace(
    fourth_order_anisotropy_field=-8e-4,
    thermal_resistance=4e4,
    thermal_time_constant=4e-9,
    anisotropy_field_per_kelvin=-0.3e-4,
    tmr_per_kelvin=-2e-3,
)
SMOOTH = Landscape((GaussianWell(centre=0.5e-6, coercive_field=15e-4, half_width=100e-9),))
GAMMA = 1.7609e11
START = {"initial_position": 0.52e-6, "initial_angle": 0.4}


def magnetisation(device, rise):
    """M_s over that at the device's own temperature, by Bloch's law."""
    own, critical = device.reference_temperature, device.curie_temperature
    return (1.0 - ((own + rise) / critical) ** 1.5) / (1.0 - (own / critical) ** 1.5)


def junction(device, kind, value, position, rise):
    """Voltage and current of the junction, with the TMR that is left at a rise."""
    share = (device.track_length - position) * device.track_width / device.junction_area
    warm = device.tmr * (1.0 + device.tmr_per_kelvin * rise)

    def current(volts):
        tmr = warm / (1.0 + (volts / device.tmr_half_voltage) ** 2)
        return volts / device.parallel_resistance * (1.0 - share * tmr / (1.0 + tmr))

    if kind is Voltage:
        return value, current(value)
    amperes = value if kind is Current else value * device.junction_area
    volts = brentq(lambda volts: current(volts) - amperes, -5.0, 5.0, xtol=1e-17, rtol=1e-15)
    return volts, amperes


def profile(device, position, landscape):
    """H_K of a cold device (T) and its slope (T/m) on the one straight line of a profile."""
    if landscape.anisotropy is None:
        return device.anisotropy_field, 0.0
    (begin, end), (first, last) = landscape.anisotropy.positions, landscape.anisotropy.anisotropy_fields
    slope = (last - first) / (end - begin)
    return first + slope * (position - begin), slope


def rates(device, kind, waveform, landscape=SMOOTH):
    """dx/dt, dphi/dt and the derivative of the rise, as the docstring of thermal_resistance says."""

    def right_hand_side(time, state):
        position, angle, rise = state
        value = float(waveform(time))
        volts, amperes = junction(device, kind, value, position, rise)
        moment = magnetisation(device, rise)
        hot = device.replace(
            saturation_magnetisation=moment * device.saturation_magnetisation,
            tmr=device.tmr * (1.0 + device.tmr_per_kelvin * rise),
        )
        by_current = amperes / device.junction_area if device.torque_density == "current" else None
        density = value if kind is CurrentDensity else volts / device.resistance_area_product
        torque = hot.torque_per_current_density * (density if by_current is None else by_current)
        own, slope = profile(device, position, landscape)
        along = 0.3 * torque + moment * float(landscape.pinning_field(position))
        along -= 0.5 * device.anisotropy_gradient_force * device.wall_width * moment * slope * np.sin(angle) ** 2
        about = (
            torque
            + 0.5 * (moment * own + device.anisotropy_field_per_kelvin * rise) * np.sin(2.0 * angle)
            + 0.5 * moment * device.fourth_order_anisotropy_field * np.sin(4.0 * angle)
            - 0.5 * np.pi * device.interfacial_dmi / (hot.saturation_magnetisation * device.wall_width) * np.cos(angle)
        )
        scale = GAMMA / (1.0 + device.damping**2)
        return [
            scale * device.wall_width * (about + device.damping * along),
            scale * (along - device.damping * about),
            (device.thermal_resistance * volts * amperes - rise) / device.thermal_time_constant,
        ]

    return right_hand_side


def integrated(device, kind, waveform, times, landscape=SMOOTH, start=0.52e-6):
    """The independent integration, part by part between the edges of a waveform."""
    marks = [times[0], *waveform.edges(times[0], times[-1]), times[-1]]
    state, found = [start, 0.4, 0.0], []
    for number, (begin, end) in enumerate(itertools.pairwise(marks)):
        inside = [t for t in times if begin <= t < end or (number == len(marks) - 2 and t == end)]
        run = solve_ivp(
            rates(device, kind, lambda t, a=begin, b=end: waveform(min(max(t, a), np.nextafter(b, a))), landscape),
            (begin, end),
            state,
            method="DOP853",
            rtol=1e-11,
            atol=[1e-19, 1e-12, 1e-10],
            t_eval=sorted({*inside, end}),
        )
        found.append(run.y[:, : len(inside)])
        state = run.y[:, -1]
    return np.concatenate(found, axis=1)


PULSE = pulses([1.0, -0.6], width=5e-9, period=9e-9)


@pytest.mark.parametrize(
    ("kind", "value", "torques"),
    [
        (Voltage, 0.12, "voltage"),
        (Current, 2.5e-3, "voltage"),
        (CurrentDensity, 2e10, "voltage"),
        (Voltage, 0.12, "current"),
        (Current, 2.5e-3, "current"),
    ],
)
def test_every_method_agrees_with_an_independent_integration(kind, value, torques):
    device, times = HOT.replace(torque_density=torques), np.linspace(0.0, 24e-9, 9)
    waveform = PULSE.scaled(value)
    exact = integrated(device, kind, waveform, times)
    for options in ({"tolerance": 1e-12}, {"method": "rk4", "step": 2e-12, "devices": 20}):
        run = simulate_ensemble(device, SMOOTH, kind(waveform), times, **START, **options)
        assert np.abs(run.position.values - exact[0]).max() < 1e-13, options
        assert np.abs(run.angle.values - exact[1]).max() < 2e-5, options
        assert np.abs(run.temperature_rise.values - exact[2]).max() < 1e-5, options
    assert exact[2].max() > 5.0  # it did heat up


def test_the_force_of_an_anisotropy_that_varies_along_the_track_warms_up_too():
    # The energy M_s Delta W t H_K(x) sin^2(phi) falls with the square of M_s, so the force's field falls with M_s.
    device = HOT.replace(anisotropy_gradient_force=0.8)
    sloped = Landscape(SMOOTH.wells, AnisotropyProfile((0.0, 1e-6), (-20e-4, 140e-4)))
    waveform, times = PULSE.scaled(3e-3), np.linspace(0.0, 24e-9, 9)
    exact = integrated(device, Current, waveform, times, sloped)
    unforced = integrated(device.replace(anisotropy_gradient_force=0.0), Current, waveform, times, sloped)
    assert np.abs(unforced[0] - exact[0]).max() > 1e-9
    for options in ({"tolerance": 1e-12}, {"method": "rk4", "step": 2e-12}):
        run = simulate(device, sloped, Current(waveform), times, **START, **options)
        assert np.abs(run.position.values - exact[0]).max() < 1e-13, options
        assert np.abs(run.temperature_rise.values - exact[2]).max() < 1e-5, options
    assert exact[2].max() > 5.0


def test_voltage_current_and_resistance_are_those_of_the_warm_junction():
    run = simulate(HOT, SMOOTH, Current.of(2.5e-3), np.linspace(0.0, 20e-9, 5), **START)
    for position, rise, volts, ohms in zip(
        run.position.values, run.temperature_rise.values, run.voltage.values, run.resistance.values, strict=True
    ):
        expected, _ = junction(HOT, Current, 2.5e-3, position, rise)
        assert volts == pytest.approx(expected, rel=1e-12)
        assert ohms == pytest.approx(expected / 2.5e-3, rel=1e-12)
    assert run.temperature_rise.attrs["units"] == "K"


def test_edges_of_sites_and_held_walls_are_followed():
    # A wall that leaves a truncated well and runs to the track's end, where it is held and goes on heating up.
    device, hard = (
        HOT.replace(thermal_resistance=2e4),
        Landscape((ParabolicWell(centre=0.85e-6, coercive_field=15e-4, half_width=50e-9),)),
    )
    times = np.linspace(0.0, 60e-9, 7)
    fast, fine = (
        simulate(device, hard, Voltage.of(0.25), times, initial_position=0.85e-6, initial_angle=0.1, **options)
        for options in ({"tolerance": 1e-11}, {"method": "rk4", "step": 0.5e-12})
    )
    assert float(fast.position[-1]) == device.track_length
    np.testing.assert_allclose(fast.position, fine.position, atol=2e-13)
    np.testing.assert_allclose(fast.temperature_rise, fine.temperature_rise, atol=2e-4)
    steady = 2e4 * 0.25**2 / device.parallel_resistance
    assert float(fast.temperature_rise[-1]) == pytest.approx(steady, rel=1e-4)


def test_a_held_wall_warms_up_by_the_law_of_one_resistance_and_one_capacity():
    still = HOT.replace(anisotropy_field=0.4, damping=0.5, tmr_per_kelvin=0.0)
    deep = Landscape((GaussianWell(centre=0.5e-6, coercive_field=0.5, half_width=100e-9),))
    times = np.linspace(0.0, 16e-9, 9)
    run = simulate(still, deep, Voltage.of(0.1), times, tolerance=1e-11)
    power = 0.1**2 / float(run.resistance[0])
    expected = 4e4 * power * (1.0 - np.exp(-times / 4e-9))
    np.testing.assert_allclose(run.temperature_rise, expected, rtol=2e-5)


def test_without_a_rise_nothing_changes():
    times, drive = np.linspace(0.0, 20e-9, 5), Current.of(2.5e-3)
    plain = simulate_ensemble(COLD, SMOOTH, drive, times, **START)
    off = simulate_ensemble(
        HOT.replace(thermal_resistance=0.0, fourth_order_anisotropy_field=0.0), SMOOTH, drive, times, **START
    )
    assert "temperature_rise" not in off
    for name in plain:
        np.testing.assert_array_equal(plain[name], off[name])
    slow = HOT.replace(thermal_time_constant=1e-3, fourth_order_anisotropy_field=0.0)
    late = simulate_ensemble(slow, SMOOTH, drive, times, **START)
    np.testing.assert_allclose(late.position, plain.position, atol=1e-13)
    # Beside a device that heats up, one that does not is what it is alone.
    both = simulate_ensemble([COLD, HOT], SMOOTH, drive, times, **START)
    np.testing.assert_allclose(both.position[0], plain.position[0], atol=1e-15)
    np.testing.assert_array_equal(both.temperature_rise[0], 0.0)


def test_fluctuations_in_a_heated_steady_state_are_those_of_its_temperature():
    # <x^2> = k T x_c / (2 M_s W t H_c) and <phi^2> = k T / (2 M_s Delta W t H_K), with the hot M_s, H_c and H_K.
    device = COLD.replace(
        anisotropy_field=0.3, damping=0.5, interfacial_dmi=0.0, spin_polarisation=1e-9, thermal_time_constant=1e-10
    )
    device = device.replace(thermal_resistance=200.0 / (0.1**2 / device.parallel_resistance), tmr_per_kelvin=0.0)
    well = Landscape((GaussianWell(centre=0.95e-6, coercive_field=0.05, half_width=150e-9),))
    run = simulate_ensemble(
        device, well, Voltage.of(0.1), np.linspace(0.0, 40e-9, 41), devices=256, temperature=300.0, step=4e-12, seed=5
    )
    rise = float(run.temperature_rise[:, 20:].mean())
    assert 190.0 < rise < 200.0  # a bit of the track is antiparallel
    offset, angle = run.position.values[:, 15:] - 0.95e-6, run.angle.values[:, 15:]
    energy = BOLTZMANN_CONSTANT * (300.0 + rise)
    moment = magnetisation(device, rise)
    scale = moment * device.energy_per_field_length
    slope = -float(np.diff(well.pinning_field(np.array([0.95e-6 - 1e-10, 0.95e-6 + 1e-10])))[0]) / 2e-10
    assert offset.var() == pytest.approx(energy / (scale * moment * slope), rel=0.06)
    assert angle.var() == pytest.approx(energy / (scale * device.wall_width * moment * 0.3), rel=0.06)


# ---- Arrays ----


def test_walls_in_an_array_heat_up_as_alone():
    held = Bias(
        word_line_voltage=np.array([0.12, 0.0]),
        bit_line_voltage=np.zeros(2),
        floating_word_lines=np.zeros(2, dtype=bool),
        floating_bit_lines=np.zeros(2, dtype=bool),
    )
    times, pulse = np.array([0.0, 5e-9, 9e-9, 14e-9]), pulses([1.0], width=7e-9, period=1e-3)
    exact = integrated(HOT, Voltage, pulse.scaled(0.12), times)
    for step in (None, 1e-12):
        walls = DomainWalls(HOT, SMOOTH, np.full((2, 2), 0.52e-6), initial_angle=0.4, step=step)
        simulation = ArraySimulation(Crossbar(cells=walls), tolerance=1e-14)
        records = list(simulation.run(ArrayDrive(((held, pulse),)), times))
        for number, record in enumerate(records):
            assert record["position"][0, 1] == pytest.approx(exact[0, number], abs=1e-13)
            assert record["temperature_rise"][0, 1] == pytest.approx(exact[2, number], abs=1e-4)
            assert record["temperature_rise"][1, 0] == 0.0
        _, amperes = junction(HOT, Voltage, 0.12, exact[0, 1], exact[2, 1])
        assert records[1]["device_current"][0, 0] == pytest.approx(amperes, rel=1e-7)
    # What is saved holds the rise, and another run goes on from it.
    kept = simulation.state()
    assert kept.device_temperature_rise.shape == (2, 2)
    after = [simulation.devices.copy() for _ in range(2)]
    after[1].restore(after[0].save())
    for each in after:
        each.rest(4e-9)
        assert each.temperature_rise[0, 0] == pytest.approx(
            records[-1]["temperature_rise"][0, 0] * np.exp(-1.0), rel=1e-6
        )


# ---- Circuits ----


@pytest.mark.parametrize("kind", [Voltage, Current])
def test_ngspice_follows_the_same_equations(ngspice, kind):
    from spice.crosschecks import crosscheck

    drive = kind(PULSE.scaled(0.12 if kind is Voltage else 3e-3))
    result = crosscheck(HOT, SMOOTH, drive, np.linspace(0.0, 20e-9, 21), initial_position=0.52e-6, initial_angle=0.4)
    assert float(result.position_difference) < 0.05e-9
    assert float(result.temperature_rise_difference) < 0.02
    assert float(result.resistance_difference) < 1e-2


def test_an_array_that_heats_up_agrees_with_ngspice_from_a_warm_state(ngspice):
    from spice.crosschecks import crosscheck_array

    walls = DomainWalls(HOT, SMOOTH, np.full((2, 2), 0.52e-6), external_field=0.0)
    array = Crossbar(cells=walls, word_line_resistance=1.0, bit_line_resistance=1.0)
    simulation = ArraySimulation(array, tolerance=1e-13)
    drive = ArrayDrive(((bias("V/2", (2, 2), 0.2, word_line=1, bit_line=0), pulses([1.0], width=4e-9, period=1e-3)),))
    simulation.apply(drive, 5e-9)
    assert simulation.devices.temperature_rise.max() > 5.0
    result = crosscheck_array(simulation, drive, np.linspace(0.0, 8e-9, 9))
    assert float(result.position_difference) < 0.1e-9
    assert float(result.temperature_rise_difference) < 0.05


@pytest.mark.parametrize("kelvin", [0.0, 300.0])
def test_the_verilog_a_module_does_what_the_sub_circuit_does(ngspice, tmp_path, kelvin):
    compile_module(export(HOT, SMOOTH, "verilog-a"), tmp_path)
    given = f"x0=520 phi0=0.4 hz=0 rise0=3 temperature={kelvin} seed=7"
    ends = {}
    for language, definition, element in (
        ("ngspice", export(HOT, SMOOTH, "ngspice"), f"X1 top 0 x phi dwmtj {given}"),
        ("verilog-a", ".model dw dwmtj\n", f"N1 top 0 x phi dw {given}"),
    ):
        control = (
            f".control\nset num_threads=1\npre_osdi {tmp_path}/dwmtj.osdi\nrun\nwrite out.raw x phi i(V1)\n.endc\n"
        )
        (tmp_path / "deck.cir").write_text(
            f"heat\n{definition}V1 top 0 PULSE(0 0.15 0.2n 10p 10p 6n 100n)\n{element}\n"
            f".options method=trap reltol=1e-7 trtol=1\n.tran 0.01n 12n 0 0.01n\n{control}.end\n"
        )
        subprocess.run(
            [newer_ngspice(), "-n", "-b", "deck.cir"], cwd=tmp_path, check=True, capture_output=True, timeout=60
        )
        vectors = read_raw(tmp_path / "out.raw")[-1].vectors
        middle = np.argmin(np.abs(vectors["time"] - 6e-9))
        ends[language] = [vectors["x"][-1], vectors["phi"][-1], 1e4 * vectors["v1#branch"][middle]]
    np.testing.assert_allclose(ends["verilog-a"], ends["ngspice"], atol=2e-3)


# ---- What is refused ----


def test_what_leaves_out_the_heating_refuses_it_by_name():
    for call in (
        lambda: escape_rates(HOT, SMOOTH, current_density=1e9),
        lambda: static_current_threshold(HOT, 10e-4),
        lambda: pulse_table(HOT, SMOOTH, [0.1], width=5e-9),
        lambda: simulate(HOT, SMOOTH, Voltage.of(0.1), [0.0, 1e-9], initial_position="AP"),
        lambda: current_threshold(HOT, [10e-4], ramp_rate=1e10, temperature=300.0),
    ):
        with pytest.raises(InputError, match=r"^thermal_resistance: expected 0 for .*, got 40000 K/W$"):
            call()


def test_temperatures_beyond_the_laws_are_named():
    times = [0.0, 30e-9]
    with pytest.raises(InputError, match=r"below its Curie temperature of 400 K under this drive, got 4\d\d"):
        simulate(HOT.replace(curie_temperature=400.0), SMOOTH, Voltage.of(0.4), times, **START)
    with pytest.raises(InputError, match="tmr_per_kelvin: expected a TMR above 0"):
        simulate(HOT.replace(tmr_per_kelvin=-0.1), SMOOTH, Voltage.of(0.2), times, **START)
    with pytest.raises(InputError, match="curie_temperature: expected more than the reference temperature of 300 K"):
        HOT.replace(curie_temperature=300.0)
    fast = HOT.replace(thermal_time_constant=1.5e-11)
    with pytest.raises(InputError, match="thermal_time_constant: expected at least 2e-11 s"):
        simulate(fast, SMOOTH, Voltage.of(0.1), times, method="rk4", step=20e-12, **START)
