"""Archives of several files, which are read as the folder that they hold."""

import contextlib
import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from nlpseq.data.files.contents import MOST_EXPANDED, MOST_FREE, check_file
from nlpseq.data.files.paths import cannot_read
from nlpseq.errors import InputError

TARS = (".tar", ".tgz", ".tbz", ".tbz2", ".txz")
DAMAGED = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError)


@contextlib.contextmanager
def unpacked(path: Path, zips: tuple[str, ...] = (".zip",)) -> Iterator[Path]:
    """A folder with the files of a zip of several files, or of a tar archive, while the block runs; else the path.

    Args:
        path: The file.
        zips: Suffixes of zips.

    Raises:
        InputError: The archive is damaged or encrypted, or expands to more than 200 times its size.
    """
    kind = _kind(path, zips)
    if kind is None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="nlpseq-") as folder:
        unpacked_folder = Path(folder, path.name)  # named so in messages
        try:
            _unpack(path, kind, unpacked_folder)
        except DAMAGED:
            raise InputError(f"cannot read {path}: the archive is damaged or encrypted: unpack it.") from None
        except OSError as error:
            raise cannot_read(path, error) from None
        yield unpacked_folder


def _kind(path, zips):
    """Which class opens an archive, None for other files and zips of one file."""
    name = path.name.lower()
    try:
        if name.endswith(zips) and os.path.isfile(path):
            with zipfile.ZipFile(path) as archive:
                names = [
                    name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")
                ]
            return zipfile.ZipFile if len(names) > 1 else None
        if (name.endswith(TARS) or ".tar." in name) and os.path.isfile(path):
            return tarfile.open if tarfile.is_tarfile(path) else None
    except (OSError, zipfile.BadZipFile):  # it is refused where it is read
        pass
    return None


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
        if isinstance(archive, tarfile.TarFile):
            archive.extractall(folder, allowed(archive, lambda member: member.size), filter="data")
        else:
            archive.extractall(folder, list(allowed(archive.infolist(), lambda member: member.file_size)))
