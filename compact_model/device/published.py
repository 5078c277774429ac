"""The published device: Lequeux et al., A magnetic synapse, Sci. Rep. 6, 31510 (2016), doi 10.1038/srep31510."""

from ..constants import AMPERE_PER_SQUARE_CENTIMETRE, OERSTED
from ..support import validation
from ..support.random import Seed
from ..track.landscape import Landscape, single_well
from ..track.random_sites import random_track
from .parameters import DeviceParameters
from .polarisation import slonczewski_polarisation

COERCIVE_FIELD = 15.0 * OERSTED
"""H_c of the paper's single pinning site, T: measured at room temperature over minutes, and used there at T = 0."""
INTRINSIC_COERCIVE_FIELD = 70.0 * OERSTED
"""H_c at T = 0 of a site that at 300 K holds the wall for about an hour under a net field of 15 Oe, T.

`intrinsic_site(lequeux2016(), stable_field=15e-4, stable_time=3600.0)`."""
WELL_HALF_WIDTH = 100e-9
"""x_c of the paper's single pinning site, m."""

# Julliere's polarisation, which the paper derives from the TMR of its two measured samples, 82 % and 93 %.
_JULLIERE_POLARISATION = 0.55


def lequeux2016(track_width: float = 100e-9) -> DeviceParameters:
    """The paper's device: 1 um long, R_P = 36 Ohm, TMR 95 %, H_K = 30 Oe (its best fit), measured at 90 to 110 nm.

    track_width: m.  P = 0.422 follows from P_J = 0.55.  The paper gives no values for the size of the pad, for V_h or
    for the nucleation current.  The values here are assumptions: a pad of 150 nm x 150 nm, V_h = 0.5 V (usual for MgO
    barriers) and 3e6 A/cm2 (nucleation within the range of the paper's Fig. 1c).
    """
    return DeviceParameters(
        track_length=1e-6,
        track_width=track_width,
        thickness=2.2e-9,
        saturation_magnetisation=1.05e6,
        damping=0.005,
        wall_width=16.6e-9,
        anisotropy_field=30.0 * OERSTED,
        parallel_resistance=36.0,
        tmr=0.95,
        tmr_half_voltage=0.5,
        spin_polarisation=slonczewski_polarisation(_JULLIERE_POLARISATION),
        field_like_ratio=0.3,
        stray_field=-85.0 * OERSTED,
        nucleation_pad_area=(150e-9) ** 2,
        nucleation_current_density=3e6 * AMPERE_PER_SQUARE_CENTIMETRE,
    )


def lequeux2016_measured_site(parameters: DeviceParameters) -> Landscape:
    """The paper's single site with the values it states, H_c = 15 Oe and x_c = 100 nm, in the middle of the track.

    Use it for the paper's simulated figures, which are for T = 0.  At 300 K it is 8.4 k_B T deep, and a wall escapes
    from it within milliseconds.
    """
    return single_well(parameters, coercive_field=COERCIVE_FIELD, half_width=WELL_HALF_WIDTH)


def lequeux2016_intrinsic_site(parameters: DeviceParameters) -> Landscape:
    """A site with x_c = 100 nm that behaves at 300 K as the measured one did: H_c = 70 Oe at T = 0.

    H_c and H_K measured at room temperature over minutes are not parameters at T = 0.  This H_c is such a parameter,
    for simulations with thermal fields.  It is derived from the stability of the site alone, because the paper gives no
    other value from which it could be derived.
    """
    return single_well(parameters, coercive_field=INTRINSIC_COERCIVE_FIELD, half_width=WELL_HALF_WIDTH)


def lequeux2016_track(parameters: DeviceParameters, seed: Seed) -> Landscape:
    """A many-level track for the paper's device (Fig. 1c), drawn with a seed: a site every 50 nm.

    The paper states only that its sites give 15 to 20 levels on 1 um.  This requires a pitch of about 50 nm, too small
    for wells with x_c = 100 nm; 20 narrower ones (18 nm) need a larger H_c (60 Oe) for a comparable depth, here 6 k_B T
    at 300 K and W = 100 nm.  With H_K = 30 Oe everywhere, a dc sweep would be binary, because nothing stops the wall
    above the Walker current.  Therefore H_K is 80 Oe on average and varies by 30 Oe from site to site, as it would with
    an edge roughness of 6 nm rms.  Micromagnetics gives the threshold of |H_K| = 104 Oe (`micromagnetic_wall`).
    """
    validation.instance("parameters", parameters, DeviceParameters)
    return random_track(
        parameters.replace(anisotropy_field=80.0 * OERSTED),
        max(1, round(parameters.track_length / 50e-9)),
        seed=seed,
        coercive_field=60.0 * OERSTED,
        coercive_field_spread=0.2,
        half_width=18e-9,
        half_width_spread=0.15,
        anisotropy_spread=30.0 * OERSTED,
    )
