"""``plantsim train``: a scenario for one trainee, judged, with its debrief."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
import textwrap
import threading
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from plantsim.commands import options
from plantsim.commands import run as servers
from plantsim.commands.child import child, last_line, ready_endpoint
from plantsim.commands.hmi import PASSWORD, has_terminal
from plantsim.commands.replay import ENDING, recording_of
from plantsim.commands.state import start_of, state_folder
from plantsim.commands.stop import MISUSED, Stop

if TYPE_CHECKING:
    from plantsim.training.runner import Runner
    from plantsim.training.scenario import Scenario

SUMMARY = "practise a scenario as operator of a plant, with score and debrief"
TRAINEE = "trainee"
DEBRIEF_WITHIN = 30.0
"""Seconds that the debrief is given after the HMI was left."""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "scenario", metavar="SCENARIO", help="a name that 'plantsim scenarios' lists, or the path of a scenario file"
    )
    options.add_plant(parser)
    options.add_servers(parser)
    options.add_run(parser)
    parser.add_argument("--stay", action="store_true", help="go on serving after the end of the scenario")
    parser.set_defaults(plant=None, speed=None, seed=None, start=None)  # the scenario has its own


def run(args: Namespace) -> int:
    """Show the HMI to the trainee; without a terminal serve to whatever client the trainee uses."""
    from plantsim.training.read_scenario import load_scenario

    if args.insecure:
        raise Stop("--insecure: not with train, where anonymous would see what is hidden from a trainee", MISUSED)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the loop handles it
    scenario = load_scenario(args.scenario, args.plant)
    if has_terminal():
        return in_front(args, scenario)
    servers.configure_log(args.log_level)
    servers.check_addresses(args)
    args.speed = scenario.speed if args.speed is None else args.speed
    args.seed = scenario.seed if args.seed is None else args.seed
    args.start = scenario.start if args.start is None else args.start
    try:
        with asyncio.Runner(loop_factory=servers.loop_factory()) as runner:
            return runner.run(serve(args, scenario))
    except KeyboardInterrupt:
        return 0


def in_front(args: Namespace, scenario: Scenario) -> int:
    """Briefing, then the HMI over a child process that has the plant, then where the debrief is."""
    servers.check_addresses(args)
    print(f"{scenario.title}\n\n{flowing(scenario.briefing, get_terminal_size().columns)}\n", file=sys.stderr)
    try:
        input("Enter begins ")
    except EOFError:  # Ctrl-D: not now
        print(file=sys.stderr)
        return 0
    password = secrets.token_urlsafe(12)
    log = state_folder(args.state) / "train.log"
    environment = {**os.environ, PASSWORD: password}
    with (
        log.open("wb") as stderr,
        child(["train", *args.words, "--stay"], stderr.fileno(), environment) as process,
    ):
        print(f"starting {scenario.plant.name} ...", file=sys.stderr)
        endpoint = ready_endpoint(process, log)
        code = int(args.show_hmi(endpoint, TRAINEE, password, "none"))
        if process.poll():
            raise Stop(f"the plant stopped while the HMI was open: {last_line(log)}", process.returncode)
        process.terminate()
        said, _ = process.communicate(timeout=DEBRIEF_WITHIN)
    print(said, end="")
    return code


def flowing(text: str, width: int) -> str:
    """A scenario's text in lines of so many cells at most; an empty line parts its paragraphs."""
    paragraphs = text.strip().split("\n\n")
    return "\n\n".join(textwrap.fill(" ".join(paragraph.split()), max(20, width)) for paragraph in paragraphs)


async def serve(args: Namespace, scenario: Scenario) -> int:
    """Serve the plant until the scenario is over, or the process is told to stop; then the debrief."""
    from plantsim.model.tag import Role
    from plantsim.serve.opcua_users import UsersError, new_user
    from plantsim.training.runner import Runner, prepare
    from plantsim.training.stage import Stage

    password = os.environ.get(PASSWORD) or secrets.token_urlsafe(12)
    try:
        trainee = new_user(TRAINEE, Role.OPERATOR, password)
    except UsersError as error:
        raise Stop(f"{PASSWORD}: {error}", MISUSED) from None
    over = servers.stop_signal()
    engine = servers.make_engine(args, scenario.plant, scenario.id)
    prepare(scenario, engine)
    await asyncio.to_thread(engine.lead_in, scenario.lead_in)
    runner = Runner(scenario, engine)
    began = time.time()
    folder = state_folder(args.state) / "sessions"
    recording = None
    if args.history is None:  # a file of the session's own, which can be replayed
        recording = folder / f"{scenario.id}-{secrets.token_hex(4)}{ENDING}"
        args.history = str(recording)
    historian = servers.open_history(args, engine)
    if not os.environ.get(PASSWORD):
        print(f"log in as {TRAINEE} with the password {password}, which is good for this session", file=sys.stderr)
    going = threading.Event()
    going.set()
    path = None
    try:
        async with servers.serving(args, engine, historian, Stage(engine, runner), trainee):
            ended = asyncio.Event()
            loop = asyncio.get_running_loop()
            runner.ended.add_done_callback(lambda _: loop.call_soon_threadsafe(ended.set))
            start = start_of(args.state, scenario.plant.name, args.start)
            expert = asyncio.create_task(asyncio.to_thread(expert_of, runner, start, going))
            waits = [asyncio.create_task(one) for one in (
                servers.ending(engine, over, args.duration, historian), ended.wait(),
            )]  # fmt: skip
            _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            if over.is_set():  # nobody waits for the expert
                going.clear()
            runner.finish()
            path, text = await asyncio.to_thread(report, runner, began, await expert, state_folder(args.state))
            runner.debriefed(str(path), text)
            print(f"score {runner.points:.0f} of 100, {runner.score().verdict}\ndebrief {path}", flush=True)
            if args.stay:
                await over.wait()
    finally:
        if recording is not None:
            if path is not None:
                recording.replace(recording_of(path))  # which is whole now
            else:
                recording.unlink(missing_ok=True)
            recording.with_name(f"{recording.name}.lock").unlink(missing_ok=True)
    servers.check_end(engine, historian)
    return 0


def expert_of(runner: Runner, start: str, going: threading.Event) -> Runner | None:
    """The expert's session; None if it was cut short."""
    from plantsim.training.debrief import expert_run

    session = expert_run(runner, start, going.is_set).runner
    return session if going.is_set() else None


def report(runner: Runner, began: float, expert: Runner | None, folder: Path) -> tuple[Path, str]:
    """Write the debrief: where the page is, and the JSON. ``Stop`` where it cannot be written."""
    from plantsim.training.debrief import as_json, debrief, write_debrief

    facts = debrief(runner, TRAINEE, began, expert)
    try:
        return write_debrief(facts, folder / "sessions"), as_json(facts)
    except OSError as error:
        raise Stop(f"{error.filename}: {error.strerror}") from None
