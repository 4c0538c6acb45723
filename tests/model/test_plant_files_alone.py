"""Plants are files: no code knows one by its name."""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path

from plantsim.model.load import plant_names

ROOT = Path(__file__).parents[2]
CODE = sorted(
    file
    for folder in ("plantsim", "hmi", "ext")
    for file in (ROOT / folder).rglob("*")
    if file.suffix in (".py", ".pyx", ".pxd", ".pxi", ".pyi", ".tcss")
)


def code_of(file: Path) -> str:
    """Without comments and texts that only explain."""
    text = file.read_text(encoding="utf-8")
    if file.suffix not in (".py", ".pyi"):
        return text
    kept, before = [], tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        explains = token.type == tokenize.STRING and before in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
        if token.type not in (tokenize.COMMENT, tokenize.NL) and not explains:
            kept.append(token)
        if token.type not in (tokenize.COMMENT, tokenize.NL):
            before = token.type
    return tokenize.untokenize((token.type, token.string) for token in kept)


def test_no_code_names_a_plant() -> None:
    """As a word; what explains may give an example."""
    named = re.compile(rf"\b({'|'.join(sorted(plant_names(), key=len, reverse=True))})\b", re.IGNORECASE)
    assert len(CODE) > 250
    found = {str(file.relative_to(ROOT)): named.findall(code_of(file)) for file in CODE}
    assert {file: names for file, names in found.items() if names} == {}


def test_only_what_explains_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    file.write_text(
        '"""Of belfast."""\nX = "missouri"  # viridion\n\n\ndef f() -> str:\n    """makuutu"""\n    return "b"\n'
    )
    kept = code_of(file)
    assert "missouri" in kept
    assert not re.search("belfast|viridion|makuutu", kept)
