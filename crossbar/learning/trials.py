"""Common parts of all kinds of learning: images with labels, their division, and repeated trials stored on disk."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.progress import Progress
from compact_model.support.provenance import digest, release
from compact_model.support.random import Seed, generator, recorded
from compact_model.support.store import Store
from compact_model.support.validation import InputError

from ..plots import learning  # noqa: F401 (register how the results draw themselves)
from .pulsed_device import PulsedDevice

Numbers = NDArray[np.int64]
Advance = Callable[[int], object]

_MOST_CLASSES = 10_000


@dataclass(frozen=True, eq=False)
class Examples:
    """Images, shape (images, inputs), from 0 to 1, and their labels, whole numbers from 0, shape (images,)."""

    images: FloatArray
    labels: Numbers

    def __post_init__(self) -> None:
        images = validation.array("images", self.images)
        if images.ndim != 2 or images.size == 0 or images.min() < 0.0 or images.max() > 1.0:
            raise InputError(f"images: expected numbers from 0 to 1 of shape (images, inputs), got {images.shape}")
        labels = validation.shaped("labels", self.labels)
        if labels.shape != (len(images),) or labels.dtype.kind not in "iu" or labels.min() < 0:
            raise InputError(f"labels: expected {len(images)} whole numbers from 0, got {labels.dtype} {labels.shape}")
        if labels.max() >= _MOST_CLASSES:  # an array has bit lines for each of them
            raise InputError(f"labels: expected numbers below {_MOST_CLASSES}, got {labels.max()}")
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "labels", labels.astype(np.int64))

    @property
    def classes(self) -> int:
        """The number of labels."""
        return int(self.labels.max()) + 1

    def divided(self, test_share: float, draw: np.random.Generator) -> tuple["Examples", "Examples"]:
        """Training images and test images, drawn at random."""
        train, test = divided(len(self.labels), test_share, draw)
        return Examples(self.images[train], self.labels[train]), Examples(self.images[test], self.labels[test])


def held_back(name: str, test_share: float, count: int) -> int:
    """The number of test images for a share of them; InputError with that name if either part is empty."""
    share = validation.between(name, test_share, 0.0, 1.0)
    held = round(share * count)
    if not 0 < held < count:
        raise InputError(
            f"{name}: expected a share that leaves images for training and for testing, got {share:g} of {count}"
        )
    return held


def divided(count: int, test_share: float, seed: Seed, name: str = "test_share") -> tuple[Numbers, Numbers]:
    """Numbers of the training images and of the test images, drawn at random."""
    held, order = held_back(name, test_share, count), generator(seed).permutation(count)
    return order[held:], order[:held]


def examples(images: ArrayLike, labels: ArrayLike) -> Examples:
    """Checked images and labels; InputError for invalid ones."""
    return Examples(validation.array("images", images), validation.shaped("labels", labels))


def repeated(
    trial: Callable[[PulsedDevice, np.random.Generator, Advance], xr.Dataset],
    devices: PulsedDevice | Sequence[PulsedDevice],
    given: Examples,
    *,
    name: str,
    steps: int,
    repeats: int,
    seed: Seed,
    settings: dict[str, Any],
    store: str | Path | None,
    progress: bool,
) -> xr.Dataset:
    """`trial` with each kind of device, `repeats` times; every kind gets the same random numbers at its start.

    steps: progress of a trial on the bar.  settings: identify this study, and are attributes of its result.
    Returns the results of the trials, along (levels, repeat).
    """
    kinds = validation.several("devices", devices, PulsedDevice)
    origin = recorded(seed)
    streams = generator(seed).integers(0, 2**63, validation.whole("repeats", repeats, 1)).tolist()
    identity = {
        "version": release(),
        "kind": name,
        "examples": digest(given.images, given.labels.astype(np.float64)),
        "devices": digest(*(kind.identity() for kind in kinds)),
        "settings": repr(settings),
        "seed": origin,  # not that of each repeat, so that more repeats can continue from fewer
    }
    kept = Store(store, identity)
    rows = []
    with Progress(progress, name.replace("_", " ")).bar(steps * len(kinds) * len(streams), "image") as advance:
        for number, kind in enumerate(kinds):
            row = []
            for repeat, stream in enumerate(streams):
                part_name = f"kind_{number:03d}_repeat_{repeat:04d}"
                part = kept.load(part_name)
                if part is None:
                    part = trial(kind, np.random.default_rng(stream), advance)
                    kept.save(part_name, part)
                else:
                    advance(steps)
                row.append(part)
            rows.append(xr.concat(row, "repeat"))
    along = {
        "levels": ([kind.levels for kind in kinds], {"long_name": "levels of a device"}),
        **_own_coordinates(kinds),
        "voltage": ([kind.voltage for kind in kinds], {"long_name": "voltage of a pulse", "units": "V"}),
        "scheme": ([kind.access.scheme for kind in kinds], {"long_name": "bias scheme of pulses"}),
    }
    return (
        xr.concat(rows, "levels")
        .assign_coords({name: ("levels", *column) for name, column in along.items()})
        .assign_attrs(
            experiment=name,
            **{key: value if isinstance(value, int | float) else str(value) for key, value in settings.items()},
            train_images=len(given.labels) - held_back("test_share", settings["test_share"], len(given.labels)),
            seed=origin,
            seeds_of_tables=json.dumps([kind.table.attrs["seed"] for kind in kinds]),
            dwmtj_version=kinds[0].table.attrs["dwmtj_version"],
            **{
                key: _joined(kind.table.attrs.get(key, "[]") for kind in kinds)
                for key in ("parameters", "landscape")
                if any(key in kind.table.attrs for kind in kinds)
            },
        )
    )


def _own_coordinates(kinds: Sequence[PulsedDevice]) -> dict[str, tuple[list[float], dict[str, str]]]:
    """The attributes of all kinds, and the temperature if all tables have one."""
    own = [kind.devices.coordinates() for kind in kinds]
    found = {
        name: ([each[name][0] for each in own], attributes)
        for name, (_, attributes) in own[0].items()
        if all(name in each for each in own)
    }
    if all("temperature" in kind.table.attrs for kind in kinds):
        found["temperature"] = ([float(kind.table.attrs["temperature"]) for kind in kinds], {"units": "K"})
    return found


def _joined(texts: Iterable[str]) -> str:
    """JSON of several lists, as for one."""
    return json.dumps([item for text in texts for item in json.loads(text)])
