"""The plant that is meant where none is named: which one that is stands beside the plants, for no code knows one."""

from pathlib import Path

DEFAULT_PLANT = (Path(__file__).parents[1] / "plants" / "default.txt").read_text(encoding="utf-8").strip()
