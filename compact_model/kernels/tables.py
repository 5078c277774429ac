"""The arrays that the kernels read: parameters of many devices, and piecewise polynomials in one variable.

Both a track (functions of the position) and a drive (functions of the time) are tables of the same kind, with two
channels each: pinning field and anisotropy field, or electrical drive and net field.
"""

from typing import NamedTuple

import numpy as np
from numba.extending import overload

from .jit import inlined, kernel

FloatArray = np.ndarray
IntegerArray = np.ndarray


class Device(NamedTuple):
    """Parameters in SI: floats of one device, or float64 arrays of shape (devices,)."""

    rate: FloatArray  # gamma / (1 + alpha^2), rad/(s T)
    damping: FloatArray
    wall_width: FloatArray
    track_length: FloatArray
    slonczewski_per_density: FloatArray  # T per A/m2
    field_like_per_density: FloatArray  # T per A/m2
    field_like_per_density_squared: FloatArray  # T per (A/m2)2
    antiparallel_share_per_length: FloatArray  # 1/m: share of the junction's area that one metre of track holds
    tmr: FloatArray
    inverse_half_voltage: FloatArray  # 1/V
    parallel_resistance: FloatArray
    density_per_drive: FloatArray  # A/m2 per unit of the drive, where the two are proportional
    resistance_area: FloatArray  # Ohm m2, in the parallel state
    thermal_field_per_root_time: FloatArray  # T sqrt(s); 0 at zero temperature


# Columns of a table's rows: a row is a piece.
LEFT = 0
RIGHT = 1
MIDDLE = 2
INVERSE_HALF_WIDTH = 3
REGION_LEFT = 4
REGION_RIGHT = 5
COEFFICIENTS = 6


class PiecewiseTable(NamedTuple):
    """Piecewise polynomials of many objects, one after the other; a table with one object serves all devices.

    A piece covers [LEFT, RIGHT]; its value in channel c is sum_k row[COEFFICIENTS + 2 k + c] u^k with
    u = (position - MIDDLE) INVERSE_HALF_WIDTH.  Between hard edges (jumps of a value or of a slope) the pieces join
    smoothly and form a region, which covers [REGION_LEFT, REGION_RIGHT].
    """

    rows: FloatArray  # (pieces, COEFFICIENTS + 2 (degree + 1))
    offsets: IntegerArray  # (objects + 1,) row at which each object starts


def device_at(devices, index):
    """The parameters of one device out of the arrays, field by field."""
    return type(devices)(*(values[index] for values in devices))


@overload(device_at)
def _device_at(devices, index):
    """The same for numba, which knows no loop over a tuple that makes another one: written out, by the names."""
    kind = devices.instance_class
    fields = ", ".join(f"{name}=devices.{name}[index]" for name in kind._fields)
    return eval(f"lambda devices, index: kind({fields})", {"kind": kind})


def devices_between(devices, first, last):
    """The devices from number first to before last, as views of the arrays."""
    return type(devices)(*(values[first:last] for values in devices))


@overload(devices_between)
def _devices_between(devices, first, last):
    kind = devices.instance_class
    fields = ", ".join(f"{name}=devices.{name}[first:last]" for name in kind._fields)
    return eval(f"lambda devices, first, last: kind({fields})", {"kind": kind})


@inlined
def object_of(table, device):
    """The number of the object in the table that serves a device."""
    return device if table.offsets.size > 2 else 0


@inlined
def rows_of(table, device):
    """The rows of the object that serves a device."""
    item = object_of(table, device)
    return table.rows[table.offsets[item] : table.offsets[item + 1]]


@kernel
def find_pieces(table, position, found):
    """The piece of each device's object, counted from the object's first, that holds a position of shape (devices,).

    found: int64 (devices,), guesses within the objects; what is returned, with the pieces in their place.
    """
    for device in range(position.size):
        item = object_of(table, device)
        begin = table.offsets[item]
        if table.offsets[item + 1] == begin + 1:  # its rows need not even be read
            found[device] = 0
            continue
        guess = begin + found[device]
        if table.rows[guess, LEFT] < position[device] <= table.rows[guess, RIGHT]:
            continue
        first = begin
        last = table.offsets[item + 1] - 1
        while first < last:
            middle = (first + last) // 2
            if position[device] > table.rows[middle, RIGHT]:
                first = middle + 1
            else:
                last = middle
        found[device] = first - begin
    return found


@inlined
def walk(rows, piece, first, last, position):
    """The piece among first..last that holds the position (the outermost one beyond them), starting from piece."""
    while piece < last and position > rows[piece, RIGHT]:
        piece += 1
    while piece > first and position < rows[piece, LEFT]:
        piece -= 1
    return piece


@inlined
def walk_in_region(rows, piece, position):
    """The same without leaving the piece's region."""
    while position > rows[piece, RIGHT] and rows[piece, RIGHT] < rows[piece, REGION_RIGHT]:
        piece += 1
    while position < rows[piece, LEFT] and rows[piece, LEFT] > rows[piece, REGION_LEFT]:
        piece -= 1
    return piece


@inlined
def evaluate(rows, piece, position):
    """Both channels at a position, by Horner's rule in the piece's own variable."""
    u = (position - rows[piece, MIDDLE]) * rows[piece, INVERSE_HALF_WIDTH]
    column = rows.shape[1] - 2
    first_value = rows[piece, column]
    second_value = rows[piece, column + 1]
    while column > COEFFICIENTS:
        column -= 2
        first_value = first_value * u + rows[piece, column]
        second_value = second_value * u + rows[piece, column + 1]
    return first_value, second_value


@inlined
def slope_of_second(rows, piece, position):
    """The derivative of the second channel by the position, in the same way."""
    u = (position - rows[piece, MIDDLE]) * rows[piece, INVERSE_HALF_WIDTH]
    column = rows.shape[1] - 1
    slope = 0.0
    while column > COEFFICIENTS + 1:
        slope = slope * u + 0.5 * (column - COEFFICIENTS - 1) * rows[piece, column]
        column -= 2
    return slope * rows[piece, INVERSE_HALF_WIDTH]
