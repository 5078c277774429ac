"""Depinning threshold of one site under a ramp of current."""

from compact_model.constants import AMPERE_PER_SQUARE_CENTIMETRE, NANOSECOND, OERSTED
from compact_model.ensemble import TORQUES
from compact_model.experiments.thresholds import RAMP_RATE, depinning_density
from compact_model.support.arrays import FloatArray
from dwmtj.options.device import Quantity

from ..quantities import Setting, step_setting
from ..sampling import Batch
from .measure import Measure

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
        seed=batch.thermal_seed,
        first_device=batch.first,
    )
    return {"threshold": found}


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
    ),
    run=_run,
    samples_per_part=500,
    without_effect=("stray_field", "nucleation_current_density", "tmr", "tmr_half_voltage", "torque_density"),
)
