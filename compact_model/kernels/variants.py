"""Functions with two compiled variants, chosen by the type of the device."""

import functools
from collections.abc import Callable
from typing import Any, Literal

from numba.extending import overload

Function = Callable[..., Any]


def only_for(
    fits: Callable[[type], bool], otherwise: Function, inline: Literal["always", "never"] = "always"
) -> Callable[[Function], Function]:
    """Decorate a function whose first argument is a device; devices of other types get `otherwise` instead.

    fits: whether the device's named tuple is of the right type.  otherwise: takes the same arguments.  Compiled code
    contains only the variant for its device, so that features few devices need cost the others nothing.
    """

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def chosen(device: Any, *others: Any) -> Any:
            return (function if fits(type(device)) else otherwise)(device, *others)

        def variant(device: Any, *others: Any) -> Function:
            return function if fits(device.instance_class) else otherwise

        del chosen.__wrapped__  # numba would follow it to the original
        overload(chosen, inline=inline, strict=False)(variant)
        return chosen

    return decorate
