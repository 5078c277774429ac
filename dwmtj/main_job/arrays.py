"""The main job's parts on arrays: margins, sneak paths, voltage drop of the wires, programming."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from compact_model.device.notched import notched_device, notched_track
from crossbar.cells import Junctions
from crossbar.crossbar import Crossbar
from crossbar.in_time.domain_walls import DomainWalls
from crossbar.in_time.simulation import ArraySimulation
from crossbar.operate.operations import WriteAccess, row_drive
from crossbar.operate.programming import Schedule, even_levels, program
from crossbar.operate.reading import read
from crossbar.schemes import bias
from crossbar.sneak import sneak_paths
from crossbar.studies.margins import largest_array, read_margin
from crossbar.studies.one_cell import Reading
from crossbar.wires import Wires

from ..pictures import picture
from .part import Part, Subject, Summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEGMENT = 1.0  # Ohm
_SIZES = [1, 2, 3, 4, 8, 16, 32]
_MAP_SIZE = 64


def _measure_margins(subject: Subject, progress: bool) -> xr.Dataset:
    device = subject.parameters
    result = read_margin(
        _SIZES,
        low_resistance=device.parallel_resistance,
        high_resistance=device.antiparallel_resistance,
        wires=Wires.equal(SEGMENT),
        progress=progress,
    )
    largest = [
        largest_array(
            low_resistance=device.parallel_resistance,
            high_resistance=device.antiparallel_resistance,
            reading=Reading(scheme=str(scheme), kind="voltage"),
        )
        for scheme in result.scheme.values
    ]
    return result.assign(largest_array=("scheme", largest, {"long_name": "lines of the largest array, ideal wires"}))


def _summarise_margins(subject: Subject, data: xr.Dataset) -> Summary:
    floating = int(data.largest_array.sel(scheme="floating"))
    grounded = 100.0 * float(data.current_margin.sel(scheme="grounded", size=_SIZES[-1]))
    other = 100.0 * float(data.current_margin.sel(scheme="floating", size=_SIZES[-1]))
    return Summary(
        {"largest_floating_array": floating, "grounded_current_margin_percent": grounded},
        f"with ideal wires and floating lines, a TMR of {100.0 * subject.parameters.tmr:.0f} % gives a voltage margin "
        f"of 10 % up to {floating} x {floating}; with {SEGMENT:g} Ohm per segment, the current margin at "
        f"{_SIZES[-1]} x {_SIZES[-1]} is {grounded:.2g} % with grounded and {other:.2g} % with floating lines",
    )


def _draw_margins(data: xr.Dataset, figure: Figure) -> None:
    left, right = figure.subplots(1, 2)
    data.dwmtj.plot(left)
    data.dwmtj.plot(right, kind="current")


def _measure_sneak(subject: Subject, progress: bool) -> xr.Dataset:
    array = Crossbar(
        resistance=np.full((4, 4), subject.parameters.parallel_resistance),
        word_line_resistance=SEGMENT,
        bit_line_resistance=SEGMENT,
    )
    return sneak_paths(array, bias("floating", (4, 4), 0.1, word_line=0, bit_line=3), word_line=0, bit_line=3)


def _summarise_sneak(subject: Subject, data: xr.Dataset) -> Summary:
    share = 100.0 * float(data.sneak_share)
    return Summary(
        {"sneak_percent": share},
        f"in a 4 x 4 array with floating lines and all devices parallel, {share:.0f} % of the read current flows on "
        f"{data.sizes['path'] - 1} sneak paths",
    )


def _draw_sneak(data: xr.Dataset, figure: Figure) -> None:
    data.dwmtj.plot(figure.add_subplot())


def _measure_wires(subject: Subject, progress: bool) -> xr.Dataset:
    device = subject.parameters
    array = Crossbar(
        cells=Junctions(device, np.full((_MAP_SIZE, _MAP_SIZE), device.track_length)),
        word_line_resistance=SEGMENT,
        bit_line_resistance=SEGMENT,
    )
    middle = _MAP_SIZE // 2
    held = bias("V/2", array.shape, 1.5 * device.threshold_voltage, word_line=middle, bit_line=middle)
    return array.solve(**held.arguments())


def _summarise_wires(subject: Subject, data: xr.Dataset) -> Summary:
    threshold = subject.parameters.threshold_voltage
    middle = _MAP_SIZE // 2
    across = np.abs(data.device_voltage.values[0])
    selected = across[middle, middle] / threshold
    return Summary(
        {"selected_over_threshold": float(selected), "highest_over_threshold": float(across.max() / threshold)},
        f"a V/2 write with 1.5 times the threshold ({threshold:.2f} V) in a {_MAP_SIZE} x {_MAP_SIZE} array with "
        f"segments of {SEGMENT:g} Ohm delivers {selected:.2f} times the threshold to the cell in the middle"
        f"{', whose wall does not move' if selected < 1.0 else ''}",
    )


def _draw_wires(data: xr.Dataset, figure: Figure) -> None:
    left, right = figure.subplots(1, 2)
    data.dwmtj.plot(left)
    data.dwmtj.plot(right, quantity="word_line")


_PICTURE_SIZE = 16
_PICTURE_LEVELS = 16
_PICTURE_SEGMENT = 0.1  # Ohm: with 1 Ohm segments a reading is off by more than half a level


def _programmed(size: int, seed: int, tolerance: float) -> tuple[ArraySimulation, xr.Dataset]:
    """An array of the notched device, programmed to a picture from random states."""
    device, count = notched_device(), size * size
    tracks = [notched_track(device, np.random.default_rng([seed, index])) for index in range(count)]
    draw = np.random.default_rng(seed)
    start = [float(track.wells[int(draw.integers(len(track.wells)))].centre) for track in tracks]
    array = Crossbar(
        cells=DomainWalls(device, tracks, np.reshape(start, (size, size))),
        word_line_resistance=_PICTURE_SEGMENT,
        bit_line_resistance=_PICTURE_SEGMENT,
    )
    simulation = ArraySimulation(array, tolerance=tolerance, current_tolerance=1e-7)
    states = even_levels(simulation.devices, _PICTURE_LEVELS)
    spacing = float(states[1] - states[0])
    threshold = device.threshold_voltage
    result = program(
        simulation,
        states[picture("wall", (size, size), _PICTURE_LEVELS, draw)],
        Schedule(
            voltages=[1.3 * threshold, 1.5 * threshold, 1.7 * threshold],
            widths=4e-9,
            conductance_step=spacing,
            longest=12,
        ),
        tolerance=0.5 * spacing,
        write=_PICTURE_ACCESS,
        passes=2,
    )
    return simulation, result.assign_attrs(level_spacing=spacing)


_PICTURE_ACCESS = WriteAccess(scheme="V/3", edge=2e-9, settle=200e-9)


def _measure_programming(subject: Subject, progress: bool) -> xr.Dataset:
    simulation, result = _programmed(_PICTURE_SIZE, seed=1, tolerance=1e-10)
    result["read_back"] = read(simulation)
    return result


def _summarise_programming(subject: Subject, data: xr.Dataset) -> Summary:
    spacing, cells = data.attrs["level_spacing"], data.target.size
    error = np.abs(data.error.values) / spacing
    pulses = data.attrs["total_pulses"] / cells
    nanojoule = 1e9 * data.attrs["energy_of_sources"]
    return Summary(
        {
            "reached": cells - int(data.attrs["unreached"]),
            "largest_error_levels": float(error.max()),
            "pulses_per_cell": pulses,
            "energy_pJ": 1e3 * nanojoule,
        },
        f"{_PICTURE_SIZE} x {_PICTURE_SIZE} notched devices of {notched_device().parallel_resistance:.0f} Ohm, on "
        f"segments of {_PICTURE_SEGMENT:g} Ohm, programmed to {_PICTURE_LEVELS} levels: "
        f"{cells - int(data.attrs['unreached'])} of {cells} cells reach their target, with a largest error of "
        f"{error.max():.2f} levels, {pulses:.1f} pulses per cell and {nanojoule:.3g} nJ in total",
    )


def _draw_programming(data: xr.Dataset, figure: Figure) -> None:
    left, right = figure.subplots(1, 2)
    data.dwmtj.plot(left, quantity="target")
    data.assign(conductance=data.read_back).dwmtj.plot(right, quantity="conductance")
    left.set_title("target", fontsize="small")
    right.set_title("read back", fontsize="small")


def _measure_array_crosscheck(subject: Subject, progress: bool) -> xr.Dataset:
    from spice.crosschecks import crosscheck_array

    simulation, _ = _programmed(4, seed=1, tolerance=1e-12)
    volts = np.zeros(4)
    volts[2] = 1.5 * notched_device().threshold_voltage
    drive, duration = row_drive(simulation, 1, volts, 4e-9, _PICTURE_ACCESS)
    assert drive is not None
    return crosscheck_array(simulation, drive, np.linspace(0.0, duration + 12e-9, 101))


def _summarise_array_crosscheck(subject: Subject, data: xr.Dataset) -> Summary:
    nanometre, current = 1e9 * float(data.position_difference), float(data.current_difference)
    return Summary(
        {"position_nm": nanometre, "current_share": current},
        f"a write in a programmed 4 x 4 array, in Python and in ngspice: wall positions agree within {nanometre:.1g} "
        f"nm, currents within {current:.0e} of the largest",
    )


def _draw_array_crosscheck(data: xr.Dataset, figure: Figure) -> None:
    import spice.plots  # noqa: F401 (data from an earlier run: registers how they draw themselves)

    data.dwmtj.plot(figure.add_subplot())


ARRAY_PARTS = (
    Part(
        "array_margins",
        "Read margins of an array",
        _measure_margins,
        _summarise_margins,
        _draw_margins,
    ),
    Part(
        "sneak_paths",
        "Sneak paths",
        _measure_sneak,
        _summarise_sneak,
        _draw_sneak,
    ),
    Part(
        "wire_drop",
        "Voltage drop of the wires",
        _measure_wires,
        _summarise_wires,
        _draw_wires,
    ),
    Part(
        "programming",
        "Programming of an array",
        _measure_programming,
        _summarise_programming,
        _draw_programming,
    ),
    Part(
        "array_crosscheck",
        "Comparison of an array with ngspice",
        _measure_array_crosscheck,
        _summarise_array_crosscheck,
        _draw_array_crosscheck,
        requirement="ngspice",
    ),
)
