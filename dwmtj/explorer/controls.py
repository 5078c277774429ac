"""The controls of a page: each with its unit, its range on the slider, and the range of values that are computed."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from compact_model.support.model_range import ModelRangeWarning
from compact_model.support.validation import InputError, nearest

from ..study.quantities import Setting, check_value

T = TypeVar("T")


@dataclass(frozen=True)
class Control(Setting):
    """A setting with a place on the page.

    label: beside the slider.  group: the heading above it.  low, high, increment: of the slider, in the displayed unit.
    A value typed beside the slider may lie outside, up to `at_least` and `at_most`, beyond which the page would be slow
    or the package refuses it.  aliases: names of the quantity in the package's messages.  The default is in the
    displayed unit, like all `Values`.
    """

    label: str = ""
    group: str = ""
    low: float = 0.0
    high: float = 1.0
    increment: float = 1.0
    aliases: tuple[str, ...] = ()


Values = Mapping[str, Any]
"""Values of all controls of a page by name, in the displayed units."""


def defaults(controls: tuple[Control, ...]) -> dict[str, Any]:
    """Every control's value on a new page, in the displayed unit."""
    return {item.name: item.default for item in controls}


def complete(controls: tuple[Control, ...], given: Values) -> dict[str, Any]:
    """The given values, checked, and defaults for the others, in the order of the controls; in the displayed units.

    Raises InputError for an unknown name, a value of another type, and one that the page does not accept.
    """
    known = {item.name: item for item in controls}
    for name, value in given.items():
        if name not in known:
            raise InputError(f"expected a key out of {', '.join(known)}, got {name!r}{nearest(name, known)}")
        check_value(known[name], known[name].read(name, value))
    return defaults(controls) | {item.name: given[item.name] for item in controls if item.name in given}


def in_si(controls: tuple[Control, ...], values: Values) -> dict[str, Any]:
    """All values in SI, by name; checked as by `complete`."""
    checked = complete(controls, values)
    return {item.name: item.read(item.name, checked[item.name]) for item in controls}


def literal(value: Any) -> str:
    """The shortest text of a number without loss, or a word in quotes; the same in Python and in TOML."""
    if isinstance(value, str):
        return f'"{value}"'
    short = f"{value:.12g}"
    return short if float(short) == value else repr(value)


def with_remark(task: Callable[[], T]) -> tuple[T, str | None]:
    """The result of a task, and the first warning about a value outside the model's range."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", ModelRangeWarning)
        found = task()
    remarks = [str(each.message) for each in heard if issubclass(each.category, ModelRangeWarning)]
    return found, remarks[0] if remarks else None


def control_of(controls: tuple[Control, ...], message: str) -> str | None:
    """Name of the control that a refusal or warning concerns, from the name before its colon; None: none."""
    subject = message.partition(":")[0].rpartition(".")[2].strip()
    for item in controls:
        if subject in (item.name, *item.aliases):
            return item.name
    return None
