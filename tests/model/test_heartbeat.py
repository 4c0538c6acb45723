"""What a plant file says of PLCs: watchdogs, the switch and alarm of a lost heartbeat, loss policies of outputs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plantsim.model.plant import Loss, Plant
from plantsim.model.tag import Kind
from plantsim.model.tags import build_tags

Load = Callable[..., Plant]
AREA = 'title = "Acid leach"\n'
VALVE = 'title = "Cooling water"\nstroke = "6 s"\n'


def test_an_area_without_a_word_has_two_seconds_and_no_switch(load_toy: Load) -> None:
    area = load_toy().area("leach")
    assert (area.watchdog, area.heartbeat) == (2.0, "")


def test_a_heartbeat_makes_a_switch_and_an_alarm(load_toy: Load) -> None:
    plant = load_toy((AREA, AREA + 'watchdog = "5 s"\nheartbeat = "XA-299"\n'))
    assert plant.area("leach").watchdog == 5.0
    tags, alarms = build_tags(plant)
    assert (tags["XA-299.STATE"].kind, tags["XA-299.STATE"].role) == (Kind.SWITCH, None)
    alarm = next(alarm for alarm in alarms if alarm.name == "XA-299.LOST")
    assert (alarm.area, alarm.priority, alarm.message) == ("leach", 2, "PLC of acid leach: heartbeat lost")


@pytest.mark.parametrize(
    ("text", "loss"),
    [("hold", Loss("hold")), ("fail", Loss("fail")), ("ramp(30, 1 min)", Loss("ramp", 30.0, 60.0))],
)
def test_a_loss_policy_is_read(load_toy: Load, text: str, loss: Loss) -> None:
    plant = load_toy((VALVE, f'{VALVE}loss = "{text}"\n'))
    assert next(device.loss for device in plant.devices if device.tag == "TV-201A") == loss
    assert next(device.loss for device in plant.devices if device.tag == "TV-201B") == Loss("hold")


LOSSES = 'allowed "hold", "fail" or, of a valve or variable drive, "ramp(30, 60 s)": to 30 % over 60 s'
GATE = 'title = "Gate"\nstroke = "3 s"\n'


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ((VALVE, VALVE + 'loss = "close"\n'), f'toy.toml: devices.TV-201A.loss: found "close", {LOSSES}'),
        (
            (VALVE, VALVE + 'loss = "ramp(120, 60 s)"\n'),
            f'toy.toml: devices.TV-201A.loss: found "ramp(120, 60 s)", {LOSSES}',
        ),
        (
            (VALVE, VALVE + 'loss = "ramp(20, 60 L)"\n'),
            f'toy.toml: devices.TV-201A.loss: found "ramp(20, 60 L)", {LOSSES}',
        ),
        (
            (GATE, GATE + 'loss = "ramp(20, 60 s)"\n'),
            f'toy.toml: devices.XV-201.loss: found "ramp(20, 60 s)", {LOSSES}',
        ),
        (
            (AREA, AREA + 'heartbeat = "TV-201A"\n'),
            "toy.toml: areas.leach.heartbeat: found a tag that devices.TV-201A has already, allowed a name of its own",
        ),
        (
            (AREA, AREA + 'heartbeat = "XA-399"\n'),
            'toy.toml: areas.leach.heartbeat: found number 399 for unit WM-201 of area "leach", allowed a number '
            "200 to 299",
        ),
        (
            (AREA, AREA + 'heartbeat = "plc"\n'),
            'toy.toml: areas[leach].heartbeat: found "plc", allowed a tag such as "XA-299"',
        ),
    ],
)
def test_a_mistake_is_named(edit: tuple[str, str], message: str, mistake: Callable[..., str]) -> None:
    assert mistake(edit) == message
