"""LinuxCNC's HAL as a PLC: a PID block, a ladder rung and a Modbus master, from Debian's linuxcnc-uspace alone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from plantsim.model.plc_formats import mb2hal
from plantsim.model.tag import Tag

SCAN_S = 0.05
FULL_SCALE = 27648

HAL = """
loadrt threads name1=scan period1={period_ns}
loadrt pid names=level
loadrt limit1 names=speed
loadrt comp names=high,low
loadrt not names=flip
loadrt updown names=beat
loadrt classicladder_rt numPhysInputs=15 numPhysOutputs=15
loadusr -w classicladder --nogui pump.clp

# a heartbeat that the scan makes: it stops with the program, not with the wire
net flip flip.out => flip.in beat.countup
setp beat.wrap 1
setp beat.min 0
setp beat.max 65535

# the level by the slurry pump's speed; more level, more speed
setp level.enable 1
setp level.command {set_point}
setp level.Pgain -{gain}
setp level.Igain -{reset}
setp level.bias {bias}
setp level.maxoutput {full}
net level level.feedback high.in1 low.in0
net pid level.output => speed.in
setp speed.min 0
setp speed.max {full}

# the pump by a rung: starts above {start}, stays until below {stop}
setp high.in0 {start}
setp low.in1 {stop}
net high high.out => classicladder.0.in-00
net low low.out => classicladder.0.in-01

{wires}
addf flip scan
addf beat scan
addf high scan
addf low scan
addf classicladder.0.refresh scan
addf level.do-pid-calcs scan
addf speed scan
start
"""

WIRES = """
loadusr -W mb2hal config=rack.ini
net level <= mb2hal.leach-input.LIC_208_PV.float
net beat beat.count => mb2hal.leach-holding.leach_heartbeat.int
net speed speed.out => mb2hal.leach-holding-1.P_208_SPEED_CMD.float
net pump classicladder.0.out-00 => mb2hal.leach-coil.P_208_CMD.bit
"""
"""The Modbus master and what it carries. mb2hal does not connect again by itself once its peer has closed."""

RUNG = """
1-0-50/0 , 2-0-50/1 , 9-0-0/0 , 9-0-0/0 , 9-0-0/0 , 9-0-0/0 , 9-0-0/0 , 9-0-0/0 , 9-0-0/0 , 50-0-60/0
1-0-60/0 , 0-1-0/0 , {empty}
"""
"""Start contact and the pump's own, in series with the stop contact, to the pump's coil."""

SECTION = """_FILES_CLASSICLADDER
_FILE-rung_0.csv
#VER=2.0
#LABEL=
#COMMENT=Slurry pump
#PREVRUNG=-1
#NEXTRUNG=-1
{rung}
_/FILE-rung_0.csv
_FILE-sections.csv
#VER=1.0
#NAME000=Prog1
000,0,-1,0,0,0
_/FILE-sections.csv
_FILE-general.txt
PERIODIC_REFRESH=50
SIZE_NBR_RUNGS=100
SIZE_NBR_BITS=500
SIZE_NBR_WORDS=100
SIZE_NBR_TIMERS=10
SIZE_NBR_MONOSTABLES=10
SIZE_NBR_COUNTERS=10
SIZE_NBR_TIMERS_IEC=10
SIZE_NBR_PHYS_INPUTS=15
SIZE_NBR_PHYS_OUTPUTS=15
SIZE_NBR_ARITHM_EXPR=100
SIZE_NBR_SECTIONS=10
SIZE_NBR_SYMBOLS=100
_/FILE-general.txt
_/FILES_CLASSICLADDER
"""


class LinuxCnc:
    """The PLC, in a folder of its own, from `start` to `kill`."""

    def __init__(self, folder: Path, tags: Sequence[Tag], port: int, set_point_pct: float) -> None:
        self._folder = folder
        folder.chmod(0o777)  # its real-time process gives up being root
        (folder / "run").mkdir()
        (folder / "run").chmod(0o777)
        wired = [tag for tag in tags if tag.object in ("LIC-208", "P-208") and tag.member != "TRIP"]
        (folder / "rack.ini").write_text(mb2hal(wired).replace("TCP_PORT=5020", f"TCP_PORT={port}"))
        counts = FULL_SCALE / 100.0
        (folder / "loop.hal").write_text(
            HAL.format(
                wires=WIRES,
                period_ns=round(1e9 * SCAN_S),
                set_point=set_point_pct * counts,
                gain=10.0,
                reset=1.0,
                bias=50.0 * counts,
                full=FULL_SCALE,
                start=round(30.0 * counts),
                stop=round(10.0 * counts),
            )
        )
        nothing = " , ".join(["0-0-0/0"] * 10)
        rows = [*RUNG.format(empty=" , ".join(["0-0-0/0"] * 8)).split("\n")[1:3], *[nothing] * 4]
        (folder / "pump.clp").write_text(SECTION.format(rung="\n".join(rows)))
        self._environment = {
            **os.environ,
            "RTAPI_UID": "65534",
            "RTAPI_FIFO_PATH": str(folder / "run" / "fifo"),
            "HOME": str(folder),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Power up."""
        with (self._folder / "plc.log").open("wb") as log:
            self._process = subprocess.Popen(
                ["halrun", "-I", "-f", "loop.hal"],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        """What it said."""
        return (self._folder / "plc.log").read_text(errors="replace")[-4000:]

    def stop_program(self) -> None:
        """The program stops, its Modbus master goes on: what a watchdog is for."""
        self._tell("stop")

    def connect_again(self) -> None:
        """A new Modbus master; the program goes on meanwhile."""
        self._tell("unloadusr mb2hal\nwaitusr mb2hal" + WIRES)

    def _tell(self, words: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(words.encode() + b"\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """Power off: at the end of its input it unloads all that it had loaded."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()


@pytest.fixture
def linuxcnc() -> Iterator[Callable[..., LinuxCnc]]:
    """``linuxcnc(tags, port, set_point_pct)`` is a PLC, powered off at the end; in a folder that all may enter."""
    made: list[LinuxCnc] = []
    with TemporaryDirectory(prefix="hal-") as folder:

        def make(tags: Sequence[Tag], port: int, set_point_pct: float) -> LinuxCnc:
            made.append(LinuxCnc(Path(folder), tags, port, set_point_pct))
            return made[-1]

        yield make
        for plc in made:
            plc.kill()
