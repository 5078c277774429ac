"""What one pulse does to a wall, as probabilities from every resting place to every other one: a Markov chain.

Such a table is drawn from the equation of motion once and then stands for it where millions of pulses are needed.
"""

from collections.abc import Sequence
from pathlib import Path

import xarray as xr
from numpy.typing import ArrayLike

from ..device.parameters import DeviceParameters
from ..drive import Voltage, trapezoid
from ..support import validation
from ..support.provenance import digest, release
from ..support.random import Seed
from ..track.landscape import Landscape
from .resting_walls import Event, devices_and_tracks, transition_table


def pulse_table(
    parameters: DeviceParameters | Sequence[DeviceParameters],
    landscapes: Landscape | Sequence[Landscape],
    voltages: ArrayLike,
    *,
    width: float,
    edge: float = 0.0,
    settle: float = 200e-9,
    temperature: float = 300.0,
    samples: int = 128,
    external_field: float | None = None,
    seed: Seed = 0,
    store: str | Path | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """The share of walls that one pulse brings from each resting place of a track to each other one.

    parameters: of all tracks, or one set each.  landscapes: the tracks.  voltages: V, rising, of the pulses' tops;
    width, edge: s, of the top and of each of the two slopes.  settle: s at 0 V after it.  temperature: K, above 0.
    samples: walls in each place under each voltage: a share p has a standard error of sqrt(p (1 - p) / samples), and
    what happens in less than one of so many pulses is missing.  external_field: T, None: what cancels the stray field.
    store: a folder that keeps the tracks as they are done; the same call goes on from there.

    The places are those of `resting_places`.  In a site the walls start in thermal equilibrium, at an end exactly
    there; the angle is in equilibrium too.  That is what makes one pulse independent of the one before; a wall that
    still rings when the next pulse comes is not covered, so `settle` must be long enough.

    Returns a Dataset: probability (track, voltage, state, final_state), which adds up to 1 over final_state; position
    (m) and conductance (S, at zero bias) of the states (track, state), NaN where a track has fewer states than
    another; voltage_scale (track; Ohm m2), RA_P: what moves a wall is V over it; unsettled (track, voltage), the
    share of walls found within k_B T of the top of a barrier after settling.
    Raises InputError, and ConvergenceError where that is more than 1 % on average.
    """
    devices, tracks = devices_and_tracks(parameters, landscapes)
    volts = validation.increasing("voltages", voltages)
    walls = validation.whole("samples", samples, 1)
    on, slope = validation.positive("width", width), validation.non_negative("edge", edge)
    rest, kelvin = validation.positive("settle", settle), validation.positive("temperature", temperature)
    own_field = None if external_field is None else validation.number("external_field", external_field)
    conditions = repr((on, slope, rest, kelvin, walls, own_field))
    identity = {"version": release(), "pulses": digest(volts, conditions)}
    table = transition_table(
        devices,
        tracks,
        [Event(_pulse(voltage, on, slope), on + 2.0 * slope + rest) for voltage in volts.tolist()],
        "voltage",
        settle=rest,
        temperature=kelvin,
        samples=walls,
        external_field=own_field,
        seed=seed,
        identity=identity,
        store=store,
        progress=progress,
        title="pulse table",
    )
    return table.assign_coords(
        voltage=("voltage", volts, {"long_name": "voltage of the pulse", "units": "V"})
    ).assign_attrs(experiment="pulse_table", width=on, edge=slope)


def _pulse(voltage: float, width: float, edge: float) -> Voltage:
    return Voltage(trapezoid(width=width, edge=edge).scaled(voltage))
