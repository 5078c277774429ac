"""Options that a function passes on to another one: listed in its help, and checked by name."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, get_args

from .validation import InputError, nearest

Function = TypeVar("Function", bound=Callable[..., Any])


def named_options(receiver: Callable[..., Any]) -> Callable[[Function], Function]:
    """Decorate a function that passes its `**options: Unpack[SomeOptions]`, a TypedDict, on to the receiver.

    `help` and editors then list the options individually, with the receiver's defaults.  An option that is not in the
    TypedDict raises an InputError that names the nearest one.  A type checker reads the annotation without this
    decorator.
    """

    def decorate(function: Function) -> Function:
        whole = inspect.signature(function)
        *own, collected = whole.parameters.values()
        (options,) = get_args(collected.annotation)
        taken = inspect.signature(receiver).parameters
        listed = [
            taken[name].replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=annotation)
            for name, annotation in options.__annotations__.items()
        ]
        known = [each.name for each in (*own, *listed)]

        @functools.wraps(function)
        def checked(*arguments: Any, **given: Any) -> Any:
            for name in given:
                if name not in known:
                    hint = nearest(name, known)
                    raise InputError(f"{name}: expected an option of {function.__name__}, got no such name{hint}")
            return function(*arguments, **given)

        checked.__signature__ = whole.replace(parameters=[*own, *listed])  # type: ignore[attr-defined]  # see PEP 362
        return checked  # type: ignore[return-value]  # it takes and gives what the function does

    return decorate
