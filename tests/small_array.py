"""A small array that is programmed in tests, in this process and in others."""

import numpy as np
from walls import simulation_of_walls

from compact_model import lequeux2016, random_track
from crossbar import (
    Crossbar,
    Junctions,
    Schedule,
    Selected,
    WriteAccess,
    even_levels,
    program,
)


def small_device():
    """60 nm wide, with a barrier of 20 Ohm um2: wires take little, and the V/3 scheme stays below its threshold."""
    device = lequeux2016().resized(track_width=60e-9, nucleation_pad_area=(90e-9) ** 2)
    return device.replace(parallel_resistance=20e-12 / device.junction_area, stray_field=0.0)


DEVICE = small_device()
THRESHOLD = DEVICE.threshold_voltage
SCHEDULE = Schedule(voltages=[1.4 * THRESHOLD], widths=4e-9)
ACCESS = WriteAccess(scheme="V/3", edge=4e-9, settle=300e-9)


def tracks(count):
    spreads = {"coercive_field_spread": 0.1, "half_width_spread": 0.1, "anisotropy_spread": 0.0}
    return [random_track(DEVICE, 20, seed=i, coercive_field=60e-4, half_width=20e-9, **spreads) for i in range(count)]


def simulation_of(shape=(2, 2), ohms=1e-3, devices=DEVICE, selector=None, **options):
    """All walls rest in the middle of their tracks."""
    each = tracks(shape[0] * shape[1])
    start = np.array([track.wells[10].centre for track in each]).reshape(shape)
    cells = Junctions(devices, start)
    array = Crossbar(
        cells=cells if selector is None else Selected(cells, selector),
        word_line_resistance=ohms,
        bit_line_resistance=ohms,
    )
    return simulation_of_walls(array, each, **{"tolerance": 1e-10} | options)


LEVELS = even_levels(simulation_of().devices, 16)
STEP = LEVELS[1] - LEVELS[0]


def targets(shape=(2, 2), seed=1):
    return np.random.default_rng(seed).choice(LEVELS, shape)


def programmed(simulation, target, schedule=SCHEDULE, **options):
    return program(simulation, target, schedule, **{"tolerance": 0.5 * STEP, "write": ACCESS} | options)


def long_run(store=None, target=None, schedule=None, **options):
    """Two passes over four rows at 77 K: eight parts on disk."""
    brief = Schedule(voltages=[1.4 * THRESHOLD], widths=4e-9, most_pulses=2)
    return programmed(
        simulation_of((4, 2), **{"temperature": 77.0, "step": 20e-12, "seed": 3} | options),
        targets((4, 2)) if target is None else target,
        schedule or brief,
        write=WriteAccess(scheme="V/3", edge=4e-9, settle=50e-9),
        passes=2,
        store=store,
    )
