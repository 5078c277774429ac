"""Device and landscape from options and from a TOML file, in the units of the field."""

import tomllib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from compact_model.constants import NANOMETRE, OERSTED
from compact_model.device.parameters import PARAMETERS, DeviceParameters
from compact_model.device.published import COERCIVE_FIELD, WELL_HALF_WIDTH, lequeux2016, lequeux2016_track
from compact_model.device.width_laws import ANISOTROPY_LAWS, SET_BY_LAW, AnisotropyLaw
from compact_model.support.validation import InputError, nearest, number, whole
from compact_model.track.landscape import Landscape, single_well
from compact_model.track.random_sites import random_track
from compact_model.track.wells import GaussianWell, ParabolicWell

from .help import DEVICE as DEVICE_GROUP
from .help import in_group

WELLS: dict[str, Any] = {"parabolic": ParabolicWell, "gaussian": GaussianWell}
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Quantity:
    """One parameter on the command line: its name, its unit there, and the factor to SI; for a word, the choices
    instead."""

    name: str
    help: str
    unit: str = ""
    scale: float = 1.0
    whole: bool = False
    choices: tuple[str, ...] = ()
    si: str | None = None
    """The unit in SI; None: the usual one of the unit on the command line."""

    @property
    def option(self) -> str:
        """The name on the command line."""
        return "--" + self.name.replace("_", "-")

    def read(self, where: str, value: Any) -> Any:
        """A value from the command line in SI; raises InputError that names its source."""
        if self.choices:
            if value not in self.choices:
                raise InputError(f"{where}: expected one of {', '.join(self.choices)}, got {value!r}")
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{where}: expected a number{f' in {self.unit}' if self.unit else ''}, got {value!r}")
        if self.whole and not isinstance(value, int):
            raise InputError(f"{where}: expected a whole number, got {value!r}")
        return value if self.whole else number(where, value) * self.scale


def _device() -> Iterator[Quantity]:
    for row in PARAMETERS:
        edge = row.dimension.edge
        yield Quantity(row.name, row.in_words, edge.name, edge.scale, choices=row.range.choices, si=row.dimension.si)
        if row.name == "anisotropy_field":
            yield Quantity(
                "anisotropy_from_width",
                "wall by the track's width instead: H_K, H_4 and Delta of the paper's film at 60 to 130 nm "
                "(micromagnetics), or a quick estimate of H_K (rigid-wall)",
                choices=ANISOTROPY_LAWS,
            )


DEVICE = tuple(_device())

LANDSCAPE = (
    Quantity("coercive_field", "depinning field H_c of a site (its mean)", "Oe", OERSTED),
    Quantity("half_width", "half width x_c of a site (its mean)", "nm", NANOMETRE),
    Quantity("well", "shape of a site", choices=tuple(WELLS)),
    Quantity("sites", "number of sites; with more than one they are drawn at random", whole=True),
    Quantity("coercive_field_spread", "relative standard deviation of H_c, random sites"),
    Quantity("half_width_spread", "relative standard deviation of x_c, random sites"),
    Quantity("anisotropy_spread", "standard deviation of H_K, random sites", "Oe", OERSTED),
    Quantity("track_seed", "seed of the random sites", whole=True),
)

LANDSCAPE_DEFAULTS: dict[str, Any] = {
    "coercive_field": COERCIVE_FIELD,
    "half_width": WELL_HALF_WIDTH,
    "well": "parabolic",
    "sites": 1,
    "coercive_field_spread": 0.0,
    "half_width_spread": 0.0,
    "anisotropy_spread": 0.0,
    "track_seed": 0,
}

TABLES = {"device": DEVICE, "landscape": LANDSCAPE}


def device_options(function: Function) -> Function:
    """Add --parameters FILE.toml and one option for each device and landscape parameter to a command."""
    return parameter_options(lequeux2016(), (*DEVICE, *LANDSCAPE), "tables [device] and [landscape]")(function)


def parameter_options(
    base: DeviceParameters, quantities: Sequence[Quantity], tables: str
) -> Callable[[Function], Function]:
    """Add --parameters FILE.toml, with those tables, and an option for each quantity, whose default is the base's."""
    own: dict[str, Any] = {item.name: getattr(base, item.name, "given") for item in DEVICE}
    defaults = own | LANDSCAPE_DEFAULTS

    @in_group(DEVICE_GROUP)
    def add(function: Function) -> Function:
        for item in reversed(quantities):
            value = defaults[item.name]
            shown = value if item.choices or item.whole else f"{value / item.scale:.6g}"
            unit = f", {item.unit}" if item.unit else ""
            kind: Any = click.Choice(item.choices) if item.choices else int if item.whole else float
            metavar = None if item.choices else (item.unit or "NUMBER")
            function = click.option(
                item.option, item.name, type=kind, metavar=metavar, help=f"{item.help}{unit}  [default: {shown}]"
            )(function)
        return click.option(
            "--parameters",
            type=click.Path(dir_okay=False, path_type=Path),
            help=f"TOML file with {tables}; keys and units are those of the options below.",
        )(function)

    return add


def track_options(function: Function) -> Function:
    """Add the options of a measurement on a many-level track besides the device: temperature and seed."""
    for option in (
        click.option("--seed", type=int, default=0, show_default=True, help="Seed of the thermal fields."),
        click.option(
            "--temperature",
            type=float,
            default=300.0,
            show_default=True,
            metavar="K",
            help="Temperature of the thermal fields, K.",
        ),
    ):
        function = option(function)
    return function


def track_from_options(options: dict[str, Any]) -> tuple[DeviceParameters, Landscape, str]:
    """The device, the given landscape or else the paper's many-level track, and a description of which it is."""
    parameters, landscape, numbers = device_from_options(options)
    seed = numbers["track_seed"]
    if not numbers["own_landscape"]:
        landscape = lequeux2016_track(parameters, seed)
        return parameters, landscape, f"the paper's many-level track, {len(landscape.wells)} sites (seed {seed})"
    sites = f"H_c = {numbers['coercive_field'] / OERSTED:.4g} Oe, x_c = {numbers['half_width'] / NANOMETRE:.4g} nm"
    if numbers["sites"] == 1:
        return parameters, landscape, f"one {numbers['well']} site, {sites}"
    return parameters, landscape, f"{numbers['sites']} {numbers['well']} sites, on average {sites} (seed {seed})"


def _from_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: expected TOML, got a syntax error: {error}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: expected TOML in UTF-8, got other bytes") from None
    values: dict[str, Any] = {}
    for table, entries in content.items():
        if table in TABLES and not isinstance(entries, dict):
            raise InputError(f"{path}: expected [{table}] to be a table of keys, got {entries!r}")
        if table not in TABLES:
            raise InputError(
                f"{path}: expected the tables {', '.join(f'[{name}]' for name in TABLES)}, got {table!r}"
                f"{nearest(table, TABLES)}"
            )
        known = {item.name: item for item in TABLES[table]}
        for key, value in entries.items():
            if key not in known:
                raise InputError(f"{path}: expected a key of [{table}], got {key!r}{nearest(key, known)}")
            values[key] = known[key].read(f"{path}: {key}", value)
    return values


def device_from_options(
    options: dict[str, Any], base: DeviceParameters | None = None, *, at_its_width: bool = True
) -> tuple[DeviceParameters, Landscape, dict[str, Any]]:
    """Remove the device's options from a command's options; options override TOML, which overrides `base` (the
    paper's).

    Returns the parameters, the landscape, and the landscape's numbers in SI by name, with anisotropy_from_width.
    at_its_width: whether the device has that anisotropy; a caller that scales it applies the law itself.
    """
    path = options.pop("parameters")
    given = _from_toml(path) if path is not None else {}
    for table in TABLES.values():
        for item in table:
            value = options.pop(item.name, None)
            if value is not None:
                given[item.name] = item.read(item.option, value)
    own_landscape = bool(given.keys() & LANDSCAPE_DEFAULTS.keys() - {"track_seed"})
    numbers = LANDSCAPE_DEFAULTS | {name: given.pop(name) for name in LANDSCAPE_DEFAULTS if name in given}
    law = given.pop("anisotropy_from_width", "given")
    check_law(law, given)
    parameters = (lequeux2016() if base is None else base).replace(**given)
    if at_its_width:
        parameters = parameters.with_anisotropy_from_width(law)
    kind = WELLS[numbers["well"]]
    whole("--sites", numbers["sites"], 1)
    whole("--track-seed", numbers["track_seed"], 0, at_most=None)
    if numbers["sites"] == 1:
        landscape = single_well(
            parameters, coercive_field=numbers["coercive_field"], half_width=numbers["half_width"], kind=kind
        )
    else:
        landscape = random_track(
            parameters,
            numbers["sites"],
            seed=numbers["track_seed"],
            coercive_field=numbers["coercive_field"],
            coercive_field_spread=numbers["coercive_field_spread"],
            half_width=numbers["half_width"],
            half_width_spread=numbers["half_width_spread"],
            anisotropy_spread=numbers["anisotropy_spread"],
            kind=kind,
        )
    return (
        parameters,
        landscape,
        numbers
        | {
            "kind": kind,
            "own_landscape": own_landscape,
            "anisotropy_from_width": law,
        },
    )


def check_law(law: AnisotropyLaw, given: Collection[str]) -> None:
    """Raise InputError if a parameter is given that is set by the law of the width."""
    for name in SET_BY_LAW[law]:
        if name in given:
            raise InputError(f"{name}: expected none with anisotropy_from_width {law!r}, which sets it, got both")
