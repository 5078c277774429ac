"""One array: the actions on its cells, the resulting state, and the text that reproduces it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import xarray as xr

from compact_model.constants import NANOMETRE, NANOSECOND
from compact_model.device.notched import notched_device, notched_track
from compact_model.support.arrays import FloatArray
from compact_model.support.validation import ConvergenceError, InputError, choice, nearest, number, shown, whole
from compact_model.track.landscape import Landscape
from crossbar.crossbar import Crossbar
from crossbar.in_time.domain_walls import DomainWalls
from crossbar.in_time.simulation import ArraySimulation
from crossbar.operate.operations import WriteAccess, cell_voltages, write
from crossbar.operate.reading import ReadAccess, read
from crossbar.schemes import SCHEMES, Bias, bias
from crossbar.sneak import sneak_paths
from crossbar.studies.disturbing import write_disturb

from .controls import Control, Values, complete, in_si, literal

LARGEST = 32
"""Largest number of lines of either kind."""
MOST_ACTIONS = 100
MOST_PATHS = 24
"""Number of sneak paths that are computed and drawn, the strongest first."""
STARTS = ("middle", "AP", "P", "random")
KINDS = ("write", "read", "disturb")
_LEVEL = 20.0  # nm: x_c of a notch
_EDGE, _SETTLE, _TOLERANCE = 2.0, 200.0, 0.1  # ns, ns, nm
_CURRENT_TOLERANCE = 1e-7

CONTROLS = (
    Control(
        "word_lines", "word lines", whole=True, default=8, at_least=1, at_most=LARGEST,
        label="Word lines", group="Array", low=1, high=LARGEST, increment=1,
    ),
    Control(
        "bit_lines", "bit lines", whole=True, default=8, at_least=1, at_most=LARGEST,
        label="Bit lines", group="Array", low=1, high=LARGEST, increment=1,
    ),
    Control(
        "wire_resistance", "resistance of one wire segment", "Ohm", default=1,
        label="Wire segment", group="Array", high=20, increment=0.1,
        aliases=("word_line_resistance", "bit_line_resistance", "resistance"),
    ),
    Control("start", "initial position of walls", choices=STARTS, default="middle", label="Walls start", group="Array"),
    Control(
        "write_scheme", "bias of unselected lines while a cell is written", choices=SCHEMES, default="V/3",
        label="Scheme", group="Write and disturb",
    ),
    Control(
        "voltage", "voltage of the next pulse, of either sign", "V", default=0.8, at_least=-5, at_most=5,
        label="Pulse", group="Write and disturb", low=-1.5, high=1.5, increment=0.01,
        aliases=("voltage on the barrier",),
    ),
    Control(
        "pulse_width", "width of the next pulse", "ns", NANOSECOND, default=4, at_most=500 * NANOSECOND,
        label="Pulse length", group="Write and disturb", low=0.5, high=20, increment=0.5, aliases=("width",),
    ),
    Control(
        "count", "pulses of a disturb, of alternating sign", whole=True, default=10, at_least=1, at_most=50,
        label="Disturb pulses", group="Write and disturb", low=1, high=50, increment=1,
    ),
    Control(
        "read_scheme", "bias of unselected lines while a cell is read", choices=SCHEMES, default="floating",
        label="Scheme", group="Read",
    ),
    Control(
        "read_voltage", "read voltage", "V", default=0.02, above=0.0, at_most=5,
        label="Voltage", group="Read", low=0.005, high=0.2, increment=0.005,
    ),
    Control(
        "temperature", "temperature of the thermal fields", "K", default=0, at_most=1e4,
        label="Temperature", group="Temperature and noise", high=400, increment=5,
    ),
    Control(
        "seed", "seed of the tracks, of a random start and of the thermal fields", whole=True, default=0, at_most=1e9,
        label="Seed", group="Temperature and noise", high=50, increment=1,
    ),
)  # fmt: skip
NEXT_PULSE = ("voltage", "pulse_width", "count")
"""Controls of the next action; all others belong to the array, and changing one repeats the earlier actions."""


@dataclass(frozen=True)
class Action:
    """One click on a cell.  voltage: V, and pulse_width: ns, of a write or a disturb; count: pulses of a disturb."""

    kind: str
    word_line: int
    bit_line: int
    voltage: float = 0.0
    pulse_width: float = 0.0
    count: int = 1

    def fields(self) -> dict[str, Any]:
        """The parameters of the action, by name."""
        used = {"write": 5, "read": 3, "disturb": 6}[self.kind]
        return {each.name: getattr(self, each.name) for each in fields(self)[:used]}

    def text(self) -> str:
        """As in a link: write:3:5:0.8:4."""
        return ":".join(value if isinstance(value, str) else literal(value) for value in self.fields().values())


_FIELDS = {each.name: each for each in fields(Action)}


def action_of(content: Mapping[str, Any]) -> Action:
    """An action from its fields by name; raises InputError for wrong fields of its kind, or wrong values."""
    kind = choice("action kind", content.get("kind"), KINDS)
    wanted = Action(kind, 0, 0).fields()
    for name in content:
        if name not in wanted:
            raise InputError(f"action: expected the keys {', '.join(wanted)}, got {name!r}{nearest(name, wanted)}")
    for name in wanted:
        if name not in content:
            raise InputError(f"action: expected the keys {', '.join(wanted)}, got none called {name}")
    found: dict[str, Any] = {"kind": kind}
    for name in list(wanted)[1:]:
        value = content[name]
        found[name] = number(name, value) if name in ("voltage", "pulse_width") else whole(name, value, 0)
    return Action(**found)


def action_from(text: str) -> Action:
    """An action from its form in a link; raises InputError."""
    kind, *parts = text.split(":")
    names = list(Action(choice("action kind", kind, KINDS), 0, 0).fields())[1:]
    try:
        if len(parts) != len(names):
            raise ValueError
        found = {
            name: float(part) if name in ("voltage", "pulse_width") else int(part)
            for name, part in zip(names, parts, strict=True)
        }
    except ValueError:
        raise InputError(f"action: expected {':'.join([kind, *names])}, got {shown(text)}") from None
    return action_of({"kind": kind} | found)


def check_actions(values: Values, actions: Sequence[Action]) -> None:
    """InputError for cells that do not exist, pulses that the page does not accept, and too many actions."""
    if len(actions) > MOST_ACTIONS:
        raise InputError(f"action: expected at most {MOST_ACTIONS}, got {len(actions)}")
    for action in actions:
        for name, lines in (("word_line", values["word_lines"]), ("bit_line", values["bit_lines"])):
            if getattr(action, name) >= lines:
                raise InputError(f"{name}: expected a number from 0 to {lines - 1}, got {getattr(action, name)}")
        complete(CONTROLS, {name: value for name, value in action.fields().items() if name in NEXT_PULSE})


@dataclass(frozen=True, eq=False)
class ArrayPicture:
    """The contents of the page of one array; all of shape (word lines, bit lines).

    resistance: Ohm, of the devices at zero bias; position: m; moved: m, by the last action; voltage: V, across the
    devices at the start of the last action, or 0.  reading: the conductance, S, of the last read; paths: from
    `sneak_paths`; both None unless the last action was a read.
    """

    resistance: FloatArray
    position: FloatArray
    moved: FloatArray
    voltage: FloatArray
    energy: float
    action: Action | None = None
    reading: float | None = None
    paths: xr.Dataset | None = None

    def numbers(self) -> dict[str, float | list[list[float]]]:
        """The numbers on the page, by names that end in the unit."""
        found: dict[str, float | list[list[float]]] = {
            "resistance_Ohm": self.resistance.tolist(),
            "position_nm": (self.position / NANOMETRE).tolist(),
            "energy_pJ": 1e12 * self.energy,
        }
        if self.reading is not None and self.paths is not None:
            found["read_resistance_Ohm"] = 1.0 / self.reading
            found["sneak_share_percent"] = 100.0 * float(self.paths.sneak_share)
        return found


class ExploredArray:
    """An array with all actions on it; `done` and `pictures` grow together, the first picture is the start.

    values: of the page's controls, in the displayed units.  Raises InputError.
    """

    def __init__(self, values: Values, actions: Sequence[Action] = ()) -> None:
        self._si = si = in_si(CONTROLS, values)
        check_actions(values, actions)
        self.shape = (si["word_lines"], si["bit_lines"])
        self.wires = {"word_line_resistance": si["wire_resistance"], "bit_line_resistance": si["wire_resistance"]}
        self.access = WriteAccess(
            scheme=si["write_scheme"], edge=_EDGE * NANOSECOND, settle=_SETTLE * NANOSECOND, compensate=False
        )
        self.reading = ReadAccess(voltage=si["read_voltage"], scheme=si["read_scheme"], calibrate=False)
        device = notched_device()
        cells = range(self.shape[0] * self.shape[1])
        tracks = [notched_track(device, np.random.default_rng([si["seed"], cell])) for cell in cells]
        position = _start(si["start"], tracks, device.track_length, si["seed"])
        walls = DomainWalls(
            device, tracks, np.reshape(position, self.shape), temperature=si["temperature"], seed=si["seed"]
        )
        self.simulation = ArraySimulation(
            Crossbar(cells=walls, **self.wires),
            tolerance=_TOLERANCE * NANOMETRE,
            current_tolerance=_CURRENT_TOLERANCE,
        )
        self.done: list[Action] = []
        self._states = [self.simulation.state()]
        self.pictures = [self._picture(self._position(), np.zeros(self.shape))]
        for action in actions:
            self.do(action)

    @property
    def picture(self) -> ArrayPicture:
        """The picture after all actions."""
        return self.pictures[-1]

    def do(self, action: Action) -> ArrayPicture:
        """Write, read or disturb one cell; raises InputError and ConvergenceError, which leave the array unchanged."""
        try:
            found = self._after(action)
        except (InputError, ConvergenceError):
            self.simulation.restore(self._states[-1])
            raise
        if self.done and self.done[-1].kind == action.kind == "read":
            self._forget()  # an instantaneous read changes nothing: the next one replaces it
        self.done.append(action)
        self._states.append(self.simulation.state())
        self.pictures.append(found)
        return found

    def undo(self) -> None:
        """Return to the state before the last action."""
        if self.done:
            self._forget()
            self.simulation.restore(self._states[-1])

    def _forget(self) -> None:
        for each in (self.done, self._states, self.pictures):
            each.pop()

    def _after(self, action: Action) -> ArrayPicture:
        before = self._position()
        place: Any = {"word_line": action.word_line, "bit_line": action.bit_line}
        width = action.pulse_width * NANOSECOND
        check_actions({"word_lines": self.shape[0], "bit_lines": self.shape[1]}, [*self.done, action])
        scheme = self.access.scheme
        if action.kind == "read":
            held = bias(self.reading.scheme, self.shape, self.reading.voltage, **place)
            voltage = cell_voltages(self.simulation, held)
            reading = float(read(self.simulation, access=self.reading, **place))
            return self._picture(before, voltage, action, reading, self._paths(held, action))
        voltage = cell_voltages(self.simulation, bias(scheme, self.shape, action.voltage, **place))
        if action.kind == "write":
            write(self.simulation, action.voltage, width, access=self.access, **place)
        else:
            write_disturb(
                self.simulation,
                voltage=action.voltage,
                width=width,
                count=action.count,
                level=_LEVEL * NANOMETRE,
                access=self.access,
                **place,
            )
        return self._picture(before, voltage, action)

    def _paths(self, held: Bias, action: Action) -> xr.Dataset:
        resistors = Crossbar(resistance=1.0 / self.simulation.conductance(), **self.wires)
        return sneak_paths(resistors, held, word_line=action.word_line, bit_line=action.bit_line, most_paths=MOST_PATHS)

    def _position(self) -> FloatArray:
        walls = self.simulation.devices
        assert isinstance(walls, DomainWalls)
        found: FloatArray = walls.position
        return found

    def _picture(
        self,
        before: FloatArray,
        voltage: FloatArray,
        action: Action | None = None,
        reading: float | None = None,
        paths: xr.Dataset | None = None,
    ) -> ArrayPicture:
        position = self._position()
        resistance = 1.0 / self.simulation.conductance()
        energy = self.simulation.energy.sources
        return ArrayPicture(resistance, position, position - before, voltage, energy, action, reading, paths)


def _start(start: str, tracks: list[Landscape], length: float, seed: int) -> list[float]:
    """Positions in m, cell by cell."""
    centres = [[well.centre for well in track.wells] for track in tracks]
    if start == "middle":
        return [min(each, key=lambda centre: abs(centre - 0.5 * length)) for each in centres]
    if start == "random":
        draw = np.random.default_rng([seed, 2])
        return [each[int(draw.integers(len(each)))] for each in centres]
    return [0.0 if start == "AP" else length for _ in tracks]


_STARTS = {
    "middle": "[min(each, key=lambda centre: abs(centre - 0.5 * device.track_length)) for each in centres]",
    "random": "[each[int(draw.integers(len(each)))] for each in centres]",
    "AP": "[0.0 for _ in tracks]",
    "P": "[device.track_length for _ in tracks]",
}


def python_lines(values: Values, actions: Sequence[Action]) -> str:
    """A script that makes the array and repeats all actions; `resistance` is then the content of the map."""
    text = {name: literal(value) for name, value in complete(CONTROLS, values).items()}
    kinds = {action.kind for action in actions}
    names = {"ArraySimulation", "Crossbar", "DomainWalls"}
    names |= {"WriteAccess"} if kinds & {"write", "disturb"} else set()
    names |= {"write"} if "write" in kinds else set()
    names |= {"write_disturb"} if "disturb" in kinds else set()
    names |= {"ReadAccess", "bias", "read", "sneak_paths"} if "read" in kinds else set()
    lines = [
        "import numpy as np",
        "from compact_model import notched_device, notched_track",
        "from compact_model.constants import NANOMETRE, NANOSECOND",
        f"from crossbar import {', '.join(sorted(names))}",
        "",
        f"shape = ({text['word_lines']}, {text['bit_lines']})  # word lines, bit lines",
        f"wires = dict(word_line_resistance={text['wire_resistance']}, bit_line_resistance={text['wire_resistance']})",
        "device = notched_device()",
        "cells = range(shape[0] * shape[1])",
        f"tracks = [notched_track(device, np.random.default_rng([{text['seed']}, cell])) for cell in cells]",
        "centres = [[well.centre for well in track.wells] for track in tracks]",
        *([f"draw = np.random.default_rng([{text['seed']}, 2])"] if values["start"] == "random" else []),
        f"position = {_STARTS[values['start']]}",
        "walls = DomainWalls(",
        f"    device, tracks, np.reshape(position, shape), temperature={text['temperature']}, seed={text['seed']}",
        ")",
        "simulation = ArraySimulation(",
        "    Crossbar(cells=walls, **wires),",
        f"    tolerance={_TOLERANCE} * NANOMETRE,",
        f"    current_tolerance={_CURRENT_TOLERANCE},",
        ")",
    ]
    if kinds & {"write", "disturb"}:
        lines.append(
            f"access = WriteAccess(scheme={text['write_scheme']}, edge={_EDGE} * NANOSECOND, "
            f"settle={_SETTLE} * NANOSECOND)"
        )
    for action in actions:
        lines += _action_lines(action, text)
    lines += ["resistance = 1.0 / simulation.conductance()  # Ohm, (word lines, bit lines)", "print(resistance)"]
    return "\n".join(lines) + "\n"


def _action_lines(action: Action, text: Mapping[str, str]) -> list[str]:
    place = f"word_line={action.word_line}, bit_line={action.bit_line}"
    volts, width = literal(action.voltage), f"{literal(action.pulse_width)} * NANOSECOND"
    if action.kind == "write":
        return [f"write(simulation, {volts}, {width}, {place}, access=access)"]
    if action.kind == "disturb":
        return [
            "write_disturb(",
            f"    simulation, voltage={volts}, width={width}, count={action.count}, level={_LEVEL} * NANOMETRE,",
            f"    {place}, access=access,",
            ")",
        ]
    voltage, scheme = text["read_voltage"], text["read_scheme"]
    return [
        f"access = ReadAccess(voltage={voltage}, scheme={scheme}, calibrate=False)",
        f"seen = read(simulation, {place}, access=access)  # S",
        "paths = sneak_paths(",
        "    Crossbar(resistance=1.0 / simulation.conductance(), **wires),",
        f"    bias({scheme}, shape, {voltage}, {place}), {place}, most_paths={MOST_PATHS},",
        ")",
    ]
