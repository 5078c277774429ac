"""Elementary functions without branches, so that LLVM can turn a loop over devices into SIMD code.

`math.sin` and `math.log` are calls into libm: one of them inside a loop keeps the whole loop scalar.  These are
polynomials after an exact argument reduction.  Both are as accurate as the model needs (1e-14) and far cheaper.
"""

import math

from .jit import inlined

# pi in two parts; the first has 30 significant bits, so that n * PI_HIGH is exact for every |n| < 2**23 (Cody and
# Waite's reduction).
PI_HIGH = 3.1415926553308964
PI_REST = -1.7411031391008332e-09
INVERSE_PI = 1.0 / math.pi

# Adding and subtracting 1.5 * 2**52 rounds a double to the nearest integer without a branch or a conversion.
ROUNDER = 6755399441055744.0


@inlined
def short_sine(angle):
    """sin(angle), to 1e-16, for |angle| <= pi/2: a minimax polynomial of degree 17."""
    square = angle * angle
    # The polynomial in pairs (Estrin): half the latency of Horner's rule where one device is integrated alone.
    fourth = square * square
    series = (
        (2.7215660921125597973e-15 * square - 7.6430257389743450588e-13) * fourth
        + (1.6058940847832492062e-10 * square - 2.5052106889975130936e-8)
    ) * (fourth * fourth) + (
        (2.7557319211223259502e-6 * square - 1.984126984120863862e-4) * fourth
        + (8.3333333333331862815e-3 * square - 1.6666666666666665306e-1)
    )
    return angle + angle * square * series


@inlined
def short_cosine(angle):
    """cos(angle), to 1e-15, for |angle| <= 1.5: a minimax polynomial of degree 14."""
    square = angle * angle
    fourth = square * square
    return (
        (-1.1046177237529345696e-11 * square + 2.086125451349445397e-9) * fourth
        + (-2.7557023598505639106e-7 * square + 2.4801584174782910316e-5)
    ) * (fourth * fourth) + (
        (-1.3888888870918533531e-3 * square + 4.1666666666159295793e-2) * fourth
        + (-0.49999999999994541337 * square + 0.99999999999999903626)
    )


@inlined
def sine(angle):
    """sin(angle), to 1e-15 plus the rounding of the argument, for |angle| < 2.6e7 rad."""
    turns = (angle * INVERSE_PI + ROUNDER) - ROUNDER
    rest = (angle - turns * PI_HIGH) - turns * PI_REST
    parity = turns - 2.0 * ((turns * 0.5 + ROUNDER) - ROUNDER)
    sign = 1.0 - 2.0 * parity * parity
    return sign * short_sine(rest)


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
