"""Preferences and what is remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from hmi.settings import Settings, SettingsError, load, remember, remembered


def test_no_file_prefers_nothing(tmp_path: Path) -> None:
    """The first start needs no configuration."""
    assert load(tmp_path / "hmi.toml") == Settings()


def test_file_is_read(tmp_path: Path) -> None:
    """Theme, ASCII and keys."""
    file = tmp_path / "hmi.toml"
    file.write_text('theme = "grey-light"\nascii = true\n[keys]\nack = "space"\nspan = "y, z"\n')
    assert load(file) == Settings("grey-light", True, {"ack": "space", "span": "y,z"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour = 1", "colour: unknown; allowed: theme, ascii, keys"),
        ('theme = "pink"', "theme: 'pink'; allowed: grey-dark, grey-light, sixteen, mono"),
        ("ascii = 1", "ascii: 1; allowed: true, false"),
        ("keys = 3", "keys: 3; allowed: a table"),
        ('[keys]\nfly = "x"', "keys.fly: no such command; allowed: abort, ack, "),
        ('[keys]\nspan = "y"', "keys.span: 'y'; allowed: 2 keys, as in 'left_square_bracket,right_square_bracket'"),
        ("theme =", "Invalid value"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, message: str) -> None:
    """File, key, what was found, what is allowed."""
    file = tmp_path / "hmi.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as error:
        load(file)
    assert str(file) in str(error.value)
    assert message in str(error.value)


def test_what_is_left_is_found_again(tmp_path: Path) -> None:
    """Folders are made; rubbish and no file are nothing."""
    file = tmp_path / "a" / "station.json"
    assert remembered(file) == {}
    remember(file, {"theme": "grey-light"})
    assert remembered(file) == {"theme": "grey-light"}
    assert list(file.parent.iterdir()) == [file]
    file.write_text("[rubbish")
    assert remembered(file) == {}
    assert remembered(None) == {}
    remember(None, {})
