"""Preferences and what is remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from hmi.clashes import clash
from hmi.commands import TABLE
from hmi.settings import Settings, SettingsError, load, remember, remembered


def test_no_file_prefers_nothing(tmp_path: Path) -> None:
    """The first start needs no configuration."""
    assert load(tmp_path / "hmi.toml") == Settings()


def test_file_is_read(tmp_path: Path) -> None:
    """Theme, ASCII and keys."""
    file = tmp_path / "hmi.toml"
    file.write_text('theme = "grey-light"\nascii = true\n[keys]\nack = "space"\nspan = "v, z"\n')
    assert load(file) == Settings("grey-light", True, {"ack": "space", "span": "v,z"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour = 1", "colour: unknown; allowed: theme, ascii, keys"),
        ('theme = "pink"', "theme: 'pink'; allowed: grey-dark, grey-light, sixteen, mono"),
        ("ascii = 1", "ascii: 1; allowed: true, false"),
        ("keys = 3", "keys: 3; allowed: a table"),
        ('[keys]\nfly = "x"', "keys.fly: no such command; allowed: abort, ack, "),
        ('[keys]\nspan = "y"', "keys.span: 'y'; allowed: 2 keys, as in 'left_square_bracket,right_square_bracket'"),
        (
            '[keys]\nack = "p"',
            "keys.ack: 'p', but that is the key of setpoint (new set point, then confirm); allowed: ",
        ),
        ('[keys]\nack = "/"', "keys.ack: 'slash', but that is the key of filter"),
        ('[keys]\nack = "j"\nmode = "j"', "keys.mode: 'j', but keys.ack has it, too (acknowledge the picked alarm"),
        ('[keys]\nack = "up"', "keys.ack: 'up' moves the cursor; allowed: a key of its own"),
        ('[keys]\nspan = "y,y"', "keys.span: 'y' twice; allowed: 2 keys that differ"),
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


def test_keys_may_change_places_and_be_those_of_what_is_never_there_at_the_time(tmp_path: Path) -> None:
    """As in the table itself, where c is for a drive and for a sequence."""
    file = tmp_path / "hmi.toml"
    for keys in ({"ack": "p", "setpoint": "a"}, {"order": "o"}, {"ack": "space"}, {"theme": "f1", "help": "f12,f11"}):
        file.write_text("[keys]\n" + "".join(f'{id_} = "{key}"\n' for id_, key in keys.items()))
        assert load(file).keys == keys


def test_the_table_written_out_is_no_clash() -> None:
    assert clash({command.id: command.keys for command in TABLE}) is None


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
