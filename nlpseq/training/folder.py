"""The folder of the checkpoints of a run."""

import contextlib
import os
import re
import threading
from pathlib import Path
from typing import Any

from nlpseq import writing
from nlpseq.data.files.contents import check_file
from nlpseq.errors import InputError, WritingError, first_of
from nlpseq.paths import as_path
from nlpseq.training import state_file

STEP = re.compile(r"step-(\d+)")
TRAINED, BEST = "trained", "best"  # the result of a finished training, of one that ended with an error
MEMBER = "network-"  # begins the names of folders of several networks in a run
KEPT = 2
LOCKS: dict[Path, int] = {}  # of this process, which may open a folder again that it left with an error


class CheckpointFolder:
    """Files of checkpoints, of which the newest complete one counts.

    Files are written in a thread, one at a time; the training goes on meanwhile.

    Args:
        path: Path of the folder, which is made with the first file.
        writes: Whether this process writes; of several workers of a training only the chief does. Default True.
    """

    def __init__(self, path: str | Path, writes: bool = True):
        self.path, self.writes = as_path(path), writes
        self.notes: list[str] = []  # reports of damaged files and failed writes
        self._writer: threading.Thread | None = None

    def newest(self) -> dict[str, Any] | None:
        """The newest complete checkpoint, None if there is none; that of a finished training comes first."""
        for name in (TRAINED, *self._steps()):
            if os.path.isfile(self.path / name):
                tree = self._read(name)
                if tree is not None:
                    return tree
        return None

    def _steps(self):
        """The names of checkpoints within the training, the newest first."""
        names = [path.name for path in self.path.glob("step-*") if STEP.fullmatch(path.name)]
        return sorted(names, key=lambda name: int(name.partition("-")[2]), reverse=True)

    def _read(self, name):
        try:
            return read_checkpoint_file(self.path / name)
        except InputError as error:
            self.notes.append(f"{error} it is passed over")
            return None

    def acquire(self) -> None:
        """Makes the folder, and locks it until `release` or the end of the process.

        Raises:
            InputError: Another process has it.
            WritingError: It cannot be made.
        """
        if not self.writes:
            return
        with writing.writing(f"checkpoints to {self.path}"):
            self.path.mkdir(parents=True, exist_ok=True)
        path = self.path.resolve()
        if path not in LOCKS:
            descriptor = writing.lock(path)
            if descriptor is None:
                raise InputError(
                    f"another process is training in {self.path}: wait until it has finished, or give another `output`."
                )
            LOCKS[path] = descriptor
            writing.remove_leftovers(self.path)

    def write(self, name: str, tree: dict[str, Any]) -> None:
        """Starts writing a checkpoint; of those of single steps the latest two are kept.

        Args:
            name: "step-" and a number, `TRAINED` or `BEST`.
            tree: The checkpoint, which nothing changes any more.
        """
        if not self.writes:
            return
        self.acquire()
        self.wait()
        self._writer = threading.Thread(target=self._write, args=(name, tree))
        self._writer.start()

    def wait(self) -> None:
        """Waits until the last checkpoint is written."""
        if self._writer is not None:
            self._writer.join()
            self._writer = None

    def _write(self, name, tree):
        """A full disk does not stop the training: the next checkpoint, or the end of the training, may fit."""
        for keep in (KEPT - 1, 1):  # if it does not fit beside the latest two, then beside the latest
            self._remove(self._steps()[keep:])
            try:
                with writing.writing(f"a checkpoint to {self.path / name}"):
                    writing.write_file(self.path / name, state_file.encode(tree))
                break
            except WritingError as error:
                failure = str(error)
        else:
            self.notes.append(f"{failure.rstrip('.')}: training continues without it")
            return
        if name != BEST:
            self._remove([BEST])
        if name == TRAINED:
            self._remove(self._steps())

    def _remove(self, names):
        for name in names:
            with contextlib.suppress(OSError):
                (self.path / name).unlink()

    def parts(self) -> list[str]:
        """The names of the folders in this one."""
        return sorted(path.name for path in self.path.glob("*") if path.is_dir() and not path.name.startswith("."))

    def clear(self) -> None:
        """Removes all checkpoints, also those of parts, and the folder."""
        if self.path.is_dir() and self.writes:
            for part in self.parts():
                CheckpointFolder(self.path / part).clear()
            self.acquire()
            self.wait()
            self._remove([TRAINED, BEST, *self._steps()])
            self.release()

    def release(self) -> None:
        """Gives the lock back, and removes the folder if it is empty."""
        self.wait()
        descriptor = LOCKS.pop(self.path.resolve(), None)
        if descriptor is not None:
            with contextlib.suppress(OSError):
                self.path.rmdir()
            os.close(descriptor)


def read_checkpoint_file(path: Path) -> dict[str, Any]:
    """The tree in a file.

    Raises:
        InputError: The file is damaged or cannot be read.
    """
    try:
        check_file(path)
        tree = state_file.decode(path.read_bytes())
    except InputError as error:
        raise InputError(f"{str(error).removesuffix('.')};") from None
    except OSError as error:
        raise InputError(f"cannot read {path} ({writing.reason_of(error)});") from None
    except (ValueError, LookupError, TypeError, RecursionError, MemoryError):
        raise InputError(f"{path} is damaged;") from None
    if not isinstance(tree, dict):
        raise InputError(f"{path} is damaged;")
    return tree


def find_checkpoint(path: str | Path) -> tuple[Path, dict[str, Any]]:
    """The newest complete checkpoint at a path, and its own path.

    Args:
        path: A checkpoint, its folder, or the folder of exports that contains that folder.

    Raises:
        InputError: There is none.
    """
    path = as_path(path)
    folder = path / "checkpoints" if os.path.isdir(path / "checkpoints") else path
    names, parts = [path], []
    if os.path.isdir(folder):
        inside = CheckpointFolder(folder)
        names, parts = [folder / name for name in (TRAINED, BEST, *inside._steps())], inside.parts()
    for name in names:
        if os.path.isfile(name):
            with contextlib.suppress(InputError):
                return name, read_checkpoint_file(name)
    networks = [folder / part for part in parts if part.startswith(MEMBER)]
    networks = [str(network) for network in networks if CheckpointFolder(network).newest() is not None]
    if networks:
        raise InputError(
            f"{path} holds a training of several networks that has not finished: give one of them, "
            f"{first_of(networks)}, or run the training to its end."
        )
    raise InputError(
        f"{path} holds no complete checkpoint of nlpseq: expected a folder such as "
        "saved_models/sentiment/checkpoints, or a file in it."
    )
