"""Models, their loaded versions, and the replacement of a version while requests are answered."""

import contextlib
import gc
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nlpseq.errors import InputError, shorten
from nlpseq.paths import as_path
from nlpseq.serving.client import find_export
from nlpseq.serving.server.errors import RequestError
from nlpseq.serving.server.paths import split_name
from nlpseq.serving.server.version import Version
from nlpseq.versions import number, versions

LOADING, AVAILABLE, UNLOADING, FAILED = "LOADING", "AVAILABLE", "UNLOADING", "END"  # names of TensorFlow Serving


class Model:
    """A model by name: the newest version of an export that can be loaded, and later ones as they appear.

    A new version replaces the loaded one when it has been loaded and warmed up; requests that the old one is
    answering keep it. A version that cannot be loaded is left out until its files change.

    Args:
        path: Folder of numbered versions, or of one version, which is then never replaced.
        name: Name of the model. Default that of the folder of the versions.
        load: Makes a `Version` of the path of an export.
        log: Called with the name of an event and its details.

    Raises:
        InputError: there is no export at the path, or none that can be loaded.
    """

    def __init__(
        self, path: str | Path, load: Callable[[Path], Version], log: Callable[..., None], name: str | None = None
    ):
        self.folder = as_path(path).absolute()
        export = find_export(self.folder)
        self.fixed = export == self.folder
        self.name = name or (export.parent.name if export.name.isdecimal() else export.name)
        self.load, self.log = load, log
        self.lock = threading.Lock()
        self.current: Version | None = None
        self.old: list[Version] = []
        self.loading: int | None = None
        self.failed: dict[Path, tuple[Any, str]] = {}  # the state of the files, and why they cannot be loaded
        self.refresh()
        if self.current is None:
            raise InputError(next(iter(self.failed.values()))[1])

    def refresh(self) -> None:
        """Loads the newest version that can be loaded, unless it is there already, and drops replaced ones."""
        self._unload()
        for path in self._candidates():
            if self.current is not None and (self.fixed or path == self.current.path):
                return
            state = files_of(path)
            if self.failed.get(path, (None,))[0] == state:
                continue
            self.loading = _number(path)
            try:
                version = self.load(path)
            except Exception as error:  # the loaded version stays in use, whatever a damaged export raises
                reason = str(error) if isinstance(error, InputError) else f"{path}: {shorten(error, 300)}"
                self.failed[path] = state, reason
                self.log("version failed", level="error", model=self.name, version=self.loading, reason=reason)
                continue
            finally:
                self.loading = None
            self.failed.pop(path, None)
            self._replace(version)
            return

    def _candidates(self):
        """The paths of the versions whose files are there, the newest first."""
        if self.fixed:
            return [self.folder]
        candidates = []
        with contextlib.suppress(OSError):
            for path in versions(self.folder):
                with contextlib.suppress(InputError):
                    candidates.append(find_export(path))
        return candidates

    def _replace(self, version):
        with self.lock:
            if self.current is not None:
                self.old.append(self.current)
            self.current = version
        self.log("version available", model=self.name, version=version.number)
        self._unload()

    @contextlib.contextmanager
    def using(self, number: int | None = None) -> Iterator[Version]:
        """A loaded version, which is kept for the block.

        Args:
            number: Its number. Default the current one.

        Raises:
            RequestError: that version is not loaded.
        """
        with self.lock:
            version = self.current
            if version is None or number not in (None, version.number):
                raise self.not_loaded(number)
            version.uses += 1
        try:
            yield version
        finally:
            with self.lock:
                version.uses -= 1

    def not_loaded(self, number: int | None) -> RequestError:
        """The error of a request for another version than the current one."""
        current = self.current and self.current.number
        return RequestError(404, f"version {number} of the model '{self.name}' is not loaded: {current} is.")

    def _unload(self):
        """Drops the replaced versions that no request uses."""
        with self.lock:
            unused = [version for version in self.old if not version.uses]
            self.old = [version for version in self.old if version.uses]
        for version in unused:
            self.log("version unloaded", model=self.name, version=version.number)
        if unused:
            del unused, version
            gc.collect()  # functions of TensorFlow refer to one another

    def states(self) -> list[tuple[int, str, str]]:
        """Number, state and error of the versions, the newest first."""
        states = {_number(path): (FAILED, reason) for path, (_, reason) in self.failed.items() if path.exists()}
        states |= {version.number: (UNLOADING, "") for version in list(self.old)}
        if self.loading is not None:
            states[self.loading] = LOADING, ""
        if self.current is not None:
            states[self.current.number] = AVAILABLE, ""
        return [(version, *states[version]) for version in sorted(states, reverse=True)]


class Models(dict[str, Model]):
    """The models by name, watched for new versions.

    Args:
        paths: Paths of exports; `NAME=PATH` gives a model another name than that of its folder.
        load, log: As of `Model`.

    Raises:
        InputError: an export cannot be loaded, or two have the same name.
    """

    def __init__(self, paths: list[str], load: Callable[[Path], Version], log: Callable[..., None]):
        super().__init__()
        for text in paths:
            name, path = split_name(text)
            model = Model(path, load, log, name)
            if ":" in model.name:
                raise InputError(f"{model.name!r} has a colon, which ends a name in paths: use other={shorten(path)}.")
            if model.name in self:
                raise InputError(
                    f"two exports have the name {model.name!r}, {self[model.name].folder} and {model.folder}: "
                    f"name one, for example other={shorten(text)}."
                )
            self[model.name] = model
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def find(self, name: str) -> Model:
        """A model.

        Raises:
            RequestError: there is none of that name.
        """
        if name not in self:
            raise RequestError(404, f"there is no model '{shorten(name, 50)}': expected one of {', '.join(self)}.")
        return self[name]

    def watch(self, seconds: float) -> None:
        """Starts a thread that looks for new versions every so many seconds."""

        def look():
            while not self._stopped.wait(seconds):
                for model in self.values():
                    model.refresh()

        self._thread = threading.Thread(target=look, name="versions", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the watch."""
        self._stopped.set()


def files_of(folder: Path) -> list[tuple]:
    """Names, sizes and times of the files of a version."""
    state = []
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                status = os.stat(os.path.join(root, name))
                state.append((os.path.join(root, name), status.st_size, status.st_mtime_ns))
    return sorted(state)


def _number(path):
    return number(path) if path.name.isdecimal() else 1
