"""The effect of one pulse on a wall, as transition probabilities between its rest positions: a Markov chain.

Such a table is computed once from the equation of motion, and replaces it where millions of pulses are needed."""

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
    """Transition probabilities of a wall between the rest positions of its track under one pulse.

    parameters: one set for all tracks, or one for each.  landscapes: the tracks.  voltages: amplitudes of the pulse, V,
    increasing.  width, edge: s, duration of the top and of each edge.  settle: s at 0 V after the pulse.  temperature:
    K, above 0.  samples: number of walls for each position and voltage; a probability p has a standard error of sqrt(p
    (1 - p) / samples), and transitions rarer than one in `samples` are missed.  external_field: T, None: cancels the
    stray field.  store: a folder in which each finished track is saved; repeating the call resumes from there.

    The rest positions are those of `resting_places`.  In a site the walls start in thermal equilibrium, at an end of
    the track exactly there; the angle is in equilibrium as well.  This makes each pulse independent of the one before.
    A wall that still rings when the next pulse arrives is not covered, so `settle` must be long enough.

    Returns a Dataset: probability (track, voltage, state, final_state), which sums to 1 over final_state; position (m)
    and conductance (S, at zero bias) of the states (track, state), NaN where a track has fewer states than another;
    voltage_scale (track; Ohm m2), the RA_P by which V is divided to give the current density that moves a wall;
    unsettled (track, voltage), the share of walls within k_B T of the top of a barrier after settling.  Raises
    InputError, and ConvergenceError if that share is more than 1 % on average.
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
