"""The command that starts this very plantsim once more."""

from __future__ import annotations

import sys
from pathlib import Path

_START = "import sys; sys.path.append(sys.argv.pop(1)); from plantsim.cli import main; sys.exit(main())"


def command(*words: str) -> list[str]:
    """Program and arguments of ``plantsim WORDS``, the same from whatever folder.

    ``python -m plantsim`` would prefer a ``plantsim`` in the current folder, such as sources without a compiled core.
    """
    return [sys.executable, "-P", "-c", _START, str(Path(__file__).parents[2]), *words]
