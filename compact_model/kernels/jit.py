"""The decorators that every jitted function of the package uses, so that their options stand in one place.

`error_model="numpy"`: a division gives inf or nan as in IEEE 754.  Python's check for a zero divisor is a branch with
an exception, and one of those in a loop keeps LLVM from vectorising it.  No fast-math flag is set: without leave to
reorder or contract, a lane of a SIMD loop, its scalar remainder and any number of threads give the same bits.
The one exception is `fused_kernel`, which may contract a product and a sum: the adaptive method, whose stages wait for
one another, gains a fifth of its speed, and its bits already depend on a tolerance.

numba keeps compiled code on disk and compares only the file that holds the compiled function.  After an edit of a file
of this folder that others import, delete `__pycache__/*.nb*` (`tests/conftest.py` does so by itself).
"""

from numba import njit

inlined = njit(inline="always", error_model="numpy")
kernel = njit(cache=True, error_model="numpy", nogil=True)
parallel_kernel = njit(cache=True, error_model="numpy", nogil=True, parallel=True)
fused_kernel = njit(cache=True, error_model="numpy", nogil=True, fastmath={"contract"})
