"""The read margin that an array of walls still has after a time without a voltage."""

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from compact_model.device.junction import resistance
from compact_model.device.parameters import DeviceParameters, applied_field
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.memory import check_memory
from compact_model.support.progress import Progress
from compact_model.support.provenance import provenance
from compact_model.support.random import Seed, generator, recorded
from compact_model.support.validation import InputError
from compact_model.track.landscape import Landscape

from ..faults.ageing import AgeingTrack, retention_ages
from ..wires import Wires, wires_or_ideal
from .backgrounds import Mask
from .margins import SEARCHED, worst_pattern
from .one_cell import Reading, cell_margin, faults_met

_BYTES_PER_WALL = 75.0  # at each age: its position, its resistance, and what is in between


def retained_margin(
    parameters: DeviceParameters,
    landscape: Landscape,
    *,
    size: int,
    retention: ArrayLike,
    low_position: float | None = None,
    high_position: float | None = None,
    reading: Reading | None = None,
    wires: Wires | None = None,
    samples: int = 100,
    temperature: float = 300.0,
    external_field: float | None = None,
    seed: Seed = 0,
    progress: bool = False,
) -> xr.Dataset:
    """The read margin of a square array whose walls hop for a time without a voltage, in many samples.

    parameters, landscape: of all devices.  size: word lines, and bit lines.  retention: times, s, increasing.
    low_position, high_position: m, of the walls that stand for the low and the high resistance; a wall that is put
        there rests in its place of the track, a site or an end.  None: the last site before the P end, the first one
        after the AP end.  The ends are no default, since nothing pins a wall there and it soon returns.
    reading: None: `Reading()`, with the load of the fresh R_L throughout; wires: None: ideal ones.  samples: number of
    arrays.  temperature: K; at 0 nothing moves.  external_field: T; None: cancels the stray field.  seed: of the hops.

    Cell and background are those that `worst_pattern` finds for the two fresh resistances, searched in arrays of up to
    SEARCHED lines as in `read_margin`; they are not searched again for aged walls.  In each sample the walls of the
    background age, and the wall of the selected cell ages once from each state, all of them independently, at the rates
    of `age`.  The margin is that between the two aged resistances before the aged background, I_L and I_H those of the
    cell that was written low and high: it is negative where the states have changed places.  Resistances are those at
    zero bias.  Faulty cells (`Wires.faults`) do not age.

    Returns a Dataset over (retention_time, sample): margin; low_resistance and high_resistance, Ohm, of the selected
    cell; misread (retention_time), the share of samples whose margin is not above 0, which no reference can tell apart;
    fresh_margin, fresh_low_resistance, fresh_high_resistance; low_position and high_position, m, at rest; background
    (word_line, bit_line), True where a wall was written low; the name of that pattern and the selected cell in the
    attributes pattern, word_line and bit_line.  Raises InputError, also outside the range of the theory of escape.
    """
    validation.instance("parameters", parameters, DeviceParameters)
    validation.instance("landscape", landscape, Landscape)
    lines, count = validation.whole("size", size, 1), validation.whole("samples", samples, 1)
    ages = retention_ages(retention)
    kelvin = validation.non_negative("temperature", temperature)
    external = applied_field(parameters, external_field)
    read = Reading() if reading is None else validation.instance("reading", reading, Reading)
    given = wires_or_ideal(wires)
    check_memory("the walls", _BYTES_PER_WALL * len(ages) * count * (lines * lines + 1.0))
    origin = recorded(seed)
    track = AgeingTrack(parameters, landscape, external_field=external, temperature=kelvin, draw=generator(seed))
    low_place, high_place = _places(parameters, track, low_position, high_position)
    low, high = resistance(parameters, np.array([low_place, high_place])).tolist()
    if read.kind == "voltage":
        read = replace(read, pull_up=read.load(low))
    lines_between = replace(given, faults=faults_met(given, (lines, lines), read)).between(low, high)
    worst = worst_pattern(
        lines,
        low_resistance=low,
        high_resistance=high,
        reading=read,
        wires=lines_between,
        search=lines <= SEARCHED,
    )
    written = np.append(np.where(worst.background, low_place, high_place), high_place)
    selected = worst.word_line * lines + worst.bit_line
    written[selected] = low_place
    position = track.at_ages(np.tile(written, count), ages).reshape(len(ages), count, written.size)
    ohms = resistance(parameters, position)
    margin = np.empty((len(ages), count))
    with Progress(progress, "retained margins").bar(margin.size, "margin") as advance:
        for sample in range(count):
            before, found = written, worst.margin
            for number in range(len(ages)):
                if not np.array_equal(position[number, sample], before):  # until a wall hops the margin stays
                    before, aged = position[number, sample], ohms[number, sample]
                    found = cell_margin(
                        aged[:-1].reshape(lines, lines),
                        low_resistance=float(aged[selected]),
                        high_resistance=float(aged[-1]),
                        word_line=worst.word_line,
                        bit_line=worst.bit_line,
                        reading=read,
                        wires=lines_between,
                    )
                margin[number, sample] = found
                advance(1)
    return _dataset(
        {"margin": margin, "low_resistance": ohms[..., selected], "high_resistance": ohms[..., -1]},
        {
            "fresh_margin": (worst.margin, f"{read.kind} margin when written", ""),
            "fresh_low_resistance": (low, "low resistance when written", "Ohm"),
            "fresh_high_resistance": (high, "high resistance when written", "Ohm"),
            "low_position": (low_place, "position of the walls written low", "m"),
            "high_position": (high_place, "position of the walls written high", "m"),
        },
        worst.background,
        ages,
        {
            "experiment": "retained_margin",
            "kind": read.kind,
            "scheme": read.scheme,
            "reading": repr(read),
            "temperature": kelvin,
            "external_field": external,
            "pattern": worst.pattern,
            "word_line": worst.word_line,
            "bit_line": worst.bit_line,
            **provenance([parameters], [landscape], array=lines_between.keywords(), seed=origin),
        },
    )


def _places(
    parameters: DeviceParameters, track: AgeingTrack, low: float | None, high: float | None
) -> tuple[float, float]:
    """Where the walls of the two states rest, m."""
    last = track.rest.size - 2
    if (low is None or high is None) and last < 2:
        raise InputError(
            f"landscape: expected two sites for the two states, or low_position and high_position, got {last} that "
            f"hold{'s' * (last == 1)} a wall"
        )
    found = []
    for name, given, site in (("low_position", low, last), ("high_position", high, 1)):
        if given is None:
            found.append(site)
        else:
            found.append(track.place_of(validation.between(name, given, 0.0, parameters.track_length)))
    places = track.rest[found]
    if found[0] <= found[1]:
        name = "high_position" if low is None else "low_position"
        raise InputError(
            f"{name}: expected low_position nearer to the P end (the end of the track) than high_position, got walls "
            f"that rest at {places[0]:.4g} and {places[1]:.4g} m"
        )
    return float(places[0]), float(places[1])


def _dataset(
    aged: dict[str, FloatArray],
    fresh: dict[str, tuple[float, str, str]],
    background: Mask,
    ages: list[float],
    attributes: dict[str, Any],
) -> xr.Dataset:
    dims, ohm = ("retention_time", "sample"), {"units": "Ohm"}
    names = {
        "margin": {"long_name": f"{attributes['kind']} margin"},
        "low_resistance": {"long_name": "resistance of the cell that was written low"} | ohm,
        "high_resistance": {"long_name": "resistance of the cell that was written high"} | ohm,
    }
    return xr.Dataset(
        {
            **{name: (dims, values, names[name]) for name, values in aged.items()},
            "misread": (
                dims[:1],
                (aged["margin"] <= 0.0).mean(axis=1),
                {"long_name": "share of samples whose margin is not above 0"},
            ),
            **{
                name: ((), value, {"long_name": words} | ({"units": unit} if unit else {}))
                for name, (value, words, unit) in fresh.items()
            },
            "background": (("word_line", "bit_line"), background, {"long_name": "walls written low"}),
        },
        coords={
            "retention_time": ("retention_time", ages, {"long_name": "retention time", "units": "s"}),
            "sample": np.arange(aged["margin"].shape[1]),
        },
        attrs=attributes,
    )
