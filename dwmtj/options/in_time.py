"""Arrays over time from options: varying devices, their tracks, wires with capacitance, bias and timing of a write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import numpy as np

from compact_model.constants import NANOMETRE, NANOSECOND
from compact_model.device.notched import notched_device, notched_track
from compact_model.device.parameters import DeviceParameters, applied_field
from compact_model.device.published import lequeux2016, lequeux2016_track
from compact_model.device.variation import SIGNED, vary
from compact_model.support.model_range import spread_from_percent
from compact_model.support.validation import InputError, between, non_negative, number, positive, whole
from compact_model.track.landscape import Landscape
from crossbar.schemes import SCHEMES

from .array import wire_options, wires_from_options
from .device import DEVICE, device_from_options, device_options
from .drive import field_from, field_option
from .help import ARRAY, in_group

if TYPE_CHECKING:
    from crossbar.in_time.simulation import ArraySimulation
    from crossbar.operate.operations import WriteAccess

Function = TypeVar("Function", bound=Callable[..., Any])
_DEVICES = {"notched": (notched_device, notched_track), "paper": (lequeux2016, lequeux2016_track)}
_SPREADS = {item.name: item for item in DEVICE}
_IN_THEIR_UNIT = ", ".join(f"{name}: {_SPREADS[name].unit or 'a number'}" for name in SIGNED)
_FEMTOFARAD = 1e-15
STARTS = ("middle", "AP", "P", "random")


def spread_option(function: Function) -> Function:
    """Add --spread, which may be given several times, to a command."""
    return click.option(
        "--spread",
        "spreads",
        multiple=True,
        metavar="NAME=NUMBER",
        help=f"Device-to-device standard deviation, % ({_IN_THEIR_UNIT}); may be given several times.",
    )(function)


def spreads_from(texts: tuple[str, ...]) -> dict[str, float]:
    """NAME=NUMBER as standard deviations by name: in % of the mean, or in its own unit if the quantity has a sign."""
    spreads = {}
    for text in texts:
        name, equals, written = text.partition("=")
        try:
            value = float(written)
        except ValueError:
            equals = ""
        if not equals:
            raise InputError(f"--spread: expected NAME=NUMBER, such as track_width=3, got {text!r}")
        item = _SPREADS.get(name)
        if item is not None and name in SIGNED:
            spreads[name] = value * item.scale
        else:
            spreads[name] = spread_from_percent(f"--spread {name}", value)
    return spreads


@in_group(ARRAY)
def time_options(function: Function) -> Function:
    """Add the options of an array in time: device, tracks, spreads, wires, start, field, temperature, seed,
    accuracy."""
    for option in (
        click.option(
            "--store",
            type=click.Path(file_okay=False, path_type=Path),
            metavar="FOLDER",
            help="Folder that saves each finished part; repeating the command resumes from there.",
        ),
        click.option(
            "--step", type=float, metavar="ns", help="Of the walls, ns  [default: 0.005 above 0 K, adaptive at 0 K]"
        ),
        click.option(
            "--tolerance",
            type=float,
            default=0.1,
            show_default=True,
            metavar="nm",
            help="Largest error of a position in one pulse by the coupling of walls and voltages, nm.",
        ),
        click.option(
            "--seed",
            type=int,
            default=0,
            show_default=True,
            help="Seed of devices, initial positions and thermal fields.",
        ),
        click.option(
            "--temperature",
            type=float,
            default=0.0,
            show_default=True,
            metavar="K",
            help="Temperature of the thermal fields, K.",
        ),
        field_option,
        click.option(
            "--start",
            type=click.Choice(STARTS),
            default="middle",
            show_default=True,
            help="Initial position of all walls.",
        ),
        spread_option,
        click.option(
            "--wire-capacitance",
            type=float,
            default=0.0,
            show_default=True,
            metavar="fF",
            help="Capacitance of a segment to ground, fF.",
        ),
        wire_options,
        click.option(
            "--device",
            type=click.Choice(list(_DEVICES)),
            default="notched",
            show_default=True,
            help="Device that the options below modify: a notched one for arrays (1 um x 60 nm, 294 Ohm, notches "
            "every 50 nm), or the paper's.",
        ),
        device_options,
    ):
        function = option(function)
    return function


@in_group(ARRAY)
def access_options(function: Function) -> Function:
    """Add the options of write access."""
    for option in (
        click.option("--compensate", is_flag=True, help="Raise the lines' voltages by the voltage drop of the wires."),
        click.option(
            "--settle",
            type=float,
            default=200.0,
            show_default=True,
            metavar="ns",
            help="Rest time after a pulse, ns (walls ring).",
        ),
        click.option("--edge", type=float, default=2.0, show_default=True, metavar="ns", help="Rise and fall, ns."),
        click.option(
            "--scheme", type=click.Choice(SCHEMES), default="V/3", show_default=True, help="Bias scheme for writing."
        ),
    ):
        function = option(function)
    return function


def access_from_options(options: dict[str, Any]) -> WriteAccess:
    """Remove these options from a command's options."""
    from crossbar.operate.operations import WriteAccess

    return WriteAccess(
        scheme=options.pop("scheme"),
        edge=non_negative("--edge", options.pop("edge")) * NANOSECOND,
        settle=non_negative("--settle", options.pop("settle")) * NANOSECOND,
        compensate=options.pop("compensate"),
    )


def write_voltage(parameters: DeviceParameters, given: float | None, factor: float) -> float:
    """--voltage, or a multiple of the device's threshold."""
    return factor * parameters.threshold_voltage if given is None else number("--voltage", given)


class ArrayInTime:
    """The device, tracks and wires of a command, from which arrays of any size are made."""

    def __init__(self, options: dict[str, Any]) -> None:
        base, track = _DEVICES[options.pop("device")]
        self.parameters, self._landscape, numbers = device_from_options(options, base())
        self._track = None if numbers["own_landscape"] else track
        self.track_seed = numbers["track_seed"]
        capacitance = non_negative("--wire-capacitance", options.pop("wire_capacitance")) * _FEMTOFARAD
        self.wires = replace(
            wires_from_options(options), word_line_capacitance=capacitance, bit_line_capacitance=capacitance
        )
        self.spreads = spreads_from(options.pop("spreads"))
        self._start, self.seed = options.pop("start"), whole("--seed", options.pop("seed"), 0, at_most=None)
        field, step = field_from(options.pop("external_field")), options.pop("step")
        self.of_walls: dict[str, Any] = {
            # The laws of the requested device; those of devices scattered around it stay the same.
            "external_field": applied_field(self.parameters, field),
            "temperature": between("--temperature", options.pop("temperature"), 0.0, 1e4),
            "step": None if step is None else positive("--step", step) * NANOSECOND,
            "seed": self.seed,
        }
        self.accuracy: dict[str, Any] = {
            "tolerance": positive("--tolerance", options.pop("tolerance")) * NANOMETRE,
            "current_tolerance": 1e-7,
        }

    def draw(self, stream: int) -> np.random.Generator:
        """Independent random numbers for each use of --seed: 1 devices, 2 starts, 3 targets, 4 pulse trains, 5 read
        noise, 6 ageing."""
        return np.random.default_rng([self.seed, stream])

    def landscape(self, index: int = 0) -> Landscape:
        """The track of one cell, counted row by row."""
        if self._track is None:
            return self._landscape
        return self._track(self.parameters, np.random.default_rng([self.track_seed, index]))

    def simulation(self, shape: tuple[int, int]) -> ArraySimulation:
        """An array of this size with the walls at their initial positions."""
        from crossbar.crossbar import Crossbar
        from crossbar.in_time.domain_walls import DomainWalls
        from crossbar.in_time.simulation import ArraySimulation

        count = shape[0] * shape[1]
        devices = vary(self.parameters, count, self.spreads, seed=self.draw(1)) if self.spreads else self.parameters
        landscapes = [self.landscape(index) for index in range(count if self._track else 1)]
        tracks = landscapes if self._track else landscapes[0]
        walls = DomainWalls(devices, tracks, self._position(shape, landscapes), **self.of_walls)
        return ArraySimulation(Crossbar(cells=walls, **self.wires.keywords()), **self.accuracy)

    def _position(self, shape: tuple[int, int], landscapes: list[Landscape]) -> Any:
        length = self.parameters.track_length
        if self._start in ("AP", "P"):
            return np.full(shape, 0.0 if self._start == "AP" else length)
        draw = self.draw(2)
        position = np.empty(shape)
        for index, place in enumerate(np.ndindex(*shape)):
            centres = [well.centre for well in landscapes[index % len(landscapes)].wells]
            if self._start == "middle":
                position[place] = min(centres, key=lambda centre: abs(centre - 0.5 * length))
            else:
                position[place] = centres[int(draw.integers(len(centres)))]
        return position


def nanometres(values: Any) -> Any:
    """m as nm."""
    return np.asarray(values) / NANOMETRE
