"""A netlist can run commands, which are refused before ngspice sees them."""

import re
from pathlib import Path

from compact_model.support.validation import InputError

from ..netlists.text import remark

# Lines that ngspice executes (control sections, comments with a command, scripts), and the code models that start or
# load a program.  ngspice compares only the beginning of a word: .controlx and .incl are .control and .include.
_EXECUTED = re.compile(r"\s*(\.\s*control|\.\s*endc|\*#|\*ng_script|\.\s*exec|.*\bd_(process|cosim)\b)", re.IGNORECASE)
_INCLUDE = re.compile(r"\s*\.\s*(inc|lib)[^\s\"']*\s*(.+)", re.IGNORECASE)
_MOST_DEEP = 20


def check_netlist(netlist: str, where: str = "netlist", folder: Path | None = None, depth: int = 0) -> list[str]:
    """The lines of a netlist and of all files that it includes; InputError for one that ngspice would execute.

    folder: to which included paths are relative.  A continued line is read as a whole.
    """
    if depth > _MOST_DEEP:
        raise InputError(f"{where}: expected files that include each other at most {_MOST_DEEP} deep, got more")
    if "\0" in netlist:
        raise InputError(f"{where}: expected text, got a NUL character")
    lines = []
    for line in re.sub(r"[\r\n]+\s*\+", " ", netlist).splitlines():
        if _EXECUTED.match(line):
            raise InputError(
                f"{where}: expected circuit elements and analyses, got a line that ngspice would execute: "
                f"{remark(line)[:60]!r}"
            )
        lines.append(line)
        match = _INCLUDE.match(line)
        if match:
            by_section = match.group(1).lower() == "lib"
            lines += _check_included(match.group(2), by_section, where, folder or Path.cwd(), depth)
    return lines


def _check_included(operand: str, by_section: bool, where: str, folder: Path, depth: int) -> list[str]:
    quoted = re.match(r"\s*([\"'])(.*?)\1", operand)
    words = operand.split()
    name = quoted.group(2) if quoted else words[0]
    path = Path(name) if Path(name).is_absolute() else folder / name
    if not path.is_file():
        if by_section and len(words) == 1 and re.match(r"\s*\w+\s*$", operand):
            return []  # `.lib NAME` inside a library opens a section and names no file
        raise InputError(f"{where}: expected an included file that is there, got {name!r}")
    try:
        content = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{where}: expected an included file that can be read, got {name!r}: {error}") from None
    return check_netlist(content, str(path), path.parent, depth + 1)
