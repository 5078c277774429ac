"""The effect of two spikes on a wall as a function of their delay: transition probabilities between rest positions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xarray as xr
from numpy.typing import ArrayLike

from ..device.parameters import DeviceParameters
from ..drive import Voltage
from ..support import validation
from ..support.provenance import digest, release
from ..support.random import Seed
from ..support.validation import InputError
from ..track.landscape import Landscape
from .resting_walls import Event, devices_and_tracks, transition_table
from .spike_timing import LONGEST_DELAY, spike_coordinates
from .spikes import NEURONS, Spike


def spike_table(
    parameters: DeviceParameters | Sequence[DeviceParameters],
    landscapes: Landscape | Sequence[Landscape],
    delays: ArrayLike,
    spike: Spike,
    *,
    settle: float = 200e-9,
    temperature: float = 300.0,
    samples: int = 128,
    external_field: float | None = None,
    seed: Seed = 0,
    store: str | Path | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Transition probabilities of a wall between its rest positions under a presynaptic and a postsynaptic spike.

    delays: s, increasing, from the presynaptic to the postsynaptic spike.  The other arguments are those of
    `pulse_table`; settle: s at 0 V after both spikes.

    Returns a Dataset as `pulse_table` does, with probability (track, delay, state, final_state), and in addition
    alone_probability (track, neuron, state, final_state) for a single spike, 'presynaptic' or 'postsynaptic'.  Raises
    InputError and ConvergenceError.
    """
    devices, tracks = devices_and_tracks(parameters, landscapes)
    when = validation.increasing("delays", delays)
    if max(abs(when[0]), abs(when[-1])) > LONGEST_DELAY:
        raise InputError(f"delays: expected at most {LONGEST_DELAY:g} s either way, got {when[0]:g} to {when[-1]:g} s")
    validation.instance("spike", spike, Spike)
    walls = validation.whole("samples", samples, 1)
    rest, kelvin = validation.positive("settle", settle), validation.positive("temperature", temperature)
    own_field = None if external_field is None else validation.number("external_field", external_field)
    events = [Event(Voltage(spike.pair(delay)), spike.duration + abs(delay) + rest) for delay in when.tolist()]
    events += [Event(Voltage(spike.alone(neuron)), spike.duration + rest) for neuron in NEURONS]
    identity = {"version": release(), "spikes": digest(when, repr((spike, rest, kelvin, walls, own_field)))}
    whole = transition_table(
        devices,
        tracks,
        events,
        "event",
        settle=rest,
        temperature=kelvin,
        samples=walls,
        external_field=own_field,
        seed=seed,
        identity=identity,
        store=store,
        progress=progress,
        title="spike table",
    )
    own: dict[str, Any] = {
        name: ((), values[0], attributes) for name, (_, values, attributes) in spike_coordinates([spike]).items()
    }
    pairs = whole.isel(event=slice(when.size)).rename(event="delay")
    alone = whole.isel(event=slice(when.size, None))
    return (
        pairs.assign(
            alone_probability=alone.probability.rename(event="neuron"),
            alone_unsettled=alone.unsettled.rename(event="neuron"),
        )
        .assign_coords(
            delay=("delay", when, {"long_name": "delay of the spike after the synapse", "units": "s"}),
            neuron=list(NEURONS),
            **own,
        )
        .assign_attrs(experiment="spike_table")
    )
