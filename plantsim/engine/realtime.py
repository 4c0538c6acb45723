"""What an operating system can do for a scan that is to come in time: a real-time thread on a processor of its own."""

from __future__ import annotations

import ctypes
import os
import sys

PRIORITY = 50
"""Of SCHED_FIFO: above all normal threads, below the kernel's own for interrupts."""
SLACK_NS = 1
"""By how much the kernel may put off a timer; 50,000 unless asked."""
SWITCH_S = 0.0005
"""After which a thread that holds the interpreter hands it to one that waits; 5 ms unless asked."""
_PR_SET_TIMERSLACK = 29


def take() -> list[str]:
    """Ask for all of it for the calling thread; a line for each thing that was got, or refused with the reason."""
    return [_fifo(), _processor(), _slack(), _switching()]


def _fifo() -> str:
    wanted = f"SCHED_FIFO priority {PRIORITY}"
    if not hasattr(os, "sched_setscheduler"):
        return f"{wanted}: not on this system"
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except OSError as error:
        return f"{wanted}: refused ({error.strerror}); root or a limit of rtprio allows it"
    return f"{wanted}: got"


def _processor() -> str:
    """The last processor for this thread; the others for the rest of the process, as far as it runs by now."""
    if not hasattr(os, "sched_setaffinity"):
        return "processor of its own: not on this system"
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        return f"processor of its own: there is only {allowed[0]}"
    own = allowed[-1]
    try:
        for thread in os.listdir("/proc/self/task"):
            os.sched_setaffinity(int(thread), allowed[:-1])
        os.sched_setaffinity(0, {own})
    except OSError as error:
        return f"processor {own} of its own: refused ({error.strerror})"
    return f"processor {own} of its own: got"


def _slack() -> str:
    wanted = f"timer slack {SLACK_NS} ns"
    if not sys.platform.startswith("linux"):
        return f"{wanted}: not on this system"
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_TIMERSLACK, ctypes.c_ulong(SLACK_NS), 0, 0, 0) != 0:
        return f"{wanted}: refused ({os.strerror(ctypes.get_errno())})"
    return f"{wanted}: got"


def _switching() -> str:
    sys.setswitchinterval(SWITCH_S)
    return f"interpreter handed over after {1e3 * SWITCH_S:g} ms: got"
