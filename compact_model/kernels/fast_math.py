"""Elementary functions without branches, so that LLVM can turn a loop over devices into SIMD code.

`math.sin` and `math.log` are calls into libm: one of them inside a loop keeps the whole loop scalar.  These are
polynomials after an exact argument reduction.  Both are as accurate as the model needs (1e-14) and far cheaper.
"""

import math

from .jit import inlined

# pi in three parts of at most 30 significant bits (the last one is the remainder), so that n * PI_HIGH and
# n * PI_MIDDLE are exact for every |n| < 2**23 (Cody and Waite's reduction).
PI_HIGH = 3.1415926553308964
PI_MIDDLE = -1.7411031401348698e-09
PI_LOW = 1.034036596358821e-18
INVERSE_PI = 1.0 / math.pi

# Adding and subtracting 1.5 * 2**52 rounds a double to the nearest integer without a branch or a conversion.
ROUNDER = 6755399441055744.0


@inlined
def sine(angle):
    """sin(angle), to 1e-15 plus the rounding of the argument, for |angle| < 2.6e7 rad.

    Minimax polynomial of degree 17 on [-pi/2, pi/2].
    """
    turns = (angle * INVERSE_PI + ROUNDER) - ROUNDER
    rest = ((angle - turns * PI_HIGH) - turns * PI_MIDDLE) - turns * PI_LOW
    parity = turns - 2.0 * ((turns * 0.5 + ROUNDER) - ROUNDER)
    sign = 1.0 - 2.0 * parity * parity
    square = rest * rest
    # The polynomial in pairs (Estrin): half the latency of Horner's rule where one device is integrated alone.
    fourth = square * square
    series = (
        (2.7215660921125597973e-15 * square - 7.6430257389743450588e-13) * fourth
        + (1.6058940847832492062e-10 * square - 2.5052106889975130936e-8)
    ) * (fourth * fourth) + (
        (2.7557319211223259502e-6 * square - 1.984126984120863862e-4) * fourth
        + (8.3333333333331862815e-3 * square - 1.6666666666666665306e-1)
    )
    return sign * (rest + rest * square * series)


@inlined
def logarithm(mantissa, exponent):
    """ln(mantissa * 2**exponent) for a mantissa in [1, 2), to 1e-15."""
    upper = mantissa > math.sqrt(2.0)
    scaled = mantissa * 0.5 if upper else mantissa
    power = exponent + 1.0 if upper else exponent
    ratio = (scaled - 1.0) / (scaled + 1.0)
    square = ratio * ratio
    series = 0.084189067844493211809
    series = series * square + 0.0906096100194682102
    series = series * square + 0.11111717460704102831
    series = series * square + 0.14285708007987823194
    series = series * square + 0.2000000003088652789
    series = series * square + 0.3333333333327642434
    series = series * square + 1.000000000000000171
    return power * 0.693147180559945309417 + 2.0 * ratio * series
