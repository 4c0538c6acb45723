# cython: language_level=3, cdivision=True
"""The field layer: what stands between the process and the control system.

Instruments turn true values (SI) into rows of the process image (engineering units, eu); actuators turn commanded rows into
openings of 0..1. `sig` and `qual` hold value and quality of every row, `mem` the memory of every device from its slot `mem`
on, `probe` the true values, `drive` the openings. A row of -1 is absent.

    *_prepare   derives what depends on the scan period; once, after loading
    *_reset     memory as if the plant had stood still for ever at the present true values or commands
    *_scan      advances by one scan and writes the rows
    *_refresh   writes the rows from the memory as it is: after a restore, and for the steady-state solver
"""

from libc.math cimport fabs

from clock cimport Clock
from numerics cimport clip, is_finite, lag_step, random_normal, random_uniform
from quality cimport (
    BAD_NO_COMMUNICATION, BAD_OUT_OF_SERVICE, BAD_SENSOR_FAILURE, GOOD, UNCERTAIN, UNCERTAIN_RANGE, UNCERTAIN_SENSOR, is_bad, is_good,
)

cdef enum:
    NORMAL = 0          # condition of an instrument: the hook for malfunctions
    FROZEN = 1          # the reading stands still and looks Good
    FAILED = 2          # the reading stands still and is Bad
    OPEN_CIRCUIT = 3    # it stands at the low end, Bad
    SHORT_CIRCUIT = 4   # it stands at the high end, Bad
    SILENT = 5          # nothing comes over the wire: the last reading, Bad_NoCommunication
    DOUBTFUL = 6        # the instrument says of itself that it is not accurate: Uncertain

cdef enum:
    IN_SERVICE = 0      # State of an analyser
    CALIBRATING = 1
    OUT_OF_SERVICE = 2
    ANALYSER_FAILED = 3

cdef enum:
    MAXIMUM = 0         # kinds of calculation
    AVERAGE = 1
    ESTIMATE = 2        # of the first input, corrected by the second
    FALLING = 3         # the same where the first falls as the second rises

cdef enum:
    PENDING_MAX = 8     # samples that may be on their way through an analyser
    STEADY = 3          # times its usual noise, below which a standard is read
    TRANSMITTER_MEM = 1
    ANALYSER_MEM = 25
    CALCULATION_MEM = 1
    VALVE_MEM = 1
    DRIVE_MEM = 2
    BUTTON_MEM = 1

cdef enum:              # memory of an analyser
    A_LAG = 0           # behind the sample line, eu
    A_VALUE = 1         # the last result, eu, not clipped
    A_TAKEN = 2         # when its sample was taken, s
    A_FRESH = 3         # 0 from going out of service to the first result after
    A_NEXT = 4          # the number of the next sample; it is due at phase + number*sample
    A_CALIBRATED = 5    # end of the calibration, s; below 0: the last one was refused
    A_PENDING = 6       # how many samples are under way, oldest first
    A_RESULT = 6 + 1    # their values, eu; A_RESULT + PENDING_MAX: when they were taken
    A_SAMPLED = 6 + 1 + 8
    A_GAIN = 6 + 1 + 8 + 8      # error of gain that the last calibration has taken out, as a part of 1
    A_ZERO = 6 + 1 + 8 + 8 + 1  # error of zero, eu

cdef enum:              # memory of a drive
    D_STARTED = 0       # 1: started in an earlier scan
    D_SPEED = 1         # %

cdef struct Transmitter:
    int probe
    int pv              # row
    int mem
    int mode            # NORMAL, FROZEN, FAILED, ...
    double scale        # eu = scale*SI + offset
    double offset
    double lag          # s
    double noise        # one sigma, eu
    double low, high    # instrument range, eu
    double deadband     # the PV moves in no smaller steps, eu
    double spikes       # 1/s, to anywhere in the range; 0 when healthy
    unsigned long long key    # of its noise: from the tag's name, so that a new tag leaves the others' noise alone
    double follow       # prepared

cdef struct Analyser:
    int probe
    int pv, sample_time, next_result, state, cal, oos    # rows
    int shared          # row: State of the analyser whose stream this is, -1: one of its own
    int mem
    int mode
    double scale
    double offset
    double true_scale   # prepared: without malfunctions
    double true_offset
    double true_noise
    double lag          # s, sample line
    double noise
    double low, high
    double spikes       # 1/s, of a continuous one
    double sample       # s between samples; 0: continuous
    double phase        # s, time of sample 0
    double delay        # s from sample to result; below PENDING_MAX*sample
    double cal_time     # s
    unsigned long long key
    double follow       # prepared

cdef struct Calculation:
    int kind            # MAXIMUM, AVERAGE, ESTIMATE, FALLING
    int n               # inputs; AVERAGE takes one, an estimate two
    int inputs[4]       # rows
    int pv
    int mem
    double time         # s, of the exponential average, or of an estimate's bias
    double low, high
    double follow       # prepared

cdef struct Valve:
    int cmd, pos        # rows, %
    int drive
    int mem             # position, %
    double stroke       # s of full travel
    double factor       # 1 when healthy
    double stiction     # %: it stays until the command is further off, and then slips all the way; 0 when healthy
    double leakage      # % open at least; 0 when healthy
    int jam             # 1: goes to jam_to, or stays where jam_to is negative
    double jam_to       # %: where it goes without air or signal
    int air             # probe: 1 while it has no air; -1: it needs none
    int supply          # probe: share of its full flow that its header gives; -1: what it opens to has its pressure

cdef struct Button:         # a hand switch that the process sees
    int state           # row
    int drive
    int mem

cdef struct OnOffValve:
    int cmd, opened, closed
    int pack            # row: RUN of the hydraulic pack without which it stays where it is; -1: it needs none
    int drive
    int mem             # position, %
    double stroke
    double factor
    double leakage
    int jam
    double jam_to
    int air
    int supply

cdef struct Drive:
    int cmd, run, trip
    int speed_cmd, speed    # rows, %; -1 of a fixed drive
    int drive
    int mem
    int fault           # 1: trips, and cannot be reset while it lasts
    int blocked         # 1: does not start; what runs goes on
    int local_          # 1: stays as it is, whatever is commanded
    int mute            # 1: RUN is not reported
    int supply          # probe: its battery is empty while the mains are lost; -1: it is on no battery
    double ramp         # s from standstill to 100 %
    double factor       # 1 when healthy


cdef extern from *:
    """
    #define SPIKE_KEY 0x200000000ULL     /* beyond the keys of instruments and of lots */
    """
    const unsigned long long SPIKE_KEY


cdef inline void put(double* sig, int row, double value) noexcept nogil:
    if row >= 0:
        sig[row] = value


cdef inline double lagged(double memory, double x, double follow) noexcept nogil:
    """The exact solution of lag dm/dt = x - m over a scan in which x is constant."""
    return x if follow >= 1.0 else memory + follow*(x - memory)


cdef inline double toward(double x, double target, double step) noexcept nogil:
    """x moved by at most step; arrives exactly."""
    return target if fabs(target - x) <= step else (x + step if target > x else x - step)


cdef inline double travel(double h, double full, int settling) noexcept nogil:
    """% that an actuator moves in a scan; all of it while the steady state is solved for, where time means nothing."""
    return 100.0*h/full if full > 0.0 and not settling else 100.0


cdef inline unsigned int range_quality(double x, double low, double high) noexcept nogil:
    """Uncertain where a 4-20 mA loop would leave 3.8..20.5 mA (NAMUR NE 43): noise at the end of a range does not count."""
    cdef double span
    if low <= x <= high:
        return GOOD
    span = high - low
    return UNCERTAIN_RANGE if x < low - 0.0125*span or x > high + 0.03125*span else GOOD


# Transmitters

cdef inline void transmitter_prepare(Transmitter* t, double h) noexcept nogil:
    t.follow = lag_step(h, t.lag)


cdef inline bint reads(int mode) noexcept nogil:
    """Whether an instrument in this condition shows what it measures."""
    return mode == NORMAL or mode == DOUBTFUL


cdef inline void fail(int mode, int pv, double low, double high, double* sig, unsigned int* qual) noexcept nogil:
    """The row of an instrument that does not read."""
    if mode == SILENT:
        qual[pv] = BAD_NO_COMMUNICATION
    elif mode != FROZEN:
        qual[pv] = BAD_SENSOR_FAILURE
        if mode != FAILED:
            sig[pv] = low if mode == OPEN_CIRCUIT else high


cdef inline double spiked(double x, double often, double low, double high, const Clock* clock, unsigned long long key) noexcept nogil:
    """x, or in one scan of 1/(often h) a value from anywhere in the range."""
    cdef double p = often*clock.h
    cdef double u = random_uniform(clock.seed, key + SPIKE_KEY, clock.scan)
    return low + u/p*(high - low) if u < p else x


cdef inline void transmitter_refresh(const Transmitter* t, const double* mem, double* sig, unsigned int* qual) noexcept nogil:
    if reads(t.mode):
        sig[t.pv] = clip(mem[t.mem], t.low, t.high)
        qual[t.pv] = range_quality(mem[t.mem], t.low, t.high) if t.mode == NORMAL else UNCERTAIN_SENSOR
    else:
        fail(t.mode, t.pv, t.low, t.high, sig, qual)


cdef inline void transmitter_reset(const Transmitter* t, double* mem, double* sig, unsigned int* qual, const double* probe) noexcept nogil:
    mem[t.mem] = t.scale*probe[t.probe] + t.offset
    transmitter_refresh(t, mem, sig, qual)


cdef inline void transmitter_scan(const Transmitter* t, const Clock* clock, double normal, double* mem, double* sig,
                                  unsigned int* qual, const double* probe) noexcept nogil:
    """PV = clip(lag(scale*SI + offset) + noise); a true value that is not finite leaves the PV as it was, and Bad.

    normal: a standard normal number, the transmitter's own in this scan."""
    cdef double x = t.scale*probe[t.probe] + t.offset
    if not is_finite(x):
        qual[t.pv] = BAD_SENSOR_FAILURE
        return
    x = lagged(mem[t.mem], x, t.follow)
    mem[t.mem] = x
    if not reads(t.mode):
        fail(t.mode, t.pv, t.low, t.high, sig, qual)
        return
    qual[t.pv] = range_quality(x, t.low, t.high) if t.mode == NORMAL else UNCERTAIN_SENSOR
    if clock.settling:
        sig[t.pv] = clip(x, t.low, t.high)
        return
    if t.noise > 0.0:
        x += t.noise*normal
    if t.spikes > 0.0:
        x = spiked(x, t.spikes, t.low, t.high, clock, t.key)
    x = clip(x, t.low, t.high)
    if not (fabs(x - sig[t.pv]) < t.deadband):
        sig[t.pv] = x


# Analysers

cdef inline void analyser_prepare(Analyser* a, double h) noexcept nogil:
    a.follow = lag_step(h, a.lag)
    a.true_scale = a.scale
    a.true_offset = a.offset
    a.true_noise = a.noise


cdef inline double of_error(double taken_out, double error) noexcept nogil:
    """The part of an error that is taken out: all that was, unless the error has become smaller since."""
    return clip(taken_out, 0.0, error) if error > 0.0 else clip(taken_out, error, 0.0)


cdef inline bint unsteady(const Analyser* a) noexcept nogil:
    """Whether it reads no standard well enough to be calibrated by it."""
    return a.noise > STEADY*a.true_noise or a.spikes > 0.0


cdef inline double gain_error(const Analyser* a) noexcept nogil:
    return a.scale/a.true_scale - 1.0


cdef inline double zero_error(const Analyser* a) noexcept nogil:
    return a.offset - a.true_offset*(a.scale/a.true_scale)


cdef inline double analyser_input(const Analyser* a, double* m, double x) noexcept nogil:
    """What it measures, eu: what a calibration has taken out does not count, and is forgotten as the cause goes."""
    if a.scale == a.true_scale and a.offset == a.true_offset:
        m[A_GAIN] = 0.0
        m[A_ZERO] = 0.0
        return a.scale*x + a.offset
    m[A_GAIN] = of_error(m[A_GAIN], gain_error(a))
    m[A_ZERO] = of_error(m[A_ZERO], zero_error(a))
    return (a.scale*x + a.offset - m[A_ZERO])/(1.0 + m[A_GAIN])


cdef inline void analyser_write(const Analyser* a, int state, const double* m, double* sig, unsigned int* qual) noexcept nogil:
    if state == ANALYSER_FAILED or a.mode == SILENT:
        fail(FAILED if reads(a.mode) else a.mode, a.pv, a.low, a.high, sig, qual)
        if a.mode == SILENT:
            return
    elif state == OUT_OF_SERVICE:
        qual[a.pv] = BAD_OUT_OF_SERVICE
    else:
        sig[a.pv] = clip(m[A_VALUE], a.low, a.high)
        if state == CALIBRATING or m[A_FRESH] == 0.0:
            qual[a.pv] = UNCERTAIN
        else:
            qual[a.pv] = UNCERTAIN_SENSOR if a.mode == DOUBTFUL else range_quality(m[A_VALUE], a.low, a.high)
    put(sig, a.sample_time, m[A_TAKEN])
    put(sig, a.state, state)


cdef inline int analyser_state(const Analyser* a, double now, const double* m, const double* sig) noexcept nogil:
    cdef int shared = <int>sig[a.shared] if a.shared >= 0 else IN_SERVICE
    if FAILED <= a.mode <= SHORT_CIRCUIT or shared == ANALYSER_FAILED:
        return ANALYSER_FAILED
    if shared == OUT_OF_SERVICE:
        return OUT_OF_SERVICE
    if a.oos >= 0 and sig[a.oos] != 0.0:
        return OUT_OF_SERVICE
    if m[A_CALIBRATED] < 0.0:
        return ANALYSER_FAILED
    return CALIBRATING if now < m[A_CALIBRATED] else IN_SERVICE


cdef inline bint analyser_refused(const Analyser* a, const double* m, int state) noexcept nogil:
    """Whether it is failed for its calibration alone."""
    return state == ANALYSER_FAILED and m[A_CALIBRATED] < 0.0 and reads(a.mode)


cdef inline double analyser_next(const Analyser* a, const Clock* clock, const double* m, int state) noexcept nogil:
    """Seconds to the next result; 0 where none is to come."""
    cdef double due
    if a.sample <= 0.0 or state == OUT_OF_SERVICE or state == ANALYSER_FAILED:
        return 0.0
    due = (m[A_SAMPLED] if m[A_PENDING] > 0.0 else a.phase + m[A_NEXT]*a.sample) + a.delay
    if due < m[A_CALIBRATED]:
        due = m[A_CALIBRATED]
    return due - clock.time if due > clock.time else 0.0


cdef inline void analyser_refresh(const Analyser* a, const Clock* clock, const double* mem, double* sig, unsigned int* qual) noexcept nogil:
    cdef const double* m = mem + a.mem
    cdef int state = analyser_state(a, clock.time + 1e-3*clock.h, m, sig)
    analyser_write(a, state, m, sig, qual)
    if a.mode != SILENT:
        put(sig, a.next_result, analyser_next(a, clock, m, state))


cdef inline long long sample_number(const Analyser* a, double now) noexcept nogil:
    """How many samples have been due up to now, counted from sample 0; negative before it."""
    cdef double turns = (now - a.phase)/a.sample
    cdef long long n = <long long>turns
    return n + 1 if turns >= n else n


cdef inline void analyser_reset(const Analyser* a, const Clock* clock, double* mem, double* sig, unsigned int* qual,
                                const double* probe) noexcept nogil:
    """All results, those under way included, are the present true value; samples were taken at their usual times."""
    cdef double* m = mem + a.mem
    cdef double now = clock.time + 1e-3*clock.h
    cdef double taken
    cdef long long n, k
    cdef int pending = 0
    m[A_LAG] = analyser_input(a, m, probe[a.probe])
    m[A_VALUE] = m[A_LAG]
    m[A_TAKEN] = clock.time
    m[A_FRESH] = 1.0
    m[A_NEXT] = 0.0
    m[A_CALIBRATED] = 0.0
    m[A_GAIN] = 0.0
    m[A_ZERO] = 0.0
    for k in range(2*PENDING_MAX):
        m[A_RESULT + k] = 0.0
    if a.sample > 0.0:
        n = sample_number(a, now)
        m[A_NEXT] = <double>n
        for k in range(n - PENDING_MAX - 1, n):
            taken = a.phase + k*a.sample
            if taken + a.delay <= now or pending == PENDING_MAX:
                m[A_TAKEN] = taken
            else:
                m[A_RESULT + pending] = m[A_VALUE]
                m[A_SAMPLED + pending] = taken
                pending += 1
    m[A_PENDING] = pending
    analyser_refresh(a, clock, mem, sig, qual)


cdef inline void analyser_take(const Analyser* a, double now, double value, double* m) noexcept nogil:
    """Let out the results that are due by now, the oldest first, and send off the sample that is due."""
    cdef int pending = <int>m[A_PENDING], done = 0, k
    cdef long long n
    if a.phase + m[A_NEXT]*a.sample <= now:
        n = sample_number(a, now)
        if pending < PENDING_MAX:
            m[A_RESULT + pending] = value
            m[A_SAMPLED + pending] = a.phase + (n - 1)*a.sample
            pending += 1
        m[A_NEXT] = <double>n
    while done < pending and m[A_SAMPLED + done] + a.delay <= now:
        m[A_VALUE] = m[A_RESULT + done]
        m[A_TAKEN] = m[A_SAMPLED + done]
        m[A_FRESH] = 1.0
        done += 1
    for k in range(pending - done if done > 0 else 0):
        m[A_RESULT + k] = m[A_RESULT + k + done]
        m[A_SAMPLED + k] = m[A_SAMPLED + k + done]
    m[A_PENDING] = pending - done


cdef inline void analyser_scan(const Analyser* a, const Clock* clock, const double* normal, double* mem, double* sig,
                               unsigned int* qual, const double* probe) noexcept nogil:
    """Sample, analyse, report.

    normal: a standard normal number, the analyser's own in this scan; NULL of one that samples, which seldom needs one.

    A calibration (a pulse of CAL) takes no samples and holds the PV, Uncertain, for cal_time; results under way wait for its
    end. It ends with the standards read as they are: errors of gain and zero that there are by then are taken out of every
    later sample. If the reading is more than STEADY times as noisy as it should be, or jumps, no standard is read: the old
    calibration stays, and the analyser is failed until one succeeds or it goes out of service and back. Out of service (OOS
    true), or failed, the PV stands, Bad, and what is under way is lost; back in service the old PV is Uncertain until the
    first result. What befalls the analyser of which this is but one stream befalls this too.
    """
    cdef double* m = mem + a.mem
    cdef double now = clock.time + 1e-3*clock.h     # so that rounding of times does not cost a scan
    cdef double x = analyser_input(a, m, probe[a.probe])
    cdef int state
    cdef bint asked = a.cal >= 0 and sig[a.cal] != 0.0
    if asked:
        sig[a.cal] = 0.0
    if a.mode == FROZEN:
        return
    if is_finite(x):
        m[A_LAG] = lagged(m[A_LAG], x, a.follow)
    x = m[A_LAG]
    if clock.settling:
        m[A_VALUE] = x
        m[A_FRESH] = 1.0
        analyser_write(a, analyser_state(a, now, m, sig), m, sig, qual)
        return
    if a.shared >= 0 and sig[a.shared] == CALIBRATING:
        asked = True
    state = analyser_state(a, now, m, sig)
    if asked and (state == IN_SERVICE or analyser_refused(a, m, state)):
        m[A_CALIBRATED] = clock.time + a.cal_time
    state = analyser_state(a, now, m, sig)
    if state == IN_SERVICE and m[A_CALIBRATED] > 0.0:
        if unsteady(a):
            m[A_CALIBRATED] = -1.0
            state = ANALYSER_FAILED
        else:
            m[A_CALIBRATED] = 0.0
            m[A_GAIN] = gain_error(a)
            m[A_ZERO] = zero_error(a)
    if state == IN_SERVICE:
        if a.noise > 0.0 and (a.sample <= 0.0 or a.phase + m[A_NEXT]*a.sample <= now):
            x += a.noise*(normal[0] if normal != NULL else random_normal(clock.seed, a.key, clock.scan))
        if a.sample > 0.0:
            analyser_take(a, now, x, m)
        else:
            m[A_VALUE] = spiked(x, a.spikes, a.low, a.high, clock, a.key) if a.spikes > 0.0 else x
            m[A_TAKEN] = clock.time
            m[A_FRESH] = 1.0
    else:
        if a.sample > 0.0 and a.phase + m[A_NEXT]*a.sample <= now:
            m[A_NEXT] = <double>sample_number(a, now)
        if state != CALIBRATING:
            if not analyser_refused(a, m, state):
                m[A_CALIBRATED] = 0.0
            m[A_PENDING] = 0.0
            m[A_FRESH] = 0.0
    analyser_write(a, state, m, sig, qual)
    if a.mode != SILENT:
        put(sig, a.next_result, analyser_next(a, clock, m, state))


# Calculations

cdef inline void calculation_prepare(Calculation* c, double h) noexcept nogil:
    c.follow = lag_step(h, c.time)


cdef inline bint calculation_input(const Calculation* c, const double* sig, unsigned int* qual, double* x) noexcept nogil:
    """Greatest input that is not Bad in x[0], and the quality of the result in its row; False if there is none.

    A Bad input beside one that is not makes the result Uncertain: the other detector goes on protecting.
    """
    cdef bint found = False
    cdef unsigned int worst = GOOD
    cdef int k
    if c.kind >= ESTIMATE:
        x[0] = sig[c.inputs[0]] if c.kind == ESTIMATE else -sig[c.inputs[0]]
        found = not is_bad(qual[c.inputs[0]])
        qual[c.pv] = qual[c.inputs[0]]
        if is_good(qual[c.pv]) and not is_good(qual[c.inputs[1]]):
            qual[c.pv] = UNCERTAIN
        return found
    for k in range(c.n):
        if is_bad(qual[c.inputs[k]]):
            worst = UNCERTAIN
            continue
        if not is_good(qual[c.inputs[k]]) and worst == GOOD:
            worst = qual[c.inputs[k]]
        if not found or sig[c.inputs[k]] > x[0]:
            x[0] = sig[c.inputs[k]]
            found = True
    qual[c.pv] = worst if found else qual[c.inputs[0]]
    return found


cdef inline void calculation_refresh(const Calculation* c, const double* mem, double* sig, unsigned int* qual) noexcept nogil:
    cdef double x = 0.0
    if calculation_input(c, sig, qual, &x):
        if c.kind == AVERAGE:
            x = mem[c.mem]
        elif c.kind >= ESTIMATE:
            x += mem[c.mem]
        sig[c.pv] = clip(x, c.low, c.high)


cdef inline void calculation_reset(const Calculation* c, double* mem, double* sig, unsigned int* qual) noexcept nogil:
    """After the instruments, of which it reads the rows."""
    mem[c.mem] = sig[c.inputs[0]]
    if c.kind == ESTIMATE:
        mem[c.mem] = sig[c.inputs[1]] - sig[c.inputs[0]]
    elif c.kind == FALLING:
        mem[c.mem] = sig[c.inputs[1]] + sig[c.inputs[0]]
    calculation_refresh(c, mem, sig, qual)


cdef inline void calculation_scan(const Calculation* c, double* mem, double* sig, unsigned int* qual) noexcept nogil:
    """The greatest of the inputs, the exponential average of one, or an estimate; without an input that is not Bad the PV
    stands, Bad.

    An estimate is the first input and a bias, which goes after what the second reads beyond that and stands while it is
    not Good.
    """
    cdef double x = 0.0
    if not calculation_input(c, sig, qual, &x):
        return
    if c.kind == AVERAGE:
        x = lagged(mem[c.mem], x, c.follow)
        mem[c.mem] = x
    elif c.kind >= ESTIMATE:
        if is_good(qual[c.inputs[1]]):
            mem[c.mem] = lagged(mem[c.mem], sig[c.inputs[1]] - x, c.follow)
        x += mem[c.mem]
    sig[c.pv] = clip(x, c.low, c.high)


# Actuators

cdef inline double opening(double position, double factor, double leakage) noexcept nogil:
    """0..1 of a valve at so many % of its travel."""
    return factor*(position if position > leakage else leakage)*0.01


cdef inline double jammed(double position, double jam_to) noexcept nogil:
    """Where a valve without air or signal makes for, %."""
    return jam_to if jam_to >= 0.0 else position


cdef inline bint airless(int jam, int air, const double* probe) noexcept nogil:
    """Whether a valve goes to where it fails: for itself, or with all that its air moves."""
    return jam != 0 or (air >= 0 and probe[air] != 0.0)


cdef inline double supplied(int supply, const double* probe) noexcept nogil:
    """What a valve's header gives, of its full flow."""
    return probe[supply] if supply >= 0 else 1.0


cdef inline void valve_refresh(const Valve* v, const double* mem, double* sig, double* drive, const double* probe) noexcept nogil:
    put(sig, v.pos, mem[v.mem])
    put(drive, v.drive, opening(mem[v.mem], v.factor, v.leakage)*supplied(v.supply, probe))


cdef inline void valve_reset(const Valve* v, double* mem, double* sig, double* drive, const double* probe) noexcept nogil:
    mem[v.mem] = clip(sig[v.cmd], 0.0, 100.0)
    valve_refresh(v, mem, sig, drive, probe)


cdef inline void valve_scan(const Valve* v, const Clock* clock, double* mem, double* sig, double* drive,
                            const double* probe) noexcept nogil:
    """Stiction is the model of one parameter (Stenman, Gustafsson and Forsman, Int. J. Adapt. Control 17 (2003) 625)."""
    cdef double x = mem[v.mem]
    cdef bint fails = airless(v.jam, v.air, probe)
    cdef double target = clip(sig[v.cmd], 0.0, 100.0) if not fails else jammed(x, v.jam_to)
    if v.stiction > 0.0 and not fails:
        mem[v.mem] = x if fabs(target - x) <= v.stiction else target
    else:
        mem[v.mem] = toward(x, target, travel(clock.h, v.stroke, clock.settling))
    valve_refresh(v, mem, sig, drive, probe)


cdef inline void button_refresh(const Button* b, double* drive) noexcept nogil:
    drive[b.drive] = 0.0


cdef inline void button_reset(const Button* b, double* mem, const double* sig, double* drive) noexcept nogil:
    mem[b.mem] = sig[b.state]
    button_refresh(b, drive)


cdef inline void button_scan(const Button* b, double* mem, const double* sig, double* drive) noexcept nogil:
    """What it does it does once, in the scan that finds it turned on."""
    drive[b.drive] = 1.0 if sig[b.state] != 0.0 and mem[b.mem] == 0.0 else 0.0
    mem[b.mem] = sig[b.state]


cdef inline void on_off_valve_refresh(const OnOffValve* v, const double* mem, double* sig, double* drive,
                                      const double* probe) noexcept nogil:
    put(sig, v.opened, mem[v.mem] > 99.0)
    put(sig, v.closed, mem[v.mem] < 1.0)
    put(drive, v.drive, opening(mem[v.mem], v.factor, v.leakage)*supplied(v.supply, probe))


cdef inline void on_off_valve_reset(const OnOffValve* v, double* mem, double* sig, double* drive, const double* probe) noexcept nogil:
    mem[v.mem] = 100.0 if sig[v.cmd] != 0.0 else 0.0
    on_off_valve_refresh(v, mem, sig, drive, probe)


cdef inline void on_off_valve_scan(const OnOffValve* v, const Clock* clock, double* mem, double* sig, double* drive,
                                   const double* probe) noexcept nogil:
    cdef bint fails = airless(v.jam, v.air, probe)
    cdef double target = (100.0 if sig[v.cmd] != 0.0 else 0.0) if not fails else jammed(mem[v.mem], v.jam_to)
    if v.pack >= 0 and sig[v.pack] == 0.0 and not clock.settling:
        target = mem[v.mem]
    if mem[v.mem] != target:
        mem[v.mem] = toward(mem[v.mem], target, travel(clock.h, v.stroke, clock.settling))
    on_off_valve_refresh(v, mem, sig, drive, probe)


cdef inline double drive_target(const Drive* d, const double* sig, bint run) noexcept nogil:
    """Speed that a drive makes for, %."""
    return 0.0 if not run else (clip(sig[d.speed_cmd], 0.0, 100.0) if d.speed_cmd >= 0 else 100.0)


cdef inline void drive_refresh(const Drive* d, const double* mem, double* sig, double* drive) noexcept nogil:
    put(sig, d.speed, mem[d.mem + D_SPEED])
    put(drive, d.drive, d.factor*mem[d.mem + D_SPEED]*0.01)


cdef inline bint drive_faulty(const Drive* d, const double* probe) noexcept nogil:
    """Whether something trips it, its supply included."""
    return d.fault != 0 or (d.supply >= 0 and probe[d.supply] != 0.0)


cdef inline void drive_reset(const Drive* d, double* mem, double* sig, double* drive, const double* probe) noexcept nogil:
    cdef bint run = sig[d.cmd] != 0.0 and sig[d.trip] == 0.0 and not drive_faulty(d, probe)
    mem[d.mem + D_STARTED] = run
    mem[d.mem + D_SPEED] = drive_target(d, sig, run)
    sig[d.run] = run
    drive_refresh(d, mem, sig, drive)


cdef inline void drive_scan(const Drive* d, const Clock* clock, double* mem, double* sig, double* drive,
                            const double* probe) noexcept nogil:
    """RUN follows a start one scan later and a stop at once; speed follows RUN and SPEED_CMD by the ramp, coasting down by it too.

    TRIP is set by a fault, or by an interlock that writes the row, and stays until CMD is false and the fault gone.
    """
    cdef double* m = mem + d.mem
    cdef bint cmd = sig[d.cmd] != 0.0 if d.local_ == 0 else m[D_STARTED] != 0.0
    cdef bint trip = drive_faulty(d, probe) or (sig[d.trip] != 0.0 and cmd)
    cdef bint ready = cmd and not trip and (d.blocked == 0 or m[D_STARTED] != 0.0)
    cdef bint run = ready and (m[D_STARTED] != 0.0 or clock.settling != 0)
    cdef double target = drive_target(d, sig, run)
    m[D_STARTED] = ready
    if m[D_SPEED] != target:        # as seldom, and a division
        m[D_SPEED] = toward(m[D_SPEED], target, travel(clock.h, d.ramp, clock.settling))
    sig[d.trip] = trip
    sig[d.run] = run and d.mute == 0
    drive_refresh(d, mem, sig, drive)
