"""What an operator does to the plant: every write goes through range check, confirmation, answer and readback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from math import isnan
from typing import TypeVar

from hmi.alarms import AlarmRecord, AlarmState
from hmi.comm.link import Link
from hmi.comm.outcome import Outcome
from hmi.commands import SPEEDS, find
from hmi.entry import Change, Shelving, parse, parse_member, parse_positive, parse_shelving, parse_text
from hmi.format import duration, range_text, speed, value_text
from hmi.hands import Hands, Meanwhile
from hmi.instruct import Instruct
from hmi.instructor import Facts
from hmi.journal import Kind
from hmi.model import ROLES, Member, TagObject, ValueClass
from hmi.practise import Practise
from hmi.procedure import effects
from hmi.view import View
from hmi.widgets.entryline import SEND, TAKE_NOTE, EntryLine, Seen, Tone
from hmi.wishes import Work

Result = TypeVar("Result")

READBACK = 2.0
"""Seconds a written value may take to read back."""
MOST_STEP = 86400.0
"""Seconds of plant time one step may take."""
PIECE = 300.0
"""Seconds of plant time asked for in one call."""


class Operations:
    """Carries the operator's wishes to the link and the answers to the entry line."""

    def __init__(self, link: Link, view: View, work: Work) -> None:
        self._link = link
        self._view = view
        self._work = work
        self.instruct = Instruct(link, view, work, self._call)
        self.practise = Practise(link, view, work, self._call)
        self.pending = 0
        """Requests on their way, and values that have not been read back."""

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
            meanwhile = self._meanwhile(tag, member)

            def look() -> Seen:
                meanwhile.look(time.monotonic())
                now = f" to {value_text(member, meanwhile.value, tag)}" if meanwhile.words else ""
                return Seen(prompt, meanwhile.words + now, SEND)

            line.ask(prompt, lambda text: parse(tag, member, text),
                     lambda value: self._propose(line, tag, member, value, meanwhile), look=look)  # fmt: skip

    def choose(self, line: EntryLine, tag: TagObject) -> None:
        """Ask which member to write, of those this session may, then go on as ``enter`` does."""
        members = [member.member for member in tag.members.values() if member.writable]
        if not members:
            line.say(f"{tag.id}: nothing of it may be written by this session", Tone.REFUSED)
            return
        line.ask(f"{tag.id}: write which ({', '.join(members)}):", lambda text: parse_member(tag, text),
                 lambda name: self.toggle(line, tag, str(name)))  # fmt: skip

    def toggle(self, line: EntryLine, tag: TagObject, name: str) -> None:
        """Propose the other state of a Boolean member."""
        member = tag.members.get(name)
        if member is None or member.value_class is not ValueClass.BOOLEAN:
            self.enter(line, tag, name)
        elif not member.writable:
            line.say(f"{tag.id} {name}: {self._why_not(member)}", Tone.REFUSED)
        else:
            value = not self._view.store.read(member.name).value
            self._propose(line, tag, member, value, self._meanwhile(tag, member))

    def order(self, line: EntryLine, tag: TagObject, word: str, note: str = "") -> None:
        """Propose a sequence's command by its name, such as Start; ``note`` is told with it."""
        member = tag.members.get("CMD")
        if member is None or word not in member.states:
            line.say(f"{tag.id} has no command {word}", Tone.REFUSED)
        elif not member.writable:
            line.say(f"{tag.id} {word}: {self._why_not(member)}", Tone.REFUSED)
        else:
            text = f"{tag.id} {word}: {tag.title}{note}"
            meanwhile = self._meanwhile(tag, tag.members["STATE"])
            self._confirm(line, meanwhile, lambda: text, lambda: self._start(self._order(line, tag, member, word)))

    async def _order(self, line: EntryLine, tag: TagObject, member: Member, word: str) -> None:
        line.busy(f"{tag.id} {word} sent")
        outcome = await self._waiting(self._link.write(member, member.states.index(word)))
        if not outcome.ok:
            self._report(line, tag.id, word, outcome)
            return
        state = tag.members["STATE"]
        follows = await self._within_readback(lambda: self._view.store.number(state.name) in effects(word))
        now = value_text(state, self._view.store.read(state.name).value, tag)
        self._note(tag.id, word if follows else f"{word}, accepted but it is {now}")
        if follows:
            line.say(f"{tag.id} {word}: {now}")
        else:
            line.say(f"{tag.id} {word} was taken, but it is {now}; look at what it waits for", Tone.REFUSED)

    def _propose(self, line: EntryLine, tag: TagObject, member: Member, value: object, meanwhile: Meanwhile) -> None:
        assert isinstance(value, int | float)
        new = value

        def change() -> Change:
            return Change(tag, member, meanwhile.value, new)

        self._confirm(line, meanwhile, lambda: change().text, lambda: self._send(line, change()))

    def _meanwhile(self, tag: TagObject, member: Member) -> Meanwhile:
        return Meanwhile(self._view.store, self._view.hands, tag, member)

    def _confirm(
        self, line: EntryLine, meanwhile: Meanwhile, text: Callable[[], str], then: Callable[[], None]
    ) -> None:
        """Let the operator confirm a change. Where somebody was quicker, the first Enter only takes note of that."""
        meanwhile.look(time.monotonic())
        meanwhile.unseen = False  # what was changed before is on the line that he is about to confirm

        def look() -> Seen:
            meanwhile.look(time.monotonic())
            return Seen(text(), meanwhile.words, TAKE_NOTE if meanwhile.unseen else SEND)

        def entered() -> None:
            meanwhile.look(time.monotonic())
            if meanwhile.unseen:
                self._confirm(line, meanwhile, text, then)
            else:
                then()

        line.confirm(text(), entered, look=look)

    def _send(self, line: EntryLine, change: Change) -> None:
        line.busy(f"{change.text} sent")
        self._work(self._write(line, change))

    async def _write(self, line: EntryLine, change: Change) -> None:
        outcome = await self._waiting(self._link.write(change.member, change.new))
        if not outcome.ok:
            self._report(line, change.tag.id, change.short_text, outcome)
        elif await self._read_back(change):
            self._note(change.tag.id, change.short_text)
            line.say(f"{change.text} done")
        else:
            self._note(change.tag.id, f"{change.short_text}, accepted but not read back")
            line.say(f"{change.text} accepted, but does not read back yet; look at the value", Tone.REFUSED)

    async def _read_back(self, change: Change) -> bool:
        """Wait until the store shows what was asked for."""
        return await self._within_readback(lambda: change.shown_by(self._view.store.read(change.member.name)))

    async def _within_readback(self, shown: Callable[[], bool]) -> bool:
        """Whether something comes to be shown while a value may be read back."""
        return await self._waiting(self._shown_soon(shown))

    @staticmethod
    async def _shown_soon(shown: Callable[[], bool]) -> bool:
        until = time.monotonic() + READBACK
        while time.monotonic() < until:
            if shown():
                return True
            await asyncio.sleep(0.05)
        return False

    def _why_not(self, member: Member) -> str:
        if not self._link.state.online:
            return "no connection"
        who = f"user {self._view.user}" if self._view.user else "anonymous users"
        if not member.for_others:
            return "read-only"
        return f"{who} may not write it; {self._view.label(find('log-in'))} logs in"

    def _may_not(self, line: EntryLine, what: str) -> bool:
        """Whether the role is one that only looks; says so."""
        if self._view.role != ROLES[0]:
            return False
        line.say(f"{what}: {ROLES[0]}s may not; {self._view.label(find('log-in'))} logs in", Tone.REFUSED)
        return True

    # --- who ---

    def log_in(self, line: EntryLine) -> None:
        """Ask for a user and a password, and go on as that user; the session goes on as it is until that is known."""

        def password(name: object) -> None:
            user = str(name).strip()
            if not user:
                self._start(self._log_in(line, "", ""))
                return
            line.ask(f"password of {user}:", str, lambda word: self._start(self._log_in(line, user, str(word))),
                     secret=True)  # fmt: skip

        line.ask(f"now {self._view.identity}; log in as (empty: {ROLES[0]}):", str, password)

    async def _log_in(self, line: EntryLine, user: str, password: str) -> None:
        name = user or ROLES[0]
        if self.pending:  # its answer would be lost with the connection, or put down to somebody else
            line.say(f"not logged in as {name}: an answer is still awaited", Tone.REFUSED)
            return
        line.busy(f"log in as {name}")
        outcome = await self._waiting(self._link.log_in(user, password))
        if outcome.ok:
            self._note("", f"logged out for {name}")
            self._view.user, self._view.facts, self._view.hands = user, Facts(), Hands()
            line.say(f"logged in as {name}")
        else:
            line.say(f"not logged in as {name}: {outcome.text}", Tone.REFUSED)

    # --- alarms ---

    def acknowledge(self, line: EntryLine, record: AlarmRecord | None) -> None:
        """Acknowledge one alarm as the operator saw it."""
        if record is None or record.state is AlarmState.NORMAL:
            line.say("no alarm to acknowledge")
        elif record.acked:
            line.say(f"{record.alarm.tag} {record.alarm.condition} is already acknowledged")
        elif not self._may_not(line, f"acknowledge {record.alarm.tag} {record.alarm.condition}"):
            self._work(self._acknowledge(line, record))

    async def _acknowledge(self, line: EntryLine, record: AlarmRecord) -> None:
        outcome = await self._waiting(self._link.acknowledge(record))
        if outcome.ok:
            self._note(record.alarm.tag, f"{record.alarm.condition} acknowledged")
            line.say(f"{record.alarm.tag} {record.alarm.condition} acknowledged")
        else:
            self._report(line, record.alarm.tag, f"acknowledge {record.alarm.condition}", outcome)

    def acknowledge_all(self, line: EntryLine, records: list[AlarmRecord]) -> None:
        """Acknowledge several alarms as the operator saw them."""
        if not records:
            line.say("no unacknowledged alarm in sight")
        elif not self._may_not(line, f"acknowledge {len(records)}"):
            self._work(self._acknowledge_all(line, records))

    async def _acknowledge_all(self, line: EntryLine, records: list[AlarmRecord]) -> None:
        for record in records:
            outcome = await self._waiting(self._link.acknowledge(record))
            if not outcome.ok:
                self._report(line, record.alarm.tag, f"acknowledge {record.alarm.condition}", outcome)
                return
            self._note(record.alarm.tag, f"{record.alarm.condition} acknowledged")
        line.say(f"{len(records)} acknowledged")

    def comment(self, line: EntryLine, record: AlarmRecord) -> None:
        """Ask for a comment and add it to an alarm."""
        what = f"comment on {record.alarm.tag} {record.alarm.condition}"
        if self._may_not(line, what):
            return

        def send(text: object) -> None:
            self._work(self._request(line, record, f'{what}: "{text}"', self._link.comment(record, str(text))))

        line.ask(f"{what}:", parse_text, send)

    def shelve(self, line: EntryLine, record: AlarmRecord) -> None:
        """Ask for how long and why, then confirm, then shelve."""
        alarm = record.alarm
        if self._may_not(line, f"shelve {alarm.tag} {alarm.condition}"):
            return
        if not alarm.shelving:
            line.say(f"{alarm.tag} {alarm.condition}: the server does not offer shelving", Tone.REFUSED)
            return

        def propose(value: object) -> None:
            assert isinstance(value, Shelving)
            how_long = f"for {duration(value.seconds)}" if value.seconds is not None else "until it returns"
            text = f'shelve {alarm.tag} {alarm.condition} {how_long}, "{value.reason}"'
            line.confirm(text, lambda: self._start(self._shelve(line, record, text, value)), "shelve")

        line.ask(f"shelve {alarm.tag} {alarm.condition}: minutes (0 until it returns) and reason:", parse_shelving,
                 propose)  # fmt: skip

    def _start(self, work: Awaitable[None]) -> None:
        self._work(work)

    async def _shelve(self, line: EntryLine, record: AlarmRecord, text: str, wanted: Shelving) -> None:
        line.busy(text)
        await self._request(line, record, text, self._link.shelve(record, wanted.seconds))
        await self._waiting(self._link.comment(record, f"shelved: {wanted.reason}"))

    def unshelve(self, line: EntryLine, record: AlarmRecord) -> None:
        """Let a shelved alarm be annunciated again."""
        if not record.shelved:
            line.say(f"{record.alarm.tag} {record.alarm.condition} is not shelved")
            return
        what = f"unshelve {record.alarm.tag} {record.alarm.condition}"
        if self._may_not(line, what):
            return
        self._work(self._request(line, record, what, self._link.unshelve(record)))

    async def _request(self, line: EntryLine, record: AlarmRecord, what: str, request: Awaitable[Outcome]) -> None:
        outcome = await self._waiting(request)
        if outcome.ok:
            self._note(record.alarm.tag, what)
            line.say(f"{what} done")
        else:
            self._report(line, record.alarm.tag, what, outcome)

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
        self.speed_to(line, SPEEDS[max(0, min(len(SPEEDS) - 1, at + notches))])

    def speed_to(self, line: EntryLine, wanted: float) -> None:
        """Ask for a speed, times real time."""
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
                self._report(line, "", f"step {seconds:g} s, {done:g} s done;", outcome)
                return
            done += piece
        self._note("", f"step {seconds:g} s")
        line.say(f"step {seconds:g} s done")

    async def _call(
        self, line: EntryLine, what: str, method: str, *arguments: float | str, owner: str = "Simulation"
    ) -> bool:
        instructs = self._view.plant.instructs
        outcome = await self._waiting(self._link.call(method, *arguments, owner=owner))
        if outcome.ok:
            self._note("", what, instructs)
            line.say(f"{what}: done, {outcome.result}" if outcome.result else f"{what}: done")
        else:
            self._report(line, "", what, outcome, instructs)
        return outcome.ok

    # --- all ---

    async def _waiting(self, request: Awaitable[Result]) -> Result:
        self.pending += 1
        try:
            return await request
        finally:
            self.pending -= 1

    def _report(self, line: EntryLine, tag: str, what: str, outcome: Outcome, instructs: bool = False) -> None:
        word = "no answer" if outcome.doubtful else "refused"
        self._note(tag, f"{what} {word}: {outcome.text}", instructs)
        line.say(f"{tag} {what} {word}: {outcome.text}".lstrip(), Tone.REFUSED)

    def _note(self, tag: str, text: str, instructs: bool = False) -> None:
        """Write into the journal what this user did or tried to do."""
        self._view.note(Kind.ACTION, tag, text, who=self._view.user or "anonymous", instructs=instructs)
