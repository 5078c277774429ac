"""Resistance levels after potentiating and then depressing pulses on a track with many sites."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from compact_model.constants import NANOSECOND, OERSTED
from compact_model.experiments.pulse_trains import check_width, potentiation_depression, pulse_train
from compact_model.support.arrays import FloatArray
from dwmtj.options.device import Quantity

from ..quantities import Setting, step_setting
from ..sampling import Batch
from .measure import Measure


def _run(batch: Batch) -> dict[str, FloatArray]:
    settings = batch.settings
    train = pulse_train(
        batch.devices,
        batch.tracks,
        potentiation_depression(settings["amplitude"], settings["pulses"]),
        width=settings["pulse_width"],
        period=settings["pulse_width"] + settings["rest"],
        external_field=settings["external_field"],
        temperature=settings["temperature"],
        initial_position=0.0,
        step=settings["step"],
        seed=batch.seed,
        device_numbers=batch.thermal_numbers,
    )
    ohms = train.resistance.values
    return {
        "levels": train.levels.values.astype(np.float64),
        "excursion": np.ptp(ohms, axis=1),
        "lowest_resistance": ohms.min(axis=1),
        "energy": train.energy.values.mean(axis=1),
    }


def _check(settings: Mapping[str, Any]) -> None:
    check_width(settings["pulse_width"], settings["pulse_width"] + settings["rest"])


LEVELS = Measure(
    name="levels",
    help="distinct resistances left behind by a train of potentiating and then depressing voltage pulses",
    settings=(
        Setting("amplitude", "voltage of a pulse", "V", above=0.0, default=0.3),
        Setting("pulse_width", "length of a pulse", "ns", NANOSECOND, above=0.0, default=2.0 * NANOSECOND),
        Setting("rest", "time between two pulses", "ns", NANOSECOND, above=0.0, default=98.0 * NANOSECOND),
        Setting(
            "pulses", "positive pulses, and as many negative ones", whole=True, at_least=1, at_most=100_000, default=20
        ),
        Setting("temperature", "temperature", "K", at_least=0.0, default=300.0),
        Setting(
            "external_field",
            "field added to the stray field; by default cancels it",
            "Oe",
            OERSTED,
        ),
        step_setting(10e-12),
    ),
    results=(
        Quantity("levels", "number of levels"),
        Quantity("excursion", "range of the resistance", "Ohm"),
        Quantity("lowest_resistance", "lowest resistance", "Ohm"),
        Quantity("energy", "mean energy of a pulse", "pJ", 1e-12),
    ),
    run=_run,
    samples_per_part=250,
    without_effect=("nucleation_current_density",),
    check=_check,
    beside=("energy",),
)
