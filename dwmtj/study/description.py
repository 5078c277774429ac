"""The description of a study: the measure, the devices, the grid, and the number of samples."""

import itertools
import json
import math
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from compact_model.device.variation import SIGNED, VARIABLE
from compact_model.support import validation
from compact_model.support.arrays import IntArray
from compact_model.support.model_range import spread_from_percent
from compact_model.support.provenance import release
from compact_model.support.validation import InputError, nearest, shown
from dwmtj.options.device import Quantity

from .designs import DESIGNS, GRID, check_ranges, drawn
from .measures import MEASURES
from .measures.measure import Measure
from .measures.own import SUFFIX, read_measure
from .points import Recipe, keys_of
from .quantities import DEVICE_TABLE, LANDSCAPE_TABLE, check_value
from .sampling import Batch, Point

SHIPPED = Path(__file__).parent / "shipped"
_STUDY_KEYS = ("measure", "description", "samples", "seed", "samples_per_part", "design", "points", "format")
_FORMATS = (1, 2)
_FIRST_MEASURES = ("threshold", "levels", "retention")
# Files of format 1, those of dwmtj 0.1.0, had these in other units, which the numbers do not show.
_FORMERLY = {"step": ("ps", 1e-3), "duration": ("us", 1e3)}
_MOST_SAMPLES = 10**9
_MOST_POINTS = 10**5
_MOST_TRIED = 300


@dataclass(frozen=True, kw_only=True)
class Study:
    """A study: which quantity is measured, on which devices, over which grid, and how often.  SI units throughout.

    measure: one of `MEASURES`, or the name of a Python file with a `Measure` called MEASURE.
    samples: devices (or arrays) drawn at each point of the grid.  seed: of all draws.
    device, landscape, settings: fixed values, by the names of the study file's tables [device], [landscape] and that of
        the measure; names that are left out have their defaults.
    sweep: the values that the grid combines, by names from the same tables; swept sizes keep the barrier, so that R_P
        changes with the area.
    spread: device-to-device standard deviations, as in `compact_model.vary`.
    samples_per_part: samples that are measured and stored together, of one point or of several; None: the measure's own
        number.  The results do not depend on it.
    design: 'grid'; or 'random' or 'latin-hypercube', with `points` points, drawn between the two values that sweep then
        gives for a quantity (for words, from those listed).  Adding points to 'random' keeps the existing ones.

    Raises InputError, also for an invalid point; if there are more than 300 points, a sample of them is tried before
    the study starts.
    """

    measure: str
    samples: int
    seed: int = 0
    description: str = ""
    device: Mapping[str, Any] = field(default_factory=dict)
    landscape: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    sweep: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    spread: Mapping[str, float] = field(default_factory=dict)
    samples_per_part: int | None = None
    design: str = GRID
    points: int | None = None

    def __post_init__(self) -> None:
        _ = measure_called(self.measure)
        validation.choice("design", self.design, DESIGNS)
        if (self.design == GRID) != (self.points is None):
            raise InputError(
                f"points: expected a number with the designs {', '.join(DESIGNS[1:])}, and with no other, got "
                f"{shown(self.points)} with {self.design}"
            )
        if self.points is not None:
            validation.whole("points", self.points, 1)
        samples = validation.whole("samples", self.samples, 1)
        validation.whole("seed", self.seed, 0, at_most=None)
        if self.samples_per_part is not None:
            validation.whole("samples_per_part", self.samples_per_part, 1)
        validation.instance("description", self.description, str)
        for name in ("device", "landscape", "settings", "spread"):
            given = validation.instance(name, getattr(self, name), Mapping)
            object.__setattr__(self, name, {key: _plain(f"{name} {key}", value) for key, value in given.items()})
        if self.landscape and not self.kind.has_track:
            raise InputError(f"landscape: expected none for the measure {self.measure}, got {list(self.landscape)}")
        for table, items in self.tables().items():
            for name, value in getattr(self, "settings" if table == self.kind.name else table).items():
                check_value(_named(table, name, items, self.kind), value)
        swept = validation.instance("sweep", self.sweep, Mapping)
        object.__setattr__(self, "sweep", {name: self._swept(name, values) for name, values in swept.items()})
        for name, value in self.spread.items():
            _check_key("spread", name, VARIABLE, self.kind)
            validation.non_negative(name, value)
        if self.number_of_points > _MOST_POINTS or self.number_of_points * samples > _MOST_SAMPLES:
            raise InputError(
                f"sweep: expected at most {_MOST_POINTS:g} points and {_MOST_SAMPLES:g} samples, got "
                f"{self.number_of_points} x {samples}"
            )
        self._check_points()

    def _check_points(self) -> None:
        """Raise InputError for an invalid point: all are tried, or of many a sample from everywhere."""
        total = self.number_of_points
        tried = range(total) if total <= _MOST_TRIED else np.linspace(0, total - 1, _MOST_TRIED).astype(int).tolist()
        corners: Iterable[int] = []
        if self.design == GRID and self.sweep:
            ends = [sorted({0, length - 1}) for length in self.shape]
            corners = [int(np.ravel_multi_index(each, self.shape)) for each in itertools.product(*ends)]
        for index in sorted({*tried, *corners}):
            point = self.point(index)
            try:
                if self.kind.check is not None:
                    self.kind.check(point.settings)
                if self.kind.has_track:
                    _ = Batch([point], np.zeros(1, dtype=np.int64), self.spread, self.seed).tracks
            except InputError as error:
                raise InputError(f"{point.where}{error}") from None

    def _swept(self, name: str, values: Any) -> tuple[Any, ...]:
        item = _named("sweep", name, [item for item in self.quantities.values() if item.name != "base"], self.kind)
        plain = tuple(_plain(f"sweep {name}", value) for value in validation.listed(f"sweep {name}", values))
        for value in plain:
            check_value(item, value)
        if self.design != GRID:
            check_ranges(item, plain)
        if len(set(plain)) < len(plain):
            raise InputError(f"sweep: expected different values of {name}, got {list(plain)}")
        if name in self.device.keys() | self.landscape.keys() | self.settings.keys():
            raise InputError(f"sweep: expected {name} either here or in a table of fixed values, got both")
        return plain

    @property
    def kind(self) -> Measure:
        """The measure itself."""
        return measure_called(self.measure)

    def tables(self) -> dict[str, tuple[Quantity, ...]]:
        """The tables of a study file with the quantities that each may have."""
        return tables_of(self.kind)

    @cached_property
    def quantities(self) -> dict[str, Quantity]:
        """Everything that can be swept, by name."""
        return {item.name: item for items in self.tables().values() for item in items}

    @cached_property
    def recipe(self) -> Recipe:
        """The common settings of all points."""
        return Recipe(
            measure=self.kind,
            device=self.device,
            landscape=self.landscape,
            settings=self.settings,
            quantities={name: self.quantities[name] for name in self.sweep},
        )

    @property
    def part_size(self) -> int:
        """Number of samples that are measured and stored together, of any points."""
        return min(self.samples_per_part or self.kind.samples_per_part, self.samples * self.number_of_points)

    @property
    def shape(self) -> tuple[int, ...]:
        """Dimensions of the result without its samples: numbers of values of the swept quantities, or of the drawn
        points."""
        if self.design != GRID:
            return (self.number_of_points,)
        return tuple(len(values) for values in self.sweep.values())

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Dimension names of the result without its samples."""
        return tuple(self.sweep) if self.design == GRID else ("point",)

    @cached_property
    def number_of_points(self) -> int:
        """Number of points of the grid, 1 if nothing is swept; or of drawn points."""
        return math.prod(map(len, self.sweep.values())) if self.points is None else self.points

    @cached_property
    def combinations(self) -> list[dict[str, Any]]:
        """The swept values of each point; in a grid the last name's change fastest."""
        if self.design == GRID:
            return [dict(zip(self.sweep, values, strict=True)) for values in itertools.product(*self.sweep.values())]
        return drawn(self.design, self.number_of_points, self.sweep, self.quantities, self.seed)

    @cached_property
    def keys(self) -> IntArray:
        """The number of each point, from its swept values alone."""
        return keys_of(self.combinations)

    def point(self, index: int) -> Point:
        """One point.  Raises InputError that names it if it is invalid."""
        return self.recipe.point(int(self.keys[index]), self.combinations[index])

    def identity(self) -> dict[str, str]:
        """The identity of the study, as text by name, against which a store is checked.

        Samples and points can be added to a study, and divided otherwise, so these are not included.
        """
        fields = {name: getattr(self, name) for name in ("seed", "device", "landscape", "settings", "spread")}
        fields |= {"measure": self.kind.name} | ({"measure_source": self.kind.source} if self.kind.source else {})
        return {name: json.dumps(value, sort_keys=True, default=dict) for name, value in fields.items()} | {
            "sweep": json.dumps(list(self.sweep)),
            "dwmtj_version": release(),
        }


def measure_called(name: str) -> Measure:
    """One of `MEASURES`, or that of a user's file."""
    if isinstance(name, str) and name.endswith(SUFFIX):
        return read_measure(Path(name))
    return MEASURES[validation.choice("measure", name, MEASURES)]


def tables_of(measure: Measure) -> dict[str, tuple[Quantity, ...]]:
    """The tables of fixed values that a study of this measure may have, with their quantities."""
    track = {"landscape": LANDSCAPE_TABLE} if measure.has_track else {}
    return {"device": DEVICE_TABLE, **track, measure.name: measure.settings}


def _named(where: str, name: Any, items: Iterable[Quantity], measure: Measure) -> Quantity:
    known = {item.name: item for item in items}
    _check_key(where, name, known, measure)
    return known[name]


def _check_key(where: str, name: Any, known: Collection[str], measure: Measure) -> None:
    if name not in known:
        raise InputError(f"{where}: expected a key out of {', '.join(known)}, got {name!r}{nearest(str(name), known)}")
    if name in measure.without_effect:
        raise InputError(f"{where}: expected keys with an effect on the measure {measure.name}, got {name!r}")


def _plain(name: str, value: Any) -> str | bool | int | float | None:
    """A number or a word as a Python type, for the identity of a study."""
    own = value.item() if isinstance(value, np.generic) else value
    if own is not None and not isinstance(own, str | bool | int | float):
        raise InputError(f"{name}: expected a number or a word, got {shown(value)}")
    return own


def shipped_studies() -> dict[str, Path]:
    """The study files shipped with the package, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}


def read_study(
    file: str | Path,
    *,
    samples: int | None = None,
    seed: int | None = None,
    samples_per_part: int | None = None,
    points: int | None = None,
) -> Study:
    """Read a study from a TOML file in the units of the field, or one of `shipped_studies` by its name.

    samples, seed, samples_per_part, points: instead of those in the file.
    A file with `step` or `duration`, which had other units in dwmtj 0.1.0, must state `format = 2`, or `format = 1` to
    be read as 0.1.0 did.  A user-defined measure is looked for in the same folder as the file.
    Raises InputError with the file, the key, what was expected and what was given.
    """
    if not isinstance(file, str | Path) or "\0" in str(file):
        raise InputError(f"file: expected a study file, or one of {', '.join(shipped_studies())}, got {shown(file)}")
    path = shipped_studies().get(str(file), Path(file))
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: expected TOML, got a syntax error: {error}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: expected TOML in UTF-8, got other bytes") from None
    except RecursionError:
        raise InputError(f"{path}: expected the tables of a study, got values nested too deeply") from None
    except FileNotFoundError:
        known = ", ".join(shipped_studies())
        raise InputError(f"file: expected a study file, or one of {known}, got {str(file)!r}") from None
    try:
        given = {"samples": samples, "seed": seed, "samples_per_part": samples_per_part, "points": points}
        return Study(
            **(_fields(content, path.parent) | {name: value for name, value in given.items() if value is not None})
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _fields(content: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The fields of a Study from the content of its file; names and values are checked by the Study itself."""
    head = _table(content, "study", required=True)
    for key in head:
        if key not in _STUDY_KEYS:
            raise InputError(f"[study]: expected a key out of {', '.join(_STUDY_KEYS)}, got {key!r}")
    for key in ("measure", "samples"):
        if key not in head:
            raise InputError(f"[study]: expected the key {key}, got none")
    if isinstance(head["measure"], str) and head["measure"].endswith(SUFFIX):
        head = head | {"measure": str(folder / head["measure"])}
    measure = measure_called(head["measure"])
    head, written = _format(head)
    tables = tables_of(measure)
    allowed = ("study", "sweep", "spread", *tables)
    for key in content:
        if key not in allowed:
            raise InputError(
                f"expected the tables {', '.join(f'[{each}]' for each in allowed)} for the measure {measure.name}, got "
                f"{key!r}{nearest(key, allowed)}"
            )

    def value_of(where: str, item: Quantity, value: Any) -> Any:
        if item.name in _FORMERLY and measure.name in _FIRST_MEASURES:
            unit, share = _FORMERLY[item.name]
            if written is None:
                raise InputError(
                    f"{where}: expected [study] to say in which unit {item.name} is: format = 2 for {item.unit}, or "
                    f"format = 1 for {unit}, as dwmtj 0.1.0 had it; got no format"
                )
            if written == 1:
                item = replace(item, unit=unit, scale=share * item.scale)
        return item.read(where, value)

    def read(table: str, items: Iterable[Quantity]) -> dict[str, Any]:
        where = f"[{table}]"
        return {
            key: value_of(f"{where} {key}", _named(where, key, items, measure), value)
            for key, value in _table(content, table).items()
        }

    sweep = {}
    every = [item for items in tables.values() for item in items if item.name != "base"]
    for key, values in _table(content, "sweep").items():
        item = _named("[sweep]", key, every, measure)
        if not isinstance(values, list) or not values:
            raise InputError(f"[sweep]: expected a list of at least one value for {key}, got {values!r}")
        sweep[key] = tuple(value_of(f"[sweep] {key}", item, value) for value in values)
    spread = {}
    edge = {item.name: item for item in DEVICE_TABLE}
    for key, value in _table(content, "spread").items():
        _check_key("[spread]", key, VARIABLE, measure)
        where = f"[spread] {key}"
        if key in SIGNED:
            spread[key] = edge[key].read(where, value)
        else:
            spread[key] = spread_from_percent(where, validation.number(where, value))
    return head | {
        "device": read("device", DEVICE_TABLE),
        "landscape": read("landscape", LANDSCAPE_TABLE) if measure.has_track else {},
        "settings": read(measure.name, measure.settings),
        "sweep": sweep,
        "spread": spread,
    }


def _format(head: dict[str, Any]) -> tuple[dict[str, Any], int | None]:
    """The rest of [study], and the file's format; None if it has none."""
    rest = dict(head)
    if "format" not in rest:
        return rest, None
    written = rest.pop("format")
    if isinstance(written, bool) or written not in _FORMATS:
        raise InputError(f"format: expected one of {', '.join(map(str, _FORMATS))}, got {shown(written)}")
    return rest, int(written)


def _table(content: Mapping[str, Any], name: str, required: bool = False) -> dict[str, Any]:
    if required and name not in content:
        raise InputError(f"expected a table [{name}], got none")
    table = content.get(name, {})
    if not isinstance(table, dict):
        raise InputError(f"expected [{name}] to be a table of keys, got {table!r}")
    return dict(table)
