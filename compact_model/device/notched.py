"""A device designed for arrays: the paper's stack with notches, a narrower track and a thicker barrier.

This device has never been built.  The paper's junction has 36 Ohm, less than a hundred segments of wire, and its
pinning sites are due to the random roughness of the edges.  Here RA_P is 20 Ohm um2, so that R_P is about 300 Ohm and
the threshold 0.5 V (it is J_W RA_P; a much higher voltage would break the barrier).  The pinning sites are notches of
equal nominal strength at equal distances.
"""

from ..constants import NANOMETRE, OERSTED
from ..support import validation
from ..support.random import Seed
from ..track.landscape import Landscape
from ..track.random_sites import random_track
from .parameters import DeviceParameters
from .published import lequeux2016

PITCH = 50.0 * NANOMETRE
"""Distance between neighbouring notches, m."""
_RESISTANCE_AREA_PRODUCT = 20e-12  # Ohm m2
_SPIKING_ANISOTROPY = 240.0 * OERSTED
_SPIKING_RESISTANCE_AREA_PRODUCT = 4e-12  # Ohm m2


def notched_device() -> DeviceParameters:
    """1 um x 60 nm, pad of 90 nm x 90 nm, RA_P = 20 Ohm um2, compensated stray field; otherwise as in the paper."""
    device = lequeux2016().replace(track_width=60.0 * NANOMETRE, nucleation_pad_area=(90.0 * NANOMETRE) ** 2)
    return device.replace(parallel_resistance=_RESISTANCE_AREA_PRODUCT / device.junction_area, stray_field=0.0)


def spiking_device() -> DeviceParameters:
    """`notched_device` with H_K = 240 Oe, and with RA_P = 4 Ohm um2, which keeps the threshold at 0.8 V.

    During a read spike the wall is held by the barrier against rotation of its angle, M_s Delta W t H_K.  At 300 K this
    is 1.7 k_B T for the 30 Oe of `notched_device`, and 13 k_B T here.  An H_K of 240 Oe is about the micromagnetic
    value for a track of 60 nm.
    """
    device = notched_device()
    return device.resized(resistance_area_product=_SPIKING_RESISTANCE_AREA_PRODUCT).replace(
        anisotropy_field=_SPIKING_ANISOTROPY
    )


def notched_track(parameters: DeviceParameters, seed: Seed, *, position_jitter: float = 0.0) -> Landscape:
    """A notch every 50 nm, x_c = 20 nm, H_c = 300 Oe: 20 k_B T deep at 300 K and W = 60 nm.

    H_c varies by 10 % and x_c by 5 %, drawn with a seed; H_K is the same everywhere.
    position_jitter: from 0, equal distances, to 1, anywhere within its own 50 nm where the notch fits.
    """
    validation.instance("parameters", parameters, DeviceParameters)
    return random_track(
        parameters,
        max(1, round(parameters.track_length / PITCH)),
        seed=seed,
        coercive_field=300.0 * OERSTED,
        coercive_field_spread=0.1,
        half_width=20.0 * NANOMETRE,
        half_width_spread=0.05,
        anisotropy_spread=0.0,
        position_jitter=position_jitter,
    )
