"""Depinning threshold of one site under a ramp of current."""

import numpy as np
import xarray as xr

from compact_model.constants import AMPERE_PER_SQUARE_CENTIMETRE, NANOSECOND, OERSTED
from compact_model.ensemble import TORQUES
from compact_model.experiments.thresholds import RAMP_RATE, depinning_density, static_current_threshold
from compact_model.support.arrays import FloatArray
from dwmtj.options.device import Quantity

from ..quantities import Setting, step_setting
from ..sampling import Batch
from .measure import Measure

# A median this far above the static one is that of the ramp: at the paper's ramp it is 4 % at 100 Oe, 16 % at 30 Oe.
_OVERSHOOT = 1.25
_RAMP = AMPERE_PER_SQUARE_CENTIMETRE / NANOSECOND


def _run(batch: Batch) -> dict[str, FloatArray]:
    settings = batch.settings
    found = depinning_density(
        batch.devices,
        batch.tracks,
        largest_density=settings["largest_density"],
        net_field=settings["net_field"],
        torques=settings["torques"],
        ramp_rate=settings["ramp_rate"],
        temperature=settings["temperature"],
        step=settings["step"],
        seed=batch.seed,
        device_numbers=batch.thermal_numbers,
    )
    return {"threshold": found, "static_threshold": _static(batch)}


def _static(batch: Batch) -> FloatArray:
    """The limit of a slow ramp at T = 0 for each sample, with the H_K that its track has at the site."""
    limits = np.empty(len(batch.devices))
    net_field, torques = batch.settings["net_field"], batch.settings["torques"]
    for index, (device, track) in enumerate(zip(batch.devices, batch.tracks, strict=True)):
        well = track.wells[0]
        local = float(track.anisotropy_field(np.array(well.centre), device))
        here = device.replace(anisotropy_field=local)
        offset = max(well.coercive_field - net_field, 0.0)
        limits[index] = static_current_threshold(here, offset, torques, position=well.centre)
    return limits


def _notes(result: xr.Dataset) -> list[str]:
    simulated, static = result.threshold_median.values, result.static_threshold_median.values
    over = simulated > _OVERSHOOT * static
    if not over.any():
        return []
    return [
        f"at {int(over.sum())} of {over.size} points the median threshold is more than {_OVERSHOOT:g} times that of "
        "the static limit: there the ramp decides rather than the device; take a smaller ramp_rate to see the device"
    ]


THRESHOLD = Measure(
    name="threshold",
    help="depinning threshold of the track's first site under a ramp of current",
    settings=(
        Setting("temperature", "temperature", "K", at_least=0.0, default=300.0),
        Setting("net_field", "field along the track, H_z", "Oe", OERSTED, default=0.0),
        Setting("ramp_rate", "rate of the ramp", "A/cm2/ns", _RAMP, above=0.0, default=RAMP_RATE),
        Setting(
            "largest_density",
            "where the ramp ends",
            "A/cm2",
            AMPERE_PER_SQUARE_CENTIMETRE,
            above=0.0,
            default=3e7 * AMPERE_PER_SQUARE_CENTIMETRE,
            at_most=1e10 * AMPERE_PER_SQUARE_CENTIMETRE,
        ),
        Setting("torques", "which spin torques act", choices=TORQUES, default="both"),
        step_setting(10e-12),
    ),
    results=(
        Quantity(
            "threshold",
            "depinning threshold J_th (inf: held to the end of the ramp)",
            "A/cm2",
            AMPERE_PER_SQUARE_CENTIMETRE,
        ),
        Quantity(
            "static_threshold",
            "static limit of the threshold (a slow ramp at 0 K)",
            "A/cm2",
            AMPERE_PER_SQUARE_CENTIMETRE,
        ),
    ),
    run=_run,
    reference="static_threshold",
    notes=_notes,
    samples_per_part=500,
    without_effect=("stray_field", "nucleation_current_density", "tmr", "tmr_half_voltage", "torque_density"),
)
