"""Thermal escape of the wall from one site."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from compact_model import constants
from compact_model.constants import MILLIAMPERE, NANOSECOND
from compact_model.experiments.escape import escape_times, mean_escape_time
from compact_model.methods import RETENTION_STEP
from compact_model.support.arrays import FloatArray
from dwmtj.options.device import Quantity

from ..quantities import Setting, step_setting
from ..sampling import Batch
from .measure import Measure, Summary


def _run(batch: Batch) -> dict[str, FloatArray]:
    settings = batch.settings
    times = escape_times(
        batch.devices,
        batch.tracks,
        duration=settings["duration"],
        temperature=settings["temperature"],
        current=settings["current"],
        step=settings["step"],
        seed=batch.seed,
        device_numbers=batch.thermal_numbers,
    )
    thermal = constants.BOLTZMANN_CONSTANT * settings["temperature"]
    pairs = zip(batch.tracks, batch.devices, strict=True)
    depths = [track.wells[0].depth(device) / thermal for track, device in pairs]
    return {"escape_time": times, "well_depth": np.array(depths)}


def _summarise(values: Mapping[str, FloatArray], settings: Mapping[str, Any]) -> Summary:
    names = ("mean_escape_time", "lower_escape_time", "upper_escape_time")
    found = mean_escape_time(values["escape_time"], settings["duration"])
    return {"escapes": float(np.isfinite(values["escape_time"]).sum())} | dict(zip(names, found, strict=True))


RETENTION = Measure(
    name="retention",
    help="time in which the wall leaves the track's first site by itself, at zero or at a read current",
    settings=(
        Setting("duration", "simulated time", "ns", NANOSECOND, above=0.0, default=10_000.0 * NANOSECOND),
        Setting("temperature", "temperature", "K", above=0.0, default=300.0),
        Setting("current", "read current", "mA", MILLIAMPERE, default=0.0),
        step_setting(RETENTION_STEP),
    ),
    results=(
        Quantity("escape_time", "escape time (inf: stayed for the duration)", "ns", NANOSECOND),
        Quantity("well_depth", "well depth", "k_B T"),
    ),
    run=_run,
    samples_per_part=500,
    bars="mean, 95 % interval",
    without_effect=("stray_field", "nucleation_current_density"),
    summarise=_summarise,
    shown=("mean_escape_time", "lower_escape_time", "upper_escape_time"),
    extras=(
        Quantity("escapes", "number of escapes"),
        Quantity("mean_escape_time", "mean escape time", "ns", NANOSECOND),
        Quantity("lower_escape_time", "lower end of the 95 % interval", "ns", NANOSECOND),
        Quantity("upper_escape_time", "upper end of the 95 % interval (inf: no escape)", "ns", NANOSECOND),
    ),
)
