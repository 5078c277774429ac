"""A study as it is written down: what is measured, on which devices, over which grid, how often."""

import dataclasses
import itertools
import json
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from compact_model.device.variation import SIGNED, SIZES, VARIABLE
from compact_model.support import validation
from compact_model.support.provenance import release
from compact_model.support.validation import InputError, nearest, shown
from dwmtj.options.device import LANDSCAPE_DEFAULTS, WELLS, Quantity

from .measures import MEASURES
from .measures.measure import Measure
from .quantities import DEVICE_TABLE, LANDSCAPE_TABLE, check_value, in_unit
from .sampling import BASES, Batch, Point

SHIPPED = Path(__file__).parent / "shipped"
_STUDY_KEYS = ("measure", "description", "samples", "seed", "samples_per_part")
_MOST_SAMPLES = 10**9
_MOST_POINTS = 10**5
_LANDSCAPE_DEFAULTS = {name: value for name, value in LANDSCAPE_DEFAULTS.items() if name != "track_seed"} | {
    "half_width_share": None,
    "edge_roughness": 0.0,
}


@dataclass(frozen=True, kw_only=True)
class Study:
    """What is measured, on which devices, over which grid, how often.  SI units throughout.

    measure: one of `MEASURES`.  samples: devices (or arrays) drawn at each point of the grid.  seed: of all draws.
    device, landscape, settings: what is fixed, by the names of the study file's tables [device], [landscape] and that
        of the measure; what is left out has its default.
    sweep: the values that the grid combines, by names out of the same tables; swept sizes keep the barrier,
        so that R_P goes with the area.
    spread: device-to-device standard deviations, as in `compact_model.vary`.
    samples_per_part: samples that are measured and stored together; None: the measure's own number.  The numbers do not
        depend on it.

    Raises InputError, also for a point of the grid that makes no sense.
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

    def __post_init__(self) -> None:
        validation.choice("measure", self.measure, MEASURES)
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
            for name, value in getattr(self, "settings" if table == self.measure else table).items():
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
        for point in self.points:
            try:
                if self.kind.check is not None:
                    self.kind.check(point.settings)
                if self.kind.has_track:
                    _ = Batch(point, self.spread, self.seed, 0, 1).tracks
            except InputError as error:
                raise InputError(f"{self.words(point.index)}{error}") from None

    def _swept(self, name: str, values: Any) -> tuple[Any, ...]:
        item = _named("sweep", name, [item for item in self.quantities.values() if item.name != "base"], self.kind)
        plain = tuple(_plain(f"sweep {name}", value) for value in validation.listed(f"sweep {name}", values))
        for value in plain:
            check_value(item, value)
        if len(set(plain)) < len(plain):
            raise InputError(f"sweep: expected different values of {name}, got {list(plain)}")
        if name in self.device.keys() | self.landscape.keys() | self.settings.keys():
            raise InputError(f"sweep: expected {name} either here or in a table of fixed values, got both")
        return plain

    @property
    def kind(self) -> Measure:
        """The measure itself."""
        return MEASURES[self.measure]

    def tables(self) -> dict[str, tuple[Quantity, ...]]:
        """The tables of a study file with the quantities that each may have."""
        return tables_of(self.kind)

    @cached_property
    def quantities(self) -> dict[str, Quantity]:
        """Everything that can be swept, by name."""
        return {item.name: item for items in self.tables().values() for item in items}

    @property
    def part_size(self) -> int:
        """Samples that are measured and stored together."""
        return min(self.samples_per_part or self.kind.samples_per_part, self.samples)

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of values of the swept quantities."""
        return tuple(len(values) for values in self.sweep.values())

    @cached_property
    def number_of_points(self) -> int:
        """Of the grid; 1 where nothing is swept."""
        product = 1
        for length in self.shape:
            product *= length
        return product

    @cached_property
    def combinations(self) -> list[dict[str, Any]]:
        """The swept values of each point, the last name's changing fastest."""
        return [dict(zip(self.sweep, values, strict=True)) for values in itertools.product(*self.sweep.values())]

    @cached_property
    def points(self) -> list[Point]:
        """Every point of the grid."""
        return [self._point(index, swept) for index, swept in enumerate(self.combinations)]

    def words(self, index: int) -> str:
        """A point's swept values for a message, in the units of the edge."""
        swept = self.combinations[index].items()
        parts = [f"{name} = {in_unit(self.quantities[name], value)}" for name, value in swept]
        return f"at {', '.join(parts)}: " if parts else ""

    def _point(self, index: int, swept: Mapping[str, Any]) -> Point:
        own = dict(self.device)
        base = BASES[own.pop("base", "lequeux2016")]()
        from_width = own.pop("anisotropy_from_width", False)
        names = {item.name for item in DEVICE_TABLE}
        moved = {name: value for name, value in swept.items() if name in names}
        from_width = moved.pop("anisotropy_from_width", from_width)
        try:
            device = base.replace(**own)
            sizes = {name: moved.pop(name) for name in SIZES if name in moved and "parallel_resistance" not in moved}
            device = device.resized(**sizes).replace(**moved) if sizes else device.replace(**moved)
            device = device.with_anisotropy_from_width() if from_width else device
        except InputError as error:
            raise InputError(f"{self.words(index)}{error}") from None

        def chosen(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
            here = {name: value for name, value in swept.items() if name in defaults}
            return dict(defaults) | dict(given) | here

        numbers = chosen(_LANDSCAPE_DEFAULTS, self.landscape)
        numbers["kind"] = WELLS[numbers.pop("well")]
        return Point(
            index, device, numbers, chosen({item.name: item.default for item in self.kind.settings}, self.settings)
        )

    def identity(self) -> dict[str, str]:
        """What makes the study this one and no other, as text by name: what a store is checked against."""
        fields = {
            each.name: getattr(self, each.name) for each in dataclasses.fields(self) if each.name != "description"
        }
        fields["samples_per_part"] = self.part_size
        return {name: json.dumps(value, sort_keys=True, default=dict) for name, value in fields.items()} | {
            "sweep": json.dumps({name: list(values) for name, values in self.sweep.items()}),
            "dwmtj_version": release(),
        }


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
    """A number or a word as Python's own, for the identity of a study."""
    own = value.item() if isinstance(value, np.generic) else value
    if own is not None and not isinstance(own, str | bool | int | float):
        raise InputError(f"{name}: expected a number or a word, got {shown(value)}")
    return own


def shipped_studies() -> dict[str, Path]:
    """The study files that come with the package, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}


def read_study(
    file: str | Path,
    *,
    samples: int | None = None,
    seed: int | None = None,
    samples_per_part: int | None = None,
) -> Study:
    """A study from a TOML file, in the units of the field, or one of `shipped_studies` by its name.

    samples, seed, samples_per_part: in the place of the file's.
    Raises InputError with the file, the key, what was expected and what came.
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
        given = {"samples": samples, "seed": seed, "samples_per_part": samples_per_part}
        return Study(**(_fields(content) | {name: value for name, value in given.items() if value is not None}))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _fields(content: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a Study from the content of its file; names and values are checked by the Study itself."""
    head = _table(content, "study", required=True)
    for key in head:
        if key not in _STUDY_KEYS:
            raise InputError(f"[study]: expected a key out of {', '.join(_STUDY_KEYS)}, got {key!r}")
    for key in ("measure", "samples"):
        if key not in head:
            raise InputError(f"[study]: expected the key {key}, got none")
    measure = MEASURES[validation.choice("measure", head["measure"], MEASURES)]
    tables = tables_of(measure)
    allowed = ("study", "sweep", "spread", *tables)
    for key in content:
        if key not in allowed:
            raise InputError(
                f"expected the tables {', '.join(f'[{each}]' for each in allowed)} for the measure {measure.name}, got "
                f"{key!r}{nearest(key, allowed)}"
            )

    def read(table: str, items: Iterable[Quantity]) -> dict[str, Any]:
        where = f"[{table}]"
        return {
            key: _named(where, key, items, measure).read(f"{where} {key}", value)
            for key, value in _table(content, table).items()
        }

    sweep = {}
    every = [item for items in tables.values() for item in items if item.name != "base"]
    for key, values in _table(content, "sweep").items():
        item = _named("[sweep]", key, every, measure)
        if not isinstance(values, list) or not values:
            raise InputError(f"[sweep]: expected a list of at least one value for {key}, got {values!r}")
        sweep[key] = tuple(item.read(f"[sweep] {key}", value) for value in values)
    spread = {}
    edge = {item.name: item for item in DEVICE_TABLE}
    for key, value in _table(content, "spread").items():
        _check_key("[spread]", key, VARIABLE, measure)
        where = f"[spread] {key}"
        spread[key] = edge[key].read(where, value) if key in SIGNED else 0.01 * validation.number(where, value)
    return head | {
        "device": read("device", DEVICE_TABLE),
        "landscape": read("landscape", LANDSCAPE_TABLE) if measure.has_track else {},
        "settings": read(measure.name, measure.settings),
        "sweep": sweep,
        "spread": spread,
    }


def _table(content: Mapping[str, Any], name: str, required: bool = False) -> dict[str, Any]:
    if required and name not in content:
        raise InputError(f"expected a table [{name}], got none")
    table = content.get(name, {})
    if not isinstance(table, dict):
        raise InputError(f"expected [{name}] to be a table of keys, got {table!r}")
    return dict(table)
