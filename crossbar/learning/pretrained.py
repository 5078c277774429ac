"""Inference: weights that were trained elsewhere, stored as differences of two devices with a finite number of states.

Each device is programmed to the nearest of its own levels.  The remaining errors are due to the finite number of
levels, their positions, device parameters that were unknown when it was programmed, the wires and the read noise.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from compact_model.constants import BOLTZMANN_CONSTANT
from compact_model.device.junction import resistance
from compact_model.device.notched import PITCH, notched_device, notched_track
from compact_model.device.parameters import DeviceParameters
from compact_model.device.variation import vary
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.progress import Progress
from compact_model.support.provenance import digest, provenance, release
from compact_model.support.random import Seed, generator, recorded
from compact_model.support.store import Store
from compact_model.support.validation import InputError

from ..crossbar import Crossbar
from ..plots import learning  # noqa: F401 (register how the results draw themselves)
from .table_array import READ_VOLTAGE
from .trials import Examples, examples

ARRANGEMENTS = ("even", "random")
"""Notches at equal distances, the same in all devices; or each device's own, anywhere on their 50 nm."""
MOST_LEVELS = 4096
"""Of a device in a study: a track of 0.2 mm."""
_TRACKS = 64  # of each kind, from which cells draw theirs
_ROOM = 300.0  # K, at which a depth is given


def inference(
    weights: ArrayLike,
    images: ArrayLike,
    labels: ArrayLike,
    *,
    device: DeviceParameters | None = None,
    levels: Sequence[int] = (2, 3, 4, 6, 8, 13, 16, 19, 32, 64),
    variations: Sequence[float] = (0.0, 0.05, 0.1, 0.2),
    tiles: Sequence[int] = (8, 16, 32, 65),
    wire_resistances: Sequence[float] = (0.0, 0.1, 1.0),
    wired_levels: int = 16,
    read_noise: float = 0.0,
    clip: float = 0.98,
    repeats: int = 5,
    seed: Seed = 0,
    store: str | Path | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Classification accuracy of arrays of devices against levels, variation, tile size and wire resistance.

    weights: (inputs + 1, classes), trained in floating point; the last row is for an input that is always 1.
    images: (images, inputs), from 0 to 1, and labels: (images,), for testing.
    device: None: `notched_device`; its barrier (RA_P) is kept, its length is replaced.
    levels: number of notches on a device's track, one every 50 nm as in `PulsedDevice.notched`, so that a device with
    more levels is longer and has a lower R_P; up to 4096.  'even': equally spaced; 'random': each device has one of 64
    tracks drawn by `notched_track` with a position_jitter of 1.  The two ends of the track, which a wall leaves
    spontaneously, are not used.
    variations: relative standard deviation of R_P from device to device; a device is programmed 'verified', to the
    nearest of its own levels, or 'blind', as if it were the average device with the same track.
    tiles: number of word lines, and of bit lines, of the largest array: the layer is divided into such tiles, whose
    currents are added digitally.  wire_resistances: Ohm, of a segment, with 'random' tracks of `wired_levels` levels.
    read_noise: standard deviation of a tile's current, relative to that of one device at its highest conductance.
    clip: quantile of the weights' absolute values that is mapped to the full range of a pair; larger weights are
    clipped.
    store: a folder in which each repeat is saved.

    Returns a Dataset: accuracy (arrangement, programming, variation, levels, repeat) with ideal wires in one array;
    wired_accuracy (wire_resistance, tile, repeat); depth (levels, repeat; k_B T at 300 K), of the shallowest notch of
    the 'random' tracks; along levels track_length (m) and parallel_resistance (Ohm); attributes float_accuracy, images,
    wired_parallel_resistance (Ohm).
    """
    given = examples(images, labels)
    layer = validation.array("weights", weights)
    if layer.shape != (given.images.shape[1] + 1, given.classes):
        raise InputError(
            f"weights: expected shape ({given.images.shape[1] + 1}, {given.classes}), the last row for an input of 1, "
            f"got {layer.shape}"
        )
    parameters = validation.instance("device", notched_device() if device is None else device, DeviceParameters)
    counts = [validation.whole("levels", each, 2, MOST_LEVELS) for each in validation.listed("levels", levels)]
    counts.append(validation.whole("wired_levels", wired_levels, 2, MOST_LEVELS))
    spreads = [validation.between("variations", each, 0.0, 1.0) for each in validation.listed("variations", variations)]
    sizes = [validation.whole("tiles", each, 2) for each in validation.listed("tiles", tiles)]
    segments = [
        validation.non_negative("wire_resistances", each)
        for each in validation.listed("wire_resistances", wire_resistances)
    ]
    noise = validation.non_negative("read_noise", read_noise)
    cut = validation.between("clip", clip, 0.01, 1.0)
    whole = Examples(np.column_stack([given.images, np.ones(len(given.images))]), given.labels)
    limit = float(np.quantile(np.abs(layer), cut))
    if limit == 0.0:
        raise InputError(f"clip: expected a quantile at which weights are not 0, got {cut:g}")
    wanted = np.clip(layer / limit, -1.0, 1.0)
    origin = recorded(seed)
    streams = generator(seed).integers(0, 2**63, validation.whole("repeats", repeats, 1)).tolist()
    settings = (counts, spreads, sizes, segments, noise, cut)
    identity = {
        "version": release(),
        "kind": "inference",
        "weights and examples": digest(layer, given.images, given.labels.astype(np.float64)),
        "device": digest(repr(parameters)),
        "settings": repr(settings),
        "seed": origin,  # not that of each repeat, so that more repeats go on from fewer
    }
    kept = Store(store, identity)
    parts = []
    total = len(ARRANGEMENTS) * len(spreads) * (len(counts) - 1) + len(sizes) * len(segments)
    with Progress(progress, "inference").bar(total * len(streams), "array") as advance:
        for repeat, stream in enumerate(streams):
            name = f"repeat_{repeat:04d}"
            part = kept.load(name)
            if part is None:
                study = _Study(parameters, wanted, whole, noise, np.random.default_rng(stream), advance)
                part = study.levels(counts[:-1], spreads).merge(study.wires(counts[-1], sizes, segments))
                kept.save(name, part)
            else:
                advance(total)
            parts.append(part)
    kinds = [notched(parameters, count) for count in counts[:-1]]
    sizes_of_kinds = {
        "track_length": ("levels", [each.track_length for each in kinds], {"units": "m"}),
        "parallel_resistance": ("levels", [each.parallel_resistance for each in kinds], {"units": "Ohm"}),
    }
    found = float(((whole.images @ layer).argmax(axis=1) == whole.labels).mean())
    return (
        xr.concat(parts, "repeat")
        .transpose(..., "repeat")
        .assign_coords(sizes_of_kinds)
        .assign_attrs(
            experiment="inference",
            float_accuracy=found,
            images=len(whole.labels),
            wired_levels=counts[-1],
            read_noise=noise,
            clip=cut,
            wired_parallel_resistance=notched(parameters, counts[-1]).parallel_resistance,
            **provenance([notched(parameters, count) for count in counts], seed=origin),
        )
    )


def nearest_pairs(
    wanted: FloatArray, plus: FloatArray, minus: FloatArray
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The levels of the two devices of each weight whose difference is nearest to the wanted conductance.

    wanted: (weights,), S; plus, minus: (weights, levels), S, increasing.  Among equally near pairs, the one with the
    lowest conductance.  Returns the numbers of the levels of plus and minus, (weights,) each.
    """
    step = float(max(np.ptp(plus), np.ptp(minus)))
    first, second = np.empty(wanted.size, dtype=np.int64), np.empty(wanted.size, dtype=np.int64)
    for index, target in enumerate(wanted.tolist()):
        above = np.searchsorted(minus[index], plus[index] - target)  # the best partners lie beside it
        partner = np.clip(np.stack([above - 1, above]), 0, minus.shape[1] - 1)
        other = minus[index][partner]
        miss = np.abs(plus[index] - other - target)
        cost = np.where(miss <= miss.min() + 1e-9 * step, plus[index] + other, np.inf)
        side, first[index] = np.unravel_index(int(cost.argmin()), cost.shape)
        second[index] = partner[side, first[index]]
    return first, second


def notched(device: DeviceParameters, levels: int) -> DeviceParameters:
    """The device with a track for so many notches: the same barrier on a larger area, so that R_P falls."""
    return device.resized(track_length=levels * PITCH)


class _Study:
    """One repeat: one draw of devices and tracks for each point."""

    def __init__(
        self,
        parameters: DeviceParameters,
        wanted: FloatArray,
        given: Examples,
        noise: float,
        draw: np.random.Generator,
        advance: Callable[[int], object],
    ) -> None:
        self.parameters, self.wanted, self.given = parameters, wanted, given
        self.noise, self.draw, self.advance = noise, draw, advance

    def levels(self, counts: list[int], spreads: list[float]) -> xr.Dataset:
        """Accuracies with ideal wires."""
        found = np.empty((len(ARRANGEMENTS), 2, len(spreads), len(counts)))
        depth = np.empty(len(counts))
        for index, arrangement in enumerate(ARRANGEMENTS):
            for column, count in enumerate(counts):
                nominal, depth[column] = self._levels(arrangement, count)
                for row, spread in enumerate(spreads):
                    scale = self._scale(spread, nominal.shape[0])
                    device = notched(self.parameters, count)
                    for way, known in enumerate((scale, np.ones_like(scale))):
                        cells = self._programmed(device, nominal * known, nominal * scale)
                        found[index, way, row, column] = self._accuracy(device, cells, max(self.wanted.shape) * 2, 0.0)
                    self.advance(1)
        return xr.Dataset(
            {
                "accuracy": (
                    ("arrangement", "programming", "variation", "levels"),
                    found,
                    {"long_name": "test accuracy, ideal wires"},
                ),
                "depth": (("levels",), depth, {"long_name": "depth of the shallowest notch, k_B T at 300 K"}),
            },
            coords={
                "arrangement": list(ARRANGEMENTS),
                "programming": ["verified", "blind"],
                "variation": ("variation", spreads, {"long_name": "relative standard deviation of R_P"}),
                "levels": ("levels", counts, {"long_name": "levels of a device"}),
            },
        )

    def wires(self, count: int, sizes: list[int], segments: list[float]) -> xr.Dataset:
        """Accuracies with wires, on tiles."""
        device = notched(self.parameters, count)
        nominal, _ = self._levels("random", count)
        cells = self._programmed(device, nominal, nominal)
        found = np.empty((len(segments), len(sizes)))
        for row, segment in enumerate(segments):
            for column, size in enumerate(sizes):
                found[row, column] = self._accuracy(device, cells, size, segment)
                self.advance(1)
        return xr.Dataset(
            {"wired_accuracy": (("wire_resistance", "tile"), found, {"long_name": "test accuracy with wires"})},
            coords={
                "wire_resistance": ("wire_resistance", segments, {"long_name": "segment resistance", "units": "Ohm"}),
                "tile": ("tile", sizes, {"long_name": "lines of the largest tile"}),
            },
        )

    def _levels(self, arrangement: str, count: int) -> tuple[FloatArray, float]:
        """Each cell's conductances without variation, S, (cells, levels), cells row by row; the least depth, k_B T."""
        cells, device = 2 * self.wanted.size, notched(self.parameters, count)
        if arrangement == "even":
            return np.tile(_even(device, count), (cells, 1)), np.nan
        tracks = [notched_track(device, self.draw, position_jitter=1.0) for _ in range(_TRACKS)]
        shallowest = min(
            (well for track in tracks for well in track.wells), key=lambda well: well.coercive_field * well.half_width
        )
        # A parabola's bottom is where a wall rests once the stray field is compensated.
        levels = [1.0 / resistance(device, np.array([well.centre for well in track.wells])) for track in tracks]
        conductance: FloatArray = np.array(levels)[self.draw.integers(_TRACKS, size=cells)]
        return conductance, shallowest.depth(device) / (BOLTZMANN_CONSTANT * _ROOM)

    def _scale(self, spread: float, cells: int) -> FloatArray:
        """What each device conducts over what the mean device does, (cells, 1)."""
        if spread == 0.0:
            return np.ones((cells, 1))
        devices = vary(self.parameters, cells, {"parallel_resistance": spread}, seed=self.draw)
        ohms = np.array([each.parallel_resistance for each in devices])
        return self.parameters.parallel_resistance / ohms[:, np.newaxis]

    def _programmed(self, device: DeviceParameters, known: FloatArray, actual: FloatArray) -> FloatArray:
        """Conductances of the cells, S, (inputs, 2 classes): chosen by the known levels, and what they then are."""
        inputs, classes = self.wanted.shape
        shape = (inputs * classes, 2, known.shape[1])
        by_weight, true = known.reshape(shape), actual.reshape(shape)
        whole = float(np.ptp(_even(device, known.shape[1])))
        chosen = nearest_pairs(whole * self.wanted.ravel(), by_weight[:, 0], by_weight[:, 1])
        every = np.arange(inputs * classes)
        pairs = np.stack([true[every, 0, chosen[0]], true[every, 1, chosen[1]]], axis=1)
        return pairs.reshape(inputs, 2 * classes)

    def _accuracy(self, device: DeviceParameters, cells: FloatArray, size: int, segment: float) -> float:
        """With the layer cut into tiles of at most so many word lines and bit lines."""
        outputs = np.zeros((len(self.given.labels), cells.shape[1]))
        for top in range(0, cells.shape[0], size):
            for left in range(0, cells.shape[1], size - size % 2):
                block = slice(top, top + size), slice(left, left + size - size % 2)
                current = self.given.images[:, block[0]] @ _response(cells[block], segment)
                deviation = self.noise / device.parallel_resistance * self.draw.standard_normal(current.shape)
                outputs[:, block[1]] += current + deviation
        scores = outputs[:, ::2] - outputs[:, 1::2]
        return float((scores.argmax(axis=1) == self.given.labels).mean())


def _even(device: DeviceParameters, count: int) -> FloatArray:
    """Conductances of so many sites at an equal pitch, S, rising."""
    places = device.track_length * (np.arange(count) + 0.5) / count
    result: FloatArray = 1.0 / resistance(device, places)
    return result


def _response(cells: FloatArray, segment: float) -> FloatArray:
    """Currents of the bit lines for 1 V on one word line after the other, S, (word lines, bit lines)."""
    if segment == 0.0:
        return cells
    array = Crossbar(conductance=cells, word_line_resistance=segment, bit_line_resistance=segment)
    solution = array.solve(READ_VOLTAGE * np.eye(cells.shape[0]))
    result: FloatArray = solution.bit_line_current.values / READ_VOLTAGE
    return result
