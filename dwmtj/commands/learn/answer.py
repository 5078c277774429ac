"""The printed result of both kinds of learning in the array: accuracies with their spread, control, pulses, energy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from compact_model.constants import NANOSECOND

from ...options.learning import device_line
from ...output import key, table

if TYPE_CHECKING:
    import xarray as xr


def scatter_line(result: xr.Dataset, accuracy: xr.DataArray, images: int) -> str:
    """A note on the deviation of trials; accuracy: over (levels, repeat); images: of all."""
    tested = images - int(result.attrs["train_images"])
    mean = float(accuracy.mean())
    error = 100.0 * np.sqrt(mean * (1.0 - mean) / tested)
    return (
        f"+-: standard deviation of {accuracy.sizes['repeat']} trials, whose test sets overlap; the {tested} images of "
        f"one alone leave +- {error:.1f}"
    )


def summary_of(result: xr.Dataset, accuracy: xr.DataArray, untrained: xr.DataArray) -> dict[str, Any]:
    """Key numbers by name; accuracy, untrained: over (levels, repeat)."""
    from crossbar.learning.repeats import mean_and_deviation

    mean, deviation = mean_and_deviation(accuracy)
    device = {
        key(name, unit): (scale * result[name]).values.tolist()
        for name, unit, scale in (
            ("parallel_resistance", "Ohm", 1.0),
            ("lowest_conductance", "uS", 1e6),
            ("highest_conductance", "uS", 1e6),
        )
        if name in result.coords
    }
    return {
        "levels": result.levels.values.tolist(),
        "accuracy": mean.values.tolist(),
        "standard_deviation": [None if np.isnan(value) else value for value in deviation.values.tolist()],
        "untrained_accuracy": untrained.mean("repeat").values.tolist(),
        **device,
        "pulse_V": result.voltage.values.tolist(),
        "accuracies": accuracy.transpose("levels", "repeat").values.tolist(),
        "pulses": result.pulses.mean("repeat").values.tolist(),
        "energy_pJ": (1e12 * result.energy.mean("repeat")).values.tolist(),
        **aged_summary(result),
    }


def aged_summary(result: xr.Dataset) -> dict[str, Any]:
    """Accuracies after times without a voltage, where there are any, (rows of the table, times)."""
    if "aged_accuracy" not in result:
        return {}
    aged = result.aged_accuracy.mean("repeat").transpose(..., "retention_time")
    return {
        "retention_ns": (result.retention_time / NANOSECOND).values.tolist(),
        "aged_accuracy": aged.values.tolist(),
    }


def aged_columns(result: xr.Dataset) -> dict[str, list[str]]:
    """The same as columns of the table, by their headers."""
    aged = aged_summary(result)
    return {
        f"after {1e-9 * time:g} s %": [f"{100.0 * row[number]:.1f}" for row in aged["aged_accuracy"]]
        for number, time in enumerate(aged.get("retention_ns", []))
    }


def text_of(
    result: xr.Dataset,
    accuracy: xr.DataArray,
    untrained: xr.DataArray,
    *,
    columns: dict[str, Sequence[str]],
    closing: str,
) -> str:
    """A table with a row for each kind of device, and the devices; columns: those specific to one kind of learning."""
    from crossbar.learning.repeats import mean_and_deviation, written

    trained, before = mean_and_deviation(accuracy), mean_and_deviation(untrained)
    energy, pulses = 1e6 * result.energy.mean("repeat"), result.pulses.mean("repeat")
    later = aged_columns(result)
    rows = [
        [
            int(count),
            written(float(trained[0][row]), float(trained[1][row])),
            written(float(before[0][row]), float(before[1][row])),
            *(column[row] for column in (columns | later).values()),
            round(float(pulses[row])),
            float(energy[row]),
        ]
        for row, count in enumerate(result.levels.values)
    ]
    headers = ["levels", "test accuracy %", "untrained %", *columns, *later, "pulses", "energy uJ"]
    return f"{table(headers, rows)}\n{closing}\n{device_line(result)}"
