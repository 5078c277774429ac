"""A stripe of a film with perpendicular magnetisation and one wall, divided into cells, and its energy."""

import dataclasses
import functools
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy  # scipy.fft is imported on use: the command line needs the stripe for its help

from ..constants import VACUUM_PERMEABILITY
from ..support import validation
from ..support.arrays import FloatArray
from ..support.memory import available_memory
from ..support.validation import InputError
from .tensor import demagnetising_tensor, pairs_of_rows, tail_of_row

BYTES_PER_CELL = 1500
"""Working memory of a relaxation, arrays padded for the Fourier transform included."""

_WIDTHS_IN_WINDOW = 6.0  # sqrt(A/K_u): with less the spins at its ends still lie a tenth of their length in the plane


@dataclass(frozen=True, kw_only=True)
class Stripe:
    """An infinite stripe of a perpendicular film with one wall; a window around the wall is computed.

    Outside the window the domains are magnetised straight up (P side, x < 0) and down (x > 0).  Their stray field, and
    their exchange with the outermost cells of the window, are included in full, so that the window need only contain
    the wall.  Raises InputError for invalid values, and for a window that does not fit in memory.
    """

    track_width: float
    """W, m."""
    thickness: float
    """t, m; one layer of cells."""
    saturation_magnetisation: float
    """M_s, A/m."""
    uniaxial_anisotropy: float
    """K_u, J/m3, of the perpendicular easy axis, without shape anisotropy."""
    exchange_stiffness: float
    """A, J/m."""
    interfacial_dmi: float = 0.0
    """D, J/m2, of the interfacial Dzyaloshinskii-Moriya energy D (m_z div m - m grad m_z)."""
    cell_size: float = 4e-9
    """Longest edge of the square cells, m; the width is divided into a whole number of cells."""
    window: float = 400e-9
    """Length of the window along the stripe, m."""

    def __post_init__(self) -> None:
        for name in (
            "track_width",
            "thickness",
            "saturation_magnetisation",
            "exchange_stiffness",
            "cell_size",
            "window",
        ):
            object.__setattr__(self, name, validation.positive(name, getattr(self, name)))
        anisotropy = validation.non_negative("uniaxial_anisotropy", self.uniaxial_anisotropy)
        object.__setattr__(self, "uniaxial_anisotropy", anisotropy)
        object.__setattr__(self, "interfacial_dmi", validation.number("interfacial_dmi", self.interfacial_dmi))
        if self.thickness < 1e-3 * self.cell_size:
            raise InputError(
                f"thickness: expected at least a thousandth of a cell, {1e-3 * self.cell_size:g} m, got "
                f"{self.thickness:g}"
            )
        if self.track_width < 2.0 * self.cell_size:
            raise InputError(
                f"cell_size: expected at most half of the track's width, {0.5 * self.track_width:g} m, got "
                f"{self.cell_size:g}"
            )
        if self.uniaxial_anisotropy > 0.0:  # a stray field only widens a wall of the easy axis alone
            narrowest = float(np.sqrt(self.exchange_stiffness / self.uniaxial_anisotropy))
            if _WIDTHS_IN_WINDOW * narrowest > self.window:
                raise InputError(
                    f"window: expected at least {_WIDTHS_IN_WINDOW:g} widths of a wall, which is {narrowest:.3g} m "
                    f"wide or more with this exchange_stiffness and uniaxial_anisotropy, got {self.window:g} m"
                )
        needed = BYTES_PER_CELL * self.track_width * self.window / self.cell_size**2
        present = float(available_memory())
        if needed > 0.5 * present:
            raise InputError(
                f"cell_size: expected a window that fits in half of the memory, {0.5e-9 * present:.3g} GB, got one of "
                f"{self.track_width * self.window / self.cell_size**2:.3g} cells (window {self.window:g} m, "
                f"track_width {self.track_width:g} m, cells of {self.cell_size:g} m), which take {1e-9 * needed:.3g} GB"
            )

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed."""
        known = [field.name for field in dataclasses.fields(self)]
        for name in changes:
            if name not in known:
                raise InputError(
                    f"{name}: expected a field of Stripe, got no such name{validation.nearest(name, known)}"
                )
        return dataclasses.replace(self, **changes)

    @property
    def cells(self) -> tuple[int, int]:
        """Number of cells of the window, along and across the stripe."""
        across = int(np.ceil(self.track_width / self.cell_size - 1e-9))
        return max(4, round(self.window * across / self.track_width)), across

    @property
    def cell_edge(self) -> float:
        """Edge of a cell in the plane, m."""
        return self.track_width / self.cells[1]

    @property
    def cell_volume(self) -> float:
        """m3."""
        return self.cell_edge**2 * self.thickness

    @property
    def along(self) -> FloatArray:
        """Centres of the cells along the stripe, m, from the middle of the window."""
        return self._centres(self.cells[0])

    @property
    def across(self) -> FloatArray:
        """Centres of the cells across the stripe, m, from its middle."""
        return self._centres(self.cells[1])

    def _centres(self, count: int) -> FloatArray:
        result: FloatArray = self.cell_edge * (np.arange(count, dtype=np.float64) - 0.5 * (count - 1))
        return result


class StripeEnergy:
    """The energy of the cells of a stripe and the effective field on them.

    A state is an array m of unit vectors, of shape (3, cells along, cells across).  The energy is relative to that of
    the same stripe without a wall, magnetised straight up, including everything outside the window.  (With a DMI the
    spins along the edges of the domains tilt a little; the energy gained by that is then also part of the wall's
    energy.)
    """

    def __init__(self, stripe: Stripe, *, domains: bool = True, magnetostatic: bool = True):
        """domains: the stripe continues beyond the window; otherwise it is a rectangle with free ends."""
        self.stripe = stripe
        self._domains = domains
        self._magnetostatic = magnetostatic
        along, across = stripe.cells
        edge = stripe.cell_edge
        self._cell = (edge, edge, stripe.thickness)
        self._padded = tuple(scipy.fft.next_fast_len(2 * count - 1, real=True) for count in (along, across))
        self._outer = np.zeros((along, across))
        self._between_domains = 0.0
        if magnetostatic:
            self._kernel = self._transformed_tensor()
            if domains:
                self._add_domains()

    def _transformed_tensor(self) -> FloatArray:
        edge = self.stripe.cell_edge
        x, y = (
            edge * np.minimum(np.arange(size), size - np.arange(size)) * np.where(np.arange(size) <= size // 2, 1, -1)
            for size in self._padded
        )
        along, across = np.meshgrid(x, y, indexing="ij")
        tensor = demagnetising_tensor(along, across, self._cell)
        # For an even size the farthest distance represents both signs; it is never used, but must be even.
        tensor[3, self._padded[0] // 2 :: self._padded[0]] *= self._padded[0] % 2
        tensor[3, :, self._padded[1] // 2 :: self._padded[1]] *= self._padded[1] % 2
        transformed: FloatArray = scipy.fft.rfft2(tensor, axes=(1, 2)).real  # symmetric about the origin
        return transformed

    def _add_domains(self) -> None:
        """The demagnetising factor N_zz of each cell from the two domains beyond the window, left minus right."""
        along, across = self.stripe.cells
        distance: FloatArray = self.stripe.cell_edge * np.arange(across, dtype=np.float64)
        rows = np.empty((along, across))
        rows[0] = tail_of_row(1, distance, self._cell)
        x = self.stripe.cell_edge * np.arange(1, along)
        long, wide = np.meshgrid(x, distance, indexing="ij")
        one = demagnetising_tensor(long, wide, self._cell)[2]
        rows[1:] = rows[0] - np.cumsum(one, axis=0)
        offsets = np.abs(np.subtract.outer(np.arange(across), np.arange(across)))
        left = rows[:, offsets].sum(axis=2)
        self._outer = left - left[::-1]
        self._both = left + left[::-1]
        self._between_domains = float(pairs_of_rows(along, distance, self._cell)[offsets].sum())

    def _beyond(self, m: FloatArray) -> FloatArray:
        """The state with one more cell at each end along the stripe: the domains, or the same as the last cell."""
        if not self._domains:
            return np.concatenate([m[:, :1], m, m[:, -1:]], axis=1)
        up = np.zeros((3, 1, m.shape[2]))
        up[2] = 1.0
        return np.concatenate([up, m, -up], axis=1)

    def demagnetising_product(self, m: FloatArray) -> FloatArray:
        """sum_j N_ij m_j over the cells of the window; shape as m."""
        (xx, yy, zz, xy), (x, y, z) = self._kernel, scipy.fft.rfft2(m, s=self._padded, axes=(1, 2))
        product = np.stack([xx * x + xy * y, xy * x + yy * y, zz * z])
        back: FloatArray = scipy.fft.irfft2(product, s=self._padded, axes=(1, 2), overwrite_x=True)
        return back[:, : m.shape[1], : m.shape[2]]

    def field(self, m: FloatArray) -> FloatArray:
        """-dE/dm over the moment of a cell, T; shape as m."""
        stripe = self.stripe
        magnetisation, edge = stripe.saturation_magnetisation, stripe.cell_edge
        wide = self._beyond(m)
        exchange = np.diff(wide, n=2, axis=1)
        bonds = np.diff(m, axis=2)
        exchange[:, :, :-1] += bonds
        exchange[:, :, 1:] -= bonds
        total: FloatArray = 2.0 * stripe.exchange_stiffness / (magnetisation * edge**2) * exchange
        total[2] += 2.0 * stripe.uniaxial_anisotropy / magnetisation * m[2]
        if stripe.interfacial_dmi:
            total += stripe.interfacial_dmi / (magnetisation * edge) * self._dmi_differences(m)
        if self._magnetostatic:
            strength = VACUUM_PERMEABILITY * magnetisation
            total -= strength * self.demagnetising_product(m)
            total[2] -= strength * self._outer
        return total

    def _dmi_differences(self, m: FloatArray) -> FloatArray:
        """Following minus preceding neighbour, of m_z along x, along y, and of minus the divergence."""
        wide = np.pad(m, ((0, 0), (1, 1), (1, 1)))
        if self._domains:
            wide[2, 0, 1:-1], wide[2, -1, 1:-1] = 1.0, -1.0
        along = wide[:, 2:, 1:-1] - wide[:, :-2, 1:-1]
        across = wide[:, 1:-1, 2:] - wide[:, 1:-1, :-2]
        return np.stack([along[2], across[2], -along[0] - across[1]])

    def terms(self, m: FloatArray) -> dict[str, float]:
        """The terms of the energy, J, by name; their sum is the wall's energy."""
        stripe = self.stripe
        volume, edge = stripe.cell_volume, stripe.cell_edge
        wide = self._beyond(m)
        squares = (np.diff(wide, axis=1) ** 2).sum() + (np.diff(m, axis=2) ** 2).sum()
        found = {
            "exchange": volume * stripe.exchange_stiffness / edge**2 * float(squares),
            "anisotropy": volume * stripe.uniaxial_anisotropy * float((m[0] ** 2 + m[1] ** 2).sum()),
        }
        if stripe.interfacial_dmi:
            x, z = wide[0], wide[2]
            bonds = (z[:-1] * x[1:] - x[:-1] * z[1:]).sum()
            bonds += (m[2, :, :-1] * m[1, :, 1:] - m[1, :, :-1] * m[2, :, 1:]).sum()
            found["dmi"] = volume * stripe.interfacial_dmi / edge * float(bonds)
        if self._magnetostatic:
            up = np.zeros_like(m)
            up[2] = 1.0
            inside = 0.5 * float((m * self.demagnetising_product(m) - up * self.demagnetising_product(up)).sum())
            if self._domains:
                inside += float((m[2] * self._outer - self._both).sum()) - 2.0 * self._between_domains
            found["magnetostatic"] = volume * VACUUM_PERMEABILITY * stripe.saturation_magnetisation**2 * inside
        return found

    @functools.cached_property
    def stiffest(self) -> float:
        """An upper bound of the energy's curvature, T: exchange between opposite neighbours, all other terms in
        full."""
        stripe, edge = self.stripe, self.stripe.cell_edge
        densities = 16.0 * stripe.exchange_stiffness / edge**2 + 2.0 * stripe.uniaxial_anisotropy
        densities += 4.0 * abs(stripe.interfacial_dmi) / edge
        return densities / stripe.saturation_magnetisation + VACUUM_PERMEABILITY * stripe.saturation_magnetisation
