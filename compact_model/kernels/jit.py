"""The decorators that every jitted function of the package uses, so that their options stand in one place.

`error_model="numpy"`: a division gives inf or nan as in IEEE 754.  Python's check for a zero divisor is a branch with
an exception, and one of those in a loop keeps LLVM from vectorising it.  No fast-math flag is set: without leave to
reorder or contract, a lane of a SIMD loop, its scalar remainder and any number of threads give the same bits.
The exceptions, `fused_kernel` and `fused_inner_kernel`, may contract a product and a sum: the adaptive method in SIMD
lanes, whose bits already depend on a tolerance, and a preconditioner.  The latter is always part of its caller: what
stays a function of its own is optimised again in every module into which it is linked, each would contract differently,
and which of them runs would depend on whether the code was found on disk.

No kernel has threads of its own (numba's `parallel=True`): it would be compiled twice.  Kernels let go of Python's lock
(`nogil`), take the range that they work on, and are shared among threads by `support.threads.run_together`.

numba optimises a function again inside each function that calls it.  So a long function that is called at one place is
`inlined`, and has no machine code of its own; one that would be called at many places is brought to one, by a loop.
Inlining takes time as well, since each copies what is in it already: where functions of a hundred lines come together
in one, each is an `inner_kernel`, with no way in from Python, no machine code (see `parts`) and no file of its own.
"""

from collections.abc import Callable
from typing import Any

from numba import njit

from . import announcement
from .compiled_code import CompiledCode
from .parts import PartCompiler

announcement.begin(lambda dispatcher: isinstance(getattr(dispatcher, "_cache", None), CompiledCode))


def _kept(**special: Any) -> Callable[[Callable[..., Any]], Any]:
    # Nobody hands a kernel to compiled code as a value: numba need not make a way in for that.
    options: dict[str, Any] = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True, **special}

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher: Any = njit(**options)(function)
        dispatcher._cache = CompiledCode(function)  # what numba's own `cache=True` sets, by numba's class
        return dispatcher

    return decorate


inlined = njit(inline="always", error_model="numpy")
kernel = _kept()
_INNER: dict[str, Any] = {
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "pipeline_class": PartCompiler,
}
inner_kernel = njit(**_INNER)
fused_inner_kernel = njit(fastmath={"contract"}, forceinline=True, **_INNER)
fused_kernel = _kept(fastmath={"contract"})
