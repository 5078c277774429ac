"""The landscape of a track: pinning sites and, where it varies, the anisotropy field."""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..device.anisotropy import AnisotropyProfile
from ..device.parameters import DeviceParameters
from ..support import validation
from ..support.arrays import FloatArray
from ..support.model_range import warn_of_field
from ..support.same import ChangeableError, Same, require_constant
from ..support.validation import InputError
from .wells import ParabolicWell, Well


@dataclass(frozen=True)
class Landscape:
    """The pinning landscape of one track.

    wells: at least one pinning site; their fields add up.
    anisotropy: H_K(x); None: the constant of the DeviceParameters.
    """

    wells: tuple[Well, ...]
    anisotropy: AnisotropyProfile | None = None

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "wells", tuple(self.wells))
        except TypeError:
            raise InputError(f"wells: expected a list of wells, got {type(self.wells).__name__}") from None
        for index, well in enumerate(self.wells):
            if not isinstance(well, Well):
                raise InputError(f"wells[{index}]: expected a Well, got {type(well).__name__}")
        if self.anisotropy is not None:
            validation.instance("anisotropy", self.anisotropy, AnisotropyProfile)
        if not self.wells:
            raise InputError(
                "wells: expected at least one pinning site, got none; for a track without pinning give one well with "
                "coercive_field=0"
            )

    def pinning_field(self, position: ArrayLike) -> FloatArray:
        """H_pin(x) in T at positions in m, any shape."""
        where = validation.array("position", position)
        total = np.zeros_like(where)
        for well in self.wells:
            total += well.pinning_field(where)
        return total

    def anisotropy_field(self, position: ArrayLike, parameters: DeviceParameters) -> FloatArray:
        """H_K(x) in T at positions in m, any shape."""
        where = validation.array("position", position)
        validation.instance("parameters", parameters, DeviceParameters)
        if self.anisotropy is None:
            return np.full_like(where, parameters.anisotropy_field)
        return self.anisotropy(where)

    def anisotropy_slope(self, position: ArrayLike) -> FloatArray:
        """dH_K/dx in T/m at positions in m, any shape."""
        where = validation.array("position", position)
        return np.zeros_like(where) if self.anisotropy is None else self.anisotropy.slope(where)

    def rows(self, parameters: DeviceParameters) -> FloatArray:
        """The track as rows of a kernels.tables.PiecewiseTable; raises InputError for a well outside the track."""
        try:
            return _rows(Same(self), Same(parameters))
        except ChangeableError:
            return self._fitted_rows(parameters)

    def _fitted_rows(self, parameters: DeviceParameters) -> FloatArray:
        from .piecewise import polynomial_rows

        length = parameters.track_length
        hard: list[float] = []
        knots: list[float] = []
        for index, well in enumerate(self.wells):
            if not 0.0 <= well.centre <= length:
                raise InputError(
                    f"wells[{index}].centre: expected a position on the track, from 0 to {length:g} m, got "
                    f"{well.centre:g} m"
                )
            hard.extend(well.edges)
            knots.extend(well.knots)
        if self.anisotropy is not None:
            hard.extend(self.anisotropy.positions)
        return polynomial_rows(
            (self.pinning_field, lambda position: self.anisotropy_field(position, parameters)),
            hard,
            knots,
            (0.0, length),
        )

    def energy(self, position: ArrayLike, parameters: DeviceParameters) -> FloatArray:
        """Pinning energy of the wall at positions in m (any shape), relative to the start of the track, J."""
        from ..kernels.tables import COEFFICIENTS, LEFT, MIDDLE, RIGHT

        validation.instance("parameters", parameters, DeviceParameters)
        where = np.clip(validation.array("position", position), 0.0, parameters.track_length)
        rows = self.rows(parameters)
        pinning = rows[:, COEFFICIENTS::2]
        half = 0.5 * (rows[:, RIGHT] - rows[:, LEFT])
        columns = (half[:, np.newaxis] * pinning / np.arange(1, pinning.shape[1] + 1)).T

        def integral(piece: NDArray[np.int64], u: FloatArray) -> FloatArray:
            """From the middle of a piece to u, its own variable."""
            result = np.zeros_like(u)
            for column in columns[::-1]:
                result = (result + column[piece]) * u
            return result

        every = np.arange(len(rows))
        whole = integral(every, np.ones(len(rows))) - integral(every, -np.ones(len(rows)))
        before = np.concatenate([[0.0], np.cumsum(whole)])
        piece = np.clip(np.searchsorted(rows[:, RIGHT], where), 0, len(rows) - 1)
        u = (where - rows[piece, MIDDLE]) / half[piece]
        work = before[piece] + integral(piece, u) - integral(piece, np.full_like(u, -1.0))
        result: FloatArray = -parameters.energy_per_field_length * work
        return result


@functools.lru_cache(maxsize=64)
def _rows(landscape: Same[Landscape], parameters: Same[DeviceParameters]) -> FloatArray:
    """The rows of a landscape, made once: in a loop over drives, making them takes longer than a short simulation."""
    require_constant(landscape.item)
    rows = landscape.item._fitted_rows(parameters.item)
    rows.flags.writeable = False
    return rows


def check_kind(kind: type[Well]) -> None:
    """Raise InputError unless kind is a concrete class of wells."""
    if not (isinstance(kind, type) and issubclass(kind, Well)) or kind is Well:
        raise InputError(f"kind: expected a class of wells, such as ParabolicWell, got {validation.shown(kind)}")


def check_well_fits(parameters: DeviceParameters, well: Well) -> None:
    """Raise InputError if a wall cannot leave a well because the track ends first."""
    if not well.half_width <= well.centre <= parameters.track_length - well.half_width:
        raise InputError(
            f"half_width: expected a well that fits on the track of {parameters.track_length:g} m, got "
            f"{well.half_width:g} m about {well.centre:g} m"
        )


def single_well(
    parameters: DeviceParameters,
    *,
    coercive_field: float,
    half_width: float,
    centre: float | None = None,
    kind: type[Well] = ParabolicWell,
) -> Landscape:
    """A track with one pinning site; centre in m, by default the middle of the track."""
    validation.instance("parameters", parameters, DeviceParameters)
    check_kind(kind)
    where = 0.5 * parameters.track_length if centre is None else validation.number("centre", centre)
    well = kind(centre=where, coercive_field=coercive_field, half_width=half_width)
    warn_of_field("coercive_field", well.coercive_field)
    return Landscape((well,))
