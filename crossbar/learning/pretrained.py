"""Inference: weights that were trained elsewhere, stored as differences of devices with a finite number of states.

Each device is programmed to the nearest of its own levels.  The remaining errors are due to the finite number of
levels, their positions, device parameters that were unknown when it was programmed, the wires, the read noise and the
converters.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from compact_model.constants import BOLTZMANN_CONSTANT
from compact_model.device.junction import resistance
from compact_model.device.notched import PITCH, notched_device, notched_track
from compact_model.device.parameters import DeviceParameters
from compact_model.device.variation import vary
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.model_range import relative_spread
from compact_model.support.progress import Progress
from compact_model.support.provenance import digest, provenance, release
from compact_model.support.random import Seed, generator, recorded
from compact_model.support.store import Store
from compact_model.support.validation import InputError

from ..crossbar import Crossbar
from ..faults.ageing import at_ages
from ..faults.faults import FaultRates, Faults
from ..in_time.domain_walls import DomainWalls
from ..plots import learning  # noqa: F401 (register how the results draw themselves)
from ..read_out.chain import ReadOut
from ..read_out.converters import Adc, Dac, calibrated
from ..read_out.weight_mapping import Scale, WeightMapping
from .spontaneous import aged_dataset, retention_times
from .table_array import READ_VOLTAGE
from .trials import Examples, examples

ARRANGEMENTS = ("even", "random")
"""Notches at equal distances, the same in all devices; or each device's own, anywhere within their 50 nm."""
MOST_LEVELS = 4096
"""Largest number of levels of a device in a study: a track of 0.2 mm."""
_TRACKS = 64  # of each kind, from which each cell draws one
_AGED_TRACKS = 8  # the same where the rates of each are needed
_ROOM = 300.0  # K, temperature of depths


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
    mapping: WeightMapping | None = None,
    dac: Dac | None = None,
    adc: Adc | None = None,
    samples: ArrayLike | None = None,
    faults: FaultRates | None = None,
    retention: ArrayLike = (),
    temperature: float = _ROOM,
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
    clip: quantile of the weights' absolute values that is mapped to the full range of the devices; larger weights are
    clipped.
    mapping: how weights are stored; None: differential pairs, one slice, subtracted in analog.  With an offset each
    tile has its own reference bit lines; tiles that share word lines have references with the same conductances.
    dac, adc: the converters of all tiles; None: ideal ones.
    samples: (images, inputs), other images than those for testing, on which an ADC without a full scale is calibrated;
    all tiles get the same one.
    faults: of cells and lines, drawn anew for each tile.  Cells are stuck at the device's R_P and R_AP; nobody knows of
    them when weights are chosen.
    retention: s, increasing, times without a voltage after which arrays of `wired_levels` levels, with ideal wires and
    'random' tracks, are tested again: walls hop meanwhile as in `age`, at the temperature (K).  Each device has one of
    8 tracks, whose rates take about a second each.
    store: a folder in which each repeat is saved.

    Returns a Dataset: accuracy (arrangement, programming, variation, levels, repeat) with ideal wires in one array;
    wired_accuracy (wire_resistance, tile, repeat); depth (levels, repeat; k_B T at 300 K), of the shallowest notch of
    the 'random' tracks; with retention aged_accuracy (retention_time, repeat); along levels track_length (m) and
    parallel_resistance (Ohm); attributes float_accuracy, images, wired_parallel_resistance (Ohm).
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
    spreads = [relative_spread("variations", each, at_most=1.0) for each in validation.listed("variations", variations)]
    sizes = [validation.whole("tiles", each, 2) for each in validation.listed("tiles", tiles)]
    segments = [
        validation.non_negative("wire_resistances", each)
        for each in validation.listed("wire_resistances", wire_resistances)
    ]
    noise = validation.non_negative("read_noise", read_noise)
    cut = validation.between("clip", clip, 0.01, 1.0)
    how = WeightMapping() if mapping is None else validation.instance("mapping", mapping, WeightMapping)
    if min(sizes) < how.bit_lines(1):
        raise InputError(f"tiles: expected at least {how.bit_lines(1)} lines for one output, got {min(sizes)}")
    converters = _Converters(how, dac, adc, _calibration(adc, samples, given.images.shape[1]))
    if faults is not None:
        validation.instance("faults", faults, FaultRates)
    ages, kelvin = retention_times(retention, ()), validation.positive("temperature", temperature)
    for count in counts:
        Scale(how, [_even(notched(parameters, count), count)] * how.slices)  # refuses devices with too few levels
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
        "weights and examples": digest(
            layer, given.images, given.labels.astype(np.float64), *([] if samples is None else [converters.samples])
        ),
        "device": digest(repr(parameters)),
        "settings": repr(
            (*settings, how, dac, adc, *([] if faults is None else [faults]), *([(ages, kelvin)] if ages else []))
        ),
        "seed": origin,  # not that of each repeat, so that more repeats can continue from fewer
    }
    kept = Store(store, identity)
    parts = []
    total = len(ARRANGEMENTS) * len(spreads) * (len(counts) - 1) + len(sizes) * len(segments)
    with Progress(progress, "inference").bar(total * len(streams), "array") as advance:
        for repeat, stream in enumerate(streams):
            name = f"repeat_{repeat:04d}"
            part = kept.load(name)
            if part is None:
                study = _Study(
                    parameters, wanted, whole, noise, converters, faults, np.random.default_rng(stream), advance
                )
                part = study.levels(counts[:-1], spreads).merge(study.wires(counts[-1], sizes, segments))
                part = part.merge(study.aged(counts[-1], ages, kelvin))
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
            mapping=repr(how),
            dac=repr(dac),
            adc=repr(adc),
            faults=repr(faults),
            wired_parallel_resistance=notched(parameters, counts[-1]).parallel_resistance,
            **provenance([notched(parameters, count) for count in counts], seed=origin),
        )
    )


def notched(device: DeviceParameters, levels: int) -> DeviceParameters:
    """The device with a track for this many notches: the same barrier on a larger area, so R_P falls."""
    return device.resized(track_length=levels * PITCH)


@dataclass(frozen=True, eq=False)
class _Converters:
    """How weights are stored and read; samples: images with the input of 1, for the calibration."""

    mapping: WeightMapping
    dac: Dac | None
    adc: Adc | None
    samples: FloatArray


def _calibration(adc: Adc | None, samples: ArrayLike | None, inputs: int) -> FloatArray:
    """The samples with an input of 1; empty unless given."""
    if samples is None:
        if adc is not None and validation.instance("adc", adc, Adc).full_scale is None:
            raise InputError("samples: expected images by which the ADC is calibrated, or a full_scale of the ADC")
        return np.empty((0, inputs + 1))
    given = validation.array("samples", samples)
    if given.ndim != 2 or len(given) == 0 or given.shape[1] != inputs or given.min() < 0.0 or given.max() > 1.0:
        raise InputError(f"samples: expected numbers from 0 to 1 of shape (images, {inputs}), got {given.shape}")
    return np.column_stack([given, np.ones(len(given))])


class _Study:
    """One repeat: one draw of devices and tracks for each point."""

    def __init__(
        self,
        parameters: DeviceParameters,
        wanted: FloatArray,
        given: Examples,
        noise: float,
        converters: _Converters,
        faults: FaultRates | None,
        draw: np.random.Generator,
        advance: Callable[[int], object],
    ) -> None:
        self.parameters, self.wanted, self.given = parameters, wanted, given
        self.noise, self.draw, self.advance = noise, draw, advance
        self.converters, self.mapping, self.faults = converters, converters.mapping, faults
        self.bit_lines = self.mapping.bit_lines(wanted.shape[1])

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
                        found[index, way, row, column] = self._accuracy(
                            device, count, cells, max(len(self.wanted), self.bit_lines), 0.0
                        )
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
                found[row, column] = self._accuracy(device, count, cells, size, segment)
                self.advance(1)
        return xr.Dataset(
            {"wired_accuracy": (("wire_resistance", "tile"), found, {"long_name": "test accuracy with wires"})},
            coords={
                "wire_resistance": ("wire_resistance", segments, {"long_name": "segment resistance", "units": "Ohm"}),
                "tile": ("tile", sizes, {"long_name": "lines of the largest tile"}),
            },
        )

    def aged(self, count: int, ages: list[float], kelvin: float) -> xr.Dataset:
        """Accuracies after times without a voltage, with ideal wires; an empty Dataset without times."""
        if not ages:
            return xr.Dataset()
        device, lines = notched(self.parameters, count), max(len(self.wanted), self.bit_lines)
        tracks = [notched_track(device, self.draw, position_jitter=1.0) for _ in range(_AGED_TRACKS)]
        own = self.draw.integers(_AGED_TRACKS, size=len(self.wanted) * self.bit_lines)
        places = np.array([[well.centre for well in track.wells] for track in tracks])[own]
        position = self._programmed(device, 1.0 / resistance(device, places), places)
        of_cells = np.concatenate(self._by_line(own[:, np.newaxis].astype(np.float64)), axis=1).ravel()
        array = Crossbar(cells=DomainWalls(device, [tracks[int(each)] for each in of_cells], position))
        arrays = at_ages(array, ages, temperature=kelvin, seed=self.draw)
        accuracies = [self._accuracy(device, count, np.asarray(each.conductance), lines, 0.0) for each in arrays]
        return aged_dataset(ages, accuracies)

    def _levels(self, arrangement: str, count: int) -> tuple[FloatArray, float]:
        """Each cell's conductances without variation, S, (cells, levels); the least depth, k_B T.

        The cells of the weights come first, row by row, then those of the references.
        """
        cells, device = len(self.wanted) * self.bit_lines, notched(self.parameters, count)
        if arrangement == "even":
            return np.tile(_even(device, count), (cells, 1)), np.nan
        tracks = [notched_track(device, self.draw, position_jitter=1.0) for _ in range(_TRACKS)]
        shallowest = min(
            (well for track in tracks for well in track.wells), key=lambda well: well.coercive_field * well.half_width
        )
        # The bottom of a parabola is the rest position if the stray field is compensated.
        levels = [1.0 / resistance(device, np.array([well.centre for well in track.wells])) for track in tracks]
        conductance: FloatArray = np.array(levels)[self.draw.integers(_TRACKS, size=cells)]
        return conductance, shallowest.depth(device) / (BOLTZMANN_CONSTANT * _ROOM)

    def _scale(self, spread: float, cells: int) -> FloatArray:
        """Conductance of each device over that of the mean device, (cells, 1)."""
        if spread == 0.0:
            return np.ones((cells, 1))
        devices = vary(self.parameters, cells, {"parallel_resistance": spread}, seed=self.draw)
        ohms = np.array([each.parallel_resistance for each in devices])
        return self.parameters.parallel_resistance / ohms[:, np.newaxis]

    def _programmed(self, device: DeviceParameters, known: FloatArray, actual: FloatArray) -> FloatArray:
        """What the cells have, (inputs, bit lines), where levels are chosen by their known conductances, S.

        known, actual: (cells, levels); actual: of what is returned.
        """
        slices, count = self.mapping.slices, known.shape[1]
        weights, references = self._by_line(known)
        by_weight = weights.reshape(*self.wanted.shape, slices, -1, count)
        of_slices = [by_weight[:, :, slice_] for slice_ in range(slices)]
        chosen = self._scale_of(device, count).place(self.wanted, of_slices, list(references.swapaxes(0, 1)))
        every = np.concatenate(self._by_line(actual), axis=1)
        result: FloatArray = np.take_along_axis(every, chosen[:, :, np.newaxis], axis=2)[:, :, 0]
        return result

    def _by_line(self, levels: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Conductances of cells, (cells, levels), as (inputs, bit lines, levels): of weights, and of references."""
        inputs, own = len(self.wanted), self.wanted.size * self.mapping.devices_per_weight
        count = levels.shape[1]
        return levels[:own].reshape(inputs, -1, count), levels[own:].reshape(
            inputs, self.mapping.reference_lines, count
        )

    def _scale_of(self, device: DeviceParameters, count: int) -> Scale:
        return Scale(self.mapping, [_even(device, count)] * self.mapping.slices)

    def _drawn(self, device: DeviceParameters, shape: tuple[int, int]) -> Faults | None:
        """The faults of a tile."""
        if self.faults is None:
            return None
        return self.faults.at_ends(device.parallel_resistance, device.antiparallel_resistance).draw(shape, self.draw)

    def _accuracy(self, device: DeviceParameters, count: int, cells: FloatArray, size: int, segment: float) -> float:
        """Divide the layer into tiles of at most this many word lines and bit lines."""
        classes, wide = self.wanted.shape[1], self.mapping.devices_per_weight
        scale, together = self._scale_of(device, count), self.mapping.outputs(size)
        tiles = []
        for top in range(0, cells.shape[0], size):
            rows = slice(top, top + size)
            for left in range(0, classes, together):
                right = min(left + together, classes)
                lines = np.r_[left * wide : right * wide, classes * wide : self.bit_lines]
                part = cells[rows, lines]
                response = _response(part, segment, self._drawn(device, (part.shape[0], part.shape[1])))
                chain = ReadOut(scale.layout(right - left), self.converters.dac, self.converters.adc)
                tiles.append(_Tile(rows, slice(left, right), response, chain))
        tiles = _calibrated(tiles, self.converters.samples)
        outputs = np.zeros((len(self.given.labels), classes))
        for tile in tiles:
            current, counts = tile.currents(self.given.images)
            deviation = self.noise * READ_VOLTAGE / device.parallel_resistance
            current = current + deviation * self.draw.standard_normal(current.shape)
            given = self.given.images[:, tile.rows]
            outputs[:, tile.outputs] += tile.chain.products(current, counts, given, READ_VOLTAGE)
        return float((outputs.argmax(axis=1) == self.given.labels).mean())


@dataclass(frozen=True, eq=False)
class _Tile:
    """A part of the layer: its inputs and outputs, its bit-line currents for 1 V on each word line, S, its chain."""

    rows: slice
    outputs: slice
    response: FloatArray
    chain: ReadOut

    def currents(self, images: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Bit-line currents, A, (cycles, images, bit lines), and the weights of the cycles."""
        shares, counts = self.chain.applied(images[:, self.rows])
        return READ_VOLTAGE * shares @ self.response, counts


def _calibrated(tiles: list[_Tile], samples: FloatArray) -> list[_Tile]:
    """The tiles with one calibrated full scale for all ADCs; unchanged if they already have one."""
    adc = tiles[0].chain.adc
    if adc is None or adc.full_scale is not None:
        return tiles
    seen = np.concatenate([tile.chain.seen(*tile.currents(samples)) for tile in tiles], axis=-1)
    adc = calibrated(adc, seen, np.concatenate([tile.chain.layout.slice_of for tile in tiles]))
    return [replace(tile, chain=replace(tile.chain, adc=adc)) for tile in tiles]


def _even(device: DeviceParameters, count: int) -> FloatArray:
    """Conductances of sites at an equal pitch, S, increasing."""
    places = device.track_length * (np.arange(count) + 0.5) / count
    result: FloatArray = 1.0 / resistance(device, places)
    return result


def _response(cells: FloatArray, segment: float, faults: Faults | None = None) -> FloatArray:
    """Currents of the bit lines for 1 V on one word line after the other, S, (word lines, bit lines)."""
    if segment == 0.0 and (faults is None or faults.sound_lines):
        return cells if faults is None else faults.conductance(cells)
    array = Crossbar(conductance=cells, word_line_resistance=segment, bit_line_resistance=segment, faults=faults)
    solution = array.solve(READ_VOLTAGE * np.eye(cells.shape[0]))
    result: FloatArray = solution.bit_line_current.values / READ_VOLTAGE
    return result
