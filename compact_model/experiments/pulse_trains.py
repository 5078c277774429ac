"""Pulse trains: the resistance, energy and number of levels of a synapse written by pulses."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..device.parameters import DeviceParameters
from ..drive import DRIVES, pulses
from ..results import remanent_resistance
from ..simulation import simulate_ensemble
from ..support import validation
from ..support.arrays import FloatArray, gauss_legendre
from ..support.provenance import inherited
from ..support.random import Seed
from ..support.validation import InputError
from ..track.landscape import Landscape
from .loops import LEVEL_RESOLUTION, clusters

_ENERGY_POINTS = 24
READ_SHARE = 0.25
READINGS = 16


def potentiation_depression(amplitude: float, count: int, depression_amplitude: float | None = None) -> FloatArray:
    """Amplitudes of `count` positive pulses followed by `count` negative ones (of the same size, or another one)."""
    size = validation.positive("amplitude", amplitude)
    back = size if depression_amplitude is None else validation.positive("depression_amplitude", depression_amplitude)
    number = validation.whole("count", count, 1)
    return np.concatenate([np.full(number, size), np.full(number, -back)])


def check_width(width: float, period: float) -> None:
    """Raise InputError for pulses that extend into the time in which the state is read; s."""
    if width >= (1.0 - READ_SHARE) * period:
        raise InputError(f"width: expected less than {1.0 - READ_SHARE:g} of the period {period:g} s, got {width:g} s")


def pulse_train(
    parameters: DeviceParameters | Sequence[DeviceParameters],
    landscape: Landscape | Sequence[Landscape],
    amplitudes: ArrayLike,
    *,
    width: float,
    period: float,
    drive: str = "voltage",
    external_field: float | None = None,
    temperature: float = 0.0,
    initial_position: ArrayLike | str | None = None,
    step: float = 10e-12,
    method: str | None = None,
    seed: Seed = 0,
    device_numbers: ArrayLike | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Rectangular pulses, one for each amplitude (V or A, depending on drive), and the state after each.

    width, period: s; the state is read as the mean over the last quarter of each period, at zero bias.  external_field:
    T, in addition to the stray field; None: cancels it.  The other arguments are those of `simulate_ensemble`.

    Returns a Dataset with dimensions (device, pulse): resistance (Ohm, after the pulse), position (m), energy (J, the
    integral of V I over the pulse); amplitude (V or A) along pulse; initial_resistance (device, Ohm); and levels
    (device), the number of distinct resistances after the pulses (single linkage, gaps of LEVEL_RESOLUTION).
    """
    validation.choice("drive", drive, tuple(DRIVES))
    heights = validation.numbers("amplitudes", amplitudes)
    on = validation.positive("width", width)
    every = validation.positive("period", period)
    check_width(on, every)
    # Gauss-Legendre points: the energy of a pulse converges as fast as the smoothness of the current allows.
    nodes, weights = gauss_legendre(_ENERGY_POINTS)
    inside = 0.5 * on * (nodes + 1.0)
    after = every * (1.0 - READ_SHARE * (np.arange(READINGS)[::-1] + 0.5) / READINGS)
    pattern = np.concatenate([inside, after])
    times = (every * np.arange(heights.size)[:, np.newaxis] + pattern).ravel()
    run = simulate_ensemble(
        parameters,
        landscape,
        DRIVES[drive](pulses(heights, width=on, period=every)),
        np.concatenate([[0.0], times]),
        external_field=external_field,
        temperature=temperature,
        initial_position=initial_position,
        step=step,
        method=method,
        seed=seed,
        device_numbers=device_numbers,
        progress=progress,
    )
    shape = (run.sizes["device"], heights.size, pattern.size)
    remanent = remanent_resistance(run, parameters).values
    left_behind = remanent[:, 1:].reshape(shape)[..., _ENERGY_POINTS:].mean(axis=2)
    position = run.position.values[:, 1:].reshape(shape)[..., _ENERGY_POINTS:].mean(axis=2)
    power = (run.voltage * run.current).values[:, 1:].reshape(shape)[..., :_ENERGY_POINTS]
    levels = [clusters(trace, LEVEL_RESOLUTION).size for trace in left_behind]
    return xr.Dataset(
        {
            "resistance": (
                ("device", "pulse"),
                left_behind,
                {"long_name": "resistance R after the pulse", "units": "Ohm"},
            ),
            "position": (("device", "pulse"), position, {"long_name": "wall position x after the pulse", "units": "m"}),
            "energy": (
                ("device", "pulse"),
                0.5 * on * power @ weights,
                {"long_name": "energy of the pulse", "units": "J"},
            ),
            "initial_resistance": (("device",), remanent[:, 0], {"long_name": "initial resistance", "units": "Ohm"}),
            "levels": (("device",), levels, {"long_name": "levels"}),
        },
        coords={
            "pulse": ("pulse", np.arange(1, heights.size + 1), {"long_name": "pulse number"}),
            "amplitude": ("pulse", heights, {"long_name": f"{drive} of the pulse", "units": DRIVES[drive].unit}),
            "device": np.arange(run.sizes["device"]),
        },
        attrs={
            "experiment": "pulse_train",
            "drive": drive,
            "width": on,
            "period": every,
            "temperature": str(temperature),
            "external_field": run.attrs["external_field"],
            "method": run.attrs["method"],
            **inherited(run),
        },
    )
