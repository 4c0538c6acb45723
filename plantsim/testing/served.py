"""A served plant whose time passes when a test says so."""

from __future__ import annotations

import asyncio
import difflib
import threading
from argparse import ArgumentTypeError
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from plantsim.api import Refused, UnknownTag
from plantsim.commands import values
from plantsim.engine.command import Origin
from plantsim.engine.engine import LONGEST_STEP_S, Engine
from plantsim.engine.image import ACTIVE, ProcessImage
from plantsim.engine.reading import value_of
from plantsim.engine.simulate import EPOCH_2026
from plantsim.model.default_plant import DEFAULT_PLANT
from plantsim.model.load import load_plant
from plantsim.model.tag import Role, Tag, ValueType
from plantsim.serve.modbus import ModbusServer
from plantsim.serve.opcua import OpcUaServer

HOST = "127.0.0.1"
TESTER = Origin(Role.INSTRUCTOR, "test", "test")
SHOWN_WITHIN_S = 10.0
"""Wall time within which a write to a plant that stands still must show."""

T = TypeVar("T")
Reading = float | bool | int | str


class NeverHeld(AssertionError):
    """What a test waited for did not come in the plant time it was given."""


class Tags(Mapping[str, Reading]):
    """Values by name, such as ``tags["TIC-201.PV"]``, in engineering units; assigning writes, as an engineer would.

    Reading and writing raise UnknownTag, a KeyError, for a name that the plant does not have; writing raises Refused
    with the reason.
    """

    def __init__(self, engine: Engine, image: ProcessImage | None = None) -> None:
        self._engine = engine
        self._image = image

    def __getitem__(self, name: str) -> Reading:
        return value_of(self._tag(name), self._image or self._engine.image)

    def __setitem__(self, name: str, value: Reading) -> None:
        if isinstance(value, str):
            raise Refused(f"{name}: found {value!r}, allowed a number, True or False")
        self._tag(name)
        shown = threading.Event()
        stop = self._engine.listen(lambda _: shown.set())
        try:
            (refusal,) = self._engine.write([(name, value)], Origin(Role.ENGINEER, "test", "test"))
            if refusal is not None:
                raise Refused(f"{name} = {value}: {refusal.value}")
            shown.wait(SHOWN_WITHIN_S)
        finally:
            stop()

    def __iter__(self) -> Iterator[str]:
        return (tag.name for tag in self._engine.tags if tag.type is not ValueType.PROFILE)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def quality(self, name: str) -> int:
        """The OPC UA status code of a value: 0 is Good."""
        return int((self._image or self._engine.image).status[self._tag(name).row])

    def _tag(self, name: str) -> Tag:
        tag = self._engine.tags.get(name)
        if tag is None or tag.type is ValueType.PROFILE:
            near = difflib.get_close_matches(name, list(self), 3)
            raise UnknownTag(f"no tag {name}" + (f"; near to it: {', '.join(near)}" if near else ""))
        return tag


class ServedPlant:
    """A plant with its servers. Made by `serve_plant`; ``with`` or `close` ends it.

    It stands still at first. Its time passes in `advance` and `wait`, as fast as the machine goes, or by the clock
    between `run` and `freeze`.
    """

    def __init__(self, engine: Engine, state: Path, *, opcua: bool, modbus: bool) -> None:
        self.engine = engine
        """The engine behind it, for what is not offered here."""
        self.tags = Tags(engine)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="servers", daemon=True)
        self._opcua = self._modbus = None
        if opcua:
            self._opcua = OpcUaServer(engine, host=HOST, port=0, state=state, insecure=True, wire=engine.wire)
        if modbus:
            self._modbus = ModbusServer(engine, host=HOST, port=0, wire=engine.wire)
        self._thread.start()
        engine.start()
        try:
            for server in self._servers():
                self._do(server.start())
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> ServedPlant:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------------ where it is

    @property
    def opcua(self) -> str:
        """OPC UA endpoint. Anonymous clients may do everything."""
        if self._opcua is None:
            raise ValueError("this plant was started without OPC UA")
        return self._opcua.endpoint

    @property
    def modbus(self) -> tuple[str, int]:
        """Host and port of Modbus TCP."""
        if self._modbus is None:
            raise ValueError("this plant was started without Modbus")
        return self._modbus.address

    # ------------------------------------------------------------------ time

    @property
    def time(self) -> np.datetime64:
        """Plant time, UTC."""
        return np.datetime64(round(1e6 * self.engine.image.plant_time), "us")

    @property
    def elapsed(self) -> float:
        """Plant time since the start, s."""
        return float(self.tags["Simulation.Elapsed"])

    def advance(self, duration: str | float) -> None:
        """Let plant time pass, such as ``"15m"``, or seconds. When it returns, clients read the last scan.

        The plant stands still afterwards. Raises NumericStop if the core stops.
        """
        left = seconds_of(duration)
        while left > 0.0:
            piece = min(left, LONGEST_STEP_S)
            self.engine.step(piece).result()
            left -= piece
        if self.engine.failure is not None:
            raise self.engine.failure
        if self._opcua is not None:
            self._do(self._opcua.catch_up())

    def wait(
        self, condition: Callable[[Tags], object], plant_time: str | float = "10m", every: str | float = "1s"
    ) -> float:
        """Advance until the condition holds, looked at now and then every so often; the plant time that took, s.

        Raises NeverHeld if it does not within ``plant_time``. The condition is given the tags of one scan.
        """
        begun, most, piece = self.elapsed, seconds_of(plant_time), seconds_of(every)
        while not condition(Tags(self.engine, self.engine.image)):
            if self.elapsed - begun >= most - 0.5 * self.engine.scan_period:
                raise NeverHeld(f"the condition did not hold within {plant_time} of plant time")
            self.advance(min(piece, most - (self.elapsed - begun)))
        return self.elapsed - begun

    def run(self, speed: float = 1.0) -> None:
        """Let plant time pass by the clock from now on, times ``speed``; ``float("inf")`` is as fast as possible."""
        self.engine.set_speed(speed)
        self.engine.run()

    def freeze(self) -> None:
        """Let plant time stand still."""
        self.engine.freeze()

    # ------------------------------------------------------------------ what goes wrong

    def inject(
        self,
        malfunction: str,
        severity: float = 1.0,
        *,
        delay: str | float = 0.0,
        ramp: str | float = 0.0,
        when: str = "",
    ) -> str:
        """Let something go wrong from the next scan on, such as ``sweep-fan-trip``; returns the instance.

        severity: 0..1. delay, ramp: plant time. when: a comparison such as ``AIC-201.PV < 0.8``, whose scan takes the
        next one's place. ``plantsim malfunctions`` lists what there is; those of the wire, such as
        ``wire-drop@modbus`` or ``wire-delay@modbus/127.0.0.1``, are in force at once. Raises ValueError that says what
        is allowed.
        """
        course = severity, seconds_of(delay), seconds_of(ramp)
        if when:
            return self.engine.inject_when(malfunction, *course, when, TESTER)
        return self.engine.inject(malfunction, *course, TESTER)

    def clear(self, name: str | None = None) -> None:
        """Mend an instance, all of a malfunction, or without a name everything."""
        if name is None:
            self.engine.clear_all(TESTER)
        else:
            self.engine.clear(name, TESTER)

    def do_in_field(self, action: str) -> None:
        """Have the field operator do something, such as ``bleed P-201``, which takes its plant time.

        Raises ValueError that says what is allowed, or why the plant is not as it must be for it.
        """
        self.engine.do_in_field(action, TESTER)

    def force(self, name: str, value: float | bool, *, plant_time: str | float = 0.0) -> None:
        """Hold an instrument's PV, or a device's CMD or SPEED_CMD, at a value against everything but an interlock.

        plant_time: how long, 0 for until `release`. Raises UnknownTag, or Refused with the reason.
        """
        self.tags[name]  # UnknownTag, with what comes close
        refusal = self.engine.force(name, value, seconds_of(plant_time), TESTER)
        if refusal is not None:
            raise Refused(f"{name} = {value}: {refusal.value}")

    def release(self, name: str | None = None) -> None:
        """Let a forced value go, or without a name all. Raises Refused for what is not forced."""
        for one in [name] if name is not None else [force.name for force in self.engine.forces]:
            if self.engine.release(one, TESTER) is not None:
                raise Refused(f"{one}: not forced")

    # ------------------------------------------------------------------ what there is besides

    @property
    def alarms(self) -> list[str]:
        """Names of the active alarms, such as ``TIC-201.HH``."""
        bits = self.engine.image.alarms
        return [alarm.name for alarm in self.engine.alarms if bits[alarm.row] & ACTIVE]

    @property
    def sha256(self) -> str:
        """Hash of everything that decides how the run goes on; meant for a plant that stands still."""
        return self.engine.live.state_sha256()

    def close(self) -> None:
        """End servers and scan; a second call does nothing."""
        self.engine.stop()
        if self._loop.is_closed():
            return
        for server in self._servers():
            with suppress(Exception):  # what failed to start need not stop well
                self._do(server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _servers(self) -> Iterator[OpcUaServer | ModbusServer]:
        if self._opcua is not None:
            yield self._opcua
        if self._modbus is not None:
            yield self._modbus

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def serve_plant(
    plant: str | Path = DEFAULT_PLANT,
    *,
    state: Path,
    start: str = "steady",
    seed: int = 1,
    scan: float = 0.1,
    epoch: float = EPOCH_2026,
    external: Iterable[str] = (),
    lockstep: bool = False,
    opcua: bool = True,
    modbus: bool = True,
) -> ServedPlant:
    """A plant on free ports of this machine, frozen at its start.

    plant: a name that ``plantsim plants`` lists, or the path of a plant file. state: folder for what the servers and
    snapshots keep. start: ``steady``, ``cold`` or the path of a snapshot. scan: s of plant time. external: areas that a
    PLC has through the I/O racks. lockstep: every scan waits for its echo. Raises PlantError or SnapshotError.
    """
    description = load_plant(plant)
    areas = [area.id for area in description.areas]
    if unknown := sorted(set(external).difference(areas)):
        raise ValueError(f"external: found {unknown[0]!r}, allowed {', '.join(areas)}")
    engine = Engine(
        description,
        scan_period=scan,
        seed=seed,
        start=start,
        epoch=epoch,
        frozen=True,
        external=frozenset(external),
        snapshots=state / "snapshots",
        lockstep=lockstep,
    )
    return ServedPlant(engine, state, opcua=opcua, modbus=modbus)


def seconds_of(duration: str | float) -> float:
    """``"90s"``, ``"15m"``, ``"24h"``, ``"7d"`` or seconds; ValueError otherwise."""
    if isinstance(duration, str):
        try:
            return values.duration(duration)
        except ArgumentTypeError as error:
            raise ValueError(str(error)) from None
    if not 0.0 <= duration < float("inf"):
        raise ValueError(f"duration: found {duration} s, allowed 0 or more")
    return duration
