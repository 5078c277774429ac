"""Size, wires and scheme of an array, from options."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from compact_model.device.parameters import DeviceParameters
from compact_model.support.validation import InputError, between, non_negative
from crossbar.faults.faults import FaultRates
from crossbar.schemes import SCHEMES
from crossbar.wires import Wires

from .help import ARRAY, in_group

Function = TypeVar("Function", bound=Callable[..., Any])


_WIRES = {
    "wire_resistance": ("of one segment of wire, word and bit lines", 1.0),
    "driver_resistance": ("of a word line's driver", 0.0),
    "sense_resistance": ("between a bit line and its sense node", 0.0),
}


def _resistances(function: Function, names: list[str]) -> Function:
    for name in reversed(names):
        what, default = _WIRES[name]
        option = "--" + name.replace("_", "-")
        function = click.option(
            option, type=float, default=default, show_default=True, metavar="Ohm", help=f"Resistance {what}, Ohm."
        )(function)
    return function


_FAULTS = {
    "stuck_low": "Cells stuck at their lowest resistance, %.",
    "stuck_high": "Cells stuck at their highest resistance, %.",
    "open_cells": "Cells that do not conduct, %.",
}
_LINE_FAULTS = {
    "broken_segments": "Segments of word lines and bit lines that are broken, %.",
    "shorted_lines": "Cells at which two neighbouring lines touch, %.",
}


@in_group(ARRAY)
def fault_options(function: Function) -> Function:
    """Add --stuck-low, --stuck-high, --open-cells, --broken-segments, --shorted-lines and --fault-seed to a command."""
    function = click.option(
        "--fault-seed",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        help="Seed of which cells and lines are faulty.",
    )(function)
    for name, text in reversed((_FAULTS | _LINE_FAULTS).items()):
        option = "--" + name.replace("_", "-")
        function = click.option(option, type=float, default=0.0, show_default=True, metavar="%", help=text)(function)
    return function


def faults_from_options(options: dict[str, Any]) -> FaultRates | None:
    """Remove these options from a command's options; None if nothing is faulty."""
    given = {name: options.pop(name) for name in (*_FAULTS, *_LINE_FAULTS) if name in options}
    seed = options.pop("fault_seed", 0)
    rates = {name: 0.01 * between("--" + name.replace("_", "-"), value, 0.0, 100.0) for name, value in given.items()}
    if sum(rates.get(name, 0.0) for name in _FAULTS) > 1.0:
        raise InputError(f"--{', --'.join(_FAULTS).replace('_', '-')}: expected at most 100 % together, got more")
    return FaultRates(**rates, seed=seed) if any(rates.values()) else None


@in_group(ARRAY)
def wire_options(function: Function) -> Function:
    """Add --wire-resistance, --driver-resistance, --sense-resistance and the options of faults to a command."""
    return _resistances(fault_options(function), list(_WIRES))


@in_group(ARRAY)
def driver_options(function: Function) -> Function:
    """Add --wire-resistance, --driver-resistance and the options of faults to a command."""
    return _resistances(fault_options(function), ["wire_resistance", "driver_resistance"])


def wires_from_options(options: dict[str, Any]) -> Wires:
    """Remove the wires' options from a command's options."""
    given = {name: options.pop(name) for name in _WIRES if name in options}
    checked = {name: non_negative("--" + name.replace("_", "-"), value) for name, value in given.items()}
    return Wires.equal(checked.pop("wire_resistance"), **checked, faults=faults_from_options(options))


def scheme_option(function: Function) -> Function:
    """Add --scheme, which may be given several times, to a command."""
    return click.option(
        "--scheme",
        "schemes",
        multiple=True,
        type=click.Choice(SCHEMES),
        help="May be given several times  [default: all four]",
    )(function)


def size_option(default: int) -> Callable[[Function], Function]:
    """Add --word-lines and --bit-lines to a command."""

    @in_group(ARRAY)
    def add(function: Function) -> Function:
        for name in ("--bit-lines", "--word-lines"):
            function = click.option(name, type=click.IntRange(1), default=default, show_default=True)(function)
        return function

    return add


def sizes_option(default: str) -> Callable[[Function], Function]:
    """Add --sizes, a list such as 2,4,8, to a command."""
    return click.option(
        "--sizes",
        default=default,
        show_default=True,
        metavar="N,N,...",
        help="Numbers of lines of square arrays, separated by commas.",
    )


def numbers_from(name: str, text: str, kind: type, *, at_most: float = 1e6) -> list[Any]:
    """Numbers from a text with commas."""
    try:
        found = [kind(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"{name}: expected numbers with commas between, such as 2,4,8, got {text!r}") from None
    for value in found:
        between(name, value, 0, at_most)
    return found


@in_group(ARRAY)
def high_state_option(function: Function) -> Function:
    """Add --high-state to a command."""
    return click.option(
        "--high-state",
        type=click.Choice(["AP", "wall"]),
        default="AP",
        show_default=True,
        help="R_H: the uniform AP device, or a wall at the AP end, where the pad stays parallel.",
    )(function)


def resistances(parameters: DeviceParameters, high_state: str) -> tuple[float, float]:
    """R_L and R_H of a device, Ohm: R_P, and R_AP or the resistance with a wall at the AP end."""
    from compact_model.device.junction import resistance

    if high_state == "AP":
        return parameters.parallel_resistance, parameters.antiparallel_resistance
    return parameters.parallel_resistance, float(resistance(parameters, 0.0))
