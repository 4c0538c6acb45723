"""Plays an operator's script: the expert's way through a scenario, or a wrong one, with an operator's rights."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

from plantsim.engine.alarm_desk import Change
from plantsim.engine.command import Origin
from plantsim.engine.engine import Engine
from plantsim.engine.image import UNACKED, ProcessImage
from plantsim.model.tag import Role
from plantsim.training.runner import Moment, Runner, prepare
from plantsim.training.scenario import Deed, Scenario, Script, When
from plantsim.training.score import Score

OPERATOR = Origin(Role.OPERATOR, "expert", "script")


class Player:
    """Does the steps of a script, one after the other."""

    def __init__(self, script: Script, engine: Engine) -> None:
        self.refused: list[str] = []
        """Writes that were refused, and why."""
        self.runner: Runner | None = None
        self._engine = engine
        self._steps = deque(script.steps)
        self._moment: Moment | None = None
        self._last = 0.0
        self._patience = script.acknowledges
        self._seen: dict[int, float] = {}
        """When each alarm that waits for its acknowledgement was first seen, by row."""

    @property
    def left(self) -> int:
        """Steps that have not been done."""
        return len(self._steps)

    def follow(self, at: float, now: tuple[ProcessImage, dict[str, float]]) -> None:
        """A second has passed."""
        image, came = now
        if self._patience:
            self._attend(at, image)
        while self._steps:
            step = self._steps[0]
            if self._moment is None:
                # `wait` counts from the step before, or from the event where one is named
                start = 0.0 if step.moment.after else self._last
                when = When(start + step.moment.at, step.moment.after, step.moment.when, step.moment.hold)
                self._moment = Moment(when)
            if not self._moment.has_come(at, image, came):
                return
            self._steps.popleft()
            self._moment, self._last = None, at
            self._do(step, image)

    def _attend(self, at: float, image: ProcessImage) -> None:
        """Acknowledge what has waited long enough."""
        waiting = [alarm for alarm in self._engine.alarms if image.alarms[alarm.row] & UNACKED]
        self._seen = {alarm.row: self._seen.get(alarm.row, at) for alarm in waiting}
        for alarm in waiting:
            if at - self._seen[alarm.row] >= self._patience:
                self._engine.act_on_alarm(alarm, Change.ACKNOWLEDGED, OPERATOR)

    def _do(self, step: Deed, image: ProcessImage) -> None:
        for write in step.write:  # one by one: each is judged by what those before have made of the plant
            (refusal,) = self._engine.write([write], OPERATOR)
            if refusal is not None:
                self.refused.append(f"{write[0]} = {write[1]}: {refusal.value}")
        for alarm in self._engine.alarms:
            wanted = "all" in step.acknowledge or alarm.name in step.acknowledge
            if wanted and image.alarms[alarm.row] & UNACKED:
                self._engine.act_on_alarm(alarm, Change.ACKNOWLEDGED, OPERATOR)
        if self.runner is not None and step.display:
            self.runner.display_opened(step.display)
        if self.runner is not None and step.hint:
            self.runner.hint()


class Attempt:
    """A scenario that was run through: runner, and what was refused of the script."""

    def __init__(self, runner: Runner, score: Score, refused: tuple[str, ...], left: int) -> None:
        self.runner = runner
        self.score = score
        self.refused = refused
        self.left = left


def engine_for(scenario: Scenario, start: str = "", *, scan_period: float = 0.1, seed: int | None = None) -> Engine:
    """An engine that stands at the scenario's initial condition, as fast as it goes. start: its file, if a snapshot."""
    engine = Engine(
        scenario.plant,
        scan_period=scan_period,
        seed=scenario.seed if seed is None else seed,
        start=start or scenario.start,
        epoch=0.0,
        speed=math.inf,
        frozen=True,
        scenario=scenario.id,
    )
    prepare(scenario, engine)
    engine.lead_in(scenario.lead_in)
    return engine


def attempt(
    scenario: Scenario, script: Script | None, *, start: str = "", seed: int | None = None, scan_period: float = 0.1,
    going: Callable[[], bool] = lambda: True,
) -> Attempt:  # fmt: skip
    """Run a scenario through without servers, with a script or with nobody at the desk (None).

    going: asked now and then; once it says no the run is cut short and scored as it stands.
    """
    engine = engine_for(scenario, start, scan_period=scan_period, seed=seed)
    player = Player(script or Script("nobody", ()), engine)
    runner = Runner(scenario, engine, player.follow)
    player.runner = runner
    engine.start()
    try:
        engine.run()
        while not runner.ended.done() and engine.failure is None and going():
            try:
                runner.ended.result(timeout=0.2)
            except TimeoutError:
                continue
        score = runner.finish()
    finally:
        engine.stop()
    return Attempt(runner, score, tuple(player.refused), player.left)
