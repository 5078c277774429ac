"""Counter-based random numbers: the same (seed, device, step) always gives the same pair of normal deviates.

A counter needs no state, so the numbers do not depend on the order of evaluation: not on the number of threads, not on
how devices are grouped into blocks, and not on whether a run was stopped and continued.
"""

import math

import numpy as np

from .fast_math import logarithm, sine
from .jit import inlined, kernel

_WORD = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)
_ROUNDS = 10

# The upper 52 of 64 random bits become the mantissa of a double in [1, 2).
_ONE_EXPONENT = np.uint64(0x3FF0000000000000)
_MANTISSA = np.uint64(0x000FFFFFFFFFFFFF)
_MANTISSA_BITS = np.uint64(52)
_TO_MANTISSA_LEFT = np.uint64(20)
_TO_MANTISSA_RIGHT = np.uint64(12)


@inlined
def philox(counter_0, counter_1, counter_2, counter_3, key_0, key_1):
    """Philox4x32-10 (Salmon et al. 2011, doi 10.1145/2063384.2063405): four random 32-bit words, kept in uint64."""
    for _ in range(_ROUNDS):
        product_0 = _MULTIPLIER_0 * counter_0
        product_1 = _MULTIPLIER_1 * counter_2
        counter_0 = (product_1 >> _HALF) ^ counter_1 ^ key_0
        counter_1 = product_1 & _WORD
        counter_2 = (product_0 >> _HALF) ^ counter_3 ^ key_1
        counter_3 = product_0 & _WORD
        key_0 = (key_0 + _WEYL_0) & _WORD
        key_1 = (key_1 + _WEYL_1) & _WORD
    return counter_0, counter_1, counter_2, counter_3


@kernel
def fill_normal_pairs(key, numbers, step, bits, first, second):
    """Two independent standard normal deviates per device, for one time step (Box and Muller).

    key: uint64, from the seed; numbers: int64 (lanes,), of the devices in the stream; step: int64, a counter;
    first, second: float64 (lanes,), overwritten; bits: uint64 (3, lanes), scratch.
    """
    lanes = first.size
    uniform = bits.view(np.float64)
    key_0 = key & _WORD
    key_1 = key >> _HALF
    step_low = np.uint64(step) & _WORD
    step_high = np.uint64(step) >> _HALF
    for lane in range(lanes):
        device = np.uint64(numbers[lane])
        word_0, word_1, word_2, word_3 = philox(step_low, step_high, device & _WORD, device >> _HALF, key_0, key_1)
        bits[0, lane] = ((word_0 << _TO_MANTISSA_LEFT) | (word_1 >> _TO_MANTISSA_RIGHT)) | _ONE_EXPONENT
        bits[1, lane] = ((word_2 << _TO_MANTISSA_LEFT) | (word_3 >> _TO_MANTISSA_RIGHT)) | _ONE_EXPONENT
    for lane in range(lanes):
        uniform[2, lane] = 2.0 - uniform[0, lane]  # in (0, 1]: its logarithm is finite
    for lane in range(lanes):
        bits[0, lane] = (bits[2, lane] & _MANTISSA) | _ONE_EXPONENT
    for lane in range(lanes):
        exponent = np.float64(np.int64(bits[2, lane] >> _MANTISSA_BITS)) - 1023.0
        first[lane] = math.sqrt(-2.0 * logarithm(uniform[0, lane], exponent))
    for lane in range(lanes):
        second[lane] = first[lane] * sine(2.0 * math.pi * (uniform[1, lane] - 1.5))
    for lane in range(lanes):
        first[lane] = first[lane] * sine(2.0 * math.pi * (uniform[1, lane] - 1.25))
