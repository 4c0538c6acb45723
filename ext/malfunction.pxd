# cython: language_level=3, cdivision=True
"""Malfunctions: effects on the numbers that the kernels read anyway, so that what is whole costs nothing.

An instance comes up from its delay over its ramp, and acts by its level:

    level = severity clip((t - delay)/ramp, 0, 1)       t: s since it was injected; ramp 0: at once

    SCALE   x (1 + level (size - 1))
    SHIFT   x + level size
    DRIFT   x + level size (t - delay)
    SWITCH  size, while the level is above `above`
    RATE    dx/dt = level size, for `window` s from the delay on (0: for ever); of a liquor, times what is in it by then
    GROWTH  dx/dt = level size x, the same

All but the last two start from the healthy value in every scan and follow each other in the order of injection; those add to
states and to the boundary's totals, which is how material enters or leaves in the wrong place and every balance closes.
A level of 0 touches nothing. Where the contents of a store change with x, or x by GROWTH, the difference is booked as exchanged.

An instance that is armed waits for its trigger, a comparison of a row, or an alarm, as the last scan and what was written since
have left it: in the scan that finds it true it is injected, and its delay begins. A Bad reading pulls no trigger but one that
asks for it.
"""

from alarm cimport L_ACTIVE, L_SUPPRESSED, Alarm
from clock cimport Clock
from condition cimport WHEN_BAD, Condition, condition_holds
from event cimport FROM_MALFUNCTION, EventLog, log_event
from numerics cimport INFINITE, clip
from quality cimport is_bad

cdef enum:
    SCALE = 0
    SHIFT = 1
    DRIFT = 2
    SWITCH = 3
    RATE = 4
    GROWTH = 5

cdef enum:
    MOST_MALFUNCTIONS = 64      # at a time

cdef enum:              # columns of an instance
    M_NUMBER = 0        # of the injection, from 1
    M_KEY = 1           # which malfunction at which target
    M_SEVERITY = 2
    M_DELAY = 3         # s
    M_RAMP = 4          # s
    M_SCAN = 5          # when it was injected; infinite while it is armed
    MALFUNCTION_COLUMNS = 6

cdef enum:              # columns of its trigger, all nought where it has none or has been pulled
    T_RELATION = 0      # as of a Condition, or WHEN_ALARM
    T_ROW = 1           # or which alarm
    T_VALUE = 2
    TRIGGER_COLUMNS = 3

cdef enum:
    WHEN_ALARM = 5      # it stands and is not suppressed; behind the relations of ext/condition.pxd

cdef struct FaultEffect:
    int kind
    double* x           # what it acts on: a number,
    int* flag           # or where x is NULL a switch
    double healthy
    double before       # the value of the last scan
    double size
    double above
    double window       # s
    bint first          # no effect before it acts on the same x
    double* contents    # m3 that x is the concentration of, NULL for most
    double* per         # mol/m3 of the volume that a RATE is of, NULL: it is of x itself
    double* booked      # what has come over the boundary

cdef struct Fault:      # effects of an instance
    FaultEffect* effect
    int n


cdef inline bint trigger_pulled(const double* t, const Alarm* alarm, const double* mem, const double* sig,
                                const unsigned int* qual) noexcept nogil:
    cdef Condition c
    cdef const double* m
    c.relation = <int>t[T_RELATION]
    c.row = <int>t[T_ROW]
    c.value = t[T_VALUE]
    if c.relation == WHEN_ALARM:
        m = mem + alarm[c.row].mem
        return m[L_ACTIVE] != 0.0 and m[L_SUPPRESSED] == 0.0
    return (c.relation == WHEN_BAD or not is_bad(qual[c.row])) and condition_holds(&c, 0.0, sig, qual)


cdef inline void triggers_scan(double* rows, double* triggers, int n, const Clock* clock, const Alarm* alarm, const double* mem,
                               const double* sig, const unsigned int* qual, EventLog* log) noexcept nogil:
    """Inject what has waited for this scan."""
    cdef double* m
    cdef double* t
    cdef int i, k
    for i in range(n):
        m = rows + i*MALFUNCTION_COLUMNS
        t = triggers + i*TRIGGER_COLUMNS
        if m[M_SCAN] == INFINITE and trigger_pulled(t, alarm, mem, sig, qual):
            m[M_SCAN] = <double>clock.scan
            for k in range(TRIGGER_COLUMNS):
                t[k] = 0.0
            log_event(log, clock.scan, FROM_MALFUNCTION, i, <int>m[M_NUMBER])


cdef inline double malfunction_age(const double* m, const Clock* clock) noexcept nogil:
    """s since the delay was over; negative before, and without end while it is armed."""
    return (<double>clock.scan - m[M_SCAN])*clock.h - m[M_DELAY]


cdef inline double malfunction_level(const double* m, const Clock* clock) noexcept nogil:
    cdef double age = malfunction_age(m, clock)
    if age < 0.0:
        return 0.0
    return m[M_SEVERITY]*(clip(age/m[M_RAMP], 0.0, 1.0) if m[M_RAMP] > 0.0 else 1.0)


cdef inline double effect_value(const FaultEffect* e) noexcept nogil:
    return e.x[0] if e.x != NULL else e.flag[0]


cdef inline void effect_set(FaultEffect* e, double value) noexcept nogil:
    if e.x != NULL:
        e.x[0] = value
    else:
        e.flag[0] = <int>value


cdef inline void effect_act(FaultEffect* e, double level, double age) noexcept nogil:
    if e.kind == SCALE:
        e.x[0] *= 1.0 + level*(e.size - 1.0)
    elif e.kind == SHIFT:
        e.x[0] += level*e.size
    elif e.kind == DRIFT:
        e.x[0] += level*e.size*age
    elif level > e.above:
        effect_set(e, e.size)


cdef inline void malfunctions_apply(Fault* fault, const double* rows, int n, const Clock* clock, bint book) noexcept nogil:
    """Set everything that an instance acts on to what it is now; book: an exchange of contents as over the boundary."""
    cdef FaultEffect* e
    cdef const double* m
    cdef double level
    cdef int i, k
    for i in range(n):
        for k in range(fault[i].n):
            e = &fault[i].effect[k]
            if e.kind < RATE:
                e.before = effect_value(e)
    for i in range(n):
        for k in range(fault[i].n):
            if fault[i].effect[k].kind < RATE:
                effect_set(&fault[i].effect[k], fault[i].effect[k].healthy)
    for i in range(n):
        m = rows + i*MALFUNCTION_COLUMNS
        level = malfunction_level(m, clock)
        if level > 0.0:
            for k in range(fault[i].n):
                if fault[i].effect[k].kind < RATE:
                    effect_act(&fault[i].effect[k], level, malfunction_age(m, clock))
    if not book:
        return
    for i in range(n):
        for k in range(fault[i].n):
            e = &fault[i].effect[k]
            if e.contents != NULL and e.first and e.x[0] != e.before:
                e.booked[0] += e.contents[0]*(e.x[0] - e.before)


cdef inline void malfunctions_scan(Fault* fault, const double* rows, int n, const Clock* clock) noexcept nogil:
    """Before anything else in a scan."""
    cdef FaultEffect* e
    cdef const double* m
    cdef double level, change
    cdef int i, k
    malfunctions_apply(fault, rows, n, clock, True)
    for i in range(n):
        m = rows + i*MALFUNCTION_COLUMNS
        level = malfunction_level(m, clock)
        if level > 0.0:
            for k in range(fault[i].n):
                e = &fault[i].effect[k]
                if e.kind >= RATE and (e.window == 0.0 or malfunction_age(m, clock) < e.window - 0.5*clock.h):
                    change = clock.h*level*e.size
                    if e.per != NULL:
                        change *= e.per[0]
                    if e.kind == GROWTH:
                        change *= e.x[0]
                        e.booked[0] += change
                    e.x[0] += change
