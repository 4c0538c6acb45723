"""The history's file: SQLite in WAL mode.

Every look at the plant is a row of ``tail``, written in order of time, which costs little; now and then the tail is
rolled into ``chunk``, a row for each series, which is quick to read. Both in one transaction each, so that whatever
ends the process leaves the file whole.
"""

from __future__ import annotations

import fcntl
import logging
import sqlite3
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from plantsim.history import archive
from plantsim.history.events import EVENT_SCHEMA, Happening, append_events, newest_event
from plantsim.history.exceptions import Entry
from plantsim.history.samples import Samples, joined

log = logging.getLogger(__name__)

FORMAT = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS series (id INTEGER PRIMARY KEY, name TEXT NOT NULL, key TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS branch (
    id INTEGER PRIMARY KEY, parent INTEGER, number INTEGER NOT NULL, fork INTEGER NOT NULL, wall REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS tail (
    id INTEGER PRIMARY KEY, branch INTEGER NOT NULL, time INTEGER NOT NULL,
    series BLOB NOT NULL, value BLOB NOT NULL, status BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS chunk (
    series INTEGER NOT NULL, last INTEGER NOT NULL, branch INTEGER NOT NULL, first INTEGER NOT NULL,
    count INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (series, last, branch, first)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS chunk_last ON chunk (last);
"""
# the index on last alone serves retention; a chunk's own place in it is its primary key


class HistoryError(Exception):
    """The history cannot be opened; the text says which file and why."""


class InUse(HistoryError):
    """Another run writes to it."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A stretch of plant time that nothing set back. fork: µs at which it leaves its parent. number: of that run."""

    id: int
    parent: int | None
    number: int
    fork: int


class Store:
    """The writing side: one thread at a time. Opens the file, or makes it; raises HistoryError.

    A file that the last run left in disorder is checked, and put aside if it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._folder = archive.folder_of(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = _locked(path)
        except OSError as error:
            raise HistoryError(f"history {path}: {error.strerror}") from None
        try:
            self._db = self._open()
            self._roll_left_over()
            archive.sweep(self._db, self._folder)
        except sqlite3.Error as error:
            self._lock.close()
            raise HistoryError(f"history {path}: {error}") from None
        except BaseException:
            self._lock.close()
            raise

    def _open(self) -> sqlite3.Connection:
        try:
            db = _connect(self.path)
            if _is_sound(db):
                return db
            db.close()
            reason = "it fails its integrity check"
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # the disk's fault, not the file's
                raise
            reason = str(error)
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.strftime('%Y%m%dT%H%M%S')}")
        self.path.rename(aside)
        if self._folder.exists():
            self._folder.rename(archive.folder_of(aside))
        for suffix in ("-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)
        log.error("%s: %s; it is now %s, and a new history begins", self.path, reason, aside.name)
        return _connect(self.path)

    def close(self) -> None:
        """Say that all is in order, and close."""
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('clean', 1)")
        self._db.close()
        self._lock.close()

    def abandon(self) -> None:
        """Close after a failure: the next run is to check the file."""
        self._db.close()
        self._lock.close()

    def series_ids(self, keys: Sequence[tuple[str, str]]) -> list[int]:
        """The numbers of series, given name and key; those that are new get one."""
        with self._db:
            self._db.executemany("INSERT OR IGNORE INTO series (name, key) VALUES (?, ?)", keys)
        known = dict(self._db.execute("SELECT key, id FROM series"))
        return [known[key] for _, key in keys]

    def branches(self) -> list[Branch]:
        """All there are, in the order they began."""
        return read_branches(self._db)

    def newest(self) -> int | None:
        """The time of the newest sample of the newest branch, µs."""
        found = self._db.execute("SELECT value FROM meta WHERE key = 'newest'").fetchone()
        return None if found is None else int(found[0])

    def newest_event(self) -> int:
        """The id of the newest event; 0 where there is none."""
        return newest_event(self._db)

    def append(self, branches: Iterable[Branch], entries: Sequence[Entry], events: Sequence[Happening] = ()) -> None:
        """Write branches, samples and events; they are safe when this returns."""
        with self._db:
            self._db.executemany(
                "INSERT INTO branch VALUES (?, ?, ?, ?, ?)",
                [(one.id, one.parent, one.number, one.fork, time.time()) for one in branches],
            )
            self._db.executemany(
                "INSERT INTO tail (branch, time, series, value, status) VALUES (?, ?, ?, ?, ?)",
                [(e.branch, e.time, e.series.tobytes(), e.value.tobytes(), e.status.tobytes()) for e in entries],
            )
            append_events(self._db, events)
            if entries:
                self._db.execute("INSERT OR REPLACE INTO meta VALUES ('newest', ?)", (entries[-1].time,))

    def roll(self, entries: Sequence[Entry]) -> None:
        """Make chunks of the whole tail, which is ``entries``."""
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO chunk VALUES (?, ?, ?, ?, ?, ?)", chunks(entries))
            self._db.execute("DELETE FROM tail")

    def archive(self, before: int) -> None:
        """Make Parquet files of the whole hours that ended by ``before``, µs. Raises ImportError without pyarrow."""
        limit = before // archive.HOUR_US * archive.HOUR_US
        hours = self._db.execute(
            "SELECT DISTINCT last / ? FROM chunk WHERE last < ? ORDER BY 1", (archive.HOUR_US, limit)
        ).fetchall()
        names = dict(self._db.execute("SELECT id, name FROM series"))
        for (hour,) in hours:
            span = (hour * archive.HOUR_US, (hour + 1) * archive.HOUR_US)
            rows = self._db.execute(
                "SELECT series, branch, count, data FROM chunk WHERE last >= ? AND last < ? "
                "ORDER BY series, branch, last",
                span,
            )
            pieces = [(series, branch, unpacked(data, count)) for series, branch, count, data in rows]
            first = min(int(samples.time[0]) for _, _, samples in pieces)
            last = max(int(samples.time[-1]) for _, _, samples in pieces)
            name = self._free_name(hour)
            size = archive.write_file(self._folder / name, pieces, names)
            with self._db:
                self._db.execute("INSERT INTO archive VALUES (?, ?, ?, ?)", (name, first, last, size))
                self._db.execute("DELETE FROM chunk WHERE last >= ? AND last < ?", span)

    def _free_name(self, hour: int) -> str:
        """Of a file for an hour, which may have had some before, on other branches."""
        stamp = time.strftime("%Y%m%dT%H", time.gmtime(hour * 3600))
        known = {name for (name,) in self._db.execute("SELECT name FROM archive WHERE name LIKE ?", (f"{stamp}%",))}
        return next(name for count in range(len(known) + 1) if (name := f"{stamp}-{count}.parquet") not in known)

    def retain(self, oldest: int, most_bytes: float) -> None:
        """Forget what ended before ``oldest``, µs, and the oldest tenth while the file is larger than it may be."""
        with self._db:
            self._db.execute("DELETE FROM chunk WHERE last < ?", (oldest,))
            self._db.execute("DELETE FROM event WHERE time < ?", (oldest,))
        archive.forget(self._db, self._folder, "last < ?", (oldest,))
        while self.size() + archive.archived_bytes(self._db) > most_bytes and archive.forget(
            self._db, self._folder, "name = (SELECT name FROM archive ORDER BY last LIMIT 1)", ()
        ):
            pass
        while self.size() > most_bytes:
            found = self._db.execute("SELECT min(last), max(last), count(*) FROM chunk").fetchone()
            first, last, count = found
            if not count:
                break
            cut = first + (last - first) // 10
            with self._db:
                self._db.execute("DELETE FROM chunk WHERE last <= ?", (cut,))
                self._db.execute("DELETE FROM event WHERE time <= ?", (cut,))
        self._db.execute("PRAGMA incremental_vacuum").fetchall()

    def size(self) -> int:
        """Bytes in use."""
        pages, free, size = (
            int(self._db.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    def _roll_left_over(self) -> None:
        entries = read_tail(self._db)
        if entries:
            self.roll(entries)


def _locked(path: Path) -> BinaryIO:
    file = Path(f"{path}.lock").open("wb")  # noqa: SIM115 - as long as it is open, the lock is ours
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise InUse(f"history {path}: another run writes to it; allowed: --history with another path, or off") from None
    return file


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, check_same_thread=False)
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")  # survives the process; of a power cut the last commits may be lost
    db.executescript(_SCHEMA + EVENT_SCHEMA + archive.ARCHIVE_SCHEMA)
    with db:
        db.execute("INSERT OR IGNORE INTO meta VALUES ('format', ?)", (FORMAT,))
    found = db.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()[0]
    if found != FORMAT:
        db.close()
        raise HistoryError(f"history {path}: found format {found}, allowed {FORMAT}")
    path.chmod(0o600)
    return db


def _is_sound(db: sqlite3.Connection) -> bool:
    """Whether the file is whole; looked at only after a run that did not end well. From here on a run is on."""
    clean = db.execute("SELECT value FROM meta WHERE key = 'clean'").fetchone()
    if clean is not None and not clean[0] and db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        return False
    with db:
        db.execute("INSERT OR REPLACE INTO meta VALUES ('clean', 0)")
    return True


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that only reads. Raises HistoryError where there is no history."""
    if not path.exists():
        raise HistoryError(f"history {path}: not there")
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)


def read_branches(db: sqlite3.Connection) -> list[Branch]:
    """All branches, in the order they began."""
    return [Branch(*row) for row in db.execute("SELECT id, parent, number, fork FROM branch ORDER BY id")]


def read_tail(db: sqlite3.Connection) -> list[Entry]:
    """The tail, in the order it was written."""
    return [
        Entry(
            branch,
            moment,
            np.frombuffer(series, dtype=np.int32),
            np.frombuffer(value, dtype=np.float64),
            np.frombuffer(status, dtype=np.uint32),
        )
        for branch, moment, series, value, status in db.execute(
            "SELECT branch, time, series, value, status FROM tail ORDER BY id"
        )
    ]


def read_rolled(
    db: sqlite3.Connection, path: Path, series: int, start: int, end: int, until: dict[int, int]
) -> list[tuple[int, Samples]]:
    """What is not in the tail any more: of the Parquet files, and of the chunks after them. path: of the data base."""
    try:
        archived = archive.read_archive(db, archive.folder_of(path), series, start, end, until)
    except ImportError:
        raise HistoryError(f"history {path}: its older hours are Parquet files; install plantsim[data]") from None
    return archived + read_chunks(db, series, start, end, until)


def read_chunks(
    db: sqlite3.Connection, series: int, start: int, end: int, until: dict[int, int]
) -> list[tuple[int, Samples]]:
    """Samples of a series from ``start`` to ``end``, µs, both included, as far as its branches go (``until``, µs).

    In the order of the branches, each with the branch's number.
    """
    rows = db.execute(
        "SELECT branch, count, data FROM chunk WHERE series = ? AND last >= ? AND first <= ? ORDER BY branch, last",
        (series, start, end),
    )
    found = []
    for branch, count, data in rows:
        if branch in until:
            samples = unpacked(data, count)
            found.append((branch, samples.between(start, min(end + 1, until[branch]))))
    return found


def tail_of(
    entries: Iterable[Entry], series: int, start: int, end: int, until: dict[int, int]
) -> list[tuple[int, Samples]]:
    """The same of a tail."""
    found: dict[int, list[tuple[int, float, int]]] = {}
    for entry in entries:
        if start <= entry.time <= end and entry.time < until.get(entry.branch, entry.time):
            at = int(np.searchsorted(entry.series, series))
            if at < len(entry.series) and entry.series[at] == series:
                row = (entry.time, float(entry.value[at]), int(entry.status[at]))
                found.setdefault(entry.branch, []).append(row)
    return [(branch, joined([_samples(rows)])) for branch, rows in sorted(found.items())]


def _samples(rows: list[tuple[int, float, int]]) -> Samples:
    moments, values, statuses = zip(*rows, strict=True)
    return Samples(np.array(moments, np.int64), np.array(values), np.array(statuses, np.uint32))


def lineage(branches: Sequence[Branch], newest: int) -> dict[int, int]:
    """The branches that ``newest`` goes back to, itself among them, and until when each counts, µs (not included)."""
    by_id = {branch.id: branch for branch in branches}
    until: dict[int, int] = {}
    limit, at = 2**62, by_id.get(newest)
    while at is not None:
        until[at.id] = limit
        limit = min(limit, at.fork)
        at = by_id.get(at.parent) if at.parent is not None else None
    return until


def chunks(entries: Sequence[Entry]) -> Iterable[tuple[int, int, int, int, int, bytes]]:
    """Rows of ``chunk``: of each series and branch its samples."""
    if not entries:
        return
    sizes = [len(entry.series) for entry in entries]
    branch = np.repeat(np.array([entry.branch for entry in entries], dtype=np.int32), sizes)
    moment = np.repeat(np.array([entry.time for entry in entries], dtype=np.int64), sizes)
    series = np.concatenate([entry.series for entry in entries])
    value = np.concatenate([entry.value for entry in entries])
    status = np.concatenate([entry.status for entry in entries])
    order = np.lexsort((moment, branch, series))  # stable: of two at the same time the later one stays the later
    series, branch = series[order], branch[order]
    edges = np.flatnonzero((np.diff(series) != 0) | (np.diff(branch) != 0)) + 1
    for start, end in zip([0, *edges.tolist()], [*edges.tolist(), len(series)], strict=True):
        which = order[start:end]  # piece by piece: the columns in this order would be megabytes more
        piece = joined([Samples(moment[which], value[which], status[which])])
        yield (
            int(series[start]),
            int(piece.time[-1]),
            int(branch[start]),
            int(piece.time[0]),
            len(piece),
            packed(piece),
        )


def packed(samples: Samples) -> bytes:
    """Samples in few bytes: differences of time, values and statuses, byte planes together, deflated."""
    steps = np.diff(samples.time, prepend=np.int64(0))
    planes = (_planes(steps), _planes(samples.value), _planes(samples.status))
    return zlib.compress(b"".join(planes), 1)


def unpacked(data: bytes, count: int) -> Samples:
    """What was packed."""
    plain = np.frombuffer(zlib.decompress(data), dtype=np.uint8)
    steps, value, status = plain[: 8 * count], plain[8 * count : 16 * count], plain[16 * count :]
    return Samples(
        np.cumsum(_from_planes(steps, count).view(np.int64)),
        _from_planes(value, count).view(np.float64),
        _from_planes(status, count).view(np.uint32),
    )


def _planes(array: NDArray[np.generic]) -> bytes:
    return np.ascontiguousarray(array).view(np.uint8).reshape(len(array), -1).T.tobytes()


def _from_planes(planes: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    return np.ascontiguousarray(planes.reshape(-1, count).T).reshape(-1)
