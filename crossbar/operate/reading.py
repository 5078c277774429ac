"""Reading through the two kinds of lines: a cell, a row, all of an array."""

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


@dataclass(frozen=True, kw_only=True)
class ReadAccess:
    """How cells are read: V and scheme of the lines, and for how long.

    offset: V, one or one for each bit line, at which the amplifiers hold the bit lines that are sensed, in place of
        0 V; readings are as if it were 0.
    width: s, of a pulse whose current is sensed at its end; 0: at once, without moving a wall.
    settle: s, of rest after such a pulse.
    calibrate: divide readings by what the wires make of an array whose cells are all half-way, measured once at the
        same voltage and scheme without an offset, as one would on a chip with known wires; False: current over voltage
        as it is.
    """

    voltage: float = 0.02
    scheme: str = "grounded"
    width: float = 0.0
    settle: float = 10e-9
    calibrate: bool = True
    offset: ArrayLike = 0.0

    def __post_init__(self) -> None:
        if validation.number("voltage", self.voltage) == 0.0:
            raise InputError("voltage: expected a read voltage other than 0, got 0")
        validation.choice("scheme", self.scheme, SCHEMES)
        validation.non_negative("width", self.width)
        validation.non_negative("settle", self.settle)
        validation.flag("calibrate", self.calibrate)
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
    """The cells' conductances as sense amplifiers see them: currents out of the bit lines over the read voltage, S.

    Unless `access` says otherwise, they are corrected for the wires, as `program` does it.

    word_line: None: every row in turn.  bit_line: one alone, while the others have what the scheme says; None: all of
    them, each held at 0 V.  The result has the dimensions (word_line, bit_line) without that of a line that was given.
    """
    rows = validation.instance("simulation", simulation, ArraySimulation).shape[0]
    chosen = range(rows) if word_line is None else [line_number("word_line", word_line, rows)]
    found = np.array([row_reading(simulation, row, access, bit_line) for row in chosen])
    everything = xr.DataArray(
        found,
        dims=("word_line", "bit_line"),
        name="conductance",
        attrs={"long_name": "reading", "units": "S"},
    )
    given = {"word_line": word_line, "bit_line": bit_line}
    return everything.isel({name: 0 for name, line in given.items() if line is not None})


def row_reading(
    simulation: ArraySimulation, word_line: int, access: ReadAccess = GROUNDED_READ, bit_line: int | None = None
) -> FloatArray:
    """What `read` gives of one row, as plain numbers, S: shape (bit lines,), or of one bit line, shape (1,)."""
    found = plain_reading(simulation, word_line, access, bit_line)
    return found / correction(simulation, word_line, access, bit_line) if access.calibrate else found


def correction(
    simulation: ArraySimulation, word_line: int, access: ReadAccess, bit_line: int | None = None
) -> FloatArray:
    """Current over voltage of a row over the conductances, where all states are half-way; 1 without calibration.

    Kept by the simulation, since it does not depend on the present states.
    """
    if not access.calibrate:
        return np.ones(simulation.shape[1] if bit_line is None else 1)
    key = (word_line, bit_line, access.voltage, access.scheme)
    if key not in simulation.corrections:
        half = simulation.at_share(0.5)
        columns = slice(None) if bit_line is None else slice(bit_line, bit_line + 1)
        found = (
            plain_reading(half, word_line, replace(at_once(access), offset=0.0), bit_line)
            / half.conductance()[word_line, columns]
        )
        simulation.corrections[key] = found
    return simulation.corrections[key]


def at_once(access: ReadAccess) -> ReadAccess:
    """The same reading in no time."""
    return replace(access, width=0.0)


def plain_reading(
    simulation: ArraySimulation, word_line: int, access: ReadAccess = GROUNDED_READ, bit_line: int | None = None
) -> FloatArray:
    """The same as current over voltage, whether corrections are asked for or not."""
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
    result: FloatArray = current[selected] / access.voltage
    return result
