"""Disturb of other cells by writing and reading: drift per pulse, pulses until a level is lost, write window."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from compact_model.device.parameters import DeviceParameters
from compact_model.support import validation
from compact_model.support.memory import check_memory
from compact_model.support.options import named_options
from compact_model.support.progress import Progress
from compact_model.support.validation import InputError
from compact_model.track.landscape import Landscape

from ..crossbar import Crossbar
from ..in_time.domain_walls import DomainWalls
from ..in_time.options import WallOptions
from ..in_time.simulation import ArraySimulation
from ..operate.operations import HALF_SELECT, WriteAccess, write
from ..operate.reading import ReadAccess, plain_reading
from ..wires import Wires, wires_or_ideal

SELECTIONS = ("selected", "same word line", "same bit line", "unselected")


def selection(shape: tuple[int, int], word_line: int, bit_line: int) -> NDArray[np.str_]:
    """The selection of every cell, one of SELECTIONS, when one word line and one bit line are driven."""
    kind = np.full(shape, SELECTIONS[3], dtype="<U14")
    kind[word_line], kind[:, bit_line], kind[word_line, bit_line] = SELECTIONS[1], SELECTIONS[2], SELECTIONS[0]
    return kind


def write_disturb(
    simulation: ArraySimulation,
    *,
    voltage: float,
    width: float,
    count: int,
    level: float,
    word_line: int = 0,
    bit_line: int = 0,
    access: WriteAccess = HALF_SELECT,
    alternate: bool = True,
    store: str | Path | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Write one cell `count` times and follow all walls.

    voltage (V), width (s): of a pulse; alternate: every second pulse has the opposite polarity.  level: m, the
    displacement of a wall beyond which its level counts as lost.  store: a folder in which each pulse is saved;
    repeating the call resumes from there.

    Returns a Dataset: displacement (pulse, word_line, bit_line), m, from the start; lost_after (word_line, bit_line),
    the number of pulses after which a wall was first beyond `level`, NaN if it never was; selection (word_line,
    bit_line), one of SELECTIONS; and by group of these, NaN if there is no such cell: drift (group), m per pulse, the
    mean absolute slope of the walls' displacements against the number of pulses (jitter in a well contributes less the
    more pulses there are); lost (group), the share of walls that lost their level.
    """
    words, bits = validation.instance("simulation", simulation, ArraySimulation).shape
    volts = validation.number("voltage", voltage)
    for name, line, lines in (("word_line", word_line, words), ("bit_line", bit_line, bits)):
        if validation.whole(name, line, 0) >= lines:
            raise InputError(f"{name}: expected a number from 0 to {lines - 1}, got {line}")

    def pulse(number: int) -> None:
        sign = -1.0 if alternate and number % 2 else 1.0
        write(simulation, sign * volts, width, word_line=word_line, bit_line=bit_line, access=access)

    identity = {"write": repr((volts, width, word_line, bit_line, access, bool(alternate)))}
    result = _repeat(simulation, pulse, count, level, identity, store, progress)
    kind = selection((words, bits), word_line, bit_line)
    result["selection"] = (("word_line", "bit_line"), kind)
    number = np.arange(count + 1) - 0.5 * count
    slope = np.abs(np.tensordot(number, result.displacement.values, 1)) / (number**2).sum()
    beyond = np.isfinite(result.lost_after.values)
    groups = [kind == name for name in SELECTIONS]
    drift = [float(slope[group].mean()) if group.any() else np.nan for group in groups]
    lost = [float(beyond[group].mean()) if group.any() else np.nan for group in groups]
    result = result.assign_coords(group=list(SELECTIONS))
    result["drift"] = (("group",), drift, {"long_name": "drift per pulse", "units": "m"})
    result["lost"] = (("group",), lost, {"long_name": "share of lost levels"})
    return result.assign_attrs(experiment="write_disturb", voltage=volts, width=float(width), scheme=access.scheme)


def read_disturb(
    simulation_at: Callable[[], ArraySimulation],
    *,
    voltages: ArrayLike,
    width: float,
    count: int,
    level: float,
    scheme: str = "grounded",
    settle: float = 10e-9,
    word_line: int = 0,
    progress: bool = False,
) -> xr.Dataset:
    """Read one row `count` times at each of several voltages, from the same start, and follow all walls.

    simulation_at: makes a new array.  voltages: V.  width: s, of a read pulse; settle: s, after it.  level: m.

    Returns a Dataset: displacement (voltage, word_line, bit_line), m, after the last read; lost (voltage), the share of
    all walls that were ever beyond `level` after a read.
    """
    if not callable(simulation_at):
        raise InputError(f"simulation_at: expected a function, got {validation.shown(simulation_at)}")
    volts = validation.distinct("voltages", voltages)
    moved, lost = [], []
    with Progress(progress, "reading").bar(volts.size, "voltage") as advance:
        for each in volts.tolist():
            simulation = validation.instance("simulation_at()", simulation_at(), ArraySimulation)
            access = ReadAccess(voltage=each, scheme=scheme, width=width, settle=settle)
            reading = functools.partial(_read, simulation, word_line, access)
            found = _repeat(simulation, reading, count, level, {}, None, False)
            moved.append(found.displacement.values[-1])
            lost.append(float(np.isfinite(found.lost_after.values).mean()))
            advance(1)
    return xr.Dataset(
        {
            "displacement": (
                ("voltage", "word_line", "bit_line"),
                np.array(moved),
                {"long_name": "displacement after the last read", "units": simulation.devices.states[0].unit},
            ),
            "lost": (("voltage",), lost, {"long_name": "share of lost levels"}),
        },
        coords={"voltage": ("voltage", volts, {"long_name": "read voltage", "units": "V"})},
        attrs={
            "experiment": "read_disturb",
            "width": float(width),
            "count": count,
            "level": level,
            "scheme": scheme,
            "tolerance": simulation.tolerance,
            **_conditions(simulation),
            **simulation.origin(),
        },
    )


def _conditions(simulation: ArraySimulation) -> dict[str, Any]:
    """The devices' attributes, without counters."""
    return {name: value for name, value in simulation.devices.attributes().items() if name != "steps"}


def _read(simulation: ArraySimulation, word_line: int, access: ReadAccess, number: int) -> None:
    plain_reading(simulation, word_line, access)


def _repeat(
    simulation: ArraySimulation,
    pulse: Callable[[int], object],
    count: int,
    level: float,
    identity: dict[str, str],
    store: str | Path | None,
    progress: bool,
) -> xr.Dataset:
    """Pulses, one after the other, and the positions of the walls after each."""
    number = validation.whole("count", count, 1)
    far = validation.positive("level", level)
    kept = simulation.keep_in(store, **identity)
    start, state = simulation.devices.first_state(), simulation.devices.states[0]
    check_memory("the displacements", 17.0 * number * simulation.shape[0] * simulation.shape[1])
    displacement = np.zeros((number + 1, *simulation.shape))
    with Progress(progress, "pulses").bar(number, "pulse") as advance:
        for index in range(number):
            name = f"pulse_{index:06d}"
            part = kept.load(name)
            if part is None:
                pulse(index)
                kept.save(name, simulation.state())
            else:
                simulation.restore(part)
            displacement[index + 1] = simulation.devices.first_state() - start
            advance(1)
    beyond = np.abs(displacement) > far
    lost_after = np.where(beyond.any(axis=0), beyond.argmax(axis=0).astype(float), np.nan)
    return xr.Dataset(
        {
            "displacement": (
                ("pulse", "word_line", "bit_line"),
                displacement,
                {"long_name": f"displacement of the {state.long_name}", "units": state.unit},
            ),
            "lost_after": (("word_line", "bit_line"), lost_after, {"long_name": "pulses until the level was lost"}),
        },
        coords={"pulse": ("pulse", np.arange(number + 1), {"long_name": "pulse number"})},
        attrs={**simulation.attributes(), "count": number, "level": far},
    )


@named_options(DomainWalls)
def write_map(
    parameters: DeviceParameters,
    landscape: Landscape,
    *,
    voltages: ArrayLike,
    widths: ArrayLike,
    sizes: Sequence[int],
    level: float | None = None,
    position: float | None = None,
    access: WriteAccess = HALF_SELECT,
    store: str | Path | None = None,
    progress: bool = False,
    wires: Wires | None = None,
    tolerance: float | None = None,
    current_tolerance: float = 1e-9,
    **options: Unpack[WallOptions],
) -> xr.Dataset:
    """Which walls move in one write of the farthest cell of square arrays, against voltage (V) and pulse width (s).

    level: m, the displacement above which a wall has moved; None: the half width of the first well.  position: m, of
    all walls at the start; None: the well nearest to the middle of the track.  wires: None: ideal ones; tolerance (m)
    and current_tolerance: those of ArraySimulation; options: those of DomainWalls.
    store: a folder in which each point of the map is saved; repeating the call resumes from there.
    Above 0 K every point uses the same random numbers, so that neighbouring points differ only by voltage and width.

    Returns a Dataset over (size, voltage, width): selected_displacement, other_displacement (the largest of all other
    walls), m; outcome: 0 no wall moved, 1 only the selected wall, 2 others as well, 3 only others; energy (J).
    """
    validation.instance("parameters", parameters, DeviceParameters)
    lines_between = wires_or_ideal(wires)
    volts, wide = validation.distinct("voltages", voltages), validation.distinct("widths", widths)
    lines = validation.sizes("sizes", sizes)
    wells = validation.instance("landscape", landscape, Landscape).wells
    centre = min(wells, key=lambda well: abs(well.centre - 0.5 * parameters.track_length)).centre
    where = centre if position is None else validation.number("position", position)
    far = wells[0].half_width if level is None else validation.positive("level", level)
    shape = (len(lines), volts.size, wide.size)
    accuracy: dict[str, Any] = {"tolerance": tolerance, "current_tolerance": current_tolerance}
    found = {name: np.zeros(shape) for name in ("selected_displacement", "other_displacement", "energy")}
    with Progress(progress, "write map").bar(int(np.prod(shape)), "point") as advance:
        for row, size in enumerate(lines):
            walls = DomainWalls(parameters, landscape, np.full((size, size), where), **options)
            simulation = ArraySimulation(Crossbar(cells=walls, **lines_between.keywords()), **accuracy)
            begin = simulation.state()
            folder = None if store is None else Path(store) / f"size_{size}"
            kept = simulation.keep_in(folder, access=repr(access))
            for column, volt in enumerate(volts.tolist()):
                for depth, width in enumerate(wide.tolist()):
                    name = f"voltage_{volt:.9g}_width_{width:.9g}"
                    point = kept.load(name)
                    if point is None:
                        simulation.restore(begin)
                        spent = write(simulation, volt, width, word_line=0, bit_line=size - 1, access=access)
                        moved = np.abs(simulation.devices.first_state() - where)
                        own = float(moved[0, -1])
                        moved[0, -1] = 0.0
                        point = xr.Dataset(dict(zip(found, (own, float(moved.max()), spent.sources), strict=True)))
                        kept.save(name, point)
                    for each, values in found.items():
                        values[row, column, depth] = float(point[each])
                    advance(1)
    selected, other = found["selected_displacement"] > far, found["other_displacement"] > far
    dims = ("size", "voltage", "width")
    return xr.Dataset(
        {
            "selected_displacement": (
                dims,
                found["selected_displacement"],
                {"long_name": "displacement of the selected wall", "units": "m"},
            ),
            "other_displacement": (
                dims,
                found["other_displacement"],
                {"long_name": "largest displacement of another wall", "units": "m"},
            ),
            "outcome": (dims, np.where(selected, 1 + other, 3 * other), {"long_name": "who moved"}),
            "energy": (dims, found["energy"], {"long_name": "energy of the write", "units": "J"}),
        },
        coords={
            "size": ("size", lines, {"long_name": "word lines and bit lines"}),
            "voltage": ("voltage", volts, {"long_name": "write voltage", "units": "V"}),
            "width": ("width", wide, {"long_name": "pulse width", "units": "s"}),
        },
        attrs={
            "experiment": "write_map",
            "level": far,
            "scheme": access.scheme,
            "tolerance": simulation.tolerance,
            **_conditions(simulation),
            **simulation.origin(),
        },
    )
