# cython: language_level=3, cdivision=True
"""Interlocks: a cause-and-effect matrix as tables. They act behind the loops and before the actuators, whoever commands.

A row that an interlock holds has the quality Good_LocalOverride: loops that drive it follow it as they follow a slave that is
not in Cascade, and writes to it are refused. What an interlock has moved stays there when it lets go, until somebody, or a
loop, moves it again: nothing starts by itself.
"""

from clock cimport Clock
from condition cimport WHEN_BAD, Condition, condition_holds
from event cimport FROM_INTERLOCK, EventLog, log_event
from quality cimport GOOD, GOOD_LOCAL_OVERRIDE, is_bad

cdef enum:
    FORCE = 0           # kinds of effect: the row is held at a value
    KEEP = 1            # ... at what it is
    LOCK = 2            # as FORCE, until a reset gives leave to start what is locked

cdef enum:              # what happened
    CLEARED = 0
    TRIPPED = 1
    BYPASS_EXPIRED = 2

cdef enum:
    INTERLOCK_MEM = 4
    I_TIMER = 0         # s that the cause has lasted
    I_CAUSE = 1         # it has lasted for the delay
    I_BYPASSED = 2      # s that it has been bypassed
    I_LEAVE = 3         # LOCK: leave to start has been given

cdef struct Effect:
    int kind
    int row
    double value

cdef struct Interlock:
    int tripped, first_out, bypass, reset   # rows
    int mem
    int group           # of which the first to trip is the first out
    int latched         # stays until it is reset
    int n_terms
    int votes           # how many of the terms make the cause
    int first, count    # of its effects
    int locks           # whether one of them is a LOCK
    Condition term[4]
    double deadband     # eu by which a term must be gone before it is
    double delay        # s
    double bypass_time  # s after which a bypass ends

cdef struct Matrix:
    Interlock* interlock
    int count
    Effect* effect
    int* tripped        # how many of each group
    int groups


cdef inline bint interlock_cause(const Interlock* l, const double* m, const double* sig, const unsigned int* qual) noexcept nogil:
    """Whether enough of the terms hold. A Bad reading neither trips nor lets go, unless it is what the term asks for."""
    cdef double back = l.deadband if m[I_CAUSE] != 0.0 else 0.0
    cdef const Condition* c
    cdef int k, held = 0
    for k in range(l.n_terms):
        c = &l.term[k]
        if c.relation != WHEN_BAD and is_bad(qual[c.row]):
            held += m[I_CAUSE] != 0.0
        else:
            held += condition_holds(c, back, sig, qual)
    return held >= l.votes


cdef inline bint interlock_bypassed(const Interlock* l, int index, const Clock* clock, double* m, double* sig,
                                    EventLog* log) noexcept nogil:
    if sig[l.bypass] == 0.0:
        m[I_BYPASSED] = 0.0
        return False
    if m[I_BYPASSED] >= l.bypass_time - 0.5*clock.h:
        m[I_BYPASSED] = 0.0
        sig[l.bypass] = 0.0
        log_event(log, clock.scan, FROM_INTERLOCK, index, BYPASS_EXPIRED)
        return False
    m[I_BYPASSED] += clock.h
    return True


cdef inline bint interlock_trips(const Interlock* l, int index, const Clock* clock, double* mem, double* sig,
                                 const unsigned int* qual, EventLog* log) noexcept nogil:
    """Whether it is tripped from now on."""
    cdef double* m = mem + l.mem
    cdef bint reset = sig[l.reset] != 0.0
    sig[l.reset] = 0.0
    if not interlock_cause(l, m, sig, qual):
        m[I_TIMER] = 0.0
        m[I_CAUSE] = 0.0
    elif m[I_TIMER] >= l.delay - 0.5*clock.h:
        m[I_CAUSE] = 1.0
    else:
        m[I_TIMER] += clock.h
    if interlock_bypassed(l, index, clock, m, sig, log):
        m[I_LEAVE] = 0.0
        return False
    if m[I_CAUSE] != 0.0:
        if reset and l.locks and sig[l.tripped] != 0.0:
            m[I_LEAVE] = 1.0
        return True
    if l.latched and sig[l.tripped] != 0.0 and not reset and m[I_LEAVE] == 0.0:
        return True
    m[I_LEAVE] = 0.0
    return False


cdef inline void interlock_act(const Matrix* x, const Interlock* l, bint leave, double* sig, unsigned int* qual) noexcept nogil:
    cdef const Effect* e
    cdef int k
    for k in range(l.first, l.first + l.count):
        e = &x.effect[k]
        if e.kind == LOCK and leave:
            continue
        if e.kind != KEEP:
            sig[e.row] = e.value
        qual[e.row] = GOOD_LOCAL_OVERRIDE


cdef inline void matrix_scan(const Matrix* x, const Clock* clock, double* mem, double* sig, unsigned int* qual,
                             EventLog* log) noexcept nogil:
    """Let go, judge, and hold. Where two rows want different things of one actuator, the later one in the matrix has it."""
    cdef const Interlock* l
    cdef bint trips
    cdef int i, k, standing = 0
    for k in range(x.groups):
        x.tripped[k] = 0
    for i in range(x.count):
        l = &x.interlock[i]
        if sig[l.tripped] != 0.0:
            x.tripped[l.group] += 1
            for k in range(l.first, l.first + l.count):
                qual[x.effect[k].row] = GOOD
    for i in range(x.count):
        l = &x.interlock[i]
        trips = interlock_trips(l, i, clock, mem, sig, qual, log)
        if trips and sig[l.tripped] == 0.0:
            sig[l.first_out] = x.tripped[l.group] == 0
            x.tripped[l.group] += 1
            log_event(log, clock.scan, FROM_INTERLOCK, i, TRIPPED)
        elif not trips and sig[l.tripped] != 0.0:
            x.tripped[l.group] -= 1
            log_event(log, clock.scan, FROM_INTERLOCK, i, CLEARED)
        sig[l.tripped] = trips
        standing += trips
    for i in range(x.count):
        l = &x.interlock[i]
        if x.tripped[l.group] == 0:
            sig[l.first_out] = 0.0
        if standing > 0 and sig[l.tripped] != 0.0:
            interlock_act(x, l, mem[l.mem + I_LEAVE] != 0.0, sig, qual)
