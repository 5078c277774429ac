"""A cache of compiled kernels on disk, keyed by the source from which they were compiled.

numba's own cache compares only the source file of the compiled function, and trusts the files that it reads.  In this
cache,

- the name of a file contains a digest of every source file from which the function can have been compiled: those in its
  own `kernels` folder and in this one.  A constant edited in any of them is noticed, on any machine;
- each file ends with a digest of its content.  A truncated or overwritten file is replaced;
- there is no index, and files are written atomically, so that any number of processes can compile at the same time;
- what one process is compiling, the others wait for and load, where the system has file locks (POSIX): sixty-four
  workers that start together compile once, not sixty-four times;
- if no folder is writable, code is compiled in memory.

If NUMBA_CACHE_DIR is set, only that folder is used.  Otherwise files are read from `__pycache__` beside the source and
from the user's cache folder (XDG_CACHE_HOME, if set), and written to the first of the two that is writable.

The cache relies on these parts of numba: a dispatcher's `_cache` with `load_overload`, after which it compiles what was
not found, and `save_overload`; `CompileResult._reduce` and `_rebuild`, with which numba's own cache stores and restores
code; the event of a failed compilation.  They are the same in numba 0.60 to 0.68, with which this was tried.
"""

import functools
import hashlib
import os
import pickle
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
from numba.core import config, event
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps
from numba.misc.appdirs import AppDirs

from .announcement import PATIENCE, say

try:
    import fcntl
except ImportError:  # not a POSIX system: each process compiles
    fcntl = None  # type: ignore[assignment]

_LONGEST_WAIT = 120.0  # s, for another process, which may have been stopped in the middle
_POLL = 0.02  # s
_SEAL = hashlib.sha256().digest_size
_OWN_FOLDER = Path(__file__).parent


class _Sources:
    """The source files of a folder, as they were when its first function was decorated."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = {path: (_stamp(path), _digest(path.read_bytes())) for path in sorted(folder.rglob("*.py"))}

    def unchanged(self) -> bool:
        """Whether the files are still those that were imported; code compiled after an edit fits neither version."""
        try:
            for path, (stamp, digest) in self.files.items():
                if _stamp(path) != stamp and _digest(path.read_bytes()) != digest:
                    return False
        except OSError:
            return False
        return bool(self.files)  # empty if the package is in an archive


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@functools.cache
def _sources(folder: Path) -> _Sources:
    return _Sources(folder)


class CompiledCode(NullCache):
    """The compiled code of one function for each signature; replaces numba's cache in a dispatcher."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        code = function.__code__
        folder = Path(code.co_filename).parent
        self.folder = next((each for each in folder.parents if each.name == "kernels"), folder)
        self.sources = [_sources(each) for each in dict.fromkeys((_OWN_FOLDER, self.folder))]
        digests = [digest for each in self.sources for _, digest in each.files.values()]
        self._name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}".replace("<locals>", "locals")
        self._source = _digest(repr((digests, code.co_firstlineno, code.co_code)).encode())[:32]
        self._locks: dict[str, tuple[int, Path]] = {}  # of what is being compiled here, by the name of its file

    @property
    def cache_path(self) -> str:
        return str(next(self._folders()))

    def _folders(self) -> Iterator[Path]:
        apart = f"{self.folder.parent.name}_{_digest(os.fsencode(self.folder))[:16]}"
        if chosen := getattr(config, "CACHE_DIR", ""):
            yield Path(chosen, apart)
            return
        yield self.folder / "__pycache__"
        yield Path(AppDirs("dwmtj", appauthor=False).user_cache_dir, apart)

    def _file_name(self, signature: Any, codegen: Any) -> tuple[str, str]:
        """The name in two parts: one that survives edits of the source, and one that does not."""
        held = tuple(cell.cell_contents for cell in self.function.__closure__ or ())
        versions = (numba.__version__, sys.implementation.cache_tag, getattr(sys, "abiflags", ""))
        kind = repr((signature, codegen.magic_tuple(), versions, dumps(held) if held else b""))
        return f"{self._name}-{_digest(kind.encode())[:16]}-", f"{self._source}.nbc"

    def holds(self, sig: Any, target_context: Any) -> bool:
        """Whether there is a file for a signature and this source."""
        name = "".join(self._file_name(sig, target_context.codegen()))
        return any((folder / name).is_file() for folder in self._folders())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The CompileResult of a signature, or None if there is no intact one for this source: then it is made here."""
        target_context.refresh()
        if not all(each.unchanged() for each in self.sources):
            return None
        name = "".join(self._file_name(sig, target_context.codegen()))
        found = self._read(name, target_context)
        if found is None:
            self._lock(name)
            found = self._read(name, target_context)
            if found is not None:
                self._unlock(name)
        return found

    def _read(self, name: str, target_context: Any) -> Any:
        for folder in self._folders():
            try:
                whole = (folder / name).read_bytes()
            except OSError:
                continue
            content, seal = whole[:-_SEAL], whole[-_SEAL:]
            if hashlib.sha256(content).digest() != seal:
                continue
            try:
                return CompileResult._rebuild(target_context, *pickle.loads(content))
            except Exception:  # intact but unusable here: compile again, whatever the reason
                continue
        return None

    def _lock(self, name: str) -> None:
        """Return when no other process compiles this, with its lock if that can be had."""
        if fcntl is None:
            return
        for folder in self._folders():
            path = (folder / name).with_suffix(".lock")
            try:
                folder.mkdir(parents=True, exist_ok=True)
                handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            except OSError:
                continue
            if _locked(handle, f"{self.function.__module__}.{self.function.__qualname__}"):
                self._locks[name] = handle, path
            else:
                os.close(handle)
            return

    def _unlock(self, name: str) -> None:
        if name in self._locks:
            handle, path = self._locks.pop(name)
            path.unlink(missing_ok=True)
            fcntl.flock(handle, fcntl.LOCK_UN)  # also for a process that was forked meanwhile
            os.close(handle)

    def give_up(self) -> None:
        """After a compilation that failed, let other processes try."""
        for name in list(self._locks):
            self._unlock(name)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Save a CompileResult in the first writable folder."""
        kept, source = self._file_name(sig, data.library.codegen)
        try:
            if not (data.lifted or data.library.has_dynamic_globals) and all(each.unchanged() for each in self.sources):
                self._save(kept, source, dumps(data._reduce()))
        finally:
            self._unlock(kept + source)

    def _save(self, kept: str, source: str, content: bytes) -> None:
        for folder in self._folders():
            try:
                folder.mkdir(parents=True, exist_ok=True)
                _write(folder / (kept + source), content + hashlib.sha256(content).digest())
                for other in folder.glob(f"{kept}*.nbc"):  # from an earlier state of the source
                    if other.name != kept + source:
                        other.unlink(missing_ok=True)
                return
            except OSError:
                continue
        _tell_once()


class _Failures(event.Listener):
    """Learns of compilations that ended with an error or an interrupt."""

    def on_start(self, event: Any) -> None:
        """Nothing has failed yet."""

    def on_end(self, event: Any) -> None:
        code = getattr(event.data["dispatcher"], "_cache", None)
        if sys.exc_info()[0] is not None and isinstance(code, CompiledCode):  # numba's `is_failed` is the opposite
            code.give_up()


event.register("numba:compile", _Failures())


def _locked(handle: int, name: str) -> bool:
    """Lock an open file as soon as no other process has it locked; False if that takes too long or cannot be done."""
    began = time.monotonic()
    told = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            waited = time.monotonic() - began
            if waited > _LONGEST_WAIT:
                return False
            if waited > PATIENCE and not told:
                told = True
                say(f"dwmtj: waiting for another process to compile {name} ...\n")
            time.sleep(_POLL)
        except OSError:  # a file system without locks
            return False
    return True


def _write(path: Path, content: bytes) -> None:
    """Write a file completely or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix="compiled_", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


@functools.cache
def _tell_once() -> None:
    say(
        "dwmtj: compiled code cannot be kept, for no folder could be written: each process compiles anew; "
        "NUMBA_CACHE_DIR may name a folder for it\n"
    )
