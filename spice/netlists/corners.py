"""Corner files, as in design kits: sections tt, ff, ss and mc of a device with the variation of `vary`."""

import math
import textwrap
from collections.abc import Mapping

from compact_model.device.parameters import PARAMETERS, DeviceParameters
from compact_model.device.variation import SIGNED, SIZES, VARIABLE
from compact_model.support import validation
from compact_model.support.model_range import relative_spread
from compact_model.support.validation import InputError, nearest
from compact_model.track.landscape import Landscape

from . import text
from .ngspice_model import NetlistDevice, subcircuit
from .text import real

SECTIONS = ("tt", "ff", "ss", "mc")
_FASTER = {"wall_width": 1.0, "field_like_ratio": 1.0, "damping": -1.0}
"""Parameters that do not affect the static threshold, with the direction in which the wall becomes faster."""
_STEP = 1e-3
_DEVIATE = "deviate_"


def corner_file(
    parameters: DeviceParameters,
    landscape: Landscape,
    spreads: Mapping[str, float],
    *,
    name: str = "dwmtj",
    sigmas: float = 3.0,
) -> str:
    """A library for ngspice with the sections tt, ff, ss and mc, for `.lib FILE SECTION`.

    spreads: standard deviations by parameter name, as in `compact_model.vary`: relative, of a log-normal distribution
    that keeps the mean, or in the SI unit, of a normal distribution, for parameters of either sign.  A larger area
    lowers R_P.
    name: of the sub-circuit, the same in all sections.
    sigmas: number of standard deviations by which all parameters are shifted in ff and ss, each in the direction that
    lowers (ff) or raises (ss) the voltage above which the wall moves, or that makes it faster or slower.

    tt is the nominal device; in mc every instance draws its own values once, with the seed of `.options seed=`.  Raises
    InputError for parameters that cannot vary, or cannot vary in a netlist of this landscape.
    """
    device = NetlistDevice(parameters, landscape, name)
    found = _checked(device, spreads)
    many = validation.positive("sigmas", sigmas)
    directions = {field: _faster(parameters, field) for field in found}
    deviates = {
        "tt": None,
        "ff": {field: real("deviate", many * direction) for field, direction in directions.items()},
        "ss": {field: real("deviate", -many * direction) for field, direction in directions.items()},
        "mc": {field: f"{_DEVIATE}{_symbol(field)}" for field in found},
    }
    lines = [f"* {line}".rstrip() for line in _header(device, found, directions, many)]
    for section, deviate in deviates.items():
        drawn = {} if deviate is None else _drawn(found, deviate)
        draws = tuple(deviate.values()) if deviate is not None and section == "mc" else ()
        lines += [f".lib {section}", subcircuit(device, drawn, draws).rstrip(), f".endl {section}"]
    return "\n".join(lines) + "\n"


def _checked(device: NetlistDevice, spreads: Mapping[str, float]) -> dict[str, float]:
    """The non-zero spreads, in the order of the parameters."""
    for field in validation.instance("spreads", spreads, Mapping):
        if field not in VARIABLE:
            raise InputError(
                f"spreads: expected names out of {', '.join(VARIABLE)}, got {field!r}{nearest(str(field), VARIABLE)}"
            )
    along = device.track.centre is None
    found = {}
    for row in PARAMETERS:
        if row.name not in spreads:
            continue
        given = spreads[row.name]
        spread = validation.non_negative(row.name, given) if row.name in SIGNED else relative_spread(row.name, given)
        if _symbol(row.name) not in device.quantities:
            raise InputError(
                f"spreads: expected parameters that the netlist of this device has, got {row.name!r}; a term that is "
                "off, and nucleation, have none there"
            )
        profile = device.track.anisotropy is not None
        if (row.name == "track_length" and (along or profile)) or (row.name == "anisotropy_field" and profile):
            raise InputError(
                f"spreads: expected no {row.name} for a landscape that is drawn along the track, got {given!r}; it is "
                "the landscape's own there"
            )
        if spread > 0.0:
            found[row.name] = spread
    return found


def _symbol(field: str) -> str:
    """A parameter's name in netlists, where the stray field is part of the net field."""
    if field == "stray_field":
        return "hz"
    return next(row.netlist for row in PARAMETERS if row.name == field)


def _unit(field: str) -> float:
    return next(row.dimension.netlist.scale for row in PARAMETERS if row.name == field)


def _drawn(spreads: Mapping[str, float], deviates: Mapping[str, str]) -> dict[str, str]:
    """Expressions for the drawn parameters in terms of the given ones; '{name}' stands for the latter."""
    found = {}
    for field, spread in spreads.items():
        symbol = _symbol(field)
        if field in SIGNED:
            found[symbol] = f"{{{symbol}}}+{real('spread', spread / _unit(field))}*({deviates[field]})"
        else:
            sigma = math.sqrt(math.log1p(spread**2))
            law = f"exp({real('sigma', sigma)}*({deviates[field]})-{real('mean', 0.5 * sigma**2)})"
            found[symbol] = f"{{{symbol}}}*{law}"
    if any(field in SIZES for field in spreads):
        # The barrier stays the same: R_P is inversely proportional to the area.
        given, drawn = "({length}*{width}+{pad})", "({length_drawn}*{width_drawn}+{pad_drawn})"
        for size in ("length", "width", "pad"):
            if size not in found:
                drawn = drawn.replace(f"{{{size}_drawn}}", f"{{{size}}}")
        found["rp"] = f"{found.pop('rp', '{rp}')}*{given}/{drawn}"
    return found


def _faster(parameters: DeviceParameters, field: str) -> float:
    """1 or -1: the direction in which the device switches at a lower voltage, or faster; 0: neither."""
    value = getattr(parameters, field)
    step = _STEP * abs(value) or _STEP * 1e-3
    if field == "parallel_resistance":
        return -1.0
    above, below = (parameters.replace(**{field: value + sign * step}).threshold_voltage for sign in (1.0, -1.0))
    if abs(above - below) <= 1e-9 * parameters.threshold_voltage:
        return _FASTER.get(field, 0.0)
    return -1.0 if above > below else 1.0


def _header(
    device: NetlistDevice, spreads: Mapping[str, float], directions: Mapping[str, float], sigmas: float
) -> list[str]:
    prose = [
        f"Corners of the domain-wall magnetic tunnel junction {device.name!r}; use one of  .lib FILE tt  (typical), ff "
        f"(fast), ss (slow), mc (Monte Carlo).",
        f"ff, ss: all parameters below at once {sigmas:g} standard deviations away, where the wall moves at a lower "
        "(higher) voltage, or faster (slower).",
        "mc: every instance draws its own values once; .options seed=NUMBER gives the same draws again. Thermal fields "
        "have the parameter seed of each instance.",
        "What an instance gives is the mean about which it varies.",
    ]
    lines = [line for part in prose for line in textwrap.wrap(part, 110, subsequent_indent="    ")]
    rows = [
        (
            _symbol(field),
            f"{spread / _unit(field):.6g}" if field in SIGNED else f"{100.0 * spread:g} %",
            "normal" if field in SIGNED else "log-normal, its mean kept",
            {1.0: "higher", -1.0: "lower", 0.0: "as it is"}[directions[field]],
        )
        for field, spread in spreads.items()
    ]
    return [*lines, *text.columns([("parameter", "standard deviation", "law", "in ff"), *rows], "")]
