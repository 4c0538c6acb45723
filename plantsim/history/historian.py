"""The historian of a running plant: it takes images from the scan, and a thread of its own writes them."""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path

import numpy as np

from plantsim.engine.image import ProcessImage
from plantsim.history.archive import can_archive
from plantsim.history.events import Happening, Place, Wanted, read_events
from plantsim.history.exceptions import Entry, Exceptions
from plantsim.history.samples import BAD_DATA_LOST, Samples, joined
from plantsim.history.series import Series, series_of
from plantsim.history.settings import SettingsError, read_settings
from plantsim.history.store import Branch, Store, connect_reader, lineage, read_rolled, tail_of
from plantsim.model.tag import TagTable, ValueType

log = logging.getLogger(__name__)

ROLL_SAMPLES = 200_000
"""Samples in the tail before it becomes chunks: some minutes of a plant in real time."""
MOST_PENDING = 400_000
"""Samples that may wait to be written before the scan has to wait."""
COMMIT_S = 0.5
"""Wall time between two commits."""
US = 1_000_000


class Historian:
    """Keeps the tags of one plant in the file ``path``. Raises HistoryError, SettingsError or OSError.

    Settings stand beside it in ``<path>.toml``. scan_period: s of plant time.
    """

    def __init__(self, path: Path, tags: TagTable, *, scan_period: float) -> None:
        self.path = path
        self.settings = read_settings(path.with_name(f"{path.name}.toml"))
        if self.settings.parquet and not can_archive():
            raise SettingsError(
                f"history settings of {path}, parquet: pyarrow is not installed; pip install 'plantsim[data]'"
            )
        self.series = series_of(tags, self.settings)
        self.failure: str | None = None
        """Why nothing is kept any more, if so."""
        self._of = {series.tag.name: index for index, series in enumerate(self.series)}
        self._rows = np.array([series.tag.row for series in self.series], dtype=np.intp)
        branch = tags.get("Simulation.Branch")
        self._branch_row = branch.row if branch is not None else None
        self._every = max(1, round(1.0 / scan_period))
        self._store = Store(path)
        self._ids = np.array(self._store.series_ids([(s.tag.name, s.key) for s in self.series]), dtype=np.int32)
        self._order = np.argsort(self._ids)
        self._exceptions = Exceptions(
            np.array([series.deadband for series in self.series]),
            np.array([series.stepped for series in self.series], dtype=np.bool_),
            np.array([series.tag.type is not ValueType.FLOAT for series in self.series], dtype=np.bool_),
            np.array([series.longest for series in self.series], dtype=np.int64),
        )
        self._wake = threading.Condition()
        self._branches = self._store.branches()
        self._newest = self._store.newest()
        self._number: int | None = None
        self._new_branches: list[Branch] = []
        self._tail: list[Entry] = []
        self._written = 0
        """Entries of the tail that are in the file."""
        self._pending = 0
        """Samples of the tail that are not."""
        self._samples = 0
        self._happenings: list[Happening] = []
        """Events that are not in the file yet."""
        self._events = self._store.newest_event()
        """The id of the newest event."""
        self._latest = 0
        self._stopping = False
        self._thread: threading.Thread | None = None

    # ------------------------------------------------------------------ the scan's side

    @property
    def pending(self) -> int:
        """Samples that wait to be written."""
        return self._pending

    @property
    def behind(self) -> bool:
        """Whether the scan is to wait, for too much is not yet written."""
        return self._pending > MOST_PENDING and self.failure is None

    def take(self, image: ProcessImage) -> None:
        """Keep what changed; called by the scan, quick, never waits for the disk."""
        if self.failure is not None:
            return
        time = round(US * image.plant_time)
        number = int(image.value[self._branch_row]) if self._branch_row is not None else 0
        entries: list[Entry] = []
        if number != self._number or time < self._latest:
            entries += self._fork(number, time)
        self._latest = time
        entries += self._exceptions.take(
            self._branches[-1].id,
            time,
            image.value[self._rows],
            image.status[self._rows],
            all_series=image.scan % self._every == 0,
        )
        if not entries:
            return
        numbered = [self._numbered(entry) for entry in entries]
        with self._wake:
            self._tail += numbered
            self._pending += sum(len(entry.series) for entry in numbered)

    def note_event(self, time: int, place: Place, body: bytes) -> None:
        """Keep an event of plant time ``time``, µs; quick, never waits for the disk. Not for two threads at once."""
        if self.failure is not None:
            return
        with self._wake:
            # what is told before the first look at the plant is of the branch that begins with it
            branch = self.branch() + (self._number is None)
            self._events += 1
            self._happenings.append(Happening(self._events, branch, time, place, body))

    def _fork(self, number: int, time: int) -> list[Entry]:
        """Begin a branch; after a time that nobody kept, with samples that say so."""
        first = self._number is None
        parent = self._branches[-1] if self._branches else None
        newest = self._newest if first else None
        gap = newest is not None and newest + 1 < time
        fork = newest + 1 if gap and newest is not None else time
        branch = Branch(parent.id + 1 if parent else 1, parent.id if parent else None, number, fork)
        with self._wake:
            self._branches = [*self._branches, branch]
            self._new_branches.append(branch)
        self._number = number
        self._exceptions.reset()
        if not gap:
            return []
        count = len(self.series)
        lost = np.full(count, BAD_DATA_LOST, dtype=np.uint32)
        return [Entry(branch.id, fork, np.arange(count, dtype=np.int32), np.full(count, np.nan), lost)]

    def _numbered(self, entry: Entry) -> Entry:
        """With the numbers that its series have in the file, which need not rise as ours do."""
        ids = self._ids[entry.series]
        order = np.argsort(ids)
        return Entry(entry.branch, entry.time, ids[order], entry.value[order], entry.status[order])

    # ------------------------------------------------------------------ the writer

    def start(self) -> None:
        """Start the writer, once."""
        self._thread = threading.Thread(target=self._work, name="history", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what there is, and close; a second call does nothing."""
        with self._wake:
            if self._stopping:
                return
            self._stopping = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()
        if self.failure is None:
            self._store.close()
        else:
            self._store.abandon()

    def flush(self) -> None:
        """Return when all that was taken is written. For who needs to know."""
        with self._wake:
            self._wake.notify()
            self._wake.wait_for(
                lambda: not (self._pending or self._happenings) or self.failure is not None or self._stopping
            )

    def _work(self) -> None:
        try:
            while True:
                with self._wake:
                    self._wake.wait_for(lambda: self._stopping, COMMIT_S)
                    over = self._stopping
                self._write(roll=over)
                if over:
                    return
        except (sqlite3.Error, OSError) as error:
            self.failure = f"history {self.path}: {error}"
            log.error("%s; nothing is kept any more", self.failure)
            with self._wake:
                self._wake.notify_all()

    def _write(self, *, roll: bool) -> None:
        with self._wake:
            tail, branches, self._new_branches = list(self._tail), self._new_branches, []
            events = tuple(self._happenings)
        new = tail[self._written :]
        if new or branches or events:
            self._store.append(branches, new, events)
        count = sum(len(entry.series) for entry in new)
        self._samples += count
        roll = (roll or self._samples >= ROLL_SAMPLES) and bool(tail)
        if roll:
            self._store.roll(tail)
        with self._wake:
            self._pending -= count
            self._written = len(tail)
            del self._happenings[: len(events)]
            if roll:
                self._tail = self._tail[len(tail) :]
                self._written = 0
                self._samples = 0
            self._wake.notify_all()
        if roll:
            if self.settings.parquet:
                self._store.archive(tail[-1].time)
            oldest = tail[-1].time - round(US * 86400.0 * self.settings.keep_days)
            self._store.retain(oldest, 1e6 * self.settings.max_mb)

    # ------------------------------------------------------------------ readers

    def series_of(self, tag: str) -> Series | None:
        """How a tag is kept; None if it is not."""
        index = self._of.get(tag)
        return None if index is None else self.series[index]

    def branch(self) -> int:
        """The branch that the plant is on."""
        return self._branches[-1].id if self._branches else 0

    def span(self, branch: int) -> tuple[int, int]:
        """First and last moment of which a branch and what it goes back to may have samples, µs."""
        with self._wake:
            branches, latest = self._branches, self._latest
        until = lineage(branches, branch)
        begun = min((one.fork for one in branches if one.id in until), default=0)
        return begun, max([latest, *(limit for limit in until.values() if limit < 2**62)])

    def read(self, tag: str, start: int, end: int, *, branch: int | None = None, newest: bool = False) -> Samples:
        """Samples of a tag from ``start`` to ``end``, µs, both included, of a branch and what it goes back to.

        newest: with the last look at the plant, which need not be worth keeping. Reads the file: not for an event loop.
        """
        index = self._of[tag]
        with self._wake:
            tail, branches = tuple(self._tail), self._branches
            look = self._exceptions.look
        on = branch if branch is not None else self.branch()
        until = lineage(branches, on)
        number = int(self._ids[index])
        db = connect_reader(self.path)
        try:
            db.execute("BEGIN")  # one state of the file: an hour may be on its way out of it
            pieces = read_rolled(db, self.path, number, start, end, until)
        finally:
            db.close()
        pieces += tail_of(tail, number, start, end, until)
        found = joined([samples for _, samples in sorted(pieces, key=lambda piece: piece[0])])
        if newest and look is not None and on == branches[-1].id:
            time, value, status = look
            if start <= time <= end and (not len(found) or time > found.time[-1]):
                one = slice(index, index + 1)
                found = joined([found, Samples(np.array([time], np.int64), value[one], status[one])])
        return found

    def events(self, wanted: Wanted, branch: int, most: int) -> list[Happening]:
        """The first so many events of a branch and what it goes back to. Reads the file: not for an event loop."""
        with self._wake:
            pending, branches = tuple(self._happenings), self._branches
        until = lineage(branches, branch)
        db = connect_reader(self.path)
        try:
            return read_events(db, wanted, until, pending, most)
        finally:
            db.close()
