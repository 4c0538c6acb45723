r"""The Like operator of filters (OPC 10000-4, table 122).

% is any text, _ one character, [] one of several, [^] none of them, and a character after \ stands for itself.
Not by a regular expression: those of patterns with many % take time that grows with every one of them, and the patterns
are the clients'.
"""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST = 1000
"""Characters of a pattern."""

_ANY_TEXT = None
_Token = re.Pattern[str] | None
"""What one character must be, or any text."""


def is_like(text: str, pattern: str) -> bool:
    """Whether a text is as a pattern says. ValueError, re.error for a pattern that cannot be."""
    tokens = _tokens(pattern)
    at = here = 0
    back: tuple[int, int] | None = None
    # of all % only the last one seen ever takes more: what an earlier one could take, it can
    while at < len(text):
        token = tokens[here] if here < len(tokens) else None
        if here < len(tokens) and token is _ANY_TEXT:
            here += 1
            back = here, at
        elif token is not None and token.match(text[at]):
            at += 1
            here += 1
        elif back is not None:
            here, at = back[0], back[1] + 1
            back = here, at
        else:
            return False
    return all(token is _ANY_TEXT for token in tokens[here:])


@lru_cache(256)
def _tokens(pattern: str) -> tuple[_Token, ...]:
    if len(pattern) > LONGEST:
        raise ValueError(f"pattern: found {len(pattern)} characters, allowed {LONGEST}")
    found: list[_Token] = []
    index = 0
    while index < len(pattern):
        char = pattern[index]
        index += 1
        if char == "%":
            if not found or found[-1] is not _ANY_TEXT:
                found.append(_ANY_TEXT)
        elif char == "_":
            found.append(re.compile(".", re.DOTALL))
        elif char == "\\" and index < len(pattern):
            found.append(re.compile(re.escape(pattern[index])))
            index += 1
        elif char == "[" and (end := pattern.find("]", index + 1)) > 0:
            inside = pattern[index:end]
            negated = "^" if inside.startswith("^") else ""
            members = inside.removeprefix("^").replace("\\", "\\\\").replace("[", "\\[")
            found.append(re.compile(f"[{negated}{members}]"))
            index = end + 1
        else:
            found.append(re.compile(re.escape(char)))
    return tuple(found)
