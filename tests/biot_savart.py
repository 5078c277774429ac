"""The Oersted field of a junction's current at its wall, by quadrature of the law of Biot and Savart."""

import numpy as np

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(60)
_SHARES = (0.5 * (_NODES + 1.0)) ** 5  # close together where the logarithm is steep
_MEASURE = 0.5 * _WEIGHTS * 5.0 * (0.5 * (_NODES + 1.0)) ** 4


def _strip(reach):
    """int dx' of x' / (x'^2 + s^2) from 0 to reach, averaged over pairs of points that lie s apart across the width."""
    return float(np.sum(_MEASURE * (1.0 - _SHARES) * np.log((reach**2 + _SHARES**2) / _SHARES**2)))


def oersted_field(device, position, voltage):
    """Across the track, T, of endless currents along z in the two domains, averaged over the width."""
    parallel = voltage / device.resistance_area_product
    tmr = device.tmr / (1.0 + (voltage / device.tmr_half_voltage) ** 2)
    before, after = position / device.track_width, (device.track_length - position) / device.track_width
    per_density = device.oersted_field_ratio * 1.25663706127e-6 / (2.0 * np.pi) * device.track_width
    return per_density * parallel * (_strip(before) - _strip(after) / (1.0 + tmr))
