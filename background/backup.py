"""A backup of a whole installation while its servers run.

It has the database at one moment, and every byte that this names.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from base.errors import ErrorCode, Refusal, translate_errors
from base.settings import Settings
from base.units import GIB, KIB, MIB
from models.database import DATABASE_TROUBLE, is_sqlite
from models.snapshots import Snapshot, snapshot_of
from results.guides import guides_folder, list_guides
from storage.data_folder import check_data_folder, key_file
from storage.keys import path_under, upload_key
from storage.local.blob import LocalBlob

SECONDS_BETWEEN_LINES = 2.0
_PRIVATE = 0o077
"""What others may not do with anything that is written here: all."""
_MAX_ROUNDS = 20

_UPLOADS = """SELECT u.id, u.offset_bytes FROM uploads u WHERE u.is_stored = TRUE
  AND (u.offset_bytes > 0 OR u.status = 'COMPLETED') AND (u.status IN ('UPLOADING', 'FINALISING', 'COMPLETED')
  OR EXISTS (SELECT 1 FROM upload_parts p JOIN uploads f ON f.id = p.final_id
             WHERE p.part_id = u.id AND f.status IN ('FINALISING', 'COMPLETED')))"""
_FILES = """SELECT f.storage_key, f.size_bytes FROM files f JOIN jobs j ON j.id = f.job_id
  WHERE f.is_stored = TRUE AND f.expires_at IS NULL AND j.deleted_at IS NULL"""

Named = dict[str, int]
"""What a database names: for each key of the storage how many bytes of it count, which never change any more."""


def back_up(
    settings: Settings, folder: Path, say: Callable[[str], None], seconds_between_lines: float = SECONDS_BETWEEN_LINES
) -> int:
    """Write a backup to `folder`, and `say` every now and then how far that is. Returns the exit code.

    Servers and workers may run meanwhile. What is written has another name until it is whole. It blocks, and is for a
    program that does nothing else.

    Raises:
        Refusal: BAD_INPUT where the folder cannot be taken, INSUFFICIENT_STORAGE, SERVICE_UNAVAILABLE; with a sentence
            for the operator. Nothing is left behind.
    """
    os.umask(_PRIVATE)
    folder = folder.absolute()
    unfinished = folder.with_name(f"{folder.name}.incomplete")
    _check_target(folder, unfinished, settings.data_dir.absolute())
    if not is_sqlite(settings.database_url):  # that would not be found either
        check_data_folder(settings.data_dir)
    with translate_errors(f"The backup cannot be written to {folder}"):
        unfinished.mkdir(parents=True)
    try:
        with _translate_unless_refusal("The backup could not be finished"):
            backup = _Backup(settings, unfinished, _Lines(say, seconds_between_lines))
            backup.write()
            os.sync()
            unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    say(f"Backed up to {folder}: the database and {_files(backup.count)} ({_size_text(backup.size_bytes)}).")
    for sentence in backup.remarks:
        say(sentence)
    return 0


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def _size_text(size_bytes: float) -> str:
    """A number of bytes for people: `48.2 MiB`."""
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:,.1f} {name}"
    return f"{size_bytes:.0f} bytes"


class _Lines:
    """Says how far something is that takes long, a line at most every so many seconds."""

    def __init__(self, say: Callable[[str], None], seconds_between: float) -> None:
        self._say = say
        self._seconds_between = seconds_between
        self._last = time.monotonic()

    def tell(self, what: str, total: int, before: int, done: int) -> None:
        """`done` bytes are, after the `before` that were; of `total`."""
        if time.monotonic() - self._last >= self._seconds_between:
            self._last = time.monotonic()
            self._say(f"Copying the {what}: {_size_text(before + done)} of about {_size_text(total)}")


class _Backup:
    """What is written, and how far that is.

    Attributes:
        count, size_bytes: Of the files beside the database.
        remarks: Sentences that the operator is told at the end.
    """

    def __init__(self, settings: Settings, target: Path, lines: _Lines) -> None:
        self.count = self.size_bytes = 0
        self.remarks: list[str] = []
        self._settings = settings
        self._source = settings.data_dir.absolute()
        self._target = target
        self._lines = lines

    def write(self) -> None:
        """Bytes first, for as long as it takes; then those that came meanwhile; then the database that names them all.

        Bytes that a row names are stored before the row, and removed after it says that they are gone. So what one
        moment names is all there, but for what is removed while it is being copied: then another moment is taken. What
        is not there at two moments is lost in the installation, too.
        """
        with self._moment() as snapshot:
            named = _named_by(snapshot)
            self._check_room(snapshot.size_bytes() + sum(named.values()))
        missing = self._copy(named)
        for _ in range(_MAX_ROUNDS):
            with self._moment() as snapshot:
                named = _named_by(snapshot)
                missing_before, missing = missing, self._copy(named)
                if missing <= missing_before:
                    self._write_database(snapshot)
                    break
        else:
            message = "Files go faster than they can be copied: try again when less is going on."
            raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, message)
        self._remove_unnamed(named)
        self._copy_key_and_guides()
        self.count, self.size_bytes = (
            len(named) - len(missing),
            sum(named.values()) - sum(named[key] for key in missing),
        )
        if missing:
            self.remarks.append(
                f"Not whole on the disk: {_files(len(missing))} that the database names; a restored server will say that "
                "they are gone, as this one does."
            )

    @contextmanager
    def _moment(self) -> Iterator[Snapshot]:
        with ExitStack() as stack:
            with translate_errors(DATABASE_TROUBLE, self._settings.database_url):
                snapshot = stack.enter_context(snapshot_of(self._settings.database_url, self._source))
            yield snapshot

    def _check_room(self, needed: int) -> None:
        free = shutil.disk_usage(self._target).free
        if free < needed:
            message = f"The backup needs {_size_text(needed)}, and {_size_text(free)} are free where it is to lie."
            raise Refusal(ErrorCode.INSUFFICIENT_STORAGE, message)

    def _copy(self, named: Named) -> set[str]:
        """Copy what is not copied yet. Returns the keys that are not on the disk, or not with all their bytes."""
        done, total = 0, sum(named.values())
        missing = set()
        for key, size in named.items():
            tell = partial(self._lines.tell, "files", total, done)
            if not _copy_rest(self._source, self._target, key, size, tell):
                missing.add(key)
            done += size
        return missing

    def _write_database(self, snapshot: Snapshot) -> None:
        tell = partial(self._lines.tell, "database", snapshot.size_bytes(), 0)
        snapshot.write(self._target / snapshot.file_name, tell)

    def _remove_unnamed(self, named: Named) -> None:
        """What an earlier moment named and the last one does not."""
        for room in ("uploads", "files"):
            for path in list((self._target / room).rglob("*")):
                if path.is_file() and path.relative_to(self._target).as_posix() not in named:
                    path.unlink()

    def _copy_key_and_guides(self) -> None:
        if (key := key_file(self._source)).exists():
            shutil.copyfile(key, self._target / key.name)
        if self._settings.secret_key.get_secret_value():
            self.remarks.append("WAYBILL_SECRET_KEY is in your settings and not in the backup: keep it, too.")
        guides = guides_folder(self._settings)
        if guides != self._settings.data_dir / "guides":
            self.remarks.append(f"The guides lie in {guides} and are not in the backup: keep them, too.")
        elif found := list_guides(guides):
            (self._target / "guides").mkdir()
            for guide in found:
                shutil.copyfile(guide.path, self._target / "guides" / guide.filename)


@contextmanager
def _translate_unless_refusal(sentence: str) -> Iterator[None]:
    """As `translate_errors`, of what is not a sentence yet."""
    try:
        yield
    except Refusal:
        raise
    except Exception:
        with translate_errors(sentence):
            raise


def _check_target(folder: Path, unfinished: Path, data_dir: Path) -> None:
    if folder.resolve().is_relative_to(data_dir.resolve()):
        raise Refusal(
            ErrorCode.BAD_INPUT, f"{folder} lies in the data folder: name one outside of it, on another disk."
        )
    if os.path.lexists(folder) and not (folder.is_dir() and not any(folder.iterdir())):
        raise Refusal(ErrorCode.BAD_INPUT, f"{folder} is there already: name a folder that is not there, or empty.")
    if os.path.ismount(folder):
        raise Refusal(ErrorCode.BAD_INPUT, f"{folder} is a disk of its own: name a folder in it.")
    if os.path.lexists(unfinished):
        message = (
            f"{unfinished} is there: a backup was broken off, or is being written. Remove it, or name another folder."
        )
        raise Refusal(ErrorCode.BAD_INPUT, message)


def _named_by(snapshot: Snapshot) -> Named:
    uploads = {upload_key(id_): size for id_, size in snapshot.rows(_UPLOADS)}
    return {**uploads, **{str(key): int(size) for key, size in snapshot.rows(_FILES)}}


def _copy_rest(source: Path, target: Path, key: str, size: int, tell: Callable[[int], None]) -> bool:
    """Copy the first `size` bytes of a key, as far as they are not copied; whether they are there.

    What counts of a file stays as it is, also where an upload goes on: it can be copied in parts, and has no need of a
    lock. It is not linked to, because a growing file is written to.
    """
    stored, copy = LocalBlob(path_under(source, key), size), path_under(target, key)
    have = copy.stat().st_size if copy.exists() else -1
    if have == size:
        return True
    try:
        if stored.path.stat().st_size < size:
            return False
        copy.parent.mkdir(parents=True, exist_ok=True)
        start = have if 0 < have < size else 0
        with copy.open("ab" if start else "wb") as file:
            for block in stored.blocks(start, size):
                file.write(block)
                start += len(block)
                tell(start)
    except FileNotFoundError:
        return False
    return True
