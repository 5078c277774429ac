"""Spike-timing-dependent plasticity: the change of a synapse by two spikes, against their delay.

It was measured in neurons by Bi and Poo 1998 (doi 10.1523/JNEUROSCI.18-24-10464.1998), proposed as a learning rule by
Song et al. 2000 (doi 10.1038/78829), and derived for memristors under overlapping spikes by Zamarreno-Ramos et al. 2011
(doi 10.3389/fnins.2011.00026).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..constants import NANOMETRE
from ..device.junction import antiparallel_share, conductance
from ..device.parameters import DeviceParameters, applied_field
from ..drive import Voltage, Waveform
from ..simulation import simulate_ensemble
from ..support import validation
from ..support.arrays import FloatArray
from ..support.progress import Progress
from ..support.provenance import provenance
from ..support.random import Seed, generator, recorded
from ..support.validation import InputError
from ..track.landscape import Landscape
from .resting_walls import STEP, RestingWalls
from .spikes import NEURONS, Spike

LONGEST_DELAY = 1e-3
"""s: a thousand times the duration of a spike; beyond it, a delay in ns was given in s."""
_MEASURES = {
    "weight_change": ("change of the weight", ""),
    "weight_deviation": ("standard deviation of the change of the weight", ""),
    "position_change": ("mean displacement of the wall", "m"),
    "moved": ("share of the walls that end at another place", ""),
}


def spike_timing_window(
    parameters: DeviceParameters,
    landscapes: Landscape | Sequence[Landscape],
    delays: ArrayLike,
    spikes: Spike | Sequence[Spike],
    *,
    temperatures: ArrayLike = (0.0, 300.0),
    samples: int = 64,
    settle: float = 200e-9,
    external_field: float | None = None,
    seed: Seed = 0,
    progress: bool = False,
) -> xr.Dataset:
    """The change of a synapse by one presynaptic and one postsynaptic spike, against the delay between them.

    landscapes: the tracks.  On each, walls start at the rest position nearest to its middle: exactly there at 0 K, in
    thermal equilibrium above.  delays: s, increasing, of either sign: the time from the presynaptic to the postsynaptic
    spike.  spikes: one shape or several; both neurons fire the same.  temperatures: K, increasing.  samples: walls on
    each track above 0 K. settle: s at 0 V after both spikes.  external_field: T, None: cancels the stray field.

    The weight is the conductance at zero bias, from 0 with the wall at x = 0 to 1 with it at the other end.

    Returns a Dataset: over (spike, temperature, delay) weight_change and weight_deviation, mean and standard deviation
    over all walls, position_change (m) and moved, the share of walls that end at another rest position; the same for a
    single spike, alone_<name> (spike, temperature, neuron).  The spikes' shapes and voltages are coordinates.  Raises
    InputError, also for a spike that reaches the static threshold of the walls at their start, or that on its own moves
    one of them to another rest position at 0 K.
    """
    device = validation.instance("parameters", parameters, DeviceParameters)
    tracks = validation.several("landscapes", landscapes, Landscape)
    when = validation.increasing("delays", delays)
    if max(abs(when[0]), abs(when[-1])) > LONGEST_DELAY:
        raise InputError(f"delays: expected at most {LONGEST_DELAY:g} s either way, got {when[0]:g} to {when[-1]:g} s")
    shapes = validation.several("spikes", spikes, Spike)
    kelvins = validation.increasing("temperatures", temperatures)
    validation.non_negative("temperatures", kelvins[0])
    walls = validation.whole("samples", samples, 1)
    rest = validation.non_negative("settle", settle)
    field = applied_field(device, external_field)
    origin, draw = recorded(seed), generator(seed)
    streams = draw.integers(0, 2**63, (len(shapes), kelvins.size, when.size + len(NEURONS)))
    still = _Walls(device, tracks, field, 0.0, walls, rest)
    lots = [
        still if kelvin == 0.0 else _Walls(device, tracks, field, kelvin, walls, rest) for kelvin in kelvins.tolist()
    ]
    found = np.empty((len(_MEASURES), len(shapes), kelvins.size, when.size + len(NEURONS)))
    with Progress(progress, "spike timing").bar(found[0].size, "delay") as advance:
        for row, spike in enumerate(shapes):
            still.check_alone(spike)
            drives: list[tuple[Waveform, float]] = [
                (spike.pair(delay), spike.duration + abs(delay)) for delay in when.tolist()
            ]
            drives += [(spike.alone(neuron), spike.duration) for neuron in NEURONS]
            for column, lot in enumerate(lots):
                for place, (waveform, duration) in enumerate(drives):
                    found[:, row, column, place] = lot.after(waveform, duration, int(streams[row, column, place]))
                    advance(1)
    variables: dict[str, Any] = {}
    for values, (name, (long_name, unit)) in zip(found, _MEASURES.items(), strict=True):
        labels = {"long_name": long_name, "units": unit}
        variables[name] = (("spike", "temperature", "delay"), values[..., : when.size], labels)
        alone = {"long_name": f"{long_name}, one spike alone", "units": unit}
        variables[f"alone_{name}"] = (("spike", "temperature", "neuron"), values[..., when.size :], alone)
    return xr.Dataset(
        variables,
        coords={
            "delay": ("delay", when, {"long_name": "delay of the spike after the synapse", "units": "s"}),
            "temperature": ("temperature", kelvins, {"long_name": "temperature", "units": "K"}),
            "neuron": list(NEURONS),
            **spike_coordinates(shapes),
        },
        attrs={
            "experiment": "spike_timing_window",
            "threshold_voltage": device.threshold_voltage,
            "samples": walls,
            "settle": rest,
            "external_field": field,
            **provenance([device], tracks, seed=origin),
        },
    )


def spike_coordinates(spikes: Sequence[Spike]) -> dict[str, Any]:
    """Shapes and voltages of spikes, along the dimension `spike`."""
    rows = {
        "shape": ("shape of the tail", None),
        "pulse_voltage": ("voltage of the pulse", "V"),
        "tail_voltage": ("voltage of the tail", "V"),
        "width": ("width of the pulse", "s"),
        "edge": ("slopes of the spike", "s"),
        "tail": ("length of the tail", "s"),
    }
    return {
        name: (
            "spike",
            [getattr(each, name) for each in spikes],
            {"long_name": words} | ({"units": unit} if unit else {}),
        )
        for name, (words, unit) in rows.items()
    }


def weights(parameters: DeviceParameters, position: FloatArray) -> FloatArray:
    """Conductances at zero bias of walls at positions in m, from 0 (x = 0) to 1 (the track's end)."""
    ends = conductance(parameters, antiparallel_share(parameters, np.array([0.0, parameters.track_length])))
    result: FloatArray = (conductance(parameters, antiparallel_share(parameters, position)) - ends[0]) / np.ptp(ends)
    return result


@dataclass(frozen=True)
class _Walls:
    """Walls on several tracks, each at the place nearest to the middle of its track."""

    device: DeviceParameters
    tracks: Sequence[Landscape]
    external_field: float
    temperature: float
    samples: int
    settle: float

    def after(self, waveform: Waveform, duration: float, stream: int) -> tuple[float, float, float, float]:
        """The results, over all walls, of a voltage applied for a duration."""
        draw = np.random.default_rng(stream)
        lots, states = self._lots
        rest = np.repeat([lot.places[state] for lot, state in zip(lots, states, strict=True)], self.each)
        start, options = rest, dict[str, Any]()
        if self.temperature > 0.0:
            pairs = list(zip(lots, states, strict=True))
            options = {"step": STEP, "seed": draw, "temperature": self.temperature}
            options["initial_angle"] = np.concatenate([lot.angles(state, draw) for lot, state in pairs])
            start = np.concatenate([lot.positions(state, draw) for lot, state in pairs])
        run = simulate_ensemble(
            self.device,
            [track for track in self.tracks for _ in range(self.each)],
            Voltage(waveform),
            [0.0, duration + self.settle],
            initial_position=start,
            external_field=self.external_field,
            **options,
        )
        final = run.position.values[:, -1]
        change = weights(self.device, final) - weights(self.device, rest)
        placed = zip(lots, states, final.reshape(len(self.tracks), self.each), strict=True)
        moved = np.array([np.searchsorted(lot.divides, each) != state for lot, state, each in placed])
        return float(change.mean()), float(change.std()), float((final - rest).mean()), float(moved.mean())

    @cached_property
    def _lots(self) -> tuple[list[RestingWalls], list[int]]:
        """The walls of each track, and the number of the place from which they start."""
        field, kelvin = self.external_field, self.temperature
        lots = [RestingWalls(self.device, track, field, kelvin, self.each) for track in self.tracks]
        return lots, [self._state(lot) for lot in lots]

    @cached_property
    def _threshold(self) -> float:
        """The lowest static threshold of the walls at their start, V."""
        fields = [
            float(lot.track.anisotropy_field(lot.places[state], self.device))
            for lot, state in zip(*self._lots, strict=True)
        ]
        return min(self.device.replace(anisotropy_field=field).threshold_voltage for field in fields)

    @property
    def each(self) -> int:
        """Number of walls on each track: one where the motion is deterministic."""
        return self.samples if self.temperature > 0.0 else 1

    def _state(self, lot: RestingWalls) -> int:
        """Number of the place nearest to the track's middle, ends excluded."""
        inner = lot.places[1:-1]
        if inner.size == 0:
            raise InputError("landscapes: expected tracks with a place where a wall rests, got one without")
        return 1 + int(np.abs(inner - 0.5 * self.device.track_length).argmin())

    def check_alone(self, spike: Spike) -> None:
        """InputError if a single spike frees a wall without thermal activation, or might do so."""
        largest, threshold = max(spike.pulse_voltage, spike.tail_voltage), self._threshold
        if largest >= threshold:
            raise InputError(
                f"spikes: expected voltages below the static threshold, {threshold:.3g} V, got {largest:.3g} V"
            )
        for neuron in NEURONS:
            _, _, displacement, moved = self.after(spike.alone(neuron), spike.duration, 0)
            if moved > 0.0:
                raise InputError(
                    f"spikes: expected spikes that on their own move no wall at 0 K, got a {neuron} "
                    f"{spike.shape} of -{spike.pulse_voltage:.3g} and {spike.tail_voltage:.3g} V that moves "
                    f"{100.0 * moved:.3g} % of them, by {displacement / NANOMETRE:.3g} nm on average"
                )
