"""The devices and tracks that are drawn at a point of a study."""

import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from compact_model.device.notched import notched_device
from compact_model.device.parameters import DeviceParameters
from compact_model.device.published import lequeux2016
from compact_model.device.variation import vary
from compact_model.device.width_laws import anisotropy_slope
from compact_model.support.arrays import IntArray
from compact_model.support.validation import InputError
from compact_model.track.landscape import Landscape
from compact_model.track.random_sites import random_track

BASES = {"lequeux2016": lequeux2016, "notched": notched_device}
_DRAWS = 100
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Point:
    """One combination of the swept quantities: the nominal device, the numbers of its track, the settings; all SI.

    key: the number of the point, from its swept values.  where: the swept values as text, for a message.
    """

    key: int
    where: str
    device: DeviceParameters
    landscape: Mapping[str, Any]
    settings: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples that are measured together: those of one point, or of several with the same settings.

    points, numbers: the point of each sample, and its number there.  spreads: device-to-device standard deviations, as
    in `vary`.  seed: of the study.
    Sample i of a point has its own generator, from the seed, the point's key and i, and its own number in the stream of
    thermal fields: nothing depends on how samples are divided, or on where they are measured.
    """

    points: Sequence[Point]
    numbers: IntArray
    spreads: Mapping[str, float]
    seed: int

    @property
    def settings(self) -> Mapping[str, Any]:
        """Settings of the measure, SI, by name."""
        return self.points[0].settings

    @property
    def generators(self) -> list[np.random.Generator]:
        """A new generator for each sample."""
        samples = zip(self.points, self.numbers.tolist(), strict=True)
        return [np.random.default_rng([self.seed, point.key, number]) for point, number in samples]

    @property
    def thermal_numbers(self) -> IntArray:
        """Numbers of the samples in the study's stream of thermal fields, which its seed starts."""
        keys = np.array([point.key for point in self.points], dtype=np.uint64)
        return (_mixed(keys ^ _mixed(self.numbers.astype(np.uint64))) >> np.uint64(1)).astype(np.int64)

    @property
    def devices(self) -> list[DeviceParameters]:
        """A device for each sample."""
        return [device for device, _ in self._drawn]

    @property
    def tracks(self) -> list[Landscape]:
        """A track for each sample, on its device."""
        return [track for _, track in self._drawn]

    @cached_property
    def _drawn(self) -> list[tuple[DeviceParameters, Landscape]]:
        pairs = zip(self.points, self.generators, strict=True)
        return [redrawn(functools.partial(self._draw, point, draw)) for point, draw in pairs]

    def _draw(self, point: Point, draw: np.random.Generator) -> tuple[DeviceParameters, Landscape]:
        device = point.device
        if any(self.spreads.values()):
            device = vary(device, 1, self.spreads, seed=draw)[0]
        return device, drawn_track(device, point.landscape, draw)


def _mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """64-bit words in which every bit depends on all bits (splitmix64, doi 10.1145/2714064.2660195)."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = words ^ (words >> np.uint64(31))
    return mixed


def redrawn(draw: Callable[[], T]) -> T:
    """The result of `draw`, repeated while it raises InputError, for instance for a track too short for its site.

    This cuts off the tails of the distributions.  Raises the last InputError if no draw is valid.
    """
    for _ in range(_DRAWS - 1):
        with contextlib.suppress(InputError):
            return draw()
    return draw()


def drawn_track(device: DeviceParameters, numbers: Mapping[str, Any], draw: np.random.Generator) -> Landscape:
    """A track from a study's [landscape], SI: one site in the middle, or more, each in its own section."""
    sites = numbers["sites"]
    half_width = numbers["half_width"]
    if numbers["half_width_share"] is not None:
        half_width = numbers["half_width_share"] * device.track_length / sites
    spread = numbers["anisotropy_spread"]
    if (roughness := numbers["edge_roughness"]) > 0.0:
        if spread > 0.0:
            raise InputError("edge_roughness: expected only one of edge_roughness and anisotropy_spread, got both")
        spread = anisotropy_slope(device, numbers["roughness_by"]) * roughness
    return random_track(
        device,
        sites,
        seed=draw,
        coercive_field=numbers["coercive_field"],
        coercive_field_spread=numbers["coercive_field_spread"],
        half_width=half_width,
        half_width_spread=numbers["half_width_spread"],
        anisotropy_spread=spread,
        position_jitter=0.5 if sites > 1 else 0.0,
        kind=numbers["kind"],
    )
