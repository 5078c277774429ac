"""Functions with two compiled variants, chosen by the type of the device."""

import functools
from collections.abc import Callable
from typing import Any

from numba.extending import overload

Function = Callable[..., Any]


def only_for(
    fits: Callable[[type], bool], otherwise: Function, *, inlined: bool = True
) -> Callable[[Function], Function]:
    """Decorate a function whose first argument is a device; devices of other types get `otherwise` instead.

    fits: whether the device's named tuple is of the right type.  otherwise: takes the same arguments.  Compiled code
    contains only the variant for its device, so that features few devices need cost the others nothing.
    inlined: whether the machine code always becomes part of its caller's.  numba's own inlining, of what stands before
    the machine code, infers all types anew at each look at each call, up to half of the time to compile a kernel.
    """
    options: Any = {"error_model": "numpy", "forceinline": inlined}

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def chosen(device: Any, *others: Any) -> Any:
            return (function if fits(type(device)) else otherwise)(device, *others)

        def variant(device: Any, *others: Any) -> Function:
            return function if fits(device.instance_class) else otherwise

        del chosen.__wrapped__  # numba would follow it to the original
        overload(chosen, jit_options=options, strict=False)(variant)
        return chosen

    return decorate
