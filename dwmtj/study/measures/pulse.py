"""The effect of one voltage pulse on the wall."""

import numpy as np

from compact_model.constants import NANOMETRE, NANOSECOND, OERSTED
from compact_model.drive import Voltage, pulses
from compact_model.methods import REFERENCE_STEP
from compact_model.simulation import simulate_ensemble
from compact_model.support.arrays import FloatArray
from dwmtj.options.device import Quantity

from ..quantities import Setting, step_setting
from ..sampling import Batch
from .measure import Measure


def _run(batch: Batch) -> dict[str, FloatArray]:
    settings = batch.settings
    width = settings["pulse_width"]
    devices = batch.devices
    run = simulate_ensemble(
        devices,
        batch.tracks,
        Voltage(pulses([settings["voltage"]], width=width, period=width)),
        np.linspace(0.0, settings["duration"], settings["points"]),
        external_field=[settings["net_field"] - device.stray_field for device in devices],
        temperature=settings["temperature"],
        step=settings["step"],
        seed=batch.seed,
        device_numbers=batch.thermal_numbers,
    )
    moved = run.position.values - run.position.values[:, :1]
    return {
        "position": run.position.values[:, -1],
        "displacement": moved[:, -1],
        "excursion": np.abs(moved).max(axis=1),
        "resistance": run.resistance.values[:, -1],
    }


PULSE = Measure(
    name="pulse",
    help="where one voltage pulse leaves the wall that starts at rest in the track's first site",
    settings=(
        Setting("voltage", "voltage of the pulse", "V", at_least=-10.0, at_most=10.0, default=0.2),
        Setting("pulse_width", "length of the pulse", "ns", NANOSECOND, above=0.0, default=10.0 * NANOSECOND),
        Setting(
            "duration",
            "simulated time, pulse included",
            "ns",
            NANOSECOND,
            above=0.0,
            at_most=1e6 * NANOSECOND,
            default=100.0 * NANOSECOND,
        ),
        Setting("net_field", "field along the track, H_z", "Oe", OERSTED, default=0.0),
        Setting("temperature", "temperature", "K", at_least=0.0, at_most=1e4, default=0.0),
        Setting("points", "recorded times, start and end included", whole=True, at_least=2, at_most=1e6, default=401),
        step_setting(REFERENCE_STEP),
    ),
    results=(
        Quantity("position", "wall position at the end", "nm", NANOMETRE),
        Quantity("displacement", "displacement at the end", "nm", NANOMETRE),
        Quantity("excursion", "largest distance from the start at a recorded time", "nm", NANOMETRE),
        Quantity("resistance", "resistance at the end, under the voltage that is then applied", "Ohm"),
    ),
    run=_run,
    samples_per_part=200,
    without_effect=("stray_field", "nucleation_current_density"),
)
