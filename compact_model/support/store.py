"""Long runs on disk: each part is written whole when it is finished, and an interrupted run resumes from there."""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import stat
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .quick_netcdf import loaded
from .validation import InputError, shown

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

_IDENTITY = "run.json"


class StoreError(OSError):
    """A part that could not be written; those before it are complete."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary name beside the path, which replaces the path only once everything has been written.

    A link is followed to the file that is replaced.  A new file has the default permissions of the process; a replaced
    one keeps its own.
    """
    path = path.resolve()
    temporary = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield temporary
        if path.exists():
            temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_netcdf(result: xr.Dataset, path: Path) -> None:
    """A Dataset as a NetCDF file, whole or not at all; OSError if it cannot be written."""
    with whole_file(path) as temporary:
        temporary.write_bytes(_netcdf(result))


def write_sealed(result: xr.Dataset, path: Path, identity: bytes = b"") -> None:
    """A NetCDF file followed by a checksum, which other readers of NetCDF ignore.

    identity: of the run to which the file belongs.  Whole or not at all; OSError if it cannot be written.
    """
    content = _netcdf(result)
    with whole_file(path) as temporary:
        temporary.write_bytes(content + _seal(identity, content))


def read_sealed(path: Path, identity: bytes = b"") -> xr.Dataset | None:
    """Read what `write_sealed` wrote; None if there is no such file, or it is from another run, cut off or changed."""
    content = _sealed_content(path, identity)
    return None if content is None else loaded(content)


def _sealed_content(path: Path, identity: bytes) -> bytes | None:
    try:
        whole = path.read_bytes()
    except OSError:
        return None
    content = whole[: -len(_seal(b"", b""))]
    return content if whole == content + _seal(identity, content) else None


def _netcdf(result: xr.Dataset) -> bytes:
    """The content of a NetCDF file, made in memory: on a full disk the HDF5 library itself would end the process."""
    import h5netcdf
    from xarray.backends import H5NetCDFStore

    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w") as file:
        result.dump_to_store(H5NetCDFStore(file))
    return buffer.getvalue()


def _seal(identity: bytes, content: bytes) -> bytes:
    """The seal behind a part's content, where HDF5 does not look: of this run and of this content, bit for bit."""
    return b"sha256:" + hashlib.sha256(identity + content).hexdigest().encode()


def _claim(path: Path, text: str, owner: object, *, over: bool = False) -> bool:
    """Write a new file, whole and already locked; False if another process was faster, whose file then stays.

    over: in place of the present file, which its owner has locked.
    """
    handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.stem}-", suffix=path.suffix)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.chmod(0o644)
        _lock(temporary, owner)
        if over:
            temporary.replace(path)
            return True
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError:  # a file system without links
            temporary.replace(path)
        return True
    finally:
        temporary.unlink(missing_ok=True)


def _lock(path: Path, owner: object) -> bool:
    """Lock a file for as long as its owner or the process lives; False if another run has locked it."""
    try:
        import fcntl
    except ImportError:  # without such locks, a folder belongs to whichever run came first
        return False
    while True:
        file = os.open(path, os.O_RDONLY)
        weakref.finalize(owner, os.close, file)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        if os.path.samestat(os.fstat(file), path.stat()):  # else another run has taken its place meanwhile
            return True


class Store:
    """The parts of one run as NetCDF files in a folder, or nowhere.

    folder: created if missing; None: parts are not kept, and none are found.
    identity: distinguishes the run from all others, as text by name: version, devices, wires, seed, ...

    The folder belongs to the run that came first, from its start, and every part is sealed with the run's identity. A
    run that ended before its first part has lost nothing: the next one takes over the folder.
    Raises InputError if the folder contains other files, or a run with another identity: the message names the first
    difference.
    """

    def __init__(self, folder: str | Path | None, identity: Mapping[str, str]) -> None:
        if folder is not None and (not isinstance(folder, str | Path) or not str(folder) or "\0" in str(folder)):
            raise InputError(f"store: expected the name of a folder, or None, got {shown(folder)}")
        self.folder = None if folder is None else Path(folder)
        if self.folder is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise InputError(f"store: expected a folder, got the file {self._where}") from None
        wanted = {name: str(value) for name, value in identity.items()}
        text = json.dumps(wanted, indent=1)
        self._identity = json.dumps(wanted, sort_keys=True).encode()
        path = self.folder / _IDENTITY
        alone = False
        if not path.exists():
            if any(each.name[0] != "." and each != path for each in self.folder.iterdir()):
                raise InputError(f"store: expected a new or empty folder, or one of an earlier run, got {self._where}")
            alone = _claim(path, text, self)
        alone = alone or _lock(path, self)
        found = self._description(path)
        if found != wanted and alone and not any(each.suffix == ".nc" for each in self.folder.iterdir()):
            _claim(path, text, self, over=True)
            found = self._description(path)
        self._compare(found, wanted)

    @property
    def _where(self) -> str:
        return " ".join(str(self.folder).split())

    def _description(self, path: Path) -> dict[str, str]:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise InputError(f"store: expected the description of a run in {self._where}/{_IDENTITY}, got other text")
        return found

    def _compare(self, found: Mapping[str, str], wanted: Mapping[str, str]) -> None:
        for name in sorted(wanted.keys() | found.keys()):
            here, there = wanted.get(name), found.get(name)
            if here != there:
                raise InputError(
                    f"store: expected {self._where} to be of this run, got one with another {_short(name)} "
                    f"({_short(there)}, here {_short(here)}); give another folder, or remove it"
                )

    def load(self, name: str) -> xr.Dataset | None:
        """A part of an earlier run; None if it is missing or not as it was written."""
        return None if self.folder is None else read_sealed(self._path(name), self._identity)

    @property
    def names(self) -> list[str]:
        """Names of the existing parts, whatever they contain."""
        return [] if self.folder is None else sorted(path.stem for path in self.folder.glob("[!.]*.nc"))

    def load_arrays(self, name: str) -> dict[str, NDArray[Any]] | None:
        """The variables of a part without labels, ten times as fast as `load`; None as in `load`."""
        import h5py

        content = None if self.folder is None else _sealed_content(self._path(name), self._identity)
        if content is None:
            return None
        with h5py.File(io.BytesIO(content)) as file:
            return {name: each[()] for name, each in file.items() if each.shape is not None}

    def adopt(self, other: Store) -> int:
        """Copy missing parts from another store of the same run; returns how many it had.

        Parts that are cut off or changed are left out.  Raises StoreError if one cannot be written.
        """
        assert self.folder is not None
        count = 0
        here = set(self.names)
        for name in other.names:
            path = other._path(name)
            if name in here or _sealed_content(path, self._identity) is None:
                continue
            try:
                with whole_file(self._path(name)) as temporary:
                    temporary.write_bytes(path.read_bytes())
            except OSError as error:
                raise StoreError(f"store: {name} could not be written to {self._where} ({error.strerror})") from error
            count += 1
        return count

    def save(self, name: str, part: xr.Dataset) -> None:
        """Write a part; StoreError if that is impossible, for instance on a full disk."""
        if self.folder is None:
            return
        try:
            write_sealed(part, self._path(name), self._identity)
        except OSError as error:
            kept = len(list(self.folder.glob("[!.]*.nc")))
            reason = error.strerror or error
            raise StoreError(
                f"store: {name} could not be written to {self._where} ({reason}); the {kept} parts before it are "
                "complete, and the same call goes on from them"
            ) from error

    def _path(self, name: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{name}.nc"


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 40 else text[:37] + "..."
