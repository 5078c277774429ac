"""The spikes of the neurons around a synapse, from options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from compact_model.constants import NANOSECOND
from compact_model.support.validation import non_negative, positive

from .help import in_group

if TYPE_CHECKING:
    from compact_model.device.parameters import DeviceParameters
    from compact_model.experiments.spikes import Spike

Function = TypeVar("Function", bound=Callable[..., Any])
SPIKE_SHAPES = ("rectangle", "sawtooth")


@in_group("Spikes")
def spike_options(function: Function) -> Function:
    """Add what a spike is, but for its shape, to a command."""
    for option in (
        click.option(
            "--tail", type=float, default=24.0, show_default=True, metavar="ns", help="Length of the tail, ns."
        ),
        click.option("--edge", type=float, default=4.0, show_default=True, metavar="ns", help="Slopes of a spike, ns."),
        click.option(
            "--pulse-width", type=float, default=6.0, show_default=True, metavar="ns", help="Width of the pulse, ns."
        ),
        click.option(
            "--tail-voltage",
            type=float,
            metavar="V",
            help="Of the tail at its start, V  [default: 0.45 times the threshold, 0.25 with a rectangle]",
        ),
        click.option(
            "--pulse-voltage",
            type=float,
            metavar="V",
            help="Of the pulse, V  [default: 0.65 times the threshold, 0.75 with a rectangle]",
        ),
    ):
        function = option(function)
    return function


def spikes_from_options(options: dict[str, Any], parameters: DeviceParameters, shapes: tuple[str, ...]) -> list[Spike]:
    """Take these options out of a command's options: one spike for each shape."""
    from compact_model.experiments.spikes import Spike

    changes: dict[str, Any] = {
        "width": positive("--pulse-width", options.pop("pulse_width")) * NANOSECOND,
        "edge": non_negative("--edge", options.pop("edge")) * NANOSECOND,
        "tail": positive("--tail", options.pop("tail")) * NANOSECOND,
    }
    for name in ("pulse_voltage", "tail_voltage"):
        volts = options.pop(name)
        if volts is not None:
            changes[name] = non_negative("--" + name.replace("_", "-"), volts)
    return [replace(Spike.below_threshold(parameters, shape), **changes) for shape in shapes]


def delays_from(longest: float, points: int) -> Any:
    """--longest-delay and --points as delays in s, as many on either side of 0."""
    import numpy as np

    return np.linspace(-1.0, 1.0, points) * positive("--longest-delay", longest) * NANOSECOND
