"""Files on disk, each under the digest of its content: written once, never changed.

A file is whole and on disk before the row that names it is committed. What no row names, because
a transaction was rolled back or a process died, is removed by a sweep a day later.
"""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in the folder: the SHA-256 of its content in hex, and its size in bytes."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class FileStore:
    """A folder of files by digest; several processes may use it at once."""

    root: Path

    def put(self, source: IO[bytes]) -> Stored:
        """Write the rest of `source`; it is on disk when this returns. Raises `OSError`.

        Content that is there already is written again, so that its age begins anew.
        """
        incoming = self.root / "incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        temporary = incoming / secrets.token_hex(16)
        sha256, size = hashlib.sha256(), 0
        try:
            with temporary.open("xb") as target:
                while piece := source.read(_PIECE):
                    sha256.update(piece)
                    size += len(piece)
                    target.write(piece)
                target.flush()
                os.fsync(target.fileno())
            path = self.path(sha256.hexdigest())
            path.parent.mkdir(exist_ok=True)
            with self._locked(fcntl.LOCK_SH):
                temporary.replace(path)
            _sync_folder(path.parent)
            _sync_folder(self.root)
        finally:
            temporary.unlink(missing_ok=True)
        return Stored(sha256.hexdigest(), size)

    def path(self, digest: str) -> Path:
        """Where the content with this digest stands, if it was put."""
        return self.root / digest[:2] / digest

    def is_whole(self, digest: str) -> bool:
        """Whether the content is there and still what it was."""
        try:
            with self.path(digest).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == digest
        except FileNotFoundError:
            return False

    def sweep(self, before: float, named: Callable[[Sequence[str]], Collection[str]]) -> int:
        """Remove files put before `before` (seconds since 1970) that nothing names; how many.

        `named` tells which of some digests are named; it is asked once a folder. The lock keeps a
        file from being put again between the last look at its age and its removal.
        """
        removed = 0
        for folder in sorted(self.root.glob("*/")):
            old = [path for path in folder.iterdir() if _is_older(path, before)]
            kept = named([path.name for path in old]) if old else ()
            for path in old:
                if path.name in kept:
                    continue
                with self._locked(fcntl.LOCK_EX):
                    if _is_older(path, before):
                        path.unlink()
                        removed += 1
        return removed

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        with (self.root / "lock").open("a") as lock:
            fcntl.flock(lock, how)
            yield


def _is_older(path: Path, before: float) -> bool:
    """Whether a file is older; one that has just been moved or removed is not."""
    try:
        return path.stat().st_mtime < before
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    """A rename is durable once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
