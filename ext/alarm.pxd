# cython: language_level=3, cdivision=True
"""Alarm conditions with deadband, delays and suppression; what changes goes into the event log.

What an alarm means, who acknowledges it and how it is shown is not known here.
"""

from libc.math cimport fabs, fmax

from clock cimport Clock
from condition cimport Condition, condition_holds
from event cimport FROM_ALARM, EventLog, log_event
from quality cimport is_bad

cdef enum:
    HIGH = 0            # kinds: PV >= limit
    LOW = 1             # PV <= limit
    DEVIATION = 2       # |PV - SP| >= limit
    IS_TRUE = 3         # PV is not 0
    FAILURE = 4         # PV is Bad
    DISCREPANCY = 5     # PV, a command, and not the contact that should follow: SP if it is true, `other` if not
    RATE = 6            # PV rises by limit a minute or more; with a negative limit, falls
    STALE = 7           # PV, a time, is limit s ago or more
    EQUAL = 8           # PV is in the state `limit`

cdef enum:              # what happened
    WENT = 0
    CAME = 1
    SUPPRESSED = 2
    RELEASED = 3
    CHATTERS = 4

cdef enum:
    ALARM_MEM = 8
    L_TIMER = 0         # s that the condition has lasted (or, while active, has been gone)
    L_ACTIVE = 1
    L_SUPPRESSED = 2
    L_LAST = 3          # when it came last and the time before, s; 0: never
    L_BEFORE = 4
    L_GUARD = 5         # until when it counts as chattering, s
    L_FOLLOWER = 6      # RATE: the PV behind a lag
    L_PRIMED = 7        # RATE: 1 once there is one

cdef struct Alarm:
    int kind
    int pv              # row
    int limit_row       # row of the limit, -1: `limit` stands
    int mem
    int n_suppress
    int suppress_all    # suppressed while all of them hold, rather than one
    double limit
    double deadband     # eu
    Condition suppress[3]
    int sp              # row, DEVIATION and DISCREPANCY
    int other           # row, DISCREPANCY
    double on_delay     # s
    double off_delay
    double window       # RATE: time constant, s

cdef enum:
    # A chattering alarm comes three times within a minute (ISA-18.2). It must then stay away for a minute before it counts
    # as gone, until it has not come for ten minutes: people get one alarm that stands instead of a stream of them. All in s.
    CHATTER_WITHIN = 60
    CHATTER_OFF_DELAY = 60
    CHATTER_MEMORY = 600


cdef inline bint alarm_suppressed(const Alarm* a, const double* sig, const unsigned int* qual) noexcept nogil:
    cdef int k
    for k in range(a.n_suppress):
        if condition_holds(&a.suppress[k], 0.0, sig, qual) != a.suppress_all:
            return not a.suppress_all
    return a.n_suppress > 0 and a.suppress_all


cdef inline bint alarm_condition(const Alarm* a, const Clock* clock, double* m, const double* sig, const unsigned int* qual,
                                 double deadband) noexcept nogil:
    """Whether the condition holds, with the limit drawn back by `deadband`."""
    cdef double limit = sig[a.limit_row] if a.limit_row >= 0 else a.limit
    cdef double pv = sig[a.pv], rate
    if a.kind == HIGH:
        return pv >= limit - deadband
    if a.kind == LOW:
        return pv <= limit + deadband
    if a.kind == DEVIATION:
        return fabs(pv - sig[a.sp]) >= limit - deadband
    if a.kind == FAILURE:
        return is_bad(qual[a.pv])
    if a.kind == DISCREPANCY:
        return (sig[a.sp] if pv != 0.0 else sig[a.other]) == 0.0
    if a.kind == RATE:
        # the slope behind a lag: (PV - follower)/window
        if m[L_PRIMED] == 0.0:
            m[L_PRIMED] = 1.0
            m[L_FOLLOWER] = pv
        m[L_FOLLOWER] += (pv - m[L_FOLLOWER])*clock.h/(a.window + clock.h)
        rate = 60.0*(pv - m[L_FOLLOWER])/a.window
        return rate >= limit - deadband if limit > 0.0 else rate <= limit + deadband
    if a.kind == STALE:
        return clock.time - pv >= limit - deadband
    if a.kind == EQUAL:
        return pv == limit
    return pv != 0.0


cdef inline void alarm_came(int index, const Clock* clock, double* m, EventLog* log) noexcept nogil:
    """Keep account of how often it comes."""
    cdef bint guarded = clock.time < m[L_GUARD]
    if guarded or (m[L_BEFORE] > 0.0 and clock.time - m[L_BEFORE] <= CHATTER_WITHIN):
        if not guarded:
            log_event(log, clock.scan, FROM_ALARM, index, CHATTERS)
        m[L_GUARD] = clock.time + CHATTER_MEMORY
    m[L_BEFORE] = m[L_LAST]
    m[L_LAST] = clock.time


cdef inline void alarm_turn(int index, bint active, const Clock* clock, double* m, EventLog* log) noexcept nogil:
    m[L_ACTIVE] = active
    m[L_TIMER] = 0.0
    log_event(log, clock.scan, FROM_ALARM, index, CAME if active else WENT)
    if active:
        alarm_came(index, clock, m, log)


cdef inline double alarm_off_delay(const Alarm* a, const Clock* clock, const double* m) noexcept nogil:
    return fmax(a.off_delay, CHATTER_OFF_DELAY) if clock.time < m[L_GUARD] else a.off_delay


cdef inline void alarm_scan(const Alarm* a, int index, const Clock* clock, double* mem, const double* sig, const unsigned int* qual,
                            EventLog* log) noexcept nogil:
    """Active once the condition has held for on_delay without a break, inactive once it has been gone for off_delay.

    A suppressed alarm goes at once and does not come; a Bad PV leaves the alarm as it is and restarts its delay.
    """
    cdef double* m = mem + a.mem
    cdef bint active = m[L_ACTIVE] != 0.0
    cdef bint suppressed = a.n_suppress > 0 and alarm_suppressed(a, sig, qual)
    if suppressed != (m[L_SUPPRESSED] != 0.0):
        if active:
            alarm_turn(index, False, clock, m, log)
        m[L_SUPPRESSED] = suppressed
        log_event(log, clock.scan, FROM_ALARM, index, SUPPRESSED if suppressed else RELEASED)
    if suppressed:
        m[L_TIMER] = 0.0
        m[L_PRIMED] = 0.0
    elif is_bad(qual[a.pv]) and a.kind != FAILURE:
        m[L_TIMER] = 0.0
        m[L_PRIMED] = 0.0
    elif alarm_condition(a, clock, m, sig, qual, a.deadband if active else 0.0) == active:
        if active and m[L_TIMER] > 0.0 and clock.time < m[L_GUARD]:     # it would have come again
            m[L_GUARD] = clock.time + CHATTER_MEMORY
        m[L_TIMER] = 0.0
    elif m[L_TIMER] >= (alarm_off_delay(a, clock, m) if active else a.on_delay) - 0.5*clock.h:
        alarm_turn(index, not active, clock, m, log)
    else:
        m[L_TIMER] += clock.h
