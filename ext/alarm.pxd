# cython: language_level=3, cdivision=True
"""Alarm limits with deadband, delays and suppression; transitions go into a ring that Python empties between batches.

What an alarm means, who acknowledges it and how it is shown is not known here.
"""

from libc.math cimport fabs

from clock cimport Clock
from quality cimport is_bad

cdef enum:
    HIGH = 0            # kinds: PV >= limit
    LOW = 1             # PV <= limit
    DEVIATION = 2       # |PV - SP| >= limit
    IS_TRUE = 3         # PV is not 0

cdef enum:
    NEVER = 0           # suppression: no such condition
    WHEN_EQUAL = 1
    WHEN_BELOW = 2
    WHEN_ABOVE = 3

cdef enum:
    ALARM_MEM = 2
    L_TIMER = 0         # s that the condition has lasted (or, while active, has been gone)
    L_ACTIVE = 1

cdef struct Alarm:
    int kind
    int pv              # row
    int limit_row       # row of the limit, -1: `limit` stands
    int sp              # row, DEVIATION
    int mem
    int suppress        # NEVER, WHEN_EQUAL, WHEN_BELOW, WHEN_ABOVE
    int suppress_row
    double suppress_value
    double limit
    double deadband     # eu
    double on_delay     # s
    double off_delay

cdef struct AlarmEvent:
    long long scan
    int alarm           # index in the alarm table
    int active          # 1 came, 0 went

cdef struct AlarmLog:
    AlarmEvent* event   # event k stands at k modulo capacity
    long long count     # events since the start; a reader that is more than `capacity` behind has lost some
    int capacity


cdef inline bint alarm_suppressed(const Alarm* a, const double* sig) noexcept nogil:
    cdef double x
    if a.suppress == NEVER:
        return False
    x = sig[a.suppress_row]
    return (x == a.suppress_value if a.suppress == WHEN_EQUAL else
            x < a.suppress_value if a.suppress == WHEN_BELOW else x > a.suppress_value)


cdef inline bint alarm_condition(const Alarm* a, const double* sig, double deadband) noexcept nogil:
    """Whether the condition holds, with the limit drawn back by `deadband`."""
    cdef double limit = sig[a.limit_row] if a.limit_row >= 0 else a.limit
    cdef double pv = sig[a.pv]
    if a.kind == HIGH:
        return pv >= limit - deadband
    if a.kind == LOW:
        return pv <= limit + deadband
    if a.kind == DEVIATION:
        return fabs(pv - sig[a.sp]) >= limit - deadband
    return pv != 0.0


cdef inline void alarm_turn(int index, bint active, const Clock* clock, double* m, AlarmLog* log) noexcept nogil:
    cdef AlarmEvent* event = &log.event[log.count % log.capacity]
    m[L_ACTIVE] = active
    m[L_TIMER] = 0.0
    event.scan = clock.scan
    event.alarm = index
    event.active = active
    log.count += 1


cdef inline void alarm_scan(const Alarm* a, int index, const Clock* clock, double* mem, const double* sig, const unsigned int* qual,
                            AlarmLog* log) noexcept nogil:
    """Active once the condition has held for on_delay without a break, inactive once it has been gone for off_delay.

    A suppressed alarm goes at once and does not come; a Bad PV leaves the alarm as it is and restarts its delay.
    """
    cdef double* m = mem + a.mem
    cdef bint active = m[L_ACTIVE] != 0.0
    if alarm_suppressed(a, sig):
        if active:
            alarm_turn(index, False, clock, m, log)
        m[L_TIMER] = 0.0
    elif is_bad(qual[a.pv]) or alarm_condition(a, sig, a.deadband if active else 0.0) == active:
        m[L_TIMER] = 0.0
    elif m[L_TIMER] >= (a.off_delay if active else a.on_delay) - 0.5*clock.h:
        alarm_turn(index, not active, clock, m, log)
    else:
        m[L_TIMER] += clock.h
