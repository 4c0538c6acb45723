"""How a command ends when it can not do what was asked."""

from __future__ import annotations

REFUSED = 1
"""Exit code: unknown plant, bad file, port in use, something missing on this machine."""
MISUSED = 2
"""Exit code: unknown option or unparsable value."""
FAILED = 3
"""Exit code: the run itself failed."""


class Stop(Exception):
    """Ends the command with one line on stderr and an exit code."""

    def __init__(self, message: str, code: int = REFUSED) -> None:
        super().__init__(message)
        self.code = code
