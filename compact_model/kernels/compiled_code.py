"""Compiled kernels on disk: found again by what they were compiled from, and never in the way.

numba's own cache compares one source file, that of the compiled function, and trusts what it reads.  Here

- the name of a file holds a digest of every source file that the function can have been compiled from: those of its own
  `kernels` folder and of this one.  An edited constant in another file of them is seen, on any machine;
- a file ends with a digest of its content.  One that was cut off or overwritten is made anew;
- there is no index, and a file is put in its place whole, so that any number of processes may compile at once;
- where no folder can be written, code is compiled in memory.

The folder is NUMBA_CACHE_DIR if that is set, and no other.  Else files are read from `__pycache__` beside the source
and from the user's cache folder (XDG_CACHE_HOME where there is one), and written to the first of them that can be.

The part of numba that this needs: a dispatcher's `_cache` with `load_overload` and `save_overload`, and the two halves
of its own cache, `CompileResult._reduce` and `_rebuild`; the same from numba 0.60 to 0.68, which were tried.
"""

import functools
import hashlib
import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
from numba.core import config
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps
from numba.misc.appdirs import AppDirs

from .announcement import say

_SEAL = hashlib.sha256().digest_size
_OWN_FOLDER = Path(__file__).parent


class _Sources:
    """The source files of one folder, as they were when its first function was decorated."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = {path: (_stamp(path), _digest(path.read_bytes())) for path in sorted(folder.rglob("*.py"))}

    def unchanged(self) -> bool:
        """Whether the files are still those that were imported; what is compiled after an edit is of neither state."""
        try:
            for path, (stamp, digest) in self.files.items():
                if _stamp(path) != stamp and _digest(path.read_bytes()) != digest:
                    return False
        except OSError:
            return False
        return bool(self.files)  # none where the package lies in an archive


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@functools.cache
def _sources(folder: Path) -> _Sources:
    return _Sources(folder)


class CompiledCode(NullCache):
    """The compiled code of one function, for each signature; stands in a dispatcher in the place of numba's cache."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        code = function.__code__
        folder = Path(code.co_filename).parent
        self.folder = next((each for each in folder.parents if each.name == "kernels"), folder)
        self.sources = [_sources(each) for each in dict.fromkeys((_OWN_FOLDER, self.folder))]
        digests = [digest for each in self.sources for _, digest in each.files.values()]
        self._name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}".replace("<locals>", "locals")
        self._source = _digest(repr((digests, code.co_firstlineno, code.co_code)).encode())[:32]

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
        """In two parts: what stays after an edit of the source, and what does not."""
        held = tuple(cell.cell_contents for cell in self.function.__closure__ or ())
        versions = (numba.__version__, sys.implementation.cache_tag, getattr(sys, "abiflags", ""))
        kind = repr((signature, codegen.magic_tuple(), versions, dumps(held) if held else b""))
        return f"{self._name}-{_digest(kind.encode())[:16]}-", f"{self._source}.nbc"

    def holds(self, sig: Any, target_context: Any) -> bool:
        """Whether there is a file for a signature and this source."""
        name = "".join(self._file_name(sig, target_context.codegen()))
        return any((folder / name).is_file() for folder in self._folders())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The CompileResult of a signature, or None where there is none that is whole and of this source."""
        target_context.refresh()
        if not all(each.unchanged() for each in self.sources):
            return None
        name = "".join(self._file_name(sig, target_context.codegen()))
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
            except Exception:  # whole, and yet of no use here: compile it anew, whatever the reason
                continue
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a CompileResult in the first folder that can be written."""
        if data.lifted or data.library.has_dynamic_globals or not all(each.unchanged() for each in self.sources):
            return
        kept, source = self._file_name(sig, data.library.codegen)
        content = dumps(data._reduce())
        for folder in self._folders():
            try:
                folder.mkdir(parents=True, exist_ok=True)
                _write(folder / (kept + source), content + hashlib.sha256(content).digest())
                for other in folder.glob(f"{kept}*.nbc"):  # of an earlier state of the source
                    if other.name != kept + source:
                        other.unlink(missing_ok=True)
                return
            except OSError:
                continue
        _tell_once()


def _write(path: Path, content: bytes) -> None:
    """A file, whole or not at all."""
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
