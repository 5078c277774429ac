"""Docstrings here are plain text: formulas with bars and stars, arguments as `name: unit, meaning`.

This turns them into reStructuredText for autodoc.
"""

import re
from typing import Any

import numpy.typing
from sphinx.application import Sphinx
from sphinx.util.typing import stringify_annotation

_ITEM = re.compile(r"^(?P<names>[A-Za-z_]\w*(?: \(\S+\))?(?:, [A-Za-z_]\w*(?: \(\S+\))?)*): (?P<text>.+)$")
_DOI = re.compile(r"(?:\bdoi )?\b(10\.\d{4,9}/[\w./()-]*\w)")
_CODE = re.compile(r"(`[^`]+`)")
_CLASS = re.compile(r"<class '[\w.]*?(\w+)'>")
# What inspect makes of numpy's ArrayLike fills a page.
_MODES = ("smart", "fully-qualified-except-typing")
_ARRAY_LIKE = [stringify_annotation(numpy.typing.ArrayLike, mode) for mode in _MODES]


def _inline(text: str) -> str:
    """Bars, stars and trailing underscores as they stand; names in backticks also with a plural s; a DOI as a link."""
    parts = _CODE.split(text)
    parts[::2] = [re.sub(r"([|*]|(?<=\w)_(?!\w))", r"\\\1", part) for part in parts[::2]]
    for index in range(1, len(parts), 2):
        if parts[index + 1][:1].isalnum():
            parts[index] += "\\ "
    return _DOI.sub(r"`doi:\1 <https://doi.org/\1>`__", "".join(parts))


def restructured(lines: list[str], *, arguments: bool = True) -> list[str]:
    """The lines of a docstring as reStructuredText: arguments as a list, indented formulas and code as they stand."""
    result: list[str] = []
    literal = in_item = False
    previous = ""
    for line in lines:
        stripped = line.strip()
        indented = line.startswith("    ")
        if not stripped:
            in_item = False
            result.append("")
        elif indented and (literal or (not in_item and not previous)):
            if not literal:
                result += ["::", ""]
            literal = True
            result.append(line)
        else:
            if literal and previous:
                result.append("")
            literal = False
            item = _ITEM.match(line) if arguments and not indented else None
            if item:
                if not in_item:
                    result.append("")
                in_item = True
                names = re.sub(r"[A-Za-z_]\w*(?! *\))(?=,|$| \()", r"``\g<0>``", item["names"])
                result.append(f"* {names}: {_inline(item['text'])}")
            elif in_item and not indented and previous.endswith(".") and stripped[0].isupper():
                in_item = False
                result += ["", _inline(stripped)]
            else:
                result.append(f"  {_inline(stripped)}" if in_item else _inline(stripped))
        previous = stripped
    return result


def _process(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    lines[:] = restructured(lines, arguments=what not in ("attribute", "property", "data"))


def _shorten(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    return signature and _short(signature), returned and _short(returned)


def _short(text: str) -> str:
    for long in _ARRAY_LIKE:
        text = text.replace(long, "ArrayLike")
    return _CLASS.sub(r"\1", text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to autodoc."""
    app.connect("autodoc-process-docstring", _process)
    app.connect("autodoc-process-signature", _shorten)
    return {"parallel_read_safe": True}
