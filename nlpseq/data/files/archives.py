"""Archives of several files, which are read as the folder that they hold."""

import contextlib
import functools
import inspect
import os
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar

from nlpseq.data.files.contents import DAMAGED, MOST_EXPANDED, MOST_FREE, OF_MACS, check_file, damaged
from nlpseq.data.files.paths import TABLES, TEXTS, cannot_read, files_below, is_path, suffix_of
from nlpseq.errors import InputError
from nlpseq.paths import as_path

TARS = (".tar", ".tgz", ".tbz", ".tbz2", ".txz", *(f".tar{suffix}" for suffix in (".gz", ".bz2", ".xz", ".lzma")))
LOADED = ("dataset", "validation", "test")  # arguments of loaders that may be archives
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
_places: ContextVar[Mapping[str, str]] = ContextVar("places", default=MappingProxyType({}))


def reads_archives(load: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Decorates a loader: an archive that is its dataset, validation or test is unpacked while it runs.

    What it raises, and what goes through `as_given`, names the archive, not the folder into which it is unpacked.
    """
    signature = inspect.signature(load)

    @functools.wraps(load)
    def loaded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        bound = signature.bind(*args, **kwargs)
        before = _places.get()
        with contextlib.ExitStack() as folders:
            try:
                for name in set(LOADED) & set(bound.arguments):
                    bound.arguments[name] = folders.enter_context(unpacked(bound.arguments[name]))
                return load(*bound.args, **bound.kwargs)
            except InputError as error:
                error.args = (as_given(str(error)),)
                error.problem, error.remedies = as_given(error.problem), tuple(map(as_given, error.remedies))
                raise
            finally:
                _places.set(before)

    return loaded


def as_given(text: str) -> str:
    """A text with the paths of archives in place of the folders into which they are unpacked."""
    for folder, path in _places.get().items():
        text = text.replace(folder, path)
    return text


def archive_of(path: str | os.PathLike) -> str:
    """The archive from which a path was unpacked; of others the path itself."""
    folders = (folder for folder in _places.get() if str(path).startswith(folder))
    return next((_places.get()[folder] for folder in folders), str(path))


@contextlib.contextmanager
def unpacked(data: Any, zips: tuple[str, ...] = (".zip",)) -> Iterator[Any]:
    """The folder, or the only file, of an archive while the block runs; other paths and data as they are.

    Args:
        data: The path, or other data.
        zips: Suffixes of zips.

    Raises:
        InputError: The archive is damaged or encrypted, or expands to more than 200 times its size.
    """
    path = as_path(data) if isinstance(data, os.PathLike) or (isinstance(data, str) and is_path(data)) else None
    kind = path and _kind(path, zips)
    if path is None or kind is None:
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="nlpseq-") as temporary:
        folder = Path(temporary, path.name)
        try:
            _unpack(path, kind, folder)
        except OSError as error:
            if error.errno is not None:
                raise cannot_read(path, error) from None
            raise damaged(path) from None
        except DAMAGED:
            raise damaged(path) from None
        _places.set({**_places.get(), str(folder): str(path)})
        files = files_below(folder)
        if len(files) != 1:
            yield folder
        else:  # of a file of no usual suffix the name of the archive may tell what it is: a.csv.zip
            told = kind is tarfile.open or suffix_of(files[0]) in (*TABLES, *TEXTS)
            yield files[0] if told or (files[0].suffix and suffix_of(path) not in (*TABLES, *TEXTS)) else path


def _kind(path, zips):
    """Which class opens an archive, None for other files."""
    name = path.name.lower()
    if not os.path.isfile(path) or not name.endswith((*zips, *TARS)):
        return None
    if not name.endswith(zips):
        return tarfile.open
    with open(path, "rb") as file:  # others are called so, and read by what they begin with
        return zipfile.ZipFile if file.read(2) in (b"PK", b"") else None


def _unpack(path, kind, folder):
    most = MOST_FREE + MOST_EXPANDED * check_file(path)

    def allowed(members, size):
        """The members one after the other, as a compressed tar archive is read once."""
        total = 0
        for member in members:
            total += size(member)
            if total > most:
                raise InputError(
                    f"cannot read {path}: it expands to more than {MOST_EXPANDED} times its size: unpack it."
                )
            yield member

    with kind(path) as archive:
        folder.mkdir()
        if isinstance(archive, tarfile.TarFile):
            archive.extractall(folder, allowed(archive, lambda member: member.size), filter="data")
            while archive.fileobj and archive.fileobj.read(1 << 20):  # tarfile takes a stream that is cut for its end
                pass
        else:
            members = [member for member in archive.infolist() if not member.filename.startswith(OF_MACS)]
            archive.extractall(folder, list(allowed(members, lambda member: member.file_size)))
