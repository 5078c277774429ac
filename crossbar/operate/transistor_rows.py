"""Rows of cells with transistors: their drives, and what makes up for the drop of the wires."""

from dataclasses import replace

import numpy as np

from compact_model.drive import trapezoid
from compact_model.support.arrays import FloatArray

from ..in_time.drive import ArrayDrive
from ..transistors.array import TransistorCrossbar
from ..transistors.bias import TransistorBias


def transistor_row_drive(
    array: TransistorCrossbar, held: TransistorBias, widths: FloatArray, edge: float
) -> ArrayDrive:
    """The row's gates open from the first slope to the end of the last; each cell has its voltage for its own width.

    held: the row's bias; widths: s, shape (bit lines,), 0: not selected.  Where a cell's time is over, both its lines
    are at one potential.
    """
    sources, bits = held.source_line_voltage, held.bit_line_voltage
    distinct = np.unique(widths[widths > 0.0]).tolist()
    if array.source_lines == "bit_line":
        parts = [
            (np.where(widths == each, sources, 0.0), np.where(widths == each, bits, 0.0), each) for each in distinct
        ]
    else:  # the row's source line is everybody's for the longest time, and so is the potential to which cells return
        parked = np.full(bits.size, sources.max())
        parts = [(sources, parked, distinct[-1])]
        parts += [(np.zeros_like(sources), np.where(widths == each, bits - parked, 0.0), each) for each in distinct]
    gates, _ = held.parted()
    closed = np.zeros_like(held.word_line_voltage)
    lines = [
        (TransistorBias.of(closed, of_sources, of_bits), trapezoid(width=width, edge=edge))
        for of_sources, of_bits, width in parts
    ]
    return ArrayDrive(((gates, trapezoid(width=distinct[-1] + 2.0 * edge, edge=0.0)), *lines))


def raised(
    array: TransistorCrossbar, held: TransistorBias, word_line: int, wanted: FloatArray, missing: FloatArray
) -> TransistorBias:
    """The bias with what the row's cells lack added to the higher of each cell's two lines; no line below 0 V.

    wanted: V, shape (bit lines,), of the cells, 0: not selected; missing: V, of them.
    """
    sources, bits = held.source_line_voltage, held.bit_line_voltage
    if array.source_lines == "bit_line":
        upward = wanted > 0.0
        return replace(
            held,
            source_line_voltage=np.where(upward, np.maximum(sources + missing, 0.0), sources),
            bit_line_voltage=np.where(upward, bits, np.maximum(bits - missing, 0.0)),
        )
    lift = float(missing[wanted > 0.0].max(initial=-sources.max())) if (wanted > 0.0).any() else 0.0
    higher = sources.copy()
    higher[word_line] += lift
    return replace(held, source_line_voltage=higher, bit_line_voltage=np.maximum(bits + lift - missing, 0.0))
