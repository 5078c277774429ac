"""The drive of a device from options, in the units of the field."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from compact_model.constants import AMPERE_PER_SQUARE_CENTIMETRE, MILLIAMPERE, NANOSECOND, OERSTED
from compact_model.drive import Current, CurrentDensity, Drive, Voltage, constant, pulses
from compact_model.support.validation import InputError, number, positive

Function = TypeVar("Function", bound=Callable[..., Any])

_DRIVES: dict[str, tuple[type[Drive], float]] = {
    "current": (Current, MILLIAMPERE),
    "voltage": (Voltage, 1.0),
    "current_density": (CurrentDensity, AMPERE_PER_SQUARE_CENTIMETRE),
}


def drive_options(function: Function) -> Function:
    """Add --current, --voltage, --current-density, --pulse-width and --duration to a command."""
    for option in (
        click.option(
            "--duration", type=float, default=100.0, show_default=True, metavar="ns", help="Simulated time, ns."
        ),
        click.option(
            "--pulse-width", type=float, metavar="ns", help="End the drive after so many ns  [default: never]"
        ),
        click.option("--current-density", type=float, metavar="A/cm2", help="J in the torques, A/cm2."),
        click.option("--voltage", type=float, metavar="V", help="Voltage source, V."),
        click.option("--current", type=float, metavar="mA", help="Current source, mA."),
    ):
        function = option(function)
    return function


def field_option(function: Function) -> Function:
    """Add --external-field to a command."""
    return click.option(
        "--external-field",
        type=float,
        metavar="Oe",
        help="In addition to the stray field, Oe  [default: cancels it, so that the net field is 0]",
    )(function)


def field_from(external_field: float | None) -> float | None:
    """--external-field in T."""
    return None if external_field is None else number("--external-field", external_field) * OERSTED


def step_option(default: float) -> Callable[[Function], Function]:
    """Add --step, with a default in s, to a command."""
    shown = float(f"{default / NANOSECOND:.6g}")
    return click.option(
        "--step", type=float, default=shown, show_default=True, metavar="ns", help="Longest time step, ns."
    )


_METHODS = {
    "rates": "by rates of escape: too slow to be integrated",
    "adaptive": "integrated by the adaptive method",
    "rk4": "integrated by RK4",
    "heun": "integrated by the stochastic Heun method",
}


def method_in_words(method: str) -> str:
    """How a ramp or a sweep was followed, for the output of a command."""
    return ", ".join(_METHODS[each] for each in method.split(" and "))


def drive_given(options: dict[str, Any]) -> bool:
    """Whether any of the drives was given."""
    return any(options.get(name) is not None for name in _DRIVES)


def drive_from_options(options: dict[str, Any]) -> tuple[Drive, float]:
    """Remove the drive's options from a command's options: the drive, and the duration in s."""
    given = {name: options.pop(name) for name in _DRIVES}
    pulse_width, duration = options.pop("pulse_width"), options.pop("duration")
    chosen = [name for name, value in given.items() if value is not None]
    if len(chosen) != 1:
        raise InputError(
            f"drive: expected exactly one of --current, --voltage and --current-density, got {len(chosen)} of them"
        )
    kind, scale = _DRIVES[chosen[0]]
    value = number(f"--{chosen[0].replace('_', '-')}", given[chosen[0]]) * scale
    stop = positive("--duration", duration) * NANOSECOND
    if pulse_width is None:
        return kind(constant(value)), stop
    width = positive("--pulse-width", pulse_width) * NANOSECOND
    return kind(pulses([value], width=width, period=width)), stop
