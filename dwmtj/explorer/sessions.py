"""A session, the complete state of a page, as a link and as TOML; both carry a version."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from compact_model.support.validation import InputError, choice, shown

from . import one_array, one_device
from .controls import Control, Values, complete, literal

VERSION = 1
"""Version of links and files; it rises when the meaning of a text changes."""
CONTROLS: dict[str, tuple[Control, ...]] = {"device": one_device.CONTROLS, "array": one_array.CONTROLS}


@dataclass(frozen=True)
class Session:
    """page: 'device' or 'array'.  values: of all its controls, in the units at the edge.  actions: on the array."""

    page: str
    values: Values
    actions: tuple[one_array.Action, ...] = ()


def new_session(page: str, given: Values | None = None, actions: Sequence[one_array.Action] = ()) -> Session:
    """A session with the given values, and defaults for the others; raises InputError."""
    controls = CONTROLS[choice("page", page, CONTROLS)]
    if actions and page != "array":
        raise InputError(f"action: expected none on the page of one device, got {len(actions)}")
    values = complete(controls, {} if given is None else given)
    one_array.check_actions(values, actions)
    return Session(page, values, tuple(actions))


def link(session: Session) -> str:
    """The part of an address after the machine: /device?version=1&coercive_field=15&..."""
    fields = {"version": str(VERSION)} | {name: _bare(value) for name, value in session.values.items()}
    if session.actions:
        fields["do"] = ";".join(action.text() for action in session.actions)
    return f"/{session.page}?{urlencode(fields, safe=':;,/')}"


def from_link(page: str, query: Mapping[str, str]) -> Session:
    """The session of a link from the fields after its question mark; without any, a new one.

    Raises a one-line InputError for a link of another version, and for unknown fields and values.
    """
    fields = dict(query)
    if not fields:
        return new_session(page)
    try:
        _check_version(fields.pop("version", None))
        actions = [one_array.action_from(text) for text in fields.pop("do", "").split(";") if text]
        known = {item.name: item for item in CONTROLS[page]}
        given = {name: _number(text) if _is_number(known, name) else text for name, text in fields.items()}
        return new_session(page, given, actions)
    except InputError as error:
        raise InputError(f"link: {error}") from None


def to_toml(session: Session) -> str:
    """The session as a file for `dwmtj explore FILE`."""
    lines = ["[explore]", f"version = {VERSION}", f'page = "{session.page}"', "", f"[{session.page}]"]
    lines += [_entry(item, session.values[item.name]) for item in CONTROLS[session.page]]
    for action in session.actions:
        lines += ["", "[[action]]", *(f"{name} = {literal(value)}" for name, value in action.fields().items())]
    return "\n".join(lines) + "\n"


def from_toml(text: str) -> Session:
    """The session of a file; raises InputError with the table, the key, what was expected and what was given."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"expected TOML, got a syntax error: {error}") from None
    except RecursionError:
        raise InputError("expected the tables of a session, got values nested too deeply") from None
    head = content.pop("explore", None)
    if not isinstance(head, dict) or set(head) != {"version", "page"}:
        raise InputError(f"[explore]: expected a table with the keys version and page, got {shown(head)}")
    _check_version(head["version"])
    page = choice("[explore] page", head["page"], CONTROLS)
    given, listed = content.pop(page, {}), content.pop("action", [])
    if content:
        raise InputError(f"expected the tables [explore], [{page}] and [[action]], got {next(iter(content))!r}")
    if not isinstance(given, dict):
        raise InputError(f"[{page}]: expected a table of keys, got {shown(given)}")
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise InputError(f"[[action]]: expected a list of tables, got {shown(listed)}")
    return new_session(page, given, [one_array.action_of(each) for each in listed])


def _check_version(version: Any) -> None:
    if version not in (VERSION, str(VERSION)) or isinstance(version, bool):
        raise InputError(f"version: expected {VERSION}, got {'none' if version is None else shown(version)}")


def _is_number(known: Mapping[str, Control], name: str) -> bool:
    return name in known and not known[name].choices


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text  # refused as not a number, with its control's name


def _bare(value: Any) -> str:
    return value if isinstance(value, str) else literal(value)


def _entry(item: Control, value: Any) -> str:
    line = f"{item.name} = {literal(value)}"
    return f"{line:<40}# {item.unit}" if item.unit else line
