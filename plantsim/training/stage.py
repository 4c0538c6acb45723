"""Where scenarios are played on a plant that runs: which there are, the one that is on, and how one is begun."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError

from plantsim.engine.engine import LONGEST_STEP_S, Engine
from plantsim.model.plant import Plant
from plantsim.training.read_scenario import (
    load_scenario,
    scenario_length,
    scenario_names,
    scenario_path,
    scenario_plant,
)
from plantsim.training.runner import SCENARIO, Runner, prepare

log = logging.getLogger("plantsim.training")

Report = Callable[[Runner, float], tuple[str, str]]
"""Writes the debrief of a session that is over and began at a wall time, seconds since 1970; says where, and what is in
its JSON. OSError."""


def offered(plant: Plant) -> tuple[str, ...]:
    """The packaged scenarios that are written for a plant, by id."""
    return tuple(name for name in scenario_names() if scenario_plant(scenario_path(name)) == plant.name)


class Stage:
    """session: one that runs already. scenarios: ids of those that may be begun, which the engine was made to know.

    report: called in a thread of its own once a session that was begun here is over. Methods from any thread.
    """

    def __init__(
        self, engine: Engine, session: Runner | None = None, scenarios: Sequence[str] = (), report: Report | None = None
    ) -> None:
        self._engine = engine
        self._session = session
        self._names = tuple(scenarios)
        self._report = report
        self._beginning = threading.Lock()

    @property
    def session(self) -> Runner | None:
        """The scenario that runs or has run last."""
        return self._session

    def scenarios(self) -> list[tuple[str, str, float]]:
        """Those that may be begun: id, title, and the plant time that each takes at most, s."""
        return [(name, *scenario_length(scenario_path(name))) for name in self._names]

    def begin(self, name: str) -> None:
        """Go to the scenario's start, let its lead-in pass, and begin. The present state of the plant is lost.

        LookupError for a scenario that is not offered; RuntimeError while one runs, or where the plant cannot begin it.
        """
        if name not in self._names:
            raise LookupError(f"scenario: found {name!r}, allowed {', '.join(self._names) or 'none on this plant'}")
        if not self._beginning.acquire(blocking=False):
            raise RuntimeError("another scenario is about to begin")
        try:
            if self._session is not None and not self._session.ended.done():
                raise RuntimeError(f"scenario {self._session.scenario.id} runs; end it first")
            self._begin(name)
        finally:
            self._beginning.release()

    def _begin(self, name: str) -> None:
        engine = self._engine
        scenario = load_scenario(name, engine.plant)
        engine.freeze()
        engine.begin_scenario(name)  # what it hides is hidden before anything of it happens
        try:
            engine.restore_snapshot(scenario.start, SCENARIO)
            prepare(scenario, engine)
            left = scenario.lead_in
            while left > 0:
                engine.step(min(left, LONGEST_STEP_S)).result()
                left -= LONGEST_STEP_S
            runner = Runner(scenario, engine)
        except (ValueError, CancelledError) as error:  # of the snapshot, or of an engine that stops
            engine.end_scenario()
            raise RuntimeError(str(error) or "the plant stops") from None
        self._session = runner
        if self._report is not None:
            began = time.time()
            runner.ended.add_done_callback(
                lambda _: threading.Thread(target=self._debrief, args=(runner, began), daemon=True).start()
            )
        engine.set_speed(scenario.speed)
        engine.run()

    def _debrief(self, runner: Runner, began: float) -> None:
        assert self._report is not None
        try:
            runner.debriefed(*self._report(runner, began))
        except OSError as error:
            log.error("no debrief: %s: %s", error.filename, error.strerror)
