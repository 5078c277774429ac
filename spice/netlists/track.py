"""A landscape as an expression that a circuit simulator evaluates: polynomials, chosen by a tree of comparisons.

The pieces are those that the Python solvers integrate (`Landscape.rows`), so every kind of well exports, including
user-defined ones.  A tree of n pieces costs log2(n) comparisons, so a track with many sites is hardly slower than one
with a single site.  Where the field jumps, at the edge of a truncated well, a steep straight line replaces the jump,
because the simulator's Newton method needs a continuous function.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from compact_model.constants import NANOMETRE
from compact_model.device.parameters import DeviceParameters
from compact_model.kernels.tables import COEFFICIENTS, LEFT, RIGHT
from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError
from compact_model.track.landscape import Landscape
from compact_model.track.wells import Well

from .text import real

EDGE_HALF_WIDTH = 0.002 * NANOMETRE
"""Half the width of the line that replaces a jump, m.  A track with twenty hard sites stays within 0.1 nm of the path
with exact edges; at 0.01 nm it is off by 0.1 to 2 nm, and sharper lines gain nothing."""
_MOST_PIECES = 20_000  # beyond, ngspice's parser needs minutes


@dataclass(frozen=True)
class Piece:
    """sum_k coefficients[k] ((y - middle) / half)^k for y from left to right."""

    left: float
    right: float
    coefficients: tuple[float, ...]

    @property
    def middle(self) -> float:
        """The point about which the polynomial is written."""
        return 0.5 * (self.left + self.right)

    @property
    def half(self) -> float:
        """Half the piece's width."""
        return 0.5 * (self.right - self.left)

    def at(self, y: float) -> float:
        """The polynomial's value, also beyond the piece."""
        u = (y - self.middle) / self.half
        value = 0.0
        for coefficient in reversed(self.coefficients):
            value = value * u + coefficient
        return value

    def slope(self) -> "Piece":
        """The polynomial's derivative."""
        powers = enumerate(self.coefficients)
        lowered = tuple(power * coefficient / self.half for power, coefficient in powers if power > 0)
        return Piece(self.left, self.right, lowered or (0.0,))

    def text(self, variable: str) -> str:
        """The polynomial by Horner's rule."""
        leading, *lower = reversed(self.coefficients)
        if not lower:
            return real("coefficient", leading)
        shifted = _minus(variable, self.middle)
        if len(lower) == 1:
            line = f"{real('slope', leading / self.half)}*{shifted}"
            return line if lower[0] == 0.0 else f"({real('coefficient', lower[0])}+{line})"
        scaled = f"{shifted}*{real('scale', 1.0 / self.half)}"
        expression = real("coefficient", leading)
        for coefficient in lower:
            expression = f"({real('coefficient', coefficient)}+{scaled}*{expression})"
        return expression


@dataclass(frozen=True)
class Track:
    """A landscape's two functions as pieces, and the numbers by which a netlist may scale them.

    The pinning field is coercive_field times `pinning`, a function of (x - centre)/half_width for a single site that
    scales in this way, and of x in nm otherwise; then centre and half_width are None.  H_K is anisotropy_field plus
    `anisotropy`, a function of x in nm; None: constant.
    """

    pinning: tuple[Piece, ...]
    anisotropy: tuple[Piece, ...] | None
    anisotropy_slope: tuple[Piece, ...] | None
    """dH_K/dx in T/nm, a function of x in nm; None: 0."""
    coercive_field: float
    """H_c of the strongest site, T."""
    anisotropy_field: float
    """Mean H_K along the track, T."""
    centre: float | None
    half_width: float | None
    has_edges: bool
    """Whether the pinning field jumps anywhere, so that a steep line replaces the jump."""


def describe(parameters: DeviceParameters, landscape: Landscape) -> Track:
    """The track of a device; raises InputError for a landscape with too many pieces for a netlist."""
    rows = landscape.rows(parameters)  # also checks that the wells lie on the track
    fields, anisotropies = _pieces(rows, 0), _pieces(rows, 1)
    if len(fields) + len(anisotropies) > _MOST_PIECES:
        raise InputError(
            f"landscape: expected a track of at most {_MOST_PIECES} polynomial pieces for a netlist, got "
            f"{len(fields) + len(anisotropies)}"
        )
    strongest = max(well.coercive_field for well in landscape.wells)
    mean = parameters.anisotropy_field
    profile = slope = None
    if landscape.anisotropy is not None:
        mean = sum(_integral(piece) for piece in anisotropies) / parameters.track_length
        rescaled = _rescaled(anisotropies, NANOMETRE, 1.0, -mean)
        profile = _continuous(rescaled, EDGE_HALF_WIDTH / NANOMETRE)
        slope = _continuous([piece.slope() for piece in rescaled], EDGE_HALF_WIDTH / NANOMETRE)
    if len(landscape.wells) == 1 and _scales(landscape.wells[0]):
        well = landscape.wells[0]
        unit = _unit_site(parameters, well)
        shape = _continuous(unit, EDGE_HALF_WIDTH / well.half_width)
        return Track(shape, profile, slope, strongest, mean, well.centre, well.half_width, len(shape) > len(unit))
    scaled = _rescaled(fields, NANOMETRE, 1.0 / (strongest or 1.0), 0.0)
    shape = _continuous(scaled, EDGE_HALF_WIDTH / NANOMETRE)
    return Track(shape, profile, slope, strongest, mean, None, None, len(shape) > len(scaled))


def _scales(well: Well) -> bool:
    """Whether a site's field is H_c times a function of (x - x_0)/x_c; a user-defined one need not be."""
    reach = 1.01 * well.reach
    offset = np.linspace(-reach, reach, 401) + 1e-4 * reach
    unit = replace(well, centre=3.0 * reach, coercive_field=1.0, half_width=2.0 * well.half_width)
    own, scaled = well.pinning_field(well.centre + offset), unit.pinning_field(3.0 * reach + 2.0 * offset)
    largest = float(np.abs(own).max())
    return bool(np.abs(own - well.coercive_field * scaled).max() <= 1e-9 * largest)


def _unit_site(parameters: DeviceParameters, well: Well) -> list[Piece]:
    """The field of a site in units of its H_c against (x - x_0)/x_c, over its whole range."""
    reach = 1.01 * well.reach
    alone = replace(well, centre=reach, coercive_field=1.0)
    rows = Landscape((alone,)).rows(parameters.replace(track_length=2.0 * reach))
    pieces = _rescaled(_pieces(rows, 0), well.half_width, 1.0, 0.0, origin=reach)
    return [*pieces]


def _pieces(rows: FloatArray, channel: int) -> list[Piece]:
    """One channel of a table's rows, with neighbours on the same straight line merged."""
    pieces: list[Piece] = []
    scale = max(float(np.abs(rows[:, COEFFICIENTS + channel :: 2]).sum(axis=1).max()), 1e-300)
    for row in rows:
        coefficients = row[COEFFICIENTS + channel :: 2]
        significant = np.flatnonzero(np.abs(coefficients) > 1e-13 * scale)
        degree = int(significant[-1]) if significant.size else 0
        piece = Piece(float(row[LEFT]), float(row[RIGHT]), tuple(coefficients[: degree + 1].tolist()))
        if pieces and _one_line(pieces[-1], piece, 1e-10 * scale):
            first = pieces.pop()
            joined = Piece(first.left, piece.right, ())
            values = first.at(joined.left), piece.at(joined.right)
            mean, slope = 0.5 * (values[0] + values[1]), 0.5 * (values[1] - values[0])
            # A line through zero at its middle, as in a parabolic well, is written without a constant.
            mean = 0.0 if abs(mean) < 1e-12 * scale else mean
            piece = replace(joined, coefficients=(mean,) if abs(slope) < 1e-12 * scale else (mean, slope))
        pieces.append(piece)
    return pieces


def _one_line(first: Piece, second: Piece, tolerance: float) -> bool:
    if len(first.coefficients) > 2 or len(second.coefficients) > 2:
        return False
    ends = (first.left, second.right)
    return all(abs(first.at(end) - second.at(end)) <= tolerance for end in ends)


def _rescaled(pieces: Sequence[Piece], unit: float, factor: float, offset: float, origin: float = 0.0) -> list[Piece]:
    """The pieces against (y - origin)/unit, with an offset added to their values, times a factor."""
    return [
        Piece(
            (piece.left - origin) / unit,
            (piece.right - origin) / unit,
            tuple(factor * (value + (offset if power == 0 else 0.0)) for power, value in enumerate(piece.coefficients)),
        )
        for piece in pieces
    ]


def _continuous(pieces: Sequence[Piece], half_width: float) -> tuple[Piece, ...]:
    """The pieces with a steep line of width 2 half_width in place of every jump between two of them."""
    scale = max(abs(piece.at(end)) for piece in pieces for end in (piece.left, piece.right))
    result = [pieces[0]]
    for piece in pieces[1:]:
        before = result[-1]
        if abs(piece.at(piece.left) - before.at(before.right)) <= 1e-9 * scale:
            result.append(piece)
            continue
        half = min(half_width, 0.25 * before.half, 0.25 * piece.half)
        left, right = piece.left - half, piece.left + half
        low, high = before.at(left), piece.at(right)
        result[-1] = _cut(before, before.left, left)
        result.append(Piece(left, right, (0.5 * (low + high), 0.5 * (high - low))))
        result.append(_cut(piece, right, piece.right))
    return tuple(result)


def _cut(piece: Piece, left: float, right: float) -> Piece:
    """The same polynomial on a part of its piece."""
    shift = (0.5 * (left + right) - piece.middle) / piece.half
    factor = 0.5 * (right - left) / piece.half
    polynomial = np.polynomial.Polynomial(piece.coefficients)
    coefficients = polynomial(np.polynomial.Polynomial([shift, factor])).coef
    return Piece(left, right, tuple(coefficients.tolist()))


def _integral(piece: Piece) -> float:
    return (
        2.0 * piece.half * sum(value / (power + 1) for power, value in enumerate(piece.coefficients) if not power % 2)
    )


def expression(pieces: Sequence[Piece], variable: str) -> str:
    """A tree of comparisons over the pieces; the outermost ones also hold beyond the ends."""
    if len(pieces) == 1:
        return pieces[0].text(variable)
    half = len(pieces) // 2
    below, above = expression(pieces[:half], variable), expression(pieces[half:], variable)
    return f"({variable}<{real('edge', pieces[half].left)} ? {below} : {above})"


def _minus(variable: str, value: float) -> str:
    if value == 0.0:
        return variable
    return f"({variable}{'-' if value > 0.0 else '+'}{real('middle', abs(value))})"
