"""One small valid call of everything public, by name: what the tests of provenance and of robustness start from."""

import atexit
import functools
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PySpice.Spice.Netlist import Circuit

import compact_model
import crossbar
import spice
from compact_model import (
    AnisotropyProfile,
    Current,
    ParabolicWell,
    Spike,
    Voltage,
    WriteConditions,
    checks,
    constant,
    lequeux2016,
    pulses,
    resistance_loop,
    single_well,
)
from crossbar import (
    ArrayDrive,
    ArraySimulation,
    CellUpdates,
    Crossbar,
    DomainWalls,
    ExponentialSelector,
    Junctions,
    Memristors,
    Periphery,
    PulsedDevice,
    ReadAccess,
    Reading,
    Schedule,
    SpikedDevice,
    TableArray,
    VteamParameters,
    Wires,
    WriteAccess,
    bias,
    even_levels,
    map_weights,
    record_writing,
)
from dwmtj.study.description import Study, read_study
from dwmtj.study.run import plan_study, run_study
from spice import DomainWallJunction

PACKAGES = (compact_model, crossbar, spice)
DEVICE = lequeux2016()
TRACK = single_well(DEVICE, coercive_field=15e-4, half_width=100e-9)
SITE = TRACK.wells[0]
NS = 1e-9
VOLTS = ("voltage", "voltages", "depression_voltage")
SHORT = np.linspace(0.0, 2 * NS, 3)
PULSE = Voltage(pulses([0.05], width=1 * NS, period=3 * NS))
OHMS = np.array([[40.0, 60.0], [50.0, 70.0]])
WIRES = {"word_line_resistance": 0.1, "bit_line_resistance": 0.2}
ACCESS = WriteAccess(scheme="V/3", edge=1 * NS, settle=2 * NS)
QUICK = {"tolerance": 1e-8}
GEOMETRY = {"thickness": 3e-9, "wall_width": 15e-9, "saturation_magnetisation": 4.7e5}
BRIEF = WriteConditions(width=2 * NS, settle=1 * NS, devices=2, error_rate=0.5)
SPIKE = Spike(pulse_voltage=0.05, tail_voltage=0.03, width=2 * NS, edge=1 * NS, tail=4 * NS)
COARSE_STRIPE = compact_model.lequeux2016_stripe(4e-8, cell_size=6e-9)
OFFSETS = np.array([5.0, 10.0, 15.0, 20.0]) * 1e-4


@dataclass(frozen=True)
class Call:
    """A public callable with a maker of valid arguments, which are new for each call since some are changed by it."""

    function: Callable[..., Any]
    arguments: Callable[[], dict[str, Any]] = dict
    nan: tuple[str, ...] = ()
    """Variables of the result in which NaN has a documented meaning."""
    infinite: bool = False
    """Whether the result may hold inf by what its docstring says."""
    work: tuple[str, ...] = ()
    """Arguments that cost time in proportion: large valid ones would be slow, not wrong."""
    ngspice: bool = False


def simulation(**options: Any) -> ArraySimulation:
    return ArraySimulation(Crossbar(cells=DomainWalls(**_walls() | options), **WIRES), **QUICK)


def _walls() -> dict[str, Any]:
    return {"parameters": DEVICE, "landscape": TRACK, "position": np.full((2, 2), SITE.centre)}


def _transistor() -> dict[str, Any]:
    return {
        "threshold_voltage": 0.4,
        "transconductance": 3e-4,
        "width": 1e-6,
        "length": 1e-7,
        "body_effect": 0.4,
        "surface_potential": 0.7,
        "channel_length_modulation": 0.05,
        "off_resistance": 1e9,
    }


def _array_of_walls() -> Crossbar:
    return Crossbar(cells=DomainWalls(**_walls(), temperature=10.0, seed=1), **WIRES)


def circuit() -> Circuit:
    whole = Circuit("one junction")
    DomainWallJunction(DEVICE, TRACK).connect(whole, "1", "a", whole.gnd, hz=0.0)
    whole.V("1", "a", whole.gnd, 0.05)
    return whole


_FOLDER = tempfile.TemporaryDirectory(prefix="dwmtj-calls-")
SCRATCH = Path(_FOLDER.name)
THRESHOLDS = SCRATCH / "thresholds.csv"
THRESHOLDS.write_text("Delta_H (Oe), J_th (A/cm2)\n5, 1e6\n10, 1.5e6\n")
STUDY_FILE = SCRATCH / "study.toml"
STUDY_FILE.write_text('[study]\nmeasure = "threshold"\nsamples = 1\n[sweep]\ntrack_width = [90, 100]\n')


@functools.cache
def loop() -> Any:
    return resistance_loop(DEVICE, TRACK, amplitude=1e-3, points=8, dwell=1 * NS, samples=2, temperature=10.0, seed=1)


@functools.cache
def solved() -> Any:
    return Crossbar(resistance=OHMS, **WIRES).solve(np.ones(2))


@functools.cache
def recorded_writing() -> Any:
    return record_writing(simulation(), [[0.1, 0.0], [0.0, 0.0]], 1 * NS, ACCESS, records=2)


def network() -> Any:
    return Crossbar(resistance=OHMS, **WIRES).network()


def sources() -> Any:
    return Crossbar(resistance=OHMS, **WIRES).sources(np.ones(2))


def updates() -> CellUpdates:
    return CellUpdates(network(), sources(), crossbar.solve_network(network(), sources()), [[0, 1]])


def measured() -> dict[str, Any]:
    density = compact_model.static_current_threshold(DEVICE, OFFSETS)
    return {"offset": OFFSETS, "threshold": density * np.array([1.01, 0.99, 1.02, 0.98])}


def measured_resistance() -> dict[str, Any]:
    volts = np.linspace(-0.4, 0.4, 7)
    share = float(compact_model.antiparallel_share(DEVICE, 0.0))
    noise = 1.0 + 1e-3 * np.cos(np.arange(14))
    both = [1.0 / compact_model.conductance(DEVICE, each, volts) for each in (0.0, share)]
    return {
        "voltage": np.tile(volts, 2),
        "resistance": np.concatenate(both) * noise,
        "state": np.repeat(["P", "AP"], 7),
    }


@functools.cache
def trace() -> dict[str, Any]:
    times = np.linspace(0.0, 40 * NS, 21)
    run = compact_model.simulate(
        DEVICE, TRACK, Voltage(pulses([0.1], width=10 * NS, period=40 * NS)), times, external_field=-DEVICE.stray_field
    )
    noise = 1e-10 * np.cos(np.arange(times.size))
    return {"time": times, "voltage": run.voltage.values, "position": run.position.values + noise}


@functools.cache
def pulse_responses() -> dict[str, Any]:
    heights = np.array([0.1, -0.1, 0.08])
    train = compact_model.pulse_train(
        DEVICE, TRACK, heights, width=5 * NS, period=15 * NS, external_field=-DEVICE.stray_field
    )
    noise = 1e-10 * np.cos(np.arange(heights.size))
    whole = np.ones_like(heights)
    position = train.position.values[0] + noise
    return {"voltage": heights, "width": 5 * NS * whole, "period": 15 * NS * whole, "position": position}


@functools.cache
def synapses() -> PulsedDevice:
    return PulsedDevice.notched(2, tracks=1, samples=2, wired=True, variation=0.05, seed=1)


@functools.cache
def spiked() -> SpikedDevice:
    return SpikedDevice.notched(2, tracks=1, samples=2, seed=1)


def device_path() -> Path:
    """A device's file of this process."""
    path = Path(tempfile.gettempdir()) / f"dwmtj-device-{os.getpid()}.json"
    if not path.exists():
        crossbar.write_device(synapses(), path)
        atexit.register(path.unlink, missing_ok=True)
    return path


def table_array() -> TableArray:
    kind = synapses()
    return TableArray(Crossbar(cells=Junctions(kind.device, np.zeros((2, 2))), **WIRES), kind.table, seed=1)


def _examples() -> dict[str, Any]:
    return {"images": np.array([[0.0, 1.0], [1.0, 0.0]] * 3), "labels": np.array([0, 1] * 3)}


def _trials() -> dict[str, Any]:
    return {
        **_examples(),
        "devices": synapses(),
        "epochs": 1,
        "slots": 1,
        "test_share": 0.5,
        "repeats": 1,
        "spreads": {"parallel_resistance": 0.05},
        "seed": 1,
        "store": None,
        "wires": Wires(word_line_resistance=0.1),
    }


def _study() -> dict[str, Any]:
    return {
        "measure": "threshold",
        "samples": 1,
        "seed": 1,
        "description": "two widths",
        "device": {"damping": 0.01},
        "landscape": {"half_width": 1e-7},
        "settings": {"ramp_rate": 1e18, "largest_density": 4e11},
        "sweep": {"track_width": (9e-8, 1e-7)},
        "spread": {"track_width": 0.02},
        "samples_per_part": 1,
    }


def bound(value: Any, name: str) -> Callable[..., Any]:
    """A method of a valid object as a function of its other arguments."""
    return functools.partial(_method, value, name)


def _method(make: Callable[[], Any], name: str, **arguments: Any) -> Any:
    return getattr(make(), name)(**arguments)


def _two() -> dict[str, Any]:
    return {"parameters": DEVICE, "landscape": TRACK}


def _writing() -> dict[str, Any]:
    return {"simulation": simulation(), "voltage": 0.1, "width": 1 * NS, "access": ACCESS}


def _margins() -> dict[str, Any]:
    return {"low_resistance": 36.0, "high_resistance": 70.0, "wires": Wires(**WIRES, driver_resistance=1.0)}


def _selector() -> dict[str, Any]:
    return {"saturation_current": 1e-6, "voltage_scale": 0.05}


C, X, S = compact_model, crossbar, spice

CALLS: dict[str, Call] = {
    # compact_model
    "compact_model.AnisotropyProfile": Call(
        C.AnisotropyProfile, lambda: {"positions": (0.0, 5e-7), "anisotropy_fields": (3e-3, 4e-3)}
    ),
    "compact_model.AnisotropyProfile.slope": Call(
        AnisotropyProfile((0.0, 5e-7), (3e-3, 4e-3)).slope, lambda: {"position": [1e-7, 4e-7]}
    ),
    "compact_model.AnisotropyProfile.from_track_widths": Call(
        AnisotropyProfile.from_track_widths,
        lambda: {"positions": [0.0, 5e-7], "track_widths": [1e-7, 1.1e-7], **GEOMETRY},
    ),
    "compact_model.demagnetising_anisotropy_field": Call(
        C.demagnetising_anisotropy_field, lambda: {"track_width": 1e-7, **GEOMETRY}
    ),
    "compact_model.hybrid_track_width": Call(C.hybrid_track_width, lambda: {"thickness": 3e-9, "wall_width": 15e-9}),
    "compact_model.Stripe": Call(
        C.Stripe,
        lambda: {
            "track_width": 4e-8,
            "thickness": 2e-9,
            "saturation_magnetisation": 1e6,
            "uniaxial_anisotropy": 7e5,
            "exchange_stiffness": 1e-11,
            "interfacial_dmi": 1e-5,
            "cell_size": 1e-8,
            "window": 3e-7,
        },
    ),
    "compact_model.lequeux2016_stripe": Call(C.lequeux2016_stripe, lambda: {"track_width": 4e-8, "cell_size": 1e-8}),
    "compact_model.micromagnetic_device": Call(C.micromagnetic_device, lambda: {"track_width": 1e-7}),
    "compact_model.micromagnetic_wall": Call(C.micromagnetic_wall, lambda: {"track_width": 1e-7}),
    "compact_model.relax_wall": Call(
        C.relax_wall,
        lambda: {"stripe": COARSE_STRIPE, "angle": 0.1, "tolerance": 1e-4, "most_steps": 500},
    ),
    "compact_model.turn_wall": Call(
        C.turn_wall,
        lambda: {
            "stripe": COARSE_STRIPE,
            "angles": [0.0, 0.2, 0.4, 0.6],
            "tolerance": 1e-4,
            "most_steps": 500,
            "progress": False,
        },
    ),
    "compact_model.Current": Call(C.Current, lambda: {"waveform": constant(1e-3)}),
    "compact_model.CurrentDensity": Call(C.CurrentDensity, lambda: {"waveform": constant(1e10)}),
    "compact_model.Voltage": Call(C.Voltage, lambda: {"waveform": constant(0.1)}),
    "compact_model.Voltage.of": Call(Voltage.of, lambda: {"value": 0.1}),
    "compact_model.PiecewiseLinear": Call(
        C.PiecewiseLinear, lambda: {"times": (0.0, 1e-9, 1e-9), "values": (0.0, 1.0, 2.0)}
    ),
    "compact_model.PiecewiseLinear.__call__": Call(
        lambda time: pulses([1.0], width=1e-9, period=2e-9)(time), lambda: {"time": [0.0, 1e-9]}
    ),
    "compact_model.Sine": Call(C.Sine, lambda: {"amplitude": 1.0, "frequency": 1e9, "offset": 0.1}),
    "compact_model.constant": Call(C.constant, lambda: {"value": 1.0}),
    "compact_model.pulses": Call(
        C.pulses, lambda: {"amplitudes": [0.1, 0.2], "width": 1e-9, "period": 2e-9, "start": 1e-9}
    ),
    "compact_model.ramp": Call(C.ramp, lambda: {"rate": 1e3, "stop": 1e-6, "start_value": 0.0}),
    "compact_model.staircase": Call(C.staircase, lambda: {"values": [0.0, 1.0], "dwell": 1e-9}),
    "compact_model.trapezoid": Call(C.trapezoid, lambda: {"width": 1e-9, "edge": 1e-10}),
    "compact_model.escape_rates": Call(
        C.escape_rates,
        lambda: {
            **_two(),
            "external_field": 85e-4,
            "current_density": 0.0,
            "current": 0.0,
            "temperature": 300.0,
            "walls": 8,
            "destinations": True,
            "touches": True,
            "seed": 1,
        },
        infinite=True,
    ),
    "compact_model.intrinsic_site": Call(
        C.intrinsic_site,
        lambda: {
            "parameters": DEVICE,
            "stable_field": 5e-4,
            "stable_error": 1e-5,
            "stable_time": 1e-3,
            "half_width": 1e-7,
            "half_width_error": 1e-9,
            "temperature": 300.0,
        },
    ),
    "compact_model.laboratory_thresholds": Call(
        C.laboratory_thresholds, lambda: {**_two(), "ramp_rate": 1e-3, "temperature": 300.0}
    ),
    "compact_model.mean_escape_time": Call(C.mean_escape_time, lambda: {**_two(), "temperature": 300.0}, infinite=True),
    "compact_model.retention": Call(
        C.retention,
        lambda: {**_two(), "duration": 2 * NS, "devices": 2, "seed": 1, "current": 0.0, "temperature": 300.0},
        infinite=True,
        work=("duration", "devices"),
    ),
    "compact_model.count_levels": Call(
        C.count_levels,
        lambda: {"loop": loop(), "parameters": DEVICE, "resolution": 0.5, "least_points": 2},
        nan=("level_resistance",),
    ),
    "compact_model.resistance_sweep": Call(
        C.resistance_sweep,
        lambda: {
            **_two(),
            "values": [0.0, 1e-3],
            "dwell": 1 * NS,
            "drive": "current",
            "devices": 1,
            "samples": 2,
            "external_field": 85e-4,
            "temperature": 10.0,
            "initial_position": 5e-7,
            "step": 2e-11,
            "seed": 1,
        },
        work=("dwell", "devices", "samples"),
    ),
    "compact_model.resistance_loop": Call(
        C.resistance_loop,
        lambda: {
            **_two(),
            "amplitude": 1e-3,
            "drive": "current",
            "points": 8,
            "dwell": 1 * NS,
            "cycles": 1,
            "samples": 2,
            "external_field": 1e-4,
            "temperature": 10.0,
            "initial_position": "AP",
            "step": 2e-11,
            "seed": 1,
        },
        work=("points", "dwell", "cycles", "samples"),
    ),
    "compact_model.potentiation_depression": Call(
        C.potentiation_depression,
        lambda: {"amplitude": 0.1, "count": 3, "depression_amplitude": 0.2},
        work=("count",),
    ),
    "compact_model.pulse_train": Call(
        C.pulse_train,
        lambda: {
            **_two(),
            "amplitudes": [0.1],
            "width": 1 * NS,
            "period": 5 * NS,
            "drive": "voltage",
            "external_field": 1e-4,
            "temperature": 10.0,
            "initial_position": SITE.centre,
            "step": 1e-11,
            "seed": 1,
        },
        work=("width", "period"),
    ),
    "compact_model.current_threshold": Call(
        C.current_threshold,
        lambda: {
            "parameters": DEVICE,
            "offsets": [10e-4],
            "coercive_field": 15e-4,
            "half_width": 1e-7,
            "torques": "both",
            "ramp_rate": 1e18,
            "step": 5e-12,
            "temperature": 10.0,
            "repeats": 2,
            "seed": 1,
        },
        work=("repeats", "ramp_rate"),
    ),
    "compact_model.field_threshold": Call(
        C.field_threshold,
        lambda: {
            **_two(),
            "ramp_rate": 1e4,
            "current_density": 1e9,
            "temperature": 10.0,
            "repeats": 2,
            "largest_field": 30e-3,
            "seed": 1,
        },
        work=("repeats", "ramp_rate", "largest_field"),
    ),
    "compact_model.rest_position": Call(C.rest_position, lambda: {"landscape": TRACK, "net_field": 5e-4}),
    "compact_model.static_current_threshold": Call(
        C.static_current_threshold, lambda: {"parameters": DEVICE, "offset": [5e-4, 10e-4], "torques": "both"}
    ),
    "compact_model.WriteConditions": Call(
        C.WriteConditions,
        lambda: {
            "width": 1e-8,
            "edge": 1e-9,
            "settle": 2e-8,
            "temperature": 300.0,
            "spreads": {"tmr": 0.02},
            "error_rate": 0.3,
            "devices": 4,
            "breakdown_voltage": 1.0,
        },
    ),
    "compact_model.pulse_table": Call(
        C.pulse_table,
        lambda: {
            "parameters": DEVICE,
            "landscapes": TRACK,
            "voltages": [-0.05, 0.05],
            "width": 1 * NS,
            "edge": 1 * NS,
            "settle": 2 * NS,
            "temperature": 1.0,
            "samples": 2,
            "external_field": -DEVICE.stray_field,
            "seed": 1,
            "store": None,
        },
        work=("width", "edge", "settle", "samples"),
    ),
    "compact_model.Spike": Call(
        C.Spike,
        lambda: {
            "pulse_voltage": 0.05,
            "tail_voltage": 0.03,
            "shape": "sawtooth",
            "width": 2 * NS,
            "edge": 1 * NS,
            "tail": 4 * NS,
        },
    ),
    "compact_model.spike_timing_window": Call(
        C.spike_timing_window,
        lambda: {
            "parameters": DEVICE,
            "landscapes": TRACK,
            "delays": [-2 * NS, 2 * NS],
            "spikes": SPIKE,
            "temperatures": [0.0, 1.0],
            "samples": 2,
            "settle": 2 * NS,
            "external_field": -DEVICE.stray_field,
            "seed": 1,
        },
        work=("delays", "temperatures", "samples", "settle"),
    ),
    "compact_model.spike_table": Call(
        C.spike_table,
        lambda: {
            "parameters": DEVICE,
            "landscapes": TRACK,
            "delays": [-2 * NS, 2 * NS],
            "spike": SPIKE,
            "settle": 2 * NS,
            "temperature": 1.0,
            "samples": 2,
            "external_field": -DEVICE.stray_field,
            "seed": 1,
            "store": None,
        },
        work=("delays", "samples", "settle"),
    ),
    "compact_model.resting_places": Call(C.resting_places, lambda: {**_two(), "net_field": 1e-4}),
    "compact_model.sensitivity": Call(
        C.sensitivity,
        lambda: {
            "parameters": DEVICE,
            "external_field": -DEVICE.stray_field,
            "coercive_field": 1.5e-3,
            "half_width": 1e-7,
            "temperature": 300.0,
            "ramp_rate": 1e18,
            "repeats": 2,
            "tracks": 0,
            "cycles": 1,
            "names": ["damping", "DMI"],
            "seed": 1,
        },
        infinite=True,
        work=("repeats", "tracks", "cycles"),
    ),
    "compact_model.write_window": Call(
        C.write_window,
        lambda: {
            **_two(),
            "conditions": BRIEF,
            "external_field": -DEVICE.stray_field,
            "seed": 1,
        },
        infinite=True,
    ),
    "compact_model.fit_resistance": Call(
        C.fit_resistance,
        lambda: {"parameters": DEVICE, "data": measured_resistance(), "free": ("parallel_resistance", "tmr")},
    ),
    "compact_model.fit_threshold": Call(
        C.fit_threshold, lambda: {"parameters": DEVICE, "data": measured(), "free": ("anisotropy_field",)}
    ),
    "compact_model.fit_trace": Call(
        C.fit_trace,
        lambda: {**_two(), "data": trace(), "free": ("anisotropy_field",), "starts": 2, "seed": 1},
        work=("starts",),
    ),
    "compact_model.fit_pulses": Call(
        C.fit_pulses,
        lambda: {**_two(), "data": pulse_responses(), "free": ("spin_polarisation",), "starts": 2, "seed": 1},
        work=("starts",),
    ),
    "compact_model.Landscape": Call(C.Landscape, lambda: {"wells": (SITE,), "anisotropy": None}),
    "compact_model.Landscape.pinning_field": Call(TRACK.pinning_field, lambda: {"position": [4e-7, 5e-7]}),
    "compact_model.Landscape.energy": Call(TRACK.energy, lambda: {"position": [4e-7, 5e-7], "parameters": DEVICE}),
    "compact_model.Landscape.anisotropy_slope": Call(TRACK.anisotropy_slope, lambda: {"position": [4e-7, 5e-7]}),
    "compact_model.Landscape.anisotropy_field": Call(
        TRACK.anisotropy_field, lambda: {"position": [4e-7, 5e-7], "parameters": DEVICE}
    ),
    "compact_model.single_well": Call(
        C.single_well,
        lambda: {
            "parameters": DEVICE,
            "coercive_field": 15e-4,
            "half_width": 1e-7,
            "centre": 5e-7,
            "kind": ParabolicWell,
        },
    ),
    "compact_model.lequeux2016": Call(C.lequeux2016, lambda: {"track_width": 1e-7}),
    "compact_model.lequeux2016_measured_site": Call(C.lequeux2016_measured_site, lambda: {"parameters": DEVICE}),
    "compact_model.lequeux2016_intrinsic_site": Call(C.lequeux2016_intrinsic_site, lambda: {"parameters": DEVICE}),
    "compact_model.lequeux2016_track": Call(C.lequeux2016_track, lambda: {"parameters": DEVICE, "seed": 1}),
    "compact_model.read_measured": Call(C.read_measured, lambda: {"path": THRESHOLDS, "kind": "threshold"}),
    "compact_model.notched_device": Call(C.notched_device),
    "compact_model.spiking_device": Call(C.spiking_device),
    "compact_model.notched_track": Call(
        C.notched_track, lambda: {"parameters": compact_model.notched_device(), "seed": 1}
    ),
    "compact_model.DeviceParameters": Call(
        C.DeviceParameters,
        lambda: {name: getattr(DEVICE, name) for name in DEVICE.__dataclass_fields__},
        infinite=True,
    ),
    "compact_model.DeviceParameters.replace": Call(
        DEVICE.replace, lambda: {"tmr": 0.9, "damping": 0.02, "parallel_resistance": 40.0}, infinite=True
    ),
    "compact_model.DeviceParameters.resized": Call(
        DEVICE.resized, lambda: {"track_length": 5e-7, "track_width": 5e-8, "nucleation_pad_area": 0.0}, infinite=True
    ),
    "compact_model.DeviceParameters.thermal_field_per_root_time": Call(
        DEVICE.thermal_field_per_root_time, lambda: {"temperature": 300.0}
    ),
    "compact_model.julliere_polarisation": Call(C.julliere_polarisation, lambda: {"tmr": 0.95}),
    "compact_model.slonczewski_polarisation": Call(C.slonczewski_polarisation, lambda: {"julliere": 0.5}),
    "compact_model.random_track": Call(
        C.random_track,
        lambda: {
            "parameters": DEVICE,
            "count": 3,
            "seed": 1,
            "coercive_field": 6e-3,
            "coercive_field_spread": 0.1,
            "half_width": 2e-8,
            "half_width_spread": 0.1,
            "anisotropy_spread": 1e-4,
            "position_jitter": 0.5,
        },
        work=("count",),
    ),
    "compact_model.antiparallel_share": Call(
        C.antiparallel_share, lambda: {"parameters": DEVICE, "position": [0.0, 5e-7]}
    ),
    "compact_model.conductance": Call(
        C.conductance, lambda: {"parameters": DEVICE, "share": [0.0, 0.5], "voltage": 0.1}
    ),
    "compact_model.position_for_resistance": Call(
        C.position_for_resistance, lambda: {"parameters": DEVICE, "ohms": [45.0, 50.0]}
    ),
    "compact_model.resistance": Call(
        C.resistance, lambda: {"parameters": DEVICE, "position": [0.0, 5e-7], "voltage": 0.1}
    ),
    "compact_model.voltage_at_current": Call(
        C.voltage_at_current, lambda: {"parameters": DEVICE, "share": [0.0, 0.5], "current": 1e-3}
    ),
    "compact_model.simulate": Call(
        C.simulate,
        lambda: {**_two(), "drive": PULSE, "times": SHORT, "external_field": 1e-4, "temperature": 10.0, "seed": 1},
        infinite=True,
        work=("times",),
    ),
    "compact_model.simulate_ensemble": Call(
        C.simulate_ensemble,
        lambda: {
            **_two(),
            "drive": Current(constant(1e-3)),
            "times": SHORT,
            "devices": 2,
            "initial_position": [4.9e-7, 5e-7],
            "initial_angle": 0.1,
            "external_field": 1e-4,
            "temperature": 10.0,
            "torques": "both",
            "method": "heun",
            "step": 5e-12,
            "stop_below": 4e-7,
            "stop_above": 6e-7,
            "seed": 1,
        },
        infinite=True,
        work=("times", "devices"),
    ),
    "compact_model.vary": Call(
        C.vary,
        lambda: {"parameters": DEVICE, "count": 3, "spreads": {"tmr": 0.02}, "seed": 1},
        infinite=True,
        work=("count",),
    ),
    "compact_model.GaussianWell": Call(
        C.GaussianWell, lambda: {"centre": 5e-7, "coercive_field": 15e-4, "half_width": 1e-7}
    ),
    "compact_model.ParabolicWell": Call(
        C.ParabolicWell, lambda: {"centre": 5e-7, "coercive_field": 15e-4, "half_width": 1e-7}
    ),
    "compact_model.checks.check_device": Call(checks.check_device, _two),
    # crossbar
    "crossbar.animate": Call(
        X.animate,
        lambda: {"result": recorded_writing(), "path": SCRATCH / "walls.gif", "frames_per_second": 12},
    ),
    "crossbar.badcrossbar_compute": Call(
        X.badcrossbar_compute, lambda: {"applied_voltages": np.ones((2, 1)), "resistances": OHMS, "r_i": 0.5}
    ),
    "crossbar.Bias": Call(
        X.Bias,
        lambda: {
            "word_line_voltage": np.array([1.0, 0.0]),
            "bit_line_voltage": np.zeros(2),
            "floating_word_lines": np.zeros(2, dtype=bool),
            "floating_bit_lines": np.zeros(2, dtype=bool),
        },
    ),
    "crossbar.bias": Call(
        X.bias, lambda: {"scheme": "V/2", "shape": (2, 2), "voltage": 0.2, "word_line": 0, "bit_line": 1}
    ),
    "crossbar.Junctions": Call(X.Junctions, lambda: {"parameters": DEVICE, "position": np.full((2, 2), 5e-7)}),
    "crossbar.Resistors": Call(X.Resistors, lambda: {"conductance": 1.0 / OHMS}),
    "crossbar.Selected": Call(
        X.Selected,
        lambda: {"cells": Junctions(DEVICE, np.full((2, 2), 5e-7)), "selector": ExponentialSelector(**_selector())},
    ),
    "crossbar.Crossbar": Call(
        X.Crossbar,
        lambda: {
            "resistance": OHMS,
            **WIRES,
            "driver_resistance": 1.0,
            "sense_resistance": 1.0,
            "word_line_capacitance": 1e-16,
            "bit_line_capacitance": 1e-16,
            "word_line_ends": "both",
            "bit_line_ends": "stop",
        },
        infinite=True,
    ),
    "crossbar.Wires": Call(
        X.Wires,
        lambda: {
            **WIRES,
            "driver_resistance": 1.0,
            "word_line_capacitance": 1e-16,
            "word_line_ends": "both",
            "stop_driver_resistance": 2.0,
        },
    ),
    "crossbar.Periphery": Call(
        X.Periphery,
        lambda: {
            "converter_bits": 6,
            "converter_energy": 1e-12,
            "converter_time": 1e-9,
            "bit_lines_per_converter": 2,
            "driver_power": 1e-6,
            "converter_area": 1e-9,
            "driver_area": 1e-13,
            "feature_size": 32e-9,
            "cell_area": 4.0,
        },
    ),
    "crossbar.cost": Call(
        X.cost,
        lambda: {
            "array": Crossbar(resistance=OHMS, **WIRES),
            "write_voltage": 0.3,
            "write_width": 4 * NS,
            "read_voltage": 0.05,
            "inputs": [0.5, 1.0],
            "scheme": "V/2",
            "word_line": 0,
            "bit_line": 1,
            "periphery": Periphery(),
            "operations": ["read", "product"],
        },
    ),
    "crossbar.age": Call(
        X.age, lambda: {"array": _array_of_walls(), "duration": 1e-6, "temperature": 300.0, "seed": 1}
    ),
    "crossbar.Faults": Call(
        X.Faults,
        lambda: {
            "stuck_low": np.eye(2, dtype=bool),
            "stuck_high": np.zeros((2, 2), dtype=bool),
            "open_cells": np.array([[False, True], [False, False]]),
            "shorted_cells": np.zeros((2, 2), dtype=bool),
            "stuck_at": {(1, 0): 50.0},
            "low_resistance": 40.0,
            "high_resistance": 70.0,
            "shorted_resistance": 0.1,
            "broken_word_lines": [(0, 1)],
            "broken_bit_lines": [(1, 0)],
            "shorted_word_lines": [(0, 0)],
            "shorted_bit_lines": [(1, 0)],
            "shorted_lines_resistance": 2.0,
        },
    ),
    "crossbar.FaultRates.draw": Call(
        bound(lambda: X.FaultRates(stuck_low=0.5), "draw"), lambda: {"shape": (2, 3), "seed": 1}
    ),
    "crossbar.FaultRates": Call(
        X.FaultRates,
        lambda: {
            "stuck_low": 0.1,
            "stuck_high": 0.1,
            "open_cells": 0.1,
            "shorted_cells": 0.1,
            "low_resistance": 40.0,
            "high_resistance": 70.0,
            "shorted_resistance": 0.1,
            "broken_segments": 0.1,
            "shorted_lines": 0.1,
            "shorted_lines_resistance": 2.0,
            "seed": 1,
        },
    ),
    "crossbar.Wires.equal": Call(
        Wires.equal, lambda: {"segment": 1.0, "driver_resistance": 1.0, "sense_resistance": 1.0}
    ),
    "crossbar.Crossbar.of_devices": Call(
        Crossbar.of_devices, lambda: {"parameters": DEVICE, "position": np.full((2, 2), 5e-7), "wires": Wires(**WIRES)}
    ),
    "crossbar.Crossbar.solve": Call(
        bound(lambda: Crossbar(resistance=OHMS, **WIRES), "solve"),
        lambda: {
            "word_line_voltage": [1.0, 0.0],
            "bit_line_voltage": 0.0,
            "floating_word_lines": [1],
            "floating_bit_lines": [],
            "tolerance": 1e-10,
        },
    ),
    "crossbar.Crossbar.driven": Call(
        bound(lambda: Crossbar(resistance=OHMS, **WIRES, bit_line_ends="both"), "driven"),
        lambda: {
            "word_line_voltage": [1.0, 0.0],
            "bit_line_voltage": 0.0,
            "word_line_current": {1: 1e-3},
            "bit_line_start_voltage": [0.1, 0.2],
            "floating_bit_lines": [],
        },
        infinite=True,
    ),
    "crossbar.Crossbar.find": Call(
        bound(lambda: Crossbar(resistance=OHMS, **WIRES), "find"),
        lambda: {"word_line_voltage": [1.0, 0.0], "bit_line_voltage": 0.0, "floating_word_lines": [1]},
    ),
    "crossbar.Crossbar.with_conductance": Call(
        bound(lambda: Crossbar(resistance=OHMS, **WIRES), "with_conductance"),
        lambda: {"cells": 1.0 / OHMS},
        infinite=True,
    ),
    "crossbar.ArrayDrive": Call(
        X.ArrayDrive, lambda: {"parts": ((bias("V/2", (2, 2), 0.1), pulses([1.0], width=1e-9, period=2e-9)),)}
    ),
    "crossbar.ArrayDrive.pulse": Call(
        ArrayDrive.pulse, lambda: {"held": bias("V/2", (2, 2), 0.1), "width": 1 * NS, "edge": 1e-10}
    ),
    "crossbar.ArrayDrive.of_lines": Call(
        ArrayDrive.of_lines, lambda: {"shape": (2, 2), "word_lines": {0: 0.1}, "floating_bit_lines": [1]}
    ),
    "crossbar.to_networkx": Call(X.to_networkx, lambda: {"network": network()}),
    "crossbar.Network": Call(
        X.Network,
        lambda: {
            name: getattr(network(), name)
            for name in network().__dataclass_fields__
            if name not in ("word_shunt", "bit_shunt", "shunted")
        },
        infinite=True,
    ),
    "crossbar.Sources": Call(
        X.Sources,
        lambda: {
            "word_start": np.ones((2, 1)),
            "word_stop": np.zeros((2, 1)),
            "bit_start": np.zeros((2, 1)),
            "bit_stop": np.zeros((2, 1)),
        },
    ),
    "crossbar.solve_network": Call(
        X.solve_network, lambda: {"network": network(), "sources": sources(), "tolerance": 1e-10, "method": "direct"}
    ),
    "crossbar.ReadAccess": Call(
        X.ReadAccess,
        lambda: {
            "voltage": 0.02,
            "scheme": "grounded",
            "width": 1 * NS,
            "settle": 1 * NS,
            "calibrate": True,
            "noise": 1e-7,
            "seed": 1,
        },
    ),
    "crossbar.WriteAccess": Call(
        X.WriteAccess, lambda: {"scheme": "V/2", "edge": 1 * NS, "settle": 1 * NS, "compensate": False}
    ),
    "crossbar.read": Call(
        X.read, lambda: {"simulation": simulation(), "word_line": 1, "access": ReadAccess(), "bit_line": 0}
    ),
    "crossbar.record_writing": Call(
        X.record_writing,
        lambda: {
            "simulation": simulation(),
            "voltages": [[0.1, 0.0], [0.0, 0.0]],
            "width": 1 * NS,
            "access": ACCESS,
            "records": 2,
        },
        work=(*VOLTS, "width", "records"),
    ),
    "crossbar.write": Call(
        X.write,
        lambda: {
            "simulation": simulation(),
            "voltages": 0.1,
            "width": 1 * NS,
            "word_line": 0,
            "bit_line": 1,
            "access": ACCESS,
        },
        work=(*VOLTS, "width"),
    ),
    "crossbar.Schedule": Call(
        X.Schedule,
        lambda: {
            "voltages": [0.2, 0.3],
            "widths": 2 * NS,
            "most_pulses": 2,
            "conductance_step": 1e-4,
            "longest": 2.0,
        },
    ),
    "crossbar.even_levels": Call(X.even_levels, lambda: {"devices": simulation().devices, "count": 4}, work=("count",)),
    "crossbar.program": Call(
        X.program,
        lambda: {
            "simulation": simulation(),
            "target": np.full((2, 2), even_levels(simulation().devices, 4)[2]),
            "schedule": Schedule(voltages=[0.2], widths=1 * NS, most_pulses=1),
            "tolerance": 1e-5,
            "write": ACCESS,
            "read": ReadAccess(),
            "passes": 1,
        },
        nan=("target", "error"),
        work=("passes",),
    ),
    "crossbar.DiodeSelector": Call(
        X.DiodeSelector, lambda: {"saturation_current": 1e-9, "ideality": 1.5, "temperature": 300.0}
    ),
    "crossbar.ExponentialSelector": Call(X.ExponentialSelector, _selector),
    "crossbar.ThresholdSelector": Call(
        X.ThresholdSelector,
        lambda: {"threshold_voltage": 0.2, "on_resistance": 1e3, "off_resistance": 1e9, "sharpness": 0.005},
    ),
    "crossbar.Transistor": Call(
        X.Transistor,
        lambda: {"on": [[True, False], [False, True]], "on_resistance": 1e3, "off_resistance": 1e9},
        infinite=True,
    ),
    "crossbar.MosTransistor": Call(X.MosTransistor, _transistor, infinite=True),
    "crossbar.TransistorBias": Call(
        X.TransistorBias,
        lambda: {
            "word_line_voltage": np.array([1.8, 0.0]),
            "bit_line_voltage": np.zeros(2),
            "source_line_voltage": np.array([0.0, 0.1]),
            "floating_word_lines": np.zeros(2, dtype=bool),
            "floating_bit_lines": np.zeros(2, dtype=bool),
        },
    ),
    "crossbar.TransistorCrossbar": Call(
        X.TransistorCrossbar,
        lambda: {
            "cells": X.Resistors(1.0 / OHMS),
            "transistor": X.MosTransistor(**_transistor()),
            "gate_voltage": 1.8,
            "source_lines": "word_line",
            "source_line_resistance": 0.1,
            "bit_line_resistance": [0.1, 0.2],
            "driver_resistance": 1.0,
            "sense_resistance": 2.0,
            "source_line_capacitance": [1e-16, 2e-16],
            "bit_line_capacitance": 1e-16,
            "stop_driver_resistance": 1.0,
            "source_line_ends": "both",
            "bit_line_ends": "stop",
            "faults": X.FaultRates(stuck_low=0.5, low_resistance=40.0, seed=1),
        },
        infinite=True,
    ),
    "crossbar.TransistorCrossbar.solve": Call(
        bound(
            lambda: X.TransistorCrossbar(
                cells=X.Resistors(1.0 / OHMS), transistor=X.MosTransistor(**_transistor()), gate_voltage=1.8
            ),
            "solve",
        ),
        lambda: {
            "word_line_voltage": [1.8, 0.0],
            "source_line_voltage": [0.1, 0.2],
            "bit_line_voltage": 0.0,
            "tolerance": 1e-9,
        },
    ),
    "crossbar.ArraySimulation": Call(
        X.ArraySimulation,
        lambda: {
            "array": _array_of_walls(),
            "tolerance": 1e-8,
            "current_tolerance": 1e-9,
        },
    ),
    "crossbar.DomainWalls": Call(
        X.DomainWalls,
        lambda: {
            **_walls(),
            "initial_angle": 0.1,
            "external_field": 1e-4,
            "temperature": 10.0,
            "step": 5e-12,
            "seed": 1,
        },
    ),
    "crossbar.Memristors": Call(X.Memristors, lambda: {"parameters": VteamParameters(), "state": [[1e-9, 2e-9]]}),
    "crossbar.VteamParameters": Call(
        X.VteamParameters,
        lambda: {
            "on_resistance": 100.0,
            "off_resistance": 1e4,
            "resistance": "exponential",
            "on_state": 0.0,
            "off_state": 3e-9,
            "on_rate": -1.0,
            "off_rate": 1.0,
            "on_exponent": 3.0,
            "off_exponent": 3.0,
            "on_voltage": -0.3,
            "off_voltage": 0.3,
            "window": "team",
            "on_window": 0.5e-9,
            "off_window": 2.5e-9,
            "window_width": 0.2e-9,
        },
    ),
    "crossbar.tabulate": Call(
        X.tabulate,
        lambda: {
            "devices": Memristors(VteamParameters(), [[1e-9]]),
            "voltages": [-0.3, 0.0, 0.3],
            "width": 1 * NS,
            "edge": 1 * NS,
            "settle": 1 * NS,
            "states": 3,
            "samples": 2,
            "seed": 1,
        },
        work=("states", "samples"),
    ),
    "crossbar.ArraySimulation.rest": Call(bound(simulation, "rest"), lambda: {"duration": 1 * NS}, work=("duration",)),
    "crossbar.ArraySimulation.apply": Call(
        bound(simulation, "apply"),
        lambda: {"drive": ArrayDrive.pulse(bias("V/2", (2, 2), 0.1), 1 * NS, 1e-10), "duration": 1 * NS},
        work=("duration",),
    ),
    "crossbar.ArraySimulation.restore": Call(bound(simulation, "restore"), lambda: {"state": simulation().state()}),
    "crossbar.simulate_array": Call(
        X.simulate_array,
        lambda: {
            "array": _array_of_walls(),
            "drive": ArrayDrive.pulse(bias("V/2", (2, 2), 0.1), 1 * NS, 1e-10),
            "times": SHORT,
            "tolerance": 1e-8,
        },
        work=("times",),
    ),
    "crossbar.CellUpdates": Call(
        X.CellUpdates,
        lambda: {
            "network": network(),
            "sources": sources(),
            "solution": crossbar.solve_network(network(), sources()),
            "cells": [[0, 1]],
        },
    ),
    "crossbar.CellUpdates.update": Call(
        bound(
            lambda: CellUpdates(network(), sources(), crossbar.solve_network(network(), sources()), [[0, 1]]), "update"
        ),
        lambda: {"conductances": [0.02]},
    ),
    "crossbar.sneak_paths": Call(
        X.sneak_paths,
        lambda: {
            "array": Crossbar(resistance=OHMS, **WIRES),
            "bias": bias("floating", (2, 2), 0.1, word_line=0, bit_line=1),
            "word_line": 0,
            "bit_line": 1,
            "most_paths": 10,
            "share": 0.99,
        },
        work=("most_paths",),
    ),
    "crossbar.product_accuracy": Call(
        X.product_accuracy,
        lambda: {
            "sizes": [2],
            "wire_resistance": [0.1],
            "levels": [0.01, 0.02],
            "vectors": 2,
            "repeats": 1,
            "read_voltage": 0.05,
            "mapping": X.WeightMapping(),
            "dac": X.Dac(bits=4),
            "adc": X.Adc(bits=4),
            "seed": 1,
        },
        work=("sizes", "vectors", "repeats"),
    ),
    "crossbar.PinningSites": Call(
        X.PinningSites, lambda: {"pitch": 5e-8, "coercive_field": 6e-3, "half_width": 1.8e-8, "kind": ParabolicWell}
    ),
    "crossbar.Reading": Call(X.Reading, lambda: {"scheme": "grounded", "kind": "voltage", "pull_up": 36.0}),
    "crossbar.TransistorAccess": Call(
        X.TransistorAccess,
        lambda: {"transistor": X.MosTransistor(**_transistor()), "gate_voltage": 1.8, "read_voltage": 0.1},
    ),
    "crossbar.design_map": Call(
        X.design_map,
        lambda: {
            "parameters": DEVICE,
            "track_widths": [1e-7],
            "track_lengths": [4e-7],
            "resistance_area_products": [5e-12],
            "wire_resistances": [1.0],
            "schemes": ("V/2",),
            "driver_resistance": 1.0,
            "conditions": BRIEF,
            "criterion": 0.1,
            "largest": 2,
            "seed": 1,
        },
        infinite=True,
        work=("largest",),
    ),
    "crossbar.read_disturb": Call(
        X.read_disturb,
        lambda: {
            "simulation_at": simulation,
            "voltages": [0.02],
            "width": 1 * NS,
            "count": 1,
            "level": 1e-7,
            "scheme": "grounded",
            "settle": 1 * NS,
            "word_line": 0,
        },
        work=(*VOLTS, "width", "count", "settle"),
    ),
    "crossbar.write_disturb": Call(
        X.write_disturb,
        lambda: {**_writing(), "count": 1, "level": 1e-7, "word_line": 0, "bit_line": 1},
        nan=("lost_after", "drift", "lost"),
        work=(*VOLTS, "width", "count"),
    ),
    "crossbar.write_map": Call(
        X.write_map,
        lambda: {
            **_two(),
            "voltages": [0.1],
            "widths": [1 * NS],
            "sizes": [2],
            "level": 1e-7,
            "position": SITE.centre,
            "access": ACCESS,
            "wires": Wires(**WIRES),
            **QUICK,
        },
        work=("voltage", "voltages", "widths", "sizes"),
    ),
    "crossbar.array_spike_timing": Call(
        X.array_spike_timing,
        lambda: {
            "arrays": _array_of_walls(),
            "delays": [-2 * NS, 2 * NS],
            "spike": SPIKE,
            "word_line": 0,
            "bit_line": -1,
            "settle": 2 * NS,
            **QUICK,
        },
        work=("delays", "settle"),
    ),
    "crossbar.largest_array": Call(
        X.largest_array,
        lambda: {**_margins(), "reading": Reading(scheme="V/2"), "criterion": 0.1, "largest": 3},
        work=("largest",),
    ),
    "crossbar.reach": Call(
        X.reach,
        lambda: {
            "tmr": [0.95],
            "wire_resistance": [1.0],
            "low_resistance": 36.0,
            "schemes": ("V/2",),
            "kind": "current",
            "criterion": 0.1,
            "driver_resistance": 1.0,
            "largest": 2,
        },
        work=("largest",),
    ),
    "crossbar.read_margin": Call(
        X.read_margin, lambda: {"sizes": [1, 2], **_margins(), "schemes": ("V/2",), "pull_up": 36.0}, work=("sizes",)
    ),
    "crossbar.worst_pattern": Call(
        X.worst_pattern, lambda: {"size": 2, "reading": Reading(scheme="V/3"), **_margins()}, work=("size",)
    ),
    "crossbar.retained_margin": Call(
        X.retained_margin,
        lambda: {
            **_two(),
            "size": 2,
            "retention": [0.0, 1e-3],
            "low_position": DEVICE.track_length,
            "high_position": SITE.centre,
            "reading": Reading(scheme="V/3"),
            "wires": Wires(**WIRES),
            "samples": 2,
            "temperature": 300.0,
            "external_field": 85e-4,
            "seed": 1,
        },
        work=("size", "samples"),
    ),
    "crossbar.half_select": Call(
        X.half_select,
        lambda: {
            "parameters": DEVICE,
            "sizes": [2],
            "write_voltage": 0.2,
            "position": 5e-7,
            "schemes": ("V/2",),
            "wires": Wires(**WIRES),
        },
        work=("sizes",),
    ),
    "crossbar.largest_written_array": Call(
        X.largest_written_array,
        lambda: {
            "parameters": DEVICE,
            "scheme": "V/2",
            "write_voltage": 0.2,
            "disturb_voltage": 0.15,
            "breakdown_voltage": 1.0,
            "largest": 3,
            "wires": Wires(**WIRES),
        },
        work=("largest",),
    ),
    "crossbar.outer_product_update": Call(
        X.outer_product_update,
        lambda: {**_writing(), "rows": [1.0, -0.5], "columns": [0.5, 0.0], "slots": 1, "seed": 1},
        work=(*VOLTS, "width", "slots"),
    ),
    "crossbar.pulse_block": Call(
        X.pulse_block,
        lambda: {**_writing(), "word_lines": [True, False], "bit_lines": [True, True]},
        work=(*VOLTS, "width"),
    ),
    "crossbar.update_curves": Call(
        X.update_curves,
        lambda: {**_writing(), "count": 1, "depression_voltage": 0.1},
        work=(*VOLTS, "width", "count"),
    ),
    "crossbar.MappedWeights.multiply": Call(
        bound(lambda: map_weights([[1.0], [-0.5]], [0.01, 0.02]), "multiply"),
        lambda: {
            "array": Crossbar(resistance=OHMS, **WIRES),
            "inputs": [[1.0, -1.0]],
            "read_voltage": 0.05,
            "dac": X.Dac(bits=4),
            "adc": X.Adc(bits=4, full_scale=0.1),
        },
    ),
    "crossbar.MappedWeights.calibrate": Call(
        bound(lambda: map_weights([[1.0], [-0.5]], [0.01, 0.02]), "calibrate"),
        lambda: {
            "adc": X.Adc(bits=4),
            "array": Crossbar(resistance=OHMS, **WIRES),
            "samples": [[1.0, -1.0]],
            "read_voltage": 0.05,
            "dac": X.Dac(bits=4),
        },
    ),
    "crossbar.Dac": Call(X.Dac, lambda: {"bits": 4, "signed": True, "full_scale": 1.0, "bits_per_cycle": 1}),
    "crossbar.Dac.convert": Call(bound(lambda: X.Dac(bits=4), "convert"), lambda: {"inputs": [0.5]}),
    "crossbar.Dac.cycles": Call(bound(lambda: X.Dac(bits=4), "cycles"), lambda: {"inputs": [0.5]}),
    "crossbar.Adc": Call(
        X.Adc, lambda: {"bits": 4, "signed": True, "full_scale": 0.1, "percentile": 99.0, "per_cycle": True}
    ),
    "crossbar.WeightMapping": Call(
        X.WeightMapping, lambda: {"encoding": "offset", "subtraction": "analog", "slices": 2, "slice_bits": 1}
    ),
    "crossbar.WeightMapping.bit_lines": Call(bound(X.WeightMapping, "bit_lines"), lambda: {"outputs": 2}),
    "crossbar.WeightMapping.outputs": Call(bound(X.WeightMapping, "outputs"), lambda: {"bit_lines": 2}),
    "crossbar.device_levels": Call(X.device_levels, _two),
    "crossbar.map_weights": Call(
        X.map_weights,
        lambda: {"weights": [[1.0], [-0.5]], "levels": [0.01, 0.02], "mapping": X.WeightMapping()},
    ),
    "crossbar.inference": Call(
        X.inference,
        lambda: {
            "weights": [[1.0, -1.0], [-1.0, 1.0], [0.1, 0.0]],
            **_examples(),
            "device": compact_model.notched_device(),
            "levels": (2, 3),
            "variations": (0.1,),
            "tiles": (2,),
            "wire_resistances": (0.1,),
            "wired_levels": 2,
            "read_noise": 0.01,
            "clip": 1.0,
            "mapping": X.WeightMapping(),
            "dac": X.Dac(bits=4, signed=False),
            "adc": X.Adc(bits=4),
            "samples": _examples()["images"],
            "faults": X.FaultRates(stuck_low=0.1, seed=1),
            "repeats": 1,
            "seed": 1,
            "store": None,
        },
        work=("levels", "wired_levels", "repeats"),
    ),
    "crossbar.supervised_learning": Call(
        X.supervised_learning,
        lambda: {**_trials(), "rate": 1.0, "decay": 0.9, "gain": 15.0, "batch": 2, "hidden": 2},
        work=("hidden", "epochs", "slots", "repeats", "batch"),
    ),
    "crossbar.unsupervised_learning": Call(
        X.unsupervised_learning,
        lambda: {**_trials(), "outputs": 2, "window": 1, "leak": 0.9, "threshold": 0.5, "homeostasis": 0.02},
        work=("epochs", "slots", "repeats", "outputs"),
    ),
    "crossbar.autonomous_learning": Call(
        X.autonomous_learning,
        lambda: {
            **_examples(),
            **{name: _trials()[name] for name in ("test_share", "repeats", "seed", "store")},
            "device": spiked(),
            "outputs": 2,
            "epochs": 1,
            "slots": 2,
            "leak": 0.9,
            "threshold": 0.5,
            "homeostasis": 0.02,
            "read_disturb": (True, False),
        },
        work=("epochs", "slots", "repeats", "outputs"),
    ),
    "crossbar.SpikedDevice": Call(
        X.SpikedDevice,
        lambda: {name: getattr(spiked(), name) for name in ("device", "table", "spike", "delay")},
        infinite=True,
    ),
    "crossbar.SpikedDevice.notched": Call(
        X.SpikedDevice.notched,
        lambda: {
            "levels": 2,
            "device": compact_model.spiking_device(),
            "spike": spiked().spike,
            "delay": 12 * NS,
            "tracks": 1,
            "samples": 2,
            "temperature": 300.0,
            "seed": 1,
            "store": None,
        },
        infinite=True,
        work=("levels", "tracks", "samples", "delay"),
    ),
    "crossbar.PulsedDevice": Call(
        X.PulsedDevice,
        lambda: {name: getattr(synapses(), name) for name in ("devices", "table", "voltage", "access")},
        infinite=True,
    ),
    "crossbar.PulsedDevice.notched": Call(
        PulsedDevice.notched,
        lambda: {
            "levels": 2,
            "device": compact_model.notched_device(),
            "tracks": 1,
            "overdrive": 1.0,
            "scheme": "V/2",
            "wired": True,
            "variation": 0.0,
            "samples": 2,
            "temperature": 300.0,
            "retention": False,
            "seed": 1,
            "store": None,
        },
        infinite=True,
        work=("levels", "tracks", "samples"),
    ),
    "crossbar.PulsedDevice.tabulated": Call(
        PulsedDevice.tabulated,
        lambda: {
            "devices": Memristors(VteamParameters(), [[1e-9]]),
            "voltage": 0.3,
            "width": 1 * NS,
            "access": ACCESS,
            "states": 3,
            "samples": 1,
            "wired": True,
            "variation": 0.0,
            "seed": 1,
        },
        work=("states", "samples"),
    ),
    "crossbar.PulsedDevice.array": Call(
        bound(synapses, "array"),
        lambda: {"shape": (2, 3), "seed": 1, "spreads": {"tmr": 0.05}, "wires": Wires(bit_line_resistance=0.1)},
        work=("shape",),
    ),
    "crossbar.read_gradient": Call(
        X.read_gradient,
        lambda: {
            "array": Crossbar(resistance=OHMS, **WIRES),
            "word_line_voltage": [[0.1, 0.2], [0.0, 0.1]],
            "weight": [[1.0, -1.0], [0.5, 0.0]],
            "floating_word_lines": (),
            "floating_bit_lines": (),
            "tolerance": 1e-8,
        },
    ),
    "crossbar.TableArray.read_back": Call(
        bound(table_array, "read_back"), lambda: {"voltages": [[0.05, 0.0], [0.0, 0.05]]}
    ),
    "crossbar.read_device": Call(X.read_device, lambda: {"path": device_path()}, infinite=True),
    "crossbar.write_device": Call(
        X.write_device, lambda: {"device": synapses(), "path": device_path(), "description": "two notches"}
    ),
    "crossbar.export_device": Call(X.export_device, lambda: {"device": synapses(), "peer": "aihwkit"}),
    "crossbar.aihwkit_device": Call(X.aihwkit_device, lambda: {"device": synapses()}),
    "crossbar.update_statistics": Call(
        X.update_statistics, lambda: {"device": synapses(), "count": 2}, nan=("step", "deviation"), work=("count",)
    ),
    "crossbar.MeasuredCells": Call(
        X.MeasuredCells,
        lambda: {
            "conductance": [[1e-6, 2e-6]],
            "lowest": 1e-6,
            "highest": 2e-6,
            "polarity": -1.0,
            "half_voltage": 0.5,
            "tmr": 1.5,
        },
        infinite=True,
    ),
    "crossbar.TableArray": Call(
        X.TableArray,
        lambda: {
            "array": Crossbar(cells=Junctions(synapses().device, np.zeros((2, 2))), **WIRES),
            "table": synapses().table,
            "track": [[0, 0], [0, 0]],
            "seed": 1,
        },
    ),
    "crossbar.TableArray.pulse": Call(
        bound(table_array, "pulse"),
        lambda: {
            "held": bias("V/2", (2, 2), 0.1, word_line=0, bit_line=1),
            **{name: synapses().table.attrs[name] for name in ("width", "edge", "settle")},
        },
    ),
    "crossbar.TableArray.read": Call(bound(table_array, "read"), lambda: {"voltages": [[0.05, 0.0], [0.0, 0.05]]}),
    # dwmtj
    "dwmtj.study.description.Study": Call(Study, _study, infinite=True),
    "dwmtj.study.description.read_study": Call(
        read_study,
        lambda: {"file": STUDY_FILE, "samples": 2, "seed": 1, "samples_per_part": 1},
        infinite=True,
    ),
    "dwmtj.study.run.run_study": Call(
        run_study, lambda: {"study": Study(**_study()), "store": None}, nan=("threshold_std",), infinite=True
    ),
    "dwmtj.study.run.plan_study": Call(plan_study, lambda: {"study": Study(**_study()), "store": None}, infinite=True),
    # spice
    "spice.crosscheck": Call(
        S.crosscheck,
        lambda: {**_two(), "drive": PULSE, "times": SHORT, "external_field": 1e-4, "time_limit": 20.0},
        ngspice=True,
        work=("times",),
    ),
    "spice.crosscheck_array": Call(
        S.crosscheck_array,
        lambda: {
            "simulation": simulation(),
            "drive": ArrayDrive.pulse(bias("V/2", (2, 2), 0.1), 1 * NS, 1e-10),
            "times": SHORT,
            "time_limit": 20.0,
        },
        ngspice=True,
        work=("times",),
    ),
    "spice.export": Call(S.export, lambda: {**_two(), "language": "ngspice", "name": "dwmtj"}),
    "spice.corner_file": Call(
        S.corner_file, lambda: {**_two(), "spreads": {"tmr": 0.05}, "name": "dwmtj", "sigmas": 3.0}
    ),
    "spice.monte_carlo": Call(
        S.monte_carlo,
        lambda: {
            "netlist": "t\nV1 a 0 1\nR1 a 0 1k\n.tran 1n 5n\n.meas tran top MAX v(a)\n.end\n",
            "runs": 2,
            "seed": 1,
            "workers": 1,
            "time_limit": 10.0,
            "folder": None,
        },
        ngspice=True,
        work=("runs", "workers", "time_limit"),
    ),
    "spice.run_netlist": Call(
        S.run_netlist,
        lambda: {
            "netlist": "a resistor\nV1 a 0 1\nR1 a 0 1k\n.op\n.end\n",
            "backend": "process",
            "time_limit": 10.0,
            "folder": None,
        },
        ngspice=True,
        work=("time_limit",),
    ),
    "spice.simulate": Call(
        S.simulate,
        lambda: {"circuit": circuit(), "times": SHORT, "backend": "process", "time_limit": 20.0},
        ngspice=True,
        work=("times", "time_limit"),
    ),
    "spice.source_value": Call(
        S.source_value, lambda: {"drive": PULSE, "parameters": DEVICE, "start": 0.0, "stop": 2 * NS}
    ),
    "spice.DomainWallJunction": Call(S.DomainWallJunction, lambda: {**_two(), "name": "dwmtj"}),
    "spice.DomainWallJunction.connect": Call(
        bound(lambda: DomainWallJunction(DEVICE, TRACK), "connect"),
        lambda: {"circuit": Circuit("one"), "label": "1", "top": "a", "bottom": "0", "hz": 0.0},
    ),
}

MADE_OTHERWISE = {
    "compact_model.ConvergenceError": "raised, not called",
    "compact_model.InputError": "raised, not called",
    "compact_model.FitResult": "made by the fits",
    "compact_model.Waveform": "to derive from",
    "compact_model.Well": "to derive from",
    "crossbar.Cells": "to derive from",
    "crossbar.MappedWeights": "made by map_weights",
    "crossbar.EnergyBudget": "made by what writes and reads",
    "crossbar.MovingCells": "to derive from",
    "crossbar.NetlistCell": "made by devices for netlists",
    "crossbar.Selector": "to derive from",
    "crossbar.State": "made by devices",
    "crossbar.StatefulCells": "to derive from",
    "crossbar.SubcircuitText": "made by devices for netlists",
    "spice.Fourier": "made by run_netlist",
    "spice.Plot": "made by run_netlist",
    "spice.SimulatorError": "raised, not called",
    "spice.SimulatorMissing": "raised, not called",
}


def public_callables() -> set[str]:
    """Names in the packages' stubs that can be called, with their package."""
    named = {f"{each.__name__}.{name}": getattr(each, name) for each in PACKAGES for name in each.__all__}
    return {name for name, value in named.items() if callable(value)}
