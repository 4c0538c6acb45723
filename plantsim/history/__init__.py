"""The historian: what the tags were, kept in one SQLite file, in plant time."""
