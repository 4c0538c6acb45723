"""The station's journal."""

from __future__ import annotations

import csv
import io
import math

from hmi.journal import Journal, Kind, as_csv


def test_oldest_entries_go_first_and_numbers_stay() -> None:
    """An entry keeps its id while it is kept, and has none after."""
    journal = Journal(most=3)
    for number in range(5):
        journal.add(float(number), Kind.ACTION, "me", "TIC-201", f"entry {number}")
    assert [entry.text for entry in journal.newest_first()] == ["entry 4", "entry 3", "entry 2"]
    assert journal.get("2") is None
    found = journal.get("4")
    assert found is not None
    assert found.text == "entry 3"
    assert journal.get("6") is None
    assert journal.get("x") is None


def test_csv_reads_back_whatever_was_typed() -> None:
    """Commas, quotes and line breaks in a note do not break the file; an unknown plant time is empty."""
    journal = Journal()
    text = 'pump "B", the\nnew one'
    journal.add(0.0, Kind.NOTE, "op", "", text)
    journal.add(math.nan, Kind.SYSTEM, "station", "", "connected")
    rows = list(csv.DictReader(io.StringIO(as_csv(reversed(list(journal.newest_first()))))))
    assert rows[0]["text"] == text
    assert rows[0]["plant_time"] == "1970-01-01T00:00:00+00:00"
    assert rows[1]["plant_time"] == ""
