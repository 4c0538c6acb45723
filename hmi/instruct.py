"""What an instructor does to the run: every wish that changes it is read out and confirmed first."""

from __future__ import annotations

from dataclasses import replace
from math import isnan

from hmi.comm.lists import field_actions, field_work, injected, malfunctions, scenarios, snapshots
from hmi.entry import parse_positive, parse_text
from hmi.format import clock, day, duration, speed
from hmi.instructor import (
    FIELD,
    FIELD_ACTIONS,
    LISTS,
    SCENARIOS,
    Injection,
    parse_injection,
    parse_snapshot_name,
    parse_speed,
)
from hmi.trigger import check_condition, part
from hmi.widgets.entryline import EntryLine, Tone
from hmi.wishes import Wishes


class Instruct(Wishes):
    """Carries the instructor's wishes to the link."""

    # --- what there is ---

    def poll(self) -> None:
        """Look at what is injected, if the last look was a while ago; called while it is on the screen."""
        if not self._view.link.online:
            self._view.facts = replace(self._view.facts, injected=(), field=(), snapshots=(), known=False)
        else:
            self._look_now_and_then(self.look)

    async def look(self) -> None:
        """Ask the server for all lists; for what can go wrong or be done only where the plant may be another one."""
        try:
            generation = self._view.link.generation
            anew = (LISTS[0], FIELD_ACTIONS)
            known = [*LISTS, *(name for name in (FIELD_ACTIONS, FIELD) if name in self._view.plant.methods)]
            names = [name for name in known if name not in anew or generation != self._generation]
            answers = dict(zip(names, await self._link.ask(names) or (), strict=False))
            if len(answers) < len(names):
                self._view.facts = replace(self._view.facts, injected=(), field=(), snapshots=(), known=False)
                return
            facts = self._view.facts
            if LISTS[0] in answers:
                practised = await self._link.ask([SCENARIOS], owner="Training")
                facts = replace(
                    facts,
                    malfunctions=malfunctions(answers[LISTS[0]]),
                    actions=field_actions(answers[FIELD_ACTIONS]) if FIELD_ACTIONS in answers else (),
                    scenarios=scenarios(practised[0]) if practised else (),
                )
                self._generation = generation
            found, reach = snapshots(answers["ListSnapshots"])
            self._view.facts = replace(
                facts,
                injected=injected(answers["ListInjected"]),
                field=field_work(answers[FIELD]) if FIELD in answers else (),
                snapshots=found,
                reach=reach,
                known=True,
            )
        finally:
            self._looked_now()

    # --- malfunctions ---

    def inject(self, line: EntryLine, name: str) -> None:
        """Ask how a malfunction is to come and what it is to wait for, then confirm, then let it."""
        waits = "InjectWhen" in self._view.plant.methods

        def check(text: str) -> Injection:
            how, when = part(text) if waits else (text, None)
            found = parse_injection(how)
            return found if when is None else replace(found, when=check_condition(self._view.plant, when))

        def propose(value: object) -> None:
            assert isinstance(value, Injection)
            verb, method = ("arm", "InjectWhen") if value.when else ("inject", "Inject")
            what = f"{verb} {name}, {value.text}"
            arguments: list[float | str] = [name, value.severity, value.delay, value.ramp]
            arguments += [value.when] if value.when else []
            line.confirm(what, lambda: self._do(line, what, method, *arguments), verb)

        when = ", when" if waits else ""
        line.ask(f"inject {name}: severity %, delay, ramp{when}:", check, propose, initial="100 0s 0s")

    def clear(self, line: EntryLine, instance: str) -> None:
        """Mend what was injected."""
        what = f"clear {instance}"
        line.confirm(what, lambda: self._do(line, what, "Clear", instance), "clear")

    def clear_all(self, line: EntryLine) -> None:
        """Mend everything."""
        if not self._view.facts.injected:
            line.say("nothing is injected")
            return
        what = f"clear all {len(self._view.facts.injected)} malfunctions"
        line.confirm(what, lambda: self._do(line, what, "ClearAll"), "clear")

    # --- the field operator ---

    def do_in_field(self, line: EntryLine, name: str) -> None:
        """Have the field operator do something; the server says what is in the way."""
        action = next((one for one in self._view.facts.actions if one.name == name), None)
        if action is None:
            return
        what = f"ask for {name}"
        words = f"ask the field operator to {name}, {duration(action.takes)}"
        line.confirm(words, lambda: self._do(line, what, "DoInField", name), "ask")

    # --- states ---

    def save(self, line: EntryLine) -> None:
        """Ask for a name and keep the present state under it."""

        def propose(value: object) -> None:
            name = str(value)
            known = any(one.name == name for one in self._view.facts.snapshots)
            what = f"save snapshot {name}"
            words = f"{what}, in place of the one that is there" if known else what
            line.confirm(words, lambda: self._do(line, what, "SaveSnapshot", name), "save")

        line.ask("save the present state as (letters, digits, _ and -):", parse_snapshot_name, propose)

    def restore(self, line: EntryLine, name: str) -> None:
        """Go on from a snapshot."""
        saved = next((one.saved for one in self._view.facts.snapshots if one.name == name), float("nan"))
        of = "" if isnan(saved) else f" of {day(saved)} {clock(saved)}"
        what = f"go on from snapshot {name}"
        line.confirm(
            f"{what}{of}; the present state is lost",
            lambda: self._do(line, what, "RestoreSnapshot", name),
            "restore",
        )

    def backtrack(self, line: EntryLine) -> None:
        """Ask for how many minutes of plant time to go back, and go."""
        reach = self._view.facts.reach
        if not reach > 0:
            line.say("there is nothing to go back to yet", Tone.REFUSED)
            return

        def propose(value: object) -> None:
            assert isinstance(value, float)
            what = f"go back by {value:g} min"
            then = f" to {clock(self._view.store.now - 60.0 * value)} or just before"
            line.confirm(f"{what}{then}", lambda: self._do(line, what, "Backtrack", value), "go back")

        line.ask(
            f"go back by how many minutes of plant time (up to {reach:.1f}):",
            lambda text: parse_positive(text, "number of minutes", int(10 * reach) / 10),
            propose,
        )

    # --- scenarios ---

    def begin(self, line: EntryLine, name: str) -> None:
        """Begin a scenario; the one that runs is ended by the same key."""
        exercise, running = self._view.exercise, self._view.scenario
        if running == name:
            what = f"end scenario {name}"
            line.confirm(
                f"{what} as it stands; what is open counts as nothing",
                lambda: self._do(line, what, "Finish", owner="Training"),
                "end it",
            )
        elif running or (exercise is not None and not exercise.over):
            ending = "the scenario before is just being ended; again in a moment"
            line.say(f"scenario {running} runs; end it first" if running else ending, Tone.REFUSED)
        else:
            what = f"begin scenario {name}"
            line.confirm(
                f"{what}; the present state is lost",
                lambda: self._do(line, what, "BeginScenario", name, owner="Training"),
                "begin",
            )

    def message(self, line: EntryLine) -> None:
        """Ask for words, and show them to the trainee."""

        def request(value: object) -> None:
            self._do(line, f"to the trainee: {value}", "SendMessage", str(value), owner="Training")

        line.ask("message to the trainee:", parse_text, request)

    # --- the run ---

    def speed(self, line: EntryLine) -> None:
        """Ask for a speed; it is no change of the plant and needs no confirmation."""

        def request(value: object) -> None:
            assert isinstance(value, float)
            self._do(line, f"speed {speed(value)}", "SetSpeed", value)

        line.ask("speed (0.25, 1, 10, 60, 600, max or any above 0):", parse_speed, request)

    def _do(self, line: EntryLine, what: str, method: str, *arguments: float | str, owner: str = "Simulation") -> None:
        line.busy(what)
        self._work(self._and_look(line, what, method, *arguments, owner=owner))

    async def _and_look(self, line: EntryLine, what: str, method: str, *arguments: float | str, owner: str) -> None:
        if await self._call(line, what, method, *arguments, owner=owner):
            await self.look()
