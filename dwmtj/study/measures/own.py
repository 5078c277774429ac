"""User-defined measures, from a Python file with a `Measure` called MEASURE."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from compact_model.support.validation import ConvergenceError, InputError

from . import MEASURES
from .measure import Measure

SUFFIX = ".py"
NAME = "MEASURE"
_READ: dict[str, Measure] = {}


def read_measure(path: Path) -> Measure:
    """The measure of a file.  Raises InputError with the line if the file itself raises."""
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"measure: expected a Python file, got {str(path)!r} ({reason})") from None
    return measure_from(source, str(path))


def loaded(name: str) -> Measure:
    """A measure of the package, or a user's one that this process has read; InputError if it has not."""
    known = MEASURES | _READ
    if name not in known:
        raise InputError(
            f"measure: expected one of {', '.join(known)}, got {name!r}; the file of a measure of one's own has to be "
            "read first, with dwmtj.study.measures.own.read_measure(path)"
        )
    return known[name]


@lru_cache(maxsize=16)
def measure_from(source: str, file: str) -> Measure:
    """The measure of a file's text; the same text is run once per process."""
    names = {"__name__": f"measure_{Path(file).stem}", "__file__": file}
    with located_in(file):
        exec(compile(source, file, "exec"), names)
    found = names.get(NAME)
    if not isinstance(found, Measure):
        raise InputError(f"{file}: expected a Measure called {NAME}, got {type(found).__name__}")
    if found.name in MEASURES:
        raise InputError(f"{file}: expected a name other than {', '.join(MEASURES)}, got {found.name!r}")
    _READ[found.name] = replace(found, source=source, file=file)
    return _READ[found.name]


@contextmanager
def located_in(file: str) -> Iterator[None]:
    """An exception inside becomes an InputError with the file's line."""
    try:
        yield
    except SyntaxError as error:
        raise InputError(f"{file}, line {error.lineno}: expected Python, got a syntax error: {error.msg}") from None
    except (Exception, SystemExit) as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
        line = f", line {lines[-1]}" if lines else ""
        own = isinstance(error, InputError | ConvergenceError)
        words = " ".join((str(error) if own else f"{type(error).__name__}: {error}").split())
        raise InputError(f"{file}{line}: {words}") from None


@contextmanager
def located(measure: Measure) -> Iterator[None]:
    """`located_in` for a user-defined measure; exceptions of other measures pass unchanged."""
    if not measure.source:
        yield
        return
    with located_in(measure.file):
        yield
