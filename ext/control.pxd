# cython: language_level=3, cdivision=True
"""Controllers: PID, ratio station and override (throughput) master, evaluated in the order of the table, masters first.

All three share one skeleton. A loop in Auto or Cascade computes its OP (0-100 %); in Man the OP is the operator's; in External
it is worked back from what the rack makes of its outputs. A loop whose every output is a slave that does not follow (because
the slave is out of Cascade, or cannot act itself) is open: its OP is worked back from the slaves' set points. Whenever a
loop does not compute, its memory follows its OP, so that it takes over without a bump, even where its set point, or its
master's, has become another meanwhile. Set points are never moved for that.

A loop of which every drive is stopped or tripped goes on computing, but its integral part stands, and its masters' too: an
error that no output can answer is not summed up, to be paid back when the drive runs again.

Every output maps OP to a row, piecewise linear and flat beyond its ends; the inverse of that map is what works back.

    loop_scan       one scan
    loop_refresh    the same without letting time pass: rows from memory
    loop_reset      memory such that the loop computes the OP that stands in its row, with everything at rest
"""

from libc.math cimport fabs, fmax, fmin

from clock cimport Clock
from field cimport put, toward
from numerics cimport clip, is_finite
from quality cimport GOOD_LOCAL_OVERRIDE, GOOD, UNCERTAIN, is_bad

cdef enum:
    PID = 0
    RATIO = 1
    OVERRIDE = 2

cdef enum:
    MAN = 0
    AUTO = 1
    CASCADE = 2
    EXTERNAL = 3

cdef enum:
    LOOP_MEM = 14
    C_OPEN = 0          # 1: no output follows
    C_SP = 1            # set point on its ramp, eu
    C_HELD = 2          # PID, 1: the last scan did not compute, by its mode or for want of a PV
    C_INTEGRAL = 3      # PID: integral part, % of output
    C_DERIVED = 4       # PID: PV behind the derivative's filter, % of span
    C_AHEAD = 5         # PID: what is fed forward, behind its lag, % of output
    C_WILD = 3          # RATIO: filtered sum of the wild flows
    C_BALANCE = 4       # RATIO: what the ratio in force is above the set point, eu
    C_STILL = 12        # 1: every drive it acts through stands, so the integral does too
    C_RESET = 4         # OVERRIDE: external reset of each constraint; 3: the selected output, both in eu of the output
    C_SELECTED = 3

cdef struct Output:
    int row             # actuator's command, or slave's SP
    int slave_mode      # row of the slave's MODE, -1: an actuator
    int slave_mem       # the slave's memory, -1: an actuator
    int cmd[2]          # CMD and TRIP of the drive and of its standby; -1: no drive, or no standby
    int trip[2]
    double op0, op1     # OP (%) at the ends of the map, op0 < op1
    double y0, y1       # values of the row there
    double slope        # of the map

cdef struct Constraint:
    int pv              # row
    int direct          # 1: acts while PV is above the limit, 0: below it
    double limit        # eu of the PV
    double span         # eu of 100 % of the PV
    double gain         # % of output range per % of span
    double ti           # s

cdef struct Loop:
    int kind
    int pv, sp, op, mode, gain, ti, td    # rows; Gain, Ti and Td of a PID only
    int limit_row       # OVERRIDE: 1-based number of the constraint in force, 0 none
    int mem
    int n_out
    int n_wild
    int n_constraint
    int ahead           # PID: row of what is fed forward, -1: nothing
    double lo, hi       # PV range, eu
    double unit         # % of span in an eu of the PV; below 0 of a reverse loop, whose OP falls with it
    double sp_lo, sp_hi
    double op_lo, op_hi # %
    double gap          # eu; 0: none
    double ahead_gain   # % of output per eu of that
    double ahead_lag    # s
    double ramp         # eu/s in Auto; 0: none
    double factor       # RATIO: slave SP = factor SP wild
    double filter       # RATIO: s
    double balance      # RATIO: s in which a ratio taken over goes to the set point
    Output out[3]       # what few loops have comes behind what all read in every scan
    int wild[3]         # RATIO: rows, summed
    int slave_pv        # RATIO: row of what the slave measures, -1 absent
    Constraint constraint[8]


cdef inline double bounded(const Output* o, double y) noexcept nogil:
    return clip(y, o.y0, o.y1) if o.y0 < o.y1 else clip(y, o.y1, o.y0)


cdef inline double forward(const Output* o, double op) noexcept nogil:
    """The row's value at an OP."""
    return bounded(o, o.y0 + (op - o.op0)*o.slope)


cdef inline double share(const Output* o, double y) noexcept nogil:
    """The OP that gives y, within the ends of the map."""
    return o.op0 if o.y0 == o.y1 else clip(o.op0 + (y - o.y0)*((o.op1 - o.op0)/(o.y1 - o.y0)), o.op0, o.op1)


cdef inline bint follows(const Output* o, const double* mem, const double* sig, const unsigned int* qual) noexcept nogil:
    """Whether what the loop writes there has an effect: neither an interlock nor a slave of another mind holds the row."""
    if o.slave_mode < 0:
        return qual[o.row] != GOOD_LOCAL_OVERRIDE
    return sig[o.slave_mode] == CASCADE and mem[o.slave_mem + C_OPEN] == 0.0


cdef inline bint stands(const Output* o, const double* mem, const double* sig) noexcept nogil:
    """Whether what the loop writes there moves nothing, since the drive is stopped or tripped and its standby as well."""
    cdef int k
    if o.slave_mode >= 0:
        return mem[o.slave_mem + C_STILL] != 0.0
    for k in range(2):
        if o.cmd[k] >= 0 and sig[o.cmd[k]] != 0.0 and sig[o.trip[k]] == 0.0:
            return False
    return o.cmd[0] >= 0


cdef inline bint loop_is_still(const Loop* c, const double* mem, const double* sig) noexcept nogil:
    cdef int k
    for k in range(c.n_out):
        if not stands(&c.out[k], mem, sig):
            return False
    return c.n_out > 0


cdef inline double backward(const Loop* c, const double* sig, double op) noexcept nogil:
    """OP that gives the rows as they are. Where they leave it free (the dead zone of a split range) it stays near `op`."""
    cdef double low = 0.0, high = 100.0, at
    cdef const Output* o
    cdef int k
    for k in range(c.n_out):
        o = &c.out[k]
        if o.y0 == o.y1:
            continue
        at = share(o, sig[o.row])
        if at <= o.op0:
            high = o.op0 if o.op0 < high else high
        elif at >= o.op1:
            low = o.op1 if o.op1 > low else low
        else:
            return at
    return clip(op, low, high)


cdef inline double set_point(const Loop* c, double step, const double* sig, double* m) noexcept nogil:
    """The set point in force, which moves by at most step."""
    m[C_SP] = toward(m[C_SP], clip(sig[c.sp], c.sp_lo, c.sp_hi), step)
    return m[C_SP]


cdef inline double pid(const Loop* c, bint computes, double step, double h, double op, double* m, const double* sig,
                       const unsigned int* qual) noexcept nogil:
    """OP = K (e + 1/Ti int e dt + Td dPV/dt), e and PV in % of span with the sign of the action; dPV/dt filtered with Td/8.

    While OP is at a limit and e would drive it on the integral stands; what of it lies beyond that limit, left over from
    an error of the other sign, dies away with Ti, so that it does not hold the loop at the limit when e turns. It stands as
    well while every drive of the loop does. Inside the gap the gain is half, and e continuous.
    What is fed forward is added to OP behind its lag, and stands while it is Bad. As the integral part makes up for what it is
    at take-over, only its changes act.
    A Bad PV holds the OP; once it is not Bad any more, the loop takes over from there. The first scan that computes again
    leaves the OP as it stands.
    """
    cdef double pv = c.unit*sig[c.pv], e = c.unit*(sig[c.pv] - set_point(c, step, sig, m)), gap = fabs(c.unit)*c.gap
    cdef double gain = sig[c.gain], ti = sig[c.ti], td = sig[c.td], rest = 0.0, free
    if c.ahead >= 0 and not is_bad(qual[c.ahead]) and is_finite(sig[c.ahead]):
        free = c.ahead_gain*sig[c.ahead]
        m[C_AHEAD] = m[C_AHEAD] + (free - m[C_AHEAD])*h/(c.ahead_lag + h) if c.ahead_lag > 0.0 else free
    if is_bad(qual[c.pv]) or not is_finite(pv):
        m[C_HELD] = 1.0
        return op
    if gap > 0.0:
        e = 0.5*e if fabs(e) <= gap else (e - 0.5*gap if e > 0.0 else e + 0.5*gap)
    if td > 0.0:
        rest = gain*td*(pv - m[C_DERIVED])/(0.125*td + h)
        m[C_DERIVED] += (pv - m[C_DERIVED])*h/(0.125*td + h)
    else:
        m[C_DERIVED] = pv
    rest += gain*e + m[C_AHEAD]
    if not computes or m[C_HELD] != 0.0:
        m[C_HELD] = not computes
        m[C_INTEGRAL] = op - rest
        return op
    free = rest + m[C_INTEGRAL]
    if ti > 0.0 and m[C_STILL] == 0.0:
        if free >= c.op_hi and gain*e > 0.0:
            m[C_INTEGRAL] += fmin(c.op_hi - m[C_INTEGRAL], 0.0)*h/(ti + h)
        elif free <= c.op_lo and gain*e < 0.0:
            m[C_INTEGRAL] += fmax(c.op_lo - m[C_INTEGRAL], 0.0)*h/(ti + h)
        else:
            m[C_INTEGRAL] += gain*h/ti*e
            free = rest + m[C_INTEGRAL]
    return clip(free, c.op_lo, c.op_hi)


cdef inline bint elsewhere(const Loop* c, const double* sig) noexcept nogil:
    """Whether somebody else sets the slave: the hand or the rack on the ratio, or on a slave that is in Auto or External.

    A slave in Man has a set point that means nothing, and one that an interlock holds is to have the ratio when it is let go.
    """
    cdef double mode = sig[c.mode], slave = sig[c.out[0].slave_mode]
    return mode == MAN or mode == EXTERNAL or slave == AUTO or slave == EXTERNAL


cdef inline double ratio(const Loop* c, double step, double h, double op, double* m, double* sig,
                         unsigned int* qual) noexcept nogil:
    """Slave SP = factor SP wild, wild the filtered sum of the wild flows; PV = slave's PV/(factor wild).

    Taken over, it starts from the ratio that is there, and goes to the set point within the balance time.
    A Bad wild flow holds the last one. Where there is next to no wild flow the PV stands, Uncertain.
    """
    cdef const Output* o = &c.out[0]
    cdef double wild = 0.0, unit, sp = set_point(c, step, sig, m)
    cdef bint flows
    cdef unsigned int quality = GOOD
    cdef int k
    for k in range(c.n_wild):
        wild += sig[c.wild[k]]
        if is_bad(qual[c.wild[k]]):
            quality = qual[c.wild[k]]
    if not is_bad(quality) and is_finite(wild):
        m[C_WILD] = m[C_WILD] + (wild - m[C_WILD])*h/(c.filter + h) if c.filter > 0.0 else wild
    unit = c.factor*m[C_WILD]
    flows = unit*c.hi > 1e-3*fabs(o.y1 - o.y0)
    if c.slave_pv >= 0:
        if is_bad(qual[c.slave_pv]):
            quality = qual[c.slave_pv]
        if not is_bad(quality):
            if flows:
                sig[c.pv] = clip(sig[c.slave_pv]/unit, c.lo, c.hi)
            else:
                quality = UNCERTAIN
        qual[c.pv] = quality
    if elsewhere(c, sig):
        m[C_BALANCE] = forward(o, op)/unit - sp if flows else 0.0
    elif fabs(m[C_BALANCE]) > 1e-6*(c.hi - c.lo):
        m[C_BALANCE] -= m[C_BALANCE]*h/(c.balance + h)
    else:
        m[C_BALANCE] = 0.0      # it has arrived
    return bounded(o, (sp + m[C_BALANCE])*unit)


cdef inline double override(const Loop* c, double step, double h, double* m, double* sig, const unsigned int* qual) noexcept nogil:
    """The least of the set point and of what each constraint controller allows.

    A constraint allows r + K e, e its distance from the limit in % of span, and r follows what was selected with Ti: a PI
    controller while it is in force, and never wound up while it is not. A constraint whose PV is Bad allows no more than now.
    """
    cdef const Output* o = &c.out[0]
    cdef const Constraint* k
    cdef double best = bounded(o, set_point(c, step, sig, m)), room, allowed
    cdef int i, limit = 0
    for i in range(c.n_constraint):
        k = &c.constraint[i]
        allowed = m[C_SELECTED]
        if not is_bad(qual[k.pv]) and is_finite(sig[k.pv]):
            room = (k.limit - sig[k.pv])/k.span
            allowed = m[C_RESET + i] + k.gain*(room if k.direct else -room)*(o.y1 - o.y0)
        allowed = bounded(o, allowed)
        if allowed < best:
            best = allowed
            limit = i + 1
    put(sig, c.limit_row, limit)
    return best


cdef inline void override_follow(const Loop* c, bint computes, double selected, double h, double* m) noexcept nogil:
    cdef int i
    m[C_SELECTED] = selected
    if not computes:
        m[C_SP] = selected      # so that the ramp starts from where the plant is
    for i in range(c.n_constraint):
        m[C_RESET + i] += (selected - m[C_RESET + i])*h/(c.constraint[i].ti + h)


cdef inline bint loop_is_open(const Loop* c, const double* mem, const double* sig, const unsigned int* qual) noexcept nogil:
    cdef int k
    for k in range(c.n_out):
        if follows(&c.out[k], mem, sig, qual):
            return False
    return c.n_out > 0


cdef inline void loop_advance(const Loop* c, double h, double* mem, double* sig, unsigned int* qual) noexcept nogil:
    cdef double* m = mem + c.mem
    cdef int mode = <int>sig[c.mode], k
    cdef bint is_open = loop_is_open(c, mem, sig, qual)
    cdef bint computes = (mode == AUTO or mode == CASCADE) and not is_open
    cdef double step = c.ramp*h if c.ramp > 0.0 and computes and mode == AUTO else 1e300
    cdef double op = backward(c, sig, sig[c.op]) if is_open or mode == EXTERNAL else clip(sig[c.op], 0.0, 100.0)
    cdef double y = 0.0
    m[C_OPEN] = is_open
    m[C_STILL] = loop_is_still(c, mem, sig)
    if c.kind == PID:
        op = pid(c, computes, step, h, op, m, sig, qual)
    else:
        if c.kind == RATIO:
            y = ratio(c, step, h, op, m, sig, qual)
        elif computes:
            y = override(c, step, h, m, sig, qual)
        else:
            put(sig, c.limit_row, 0.0)
        if computes:
            op = share(&c.out[0], y)
        else:
            y = forward(&c.out[0], op)
        if c.kind == OVERRIDE:
            override_follow(c, computes, y, h, m)
    sig[c.op] = op
    if mode != EXTERNAL:
        for k in range(c.n_out):
            if follows(&c.out[k], mem, sig, qual):
                sig[c.out[k].row] = forward(&c.out[k], op) if c.kind == PID else bounded(&c.out[k], y)


cdef inline void loop_scan(const Loop* c, const Clock* clock, double* mem, double* sig, unsigned int* qual) noexcept nogil:
    loop_advance(c, clock.h, mem, sig, qual)


cdef inline void loop_refresh(const Loop* c, double* mem, double* sig, unsigned int* qual) noexcept nogil:
    loop_advance(c, 0.0, mem, sig, qual)


cdef inline void loop_reset(const Loop* c, double* mem, const double* sig, const unsigned int* qual) noexcept nogil:
    """Slaves before their masters, since a master needs to know whether its slaves follow: the table backwards."""
    cdef double* m = mem + c.mem
    cdef double y
    cdef int k
    m[C_OPEN] = loop_is_open(c, mem, sig, qual)
    m[C_STILL] = loop_is_still(c, mem, sig)
    m[C_SP] = clip(sig[c.sp], c.sp_lo, c.sp_hi)
    if c.kind == PID:
        m[C_DERIVED] = c.unit*sig[c.pv]
        m[C_AHEAD] = c.ahead_gain*sig[c.ahead] if c.ahead >= 0 else 0.0
        pid(c, False, 1e300, 0.0, sig[c.op], m, sig, qual)
        m[C_HELD] = 0.0
    elif c.kind == RATIO:
        m[C_BALANCE] = 0.0
        m[C_WILD] = 0.0
        for k in range(c.n_wild):
            m[C_WILD] += sig[c.wild[k]]
    else:
        y = forward(&c.out[0], sig[c.op])
        m[C_SELECTED] = y
        for k in range(c.n_constraint):
            m[C_RESET + k] = y
