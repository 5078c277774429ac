"""Functions that compiled code has in two variants, of which the type of the device decides."""

import functools
from collections.abc import Callable
from typing import Any, Literal

from numba.extending import overload

Function = Callable[..., Any]


def only_for(
    fits: Callable[[type], bool], otherwise: Function, inline: Literal["always", "never"] = "always"
) -> Callable[[Function], Function]:
    """Decorate a function of a device, the first argument, that is `otherwise` for devices of another type.

    fits: whether a device's named tuple is of the type.  otherwise: takes the same arguments.  Compiled code contains
    the variant of its device alone, so that what few devices need costs the others nothing.
    """

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def chosen(device: Any, *others: Any) -> Any:
            return (function if fits(type(device)) else otherwise)(device, *others)

        def variant(device: Any, *others: Any) -> Function:
            return function if fits(device.instance_class) else otherwise

        del chosen.__wrapped__  # numba would look through to it
        overload(chosen, inline=inline, strict=False)(variant)
        return chosen

    return decorate
