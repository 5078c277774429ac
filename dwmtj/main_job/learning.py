"""The main job's part on learning: digits without labels, on devices with the paper's number of levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

from .part import Part, Subject, Summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEED = 2016
_LEVELS, _TRACKS, _REPEATS, _EPOCHS = 16, 4, 2, 4
_MARK = 0.75


def _measure_learning(subject: Subject, progress: bool) -> xr.Dataset:
    from crossbar.learning.pulsed_device import PulsedDevice
    from crossbar.learning.unsupervised import unsupervised_learning

    from ..digits import load_digits

    devices = PulsedDevice.notched(_LEVELS, tracks=_TRACKS, seed=SEED, progress=progress)
    images, labels = load_digits()
    return unsupervised_learning(
        images, labels, devices, epochs=_EPOCHS, repeats=_REPEATS, seed=SEED, progress=progress
    )


def _summarise_learning(subject: Subject, data: xr.Dataset) -> Summary:
    shares = data.accuracy.values.ravel()
    pulses, energy = float(data.pulses.mean()), 1e6 * float(data.energy.mean())
    above = int((shares > _MARK).sum())
    return Summary(
        {
            "accuracy": float(shares.mean()),
            "repeats_above_75_percent": above,
            "pulses": pulses,
            "energy_pJ": 1e6 * energy,
        },
        f"{data.sizes['input']} x {data.sizes['output']} notched devices with {_LEVELS} levels at 300 K, trained "
        f"without labels by {pulses:.0f} pulses ({energy:.2g} uJ), recognise "
        f"{' and '.join(f'{100 * share:.0f}' for share in shares)} % of the test digits (the paper expects 75 %)",
    )


def _draw_learning(data: xr.Dataset, figure: Figure) -> None:
    from crossbar.plots.learning import plot_weights

    plot_weights(data, figure.add_subplot())


LEARNING_PART = Part(
    "learning",
    "Unsupervised learning of digits",
    _measure_learning,
    _summarise_learning,
    _draw_learning,
    requirement="scikit-learn",
)
