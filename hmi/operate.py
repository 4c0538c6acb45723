"""What an operator does to the plant: every write goes through range check, confirmation, answer and readback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from math import isnan

from hmi.alarms import AlarmRecord, AlarmState
from hmi.comm.link import Link
from hmi.comm.outcome import Outcome
from hmi.commands import SPEEDS
from hmi.entry import Change, parse, parse_positive
from hmi.format import range_text, speed
from hmi.model import Member, TagObject, ValueClass
from hmi.view import View
from hmi.widgets.entryline import EntryLine, Tone

READBACK = 2.0
"""Seconds a written value may take to read back."""
MOST_STEP = 86400.0
"""Seconds of plant time one step may take."""
PIECE = 300.0
"""Seconds of plant time asked for in one call."""

Worker = Callable[[Awaitable[None]], object]


class Operations:
    """Carries the operator's wishes to the link and the answers to the entry line."""

    def __init__(self, link: Link, view: View, work: Worker) -> None:
        self._link = link
        self._view = view
        self._work = work
        self.pending = 0
        """Requests on their way."""

    # --- values ---

    def enter(self, line: EntryLine, tag: TagObject, name: str) -> None:
        """Ask for a new value of a member, then confirm, then send."""
        member = tag.members.get(name)
        if member is None:
            line.say(f"{tag.id} has no {name}", Tone.REFUSED)
        elif not member.writable:
            line.say(f"{tag.id} {name}: {self._why_not(member)}", Tone.REFUSED)
        else:
            prompt = f"{tag.id} {name} ({range_text(member, tag)}):"
            line.ask(
                prompt, lambda text: parse(tag, member, text), lambda value: self._propose(line, tag, member, value)
            )

    def toggle(self, line: EntryLine, tag: TagObject, name: str) -> None:
        """Propose the other state of a Boolean member."""
        member = tag.members.get(name)
        if member is None or member.value_class is not ValueClass.BOOLEAN:
            self.enter(line, tag, name)
        elif not member.writable:
            line.say(f"{tag.id} {name}: {self._why_not(member)}", Tone.REFUSED)
        else:
            self._propose(line, tag, member, not self._view.store.read(member.name).value)

    def _propose(self, line: EntryLine, tag: TagObject, member: Member, value: object) -> None:
        assert isinstance(value, int | float)
        change = Change(tag, member, self._view.store.read(member.name).value, value)
        line.confirm(change.text, lambda: self._send(line, change))

    def _send(self, line: EntryLine, change: Change) -> None:
        line.busy(f"{change.text} sent")
        self._work(self._write(line, change))

    async def _write(self, line: EntryLine, change: Change) -> None:
        outcome = await self._waiting(self._link.write(change.member, change.new))
        if not outcome.ok:
            self._report(line, change.text, outcome)
        elif await self._read_back(change):
            line.say(f"{change.text} done")
        else:
            line.say(f"{change.text} accepted, but does not read back yet; look at the value", Tone.REFUSED)

    async def _read_back(self, change: Change) -> bool:
        """Wait until the store shows what was asked for."""
        until = time.monotonic() + READBACK
        while time.monotonic() < until:
            if change.shown_by(self._view.store.read(change.member.name)):
                return True
            await asyncio.sleep(0.05)
        return False

    def _why_not(self, member: Member) -> str:
        if not self._link.state.online:
            return "no connection"
        who = f"user {self._view.user}" if self._view.user else "anonymous users"
        return f"{who} may not write it" if member.for_others else "read-only"

    # --- alarms ---

    def acknowledge(self, line: EntryLine, record: AlarmRecord | None) -> None:
        """Acknowledge one alarm as the operator saw it."""
        if record is None or record.state is AlarmState.NORMAL:
            line.say("no alarm to acknowledge")
        elif record.acked:
            line.say(f"{record.alarm.tag} {record.alarm.condition} is already acknowledged")
        else:
            self._work(self._acknowledge(line, record))

    async def _acknowledge(self, line: EntryLine, record: AlarmRecord) -> None:
        what = f"acknowledge {record.alarm.tag} {record.alarm.condition}"
        outcome = await self._waiting(self._link.acknowledge(record))
        if outcome.ok:
            line.say(f"{record.alarm.tag} {record.alarm.condition} acknowledged")
        else:
            self._report(line, what, outcome)

    # --- time ---

    def run_freeze(self, line: EntryLine) -> None:
        """Freeze a running plant, let a frozen one run."""
        running = self._view.store.number("Simulation.Running")
        if isnan(running):
            line.say("whether the plant runs is not known", Tone.REFUSED)
        elif running > 0:
            self._work(self._call(line, "freeze", "Freeze"))
        else:
            self._work(self._call(line, "run", "Run"))

    def faster(self, line: EntryLine, notches: int) -> None:
        """Change the speed by notches."""
        asked = self._view.store.number("Simulation.Speed")
        if not asked > 0:
            line.say("the speed is not known", Tone.REFUSED)
            return
        at = min(range(len(SPEEDS)), key=lambda i: abs(min(SPEEDS[i], 1e6) - min(asked, 1e6)))
        wanted = SPEEDS[max(0, min(len(SPEEDS) - 1, at + notches))]
        self._work(self._call(line, f"speed {speed(wanted)}", "SetSpeed", wanted))

    def step(self, line: EntryLine) -> None:
        """Ask for a number of seconds, freeze and advance by them."""

        def advance(seconds: object) -> None:
            assert isinstance(seconds, float)
            self._work(self._step(line, seconds))

        prompt = "step by how many seconds of plant time (freezes first):"
        line.ask(prompt, lambda text: parse_positive(text, "number of seconds", MOST_STEP), advance, initial="1")

    async def _step(self, line: EntryLine, seconds: float) -> None:
        """Advance in pieces, so that none takes longer than an answer may."""
        done = 0.0
        while done < seconds:
            line.busy(f"step {seconds:g} s, {done:g} s done")
            piece = min(PIECE, seconds - done)
            outcome = await self._waiting(self._link.call("Step", piece))
            if not outcome.ok:
                self._report(line, f"step {seconds:g} s, {done:g} s done;", outcome)
                return
            done += piece
        line.say(f"step {seconds:g} s done")

    async def _call(self, line: EntryLine, what: str, method: str, *arguments: float) -> None:
        outcome = await self._waiting(self._link.call(method, *arguments))
        if outcome.ok:
            line.say(what)
        else:
            self._report(line, what, outcome)

    # --- all ---

    async def _waiting(self, request: Awaitable[Outcome]) -> Outcome:
        self.pending += 1
        try:
            return await request
        finally:
            self.pending -= 1

    def _report(self, line: EntryLine, what: str, outcome: Outcome) -> None:
        word = "no answer" if outcome.doubtful else "refused"
        line.say(f"{what} {word}: {outcome.text}", Tone.REFUSED)
