"""``plantsim run``: the scan and both servers, until told to stop."""

from __future__ import annotations

import asyncio
import logging
import math
import signal
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from plantsim.commands import options
from plantsim.commands.address import bind_failure, check_line, check_port
from plantsim.commands.state import history_path, journal_path, snapshot_folder, snapshot_path, start_of, state_folder
from plantsim.commands.stop import FAILED, MISUSED, Stop
from plantsim.serve.address import is_loopback, url_host

if TYPE_CHECKING:
    from plantsim.engine.engine import Engine
    from plantsim.engine.image import ProcessImage
    from plantsim.history.historian import Historian
    from plantsim.model.plant import Plant
    from plantsim.serve.metrics import MetricsServer
    from plantsim.serve.modbus import ModbusServer
    from plantsim.serve.opcua import OpcUaServer
    from plantsim.serve.opcua_training import Stage
    from plantsim.serve.opcua_users import User
    from plantsim.training.runner import Runner

SUMMARY = "run a plant with its OPC UA and Modbus servers"

log = logging.getLogger("plantsim")


def add_arguments(parser: ArgumentParser) -> None:
    options.add_plant(parser)
    options.add_servers(parser)
    options.add_run(parser)


def run(args: Namespace) -> int:
    """Serve until SIGTERM, Ctrl-C or the end of ``--for``."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the loop handles it
    configure_log(args.log_level)
    check_addresses(args)
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(serve(args))
    except KeyboardInterrupt:
        return 0


def configure_log(level: str) -> None:
    """Everything of this process to stderr."""
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The loop of uvloop where it is installed, else asyncio's own."""
    try:
        from uvloop import new_event_loop
    except ModuleNotFoundError:
        return None
    return new_event_loop


def check_addresses(args: Namespace) -> None:
    """Refuse, before anything starts, what can not or may not be listened on."""
    if args.insecure and not is_loopback(args.host):
        raise Stop(f"--insecure with --host {args.host}: allowed on loopback only, such as 127.0.0.1", MISUSED)
    if args.opcua and args.opcua == args.modbus:
        raise Stop(f"--opcua and --modbus: both ask for port {args.opcua}; allowed: two different ones", MISUSED)
    check_port(args.host, args.opcua, "--opcua")
    check_port(args.host, args.modbus, "--modbus")
    if args.metrics is not None:
        check_port(args.host, args.metrics, "--metrics")
    if args.modbus_serial is not None:
        check_line(args.modbus_serial)


async def serve(args: Namespace) -> int:
    """Start everything, say so in one line, wait for the end, stop everything."""
    from plantsim.model.load import load_plant

    over = stop_signal()
    from plantsim.training.stage import Stage, offered

    plant = load_plant(args.plant)
    scenarios = offered(plant)
    engine = make_engine(args, plant, scenarios=scenarios)
    historian = open_history(args, engine)
    report = partial(debrief_of, args, going=lambda: not over.is_set())
    stage = Stage(engine, None, scenarios, report) if scenarios else None
    async with serving(args, engine, historian, stage):
        await ending(engine, over, args.duration, historian)
        log.info("stopping")
    check_end(engine, historian)
    save_last(engine, snapshot_path(state_folder(args.state), engine.plant.name, "last"))
    return 0


def debrief_of(
    args: Namespace, runner: Runner, began: float, going: Callable[[], bool] = lambda: True
) -> tuple[str, str]:
    """Write the debrief of a session that an instructor began, with the expert's way through it; where, and its JSON.

    OSError. going: asked now and then; once it says no nobody waits for the expert, and the debrief does without.
    """
    from plantsim.training.debrief import as_json, debrief, expert_run, write_debrief

    start = start_of(args.state, runner.scenario.plant.name, runner.scenario.start)
    expert = expert_run(runner, start, going).runner
    facts = debrief(runner, "trainee", began, expert if going() else None)
    path = write_debrief(facts, state_folder(args.state) / "sessions")
    log.info("scenario %s: %s; debrief %s", runner.scenario.id, runner.score().verdict, path)
    return str(path), as_json(facts)


def stop_signal() -> asyncio.Event:
    """Set when the process is told to stop."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    return over


@asynccontextmanager
async def serving(
    args: Namespace,
    engine: Engine,
    historian: Historian | None,
    training: Stage | None = None,
    guest: User | None = None,
) -> AsyncIterator[OpcUaServer]:
    """Servers and scan for as long as the block lasts; a line on stdout says when everything accepts connections."""
    opcua, modbus = make_servers(args, engine, historian, training, guest)
    async with AsyncExitStack() as started:
        if historian is not None:
            started.callback(historian.stop)
            historian.start()
            engine.sample(historian)
        for server, port, option in ((opcua, args.opcua, "--opcua"), (modbus, args.modbus, "--modbus")):
            started.push_async_callback(server.stop)
            await listen(server, args.host, port, option)
        started.callback(engine.stop)
        if args.metrics is not None:
            started.callback(start_metrics(args, engine, historian, opcua, modbus).stop)
        engine.start()
        log.info("%s: %s; state in %s", engine.plant.name, engine.plant.title, state_folder(args.state))
        host, port = modbus.address
        print(f"ready plant={engine.plant.name} opcua={opcua.endpoint} modbus={url_host(host)}:{port}", flush=True)
        yield opcua


def check_end(engine: Engine, historian: Historian | None) -> None:
    """``Stop`` for a run that has ended because it could not go on."""
    if engine.failure is not None:
        raise Stop(f"the scan stopped: {engine.failure}", FAILED)
    if historian is not None and historian.failure is not None:
        raise Stop(historian.failure, FAILED)


def save_last(engine: Engine, path: Path) -> None:
    """Keep the state of a run that ended well, for ``--start last``."""
    try:
        engine.save(path)
    except OSError as error:
        raise Stop(f"{path}: {error.strerror}", FAILED) from None
    log.info("snapshot %s", path)


def make_engine(args: Namespace, plant: Plant, scenario: str = "", scenarios: Sequence[str] = ()) -> Engine:
    """An engine as the options want it, not started. scenario: that runs; scenarios: that may begin later."""
    from plantsim.engine.engine import Engine
    from plantsim.engine.journal import JournalError
    from plantsim.engine.simulate import EPOCH_2026
    from plantsim.engine.snapshot import SnapshotError

    areas = [area.id for area in plant.areas]
    if unknown := sorted(args.external.difference(areas)):
        raise Stop(f"--external: {plant.name} has no area {unknown[0]}; allowed: {', '.join(areas)}")
    try:
        return Engine(
            plant,
            scan_period=args.scan,
            seed=args.seed,
            start=start_of(args.state, plant.name, args.start),
            epoch=EPOCH_2026 if args.epoch is None and args.lockstep else args.epoch,
            speed=args.speed,
            frozen=args.frozen,
            external=args.external,
            snapshots=snapshot_folder(state_folder(args.state), plant.name),
            journal=journal_path(state_folder(args.state), plant.name),
            lockstep=args.lockstep,
            lockstep_timeout=args.lockstep_timeout,
            scenario=scenario,
            realtime=args.realtime,
            scenarios=scenarios,
        )
    except (JournalError, SnapshotError) as error:
        raise Stop(str(error)) from None


def make_servers(
    args: Namespace, engine: Engine, historian: Historian | None, training: Stage | None, guest: User | None
) -> tuple[OpcUaServer, ModbusServer]:
    """Servers as the options want them, not started."""
    from plantsim.serve.modbus import ModbusServer
    from plantsim.serve.opcua import OpcUaServer

    opcua = OpcUaServer(
        engine,
        host=args.host,
        port=args.opcua,
        state=state_folder(args.state),
        insecure=args.insecure,
        allow_none=args.allow_none,
        history=historian,
        training=training,
        guest=guest,
        wire=engine.wire,
    )
    modbus = ModbusServer(
        engine,
        host=args.host,
        port=args.modbus,
        word_order=args.word_order,
        allow_writes=True if args.modbus_write else None,
        allow=args.modbus_allow,
        line=args.modbus_serial,
        wire=engine.wire,
    )
    return opcua, modbus


def start_metrics(
    args: Namespace, engine: Engine, historian: Historian | None, opcua: OpcUaServer, modbus: ModbusServer
) -> MetricsServer:
    """Answer Prometheus; ``Stop`` in one line where that cannot be."""
    try:
        from plantsim.serve.metrics import MetricsServer
    except ModuleNotFoundError as error:
        raise Stop(f"--metrics needs {error.name}: pip install 'plantsim[metrics]'") from None
    gauges = {
        ("clients", "opcua"): lambda: opcua.clients,
        ("clients", "modbus"): lambda: modbus.clients,
        ("watched_items", "opcua"): lambda: opcua.watched,
        ("queued_notifications", "opcua"): lambda: opcua.waiting,
        ("pending_samples", "history"): lambda: historian.pending if historian is not None else 0,
    }
    counters = {("dropped_notifications", "opcua"): lambda: opcua.dropped}
    try:
        server = MetricsServer(engine, gauges, counters, host=args.host, port=args.metrics)
    except OSError as error:
        raise Stop(bind_failure(error, args.host, args.metrics, "--metrics")) from None
    log.info("metrics at http://%s:%d/metrics", url_host(args.host), server.port)
    return server


def open_history(args: Namespace, engine: Engine) -> Historian | None:
    """The historian that the options want. Where nobody chose a file, a second run of the plant does without."""
    from plantsim.history.historian import Historian
    from plantsim.history.settings import SettingsError
    from plantsim.history.store import HistoryError, InUse

    if args.history == "off":
        return None
    path = Path(args.history) if args.history else history_path(state_folder(args.state), engine.plant.name)
    try:
        return Historian(path, engine.tags, scan_period=engine.scan_period)
    except InUse as error:
        if args.history:
            raise Stop(str(error)) from None
        log.warning("%s; this run keeps none", error)
        return None
    except (HistoryError, SettingsError) as error:
        raise Stop(str(error)) from None
    except OSError as error:
        raise Stop(f"--history {path}: {error.strerror}") from None


async def listen(server: OpcUaServer | ModbusServer, host: str, port: int, option: str) -> None:
    """Start a server; ``Stop`` in one line where it can not."""
    from plantsim.serve.modbus_serial import SerialError
    from plantsim.serve.opcua import CannotListen
    from plantsim.serve.opcua_users import UsersError

    try:
        await server.start()
    except CannotListen as error:
        raise Stop(bind_failure(error, host, port, option)) from None
    except SerialError as error:
        raise Stop(f"--modbus-serial {error}") from None
    except UsersError as error:
        raise Stop(str(error)) from None
    except OSError as error:
        raise Stop(str(error) if error.filename else bind_failure(error, host, port, option)) from None


async def ending(
    engine: Engine, over: asyncio.Event, duration: float | None, historian: Historian | None = None
) -> None:
    """Wait for a signal, or for the end of ``--for``; a scan that has stopped for good ends that too, as does a
    history that can no longer be written.

    Without ``--for`` the servers go on after a scan that stopped, so that everybody can see the bad quality.
    """
    loop = asyncio.get_running_loop()
    begun = engine.image.plant_time

    def look(image: ProcessImage) -> None:
        lost = historian is not None and historian.failure is not None
        if image.plant_time - begun >= (duration or math.inf) or (duration and engine.failure is not None) or lost:
            loop.call_soon_threadsafe(over.set)

    unlisten = engine.listen(look)
    await over.wait()
    unlisten()
