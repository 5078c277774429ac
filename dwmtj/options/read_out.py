"""How weights are stored in devices, and the converters of an array, from options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from compact_model.support.validation import InputError, between
from crossbar.read_out.converters import Adc, Dac
from crossbar.read_out.weight_mapping import ENCODINGS, SUBTRACTIONS, WeightMapping

from ..output import refuse_unused
from .help import READ_OUT, in_group

Function = TypeVar("Function", bound=Callable[..., Any])


@in_group(READ_OUT)
def read_out_options(function: Function) -> Function:
    """Add the options of a WeightMapping, a Dac and an Adc to a command."""
    for option in (
        click.option(
            "--adc-percentile",
            type=float,
            default=99.9,
            show_default=True,
            metavar="%",
            help="Percentile of the currents of sample inputs that is the full scale of the ADCs.",
        ),
        click.option(
            "--adc-per-cycle/--adc-once",
            default=True,
            show_default=True,
            help="Convert in each cycle of the inputs, or once, their sum.",
        ),
        click.option("--adc-bits", type=int, help="Bits of the ADCs  [default: ideal ADCs]"),
        click.option(
            "--bits-per-cycle",
            type=int,
            help="Input bits applied at a time; 1: bit-serial  [default: all at once]",
        ),
        click.option("--dac-bits", type=int, help="Bits of the DACs  [default: ideal DACs]"),
        click.option(
            "--slice-bits", type=int, help="Bits of a slice  [default: as many as the levels can distinguish]"
        ),
        click.option(
            "--slices", type=int, default=1, show_default=True, help="Devices (or pairs) that share a weight, 1 to 8."
        ),
        click.option(
            "--subtraction",
            type=click.Choice(SUBTRACTIONS),
            default="analog",
            show_default=True,
            help="Subtract before or after the ADCs, or compute the offset without reference devices.",
        ),
        click.option(
            "--encoding",
            type=click.Choice(ENCODINGS),
            default="differential",
            show_default=True,
            help="A pair of devices for each weight, or one device and a reference shared by an input's weights.",
        ),
    ):
        function = option(function)
    return function


def read_noise_option(function: Function) -> Function:
    """Add --read-noise to a command."""
    return click.option(
        "--read-noise",
        type=float,
        default=0.0,
        show_default=True,
        metavar="%",
        help="Standard deviation of each current that is read, relative to the largest current of one device, %.",
    )(function)


def read_noise_from_percent(percent: float) -> float:
    """The share of one device's largest current; InputError with the name of the option."""
    return 0.01 * between("--read-noise", percent, 0.0, 1e4)


def read_out_from_options(options: dict[str, Any], *, signed: bool) -> dict[str, Any]:
    """Remove the read-out's options from a command's options: mapping, dac and adc as keyword arguments.

    signed: whether inputs have a sign.  InputError with the name of the option.
    """
    dac_bits, adc_bits = options.pop("dac_bits"), options.pop("adc_bits")
    in_cycle, percentile = options.pop("bits_per_cycle"), options.pop("adc_percentile")
    per_cycle = options.pop("adc_per_cycle")
    if dac_bits is None:
        refuse_unused("ideal DACs", ["bits_per_cycle"])
    if adc_bits is None:
        refuse_unused("ideal ADCs", ["adc_percentile", "adc_per_cycle"])
    elif in_cycle is None:
        refuse_unused("inputs that are applied at once", ["adc_per_cycle"])
    subtraction = options.pop("subtraction")
    mapping = _named(
        WeightMapping,
        {"encoding": "--encoding", "subtraction": "--subtraction", "slices": "--slices", "slice_bits": "--slice-bits"},
        encoding=options.pop("encoding"),
        subtraction=subtraction,
        slices=options.pop("slices"),
        slice_bits=options.pop("slice_bits"),
    )
    dac = adc = None
    if dac_bits is not None:
        names = {"bits_per_cycle": "--bits-per-cycle", "bits": "--dac-bits"}
        dac = _named(Dac, names, bits=dac_bits, signed=signed, bits_per_cycle=in_cycle)
    if adc_bits is not None:
        names = {"bits": "--adc-bits", "percentile": "--adc-percentile"}
        both = signed or subtraction == "analog"
        adc = _named(Adc, names, bits=adc_bits, signed=both, percentile=percentile, per_cycle=per_cycle)
    return {"mapping": mapping, "dac": dac, "adc": adc}


def _named(kind: Callable[..., Any], names: dict[str, str], **settings: Any) -> Any:
    """The object, with errors that name options instead of arguments."""
    try:
        return kind(**settings)
    except InputError as error:
        name, _, rest = str(error).partition(":")
        raise InputError(f"{names.get(name, name)}:{rest}") from None
