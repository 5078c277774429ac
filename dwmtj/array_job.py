"""The main job goes on from the device to an array of it: margins, sneak paths, the wires' share of a write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from crossbar.bias import bias
from crossbar.cells import Junctions
from crossbar.crossbar import Crossbar, device_voltage
from crossbar.sneak import sneak_paths
from crossbar.studies.margins import largest_array, read_margin
from crossbar.studies.writing import threshold_voltage

from .job import Part, Subject, Summary

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
        word_line_resistance=SEGMENT,
        bit_line_resistance=SEGMENT,
        progress=progress,
    )
    largest = [
        largest_array(
            low_resistance=device.parallel_resistance,
            high_resistance=device.antiparallel_resistance,
            scheme=str(scheme),
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
        f"a TMR of {100.0 * subject.parameters.tmr:.0f} % reaches {floating} x {floating} in a floating passive array, "
        "by the rule of 10 % of voltage margin with ideal wires; grounded sensing, selectors or a higher TMR go "
        f"further: at {_SIZES[-1]} x {_SIZES[-1]} and {SEGMENT:g} Ohm per segment the current margin is "
        f"{grounded:.2g} % grounded, {other:.2g} % floating",
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
        f"floating read, 4 x 4, all devices parallel: {share:.0f} % of the current is sneak current, on "
        f"{data.sizes['path'] - 1} paths of three devices and more",
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
    held = bias("V/2", array.shape, 1.5 * threshold_voltage(device), word_line=middle, bit_line=middle)
    return array.solve(**held.arguments())


def _summarise_wires(subject: Subject, data: xr.Dataset) -> Summary:
    threshold = threshold_voltage(subject.parameters)
    middle = _MAP_SIZE // 2
    across = np.abs(device_voltage(data).values[0])
    selected = across[middle, middle] / threshold
    return Summary(
        {"selected_over_threshold": float(selected), "highest_over_threshold": float(across.max() / threshold)},
        f"a V/2 write of 1.5 times the threshold ({threshold:.2f} V) in a {_MAP_SIZE} x {_MAP_SIZE} array with "
        f"{SEGMENT:g} Ohm segments delivers {selected:.2f} times the threshold in its middle"
        f"{': the wall does not move' if selected < 1.0 else ''}",
    )


def _draw_wires(data: xr.Dataset, figure: Figure) -> None:
    left, right = figure.subplots(1, 2)
    data.dwmtj.plot(left)
    data.dwmtj.plot(right, quantity="word_line")


ARRAY_PARTS = (
    Part("array_margins", "Read margins of an array", _measure_margins, _summarise_margins, _draw_margins),
    Part("sneak_paths", "Sneak paths", _measure_sneak, _summarise_sneak, _draw_sneak),
    Part("wire_drop", "The wires' share of a write", _measure_wires, _summarise_wires, _draw_wires),
)
