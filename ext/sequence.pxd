# cython: language_level=3, cdivision=True
"""Sequences: steps with actions, transitions, hold, abort and resume, as tables.

A step does its actions on entry (a row gets a value, or moves to it at a rate) and ends when its ramps have arrived and all
its checks have held for `dwell`, or at once when one of its other checks holds. A step whose conditions do not hold when it
is its turn is passed over. A step that takes longer than `most` holds. Holding stops the step's time and its ramps and does
the step's own actions for that; resuming does those of entry again, and gives a step that took too long its time anew.
Aborting does the step's actions for that and ends when their ramps have arrived, or where they are when it is aborted
again; of a complete sequence it means idle. A cycle repeats its steps until it is aborted. A sequence that runs in step 0,
as a plant file has one that runs from the start, enters its first step with the first scan.

Sequences are evaluated before the loops, in the order of the table, and write what an operator would write; what an outside
controller has they leave alone.
"""

from clock cimport Clock
from condition cimport Condition, condition_holds
from field cimport put, toward

cdef enum:
    IDLE = 0
    RUNNING = 1
    HELD = 2
    ABORTING = 3
    COMPLETE = 4

cdef enum:
    START = 1
    HOLD = 2
    RESUME = 3
    ABORT = 4

cdef enum:
    SEQUENCE_MEM = 2
    Q_TIME = 0          # s in the step, without those held
    Q_TRUE = 1          # s for which all checks have been true

cdef struct Action:
    int row
    double value
    double rate         # eu/s; 0: at once

cdef struct Span:       # of a table
    int first
    int count

cdef struct Step:
    Span enter          # actions
    Span hold
    Span abort
    Span checks
    Span ends           # checks of which any one ends it
    Span unless         # checks without which it is passed over
    double dwell        # s
    double most         # s; 0: without end

cdef struct Sequence:
    int cmd, state, step, step_time     # rows
    int mem
    Span steps
    Span permits        # checks without which it does not start
    bint repeat         # behind the last step comes the first

cdef struct Programs:
    Step* step
    Action* action
    Condition* check
    const unsigned char* external   # per row, 1: an outside controller has it


cdef inline bint all_true(const Programs* p, Span span, const double* sig, const unsigned int* qual) noexcept nogil:
    """Whether every check holds."""
    cdef int k
    for k in range(span.first, span.first + span.count):
        if not condition_holds(&p.check[k], 0.0, sig, qual):
            return False
    return True


cdef inline bint any_true(const Programs* p, Span span, const double* sig, const unsigned int* qual) noexcept nogil:
    """Whether one of the checks holds."""
    cdef int k
    for k in range(span.first, span.first + span.count):
        if condition_holds(&p.check[k], 0.0, sig, qual):
            return True
    return False


cdef inline void act(const Programs* p, Span span, double* sig) noexcept nogil:
    """Do what is to be done at once."""
    cdef int k
    for k in range(span.first, span.first + span.count):
        if p.action[k].rate == 0.0 and not p.external[p.action[k].row]:
            sig[p.action[k].row] = p.action[k].value


cdef inline bint ramp(const Programs* p, Span span, double h, double* sig) noexcept nogil:
    """Move what is to move; whether all has arrived."""
    cdef const Action* a
    cdef bint arrived = True
    cdef int k
    for k in range(span.first, span.first + span.count):
        a = &p.action[k]
        if a.rate > 0.0 and not p.external[a.row]:
            sig[a.row] = toward(sig[a.row], a.value, a.rate*h)
            arrived = arrived and sig[a.row] == a.value
    return arrived


cdef inline void enter(
    const Sequence* q, const Programs* p, int number, double* m, double* sig, const unsigned int* qual
) noexcept nogil:
    """Begin step `number`, counted from 1, or the first behind it that is not passed over."""
    cdef int passed = 0
    while not all_true(p, p.step[q.steps.first + number - 1].unless, sig, qual):
        passed += 1
        number += 1
        if number > q.steps.count and q.repeat and passed < q.steps.count:
            number = 1
        elif number > q.steps.count:
            # nothing is left to do, or in a cycle nothing at all: its last step is as good as done
            sig[q.state] = RUNNING if q.repeat else COMPLETE
            sig[q.step] = q.steps.count
            m[Q_TIME] = 0.0
            m[Q_TRUE] = 0.0
            return
    sig[q.state] = RUNNING
    sig[q.step] = number
    m[Q_TIME] = 0.0
    m[Q_TRUE] = 0.0
    act(p, p.step[q.steps.first + number - 1].enter, sig)


cdef inline void command(
    const Sequence* q, const Programs* p, double h, double* m, double* sig, const unsigned int* qual
) noexcept nogil:
    """Obey the command, if it fits the state."""
    cdef int cmd = <int>sig[q.cmd], state = <int>sig[q.state]
    cdef const Step* s = &p.step[q.steps.first + (<int>sig[q.step] - 1 if sig[q.step] >= 1.0 else 0)]
    sig[q.cmd] = 0.0
    if cmd == START and (state == IDLE or state == COMPLETE):
        if all_true(p, q.permits, sig, qual):
            enter(q, p, 1, m, sig, qual)
    elif cmd == HOLD and state == RUNNING:
        sig[q.state] = HELD
        act(p, s.hold, sig)
    elif cmd == RESUME and state == HELD:
        sig[q.state] = RUNNING
        m[Q_TRUE] = 0.0
        if s.most > 0.0 and m[Q_TIME] >= s.most - 0.5*h:
            m[Q_TIME] = 0.0     # or it would hold again at once
        act(p, s.enter, sig)
    elif cmd == ABORT and (state == RUNNING or state == HELD):
        sig[q.state] = ABORTING
        act(p, s.abort, sig)
    elif cmd == ABORT and (state == ABORTING or state == COMPLETE):
        sig[q.state] = IDLE
        sig[q.step] = 0.0


cdef inline void sequence_scan(
    const Sequence* q, const Programs* p, const Clock* clock, double* mem, double* sig, const unsigned int* qual
) noexcept nogil:
    cdef double* m = mem + q.mem
    cdef const Step* s
    cdef bint arrived
    if sig[q.cmd] != 0.0:
        command(q, p, clock.h, m, sig, qual)
    if sig[q.state] != RUNNING and sig[q.state] != ABORTING:
        return
    if sig[q.step] < 1.0:       # of a plant file that has it running
        if sig[q.state] == ABORTING:
            sig[q.state] = IDLE
            return
        enter(q, p, 1, m, sig, qual)
    s = &p.step[q.steps.first + <int>sig[q.step] - 1]
    if sig[q.state] == ABORTING:
        if ramp(p, s.abort, clock.h, sig):
            sig[q.state] = IDLE
            sig[q.step] = 0.0
            m[Q_TIME] = 0.0
    else:
        arrived = ramp(p, s.enter, clock.h, sig)
        m[Q_TIME] += clock.h
        m[Q_TRUE] = m[Q_TRUE] + clock.h if arrived and all_true(p, s.checks, sig, qual) else 0.0
        # a hair less, for the sum of many scans is not exact
        if (m[Q_TRUE] > 0.0 and m[Q_TRUE] >= s.dwell - 0.5*clock.h) or any_true(p, s.ends, sig, qual):
            if <int>sig[q.step] < q.steps.count:
                enter(q, p, <int>sig[q.step] + 1, m, sig, qual)
            elif q.repeat:
                enter(q, p, 1, m, sig, qual)
            else:
                sig[q.state] = COMPLETE
        elif s.most > 0.0 and m[Q_TIME] >= s.most - 0.5*clock.h:
            sig[q.state] = HELD
            act(p, s.hold, sig)
    put(sig, q.step_time, m[Q_TIME])
