# cython: language_level=3, cdivision=True
"""Two machines for one duty: the one in reserve starts by itself when the other is lost, and both work on one line.

Lost is a duty machine that is commanded and has tripped, or does not report that it runs for so long. The other one is called
once: if it is held by an interlock or has tripped itself it stays where it is, and once called it is the operator's like any
machine, to be stopped or kept. A machine that is stopped by command, of whomever, is not lost. The selector says which of the
two has the duty; it starts and stops nothing. Both follow the first one's speed command, so a loop knows one actuator.

On the line no more flows than what the stronger of the two gives: check valves close the one that is behind.
"""

from libc.math cimport fmax

from clock cimport Clock
from quality cimport GOOD_LOCAL_OVERRIDE

cdef enum:
    STANDBY_MEM = 2
    Y_TIMER = 0         # s that the duty machine has been commanded and has not run
    Y_CALLED = 1        # 1: the other has been called for that

cdef struct Standby:
    int cmd[2]          # rows, of the first machine and of its standby
    int run[2]
    int trip[2]
    int speed_cmd[2]    # -1: of fixed drives
    int selector        # row, on: the second has the duty; -1: the first has it always
    int own[2]          # openings of each
    int common          # opening that the process sees
    int mem
    double delay        # s


cdef inline void standby_scan(const Standby* y, const Clock* clock, double* mem, double* sig, const unsigned int* qual,
                              const unsigned char* external) noexcept nogil:
    cdef double* m = mem + y.mem
    cdef int duty = y.selector >= 0 and sig[y.selector] != 0.0
    cdef int other = 1 - duty
    if y.speed_cmd[1] >= 0 and qual[y.speed_cmd[1]] != GOOD_LOCAL_OVERRIDE and not external[y.speed_cmd[1]]:
        sig[y.speed_cmd[1]] = sig[y.speed_cmd[0]]
    if sig[y.cmd[duty]] == 0.0 or (sig[y.run[duty]] != 0.0 and sig[y.trip[duty]] == 0.0):
        m[Y_TIMER] = 0.0
        m[Y_CALLED] = 0.0
        return
    if sig[y.trip[duty]] == 0.0 and m[Y_TIMER] < y.delay - 0.5*clock.h:
        m[Y_TIMER] += clock.h
        return
    if m[Y_CALLED] == 0.0:
        m[Y_CALLED] = 1.0
        if sig[y.trip[other]] == 0.0 and qual[y.cmd[other]] != GOOD_LOCAL_OVERRIDE and not external[y.cmd[other]]:
            sig[y.cmd[other]] = 1.0


cdef inline void standby_join(const Standby* y, double* drive) noexcept nogil:
    drive[y.common] = fmax(drive[y.own[0]], drive[y.own[1]])
