"""The wall's anisotropy field: from the shape of the track, and as a profile along it."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from .. import constants
from ..support import validation
from ..support.arrays import FloatArray, gauss_legendre
from ..support.validation import InputError

_ACROSS_PERIODS = 60  # of sin^2(k_y W / 2) that are integrated point by point; beyond, its mean, 1/2, replaces it
_POINTS_PER_PERIOD = 8
_POINTS_ALONG = 64


def demagnetising_anisotropy_field(
    *, track_width: float, thickness: float, wall_width: float, saturation_magnetisation: float
) -> float:
    """H_K(W) = mu_0 M_s (N_x - N_y) in T of a wall with profile sech(x / Delta) in a stripe of width W, thickness t.

    All lengths in m, M_s in A/m.  Negative on the Neel side (narrow tracks), positive on the Bloch side; the wall is
    hybrid where it vanishes (see `hybrid_track_width`).  This is a quick estimate for a wall that keeps its shape.  For
    the paper's film, W = 100 nm and Delta = 16.6 nm, it gives -119 Oe.  A wall that may change its width and tilt has
    -40 Oe between Neel and Bloch, and in addition a four-fold anisotropy (`turn_wall`, `micromagnetic_wall`).

    With k^2 = k_x^2 + k_y^2 and sinc u = sin u / u,

        N_i = 1/(2 Delta W) int d2k/(4 pi^2) [1 - (1 - exp(-k t))/(k t)] (k_i/k)^2
              (pi Delta sech(pi Delta k_x/2))^2 (W sinc(k_y W/2))^2,

    which is the magnetostatic energy of that profile in reciprocal space.  Replacing the wall by a prism of length pi
    Delta would give a hybrid width that is wrong by more than a factor of two.
    """
    width = validation.positive("track_width", track_width)
    depth = validation.positive("thickness", thickness)
    delta = validation.positive("wall_width", wall_width)
    magnetisation = validation.positive("saturation_magnetisation", saturation_magnetisation)

    def weight(along: FloatArray, across: FloatArray) -> FloatArray:
        square = along**2 + across**2
        reduced = np.sqrt(square) * depth
        screening = 1.0 + np.expm1(-reduced) / reduced
        result: FloatArray = screening * (along**2 - across**2) / square
        return result

    nodes, weights = gauss_legendre(_POINTS_ALONG)
    # sech^2 is down to 1e-15 where its argument is 18.
    along_end = 36.0 / (np.pi * delta)
    along = (0.5 * along_end * (nodes + 1.0))[:, np.newaxis]
    along_weights = 0.5 * along_end * weights * (np.pi * delta / np.cosh(0.5 * np.pi * delta * along[:, 0])) ** 2

    period = 2.0 * np.pi / width
    fine_nodes, fine_weights = gauss_legendre(_POINTS_PER_PERIOD)
    across = (period * (np.arange(_ACROSS_PERIODS)[:, np.newaxis] + 0.5 * (fine_nodes + 1.0))).ravel()
    across_weights = np.tile(0.5 * period * fine_weights, _ACROSS_PERIODS)
    across_weights = across_weights * width**2 * np.sinc(0.5 * across * width / np.pi) ** 2
    oscillating = weight(along, across[np.newaxis, :]) @ across_weights

    # The rest, from k_y = K on: sin^2 -> 1/2, and k_y = K / s maps it to 0 < s < 1.
    start = period * _ACROSS_PERIODS
    inverse = 0.5 * (nodes + 1.0)
    mean = weight(along, start / inverse[np.newaxis, :]) @ (0.5 * weights) * 2.0 / start

    # Four quadrants over 4 pi^2.
    difference = float(along_weights @ (oscillating + mean)) / np.pi**2 / (2.0 * delta * width)
    field = constants.VACUUM_PERMEABILITY * magnetisation * difference
    if not np.isfinite(field):
        raise InputError(
            f"wall_width: expected lengths of a real film in m, got Delta = {delta:g}, W = {width:g}, t = {depth:g}"
        )
    return field


def hybrid_track_width(*, thickness: float, wall_width: float) -> float:
    """Track width in m at which `demagnetising_anisotropy_field` vanishes: the hybrid width of a rigid wall.

    For the paper's film the estimate is 15 % too large: 135 nm for Delta = 16.6 nm, where relaxed Neel and Bloch walls
    have the same energy at 118 nm, and spins near 45 degrees at 100 nm.  Even at that width a wall does not turn
    freely: because of its four-fold anisotropy it takes the torque that `micromagnetic_wall` returns as threshold.
    """
    from scipy.optimize import brentq

    def anisotropy(track_width: float) -> float:
        return demagnetising_anisotropy_field(
            track_width=track_width, thickness=thickness, wall_width=wall_width, saturation_magnetisation=1.0
        )

    lower, upper = wall_width, wall_width
    while anisotropy(upper) < 0.0:
        upper *= 2.0
    while anisotropy(lower) > 0.0:
        lower *= 0.5
    return float(brentq(anisotropy, lower, upper, xtol=1e-13))


@dataclass(frozen=True)
class AnisotropyProfile:
    """H_K along the track: straight lines between points, constant beyond the first and the last one.

    positions: m, rising; anisotropy_fields: T, of the same length.
    """

    positions: tuple[float, ...]
    anisotropy_fields: tuple[float, ...]

    def __post_init__(self) -> None:
        positions = validation.increasing("positions", self.positions)
        fields = validation.numbers("anisotropy_fields", self.anisotropy_fields)
        if positions.shape != fields.shape:
            raise InputError(
                f"anisotropy_fields: expected one value for each of the {positions.size} positions, got {fields.size}"
            )
        object.__setattr__(self, "positions", tuple(positions.tolist()))
        object.__setattr__(self, "anisotropy_fields", tuple(fields.tolist()))

    def __call__(self, position: ArrayLike) -> FloatArray:
        """H_K in T at positions in m, any shape."""
        return np.interp(np.asarray(position, dtype=np.float64), self.positions, self.anisotropy_fields)

    def slope(self, position: ArrayLike) -> FloatArray:
        """dH_K/dx in T/m at positions in m, any shape; at a point of the profile that of the line before it."""
        where = np.searchsorted(self.positions, validation.array("position", position))
        result: FloatArray = np.concatenate([[0.0], self._slopes, [0.0]])[where]
        return result

    @property
    def steepest(self) -> float:
        """The largest absolute slope, T/m."""
        return float(np.abs(self._slopes).max(initial=0.0))

    @property
    def _slopes(self) -> FloatArray:
        return np.asarray(np.diff(self.anisotropy_fields) / np.diff(self.positions))

    @classmethod
    def from_track_widths(
        cls,
        positions: ArrayLike,
        track_widths: ArrayLike,
        *,
        thickness: float,
        wall_width: float,
        saturation_magnetisation: float,
        by: str = "rigid-wall",
    ) -> Self:
        """A track of varying width (rough edges), by the law of its width at each point.

        positions, track_widths, thickness, wall_width: m; saturation_magnetisation: A/m.  by: "rigid-wall", the
        integral of `demagnetising_anisotropy_field`; "micromagnetics", the H_K of `micromagnetic_wall`, for the paper's
        film and widths of 60 to 130 nm.  In the table the four-fold anisotropy and the wall width also follow the track
        width; a profile has neither, and takes those of the device at all points.  Raises InputError for a film or a
        width that the law does not cover.
        """
        from .width_laws import WIDTH_LAWS, field_of_width

        where = validation.increasing("positions", positions)
        widths = validation.numbers("track_widths", track_widths)
        law = validation.choice("by", by, WIDTH_LAWS)
        fields = [
            field_of_width(
                law,
                track_width=width,
                thickness=thickness,
                wall_width=wall_width,
                saturation_magnetisation=saturation_magnetisation,
            )
            for width in widths.tolist()
        ]
        return cls(tuple(where.tolist()), tuple(fields))
