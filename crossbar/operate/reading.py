"""Reading a cell, a row or a whole array through its word lines and bit lines."""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from compact_model.drive import constant
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError

from ..in_time.drive import ArrayDrive
from ..in_time.simulation import ArraySimulation
from ..schemes import SCHEMES, line_number

_CONNECTED = {"long_name": "no line is broken between the cell and its sources"}
_SMALLEST_VOLTAGE = 1e-30  # V: the currents of far smaller ones vanish


@dataclass(frozen=True, kw_only=True)
class ReadAccess:
    """How cells are read: read voltage, bias scheme and timing.

    offset: V, one or one for each bit line, the actual potential at which the amplifiers hold the sensed bit lines
    instead of 0 V; readings are evaluated as if it were 0.
    width: s, of a pulse whose current is sensed at its end; 0: instantaneous, without moving a wall.
    settle: s, rest time after such a pulse.
    noise: A, standard deviation of each sensed current, independent from reading to reading; seed: of the noise.
    Readings of the same simulation in the same order are the same, also after an interruption.
    calibrate: correct readings for the wires, by division by those of an array whose cells are all in the middle of
    their range.  These are measured once at the same voltage and scheme without an offset, as on a chip with known
    wires.  False: current divided by voltage, uncorrected.
    """

    voltage: float = 0.02
    scheme: str = "grounded"
    width: float = 0.0
    settle: float = 10e-9
    calibrate: bool = True
    offset: ArrayLike = 0.0
    noise: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if abs(validation.number("voltage", self.voltage)) < _SMALLEST_VOLTAGE:
            raise InputError(
                f"voltage: expected a read voltage other than 0, of at least {_SMALLEST_VOLTAGE:g} V, got "
                f"{self.voltage:g} V"
            )
        validation.choice("scheme", self.scheme, SCHEMES)
        validation.non_negative("width", self.width)
        validation.non_negative("settle", self.settle)
        validation.flag("calibrate", self.calibrate)
        validation.non_negative("noise", self.noise)
        validation.whole("seed", self.seed, 0, at_most=None)
        offset = validation.array("offset", self.offset, ("bit_line",))
        if offset.ndim > 1:
            raise InputError(f"offset: expected one, or one for each bit line, got shape {offset.shape}")
        object.__setattr__(self, "offset", tuple(offset.tolist()) if offset.ndim else offset.item())


GROUNDED_READ = ReadAccess()


def read(
    simulation: ArraySimulation,
    *,
    word_line: int | None = None,
    bit_line: int | None = None,
    access: ReadAccess = GROUNDED_READ,
) -> xr.DataArray:
    """Read the cells' conductances as sense amplifiers do: bit-line currents divided by the read voltage, S.

    Unless `access` disables it, they are corrected for the wires, as in `program`.  The coordinate `connected`
    (word_line, bit_line) is False for cells behind a break of one of their lines: what is read there comes through
    other cells, and is not corrected.

    word_line: None: every row in turn.  bit_line: a single one, with the others biased by the scheme; None: all of
    them, each held at 0 V. The result has the dimensions (word_line, bit_line), without the dimension of a line that
    was given.
    """
    rows = validation.instance("simulation", simulation, ArraySimulation).shape[0]
    chosen = range(rows) if word_line is None else [line_number("word_line", word_line, rows)]
    found = np.array([row_reading(simulation, row, access, bit_line) for row in chosen])
    columns = _columns(bit_line)
    everything = xr.DataArray(
        found,
        dims=("word_line", "bit_line"),
        coords={
            "connected": (("word_line", "bit_line"), simulation.array.connected[list(chosen)][:, columns], _CONNECTED)
        },
        name="conductance",
        attrs={"long_name": "reading", "units": "S"},
    )
    given = {"word_line": word_line, "bit_line": bit_line}
    return everything.isel({name: 0 for name, line in given.items() if line is not None})


def row_reading(
    simulation: ArraySimulation, word_line: int, access: ReadAccess = GROUNDED_READ, bit_line: int | None = None
) -> FloatArray:
    """The reading of one row as plain numbers, S: shape (bit lines,), or shape (1,) for a single bit line."""
    found = plain_reading(simulation, word_line, access, bit_line)
    return found / correction(simulation, word_line, access, bit_line) if access.calibrate else found


def correction(
    simulation: ArraySimulation, word_line: int, access: ReadAccess, bit_line: int | None = None
) -> FloatArray:
    """Current over voltage of a row, divided by the conductances, with all states in the middle; 1 without calibration.

    Also 1 where nothing can be calibrated: at open cells, behind transistors that are off, and behind broken lines,
    where only other cells' currents are sensed.  It is stored in the simulation, because it does not depend on the
    present states.
    """
    if not access.calibrate:
        return np.ones(simulation.shape[1] if bit_line is None else 1)
    key = (word_line, bit_line, access.voltage, access.scheme)
    if key not in simulation.corrections:
        half = simulation.at_share(0.5)
        columns = _columns(bit_line)
        found = plain_reading(half, word_line, replace(quiet(access), offset=0.0), bit_line)
        conductance = half.conductance()[word_line, columns]
        known = (found != 0.0) & (conductance != 0.0) & simulation.array.connected[word_line, columns]
        found = np.divide(found, conductance, out=np.ones_like(found), where=known)
        simulation.corrections[key] = found
    return simulation.corrections[key]


def _columns(bit_line: int | None) -> slice:
    """One bit line, or all of them."""
    return slice(None) if bit_line is None else slice(bit_line, bit_line + 1)


def quiet(access: ReadAccess) -> ReadAccess:
    """The same reading, but instantaneous and without noise."""
    return replace(access, width=0.0, noise=0.0)


def plain_reading(
    simulation: ArraySimulation, word_line: int, access: ReadAccess = GROUNDED_READ, bit_line: int | None = None
) -> FloatArray:
    """The same without correction for the wires."""
    validation.instance("simulation", simulation, ArraySimulation)
    validation.instance("access", access, ReadAccess)
    bits = simulation.shape[1]
    selected = np.full(bits, bit_line is None)
    if bit_line is not None:
        selected[line_number("bit_line", bit_line, bits)] = True
    held = simulation.array.row_bias(access.scheme, word_line, np.where(selected, access.voltage, 0.0), selected)
    offset = np.asarray(access.offset)
    if offset.shape not in ((), (bits,)):
        raise InputError(f"offset: expected one, or one for each of the {bits} bit lines, got shape {offset.shape}")
    if offset.any():
        held = replace(held, bit_line_voltage=held.bit_line_voltage + np.where(selected, offset, 0.0))
    if access.width > 0.0:
        *_, record = simulation.run(ArrayDrive(((held, constant(1.0)),)), [0.0, access.width])
        current = record["bit_line_current"]
        if access.settle > 0.0:
            simulation.rest(access.settle)
    else:
        found = simulation.solve_at_once(held)
        current = -(found.bit_start_current + found.bit_stop_current)[0]
    sensed = current[selected]
    if access.noise > 0.0:
        draw = np.random.default_rng([access.seed, simulation.noisy_readings])
        sensed = sensed + access.noise * draw.standard_normal(sensed.size)
        simulation.noisy_readings += 1
    result: FloatArray = sensed / access.voltage
    return result
