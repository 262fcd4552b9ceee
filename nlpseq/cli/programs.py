"""Compiled programs are kept in the user's cache folder, so that the next run need not compile them again.

TensorFlow can keep programs, but a run fails if an entry is damaged or cannot be written, and it computes
with what it reads. So the programs of a run are in a work folder of its own, in memory where possible:

    start   entries whose digest is right are linked into the work folder, the others deleted
    run     TensorFlow reads and writes the work folder
    end     new programs are copied to the cache folder, each renamed when complete; the oldest are deleted

A cache folder that cannot be read or written is left alone. Programs are specific to the versions, the
processor and XLA's flags, which are in the name of their folder and in their digests.
"""

import atexit
import contextlib
import hashlib
import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from nlpseq.writing import remove_leftovers, write_file

VARIABLE = "NLPSEQ_PROGRAMS"  # "off", or the path of the cache folder
FLAG = "--tf_xla_persistent_cache_directory"
MAX_BYTES = 100 * 2**20  # of all programs in the cache folder
MIN_FREE = 32 * 2**20  # bytes that a work folder must have, or TensorFlow might fail to write
PREFIX = "xla_compile_cache__"  # of the files that TensorFlow writes
WORK = "nlpseq-programs-"  # prefix of work folders, followed by the process


def keep_programs() -> None:
    """Makes TensorFlow, which must not be imported yet, load the programs of earlier runs, and keeps new ones."""
    flags = os.environ.get("TF_XLA_FLAGS", "")
    setting = os.environ.get(VARIABLE, "")
    if setting.lower() in ("off", "0", "no", "false") or FLAG in flags or "tensorflow" in sys.modules:
        return
    with contextlib.suppress(OSError):
        programs = Programs(cache_folder(setting), environment_key())
        programs.load()
        atexit.register(programs.save)
        os.environ["TF_XLA_FLAGS"] = f"{flags} {FLAG}={programs.work}".strip()


def cache_folder(setting: str = "") -> Path:
    """The folder of all programs: `setting`, else `nlpseq/programs` in the user's cache folder."""
    if setting:
        return Path(setting).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "nlpseq" / "programs"


def environment_key() -> str:
    """What compiled programs depend on, as the name of a folder: versions, processor, cores and XLA's flags."""
    versions = [importlib.metadata.version("tensorflow"), sys.modules["nlpseq"].__version__]
    processor = [*_processor(), platform.machine(), str(len(os.sched_getaffinity(0)))]
    digest = hashlib.blake2b("\n".join([*processor, os.environ.get("XLA_FLAGS", "")]).encode(), digest_size=8)
    return "-".join([*versions, digest.hexdigest()])


def _processor():
    """Model and features of the first processor; an `OSError` where the system is not Linux and lists none."""
    lines = Path("/proc/cpuinfo").read_text().partition("\n\n")[0].splitlines()
    return [line for line in lines if line.startswith(("model name", "flags", "Features"))]


class Programs:
    """The programs of a run.

    Args:
        folder: The cache folder.
        key: As from `environment_key`.

    Raises:
        OSError: There is no place for a work folder.

    Attributes:
        work: The work folder, which TensorFlow reads and writes.
    """

    def __init__(self, folder: Path, key: str):
        self.folder, self.key = folder, key
        self.work = _work_folder()

    def load(self) -> None:
        """Links the programs in the cache folder into the work folder, and deletes damaged ones."""
        remove_leftovers(self.folder / self.key)
        for path in (self.folder / self.key).glob(f"{PREFIX}*.pb"):
            with contextlib.suppress(OSError):
                name, _, digest = path.stem.rpartition(".")
                if digest == self._digest(path.read_bytes()):
                    (self.work / f"{name}.pb").symlink_to(path)
                else:
                    path.unlink()

    def save(self) -> None:
        """Copies new programs to the cache folder, deletes the oldest there, and the work folder."""
        try:
            for path in self.work.glob(f"{PREFIX}*.pb"):
                if not path.is_symlink():
                    self._add(path.stem, path.read_bytes())
            _delete_oldest(self.folder, MAX_BYTES)
        except OSError:
            pass  # a folder that cannot be written, or a full disk: the next run compiles again
        finally:
            shutil.rmtree(self.work, ignore_errors=True)

    def _add(self, name, content):
        folder = self.folder / self.key
        folder.mkdir(parents=True, exist_ok=True)
        write_file(folder / f"{name}.{self._digest(content)}.pb", [content])

    def _digest(self, content):
        return hashlib.blake2b(self.key.encode() + content, digest_size=16).hexdigest()


def _delete_oldest(folder, most):
    """Deletes the oldest programs until those in a cache folder take at most `most` bytes."""
    files = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in folder.glob(f"*/{PREFIX}*"))
    total = sum(size for _, size, _ in files)
    for _, size, path in files:
        if total <= most:
            break
        path.unlink(missing_ok=True)
        total -= size


def _work_folder():
    """A new folder, in memory if possible, with room for programs."""
    for parent in (Path("/dev/shm"), Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError):
            _delete_abandoned(parent)
            if shutil.disk_usage(parent).free >= MIN_FREE:
                return Path(tempfile.mkdtemp(prefix=f"{WORK}{os.getpid()}-", dir=parent))
    raise OSError("no folder for programs")


def _delete_abandoned(parent):
    """Deletes the work folders of killed runs of this user."""
    for path in parent.glob(f"{WORK}*"):
        process = path.name.removeprefix(WORK).partition("-")[0]
        if not Path("/proc", process).exists() and path.stat().st_uid == os.getuid():
            shutil.rmtree(path, ignore_errors=True)
