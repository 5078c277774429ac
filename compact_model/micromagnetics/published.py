"""The paper's stripe."""

from .stripe import Stripe

EXCHANGE_STIFFNESS = 1.28e-11
"""A, J/m, the one number that the paper leaves open: extrapolated to zero cell size, it gives the paper's Delta, 16.6
nm at 100 nm.

Cells of 4 nm act as if A were 6 % smaller, because the stray field of steps is not that of a smooth wall: they give the
same wall with A = 1.36e-11."""


def lequeux2016_stripe(track_width: float = 100e-9, *, cell_size: float = 4e-9) -> Stripe:
    """The free layer of Lequeux et al. 2016 (doi 10.1038/srep31510) in a stripe of a given width, m.

    M_s = 1.05e6 A/m, K_u = 7e5 J/m3 (its 7e6 "erg/m3" are erg/cm3), t = 2.2 nm; A by EXCHANGE_STIFFNESS.
    """
    return Stripe(
        track_width=track_width,
        thickness=2.2e-9,
        saturation_magnetisation=1.05e6,
        uniaxial_anisotropy=7e5,
        exchange_stiffness=EXCHANGE_STIFFNESS,
        cell_size=cell_size,
    )
