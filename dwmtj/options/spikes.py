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


def spike_options(*, edge: float, pulse: str, tail: str) -> Callable[[Function], Function]:
    """Add the options of a spike, except its shape, to a command; its usual edge in ns, and its usual voltages in
    words."""

    @in_group("Spikes")
    def add(function: Function) -> Function:
        for option in (
            click.option(
                "--tail", type=float, default=24.0, show_default=True, metavar="ns", help="Length of the tail, ns."
            ),
            click.option(
                "--edge",
                type=float,
                default=edge,
                show_default=True,
                metavar="ns",
                help="Duration of each edge of a spike, ns.",
            ),
            click.option(
                "--pulse-width",
                type=float,
                default=6.0,
                show_default=True,
                metavar="ns",
                help="Width of the pulse, ns.",
            ),
            click.option(
                "--tail-voltage",
                type=float,
                metavar="V",
                help=f"Of the tail at its start, V  [default: {tail}]",
            ),
            click.option(
                "--pulse-voltage",
                type=float,
                metavar="V",
                help=f"Of the pulse, V  [default: {pulse}]",
            ),
        ):
            function = option(function)
        return function

    return add


balanced_spike_options = spike_options(
    edge=4.0,
    pulse="0.65 times the threshold, 0.75 with a rectangle",
    tail="0.45 times the threshold, 0.25 with a rectangle",
)
"""The voltages of a spike that has the least effect alone."""


def balanced_spikes(options: dict[str, Any], parameters: DeviceParameters, shapes: tuple[str, ...]) -> list[Spike]:
    """Remove the options of spikes from a command's options: one balanced spike for each shape, modified by them."""
    from compact_model.experiments.spikes import Spike

    changes = spike_changes(options)
    return [replace(Spike.below_threshold(parameters, shape), **changes) for shape in shapes]


def spike_changes(options: dict[str, Any]) -> dict[str, Any]:
    """Remove the options of spikes from a command's options: the fields of a `Spike` to set."""
    changes: dict[str, Any] = {
        "width": positive("--pulse-width", options.pop("pulse_width")) * NANOSECOND,
        "edge": non_negative("--edge", options.pop("edge")) * NANOSECOND,
        "tail": positive("--tail", options.pop("tail")) * NANOSECOND,
    }
    for name in ("pulse_voltage", "tail_voltage"):
        volts = options.pop(name)
        if volts is not None:
            changes[name] = non_negative("--" + name.replace("_", "-"), volts)
    return changes


def delays_from(longest: float, points: int) -> Any:
    """--longest-delay and --points as delays in s, the same number on either side of 0."""
    import numpy as np

    return np.linspace(-1.0, 1.0, points) * positive("--longest-delay", longest) * NANOSECOND
