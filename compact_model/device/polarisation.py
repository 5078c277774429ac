"""Spin polarisation in the torques, from the tunnel magnetoresistance."""

import math

from ..support.validation import between, positive


def julliere_polarisation(tmr: float) -> float:
    """P_J of two equal electrodes, from TMR = 2 P_J^2 / (1 - P_J^2) (Julliere 1975, doi 10.1016/0375-9601(75)90174-7).

    tmr: ratio (R_AP - R_P) / R_P, so 0.95 for 95 %.
    """
    ratio = positive("tmr", tmr)
    return math.sqrt(ratio / (2.0 + ratio))


def slonczewski_polarisation(julliere: float) -> float:
    """P = P_J / (1 + P_J^2), for torques per current density of the parallel state, J = V / RA_P.

    Slonczewski and Sun 2007, doi 10.1016/j.jmmm.2006.10.507.
    """
    polarisation = between("julliere", julliere, 0.0, 1.0)
    return polarisation / (1.0 + polarisation**2)
